//! Descriptor sets drawn from a seed: such as protoc would write, with names that collide and texts that try to leave their
//! literal; and what may be done to them that no protobuf compiler lets pass.

use aristaproto_build::descriptor::field_descriptor_proto::{Label, Type};
use aristaproto_build::descriptor::source_code_info::Location;
use aristaproto_build::descriptor::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FieldOptions, FileDescriptorProto, MessageOptions, MethodDescriptorProto, OneofDescriptorProto,
    ServiceDescriptorProto, SourceCodeInfo,
};
use fastrand::Rng;

/// No name that a descriptor may have holds it, so it is a name in a generated module only if a text became code.
pub const CANARY: &str = "Injected";

const PACKAGES: &[&str] = &[
    "",
    "a",
    "a.b",
    "A",
    "a.message_pool",
    "class",
    "_",
    "google.type",
];
const NAMES: &[&str] = &[
    "A",
    "a",
    "_",
    "B_b",
    "BB",
    "class",
    "None",
    "int",
    "str",
    "self",
    "Message",
    "datetime",
    "list",
    "__init__",
    "_1",
    "from_dict",
    "a_",
    "A_",
    "aristaproto",
    "message_pool",
    "TYPE_CHECKING",
    "name",
    "mro",
    "DESCRIPTOR",
    "bytes",
    "_x_",
];
const SCALARS: &[Type] = &[
    Type::Double,
    Type::Float,
    Type::Int64,
    Type::Uint64,
    Type::Int32,
    Type::Fixed64,
    Type::Fixed32,
    Type::Bool,
    Type::String,
    Type::Bytes,
    Type::Uint32,
    Type::Sfixed32,
    Type::Sfixed64,
    Type::Sint32,
    Type::Sint64,
];
const PIECES: &[&str] = &[
    "\"\"\"",
    "'''",
    "\"",
    "'",
    "\\",
    "\n",
    "\r",
    "\t",
    "\0",
    "\u{c}",
    "\u{85}",
    "\u{2028}",
    "\u{202e}",
    "\u{feff}",
    "é",
    "漢",
    "{",
    "}",
    "#",
    ";",
    "print;import os;Injected()",
    "\n    Injected = 1\n",
    "\"\"\"\nimport Injected\n\"\"\"",
    "\\\"\"\"Injected()",
    "x: int = Injected",
    "../",
    "/",
    "..",
    " ",
    "a",
    "{Injected}",
    "%s",
    "\\N{DIGIT ONE}",
    "\\x",
    "\u{10ffff}",
    "-",
    "0",
];

/// A text that may say anything.
pub fn hostile_text(rng: &mut Rng) -> String {
    (0..rng.usize(0..8))
        .map(|_| PIECES[rng.usize(..PIECES.len())])
        .collect()
}

fn pick<'a>(rng: &mut Rng, names: &[&'a str]) -> &'a str {
    names[rng.usize(..names.len())]
}

/// Names of one scope, no two the same; and what JSON makes of them, or less.
#[derive(Default)]
struct Names(Vec<String>, Vec<String>);

impl Names {
    fn next(&mut self, rng: &mut Rng) -> String {
        loop {
            let mut name = pick(rng, NAMES).to_owned();
            for _ in 0..rng.usize(0..3) {
                name += pick(rng, &["_", "a", "1", "B", "__", "x_1"]);
            }
            if !self.0.contains(&name) {
                self.0.push(name.clone());
                return name;
            }
        }
    }
}

/// What fields can refer to so far: full names with a dot before them; for enums, the first value.
#[derive(Default)]
struct Known {
    messages: Vec<String>,
    enums: Vec<(String, String)>,
}

/// One to four files, each with its imports before it.
pub fn files(rng: &mut Rng) -> Vec<FileDescriptorProto> {
    let mut known = Known::default();
    let mut files: Vec<FileDescriptorProto> = Vec::new();
    // One scope for all: the same full name in two files is an error.
    let mut names = Names::default();
    for index in 0..rng.usize(1..5) {
        let name = format!(
            "{}f{index}.proto",
            pick(rng, &["", "a/", "a b/", "a-b/", "import Injected/"])
        );
        let file = Drawing {
            rng,
            known: &mut known,
            paths: Vec::new(),
            is_proto3: false,
        };
        let imports = files.iter().map(|file| file.name().to_owned()).collect();
        files.push(file.file(name, imports, &mut names));
    }
    files
}

