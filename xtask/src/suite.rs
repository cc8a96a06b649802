//! `cargo xtask test`: every check of the repository, one after the other, each with a line of progress. A failed step
//! does not stop the ones that do not need it. The last line reads `N passed, N failed, N skipped`.
//!
//! All cargo commands run with the same environment and the dev profile, so that the vendored protoc (minutes on two
//! cores) is built once for clippy, tests, docs and examples.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use crate::conformance;
use crate::exec;
use crate::plugin::Plugin;
use crate::python::{self, Environment, Python};

/// No step may run longer than this; a hanging one fails instead of blocking the rest.
const STEP_LIMIT: Duration = Duration::from_mins(40);

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
    ("no_default", "client_generation=sync_async_no_default"),
    ("pydantic", "pydantic_dataclasses,client_generation=none"),
    (
        "descriptors",
        "google_protobuf_descriptors,client_generation=async,server_generation=async",
    ),
];

/// One line of the summary.
struct Step {
    name: &'static str,
    about: &'static str,
    /// Steps whose result this one uses; they run before it, and it is skipped when one of them failed.
    needs: &'static [&'static str],
    run: fn(&Bench) -> Result<Outcome, String>,
}

/// What a step that did not fail says.
enum Outcome {
    Done,
    /// Not run, for the reason given.
    Skipped(String),
}

const STEPS: &[Step] = &[
    Step {
        name: "python",
        about: "virtual environment with the runtime, grpcio, grpclib and the checkers",
        needs: &[],
        run: Bench::prepare_python,
    },
    Step {
        name: "tools",
        about: "cmake and ninja for the vendored protoc, as Python wheels where missing",
        needs: &[],
        run: Bench::prepare_tools,
    },
    Step {
        name: "fmt",
        about: "cargo fmt --check",
        needs: &[],
        run: Bench::fmt,
    },
    Step {
        name: "plugin",
        about: "protoc plugin, release build without a front end",
        needs: &[],
        run: Bench::plugin,
    },
    Step {
        name: "trees",
        about: "Python trees for the Python tests, through the plugin and grpc_tools.protoc",
        needs: &["python", "plugin"],
        run: Bench::trees,
    },
    Step {
        name: "unittest-tree",
        about: "the Python tree of protobuf's own test protos, through the vendored protoc",
        needs: &["tools"],
        run: Bench::unittest_tree,
    },
    Step {
        name: "ruff",
        about: "ruff check and ruff format --check, generated code included",
        needs: &["python", "trees", "unittest-tree"],
        run: Bench::ruff,
    },
    Step {
        name: "mypy",
        about: "mypy --strict on runtime, tests and generated code",
        needs: &["python", "trees", "unittest-tree"],
        run: Bench::mypy,
    },
    Step {
        name: "pyright",
        about: "pyright strict on runtime, tests and generated code",
        needs: &["python", "trees", "unittest-tree"],
        run: Bench::pyright,
    },
    Step {
        name: "pytest",
        about: "Python tests",
        needs: &["python", "trees", "unittest-tree"],
        run: Bench::pytest,
    },
    Step {
        name: "pytest-oldest",
        about: "Python tests under the oldest Python installed",
        needs: &["trees", "unittest-tree"],
        run: Bench::pytest_oldest,
    },
    Step {
        name: "pytest-newest",
        about: "Python tests under the newest Python installed",
        needs: &["trees", "unittest-tree"],
        run: Bench::pytest_newest,
    },
    Step {
        name: "conformance",
        about: "protobuf's official conformance suite, as `cargo xtask conformance`",
        needs: &["python", "plugin"],
        run: Bench::conformance,
    },
    Step {
        name: "demo",
        about: "quickstart: Rust and Python call each other, as `cargo xtask demo`",
        needs: &[],
        run: Bench::demo,
    },
    Step {
        name: "clippy",
        about: "clippy without warnings, workspace and all targets",
        needs: &["tools"],
        run: Bench::clippy,
    },
    Step {
        name: "clippy-features",
        about: "clippy for each front end alone and for none",
        needs: &[],
        run: Bench::clippy_features,
    },
    Step {
        name: "cargo-test",
        about: "cargo test, workspace",
        needs: &["tools", "python"],
        run: Bench::cargo_test,
    },
    Step {
        name: "examples",
        about: "examples/macro and examples/vendored, run from Rust and from Python",
        needs: &["tools", "python"],
        run: Bench::examples,
    },
    Step {
        name: "doc",
        about: "rustdoc without warnings",
        needs: &["tools"],
        run: Bench::doc,
    },
];

