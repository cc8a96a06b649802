//! What is wrong with the machine: each fault gives one report that says what to do. What is wrong with .proto files is in
//! `tests/diagnostics`, faults on disk in `output.rs`, wrong options of each door in `doors.rs` and in the macro's own tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use aristaproto_build::{Config, Error, FrontEnd};
use aristaproto_tests::protoc;
use tempfile::TempDir;

/// A folder with these files, and the path to the first.
fn folder(files: &[(&str, &str)]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let first = folder.path().join(files[0].0);
    (folder, first)
}

/// The report about `proto`, with the folder's path cut out.
fn report(
    front_end: FrontEnd,
    folder: &TempDir,
    proto: &Path,
    includes: &[&Path],
) -> (String, Error) {
    let error = Config::new()
        .front_end(front_end)
        .load(&[proto], includes)
        .unwrap_err();
    let report = error
        .to_string()
        .replace(&format!("{}/", folder.path().display()), "");
    assert_eq!(
        format!("{error:?}"),
        error.to_string(),
        "`?` in a build.rs prints the debug form"
    );
    (report, error)
}

#[test]
fn a_missing_import_names_the_folders_searched_and_the_one_to_add() {
    let (folder, proto) = folder(&[
        (
            "proto/a.proto",
            "syntax = \"proto3\";\nimport \"x/missing.proto\";\nmessage A {\n  x.Missing a = 1;\n}\n",
        ),
        ("x/missing.proto", "syntax = \"proto3\";\npackage x;\nmessage Missing {}\n"),
        ("more/b.proto", ""),
    ]);
    let root = folder.path();
    let (include, more) = (root.join("proto"), root.join("more"));
    for front_end in [FrontEnd::PrebuiltProtoc, FrontEnd::Protox] {
        let (text, error) = report(front_end, &folder, &proto, &[&include, &more]);
        let root = root.display();
        assert_eq!(
            text,
            format!(
                "proto/a.proto:2:1: the import `x/missing.proto` was not found\n  2 | import \"x/missing.proto\";\n    | ^\n  \
                 hint: searched: proto, more\n  \
                 `x/missing.proto` lies in `{root}`: add that folder to the includes"
            )
        );
        assert!(error.is_import_not_found() && error.is_proto());
    }
    fs::remove_file(root.join("x/missing.proto")).unwrap();
    for front_end in [FrontEnd::PrebuiltProtoc, FrontEnd::Protox] {
        let (text, _) = report(front_end, &folder, &proto, &[]);
        assert_eq!(
            text,
            "proto/a.proto:2:1: the import `x/missing.proto` was not found\n  2 | import \"x/missing.proto\";\n    | ^\n  \
             hint: searched: proto\n  \
             add the folder that holds `x/missing.proto` to the includes"
        );
    }
}

#[test]
fn a_missing_include_is_not_also_called_a_file_outside_of_the_includes() {
    let (folder, proto) = folder(&[("proto/example.proto", "syntax = \"proto3\";")]);
    let missing = folder.path().join("porto");
    let (text, _) = report(FrontEnd::Auto, &folder, &proto, &[&missing]);
    assert_eq!(
        text,
        "the include folder `porto` does not exist\n  hint: did you mean `proto`?"
    );
}

#[test]
fn an_empty_folder_and_an_empty_list_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = Config::new()
        .load(&[folder.path()], &[] as &[&Path])
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "there is no .proto file in the folder `{}`",
            folder.path().display()
        )
    );
    let error = Config::new()
        .load(&[] as &[&Path], &[] as &[&Path])
        .unwrap_err();
    assert_eq!(error.to_string(), "no .proto file was given");
}

#[cfg(unix)]
#[test]
fn a_link_in_a_folder_that_leads_nowhere_is_named() {
    let (folder, proto) = folder(&[("proto/a.proto", "syntax = \"proto3\";")]);
    std::os::unix::fs::symlink("nowhere", proto.with_file_name("b.proto")).unwrap();
    fs::remove_file(&proto).unwrap();
    let (text, error) = report(FrontEnd::Auto, &folder, proto.parent().unwrap(), &[]);
    assert_eq!(
        text,
        "cannot read proto/b.proto: No such file or directory (os error 2)"
    );
    assert!(error.is_io());
}

#[cfg(target_os = "linux")]
#[test]
fn a_path_that_is_not_text_is_named() {
    use std::os::unix::ffi::OsStrExt;
    let (folder, proto) = folder(&[("a.proto", "syntax = \"proto3\";")]);
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.proto");
    fs::rename(&proto, proto.with_file_name(name)).unwrap();
    let (text, error) = report(FrontEnd::Auto, &folder, folder.path(), &[]);
    assert_eq!(text, "the path `caf\u{fffd}.proto` is not valid UTF-8");
    assert!(error.is_io());
}

#[test]
fn protox_says_how_to_get_editions() {
    let (folder, proto) = folder(&[(
        "a.proto",
        "// An edition.\nedition = \"2023\";\nmessage A {}\n",
    )]);
    let (text, _) = report(FrontEnd::Protox, &folder, &proto, &[]);
    assert!(text.starts_with("a.proto:2:1: "), "{text}");
    assert!(
        text.ends_with(
            "\n  hint: protox knows no editions: turn on the feature `prebuilt-protoc` of aristaproto-build, or name a \
             protoc with `Config::protoc` or `PROTOC`"
        ),
        "{text}"
    );
    Config::new()
        .front_end(FrontEnd::PrebuiltProtoc)
        .load(&[proto], &[] as &[&Path])
        .unwrap();
}

