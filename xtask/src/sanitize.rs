//! `cargo xtask sanitize`: the tests of the codec in Rust where faults of memory show. In: `debug` or `asan` for one of the two,
//! `--short` for a few of the tests. Out: what pytest says of each; a line `not tried: …` for what this machine cannot.
//!
//! `debug` is a debug build of `CPython` (`cargo xtask pythons 3.14-debug`): it checks counts of references and errors that are
//! set or not, and overwrites memory that is freed. `asan` is the codec built with `AddressSanitizer` and loaded by the usual
//! Python, each of whose objects is then an allocation of its own. `LeakSanitizer` is off: the interpreter frees nothing at its end.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::exec;
use crate::python::{self, Environment, INSTALL_LIMIT};
use crate::pythons;

/// `AddressSanitizer` makes the tests some three times slower.
const RUN_LIMIT: Duration = Duration::from_hours(1);
/// What is about the codec: none of the transports, checkers or examples.
const TESTS: [&str; 4] = [
    "tests/python/runtime",
    "tests/python/json",
    "tests/python/text",
    "tests/python/unittest",
];
/// The tests that go furthest into the codec: code of users that runs meanwhile, damaged input, the end of objects.
const SHORT: [&str; 4] = [
    "tests/python/runtime/test_hostile_code.py",
    "tests/python/runtime/test_messages.py",
    "tests/python/runtime/test_release.py",
    "tests/python/unittest/test_native_against_plain.py",
];

/// Runs what `arguments` ask for.
///
/// # Errors
/// A message when an argument is unknown, or something before the tests fails.
pub fn run(root: &Path, arguments: &[String]) -> Result<ExitCode, String> {
    let mut kinds = Vec::new();
    let mut tests: &[&str] = &TESTS;
    for argument in arguments {
        match argument.as_str() {
            "--short" => tests = &SHORT,
            "debug" => kinds.push(debug as Kind),
            "asan" => kinds.push(asan as Kind),
            other => {
                return Err(format!(
                    "sanitize takes debug, asan and --short, got `{other}`"
                ))
            }
        }
    }
    if kinds.is_empty() {
        kinds = vec![debug, asan];
    }
    let folder = exec::target_dir(root).join("sanitize");
    let log = folder.join("log.txt");
    let mut code = ExitCode::SUCCESS;
    for kind in kinds {
        match kind(root, &folder, &log)? {
            Err(reason) => println!("not tried: {reason}"),
            Ok((about, mut pytest)) => {
                println!("{about}");
                let trees = root.join("target").join("python-tests").join("trees");
                pytest
                    .args(["-q", "-p", "no:cacheprovider", "--durations=5"])
                    .args(tests)
                    .env("ARISTAPROTO_PYTHON_TESTS", trees)
                    .env("ARISTAPROTO_IMPLEMENTATION", "native");
                let tests = folder.join(format!("{about}.txt").replace(' ', "-"));
                let _ = fs::remove_file(&tests);
                if let Err(message) = exec::run(&mut pytest, &tests, RUN_LIMIT) {
                    println!("{message}");
                    code = ExitCode::FAILURE;
                } else {
                    let said = fs::read_to_string(&tests).unwrap_or_default();
                    println!("{}", said.lines().last().unwrap_or_default());
                }
            }
        }
    }
    Ok(code)
}

/// What is run, and a command that starts pytest; or why it cannot be tried here.
type Prepared = Result<Result<(&'static str, Command), String>, String>;
type Kind = fn(&Path, &Path, &Path) -> Prepared;

fn debug(root: &Path, _folder: &Path, log: &Path) -> Prepared {
    let python = match pythons::debug(root, log) {
        Ok(python) => python,
        Err(reason) => {
            let first = reason.lines().next().unwrap_or_default();
            return Ok(Err(format!("a debug build of CPython: {first}")));
        }
    };
    let environment = Environment::in_place(
        root,
        &root.join("target").join("venvs").join(pythons::DEBUG),
        &python,
        &["tests/python/requirements.txt"],
        log,
    )?;
    let mut pytest = exec::command(root, environment.python());
    pytest.args(["-X", "dev", "-m", "pytest"]);
    Ok(Ok(("debug build", pytest)))
}

fn asan(root: &Path, folder: &Path, log: &Path) -> Prepared {
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    if !cfg!(target_os = "linux") {
        return Ok(Err("AddressSanitizer: it is set up for Linux".to_owned()));
    }
    // rustc links the sanitizer's own code into programs only; the library of gcc is the same and can be loaded first.
    let library = exec::output(Command::new("gcc").arg("-print-file-name=libasan.so"));
    let Some(library) = library
        .ok()
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
    else {
        return Ok(Err("AddressSanitizer: gcc has no libasan.so".to_owned()));
    };
    let found = python::discover(root)?;
    let main = found.first().ok_or("no Python was found")?;
    let environment = Environment::development(root, main, log)?;
    let mut cargo = exec::cargo(root);
    cargo
        .args([
            "build",
            "--package",
            "aristaproto-runtime",
            "--target",
            &target,
        ])
        // The option is not stable; the compiler that the rest is built with knows it all the same.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zsanitizer=address")
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
        .env("CARGO_TARGET_DIR", folder)
        .env("PYO3_PYTHON", environment.python());
    exec::run(&mut cargo, log, INSTALL_LIMIT)?;
    let package = folder.join("package");
    exec::remove(&package)?;
    let from = root.join("aristaproto-runtime/python/aristaproto");
    copy(&from, &package.join("aristaproto"))?;
    let built = folder.join(target).join("debug").join("lib_native.so");
    let native = package.join("aristaproto").join("_native.so");
    fs::copy(&built, &native)
        .map_err(|error| format!("cannot copy {}: {error}", built.display()))?;
    let mut pytest = exec::command(root, environment.python());
    pytest
        // The sanitizer keeps freed memory for a while: what a process holds grows, and so does what these tests measure.
        .args(["-m", "pytest", "--deselect"])
        .arg("tests/python/runtime/test_hostile_code.py::test_nothing_piles_up")
        .env("PYTHONPATH", &package)
        .env("LD_PRELOAD", library)
        .env("PYTHONMALLOC", "malloc")
        .env("ASAN_OPTIONS", "detect_leaks=0:allocator_may_return_null=1");
    Ok(Ok(("AddressSanitizer", pytest)))
}

/// Copies the package without codecs that were built for it.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let failed = |error| format!("cannot copy {}: {error}", from.display());
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let shown = name.to_string_lossy();
        if entry.path().is_dir() {
            if shown != "__pycache__" {
                copy(&entry.path(), &to.join(&name))?;
            }
        } else if !shown.starts_with("_native.") {
            fs::copy(entry.path(), to.join(&name)).map_err(failed)?;
        }
    }
    Ok(())
}
