//! One module of the tree. In: a module of the model. Out: its text, from the header to the registration of its types.
//! The classes are printed first, into the writer; the imports that they asked for are put before them at the end.
//! Of a module with parts, the parts hold the classes of messages and enums, and the module imports them instead.

use super::imports::{public_key, Imports, OwnNames};
use super::writer::{string, Argument, Writer, WIDTH};
use crate::lookup::Lookup;
use crate::model::{
    Declared, EnumId, Field, FieldKind, Message, MessageId, Method, Model, Module, ModuleId,
    Origin, Part, Type, Unwrapped,
};
use crate::naming::BUILTINS;
use crate::resolve::well_known;
use crate::Options;

/// What all printers of one module share.
pub(super) struct Printer<'a> {
    pub(super) model: &'a Model,
    pub(super) options: &'a Options,
    pub(super) id: ModuleId,
    pub(super) module: &'a Module,
    part: Option<&'a Part>,
    pub(super) imports: Imports<'a>,
    pub(super) writer: Writer,
}

impl<'a> Printer<'a> {
    /// For the module `id`, or one of its parts.
    pub(super) fn new(
        model: &'a Model,
        options: &'a Options,
        id: ModuleId,
        part: Option<&'a Part>,
    ) -> Self {
        let module = model.module(id);
        Self {
            model,
            options,
            id,
            module,
            part,
            imports: Imports::new(own_names(model, options, module, part)),
            writer: Writer::default(),
        }
    }

    /// The text of the module or part.
    pub(super) fn print(mut self) -> String {
        let (model, module) = (self.model, self.module);
        if self.part.is_some() {
            self.types();
            return self.with_head_of_part();
        }
        if module.well_known {
            self.any();
        }
        if module.parts.is_empty() {
            self.types();
        }
        self.extensions();
        let services = || module.services.iter().map(|&id| model.service(id));
        for service in services() {
            self.sync_stub(service);
        }
        for service in services() {
            self.async_stub(service);
        }
        for service in services() {
            self.sync_base(service);
        }
        for service in services() {
            self.async_base(service);
        }
        let is_behind_class = !self.registration() && !module.services.is_empty();
        self.descriptors(is_behind_class);
        self.public_imports();
        self.with_head()
    }

    fn types(&mut self) {
        let (enums, messages) = types(self.module, self.part);
        for &id in enums {
            self.enumeration(self.model.enumeration(id));
        }
        for &id in messages {
            self.message(self.model.message(id));
        }
    }

    /// Any looks types up in the pool of its tree, so each tree has its own.
    fn any(&mut self) {
        let wkt = self.imports.module("aristaproto.wkt");
        let pool = self.message_pool();
        self.writer.blank(2);
        let arguments = [format!("{wkt}.Any").into(), format!("pool={pool}").into()];
        self.writer.call(0, "class Any", &arguments, ":");
        self.writer.docstring(
            4,
            "A message of any type; packs and unpacks the types of this tree.",
        );
    }

    /// Prints the statement that makes the module's types known to the tree's pool. Gives whether there is one. Services that
    /// use nothing of the tree have it without types, so that the pool is imported: it tells another package of the runtime's name.
    fn registration(&mut self) -> bool {
        let mut items: Vec<(String, String)> = Vec::new();
        if self.module.well_known {
            items.push((string("Any"), "Any".to_owned()));
        }
        items.extend(
            self.declared_types()
                .chain(self.declared_extensions())
                .map(|declared| (string(&declared.proto_name), declared.name.clone())),
        );
        if items.is_empty() && (self.module.services.is_empty() || self.imports.reach_tree()) {
            return false;
        }
        let pool = self.message_pool();
        let arguments = [
            string(&self.module.package).into(),
            Argument::Dict(String::new(), items),
        ];
        self.writer.blank(2);
        self.writer
            .call(0, &format!("{pool}.register"), &arguments, "");
        true
    }

