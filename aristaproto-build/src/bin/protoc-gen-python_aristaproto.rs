//! The protoc plugin: protoc finds this program on PATH by its name when it is given `--python_aristaproto_out`. It reads a
//! request from standard input and answers on standard output; see `aristaproto_build::plugin`.

use std::env;
use std::io::{self, IsTerminal, Read, Write};
use std::process::ExitCode;

const USAGE: &str = "\
protoc-gen-python_aristaproto is a plugin of protoc, which finds it on PATH:

    protoc -I . --python_aristaproto_out=lib --python_aristaproto_opt=client_generation=async example.proto
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
    // protoc lets the plugin's standard error through, and writes its own warnings in this form.
    let warn = |warning: &str| eprintln!("{warning}");
    let answered = input
        .read_to_end(&mut request)
        .and_then(|_| io::stdout().write_all(&aristaproto_build::plugin::run(&request, warn)));
    match answered {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("protoc-gen-python_aristaproto: cannot talk to protoc: {error}");
            ExitCode::FAILURE
        }
    }
}
