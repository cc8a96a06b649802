//! The door for protoc, buf and Bazel: a serialised `CodeGeneratorRequest` in, a serialised `CodeGeneratorResponse` out.
//! `protoc-gen-python_aristaproto` is this between standard input and standard output.
//!
//! <https://protobuf.dev/reference/cpp/api-docs/google.protobuf.compiler.plugin.pb>
//!
//! ```text
//! protoc -I . --python_aristaproto_out=lib --python_aristaproto_opt=out_dir=lib,client_generation=async example.proto
//! ```
//!
//! The options are the fields of [`Options`], as `key=value`, repeated or joined by commas; one that is on or off may stand
//! alone for on. `out_dir=lib` names the folder that protoc writes to, which a request does not say: what protoc would lose
//! there is an error.

mod existing;

use std::io;
use std::path::{Path, PathBuf};

use prost::bytes::Bytes;
use prost::Message;

use crate::descriptor::compiler::code_generator_response::{Feature, File};
use crate::descriptor::compiler::CodeGeneratorResponse;
use crate::descriptor::Edition;
use crate::diagnostics;
use crate::error::{Diagnostic, Error, Problems};
use crate::model::Model;
use crate::python::{self, GeneratedFile};
use crate::source::DescriptorSet;
use crate::{Config, Options};

/// The fields of `CodeGeneratorRequest` that are of use here, with the files left serialised.
#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(string, repeated, tag = "1")]
    file_to_generate: Vec<String>,
    #[prost(string, optional, tag = "2")]
    parameter: Option<String>,
    #[prost(bytes = "bytes", repeated, tag = "15")]
    proto_file: Vec<Bytes>,
}

/// Answers one request, from beginning to end: warnings, for which the response has no place, go to `warn`, one line or
/// more each, the response to `output`.
///
/// # Errors
///
/// What writing to `output` gave.
pub fn run(request: Vec<u8>, output: impl io::Write, mut warn: impl FnMut(&str)) -> io::Result<()> {
    let answer = Answer::to(request);
    for warning in answer.warnings() {
        warn(&warning.to_string());
    }
    answer.write(output)
}

/// What will be answered to a request: files, which are only printed when they are written, or what is wrong with the request,
/// the options or the descriptors, which protoc prints.
pub struct Answer(Result<Ready, Error>);

struct Ready {
    config: Config,
    model: Model,
    set: DescriptorSet,
    /// Whether the folder that protoc writes to has been looked at.
    is_safe: bool,
}

impl Answer {
    /// The answer to a serialised `CodeGeneratorRequest`.
    #[must_use]
    pub fn to(request: Vec<u8>) -> Self {
        Self(resolve(request))
    }

    /// What the reader should know, such as names that had to change.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        self.0.as_ref().map_or(&[], |ready| &ready.model.warnings)
    }

    /// Adds a warning for everything in the folder that protoc writes to which it would lose. For a caller that knows the folder
    /// by chance: with the option `out_dir`, it has been looked at, and a loss is an error.
    pub fn warn_of_losses(&mut self, folder: &Path) {
        if let Ok(ready) = &mut self.0 {
            if !ready.is_safe {
                let shown = folder.display();
                let warnings = ready.losses(folder).into_iter().map(|loss| {
                    let hint = loss.hint.unwrap_or_default();
                    diagnostics::replaced_by_protoc(loss.message, hint, &shown)
                });
                ready.model.warnings.extend(warnings);
            }
        }
    }

    /// Writes the serialised `CodeGeneratorResponse`, file by file, so that protoc takes one over while others are printed.
    ///
    /// # Errors
    ///
    /// What writing to `output` gave.
    pub fn write(&self, mut output: impl io::Write) -> io::Result<()> {
        let head = CodeGeneratorResponse {
            error: self.0.as_ref().err().map(report),
            supported_features: Some(
                Feature::Proto3Optional as u64 | Feature::SupportsEditions as u64,
            ),
            // protoc counts the files that name a syntax as editions, too, older than the numbered ones.
            minimum_edition: Some(Edition::Proto2 as i32),
            maximum_edition: Some(Edition::Edition2026 as i32),
            ..CodeGeneratorResponse::default()
        };
        let mut part = head.encode_to_vec();
        let mut written = output.write_all(&part);
        if let Ok(ready) = &self.0 {
            python::render_each(&ready.model, &ready.config.options, |file| {
                part.clear();
                prost::encoding::message::encode(FILE, &to_response(file), &mut part);
                if written.is_ok() {
                    written = output.write_all(&part);
                }
            });
        }
        written.and_then(|()| output.flush())
    }
}

impl Ready {
    fn losses(&self, folder: &Path) -> Vec<Diagnostic> {
        existing::losses(folder, &self.model, &self.config.options, &self.set)
    }
}

/// The field `file` of `CodeGeneratorResponse`.
const FILE: u32 = 15;

/// The option that the plugin has beside those of all doors.
const OUT_DIR: &str = "out_dir";

