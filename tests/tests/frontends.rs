//! Every front end gives the same Python, finds the same files and says the same about what it does not find.

use std::fs;
use std::path::{Path, PathBuf};

use aristaproto_build::DescriptorSet;
use aristaproto_build::{ClientGeneration, Config, Error, FrontEnd, ServerGeneration};
use aristaproto_tests::workspace;
use tempfile::TempDir;

/// The front ends that a build of the tests has; examples/vendored compares the vendored protoc with them.
const FRONT_ENDS: [FrontEnd; 2] = [FrontEnd::PrebuiltProtoc, FrontEnd::Protox];

fn load(
    front_end: &FrontEnd,
    protos: &[&Path],
    includes: &[&Path],
) -> Result<DescriptorSet, Error> {
    Config::new()
        .front_end(front_end.clone())
        .load(protos, includes)
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Every .proto of the tests whose syntax protox knows.
fn protos_without_editions() -> Vec<PathBuf> {
    walkdir::WalkDir::new(workspace().join("tests/protos"))
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.file_name() != "invalid")
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|it| it == "proto"))
        .filter(|path| {
            !fs::read_to_string(path)
                .unwrap()
                .lines()
                .any(|line| line.starts_with("edition"))
        })
        .collect()
}

#[test]
fn front_ends_give_the_same_python() {
    let protos = protos_without_editions();
    assert!(!protos.is_empty());
    for descriptors in [false, true] {
        let mut config = Config::new();
        config
            .client_generation(ClientGeneration::SyncAsync)
            .server_generation(ServerGeneration::Async)
            .google_protobuf_descriptors(descriptors);
        let [vendored, pure_rust] = FRONT_ENDS.map(|front_end| {
            let includes = [workspace().join("tests/protos")];
            let set = config
                .front_end(front_end)
                .load(&protos, &includes)
                .unwrap();
            config.generate(&set).unwrap().files
        });
        assert!(!vendored.is_empty());
        assert_eq!(
            vendored.iter().map(|file| &file.path).collect::<Vec<_>>(),
            pure_rust.iter().map(|file| &file.path).collect::<Vec<_>>()
        );
        for (one, other) in vendored.iter().zip(&pure_rust) {
            assert!(
                one.text == other.text,
                "{} differs:\n{}",
                one.path,
                difference(&one.text, &other.text)
            );
        }
    }
}

/// The first line in which two texts differ.
fn difference(one: &str, other: &str) -> String {
    one.lines()
        .zip(other.lines())
        .find(|(one, other)| one != other)
        .map_or_else(
            || "one is longer".to_owned(),
            |(one, other)| format!("protoc: {one}\nprotox: {other}"),
        )
}

#[test]
fn the_bundled_protos_compile_and_descriptor_proto_generates_the_same() {
    let folder = folder(&[(
        "all.proto",
        "syntax = \"proto3\";\n\
         import \"google/protobuf/any.proto\";\nimport \"google/protobuf/api.proto\";\n\
         import \"google/protobuf/compiler/plugin.proto\";\nimport \"google/protobuf/descriptor.proto\";\n\
         import \"google/protobuf/duration.proto\";\nimport \"google/protobuf/empty.proto\";\n\
         import \"google/protobuf/field_mask.proto\";\nimport \"google/protobuf/source_context.proto\";\n\
         import \"google/protobuf/struct.proto\";\nimport \"google/protobuf/timestamp.proto\";\n\
         import \"google/protobuf/type.proto\";\nimport \"google/protobuf/wrappers.proto\";\n\
         message All { google.protobuf.FileDescriptorProto file = 1; google.protobuf.compiler.Version version = 2; }\n",
    )]);
    let proto = folder.path().join("all.proto");
    let [vendored, pure_rust] = FRONT_ENDS.map(|front_end| {
        let set = load(&front_end, &[&proto], &[]).unwrap();
        assert_eq!(set.file.file.len(), 13);
        assert_eq!(
            set.files_read,
            std::slice::from_ref(&proto),
            "the bundled files are not on the user's disk"
        );
        Config::new().generate(&set).unwrap().files
    });
    assert_eq!(vendored, pure_rust);
}

#[test]
fn a_folder_stands_for_every_proto_below_it() {
    let folder = folder(&[
        (
            "proto/b.proto",
            "syntax = \"proto3\"; import \"deep/er/a.proto\"; message B { A a = 1; }",
        ),
        ("proto/deep/er/a.proto", "syntax = \"proto3\"; message A {}"),
        ("proto/readme.txt", "no proto"),
        ("proto/.backup/b.proto", "no proto"),
    ]);
    let proto = folder.path().join("proto");
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink("user@host.1:2", proto.join(".#b.proto")).unwrap();
        symlink("..", proto.join("deep/loop")).unwrap();
    }
    for front_end in &FRONT_ENDS {
        for includes in [&[][..], &[proto.as_path()]] {
            let set = load(front_end, &[&proto], includes).unwrap();
            assert_eq!(set.to_generate, ["b.proto", "deep/er/a.proto"]);
            assert_eq!(
                set.files_read,
                [proto.join("b.proto"), proto.join("deep/er/a.proto")]
            );
        }
    }
}

