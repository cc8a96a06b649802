//! The protoc plugin: protoc finds this program on PATH by its name when it is given `--python_aristaproto_out`. It reads a
//! request from standard input and answers on standard output; see `aristaproto_build::plugin`.

#[cfg(target_os = "linux")]
use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, mem};

use aristaproto_build::plugin::Answer;

const USAGE: &str = "\
protoc-gen-python_aristaproto is a plugin of protoc, which finds it on PATH:

    protoc -I . --python_aristaproto_out=lib --python_aristaproto_opt=out_dir=lib,client_generation=async example.proto
";

fn main() -> ExitCode {
    match env::args().nth(1).as_deref() {
        Some("--version") => {
            println!(
                "protoc-gen-python_aristaproto {}",
                env!("CARGO_PKG_VERSION")
            );
            return ExitCode::SUCCESS;
        }
        Some("--help" | "-h") => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Some(argument) => {
            eprint!(
                "protoc-gen-python_aristaproto takes no argument, got `{argument}`.\n\n{USAGE}"
            );
            return ExitCode::FAILURE;
        }
        None => {}
    }
    let mut input = io::stdin();
    if input.is_terminal() {
        eprint!("{USAGE}");
        return ExitCode::FAILURE;
    }
    let mut request = Vec::new();
    let written = input.read_to_end(&mut request).and_then(|_| {
        let mut answer = Answer::to(request);
        if let Some(folder) = folder_of_protoc() {
            answer.warn_of_losses(&folder);
        }
        for warning in answer.warnings() {
            // protoc lets the plugin's standard error through, and writes its own warnings in this form.
            eprintln!("{warning}");
        }
        answer.write(io::stdout().lock())?;
        // protoc waits for the end. To give back the memory of thousands of files piece by piece takes long.
        mem::forget(answer);
        Ok(())
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("protoc-gen-python_aristaproto: cannot talk to protoc: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The folder that protoc writes to, where its command line can be read. Nothing that is generated depends on it.
#[cfg(target_os = "linux")]
fn folder_of_protoc() -> Option<PathBuf> {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::process::parent_id;

    const OUT: &[u8] = b"--python_aristaproto_out=";
    let line = fs::read(format!("/proc/{}/cmdline", parent_id())).ok()?;
    let value = line
        .split(|&byte| byte == 0)
        .find_map(|it| it.strip_prefix(OUT))?;
    // `options:folder`
    let folder = value.splitn(2, |&byte| byte == b':').last()?;
    let folder = PathBuf::from(OsStr::from_bytes(folder));
    // protoc also writes archives.
    folder.is_dir().then_some(folder)
}

#[cfg(not(target_os = "linux"))]
fn folder_of_protoc() -> Option<PathBuf> {
    None
}
