//! `cargo xtask wheels`: what is uploaded to a package index. In: nothing, or `--python 3.N` to build for some Pythons only. Out:
//! target/dist with a wheel for each Python and platform, the pure one, and the source distribution; each is checked by twine,
//! and those for this machine are installed into a fresh environment and used. A line for each says how far it went.
//!
//! Wheels for Linux are linked by zig against the C library of manylinux2014 or against musl. A platform that rustc has no
//! standard library for (`rustup target add …`) is built for with Debian's compiler, see `cross`; those for the other processor
//! are used under qemu. The release workflow builds for macOS and Windows.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::cross::{self, Cross};
use crate::exec;
use crate::python::{self, Environment, Python, INSTALL_LIMIT};
use crate::pythons;

/// Platforms: rustc's name, and maturin's for the C library that the wheels run on.
const TARGETS: [(&str, &str); 4] = [
    ("x86_64-unknown-linux-gnu", "manylinux2014"),
    ("x86_64-unknown-linux-musl", "musllinux_1_2"),
    ("aarch64-unknown-linux-gnu", "manylinux2014"),
    ("aarch64-unknown-linux-musl", "musllinux_1_2"),
];
const REQUIREMENTS: &str = "tests/wheels/requirements-release.txt";

/// Builds, checks and tries everything.
///
/// # Errors
/// A message when something cannot be built, or does not pass.
pub fn run(root: &Path, arguments: &[String]) -> Result<ExitCode, String> {
    let found = python::discover(root)?;
    let pythons = match arguments {
        [] => found.clone(),
        _ => arguments
            .chunks(2)
            .map(|words| match words {
                [option, version] if option == "--python" => {
                    python::of_version(&found, version).cloned()
                }
                _ => Err(format!(
                    "wheels takes `--python 3.N`, once or more; got `{}`",
                    arguments.join(" ")
                )),
            })
            .collect::<Result<_, _>>()?,
    };
    let work = exec::target_dir(root).join("wheels");
    let dist = exec::target_dir(root).join("dist");
    exec::remove(&dist)?;
    let log = work.join("log.txt");
    let main = found.first().ok_or("no Python was found")?;
    let tools = Environment::prepare(
        root,
        &work.join("tools"),
        main,
        &["--requirement", REQUIREMENTS],
        &[REQUIREMENTS],
        &log,
    )?;
    if arguments.is_empty() {
        for version in pythons::missing(root)? {
            println!("{version}: not built, it is not on this machine; see `cargo xtask pythons`");
        }
    }
    let release = Release {
        root,
        work: &work,
        dist: &dist,
        tools: &tools,
        log: &log,
    };
    release.sources()?;
    let pure = release.pure()?;
    release.smoke(main, &pure, "python")?;
    for (target, compatibility) in TARGETS {
        release.platform(target, compatibility, &pythons)?;
    }
    let mut twine = exec::command(root, tools.program("twine"));
    twine.args(["check", "--strict"]).args(files(&dist)?);
    exec::run(&mut twine, &log, INSTALL_LIMIT)?;
    println!("twine: {} files are well described", files(&dist)?.len());
    Ok(ExitCode::SUCCESS)
}

struct Release<'a> {
    root: &'a Path,
    work: &'a Path,
    dist: &'a Path,
    tools: &'a Environment,
    log: &'a Path,
}

