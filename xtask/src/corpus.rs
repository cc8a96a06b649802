//! `cargo xtask corpus`: real .proto files in great number, generated, imported, used, linted, type-checked and timed. In: the
//! options of the Python program `tests/corpus`, which does the work. Out: its table, and the trees below target/corpus.
//!
//! This part gets ready what the program needs: the plugin, the programs of aristaproto-build/examples that run the engine with
//! each front end, and the environment with the runtime and the checkers. Called by the verb and by the step `corpus` of `test`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::conformance;
use crate::exec;
use crate::plugin::Plugin;
use crate::python::{self, Environment};

/// A cold release build of the engine with protox.
const BUILD_LIMIT: Duration = Duration::from_mins(30);

/// Prepares and runs the program with `arguments`.
///
/// # Errors
/// A message when something before the program fails.
pub fn run(root: &Path, arguments: &[String]) -> Result<ExitCode, String> {
    let target = exec::target_dir(root);
    let log = target.join("corpus").join("log.txt");
    eprintln!("corpus: build the plugin and the engine with protox, and install the checkers");
    let plugin = Plugin::build(root, &log)?;
    let pythons = python::discover(root)?;
    let first = pythons.first().ok_or("no Python was found")?;
    let environment = Environment::development(root, first, &log)?;
    let mut build = exec::cargo(root);
    build.args([
        "build",
        "--release",
        "--package",
        "aristaproto-build",
        "--no-default-features",
        "--features",
        "protox",
        "--examples",
    ]);
    exec::run(&mut build, &log, BUILD_LIMIT)?;
    let status = program(root, &environment.python(), &plugin)
        .arg("--examples")
        .arg(target.join("release").join("examples"))
        .args(arguments)
        .status()
        .map_err(|error| format!("cannot start {}: {error}", environment.python().display()))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The program, with the folders that it works in.
pub fn program(root: &Path, python: &Path, plugin: &Plugin) -> Command {
    let work: PathBuf = exec::target_dir(root).join("corpus");
    let mut command = exec::command(root, python);
    command
        .args(["-m", "tests.corpus", "--cache"])
        .arg(conformance::cache(root, &work))
        .arg("--work")
        .arg(&work)
        .arg("--plugin")
        .arg(plugin.program());
    command
}
