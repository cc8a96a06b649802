//! Proto crates: packages of cargo that own .proto files and hand them on, with both languages, to the packages that depend
//! on them. [`Config::export`] writes what is here into `OUT_DIR` and names that file in cargo's metadata, which reaches the
//! build scripts of dependants as `DEP_<LINKS>_ARISTAPROTO_EXPORT`; [`Config::depends_on`] reads it there.
//!
//! <https://doc.rust-lang.org/cargo/reference/build-scripts.html#the-links-manifest-key>

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::config::Config;
use crate::diagnostics;
use crate::error::{Diagnostic, Error, Problems};
use crate::extern_packages::ExternModule;
use crate::model::Model;
use crate::naming;
use crate::source::{self, DescriptorSet};

/// The first line of an export. Another format has another number.
const FORMAT: &str = "aristaproto-export 1";

/// What a proto crate hands on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProtoCrate {
    /// `links` of its manifest.
    pub links: String,
    /// Its name in a manifest.
    pub package: String,
    /// Where the Rust modules of its proto packages are, from its library's name on; empty if it has no Rust types.
    pub rust_module: String,
    /// What Python imports the root of its tree by.
    pub python_package: String,
    /// The folders that its .proto files are found in.
    pub includes: Vec<PathBuf>,
    /// The serialised descriptors of its files and of what they import.
    pub descriptor_set: PathBuf,
    /// The files that are generated for it, by the names that imports spell; and the module of each in the Python package.
    pub protos: BTreeMap<String, String>,
    /// The Python classes that are not called as their messages and enums are, by full proto name.
    pub renamed: BTreeMap<String, String>,
}

/// The proto crates that a package depends on, and those that these depend on, by `links`.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProtoCrates(BTreeMap<String, ProtoCrate>);

impl ProtoCrates {
    /// The crates that were named, and those below them.
    pub fn find(links: &[String]) -> Result<Self, Error> {
        let mut found = Self::default();
        let mut problems = Problems::new();
        for links in links {
            let variable = format!("DEP_{}_ARISTAPROTO_EXPORT", envify(links));
            match env::var_os(variable).map(PathBuf::from) {
                None => problems.push(diagnostics::no_proto_crate(links)),
                Some(path) => match fs::read_to_string(&path) {
                    Err(error) => problems.push(Diagnostic::io("read", &path, &error)),
                    Ok(text) => match read(&text) {
                        Some(crates) => found.0.extend(crates),
                        None => problems.push(diagnostics::export_of_another_version(links)),
                    },
                },
            }
        }
        problems.propagate()?;
        Ok(found)
    }

    pub fn iter(&self) -> impl Iterator<Item = &ProtoCrate> {
        self.0.values()
    }

    /// The crate that a file is generated for.
    pub fn owner(&self, file: &str) -> Option<&ProtoCrate> {
        self.iter().find(|owner| owner.protos.contains_key(file))
    }

    /// The Python module of a file, if it is generated for one of the crates.
    pub fn module(&self, file: &str) -> Option<ExternModule> {
        let owner = self.owner(file)?;
        let path = format!("{}.{}", owner.python_package, owner.protos[file]);
        Some(ExternModule {
            path: path
                .split('.')
                .filter(|it| !it.is_empty())
                .map(str::to_owned)
                .collect(),
            in_tree: false,
        })
    }

    /// What is wrong with who owns the files of a set: each may have one owner.
    pub fn check(&self, set: &DescriptorSet) -> Result<(), Error> {
        let mut problems = Problems::new();
        for file in &set.file.file {
            let name = file.name();
            let mut owners = self.iter().filter(|it| it.protos.contains_key(name));
            let (Some(owner), second) = (owners.next(), owners.next()) else {
                continue;
            };
            let problem = if let Some(second) = second {
                diagnostics::proto_of_two_crates(name, &owner.package, &second.package)
            } else if set.to_generate.iter().any(|it| it == name) {
                diagnostics::proto_of_a_dependency(name, &owner.package)
            } else if set.path(name).is_some_and(|path| owner.differs(name, path)) {
                diagnostics::proto_hides_another(name, &owner.package)
            } else {
                continue;
            };
            problems.push(problem.at(set.start(name)));
        }
        problems.propagate()
    }
}

