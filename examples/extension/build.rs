//! Generates the Rust of `proto` into `OUT_DIR` and its Python into the package that the extension module is part of.

use aristaproto_build::{ClientGeneration, Config};

fn main() -> Result<(), aristaproto_build::Error> {
    let mut prost = prost_build::Config::new();
    prost.include_file("protos.rs");
    Config::new()
        .client_generation(ClientGeneration::None)
        .prost(prost)
        .pyo3("acme_routes.gen")
        .out_dir("python/acme_routes/gen")
        .compile_protos(&["proto"], &["proto"])
}
