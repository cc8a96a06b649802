//! What the steps of `cargo xtask test` do: each is a method of `Bench`, which knows folders and interpreters. Called by
//! `suite`.
//!
//! All cargo commands run with the same environment and the dev profile, so that the vendored protoc (minutes on two
//! cores) is built once for clippy, tests, docs and examples.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::Outcome;
use crate::conformance;
use crate::corpus;
use crate::docs;
use crate::exec;
use crate::oldest_rust;
use crate::plugin::Plugin;
use crate::python::{self, Environment, Python};
use crate::pythons;
use crate::soak;

/// No step may run longer than this; a hanging one fails instead of blocking the rest.
pub(super) const STEP_LIMIT: Duration = Duration::from_mins(40);

/// The folder of proto files that are wrong on purpose: nothing can be generated from them.
const INVALID_PROTOS: &str = "invalid";

/// The trees that the Python tests import: folder, and the plugin's options.
const TREES: &[(&str, &str)] = &[
    ("sync", ""),
    (
        "grpcio",
        "client_generation=sync_async,client_async_transport=grpcio,\
         server_generation=async,server_async_transport=grpcio",
    ),
    (
        "grpclib",
        "client_generation=async_sync,server_generation=async",
    ),
    (
        "no_default",
        "client_generation=sync_async_no_default,\
         server_generation=sync_async_no_default,server_async_transport=grpcio",
    ),
    ("pydantic", "pydantic_dataclasses,client_generation=none"),
    (
        "descriptors",
        "google_protobuf_descriptors,client_generation=async,server_generation=async",
    ),
];

/// Trees of tests/stacked, which stand on each other: folder, folder of the proto files, the plugin's options. A tree inside
/// another one comes after it.
const STACKED_TREES: &[(&str, &str, &str)] = &[
    ("stacked/shared", "shared", "client_generation=sync_async"),
    (
        "stacked/orders",
        "orders",
        "client_generation=sync_async,server_generation=async,google_protobuf_descriptors,\
         extern_package=acme.shared:trees.stacked.shared.acme.shared",
    ),
    (
        "stacked/shop",
        "shop",
        "pydantic_dataclasses,extern_package=acme.shared:trees.stacked.shared.acme.shared,\
         extern_package=acme.orders:trees.stacked.orders.acme.orders",
    ),
    (
        "stacked/beside",
        "orders",
        "extern_package=acme.shared:.vendored.acme.shared",
    ),
    (
        "stacked/beside/vendored",
        "shared",
        "client_generation=none",
    ),
];

/// Which Python a step means.
#[derive(Clone, Copy)]
pub enum Under {
    Oldest,
    Newest,
    Minor(u32),
}

/// The newest Python with a wheel of the oldest grpcio.
const OLDEST_GRPCIO_NEWEST_MINOR: u32 = 12;
/// The tests of calls that need nothing but the transports: `tests/python/grpc/test_NAME.py`.
const CALL_TESTS: &[&str] = &[
    "call_kinds",
    "call_options",
    "calls",
    "faults",
    "interceptors",
    "internals",
    "lifetimes",
    "request_streams",
    "servers",
    "specification",
];

/// What the steps share: folders, interpreters, environments.
pub struct Bench {
    pub(super) root: PathBuf,
    pub(super) target: PathBuf,
    logs: PathBuf,
    pythons: Vec<Python>,
}

