//! The well-known types that the runtime brings (`aristaproto.wkt`), so that no tree generates classes for them.

use crate::model::Unwrapped;

/// The package of the well-known types.
pub(crate) const PACKAGE: &str = "google.protobuf";

/// Everything that `aristaproto.wkt` offers: what the module of [`PACKAGE`] re-exports, sorted.
pub(crate) const NAMES: &[&str] = &[
    "Any",
    "Api",
    "BoolValue",
    "BytesValue",
    "DoubleValue",
    "Duration",
    "Empty",
    "Enum",
    "EnumValue",
    "Field",
    "FieldCardinality",
    "FieldKind",
    "FieldMask",
    "FloatValue",
    "Int32Value",
    "Int64Value",
    "ListValue",
    "Method",
    "Mixin",
    "NullValue",
    "Option",
    "SourceContext",
    "StringValue",
    "Struct",
    "Syntax",
    "Timestamp",
    "Type",
    "UInt32Value",
    "UInt64Value",
    "Value",
];

/// Whether the runtime brings the types of this file.
pub(super) fn is_in_runtime(file: &str) -> bool {
    matches!(
        file,
        "google/protobuf/any.proto"
            | "google/protobuf/api.proto"
            | "google/protobuf/duration.proto"
            | "google/protobuf/empty.proto"
            | "google/protobuf/field_mask.proto"
            | "google/protobuf/source_context.proto"
            | "google/protobuf/struct.proto"
            | "google/protobuf/timestamp.proto"
            | "google/protobuf/type.proto"
            | "google/protobuf/wrappers.proto"
    )
}

/// What a field of a well-known type holds instead of the message.
pub(super) fn unwrapped(class: &str) -> Option<Unwrapped> {
    Some(match class {
        "Timestamp" => Unwrapped::Datetime,
        "Duration" => Unwrapped::Timedelta,
        "BoolValue" => Unwrapped::Builtin("bool"),
        "Int32Value" | "Int64Value" | "UInt32Value" | "UInt64Value" => Unwrapped::Builtin("int"),
        "FloatValue" | "DoubleValue" => Unwrapped::Builtin("float"),
        "StringValue" => Unwrapped::Builtin("str"),
        "BytesValue" => Unwrapped::Builtin("bytes"),
        _ => return None,
    })
}
