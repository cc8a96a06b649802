//! Classes of messages and enums, and extensions. In: a declaration of the model. Out: its class statement, fields or
//! members with their docs; an extension's assignment. Called by the module printer for each declaration.

use super::module::{shadowed_builtins, Printer};
use super::writer::{bytes, string, Annotation, Argument};
use crate::model::{
    DefaultValue, Enum, Extensible, Extension, Field, FieldKind, Member, Message, MessageId, Oneof,
    Presence, Scalar, Type, Unwrapped,
};

impl Printer<'_> {
    pub(super) fn enumeration(&mut self, declared: &Enum) {
        let runtime = self.imports.module("aristaproto");
        let mut arguments = vec![Argument::from(format!("{runtime}.Enum"))];
        if !declared.prefix.is_empty() {
            arguments.push(format!("prefix={}", string(&declared.prefix)).into());
        }
        let renamed: Vec<(String, String)> = declared
            .members
            .iter()
            .filter(|member| member.proto_name.strip_prefix(&declared.prefix) != Some(&member.name))
            .map(|member| (string(&member.name), string(&member.proto_name)))
            .collect();
        if !renamed.is_empty() {
            arguments.push(Argument::Dict("renamed=".to_owned(), renamed));
        }
        let json_names: Vec<(String, String)> = declared
            .members
            .iter()
            .filter_map(|member| Some((string(&member.name), string(member.json_name.as_ref()?))))
            .collect();
        if !json_names.is_empty() {
            arguments.push(Argument::Dict("json_names=".to_owned(), json_names));
        }
        if declared.closed {
            arguments.push("closed=True".into());
        }
        self.class(&declared.declared.name, &arguments);
        self.writer.docstring(4, &declared.declared.comment);
        let docs = declared
            .members
            .iter()
            .map(|member| !member.comment.is_empty())
            .collect::<Vec<_>>();
        let mut separated = !declared.declared.comment.is_empty();
        for (
            index,
            Member {
                name,
                number,
                comment,
                ..
            },
        ) in declared.members.iter().enumerate()
        {
            if separated || (index > 0 && docs[index]) {
                self.writer.blank(1);
            }
            separated = docs[index];
            self.writer.assigned(4, name, &number.to_string());
            self.writer.attribute_doc(4, comment);
        }
        self.descriptor_attribute("EnumDescriptor", true);
    }

    pub(super) fn message(&mut self, message: &Message) {
        let base = if self.options.pydantic_dataclasses {
            self.imports.module("aristaproto.pydantic")
        } else {
            self.imports.module("aristaproto")
        };
        let mut arguments = vec![Argument::from(format!("{base}.Message"))];
        if message.deprecated {
            arguments.push("deprecated=True".into());
        }
        match message.extensible {
            Extensible::No => {}
            Extensible::Ranges => arguments.push("extendable=True".into()),
            Extensible::MessageSet => {
                arguments.extend(["extendable=True".into(), "message_set=True".into()]);
            }
        }
        let renamed: Vec<(String, String)> = message
            .oneofs
            .iter()
            .filter(|oneof| oneof.name != oneof.proto_name)
            .map(|oneof| (string(&oneof.name), string(&oneof.proto_name)))
            .collect();
        if !renamed.is_empty() {
            arguments.push(Argument::Dict("oneofs=".to_owned(), renamed));
        }
        self.class(&message.declared.name, &arguments);
        let docstring = docstring(message);
        self.writer.docstring(4, &docstring);
        let mut separated = !docstring.is_empty();
        let fields = message.fields.iter().map(|field| &field.name);
        let oneofs = message.oneofs.iter().map(|oneof| &oneof.name);
        let shadowed = shadowed_builtins(fields.chain(oneofs).map(String::as_str));
        for (index, field) in message.fields.iter().enumerate() {
            let has_doc = !field.comment.is_empty();
            if separated || (index > 0 && has_doc) {
                self.writer.blank(1);
            }
            separated = has_doc;
            self.field(field, &message.oneofs, &shadowed);
            self.writer.attribute_doc(4, &field.comment);
        }
        self.oneofs(message, &shadowed);
        let is_more_than_head = !message.fields.is_empty() || !docstring.is_empty();
        let has_descriptor = self.descriptor_attribute("Descriptor", is_more_than_head);
        if !is_more_than_head && !has_descriptor {
            self.writer.line(4, "pass");
        }
    }

    /// Declares the oneofs to type checkers. The runtime makes the attributes from the fields: nothing is left to do at
    /// import, and the class holds fields only.
    fn oneofs(&mut self, message: &Message, shadowed: &[&str]) {
        if message.oneofs.is_empty() {
            return;
        }
        let flag = self.imports.type_checking_flag();
        self.writer.blank(1);
        self.writer.line(4, &format!("if {flag}:"));
        let runtime = self.imports.module("aristaproto");
        for (index, oneof) in message.oneofs.iter().enumerate() {
            let members = message.fields.iter();
            let members = members.filter(|field| field.presence == Presence::Oneof(index));
            let members: Vec<Annotation> = members
                .map(|member| self.oneof_member(member, shadowed))
                .collect();
            self.writer.assigned_union(
                8,
                &oneof.name,
                &format!("{runtime}.Oneof"),
                &members,
                &format!("{runtime}.oneof()"),
            );
        }
    }

    /// `tuple[Literal["name"], Type]`
    fn oneof_member(&mut self, member: &Field, shadowed: &[&str]) -> Annotation {
        let (FieldKind::Singular(value) | FieldKind::Repeated(value) | FieldKind::Map(_, value)) =
            member.kind;
        let literal = self.imports.checked_member("typing", "Literal");
        let items = vec![
            format!("{literal}[{}]", string(&member.name)),
            self.type_expression(value, shadowed),
        ];
        Annotation::Subscript(self.builtin("tuple", shadowed), items)
    }

    fn class(&mut self, name: &str, arguments: &[Argument]) {
        self.writer.blank(2);
        self.writer
            .call(0, &format!("class {name}"), arguments, ":");
    }

    /// Prints the extensions of the module, each a variable.
    pub(super) fn extensions(&mut self) {
        let (model, module) = (self.model, self.module);
        let mut separated = false;
        for (index, &id) in module.extensions.iter().enumerate() {
            let extension = model.extension(id);
            let has_doc = !extension.field.comment.is_empty();
            if index == 0 {
                self.writer.blank(2);
            } else if separated || has_doc {
                self.writer.blank(1);
            }
            separated = has_doc;
            self.extension(extension);
        }
    }

    fn extension(&mut self, extension: &Extension) {
        let runtime = self.imports.module("aristaproto");
        let extendee = self.message_expression(extension.extendee, false);
        let value = self.annotation(&extension.field, &[]).flat();
        let annotation =
            Annotation::Subscript(format!("{runtime}.Extension"), vec![extendee, value]);
        let mut arguments: Vec<Argument> = vec![
            string(&extension.full_name).into(),
            string(&extension.extendee_name).into(),
        ];
        arguments.extend(self.field_arguments(&extension.field, &[], &[]));
        self.writer.assigned_call(
            0,
            &extension.declared.name,
            Some(&annotation),
            &format!("{runtime}.extension"),
            &arguments,
        );
        self.writer.attribute_doc(0, &extension.field.comment);
    }

    fn field(&mut self, field: &Field, oneofs: &[Oneof], shadowed: &[&str]) {
        let runtime = self.imports.module("aristaproto");
        let annotation = self.annotation(field, shadowed);
        let arguments = self.field_arguments(field, oneofs, shadowed);
        let callee = match field.kind {
            FieldKind::Map(..) => format!("{runtime}.map_field"),
            FieldKind::Singular(_) | FieldKind::Repeated(_) => format!("{runtime}.field"),
        };
        self.writer
            .assigned_call(4, &field.name, Some(&annotation), &callee, &arguments);
    }

    fn field_arguments(
        &mut self,
        field: &Field,
        oneofs: &[Oneof],
        shadowed: &[&str],
    ) -> Vec<Argument> {
        let runtime = self.imports.module("aristaproto");
        let constant = |value: Type| format!("{runtime}.TYPE_{}", type_name(value));
        let mut arguments: Vec<Argument> = vec![field.number.to_string().into()];
        let value = match field.kind {
            FieldKind::Singular(value) | FieldKind::Repeated(value) => value,
            FieldKind::Map(key, value) => {
                arguments.push(constant(Type::Scalar(key)).into());
                value
            }
        };
        arguments.push(constant(value).into());
        if let Some(reference) = self.reference(value) {
            arguments.push(string(&reference).into());
        }
        if let FieldKind::Repeated(_) = field.kind {
            arguments.push("repeated=True".into());
        }
        match field.presence {
            Presence::Explicit if !is_message(value) => arguments.push("optional=True".into()),
            Presence::Implicit | Presence::Explicit => {}
            Presence::Required => arguments.push("required=True".into()),
            Presence::Oneof(index) => {
                arguments.push(format!("oneof={}", string(&oneofs[index].proto_name)).into());
            }
        }
        if field.expanded {
            arguments.push("packed=False".into());
        }
        if field.name != field.proto_name {
            arguments.push(format!("proto_name={}", string(&field.proto_name)).into());
        }
        if let Some(name) = &field.json_name {
            arguments.push(format!("json_name={}", string(name)).into());
        }
        if let Some(value) = &field.default {
            let value = self.default_value(value, shadowed);
            arguments.push(format!("default={value}").into());
        }
        if field.deprecated {
            arguments.push("deprecated=True".into());
        }
        if !field.utf8 {
            arguments.push("utf8=False".into());
        }
        arguments
    }

    fn annotation(&mut self, field: &Field, shadowed: &[&str]) -> Annotation {
        match field.kind {
            FieldKind::Singular(value) => {
                let name = self.type_expression(value, shadowed);
                match field.presence {
                    Presence::Implicit => Annotation::Name(name),
                    _ => Annotation::Optional(name),
                }
            }
            FieldKind::Repeated(value) => {
                let item = self.type_expression(value, shadowed);
                Annotation::Subscript(self.builtin("list", shadowed), vec![item])
            }
            FieldKind::Map(Scalar { python, .. }, value) => {
                let key = self.builtin(python, shadowed);
                let value = self.type_expression(value, shadowed);
                Annotation::Subscript(self.builtin("dict", shadowed), vec![key, value])
            }
        }
    }

    fn type_expression(&mut self, value: Type, shadowed: &[&str]) -> String {
        match value {
            Type::Scalar(scalar) => self.builtin(scalar.python, shadowed),
            Type::Enum(id) => {
                let declared = &self.model.enumeration(id).declared;
                self.class_expression(declared, false)
            }
            Type::Message(id) | Type::Delimited(id) => match self.model.message(id).unwrapped {
                Some(Unwrapped::Datetime) => self.imports.module("datetime") + ".datetime",
                Some(Unwrapped::Timedelta) => self.imports.module("datetime") + ".timedelta",
                Some(Unwrapped::Builtin(name)) => self.builtin(name, shadowed),
                None => self.message_expression(id, false),
            },
        }
    }

    /// The class of a message, as code of this module spells it.
    pub(super) fn message_expression(&mut self, id: MessageId, at_run_time: bool) -> String {
        let declared = &self.model.message(id).declared;
        self.class_expression(declared, at_run_time)
    }

    fn default_value(&mut self, value: &DefaultValue, shadowed: &[&str]) -> String {
        match value {
            DefaultValue::Integer(value) => value.clone(),
            DefaultValue::Float(value) if value.is_finite() => format!("{value:?}"),
            DefaultValue::Float(value) => {
                let text = value.to_string().to_ascii_lowercase();
                format!("{}({})", self.builtin("float", shadowed), string(&text))
            }
            DefaultValue::Bool(true) => "True".to_owned(),
            DefaultValue::Bool(false) => "False".to_owned(),
            DefaultValue::String(value) => string(value),
            DefaultValue::Bytes(value) => bytes(value),
        }
    }

    /// Prints the attribute that the descriptors option adds; tells whether it did.
    fn descriptor_attribute(&mut self, kind: &str, after_something: bool) -> bool {
        if !self.options.google_protobuf_descriptors {
            return false;
        }
        if after_something {
            self.writer.blank(1);
        }
        let class_var = self.imports.member("typing", "ClassVar");
        let descriptors = self.imports.module("aristaproto.descriptors");
        self.writer
            .line(4, &format!("DESCRIPTOR: {class_var}[{descriptors}.{kind}]"));
        true
    }

    /// How a field names the class of its values: `Name`, or `<relative module>:Name`. None for scalars.
    fn reference(&self, value: Type) -> Option<String> {
        let declared = match value {
            Type::Scalar(_) => return None,
            Type::Enum(id) => &self.model.enumeration(id).declared,
            Type::Message(id) | Type::Delimited(id) => &self.model.message(id).declared,
        };
        if declared.module == self.id {
            return Some(declared.name.clone());
        }
        let target = self.model.module(declared.module);
        if !target.is_in_tree() {
            return Some(format!("{}:{}", target.path.join("."), declared.name));
        }
        let target = &target.path;
        let common = self
            .module
            .path
            .iter()
            .zip(target)
            .take_while(|(a, b)| a == b)
            .count();
        let dots = ".".repeat(self.module.path.len() - common + 1);
        Some(format!(
            "{dots}{}:{}",
            target[common..].join("."),
            declared.name
        ))
    }
}

/// The comment and, below it, those of the oneofs.
fn docstring(message: &Message) -> String {
    let mut text = message.declared.comment.clone();
    let documented = message
        .oneofs
        .iter()
        .filter(|oneof| !oneof.comment.is_empty());
    for (index, oneof) in documented.enumerate() {
        if index == 0 {
            text.push_str(if text.is_empty() {
                "Oneofs:"
            } else {
                "\n\nOneofs:"
            });
        }
        text.push_str("\n    - ");
        text.push_str(&oneof.proto_name);
        text.push_str(": ");
        for (line, comment) in oneof.comment.split('\n').enumerate() {
            if line > 0 {
                text.push('\n');
                if !comment.is_empty() {
                    text.push_str("      ");
                }
            }
            text.push_str(comment);
        }
    }
    text
}

fn is_message(value: Type) -> bool {
    matches!(value, Type::Message(_) | Type::Delimited(_))
}

fn type_name(value: Type) -> &'static str {
    match value {
        Type::Scalar(scalar) => scalar.name,
        Type::Enum(_) => "ENUM",
        Type::Message(_) => "MESSAGE",
        Type::Delimited(_) => "GROUP",
    }
}
