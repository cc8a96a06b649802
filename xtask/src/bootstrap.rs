//! `cargo xtask bootstrap`: makes the checked-in files again that are made from the .proto files inside protobuf-src. The
//! test that compares them with what it makes is also what writes them, so there is one way to make them.

use std::path::Path;
use std::process::Command;

/// Runs the verb in the workspace `root`; it takes no arguments.
pub fn run(root: &Path, args: &[String]) -> Result<(), String> {
    if let Some(arg) = args.first() {
        return Err(format!("bootstrap takes no arguments, got {arg}"));
    }
    let status = Command::new(env!("CARGO"))
        .args([
            "test",
            "--package",
            "aristaproto-tests",
            "--test",
            "descriptor",
        ])
        .env("ARISTAPROTO_BLESS", "1")
        .current_dir(root)
        .status()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err("the files could not be made; see above".to_owned())
    }
}
