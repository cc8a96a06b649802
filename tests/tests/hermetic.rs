//! What build systems count on that run the plugin far away: it reads standard input, writes standard output and no file, and
//! without the option `out_dir` the answer hangs on the request alone.
#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use aristaproto_build::descriptor::compiler::{CodeGeneratorRequest, CodeGeneratorResponse};
use aristaproto_build::{plugin, Config};
use aristaproto_tests::{plugin_program, workspace};
use prost::Message;

fn request() -> Vec<u8> {
    let protos = workspace().join("tests/protos");
    let set = Config::new().load(&[&protos.join("calls.proto")], &[&protos]);
    let set = set.unwrap();
    CodeGeneratorRequest {
        file_to_generate: set.to_generate,
        parameter: Some("client_generation=sync_async".to_owned()),
        proto_file: set.file.file,
        ..CodeGeneratorRequest::default()
    }
    .encode_to_vec()
}

/// Runs the plugin where it can write no file and have one open besides the three that it is given, which is what the
/// loader needs.
fn answer(folder: &Path, environment: &[(&str, &str)], request: &[u8]) -> Vec<u8> {
    let mut child = Command::new("/bin/sh")
        .args(["-c", r#"ulimit -f 0 && ulimit -n 4 && exec "$0""#])
        .arg(plugin_program())
        .current_dir(folder)
        .env_clear()
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It reads all of the request before it answers.
    child.stdin.take().unwrap().write_all(request).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    output.stdout
}

#[test]
fn the_plugin_answers_without_files_and_environment() {
    let request = request();
    let mut expected = Vec::new();
    plugin::run(request.clone(), &mut expected, |warning| {
        panic!("{warning}")
    })
    .unwrap();
    let response = CodeGeneratorResponse::decode(expected.as_slice()).unwrap();
    assert_eq!(response.error, None);
    assert!(response.file.len() > 3);

    let folder = tempfile::tempdir().unwrap();
    assert!(answer(folder.path(), &[], &request) == expected);
    // Neither the folder nor variables that mean something to build scripts change a byte.
    let out = folder.path().to_str().unwrap();
    let build_script = [
        ("OUT_DIR", out),
        ("CARGO_MANIFEST_DIR", out),
        ("CARGO_PKG_NAME", "other"),
        ("ARISTAPROTO_CHECK", "1"),
        ("PROTOC", "/nowhere"),
        ("TZ", "Asia/Tokyo"),
        ("LC_ALL", "tr_TR.UTF-8"),
    ];
    assert!(answer(folder.path(), &build_script, &request) == expected);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
