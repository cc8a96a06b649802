//! Whole generated trees, checked in under tests/goldens, so that a change of the generator shows as a change of its output
//! in review. `ARISTAPROTO_BLESS=1 cargo test -p aristaproto-tests --test goldens` (or `cargo xtask bless`) writes them anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use aristaproto_build::{AsyncTransport, ClientGeneration, Config, Options, ServerGeneration};
use aristaproto_tests::{is_blessing, workspace};

/// The folder of a tree, the .proto files that it comes from, the options that differ from the defaults.
fn cases() -> Vec<(&'static str, Vec<&'static str>, Options)> {
    let defaults = Options::default();
    let messages_only = Options {
        client_generation: ClientGeneration::None,
        ..defaults.clone()
    };
    let grpcio = Options {
        client_generation: ClientGeneration::SyncAsync,
        client_async_transport: AsyncTransport::Grpcio,
        server_generation: ServerGeneration::Async,
        server_async_transport: AsyncTransport::Grpcio,
        ..defaults.clone()
    };
    let grpclib = Options {
        client_generation: ClientGeneration::AsyncSync,
        server_generation: ServerGeneration::Async,
        ..defaults.clone()
    };
    vec![
        ("example_grpcio", vec!["example.proto"], grpcio),
        ("example_grpclib", vec!["example.proto"], grpclib.clone()),
        (
            "example_sync_server",
            vec!["example.proto"],
            Options {
                server_generation: ServerGeneration::Sync,
                ..messages_only.clone()
            },
        ),
        (
            "example_pydantic",
            vec!["example.proto"],
            Options {
                pydantic_dataclasses: true,
                ..messages_only.clone()
            },
        ),
        (
            "example_descriptors",
            vec!["example.proto"],
            Options {
                google_protobuf_descriptors: true,
                ..messages_only.clone()
            },
        ),
        (
            "messages",
            vec![
                "scalars.proto",
                "proto2.proto",
                "editions.proto",
                "custom_options.proto",
            ],
            messages_only.clone(),
        ),
        (
            "extensions",
            vec!["extensions/groups.proto", "extensions/other.proto"],
            messages_only.clone(),
        ),
        ("comments", vec!["documentation.proto"], defaults.clone()),
        (
            "names",
            vec![
                "names/builtins.proto",
                "names/casing.proto",
                "names/keywords.proto",
                "names/members.proto",
            ],
            messages_only,
        ),
        (
            "packages",
            vec!["root.proto", "cycles/a/b/b2.proto", "cycles/a/b/c/c2.proto"],
            grpclib,
        ),
        ("well_known", vec!["wkt/all.proto"], defaults.clone()),
        ("deprecated", vec!["deprecated.proto"], defaults),
    ]
}

fn generated(protos: &[&str], options: Options) -> BTreeMap<String, String> {
    let root = workspace().join("tests/protos");
    let protos: Vec<_> = protos.iter().map(|proto| root.join(proto)).collect();
    let mut config = Config::new();
    config.options(options);
    let set = config.load(&protos, &[root]).unwrap();
    let files = config.generate(&set).unwrap().files;
    files
        .into_iter()
        .map(|file| (file.path, file.text))
        .collect()
}

fn checked_in(folder: &Path) -> BTreeMap<String, String> {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry.path().strip_prefix(folder).unwrap();
            let path = path.to_str().unwrap().replace('\\', "/");
            (path, fs::read_to_string(entry.path()).unwrap())
        })
        .collect()
}

fn bless(folder: &Path, files: &BTreeMap<String, String>) {
    if folder.exists() {
        fs::remove_dir_all(folder).unwrap();
    }
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// What differs, file by file, with the first line that does.
fn differences(golden: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<String> {
    let mut found = Vec::new();
    for path in golden.keys().filter(|path| !now.contains_key(*path)) {
        found.push(format!("{path} is not generated any more"));
    }
    for (path, text) in now {
        match golden.get(path) {
            None => found.push(format!("{path} is new")),
            Some(old) if old == text => {}
            Some(old) => {
                let mut lines = (1..).zip(old.lines().zip(text.lines()));
                let line = lines.find(|(_, (old, new))| old != new);
                let shown = line.map_or_else(
                    || "one of the two has more lines".to_owned(),
                    |(number, (old, new))| format!("line {number}:\n    - {old}\n    + {new}"),
                );
                found.push(format!("{path} differs; {shown}"));
            }
        }
    }
    found
}

#[test]
fn generated_trees_are_those_checked_in() {
    let goldens = workspace().join("tests/goldens");
    let mut found = Vec::new();
    for (name, protos, options) in cases() {
        let now = generated(&protos, options);
        assert!(
            now.values().any(|text| text.contains("\nclass ")),
            "{name} is empty"
        );
        let folder = goldens.join(name);
        if is_blessing() {
            bless(&folder, &now);
        }
        let differences = differences(&checked_in(&folder), &now);
        found.extend(differences.into_iter().map(|it| format!("{name}/{it}")));
    }
    assert!(
        found.is_empty(),
        "{}\n`cargo xtask bless` accepts the new text; look at it in the diff",
        found.join("\n")
    );
}

#[test]
fn the_same_input_gives_the_same_bytes_whatever_order_it_comes_in() {
    let (_, _, options) = cases().swap_remove(0);
    let protos = [
        "root.proto",
        "wkt/all.proto",
        "scalars.proto",
        "example.proto",
    ];
    let backwards: Vec<&str> = protos.into_iter().rev().collect();
    let first = generated(&protos, options.clone());
    assert!(first.len() > 10);
    assert_eq!(first, generated(&backwards, options));
}