struct Drawing<'a> {
    rng: &'a mut Rng,
    known: &'a mut Known,
    /// Those of all declarations, for their comments.
    paths: Vec<Vec<i32>>,
    is_proto3: bool,
}

impl Drawing<'_> {
    fn file(
        mut self,
        name: String,
        imports: Vec<String>,
        names: &mut Names,
    ) -> FileDescriptorProto {
        let package = pick(self.rng, PACKAGES);
        self.is_proto3 = self.rng.bool();
        let scope = if package.is_empty() {
            String::new()
        } else {
            format!(".{package}")
        };
        // What is the name of a package cannot be that of a declaration, too.
        for other in PACKAGES {
            let inner = if package.is_empty() {
                Some(*other)
            } else {
                other
                    .strip_prefix(package)
                    .and_then(|rest| rest.strip_prefix('.'))
            };
            let part = inner.and_then(|inner| inner.split('.').next());
            names.0.extend(part.map(str::to_owned));
        }
        let mut file = FileDescriptorProto {
            name: Some(name),
            package: Some(package.to_owned()),
            syntax: self.is_proto3.then(|| "proto3".to_owned()),
            dependency: imports,
            ..FileDescriptorProto::default()
        };
        for i in 0..self.rng.i32(0..3) {
            let name = names.next(self.rng);
            file.enum_type
                .push(self.enumeration(&name, &scope, vec![5, i], names));
        }
        for i in 0..self.rng.i32(1..5) {
            let name = names.next(self.rng);
            file.message_type
                .push(self.message(name, &scope, vec![4, i], 0));
        }
        for i in 0..self.rng.i32(0..2) {
            file.service.push(self.service(names, vec![6, i]));
        }
        if self.rng.bool() {
            let location = self.paths.iter().map(|path| Location {
                path: path.clone(),
                span: vec![self.rng.i32(0..9), self.rng.i32(0..9), self.rng.i32(0..9)],
                leading_comments: Some(hostile_text(self.rng)),
                trailing_comments: self.rng.bool().then(|| hostile_text(self.rng)),
                ..Location::default()
            });
            file.source_code_info = Some(SourceCodeInfo {
                location: location.collect(),
            });
        }
        file
    }

    /// The names of its values belong to the scope around it.
    fn enumeration(
        &mut self,
        name: &str,
        scope: &str,
        path: Vec<i32>,
        names: &mut Names,
    ) -> EnumDescriptorProto {
        let mut proto = EnumDescriptorProto {
            name: Some(name.to_owned()),
            ..EnumDescriptorProto::default()
        };
        for number in 0..self.rng.i32(1..5) {
            let has_prefix = self.rng.bool();
            let mut value = names.next(self.rng);
            if has_prefix {
                value = format!("{}_{value}", name.to_uppercase());
                if names.0.contains(&value) {
                    continue;
                }
                names.0.push(value.clone());
            }
            proto.value.push(EnumValueDescriptorProto {
                name: Some(value),
                number: Some(number),
                ..EnumValueDescriptorProto::default()
            });
            self.paths.push([path.as_slice(), &[2, number]].concat());
        }
        if proto.value.is_empty() {
            let value = names.next(self.rng);
            proto.value.push(EnumValueDescriptorProto {
                name: Some(value),
                number: Some(0),
                ..Default::default()
            });
        }
        self.paths.push(path);
        // An enum of proto2 may be closed, which a field of proto3 must not refer to.
        if self.is_proto3 {
            self.known
                .enums
                .push((format!("{scope}.{name}"), proto.value[0].name().to_owned()));
        }
        proto
    }

    fn message(
        &mut self,
        name: String,
        scope: &str,
        path: Vec<i32>,
        depth: usize,
    ) -> DescriptorProto {
        let full_name = format!("{scope}.{name}");
        self.known.messages.push(full_name.clone());
        let mut names = Names::default();
        let mut proto = DescriptorProto {
            name: Some(name),
            ..DescriptorProto::default()
        };
        if depth < 3 {
            for i in 0..self.rng.i32(0..2) {
                let name = names.next(self.rng);
                let path = [path.as_slice(), &[3, i]].concat();
                proto
                    .nested_type
                    .push(self.message(name, &full_name, path, depth + 1));
            }
            for i in 0..self.rng.i32(0..2) {
                let name = names.next(self.rng);
                let path = [path.as_slice(), &[4, i]].concat();
                proto
                    .enum_type
                    .push(self.enumeration(&name, &full_name, path, &mut names));
            }
        }
        if self.rng.u8(..8) == 0 {
            let entry = self.map_entry(&mut names);
            let field = names.next(self.rng);
            proto.field.push(FieldDescriptorProto {
                name: Some(field),
                json_name: Some("of the map".to_owned()),
                number: Some(1000),
                label: Some(Label::Repeated as i32),
                r#type: Some(Type::Message as i32),
                type_name: Some(format!("{full_name}.{}", entry.name())),
                ..FieldDescriptorProto::default()
            });
            proto.nested_type.push(entry);
        }
        let oneofs = self.rng.i32(0..2);
        for i in 0..oneofs {
            let name = names.next(self.rng);
            proto.oneof_decl.push(OneofDescriptorProto {
                name: Some(name),
                ..OneofDescriptorProto::default()
            });
            let member = self.field(&mut names, 900, Some(i));
            proto.field.push(member);
        }
        for i in 0..self.rng.i32(0..7) {
            self.paths.push(
                [
                    path.as_slice(),
                    &[2, i32::try_from(proto.field.len()).unwrap()],
                ]
                .concat(),
            );
            let field = self.field(&mut names, i + 1, None);
            proto.field.push(field);
        }
        self.paths.push(path);
        proto
    }

    fn map_entry(&mut self, names: &mut Names) -> DescriptorProto {
        let name = names.next(self.rng);
        let field = |name: &str, number: i32, kind: Type| FieldDescriptorProto {
            name: Some(name.to_owned()),
            number: Some(number),
            label: Some(Label::Optional as i32),
            r#type: Some(kind as i32),
            ..FieldDescriptorProto::default()
        };
        let value = SCALARS[self.rng.usize(..SCALARS.len())];
        DescriptorProto {
            name: Some(name),
            field: vec![field("key", 1, Type::String), field("value", 2, value)],
            options: Some(MessageOptions {
                map_entry: Some(true),
                ..MessageOptions::default()
            }),
            ..DescriptorProto::default()
        }
    }

    fn field(
        &mut self,
        names: &mut Names,
        number: i32,
        oneof_index: Option<i32>,
    ) -> FieldDescriptorProto {
        let mut field = FieldDescriptorProto {
            name: Some(names.next(self.rng)),
            number: Some(number),
            label: Some(Label::Optional as i32),
            oneof_index,
            ..FieldDescriptorProto::default()
        };
        if oneof_index.is_none() && self.rng.bool() {
            field.label = Some(Label::Repeated as i32);
        }
        match self.rng.u8(..4) {
            0 => {
                let messages = &self.known.messages;
                field.type_name = Some(messages[self.rng.usize(..messages.len())].clone());
                field.r#type = Some(Type::Message as i32);
            }
            1 if !self.known.enums.is_empty() => {
                let (name, first) = &self.known.enums[self.rng.usize(..self.known.enums.len())];
                field.type_name = Some(name.clone());
                field.r#type = Some(Type::Enum as i32);
                if !self.is_proto3 && field.label() == Label::Optional {
                    field.default_value = Some(first.clone());
                }
            }
            _ => {
                let kind = SCALARS[self.rng.usize(..SCALARS.len())];
                field.r#type = Some(kind as i32);
                if !self.is_proto3 && field.label() == Label::Optional && self.rng.bool() {
                    field.default_value = Some(match kind {
                        Type::String => hostile_text(self.rng),
                        Type::Bytes => hostile_text(self.rng).replace('\\', "\\\\"),
                        Type::Bool => self.rng.bool().to_string(),
                        Type::Float | Type::Double => {
                            pick(self.rng, &["inf", "-inf", "nan", "1e+06", "-0"]).to_owned()
                        }
                        _ => self.rng.u8(..).to_string(),
                    });
                }
            }
        }
        // No two may be the same, nor one like another field's name.
        let json_name = field.name().replace('_', "").to_lowercase();
        let is_taken = names.1.contains(&json_name);
        names.1.push(json_name);
        if is_taken || field.name().contains('_') || self.rng.u8(..4) == 0 {
            field.json_name = Some(format!(
                "é{number} {}",
                hostile_text(self.rng).replace('\0', "")
            ));
        }
        if self.rng.u8(..8) == 0 {
            field.options = Some(FieldOptions {
                deprecated: Some(true),
                ..FieldOptions::default()
            });
        }
        field
    }

    fn service(&mut self, names: &mut Names, path: Vec<i32>) -> ServiceDescriptorProto {
        let mut methods = Names::default();
        let mut service = ServiceDescriptorProto {
            name: Some(names.next(self.rng)),
            ..ServiceDescriptorProto::default()
        };
        for _ in 0..self.rng.usize(0..4) {
            let messages = &self.known.messages;
            let [input, output] =
                [0, 1].map(|_| Some(messages[self.rng.usize(..messages.len())].clone()));
            service.method.push(MethodDescriptorProto {
                name: Some(methods.next(self.rng)),
                input_type: input,
                output_type: output,
                client_streaming: Some(self.rng.bool()),
                server_streaming: Some(self.rng.bool()),
                ..MethodDescriptorProto::default()
            });
        }
        self.paths.push(path);
        service
    }
}

