//! Generates the Rust and the Python of `proto` into `OUT_DIR`. maturin puts the Python into the wheel, and the module carries it, too.

use std::env;
use std::path::PathBuf;

use aristaproto_build::{ClientGeneration, Config};

fn main() -> Result<(), aristaproto_build::Error> {
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let mut prost = prost_build::Config::new();
    prost.include_file("protos.rs");
    Config::new()
        .depends_on("acme-shop")
        .client_generation(ClientGeneration::None)
        .prost(prost)
        .pyo3("acme_pricing.gen")
        // As it is called in the wheel: `include` in pyproject.toml.
        .out_dir(out_dir.join("gen"))
        .compile_protos(&["proto"], &["proto"])
}
