//! Generates the Rust and the Python of `proto/example.proto`; the proto file is compiled once for all of them.

use aristaproto_build::{AsyncTransport, ClientGeneration, Config, ServerGeneration};

fn main() -> Result<(), aristaproto_build::Error> {
    let descriptors = Config::new().load(&["proto/example.proto"], &["proto"])?;

    // Rust: messages, client and server for tonic, in OUT_DIR.
    let mut prost = prost_build::Config::new();
    prost.service_generator(tonic_prost_build::configure().service_generator());

    // Python: the package `lib_grpcio`, for grpcio (sync) and grpc.aio.
    Config::new()
        .client_generation(ClientGeneration::SyncAsync)
        .client_async_transport(AsyncTransport::Grpcio)
        .server_generation(ServerGeneration::Async)
        .server_async_transport(AsyncTransport::Grpcio)
        .out_dir("python/lib_grpcio")
        .prost(prost)
        .compile_descriptors(&descriptors)?;

    // Python: the package `lib_grpclib`, for grpclib.
    Config::new()
        .client_generation(ClientGeneration::Async)
        .server_generation(ServerGeneration::Async)
        .out_dir("python/lib_grpclib")
        .compile_descriptors(&descriptors)?;
    Ok(())
}
