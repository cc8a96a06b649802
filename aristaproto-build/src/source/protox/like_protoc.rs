//! Where protox differs from protoc, made equal, because generated Python must not depend on the front end: the comments
//! that it reads, the numbers that it writes as defaults, the options that it keeps.

mod comments;
mod maps;
mod outline;

use std::borrow::Cow;

use prost::bytes::Bytes;
use prost::Message;
use protox::prost_reflect::{
    DescriptorPool, DynamicMessage, EnumDescriptor, Kind, ReflectMessage, Value,
};

use super::super::source_info;
use crate::descriptor::field_descriptor_proto::Type;
use crate::descriptor::FileDescriptorProto;
use crate::parallel;

/// The file that defines the options, their retention included.
pub(super) const DESCRIPTOR_PROTO: &str = "google/protobuf/descriptor.proto";

/// What a scanner of .proto text is inside of.
enum Inside {
    Code,
    LineComment,
    BlockComment,
    String(char),
}

/// The text as protox must read it: without a byte-order mark, which protoc skips; and `extensions 4 [` as `extensions 4 to 4 [`,
/// because protox takes options only behind a range.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !text.contains("extensions") {
        return Cow::Borrowed(text);
    }
    let mut copy = String::with_capacity(text.len());
    let mut inside = Inside::Code;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        copy.push(character);
        let next = characters.peek().copied();
        let mut take_next = false;
        match inside {
            Inside::Code => match (character, next) {
                ('/', Some('/')) => (inside, take_next) = (Inside::LineComment, true),
                ('/', Some('*')) => (inside, take_next) = (Inside::BlockComment, true),
                ('"' | '\'', _) => inside = Inside::String(character),
                ('[', _) => complete_range(&mut copy),
                _ => {}
            },
            Inside::LineComment if character == '\n' => inside = Inside::Code,
            Inside::String(quote) if character == quote || character == '\n' => {
                inside = Inside::Code;
            }
            Inside::String(_) => take_next = character == '\\',
            Inside::BlockComment if character == '*' && next == Some('/') => {
                (inside, take_next) = (Inside::Code, true);
            }
            _ => {}
        }
        if take_next {
            copy.extend(characters.next());
        }
    }
    Cow::Owned(copy)
}

/// Of `… extensions 4 [`, makes a range of the last number.
fn complete_range(copy: &mut String) {
    let Some(before) = copy.strip_suffix('[') else {
        return;
    };
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == ',' || c.is_ascii_whitespace();
    let start = before.trim_end_matches(is_part).len();
    let Some((_, ranges)) = before[start..].rsplit_once("extensions") else {
        return;
    };
    let last = ranges.rsplit(',').next().unwrap_or(ranges).trim();
    let is_number = last.starts_with(|c: char| c.is_ascii_digit());
    if is_number && last.chars().all(|c| c.is_ascii_alphanumeric()) {
        let end = format!(" to {last} [");
        copy.truncate(before.trim_end().len());
        copy.push_str(&end);
    }
}

/// Makes serialised descriptors what protoc would write. `pool` must know [`DESCRIPTOR_PROTO`] and all files that define
/// options; `read` gives the text of a file.
pub(super) fn descriptors(
    pool: &DescriptorPool,
    files: &[Bytes],
    read: impl Fn(&str) -> Option<String> + Sync,
) -> Vec<Bytes> {
    let has_maps = maps::are_in_options(pool);
    let outlines = parallel::map(files, |file| {
        // A file that cannot be read here will be refused where it is read whole.
        outline::File::decode(file.as_ref()).unwrap_or_default()
    });
    let some_are_source_only = outlines.iter().any(outline::File::defines_source_only);
    let files: Vec<(&Bytes, outline::File)> = files.iter().zip(outlines).collect();
    parallel::map(&files, |(file, outline)| {
        let mut file = (*file).clone();
        // Reading a file by reflection takes longer than parsing it, and few files need it.
        if some_are_source_only || outline.has_float_default() || outline.has_range_options() {
            file = descriptor(pool, &file);
        }
        let source = read(&outline.name);
        let as_read = source.as_deref().map(text).unwrap_or_default();
        if as_read.contains("//") || as_read.contains("/*") {
            file = with_comments(&file, &as_read);
        }
        if has_maps {
            let mut ordered = maps::in_order(pool, &source_info::without(&file), &as_read);
            ordered.extend(source_info::only(&file));
            file = ordered.into();
        }
        file
    })
}

/// The file with the comments that protoc would give its declarations.
fn with_comments(file: &Bytes, text: &str) -> Bytes {
    let Ok(mut info) = FileDescriptorProto::decode(source_info::only(file).as_slice()) else {
        return file.clone();
    };
    if let Some(info) = &mut info.source_code_info {
        comments::attach(text, info);
    }
    let mut changed = source_info::without(file);
    changed.extend(info.encode_to_vec());
    changed.into()
}

/// One file's serialised descriptor as protoc would write it; the same bytes when there is no difference.
///
/// Options whose definition says `retention = RETENTION_SOURCE` are for tools that read the source; protoc leaves them out:
/// <https://protobuf.dev/programming-guides/proto3/#option-retention>
fn descriptor(pool: &DescriptorPool, file: &Bytes) -> Bytes {
    let message = pool
        .get_message_by_name("google.protobuf.FileDescriptorProto")
        .and_then(|descriptor| {
            DynamicMessage::decode(descriptor, source_info::without(file).as_slice()).ok()
        });
    let Some(mut message) = message else {
        return file.clone();
    };
    if !change_message(&mut message) {
        return file.clone();
    }
    let mut changed = message.encode_to_vec();
    // Decoders take the fields in any order.
    changed.extend(source_info::only(file));
    changed.into()
}