/// Does to a few things what a compiler would not.
pub fn damage(rng: &mut Rng, files: &mut [FileDescriptorProto]) {
    for _ in 0..rng.usize(1..4) {
        let text = Some(hostile_text(rng));
        let index = rng.usize(..files.len());
        let file = &mut files[index];
        match rng.u8(..10) {
            0 => file.name = text,
            1 => file.package = text,
            2 => file.syntax = text,
            3 => file.dependency.extend(text),
            4 => damage_service(rng, file, text),
            5 => damage_enum(rng, &mut file.enum_type, text),
            _ => {
                if !file.message_type.is_empty() {
                    let index = rng.usize(..file.message_type.len());
                    damage_message(rng, &mut file.message_type[index], text);
                }
            }
        }
    }
}

fn damage_service(rng: &mut Rng, file: &mut FileDescriptorProto, text: Option<String>) {
    let Some(service) = file.service.first_mut() else {
        return;
    };
    match (service.method.first_mut(), rng.u8(..4)) {
        (Some(method), 0) => method.name = text,
        (Some(method), 1) => method.input_type = text,
        (Some(method), 2) => method.output_type = text,
        _ => service.name = text,
    }
}

fn damage_enum(rng: &mut Rng, enums: &mut [EnumDescriptorProto], text: Option<String>) {
    let Some(proto) = enums.first_mut() else {
        return;
    };
    match (proto.value.last_mut(), rng.u8(..4)) {
        (Some(value), 0) => value.name = text,
        (Some(value), 1) => value.number = Some(rng.i32(..)),
        (_, 2) => proto.value.clear(),
        _ => proto.name = text,
    }
}

