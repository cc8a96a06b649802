//! Stage 2's data: everything that the generated code will say, with every decision about names, types, presence and
//! comments taken. [`crate::resolve`] makes it from descriptors, [`crate::python`] prints it. Plain data: things refer to
//! each other by ids into the vectors of [`Model`], and there are no dotted names left to parse.

use std::collections::BTreeMap;

use crate::Diagnostic;

/// The whole tree to generate.
#[derive(Debug, Default)]
pub struct Model {
    /// The modules, sorted by package; parents without content of their own are not here.
    pub modules: Vec<Module>,
    /// All messages but map entries, each before those nested in it, in the order of their files' names.
    pub messages: Vec<Message>,
    /// All enums, in the order of their files' names.
    pub enums: Vec<Enum>,
    /// All extensions, in the order of their files' names.
    pub extensions: Vec<Extension>,
    /// All services, in the order of their files' names.
    pub services: Vec<Service>,
    /// What had to be renamed, sorted by place.
    pub warnings: Vec<Diagnostic>,
}

/// An index into [`Model::modules`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(pub usize);

/// An index into [`Model::messages`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub usize);

/// An index into [`Model::enums`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnumId(pub usize);

/// An index into [`Model::extensions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExtensionId(pub usize);

/// An index into [`Model::services`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId(pub usize);

/// One Python module: all files of one proto package.
#[derive(Debug, Default)]
pub struct Module {
    /// The proto package, `a.b`; empty for files without one.
    pub package: String,
    /// Who makes it.
    pub origin: Origin,
    /// The folders from the tree's root to the module; of an installed one its absolute name; of an unused one nothing.
    pub path: Vec<String>,
    /// The files of the package, sorted by name.
    pub files: Vec<File>,
    /// Messages to print, in order.
    pub messages: Vec<MessageId>,
    /// Enums to print, in order.
    pub enums: Vec<EnumId>,
    /// Extensions to print, in order.
    pub extensions: Vec<ExtensionId>,
    /// Services to print, in order.
    pub services: Vec<ServiceId>,
    /// What it offers, too, because a file of it imports another one publicly: names, and the modules that have them.
    pub public_imports: BTreeMap<String, ModuleId>,
    /// The folders directly below this module: Python sets each as an attribute of the module.
    pub children: Vec<String>,
    /// The module `google.protobuf` re-exports the runtime's well-known types.
    pub well_known: bool,
    /// Where its messages and enums are printed if they are too many for one file; empty for nearly all modules.
    pub parts: Vec<Part>,
}

/// Who makes a module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// This run.
    #[default]
    Generated,
    /// Something else, in the same tree; nothing is printed for it.
    Beside,
    /// It is part of an installed Python package; nothing is printed for it.
    Installed,
    /// Nobody here: only extern modules refer to its types, and have their own way to it.
    Unused,
}

/// A private module beside that of a package, which re-exports its classes.
#[derive(Debug, Default)]
pub struct Part {
    /// Its name inside the package.
    pub name: String,
    /// Messages to print, in order.
    pub messages: Vec<MessageId>,
    /// Enums to print, in order.
    pub enums: Vec<EnumId>,
}

/// One .proto file.
#[derive(Debug)]
pub struct File {
    /// Its name as imports spell it.
    pub name: String,
    /// The variable that holds google's descriptor of it, with the descriptors option.
    pub variable: String,
    /// Its serialised descriptor without source info; empty if the runtime brings it.
    pub descriptor: Vec<u8>,
    /// The files that it imports: name and module.
    pub imports: Vec<(String, ModuleId)>,
    /// The runtime brings its types and its descriptor.
    pub in_runtime: bool,
}

/// The words of a declaration's comments, without markers: no trailing blanks, no control characters, no common indent,
/// lines joined by a line feed. Empty if there are none.
pub type Comment = String;

