//! Compares a tree with what it should hold, and writes nothing: one diagnostic for each file that differs, with a diff.

use std::collections::BTreeSet;
use std::{fs, io};

use similar::TextDiff;

use super::Tree;
use crate::diagnostics;
use crate::error::{Error, Problems};
use crate::python::GeneratedFile;

/// How many lines of diff a report may show in all: enough to see what happened, not enough to fill a terminal.
const DIFF_LINES: usize = 200;

/// # Errors
///
/// The tree is not what it should be.
pub(super) fn check(tree: &Tree, files: &[GeneratedFile]) -> Result<(), Error> {
    let mut found = Vec::new();
    let mut room = DIFF_LINES;
    for file in files {
        let path = tree.root.join(&file.path);
        let shown = tree.show(&file.path);
        match fs::read(&path) {
            Ok(bytes) if bytes == file.text.as_bytes() => {}
            Ok(bytes) => {
                let diff = diff(&String::from_utf8_lossy(&bytes), &file.text, &mut room);
                found.push(diagnostics::out_of_date(shown, diff));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                found.push(diagnostics::missing_in_tree(shown));
            }
            Err(error) => found.push(tree.io("read", &path, &error)),
        }
    }
    let asked_for: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    for path in tree.listed() {
        if !asked_for.contains(path.as_str()) && tree.root.join(&path).exists() {
            found.push(diagnostics::no_longer_generated(tree.show(&path)));
        }
    }
    if let Some(last) = found.pop() {
        found.push(last.hint("build without the check to bring the tree up to date"));
    }
    let mut problems = Problems::new();
    problems.extend(found);
    problems.propagate()
}

/// A unified diff from what is there to what should be, of at most `room` lines.
fn diff(before: &str, after: &str, room: &mut usize) -> String {
    let diff = TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(2)
        .header("on disk", "generated now")
        .to_string();
    let lines: Vec<&str> = diff.lines().collect();
    let shown = lines.len().min(*room);
    *room -= shown;
    let text = lines[..shown].join("\n");
    if shown == lines.len() {
        return text;
    }
    format!("{text}\n({} more lines)", lines.len() - shown)
}
