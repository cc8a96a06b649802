//! First pass: packages become modules. In: the files. Out: the model's modules with their files, and the names that each
//! module holds before its own types.

use std::collections::BTreeMap;

use super::{well_known, Owner, Place, Resolver};
use crate::descriptor::FileDescriptorProto;
use crate::diagnostics;
use crate::error::nearest;
use crate::extern_packages::{is_within, ExternModule};
use crate::lookup::Lookup;
use crate::model::{File, Module, ModuleId, Origin};
use crate::naming;
use crate::parallel;
use crate::scope::{numbered, Scope};

/// The module that is beside each module of a package.
const DESCRIPTORS: &str = "_descriptors";

/// Modules that each tree has beside those of packages.
const OWN_MODULES: [&str; 3] = [DESCRIPTORS, "message_pool", "google_proto_descriptor_pool"];

/// By package, who makes its module, and where that is if it is not generated, the files.
type Packages<'a> = BTreeMap<(&'a str, Origin, Vec<String>), Vec<usize>>;

/// Where a file names its package.
fn package_of(file: usize) -> Place {
    Place {
        file,
        path: vec![2],
    }
}

/// What must not be the same for two folders.
fn key(folder: &[String]) -> String {
    folder.join("/").to_ascii_lowercase()
}

impl Resolver<'_> {
    pub(super) fn modules(&mut self) {
        let files = self.files;
        let needed = self.needed();
        let mut packages: Packages = BTreeMap::new();
        for (index, file) in files.iter().enumerate() {
            let (origin, path) = match self.extern_module(file) {
                Some(module) if module.in_tree => (Origin::Beside, module.path),
                Some(module) => (Origin::Installed, module.path),
                None if needed[index] => (Origin::Generated, Vec::new()),
                None => (Origin::Unused, Vec::new()),
            };
            let package = (file.package(), origin, path);
            packages.entry(package).or_default().push(index);
        }
        self.extern_packages(&packages);
        self.module_of = vec![ModuleId(0); self.files.len()];
        self.file_in_module = vec![0; self.files.len()];
        let mut module_of_file: Lookup<&str, ModuleId> = Lookup::with_capacity(self.files.len());
        for (module, ((package, origin, path), indices)) in packages.iter().enumerate() {
            self.model.modules.push(Module {
                package: (*package).to_owned(),
                origin: *origin,
                path: path.clone(),
                well_known: *package == well_known::PACKAGE && *origin == Origin::Generated,
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
            let mut resolved = File {
                name: file.name().to_owned(),
                variable: naming::descriptor_variable(file.name()),
                descriptor,
                imports: imports.collect(),
                in_runtime,
            };
            let module = self.module_of[index];
            let is_printed = !in_runtime && self.model.module(module).is_generated();
            if self.options.google_protobuf_descriptors && is_printed {
                let owner = Owner {
                    what: format!("the descriptor of `{}`", resolved.name),
                    place: Some(Place {
                        file: index,
                        path: vec![],
                    }),
                };
                let wanted = std::mem::take(&mut resolved.variable);
                resolved.variable = self.take(module, wanted, &owner, str::to_owned);
            }
            self.model.modules[module.0].files.push(resolved);
        }
    }

    /// Gives each package its folder, and notes each module's subfolders. Folders that meet, and those that would take the
    /// place of a module of the tree's own, get underscores.
    fn folders(&mut self, packages: &Packages) {
        // Of two packages that want one folder, the one that is spelled so has it, in lowercase before others.
        let modules = packages.keys().enumerate();
        let generated = modules.filter(|(_, (_, origin, _))| *origin == Origin::Generated);
        let mut order: Vec<(usize, &str)> = generated
            .map(|(module, &(package, ..))| (module, package))
            .collect();
        let is_spelled = |package: &str| {
            let mut segments = package.split('.');
            segments.all(|segment| naming::package_segment(segment) == segment)
        };
        let has_capitals = |package: &str| package.contains(|c: char| c.is_ascii_uppercase());
        order.sort_by_key(|&(_, package)| (!is_spelled(package), has_capitals(package)));
        // By package, its folder; and by folder in lowercase, because there are file systems to which case is nothing, its
        // package.
        let mut folders: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut taken: BTreeMap<String, String> = BTreeMap::new();
        for module in &self.model.modules {
            if module.origin == Origin::Beside {
                taken.insert(key(&module.path), module.package.clone());
            }
        }
        // By folder in lowercase, how many others were tried in its place.
        let mut tries = Lookup::with_capacity(0);
        for (module, package) in order {
            let mut path: Vec<String> = Vec::new();
            let mut end = 0;
            for segment in package.split('.').filter(|segment| !segment.is_empty()) {
                end += segment.len() + usize::from(end > 0);
                let prefix = &package[..end];
                path = if let Some(folder) = folders.get(prefix) {
                    folder.clone()
                } else {
                    let folder = self.folder(packages, path, segment, prefix, &taken, &mut tries);
                    taken.insert(key(&folder), prefix.to_owned());
                    folders.insert(prefix.to_owned(), folder.clone());
                    folder
                };
            }
            self.model.modules[module].path = path;
        }
        let by_path: BTreeMap<&Vec<String>, usize> = (self.model.modules.iter())
            .enumerate()
            .filter(|(_, it)| it.is_in_tree())
            .map(|(module, it)| (&it.path, module))
            .collect();
        let mut children: Vec<(usize, String)> = Vec::new();
        for path in by_path.keys() {
            for depth in 0..path.len() {
                if let Some(&parent) = by_path.get(&path[..depth].to_vec()) {
                    children.push((parent, path[depth].clone()));
                }
            }
        }
        for (parent, child) in children {
            let children = &mut self.model.modules[parent].children;
            // Paths come sorted, so equal children come one after the other.
            if children.last() != Some(&child) {
                children.push(child);
            }
        }
    }

    /// The folder of the package `prefix`, whose last segment is `segment`, below that of the package around it.
    fn folder(
        &mut self,
        packages: &Packages,
        above: Vec<String>,
        segment: &str,
        prefix: &str,
        taken: &BTreeMap<String, String>,
        tries: &mut Lookup<String, usize>,
    ) -> Vec<String> {
        let mut reason = None;
        let mut path = above;
        let wanted = naming::package_segment(segment);
        let depth = path.len();
        path.push(wanted.clone().into_owned());
        let start = key(&path);
        let mut count = tries.get(&start).copied().unwrap_or(0);
        loop {
            let lower = path[depth].to_ascii_lowercase();
            let is_own = |name: &&&str| **name == lower && (depth == 0 || **name == DESCRIPTORS);
            if let Some(own) = OWN_MODULES.iter().find(is_own) {
                reason.get_or_insert(format!("a generated module is `{own}`"));
            } else if let Some(other) = taken.get(&key(&path)) {
                reason.get_or_insert(format!("package `{other}` has the folder"));
            } else {
                break;
            }
            count += 1;
            path[depth] = numbered(&wanted, count);
        }
        tries.set(start, count);
        if let Some(reason) = reason {
            let mut files = packages.iter();
            let declared = files.find(|((package, ..), _)| is_within(package, prefix));
            let owner = Owner {
                what: format!("package `{prefix}`"),
                place: declared.map(|(_, indices)| package_of(indices[0])),
            };
            let module = path.join(".");
            self.problem(&owner, |what| {
                diagnostics::package_renamed(what, module, reason)
            });
        }
        path
    }

    /// The module of a file whose package is extern. The well-known types are the runtime's in any case; their package may
    /// have other files, too.
    fn extern_module(&self, file: &FileDescriptorProto) -> Option<ExternModule> {
        if well_known::is_in_runtime(file.name()) {
            return None;
        }
        let found = self.options.extern_package.find(file.package());
        let found = found.map(|(_, module)| module);
        found.or_else(|| self.set.crates.module(file.name()))
    }

    /// Which files are to be printed, or would be if their packages were not extern: all but those that only the files of
    /// extern packages import.
    fn needed(&self) -> Vec<bool> {
        let index_of: BTreeMap<&str, usize> =
            self.files.iter().map(|file| file.name()).zip(0..).collect();
        let imports = |file: usize| {
            let names = self.files[file].dependency.iter();
            names.map(|name| index_of.get(name.as_str()).copied())
        };
        let mut needed = vec![true; self.files.len()];
        for import in (0..self.files.len()).flat_map(imports).flatten() {
            needed[import] = false;
        }
        for name in &self.set.to_generate {
            if let Some(&file) = index_of.get(name.as_str()) {
                needed[file] = true;
            }
        }
        let mut waiting: Vec<usize> = (0..needed.len()).filter(|&file| needed[file]).collect();
        while let Some(file) = waiting.pop() {
            let is_extern = self.extern_module(self.files[file]).is_some();
            for (position, import) in (0..).zip(imports(file)) {
                // What a file imports publicly, those that import it may name.
                let is_public = || self.files[file].public_dependency.contains(&position);
                let Some(import) = import.filter(|_| !is_extern || is_public()) else {
                    continue;
                };
                if !std::mem::replace(&mut needed[import], true) {
                    waiting.push(import);
                }
            }
        }
        needed
    }

    /// Reports what was given as an extern package and cannot be one.
    fn extern_packages(&self, packages: &Packages) {
        let options = &self.options.extern_package;
        self.report(options.problems());
        for (given, _) in options.iter() {
            let mut found = packages.keys();
            let is_extern = |origin| matches!(origin, Origin::Beside | Origin::Installed);
            if found.any(|&(package, origin, _)| is_extern(origin) && is_within(package, given)) {
                continue;
            }
            let near = nearest(given, packages.keys().map(|&(package, ..)| package));
            let mut problem = diagnostics::extern_package_not_in_set(given);
            if let Some(near) = near {
                problem = problem.hint(format!("did you mean `{near}`?"));
                let files = packages.iter().find(|((package, ..), _)| *package == near);
                problem.location = files.and_then(|(_, files)| self.locate(&package_of(files[0])));
            }
            self.report([problem]);
        }
        for (index, file) in self.files.iter().enumerate() {
            let (name, package) = (file.name(), file.package());
            let asked_for = &self.set.to_generate;
            if well_known::is_in_runtime(name)
                || asked_for
                    .binary_search_by(|it| it.as_str().cmp(name))
                    .is_err()
            {
                continue;
            }
            if let Some((given, module)) = options.find(package) {
                let problem = diagnostics::package_generated_and_extern(package, module, given);
                self.report([problem.at(self.locate(&package_of(index)))]);
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
