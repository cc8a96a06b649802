//! Stage 4: from generated files to a folder on disk that holds exactly those, and whatever else the user put there.
//! `Config::write` calls it.
//!
//! ```text
//! python/lib/                    the root: `out_dir`, or OUT_DIR/python
//!     .aristaproto-manifest      the list of the files below that were generated
//!     .aristaproto-staging-…/    new files on their way; gone when the call returns
//!     __init__.py                generated
//!     example/__init__.py        generated
//!     example/handwritten.py     not in the list: never read, written or removed
//! ```
//!
//! New files are complete on the same disk before the first one is moved into its place, and the list is longer rather
//! than shorter than the truth while that happens, so that a call that fails or is killed leaves a tree that the next call
//! can put right. Two calls at once take turns.

mod check;
mod manifest;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use fs4::FileExt;
use tempfile::TempDir;

use crate::cargo::{self, Cargo};
use crate::config::{Config, CHECK_VARIABLE};
use crate::diagnostics;
use crate::error::{Diagnostic, Error, Problems};
use crate::parallel;
use crate::progress::Progress;
use crate::python::GeneratedFile;
use crate::source::count;
use manifest::Manifest;

const STAGING_PREFIX: &str = ".aristaproto-staging-";

/// Makes the folder hold `files`; gives the folder.
pub(crate) fn write(config: &Config, files: &[GeneratedFile]) -> Result<PathBuf, Error> {
    let cargo = config.cargo();
    let manifest_folder = cargo::manifest_folder();
    let root = folder(config, &manifest_folder)?;
    let tree = Tree {
        shown: root
            .strip_prefix(&manifest_folder)
            .unwrap_or(&root)
            .to_owned(),
        root,
    };
    cargo.watch_variable(CHECK_VARIABLE);
    // A program outside cargo has no package, and must hear that it cannot write.
    let in_package = cargo::is_in_cargo()
        && tree.root.starts_with(&manifest_folder)
        && !is_in_out_dir(&tree.root);
    if config.checks() {
        check::check(&tree, files)?;
    } else if in_package && (cargo::is_packaged(&manifest_folder) || cargo::is_docs_rs()) {
        tree.leave_alone(&cargo, files);
    } else if let Err(error) = tree.update(&cargo, files, &config.progress) {
        if !(in_package && error.is_io() && is_read_only(&manifest_folder)) {
            return Err(error);
        }
        tree.leave_alone(&cargo, files);
    }
    let mut watched: Vec<PathBuf> = files
        .iter()
        .map(|file| tree.root.join(&file.path))
        .collect();
    watched.push(tree.root.join(manifest::NAME));
    cargo.watch(&watched);
    Ok(tree.root)
}

fn folder(config: &Config, manifest_folder: &Path) -> Result<PathBuf, Error> {
    if let Some(path) = &config.out_dir {
        return Ok(manifest_folder.join(path).components().collect());
    }
    let out_dir = std::env::var_os("OUT_DIR").ok_or_else(diagnostics::no_out_dir)?;
    Ok(Path::new(&out_dir).join("python"))
}

/// The target folder lies inside the package when it is the workspace, and is not part of the source for all that.
fn is_in_out_dir(path: &Path) -> bool {
    std::env::var_os("OUT_DIR").is_some_and(|out_dir| path.starts_with(out_dir))
}

/// Only asked when writing below the folder has failed.
fn is_read_only(folder: &Path) -> bool {
    tempfile::tempfile_in(folder).is_err_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
        )
    })
}

/// Does the file hold these bytes? One of another length is not read.
fn holds(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let found = file.metadata()?;
    if found.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if usize::try_from(found.len()) != Ok(bytes.len()) {
        return Ok(false);
    }
    let mut held = Vec::with_capacity(bytes.len());
    file.read_to_end(&mut held)?;
    Ok(held == bytes)
}

/// A generated tree on disk.
pub(crate) struct Tree {
    root: PathBuf,
    /// The root as messages print it.
    shown: PathBuf,
}

/// What one call has to do.
struct Plan<'a> {
    /// Files whose bytes are not there yet.
    write: Vec<&'a GeneratedFile>,
    /// Generated earlier, no longer asked for.
    stale: Vec<String>,
    before: Manifest,
    after: Manifest,
}

impl Tree {
    /// A file of the tree, for a message.
    fn show(&self, path: &str) -> String {
        self.shown.join(path).display().to_string()
    }

