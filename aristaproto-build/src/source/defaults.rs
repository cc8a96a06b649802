//! Defaults of strings that are no UTF-8: `[default = "\xe9"]`, which protoc takes and hands on as it is, though a descriptor's
//! text must be UTF-8. In: a serialised file that cannot be read. Out: the file without them, and what they were.

use prost::encoding::encode_varint;
use prost::DecodeError;

use super::source_info::Fields;
use crate::diagnostics;

/// A default that no string can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotUtf8 {
    /// The path of its field in the file.
    pub path: Vec<i32>,
    /// The field, for a message.
    pub field: String,
    /// The default with its bytes escaped.
    pub text: String,
}

#[derive(Clone, Copy)]
enum Within {
    File,
    Message,
    Field,
}

impl Within {
    fn below(self, number: u32) -> Option<Self> {
        match (self, number) {
            // FileDescriptorProto.message_type, DescriptorProto.nested_type
            (Self::File, 4) | (Self::Message, 3) => Some(Self::Message),
            // FileDescriptorProto.extension, DescriptorProto.field and .extension
            (Self::File, 7) | (Self::Message, 2 | 6) => Some(Self::Field),
            _ => None,
        }
    }
}

/// The fields `name` and `default_value` of `FieldDescriptorProto`.
const NAME: u32 = 1;
const DEFAULT_VALUE: u32 = 7;

/// # Errors
///
/// The bytes are not a serialised message.
pub(super) fn without_not_utf8(bytes: &[u8]) -> Result<(Vec<u8>, Vec<NotUtf8>), DecodeError> {
    let mut found = Vec::new();
    let copy = copy(bytes, Within::File, &[], &mut found)?;
    Ok((copy, found))
}

fn copy(
    bytes: &[u8],
    within: Within,
    path: &[i32],
    found: &mut Vec<NotUtf8>,
) -> Result<Vec<u8>, DecodeError> {
    let mut target = Vec::with_capacity(bytes.len());
    let mut name = String::new();
    let mut counts = [0; 8];
    for field in Fields(bytes) {
        let field = field?;
        let is_field = matches!(within, Within::Field);
        if is_field && field.number == NAME {
            name = String::from_utf8_lossy(field.value).into_owned();
        }
        match within.below(field.number) {
            Some(next) if field.is_delimited() => {
                let number = field.number;
                let index = &mut counts[number as usize % 8];
                let below = [path, &[i32::try_from(number).unwrap_or(0), *index]].concat();
                *index += 1;
                let inner = copy(field.value, next, &below, found)?;
                encode_varint(u64::from(number << 3 | 2), &mut target);
                encode_varint(inner.len() as u64, &mut target);
                target.extend(inner);
            }
            None if is_field
                && field.number == DEFAULT_VALUE
                && std::str::from_utf8(field.value).is_err() =>
            {
                found.push(NotUtf8 {
                    path: path.to_vec(),
                    field: diagnostics::shown(&name),
                    text: diagnostics::shown_bytes(field.value),
                });
            }
            _ => target.extend_from_slice(field.bytes),
        }
    }
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::{DescriptorProto, FieldDescriptorProto, FileDescriptorProto};
    use prost::Message;

    #[test]
    fn a_default_that_is_no_text_goes_and_is_told() {
        let field = |name: &str, default: Option<&str>| FieldDescriptorProto {
            name: Some(name.to_owned()),
            default_value: default.map(str::to_owned),
            ..FieldDescriptorProto::default()
        };
        let file = |default: Option<&str>| {
            let nested = DescriptorProto {
                field: vec![field("a", Some("é")), field("b", default)],
                ..DescriptorProto::default()
            };
            FileDescriptorProto {
                message_type: vec![DescriptorProto {
                    nested_type: vec![DescriptorProto::default(), nested],
                    ..DescriptorProto::default()
                }],
                ..FileDescriptorProto::default()
            }
        };
        let mut bytes = file(Some("xQz")).encode_to_vec();
        let at = bytes.iter().rposition(|&it| it == b'Q').unwrap();
        bytes[at] = 0xe9;
        assert!(FileDescriptorProto::decode(bytes.as_slice()).is_err());
        let (copy, found) = without_not_utf8(&bytes).unwrap();
        assert_eq!(FileDescriptorProto::decode(copy.as_slice()), Ok(file(None)));
        let expected = NotUtf8 {
            path: vec![4, 0, 3, 1, 2, 1],
            field: "b".to_owned(),
            text: "x\\xe9z".to_owned(),
        };
        assert_eq!(found, [expected]);
    }
}
