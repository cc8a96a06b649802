//! Features of editions: the file's syntax or edition gives the defaults, each declaration inherits from what is around it
//! and may override. proto2 and proto3 are editions with fixed defaults, so the rest of stage 2 asks features only.
//! See <https://protobuf.dev/editions/features/>.

use crate::descriptor::feature_set::{
    EnumType, FieldPresence, MessageEncoding, RepeatedFieldEncoding, Utf8Validation,
};
use crate::descriptor::{FeatureSet, FileDescriptorProto};

/// The resolved features of one declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a feature of its own, with exactly two values"
)]
pub(super) struct Features {
    pub(super) presence: FieldPresence,
    pub(super) closed_enum: bool,
    pub(super) packed: bool,
    pub(super) utf8: bool,
    pub(super) delimited: bool,
}

const PROTO2: Features = Features {
    presence: FieldPresence::Explicit,
    closed_enum: true,
    packed: false,
    utf8: false,
    delimited: false,
};

const PROTO3: Features = Features {
    presence: FieldPresence::Implicit,
    closed_enum: false,
    packed: true,
    utf8: true,
    delimited: false,
};

/// 2023; 2024 changed none of these.
const EDITIONS: Features = Features {
    presence: FieldPresence::Explicit,
    closed_enum: false,
    packed: true,
    utf8: true,
    delimited: false,
};

impl Features {
    /// The features that a file's declarations start from.
    pub(super) fn of_file(file: &FileDescriptorProto) -> Self {
        let defaults = match file.syntax() {
            "proto3" => PROTO3,
            "editions" => EDITIONS,
            // protoc leaves the syntax out for proto2.
            _ if file.edition.is_none() => PROTO2,
            _ => EDITIONS,
        };
        defaults.with(
            file.options
                .as_ref()
                .and_then(|options| options.features.as_ref()),
        )
    }

    /// These features where `overrides` says nothing. Values that this version does not know count as not said.
    pub(super) fn with(self, overrides: Option<&FeatureSet>) -> Self {
        let Some(set) = overrides else { return self };
        let mut result = self;
        match set.field_presence() {
            FieldPresence::Unknown => {}
            presence => result.presence = presence,
        }
        match set.enum_type() {
            EnumType::Unknown => {}
            kind => result.closed_enum = kind == EnumType::Closed,
        }
        match set.repeated_field_encoding() {
            RepeatedFieldEncoding::Unknown => {}
            encoding => result.packed = encoding == RepeatedFieldEncoding::Packed,
        }
        match set.utf8_validation() {
            Utf8Validation::Unknown => {}
            validation => result.utf8 = validation == Utf8Validation::Verify,
        }
        match set.message_encoding() {
            MessageEncoding::Unknown => {}
            encoding => result.delimited = encoding == MessageEncoding::Delimited,
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::descriptor::{Edition, FileOptions};

    fn file(syntax: Option<&str>, edition: Option<Edition>) -> FileDescriptorProto {
        FileDescriptorProto {
            syntax: syntax.map(str::to_owned),
            edition: edition.map(|edition| edition as i32),
            ..FileDescriptorProto::default()
        }
    }

    #[test]
    fn syntax_and_edition_give_the_defaults() {
        assert_eq!(Features::of_file(&file(None, None)), PROTO2);
        assert_eq!(Features::of_file(&file(Some("proto2"), None)), PROTO2);
        assert_eq!(Features::of_file(&file(Some("proto3"), None)), PROTO3);
        let edition = file(Some("editions"), Some(Edition::Edition2023));
        assert_eq!(Features::of_file(&edition), EDITIONS);
    }

    #[test]
    fn what_is_said_inside_wins_and_the_rest_is_inherited() {
        let mut edition = file(Some("editions"), Some(Edition::Edition2023));
        let mut features = FeatureSet::default();
        features.set_field_presence(FieldPresence::Implicit);
        features.set_enum_type(EnumType::Closed);
        edition.options = Some(FileOptions {
            features: Some(features),
            ..FileOptions::default()
        });
        let outer = Features::of_file(&edition);
        assert_eq!(outer.presence, FieldPresence::Implicit);
        assert!(outer.closed_enum && outer.packed);

        let mut features = FeatureSet::default();
        features.set_repeated_field_encoding(RepeatedFieldEncoding::Expanded);
        features.set_message_encoding(MessageEncoding::Delimited);
        features.set_utf8_validation(Utf8Validation::None);
        let inner = outer.with(Some(&features));
        assert_eq!(inner.presence, FieldPresence::Implicit);
        assert!(inner.closed_enum && inner.delimited && !inner.packed && !inner.utf8);
        assert_eq!(outer.with(None), outer);
    }
}
