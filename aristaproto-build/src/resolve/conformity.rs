//! Before all passes: what each protobuf compiler makes sure of and what a descriptor set or a plugin's request from elsewhere
//! may not hold. Names are printed as they are, so what is no identifier would be code of the generated module; a file's name
//! or a package that leads out of a folder would be written there. Comments, defaults, JSON names and options may say
//! anything: they are only ever inside of literals and comments.
//!
//! In: the files. Out: problems, after which no other pass runs.

use super::{below, Owner, Place, Resolver};
use crate::descriptor::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
};
use crate::diagnostics;

/// <https://protobuf.dev/reference/protobuf/proto3-spec/#identifiers>, where protoc lets names begin with an underscore, too.
fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
}

/// Whether it is a path below the folder that it is relative to, as protoc has it.
fn is_below(file: &str) -> bool {
    let mut segments = file.split('/');
    !file.contains('\\') && segments.all(|segment| !matches!(segment, "" | "." | ".."))
}

/// The last number that a field may have: <https://protobuf.dev/programming-guides/proto3/#assigning>. Extensions of message
/// sets have larger ones.
const LAST_NUMBER: i32 = 536_870_911;

/// Where declarations stand: in which file, and inside which message.
#[derive(Clone, Copy)]
struct Around<'a> {
    file: usize,
    path: &'a [i32],
    outer: &'a str,
}

impl Around<'_> {
    fn owner(&self, what: impl Into<String>, kind: i32, index: usize) -> Owner {
        Owner {
            what: what.into(),
            place: Some(Place {
                file: self.file,
                path: below(self.path, kind, index),
            }),
        }
    }
}

impl Resolver<'_> {
    /// Notes what is not as it must be; the number of problems tells whether there was any.
    pub(super) fn conformity(&self) {
        for (index, file) in self.files.iter().enumerate() {
            self.file_conforms(index, file);
        }
    }

    fn file_conforms(&self, index: usize, file: &FileDescriptorProto) {
        let whole = Owner {
            what: format!("file `{}`", diagnostics::shown(file.name())),
            place: None,
        };
        if !is_below(file.name()) {
            self.problem(&whole, |what| diagnostics::file_leads_out(what));
        }
        let mut segments = file.package().split('.');
        if !file.package().is_empty() && !segments.all(is_identifier) {
            let package = Owner {
                what: "the package".to_owned(),
                place: Some(Place {
                    file: index,
                    path: vec![2],
                }),
            };
            self.no_identifier(&package, file.package());
        }
        if !matches!(file.syntax(), "" | "proto2" | "proto3" | "editions") {
            self.problem(&whole, |what| {
                diagnostics::unknown_syntax(what, diagnostics::shown(file.syntax()))
            });
        }
        for default in self.set.defaults_not_utf8(file.name()) {
            let owner = Owner {
                what: format!("field `{}`", default.field),
                place: Some(Place {
                    file: index,
                    path: default.path.clone(),
                }),
            };
            self.problem(&owner, |what| {
                diagnostics::default_not_utf8(what, &default.text)
            });
        }
        let top = Around {
            file: index,
            path: &[],
            outer: file.package(),
        };
        for (i, message) in file.message_type.iter().enumerate() {
            self.message_conforms(&top, 4, i, message);
        }
        for (i, proto) in file.enum_type.iter().enumerate() {
            self.enum_conforms(&top, 5, i, proto);
        }
        self.fields_conform(&top, 7, &file.extension);
        for (i, service) in file.service.iter().enumerate() {
            let owner = || top.owner("the service", 6, i);
            self.name_conforms(service.name(), owner);
            let inside = Around {
                path: &below(&[], 6, i),
                ..top
            };
            for (j, method) in service.method.iter().enumerate() {
                let what = || {
                    format!(
                        "a method of service `{}`",
                        diagnostics::shown(service.name())
                    )
                };
                self.name_conforms(method.name(), || inside.owner(what(), 2, j));
            }
        }
    }

    fn message_conforms(&self, around: &Around, kind: i32, i: usize, message: &DescriptorProto) {
        self.name_conforms(message.name(), || around.owner("the message", kind, i));
        let inside = Around {
            path: &below(around.path, kind, i),
            outer: message.name(),
            ..*around
        };
        self.fields_conform(&inside, 2, &message.field);
        self.fields_conform(&inside, 6, &message.extension);
        for (j, oneof) in message.oneof_decl.iter().enumerate() {
            let what = || {
                format!(
                    "a oneof of message `{}`",
                    diagnostics::shown(message.name())
                )
            };
            self.name_conforms(oneof.name(), || inside.owner(what(), 8, j));
        }
        for (j, nested) in message.nested_type.iter().enumerate() {
            self.message_conforms(&inside, 3, j, nested);
        }
        for (j, nested) in message.enum_type.iter().enumerate() {
            self.enum_conforms(&inside, 4, j, nested);
        }
    }

    fn fields_conform(&self, around: &Around, kind: i32, fields: &[FieldDescriptorProto]) {
        let (noun, last) = match kind {
            2 => ("field", LAST_NUMBER),
            _ => ("extension", i32::MAX),
        };
        for (i, field) in fields.iter().enumerate() {
            let outer = || diagnostics::shown(around.outer);
            self.name_conforms(field.name(), || {
                around.owner(format!("a {noun} in `{}`", outer()), kind, i)
            });
            if !(1..=last).contains(&field.number()) {
                let name = diagnostics::shown(field.name());
                let owner = around.owner(format!("{noun} `{name}` in `{}`", outer()), kind, i);
                self.problem(&owner, |what| {
                    diagnostics::wrong_number(what, field.number())
                });
            }
        }
    }

    fn enum_conforms(&self, around: &Around, kind: i32, i: usize, proto: &EnumDescriptorProto) {
        self.name_conforms(proto.name(), || around.owner("the enum", kind, i));
        let name = || diagnostics::shown(proto.name());
        let inside = Around {
            path: &below(around.path, kind, i),
            ..*around
        };
        for (j, value) in proto.value.iter().enumerate() {
            let what = || format!("a value of enum `{}`", name());
            self.name_conforms(value.name(), || inside.owner(what(), 2, j));
        }
        if proto.value.is_empty() {
            let owner = around.owner(format!("enum `{}`", name()), kind, i);
            self.problem(&owner, |what| diagnostics::enum_without_values(what));
        }
    }

    fn name_conforms(&self, name: &str, describe: impl FnOnce() -> Owner) {
        if !is_identifier(name) {
            self.no_identifier(&describe(), name);
        }
    }

    fn no_identifier(&self, owner: &Owner, name: &str) {
        self.problem(owner, |what| {
            diagnostics::no_identifier(what, diagnostics::shown(name))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_those_of_protoc() {
        for name in ["a", "_", "_1", "A9_b", "None", "__init__"] {
            assert!(is_identifier(name), "{name}");
        }
        for name in ["", "1a", "a.b", "a-b", "a b", "a\n", "é", "a;b", "ａ"] {
            assert!(!is_identifier(name), "{name}");
        }
    }

    #[test]
    fn files_lie_below_a_folder() {
        for file in ["a.proto", "a/b c.proto", "..a/b..proto", "é.proto"] {
            assert!(is_below(file), "{file}");
        }
        for file in [
            "", "/a", "../a", "a/../b", "a//b", "./a", "a/", "a\\b", "a/.",
        ] {
            assert!(!is_below(file), "{file}");
        }
    }
}
