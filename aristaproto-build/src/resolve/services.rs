//! Last: services, with the classes that the options ask for. In: one file at a time. Out: services and their methods.

use super::{below, Named, Owner, Place, Resolver};
use crate::descriptor::{MethodOptions, ServiceDescriptorProto};
use crate::model::{Declared, Method, Service, ServiceId};
use crate::naming::{self, Scope};
use crate::{ClientGeneration, ServerGeneration};

impl Resolver<'_> {
    pub(super) fn services(&mut self, index: usize) {
        let file = self.files[index];
        for (i, proto) in file.service.iter().enumerate() {
            let path = below(&[], 6, i);
            let declared = Declared {
                name: naming::service_name(proto.name()),
                ..self.declared(index, proto.name(), "", path)
            };
            let full_name = self.full_name(index, proto.name());
            let (sync_stub, async_stub) = stub_suffixes(self.options.client_generation);
            let named = |suffix: &str| format!("{}{suffix}", declared.name);
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
        let mut scope = Scope::with_capacity(proto.method.len());
        let mut methods = Vec::with_capacity(proto.method.len());
        for (position, method) in proto.method.iter().enumerate() {
            let name = naming::method_name(method.name());
            self.take_member(&mut scope, &name, position, describe);
            let mut message = |name: &str| {
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