/// Runs all steps, or those named by `arguments` and the ones they need.
///
/// # Errors
/// A message when an argument names no step or no Python is installed.
pub fn run(root: &Path, arguments: &[String]) -> Result<ExitCode, String> {
    if arguments.iter().any(|argument| argument == "--list") {
        for step in STEPS {
            println!("{:16} {}", step.name, step.about);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let selected = select(arguments)?;
    let bench = Bench::new(root)?;
    let started = Instant::now();
    let mut results: Vec<(&Step, Verdict, Duration)> = Vec::new();
    for (number, step) in selected.iter().enumerate() {
        print!(
            "[{:2}/{}] {:15} {} … ",
            number + 1,
            selected.len(),
            step.name,
            step.about
        );
        let _ = std::io::stdout().flush();
        let began = Instant::now();
        let missing = step.needs.iter().find(|need| {
            results.iter().any(|(other, verdict, _)| {
                other.name == **need && !matches!(verdict, Verdict::Pass)
            })
        });
        let verdict = match missing {
            Some(need) => Verdict::Skipped(format!("needs the step {need}")),
            None => match (step.run)(&bench) {
                Ok(Outcome::Done) => Verdict::Pass,
                Ok(Outcome::Skipped(reason)) => Verdict::Skipped(reason),
                Err(message) => Verdict::Fail(message),
            },
        };
        let elapsed = began.elapsed();
        println!("{} {}", verdict.word(), exec::seconds(elapsed));
        if let Verdict::Fail(message) = &verdict {
            println!("{message}\n");
        }
        results.push((step, verdict, elapsed));
    }
    Ok(summary(&results, started.elapsed()))
}

enum Verdict {
    Pass,
    Fail(String),
    Skipped(String),
}

impl Verdict {
    fn word(&self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail(_) => "FAIL",
            Self::Skipped(_) => "SKIPPED",
        }
    }
}

/// The steps that `names` ask for with the steps they need, in the order of `STEPS`; all for no name.
fn select(names: &[String]) -> Result<Vec<&'static Step>, String> {
    let mut wanted: BTreeSet<&str> = BTreeSet::new();
    let mut queue: Vec<&str> = names.iter().map(String::as_str).collect();
    while let Some(name) = queue.pop() {
        let step = STEPS.iter().find(|step| step.name == name).ok_or_else(|| {
            let known: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
            format!(
                "no step is called `{name}`; there are: {}",
                known.join(", ")
            )
        })?;
        if wanted.insert(step.name) {
            queue.extend(step.needs);
        }
    }
    Ok(STEPS
        .iter()
        .filter(|step| wanted.is_empty() || wanted.contains(step.name))
        .collect())
}