    /// Enums, then messages, as they are printed.
    pub(super) fn declared_types(&self) -> impl Iterator<Item = &'a Declared> {
        declared_types(self.model, &self.module.enums, &self.module.messages)
    }

    fn declared_extensions(&self) -> impl Iterator<Item = &'a Declared> {
        let model = self.model;
        self.module
            .extensions
            .iter()
            .map(|&id| &model.extension(id).declared)
    }

    fn message_pool(&mut self) -> String {
        let root = ".".repeat(self.module.path.len() + 1);
        self.imports
            .member_at_top(&format!("{root}message_pool"), "default_message_pool")
    }

    /// Prints what gives the names of public imports. Type checkers see import statements; at run time, two packages may import
    /// each other, so a name is looked for when somebody asks for it.
    fn public_imports(&mut self) {
        if self.module.public_imports.is_empty() {
            return;
        }
        let mut items = Vec::new();
        for (name, holder) in &self.module.public_imports {
            let holder = self.model.module(*holder);
            let mut from = holder.path.join(".");
            if holder.is_in_tree() {
                from.insert_str(0, &".".repeat(self.module.path.len() + 1));
            }
            self.imports.reexport_for_types(&from, name);
            items.push((string(name), string(&from)));
        }
        let flag = self.imports.type_checking_flag();
        self.writer.blank(1);
        self.writer.line(0, &format!("if not {flag}:"));
        self.writer.blank(1);
        let [string_type, object, error, get] =
            ["str", "object", "AttributeError", "getattr"].map(|name| self.builtin(name, &[]));
        self.writer.line(
            4,
            &format!("def __getattr__(name: {string_type}) -> {object}:"),
        );
        self.writer
            .line(8, "# What `import public` makes part of this package.");
        self.writer.line(8, "modules = {");
        for (name, from) in items {
            self.writer.item(12, &name, &from);
        }
        self.writer.line(8, "}");
        self.writer.line(8, "if name not in modules:");
        let message = "f\"module {__name__!r} has no attribute {name!r}\"";
        let arguments = [Argument::from(message.to_owned())];
        self.writer
            .call(12, &format!("raise {error}"), &arguments, "");
        self.writer.line(8, "from importlib import import_module");
        self.writer.blank(1);
        let found = format!("return {get}(import_module(modules[name], __name__), name)");
        self.writer.line(8, &found);
    }

    /// Puts header, imports and `__all__` before what has been printed.
    fn with_head(mut self) -> String {
        let mut public: Vec<&str> = self
            .declared_types()
            .chain(self.declared_extensions())
            .map(|it| it.name.as_str())
            .collect();
        for &id in &self.module.services {
            public.extend(self.model.service(id).classes());
        }
        public.extend(self.module.public_imports.keys().map(String::as_str));
        if self.module.well_known {
            public.extend(well_known::NAMES);
            for name in well_known::NAMES.iter().filter(|name| **name != "Any") {
                self.imports.reexport("aristaproto.wkt", name);
            }
        }
        for part in &self.module.parts {
            let from = format!(".{}", part.name);
            for declared in declared_types(self.model, &part.enums, &part.messages) {
                self.imports.reexport(&from, &declared.name);
            }
        }
        public.sort_by_cached_key(|name| public_key(name));

        let body = self.writer.finish();
        let mut head = Writer::default();
        header(&mut head, self.module);
        if public.is_empty() && body.is_empty() {
            return head.finish();
        }
        self.imports.write(&mut head);
        head.blank(1);
        let names: Vec<Argument> = public.iter().map(|name| string(name).into()).collect();
        // pyright infers nothing from a longer tuple.
        let annotation = if names.len() > 256 {
            ": tuple[str, ...]"
        } else {
            ""
        };
        match public.as_slice() {
            [] => head.line(0, "__all__ = ()"),
            [only] => head.line(0, &format!("__all__ = ({},)", string(only))),
            _ => head.exploded_call(0, &format!("__all__{annotation} = "), &names, ""),
        }
        head.finish() + &body
    }

    /// Puts header and imports before the classes of a part. Their `__module__` is that of the package: it is what pickles,
    /// error messages and documentation call them by, and where the names of their fields' types are looked up.
    fn with_head_of_part(self) -> String {
        let body = self.writer.finish();
        let mut head = Writer::default();
        header(&mut head, self.module);
        self.imports.write(&mut head);
        head.blank(1);
        head.line(0, "# The classes are those of the package.");
        head.line(0, "__name__ = __name__.rpartition(\".\")[0]");
        head.finish() + &body
    }

    /// A class of the tree, as code of this module spells it.
    pub(super) fn class_expression(&mut self, declared: &Declared, at_run_time: bool) -> String {
        if declared.module == self.id {
            if self.part.is_none() || self.imports.is_own(&declared.name) {
                return declared.name.clone();
            }
            // Of another part.
            let name = &declared.name;
            return self.imports.of_tree(".", name, name, false);
        }
        let own = &self.module.path;
        let holder = self.model.module(declared.module);
        let target = &holder.path;
        // What it would be called if it were generated here.
        let alias = match holder.origin {
            Origin::Generated | Origin::Unused => target.join("_"),
            Origin::Beside | Origin::Installed => holder.package.replace('.', "_"),
        };
        if !holder.is_in_tree() {
            let module = self.imports.of_other_tree(target, &alias, at_run_time);
            return format!("{module}.{}", declared.name);
        }
        let Some((last, parents)) = target.split_last() else {
            // The tree's root has no name to import it by.
            let root = ".".repeat(own.len() + 1);
            return self
                .imports
                .of_tree(&root, &declared.name, &declared.name, false);
        };
        // Python cannot import a module from itself, so an ancestor is imported from its own parent.
        let common = own.iter().zip(parents).take_while(|(a, b)| a == b).count();
        let dots = ".".repeat(own.len() - common + 1);
        let from = format!("{dots}{}", parents[common..].join("."));
        let module = self.imports.of_tree(&from, last, &alias, at_run_time);
        format!("{module}.{}", declared.name)
    }

    /// A builtin, whatever the class body (`shadowed`) or the module calls by that name.
    pub(super) fn builtin(&mut self, name: &str, shadowed: &[&str]) -> String {
        debug_assert!(
            BUILTINS.contains(&name),
            "{name} is missing from the list of builtins"
        );
        if shadowed.contains(&name) || self.imports.is_own(name) {
            format!("{}.{name}", self.imports.module("builtins"))
        } else {
            name.to_owned()
        }
    }
}

