//! Generates Python from the protos that protobuf tests itself with, out of the sources of protobuf-src: the package
//! `target/python-tests/trees/unittest`, and the same files as a `FileDescriptorSet` in `target/python-tests/unittest.binpb`.
//! `cargo xtask test` runs it; Python tests compare the package with google's classes for the same descriptors.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use aristaproto_build::{ClientGeneration, Config};
use aristaproto_tests::workspace;

fn main() -> Result<(), Box<dyn Error>> {
    let sources = sources()?;
    let golden = sources.join("editions/golden");
    let mut protos = Vec::new();
    for (folder, wanted) in [
        (
            sources.join("src/google/protobuf"),
            &["unittest", "test_messages"][..],
        ),
        // The others there import files that are not part of the sources.
        (golden, &["test_messages"][..]),
    ] {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if name.ends_with(".proto") && wanted.iter().any(|part| name.contains(part)) {
                protos.push(path);
            }
        }
    }
    protos.sort();

    let out = workspace().join("target/python-tests");
    fs::create_dir_all(&out)?;
    Config::new()
        .client_generation(ClientGeneration::None)
        .protoc(protobuf_src::protoc())
        .out_dir(out.join("trees/unittest"))
        .file_descriptor_set_path(out.join("unittest.binpb"))
        .compile_protos(&protos, &[sources.join("src"), sources])?;
    println!("{} files", protos.len());
    Ok(())
}

/// The folder `protobuf` inside the package protobuf-src, as cargo unpacked it.
fn sources() -> Result<PathBuf, Box<dyn Error>> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version", "1"])
        .current_dir(workspace())
        .output()?;
    let metadata = String::from_utf8(output.stdout)?;
    // One string of the JSON is looked for; it is no reason to depend on a JSON parser.
    metadata
        .split("\"manifest_path\":\"")
        .filter_map(|rest| rest.split('"').next())
        .map(|path| PathBuf::from(path.replace("\\\\", "\\")))
        .filter_map(|manifest| manifest.parent().map(Path::to_path_buf))
        .find(|folder| {
            folder
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("protobuf-src-"))
        })
        .map(|folder| folder.join("protobuf"))
        .ok_or_else(|| "cargo metadata does not name protobuf-src".into())
}