fn damage_message(rng: &mut Rng, message: &mut DescriptorProto, text: Option<String>) {
    if !message.nested_type.is_empty() && rng.bool() {
        return damage_message(rng, &mut message.nested_type[0], text);
    }
    let mut number = || {
        (rng.u8(..4) > 0).then(|| {
            if rng.bool() {
                rng.i32(..)
            } else {
                rng.i32(-3..20)
            }
        })
    };
    let (first, second) = (number(), number());
    let kind = rng.u8(..14);
    let field = message.field.last_mut();
    match (field, kind) {
        (_, 0) => message.name = text,
        (_, 1) => damage_enum(rng, &mut message.enum_type, text),
        (_, 2) => message.oneof_decl.push(OneofDescriptorProto {
            name: text,
            ..OneofDescriptorProto::default()
        }),
        (_, 3) => {
            message.options = Some(MessageOptions {
                map_entry: Some(true),
                ..MessageOptions::default()
            });
        }
        (Some(field), 4) => field.name = text,
        (Some(field), 5) => field.type_name = text,
        (Some(field), 6) => field.default_value = text,
        (Some(field), 7) => field.json_name = text,
        (Some(field), 8) => field.number = first,
        (Some(field), 9) => field.oneof_index = first,
        (Some(field), 10) => field.r#type = first,
        (Some(field), 11) => field.label = second,
        (Some(field), 12) => (field.r#type, field.type_name) = (first, None),
        _ => {
            let extension = FieldDescriptorProto {
                name: text.clone(),
                extendee: text,
                number: first,
                r#type: second,
                ..FieldDescriptorProto::default()
            };
            message.extension.push(extension);
        }
    }
}
