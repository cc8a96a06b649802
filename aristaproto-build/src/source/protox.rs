//! The front end protox: a protobuf compiler in pure Rust. It knows proto2 and proto3, no editions.

mod like_protoc;
mod parsed;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::{fs, io};

use prost::bytes::Bytes;
use protox::file::{File, FileResolver};
use protox::Compiler;

use super::inputs::{InputFile, Inputs};
use super::well_known;
use crate::diagnostics;
use crate::error::{Diagnostic, Error, Location, Problems};
use crate::parallel;

/// Follows a file's name in the resolver's error, and tells `diagnose` which error it is.
const NOT_UTF8: &str = " is not text in UTF-8";

/// Whether files get what protox's parser leaves out, which costs the places of their errors.
#[derive(Clone, Copy)]
enum Complete {
    Yes,
    No,
}

/// How many files are parsed at once: enough for all cores, few enough that their descriptors take little memory while they wait.
const AHEAD: usize = 256;

/// Looks into the include folders, then among the bundled files.
struct Resolver {
    includes: Vec<PathBuf>,
    complete: Complete,
    parsed: Arc<Mutex<Parsed>>,
}

/// Files that protox, which works on one thread, will ask for, parsed on all before it does.
#[derive(Default)]
struct Parsed {
    waiting: HashMap<String, Result<File, protox::Error>>,
    taken: HashSet<String>,
}

impl FileResolver for Resolver {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let parsed = self.parsed.lock().ok().and_then(|mut parsed| {
            parsed.taken.insert(name.to_owned());
            parsed.waiting.remove(name)
        });
        parsed.unwrap_or_else(|| parse(&self.includes, name, self.complete))
    }
}

/// Parses those of the files that protox has not had yet.
fn parse_ahead(
    includes: &[PathBuf],
    files: &[InputFile],
    complete: Complete,
    parsed: &Mutex<Parsed>,
) {
    let Ok(mut parsed) = parsed.lock() else {
        return;
    };
    let names: Vec<&String> = files
        .iter()
        .map(|file| &file.name)
        .filter(|name| !parsed.taken.contains(*name))
        .collect();
    let files = parallel::map(&names, |name| {
        ((*name).clone(), parse(includes, name, complete))
    });
    parsed.waiting.extend(files);
}

fn parse(includes: &[PathBuf], name: &str, complete: Complete) -> Result<File, protox::Error> {
    for include in includes {
        match fs::read_to_string(include.join(name)) {
            Ok(text) => {
                let file = File::from_source(name, &like_protoc::text(&text))?;
                return Ok(match complete {
                    Complete::Yes => parsed::complete(&file).unwrap_or(file),
                    Complete::No => file,
                });
            }
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
        Some(text) => File::from_source(name, &like_protoc::text(text)),
        None => Err(protox::Error::file_not_found(name)),
    }
}

/// Gives a serialised `FileDescriptorProto` for each file read.
pub(super) fn compile(inputs: &Inputs) -> Result<Vec<Bytes>, Error> {
    // Where there is an error, its place is what matters.
    compile_with(inputs, Complete::Yes).or_else(|_| compile_with(inputs, Complete::No))
}

fn compile_with(inputs: &Inputs, complete: Complete) -> Result<Vec<Bytes>, Error> {
    let parsed = Arc::default();
    let mut compiler = Compiler::with_file_resolver(Resolver {
        includes: inputs.includes.clone(),
        complete,
        parsed: Arc::clone(&parsed),
    });
    compiler.include_imports(true).include_source_info(true);
    let mut found: Vec<Diagnostic> = Vec::new();
    for files in inputs.files.chunks(AHEAD) {
        parse_ahead(&inputs.includes, files, complete, &parsed);
        for file in files {
            let Err(error) = compiler.open_file(&file.name) else {
                continue;
            };
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
    let files = super::split(compiler.encode_file_descriptor_set().into())?;
    compiler
        .open_file(like_protoc::DESCRIPTOR_PROTO)
        .map_err(|error| diagnose(&error, inputs))?;
    let read = |name: &str| match inputs.find_import(name) {
        Some(path) => fs::read_to_string(path).ok(),
        None => well_known::text(name).map(str::to_owned),
    };
    Ok(like_protoc::descriptors(
        &compiler.descriptor_pool(),
        &files,
        read,
    ))
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
        return diagnostics::not_utf8(shown);
    }
    let diagnostic = if message.ends_with("found 'edition'") {
        diagnostics::protox_without_editions(message)
    } else if may_be_right(&message, inputs) {
        diagnostics::refused_by_protox(message)
    } else {
        diagnostics::refused(message)
    };
    diagnostic.at(location)
}

/// Whether protoc may take what protox refuses with this message.
fn may_be_right(message: &str, inputs: &Inputs) -> bool {
    const STARTS: &[&str] = &[
        // In proto2, protoc warns.
        "a field with JSON name '",
        // The default of a double may be any integer.
        "integer is too large",
        // Escapes of surrogates, bytes of no UTF-8.
        "invalid string escape",
        "string is not valid utf-8",
        // Short names of extensions inside of a value.
        "invalid value of type '",
    ];
    STARTS.iter().any(|start| message.starts_with(start))
        // The oneof that protoc makes up for an optional field gets another name.
        || message.ends_with(" is defined twice")
        || message.ends_with(" is not defined") && has_public_import(inputs)
}

/// Whether a file that is read imports another one publicly, which protox follows for one step only.
fn has_public_import(inputs: &Inputs) -> bool {
    let mut names: Vec<String> = inputs.files.iter().map(|file| file.name.clone()).collect();
    let mut seen = HashSet::new();
    while let Some(name) = names.pop() {
        let path = inputs.find_import(&name);
        let Some(text) = path.and_then(|path| fs::read_to_string(path).ok()) else {
            continue;
        };
        for statement in text
            .split(';')
            .filter_map(|it| it.trim().strip_prefix("import"))
        {
            if statement.trim_start().starts_with("public") {
                return true;
            }
            let import = statement.trim().trim_matches(['"', '\'']);
            if seen.insert(import.to_owned()) {
                names.push(import.to_owned());
            }
        }
    }
    false
}

/// Reads `file:line:column:`.
fn read_place(place: &str, inputs: &Inputs) -> Option<Location> {
    let mut parts = place.strip_suffix(':')?.rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    Some(inputs.location(parts.next()?, line, column))
}
