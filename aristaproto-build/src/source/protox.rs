//! The front end protox: a protobuf compiler in pure Rust. It knows proto2 and proto3, no editions.

mod like_protoc;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::{fs, io};

use prost::bytes::Bytes;
use protox::file::{File, FileResolver};
use protox::Compiler;

use super::inputs::Inputs;
use super::well_known;
use crate::error::{Diagnostic, Error, Location, Problems};
use crate::parallel;

/// Follows a file's name in the resolver's error, and tells `diagnose` which error it is.
const NOT_UTF8: &str = " is not text in UTF-8";

/// Looks into the include folders, then among the bundled files.
struct Resolver {
    includes: Vec<PathBuf>,
    /// The files that will be asked for, parsed on several threads before protox, which works on one, comes to them.
    parsed: Mutex<HashMap<String, Result<File, protox::Error>>>,
}

impl Resolver {
    fn new(inputs: &Inputs) -> Self {
        let parsed = parallel::map(&inputs.files, |file| {
            (file.name.clone(), parse(&inputs.includes, &file.name))
        });
        Self {
            includes: inputs.includes.clone(),
            parsed: Mutex::new(parsed.into_iter().collect()),
        }
    }
}

impl FileResolver for Resolver {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let parsed = self.parsed.lock().map(|mut files| files.remove(name));
        match parsed {
            Ok(Some(file)) => file,
            _ => parse(&self.includes, name),
        }
    }
}

fn parse(includes: &[PathBuf], name: &str) -> Result<File, protox::Error> {
    for include in includes {
        match fs::read_to_string(include.join(name)) {
            Ok(text) => return File::from_source(name, &like_protoc::text(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(protox::Error::new(format!("{name}{NOT_UTF8}")));
            }
            Err(error) => {
                let message = format!("cannot read {}: {error}", include.join(name).display());
                return Err(protox::Error::new(message));
            }
        }
    }
    match well_known::text(name) {
        Some(text) => File::from_source(name, text),
        None => Err(protox::Error::file_not_found(name)),
    }
}

/// Gives a serialised `FileDescriptorProto` for each file read.
pub(super) fn compile(inputs: &Inputs) -> Result<Vec<Bytes>, Error> {
    let mut compiler = Compiler::with_file_resolver(Resolver::new(inputs));
    compiler.include_imports(true).include_source_info(true);
    let mut found: Vec<Diagnostic> = Vec::new();
    for file in &inputs.files {
        if let Err(error) = compiler.open_file(&file.name) {
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
    let mut files = super::split(compiler.encode_file_descriptor_set().into())?;
    compiler
        .open_file(like_protoc::DESCRIPTOR_PROTO)
        .map_err(|error| diagnose(&error, inputs))?;
    like_protoc::descriptors(&compiler.descriptor_pool(), &mut files);
    Ok(files)
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
    if let Some(name) = message.strip_suffix(NOT_UTF8) {
        let path = inputs.find_import(name);
        let shown = path.map_or_else(|| name.to_owned(), |path| inputs.show(&path));
        return Diagnostic::new(format!("`{shown}`{NOT_UTF8}"))
            .hint(format!("save `{shown}` as UTF-8"));
    }
    let is_edition = message.ends_with("found 'edition'");
    let diagnostic = Diagnostic::new(message).at(location);
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
