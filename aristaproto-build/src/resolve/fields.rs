//! Third pass: messages get their fields. In: messages with the features around them, on all cores. Out: fields with types,
//! presence, defaults and names.

use super::features::Features;
use super::{below, defaults, Named, Owner, Pending, Place, Resolver};
use crate::descriptor::feature_set::FieldPresence;
use crate::descriptor::field_descriptor_proto::{Label, Type as ProtoType};
use crate::descriptor::{DescriptorProto, FieldDescriptorProto, FieldOptions};
use crate::diagnostics;
use crate::model::{
    Comment, DefaultValue, Field, FieldKind, MessageId, Oneof, Presence, Scalar, Type,
};
use crate::{naming, parallel};

impl<'a> Resolver<'a> {
    /// Gives all messages their fields.
    pub(super) fn all_fields(&mut self) {
        let ids: Vec<MessageId> = (0..self.messages.len()).map(MessageId).collect();
        let several: Vec<&[MessageId]> = ids.chunks(64).collect();
        let resolver = &*self;
        let fields = parallel::map(&several, |ids| {
            let fields = ids.iter().map(|&id| resolver.fields(id));
            fields.collect::<Vec<_>>()
        });
        let messages = self.model.messages.iter_mut();
        for (message, (fields, oneofs)) in messages.zip(fields.into_iter().flatten()) {
            message.fields = fields;
            message.oneofs = oneofs;
        }
    }

    fn fields(&self, id: MessageId) -> (Vec<Field>, Vec<Oneof>) {
        let Pending {
            proto,
            file,
            features,
        } = self.messages[id.0];
        let message = self.model.message(id);
        let message_module = message.declared.module;
        let message_path = message.declared.path.clone();
        let message_name = message.declared.proto_name.clone();
        let describe = |position: usize| Owner {
            what: format!(
                "field `{}` of message `{message_name}`",
                proto.field[position].name()
            ),
            place: Some(Place {
                file,
                path: below(&message_path, 2, position),
            }),
        };

        let (real_oneof, real) = real_oneofs(proto);
        let wanted = proto.field.iter().map(FieldDescriptorProto::name);
        let wanted: Vec<_> = wanted
            .map(|name| (naming::field_name(name), name))
            .collect();
        let types = proto
            .field
            .iter()
            .filter_map(|field| field.type_name.as_deref());
        let classes = self.hidden_classes(message_module, &wanted, types);
        let names = self.members_names(wanted, &classes, naming::field_name, describe);
        let oneofs = self.oneofs(id, &real, &names, describe);
        let mut fields = Vec::with_capacity(proto.field.len());
        for (position, (field, name)) in proto.field.iter().zip(names).enumerate() {
            let oneof = oneof_index(field);
            let features = features.with(oneof.and_then(|oneof| {
                let options = proto.oneof_decl.get(oneof)?.options.as_ref();
                options?.features.as_ref()
            }));
            let Some(field) = self.field(field, features, || describe(position)) else {
                continue;
            };
            let real_oneof = oneof.and_then(|oneof| real_oneof.get(oneof).copied().flatten());
            fields.push(Field {
                presence: real_oneof.map_or(field.presence, Presence::Oneof),
                comment: self.comments[file].at(&below(&message_path, 2, position)),
                name,
                ..field
            });
        }
        (fields, oneofs)
    }

    /// A field or an extension under its proto name, outside any oneof, without comment; `features` are those around it.
    /// None, and a problem noted, if the descriptor is not whole.
    pub(super) fn field(
        &self,
        field: &FieldDescriptorProto,
        features: Features,
        describe: impl Fn() -> Owner,
    ) -> Option<Field> {
        let options = field.options.as_ref();
        let features = features.with(options.and_then(|options| options.features.as_ref()));
        let kind = self.field_kind(field, features, &describe)?;
        let packed = options
            .and_then(|options| options.packed)
            .unwrap_or(features.packed);
        let json_name = field
            .json_name
            .as_ref()
            .filter(|json_name| **json_name != naming::json_name(field.name()));
        Some(Field {
            name: field.name().to_owned(),
            proto_name: field.name().to_owned(),
            json_name: json_name.cloned(),
            number: field.number(),
            kind,
            presence: presence(field, kind, features),
            expanded: is_packable(kind) && !packed,
            utf8: features.utf8 || !has_string(kind),
            default: self.default(field, kind, describe),
            deprecated: options.is_some_and(FieldOptions::deprecated),
            comment: Comment::new(),
        })
    }

