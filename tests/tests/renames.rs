//! Names that collide in Python: everything is generated, one keeps the name, the others get underscores, and a warning
//! says which, with both places. The names that Python or the runtime keep to themselves get theirs without a word.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use aristaproto_build::{ClientGeneration, Config, FrontEnd, Generated, ServerGeneration};
use aristaproto_tests::{assert_golden, workspace};

fn config() -> Config {
    let mut config = Config::new();
    config
        .client_generation(ClientGeneration::Sync)
        .server_generation(ServerGeneration::Async);
    config
}

fn generated(config: &Config, files: &[(&str, &str)]) -> Generated {
    let folder = tempfile::tempdir().unwrap();
    let mut protos = Vec::new();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        protos.push(path);
    }
    let set = config.load(&protos, &[folder.path()]).unwrap();
    let mut generated = config.generate(&set).unwrap();
    for warning in &mut generated.warnings {
        let shown = format!("{}/", folder.path().display());
        warning.message = warning.message.replace(&shown, "");
        let location = warning.location.as_mut().unwrap();
        location.file = location.file.replace(&shown, "");
    }
    generated
}

/// Each warning's place and message.
fn warnings(generated: &Generated) -> Vec<String> {
    let warnings = generated.warnings.iter();
    warnings
        .map(|it| format!("{}: {}", it.location.as_ref().unwrap(), it.message))
        .collect()
}

/// The hostile protos, all of them.
fn hostile() -> (PathBuf, Vec<PathBuf>) {
    let root = workspace().join("tests/protos");
    let protos = walkdir::WalkDir::new(root.join("hostile"))
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.extension().is_some_and(|it| it == "proto"))
        .collect();
    (root, protos)
}

#[test]
fn what_the_hostile_protos_had_to_rename_is_told() {
    let (root, protos) = hostile();
    let texts = [FrontEnd::PrebuiltProtoc, FrontEnd::Protox].map(|front_end| {
        let mut config = config();
        config.google_protobuf_descriptors(true);
        let set = config.front_end(front_end).load(&protos, &[&root]).unwrap();
        let warnings = config.generate(&set).unwrap().warnings;
        let lines: Vec<String> = warnings.iter().map(|it| format!("{it}\n")).collect();
        lines
            .concat()
            .replace(&format!("{}/", workspace().display()), "")
    });
    assert_eq!(texts[0], texts[1], "the front ends differ");
    assert_golden(&workspace().join("tests/goldens/renamed.txt"), &texts[0]);
}

/// The classes of each module.
fn classes(generated: &Generated) -> BTreeMap<&str, Vec<&str>> {
    let files = generated.files.iter();
    files
        .map(|file| {
            let lines = file.text.lines();
            let classes = lines.filter_map(|line| line.strip_prefix("class ")?.split('(').next());
            (file.path.as_str(), classes.collect())
        })
        .collect()
}

#[test]
fn a_new_message_renames_no_other() {
    let files = [
        ("a.proto", "syntax = \"proto3\"; package p; message A { message B {} } message AB {} enum a_b { Z = 0; }"),
        ("b.proto", "syntax = \"proto3\"; package p; message a { message b {} } message CStub {} service C {}"),
    ];
    let added = ("0.proto", "syntax = \"proto3\"; package p; message New { message B {} } enum A_New { Y = 0; } service D {}");
    let before = generated(&config(), &files);
    let after = generated(&config(), &[files[0], files[1], added]);
    assert_eq!(before.warnings.len(), 4);
    assert_eq!(warnings(&before), warnings(&after));
    let (before, after) = (classes(&before), classes(&after));
    assert!(before["p/__init__.py"].contains(&"AB__"), "{before:?}");
    for class in &before["p/__init__.py"] {
        assert!(after["p/__init__.py"].contains(class), "{class}");
    }
}

#[test]
fn names_that_only_python_keeps_are_no_warning() {
    let proto = "syntax = \"proto3\";
package keywords.class;
message None {
  string from = 1;
  string parse = 2;
  string __init__ = 3;
}
enum lambda { mro = 0; None_ = 1; }
service import { rpc yield(None) returns (None); }
";
    let generated = generated(&config(), &[("a.proto", proto)]);
    assert_eq!(warnings(&generated), [""; 0]);
    let module = "keywords/class_/__init__.py";
    let file = generated.files.iter().find(|file| file.path == module);
    for name in [
        "class None_(",
        "    from_: str",
        "    parse_: str",
        "    mro_ = 0",
        "def yield_(",
    ] {
        assert!(file.unwrap().text.contains(name), "{name}");
    }
}

