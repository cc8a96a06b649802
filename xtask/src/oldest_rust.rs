//! The published crates under the oldest Rust that they name. Called by the step `oldest-rust` of `cargo xtask test`.
//!
//! rustup's toolchain is taken where it is installed. On Debian the compiler comes from the packages of Debian 12, which has
//! this very version for the programs that need a newer one than its own; they are unpacked below target/rust and not installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::debian::{self, Apt};
use crate::exec;

/// `rust-version` of the published crates: the oldest that their dependencies allow.
const VERSION: &str = "1.85";
const RELEASE: &str = "bookworm";
const PACKAGES: [&str; 4] = [
    "rustc-web",
    "libstd-rust-web-dev",
    "libstd-rust-web-1.85",
    "libllvm19",
];
/// What is compiled, each as its users on a small machine would: no protoc is built.
const CHECKS: [&[&str]; 2] = [
    &[
        "--no-default-features",
        "--features=aristaproto-build/protox,aristaproto-build/prebuilt-protoc,aristaproto-build/prost,aristaproto-build/pyo3",
        "--features=aristaproto-macros/protox",
        "--package=aristaproto-build",
        "--package=aristaproto-macros",
        "--package=aristaproto-classes",
        "--package=aristaproto-pyo3",
    ],
    &["--package=aristaproto-runtime"],
];

/// The checks, to be run one after the other; or why this machine cannot.
///
/// # Errors
/// A message when packages cannot be fetched or unpacked.
pub fn checks(
    root: &Path,
    target: &Path,
    python: &Path,
    log: &Path,
) -> Result<Result<Vec<Command>, String>, String> {
    let compiler = match by_rustup(root) {
        Some(rustc) => Compiler {
            rustc,
            libraries: None,
        },
        None if debian::is_debian() => from_debian(root, target, log)?,
        None => return Ok(Err(format!("neither rustup's Rust {VERSION} nor Debian"))),
    };
    let mut version = Command::new(&compiler.rustc);
    compiler.prepare(&mut version);
    let said = exec::output(version.arg("--version"))?;
    if !said.starts_with(&format!("rustc {VERSION}.")) {
        return Err(format!("{} is {said}", compiler.rustc.display()));
    }
    let commands = CHECKS.iter().map(|arguments| {
        let mut cargo = exec::command(root, "cargo");
        cargo
            .args(["check", "--locked"])
            .args(*arguments)
            .env("CARGO_TARGET_DIR", target.join("oldest-rust"))
            .env("PYO3_PYTHON", python)
            .env("RUSTC", &compiler.rustc);
        compiler.prepare(&mut cargo);
        cargo
    });
    Ok(Ok(commands.collect()))
}

struct Compiler {
    rustc: PathBuf,
    /// Where its libraries are, if the loader does not know it.
    libraries: Option<PathBuf>,
}

impl Compiler {
    fn prepare(&self, command: &mut Command) {
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
    }
}

fn by_rustup(root: &Path) -> Option<PathBuf> {
    let mut which = exec::command(root, "rustup");
    which.args(["which", "--toolchain", VERSION, "rustc"]);
    let path = exec::output(&mut which).ok()?;
    Some(PathBuf::from(path.trim()))
}

fn from_debian(root: &Path, target: &Path, log: &Path) -> Result<Compiler, String> {
    let folder = target.join("rust").join(VERSION);
    if !folder.exists() {
        debian::fill(&folder, |folder| {
            let apt = Apt::update(root, &folder.join("apt"), RELEASE, log)?;
            let debs = folder.join("debs");
            apt.download(&PACKAGES.map(String::from), &debs)?;
            debian::unpack(root, &debs, folder, log)
        })?;
    }
    let libraries = format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    Ok(Compiler {
        rustc: folder.join("usr/bin/rustc"),
        libraries: Some(folder.join(libraries)),
    })
}
