//! Descriptors as google's own generated code embeds them: without source info, and without the JSON names that follow from
//! the fields' names, which protoc writes for its plugins and which a descriptor pool refuses in files where two of
//! them are the same. `DescriptorSet::serialized_file` calls it.
//!
//! Also without what descriptor.proto marks for readers of the source (`retention = RETENTION_SOURCE`): protoc takes it out,
//! but hands it to its plugins in files that are only imported.
//!
//! The rest is copied as it is, so that custom options survive, which the typed descriptors do not hold.

use prost::bytes::Buf;
use prost::encoding::{
    decode_key, decode_varint, encode_varint, skip_field, DecodeContext, WireType,
};
use prost::{DecodeError, Message};

use crate::naming;

/// The messages of descriptor.proto that are on the way to a field.
#[derive(Clone, Copy)]
enum Within {
    File,
    Message,
    Field,
    ExtensionRange,
    ExtensionRangeOptions,
}

/// What to do with one field of such a message.
enum Action {
    Copy,
    Drop,
    Descend(Within),
}

impl Within {
    fn action(self, number: u32, has_default_json_name: bool) -> Action {
        match (self, number) {
            // FileDescriptorProto.message_type, .extension
            (Self::File, 4) | (Self::Message, 3) => Action::Descend(Self::Message),
            (Self::File, 7) | (Self::Message, 2 | 6) => Action::Descend(Self::Field),
            // DescriptorProto.extension_range, ExtensionRange.options
            (Self::Message, 5) => Action::Descend(Self::ExtensionRange),
            (Self::ExtensionRange, 3) => Action::Descend(Self::ExtensionRangeOptions),
            // FileDescriptorProto.source_code_info; ExtensionRangeOptions.declaration, .verification
            (Self::File, 9) | (Self::ExtensionRangeOptions, 2 | 3) => Action::Drop,
            // FieldDescriptorProto.json_name
            (Self::Field, 10) if has_default_json_name => Action::Drop,
            _ => Action::Copy,
        }
    }
}

/// # Errors
///
/// The bytes are not a serialised `FileDescriptorProto`.
pub(super) fn file(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    copy(bytes, Within::File)
}

fn copy(bytes: &[u8], within: Within) -> Result<Vec<u8>, DecodeError> {
    #[derive(Clone, PartialEq, Message)]
    struct Names {
        #[prost(string, tag = "1")]
        name: String,
        #[prost(string, tag = "10")]
        json_name: String,
    }
    let has_default_json_name = match within {
        Within::Field => {
            let names = Names::decode(bytes)?;
            names.json_name == naming::json_name(&names.name)
        }
        _ => false,
    };
    let mut target = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while rest.has_remaining() {
        let start = rest;
        let (number, wire_type) = decode_key(&mut rest)?;
        let key = &start[..start.len() - rest.len()];
        let mut value = rest;
        skip_field(wire_type, number, &mut rest, DecodeContext::default())?;
        match within.action(number, has_default_json_name) {
            Action::Drop => {}
            Action::Descend(next) if wire_type == WireType::LengthDelimited => {
                decode_varint(&mut value)?;
                let inner = copy(&value[..value.len() - rest.len()], next)?;
                if matches!(next, Within::ExtensionRangeOptions) && inner.is_empty() {
                    continue;
                }
                target.extend_from_slice(key);
                encode_varint(inner.len() as u64, &mut target);
                target.extend_from_slice(&inner);
            }
            Action::Copy | Action::Descend(_) => {
                target.extend_from_slice(&start[..start.len() - rest.len()]);
            }
        }
    }
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::descriptor_proto::ExtensionRange;
    use crate::descriptor::extension_range_options::{Declaration, VerificationState};
    use crate::descriptor::{
        DescriptorProto, ExtensionRangeOptions, FieldDescriptorProto, FileDescriptorProto,
        SourceCodeInfo,
    };

    fn field(name: &str, json_name: Option<&str>) -> FieldDescriptorProto {
        FieldDescriptorProto {
            name: Some(name.to_owned()),
            json_name: json_name.map(str::to_owned),
            ..FieldDescriptorProto::default()
        }
    }

    fn message(field: FieldDescriptorProto, nested_type: Vec<DescriptorProto>) -> DescriptorProto {
        DescriptorProto {
            name: Some("M".to_owned()),
            extension: vec![field.clone()],
            field: vec![field],
            nested_type,
            ..DescriptorProto::default()
        }
    }

    #[test]
    fn default_json_names_go_and_others_stay() {
        let with = |default: Option<&str>, info| FileDescriptorProto {
            name: Some("a.proto".to_owned()),
            message_type: vec![
                message(
                    field("foo_bar", default),
                    vec![message(field("foo_bar", default), Vec::new())],
                ),
                message(field("foo_bar", Some("other")), Vec::new()),
            ],
            extension: vec![field("foo_bar", default)],
            source_code_info: info,
            ..FileDescriptorProto::default()
        };
        let before = with(Some("fooBar"), Some(SourceCodeInfo::default())).encode_to_vec();
        let after = file(&before).unwrap();
        assert_eq!(
            FileDescriptorProto::decode(after.as_slice()).unwrap(),
            with(None, None)
        );
        assert_eq!(after, with(None, None).encode_to_vec());
    }

    #[test]
    fn what_is_for_readers_of_the_source_goes() {
        let with = |options| FileDescriptorProto {
            message_type: vec![DescriptorProto {
                extension_range: vec![ExtensionRange {
                    start: Some(1),
                    end: Some(2),
                    options,
                }],
                ..DescriptorProto::default()
            }],
            ..FileDescriptorProto::default()
        };
        let before = with(Some(ExtensionRangeOptions {
            declaration: vec![Declaration::default()],
            verification: Some(VerificationState::Unverified as i32),
            ..ExtensionRangeOptions::default()
        }));
        assert_eq!(
            file(&before.encode_to_vec()).unwrap(),
            with(None).encode_to_vec()
        );
    }

    #[test]
    fn noise_is_an_error() {
        assert!(file(b"\x22\x7f").is_err());
    }
}