/// What a message, an enum, an extension and a service have in common.
#[derive(Debug, Clone)]
pub struct Declared {
    /// The Python class; for an extension, the variable; for a service, what the names of its classes begin with.
    pub name: String,
    /// The name inside the package, `Outer.Inner`.
    pub proto_name: String,
    /// The module that holds it.
    pub module: ModuleId,
    /// Which of the module's files declares it.
    pub file: usize,
    /// Where it stands in its file: the path that `SourceCodeInfo` knows it by.
    pub path: Vec<i32>,
    /// Its comments.
    pub comment: Comment,
}

/// A message class.
#[derive(Debug)]
pub struct Message {
    /// Names and place.
    pub declared: Declared,
    /// In declaration order.
    pub fields: Vec<Field>,
    /// Real oneofs (none for `optional` fields) in declaration order.
    pub oneofs: Vec<Oneof>,
    /// Whether using it warns.
    pub deprecated: bool,
    /// Whether other declarations may add fields.
    pub extensible: Extensible,
    /// The class comes from `aristaproto.wkt`; nothing is printed for it.
    pub in_runtime: bool,
    /// What a field of this type holds instead of the message; None for most.
    pub unwrapped: Option<Unwrapped>,
}

/// Whether a message has numbers set apart for extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extensible {
    /// None.
    No,
    /// Some, with the wire format of other fields.
    Ranges,
    /// With the wire format of message sets.
    MessageSet,
}

/// A oneof.
#[derive(Debug)]
pub struct Oneof {
    /// The attribute that tells which member is set.
    pub name: String,
    /// The name in the .proto file.
    pub proto_name: String,
    /// Its comments.
    pub comment: Comment,
}

/// The Python value that stands for a well-known message in fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwrapped {
    /// `datetime.datetime` for Timestamp.
    Datetime,
    /// `datetime.timedelta` for Duration.
    Timedelta,
    /// `bool`, `int`, `float`, `str` or `bytes` for the wrappers.
    Builtin(&'static str),
}

/// A field of a message.
#[derive(Debug)]
pub struct Field {
    /// The attribute.
    pub name: String,
    /// The name in the .proto file.
    pub proto_name: String,
    /// The name in JSON, if it is not what the proto name makes.
    pub json_name: Option<String>,
    /// The number on the wire.
    pub number: i32,
    /// Whether there are one, many or a map of them.
    pub kind: FieldKind,
    /// How absence shows.
    pub presence: Presence,
    /// Repeated numbers one by one instead of packed.
    pub expanded: bool,
    /// Strings are checked to be UTF-8 when parsed.
    pub utf8: bool,
    /// The declared default (proto2, editions).
    pub default: Option<DefaultValue>,
    /// Whether setting it warns.
    pub deprecated: bool,
    /// Its comments.
    pub comment: Comment,
}

/// The shape of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// One value or none.
    Singular(Type),
    /// A list.
    Repeated(Type),
    /// A dict from key to value.
    Map(Scalar, Type),
}

/// How a field shows that it is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It does not: an absent field has its type's zero value. Lists and maps, too.
    Implicit,
    /// None.
    Explicit,
    /// None, and a message without it is not complete.
    Required,
    /// None; at most one of the oneof's members is set. Index into [`Message::oneofs`].
    Oneof(usize),
}

/// A declared default value.
#[derive(Clone, Debug, PartialEq)]
pub enum DefaultValue {
    /// A number of any integer type or of an enum.
    Integer(String),
    /// A float or double; infinities and nan included.
    Float(f64),
    /// A bool.
    Bool(bool),
    /// A string.
    String(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A scalar.
    Scalar(Scalar),
    /// An enum.
    Enum(EnumId),
    /// A message with its length before it.
    Message(MessageId),
    /// A message between a start and an end tag: a group, or a field with delimited encoding.
    Delimited(MessageId),
}

/// A scalar type of protobuf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// Its name in upper case, as in `aristaproto.TYPE_<name>`.
    pub name: &'static str,
    /// Its Python type, a builtin.
    pub python: &'static str,
}

