//! The door for protoc, buf and Bazel: a serialised `CodeGeneratorRequest` in, a serialised `CodeGeneratorResponse` out.
//! `protoc-gen-python_aristaproto` is this between standard input and standard output.
//!
//! <https://protobuf.dev/reference/cpp/api-docs/google.protobuf.compiler.plugin.pb>
//!
//! ```text
//! protoc -I . --python_aristaproto_out=lib --python_aristaproto_opt=client_generation=async example.proto
//! ```
//!
//! The options are the fields of [`Options`], as `key=value`, repeated or joined by commas; one that is on or off may stand
//! alone for on.

use prost::bytes::Bytes;
use prost::Message;

use crate::descriptor::compiler::code_generator_response::{Feature, File};
use crate::descriptor::compiler::CodeGeneratorResponse;
use crate::descriptor::Edition;
use crate::diagnostics;
use crate::error::{Error, Problems};
use crate::python::GeneratedFile;
use crate::source::DescriptorSet;
use crate::{Config, Generated, Options};

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

/// Answers one request. Whatever is wrong, with the request, the options or the files, comes back in the response's `error`
/// field, which protoc prints. Warnings, for which the response has no place, go to `warn`, one line or more each.
#[must_use]
pub fn run(request: &[u8], mut warn: impl FnMut(&str)) -> Vec<u8> {
    let mut response = CodeGeneratorResponse {
        supported_features: Some(Feature::Proto3Optional as u64 | Feature::SupportsEditions as u64),
        // protoc counts the files that name a syntax as editions, too, older than the numbered ones.
        minimum_edition: Some(Edition::Proto2 as i32),
        maximum_edition: Some(Edition::Edition2024 as i32),
        ..CodeGeneratorResponse::default()
    };
    match generate(request) {
        Ok(generated) => {
            for warning in &generated.warnings {
                warn(&warning.to_string());
            }
            response.file = generated.files.into_iter().map(to_response).collect();
        }
        Err(error) => response.error = Some(report(&error)),
    }
    response.encode_to_vec()
}

fn generate(request: &[u8]) -> Result<Generated, Error> {
    let request = Request::decode(request).map_err(diagnostics::not_a_request)?;
    let options = options(request.parameter())?;
    let set = DescriptorSet::from_files(request.proto_file, Some(request.file_to_generate))?;
    Config::new().options(options).generate(&set)
}

/// Reads `key=value,key,…`.
fn options(parameter: &str) -> Result<Options, Error> {
    let mut options = Options::default();
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
        if let Err(diagnostic) = options.set(key, value) {
            problems.push(diagnostic);
        }
    }
    problems.propagate()?;
    Ok(options)
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

    fn answer(request: &[u8]) -> CodeGeneratorResponse {
        let answer = run(request, |warning| panic!("{warning}"));
        CodeGeneratorResponse::decode(answer.as_slice()).unwrap()
    }

    fn response(parameter: &str) -> CodeGeneratorResponse {
        let request = Request {
            file_to_generate: Vec::new(),
            parameter: Some(parameter.to_owned()),
            proto_file: Vec::new(),
        };
        answer(&request.encode_to_vec())
    }

    #[test]
    fn options_may_be_repeated_joined_and_spaced() {
        let read = options("client_generation=none, client_async_transport=grpcio,,pydantic_dataclasses,client_generation=async");
        assert_eq!(
            read,
            Ok(Options {
                client_generation: ClientGeneration::Async,
                client_async_transport: AsyncTransport::Grpcio,
                pydantic_dataclasses: true,
                ..Options::default()
            })
        );
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
             there is no option `pydantic`; the options are: client_generation, client_async_transport, server_generation, \
             server_async_transport, pydantic_dataclasses, google_protobuf_descriptors\n\
             there is no option `server_generaton`; the options are: client_generation, client_async_transport, \
             server_generation, server_async_transport, pydantic_dataclasses, google_protobuf_descriptors; did you mean \
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
            (998, 1001)
        );
    }

    #[test]
    fn noise_is_answered_not_crashed_on() {
        let response = answer(b"\xff\xff");
        assert!(response
            .error()
            .starts_with("standard input is not a CodeGeneratorRequest: "));
    }
}
