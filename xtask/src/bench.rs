//! `cargo xtask bench`: speed and memory beside google.protobuf and others. In: the options of the Python program
//! `tests/bench`, which does the measuring, and `--python 3.N`, twice or more for several Pythons. Out: its table, and table, JSON
//! and picture below target/bench, or target/bench/3.N for a Python that was named; after several, one table of all.
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
use crate::python::{self, Environment, Python};

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
    let (versions, arguments) = versions(arguments)?;
    let found = python::discover(root)?;
    let mut runs: Vec<(&Python, PathBuf)> = versions
        .iter()
        .map(|version| Ok((python::of_version(&found, version)?, folder.join(version))))
        .collect::<Result<_, String>>()?;
    if runs.is_empty() {
        runs.push((found.first().ok_or("no Python was found")?, folder.clone()));
    }
    eprintln!("bench: build the plugin and install the competitors");
    let plugin = Plugin::build(root, &log)?;
    // Everything is built before anything is measured.
    let mut ready = Vec::new();
    for (python, work) in &runs {
        ready.push(environment(root, python, &work.join("venv"), &log)?);
        if wants_bridge(&arguments) {
            build_bridge(root, python, &work.join("bridge"), &log)?;
        }
    }
    for (environment, (python, work)) in ready.iter().zip(&runs) {
        if runs.len() > 1 {
            eprintln!("bench: Python {}", python.version);
        }
        let mut program = exec::command(root, environment.python());
        program.args(["-m", "tests.bench"]).args(&arguments);
        if wants_bridge(&arguments) {
            program.arg("--bridge").arg(work.join("bridge"));
        }
        let status = program
            .arg("--work")
            .arg(work)
            .arg("--plugin")
            .arg(plugin.program())
            .arg("--protos")
            .arg(protobuf_protos(root)?)
            .arg("--cache")
            .arg(conformance::cache(root, &target.join("corpus")))
            .env("PYTHONPATH", root)
            .status()
            .map_err(|error| format!("cannot start {}: {error}", environment.python().display()))?;
        if !status.success() {
            return Ok(ExitCode::FAILURE);
        }
    }
    if let (Some(first), true) = (ready.first(), runs.len() > 1 && measures(&arguments)) {
        let mut table = exec::command(root, first.python());
        table
            .args(["-m", "tests.bench.side_by_side", "--out"])
            .arg(folder.join("side-by-side.txt"))
            .args(runs.iter().map(|(_, work)| work.join("bench.json")))
            .env("PYTHONPATH", root);
        println!("{}", exec::output(&mut table)?);
    }
    Ok(ExitCode::SUCCESS)
}

/// The Pythons that `--python` names, and the other arguments.
fn versions(arguments: &[String]) -> Result<(Vec<String>, Vec<String>), String> {
    let (mut versions, mut rest) = (Vec::new(), Vec::new());
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let version = match argument.strip_prefix("--python") {
            Some("") => arguments.next().map(String::as_str),
            Some(text) if text.starts_with('=') => text.strip_prefix('='),
            _ => {
                rest.push(argument.clone());
                continue;
            }
        };
        let version = version.ok_or("--python needs a version such as 3.14")?;
        if versions.iter().any(|other| other == version) {
            return Err(format!("--python {version} is given twice"));
        }
        versions.push(version.to_owned());
    }
    Ok((versions, rest))
}

/// The environment with the runtime and the competitors. Those that cannot be installed are named on standard error; the
/// program leaves them out.
fn environment(
    root: &Path,
    python: &Python,
    folder: &Path,
    log: &Path,
) -> Result<Environment, String> {
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
    Environment::prepare(root, folder, python, &all, &inputs, log).or_else(|_| {
        // One of them is to blame, or all: without any, then each alone.
        let environment = Environment::prepare(root, folder, python, &needed, &inputs, log)?;
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

/// Whether the program is to measure the group `bridge`: it is named, or no group is.
fn wants_bridge(arguments: &[String]) -> bool {
    const OTHERS: [&str; 7] = [
        "codec", "json", "import", "rpc", "generate", "limits", "arrays",
    ];
    let named = |groups: &[&str]| arguments.iter().any(|it| groups.contains(&it.as_str()));
    measures(arguments) && (named(&["bridge"]) || !named(&OTHERS))
}

fn measures(arguments: &[String]) -> bool {
    !arguments
        .iter()
        .any(|argument| ["--check", "--list", "--help", "-h"].contains(&argument.as_str()))
}

/// Builds the extension module of the group `bridge` as its users would, and puts it into `folder`, where `import` finds it.
fn build_bridge(root: &Path, python: &Python, folder: &Path, log: &Path) -> Result<(), String> {
    let mut build = exec::cargo(root);
    build
        .args([
            "build",
            "--release",
            "--package",
            "aristaproto-bench-bridge",
        ])
        .env("PYO3_PYTHON", &python.program);
    exec::run(&mut build, log, INSTALL_LIMIT)?;
    let library = format!(
        "{}bench_bridge{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    );
    let library = exec::target_dir(root).join("release").join(library);
    let suffix = if cfg!(windows) { "pyd" } else { "so" };
    fs::create_dir_all(folder)
        .and_then(|()| fs::copy(&library, folder.join(format!("bench_bridge.{suffix}"))))
        .map_err(|error| format!("cannot copy {}: {error}", library.display()))?;
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pythons_are_told_from_the_rest() {
        let split = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(ToString::to_string).collect();
            versions(&words)
        };
        let (pythons, rest) =
            split(&["codec", "--python", "3.11", "--quick", "--python=3.14"]).unwrap();
        assert_eq!(pythons, ["3.11", "3.14"]);
        assert_eq!(rest, ["codec", "--quick"]);
        assert!(split(&["--python"]).is_err());
        assert!(split(&["--python=3.11", "--python", "3.11"]).is_err());
    }
}