impl ProtoCrate {
    /// Whether the file at `path` is another one than that of the crate with this name.
    fn differs(&self, name: &str, path: &Path) -> bool {
        let mut own = self.includes.iter().map(|include| include.join(name));
        let own = own.find(|own| own.is_file());
        own.is_some_and(|own| own != path && fs::read(own).ok() != fs::read(path).ok())
    }

    fn write(&self, text: &mut String) {
        let _ = writeln!(text, "crate {}", self.links);
        let _ = writeln!(text, "package {}", self.package);
        let _ = writeln!(text, "rust_module {}", self.rust_module);
        let _ = writeln!(text, "python_package {}", self.python_package);
        for include in &self.includes {
            let _ = writeln!(text, "include {}", include.display());
        }
        let _ = writeln!(text, "descriptor_set {}", self.descriptor_set.display());
        for (file, module) in &self.protos {
            let _ = writeln!(text, "proto {module} {file}");
        }
        for (name, class) in &self.renamed {
            let _ = writeln!(text, "renamed {class} {name}");
        }
    }
}

/// The crates of an export, or None for another format.
fn read(text: &str) -> Option<BTreeMap<String, ProtoCrate>> {
    let mut lines = text.lines();
    if lines.next() != Some(FORMAT) {
        return None;
    }
    let mut crates: Vec<ProtoCrate> = Vec::new();
    for line in lines {
        let (key, value) = line.split_once(' ')?;
        if key == "crate" {
            crates.push(ProtoCrate::default());
        }
        let last = crates.last_mut()?;
        let text = || value.to_owned();
        match key {
            "crate" => last.links = text(),
            "package" => last.package = text(),
            "rust_module" => last.rust_module = text(),
            "python_package" => last.python_package = text(),
            "include" => last.includes.push(value.into()),
            "descriptor_set" => last.descriptor_set = value.into(),
            "proto" => {
                let (module, file) = value.split_once(' ')?;
                last.protos.insert(file.to_owned(), module.to_owned());
            }
            "renamed" => {
                let (class, name) = value.split_once(' ')?;
                last.renamed.insert(name.to_owned(), class.to_owned());
            }
            _ => return None,
        }
    }
    let by_links = |it: ProtoCrate| (it.links.clone(), it);
    Some(crates.into_iter().map(by_links).collect())
}

/// What cargo makes of `links` and of keys in the names of variables.
fn envify(text: &str) -> String {
    text.to_uppercase().replace('-', "_")
}

