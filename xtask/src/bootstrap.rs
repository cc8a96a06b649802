//! `cargo xtask bootstrap`: makes the checked-in files again that are made from the .proto files that come with the prebuilt protoc. The
//! tests that compare them with what they make are also what writes them, so there is one way to make them.

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
            "--test",
            "runtime_descriptors",
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
