//! Rust for platforms that the machine's own has no standard library for, and a way to run what it builds. Called by `wheels`.
//!
//! On Debian they come from the packages of Debian 12: a compiler with a standard library for the other processor, the sources
//! that cargo builds one for musl from, qemu, and a Python that runs under it. They are unpacked below target/rust and not
//! installed. Wheels to publish come from the release workflow; these show that the codec can be built and used there.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::debian::{self, Apt};
use crate::exec;

const RELEASE: &str = "bookworm";
const HOST_PACKAGES: [&str; 6] = [
    "rustc-web",
    "libstd-rust-web-dev",
    "libstd-rust-web-1.85",
    "libllvm19",
    "rust-web-src",
    "qemu-user-static",
];
/// A Python and what it loads.
const FOREIGN_PACKAGES: [&str; 10] = [
    "python3.11-minimal",
    "libpython3.11-minimal",
    "libpython3.11-stdlib",
    "libc6",
    "libgcc-s1",
    "libexpat1",
    "libffi8",
    "libssl3",
    "libuuid1",
    "zlib1g",
];

/// The compiler, qemu and the Python.
pub struct Cross {
    folder: PathBuf,
}

impl Cross {
    /// The minor version of the Python that runs under qemu.
    pub const MINOR: u32 = 11;

    /// Fetches what is not there yet.
    ///
    /// # Errors
    /// A message when this is no Debian, or packages cannot be fetched or unpacked.
    pub fn prepare(root: &Path, log: &Path) -> Result<Self, String> {
        if !debian::is_debian() {
            return Err("only on Debian packages can be fetched for it".to_owned());
        }
        let folder = exec::target_dir(root).join("rust/cross");
        if !folder.exists() {
            let architectures = [
                debian_name(std::env::consts::ARCH),
                debian_name(processor()),
            ];
            let of_foreign = |name: &str| format!("{name}:{}", debian_name(processor()));
            debian::fill(&folder, |folder| {
                let lists = folder.join("apt");
                let apt = Apt::update_for(root, &lists, RELEASE, &architectures, log)?;
                let debs = folder.join("debs");
                apt.download(&HOST_PACKAGES.map(String::from), &debs)?;
                apt.download(&[of_foreign("libstd-rust-web-dev")], &debs)?;
                debian::unpack(root, &debs, folder, log)?;
                let debs = folder.join("debs-foreign");
                apt.download(&FOREIGN_PACKAGES.map(of_foreign), &debs)?;
                debian::unpack(root, &debs, &folder.join("foreign"), log)
            })?;
        }
        Ok(Self { folder })
    }

    /// Makes maturin compile with this compiler; for musl, with a standard library that is built on the way.
    pub fn compile(&self, maturin: &mut Command, target: &str) {
        let libraries = format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH);
        maturin
            .env("RUSTC", self.folder.join("usr/bin/rustc"))
            .env("LD_LIBRARY_PATH", self.folder.join(libraries));
        if target.ends_with("-musl") {
            // A module is loaded by a Python that has the C library.
            maturin
                .arg("-Zbuild-std=std,panic_unwind")
                .env("RUSTC_BOOTSTRAP", "1")
                .env("RUSTFLAGS", "-C target-feature=-crt-static");
        }
    }

    /// The other processor's Python, under qemu. It finds the packages of the folder `site`.
    pub fn python(&self, root: &Path, site: &Path) -> Command {
        let qemu = format!("usr/bin/qemu-{}-static", processor());
        let foreign = self.folder.join("foreign");
        let mut command = exec::command(root, self.folder.join(qemu));
        command
            .arg("-L")
            .arg(&foreign)
            .arg(foreign.join(format!("usr/bin/python3.{}", Self::MINOR)))
            .args(["-s", "-B"])
            .env("PYTHONPATH", site);
        command
    }
}

/// The other of the two processors that wheels for Linux are built for.
pub fn processor() -> &'static str {
    if std::env::consts::ARCH == "x86_64" {
        "aarch64"
    } else {
        "x86_64"
    }
}

fn debian_name(processor: &str) -> &'static str {
    if processor == "x86_64" {
        "amd64"
    } else {
        "arm64"
    }
}
