//! `Config::prost`: the Rust types come from the same descriptors as the Python.

use std::fs;
use std::path::Path;

use aristaproto_build::{Config, FrontEnd};

const PROTO: &str = "\
syntax = \"proto3\";
package shop;
message Order {
  string id = 1;
  map<string, int32> amounts = 2;
}
";

fn prost(out_dir: &Path) -> prost_build::Config {
    let mut prost = prost_build::Config::new();
    prost.out_dir(out_dir).btree_map(["."]);
    prost
}

#[test]
fn one_call_writes_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let proto = folder.path().join("shop.proto");
    fs::write(&proto, PROTO).unwrap();
    Config::new()
        .front_end(FrontEnd::Protox)
        .out_dir(folder.path().join("python"))
        .prost(prost(folder.path()))
        .compile_protos(&[&proto], &[] as &[&Path])
        .unwrap();
    let rust = fs::read_to_string(folder.path().join("shop.rs")).unwrap();
    assert!(
        rust.contains("pub struct Order {") && rust.contains("BTreeMap<"),
        "{rust}"
    );
    let python = fs::read_to_string(folder.path().join("python/shop/__init__.py")).unwrap();
    assert!(
        python.contains("class Order(") && python.contains("amounts: dict[str, int]"),
        "{python}"
    );
}

#[test]
fn an_edition_is_refused_where_prost_would_guess() {
    let folder = tempfile::tempdir().unwrap();
    let proto = folder.path().join("shop.proto");
    fs::write(
        &proto,
        PROTO.replace("syntax = \"proto3\"", "edition = \"2023\""),
    )
    .unwrap();
    let error = Config::new()
        .front_end(FrontEnd::PrebuiltProtoc)
        .out_dir(folder.path().join("python"))
        .prost(prost(folder.path()))
        .compile_protos(&[&proto], &[] as &[&Path])
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "`{}` uses an edition, which prost-build does not know\n  \
             hint: leave `Config::prost` out, or write `syntax = \"proto3\"` in the file",
            proto.display()
        )
    );
    assert!(!folder.path().join("shop.rs").exists() && !folder.path().join("python").exists());
}

#[test]
fn what_prost_says_is_passed_on() {
    let folder = tempfile::tempdir().unwrap();
    let proto = folder.path().join("shop.proto");
    fs::write(&proto, PROTO).unwrap();
    let error = Config::new()
        .front_end(FrontEnd::Protox)
        .out_dir(folder.path().join("python"))
        .prost(prost(&folder.path().join("nowhere")))
        .compile_protos(&[&proto], &[] as &[&Path])
        .unwrap_err();
    let report = error.to_string();
    assert!(
        report.starts_with("prost-build cannot write the Rust types: "),
        "{report}"
    );
}

#[test]
fn classes_without_rust_types_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let proto = folder.path().join("shop.proto");
    fs::write(&proto, PROTO).unwrap();
    let error = Config::new()
        .front_end(FrontEnd::Protox)
        .out_dir(folder.path().join("python"))
        .pyo3("acme.gen")
        .compile_protos(&[&proto], &[] as &[&Path])
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`Config::pyo3(\"acme.gen\")` is for the Rust types of prost, and there are none\n  \
         hint: call `Config::prost`, too"
    );
    assert!(!folder.path().join("python").exists());
}
