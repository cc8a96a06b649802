//! `cargo xtask bench`: speed and memory beside google.protobuf and others. In: the options of the Python program
//! `tests/bench`, which does the measuring. Out: its table, and table, JSON and picture below target/bench.
//!
//! This part gets ready what the program needs: a release build of the plugin, an environment of its own with the
//! runtime as users install it and the competitors, and the proto files of protobuf-src.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use crate::conformance;
use crate::exec;
use crate::plugin::Plugin;
use crate::python::{self, Environment};

/// Installing a competitor may have to wait for a slow network.
const INSTALL_LIMIT: Duration = Duration::from_mins(15);
/// Each line: the packages of one competitor.
const COMPETITORS: &str = "tests/bench/competitors.txt";

/// Prepares and runs the program with `arguments`.
///
/// # Errors
/// A message when something before the program fails.
pub fn run(root: &Path, arguments: &[String]) -> Result<ExitCode, String> {
    let target = exec::target_dir(root);
    let folder = target.join("bench");
    fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    let log = folder.join("log.txt");
    if log.exists() {
        fs::remove_file(&log)
            .map_err(|error| format!("cannot remove {}: {error}", log.display()))?;
    }
    eprintln!("bench: build the plugin and install the competitors");
    let plugin = Plugin::build(root, &log)?;
    let environment = environment(root, &folder.join("venv"), &log)?;
    let status = exec::command(root, environment.python())
        .args(["-m", "tests.bench"])
        .args(arguments)
        .arg("--work")
        .arg(&folder)
        .arg("--plugin")
        .arg(plugin.program())
        .arg("--protos")
        .arg(protobuf_protos(root)?)
        .arg("--cache")
        .arg(conformance::cache(root, &target.join("corpus")))
        .env("PYTHONPATH", root)
        .status()
        .map_err(|error| format!("cannot start {}: {error}", environment.python().display()))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The environment with the runtime and the competitors. Those that cannot be installed are named on standard error; the
/// program leaves them out.
fn environment(root: &Path, folder: &Path, log: &Path) -> Result<Environment, String> {
    let pythons = python::discover(root)?;
    let first = pythons.first().ok_or("no Python was found")?;
    let text = fs::read_to_string(root.join(COMPETITORS))
        .map_err(|error| format!("cannot read {COMPETITORS}: {error}"))?;
    let competitors: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| line.split_whitespace().collect())
        .collect();
    let needed = [
        "--requirement",
        "tests/bench/requirements.txt",
        "./aristaproto-runtime",
    ];
    let inputs = [
        "tests/bench/requirements.txt",
        "aristaproto-runtime",
        "Cargo.toml",
        "Cargo.lock",
    ];
    let all: Vec<&str> = needed
        .into_iter()
        .chain(competitors.iter().flatten().copied())
        .collect();
    Environment::prepare(root, folder, first, &all, &inputs, log).or_else(|_| {
        // One of them is to blame, or all: without any, then each alone.
        let environment = Environment::prepare(root, folder, first, &needed, &inputs, log)?;
        for packages in &competitors {
            let mut pip = exec::command(root, environment.python());
            pip.args(["-m", "pip", "install", "--no-input"]);
            pip.args(packages);
            if exec::run(&mut pip, log, INSTALL_LIMIT).is_err() {
                eprintln!(
                    "bench: left out: {} cannot be installed; see {}",
                    packages.join(" "),
                    log.display()
                );
            }
        }
        Ok(environment)
    })
}

/// The folder of protobuf's own proto files inside protobuf-src, as cargo unpacked it; it need not be built.
fn protobuf_protos(root: &Path) -> Result<PathBuf, String> {
    let mut cargo = exec::cargo(root);
    cargo.args(["metadata", "--format-version", "1"]);
    let metadata = exec::output(&mut cargo)?;
    // One string of the JSON is looked for; it is no reason to depend on a JSON parser.
    metadata
        .split("\"manifest_path\":\"")
        .filter_map(|rest| rest.split('"').next())
        .map(|path| PathBuf::from(path.replace("\\\\", "\\")))
        .filter_map(|manifest| manifest.parent().map(Path::to_path_buf))
        .find(|folder| {
            folder
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("protobuf-src-"))
        })
        .map(|folder| folder.join("protobuf").join("src"))
        .ok_or_else(|| "cargo metadata does not name protobuf-src".to_owned())
}
