//! Fourth pass: extensions, fields that are declared outside the message which holds them. In: the files, now that all
//! messages have their features. Out: the model's extensions, each with a variable of its module.
//! See <https://protobuf.dev/programming-guides/proto2/#extensions>.

use super::features::Features;
use super::fields::is_message;
use super::{below, Named, Owner, Pending, Place, Resolver};
use crate::descriptor::FieldDescriptorProto;
use crate::model::{Declared, Extension, ExtensionId, Field, FieldKind, MessageId, Presence};
use crate::naming;

/// Where an `extend` block stands.
struct Around<'a> {
    file: usize,
    /// The path to the list of extensions.
    path: &'a [i32],
    /// The kind of the list's items in that path.
    kind: i32,
    /// The message around the block; empty at the top of a file.
    outer: &'a str,
    features: Features,
}

impl Resolver<'_> {
    pub(super) fn extensions(&mut self) {
        for index in 0..self.files.len() {
            if self.has_extensions(index) {
                self.reserve_extensions(index);
            }
        }
        let mut id = 0;
        for (index, &file) in self.files.iter().enumerate() {
            let top = Around {
                file: index,
                path: &[],
                kind: 7,
                outer: "",
                features: Features::of_file(file),
            };
            self.extend(&top, &file.extension);
            while let Some(&Pending {
                proto,
                file,
                features,
            }) = self.messages.get(id).filter(|it| it.file == index)
            {
                if !proto.extension.is_empty() {
                    let declared = self.model.message(MessageId(id)).declared.clone();
                    let inside = Around {
                        file,
                        path: &declared.path,
                        kind: 6,
                        outer: &declared.proto_name,
                        features,
                    };
                    self.extend(&inside, &proto.extension);
                }
                id += 1;
            }
        }
    }

    /// Whether a file's extensions have variables: of this tree, or of an extern package, which a public import hands on.
    fn has_extensions(&self, file: usize) -> bool {
        self.model.module(self.module_of[file]).is_used()
    }

    /// Gives names to the extensions at the top of a file that are spelled as their variables are, before all others.
    fn reserve_extensions(&mut self, index: usize) {
        for (position, proto) in self.files[index].extension.iter().enumerate() {
            if naming::extension_name(proto.name()) == proto.name() {
                let full_name = self.full_name(index, proto.name());
                let owner = extension_owner(index, &full_name, below(&[], 7, position));
                // Whoever has it is met again, and told, when the extension is resolved.
                let _ = self.scopes[self.module_of[index].0].take(proto.name(), owner);
            }
        }
    }

    fn extend(&mut self, around: &Around, extensions: &[FieldDescriptorProto]) {
        if !self.has_extensions(around.file) {
            return;
        }
        for (position, proto) in extensions.iter().enumerate() {
            let path = below(around.path, around.kind, position);
            let declared = self.declared(around.file, proto.name(), around.outer, path);
            let full_name = self.full_name(around.file, &declared.proto_name);
            let describe = || extension_owner(around.file, &full_name, declared.path.clone());
            let wanted = naming::extension_name(&declared.proto_name);
            let name = self.take(declared.module, wanted, &describe(), naming::extension_name);
            let declared = Declared {
                name,
                ..declared.clone()
            };
            let extendee_name = proto.extendee().trim_start_matches('.');
            let Some(&Named::Message(extendee)) = self.types.get(extendee_name) else {
                self.missing_type(&describe(), proto.extendee());
                continue;
            };
            let Some(field) = self.field(proto, around.features, describe) else {
                continue;
            };
            let id = ExtensionId(self.model.extensions.len());
            self.model.modules[declared.module.0].extensions.push(id);
            self.model.extensions.push(Extension {
                extendee,
                extendee_name: extendee_name.to_owned(),
                field: Field {
                    comment: declared.comment.clone(),
                    json_name: None,
                    presence: match field.kind {
                        FieldKind::Singular(value) if is_message(value) => Presence::Explicit,
                        _ => Presence::Implicit,
                    },
                    deprecated: false,
                    ..field
                },
                full_name,
                declared,
            });
        }
    }
}

fn extension_owner(file: usize, full_name: &str, path: Vec<i32>) -> Owner {
    Owner {
        what: format!("extension `{full_name}`"),
        place: Some(Place { file, path }),
    }
}
