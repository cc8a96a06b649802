//! `cargo xtask bless`: the expected files of the tests are rewritten with what the code gives now. Look at the diff.

use std::path::Path;

use crate::exec;

/// Runs the tests that own expected files, told to rewrite them.
///
/// # Errors
/// A message when cargo cannot start or a test fails for another reason.
pub fn run(root: &Path) -> Result<(), String> {
    let mut command = exec::cargo(root);
    command
        .args([
            "test",
            "--package",
            "aristaproto-tests",
            "--package",
            "aristaproto-macro-ui",
        ])
        .env("ARISTAPROTO_BLESS", "1")
        .env("TRYBUILD", "overwrite");
    let status = command
        .status()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    if !status.success() {
        return Err("some tests fail for another reason than their expected files".to_owned());
    }
    println!("Expected files are rewritten; `git diff` shows what changed.");
    Ok(())
}
