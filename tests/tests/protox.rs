//! protox reads .proto files as protoc does: comments wherever they stand, options that hold maps, whatever run it is. Where it
//! refuses what protoc takes, the error says that another front end can.

use std::fs;
use std::path::Path;
use std::process::Command;

use aristaproto_build::{Config, Error, FrontEnd, Generated};
use fastrand::Rng;
use tempfile::TempDir;

fn generate(front_end: FrontEnd, folder: &TempDir) -> Result<Generated, Error> {
    let mut config = Config::new();
    let set = config
        .front_end(front_end)
        .load(&[folder.path()], &[] as &[&Path])?;
    config.generate(&set)
}

fn folder(files: &[(String, String)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn one_file(text: &str) -> TempDir {
    folder(&[("a.proto".to_owned(), text.to_owned())])
}

/// Comments as authors write them, and as they do not; `#` becomes a number, so that each is another one.
const COMMENTS: &[&str] = &[
    "",
    "",
    "",
    " ",
    "\n",
    "\n\n",
    " // c#",
    " /* c# */",
    " /* c#\n   * d#\n   */",
    " /* c#\nd# */",
    "\n// c#",
    "\n/* c# */",
    "\n// c#\n",
    "\n/* c# */\n",
    "\n\n// c#\n",
    "\n\n/* c# */\n\n",
    " /* c# */ // d#",
    " /* c# */ /* d# */",
    "\n// c#\n// d#",
    " // c#\n// d#",
    "\n/* c#\n\n   d# */",
    "\n/** c# */",
    "\n//c#\n\n//d#",
    "\n\n /*c#*/",
    "\n/* c# */ /* d# */",
    " /**/",
    "\n// c#\n\n",
    " // c#\n\n// d#\n\n// e#\n",
    "\t/* c#\n\t * * d#\n\t * é */",
    "\n/* c# */ // d#\n",
];

struct Drawing<'a> {
    rng: &'a mut Rng,
    count: usize,
    has_lines_only: bool,
    text: String,
}

impl Drawing<'_> {
    fn word(&mut self, word: &str) {
        self.text += word;
        let mut comment = COMMENTS[self.rng.usize(..COMMENTS.len())];
        if self.has_lines_only && comment.contains("/*") {
            comment = "";
        }
        self.count += 1;
        self.text += &comment.replace('#', &self.count.to_string());
        // What follows a line comment is on the next line.
        let is_open = self.text.rsplit('\n').next().unwrap().contains("//");
        if is_open || self.rng.bool() {
            self.text.push('\n');
        }
    }
}

fn commented(rng: &mut Rng, package: usize) -> String {
    let mut drawing = Drawing {
        rng,
        count: 0,
        has_lines_only: package % 2 == 1,
        text: String::new(),
    };
    drawing.word("syntax = \"proto3\";");
    for word in [
        &format!("package p{package};"),
        "message A {",
        "string a = 1;",
        "string b = 2;",
        "oneof c {",
        "int32 d = 3;",
        "int32 e = 4;",
        "}",
        "message B {",
        "}",
        "enum C {",
        "C_A = 0;",
        "C_B = 1;",
        "}",
        "map<string, B> f = 5;",
        "reserved 9;",
        "}",
        "enum D {",
        "D_A = 0;",
        "D_B = 1;",
        "reserved 7;",
        "}",
        "service S {",
        "rpc One(A) returns (A);",
        "rpc Two(A) returns (A) {",
        "}",
        "rpc Three(A) returns (A);",
        "}",
        "message E {",
        "}",
    ] {
        drawing.word(word);
    }
    drawing.text
}

#[test]
fn comments_belong_to_what_protoc_gives_them_to() {
    let mut rng = Rng::with_seed(7);
    let files: Vec<(String, String)> = (0..200)
        .map(|index| (format!("f{index}.proto"), commented(&mut rng, index)))
        .collect();
    let folder = folder(&files);
    let expected = generate(FrontEnd::PrebuiltProtoc, &folder).unwrap();
    let found = generate(FrontEnd::Protox, &folder).unwrap();
    let mut docstrings = 0;
    for (one, other) in expected.files.iter().zip(&found.files) {
        docstrings += one.text.matches("\"\"\"").count();
        let mut lines = one.text.lines().zip(other.text.lines());
        let different = lines.find(|(one, other)| one != other);
        let proto = one.path.split('/').next().unwrap().replace('p', "f") + ".proto";
        let text = files.iter().find(|(name, _)| *name == proto);
        assert!(
            one.text == other.text,
            "{}: {different:?}\n{text:#?}",
            one.path
        );
    }
    assert!(docstrings > 1000);
}

