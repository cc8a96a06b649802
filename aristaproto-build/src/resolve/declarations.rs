//! Second pass: messages and enums get their ids and names; enums their members. In: one file at a time. Out: messages
//! without fields, so that the next pass can refer to every type.

use super::features::Features;
use super::{below, well_known, Named, Owner, Pending, Place, Resolver};
use crate::descriptor::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, MessageOptions,
};
use crate::model::{Declared, Enum, EnumId, Extensible, Member, Message, MessageId};
use crate::naming;

impl<'a> Resolver<'a> {
    /// Gives names to the types at the top of a file whose class is spelled as they are, so that no class that is named
    /// after a nested type or in another case can have them.
    pub(super) fn reserve(&mut self, index: usize) {
        let file = self.files[index];
        if well_known::is_in_runtime(file.name()) || self.set.crates.owner(file.name()).is_some() {
            return;
        }
        let messages = (0..).zip(&file.message_type);
        let messages = messages.map(|(i, proto)| ("message", proto.name(), [4, i]));
        let enums = (0..).zip(&file.enum_type);
        let enums = enums.map(|(i, proto)| ("enum", proto.name(), [5, i]));
        for (kind, name, path) in messages.chain(enums) {
            if naming::class_name(name) == name {
                let owner = self.type_owner(index, kind, name, &path);
                // Whoever has it is met again, and told, when the type is declared.
                let _ = self.scopes[self.module_of[index].0].take(name, owner);
            }
        }
    }

    fn type_owner(&self, index: usize, kind: &str, proto_name: &str, path: &[i32]) -> Owner {
        Owner {
            what: format!("{kind} `{}`", self.full_name(index, proto_name)),
            place: Some(Place {
                file: index,
                path: path.to_vec(),
            }),
        }
    }

    /// Takes the name of a class in its module.
    fn take_type(&mut self, index: usize, kind: &str, declared: &mut Declared) {
        if let Some(owner) = self.set.crates.owner(self.files[index].name()) {
            let full_name = self.full_name(index, &declared.proto_name);
            if let Some(name) = owner.renamed.get(&full_name) {
                declared.name.clone_from(name);
            }
            return;
        }
        let owner = self.type_owner(index, kind, &declared.proto_name, &declared.path);
        let wanted = std::mem::take(&mut declared.name);
        // Underscores make no keyword of a class' name.
        declared.name = self.take(declared.module, wanted, &owner, str::to_owned);
    }

    pub(super) fn declare(&mut self, index: usize) {
        let file = self.files[index];
        let features = Features::of_file(file);
        for (i, proto) in (0..).zip(&file.enum_type) {
            self.declare_enum(index, proto, "", vec![5, i], features);
        }
        for (i, proto) in (0..).zip(&file.message_type) {
            self.declare_message(index, proto, "", vec![4, i], features);
        }
    }

    fn declare_message(
        &mut self,
        index: usize,
        proto: &'a DescriptorProto,
        outer: &str,
        path: Vec<i32>,
        features: Features,
    ) {
        let mut declared = self.declared(index, proto.name(), outer, path);
        let options = proto.options.as_ref();
        let features = features.with(options.and_then(|options| options.features.as_ref()));
        let full_name = self.full_name(index, &declared.proto_name);
        if options.is_some_and(MessageOptions::map_entry) {
            self.types.insert(full_name, Named::MapEntry(proto));
            return;
        }
        let id = MessageId(self.model.messages.len());
        let module = declared.module;
        let in_runtime = well_known::is_in_runtime(self.files[index].name());
        if !in_runtime {
            self.take_type(index, "message", &mut declared);
            self.model.modules[module.0].messages.push(id);
        }
        self.types.insert(full_name, Named::Message(id));
        let unwrapped = if in_runtime {
            well_known::unwrapped(&declared.name)
        } else {
            None
        };
        let (name, path) = (declared.proto_name.clone(), declared.path.clone());
        self.model.messages.push(Message {
            declared,
            fields: Vec::new(),
            oneofs: Vec::new(),
            deprecated: options.is_some_and(MessageOptions::deprecated),
            extensible: if options.is_some_and(MessageOptions::message_set_wire_format) {
                Extensible::MessageSet
            } else if proto.extension_range.is_empty() {
                Extensible::No
            } else {
                Extensible::Ranges
            },
            in_runtime,
            unwrapped,
        });
        self.messages.push(Pending {
            proto,
            file: index,
            features,
        });
        let below = |kind: i32, i: i32| [path.as_slice(), &[kind, i]].concat();
        for (i, nested) in (0..).zip(&proto.enum_type) {
            self.declare_enum(index, nested, &name, below(4, i), features);
        }
        for (i, nested) in (0..).zip(&proto.nested_type) {
            self.declare_message(index, nested, &name, below(3, i), features);
        }
    }