/// Of the builtins that generated code uses, those that a class body gives another meaning.
pub(super) fn shadowed_builtins<'n>(names: impl Iterator<Item = &'n str>) -> Vec<&'static str> {
    let mut shadowed = Vec::new();
    for name in names {
        if let Some(builtin) = BUILTINS.iter().find(|builtin| **builtin == name) {
            shadowed.push(*builtin);
        }
    }
    shadowed
}

/// The names that no import of a module may have. Builtins are not here on account of a field: only the classes that
/// have such a field spell them differently. Neither is `datetime` unless the same class has a field of such a type.
fn own_names<'a>(
    model: &'a Model,
    options: &Options,
    module: &'a Module,
    part: Option<&'a Part>,
) -> OwnNames<'a> {
    let (enums, messages) = types(module, part);
    let mut names: Lookup<&str, ()> = Lookup::with_capacity(64);
    let mut class_bodies: Lookup<&str, ()> = Lookup::with_capacity(64);
    for &id in enums {
        let enumeration = model.enumeration(id);
        names.insert(&enumeration.declared.name, ());
        if options.google_protobuf_descriptors {
            // What the annotation of `DESCRIPTOR` in its body names.
            let hides = |name: &str| {
                ["aristaproto", "ClassVar"]
                    .iter()
                    .any(|it| name.starts_with(it))
            };
            for member in enumeration.members.iter().filter(|it| hides(&it.name)) {
                class_bodies.insert(&member.name, ());
            }
        }
    }
    for &id in messages {
        let message = model.message(id);
        names.insert(&message.declared.name, ());
        let fields = message.fields.iter().map(|Field { name, .. }| name);
        for name in fields.chain(message.oneofs.iter().map(|oneof| &oneof.name)) {
            let is_hiding = match name.as_str() {
                "datetime" => uses_datetime(model, message),
                name => !BUILTINS.contains(&name),
            };
            if is_hiding {
                class_bodies.insert(name, ());
            }
        }
    }
    if part.is_some() {
        return OwnNames {
            module: names,
            class_bodies,
        };
    }
    for child in &module.children {
        names.insert(child, ());
    }
    for name in module.public_imports.keys() {
        names.insert(name, ());
    }
    for part in &module.parts {
        names.insert(&part.name, ());
    }
    if module.well_known {
        for name in well_known::NAMES {
            names.insert(name, ());
        }
    }
    for &id in &module.extensions {
        names.insert(&model.extension(id).declared.name, ());
    }
    for &id in &module.services {
        let service = model.service(id);
        for class in service.classes() {
            names.insert(class, ());
        }
        for Method { name, .. } in &service.methods {
            if !BUILTINS.contains(&name.as_str()) {
                class_bodies.insert(name, ());
            }
        }
    }
    for file in &module.files {
        names.insert(&file.variable, ());
    }
    OwnNames {
        module: names,
        class_bodies,
    }
}

