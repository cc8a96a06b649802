//! What every stage returns when it cannot go on: a non-empty list of diagnostics, each with the place, the fact and
//! the way out. `Debug` prints the same report as `Display`, because people write `?` in a build.rs and cargo shows them
//! the `Debug` form. A stage collects all its problems in [`Problems`] before it gives up.

use std::fmt;
use std::io;
use std::path::Path;

use crate::diagnostics;
use crate::excerpt::{self, Columns, Sources};

/// A place in a .proto file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The file, as the reader can open it; forward slashes.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1. Where the file cannot be read, as in the plugin, as protoc counts it: in
    /// bytes, with tabs to each multiple of eight.
    pub column: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Which part of the work a diagnostic is about; [`Error`]'s predicates ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Proto,
    ImportNotFound,
    FrontEnd,
    Option,
    Io,
    Stale,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing is generated.
    Error,
    /// Everything is generated; something is not as one might expect.
    Warning,
}

/// What is the same for all diagnostics of one row in [`crate::diagnostics`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub code: &'static str,
    pub kind: Kind,
    pub severity: Severity,
}

/// One problem: where, what, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong; one sentence without a full stop at its end.
    pub message: String,
    /// The place in a .proto file, if there is one.
    pub location: Option<Location>,
    /// What to do about it.
    pub hint: Option<String>,
    /// The line of the file with a caret under the column, if it can be read.
    pub(crate) excerpt: Option<String>,
    pub(crate) row: &'static Row,
}

impl Diagnostic {
    /// Which of the diagnostics in [`CODES`](crate::CODES) it is.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.row.code
    }

    /// Whether it stops the work.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.row.severity
    }

    /// Adds the place.
    #[must_use]
    pub(crate) fn at(mut self, location: impl Into<Option<Location>>) -> Self {
        self.location = location.into();
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// `cannot <verb> <path>: <the system's reason>`.
    pub(crate) fn io(verb: &str, path: &Path, error: &io::Error) -> Self {
        diagnostics::cannot(verb, path.display(), error)
    }

    /// Adds the line of the file that the place is in, below `root`; from then on the column counts characters.
    pub(crate) fn quote(&mut self, sources: &Sources, root: &Path, columns: Columns) {
        if let Some(location) = &mut self.location {
            self.excerpt = location.quote(sources, root, columns);
        }
    }
}

impl Location {
    /// The line with a caret. Makes the column, which counts as a front end does, one that counts characters.
    pub(crate) fn quote(
        &mut self,
        sources: &Sources,
        root: &Path,
        columns: Columns,
    ) -> Option<String> {
        let path = root.join(&self.file);
        let (column, excerpt) = excerpt::quote(sources, &path, self.line, self.column, columns)?;
        self.column = column;
        Some(excerpt)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = &self.location {
            write!(f, "{location}: ")?;
        }
        if self.severity() == Severity::Warning {
            f.write_str("warning: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(excerpt) = &self.excerpt {
            write!(f, "\n{excerpt}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {}", hint.replace('\n', "\n  "))?;
        }
        Ok(())
    }
}

/// Why Python could not be generated: one diagnostic or more.
///
/// `Display` and `Debug` both print the whole report, one diagnostic after the other, each as
/// `file:line:column: message` with the line of the file and an indented hint below it.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    /// Never empty: the constructors take at least one.
    diagnostics: Vec<Diagnostic>,
}

impl Error {
    /// The problems, at least one, in the order in which they were found.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// A .proto file is wrong or asks for something that cannot be generated; an import that is not found counts.
    #[must_use]
    pub fn is_proto(&self) -> bool {
        self.any(Kind::Proto) || self.is_import_not_found()
    }

    /// A file that was asked for or imported is in none of the include folders.
    #[must_use]
    pub fn is_import_not_found(&self) -> bool {
        self.any(Kind::ImportNotFound)
    }

    /// There is no protobuf compiler, or it could not be run.
    #[must_use]
    pub fn is_front_end(&self) -> bool {
        self.any(Kind::FrontEnd)
    }

    /// An option does not exist or has a value that it cannot have.
    #[must_use]
    pub fn is_option(&self) -> bool {
        self.any(Kind::Option)
    }

    /// A file or folder could not be read or written, or is not ours to write.
    #[must_use]
    pub fn is_io(&self) -> bool {
        self.any(Kind::Io)
    }

    /// The check found that the generated tree is not what the .proto files ask for.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.any(Kind::Stale)
    }

    fn any(&self, kind: Kind) -> bool {
        self.diagnostics
            .iter()
            .any(|diagnostic| diagnostic.row.kind == kind)
    }

    /// Adds to each problem the line that it is about.
    #[must_use]
    pub(crate) fn quoted(mut self, root: &Path, columns: Columns) -> Self {
        let sources = Sources::default();
        for diagnostic in &mut self.diagnostics {
            diagnostic.quote(&sources, root, columns);
        }
        self
    }
}

impl From<Diagnostic> for Error {
    fn from(diagnostic: Diagnostic) -> Self {
        Self {
            diagnostics: vec![diagnostic],
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

/// The bag of one stage: it takes all problems, and [`Problems::propagate`] turns them into an [`Error`] at the stage's end,
/// so that a user sees all of them at once.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    found: Vec<Diagnostic>,
}

impl Problems {
    /// An empty bag.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one problem.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// How many problems the bag holds.
    pub(crate) fn len(&self) -> usize {
        self.found.len()
    }

    /// Ends a stage.
    ///
    /// # Errors
    ///
    /// All problems that the bag holds, if any.
    pub fn propagate(self) -> Result<(), Error> {
        if self.found.is_empty() {
            Ok(())
        } else {
            Err(Error {
                diagnostics: self.found,
            })
        }
    }
}

impl Extend<Diagnostic> for Problems {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, diagnostics: T) {
        self.found.extend(diagnostics);
    }
}

/// Of `candidates`, the one that `word` was probably meant to be: few edits away for its length.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance * 3 <= candidate.chars().count().max(3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// The number of letters to insert, delete or replace, or of neighbours to swap, to turn `a` into `b`
/// (optimal string alignment).
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(rows[i - 2][j - 2] + 1);
                }
                best
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_has_place_message_and_indented_hint() {
        let location = Location {
            file: "proto/a.proto".to_owned(),
            line: 3,
            column: 5,
        };
        let mut problems = Problems::new();
        problems.push(
            diagnostics::refused("expected `;`")
                .at(location)
                .hint("add it\nand build again"),
        );
        problems.push(diagnostics::refused("nothing to do"));
        let error = problems.propagate().unwrap_err();
        let report =
            "proto/a.proto:3:5: expected `;`\n  hint: add it\n  and build again\nnothing to do";
        assert_eq!(error.to_string(), report);
        assert_eq!(format!("{error:?}"), report);
        assert!(error.is_proto() && !error.is_io());
    }

    #[test]
    fn an_empty_bag_is_no_error() {
        assert_eq!(Problems::new().propagate(), Ok(()));
    }

    #[test]
    fn nearest_finds_slips_and_nothing_far_away() {
        let names = ["client_generation", "server_generation", "async", "none"];
        assert_eq!(
            nearest("client_generatoin", names),
            Some("client_generation")
        );
        assert_eq!(nearest("asnyc", names), Some("async"));
        assert_eq!(nearest("quick", names), None);
        assert_eq!(nearest("", names), None);
    }
}
