//! Real cargo projects: what cargo builds again and when, and what a user sees when a build fails. A protoc that keeps
//! count stands in for the front end.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use aristaproto_tests::{protoc, workspace};
use tempfile::TempDir;
use walkdir::WalkDir;

const A: &str =
    "syntax = \"proto3\";\npackage a;\nimport \"b.proto\";\nmessage A {\n  b.B b = 1;\n}\n";
const B: &str = "syntax = \"proto3\";\npackage b;\nmessage B {\n  int32 first = 1;\n}\n";
const BUILD: &str = "\
fn main() -> Result<(), aristaproto_build::Error> {
    aristaproto_build::Config::new()
        .out_dir(\"python/lib\")
        .compile_protos(&[\"proto/a.proto\"], &[\"proto\"])
}
";

struct Project {
    folder: TempDir,
}

impl Project {
    /// A package of this name with `proto/a.proto`, which imports `proto/b.proto`, and these files.
    fn new(name: &str, dependencies: &str, files: &[(&str, &str)]) -> Self {
        let project = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        project.write(
            "Cargo.toml",
            &format!(
                "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n\n{dependencies}"
            ),
        );
        // The versions that the workspace has are there without a network.
        let lock = fs::read_to_string(workspace().join("Cargo.lock")).unwrap();
        project.write("Cargo.lock", &lock);
        project.write("src/lib.rs", "");
        project.write("proto/a.proto", A);
        project.write("proto/b.proto", B);
        let log = project.path("log");
        project.write(
            "protoc",
            &format!(
                "#!/bin/sh\necho run >> '{}'\nexec '{}' \"$@\"\n",
                log.display(),
                protoc().display()
            ),
        );
        fs::set_permissions(project.path("protoc"), fs::Permissions::from_mode(0o755)).unwrap();
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    fn with_build_script(name: &str) -> Self {
        let engine = workspace().join("aristaproto-build");
        let dependency = format!(
            "[build-dependencies]\naristaproto-build = {{ path = '{}', default-features = false }}\n",
            engine.display()
        );
        Self::new(name, &dependency, &[("build.rs", BUILD)])
    }

    fn with_macro(name: &str, source: &str) -> Self {
        let macros = workspace().join("aristaproto-macros");
        let dependency = format!(
            "[dependencies]\naristaproto-macros = {{ path = '{}', default-features = false }}\n",
            macros.display()
        );
        Self::new(name, &dependency, &[("src/lib.rs", source)])
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    /// `cargo build` with more environment; the projects share a target folder, and with it the engine.
    fn try_build(&self, environment: &[(&str, &str)]) -> Output {
        self.cargo(&["build"], environment)
    }

    fn cargo(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        Command::new(env!("CARGO"))
            .args(arguments)
            .args(["--offline", "--color", "never"])
            .current_dir(self.folder.path())
            .env(
                "CARGO_TARGET_DIR",
                Path::new(env!("CARGO_TARGET_TMPDIR")).join("cargo-builds"),
            )
            .env("PROTOC", self.path("protoc"))
            .env_remove("ARISTAPROTO_CHECK")
            .env_remove("RUSTFLAGS")
            .envs(environment.iter().copied())
            .output()
            .unwrap()
    }

    fn build(&self) {
        let output = self.try_build(&[]);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// How often protoc has run.
    fn runs(&self) -> usize {
        fs::read_to_string(self.path("log")).map_or(0, |log| log.lines().count())
    }

    /// The generated tree: each file's text and time of change.
    fn tree(&self) -> BTreeMap<String, (String, SystemTime)> {
        let root = self.path("python/lib");
        WalkDir::new(&root)
            .into_iter()
            .map(Result::unwrap)
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| {
                let path = entry
                    .path()
                    .strip_prefix(&root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                let text = fs::read_to_string(entry.path()).unwrap();
                (path, (text, entry.metadata().unwrap().modified().unwrap()))
            })
            .collect()
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn cargo_builds_again_when_something_changed_and_only_then() {
    let project = Project::with_build_script("changes");
    project.build();
    assert_eq!(project.runs(), 1);
    let first = project.tree();
    assert!(
        first.contains_key("a/__init__.py") && first.contains_key("b/__init__.py"),
        "{:?}",
        first.keys()
    );

    project.build();
    assert_eq!(
        (project.runs(), project.tree()),
        (1, first.clone()),
        "nothing changed"
    );

    project.write("proto/b.proto", &B.replace("first", "second"));
    project.build();
    assert_eq!(project.runs(), 2, "an imported file changed");
    let second = project.tree();
    assert!(second["b/__init__.py"].0.contains("second: int"));
    assert_eq!(
        second["a/__init__.py"], first["a/__init__.py"],
        "what stays the same is not written"
    );

    fs::remove_file(project.path("python/lib/a/__init__.py")).unwrap();
    project.build();
    assert_eq!(project.runs(), 3, "a generated file was deleted");
    assert_eq!(project.tree()["a/__init__.py"].0, first["a/__init__.py"].0);

    project.write("python/lib/b/mine.py", "mine = True\n");
    project.write(
        "proto/a.proto",
        "syntax = \"proto3\";\npackage a;\nmessage A {}\n",
    );
    project.build();
    assert_eq!(project.runs(), 4);
    assert!(
        !project.tree().contains_key("b/__init__.py"),
        "its proto is no longer imported"
    );
    assert_eq!(project.read("python/lib/b/mine.py"), "mine = True\n");

    let last = project.tree();
    project.build();
    assert_eq!(
        (project.runs(), project.tree()),
        (4, last),
        "nothing changed"
    );
}

#[test]
fn a_new_file_in_a_folder_is_seen() {
    let project = Project::with_build_script("folders");
    project.write("build.rs", &BUILD.replace("proto/a.proto", "proto"));
    project.build();
    project.build();
    assert_eq!(project.runs(), 1);
    project.write(
        "proto/c.proto",
        "syntax = \"proto3\";\npackage c;\nmessage C {}\n",
    );
    project.build();
    assert_eq!(project.runs(), 2);
    assert!(project.tree().contains_key("c/__init__.py"));
}

#[test]
fn a_failed_build_shows_the_place_and_leaves_the_tree() {
    let project = Project::with_build_script("faults");
    project.build();
    let before = project.tree();
    project.write("proto/b.proto", &B.replace("= 1;", "= 1"));
    let output = project.try_build(&[]);
    assert!(!output.status.success());
    assert!(
        stderr(&output)
            .ends_with("\n  Error: proto/b.proto:5:1: Expected \";\"\n    5 | }\n      | ^\n"),
        "{}",
        stderr(&output)
    );
    // cargo shows what a failed build script printed; nothing stands before the error.
    assert!(!stderr(&output).contains("cargo:"), "{}", stderr(&output));
    assert_eq!(project.tree(), before);
    // Also when it was read, and what it says cannot be generated.
    project.write("proto/b.proto", B);
    project.write("python/lib/c/__init__.py", "mine = True\n");
    project.write("proto/a.proto", &A.replace("package a", "package c"));
    let output = project.try_build(&[]);
    let said = stderr(&output);
    assert!(
        said.contains("`python/lib/c/__init__.py` is in the way") && !said.contains("cargo:"),
        "{said}"
    );
    fs::remove_dir_all(project.path("python/lib/c")).unwrap();
    project.write("proto/a.proto", A);
    project.build();
    assert_eq!(project.tree(), before);
}

#[test]
fn the_check_of_the_environment_fails_with_a_diff() {
    let project = Project::with_build_script("checks");
    project.build();
    let output = project.try_build(&[("ARISTAPROTO_CHECK", "1")]);
    assert!(output.status.success(), "{}", stderr(&output));
    project.write("proto/b.proto", &B.replace("first", "second"));
    let before = project.tree();
    let output = project.try_build(&[("ARISTAPROTO_CHECK", "1")]);
    assert!(!output.status.success());
    let report = stderr(&output);
    assert!(
        report.contains("`python/lib/b/__init__.py` is out of date\n"),
        "{report}"
    );
    assert!(
        report.contains("-    first: int = ") && report.contains("+    second: int = "),
        "{report}"
    );
    assert_eq!(project.tree(), before);
    project.build();
    assert!(project.tree()["b/__init__.py"].0.contains("second: int"));
}

#[test]
fn a_package_that_is_only_checked_or_documented_is_left_alone() {
    for (name, docs_rs) in [("packaged", false), ("documented", true)] {
        let project = Project::with_build_script(name);
        project.build();
        let before = project.tree();
        project.write("proto/b.proto", &B.replace("first", "second"));
        if !docs_rs {
            project.write("Cargo.toml.orig", "");
        }
        let output = project.try_build(if docs_rs { &[("DOCS_RS", "1")] } else { &[] });
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(project.tree(), before);
        let said = |warning: &str| format!("warning: {name}@0.1.0: python/lib {warning}");
        let out_of_date =
            said("is out of date, and stays so because the package is read-only here\n");
        assert_eq!(
            stderr(&output).contains(&out_of_date),
            !docs_rs,
            "{}",
            stderr(&output)
        );
        fs::remove_dir_all(project.path("python")).unwrap();
        let output = project.try_build(if docs_rs { &[("DOCS_RS", "1")] } else { &[] });
        let missing =
            said("is missing, and is not generated because the package is read-only here\n");
        assert_eq!(
            stderr(&output).contains(&missing),
            !docs_rs,
            "{}",
            stderr(&output)
        );
        assert!(!project.path("python").exists());
    }
}

/// Cargo checks git dependencies out below its own folder.
#[test]
fn a_git_dependency_is_left_alone() {
    let project = Project::with_build_script("git-dependency");
    let home = project.folder.path().join("home");
    fs::create_dir_all(home.join("git")).unwrap();
    std::os::unix::fs::symlink(project.folder.path(), home.join("git/checkouts")).unwrap();
    // The offline cargo needs its own folder, the build script asks for this one.
    let build = BUILD.replace(
        "    aristaproto_build::Config",
        &format!("    std::env::set_var(\"CARGO_HOME\", {home:?});\n    aristaproto_build::Config"),
    );
    project.write("build.rs", &build);
    let output = project.try_build(&[]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("python/lib is missing, and is not generated"),
        "{}",
        stderr(&output)
    );
    assert!(!project.path("python").exists());
}

#[test]
fn a_descriptor_set_that_was_deleted_comes_back() {
    let project = Project::with_build_script("descriptor-sets");
    let build = BUILD.replace(
        ".out_dir",
        ".file_descriptor_set_path(\"sets/all.bin\").out_dir",
    );
    project.write("build.rs", &build);
    project.build();
    let set = fs::read(project.path("sets/all.bin")).unwrap();
    project.build();
    assert_eq!(project.runs(), 1, "nothing changed");
    fs::remove_file(project.path("sets/all.bin")).unwrap();
    project.build();
    assert_eq!(project.runs(), 2);
    assert_eq!(fs::read(project.path("sets/all.bin")).unwrap(), set);
}

#[test]
fn two_calls_with_one_folder_are_refused() {
    let project = Project::with_build_script("two-calls");
    let build = "\
fn main() -> Result<(), aristaproto_build::Error> {
    aristaproto_build::compile_protos(&[\"proto/a.proto\"], &[\"proto\"])?;
    aristaproto_build::compile_protos(&[\"proto/c.proto\"], &[\"proto\"])
}
";
    project.write("build.rs", build);
    project.write("proto/c.proto", "syntax = \"proto3\"; package c;");
    let refused = |what: &str| {
        let output = project.try_build(&[]);
        let report = stderr(&output);
        let end = format!(
            "python`, and this call would {what} there\n    \
             hint: name all .proto files in one call, or give each call an `out_dir` of its own\n"
        );
        assert!(report.ends_with(&end), "{report}");
    };
    refused("remove `a/__init__.py`");
    project.write(
        "build.rs",
        &build.replace(
            "&[\"proto/c.proto\"]",
            "&[\"proto/a.proto\", \"proto/c.proto\"]",
        ),
    );
    refused("write `c/__init__.py`");
    // The same call twice, and a folder for each, are fine.
    project.write(
        "build.rs",
        &build
            .replace("c.proto", "a.proto")
            .replace("proto\"])\n}", "proto\"])?;\n    aristaproto_build::Config::new().out_dir(\"python/c\").compile_protos(&[\"proto/c.proto\"], &[\"proto\"])\n}"),
    );
    project.build();
    project.build();
}

#[test]
fn the_macro_is_expanded_again_when_a_proto_changed() {
    let source = "\
aristaproto_macros::generate_python! { protos: [\"proto/a.proto\"], includes: [\"proto\"], out_dir: \"python/lib\" }
";
    let project = Project::with_macro("expands", source);
    project.build();
    let (runs, first) = (project.runs(), project.tree());
    assert!(runs > 0 && first.contains_key("b/__init__.py"));
    project.build();
    assert_eq!(
        (project.runs(), project.tree()),
        (runs, first),
        "nothing changed"
    );
    project.write("proto/b.proto", &B.replace("first", "second"));
    project.build();
    assert!(project.runs() > runs);
    assert!(project.tree()["b/__init__.py"].0.contains("second: int"));
}

/// As an editor does it beside cargo, and beside itself.
#[test]
fn expansions_at_the_same_time_leave_a_whole_tree() {
    let source = "\
aristaproto_macros::generate_python! { protos: [\"proto/a.proto\"], includes: [\"proto\"], out_dir: \"python/lib\" }
";
    let project = Project::with_macro("expanded", source);
    let built = project.cargo(&["build", "-vv"], &[]);
    let said = stderr(&built);
    assert!(built.status.success(), "{said}");
    // What cargo has run, with the environment.
    let command = said
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Running `")?.strip_suffix('`'))
        .find(|line| line.contains("--crate-name expanded "))
        .unwrap();
    let (before, after) = command.split_once(" --out-dir ").unwrap();
    let after = after.split_once(' ').unwrap().1;
    let texts = |project: &Project| -> Vec<(String, String)> {
        let tree = project.tree().into_iter();
        tree.map(|(path, (text, _))| (path, text)).collect()
    };
    let expected = texts(&project);
    for round in 0..3 {
        // Something to do: all of it, a part, nothing.
        if round == 0 {
            fs::remove_dir_all(project.path("python/lib")).unwrap();
        } else if round == 1 {
            fs::remove_file(project.path("python/lib/b/__init__.py")).unwrap();
            project.write("python/lib/a/__init__.py", "half a fi");
        }
        let runs: Vec<_> = (0..8)
            .map(|number| {
                let folder = project.path(&format!("expansion{number}"));
                fs::create_dir_all(&folder).unwrap();
                Command::new("sh")
                    .arg("-c")
                    .arg(format!("{before} --out-dir '{}' {after}", folder.display()))
                    .current_dir(project.folder.path())
                    .env("PROTOC", project.path("protoc"))
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        for run in runs {
            let done = run.wait_with_output().unwrap();
            assert!(done.status.success(), "{}", stderr(&done));
        }
        assert_eq!(texts(&project), expected);
    }
}

#[test]
fn the_macro_names_the_fault_in_a_proto() {
    let source = "\
aristaproto_macros::generate_python! {
    protos: [\"proto/a.proto\"],
    out_dir: \"python/lib\",
}
";
    let project = Project::with_macro("macro-faults", source);
    project.write("proto/b.proto", &B.replace("= 1;", "= 1"));
    let output = project.try_build(&[]);
    let report = "error: proto/b.proto:5:1: Expected \";\"\n         5 | }\n           | ^\n --> src/lib.rs:2:5\n";
    assert!(stderr(&output).contains(report), "{}", stderr(&output));
    assert!(!project.path("python").exists());
}

#[test]
fn the_macro_marks_the_path_that_is_wrong() {
    let source = "\
aristaproto_macros::generate_python! {
    protos: [\"proto/a.proto\", \"proto/bb.proto\"],
    includes: [\"proto\", \"porto\"],
    out_dir: \"python/lib\",
}
";
    let project = Project::with_macro("macro-paths", source);
    let output = project.try_build(&[]);
    let report = stderr(&output);
    for (message, hint, place) in [
        ("the include folder `porto`", "proto", "3:25"),
        ("the file `proto/bb.proto`", "proto/b.proto", "2:31"),
    ] {
        let expected = format!(
            "error: {message} does not exist\n         hint: did you mean `{hint}`?\n --> src/lib.rs:{place}\n"
        );
        assert!(report.contains(&expected), "{report}");
    }
}

#[test]
fn the_macro_without_a_folder_says_what_to_do() {
    let source = "aristaproto_macros::generate_python! { protos: [\"proto/a.proto\"] }\n";
    let project = Project::with_macro("macro-folders", source);
    let output = project.try_build(&[]);
    let report =
        "error: there is no folder to write to: no `out_dir` was given, and cargo set no `OUT_DIR`";
    assert!(stderr(&output).contains(report), "{}", stderr(&output));
    project.write("build.rs", "fn main() {}\n");
    project.build();
}

const COLLIDING: &str = "syntax = \"proto3\";\npackage a;\nmessage Outer {\n  message Inner {}\n}\nmessage OuterInner {}\n";

#[test]
fn what_had_to_be_renamed_is_a_warning_of_cargo() {
    let project = Project::with_build_script("renamed-names");
    project.write("proto/a.proto", COLLIDING);
    let output = project.try_build(&[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let warnings: Vec<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("warning: renamed-names@0.1.0: "))
        .collect();
    assert_eq!(
        warnings,
        [
            "proto/a.proto:4:11: warning: message `a.Outer.Inner` is `OuterInner_` in Python: message `a.OuterInner` \
             (proto/a.proto:6:9) has the name",
            "  4 |   message Inner {}",
            "    |           ^",
            "  hint: rename one of the two if the name matters",
        ],
        "{said}"
    );
    assert!(project
        .read("python/lib/a/__init__.py")
        .contains("class OuterInner_("));
}

#[test]
fn what_had_to_be_renamed_is_a_warning_at_the_macro() {
    let source = "//! Documented.\n#![deny(missing_docs)]\naristaproto_macros::generate_python! {\n    protos: \
                  [\"proto/a.proto\"],\n    out_dir: \"python/lib\",\n}\n";
    let project = Project::with_macro("renamed-macro-names", source);
    project.write("proto/a.proto", COLLIDING);
    let output = project.try_build(&[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains(
            "proto/a.proto:4:11: warning: message `a.Outer.Inner` is `OuterInner_` in Python: message `a.OuterInner` \
             (proto/a.proto:6:9) has the name"
        ),
        "{said}"
    );
    assert!(said.contains("--> src/lib.rs:4:5\n"), "{said}");
    assert!(
        said.contains("warning: `renamed-macro-names` (lib) generated 1 warning"),
        "{said}"
    );
}

/// The projects here have an engine without front ends.
#[test]
fn without_a_compiler_the_build_says_how_to_get_one() {
    let project = Project::with_build_script("no-compiler");
    let own_path = std::env::var("PATH").unwrap();
    // cargo and the linker are found, protoc is not.
    let path: Vec<&str> = own_path
        .split(':')
        .filter(|folder| !Path::new(folder).join("protoc").exists())
        .collect();
    for (front_end, message) in [
        ("Auto", "there is no protobuf compiler: no `Config::protoc` was given, `PROTOC` is not set, the features "),
        ("VendoredProtoc", "the vendored protoc was asked for, but the feature `vendored-protoc` of aristaproto-build is off"),
        ("PrebuiltProtoc", "the prebuilt protoc was asked for, but the feature `prebuilt-protoc` of aristaproto-build is off"),
        ("Protox", "protox was asked for, but the feature `protox` of aristaproto-build is off"),
    ] {
        let call = format!(".front_end(aristaproto_build::FrontEnd::{front_end}).out_dir(");
        project.write("build.rs", &BUILD.replace(".out_dir(", &call));
        let output = project.try_build(&[("PROTOC", ""), ("PATH", &path.join(":"))]);
        let report = stderr(&output);
        assert!(!output.status.success() && report.contains(&format!("Error: {message}")), "{report}");
        assert!(
            report.contains("hint: turn on the feature `prebuilt-protoc` (complete, nothing to compile), `protox` (pure Rust"),
            "{report}"
        );
    }
}
