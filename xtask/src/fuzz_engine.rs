//! `cargo xtask fuzz-engine N`: as many descriptor sets as one has time for, where `cargo test` draws a few. In: how many, and
//! the first seed if a failure is to be seen again. Out: what the test prints. The Python is that of `cargo xtask test python`.

use std::path::Path;
use std::process::{ExitCode, Stdio};

use crate::exec;

/// # Errors
/// A message when an argument is no number or cargo cannot start.
pub fn run(root: &Path, arguments: &[String]) -> Result<ExitCode, String> {
    let mut cargo = exec::cargo(root);
    cargo.args(["test", "--package", "aristaproto-tests"]);
    cargo.args(["--test", "hostile_descriptors", "--", "--nocapture"]);
    let variables = ["ARISTAPROTO_FUZZ_SETS", "ARISTAPROTO_FUZZ_SEED"];
    if arguments.is_empty() || arguments.len() > variables.len() {
        return Err("usage: cargo xtask fuzz-engine N [FIRST_SEED]".to_owned());
    }
    for (variable, argument) in variables.iter().zip(arguments) {
        let number: u64 = argument
            .parse()
            .map_err(|_| format!("`{argument}` is no number of descriptor sets and no seed"))?;
        cargo.env(variable, number.to_string());
    }
    let status = cargo
        .stdout(Stdio::inherit())
        .stderr(Stdio::inherit())
        .status();
    let status = status.map_err(|error| format!("cannot start cargo: {error}"))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