#[test]
fn everything_that_collides_is_told_at_once_with_both_places() {
    let file = "syntax = \"proto2\";
package a;
message OuterInner {}
message Outer {
  message Inner {}
  optional int32 fooBar = 1;
  optional int32 foo_bar = 2;
}
message FOOStub {}
enum outer_inner { ZERO = 0; }
enum Level {
  option allow_alias = true;
  LEVEL_A = 0;
  LEVEL__0 = 1;
  LEVEL_0 = 1;
}
service foo {
  rpc DoIt(Outer) returns (Outer);
  rpc do_it(Outer) returns (Outer);
}
message Extended {
  extensions 1 to max;
  extend Extended { optional int32 answer = 1; }
}
extend Extended {
  optional int32 extended_answer = 2;
}
";
    let generated = generated(&config(), &[("a.proto", file)]);
    let expected = [
        "5:11: message `a.Outer.Inner` is `OuterInner__` in Python: message `a.OuterInner` (a.proto:3:9) has the name",
        "6:18: field `fooBar` of message `Outer` is `foo_bar_` in Python: field `foo_bar` of message `Outer` (a.proto:7:18) has the name",
        "10:6: enum `a.outer_inner` is `OuterInner_` in Python: message `a.OuterInner` (a.proto:3:9) has the name",
        "15:3: value `LEVEL_0` of enum `Level` is `_0__` in Python: value `LEVEL__0` of enum `Level` (a.proto:14:3) has the name",
        "17:9: class `FooStub` of service `a.foo` is `FooStub_` in Python: message `a.FOOStub` (a.proto:9:9) has the name",
        "18:7: method `DoIt` of service `foo` is `do_it_` in Python: method `do_it` of service `foo` (a.proto:19:7) has the name",
        "23:36: extension `a.Extended.answer` is `extended_answer_` in Python: extension `a.extended_answer` (a.proto:26:18) has the name",
    ];
    let expected = expected.map(|line| format!("a.proto:{line}"));
    assert_eq!(warnings(&generated), expected);
}

#[test]
fn extensions_of_an_extern_package_are_handed_on_by_public_imports() {
    let folder = tempfile::tempdir().unwrap();
    let base = "syntax = \"proto2\"; package base; message Base { extensions 1 to 9; } extend Base { optional int32 level = 1; }";
    let app = "syntax = \"proto2\"; package app; import public \"base.proto\"; message App { optional base.Base base = 1; }";
    fs::write(folder.path().join("base.proto"), base).unwrap();
    let path = folder.path().join("app.proto");
    fs::write(&path, app).unwrap();
    let mut config = config();
    config.extern_package("base", "other.base");
    let set = config.load(&[&path], &[folder.path()]).unwrap();
    let generated = config.generate(&set).unwrap();
    assert_eq!(generated.warnings, []);
    let module = generated
        .files
        .iter()
        .find(|it| it.path == "app/__init__.py")
        .unwrap();
    for line in [
        "    \"Base\",\n    \"level\",\n)\n",
        "            \"level\": \"other.base\",\n",
        "    from other.base import Base, level\n",
    ] {
        assert!(module.text.contains(line), "{}", module.text);
    }
}

#[test]
fn packages_that_meet_in_one_folder_get_two() {
    let file =
        |package: &str, body: &str| format!("syntax = \"proto3\";\npackage {package};\n{body}\n");
    let files = [
        ("a.proto", file("x.class", "")),
        ("b.proto", file("x.class_.y", "")),
        ("c.proto", file("message_pool", "")),
        ("d.proto", file("y._descriptors", "")),
        ("e.proto", file("x", "message foo_bar {}")),
        ("f.proto", file("x.FooBar", "")),
        ("g.proto", file("google.protobuf", "message timestamp {}")),
        ("h.proto", file("x.Folder", "")),
        ("j.proto", file("x.folder", "")),
        ("i.proto", file("x.class.inner", "message Inner {}")),
    ];
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (*path, text.as_str()))
        .collect();
    let generated = generated(&config(), &files);
    assert_eq!(warnings(&generated), [
        "a.proto:2:1: package `x.class` is the module `x.class__` in Python: package `x.class_` has the folder",
        "c.proto:2:1: package `message_pool` is the module `message_pool_` in Python: a generated module is `message_pool`",
        "d.proto:2:1: package `y._descriptors` is the module `y._descriptors_` in Python: a generated module is `_descriptors`",
        "e.proto:3:9: message `x.foo_bar` is `FooBar_` in Python: the module of package `x.FooBar` has the name",
        "g.proto:3:9: message `google.protobuf.timestamp` is `Timestamp_` in Python: the well-known type `google.protobuf.Timestamp` has the name",
        "h.proto:2:1: package `x.Folder` is the module `x.Folder_` in Python: package `x.folder` has the folder",
    ]);
    let paths: Vec<&str> = generated
        .files
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    assert!(paths.contains(&"x/class__/inner/__init__.py"), "{paths:?}");
}

#[test]
fn descriptors_of_one_package_have_names_of_their_own() {
    let file = "syntax = \"proto3\";\npackage p;\n";
    let files = [("a-b.proto", file), ("a_b.proto", file)];
    let generated = generated(config().google_protobuf_descriptors(true), &files);
    assert_eq!(warnings(&generated), [
        "a_b.proto:1:1: the descriptor of `a_b.proto` is `A_B_PROTO_DESCRIPTOR_` in Python: the descriptor of `a-b.proto` \
         (a-b.proto:1:1) has the name",
    ]);
}
