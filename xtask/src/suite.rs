//! `cargo xtask test`: every check of the repository, one after the other, each with a line of progress. A failed step
//! does not stop the ones that do not need it. The last line reads `N passed, N failed, N skipped`.
//!
//! What each step does is in `suite/steps.rs` and in the modules beside it.

mod buf;
mod extension;
mod steps;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::exec;
use steps::{Bench, Under};

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
    /// Done, as far as the summary says.
    Partly(String),
    /// Not run, for the reason given.
    Skipped(String),
}

const STEPS: &[Step] = &[
    Step {
        name: "pythons",
        about: "the Pythons that the tests want and the machine lacks, as `cargo xtask pythons`",
        needs: &[],
        run: Bench::fetch_pythons,
    },
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
        about: "the Python tree of protobuf's own test protos, through the prebuilt protoc",
        needs: &["tools"],
        run: Bench::unittest_tree,
    },
    Step {
        name: "buf",
        about: "a real buf runs the plugin, with the same files as protoc, and calls servers through reflection",
        needs: &["python", "plugin", "trees"],
        run: Bench::buf,
    },
    Step {
        name: "corpus",
        about: "some 300 real .proto files: generate, import, use, lint, type-check, as `cargo xtask corpus --fast`",
        needs: &["python", "plugin"],
        run: Bench::corpus,
    },
    Step {
        name: "ruff",
        about: "ruff check and ruff format --check, generated code included",
        needs: &["python", "trees", "unittest-tree"],
        run: Bench::ruff,
    },
    Step {
        name: "workflows",
        about: "the workflows of hosted CI: their form, what an attacker could do with them, and that each step of theirs is one",
        needs: &[],
        run: Bench::workflows,
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
        about: "Python tests with the codec in Rust",
        needs: &["python", "trees", "unittest-tree"],
        run: Bench::pytest,
    },
    Step {
        name: "pytest-plain",
        about: "Python tests with the plain codec",
        needs: &["python", "trees", "unittest-tree"],
        run: Bench::pytest_plain,
    },
    Step {
        name: "pytest-oldest",
        about: "Python tests under the oldest Python, with the codec in Rust",
        needs: &["trees", "unittest-tree"],
        run: |bench| bench.pytest_under("pytest-oldest", Under::Oldest),
    },
    Step {
        name: "pytest-3.14",
        about: "the same under CPython 3.14, whose objects are laid out otherwise",
        needs: &["pythons", "trees", "unittest-tree"],
        run: |bench| bench.pytest_under("pytest-3.14", Under::Minor(14)),
    },
    Step {
        name: "pytest-newest",
        about: "the same under the newest Python",
        needs: &["pythons", "trees", "unittest-tree"],
        run: |bench| bench.pytest_under("pytest-newest", Under::Newest),
    },
    Step {
        name: "sanitize",
        about: "tests of the codec on a debug build of CPython and under AddressSanitizer, as `cargo xtask sanitize --short`",
        needs: &["trees", "unittest-tree"],
        run: Bench::sanitize,
    },
    Step {
        name: "grpc-oldest",
        about: "the tests of calls with the oldest grpcio and grpclib that the extras promise",
        needs: &["trees"],
        run: Bench::grpc_oldest,
    },
    Step {
        name: "soak",
        about: "calls under load and faults, damaged messages and bombs, beside google's, as `cargo xtask soak [--hostile] --short`",
        needs: &["python", "plugin"],
        run: Bench::soak,
    },
    Step {
        name: "wheels",
        about: "the runtime built and installed as users do: pip, uv, build; what is said where the codec cannot be built",
        needs: &["python"],
        run: Bench::wheels,
    },
    Step {
        name: "conformance",
        about: "protobuf's official conformance suite, as `cargo xtask conformance`",
        needs: &["python", "plugin"],
        run: Bench::conformance,
    },
    Step {
        name: "conformance-plain",
        about: "the same with the plain codec",
        needs: &["python", "plugin"],
        run: Bench::conformance_plain,
    },
    Step {
        name: "conformance-oldest",
        about: "the same under the oldest Python, with the codec in Rust",
        needs: &["python", "plugin", "pytest-oldest"],
        run: |bench| bench.conformance_under("conformance-oldest", Under::Oldest),
    },
    Step {
        name: "conformance-3.14",
        about: "the same under CPython 3.14",
        needs: &["python", "plugin", "pytest-3.14"],
        run: |bench| bench.conformance_under("conformance-3.14", Under::Minor(14)),
    },
    Step {
        name: "conformance-newest",
        about: "the same under the newest Python",
        needs: &["python", "plugin", "pytest-newest"],
        run: |bench| bench.conformance_under("conformance-newest", Under::Newest),
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
        name: "fuzz-targets",
        about: "the fuzz targets, a workspace of their own, compile",
        needs: &[],
        run: Bench::fuzz_targets,
    },
    Step {
        name: "oldest-rust",
        about: "the published crates compiled by the oldest Rust that they name",
        needs: &["python"],
        run: Bench::oldest_rust,
    },
    Step {
        name: "cargo-test",
        about: "cargo test, workspace",
        needs: &["tools", "python"],
        run: Bench::cargo_test,
    },
    Step {
        name: "examples",
        about: "examples/macro, examples/vendored and examples/monorepo, run from Rust and from Python",
        needs: &["tools", "python"],
        run: Bench::examples,
    },
    Step {
        name: "extension",
        about: "the extension modules among the examples: wheels installed, tests, types; and an editable install",
        needs: &["python"],
        run: Bench::extension,
    },
    Step {
        name: "packages",
        about: "the crates packaged as for crates.io, and projects built from the packages alone, one as the guide says",
        needs: &["python"],
        run: Bench::packages,
    },
    Step {
        name: "doc",
        about: "rustdoc without warnings",
        needs: &["tools"],
        run: Bench::doc,
    },
    Step {
        name: "docs",
        about: "the site of the guide, strictly, as `cargo xtask docs`; and what rustdoc shows against tests/packages/public.txt",
        needs: &[],
        run: Bench::docs,
    },
];

