//! Stage 2: descriptors in, [`Model`] out. Every decision about the generated code is taken here: modules, names, types,
//! presence, comments. Called by the engine's pipeline after [`crate::source`]; [`crate::python`] prints the result and
//! decides nothing. All problems of the stage are reported at once, each with its place.
//!
//! Three passes: packages become modules; messages and enums get their ids and names; fields, members and methods are
//! filled in, now that every type can be looked up.

mod comments;
mod defaults;
mod features;
pub(crate) mod well_known;

use std::collections::BTreeMap;

use crate::descriptor::field_descriptor_proto::{Label, Type as ProtoType};
use crate::descriptor::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    ServiceDescriptorProto,
};
use crate::model::{
    Declared, DefaultValue, Enum, EnumId, Field, FieldKind, File, Member, Message, MessageId,
    Method, Model, Module, ModuleId, Oneof, Presence, Scalar, Service, ServiceId, Type,
};
use crate::naming::{self, Lookup, Scope};
use crate::source::DescriptorSet;
use crate::{ClientGeneration, Diagnostic, Error, Location, Options, Problems, ServerGeneration};

use comments::Comments;
use features::Features;

/// Takes every decision about the generated code.
///
/// Everything in `set` is resolved: the files asked for and what they import. Comments and places come from the files'
/// source info; without it, docstrings are empty and problems have no place.
///
/// # Errors
///
/// All problems found, each with file, line and column: Python names that collide, what cannot be generated, and
/// descriptors that contradict themselves.
pub fn resolve(set: &DescriptorSet, options: &Options) -> Result<Model, Error> {
    let mut files: Vec<&FileDescriptorProto> = set.file.file.iter().collect();
    files.sort_by_key(|file| file.name());
    let mut resolver = Resolver::new(&files, options);
    resolver.modules(set);
    for index in 0..files.len() {
        resolver.declare(index);
    }
    for id in 0..resolver.messages.len() {
        resolver.fields(MessageId(id));
    }
    for index in 0..files.len() {
        resolver.services(index);
    }
    resolver.problems.propagate()?;
    Ok(resolver.model)
}

/// A declaration's place, turned into line and column only when a problem has to show it.
#[derive(Clone, Debug)]
struct Place {
    file: usize,
    path: Vec<i32>,
}

/// Who holds a Python name: what to call it in a message, and where it is.
#[derive(Debug)]
struct Owner {
    what: String,
    place: Option<Place>,
}

/// A type that fields can refer to.
#[derive(Clone, Copy)]
enum Named<'a> {
    Message(MessageId),
    Enum(EnumId),
    MapEntry(&'a DescriptorProto),
}

/// A message that still waits for its fields.
struct Pending<'a> {
    proto: &'a DescriptorProto,
    file: usize,
    features: Features,
}

struct Resolver<'a> {
    files: &'a [&'a FileDescriptorProto],
    options: &'a Options,
    model: Model,
    problems: Problems,
    /// For each file: its module, its index in the module, its comments.
    module_of: Vec<ModuleId>,
    file_in_module: Vec<usize>,
    comments: Vec<Comments<'a>>,
    /// For each module, its names.
    scopes: Vec<Scope<Owner>>,
    /// By full name, without the dot before it.
    types: Lookup<String, Named<'a>>,
    /// In parallel to the model's messages.
    messages: Vec<Pending<'a>>,
}

