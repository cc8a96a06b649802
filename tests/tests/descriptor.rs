//! `aristaproto-build/src/descriptor.rs` is made from the descriptor.proto and plugin.proto of protobuf-src. This test
//! makes it again and compares; with `ARISTAPROTO_BLESS=1` (`cargo xtask bootstrap`) it writes the file instead.

use std::fs;
use std::path::Path;

/// What stands at the top of the file, above the generated types.
const HEAD: &str = "\
//! The types of google/protobuf/descriptor.proto and google/protobuf/compiler/plugin.proto as of protobuf 27.1, with
//! the edition and feature fields that prost-types lacks. Every stage up to the model reads them; the plugin speaks
//! them. Made by `cargo xtask bootstrap`: do not edit. The meaning of each field is documented in
//! <https://github.com/protocolbuffers/protobuf/blob/v27.1/src/google/protobuf/descriptor.proto>.

";

fn generate() -> String {
    let folder = tempfile::tempdir().unwrap();
    let include = protobuf_src::include();
    prost_build::Config::new()
        .protoc_executable(protobuf_src::protoc())
        .compile_well_known_types()
        .disable_comments(["."])
        .out_dir(folder.path())
        .compile_protos(
            &[
                include.join("google/protobuf/descriptor.proto"),
                include.join("google/protobuf/compiler/plugin.proto"),
            ],
            &[include],
        )
        .unwrap();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let indented: String = read("google.protobuf.compiler.rs")
        .lines()
        .map(|line| {
            if line.is_empty() {
                "\n".to_owned()
            } else {
                format!("    {line}\n")
            }
        })
        .collect();
    format!(
        "{HEAD}{}\n/// The messages that protoc and its plugins exchange.\npub mod compiler {{\n{indented}}}\n",
        read("google.protobuf.rs")
    )
}

#[test]
fn descriptor_types_are_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../aristaproto-build/src/descriptor.rs");
    let made = generate();
    if std::env::var_os("ARISTAPROTO_BLESS").is_some() {
        fs::write(&path, made).unwrap();
        return;
    }
    let found = fs::read_to_string(&path).unwrap();
    assert!(
        found == made,
        "aristaproto-build/src/descriptor.rs is out of date; run `cargo xtask bootstrap`"
    );
}
