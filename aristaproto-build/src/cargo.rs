//! What cargo says to a build script through its environment, and what the build script says back on its standard output.
//! `source` and `output` call it; outside a build script everything here is silent.
//!
//! <https://doc.rust-lang.org/cargo/reference/build-scripts.html>

use std::collections::BTreeSet;
use std::fmt::{Display, Write as _};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use std::{env, fs};

use crate::error::Diagnostic;

/// The line to cargo, open or not.
pub(crate) struct Cargo {
    speaks: bool,
    root: PathBuf,
    held: Held,
}

/// Directives that wait until it is known that the build script succeeds: one that fails runs again anyway, and its user wants
/// to see the error. Nothing waits unless [`hold`](Self::hold) was called.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held(Arc<Mutex<Option<String>>>);

impl Held {
    pub fn hold(&self) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert_default();
    }

    /// Lets go of what waits; prints it if the work `succeeded`.
    pub fn release(&self, succeeded: bool) {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(text) = held.filter(|_| succeeded) {
            print!("{text}");
        }
    }

    fn say(&self, text: &str) {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(held) => held.push_str(text),
            None => print!("{text}"),
        }
    }
}

impl Cargo {
    /// `speaks`: what the user asked for, or whether this is a build script.
    pub fn new(speaks: Option<bool>, root: PathBuf, held: Held) -> Self {
        let in_build_script = || {
            ["OUT_DIR", "HOST", "TARGET"]
                .iter()
                .all(|name| env::var_os(name).is_some())
        };
        Self {
            speaks: speaks.unwrap_or_else(in_build_script),
            root,
            held,
        }
    }

    /// Cargo runs the build script again when one of these changes. A path that does not exist would make it run every
    /// time, so such a path is left out.
    pub fn watch<'a>(&self, paths: impl IntoIterator<Item = &'a PathBuf>) {
        if !self.speaks {
            return;
        }
        let paths: BTreeSet<&PathBuf> = paths.into_iter().collect();
        // One write for all lines: there may be thousands.
        let mut lines = String::new();
        for path in paths.into_iter().filter(|path| path.exists()) {
            let path = path.strip_prefix(&self.root).unwrap_or(path);
            let _ = writeln!(lines, "cargo:rerun-if-changed={}", path.display());
        }
        self.held.say(&lines);
    }

    /// Cargo runs the build script again when this environment variable changes.
    pub fn watch_variable(&self, name: &str) {
        if self.speaks {
            self.held
                .say(&format!("cargo:rerun-if-env-changed={name}\n"));
        }
    }

    /// Cargo hands this on to the build scripts of the packages that depend on this one, as `DEP_<LINKS>_<KEY>`.
    pub fn metadata(&self, key: &str, value: &dyn Display) {
        if self.speaks {
            println!("cargo:{key}={value}");
        }
    }

    /// Cargo shows this to the user, each line as a warning.
    pub fn warn(&self, warning: &Diagnostic) {
        if self.speaks {
            let text = warning.to_string();
            // Before a place, cargo says that it is a warning.
            for line in text.strip_prefix("warning: ").unwrap_or(&text).lines() {
                println!("cargo:warning={line}");
            }
        }
    }

    /// Gives a file that was just written the time at which cargo started this build script. Cargo takes a watched file for
    /// changed when it is newer than that.
    pub fn stamp(&self, path: &Path) {
        if let Some(time) = self.invocation_time() {
            // Where the time cannot be set, cargo runs the build script once more than it needs to.
            let _ = File::options()
                .write(true)
                .open(path)
                .and_then(|file| file.set_modified(time));
        }
    }

    /// When cargo started this build script, by the clock of the file system.
    fn invocation_time(&self) -> Option<SystemTime> {
        if !self.speaks {
            return None;
        }
        let stamp = Path::new(&env::var_os("OUT_DIR")?)
            .parent()?
            .join("invoked.timestamp");
        fs::metadata(stamp).ok()?.modified().ok()
    }

    /// Notes that this run of the build script generates the tree at `root`; says whether it had done so before. The
    /// note lies in `OUT_DIR` and bears the run's time.
    pub fn has_generated(&self, root: &Path) -> bool {
        let (Some(run), Some(out_dir)) = (self.invocation_time(), env::var_os("OUT_DIR")) else {
            return false;
        };
        let note = Path::new(&out_dir).join(".aristaproto-trees");
        let is_of_this_run = || fs::metadata(&note)?.modified().map(|time| time == run);
        let mut trees = if is_of_this_run().unwrap_or(false) {
            fs::read_to_string(&note).unwrap_or_default()
        } else {
            String::new()
        };
        let root = root.to_string_lossy();
        let before = trees.lines().any(|tree| tree == root);
        if !before {
            trees.push_str(&root);
            trees.push('\n');
            // Without the note, a second call is not recognised, and does what it was told.
            if fs::write(&note, trees).is_ok() {
                self.stamp(&note);
            }
        }
        before
    }
}

const MANIFEST_VARIABLE: &str = "CARGO_MANIFEST_DIR";

/// Is this a build script, a macro or anything else that cargo started?
pub(crate) fn is_in_cargo() -> bool {
    env::var_os(MANIFEST_VARIABLE).is_some()
}

/// The folder of the package's Cargo.toml; the current one outside cargo.
pub(crate) fn manifest_folder() -> PathBuf {
    env::var_os(MANIFEST_VARIABLE)
        .map(PathBuf::from)
        .or_else(|| env::current_dir().ok())
        .unwrap_or_default()
}

/// Does the folder hold a package as `cargo package` writes it: unpacked for a check, or as a dependency? Cargo
/// leaves the author's manifest beside the one that it wrote. A git dependency lies below cargo's own folder. Their files are
/// not a build script's to change.
pub(crate) fn is_packaged(manifest_folder: &Path) -> bool {
    let is_below = |home: PathBuf| {
        let folder = fs::canonicalize(manifest_folder);
        matches!((folder, fs::canonicalize(home)), (Ok(folder), Ok(home)) if folder.starts_with(&home))
    };
    manifest_folder.join("Cargo.toml.orig").is_file()
        || cargo_home().is_some_and(|home| is_below(home.join("git/checkouts")))
}

/// <https://doc.rust-lang.org/cargo/guide/cargo-home.html>
fn cargo_home() -> Option<PathBuf> {
    let named = env::var_os("CARGO_HOME").filter(|home| !home.is_empty());
    named
        .map(PathBuf::from)
        .or_else(|| Some(env::home_dir()?.join(".cargo")))
}

/// Is this a build on docs.rs, where everything but `OUT_DIR` is read-only?
pub(crate) fn is_docs_rs() -> bool {
    env::var_os("DOCS_RS").is_some()
}
