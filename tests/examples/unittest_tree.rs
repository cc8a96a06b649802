//! Generates Python from the protos that protobuf tests itself with, out of the sources of protobuf-src: the package
//! `target/python-tests/trees/unittest`, and the same files as a `FileDescriptorSet` in `target/python-tests/unittest.binpb`.
//! `cargo xtask test` runs it; Python tests compare the package with google's classes for the same descriptors.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use aristaproto_build::{ClientGeneration, Config};
use aristaproto_tests::{include, protoc, workspace};

fn main() -> Result<(), Box<dyn Error>> {
    let sources = sources()?;
    let out = workspace().join("target/python-tests");
    // These import each other by the names that they have in protobuf's repository at large.
    let editions = out.join("unittest-protos");
    for folder in ["golden", "codegen_tests"] {
        let to = editions.join("google/protobuf/editions").join(folder);
        fs::create_dir_all(&to)?;
        for path in protos_in(&sources.join("editions").join(folder), &[""])? {
            fs::copy(&path, to.join(path.file_name().unwrap_or_default()))?;
        }
    }
    // Newer than the files, protoc refuses a word of them, and the definitions of features that are no longer allowed.
    let copies = editions.join("google/protobuf");
    for path in protos_in(
        &sources.join("src/google/protobuf"),
        &["unittest", "test_messages"],
    )? {
        let text = fs::read_to_string(&path)?
            .replace("[unverified_lazy=true]", "")
            .replace("[unverified_lazy = true]", "");
        fs::write(copies.join(path.file_name().unwrap_or_default()), text)?;
    }
    let mut protos = protos_in(&copies, &[""])?;
    protos.retain(|path| !path.ends_with("unittest_features.proto"));
    protos.extend(protos_in(
        &sources.join("src/google/protobuf/util"),
        &["unittest"],
    )?);
    protos.extend(protos_in(
        &sources.join("conformance/test_protos"),
        &["test_messages"],
    )?);
    let folder = editions.join("google/protobuf/editions");
    protos.extend(protos_in(&folder.join("codegen_tests"), &[""])?);
    // The others there (editions_transform) import files that are not part of the sources.
    protos.extend(protos_in(
        &folder.join("golden"),
        &["test_messages", "simple_proto"],
    )?);
    protos.sort();

    fs::create_dir_all(&out)?;
    Config::new()
        .client_generation(ClientGeneration::None)
        .protoc(protoc())
        .out_dir(out.join("trees/unittest"))
        .file_descriptor_set_path(out.join("unittest.binpb"))
        .compile_protos(
            &protos,
            &[editions, include(), sources.join("src"), sources],
        )?;
    println!("{} files", protos.len());
    Ok(())
}

/// The .proto files of a folder whose names contain one of these parts.
fn protos_in(folder: &Path, wanted: &[&str]) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".proto") && wanted.iter().any(|part| name.contains(part)) {
            found.push(path);
        }
    }
    Ok(found)
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
