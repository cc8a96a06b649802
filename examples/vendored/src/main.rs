//! Sends a message to Python and reads the answer: prost on this side, the generated package `lib` on the other. The one
//! argument is the Python to start; `python3` without it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use prost::Message as _;

/// What prost made of `proto/example.proto`.
#[allow(
    missing_docs,
    dead_code,
    clippy::pedantic,
    reason = "generated, and more than this program uses; the proto file is the documentation"
)]
mod example {
    include!(concat!(env!("OUT_DIR"), "/example.rs"));
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let python = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "python3".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/main.py");
    let request = example::Request {
        name: "Rust".to_owned(),
    };

    let mut child = Command::new(&python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start {python}: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(&request.encode_to_vec())?;
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("{python} ended with {}", output.status).into());
    }

    let response = example::Response::decode(output.stdout.as_slice())?;
    println!("{}", response.names.join(" "));
    Ok(())
}
