//! `cargo xtask soak`: calls under load and faults, our clients and servers beside google's; with `--hostile` damaged messages
//! and bombs instead. In: the options of the Python programs `tests/soak` and `tests/hostile`, which do the work. Out: their
//! tables, also below target/soak and target/hostile.
//!
//! This part gets ready what the programs need: the plugin, and the environment with the runtime, grpcio and grpclib. Called
//! by the verb and by the step `soak` of `test`.

use std::path::Path;
use std::process::{Command, ExitCode};

use crate::exec;
use crate::plugin::Plugin;
use crate::python::{self, Environment};

/// The program for calls, a package below tests.
pub const CALLS: &str = "soak";
/// The program for damaged messages and bombs.
pub const HOSTILE: &str = "hostile";

/// Prepares and runs the program that the first of the arguments asks for, with the others.
///
/// # Errors
/// A message when something before the program fails.
pub fn run(root: &Path, arguments: &[String]) -> Result<ExitCode, String> {
    let (name, arguments) = match arguments {
        [first, rest @ ..] if first == "--hostile" => (HOSTILE, rest),
        all => (CALLS, all),
    };
    let log = exec::target_dir(root).join(name).join("log.txt");
    eprintln!("soak: build the plugin and install the transports");
    let plugin = Plugin::build(root, &log)?;
    let pythons = python::discover(root)?;
    let first = pythons.first().ok_or("no Python was found")?;
    let environment = Environment::development(root, first, &log)?;
    let status = program(root, name, &environment.python(), &plugin)
        .args(arguments)
        .status()
        .map_err(|error| format!("cannot start {}: {error}", environment.python().display()))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A program, with the folder that it works in.
pub fn program(root: &Path, name: &str, python: &Path, plugin: &Plugin) -> Command {
    let mut command = exec::command(root, python);
    command
        .args(["-m", &format!("tests.{name}"), "--work"])
        .arg(exec::target_dir(root).join(name))
        .arg("--plugin")
        .arg(plugin.program());
    command
}
