//! After all names are taken: what `import public` makes part of a package. In: the files' public imports, followed through all
//! levels. Out: for each module, the names of other modules that it offers, too, unless it has something of its own by that
//! name. See <https://protobuf.dev/programming-guides/proto3/#importing>. Stubs of services stay where they are, as google's do.

use std::collections::BTreeMap;

use super::{Owner, Resolver};
use crate::lookup::Lookup;
use crate::model::{Declared, ModuleId};

impl Resolver<'_> {
    pub(super) fn public_imports(&mut self) {
        if self.files.iter().all(|it| it.public_dependency.is_empty()) {
            return;
        }
        let mut index_of: Lookup<&str, usize> = Lookup::with_capacity(self.files.len());
        for (index, file) in self.files.iter().enumerate() {
            index_of.insert(file.name(), index);
        }
        let names = self.names_by_file();
        for index in 0..self.files.len() {
            let module = self.module_of[index];
            if !self.model.module(module).is_generated() {
                continue;
            }
            for file in self.public_closure(index, &index_of) {
                let holder = self.module_of[file];
                if holder == module || !self.model.module(holder).is_used() {
                    continue;
                }
                let key = (holder, self.file_in_module[file]);
                for name in names.get(&key).into_iter().flatten() {
                    let owner = Owner {
                        what: format!("the public import of `{name}`"),
                        place: None,
                    };
                    if self.scopes[module.0].take(name, owner).is_ok() {
                        let public = &mut self.model.modules[module.0].public_imports;
                        public.insert(name.clone(), holder);
                    }
                }
            }
        }
    }

    /// The files that a file imports publicly, at any level.
    fn public_closure(&self, index: usize, index_of: &Lookup<&str, usize>) -> Vec<usize> {
        let mut closure = Vec::new();
        let mut open = vec![index];
        while let Some(index) = open.pop() {
            let file = self.files[index];
            for public in &file.public_dependency {
                let name = usize::try_from(*public).ok();
                let name = name.and_then(|it| file.dependency.get(it));
                let found = name.and_then(|name| index_of.get(name.as_str()));
                if let Some(&found) = found.filter(|it| !closure.contains(*it)) {
                    closure.push(found);
                    open.push(found);
                }
            }
        }
        closure
    }

    /// The classes and extensions of each file. The runtime's are offered by `google.protobuf` alone.
    fn names_by_file(&self) -> BTreeMap<(ModuleId, usize), Vec<String>> {
        let messages = self.model.messages.iter().filter(|it| !it.in_runtime);
        let enums = self.model.enums.iter().filter(|it| !it.in_runtime);
        let extensions = self.model.extensions.iter().map(|it| &it.declared);
        let types = messages.map(|it| &it.declared);
        let types = types.chain(enums.map(|it| &it.declared)).chain(extensions);
        let mut names: BTreeMap<(ModuleId, usize), Vec<String>> = BTreeMap::new();
        for Declared {
            module, file, name, ..
        } in types
        {
            names
                .entry((*module, *file))
                .or_default()
                .push(name.clone());
        }
        names
    }
}
