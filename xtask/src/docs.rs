//! `cargo xtask docs`: the site of the guide, from docs and from the docstrings of the runtime, beside rustdoc's pages of the
//! crates. In: nothing, or `--serve` to look at it. Out: `target/docs/site`; an error for a link that leads nowhere, a page that is not
//! in the navigation and a name of the reference that there is not.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::exec;
use crate::python::{self, Environment};

const REQUIREMENTS: &str = "docs/requirements.txt";
const LIMIT: Duration = Duration::from_mins(15);
/// The features that the crates' pages are built with elsewhere, too (`package.metadata.docs.rs`): nothing of C is compiled.
const FEATURES: &str =
    "aristaproto-build/protox,aristaproto-build/prost,aristaproto-build/pyo3,aristaproto-macros/protox";

/// Builds the site, and serves it when `arguments` ask for it.
///
/// # Errors
/// A message when an argument is unknown, or with the output of cargo, pip or mkdocs.
pub fn run(root: &Path, arguments: &[String]) -> Result<ExitCode, String> {
    let serve = match arguments {
        [] => false,
        [one] if one == "--serve" => true,
        _ => {
            return Err(format!(
                "docs takes --serve or nothing, got `{}`",
                arguments.join(" ")
            ))
        }
    };
    let folder = exec::target_dir(root).join("docs");
    let log = folder.join("log.txt");
    let environment = build(root, &log)?;
    let site = folder.join("site");
    println!("{}", site.join("index.html").display());
    if serve {
        println!("http://127.0.0.1:8000; Ctrl-C ends it");
        let status = exec::command(root, environment.python())
            .args(["-m", "http.server", "--bind", "127.0.0.1", "--directory"])
            .arg(&site)
            .arg("8000")
            .status()
            .map_err(|error| format!("cannot serve {}: {error}", site.display()))?;
        return Ok(if status.success() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds the site in `target/docs/site`, and gives the environment that did.
///
/// # Errors
/// A message with the end of the log.
pub fn build(root: &Path, log: &Path) -> Result<Environment, String> {
    let target = exec::target_dir(root);
    let folder = target.join("docs");
    let python = python::discover(root)?;
    let python = python.first().ok_or("no Python was found")?;
    let environment = Environment::prepare(
        root,
        &folder.join("venv"),
        python,
        &["--requirement", REQUIREMENTS],
        &[REQUIREMENTS],
        log,
    )?;
    let mut rustdoc = exec::cargo(root);
    rustdoc
        .args(["doc", "--no-deps", "--no-default-features"])
        .args(["--package", "aristaproto-build", "--lib"])
        .args(["--package", "aristaproto-macros"])
        .args(["--package", "aristaproto-pyo3"])
        .args(["--package", "aristaproto-classes"])
        .args(["--features", FEATURES])
        .env("PYO3_PYTHON", &python.program)
        .env("RUSTDOCFLAGS", "--deny warnings");
    exec::run(&mut rustdoc, log, LIMIT)?;
    let mut mkdocs = exec::command(root, environment.python());
    mkdocs
        .args(["-m", "mkdocs", "build", "--strict", "--clean", "--site-dir"])
        .arg(folder.join("site"))
        .env("RUSTDOC", target.join("doc"))
        .env("NO_MKDOCS_2_WARNING", "1");
    exec::run(&mut mkdocs, log, LIMIT)?;
    Ok(environment)
}