    fn declare_enum(
        &mut self,
        index: usize,
        proto: &'a EnumDescriptorProto,
        outer: &str,
        path: Vec<i32>,
        features: Features,
    ) {
        let mut declared = self.declared(index, proto.name(), outer, path);
        let options = proto.options.as_ref();
        let features = features.with(options.and_then(|options| options.features.as_ref()));
        let full_name = self.full_name(index, &declared.proto_name);
        let id = EnumId(self.model.enums.len());
        let in_runtime = well_known::is_in_runtime(self.files[index].name());
        if !in_runtime {
            self.take_type(index, "enum", &mut declared);
            self.model.modules[declared.module.0].enums.push(id);
        }
        self.types.insert(full_name, Named::Enum(id));
        let (members, prefix) = self.members(index, proto, &declared);
        self.model.enums.push(Enum {
            declared,
            members,
            prefix,
            closed: features.closed_enum,
            in_runtime,
        });
    }

    fn members(
        &mut self,
        index: usize,
        proto: &EnumDescriptorProto,
        declared: &Declared,
    ) -> (Vec<Member>, String) {
        let cuts: Option<Vec<usize>> = proto
            .value
            .iter()
            .map(|value| naming::enum_prefix(proto.name(), value.name()))
            .collect();
        let prefix = match (&cuts, proto.value.first()) {
            (Some(cuts), Some(first)) => first.name()[..cuts[0]].to_owned(),
            _ => String::new(),
        };
        let describe = |position: usize| Owner {
            what: format!(
                "value `{}` of enum `{}`",
                proto.value[position].name(),
                declared.proto_name
            ),
            place: Some(Place {
                file: index,
                path: below(&declared.path, 2, position),
            }),
        };
        let wanted = proto.value.iter().enumerate().map(|(position, value)| {
            let cut = cuts.as_ref().map_or(0, |cuts| cuts[position]);
            let spelled = &value.name()[cut..];
            (naming::member_name(spelled), spelled)
        });
        let names = self.members_names(wanted.collect(), &[], naming::member_name, describe);
        let members = names.into_iter().zip(&proto.value).enumerate();
        let members = members.map(|(position, (name, value))| Member {
            name,
            proto_name: value.name().to_owned(),
            json_name: json_name(value),
            number: value.number(),
            comment: self.comments[index].at(&below(&declared.path, 2, position)),
        });
        (members.collect(), prefix)
    }

    pub(super) fn declared(
        &self,
        index: usize,
        name: &str,
        outer: &str,
        path: Vec<i32>,
    ) -> Declared {
        let proto_name = if outer.is_empty() {
            name.to_owned()
        } else {
            format!("{outer}.{name}")
        };
        Declared {
            name: naming::class_name(&proto_name),
            proto_name,
            module: self.module_of[index],
            file: self.file_in_module[index],
            comment: self.comments[index].at(&path),
            path,
        }
    }
}

/// The name in JSON that an enum's value has of its own. Where the option is there without a name, protoc takes it for an
/// empty one, and google.protobuf writes that.
fn json_name(value: &EnumValueDescriptorProto) -> Option<String> {
    let json = value.options.as_ref()?.json.as_ref()?;
    Some(json.string().to_owned())
}
