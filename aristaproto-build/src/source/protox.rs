//! The front end protox: a protobuf compiler in pure Rust. It knows proto2 and proto3, no editions.

use protox::file::{File, FileResolver, IncludeFileResolver};
use protox::Compiler;

use super::inputs::Inputs;
use super::well_known;
use crate::error::{Diagnostic, Error, Location, Problems};

/// Looks into the include folders, then among the bundled files.
struct Resolver {
    includes: Vec<IncludeFileResolver>,
}

impl FileResolver for Resolver {
    fn resolve_path(&self, path: &std::path::Path) -> Option<String> {
        self.includes
            .iter()
            .find_map(|include| include.resolve_path(path))
    }

    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        for include in &self.includes {
            match include.open_file(name) {
                Err(error) if error.is_file_not_found() => {}
                result => return result,
            }
        }
        match well_known::text(name) {
            Some(text) => File::from_source(name, text),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// Gives a serialised `FileDescriptorProto` for each file read.
pub(super) fn compile(inputs: &Inputs) -> Result<Vec<Vec<u8>>, Error> {
    let includes = inputs
        .includes
        .iter()
        .cloned()
        .map(IncludeFileResolver::new)
        .collect();
    let mut compiler = Compiler::with_file_resolver(Resolver { includes });
    compiler.include_imports(true).include_source_info(true);
    let mut found: Vec<Diagnostic> = Vec::new();
    for file in &inputs.files {
        if let Err(error) = compiler.open_file(&file.path) {
            let diagnostic = diagnose(&error, inputs);
            // A fault in a file that several files import comes once for each of them.
            if !found.contains(&diagnostic) {
                found.push(diagnostic);
            }
        }
    }
    let mut problems = Problems::new();
    problems.extend(found);
    problems.propagate()?;
    super::split(&compiler.encode_file_descriptor_set())
}

/// protox keeps its spans to itself, but prints `file:line:column: message` as the error's debug form.
fn diagnose(error: &protox::Error, inputs: &Inputs) -> Diagnostic {
    let message = error.to_string();
    let report = format!("{error:?}");
    let location = report
        .strip_suffix(&message)
        .and_then(|place| read_place(place.trim_end(), inputs));
    if let Some(import) = message
        .strip_prefix("import '")
        .and_then(|rest| rest.strip_suffix("' not found"))
    {
        return inputs.import_not_found(import, location);
    }
    let is_edition = message.ends_with("found 'edition'");
    let diagnostic = if report == message || location.is_some() {
        Diagnostic::new(message).at(location)
    } else {
        Diagnostic::new(report)
    };
    if is_edition {
        diagnostic.hint(
            "protox knows no editions: turn on the feature `vendored-protoc` of aristaproto-build, or name a protoc with \
             `Config::protoc` or `PROTOC`",
        )
    } else {
        diagnostic
    }
}

/// Reads `file:line:column:`.
fn read_place(place: &str, inputs: &Inputs) -> Option<Location> {
    let mut parts = place.strip_suffix(':')?.rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    Some(inputs.location(parts.next()?, line, column))
}
