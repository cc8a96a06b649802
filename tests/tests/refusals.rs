//! Names that collide in Python are refused, all of them at once, with both places and the way out.

use std::fs;

use aristaproto_build::{ClientGeneration, Config, ServerGeneration};

/// The report about these files, with every name as it was passed in.
fn report(files: &[(&str, &str)], descriptors: bool) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut protos = Vec::new();
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        protos.push(path);
    }
    let mut config = Config::new();
    config
        .client_generation(ClientGeneration::Sync)
        .server_generation(ServerGeneration::Async)
        .google_protobuf_descriptors(descriptors);
    let set = config.load(&protos, &[folder.path()]).unwrap();
    let error = config.generate(&set).unwrap_err();
    assert!(error.is_proto());
    error
        .to_string()
        .replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn everything_that_collides_is_reported_at_once_with_both_places() {
    let text = report(
        &[(
            "a.proto",
            "syntax = \"proto2\";
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
",
        )],
        false,
    );
    assert_eq!(text, "\
a.proto:3:9: message `a.OuterInner` and enum `a.outer_inner` (a.proto:10:6) are both `OuterInner` in Python
\x20 hint: rename one of the two
a.proto:5:11: message `a.Outer.Inner` and enum `a.outer_inner` (a.proto:10:6) are both `OuterInner` in Python
\x20 hint: rename one of the two
a.proto:7:18: field `foo_bar` of message `Outer` and field `fooBar` of message `Outer` (a.proto:6:18) are both `foo_bar` in Python
\x20 hint: rename one of the two
a.proto:15:3: value `LEVEL_0` of enum `Level` and value `LEVEL__0` of enum `Level` (a.proto:14:3) are both `_0` in Python
\x20 hint: rename one of the two
a.proto:17:9: service `a.foo` and message `a.FOOStub` (a.proto:9:9) are both `FooStub` in Python
\x20 hint: rename one of the two
a.proto:19:7: method `do_it` of service `foo` and method `DoIt` of service `foo` (a.proto:18:7) are both `do_it` in Python
\x20 hint: rename one of the two
a.proto:23:36: extension `a.Extended.answer` and extension `a.extended_answer` (a.proto:26:18) are both `extended_answer` in Python
\x20 hint: rename one of the two");
}

#[test]
fn packages_must_not_meet_in_one_folder() {
    let file =
        |package: &str, body: &str| format!("syntax = \"proto3\";\npackage {package};\n{body}\n");
    let files = [
        ("a.proto", file("x.class", "")),
        ("b.proto", file("x.class_", "")),
        ("c.proto", file("message_pool", "")),
        ("d.proto", file("y._descriptors", "")),
        ("e.proto", file("x", "message foo_bar {}")),
        ("f.proto", file("x.FooBar", "")),
        ("g.proto", file("google.protobuf", "message timestamp {}")),
    ];
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (*path, text.as_str()))
        .collect();
    assert_eq!(report(&files, false), "\
b.proto:2:1: packages `x.class` and `x.class_` both become the Python module `x.class_`
\x20 hint: rename one of them
c.proto:2:1: package `message_pool` would take the place of the generated module `message_pool`
\x20 hint: rename the package
d.proto:2:1: package `y._descriptors` would take the place of a generated module `_descriptors`
\x20 hint: rename the package
e.proto:3:9: message `x.foo_bar` and the module of package `x.FooBar` are both `FooBar` in Python
\x20 hint: rename one of the two
g.proto:3:9: message `google.protobuf.timestamp` and the well-known type `google.protobuf.Timestamp` are both `Timestamp` in Python
\x20 hint: rename one of the two");
}

#[test]
fn descriptors_of_one_package_need_names_of_their_own() {
    let file = "syntax = \"proto3\";\npackage p;\n";
    let files = [("a-b.proto", file), ("a_b.proto", file)];
    assert_eq!(report(&files, true), "\
a_b.proto:1:1: the descriptor of `a_b.proto` and the descriptor of `a-b.proto` (a-b.proto:1:1) are both `A_B_PROTO_DESCRIPTOR` in Python
\x20 hint: rename one of the two");
}
