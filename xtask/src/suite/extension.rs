//! The step `extension`: the extension modules among the examples, as adopters have them. maturin builds the wheel of each, an
//! environment of its own gets it, its tests run with both codecs, and the checkers find its types right; examples/extension also
//! as an editable install. What examples/monorepo generates for Python becomes wheels, too. Called by `suite`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::steps::{Bench, STEP_LIMIT};
use super::Outcome;
use crate::exec;
use crate::python::{self, Environment};

const STEP: &str = "extension";
const REQUIREMENTS: &str = "tests/python/requirements-extension.txt";

/// A mixed project of maturin.
struct Project {
    folder: PathBuf,
    module: &'static str,
}

impl Bench {
    pub fn extension(&self) -> Result<Outcome, String> {
        let examples = self.root.join("examples");
        let environment = Environment::in_place(
            &self.root,
            &self.target.join(STEP).join("venv"),
            self.first_python()?,
            &[REQUIREMENTS],
            &self.log(STEP),
        )?;
        let routes = Project {
            folder: examples.join("extension"),
            module: "acme_routes._native",
        };
        self.wheel(&routes, &environment)?;
        let mut editable = self.with_maturin(&routes, &environment, "python");
        pip_install(&mut editable).args(["--no-build-isolation", "--editable", "."]);
        self.run(STEP, editable)?;
        self.tests_of(&routes, &environment)?;

        let monorepo = examples.join("monorepo");
        // Its build script, and that of the crate below it, generate the packages.
        let generate = ["build", "--package", "aristaproto-example-shop-protos"];
        self.run(STEP, self.cargo(&generate))?;
        for crate_folder in ["common", "shop"] {
            self.generated_package(&monorepo.join(crate_folder).join("python"), &environment)?;
        }
        let pricing = Project {
            folder: monorepo.join("pricing"),
            module: "acme_pricing._native",
        };
        self.wheel(&pricing, &environment)?;
        Ok(Outcome::Done)
    }

    /// Builds and installs the wheel of a package that a build script has generated.
    fn generated_package(&self, folder: &Path, environment: &Environment) -> Result<(), String> {
        let wheels = self.target.join(STEP).join("generated");
        exec::remove(&wheels)?;
        let python = environment.python();
        let mut build = exec::command(folder, python.clone());
        build.args(["-m", "pip", "wheel", "--disable-pip-version-check"]);
        build.args(["--no-deps", "--no-build-isolation", "--wheel-dir"]);
        build.arg(&wheels).arg(".");
        self.run(STEP, build)?;
        self.install(&wheels, exec::command(folder, python))
    }

    /// Installs the wheel of a folder, which has the generated modules and not the generator's list of them.
    fn install(&self, wheels: &Path, mut python: Command) -> Result<(), String> {
        let wheel = only_file(wheels)?;
        let bytes = fs::read(&wheel).map_err(|error| error.to_string())?;
        // The names in an archive are not compressed.
        let has = |name: &str| bytes.windows(name.len()).any(|it| it == name.as_bytes());
        if !has("/message_pool.py") || has(".aristaproto-manifest") {
            return Err(format!("{} has other files", wheel.display()));
        }
        pip_install(&mut python).arg("--force-reinstall").arg(wheel);
        self.run(STEP, python)?;
        Ok(())
    }

    /// Builds, installs, tests and checks the wheel of a project.
    fn wheel(&self, project: &Project, environment: &Environment) -> Result<(), String> {
        let work = self.target.join(STEP).join(project.module);
        let wheels = work.join("wheels");
        exec::remove(&wheels)?;
        let mut build = self.with_maturin(project, environment, "maturin");
        build.args(["build", "--out"]).arg(&wheels);
        build.arg("--interpreter").arg(environment.python());
        self.run(STEP, build)?;
        self.install(&wheels, self.with_maturin(project, environment, "python"))?;
        self.tests_of(project, environment)?;

        let mut stubtest = project.command(environment.python());
        stubtest.args(["-m", "mypy.stubtest", project.module]);
        self.run(STEP, stubtest)?;
        let mut mypy = project.command(environment.program("mypy"));
        mypy.args(["--strict", "tests", "--cache-dir"])
            .arg(work.join("mypy-cache"));
        self.run(STEP, mypy)?;
        let mut pyright = project.command(self.venv_program("pyright"));
        pyright.arg("--pythonpath").arg(environment.python());
        self.run(STEP, pyright)?;
        Ok(())
    }

    fn with_maturin(&self, project: &Project, environment: &Environment, name: &str) -> Command {
        let mut command = project.command(environment.program(name));
        command
            .env("PATH", python::path_with(&environment.programs()))
            .env("CARGO_TARGET_DIR", &self.target);
        command
    }

    fn tests_of(&self, project: &Project, environment: &Environment) -> Result<(), String> {
        for codec in ["native", "python"] {
            let mut tests = project.command(environment.python());
            tests
                .args(["-m", "pytest", "-q", "-p", "no:cacheprovider"])
                .env("ARISTAPROTO_IMPLEMENTATION", codec);
            exec::run(&mut tests, &self.log(STEP), STEP_LIMIT)?;
        }
        Ok(())
    }
}

impl Project {
    fn command(&self, program: PathBuf) -> Command {
        exec::command(&self.folder, program)
    }
}

fn pip_install(pip: &mut Command) -> &mut Command {
    pip.args(["-m", "pip", "install", "--disable-pip-version-check"])
        .args(["--no-input", "--no-deps"])
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