/// Gives whether anything was changed.
fn change_message(message: &mut DynamicMessage) -> bool {
    let mut changed = change_default(message);
    let fields: Vec<_> = message.fields().map(|(field, _)| field).collect();
    for field in fields {
        if is_source_only(&field.options()) {
            message.clear_field(&field);
            changed = true;
        } else if matches!(field.kind(), Kind::Message(_))
            && change_value(message.get_field_mut(&field))
        {
            changed = true;
            // protoc leaves no `options` behind that say nothing.
            let is_empty =
                |value: &Value| value.as_message().is_some_and(|it| it.encoded_len() == 0);
            if field.name() == "options" && is_empty(&message.get_field(&field)) {
                message.clear_field(&field);
            }
        }
    }
    let extensions: Vec<_> = message
        .extensions()
        .map(|(extension, _)| extension)
        .collect();
    for extension in extensions {
        if is_source_only(&extension.options()) {
            message.clear_extension(&extension);
            changed = true;
        } else if matches!(extension.kind(), Kind::Message(_)) {
            changed |= change_value(message.get_extension_mut(&extension));
        }
    }
    changed
}

fn change_value(value: &mut Value) -> bool {
    match value {
        Value::Message(message) => change_message(message),
        Value::List(items) => change_all(items.iter_mut()),
        Value::Map(entries) => change_all(entries.values_mut()),
        _ => false,
    }
}

fn change_all<'a>(values: impl Iterator<Item = &'a mut Value>) -> bool {
    let mut changed = false;
    for value in values {
        changed |= change_value(value);
    }
    changed
}

fn is_source_only(options: &DynamicMessage) -> bool {
    let source = |retention: &EnumDescriptor| {
        retention
            .get_value_by_name("RETENTION_SOURCE")
            .map(|value| value.number())
    };
    let Some(field) = options.descriptor().get_field_by_name("retention") else {
        return false;
    };
    let Kind::Enum(retention) = field.kind() else {
        return false;
    };
    options.has_field(&field) && options.get_field(&field).as_enum_number() == source(&retention)
}

/// The default of a floating-point field, in the way that C prints it. Gives whether that is another text.
fn change_default(message: &mut DynamicMessage) -> bool {
    if message.descriptor().full_name() != "google.protobuf.FieldDescriptorProto" {
        return false;
    }
    let kind = message
        .get_field_by_name("type")
        .and_then(|kind| kind.as_enum_number());
    if !message.has_field_by_name("default_value") {
        return false;
    }
    let Some(Value::String(text)) = message.get_field_by_name_mut("default_value") else {
        return false;
    };
    let number = if kind == Some(Type::Double as i32) {
        text.parse().ok().map(c_double)
    } else if kind == Some(Type::Float as i32) {
        text.parse().ok().map(c_float)
    } else {
        None
    };
    match number {
        Some(number) if number != *text => {
            *text = number;
            true
        }
        _ => false,
    }
}

/// As few digits as are exact, of the two counts that protoc tries.
fn c_double(value: f64) -> String {
    let short = c_general(value, 15);
    if short.parse() == Ok(value) {
        short
    } else {
        c_general(value, 17)
    }
}

fn c_float(value: f32) -> String {
    let short = c_general(value.into(), 6);
    if short.parse() == Ok(value) {
        short
    } else {
        c_general(value.into(), 9)
    }
}

/// `printf("%.{digits}g", value)`.
fn c_general(value: f64, digits: i32) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let places = |count: i32| usize::try_from(count).unwrap_or(0);
    let scientific = format!("{value:.*e}", places(digits - 1));
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if exponent < -4 || exponent >= digits {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", without_zeros(mantissa), exponent.abs());
    }
    without_zeros(&format!("{value:.*}", places(digits - 1 - exponent))).to_owned()
}

fn without_zeros(number: &str) -> &str {
    if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_with_options_becomes_a_range() {
        assert_eq!(
            text("a; extensions 4 [verification = UNVERIFIED];\nextensions 1 to 3, 0x9[];"),
            "a; extensions 4 to 4 [verification = UNVERIFIED];\nextensions 1 to 3, 0x9 to 0x9 [];"
        );
        for proto in [
            "extensions 1 to 4 [];",
            "extensions 5, 9 to max [];",
            "extensions 1 to 4 /* 5 */ [];",
            "// extensions 4 [",
            "extensions 1;\nint32 a = 4 [deprecated = true];",
            "option extensions = \"extensions 4 [\";",
        ] {
            assert_eq!(text(proto), proto);
        }
    }

    #[test]
    fn a_byte_order_mark_goes() {
        assert_eq!(text("\u{feff}syntax"), "syntax");
    }

    #[test]
    fn numbers_are_printed_as_c_does() {
        let doubles = [
            (1.5, "1.5"),
            (0.1, "0.1"),
            (0.300_000_000_000_000_04, "0.30000000000000004"),
            (-2.25e10, "-22500000000"),
            (1e15, "1e+15"),
            (1e300, "1e+300"),
            (1.234e-5, "1.234e-05"),
            (0.0001, "0.0001"),
            (-0.0, "-0"),
            (100_000.0, "100000"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (1e-320, "9.99988867182683e-321"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ];
        for (value, text) in doubles {
            assert_eq!(c_double(value), text);
        }
        for (value, text) in [
            (0.1, "0.1"),
            (16_777_216.0, "16777216"),
            (f32::MAX, "3.40282347e+38"),
            (1e10, "1e+10"),
        ] {
            assert_eq!(c_float(value), text);
        }
    }
}
