//! Last: services, with the classes that the options ask for. In: one file at a time. Out: services and their methods.

use super::{below, Named, Owner, Place, Resolver};
use crate::descriptor::{MethodOptions, ServiceDescriptorProto};
use crate::model::{Declared, Method, Service, ServiceId};
use crate::naming;
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
            // One owner each: two classes of a service never have one name, as their suffixes differ.
            let mut take = |wanted: String| {
                let owner = Owner {
                    what: format!("class `{wanted}` of service `{full_name}`"),
                    place: Some(Place {
                        file: index,
                        path: declared.path.clone(),
                    }),
                };
                self.take(declared.module, wanted, &owner, str::to_owned)
            };
            let sync_stub = sync_stub.map(|suffix| take(named(suffix)));
            let async_stub = async_stub.map(|suffix| take(named(suffix)));
            let base = base.map(take);
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
        let wanted = proto.method.iter().map(|method| method.name());
        let wanted = wanted
            .map(|name| (naming::method_name(name), name))
            .collect();
        let names = self.members_names(wanted, naming::method_name, describe);
        let mut methods = Vec::with_capacity(proto.method.len());
        for (position, (method, name)) in proto.method.iter().zip(names).enumerate() {
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
