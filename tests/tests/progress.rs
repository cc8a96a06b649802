//! Who sits before a terminal sees what a run of more than two seconds is doing; nobody else sees anything. The test runs itself
//! again in a pseudo-terminal, with a protoc that takes its time.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use aristaproto_build::{Config, FrontEnd};
use aristaproto_tests::python;

/// The name of this test, and the variable that tells it to do the work.
const NAME: &str = "a_long_run_in_a_terminal_tells_its_stages";
const WORK: &str = "ARISTAPROTO_TEST_PROGRESS";

/// Runs its arguments in a pseudo-terminal, and prints what they print.
const TERMINAL: &str =
    "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

#[test]
fn a_long_run_in_a_terminal_tells_its_stages() {
    if let Some(seconds) = std::env::var_os(WORK) {
        return work(seconds.to_str().unwrap());
    }
    let own = std::env::current_exe().unwrap();
    let own = [own.to_str().unwrap(), "--exact", NAME, "--nocapture"];
    let lines = |command: &mut Command, seconds: &str| {
        let output = command
            .env(WORK, seconds)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("1 passed"), "{text}");
        // The harness writes the test's name in front of the first line.
        let lines = text
            .lines()
            .filter_map(|line| Some(line.split_once("aristaproto: ")?.1.trim_end().to_owned()));
        lines.collect::<Vec<_>>()
    };
    let mut terminal = Command::new(python());
    terminal.args(["-c", TERMINAL]).args(own);
    let shown = lines(&mut terminal, "2.2");
    let [read, resolve, render, write] = shown.as_slice() else {
        panic!("{shown:?}")
    };
    assert!(
        read.starts_with("protoc (the setting `protoc`) is reading 1 file"),
        "{read}"
    );
    assert_eq!(resolve, "resolving 2 files");
    assert_eq!(render, "rendering 2 modules");
    assert!(
        write.starts_with("writing ") && write.contains(" of ") && write.contains(" files into "),
        "{write}"
    );
    assert_eq!(lines(&mut terminal, "0"), [""; 0], "a short run");
    assert_eq!(
        lines(Command::new(own[0]).args(&own[1..]), "2.2"),
        [""; 0],
        "no terminal"
    );
}

fn work(seconds: &str) {
    let folder = tempfile::tempdir().unwrap();
    let proto = folder.path().join("a.proto");
    fs::write(&proto, "syntax = \"proto3\"; package a; import \"google/protobuf/any.proto\"; message A { google.protobuf.Any a = 1; }").unwrap();
    let protoc = folder.path().join("protoc");
    let real = aristaproto_tests::protoc();
    fs::write(
        &protoc,
        format!(
            "#!/bin/sh\nsleep {seconds}\nexec '{}' \"$@\"\n",
            real.display()
        ),
    )
    .unwrap();
    fs::set_permissions(&protoc, fs::Permissions::from_mode(0o755)).unwrap();
    Config::new()
        .front_end(FrontEnd::Protoc(protoc))
        .out_dir(folder.path().join("lib"))
        .compile_protos(&[proto], &[folder.path()])
        .unwrap();
}