    /// The oneofs at the positions `real` of the descriptor. A name that a field has, or a class that a field names as its
    /// type, is not free.
    fn oneofs(
        &self,
        id: MessageId,
        real: &[usize],
        fields: &[String],
        describe_field: impl Fn(usize) -> Owner,
    ) -> Vec<Oneof> {
        if real.is_empty() {
            return Vec::new();
        }
        let Pending { proto, file, .. } = self.messages[id.0];
        let declared = &self.model.message(id).declared;
        let describe = |index: usize| Owner {
            what: format!(
                "oneof `{}` of message `{}`",
                proto.oneof_decl[real[index]].name(),
                declared.proto_name
            ),
            place: Some(Place {
                file,
                path: below(&declared.path, 8, real[index]),
            }),
        };
        let proto_names = || real.iter().map(|&at| proto.oneof_decl[at].name());
        let wanted: Vec<_> = proto_names()
            .map(|name| (naming::field_name(name), name))
            .collect();
        let types = proto
            .field
            .iter()
            .filter_map(|field| field.type_name.as_deref());
        let mut taken = self.hidden_classes(declared.module, &wanted, types);
        let fields = fields.iter().enumerate();
        taken.extend(fields.map(|(position, name)| (name.clone(), describe_field(position))));
        let names = self.members_names(wanted, &taken, naming::field_name, describe);
        let oneofs = names.into_iter().zip(real).zip(proto_names());
        oneofs
            .map(|((name, &position), proto_name)| Oneof {
                name,
                proto_name: proto_name.to_owned(),
                comment: self.comments[file].at(&below(&declared.path, 8, position)),
            })
            .collect()
    }

    /// None, and a problem noted, if the descriptor is not whole.
    fn field_kind(
        &self,
        field: &FieldDescriptorProto,
        features: Features,
        describe: impl Fn() -> Owner,
    ) -> Option<FieldKind> {
        if let Some(Named::MapEntry(entry)) = self.named(field) {
            // A map's messages are never delimited, whatever the file says.
            let features = Features {
                delimited: false,
                ..features
            };
            let [key, value] = entry.field.as_slice() else {
                self.missing_type(&describe(), field.type_name());
                return None;
            };
            let key = self.value_type(key, features, &describe)?;
            let value = self.value_type(value, features, &describe)?;
            if let Type::Scalar(key) = key {
                return Some(FieldKind::Map(key, value));
            }
            self.missing_type(&describe(), field.type_name());
            return None;
        }
        let value = self.value_type(field, features, &describe)?;
        Some(if field.label() == Label::Repeated {
            FieldKind::Repeated(value)
        } else {
            FieldKind::Singular(value)
        })
    }

    fn value_type(
        &self,
        field: &FieldDescriptorProto,
        features: Features,
        describe: &impl Fn() -> Owner,
    ) -> Option<Type> {
        if field.type_name.is_none() && field.r#type.is_some() {
            if let Some(scalar) = scalar(field.r#type()) {
                return Some(Type::Scalar(scalar));
            }
        }
        let is_group = field.r#type() == ProtoType::Group;
        match self.named(field) {
            Some(Named::Enum(id)) => Some(Type::Enum(id)),
            Some(Named::Message(id)) if is_group || features.delimited => Some(Type::Delimited(id)),
            Some(Named::Message(id)) => Some(Type::Message(id)),
            Some(Named::MapEntry(_)) | None => {
                self.missing_type(&describe(), field.type_name());
                None
            }
        }
    }

    fn named(&self, field: &FieldDescriptorProto) -> Option<Named<'a>> {
        let name = field.type_name.as_deref()?;
        self.types.get(name.trim_start_matches('.')).copied()
    }

    fn default(
        &self,
        field: &FieldDescriptorProto,
        kind: FieldKind,
        describe: impl Fn() -> Owner,
    ) -> Option<DefaultValue> {
        let text = field.default_value.as_deref()?;
        let value = match kind {
            FieldKind::Singular(Type::Enum(id)) => {
                let members = &self.model.enumeration(id).members;
                let member = members.iter().find(|member| member.proto_name == text);
                member.map(|member| DefaultValue::Integer(member.number.to_string()))
            }
            _ => defaults::parse(field.r#type(), text),
        };
        if value.is_none() {
            self.problem(&describe(), |what| {
                diagnostics::wrong_default(what, diagnostics::shown(text))
            });
        }
        value
    }
}

