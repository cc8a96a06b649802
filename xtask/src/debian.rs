//! Packages of another Debian release than the machine's: downloaded by apt and unpacked into a folder, nothing installed.
//! Called by `conformance`, `cross`, `oldest-rust` and `pythons`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::exec;

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const DOWNLOAD_LIMIT: Duration = Duration::from_mins(15);

/// apt with lists and sources of its own below a folder; the machine's are not touched.
pub struct Apt {
    folder: PathBuf,
    /// None for the machine's own.
    architectures: Vec<String>,
    log: PathBuf,
}

impl Apt {
    /// Fetches the list of the packages of `release` into `folder`, from the mirror that the machine's own come from.
    ///
    /// # Errors
    /// A message when this is no Debian, or apt fails.
    pub fn update(root: &Path, folder: &Path, release: &str, log: &Path) -> Result<Self, String> {
        Self::update_for(root, folder, release, &[], log)
    }

    /// The same for these architectures, by Debian's names for them, instead of the machine's own.
    ///
    /// # Errors
    /// Those of [`Self::update`].
    pub fn update_for(
        root: &Path,
        folder: &Path,
        release: &str,
        architectures: &[&str],
        log: &Path,
    ) -> Result<Self, String> {
        let mirror = mirror(root)?;
        let apt = Self {
            folder: folder.to_path_buf(),
            architectures: architectures.iter().map(ToString::to_string).collect(),
            log: log.to_path_buf(),
        };
        create(&apt.lists().join("partial"))?;
        let signed = if Path::new(KEYRING).exists() {
            format!("[signed-by={KEYRING}] ")
        } else {
            String::new()
        };
        fs::write(
            apt.sources(),
            format!("deb {signed}{mirror} {release} main\n"),
        )
        .map_err(|error| format!("cannot write {}: {error}", apt.sources().display()))?;
        exec::run(apt.get(folder).arg("update"), log, DOWNLOAD_LIMIT)?;
        Ok(apt)
    }

    /// Downloads `packages` into `debs`: those and none that they need.
    ///
    /// # Errors
    /// A message when there is none of a name, or apt fails.
    pub fn download(&self, packages: &[String], debs: &Path) -> Result<(), String> {
        create(debs)?;
        let mut get = self.get(debs);
        get.arg("download").args(packages);
        exec::run(&mut get, &self.log, DOWNLOAD_LIMIT)
    }

    fn lists(&self) -> PathBuf {
        self.folder.join("lists")
    }

    fn sources(&self) -> PathBuf {
        self.folder.join("sources.list")
    }

    fn get(&self, folder: &Path) -> Command {
        let mut command = exec::command(folder, "apt-get");
        for (key, value) in [
            ("Dir::Etc::sourcelist", self.sources()),
            ("Dir::Etc::sourceparts", "/dev/null".into()),
            ("Dir::State::lists", self.lists()),
            ("Dir::Cache", self.folder.clone()),
            // What the packages look like in a software centre.
            (
                "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled",
                "false".into(),
            ),
        ] {
            command.arg("-o").arg(format!("{key}={}", value.display()));
        }
        for name in &self.architectures {
            command
                .arg("-o")
                .arg(format!("APT::Architectures::={name}"));
        }
        command
    }
}

/// Whether this is Debian itself, not a system that is made of it.
pub fn is_debian() -> bool {
    codename().is_some()
}

/// The name of this Debian's release, if it is one.
fn codename() -> Option<String> {
    let release = fs::read_to_string("/etc/os-release").ok()?;
    let value = |key: &str| release.lines().find_map(|line| line.strip_prefix(key));
    let codename = value("VERSION_CODENAME=")?;
    (value("ID=") == Some("debian")).then(|| codename.to_owned())
}

/// Unpacks all packages of the folder `debs`.
///
/// # Errors
/// A message when one cannot be read.
pub fn unpack(root: &Path, debs: &Path, into: &Path, log: &Path) -> Result<(), String> {
    let entries =
        fs::read_dir(debs).map_err(|error| format!("cannot read {}: {error}", debs.display()))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_some_and(|extension| extension == "deb") {
            let mut unpack = exec::command(root, "dpkg-deb");
            unpack.arg("-x").arg(&path).arg(into);
            exec::run(&mut unpack, log, DOWNLOAD_LIMIT)?;
        }
    }
    Ok(())
}

/// Makes `folder` whole or not at all: `work` fills a folder beside it, which then gets its name.
///
/// # Errors
/// The message of `work`, or one that names the folder that cannot be made.
pub fn fill(folder: &Path, work: impl FnOnce(&Path) -> Result<(), String>) -> Result<(), String> {
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(format!(".partial-{}", std::process::id()));
    let partial = folder.with_file_name(name);
    create(&partial)?;
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

fn create(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder)
        .map_err(|error| format!("cannot create {}: {error}", folder.display()))
}

/// The address that the machine gets its Debian packages from.
fn mirror(root: &Path) -> Result<String, String> {
    let codename = codename().ok_or("only on Debian they can be fetched")?;
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
