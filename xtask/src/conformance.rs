//! `cargo xtask conformance`: protobuf's official conformance suite, recommended tests included, against the Python
//! runtime and freshly generated code. In: nothing, or `--python 3.N`. Out: totals by syntax and format, as the runner reports them.
//!
//! It fails unless every test of both suites (binary and JSON, then text format) succeeded: the runner itself would let
//! skipped tests pass. There is no list of failures that are put up with.
//! <https://github.com/protocolbuffers/protobuf/tree/main/conformance>

mod report;
mod runner;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use crate::exec;
use crate::plugin::Plugin;
use crate::python::{self, Environment};
use report::Report;
pub use runner::platform_name;
use runner::Runner;

/// The suite takes seconds; a testee that hangs is given up by the runner itself, test by test.
const RUN_LIMIT: Duration = Duration::from_mins(15);
/// The test messages' newest edition.
const MAXIMUM_EDITION: &str = "2023";
/// How many of the tests that did not succeed are printed; the log has all.
const SHOWN_PROBLEMS: usize = 20;

/// Fetches what is missing, generates, runs the suite and prints the totals.
///
/// # Errors
/// A message when something before the suite fails, or when the suite does not come to its end.
pub fn run(root: &Path, arguments: &[String]) -> Result<ExitCode, String> {
    let version = match arguments {
        [] => None,
        [option, version] if option == "--python" => Some(version.as_str()),
        _ => {
            return Err(format!(
                "conformance takes `--python 3.N`, got `{}`",
                arguments.join(" ")
            ))
        }
    };
    let folder = exec::target_dir(root).join("conformance");
    let output = folder.join("output");
    // What an earlier run left would be taken for this one's.
    for old in [&output, &folder.join("log.txt"), &folder.join("runner.txt")] {
        exec::remove(old)?;
    }
    fs::create_dir_all(&output)
        .map_err(|error| format!("cannot create {}: {error}", output.display()))?;
    let log = folder.join("log.txt");

    let runner = Runner::ready(root, &cache(root, &folder), &log)?;
    let pythons = python::discover(root)?;
    let first = pythons.first().ok_or("no Python was found")?;
    let environment = Environment::development(root, first, &log)?;
    let tree = folder.join("tree");
    Plugin::build(root, &log)?.generate(
        &environment.python(),
        &runner.protos(),
        &test_protos(&runner.protos())?,
        "",
        &tree,
        &log,
    )?;

    let testee = match version {
        None => environment.clone(),
        Some(version) => {
            let python = python::of_version(&pythons, version)?;
            Environment::of_version(root, python, &log)?
        }
    };

    let mut command = runner.command(root);
    command
        .args(["--enforce_recommended", "--verbose"])
        .args(["--maximum_edition", MAXIMUM_EDITION])
        .arg("--output_dir")
        .arg(&output)
        .arg(testee.python())
        .arg(root.join("tests/conformance/testee.py"))
        .arg(&tree);
    let log = folder.join("runner.txt");
    let ended = exec::run(&mut command, &log, RUN_LIMIT);
    let text = fs::read(&log).map_err(|error| format!("cannot read {}: {error}", log.display()))?;
    let report = Report::parse(&String::from_utf8_lossy(&text));
    println!("{}", report.table());
    let mut problems = report.problems();
    if problems.is_empty() {
        // Nothing in the report explains why the runner failed, if it did.
        ended?;
        if let Some(list) = failure_list(&output) {
            problems.push(format!("the runner wrote {}", list.display()));
        }
    }
    if problems.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    for problem in problems.iter().take(SHOWN_PROBLEMS) {
        println!("{problem}");
    }
    if let Some(more @ 1..) = problems.len().checked_sub(SHOWN_PROBLEMS) {
        println!("and {more} more");
    }
    println!("all that the runner said: {}", log.display());
    Ok(ExitCode::FAILURE)
}

/// Where downloads are kept: `ARISTAPROTO_CACHE`, or a folder that goes with the clone.
pub fn cache(root: &Path, folder: &Path) -> PathBuf {
    match std::env::var_os("ARISTAPROTO_CACHE") {
        Some(named) if !named.is_empty() => root.join(named),
        _ => folder.join("cache"),
    }
}

/// The protos of the runner's package, relative to `folder`: all in one list, because what one run of the plugin
/// generates is one whole tree.
fn test_protos(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for below in ["conformance", "google/protobuf"] {
        let entries = fs::read_dir(folder.join(below))
            .map_err(|error| format!("cannot read {}/{below}: {error}", folder.display()))?;
        files.extend(
            entries
                .flatten()
                .map(|entry| Path::new(below).join(entry.file_name()))
                .filter(|path| {
                    path.extension()
                        .is_some_and(|extension| extension == "proto")
                }),
        );
    }
    files.sort();
    Ok(files)
}

/// The list of failures that the runner leaves when there are some.
fn failure_list(output: &Path) -> Option<PathBuf> {
    let list = output.join("failing_tests.txt");
    list.exists().then_some(list)
}
