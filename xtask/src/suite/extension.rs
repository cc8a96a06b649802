//! The step `extension`: examples/extension as an adopter has it. maturin builds its wheel, an environment of its own gets it, the
//! example's tests run with both codecs, and the checkers find its types right; then the same as an editable install. Called by
//! `suite`.

use std::fs;
use std::path::{Path, PathBuf};

use super::steps::{Bench, STEP_LIMIT};
use super::Outcome;
use crate::exec;
use crate::python::{self, Environment};

const STEP: &str = "extension";
const FOLDER: &str = "examples/extension";
const REQUIREMENTS: &str = "tests/python/requirements-extension.txt";
const PIP_INSTALL: [&str; 6] = [
    "-m",
    "pip",
    "install",
    "--disable-pip-version-check",
    "--no-input",
    "--no-deps",
];

impl Bench {
    pub fn extension(&self) -> Result<Outcome, String> {
        let work = self.target.join(STEP);
        let environment = Environment::in_place(
            &self.root,
            &work.join("venv"),
            self.first_python()?,
            &[REQUIREMENTS],
            &self.log(STEP),
        )?;
        let folder = self.root.join(FOLDER);
        let with_maturin = |program: &str| {
            let mut command = exec::command(&folder, environment.program(program));
            command
                .env("PATH", python::path_with(&environment.programs()))
                .env("CARGO_TARGET_DIR", &self.target);
            command
        };

        let wheels = work.join("wheels");
        if wheels.exists() {
            fs::remove_dir_all(&wheels)
                .map_err(|error| format!("cannot remove {}: {error}", wheels.display()))?;
        }
        let mut build = with_maturin("maturin");
        build.args(["build", "--out"]).arg(&wheels);
        build.arg("--interpreter").arg(environment.python());
        self.run(STEP, build)?;
        let mut install = with_maturin("python");
        install
            .args(PIP_INSTALL)
            .arg("--force-reinstall")
            .arg(only_file(&wheels)?);
        self.run(STEP, install)?;
        self.tests_of_extension(&folder, &environment)?;

        let mut stubtest = exec::command(&folder, environment.python());
        stubtest.args(["-m", "mypy.stubtest", "acme_routes._native"]);
        self.run(STEP, stubtest)?;
        let mut mypy = exec::command(&folder, environment.program("mypy"));
        mypy.args(["--strict", "tests", "--cache-dir"])
            .arg(work.join("mypy-cache"));
        self.run(STEP, mypy)?;
        let mut pyright = exec::command(&folder, self.venv_program("pyright"));
        pyright.arg("--pythonpath").arg(environment.python());
        self.run(STEP, pyright)?;

        let mut editable = with_maturin("python");
        editable
            .args(PIP_INSTALL)
            .args(["--no-build-isolation", "--editable", "."]);
        self.run(STEP, editable)?;
        self.tests_of_extension(&folder, &environment)?;
        Ok(Outcome::Done)
    }

    fn tests_of_extension(&self, folder: &Path, environment: &Environment) -> Result<(), String> {
        for codec in ["native", "python"] {
            let mut tests = exec::command(folder, environment.python());
            tests
                .args(["-m", "pytest", "-q", "-p", "no:cacheprovider"])
                .env("ARISTAPROTO_IMPLEMENTATION", codec);
            exec::run(&mut tests, &self.log(STEP), STEP_LIMIT)?;
        }
        Ok(())
    }
}

fn only_file(folder: &Path) -> Result<PathBuf, String> {
    let entries = fs::read_dir(folder);
    let files: Vec<PathBuf> = entries
        .map_err(|error| format!("cannot read {}: {error}", folder.display()))?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    match files.as_slice() {
        [file] => Ok(file.clone()),
        _ => Err(format!("one wheel expected in {}", folder.display())),
    }
}