    fn leave_alone(&self, cargo: &Cargo, files: &[GeneratedFile]) {
        // Documentation is built of what is there, and needs no Python.
        if cargo::is_docs_rs() || check::check(self, files).is_ok() {
            return;
        }
        let folder = self.shown.display();
        cargo.warn(&if self.root.is_dir() {
            diagnostics::read_only_package(folder)
        } else {
            diagnostics::missing_in_read_only_package(folder)
        });
    }

    fn update(
        &self,
        cargo: &Cargo,
        files: &[GeneratedFile],
        progress: &Progress,
    ) -> Result<(), Error> {
        fs::create_dir_all(&self.root)
            .map_err(|error| self.io("make the folder", &self.root, &error))?;
        let _lock = self.lock();
        let plan = self.plan(files)?;
        self.refuse_second_call(&plan, cargo)?;
        if plan.write.is_empty() && plan.stale.is_empty() && plan.before == plan.after {
            return Ok(());
        }
        progress.stage(|| {
            let (some, all) = (plan.write.len(), count(files.len(), "file"));
            format!("writing {some} of {all} into {}", self.shown.display())
        });
        self.carry_out(&plan, cargo)
    }

    /// Two build scripts at work on one tree take turns. Where a file system knows no locks, they do not; each file is
    /// still moved into place whole.
    fn lock(&self) -> Option<File> {
        #[cfg(unix)]
        let file = File::open(&self.root).ok()?;
        #[cfg(not(unix))]
        let file = File::create(self.root.join(".aristaproto-lock")).ok()?;
        FileExt::lock(&file).ok()?;
        // Under the lock, nobody else is staging: what is there was left by a call that was killed.
        for entry in fs::read_dir(&self.root).ok()?.filter_map(Result::ok) {
            if entry
                .file_name()
                .to_string_lossy()
                .starts_with(STAGING_PREFIX)
            {
                // A folder that cannot be removed is in nobody's way.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Some(file)
    }

    fn plan<'a>(&self, files: &'a [GeneratedFile]) -> Result<Plan<'a>, Error> {
        let before = Manifest::read(&self.root)
            .map_err(|error| self.io("read", &self.root.join(manifest::NAME), &error))?;
        let after = Manifest::new(files.iter().map(|file| file.path.clone()).collect());
        let mut problems = Problems::new();
        if let (Some(owner), Some(me)) = (&before.package, &after.package) {
            if owner != me {
                let folder = self.shown.display();
                problems.push(diagnostics::tree_of_another_package(folder, owner, me));
            }
        }
        let mut write = Vec::new();
        let mut in_the_way = BTreeSet::new();
        let found = parallel::map(files, |file| {
            let path = self.root.join(&file.path);
            // Only descriptors that no protobuf compiler wrote lead out of the tree.
            manifest::is_inside(&file.path).then(|| (holds(&path, file.text.as_bytes()), path))
        });
        for (file, found) in files.iter().zip(found) {
            let Some((found, path)) = found else {
                problems.push(diagnostics::path_leads_out(&file.path));
                continue;
            };
            match found {
                Ok(true) => {}
                Ok(false) if !before.files.contains(&file.path) => {
                    problems.push(self.foreign(&file.path));
                }
                Err(_) if path.is_dir() => problems.push(self.foreign(&file.path)),
                Ok(false) => write.push(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => write.push(file),
                // Said once, and not for each file that belongs below it.
                Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                    let folders = Path::new(&file.path).ancestors().skip(1);
                    let file = folders.filter(|it| self.root.join(it).is_file()).last();
                    in_the_way.insert(file.map_or_else(String::new, |it| it.display().to_string()));
                }
                Err(error) => problems.push(self.io("read", &path, &error)),
            }
        }
        problems.extend(in_the_way.iter().map(|path| self.foreign(path)));
        problems.propagate()?;
        let stale = before.files.difference(&after.files).cloned().collect();
        Ok(Plan {
            write,
            stale,
            before,
            after,
        })
    }

    /// Two calls of one build script with one folder would undo each other's work in each build.
    fn refuse_second_call(&self, plan: &Plan, cargo: &Cargo) -> Result<(), Diagnostic> {
        let is_second = cargo.has_generated(&self.root);
        let (verb, path) = match (plan.stale.first(), plan.write.first()) {
            (Some(path), _) if is_second => ("remove", path),
            (None, Some(file)) if is_second => ("write", &file.path),
            _ => return Ok(()),
        };
        Err(diagnostics::second_call(self.shown.display(), verb, path))
    }