const OPTIONS: &str = r#"syntax = "proto2";
package a;
import "google/protobuf/descriptor.proto";
message Table {
  map<string, Row> rows = 1;
  map<int32, string> names = 2;
  optional string last = 3;
}
message Row { map<bool, int32> cells = 1; }
extend google.protobuf.MessageOptions { optional Table table = 50001; repeated Table tables = 50002; }
message M {
  option (table) = {
    rows { key: "z" value { cells { key: true value: 1 } cells { key: false value: 2 } } }
    rows { key: "b" value {} }
    rows { key: "y" value { cells { key: true value: 3 } } }
    rows { key: "a" }
    names { key: 0x10 value: "sixteen" } names { key: -3 value: "minus three" } names { key: 7 value: "seven" }
    last: "last"
  };
  option (tables) = { names { key: 2 value: "2" } names { key: 1 value: "1" } };
  option (tables) = {};
}
"#;

#[test]
fn maps_in_options_keep_the_order_of_the_source() {
    let folder = one_file(OPTIONS);
    let expected = generate(FrontEnd::PrebuiltProtoc, &folder).unwrap();
    assert!(format!("{:?}", expected.files).contains("minus three"));
    for _ in 0..8 {
        let found = generate(FrontEnd::Protox, &folder).unwrap();
        for (one, other) in expected.files.iter().zip(&found.files) {
            let lines = one.text.lines().zip(other.text.lines());
            let different: Vec<_> = lines.filter(|(one, other)| one != other).collect();
            assert_eq!(different, [], "{}", one.path);
        }
    }
}

/// Two processes have different seeds of their hash tables, and different addresses.
#[test]
fn what_is_generated_is_the_same_in_each_process() {
    const INNER: &str = "ARISTAPROTO_TEST_TREE";
    if let Some(path) = std::env::var_os(INNER) {
        let mut text = String::new();
        for front_end in [FrontEnd::PrebuiltProtoc, FrontEnd::Protox] {
            let protos = aristaproto_tests::workspace().join("tests/protos");
            let mut config = Config::new();
            config
                .google_protobuf_descriptors(true)
                .front_end(front_end);
            for set in [
                config.load(
                    &[protos.join("calls.proto"), protos.join("hostile")],
                    &[protos],
                ),
                config.load(&[one_file(OPTIONS).path()], &[] as &[&Path]),
            ] {
                for file in config.generate(&set.unwrap()).unwrap().files {
                    text.extend([file.path, file.text]);
                }
            }
        }
        return fs::write(path, text).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let texts: Vec<String> = (0..4)
        .map(|number| {
            let path = folder.path().join(number.to_string());
            let mut command = Command::new(std::env::current_exe().unwrap());
            command.args(["--exact", "what_is_generated_is_the_same_in_each_process"]);
            assert!(command.env(INNER, &path).status().unwrap().success());
            fs::read_to_string(path).unwrap()
        })
        .collect();
    assert!(texts[0].contains("minus three"));
    assert!(texts.iter().all(|text| *text == texts[0]));
}

const PREFIX: &str = "syntax = \"proto2\";\npackage a;\n";

/// Protos that protoc takes.
const REFUSED: &[&str] = &[
    "message M { optional int32 foo_bar = 1; optional int32 fooBar = 2; }",
    "message M { optional double d = 1 [default = 123456789012345678901234567890]; }",
    "message M { optional string s = 1 [default = \"\\uD83C\\uDDFA\"]; }",
    "message M { optional string s = 1 [default = \"\\xe9\"]; }",
    "import \"google/protobuf/descriptor.proto\";\nmessage O { extensions 1 to 9; }\nextend O { optional int32 x = 1; }\n\
     extend google.protobuf.MessageOptions { optional O o = 50001; }\nmessage M { option (o) = { [x]: 1 }; }",
];

#[test]
fn what_only_protoc_takes_is_said_to_be_so() {
    let mut cases: Vec<TempDir> = REFUSED
        .iter()
        .map(|text| one_file(&format!("{PREFIX}{text}")))
        .collect();
    cases.push(one_file("syntax = \"proto3\";\npackage a;\nmessage M { optional int32 i = 1; oneof _i { int32 j = 2; } }"));
    let levels = [
        (
            "a.proto",
            "syntax = \"proto3\"; package a; import \"b.proto\"; message M { d.D d = 1; }",
        ),
        (
            "b.proto",
            "syntax = \"proto3\"; package b; import public \"c.proto\";",
        ),
        (
            "c.proto",
            "syntax = \"proto3\"; package c; import public \"d.proto\";",
        ),
        ("d.proto", "syntax = \"proto3\"; package d; message D {}"),
    ];
    cases.push(folder(
        &levels.map(|(name, text)| (name.to_owned(), text.to_owned())),
    ));
    let mut wrong = Vec::new();
    for case in cases {
        let expected = generate(FrontEnd::PrebuiltProtoc, &case).unwrap();
        match generate(FrontEnd::Protox, &case) {
            Ok(found) => assert_eq!(found, expected),
            Err(error) if error.diagnostics()[0].code() == "refused_by_protox" => {}
            Err(error) => wrong.push(error.to_string()),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
