//! What is checked in and comes with the prebuilt protoc: the descriptor types and the bundled .proto files. The tests make them
//! again and compare; with `ARISTAPROTO_BLESS=1` (`cargo xtask bootstrap`) they write the files instead.

use std::fs;
use std::path::{Path, PathBuf};

use aristaproto_tests::{include, protoc};
use walkdir::WalkDir;

/// What stands at the top of the file, above the generated types.
const HEAD: &str = "\
//! The types of google/protobuf/descriptor.proto and google/protobuf/compiler/plugin.proto as of protobuf 36.2, with
//! the edition and feature fields that prost-types lacks. Every stage up to the model reads them; the plugin speaks
//! them. Made by `cargo xtask bootstrap`: do not edit. The meaning of each field is documented in
//! <https://github.com/protocolbuffers/protobuf/blob/v36.2/src/google/protobuf/descriptor.proto>.

";

const JSON_OPTIONS: &str = "google/protobuf/json_enumvalue_options.proto";

/// Makes the option `(pb.enumvalue.json)` a field of `EnumValueOptions`: prost-build has no types for extensions.
fn with_json_options(set: &mut prost_types::FileDescriptorSet) {
    let is_json = |file: &prost_types::FileDescriptorProto| file.name() == JSON_OPTIONS;
    let mut json = set.file.remove(set.file.iter().position(is_json).unwrap());
    let options = set
        .file
        .iter_mut()
        .flat_map(|file| &mut file.message_type)
        .find(|message| message.name() == "EnumValueOptions")
        .unwrap();
    let mut option = json.extension.pop().unwrap();
    let held = json.message_type.pop().unwrap();
    option.extendee = None;
    option.type_name = Some(format!(".google.protobuf.EnumValueOptions.{}", held.name()));
    options.field.push(option);
    options.nested_type.push(held);
}

fn generate() -> String {
    let folder = tempfile::tempdir().unwrap();
    let include = include();
    let mut config = prost_build::Config::new();
    config
        .protoc_executable(protoc())
        .compile_well_known_types()
        .disable_comments(["."])
        .out_dir(folder.path());
    let names = [
        "google/protobuf/descriptor.proto",
        "google/protobuf/compiler/plugin.proto",
        JSON_OPTIONS,
    ];
    let mut set = config
        .load_fds(&names.map(|name| include.join(name)), &[&include])
        .unwrap();
    with_json_options(&mut set);
    config.compile_fds(set).unwrap();
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

fn engine(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../aristaproto-build/src")
        .join(path)
}

/// Compares a checked-in file with what it should be, or writes it.
fn check_or_write(path: &Path, made: &str) {
    if std::env::var_os("ARISTAPROTO_BLESS").is_some() {
        fs::write(path, made).unwrap();
        return;
    }
    let found = fs::read_to_string(path).unwrap();
    assert!(
        found == made,
        "{} is out of date; run `cargo xtask bootstrap`",
        path.display()
    );
}

/// The names of the .proto files below `folder/google`, which a user's file can import.
fn protos(folder: &Path) -> Vec<String> {
    WalkDir::new(folder.join("google"))
        .sort_by_file_name()
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.path().extension().is_some_and(|it| it == "proto"))
        .map(|entry| {
            let name = entry.path().strip_prefix(folder).unwrap();
            name.to_str().unwrap().replace('\\', "/")
        })
        .collect()
}

#[test]
fn descriptor_types_are_current() {
    check_or_write(&engine("descriptor.rs"), &generate());
}

#[test]
fn bundled_protos_are_current() {
    let (theirs, ours) = (include(), engine("source/include"));
    let names = protos(&theirs);
    for name in &names {
        let text = fs::read_to_string(theirs.join(name)).unwrap();
        check_or_write(&ours.join(name), &text);
    }
    assert_eq!(protos(&ours), names);
    let table = fs::read_to_string(engine("source/well_known.rs")).unwrap();
    for name in &names {
        assert!(
            table.contains(&format!("include_str!(\"include/{name}\")")),
            "{name} is not in the table"
        );
    }
}