impl<'a> Resolver<'a> {
    fn new(files: &'a [&'a FileDescriptorProto], options: &'a Options) -> Self {
        Self {
            files,
            options,
            model: Model::default(),
            problems: Problems::new(),
            module_of: Vec::with_capacity(files.len()),
            file_in_module: Vec::with_capacity(files.len()),
            comments: files.iter().map(|file| Comments::of_file(file)).collect(),
            scopes: Vec::new(),
            types: Lookup::with_capacity(files.len() * 8),
            messages: Vec::new(),
        }
    }

    // ---- packages become modules

    fn modules(&mut self, set: &DescriptorSet) {
        let mut packages: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, file) in self.files.iter().enumerate() {
            packages.entry(file.package()).or_default().push(index);
        }
        self.module_of = vec![ModuleId(0); self.files.len()];
        self.file_in_module = vec![0; self.files.len()];
        let mut module_of_file: Lookup<&str, ModuleId> = Lookup::with_capacity(self.files.len());
        for (module, (&package, indices)) in packages.iter().enumerate() {
            let path = package.split('.').filter(|segment| !segment.is_empty());
            self.model.modules.push(Module {
                package: package.to_owned(),
                path: path
                    .map(|segment| naming::package_segment(segment).into_owned())
                    .collect(),
                well_known: package == well_known::PACKAGE,
                ..Module::default()
            });
            for (position, &index) in indices.iter().enumerate() {
                self.module_of[index] = ModuleId(module);
                self.file_in_module[index] = position;
                module_of_file.insert(self.files[index].name(), ModuleId(module));
            }
        }
        self.folders(&packages);
        for module in 0..self.model.modules.len() {
            let scope = self.module_scope(ModuleId(module));
            self.scopes.push(scope);
        }
        for (index, file) in self.files.iter().enumerate() {
            let imports = file.dependency.iter().filter_map(|name| {
                let module = module_of_file.get(name.as_str())?;
                Some((name.clone(), *module))
            });
            let with_descriptors = self.options.google_protobuf_descriptors;
            let resolved = File {
                name: file.name().to_owned(),
                variable: naming::descriptor_variable(file.name()),
                descriptor: if with_descriptors {
                    set.serialized_file(file.name()).unwrap_or_default()
                } else {
                    Vec::new()
                },
                imports: imports.collect(),
            };
            let module = self.module_of[index];
            if with_descriptors {
                let owner = Owner {
                    what: format!("the descriptor of `{}`", resolved.name),
                    place: Some(Place {
                        file: index,
                        path: vec![],
                    }),
                };
                self.take(module, &resolved.variable, owner);
            }
            self.model.modules[module.0].files.push(resolved);
        }
    }

    /// Checks that packages do not meet in one folder or in a file of the tree's own, and notes each module's subfolders.
    fn folders(&mut self, packages: &BTreeMap<&str, Vec<usize>>) {
        let mut by_path: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        for (module, indices) in packages.values().enumerate() {
            let place = Place {
                file: indices[0],
                path: vec![2],
            };
            let path = self.model.modules[module].path.clone();
            let package = &self.model.modules[module].package;
            let own = ["message_pool", "google_proto_descriptor_pool"];
            if path
                .first()
                .is_some_and(|first| own.contains(&first.as_str()))
            {
                let diagnostic = Diagnostic::new(format!(
                    "package `{package}` would take the place of the generated module `{}`",
                    path[0]
                ));
                let location = self.locate(&place);
                self.problems
                    .push(diagnostic.at(location).hint("rename the package"));
            }
            if path.iter().any(|segment| segment == "_descriptors") {
                let diagnostic = Diagnostic::new(format!(
                    "package `{package}` would take the place of a generated module `_descriptors`"
                ));
                let location = self.locate(&place);
                self.problems
                    .push(diagnostic.at(location).hint("rename the package"));
            }
            if let Some(&other) = by_path.get(&path) {
                let other = &self.model.modules[other];
                let diagnostic = Diagnostic::new(format!(
                    "packages `{}` and `{package}` both become the Python module `{}`",
                    other.package,
                    path.join(".")
                ));
                let location = self.locate(&place);
                self.problems
                    .push(diagnostic.at(location).hint("rename one of them"));
            } else {
                by_path.insert(path, module);
            }
        }
        for path in by_path.keys() {
            for depth in 0..path.len() {
                if let Some(&parent) = by_path.get(&path[..depth]) {
                    let children = &mut self.model.modules[parent].children;
                    // Paths come sorted, so equal children come one after the other.
                    if children.last() != Some(&path[depth]) {
                        children.push(path[depth].clone());
                    }
                }
            }
        }
    }

    /// What a module holds before its own types: its subfolders, and for the well-known package the runtime's classes.
    fn module_scope(&self, module: ModuleId) -> Scope<Owner> {
        let module = self.model.module(module);
        let mut scope = Scope::with_capacity(module.children.len());
        for child in &module.children {
            let owner = Owner {
                what: format!("the module of package `{}.{child}`", module.package),
                place: None,
            };
            // The first thing in a scope cannot collide; children differ from each other.
            let _ = scope.take(child, owner);
        }
        if module.well_known {
            for name in well_known::NAMES {
                let owner = Owner {
                    what: format!("the well-known type `{}.{name}`", well_known::PACKAGE),
                    place: None,
                };
                let _ = scope.take(name, owner);
            }
        }
        scope
    }

    // ---- messages and enums get ids and names

    fn declare(&mut self, index: usize) {
        let file = self.files[index];
        let features = Features::of_file(file);
        self.refuse_extensions(index, &file.extension, &[7]);
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
        let declared = self.declared(index, proto.name(), outer, path);
        let options = proto.options.as_ref();
        let features = features.with(options.and_then(|options| options.features.as_ref()));
        let full_name = self.full_name(index, &declared.proto_name);
        if options.is_some_and(crate::descriptor::MessageOptions::map_entry) {
            self.types.insert(full_name, Named::MapEntry(proto));
            return;
        }
        let id = MessageId(self.model.messages.len());
        let module = declared.module;
        let in_runtime = well_known::is_in_runtime(self.files[index].name());
        if !in_runtime {
            self.take_type(index, "message", &full_name, &declared);
            self.model.modules[module.0].messages.push(id);
        }
        self.types.insert(full_name, Named::Message(id));
        let unwrapped = if in_runtime {
            well_known::unwrapped(&declared.class)
        } else {
            None
        };
        let (name, path) = (declared.proto_name.clone(), declared.path.clone());
        self.model.messages.push(Message {
            declared,
            fields: Vec::new(),
            oneofs: Vec::new(),
            deprecated: options.is_some_and(crate::descriptor::MessageOptions::deprecated),
            in_runtime,
            unwrapped,
        });
        self.messages.push(Pending {
            proto,
            file: index,
            features,
        });
        let below = |kind: i32, i: i32| [path.as_slice(), &[kind, i]].concat();
        self.refuse_extensions(index, &proto.extension, &[path.as_slice(), &[6]].concat());
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
        let declared = self.declared(index, proto.name(), outer, path);
        let options = proto.options.as_ref();
        let features = features.with(options.and_then(|options| options.features.as_ref()));
        let full_name = self.full_name(index, &declared.proto_name);
        let id = EnumId(self.model.enums.len());
        let in_runtime = well_known::is_in_runtime(self.files[index].name());
        if !in_runtime {
            self.take_type(index, "enum", &full_name, &declared);
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
        let mut scope: Scope<Owner> = Scope::with_capacity(proto.value.len());
        let mut members = Vec::with_capacity(proto.value.len());
        for (position, value) in proto.value.iter().enumerate() {
            let cut = cuts.as_ref().map_or(0, |cuts| cuts[position]);
            let name = naming::member_name(&value.name()[cut..]);
            let path = below(&declared.path, 2, position);
            let comment = self.comments[index].at(&path);
            let owner = Owner {
                what: format!("value `{}` of enum `{}`", value.name(), declared.proto_name),
                place: Some(Place { file: index, path }),
            };
            self.take_in(&mut scope, &name, owner);
            members.push(Member {
                name,
                proto_name: value.name().to_owned(),
                number: value.number(),
                comment,
            });
        }
        (members, prefix)
    }

    fn declared(&self, index: usize, name: &str, outer: &str, path: Vec<i32>) -> Declared {
        let proto_name = if outer.is_empty() {
            name.to_owned()
        } else {
            format!("{outer}.{name}")
        };
        Declared {
            class: naming::class_name(&proto_name),
            proto_name,
            module: self.module_of[index],
            file: self.file_in_module[index],
            comment: self.comments[index].at(&path),
            path,
        }
    }

    /// Extensions come with the next contract; custom options are none of the generated code's business.
    fn refuse_extensions(
        &mut self,
        index: usize,
        extensions: &[FieldDescriptorProto],
        path: &[i32],
    ) {
        for (i, extension) in (0..).zip(extensions) {
            let extendee = extension.extendee().trim_start_matches('.');
            if well_known::is_option_message(extendee) {
                continue;
            }
            let place = Place {
                file: index,
                path: [path, &[i]].concat(),
            };
            let diagnostic = Diagnostic::new(format!(
                "extension `{}` of `{extendee}` cannot be generated yet",
                extension.name()
            ));
            let location = self.locate(&place);
            self.problems.push(
                diagnostic
                    .at(location)
                    .hint("make it a field of the message, or put a google.protobuf.Any there"),
            );
        }
    }

    // ---- fields

    fn fields(&mut self, id: MessageId) {
        let Pending {
            proto,
            file,
            features,
        } = self.messages[id.0];
        let message = self.model.message(id);
        let message_path = message.declared.path.clone();
        let message_name = message.declared.proto_name.clone();
        let in_runtime = message.in_runtime;

        let mut oneofs = Vec::new();
        let mut oneof_features = Vec::with_capacity(proto.oneof_decl.len());
        let mut real_oneof = vec![None; proto.oneof_decl.len()];
        for field in proto.field.iter().filter(|field| !field.proto3_optional()) {
            let index = field
                .oneof_index
                .and_then(|index| usize::try_from(index).ok());
            if let Some(real) = index.and_then(|index| real_oneof.get_mut(index)) {
                *real = Some(0);
            }
        }
        for (i, oneof) in proto.oneof_decl.iter().enumerate() {
            let options = oneof.options.as_ref();
            oneof_features.push(features.with(options.and_then(|it| it.features.as_ref())));
            if real_oneof[i].is_some() {
                real_oneof[i] = Some(oneofs.len());
                oneofs.push(Oneof {
                    name: oneof.name().to_owned(),
                    comment: self.comments[file].at(&below(&message_path, 8, i)),
                });
            }
        }

        let mut scope: Scope<Owner> = Scope::with_capacity(proto.field.len());
        let mut fields = Vec::with_capacity(proto.field.len());
        for (position, field) in proto.field.iter().enumerate() {
            let path = below(&message_path, 2, position);
            let oneof = field
                .oneof_index
                .and_then(|index| usize::try_from(index).ok());
            let outer = oneof
                .and_then(|it| oneof_features.get(it))
                .unwrap_or(&features);
            let options = field.options.as_ref();
            let features = outer.with(options.and_then(|options| options.features.as_ref()));
            let name = naming::field_name(field.name());
            let place = Place { file, path };
            let what = || format!("field `{}` of message `{message_name}`", field.name());
            if !in_runtime {
                let owner = Owner {
                    what: what(),
                    place: Some(place.clone()),
                };
                self.take_in(&mut scope, &name, owner);
            }
            let kind = match self.field_kind(field, features) {
                Ok(kind) => kind,
                Err(problem) => {
                    let location = self.locate(&place);
                    self.problems.push(
                        Diagnostic::new(format!("{}: {problem}", what()))
                            .at(location)
                            .hint(
                                "make the descriptor set again, with everything that is imported",
                            ),
                    );
                    continue;
                }
            };
            if let Some(diagnostic) = refuse_delimited(kind, &what()) {
                let location = self.locate(&place);
                self.problems.push(diagnostic.at(location));
                continue;
            }
            let presence = match oneof.and_then(|oneof| real_oneof.get(oneof).copied().flatten()) {
                Some(oneof) => Presence::Oneof(oneof),
                None => presence(field, kind, features),
            };
            let packed = options
                .and_then(|options| options.packed)
                .unwrap_or(features.packed);
            let json_name = field
                .json_name
                .as_deref()
                .filter(|json_name| *json_name != naming::json_name(field.name()));
            fields.push(Field {
                proto_name: field.name().to_owned(),
                json_name: json_name.map(str::to_owned),
                number: field.number(),
                kind,
                presence,
                expanded: is_packable(kind) && !packed,
                utf8: features.utf8 || !has_string(kind),
                default: self.default(field, kind, &place),
                deprecated: options.is_some_and(crate::descriptor::FieldOptions::deprecated),
                comment: self.comments[file].at(&place.path),
                name,
            });
        }
        let message = &mut self.model.messages[id.0];
        message.fields = fields;
        message.oneofs = oneofs;
    }

    fn field_kind(
        &self,
        field: &FieldDescriptorProto,
        features: Features,
    ) -> Result<FieldKind, String> {
        let named = self.named(field);
        if let Some(Named::MapEntry(entry)) = named {
            let [key, value] = entry.field.as_slice() else {
                return Err("its map entry has not exactly a key and a value".to_owned());
            };
            // A map's messages are never delimited, whatever the file says.
            let features = Features {
                delimited: false,
                ..features
            };
            return match (
                self.value_type(key, features)?,
                self.value_type(value, features)?,
            ) {
                (Type::Scalar(key), value) => Ok(FieldKind::Map(key, value)),
                _ => Err("its map has a key that is no scalar".to_owned()),
            };
        }
        let value = self.value_type(field, features)?;
        Ok(if field.label() == Label::Repeated {
            FieldKind::Repeated(value)
        } else {
            FieldKind::Singular(value)
        })
    }

    fn value_type(&self, field: &FieldDescriptorProto, features: Features) -> Result<Type, String> {
        if let Some(scalar) = scalar(field.r#type()) {
            if field.r#type.is_some() && field.type_name.is_none() {
                return Ok(Type::Scalar(scalar));
            }
        }
        match self.named(field) {
            Some(Named::Enum(id)) => Ok(Type::Enum(id)),
            Some(Named::Message(id))
                if field.r#type() == ProtoType::Group || features.delimited =>
            {
                Ok(Type::Delimited(id))
            }
            Some(Named::Message(id)) => Ok(Type::Message(id)),
            Some(Named::MapEntry(_)) => Err("a map inside a map".to_owned()),
            None => Err(format!(
                "its type `{}` is not in the descriptor set",
                field.type_name()
            )),
        }
    }

    fn named(&self, field: &FieldDescriptorProto) -> Option<Named<'a>> {
        let name = field.type_name.as_deref()?;
        self.types.get(name.trim_start_matches('.')).copied()
    }

    fn default(
        &mut self,
        field: &FieldDescriptorProto,
        kind: FieldKind,
        place: &Place,
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
            let location = self.locate(place);
            self.problems.push(
                Diagnostic::new(format!(
                    "`{text}` is no default for field `{}`",
                    field.name()
                ))
                .at(location),
            );
        }
        value
    }

    // ---- services

    fn services(&mut self, index: usize) {
        let file = self.files[index];
        for (i, proto) in file.service.iter().enumerate() {
            let path = below(&[], 6, i);
            let declared = Declared {
                class: naming::service_name(proto.name()),
                ..self.declared(index, proto.name(), "", path)
            };
            let full_name = self.full_name(index, proto.name());
            let (sync_stub, async_stub) = stub_suffixes(self.options.client_generation);
            let named = |suffix: &str| format!("{}{suffix}", declared.class);
            let base = match self.options.server_generation {
                ServerGeneration::None => None,
                ServerGeneration::Async => Some(named("Base")),
            };
            let (sync_stub, async_stub) = (sync_stub.map(named), async_stub.map(named));
            for class in [&sync_stub, &async_stub, &base].into_iter().flatten() {
                let owner = Owner {
                    what: format!("service `{full_name}`"),
                    place: Some(Place {
                        file: index,
                        path: declared.path.clone(),
                    }),
                };
                self.take(declared.module, class, owner);
            }
            let methods = self.methods(index, proto, &declared.path);
            let id = ServiceId(self.model.services.len());
            self.model.modules[declared.module.0].services.push(id);
            self.model.services.push(Service {
                declared,
                full_name,
                sync_stub,
                async_stub,
                base,
                methods,
            });
        }
    }

    fn methods(
        &mut self,
        index: usize,
        proto: &ServiceDescriptorProto,
        path: &[i32],
    ) -> Vec<Method> {
        let mut scope: Scope<Owner> = Scope::with_capacity(proto.method.len());
        let mut methods = Vec::with_capacity(proto.method.len());
        for (i, method) in proto.method.iter().enumerate() {
            let name = naming::method_name(method.name());
            let path = below(path, 2, i);
            let comment = self.comments[index].at(&path);
            let what = format!("method `{}` of service `{}`", method.name(), proto.name());
            let place = Place { file: index, path };
            let owner = Owner {
                what: what.clone(),
                place: Some(place.clone()),
            };
            self.take_in(&mut scope, &name, owner);
            let message = |name: &str| match self.types.get(name.trim_start_matches('.')) {
                Some(Named::Message(id)) => Ok(*id),
                _ => Err(format!(
                    "{what}: its type `{name}` is not in the descriptor set"
                )),
            };
            match (message(method.input_type()), message(method.output_type())) {
                (Ok(input), Ok(output)) => methods.push(Method {
                    name,
                    proto_name: method.name().to_owned(),
                    input,
                    output,
                    client_streaming: method.client_streaming(),
                    server_streaming: method.server_streaming(),
                    deprecated: method.options.as_ref().is_some_and(|it| it.deprecated()),
                    comment,
                }),
                (Err(problem), _) | (_, Err(problem)) => {
                    let location = self.locate(&place);
                    self.problems.push(
                        Diagnostic::new(problem).at(location).hint(
                            "make the descriptor set again, with everything that is imported",
                        ),
                    );
                }
            }
        }
        methods
    }

    // ---- names and places

    fn full_name(&self, index: usize, name: &str) -> String {
        match self.files[index].package() {
            "" => name.to_owned(),
            package => format!("{package}.{name}"),
        }
    }

    fn take_type(&mut self, index: usize, kind: &str, full_name: &str, declared: &Declared) {
        let owner = Owner {
            what: format!("{kind} `{full_name}`"),
            place: Some(Place {
                file: index,
                path: declared.path.clone(),
            }),
        };
        self.take(declared.module, &declared.class, owner);
    }

    /// Takes a name of a module.
    fn take(&mut self, module: ModuleId, name: &str, owner: Owner) {
        let files = self.files;
        if let Some(diagnostic) = take(files, &mut self.scopes[module.0], name, owner) {
            self.problems.push(diagnostic);
        }
    }

    /// Takes a name of a class.
    fn take_in(&mut self, scope: &mut Scope<Owner>, name: &str, owner: Owner) {
        if let Some(diagnostic) = take(self.files, scope, name, owner) {
            self.problems.push(diagnostic);
        }
    }

    fn locate(&self, place: &Place) -> Option<Location> {
        locate(self.files, place)
    }
}