impl Bench {
    pub fn new(root: &Path) -> Result<Self, String> {
        let target = exec::target_dir(root);
        let logs = target.join("xtask-logs");
        // Logs of an earlier run would be mistaken for this one's.
        exec::remove(&logs)?;
        let pythons = python::discover(root)?;
        println!(
            "Python: {}",
            pythons
                .iter()
                .map(|p| p.version.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        );
        Ok(Self {
            root: root.to_path_buf(),
            target,
            logs,
            pythons,
        })
    }

    pub(super) fn log(&self, step: &str) -> PathBuf {
        self.logs.join(format!("{step}.log"))
    }

    /// The main environment; the step `python` fills it.
    fn venv(&self) -> PathBuf {
        self.root.join("target").join("venv")
    }

    pub(super) fn venv_program(&self, name: &str) -> PathBuf {
        let folder = if cfg!(windows) { "Scripts" } else { "bin" };
        self.venv()
            .join(folder)
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// The package of the trees for the Python tests; the folder above it is on their path. The package keeps a tree
    /// called `grpclib` from hiding the library of that name.
    pub(super) fn trees_dir(&self) -> PathBuf {
        self.root.join("target").join("python-tests").join("trees")
    }

    /// Where the programs of the guide lie, which import the trees beside them.
    fn guide_dir(&self) -> PathBuf {
        self.root.join("target").join("python-tests").join("guide")
    }

    /// A cargo command with the environment that all cargo steps share.
    pub(super) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = exec::cargo(&self.root);
        command.args(arguments);
        command.env("ARISTAPROTO_PYTHON", self.venv_program("python"));
        command.env("PATH", python::path_with(&self.tools().join("bin")));
        if let Some(first) = self.pythons.first() {
            // One for all steps: cargo builds what depends on it again when it changes.
            command.env("PYO3_PYTHON", &first.program);
        }
        if std::env::var_os("CMAKE_GENERATOR").is_none() {
            // The step `tools` makes sure of ninja; make, which cmake takes otherwise, may be missing.
            command.env("CMAKE_GENERATOR", "Ninja");
        }
        command
    }

    /// The Python that `python3` means.
    pub(super) fn first_python(&self) -> Result<&Python, String> {
        Ok(self.pythons.first().ok_or("no Python was found")?)
    }

    pub(super) fn run(&self, step: &str, mut command: Command) -> Result<Outcome, String> {
        exec::run(&mut command, &self.log(step), STEP_LIMIT)?;
        Ok(Outcome::Done)
    }

    pub fn prepare_python(&self) -> Result<Outcome, String> {
        let first = self.pythons.first().ok_or("no Python was found")?;
        Environment::development(&self.root, first, &self.log("python"))?;
        Ok(Outcome::Done)
    }

    pub fn prepare_tools(&self) -> Result<Outcome, String> {
        let runs = |program: &str| exec::output(Command::new(program).arg("--version")).is_ok();
        if runs("cmake") && runs("ninja") {
            return Ok(Outcome::Done);
        }
        let first = self.pythons.first().ok_or("no Python was found")?;
        Environment::prepare(
            &self.root,
            &self.tools(),
            first,
            &["--requirement", "tests/python/requirements-tools.txt"],
            &["tests/python/requirements-tools.txt"],
            &self.log("tools"),
        )?;
        Ok(Outcome::Done)
    }

    pub fn fmt(&self) -> Result<Outcome, String> {
        self.run(
            "fmt",
            self.cargo(&["fmt", "--all", "--check", "--", "--color", "never"]),
        )
    }

    pub fn plugin(&self) -> Result<Outcome, String> {
        Plugin::build(&self.root, &self.log("plugin"))?;
        Ok(Outcome::Done)
    }

    pub fn trees(&self) -> Result<Outcome, String> {
        let tests = self.root.join("tests");
        for (name, options) in TREES {
            self.tree(&tests.join("protos"), "", options, name)?;
        }
        for (name, folder, options) in STACKED_TREES {
            self.tree(&tests.join("stacked"), folder, options, name)?;
        }
        let mut programs = exec::command(&self.root, self.venv_program("python"));
        programs
            .args(["-m", "tests.python.docs.programs"])
            .arg(self.guide_dir());
        self.run("trees", programs)
    }

    /// Generates the tree `name` from the proto files in a folder below `protos`.
    fn tree(&self, protos: &Path, folder: &str, options: &str, name: &str) -> Result<(), String> {
        let mut files = Vec::new();
        collect_protos(protos, &protos.join(folder), &mut files)?;
        files.sort();
        if files.is_empty() {
            return Err(format!("no proto file is below {}", protos.display()));
        }
        Plugin::at(&self.target).generate(
            &self.venv_program("python"),
            protos,
            &files,
            options,
            &self.trees_dir().join(name),
            &self.log("trees"),
        )
    }

    pub fn unittest_tree(&self) -> Result<Outcome, String> {
        let tree = self.trees_dir().join("unittest");
        self.run(
            "unittest-tree",
            self.cargo(&[
                "run",
                "--package",
                "aristaproto-tests",
                "--example",
                "unittest_tree",
            ]),
        )?;
        if tree.join("message_pool.py").exists() {
            Ok(Outcome::Done)
        } else {
            Err(format!("nothing was generated in {}", tree.display()))
        }
    }

    pub fn ruff(&self) -> Result<Outcome, String> {
        // Generated code is checked as in a project without settings of its own.
        let generated = self.trees_dir();
        for arguments in [&["check"][..], &["format", "--check"][..]] {
            let mut ruff = exec::command(&self.root, self.venv_program("ruff"));
            ruff.args(arguments).args([
                "aristaproto-runtime",
                "aristaproto-pyo3",
                "tests",
                "examples",
                "docs",
            ]);
            self.run("ruff", ruff)?;
            let mut ruff = exec::command(&self.root, self.venv_program("ruff"));
            ruff.args(arguments).arg("--isolated").arg(&generated);
            self.run("ruff", ruff)?;
        }
        // What users copy needs no name that begins with an underscore.
        let mut ruff = exec::command(&self.root, self.venv_program("ruff"));
        ruff.args(["check", "--isolated", "--select", "SLF", "examples"])
            .arg(self.guide_dir());
        self.run("ruff", ruff)
    }

    pub fn workflows(&self) -> Result<Outcome, String> {
        const REQUIREMENTS: &str = "tests/python/requirements-workflows.txt";
        let python = self.pythons.first().ok_or("no Python was found")?;
        let environment = Environment::prepare(
            &self.root,
            &self.target.join("workflows"),
            python,
            &["--requirement", REQUIREMENTS],
            &[REQUIREMENTS],
            &self.log("workflows"),
        )?;
        let mut schema = exec::command(&self.root, environment.program("check-jsonschema"));
        schema
            .args(["--builtin-schema", "vendor.github-workflows"])
            .args([".github/workflows/ci.yml", ".github/workflows/release.yml"]);
        self.run("workflows", schema)?;
        let mut audit = exec::command(&self.root, environment.program("zizmor"));
        audit.args(["--offline", "--no-progress"]).args([
            "--config",
            ".github/zizmor.yml",
            ".github/workflows",
        ]);
        self.run("workflows", audit)
    }

    pub fn mypy(&self) -> Result<Outcome, String> {
        let mut mypy = exec::command(&self.root, self.venv_program("mypy"));
        mypy.arg("--cache-dir").arg(self.target.join("mypy-cache"));
        self.run("mypy", mypy)
    }

    pub fn pyright(&self) -> Result<Outcome, String> {
        let mut pyright = exec::command(&self.root, self.venv_program("pyright"));
        pyright.arg("--pythonpath").arg(self.venv_program("python"));
        self.run("pyright", pyright)
    }

    pub fn pytest(&self) -> Result<Outcome, String> {
        self.pytest_with("pytest", &self.venv_program("python"), "native")
    }

    pub fn pytest_plain(&self) -> Result<Outcome, String> {
        self.pytest_with("pytest-plain", &self.venv_program("python"), "python")
    }

    pub fn fetch_pythons(&self) -> Result<Outcome, String> {
        let log = self.log("pythons");
        let missing: Vec<String> =
            pythons::fetch(&self.root, &pythons::missing(&self.root)?, &log)?
                .into_iter()
                .filter_map(|(name, found)| {
                    let reason = found.err()?;
                    Some(format!("{name} ({})", reason.lines().next()?))
                })
                .collect();
        Ok(if missing.is_empty() {
            Outcome::Done
        } else {
            Outcome::Partly(format!("not tried: {}", missing.join(", ")))
        })
    }

    /// The Python that a step means; `Err` with the outcome when there is none, or it is another step's.
    fn python_under(&self, under: Under) -> Result<Result<Python, Outcome>, String> {
        // The step `pythons` may have added some.
        let found = python::discover(&self.root)?;
        let by_minor = |python: &&Python| python.minor;
        let main = found.first().ok_or("no Python was found")?;
        let python = match under {
            Under::Oldest => found.iter().min_by_key(by_minor),
            Under::Newest => found.iter().max_by_key(by_minor),
            Under::Minor(minor) => found.iter().find(|python| python.minor == minor),
        };
        let skipped = |reason| Ok(Err(Outcome::Skipped(reason)));
        let Some(python) = python else {
            return skipped("there is none on this machine; see the step pythons".to_owned());
        };
        if python == main {
            return skipped(format!(
                "Python {} is the one of the step pytest",
                python.version
            ));
        }
        if matches!(under, Under::Newest) && python.minor == 14 {
            return skipped(format!(
                "Python {} is the one of the step pytest-3.14",
                python.version
            ));
        }
        Ok(Ok(python.clone()))
    }

    pub fn pytest_under(&self, step: &str, under: Under) -> Result<Outcome, String> {
        let python = match self.python_under(under)? {
            Ok(python) => python,
            Err(skipped) => return Ok(skipped),
        };
        let environment = Environment::of_version(&self.root, &python, &self.log(step))?;
        self.pytest_with(step, &environment.python(), "native")
    }

    pub fn sanitize(&self) -> Result<Outcome, String> {
        let mut verb = self.verb("sanitize")?;
        verb.arg("--short");
        self.run("sanitize", verb)?;
        // What could not be tried is no failure of the code.
        let log = fs::read_to_string(self.log("sanitize")).unwrap_or_default();
        let left_out: Vec<&str> = log
            .lines()
            .filter(|line| line.starts_with("not tried: "))
            .collect();
        Ok(if left_out.is_empty() {
            Outcome::Done
        } else {
            Outcome::Partly(left_out.join("; "))
        })
    }

    fn pytest_with(
        &self,
        step: &str,
        python: &Path,
        implementation: &str,
    ) -> Result<Outcome, String> {
        let mut pytest = exec::command(&self.root, python);
        pytest
            .args([
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                "--durations=5",
            ])
            .env("ARISTAPROTO_PYTHON_TESTS", self.trees_dir())
            .env("ARISTAPROTO_IMPLEMENTATION", implementation);
        if !["pytest", "pytest-3.14"].contains(&step) {
            // The benchmark is run on these two, with both codecs in each.
            pytest.arg("--ignore=tests/python/bench");
        }
        self.run(step, pytest)
    }

    /// What builds wheels, and the folder that keeps what these builds compile.
    fn wheel_builders(&self, step: &str) -> Result<(Environment, PathBuf), String> {
        let python = self.pythons.first().ok_or("no Python was found")?;
        let folder = self.target.join("wheels");
        let environment = Environment::prepare(
            &self.root,
            &folder.join("venv"),
            python,
            &["--requirement", "tests/wheels/requirements.txt"],
            &["tests/wheels/requirements.txt"],
            &self.log(step),
        )?;
        Ok((environment, folder))
    }

    pub fn wheels(&self) -> Result<Outcome, String> {
        let (environment, folder) = self.wheel_builders("wheels")?;
        let mut check = exec::command(&self.root, environment.python());
        check
            .args(["-m", "pytest", "-q", "-p", "no:cacheprovider"])
            .args(["--durations=5", "tests/wheels"])
            .env("ARISTAPROTO_WHEELS", &folder);
        self.run("wheels", check)
    }

    pub fn corpus(&self) -> Result<Outcome, String> {
        if exec::output(Command::new("npm").arg("--version")).is_err() {
            return Ok(Outcome::Skipped(
                "npm, which fetches the files, is not installed".to_owned(),
            ));
        }
        let plugin = Plugin::at(&self.target);
        let mut program = corpus::program(&self.root, &self.venv_program("python"), &plugin);
        program.arg("--fast");
        self.run("corpus", program)
    }

    pub fn grpc_oldest(&self) -> Result<Outcome, String> {
        let Some(python) = self
            .pythons
            .iter()
            .find(|python| python.minor <= OLDEST_GRPCIO_NEWEST_MINOR)
        else {
            return Ok(Outcome::Skipped(format!(
                "no Python up to 3.{OLDEST_GRPCIO_NEWEST_MINOR}, for which there is such a grpcio"
            )));
        };
        let environment = Environment::in_place(
            &self.root,
            &self.target.join("venv-grpc-oldest"),
            python,
            &["tests/python/requirements-grpc-oldest.txt"],
            &self.log("grpc-oldest"),
        )?;
        let mut pytest = exec::command(&self.root, environment.python());
        pytest
            .args(["-m", "pytest", "-q", "-p", "no:cacheprovider"])
            .args(
                CALL_TESTS
                    .iter()
                    .map(|name| format!("tests/python/grpc/test_{name}.py")),
            )
            .env("ARISTAPROTO_PYTHON_TESTS", self.trees_dir());
        self.run("grpc-oldest", pytest)
    }

    pub fn soak(&self) -> Result<Outcome, String> {
        let plugin = Plugin::at(&self.target);
        let python = self.venv_program("python");
        for name in [soak::CALLS, soak::HOSTILE] {
            let mut program = soak::program(&self.root, name, &python, &plugin);
            program.arg("--short");
            let log = self.log(&format!("soak-{name}"));
            exec::run(&mut program, &log, STEP_LIMIT)?;
        }
        Ok(Outcome::Done)
    }

    pub fn conformance(&self) -> Result<Outcome, String> {
        self.conformance_with("conformance", "native", &[])
    }

    pub fn conformance_plain(&self) -> Result<Outcome, String> {
        self.conformance_with("conformance-plain", "python", &[])
    }

    pub fn conformance_under(&self, step: &str, under: Under) -> Result<Outcome, String> {
        let python = match self.python_under(under)? {
            Ok(python) => python,
            Err(skipped) => return Ok(skipped),
        };
        let minor = format!("3.{}", python.minor);
        self.conformance_with(step, "native", &["--python", &minor])
    }

    fn conformance_with(
        &self,
        step: &str,
        implementation: &str,
        arguments: &[&str],
    ) -> Result<Outcome, String> {
        if conformance::platform_name().is_none() {
            return Ok(Outcome::Skipped(
                "there is no runner for this platform".to_owned(),
            ));
        }
        let mut verb = self.verb("conformance")?;
        verb.args(arguments);
        verb.env("ARISTAPROTO_IMPLEMENTATION", implementation);
        self.run(step, verb)
    }

    pub fn demo(&self) -> Result<Outcome, String> {
        self.run("demo", self.verb("demo")?)
    }

    /// Another verb of xtask.
    fn verb(&self, name: &str) -> Result<Command, String> {
        let mut xtask = exec::command(&self.root, own_program()?);
        xtask.arg(name);
        Ok(xtask)
    }

    pub fn clippy(&self) -> Result<Outcome, String> {
        self.run(
            "clippy",
            self.cargo(&[
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "--deny",
                "warnings",
            ]),
        )
    }

    pub fn clippy_features(&self) -> Result<Outcome, String> {
        for (package, features) in [
            ("aristaproto-build", ""),
            ("aristaproto-build", "prebuilt-protoc"),
            ("aristaproto-build", "protox"),
            ("aristaproto-build", "protox,prost"),
            ("aristaproto-build", "protox,pyo3"),
            ("aristaproto-macros", ""),
            ("aristaproto-macros", "protox"),
        ] {
            self.run(
                "clippy-features",
                self.cargo(&[
                    "clippy",
                    "--package",
                    package,
                    "--no-default-features",
                    "--features",
                    features,
                    "--",
                    "--deny",
                    "warnings",
                ]),
            )?;
        }
        Ok(Outcome::Done)
    }

    /// Checked by the compiler only: to run them needs a nightly one.
    pub fn fuzz_targets(&self) -> Result<Outcome, String> {
        let mut check = self.cargo(&["check", "--locked", "--manifest-path"]);
        check.arg("aristaproto-runtime/fuzz/Cargo.toml");
        check.env("CARGO_TARGET_DIR", &self.target);
        self.run("fuzz-targets", check)
    }

    pub fn oldest_rust(&self) -> Result<Outcome, String> {
        let log = self.log("oldest-rust-packages");
        let python = self.venv_program("python");
        match oldest_rust::checks(&self.root, &self.target, &python, &log)? {
            Err(reason) => Ok(Outcome::Skipped(reason)),
            Ok(checks) => {
                for check in checks {
                    self.run("oldest-rust", check)?;
                }
                Ok(Outcome::Done)
            }
        }
    }

    pub fn cargo_test(&self) -> Result<Outcome, String> {
        self.run(
            "cargo-test",
            self.cargo(&["test", "--workspace", "--no-fail-fast"]),
        )
    }

    pub fn examples(&self) -> Result<Outcome, String> {
        let python = self.venv_program("python");
        for (example, last_line) in [
            ("macro", "Request(name='from the macro') MyServiceStub"),
            ("vendored", "Rust and Python"),
            ("monorepo", "tonic got 80 EURO"),
        ] {
            let mut run = self.cargo(&[
                "run",
                "--package",
                &format!("aristaproto-example-{example}"),
                "--",
            ]);
            run.arg(&python);
            let log = self.log(&format!("examples-{example}"));
            exec::run(&mut run, &log, STEP_LIMIT)?;
            let printed = fs::read_to_string(&log).unwrap_or_default();
            if printed.lines().last() != Some(last_line) {
                return Err(format!(
                    "examples/{example}: `{last_line}` expected\n{printed}"
                ));
            }
        }
        Ok(Outcome::Done)
    }

    pub fn packages(&self) -> Result<Outcome, String> {
        let (environment, _) = self.wheel_builders("packages")?;
        let mut check = exec::command(&self.root, environment.python());
        check
            .args(["-m", "tests.packages.check", "--work"])
            .arg(self.target.join("packages"))
            .arg("--target")
            .arg(&self.target);
        self.run("packages", check)
    }

    pub fn doc(&self) -> Result<Outcome, String> {
        let mut doc = self.cargo(&["doc", "--workspace", "--no-deps"]);
        doc.env("RUSTDOCFLAGS", "--deny warnings");
        self.run("doc", doc)
    }

    pub fn docs(&self) -> Result<Outcome, String> {
        let environment = docs::build(&self.root, &self.log("docs"))?;
        let mut public = exec::command(&self.root, environment.python());
        public
            .args(["-m", "tests.packages.public"])
            .arg(self.target.join("doc"));
        self.run("docs", public)
    }
}

/// The running xtask itself.
fn own_program() -> Result<PathBuf, String> {
    std::env::current_exe().map_err(|error| format!("cannot find the running program: {error}"))
}

/// The proto files below `folder`, relative to `base`, without those that are wrong on purpose.
fn collect_protos(base: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder)
        .map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != INVALID_PROTOS) {
                collect_protos(base, &path, files)?;
            }
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            files.push(path.strip_prefix(base).unwrap_or(&path).to_path_buf());
        }
    }
    Ok(())
}