/// An enum class.
#[derive(Debug)]
pub struct Enum {
    /// Names and place.
    pub declared: Declared,
    /// In declaration order.
    pub members: Vec<Member>,
    /// What was cut from every value's name; empty if nothing was.
    pub prefix: String,
    /// Values that it does not know are unknown fields.
    pub closed: bool,
    /// The class comes from `aristaproto.wkt`; nothing is printed for it.
    pub in_runtime: bool,
}

/// A value of an enum.
#[derive(Debug)]
pub struct Member {
    /// The Python name.
    pub name: String,
    /// The name in the .proto file.
    pub proto_name: String,
    /// The name in JSON, if the option `(pb.enumvalue.json).string` gives one.
    pub json_name: Option<String>,
    /// The number.
    pub number: i32,
    /// Its comments.
    pub comment: Comment,
}

/// A field that is declared outside its message.
#[derive(Debug)]
pub struct Extension {
    /// Names and place; `name` is a variable of the module.
    pub declared: Declared,
    /// Its full name, `package.Outer.name`.
    pub full_name: String,
    /// The message that holds it.
    pub extendee: MessageId,
    /// The full name of that message.
    pub extendee_name: String,
    /// What it holds. Its names are those of the .proto file; a value that is no message reads its default when absent.
    pub field: Field,
}

/// A service: a stub for each kind of client, and a base for each kind of server.
#[derive(Debug)]
pub struct Service {
    /// Names and place; `name` is what the names of its classes begin with.
    pub declared: Declared,
    /// The full name, `package.Service`.
    pub full_name: String,
    /// The synchronous stub, if there is one.
    pub sync_stub: Option<String>,
    /// The asynchronous stub, if there is one.
    pub async_stub: Option<String>,
    /// The base class for synchronous servers, if there is one.
    pub sync_base: Option<String>,
    /// The base class for asynchronous servers, if there is one.
    pub async_base: Option<String>,
    /// In declaration order.
    pub methods: Vec<Method>,
}

impl Service {
    /// The names of the classes that there are.
    pub(crate) fn classes(&self) -> impl Iterator<Item = &str> {
        [
            &self.sync_stub,
            &self.async_stub,
            &self.sync_base,
            &self.async_base,
        ]
        .into_iter()
        .flatten()
        .map(String::as_str)
    }
}

/// A method of a service.
#[derive(Debug)]
pub struct Method {
    /// The Python name.
    pub name: String,
    /// The name in the .proto file.
    pub proto_name: String,
    /// What goes in.
    pub input: MessageId,
    /// What comes out.
    pub output: MessageId,
    /// Many requests.
    pub client_streaming: bool,
    /// Many responses.
    pub server_streaming: bool,
    /// Whether calling it warns.
    pub deprecated: bool,
    /// Its comments.
    pub comment: Comment,
}

impl Module {
    /// Whether it is printed.
    #[must_use]
    pub fn is_generated(&self) -> bool {
        self.origin == Origin::Generated
    }

    /// Whether the path starts at the tree's root.
    #[must_use]
    pub fn is_in_tree(&self) -> bool {
        matches!(self.origin, Origin::Generated | Origin::Beside)
    }

    /// Whether it is there for others to import, whoever makes it.
    #[must_use]
    pub(crate) fn is_used(&self) -> bool {
        self.origin != Origin::Unused
    }

    /// Whether the tree stands on it: it is there, and something else makes it.
    #[must_use]
    pub fn is_extern(&self) -> bool {
        matches!(self.origin, Origin::Beside | Origin::Installed)
    }
}

impl Model {
    /// The module with this id.
    #[must_use]
    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.0]
    }

    /// The message with this id.
    #[must_use]
    pub fn message(&self, id: MessageId) -> &Message {
        &self.messages[id.0]
    }

    /// The enum with this id.
    #[must_use]
    pub fn enumeration(&self, id: EnumId) -> &Enum {
        &self.enums[id.0]
    }

    /// The extension with this id.
    #[must_use]
    pub fn extension(&self, id: ExtensionId) -> &Extension {
        &self.extensions[id.0]
    }

    /// The service with this id.
    #[must_use]
    pub fn service(&self, id: ServiceId) -> &Service {
        &self.services[id.0]
    }
}