/// Groups and delimited fields wait for the next contract.
fn refuse_delimited(kind: FieldKind, what: &str) -> Option<Diagnostic> {
    let (FieldKind::Singular(Type::Delimited(_)) | FieldKind::Repeated(Type::Delimited(_))) = kind
    else {
        return None;
    };
    Some(
        Diagnostic::new(format!(
            "{what} is a group or has delimited encoding, which cannot be generated yet"
        ))
        .hint("make it a field of an ordinary message type (length-prefixed)"),
    )
}

fn take(
    files: &[&FileDescriptorProto],
    scope: &mut Scope<Owner>,
    name: &str,
    owner: Owner,
) -> Option<Diagnostic> {
    let what = owner.what.clone();
    let place = owner.place.clone();
    let other = scope.take(name, owner).err()?;
    let at = other
        .place
        .as_ref()
        .and_then(|place| locate(files, place))
        .map_or_else(String::new, |location| format!(" at {location}"));
    Some(
        Diagnostic::new(format!(
            "{what} and {}{at} are both `{name}` in Python",
            other.what
        ))
        .at(place.and_then(|place| locate(files, &place)))
        .hint("rename one of the two; what goes over the wire does not depend on the name"),
    )
}

/// Where a declaration's name stands; without a name, where the declaration begins.
fn locate(files: &[&FileDescriptorProto], place: &Place) -> Option<Location> {
    let file = files[place.file];
    let info = file.source_code_info.as_ref()?;
    let name = [place.path.as_slice(), &[1]].concat();
    let find = |path: &[i32]| info.location.iter().find(|location| location.path == path);
    let span = &find(&name).or_else(|| find(&place.path))?.span;
    let number = |index: usize| usize::try_from(*span.get(index)?).ok()?.checked_add(1);
    Some(Location {
        file: file.name().to_owned(),
        line: number(0)?,
        column: number(1)?,
    })
}

