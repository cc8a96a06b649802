//! Generates Python and Rust from `proto/example.proto`.

use aristaproto_build::{AsyncTransport, ClientGeneration, Config, ServerGeneration};

fn main() -> Result<(), aristaproto_build::Error> {
    Config::new()
        .client_generation(ClientGeneration::SyncAsync)
        .client_async_transport(AsyncTransport::Grpcio)
        .server_generation(ServerGeneration::Async)
        .server_async_transport(AsyncTransport::Grpcio)
        // Python: the package `lib`, beside the program that imports it.
        .out_dir("python/lib")
        // Rust: the messages for prost, in OUT_DIR.
        .prost(prost_build::Config::new())
        .compile_protos(&["proto/example.proto"], &["proto"])
}