/// For each oneof of the descriptor its index among the real ones, and the positions of these; those that only carry the
/// presence of an `optional` field are none.
fn real_oneofs(proto: &DescriptorProto) -> (Vec<Option<usize>>, Vec<usize>) {
    let mut is_real = vec![false; proto.oneof_decl.len()];
    for field in proto.field.iter().filter(|field| !field.proto3_optional()) {
        if let Some(is_real) = oneof_index(field).and_then(|it| is_real.get_mut(it)) {
            *is_real = true;
        }
    }
    let mut real = Vec::new();
    let mut indices = Vec::with_capacity(is_real.len());
    for (position, is_real) in is_real.into_iter().enumerate() {
        indices.push(is_real.then_some(real.len()));
        if is_real {
            real.push(position);
        }
    }
    (indices, real)
}

fn oneof_index(field: &FieldDescriptorProto) -> Option<usize> {
    usize::try_from(field.oneof_index?).ok()
}

pub(super) fn is_message(value: Type) -> bool {
    matches!(value, Type::Message(_) | Type::Delimited(_))
}

fn presence(field: &FieldDescriptorProto, kind: FieldKind, features: Features) -> Presence {
    let FieldKind::Singular(value) = kind else {
        return Presence::Implicit;
    };
    if field.label() == Label::Required || features.presence == FieldPresence::LegacyRequired {
        return Presence::Required;
    }
    if is_message(value) || field.proto3_optional() || features.presence == FieldPresence::Explicit
    {
        Presence::Explicit
    } else {
        Presence::Implicit
    }
}

fn is_packable(kind: FieldKind) -> bool {
    match kind {
        FieldKind::Repeated(Type::Scalar(scalar)) => !matches!(scalar.python, "str" | "bytes"),
        FieldKind::Repeated(Type::Enum(_)) => true,
        _ => false,
    }
}

fn has_string(kind: FieldKind) -> bool {
    let is_string = |value: Type| matches!(value, Type::Scalar(Scalar { name: "STRING", .. }));
    match kind {
        FieldKind::Singular(value) | FieldKind::Repeated(value) => is_string(value),
        FieldKind::Map(key, value) => is_string(Type::Scalar(key)) || is_string(value),
    }
}

fn scalar(kind: ProtoType) -> Option<Scalar> {
    let (name, python) = match kind {
        ProtoType::Double => ("DOUBLE", "float"),
        ProtoType::Float => ("FLOAT", "float"),
        ProtoType::Int64 => ("INT64", "int"),
        ProtoType::Uint64 => ("UINT64", "int"),
        ProtoType::Int32 => ("INT32", "int"),
        ProtoType::Fixed64 => ("FIXED64", "int"),
        ProtoType::Fixed32 => ("FIXED32", "int"),
        ProtoType::Bool => ("BOOL", "bool"),
        ProtoType::String => ("STRING", "str"),
        ProtoType::Bytes => ("BYTES", "bytes"),
        ProtoType::Uint32 => ("UINT32", "int"),
        ProtoType::Sfixed32 => ("SFIXED32", "int"),
        ProtoType::Sfixed64 => ("SFIXED64", "int"),
        ProtoType::Sint32 => ("SINT32", "int"),
        ProtoType::Sint64 => ("SINT64", "int"),
        ProtoType::Group | ProtoType::Message | ProtoType::Enum => return None,
    };
    Some(Scalar { name, python })
}
