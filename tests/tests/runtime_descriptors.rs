//! The Python files of the runtime that are generated: the messages of descriptor.proto (`aristaproto.wkt.descriptor`), the
//! descriptors of the well-known types (`aristaproto.wkt._descriptors`), and what the runtime itself speaks to gRPC clients
//! (`aristaproto.bundled`, from `aristaproto-runtime/protos`). The tests make them again and compare; with
//! `ARISTAPROTO_BLESS=1` (`cargo xtask bootstrap`) they write the files instead.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use aristaproto_build::DescriptorSet;
use aristaproto_build::{ClientGeneration, Config, Options};
use aristaproto_tests::{include, workspace};
use prost::Message as _;

const DESCRIPTOR: &str = "google/protobuf/descriptor.proto";

/// The files whose messages the runtime brings.
const FILES: &[&str] = &[
    "google/protobuf/any.proto",
    "google/protobuf/api.proto",
    DESCRIPTOR,
    "google/protobuf/duration.proto",
    "google/protobuf/empty.proto",
    "google/protobuf/field_mask.proto",
    "google/protobuf/source_context.proto",
    "google/protobuf/struct.proto",
    "google/protobuf/timestamp.proto",
    "google/protobuf/type.proto",
    "google/protobuf/wrappers.proto",
];

/// The package that descriptor.proto is moved to, so that it is generated as any other file.
const MOVED: &str = "descriptor";

const MESSAGES_HEAD: &str = r#"# Made by `cargo xtask bootstrap` from google/protobuf/descriptor.proto of protobuf 36.2. Do not edit.
"""The messages of google/protobuf/descriptor.proto: proto files described as messages.

`aristaproto.descriptor` gives them for generated code. Imported only where they are needed, not by `aristaproto.wkt`.

<https://github.com/protocolbuffers/protobuf/blob/v36.2/src/google/protobuf/descriptor.proto>
"""

"#;

const BYTES_HEAD: &str = r#"# Made by `cargo xtask bootstrap` from the files of protobuf 36.2. Do not edit.
"""The serialised descriptors of the well-known types, in the form of a generated `_descriptors.py`."""

from __future__ import annotations

"#;

fn load() -> DescriptorSet {
    let include = include();
    let paths: Vec<_> = FILES.iter().map(|name| include.join(name)).collect();
    Config::new().load(&paths, &[include]).unwrap()
}

/// descriptor.proto in a package of its own, without comments.
fn moved(set: &DescriptorSet) -> DescriptorSet {
    let mut file = set
        .file
        .file
        .iter()
        .find(|file| file.name() == DESCRIPTOR)
        .unwrap()
        .clone();
    file.package = Some(MOVED.to_owned());
    file.name = Some("descriptor.proto".to_owned());
    file.source_code_info = None;
    let mut pending: Vec<_> = file.message_type.iter_mut().collect();
    while let Some(message) = pending.pop() {
        for name in message
            .field
            .iter_mut()
            .filter_map(|it| it.type_name.as_mut())
        {
            *name = name.replace(".google.protobuf.", ".descriptor.");
        }
        pending.extend(message.nested_type.iter_mut());
    }
    let mut bytes = Vec::new();
    prost::encoding::bytes::encode(1, &file.encode_to_vec(), &mut bytes);
    DescriptorSet::from_bytes(&bytes).unwrap()
}

/// `text` with the one occurrence of `old` replaced.
fn replace_once(text: &str, old: &str, new: &str) -> String {
    assert_eq!(text.matches(old).count(), 1, "{old}\n{text}");
    text.replacen(old, new, 1)
}

/// The module `aristaproto.wkt.descriptor`.
fn messages(set: &DescriptorSet) -> String {
    let mut config = Config::new();
    config.options(Options {
        client_generation: ClientGeneration::None,
        ..Options::default()
    });
    let generated = config.generate(&moved(set)).unwrap().files;
    let module = generated
        .iter()
        .find(|file| file.path == format!("{MOVED}/__init__.py"))
        .unwrap();
    let (_, text) = module.text.split_once("from __future__").unwrap();
    let text = replace_once(
        text,
        "from ..message_pool import default_message_pool",
        "from . import message_pool",
    );
    let text = replace_once(
        &text,
        &format!("default_message_pool.register(\n    \"{MOVED}\","),
        "message_pool.register(\n    \"google.protobuf\",",
    );
    format!("{MESSAGES_HEAD}from __future__{text}")
}

/// The module `aristaproto.wkt._descriptors`.
fn descriptors(set: &DescriptorSet) -> String {
    let mut text = format!("{BYTES_HEAD}FILES: dict[str, bytes] = {{\n");
    for name in FILES {
        let mut literal = String::new();
        for byte in set.serialized_file(name).unwrap() {
            match byte {
                b'"' | b'\\' => write!(literal, "\\{}", char::from(byte)).unwrap(),
                b' '..=b'~' => literal.push(char::from(byte)),
                _ => write!(literal, "\\x{byte:02x}").unwrap(),
            }
        }
        writeln!(text, "    \"{name}\": b\"{literal}\",").unwrap();
    }
    text.push_str("}\n\nIMPORTS: dict[str, str] = {}\n");
    text
}

/// The folder of the package `aristaproto`.
fn package() -> PathBuf {
    workspace().join("aristaproto-runtime/python/aristaproto")
}

fn check_or_write(name: &str, made: &str) {
    let path = package().join(name);
    if std::env::var_os("ARISTAPROTO_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, made).unwrap();
        return;
    }
    assert!(
        fs::read_to_string(&path).is_ok_and(|text| text == made),
        "{} is out of date; run `cargo xtask bootstrap`",
        path.display()
    );
}

#[test]
fn messages_of_descriptor_proto_are_current() {
    check_or_write("wkt/descriptor.py", &messages(&load()));
}

#[test]
fn descriptors_of_the_well_known_types_are_current() {
    check_or_write("wkt/_descriptors.py", &descriptors(&load()));
}

/// The files with an ending below a folder, relative to it, in order.
fn files_below(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    walkdir::WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| {
            let extension = path.extension().and_then(|it| it.to_str());
            extension.is_some_and(|it| extensions.contains(&it))
        })
        .map(|path| path.strip_prefix(folder).unwrap().to_owned())
        .collect()
}

#[test]
fn messages_that_the_runtime_speaks_are_current() {
    let include = workspace().join("aristaproto-runtime/protos");
    let protos = files_below(&include, &["proto"]);
    assert_eq!(protos.len(), 6, "{protos:?}");
    let paths: Vec<_> = protos.iter().map(|name| include.join(name)).collect();
    let mut config = Config::new();
    config.options(Options {
        client_generation: ClientGeneration::None,
        ..Options::default()
    });
    let set = config.load(&paths, &[include]).unwrap();
    let files = config.generate(&set).unwrap().files;
    for file in &files {
        check_or_write(&format!("bundled/{}", file.path), &file.text);
    }
    let mut made: Vec<_> = files.iter().map(|file| PathBuf::from(&file.path)).collect();
    let mut there = files_below(&package().join("bundled"), &["py", "typed"]);
    made.sort();
    there.sort();
    assert_eq!(there, made, "a file is no longer made; remove it");
}
