//! Stubs and server bases of a service. In: a service of the model. Out: up to four classes: the synchronous stub, the
//! asynchronous stub, the bases for synchronous and asynchronous servers. Called by the module printer; the transports differ only in what they must.

use super::imports::write_local;
use super::module::{shadowed_builtins, Printer};
use super::writer::{string, Annotation, Argument, Parameter};
use crate::model::{MessageId, Method, Service};
use crate::AsyncTransport;

/// Which of a service's classes is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Sync,
    Async,
    SyncServer,
    AsyncServer,
}

impl Printer<'_> {
    pub(super) fn sync_stub(&mut self, service: &Service) {
        if let Some(class) = &service.sync_stub {
            let base = self.imports.module("aristaproto.grpcio") + ".SyncServiceStub";
            self.service_class(service, class, &base);
            for (index, method) in service.methods.iter().enumerate() {
                self.separate(service, index);
                self.stub_method(service, method, Side::Sync);
            }
        }
    }

    pub(super) fn async_stub(&mut self, service: &Service) {
        if let Some(class) = &service.async_stub {
            let transport = transport_module(self.options.client_async_transport);
            let base = self.imports.module(transport) + ".ServiceStub";
            self.service_class(service, class, &base);
            for (index, method) in service.methods.iter().enumerate() {
                self.separate(service, index);
                self.stub_method(service, method, Side::Async);
            }
        }
    }

    pub(super) fn sync_base(&mut self, service: &Service) {
        if let Some(class) = &service.sync_base {
            let base = self.imports.module("aristaproto.grpcio") + ".SyncServiceBase";
            self.service_class(service, class, &base);
            for (index, method) in service.methods.iter().enumerate() {
                self.separate(service, index);
                self.base_method(method, Side::SyncServer);
            }
            self.separate(service, service.methods.len());
            self.grpcio_handler(service);
        }
    }

    pub(super) fn async_base(&mut self, service: &Service) {
        if let Some(class) = &service.async_base {
            let transport = transport_module(self.options.server_async_transport);
            let base = self.imports.module(transport) + ".ServiceBase";
            self.service_class(service, class, &base);
            for (index, method) in service.methods.iter().enumerate() {
                self.separate(service, index);
                self.base_method(method, Side::AsyncServer);
            }
            self.separate(service, service.methods.len());
            match self.options.server_async_transport {
                AsyncTransport::Grpcio => self.grpcio_handler(service),
                AsyncTransport::Grpclib => self.grpclib_mapping(service),
            }
        }
    }

    fn service_class(&mut self, service: &Service, class: &str, base: &str) {
        self.writer.blank(2);
        self.writer
            .call(0, &format!("class {class}"), &[base.into()], ":");
        self.writer.docstring(4, &service.declared.comment);
        let is_server = [&service.sync_base, &service.async_base]
            .into_iter()
            .any(|base| base.as_deref() == Some(class));
        if service.methods.is_empty() && service.declared.comment.is_empty() && !is_server {
            self.writer.line(4, "pass");
        }
    }

    /// The empty line before the `index`th method, but for one that opens the class.
    fn separate(&mut self, service: &Service, index: usize) {
        if index > 0 || !service.declared.comment.is_empty() {
            self.writer.blank(1);
        }
    }

    fn stub_method(&mut self, service: &Service, method: &Method, side: Side) {
        let transport = match side {
            Side::Sync => AsyncTransport::Grpcio,
            Side::Async | Side::SyncServer | Side::AsyncServer => {
                self.options.client_async_transport
            }
        };
        let mut parameters = vec![
            Parameter::Bare("self"),
            self.request_parameter(method, side),
            Parameter::Bare("*"),
        ];
        let mut options: Vec<&str> = Vec::new();
        let shadowed = shadowed_in(service);
        let float = self.builtin("float", &shadowed);
        let mut option = |name: &'static str, kind: String| {
            parameters.push(Parameter::Typed {
                name,
                alternatives: vec![Annotation::Name(kind), Annotation::Name("None".to_owned())],
                default: Some("None"),
            });
            options.push(name);
        };
        let runtime = self.imports.module(transport_module(transport));
        option("timeout", float);
        match transport {
            AsyncTransport::Grpcio => {
                option("metadata", format!("{runtime}.MetadataLike"));
                option("credentials", format!("{runtime}.CallCredentials"));
                let bool = self.builtin("bool", &shadowed);
                option("wait_for_ready", bool);
            }
            AsyncTransport::Grpclib => {
                option("deadline", format!("{runtime}.Deadline"));
                option("metadata", format!("{runtime}.MetadataLike"));
            }
        }
        let is_coroutine = side == Side::Async && !method.server_streaming;
        let head = if is_coroutine { "async def " } else { "def " };
        let returns = self.response(method, side);
        self.writer.signature(
            4,
            &format!("{head}{}", method.name),
            &parameters,
            &returns,
            true,
        );
        self.writer.docstring(8, &method.comment);
        self.warn_if_deprecated(service, method);
        let mut types = vec![method.output];
        if method.client_streaming || has_empty_input(self, method) {
            types.insert(0, method.input);
        }
        self.local_imports(&types);
        if has_empty_input(self, method) {
            let input = self.message_expression(method.input, true);
            self.writer.line(8, "if message is None:");
            self.writer.line(12, &format!("message = {input}()"));
        }
        let route = format!("/{}/{}", service.full_name, method.proto_name);
        let mut arguments = vec![Argument::from(string(&route))];
        if method.client_streaming {
            arguments.push("messages".into());
            arguments.push(self.message_expression(method.input, true).into());
        } else {
            arguments.push("message".into());
        }
        arguments.push(self.message_expression(method.output, true).into());
        arguments.extend(options.iter().map(|name| format!("{name}={name}").into()));
        let awaited = if is_coroutine { "await " } else { "" };
        let call = format!("return {awaited}self._{}", cardinality(method));
        self.writer.exploded_call(8, &call, &arguments, "");
    }

    fn base_method(&mut self, method: &Method, side: Side) {
        let parameters = [
            Parameter::Bare("self"),
            self.request_parameter(method, side),
        ];
        let returns = self.response(method, side);
        let (define, awaited) = match side {
            Side::AsyncServer => ("async def", "await "),
            Side::Sync | Side::Async | Side::SyncServer => ("def", ""),
        };
        let head = format!("{define} {}", method.name);
        self.writer
            .signature(4, &head, &parameters, &returns, false);
        self.writer.docstring(8, &method.comment);
        if method.server_streaming {
            self.local_imports(&[method.output]);
        }
        let transport = match (side, self.options.server_async_transport) {
            (Side::AsyncServer, AsyncTransport::Grpclib) => "grpclib",
            _ => "grpcio",
        };
        self.writer
            .line(8, &format!("{awaited}self._{transport}_unimplemented()"));
        if method.server_streaming {
            // What makes the function a generator.
            let output = self.message_expression(method.output, true);
            self.writer.line(8, &format!("yield {output}()"));
        }
    }

    fn grpcio_handler(&mut self, service: &Service) {
        let runtime = self.imports.module("aristaproto.grpcio");
        let returns = Annotation::Name(format!("{runtime}.GenericRpcHandler"));
        self.writer.signature(
            4,
            "def _grpcio_rpc_handler",
            &[Parameter::Bare("self")],
            &returns,
            false,
        );
        self.handler_imports(service);
        let name = string(&service.full_name);
        if service.methods.is_empty() {
            let arguments = [name.into(), "{}".into()];
            self.writer
                .call(8, "return self._grpcio_generic_rpc_handler", &arguments, "");
            return;
        }
        self.writer
            .line(8, "return self._grpcio_generic_rpc_handler(");
        self.writer.line(12, &format!("{name},"));
        self.writer.line(12, "{");
        for method in &service.methods {
            self.handler(16, "grpcio", method, &string(&method.proto_name));
        }
        self.writer.line(12, "},");
        self.writer.line(8, ")");
    }

    fn grpclib_mapping(&mut self, service: &Service) {
        let runtime = self.imports.module("aristaproto.grpclib");
        let shadowed = shadowed_in(service);
        let items = vec![self.builtin("str", &shadowed), format!("{runtime}.Handler")];
        let returns = Annotation::Subscript(self.builtin("dict", &shadowed), items);
        self.writer.signature(
            4,
            "def __mapping__",
            &[Parameter::Bare("self")],
            &returns,
            false,
        );
        self.handler_imports(service);
        if service.methods.is_empty() {
            self.writer.line(8, "return {}");
            return;
        }
        self.writer.line(8, "return {");
        for method in &service.methods {
            let route = format!("/{}/{}", service.full_name, method.proto_name);
            self.handler(12, "grpclib", method, &string(&route));
        }
        self.writer.line(8, "}");
    }

    fn handler(&mut self, indent: usize, transport: &str, method: &Method, key: &str) {
        let callee = format!(
            "self._{transport}_{}_rpc_method_handler",
            cardinality(method)
        );
        let arguments = [
            Argument::from(format!("self.{}", method.name)),
            self.message_expression(method.input, true).into(),
            self.message_expression(method.output, true).into(),
        ];
        self.writer.item_call(indent, key, &callee, &arguments);
    }

    fn handler_imports(&mut self, service: &Service) {
        let types: Vec<MessageId> = service
            .methods
            .iter()
            .flat_map(|method| [method.input, method.output])
            .collect();
        self.local_imports(&types);
    }

    /// The root module of a tree has no name that a relative import could bind, and it may be in the middle of its own
    /// import when this module is imported: methods fetch its classes when they run.
    fn local_imports(&mut self, types: &[MessageId]) {
        let mut names: Vec<(&str, String)> = Vec::new();
        for &id in types {
            let declared = &self.model.message(id).declared;
            let is_root = self.model.module(declared.module).path.is_empty();
            if is_root
                && declared.module != self.id
                && !names.iter().any(|(name, _)| *name == declared.name)
            {
                names.push((&declared.name, self.class_expression(declared, false)));
            }
        }
        if !names.is_empty() {
            let names: Vec<(&str, &str)> = names
                .iter()
                .map(|(name, local)| (*name, local.as_str()))
                .collect();
            write_local(
                &mut self.writer,
                8,
                &".".repeat(self.module.path.len() + 1),
                &names,
            );
            self.writer.blank(1);
        }
    }

    fn request_parameter(&mut self, method: &Method, side: Side) -> Parameter {
        let input = self.message_expression(method.input, false);
        let mut of_input = |name: &str| {
            let name = self.imports.member("collections.abc", name);
            Annotation::Subscript(name, vec![input.clone()])
        };
        let mut default = None;
        let alternatives = match side {
            Side::Sync if method.client_streaming => vec![of_input("Iterable")],
            Side::Async if method.client_streaming => {
                vec![of_input("AsyncIterable"), of_input("Iterable")]
            }
            Side::SyncServer if method.client_streaming => vec![of_input("Iterator")],
            Side::AsyncServer if method.client_streaming => vec![of_input("AsyncIterator")],
            Side::Sync | Side::Async if has_empty_input(self, method) => {
                default = Some("None");
                vec![Annotation::Name(input), Annotation::Name("None".to_owned())]
            }
            Side::Sync | Side::Async | Side::SyncServer | Side::AsyncServer => {
                vec![Annotation::Name(input)]
            }
        };
        let name = if method.client_streaming {
            "messages"
        } else {
            "message"
        };
        Parameter::Typed {
            name,
            alternatives,
            default,
        }
    }

    fn response(&mut self, method: &Method, side: Side) -> Annotation {
        let output = self.message_expression(method.output, false);
        if !method.server_streaming {
            return Annotation::Name(output);
        }
        let abc = "collections.abc";
        match side {
            Side::Sync | Side::SyncServer => {
                Annotation::Subscript(self.imports.member(abc, "Iterator"), vec![output])
            }
            Side::Async => Annotation::Subscript(
                self.imports.member(abc, "AsyncGenerator"),
                vec![output, "None".to_owned()],
            ),
            Side::AsyncServer => {
                Annotation::Subscript(self.imports.member(abc, "AsyncIterator"), vec![output])
            }
        }
    }

    fn warn_if_deprecated(&mut self, service: &Service, method: &Method) {
        if !method.deprecated {
            return;
        }
        let warnings = self.imports.module_in_functions("warnings");
        let category = if self.imports.is_own("DeprecationWarning") {
            self.imports.module("builtins") + ".DeprecationWarning"
        } else {
            "DeprecationWarning".to_owned()
        };
        let text = format!(
            "{}.{} is deprecated",
            service.declared.proto_name, method.name
        );
        let arguments = [string(&text).into(), category.into(), "stacklevel=2".into()];
        self.writer
            .call(8, &format!("{warnings}.warn"), &arguments, "");
    }
}

fn has_empty_input(printer: &Printer<'_>, method: &Method) -> bool {
    !method.client_streaming && printer.model.message(method.input).fields.is_empty()
}

fn shadowed_in(service: &Service) -> Vec<&'static str> {
    shadowed_builtins(service.methods.iter().map(|method| method.name.as_str()))
}

fn transport_module(transport: AsyncTransport) -> &'static str {
    match transport {
        AsyncTransport::Grpclib => "aristaproto.grpclib",
        AsyncTransport::Grpcio => "aristaproto.grpcio",
    }
}

fn cardinality(method: &Method) -> &'static str {
    match (method.client_streaming, method.server_streaming) {
        (false, false) => "unary_unary",
        (false, true) => "unary_stream",
        (true, false) => "stream_unary",
        (true, true) => "stream_stream",
    }
}
