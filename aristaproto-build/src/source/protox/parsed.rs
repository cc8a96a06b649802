//! What protoc reads in a file and protox's parser leaves out, added before protox goes on. In: a parsed file. Out: a file with
//! more in it, if there is more. Called for each file that is opened.
//!
//! * `packed`: protox decides how the values of a custom option are written when it first sees the extension, and reads the
//!   extension's own options later. It takes `packed` for not given, and writes what `[packed = false]` forbids.
//! * `rpc A(B) returns (C) {}`: the braces are options, though none is in them.

use protox::file::File;
use protox::prost_reflect::prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, MethodOptions, UninterpretedOption,
};

/// The field `service` of `FileDescriptorProto` and the field `method` of `ServiceDescriptorProto`, in paths.
const SERVICE: i32 = 6;
const METHOD: i32 = 2;

/// The file with what is missing; `None` when nothing is. protox tells no place for an error in a file that was changed.
pub(super) fn complete(file: &File) -> Option<File> {
    let text = file.source()?;
    let parsed = file.file_descriptor_proto();
    let bodies = empty_bodies(parsed, text);
    if bodies.is_empty() && !text.contains("packed") {
        return None;
    }
    let mut proto = parsed.clone();
    let mut changed = !bodies.is_empty();
    for (service, method) in bodies {
        let service = proto.service.get_mut(service);
        if let Some(method) = service.and_then(|it| it.method.get_mut(method)) {
            method.options = Some(MethodOptions::default());
        }
    }
    read_fields(&mut proto.extension, &mut changed);
    for message in &mut proto.message_type {
        read_message(message, &mut changed);
    }
    changed.then(|| File::from_file_descriptor_proto(proto))
}

/// The methods that have braces and no options: index of the service, index of the method.
fn empty_bodies(file: &FileDescriptorProto, text: &str) -> Vec<(usize, usize)> {
    if file.service.is_empty() {
        return Vec::new();
    }
    let lines: Vec<&str> = text.split('\n').collect();
    let places = file.source_code_info.iter().flat_map(|info| &info.location);
    places
        .filter_map(|place| {
            let [SERVICE, service, METHOD, method] = place.path[..] else {
                return None;
            };
            let found = (
                usize::try_from(service).ok()?,
                usize::try_from(method).ok()?,
            );
            let declared = file.service.get(found.0)?.method.get(found.1)?;
            let ([line, _, column] | [_, _, line, column]) = place.span[..] else {
                return None;
            };
            // protox counts columns in bytes.
            let line = lines.get(usize::try_from(line).ok()?)?;
            let last = usize::try_from(column).ok()?.checked_sub(1)?;
            let has_braces = line.as_bytes().get(last) == Some(&b'}');
            (has_braces && declared.options.is_none()).then_some(found)
        })
        .collect()
}

fn read_message(message: &mut DescriptorProto, changed: &mut bool) {
    read_fields(&mut message.field, changed);
    read_fields(&mut message.extension, changed);
    for nested in &mut message.nested_type {
        read_message(nested, changed);
    }
}

fn read_fields(fields: &mut [FieldDescriptorProto], changed: &mut bool) {
    for options in fields.iter_mut().filter_map(|field| field.options.as_mut()) {
        let values = options.uninterpreted_option.iter().filter_map(packed);
        // Given twice it is an error, which protox finds.
        if let [value] = values.collect::<Vec<_>>()[..] {
            options.packed = Some(value);
            options
                .uninterpreted_option
                .retain(|option| packed(option).is_none());
            *changed = true;
        }
    }
}

/// The value, if this is the option, and a value that it can have.
fn packed(option: &UninterpretedOption) -> Option<bool> {
    let [part] = &option.name[..] else {
        return None;
    };
    if part.is_extension || part.name_part != "packed" {
        return None;
    }
    match option.identifier_value.as_deref() {
        Some("true") => Some(true),
        Some("false") => Some(false),
        _ => None,
    }
}