    fn foreign(&self, path: &str) -> Diagnostic {
        diagnostics::file_in_the_way(self.show(path))
    }

    fn carry_out(&self, plan: &Plan, cargo: &Cargo) -> Result<(), Error> {
        let staging = tempfile::Builder::new()
            .prefix(STAGING_PREFIX)
            .tempdir_in(&self.root)
            .map_err(|error| self.io("write into", &self.root, &error))?;
        let targets: Vec<PathBuf> = plan
            .write
            .iter()
            .map(|file| self.root.join(&file.path))
            .collect();
        let folders: BTreeSet<&Path> = targets.iter().filter_map(|path| path.parent()).collect();
        for folder in folders {
            fs::create_dir_all(folder)
                .map_err(|error| self.io("make the folder", folder, &error))?;
        }
        let numbered: Vec<_> = plan.write.iter().enumerate().collect();
        let staged = parallel::map(&numbered, |(index, file)| {
            self.stage(&staging, &index.to_string(), &file.text, cargo)
        });
        let staged: Vec<PathBuf> = staged.into_iter().collect::<Result<_, _>>()?;
        // Until all is done, both the old files and the new ones are ours.
        let meanwhile = plan.before.and(&plan.after);
        self.put_manifest(&staging, &plan.before, &meanwhile, cargo)?;
        for (from, to) in staged.iter().zip(&targets) {
            fs::rename(from, to).map_err(|error| self.io("write", to, &error))?;
        }
        for path in &plan.stale {
            self.remove(path)?;
        }
        self.put_manifest(&staging, &meanwhile, &plan.after, cargo)?;
        Ok(())
    }

    fn stage(
        &self,
        staging: &TempDir,
        name: &str,
        text: &str,
        cargo: &Cargo,
    ) -> Result<PathBuf, Diagnostic> {
        let path = staging.path().join(name);
        fs::write(&path, text).map_err(|error| self.io("write into", &self.root, &error))?;
        cargo.stamp(&path);
        Ok(path)
    }

    fn put_manifest(
        &self,
        staging: &TempDir,
        from: &Manifest,
        to: &Manifest,
        cargo: &Cargo,
    ) -> Result<(), Diagnostic> {
        if from == to {
            return Ok(());
        }
        let target = self.root.join(manifest::NAME);
        let staged = self.stage(staging, "manifest", &to.text(), cargo)?;
        fs::rename(staged, &target).map_err(|error| self.io("write", &target, &error))
    }

    /// Removes a file, what Python cached of it, and the folders that are empty then.
    fn remove(&self, path: &str) -> Result<(), Diagnostic> {
        let target = self.root.join(path);
        match fs::remove_file(&target) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(self.io("remove", &target, &error))
            }
            _ => {}
        }
        let (Some(folder), Some(stem)) = (target.parent(), target.file_stem()) else {
            return Ok(());
        };
        let cache = folder.join("__pycache__");
        let prefix = format!("{}.", stem.to_string_lossy());
        for entry in fs::read_dir(&cache)
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
        {
            let is_bytecode = entry
                .path()
                .extension()
                .is_some_and(|extension| extension == "pyc");
            if is_bytecode && entry.file_name().to_string_lossy().starts_with(&prefix) {
                // Python makes its caches again; one that stays does no harm.
                let _ = fs::remove_file(entry.path());
            }
        }
        // `remove_dir` refuses a folder that holds anything, and that is where this stops.
        let _ = fs::remove_dir(&cache);
        for folder in folder.ancestors().take_while(|folder| *folder != self.root) {
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn io(&self, verb: &str, path: &Path, error: &io::Error) -> Diagnostic {
        let path = path.strip_prefix(&self.root).map_or_else(
            |_| path.to_owned(),
            |relative| self.shown.join(relative).components().collect(),
        );
        match error.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                diagnostics::cannot_for_a_file(verb, path.display(), error)
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                diagnostics::cannot_for_permissions(verb, path.display(), error)
            }
            _ => Diagnostic::io(verb, &path, error),
        }
    }

    /// The files on disk that the manifest lists.
    fn listed(&self) -> BTreeSet<String> {
        Manifest::read(&self.root).unwrap_or_default().files
    }
}
