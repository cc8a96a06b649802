//! Generates the Rust, with tonic's servers and clients, and the Python of `proto`; what it imports of the other crate is used
//! as that crate generated it.

use aristaproto_build::{AsyncTransport, ClientGeneration, Config};

fn main() -> Result<(), aristaproto_build::Error> {
    let mut prost = prost_build::Config::new();
    prost
        .include_file("protos.rs")
        .service_generator(tonic_prost_build::configure().service_generator());
    Config::new()
        .depends_on("acme-common")
        .client_generation(ClientGeneration::SyncAsync)
        .client_async_transport(AsyncTransport::Grpcio)
        .prost(prost)
        .pyo3("acme_shop")
        .out_dir("python/acme_shop")
        .export()
        .compile_protos(&["proto"], &["proto"])
}