/// The path of the `index`th child of one kind. Descriptors number their children with 32 bits.
fn below(path: &[i32], kind: i32, index: usize) -> Vec<i32> {
    let index = i32::try_from(index).unwrap_or(i32::MAX);
    [path, &[kind, index]].concat()
}

fn presence(field: &FieldDescriptorProto, kind: FieldKind, features: Features) -> Presence {
    use crate::descriptor::feature_set::FieldPresence;
    let FieldKind::Singular(value) = kind else {
        return Presence::Implicit;
    };
    if field.label() == Label::Required || features.presence == FieldPresence::LegacyRequired {
        return Presence::Required;
    }
    let is_message = matches!(value, Type::Message(_) | Type::Delimited(_));
    if is_message || field.proto3_optional() || features.presence == FieldPresence::Explicit {
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

/// The suffixes of the synchronous and the asynchronous stub.
fn stub_suffixes(clients: ClientGeneration) -> (Option<&'static str>, Option<&'static str>) {
    match clients {
        ClientGeneration::None => (None, None),
        ClientGeneration::Sync => (Some("Stub"), None),
        ClientGeneration::Async => (None, Some("Stub")),
        ClientGeneration::SyncAsync => (Some("Stub"), Some("AsyncStub")),
        ClientGeneration::AsyncSync => (Some("SyncStub"), Some("Stub")),
        ClientGeneration::SyncAsyncNoDefault => (Some("SyncStub"), Some("AsyncStub")),
    }
}