fn resolve(request: Vec<u8>) -> Result<Ready, Error> {
    let request = Request::decode(Bytes::from(request)).map_err(diagnostics::not_a_request)?;
    let (options, out_dir) = options(request.parameter())?;
    let set = DescriptorSet::from_files(request.proto_file, Some(request.file_to_generate))?;
    let mut config = Config::new();
    config.options(options);
    let model = config.resolve(&set)?;
    let ready = Ready {
        config,
        model,
        set,
        is_safe: out_dir.is_some(),
    };
    if let Some(folder) = out_dir {
        let mut problems = Problems::new();
        problems.extend(ready.losses(&folder));
        problems.propagate()?;
    }
    Ok(ready)
}

/// Reads `key=value,key,…`; gives the folder apart, if there is one.
fn options(parameter: &str) -> Result<(Options, Option<PathBuf>), Error> {
    let mut options = Options::default();
    let mut out_dir = None;
    let mut problems = Problems::new();
    for item in parameter
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
    {
        let (key, value) = match item.split_once('=') {
            Some((key, value)) => (key.trim(), Some(value.trim())),
            None => (item, None),
        };
        let result = if key == OUT_DIR {
            folder(value.unwrap_or_default()).map(|folder| out_dir = Some(folder))
        } else if Options::KEYS.contains(&key) {
            options.set(key, value)
        } else {
            Err(Options::unknown(key, &[OUT_DIR]))
        };
        if let Err(diagnostic) = result {
            problems.push(diagnostic);
        }
    }
    problems.propagate()?;
    Ok((options, out_dir))
}

/// The folder of the option `out_dir`, from where protoc was started. One that is not there is a slip: protoc makes none.
fn folder(value: &str) -> Result<PathBuf, Diagnostic> {
    if value.is_empty() {
        return Err(diagnostics::option_without_folder(OUT_DIR));
    }
    if Path::new(value).is_dir() {
        return Ok(value.into());
    }
    let root = std::env::current_dir().unwrap_or_default();
    Err(diagnostics::path_missing("folder", value, root.display()))
}

/// protoc puts the plugin's name before the text, so that a single line reads best where one is enough.
fn report(error: &Error) -> String {
    if !error.is_option() {
        return error.to_string();
    }
    let lines: Vec<String> = error
        .diagnostics()
        .iter()
        .map(|diagnostic| match &diagnostic.hint {
            Some(hint) => format!("{}; {hint}", diagnostic.message),
            None => diagnostic.message.clone(),
        })
        .collect();
    lines.join("\n")
}

fn to_response(file: GeneratedFile) -> File {
    File {
        name: Some(file.path),
        content: Some(file.text),
        ..File::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AsyncTransport, ClientGeneration};

    fn answer(request: Vec<u8>) -> CodeGeneratorResponse {
        let mut answer = Vec::new();
        run(request, &mut answer, |warning| panic!("{warning}")).unwrap();
        CodeGeneratorResponse::decode(answer.as_slice()).unwrap()
    }

    fn response(parameter: &str) -> CodeGeneratorResponse {
        let request = Request {
            file_to_generate: Vec::new(),
            parameter: Some(parameter.to_owned()),
            proto_file: Vec::new(),
        };
        answer(request.encode_to_vec())
    }

    #[test]
    fn options_may_be_repeated_joined_and_spaced() {
        let read = options("client_generation=none, client_async_transport=grpcio,,pydantic_dataclasses,out_dir=.,client_generation=async");
        let expected = Options {
            client_generation: ClientGeneration::Async,
            client_async_transport: AsyncTransport::Grpcio,
            pydantic_dataclasses: true,
            ..Options::default()
        };
        assert_eq!(read, Ok((expected, Some(PathBuf::from(".")))));
    }

    #[test]
    fn each_wrong_option_is_one_line_of_the_error() {
        let response = response(
            "client_generation=asnyc,pydantic=true,server_generation=async,server_generaton=none",
        );
        assert_eq!(
            response.error(),
            "option `client_generation` cannot be `asnyc`; it is one of: none, sync, async, sync_async, async_sync, \
             sync_async_no_default; did you mean `async`?\n\
             there is no option `pydantic`; the options are: out_dir, client_generation, client_async_transport, server_generation, \
             server_async_transport, pydantic_dataclasses, google_protobuf_descriptors, omit_empty_init_files, extern_package\n\
             there is no option `server_generaton`; the options are: out_dir, client_generation, client_async_transport, \
             server_generation, server_async_transport, pydantic_dataclasses, google_protobuf_descriptors, omit_empty_init_files, extern_package; did you mean \
             `server_generation`?"
        );
        assert!(response.file.is_empty());
    }

    #[test]
    fn support_is_announced_even_with_an_error() {
        let response = response("nonsense");
        assert_eq!(response.supported_features(), 3);
        assert_eq!(
            (response.minimum_edition(), response.maximum_edition()),
            (998, 1002)
        );
    }

    #[test]
    fn noise_is_answered_not_crashed_on() {
        let response = answer(b"\xff\xff".to_vec());
        assert!(response
            .error()
            .starts_with("standard input is not a CodeGeneratorRequest: "));
    }
}
