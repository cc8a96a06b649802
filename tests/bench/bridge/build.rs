//! prost's types for the benchmark's messages. Their Python classes are those of the benchmark's own tree, `tests/bench/trees.py`.

fn main() -> Result<(), aristaproto_build::Error> {
    let mut prost = prost_build::Config::new();
    prost.include_file("protos.rs");
    aristaproto_build::Config::new()
        .prost(prost)
        .pyo3("tree_aristaproto")
        .compile_protos(&["../shapes.proto"], &[".."])
}