fn summary(results: &[(&Step, Verdict, Duration)], total: Duration) -> ExitCode {
    println!("\n{:16} {:8} {:>9}", "step", "result", "time");
    for (step, verdict, elapsed) in results {
        let reason = match verdict {
            Verdict::Skipped(reason) => format!("  {reason}"),
            Verdict::Pass | Verdict::Fail(_) => String::new(),
        };
        println!(
            "{:16} {:8} {:>9}{reason}",
            step.name,
            verdict.word(),
            exec::seconds(*elapsed)
        );
    }
    println!("{:16} {:8} {:>9}", "all", "", exec::seconds(total));
    let count = |word| {
        results
            .iter()
            .filter(|(_, verdict, _)| verdict.word() == word)
            .count()
    };
    let failed = count("FAIL");
    println!(
        "{} passed, {failed} failed, {} skipped",
        count("PASS"),
        count("SKIPPED")
    );
    if failed > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// What the steps share: folders, interpreters, environments.
struct Bench {
    root: PathBuf,
    target: PathBuf,
    logs: PathBuf,
    pythons: Vec<Python>,
}

impl Bench {
    fn new(root: &Path) -> Result<Self, String> {
        let target = exec::target_dir(root);
        let logs = target.join("xtask-logs");
        // Logs of an earlier run would be mistaken for this one's.
        if logs.exists() {
            fs::remove_dir_all(&logs)
                .map_err(|error| format!("cannot remove {}: {error}", logs.display()))?;
        }
        let pythons = python::discover()?;
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

    fn log(&self, step: &str) -> PathBuf {
        self.logs.join(format!("{step}.log"))
    }

    /// The main environment; the step `python` fills it.
    fn venv(&self) -> PathBuf {
        self.root.join("target").join("venv")
    }

    fn venv_program(&self, name: &str) -> PathBuf {
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
    fn trees_dir(&self) -> PathBuf {
        self.root.join("target").join("python-tests").join("trees")
    }

    /// A cargo command with the environment that all cargo steps share.
    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = exec::cargo(&self.root);
        command.args(arguments);
        command.env("ARISTAPROTO_PYTHON", self.venv_program("python"));
        command.env("PATH", python::path_with(&self.tools().join("bin")));
        if std::env::var_os("CMAKE_GENERATOR").is_none() {
            // The step `tools` makes sure of ninja; make, which cmake takes otherwise, may be missing.
            command.env("CMAKE_GENERATOR", "Ninja");
        }
        command
    }

    fn run(&self, step: &str, mut command: Command) -> Result<Outcome, String> {
        exec::run(&mut command, &self.log(step), STEP_LIMIT)?;
        Ok(Outcome::Done)
    }

    fn prepare_python(&self) -> Result<Outcome, String> {
        let first = self.pythons.first().ok_or("no Python was found")?;
        Environment::development(&self.root, first, &self.log("python"))?;
        Ok(Outcome::Done)
    }

    fn prepare_tools(&self) -> Result<Outcome, String> {
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

    fn fmt(&self) -> Result<Outcome, String> {
        self.run(
            "fmt",
            self.cargo(&["fmt", "--all", "--check", "--", "--color", "never"]),
        )
    }

    fn plugin(&self) -> Result<Outcome, String> {
        Plugin::build(&self.root, &self.log("plugin"))?;
        Ok(Outcome::Done)
    }

    fn trees(&self) -> Result<Outcome, String> {
        let protos = self.root.join("tests").join("protos");
        let mut files = Vec::new();
        collect_protos(&protos, &protos, &mut files)?;
        files.sort();
        if files.is_empty() {
            return Err(format!("no proto file is below {}", protos.display()));
        }
        let plugin = Plugin::at(&self.target);
        for (name, options) in TREES {
            plugin.generate(
                &self.venv_program("python"),
                &protos,
                &files,
                options,
                &self.trees_dir().join(name),
                &self.log("trees"),
            )?;
        }
        Ok(Outcome::Done)
    }

    fn unittest_tree(&self) -> Result<Outcome, String> {
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

    fn ruff(&self) -> Result<Outcome, String> {
        // Generated code is checked as in a project without settings of its own.
        let generated = self.trees_dir();
        for arguments in [&["check"][..], &["format", "--check"][..]] {
            let mut ruff = exec::command(&self.root, self.venv_program("ruff"));
            ruff.args(arguments)
                .args(["aristaproto-runtime", "tests", "examples"]);
            self.run("ruff", ruff)?;
            let mut ruff = exec::command(&self.root, self.venv_program("ruff"));
            ruff.args(arguments).arg("--isolated").arg(&generated);
            self.run("ruff", ruff)?;
        }
        Ok(Outcome::Done)
    }

    fn mypy(&self) -> Result<Outcome, String> {
        let mut mypy = exec::command(&self.root, self.venv_program("mypy"));
        mypy.arg("--cache-dir").arg(self.target.join("mypy-cache"));
        self.run("mypy", mypy)
    }

    fn pyright(&self) -> Result<Outcome, String> {
        let mut pyright = exec::command(&self.root, self.venv_program("pyright"));
        pyright.arg("--pythonpath").arg(self.venv_program("python"));
        self.run("pyright", pyright)
    }

    fn pytest(&self) -> Result<Outcome, String> {
        self.pytest_with("pytest", &self.venv_program("python"))
    }

    fn pytest_oldest(&self) -> Result<Outcome, String> {
        self.pytest_extreme("pytest-oldest", self.pythons.iter().min_by_key(|p| p.minor))
    }

    fn pytest_newest(&self) -> Result<Outcome, String> {
        self.pytest_extreme("pytest-newest", self.pythons.iter().max_by_key(|p| p.minor))
    }

    fn pytest_extreme(&self, step: &str, python: Option<&Python>) -> Result<Outcome, String> {
        let python = python.ok_or("no Python was found")?;
        if self.pythons.first() == Some(python) {
            return Ok(Outcome::Skipped(format!(
                "Python {} is the one of the step pytest",
                python.version
            )));
        }
        let environment = Environment::prepare(
            &self.root,
            &self
                .target
                .join("venvs")
                .join(format!("3.{}", python.minor)),
            python,
            &[
                "--requirement",
                "tests/python/requirements.txt",
                "--editable",
                "aristaproto-runtime",
            ],
            &[
                "tests/python/requirements.txt",
                "aristaproto-runtime/pyproject.toml",
            ],
            &self.log(step),
        )?;
        self.pytest_with(step, &environment.python())
    }

    fn pytest_with(&self, step: &str, python: &Path) -> Result<Outcome, String> {
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
            .env("ARISTAPROTO_PYTHON_TESTS", self.trees_dir());
        self.run(step, pytest)
    }

    fn conformance(&self) -> Result<Outcome, String> {
        if conformance::platform_name().is_none() {
            return Ok(Outcome::Skipped(
                "there is no runner for this platform".to_owned(),
            ));
        }
        self.verb("conformance")
    }

    fn demo(&self) -> Result<Outcome, String> {
        self.verb("demo")
    }

    /// Another verb of xtask, with its output in a log as that of any step.
    fn verb(&self, name: &str) -> Result<Outcome, String> {
        let mut xtask = exec::command(&self.root, own_program()?);
        xtask.arg(name);
        self.run(name, xtask)
    }

    fn clippy(&self) -> Result<Outcome, String> {
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

    fn clippy_features(&self) -> Result<Outcome, String> {
        for (package, features) in [
            ("aristaproto-build", ""),
            ("aristaproto-build", "protox"),
            ("aristaproto-build", "protox,prost"),
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

    fn cargo_test(&self) -> Result<Outcome, String> {
        self.run(
            "cargo-test",
            self.cargo(&["test", "--workspace", "--no-fail-fast"]),
        )
    }

    fn examples(&self) -> Result<Outcome, String> {
        let python = self.venv_program("python");
        for (example, last_line) in [
            ("macro", "Request(name='from the macro') MyServiceStub"),
            ("vendored", "Rust and Python"),
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

    fn doc(&self) -> Result<Outcome, String> {
        let mut doc = self.cargo(&["doc", "--workspace", "--no-deps"]);
        doc.env("RUSTDOCFLAGS", "--deny warnings");
        self.run("doc", doc)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_come_after_what_they_need() {
        for (number, step) in STEPS.iter().enumerate() {
            for need in step.needs {
                assert!(
                    STEPS[..number].iter().any(|other| other.name == *need),
                    "{} needs {need}",
                    step.name
                );
            }
        }
    }

    #[test]
    fn a_step_brings_what_it_needs() {
        let names = |arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
            let steps = select(&arguments)?;
            Ok::<_, String>(steps.iter().map(|step| step.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&["fmt"]).unwrap(), ["fmt"]);
        assert_eq!(
            names(&["pytest", "fmt"]).unwrap(),
            [
                "python",
                "tools",
                "fmt",
                "plugin",
                "trees",
                "unittest-tree",
                "pytest"
            ]
        );
        assert_eq!(names(&[]).unwrap().len(), STEPS.len());
        assert!(names(&["ftm"])
            .unwrap_err()
            .starts_with("no step is called `ftm`; there are: python, "));
    }
}