#[cfg(unix)]
#[test]
fn a_protoc_older_than_editions_is_told_to_go() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, proto) = folder(&[("a.proto", "\nedition = \"2023\";\n")]);
    // What protoc 3.19 says.
    let said = "a.proto:2:1: Expected top-level statement (e.g. \"message\").";
    let protoc = folder.path().join("protoc");
    fs::write(&protoc, format!("#!/bin/sh\necho '{said}' >&2\nexit 1\n")).unwrap();
    fs::set_permissions(&protoc, fs::Permissions::from_mode(0o755)).unwrap();
    let (text, _) = report(FrontEnd::Protoc(protoc), &folder, &proto, &[]);
    assert_eq!(
        text,
        "a.proto:2:1: Expected top-level statement (e.g. \"message\")\n  2 | edition = \"2023\";\n    | ^\n  \
         hint: this protoc knows no editions: name one of version 27 or newer with `Config::protoc` or `PROTOC`, or turn on \
         the feature `prebuilt-protoc` of aristaproto-build"
    );
}

#[test]
fn a_protoc_that_is_not_there_is_named() {
    let (folder, proto) = folder(&[("a.proto", "syntax = \"proto3\";")]);
    let missing = folder.path().join("bin/protoc");
    let (text, error) = report(FrontEnd::Protoc(missing.clone()), &folder, &proto, &[]);
    assert_eq!(
        text,
        "`bin/protoc`, which the setting `protoc` names, does not exist\n  \
         hint: name a protoc that exists, or remove the setting `protoc` to use another protobuf compiler"
    );
    assert!(error.is_front_end());
    fs::create_dir(folder.path().join("bin")).unwrap();
    fs::write(&missing, "no program").unwrap();
    let (text, error) = report(FrontEnd::Protoc(missing), &folder, &proto, &[]);
    assert!(text.starts_with("cannot run "), "{text}");
    assert!(error.is_front_end());
}

#[cfg(unix)]
#[test]
fn a_protoc_that_fails_without_a_word_is_named() {
    let (folder, proto) = folder(&[("a.proto", "syntax = \"proto3\";")]);
    let (text, error) = report(FrontEnd::Protoc("false".into()), &folder, &proto, &[]);
    assert!(
        text.ends_with(
            "false ended with exit status: 1 and said nothing\n  \
             hint: name a working protoc with `Config::protoc` or `PROTOC`, or turn on the feature `protox`"
        ),
        "{text}"
    );
    assert!(error.is_front_end());
}

/// PROTOC and PATH belong to the process, so this runs itself again with others.
#[test]
fn protoc_from_the_environment_is_used_or_named() {
    const INNER: &str = "ARISTAPROTO_TEST_ENVIRONMENT";
    let (folder, proto) = folder(&[("a.proto", "syntax = \"proto3\"; message A {}")]);
    let Ok(inner) = std::env::var(INNER) else {
        let bin = tempfile::tempdir().unwrap();
        // A name with a dot, as distributions give it to one version of several.
        fs::copy(protoc(), bin.path().join("protoc-27.1")).unwrap();
        for inner in ["missing", "bare", "bare with version", "no path"] {
            let mut command = Command::new(std::env::current_exe().unwrap());
            command
                .args(["--exact", "protoc_from_the_environment_is_used_or_named"])
                .env(INNER, inner);
            match inner {
                "missing" => command.env("PROTOC", "/nowhere/protoc"),
                "bare" => command
                    .env("PROTOC", "protoc")
                    .env("PATH", protoc().parent().unwrap()),
                "bare with version" => command.env("PROTOC", "protoc-27.1").env("PATH", bin.path()),
                _ => command.env_remove("PROTOC").env("PATH", ""),
            };
            assert!(command.status().unwrap().success(), "{inner}");
        }
        return;
    };
    match inner.as_str() {
        "missing" => assert_eq!(
            report(FrontEnd::Auto, &folder, &proto, &[]).0,
            "`/nowhere/protoc`, which PROTOC names, does not exist\n  \
             hint: name a protoc that exists, or remove PROTOC to use another protobuf compiler"
        ),
        "bare" | "bare with version" => {
            let set = Config::new().load(&[&proto], &[] as &[&Path]).unwrap();
            assert_eq!(set.to_generate, ["a.proto"]);
        }
        _ => {
            let (text, error) = report(FrontEnd::ProtocOnPath, &folder, &proto, &[]);
            assert_eq!(
                text,
                "protoc was asked for, but there is none in the folders of PATH\n  \
                 hint: turn on the feature `prebuilt-protoc` (complete, nothing to compile), `protox` (pure Rust, no \
                 editions) or `vendored-protoc` (complete, needs cmake and a C++ compiler), or install protoc and put it on PATH, or name it with `Config::protoc` or \
                 `PROTOC`"
            );
            assert!(error.is_front_end());
        }
    }
}