/// Runs all steps, or those named by `arguments` and the ones they need.
///
/// # Errors
/// A message when an argument names no step or no Python is installed.
pub fn run(root: &Path, arguments: &[String]) -> Result<ExitCode, String> {
    if arguments.iter().any(|argument| argument == "--list") {
        for step in STEPS {
            println!("{:18} {}", step.name, step.about);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let selected = select(arguments)?;
    let bench = Bench::new(root)?;
    let started = Instant::now();
    let mut results: Vec<(&Step, Verdict, Duration)> = Vec::new();
    for (number, step) in selected.iter().enumerate() {
        print!(
            "[{:2}/{}] {:18} {} … ",
            number + 1,
            selected.len(),
            step.name,
            step.about
        );
        let _ = std::io::stdout().flush();
        let began = Instant::now();
        let missing = step.needs.iter().find(|need| {
            results.iter().any(|(other, verdict, _)| {
                other.name == **need && !matches!(verdict, Verdict::Pass(_))
            })
        });
        let verdict = match missing {
            Some(need) => Verdict::Skipped(format!("needs the step {need}")),
            None => match (step.run)(&bench) {
                Ok(Outcome::Done) => Verdict::Pass(String::new()),
                Ok(Outcome::Partly(note)) => Verdict::Pass(note),
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
    /// With what the summary says of it, if anything.
    Pass(String),
    Fail(String),
    Skipped(String),
}

impl Verdict {
    fn word(&self) -> &'static str {
        match self {
            Self::Pass(_) => "PASS",
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
    println!("\n{:18} {:8} {:>9}", "step", "result", "time");
    for (step, verdict, elapsed) in results {
        let reason = match verdict {
            Verdict::Pass(note) | Verdict::Skipped(note) if !note.is_empty() => format!("  {note}"),
            _ => String::new(),
        };
        println!(
            "{:18} {:8} {:>9}{reason}",
            step.name,
            verdict.word(),
            exec::seconds(*elapsed)
        );
    }
    println!("{:18} {:8} {:>9}", "all", "", exec::seconds(total));
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
    fn hosted_ci_runs_every_step() {
        // The steps that the workflow names, and those that they bring along.
        let workflow = std::fs::read_to_string(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../.github/workflows/ci.yml"
        ))
        .unwrap();
        let named: Vec<String> = workflow
            .lines()
            .filter_map(|line| line.trim().strip_prefix("steps: "))
            .flat_map(str::split_whitespace)
            .map(str::to_owned)
            .collect();
        assert!(!named.is_empty());
        let run: Vec<&str> = select(&named).unwrap().iter().map(|it| it.name).collect();
        let all: Vec<&str> = STEPS.iter().map(|it| it.name).collect();
        assert_eq!(run, all);
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
            .starts_with("no step is called `ftm`; there are: pythons, python, "));
    }
}
