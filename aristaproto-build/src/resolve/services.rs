//! Last: services, with the classes that the options ask for. In: one file at a time. Out: services and their methods.

use super::{below, Named, Owner, Place, Resolver};
use crate::descriptor::{
    FileDescriptorProto, MethodDescriptorProto, MethodOptions, ServiceDescriptorProto,
};
use crate::model::{Declared, Method, Service, ServiceId};
use crate::naming;
use crate::{ClientGeneration, ServerGeneration};

impl Resolver<'_> {
    pub(super) fn services(&mut self) {
        let files = self.files.iter().enumerate();
        let files: Vec<_> = files
            .filter(|&(index, _)| !self.is_not_printed(index))
            .collect();
        for &(index, file) in &files {
            self.reserve_services(index, file);
        }
        for &(index, file) in &files {
            self.services_of(index, file);
        }
    }

    /// Gives names to the classes of services that are spelled as their classes are, before all others.
    fn reserve_services(&mut self, index: usize, file: &FileDescriptorProto) {
        for (i, proto) in file.service.iter().enumerate() {
            if naming::service_name(proto.name()) == proto.name() {
                for suffix in self.suffixes().into_iter().flatten() {
                    let (name, owner) = self.class_of(index, i, proto.name(), suffix);
                    // Whoever has it is met again, and told, when the service is resolved.
                    let _ = self.scopes[self.module_of[index].0].take(&name, owner);
                }
            }
        }
    }

    /// What the classes of each service end with: synchronous stub, asynchronous stub, synchronous base, asynchronous base.
    fn suffixes(&self) -> [Option<&'static str>; 4] {
        let (sync_stub, async_stub) = stub_suffixes(self.options.client_generation);
        let (sync_base, async_base) = base_suffixes(self.options.server_generation);
        [sync_stub, async_stub, sync_base, async_base]
    }

    /// The name that a class of the `i`th service of a file wants. Two classes of a service never want the same, as their
    /// suffixes differ.
    fn class_of(&self, index: usize, i: usize, service: &str, suffix: &str) -> (String, Owner) {
        let name = naming::service_name(service) + suffix;
        let what = format!(
            "class `{name}` of service `{}`",
            self.full_name(index, service)
        );
        let place = Some(Place {
            file: index,
            path: below(&[], 6, i),
        });
        (name, Owner { what, place })
    }

    fn services_of(&mut self, index: usize, file: &FileDescriptorProto) {
        for (i, proto) in file.service.iter().enumerate() {
            let path = below(&[], 6, i);
            let declared = Declared {
                name: naming::service_name(proto.name()),
                ..self.declared(index, proto.name(), "", path)
            };
            let full_name = self.full_name(index, proto.name());
            let [sync_stub, async_stub, sync_base, async_base] = self.suffixes().map(|suffix| {
                let (wanted, owner) = self.class_of(index, i, proto.name(), suffix?);
                Some(self.take(declared.module, wanted, &owner, str::to_owned))
            });
            let methods = self.methods(index, proto, &declared.path);
            let id = ServiceId(self.model.services.len());
            self.model.modules[declared.module.0].services.push(id);
            self.model.services.push(Service {
                declared,
                full_name,
                sync_stub,
                async_stub,
                sync_base,
                async_base,
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
        let describe = |position: usize| Owner {
            what: format!(
                "method `{}` of service `{}`",
                proto.method[position].name(),
                proto.name()
            ),
            place: Some(Place {
                file: index,
                path: below(path, 2, position),
            }),
        };
        let wanted = proto.method.iter().map(MethodDescriptorProto::name);
        let wanted: Vec<_> = wanted
            .map(|name| (naming::method_name(name), name))
            .collect();
        let types = proto.method.iter();
        let types = types.flat_map(|method| [method.input_type(), method.output_type()]);
        let classes = self.hidden_classes(self.module_of[index], &wanted, types);
        let names = self.members_names(wanted, &classes, naming::method_name, describe);
        let mut methods = Vec::with_capacity(proto.method.len());
        for (position, (method, name)) in proto.method.iter().zip(names).enumerate() {
            let message = |name: &str| {
                if let Some(Named::Message(id)) = self.types.get(name.trim_start_matches('.')) {
                    return Some(*id);
                }
                self.missing_type(&describe(position), name);
                None
            };
            let (input, output) = (message(method.input_type()), message(method.output_type()));
            let (Some(input), Some(output)) = (input, output) else {
                continue;
            };
            let options = method.options.as_ref();
            methods.push(Method {
                name,
                proto_name: method.name().to_owned(),
                input,
                output,
                client_streaming: method.client_streaming(),
                server_streaming: method.server_streaming(),
                deprecated: options.is_some_and(MethodOptions::deprecated),
                comment: self.comments[index].at(&below(path, 2, position)),
            });
        }
        methods
    }
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

/// The suffixes of the synchronous and the asynchronous base.
fn base_suffixes(servers: ServerGeneration) -> (Option<&'static str>, Option<&'static str>) {
    match servers {
        ServerGeneration::None => (None, None),
        ServerGeneration::Sync => (Some("Base"), None),
        ServerGeneration::Async => (None, Some("Base")),
        ServerGeneration::SyncAsync => (Some("Base"), Some("AsyncBase")),
        ServerGeneration::AsyncSync => (Some("SyncBase"), Some("Base")),
        ServerGeneration::SyncAsyncNoDefault => (Some("SyncBase"), Some("AsyncBase")),
    }
}
