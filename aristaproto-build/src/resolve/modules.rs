//! First pass: packages become modules. In: the files. Out: the model's modules with their files, and the names that each
//! module holds before its own types.

use std::collections::BTreeMap;

use super::{well_known, Owner, Place, Resolver};
use crate::model::{File, Module, ModuleId};
use crate::naming::{self, Lookup, Scope};
use crate::{parallel, Diagnostic};

impl Resolver<'_> {
    pub(super) fn modules(&mut self) {
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
        let set = self.set;
        let descriptors = parallel::map(self.files, |file| {
            if well_known::is_in_runtime(file.name()) {
                return Vec::new();
            }
            set.serialized_file(file.name()).unwrap_or_default()
        });
        for (index, (file, descriptor)) in self.files.iter().zip(descriptors).enumerate() {
            let imports = file.dependency.iter().filter_map(|name| {
                let module = module_of_file.get(name.as_str())?;
                Some((name.clone(), *module))
            });
            let in_runtime = well_known::is_in_runtime(file.name());
            let resolved = File {
                name: file.name().to_owned(),
                variable: naming::descriptor_variable(file.name()),
                descriptor,
                imports: imports.collect(),
                in_runtime,
            };
            let module = self.module_of[index];
            if self.options.google_protobuf_descriptors && !in_runtime {
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
                self.found
                    .push(diagnostic.at(location).hint("rename the package"));
            }
            if path.iter().any(|segment| segment == "_descriptors") {
                let diagnostic = Diagnostic::new(format!(
                    "package `{package}` would take the place of a generated module `_descriptors`"
                ));
                let location = self.locate(&place);
                self.found
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
                self.found
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
}