impl Release<'_> {
    /// A command in the runtime's folder that finds the builders.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = exec::command(&self.root.join("aristaproto-runtime"), program);
        command
            .env("PATH", python::path_with(&self.tools.programs()))
            .env("CARGO_TARGET_DIR", self.work.join("release"))
            .env("PYO3_BUILD_EXTENSION_MODULE", "1");
        command
    }

    fn sources(&self) -> Result<(), String> {
        let mut maturin = self.command(self.tools.program("maturin"));
        maturin.args(["sdist", "--out"]).arg(self.dist);
        exec::run(&mut maturin, self.log, INSTALL_LIMIT)
    }

    fn pure(&self) -> Result<PathBuf, String> {
        let before = files(self.dist)?;
        let mut pip = self.command(self.tools.python());
        pip.args(["-m", "pip", "wheel", "--no-deps", "--no-build-isolation"])
            .args(["--no-cache-dir", "--wheel-dir"])
            .arg(self.dist)
            .arg(".")
            .env("ARISTAPROTO_BUILD", "python");
        exec::run(&mut pip, self.log, INSTALL_LIMIT)?;
        self.new_file(&before, "none-any")
    }

    /// The wheels of one platform, used as far as this machine can.
    fn platform(
        &self,
        target: &str,
        compatibility: &str,
        pythons: &[Python],
    ) -> Result<(), String> {
        let own = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let cross = if target == own {
            Err("it is this machine's own".to_owned())
        } else {
            Cross::prepare(self.root, self.log)
        };
        let compiler = match &cross {
            _ if has_standard_library(target) => None,
            Ok(cross) => Some(cross),
            Err(reason) => {
                println!("{target}: not built, rustc has no standard library for it (`rustup target add {target}`), and {reason}");
                return Ok(());
            }
        };
        let emulated = format!("{}-unknown-linux-gnu", cross::processor());
        let wheels = self.native(target, compatibility, pythons, compiler)?;
        for (python, wheel) in pythons.iter().zip(&wheels) {
            match &cross {
                _ if target == own => self.smoke(python, wheel, "native")?,
                Ok(cross) if target == emulated && python.minor == Cross::MINOR => {
                    self.emulate(cross, wheel, compatibility)?;
                }
                _ => println!(
                    "{}: built, not used: no Python for it is here",
                    shown(wheel)
                ),
            }
        }
        Ok(())
    }

    /// A wheel for each Python.
    fn native(
        &self,
        target: &str,
        compatibility: &str,
        pythons: &[Python],
        cross: Option<&Cross>,
    ) -> Result<Vec<PathBuf>, String> {
        let own = target.starts_with(std::env::consts::ARCH) && target.ends_with("-gnu");
        pythons
            .iter()
            .map(|python| {
                let before = files(self.dist)?;
                let mut maturin = self.command(self.tools.program("maturin"));
                maturin
                    .args(["build", "--release", "--zig", "--target", target])
                    .args(["--compatibility", compatibility, "--out"])
                    .arg(self.dist)
                    .arg("--interpreter");
                if own {
                    maturin.arg(&python.program);
                } else {
                    // maturin knows what the interpreter of another platform would say.
                    maturin.arg(format!("python3.{}", python.minor));
                }
                if let Some(cross) = cross {
                    cross.compile(&mut maturin, target);
                    maturin.env("CARGO_TARGET_DIR", self.work.join("cross"));
                }
                exec::run(&mut maturin, self.log, INSTALL_LIMIT)?;
                self.new_file(&before, &format!("-cp3{}-", python.minor))
            })
            .collect()
    }

    fn new_file(&self, before: &[PathBuf], part: &str) -> Result<PathBuf, String> {
        files(self.dist)?
            .into_iter()
            .find(|path| !before.contains(path) && shown(path).contains(part))
            .ok_or_else(|| format!("no wheel `{part}` was built; see {}", self.log.display()))
    }

    /// Installs a wheel alone and uses it.
    fn smoke(&self, python: &Python, wheel: &Path, codec: &str) -> Result<(), String> {
        let folder = self.work.join("smoke").join(format!("3.{}", python.minor));
        let mut venv = exec::command(self.root, &python.program);
        venv.args(["-m", "venv", "--clear"]).arg(&folder);
        exec::run(&mut venv, self.log, INSTALL_LIMIT)?;
        let program = folder
            .join(if cfg!(windows) { "Scripts" } else { "bin" })
            .join("python");
        let mut pip = exec::command(self.root, &program);
        pip.args(["-m", "pip", "install", "--no-index"]).arg(wheel);
        exec::run(&mut pip, self.log, INSTALL_LIMIT)?;
        let mut smoke = exec::command(self.root, &program);
        smoke.args(["-I", "tests/wheels/smoke.py", codec]);
        exec::run(&mut smoke, self.log, INSTALL_LIMIT)?;
        println!(
            "{}: installed and used under {}",
            shown(wheel),
            python.version
        );
        Ok(())
    }

    /// Uses a wheel for the other processor.
    fn emulate(&self, cross: &Cross, wheel: &Path, compatibility: &str) -> Result<(), String> {
        let site = self.work.join("smoke/emulated");
        exec::remove(&site)?;
        let mut pip = exec::command(self.root, self.tools.python());
        pip.args(["-m", "pip", "install", "--no-index", "--no-deps"])
            .args(["--only-binary", ":all:", "--implementation", "cp"])
            .args(["--python-version", &format!("3.{}", Cross::MINOR)])
            .args([
                "--platform",
                &format!("{compatibility}_{}", cross::processor()),
            ])
            .arg("--target")
            .arg(&site)
            .arg(wheel);
        exec::run(&mut pip, self.log, INSTALL_LIMIT)?;
        let mut smoke = cross.python(self.root, &site);
        smoke.args(["tests/wheels/smoke.py", "native"]);
        exec::run(&mut smoke, self.log, INSTALL_LIMIT)?;
        println!(
            "{}: used under qemu with CPython 3.{}",
            shown(wheel),
            Cross::MINOR
        );
        Ok(())
    }
}

fn shown(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The files of a folder, sorted; none when it is not there yet.
fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder)
        .map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    found.sort();
    Ok(found)
}

fn has_standard_library(target: &str) -> bool {
    let mut rustc = Command::new("rustc");
    rustc.args(["--print", "target-libdir", "--target", target]);
    exec::output(&mut rustc).is_ok_and(|folder| Path::new(&folder).exists())
}