impl Config {
    /// Hands on what was generated, for [`export`](Self::export).
    pub(crate) fn hand_on(&self, set: &DescriptorSet, model: &Model) -> Result<(), Error> {
        if !self.export {
            return Ok(());
        }
        let variable = |name| env::var(name).unwrap_or_default();
        let package = variable("CARGO_PKG_NAME");
        let links = variable("CARGO_MANIFEST_LINKS");
        if links.is_empty() {
            return Err(diagnostics::export_without_links(package).into());
        }
        let out_dir = env::var_os("OUT_DIR").ok_or_else(diagnostics::no_out_dir)?;
        let mut exported = ProtoCrate {
            links,
            rust_module: self.exported_rust_module(&package),
            python_package: self.exported_python_package(&package),
            package,
            includes: set.includes.clone(),
            descriptor_set: Path::new(&out_dir).join("aristaproto-descriptors.binpb"),
            ..ProtoCrate::default()
        };
        for module in model.modules.iter().filter(|module| module.is_generated()) {
            let own = module
                .files
                .iter()
                .filter(|file| !source::is_bundled(&file.name));
            let path = module.path.join(".");
            exported
                .protos
                .extend(own.map(|file| (file.name.clone(), path.clone())));
            let messages = module
                .messages
                .iter()
                .map(|&id| &model.message(id).declared);
            let enums = module
                .enums
                .iter()
                .map(|&id| &model.enumeration(id).declared);
            for declared in messages.chain(enums) {
                if declared.name != naming::class_name(&declared.proto_name) {
                    let full_name = match module.package.as_str() {
                        "" => declared.proto_name.clone(),
                        package => format!("{package}.{}", declared.proto_name),
                    };
                    exported.renamed.insert(full_name, declared.name.clone());
                }
            }
        }
        let mut text = format!("{FORMAT}\n");
        for each in std::iter::once(&exported).chain(set.crates.iter()) {
            each.write(&mut text);
        }
        let export = Path::new(&out_dir).join("aristaproto-export.txt");
        let includes = env::join_paths(&exported.includes)
            .map_err(|_| diagnostics::path_not_utf8("an include folder"))?;
        let cargo = self.cargo();
        for (path, bytes) in [
            (&exported.descriptor_set, set.bytes()),
            (&export, text.into_bytes()),
        ] {
            if fs::read(path).ok().as_ref() != Some(&bytes) {
                let written = fs::write(path, bytes);
                written.map_err(|error| Diagnostic::io("write", path, &error))?;
            }
        }
        cargo.metadata("aristaproto_export", &export.display());
        cargo.metadata("includes", &Path::new(&includes).display());
        cargo.metadata("descriptor_set", &exported.descriptor_set.display());
        cargo.metadata("rust_module", &exported.rust_module);
        cargo.metadata("python_package", &exported.python_package);
        Ok(())
    }

    fn exported_python_package(&self, package: &str) -> String {
        let of_folder = || Some(self.out_dir.as_ref()?.file_name()?.to_str()?.to_owned());
        self.python_package
            .clone()
            .or_else(of_folder)
            .unwrap_or_else(|| package.replace('-', "_"))
    }

    #[cfg(feature = "prost")]
    fn exported_rust_module(&self, package: &str) -> String {
        if self.prost.is_none() {
            return String::new();
        }
        let library = rust::Manifest::read().library(package);
        match self.rust_module.as_deref() {
            None | Some("") => library,
            Some(module) => format!("{library}::{module}"),
        }
    }

    #[cfg(not(feature = "prost"))]
    #[allow(clippy::unused_self, reason = "with the feature, it asks")]
    fn exported_rust_module(&self, _: &str) -> String {
        String::new()
    }
}

#[cfg(feature = "prost")]
pub(crate) mod rust;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let owner = |links: &str, file: &str, module: &str| ProtoCrate {
            links: links.to_owned(),
            package: "acme protos".to_owned(),
            includes: vec!["/a b/proto".into(), "/c".into()],
            descriptor_set: "/out/set".into(),
            protos: [(file.to_owned(), module.to_owned())].into(),
            renamed: [("a.Outer.Inner".to_owned(), "OuterInner_".to_owned())].into(),
            ..ProtoCrate::default()
        };
        let crates = [
            owner("a", "a b.proto", ""),
            owner("b", "b.proto", "x.import_"),
        ];
        let mut text = format!("{FORMAT}\n");
        for each in &crates {
            each.write(&mut text);
        }
        let found = read(&text).unwrap();
        assert_eq!(found.values().collect::<Vec<_>>(), crates.each_ref());
        assert_eq!(read("aristaproto-export 2\n"), None);
        assert_eq!(read(""), None);
        let crates = ProtoCrates(found);
        assert_eq!(crates.module("a b.proto").unwrap().path, [""; 0]);
        assert_eq!(envify("acme-protos"), "ACME_PROTOS");
    }
}