fn declared_types<'a>(
    model: &'a Model,
    enums: &'a [EnumId],
    messages: &'a [MessageId],
) -> impl Iterator<Item = &'a Declared> {
    let enums = enums.iter().map(|&id| &model.enumeration(id).declared);
    enums.chain(messages.iter().map(|&id| &model.message(id).declared))
}

/// The enums and messages of a module or, with `part`, of this part.
fn types<'a>(module: &'a Module, part: Option<&'a Part>) -> (&'a [EnumId], &'a [MessageId]) {
    part.map_or((&module.enums, &module.messages), |part| {
        (&part.enums, &part.messages)
    })
}

fn uses_datetime(model: &Model, message: &Message) -> bool {
    message.fields.iter().any(|field| match field.kind {
        FieldKind::Singular(Type::Message(id) | Type::Delimited(id))
        | FieldKind::Repeated(Type::Message(id) | Type::Delimited(id))
        | FieldKind::Map(_, Type::Message(id)) => matches!(
            model.message(id).unwrapped,
            Some(Unwrapped::Datetime | Unwrapped::Timedelta)
        ),
        _ => false,
    })
}

/// A file's path in a comment, broken after slashes where it is too long for a line.
fn listed(writer: &mut Writer, name: &str) {
    let name = name.escape_debug().to_string();
    let mut line = "#".to_owned();
    let mut separator = " ";
    for segment in name.split_inclusive('/') {
        if line.len() > 1 && line.len() + segment.len() > WIDTH {
            writer.line(0, &line);
            line.truncate(1);
            separator = "     ";
        }
        if line.len() == 1 {
            line.push_str(separator);
        }
        line.push_str(segment);
    }
    writer.line(0, &line);
}

/// Says where the module comes from.
fn header(writer: &mut Writer, module: &Module) {
    let again = "Do not edit: change the .proto";
    match module.files.as_slice() {
        [file] if file.name.len() <= 20 && !is_escaped(&file.name) => {
            writer.line(
                0,
                &format!(
                    "# Generated by aristaproto from {}. {again} file",
                    file.name
                ),
            );
            writer.line(0, "# and build again.");
        }
        [file] if file.name.len() <= 54 && !is_escaped(&file.name) => {
            writer.line(
                0,
                &format!("# Generated by aristaproto from {}.", file.name),
            );
            writer.line(0, &format!("# {again} file and build again."));
        }
        files => {
            writer.line(
                0,
                &format!("# Generated by aristaproto. {again} and build again:"),
            );
            for file in files {
                listed(writer, &file.name);
            }
        }
    }
}

/// Whether a comment cannot hold the name as it is.
fn is_escaped(name: &str) -> bool {
    name.escape_debug().ne(name.chars())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::File;

    fn head(names: &[&str]) -> String {
        let file = |name: &&str| File {
            name: (*name).to_owned(),
            variable: String::new(),
            descriptor: Vec::new(),
            imports: Vec::new(),
            in_runtime: false,
        };
        let module = Module {
            files: names.iter().map(file).collect(),
            ..Module::default()
        };
        let mut writer = Writer::default();
        header(&mut writer, &module);
        writer.finish()
    }

    #[test]
    fn the_header_fits_whatever_the_files_are_called() {
        let long = format!("{}/{}.proto", "folder/".repeat(11), "name".repeat(12));
        let names = [
            "a.proto",
            "some/folder/example.proto",
            &long,
            "a\nb = 1.proto",
        ];
        for name in names {
            for line in head(&[name]).lines().chain(head(&names).lines()) {
                assert!(line.starts_with("# ") && line.len() <= WIDTH, "{line}");
            }
        }
        assert_eq!(
            head(&[&long]),
            format!(
                "# Generated by aristaproto. Do not edit: change the .proto and build again:\n\
                 # {}/\n#     {}.proto\n",
                "folder/".repeat(11),
                "name".repeat(12)
            )
        );
    }
}
