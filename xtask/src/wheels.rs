//! `cargo xtask wheels`: what is uploaded to a package index. In: nothing, or `--python 3.N` to build for some Pythons only;
//! `--musl-python PROGRAM` is a `CPython` on musl to use wheels with, or a script that starts one under qemu. Out: target/dist
//! with a wheel for each Python and platform, the pure one, and the source distribution; each is checked by twine, and those
//! that a Python is here for are used. A line for each says how far it went.
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
    let (mut pythons, mut on_musl) = (Vec::new(), Vec::new());
    for words in arguments.chunks(2) {
        match words {
            [option, version] if option == "--python" => {
                pythons.push(python::of_version(&found, version)?.clone());
            }
            [option, program] if option == "--musl-python" => {
                on_musl.push(OnMusl::ask(root, program)?);
            }
            _ => {
                return Err(format!(
                "wheels takes `--python 3.N` and `--musl-python PROGRAM`, once or more; got `{}`",
                arguments.join(" ")
            ))
            }
        }
    }
    let are_all = pythons.is_empty();
    if are_all {
        pythons.clone_from(&found);
    }
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
    if are_all {
        for version in pythons::missing(root)? {
            println!("{version}: not built, it is not on this machine; see `cargo xtask pythons`");
        }
    }
    let release = Release {
        root,
        work: &work,
        dist: &dist,
        tools: &tools,
        on_musl: &on_musl,
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
    on_musl: &'a [OnMusl],
    log: &'a Path,
}

/// A `CPython` on musl.
struct OnMusl {
    program: PathBuf,
    /// How the names of the modules end that it loads.
    suffix: String,
}

impl OnMusl {
    fn ask(root: &Path, program: &str) -> Result<Self, String> {
        let program = root.join(program);
        let question = "import sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))";
        let suffix = exec::output(exec::command(root, &program).args(["-c", question]))?;
        if suffix.ends_with("-linux-musl.so") {
            return Ok(Self { program, suffix });
        }
        Err(format!(
            "{} is no CPython on musl: it loads modules `*{suffix}`",
            program.display()
        ))
    }

    fn loads(&self, target: &str, python: &Python) -> bool {
        let processor = target.split('-').next().unwrap_or_default();
        target.ends_with("-musl")
            && self.suffix == format!(".cpython-3{}-{processor}-linux-musl.so", python.minor)
    }
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
                    let site = self.unpacked(python, wheel, target, compatibility)?;
                    let program = cross.python(self.root, &site);
                    self.use_unpacked(program, wheel, "qemu")?;
                }
                _ => match self.on_musl.iter().find(|it| it.loads(target, python)) {
                    Some(found) => {
                        let site = self.unpacked(python, wheel, target, compatibility)?;
                        let mut program = exec::command(self.root, &found.program);
                        program.args(["-s", "-B"]).env("PYTHONPATH", &site);
                        self.use_unpacked(program, wheel, &found.program.to_string_lossy())?;
                    }
                    None => println!(
                        "{}: built, not used: no Python for it is here",
                        shown(wheel)
                    ),
                },
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

    /// A folder with what is in a wheel for another platform.
    fn unpacked(
        &self,
        python: &Python,
        wheel: &Path,
        target: &str,
        compatibility: &str,
    ) -> Result<PathBuf, String> {
        let site = self.work.join("smoke/unpacked");
        exec::remove(&site)?;
        let processor = target.split('-').next().unwrap_or_default();
        let mut pip = exec::command(self.root, self.tools.python());
        pip.args(["-m", "pip", "install", "--no-index", "--no-deps"])
            .args(["--only-binary", ":all:", "--implementation", "cp"])
            .args(["--python-version", &format!("3.{}", python.minor)])
            .args(["--platform", &format!("{compatibility}_{processor}")])
            .arg("--target")
            .arg(&site)
            .arg(wheel);
        exec::run(&mut pip, self.log, INSTALL_LIMIT)?;
        Ok(site)
    }

    fn use_unpacked(&self, mut python: Command, wheel: &Path, under: &str) -> Result<(), String> {
        python.args(["tests/wheels/smoke.py", "native"]);
        exec::run(&mut python, self.log, INSTALL_LIMIT)?;
        println!("{}: used under {under}", shown(wheel));
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
