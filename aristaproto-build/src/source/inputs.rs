//! Which files and include folders the user meant: from paths as given to files with the names by which protobuf knows
//! them (relative to an include folder, forward slashes). Both front ends start from here.

use std::fs;
use std::path::{Component, Path, PathBuf};

use walkdir::WalkDir;

use super::well_known;
use crate::diagnostics;
use crate::error::{nearest, Diagnostic, Error, Location, Problems};

/// How many folder entries a search for a missing import may look at: enough for a repository, bounded for a home folder.
const SEARCH_LIMIT: usize = 50_000;

/// One .proto file to generate for.
#[derive(Debug)]
pub(super) struct InputFile {
    /// The name by which other files import it.
    pub name: String,
    /// `include.join(name)` for the include that it was found in, so that protoc derives the same name.
    pub path: PathBuf,
}

#[derive(Debug)]
pub(super) struct Inputs {
    root: PathBuf,
    pub files: Vec<InputFile>,
    /// Absolute, existing, in the order of the search.
    pub includes: Vec<PathBuf>,
    /// The folders that were given in place of files.
    pub folders: Vec<PathBuf>,
}

impl Inputs {
    pub fn find(root: &Path, protos: &[PathBuf], includes: &[PathBuf]) -> Result<Self, Error> {
        let mut problems = Problems::new();
        let mut inputs = Self {
            root: root.to_owned(),
            files: Vec::new(),
            includes: Vec::new(),
            folders: Vec::new(),
        };
        for include in includes {
            let path = absolute(root, include);
            if path.is_dir() {
                inputs.add_include(path);
            } else {
                problems.push(inputs.not_there("include folder", &path));
            }
        }
        let all_includes_exist = problems.len() == 0;
        let mut paths = Vec::new();
        for proto in protos {
            let path = absolute(root, proto);
            if path.is_dir() {
                inputs.files_below(&path, &mut paths, &mut problems);
                inputs.folders.push(path);
            } else if path.is_file() {
                paths.push(path);
            } else if let Some(found) = inputs.find_import(&proto.to_string_lossy()) {
                paths.push(found);
            } else {
                problems.push(inputs.not_there("file", &path));
            }
        }
        if protos.is_empty() {
            problems.push(diagnostics::no_protos());
        }
        if includes.is_empty() {
            inputs.add_own_folders(&paths);
        }
        paths.sort_unstable();
        paths.dedup();
        if !all_includes_exist {
            // A file may well be in the one that does not.
            paths.clear();
        }
        for path in paths {
            match inputs.name(&path) {
                Ok(file) => inputs.files.push(file),
                Err(diagnostic) => problems.push(diagnostic),
            }
        }
        problems.propagate()?;
        Ok(inputs)
    }

    pub fn add_include(&mut self, path: PathBuf) {
        if !self.includes.contains(&path) {
            self.includes.push(path);
        }
    }

    /// Outer folders first, so that a file in `proto/sub` is `sub/file.proto` when `proto` is there, too: that is how the
    /// files of `proto` import it.
    fn add_own_folders(&mut self, paths: &[PathBuf]) {
        let mut own: Vec<PathBuf> = self.folders.clone();
        own.extend(
            paths
                .iter()
                .filter(|path| !self.folders.iter().any(|folder| path.starts_with(folder)))
                .filter_map(|path| path.parent().map(Path::to_owned)),
        );
        own.sort_by_key(|folder| folder.components().count());
        for folder in own {
            self.add_include(folder);
        }
    }

