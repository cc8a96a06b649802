//! As little of a serialised `FileDescriptorProto` as tells whether anything in it may have to be made like protoc's.
//! In: the bytes. Out: three answers, for `like_protoc::descriptors`.

use super::DESCRIPTOR_PROTO;
use crate::descriptor::field_descriptor_proto::Type;
use crate::descriptor::field_options::OptionRetention;

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct File {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(message, repeated, tag = "4")]
    messages: Vec<Message>,
    #[prost(message, repeated, tag = "7")]
    extensions: Vec<Field>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Message {
    #[prost(message, repeated, tag = "2")]
    fields: Vec<Field>,
    #[prost(message, repeated, tag = "3")]
    nested: Vec<Message>,
    #[prost(message, repeated, tag = "5")]
    extension_ranges: Vec<ExtensionRange>,
    #[prost(message, repeated, tag = "6")]
    extensions: Vec<Field>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Field {
    #[prost(enumeration = "Type", optional, tag = "5")]
    kind: Option<i32>,
    #[prost(bytes = "vec", optional, tag = "7")]
    default: Option<Vec<u8>>,
    #[prost(message, optional, tag = "8")]
    options: Option<FieldOptions>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct FieldOptions {
    #[prost(enumeration = "OptionRetention", optional, tag = "17")]
    retention: Option<i32>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct ExtensionRange {
    #[prost(bytes = "vec", optional, tag = "3")]
    options: Option<Vec<u8>>,
}

impl File {
    /// The default of a floating-point field may be printed otherwise.
    pub(super) fn has_float_default(&self) -> bool {
        self.any_field(|field| {
            field.default.is_some() && matches!(field.kind(), Type::Float | Type::Double)
        })
    }

    /// Of the options that descriptor.proto defines, only some of extension ranges stay in the source.
    pub(super) fn has_range_options(&self) -> bool {
        self.messages.iter().any(|message| {
            message.any(&|it| it.extension_ranges.iter().any(|it| it.options.is_some()))
        })
    }

    /// Whether it defines options of its own that stay in the source.
    pub(super) fn defines_source_only(&self) -> bool {
        let is_source_only = |field: &Field| {
            let options = field.options.as_ref();
            options.is_some_and(|it| it.retention() == OptionRetention::RetentionSource)
        };
        self.name != DESCRIPTOR_PROTO && self.any_field(is_source_only)
    }

    fn any_field(&self, is: impl Fn(&Field) -> bool) -> bool {
        let has = |message: &Message| message.fields.iter().chain(&message.extensions).any(&is);
        self.extensions.iter().any(&is) || self.messages.iter().any(|it| it.any(&has))
    }
}

impl Message {
    /// Whether it holds for this message or one inside it.
    fn any(&self, is: &impl Fn(&Message) -> bool) -> bool {
        is(self) || self.nested.iter().any(|nested| nested.any(is))
    }
}
