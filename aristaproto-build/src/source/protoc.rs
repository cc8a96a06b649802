//! The front end protoc: one run, the descriptors through a temporary file, its complaints turned into diagnostics.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitStatus};

use prost::bytes::Bytes;

use super::inputs::Inputs;
use super::well_known;
use crate::diagnostics;
use crate::error::{Diagnostic, Error, Problems};

/// Runs the protoc at `path`; gives a serialised `FileDescriptorProto` for each file read, and protoc's warnings.
pub(super) fn compile(
    path: &Path,
    args: &[String],
    inputs: &Inputs,
) -> Result<(Vec<Bytes>, Vec<Diagnostic>), Error> {
    let folder = tempfile::Builder::new()
        .prefix("aristaproto-")
        .tempdir()
        .map_err(|error| {
            Diagnostic::io("make a temporary folder in", &std::env::temp_dir(), &error)
        })?;
    let bundled = folder.path().join("include");
    for (name, text) in well_known::FILES {
        let file = bundled.join(name);
        file.parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&file, text))
            .map_err(|error| Diagnostic::io("write", &file, &error))?;
    }
    let result = folder.path().join("descriptors");
    // One argument on each line of a file: thousands of files are too much for some systems' command lines.
    let mut lines = vec![
        "--include_imports".to_owned(),
        "--include_source_info".to_owned(),
        format!("--descriptor_set_out={}", utf8(&result)?),
    ];
    for include in inputs.includes.iter().chain([&bundled]) {
        lines.push(format!("--proto_path={}", utf8(include)?));
    }
    lines.extend_from_slice(args);
    for file in &inputs.files {
        lines.push(utf8(&file.path)?.to_owned());
    }
    let arguments = folder.path().join("arguments");
    fs::write(&arguments, lines.join("\n") + "\n")
        .map_err(|error| Diagnostic::io("write", &arguments, &error))?;
    let output = Command::new(path)
        .arg(format!("@{}", utf8(&arguments)?))
        .output()
        .map_err(|error| diagnostics::protoc_cannot_run(path.display(), error))?;
    let complaints = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(diagnose(&complaints, inputs, path, output.status));
    }
    let warnings = complaints.lines().filter(|line| !line.is_empty());
    let warnings = warnings.map(|line| warning(line, inputs)).collect();
    let bytes = fs::read(&result).map_err(|error| Diagnostic::io("read", &result, &error))?;
    Ok((super::split(bytes.into())?, warnings))
}

fn warning(line: &str, inputs: &Inputs) -> Diagnostic {
    let (place, text) = cut_place(line);
    let text = text.strip_prefix("warning: ").unwrap_or(text);
    let location = place.map(|(file, line, column)| inputs.location(file, line, column));
    diagnostics::doubted(text.trim().trim_end_matches('.')).at(location)
}

fn utf8(path: &Path) -> Result<&str, Diagnostic> {
    path.to_str()
        .ok_or_else(|| diagnostics::path_not_utf8(path.display()))
}

/// What protoc wrote on its standard error, as diagnostics: `file:line:column: text`, `file: text` or anything else. What it
/// says only because an import is missing or faulty is left out: that goes away with the cause.
fn diagnose(complaints: &str, inputs: &Inputs, protoc: &Path, status: ExitStatus) -> Error {
    let lines: Vec<Complaint> = complaints.lines().filter_map(Complaint::read).collect();
    let incomplete: Vec<&str> = lines
        .iter()
        .filter(|line| line.broken_import().is_some())
        .filter_map(|line| Some(line.place?.0))
        .collect();
    let mut problems = Problems::new();
    for line in &lines {
        let location = line
            .place
            .map(|(file, line, column)| inputs.location(file, line, column));
        match line.broken_import() {
            Some(import) if inputs.has(import) => {}
            Some(import) => problems.push(inputs.import_not_found(import, location)),
            None if line.is_consequence(&incomplete) => {}
            None => {
                let diagnostic = if line.stumbles_over_edition(inputs) {
                    diagnostics::protoc_without_editions(line.text)
                } else {
                    diagnostics::refused(line.text)
                };
                problems.push(diagnostic.at(location));
            }
        }
    }
    problems.propagate().err().unwrap_or_else(|| {
        let said = match complaints.trim() {
            "" => "and said nothing".to_owned(),
            text => format!("and said: {text}"),
        };
        diagnostics::protoc_failed(protoc.display(), status, said).into()
    })
}

/// One line of protoc's.
struct Complaint<'a> {
    place: Option<(&'a str, usize, usize)>,
    text: &'a str,
}

impl<'a> Complaint<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (place, text) = cut_place(line);
        let is_warning = text.starts_with("warning: ") || text.contains(": warning: ");
        (!is_warning && !text.trim().is_empty()).then_some(Self {
            place,
            text: text.trim().trim_end_matches('.'),
        })
    }

    /// `Import "x.proto" was not found or had errors`: the import.
    fn broken_import(&self) -> Option<&'a str> {
        self.text
            .strip_prefix("Import \"")?
            .strip_suffix("\" was not found or had errors")
    }

    /// Is this what a protoc says to `edition = …` that is older than editions?
    fn stumbles_over_edition(&self, inputs: &Inputs) -> bool {
        let line = self.place.and_then(|(file, line, _)| {
            let text = fs::read_to_string(inputs.find_import(file)?).ok()?;
            text.lines().nth(line.checked_sub(1)?).map(str::to_owned)
        });
        self.text.starts_with("Expected top-level statement")
            && line.is_some_and(|line| line.trim_start().starts_with("edition"))
    }

    /// Does this follow from a broken import of one of the `incomplete` files?
    fn is_consequence(&self, incomplete: &[&str]) -> bool {
        match self.place {
            Some((file, ..)) => {
                incomplete.contains(&file) && self.text.ends_with(" is not defined")
            }
            None => !incomplete.is_empty() && self.text.ends_with(": File not found"),
        }
    }
}

/// Cuts `file:line:column: ` off the front.
fn cut_place(line: &str) -> (Option<(&str, usize, usize)>, &str) {
    let found = line.match_indices(": ").find_map(|(end, _)| {
        let mut parts = line[..end].rsplitn(3, ':');
        let column = parts.next()?.parse().ok()?;
        let row = parts.next()?.parse().ok()?;
        Some(((parts.next()?, row, column), &line[end + 2..]))
    });
    found.map_or((None, line), |(place, text)| (Some(place), text))
}