    /// Links are followed. What is hidden is left out: locks and backups of editors, `.git`.
    fn files_below(&self, folder: &Path, paths: &mut Vec<PathBuf>, problems: &mut Problems) {
        let (paths_before, problems_before) = (paths.len(), problems.len());
        let walk = WalkDir::new(folder)
            .follow_links(true)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.path()));
        for entry in walk {
            match entry {
                Ok(entry) => {
                    let is_proto = entry
                        .path()
                        .extension()
                        .is_some_and(|extension| extension == "proto");
                    if is_proto && entry.file_type().is_file() {
                        paths.push(entry.into_path());
                    }
                }
                // A link to a folder above holds nothing that is not found without it.
                Err(error) if error.loop_ancestor().is_some() => {}
                // A link that leads nowhere, such as Emacs makes beside a file that is being edited.
                Err(error) if error.path().is_some_and(is_hidden) => {}
                Err(error) => {
                    let path = error.path().unwrap_or(folder);
                    problems.push(match error.io_error() {
                        Some(reason) => diagnostics::cannot("read", self.show(path), reason),
                        None => diagnostics::cannot("read", self.show(path), &error),
                    });
                }
            }
        }
        if paths.len() == paths_before && problems.len() == problems_before {
            problems.push(diagnostics::no_proto_in_folder(self.show(folder)));
        }
    }

    /// The protobuf name of a file: relative to the first include that holds it.
    fn name(&self, path: &Path) -> Result<InputFile, Diagnostic> {
        let Some((include, relative)) = self
            .includes
            .iter()
            .find_map(|include| Some((include, relative_to(path, include)?)))
        else {
            return Err(diagnostics::outside_of_includes(
                self.show(path),
                self.show_all(&self.includes),
                self.show(path.parent().unwrap_or(path)),
            ));
        };
        let Some(name) = slashed(&relative) else {
            return Err(diagnostics::path_not_utf8(self.show(path)));
        };
        let file = InputFile {
            path: include.join(&relative),
            name,
        };
        // protoc refuses such a file with a text about "virtual paths".
        match self.find_import(&file.name) {
            Some(found) if found != file.path && !same_file(&found, &file.path) => Err(
                diagnostics::same_name(self.show(&found), self.show(&file.path), file.name),
            ),
            _ => Ok(file),
        }
    }

    /// Where an import of that name is found.
    pub fn find_import(&self, name: &str) -> Option<PathBuf> {
        self.includes
            .iter()
            .map(|include| include.join(name))
            .find(|path| path.is_file())
    }

    /// A path for a message: relative to the root when it lies below it.
    pub fn show(&self, path: &Path) -> String {
        let shown = path.strip_prefix(&self.root).unwrap_or(path);
        if shown.as_os_str().is_empty() {
            return ".".to_owned();
        }
        slashed(shown).unwrap_or_else(|| shown.display().to_string())
    }

    fn show_all(&self, paths: &[PathBuf]) -> String {
        paths
            .iter()
            .map(|path| self.show(path))
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn not_there(&self, what: &str, path: &Path) -> Diagnostic {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let siblings: Vec<String> = path
            .parent()
            .and_then(|folder| fs::read_dir(folder).ok())
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        match nearest(&name, siblings.iter().map(String::as_str)) {
            Some(sibling) => {
                let sibling = self.show(&path.with_file_name(sibling));
                diagnostics::path_misspelt(what, self.show(path), sibling)
            }
            None => diagnostics::path_missing(what, self.show(path), self.root.display()),
        }
    }

    /// The diagnostic for an import that is in none of the include folders.
    pub fn import_not_found(&self, import: &str, location: Option<Location>) -> Diagnostic {
        let searched = self.show_all(&self.includes);
        let diagnostic = match self.search(import) {
            Some(folder) => diagnostics::import_elsewhere(import, searched, self.show(&folder)),
            None => diagnostics::import_not_found(import, searched),
        };
        diagnostic.at(location)
    }

    /// A folder below the root, or above an include, in which the import would be found.
    fn search(&self, import: &str) -> Option<PathBuf> {
        if import.is_empty() {
            return None;
        }
        let up = self.includes.iter().filter_map(|include| include.parent());
        if let Some(folder) = up.clone().find(|folder| folder.join(import).is_file()) {
            return Some(folder.to_owned());
        }
        WalkDir::new(&self.root)
            .max_depth(8)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| {
                let name = entry.file_name().to_string_lossy();
                entry.depth() == 0
                    || !(name.starts_with('.') || name == "target" || name == "node_modules")
            })
            .take(SEARCH_LIMIT)
            .filter_map(Result::ok)
            .find(|entry| entry.file_type().is_file() && entry.path().ends_with(import))
            .and_then(|entry| {
                let depth = Path::new(import).components().count();
                entry.path().ancestors().nth(depth).map(Path::to_owned)
            })
    }

    /// The place in a file, given the file's protobuf name.
    pub fn location(&self, name: &str, line: usize, column: usize) -> Location {
        let path = self.find_import(name);
        Location {
            file: path.map_or_else(|| name.to_owned(), |path| self.show(&path)),
            line,
            column,
        }
    }

    /// Is there a file of that name, among the includes or the bundled ones?
    pub fn has(&self, name: &str) -> bool {
        self.find_import(name).is_some() || well_known::text(name).is_some()
    }
}

/// The path below the root, without `.`; with `..`, the real path, since only the file system knows what `..` means.
fn absolute(root: &Path, path: &Path) -> PathBuf {
    let joined = root.join(path);
    if joined
        .components()
        .any(|component| component == Component::ParentDir)
    {
        fs::canonicalize(&joined).unwrap_or(joined)
    } else {
        joined.components().collect()
    }
}

fn relative_to(path: &Path, folder: &Path) -> Option<PathBuf> {
    if let Ok(relative) = path.strip_prefix(folder) {
        return Some(relative.to_owned());
    }
    let (path, folder) = (fs::canonicalize(path).ok()?, fs::canonicalize(folder).ok()?);
    path.strip_prefix(folder).ok().map(Path::to_owned)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

fn slashed(path: &Path) -> Option<String> {
    let path = path.to_str()?;
    Some(if std::path::MAIN_SEPARATOR == '/' {
        path.to_owned()
    } else {
        path.replace(std::path::MAIN_SEPARATOR, "/")
    })
}
