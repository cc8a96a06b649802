//! `cargo xtask soak`: calls under load and faults, our clients and servers beside google's. In: the options of the Python
//! program `tests/soak`, which does the work. Out: its table, and table and JSON below target/soak.
//!
//! This part gets ready what the program needs: the plugin, and the environment with the runtime, grpcio and grpclib. Called
//! by the verb and by the step `soak` of `test`.

use std::path::Path;
use std::process::{Command, ExitCode};

use crate::exec;
use crate::plugin::Plugin;
use crate::python::{self, Environment};

/// Prepares and runs the program with `arguments`.
///
/// # Errors
/// A message when something before the program fails.
pub fn run(root: &Path, arguments: &[String]) -> Result<ExitCode, String> {
    let target = exec::target_dir(root);
    let log = target.join("soak").join("log.txt");
    eprintln!("soak: build the plugin and install the transports");
    let plugin = Plugin::build(root, &log)?;
    let pythons = python::discover(root)?;
    let first = pythons.first().ok_or("no Python was found")?;
    let environment = Environment::development(root, first, &log)?;
    let status = program(root, &environment.python(), &plugin)
        .args(arguments)
        .status()
        .map_err(|error| format!("cannot start {}: {error}", environment.python().display()))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The program, with the folder that it works in.
pub fn program(root: &Path, python: &Path, plugin: &Plugin) -> Command {
    let mut command = exec::command(root, python);
    command
        .args(["-m", "tests.soak", "--work"])
        .arg(exec::target_dir(root).join("soak"))
        .arg("--plugin")
        .arg(plugin.program());
    command
}
