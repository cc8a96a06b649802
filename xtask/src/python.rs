//! Python interpreters and virtual environments: what is installed goes in, ready environments under target/ come
//! out. Called by `demo`, `test` and `conformance`. Nothing outside target/ is changed.

use std::ffi::OsString;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::exec;
use crate::pythons;

/// The oldest Python that the runtime supports, as in `requires-python` of aristaproto-runtime.
pub const OLDEST_MINOR: u32 = 10;
/// Interpreters are looked for by name up to this version.
const NEWEST_MINOR: u32 = 19;
/// What the codec in Rust is built from, so that an environment is made anew when it changes.
pub const NATIVE_INPUTS: [&str; 6] = [
    "aristaproto-runtime/pyproject.toml",
    "aristaproto-runtime/build_backend",
    "aristaproto-runtime/src",
    "aristaproto-runtime/Cargo.toml",
    "Cargo.toml",
    "Cargo.lock",
];
/// Installing packages may have to wait for a slow network.
pub const INSTALL_LIMIT: Duration = Duration::from_mins(15);

/// A released `CPython` 3 that can make virtual environments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Python {
    pub program: PathBuf,
    pub minor: u32,
    /// For people: `3.11.7`.
    pub version: String,
}

impl Python {
    /// Asks the program what it is. `None`: it does not run, is too old, a pre-release, or has no `venv`.
    pub fn probe(program: &Path) -> Option<Self> {
        const QUESTION: &str = "import sys, venv, ensurepip; v = sys.version_info; \
             print(v[0], v[1], v[3], '.'.join(map(str, v[:3])), sys.executable, sep='\\n')";
        let mut command = Command::new(program);
        command
            .args(["-I", "-c", QUESTION])
            .stdin(std::process::Stdio::null());
        let answer = exec::output(&mut command).ok()?;
        let [major, minor, level, version, executable] =
            answer.lines().collect::<Vec<_>>().try_into().ok()?;
        let minor: u32 = minor.parse().ok()?;
        if major != "3" || minor < OLDEST_MINOR || level != "final" {
            return None;
        }
        Some(Self {
            program: executable.into(),
            minor,
            version: version.to_owned(),
        })
    }
}

/// All usable interpreters, the one that `python3` means first, then by version; one for each minor version.
///
/// # Errors
/// A message that says what to install when there is none.
pub fn discover(root: &Path) -> Result<Vec<Python>, String> {
    let mut candidates: Vec<PathBuf> = vec!["python3".into(), "python".into()];
    candidates.extend((OLDEST_MINOR..=NEWEST_MINOR).map(|minor| format!("python3.{minor}").into()));
    candidates.extend(pyenv_interpreters());
    candidates.extend(pythons::programs(root));
    let mut found: Vec<Python> = Vec::new();
    for candidate in candidates {
        if let Some(python) = Python::probe(&candidate) {
            if found.iter().all(|other| other.minor != python.minor) {
                found.push(python);
            }
        }
    }
    if found.is_empty() {
        return Err(format!(
            "no Python 3.{OLDEST_MINOR} or newer with the module venv was found on PATH\n\
             install one (Debian and Ubuntu: `apt install python3 python3-venv`)"
        ));
    }
    if let Some(rest) = found.get_mut(1..) {
        rest.sort_by_key(|python| python.minor);
    }
    Ok(found)
}

/// The interpreter of a version such as `3.14`.
///
/// # Errors
/// A message that names the ones there are.
pub fn of_version<'a>(found: &'a [Python], version: &str) -> Result<&'a Python, String> {
    let known = |python: &&Python| version == format!("3.{}", python.minor);
    found.iter().find(known).ok_or_else(|| {
        let there: Vec<String> = found.iter().map(|it| format!("3.{}", it.minor)).collect();
        format!(
            "no Python {version} was found; there are: {}; `cargo xtask pythons` may get it",
            there.join(", ")
        )
    })
}

/// Interpreters that pyenv keeps off PATH.
fn pyenv_interpreters() -> Vec<PathBuf> {
    let Ok(root) = exec::output(Command::new("pyenv").arg("root")) else {
        return Vec::new();
    };
    let Ok(folders) = fs::read_dir(Path::new(&root).join("versions")) else {
        return Vec::new();
    };
    let mut programs: Vec<PathBuf> = folders
        .flatten()
        .map(|folder| folder.path().join("bin").join("python"))
        .filter(|program| program.exists())
        .collect();
    programs.sort();
    programs
}

/// A virtual environment under target/.
#[derive(Clone, Debug)]
pub struct Environment {
    folder: PathBuf,
}