#[test]
fn without_includes_each_file_has_its_own_folder() {
    let folder = folder(&[
        ("one/a.proto", "syntax = \"proto3\"; import \"common.proto\"; import \"b.proto\"; message A { Common c = 1; B b = 2; }"),
        ("one/common.proto", "syntax = \"proto3\"; message Common {}"),
        ("two/b.proto", "syntax = \"proto3\"; message B {}"),
    ]);
    let (a, b) = (
        folder.path().join("one/a.proto"),
        folder.path().join("two/b.proto"),
    );
    for front_end in &FRONT_ENDS {
        let set = load(front_end, &[&b, &a], &[]).unwrap();
        assert_eq!(set.to_generate, ["a.proto", "b.proto"]);
        assert_eq!(
            set.files_read,
            [a.clone(), folder.path().join("one/common.proto"), b.clone()]
        );
        let names: Vec<&str> = set
            .file
            .file
            .iter()
            .map(aristaproto_build::descriptor::FileDescriptorProto::name)
            .collect();
        assert_eq!(names, ["b.proto", "common.proto", "a.proto"]);
    }
}

#[test]
fn a_file_may_be_named_relative_to_an_include() {
    let folder = folder(&[("proto/sub/a.proto", "syntax = \"proto3\"; message A {}")]);
    let include = folder.path().join("proto");
    for front_end in &FRONT_ENDS {
        let set = load(front_end, &[Path::new("sub/a.proto")], &[&include]).unwrap();
        assert_eq!(set.to_generate, ["sub/a.proto"]);
    }
}

#[test]
fn two_files_of_one_name_are_refused() {
    let folder = folder(&[
        ("one/a.proto", "syntax = \"proto3\"; message A {}"),
        ("two/a.proto", "syntax = \"proto3\"; message B {}"),
    ]);
    let at = |path: &str| folder.path().join(path);
    let error = load(
        &FrontEnd::Protox,
        &[&at("one/a.proto"), &at("two/a.proto")],
        &[],
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "`{}` and `{}` are both called `a.proto`, relative to their include folders\n  \
             hint: give an include folder that holds both, so that their names differ",
            at("one/a.proto").display(),
            at("two/a.proto").display()
        )
    );
    let error = load(&FrontEnd::Protox, &[&at("one/a.proto")], &[&at("two")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "`{}` is in none of the include folders ({})\n  hint: add `{}` to the includes",
            at("one/a.proto").display(),
            at("two").display(),
            at("one").display()
        )
    );
}

#[test]
fn the_bytes_keep_custom_options_but_those_of_the_source() {
    let folder = folder(&[(
        "a.proto",
        "syntax = \"proto2\";\nimport \"google/protobuf/descriptor.proto\";\n\
         message Both {\n  optional string kept = 1;\n  optional string dropped = 2 [retention = RETENTION_SOURCE];\n}\n\
         extend google.protobuf.FieldOptions {\n  optional string note = 50001;\n\
         optional string aside = 50002 [retention = RETENTION_SOURCE];\n\
         optional Both both = 50003;\n  repeated Both many = 50004;\n}\n\
         message A {\n  optional int32 a = 1 [(note) = \"kept note\", (aside) = \"gone\"];\n\
         optional int32 b = 2 [(aside) = \"gone\"];\n\
         optional int32 c = 3 [(both) = { kept: \"kept inside\" dropped: \"gone\" }];\n\
         optional int32 d = 4 [(many) = { dropped: \"gone\" }, (many) = { kept: \"kept in a list\" }];\n\
         extensions 100 to 199 [verification = UNVERIFIED];\n}\n",
    )]);
    let proto = folder.path().join("a.proto");
    let [vendored, pure_rust] = FRONT_ENDS.map(|front_end| {
        let set = load(&front_end, &[&proto], &[]).unwrap();
        assert!(set
            .file
            .file
            .iter()
            .all(|file| file.source_code_info.is_some()));
        set.serialized_file("a.proto").unwrap()
    });
    assert_eq!(vendored, pure_rust);
    let text = String::from_utf8_lossy(&vendored);
    assert!(
        text.contains("kept note")
            && text.contains("kept inside")
            && text.contains("kept in a list")
    );
    assert!(!text.contains("gone"));
}

#[test]
fn the_descriptor_set_is_written_where_it_is_asked_for() {
    let folder = folder(&[("a.proto", "syntax = \"proto3\"; message A {}")]);
    let path = folder.path().join("made/set.bin");
    let set = Config::new()
        .front_end(FrontEnd::Protox)
        .file_descriptor_set_path(&path)
        .load(&[folder.path().join("a.proto")], &[] as &[&Path])
        .unwrap();
    let bytes = fs::read(&path).unwrap();
    assert_eq!(bytes, set.bytes());
    assert_eq!(DescriptorSet::from_bytes(&bytes).unwrap().file, set.file);
}
