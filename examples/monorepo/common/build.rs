//! Generates the Rust and the Python of `proto` and exports them.

use aristaproto_build::{ClientGeneration, Config};

fn main() -> Result<(), aristaproto_build::Error> {
    let mut prost = prost_build::Config::new();
    prost.include_file("protos.rs");
    Config::new()
        .client_generation(ClientGeneration::None)
        .prost(prost)
        .pyo3("acme_common")
        .out_dir("python/acme_common")
        .export()
        .compile_protos(&["proto"], &["proto"])
}