impl Environment {
    /// Makes the environment if it is not there, and installs what `install` (arguments of `pip install`) names if
    /// that, or one of the `inputs` (files or folders), changed since the last time.
    ///
    /// # Errors
    /// A message with the output of venv or pip.
    pub fn prepare(
        root: &Path,
        folder: &Path,
        python: &Python,
        install: &[&str],
        inputs: &[&str],
        log: &Path,
    ) -> Result<Self, String> {
        let environment = Self {
            folder: folder.to_path_buf(),
        };
        let wanted = fingerprint(root, python, install, inputs)?;
        let stamp = folder.join("installed.txt");
        if environment.python().exists() && fs::read(&stamp).is_ok_and(|found| found == wanted) {
            return Ok(environment);
        }
        let same = |found: Python| found.version == python.version;
        if !Python::probe(&environment.python()).is_some_and(same) {
            let mut create = exec::command(root, &python.program);
            create.args(["-m", "venv", "--clear"]).arg(folder);
            exec::run(&mut create, log, INSTALL_LIMIT)?;
        }
        let mut pip = exec::command(root, environment.python());
        // What is installed here is what users have whose machine has Rust; a failing compiler must not pass for it.
        pip.env("ARISTAPROTO_BUILD", "native");
        pip.args([
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--no-input",
        ]);
        pip.args(install);
        exec::run(&mut pip, log, INSTALL_LIMIT)?;
        fs::write(&stamp, wanted)
            .map_err(|error| format!("cannot write {}: {error}", stamp.display()))?;
        Ok(environment)
    }

    /// The environment target/venv: the runtime installed in place, and all that tests and checks import.
    ///
    /// # Errors
    /// A message with the output of venv, pip or cargo.
    pub fn development(root: &Path, python: &Python, log: &Path) -> Result<Self, String> {
        Self::in_place(
            root,
            &root.join("target").join("venv"),
            python,
            &[
                "tests/python/requirements.txt",
                "tests/python/requirements-check.txt",
            ],
            log,
        )
    }

    /// The environment target/venvs/3.N: the runtime installed in place, and what the Python tests import.
    ///
    /// # Errors
    /// A message with the output of venv, pip or cargo.
    pub fn of_version(root: &Path, python: &Python, log: &Path) -> Result<Self, String> {
        let folder = root
            .join("target")
            .join("venvs")
            .join(format!("3.{}", python.minor));
        Self::in_place(
            root,
            &folder,
            python,
            &["tests/python/requirements.txt"],
            log,
        )
    }

    /// An environment with the runtime installed in place, and what the files of `requirements` name.
    ///
    /// # Errors
    /// A message with the output of venv, pip or cargo.
    pub fn in_place(
        root: &Path,
        folder: &Path,
        python: &Python,
        requirements: &[&str],
        log: &Path,
    ) -> Result<Self, String> {
        let mut install: Vec<&str> = requirements
            .iter()
            .flat_map(|file| ["--requirement", file])
            .collect();
        install.extend(["--editable", "aristaproto-runtime"]);
        let inputs: Vec<&str> = requirements.iter().chain(&NATIVE_INPUTS).copied().collect();
        Self::prepare(root, folder, python, &install, &inputs, log)
    }

    /// The environment's interpreter.
    pub fn python(&self) -> PathBuf {
        self.program("python")
    }

    /// A program that a package of the environment installed.
    pub fn program(&self, name: &str) -> PathBuf {
        let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        self.programs().join(name)
    }

    /// The folder of the environment's programs.
    pub fn programs(&self) -> PathBuf {
        self.folder
            .join(if cfg!(windows) { "Scripts" } else { "bin" })
    }
}

/// Everything that decides what an environment holds, in one word: the interpreter, what is installed, and the bytes of
/// the inputs (files, or folders with all below them).
fn fingerprint(
    root: &Path,
    python: &Python,
    install: &[&str],
    inputs: &[&str],
) -> Result<Vec<u8>, String> {
    let mut hasher = DefaultHasher::new();
    (&python.version, install).hash(&mut hasher);
    for input in inputs {
        hash_path(&root.join(input), &mut hasher)?;
    }
    Ok(format!("{:016x}\n", hasher.finish()).into_bytes())
}

fn hash_path(path: &Path, hasher: &mut DefaultHasher) -> Result<(), String> {
    let failed = |error| format!("cannot read {}: {error}", path.display());
    if path.is_dir() {
        let mut entries = fs::read_dir(path)
            .and_then(|entries| {
                entries
                    .map(|entry| Ok(entry?.path()))
                    .collect::<Result<Vec<_>, _>>()
            })
            .map_err(failed)?;
        entries.sort();
        for entry in entries {
            if entry.file_name().is_some_and(|name| name != "__pycache__") {
                hash_path(&entry, hasher)?;
            }
        }
    } else {
        (path, fs::read(path).map_err(failed)?).hash(hasher);
    }
    Ok(())
}

/// PATH with `folder` before everything else.
pub fn path_with(folder: &Path) -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_path_buf()).chain(std::env::split_paths(&path));
    // Only a folder whose name holds the separator cannot be joined; PATH itself cannot contain one.
    std::env::join_paths(folders).unwrap_or(path)
}
