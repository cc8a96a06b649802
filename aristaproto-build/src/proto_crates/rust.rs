//! The Rust types of proto crates: which path prost-build is told for each, and what the packages are called. In: the crates and
//! the descriptors; what cargo says about this package. Out: pairs for `prost_build::Config::extern_path`.

use std::env;
use std::process::Command;

use heck::{ToSnakeCase, ToUpperCamelCase};
use serde_json::Value;

use super::ProtoCrate;
use crate::descriptor::{DescriptorProto, FileDescriptorProto};
use crate::diagnostics;
use crate::error::{Error, Problems};
use crate::source::DescriptorSet;

/// Keywords that can be raw identifiers; prost-build's list.
const RAW: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static",
    "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

/// Those that cannot.
const NOT_RAW: &[&str] = &["Self", "_", "crate", "extern", "self", "super"];

/// What cargo knows about this package.
pub(crate) struct Manifest(Option<Value>);

impl Manifest {
    /// Asks cargo. Without one, as under other build tools, packages are taken to be called as usual.
    pub fn read() -> Self {
        let found = || {
            let manifest = env::var_os("CARGO_MANIFEST_PATH")?;
            let output = Command::new(env::var_os("CARGO")?)
                .args([
                    "metadata",
                    "--no-deps",
                    "--offline",
                    "--format-version",
                    "1",
                ])
                .arg("--manifest-path")
                .arg(&manifest)
                .output()
                .ok()?;
            let mut metadata: Value = serde_json::from_slice(&output.stdout).ok()?;
            let packages = metadata["packages"].as_array_mut()?;
            let own = |package: &Value| package["manifest_path"].as_str() == manifest.to_str();
            let own = packages.iter().position(own)?;
            Some(packages.swap_remove(own))
        };
        Self(found())
    }

    /// The name of this package's library.
    pub fn library(&self, package: &str) -> String {
        let found = || {
            let mut targets = self.0.as_ref()?["targets"].as_array()?.iter();
            let is_library = |target: &&Value| {
                let mut kinds = target["kind"].as_array().into_iter().flatten();
                kinds.any(|kind| matches!(kind.as_str(), Some("lib" | "rlib" | "dylib")))
            };
            Some(
                targets.find(is_library)?["name"]
                    .as_str()?
                    .replace('-', "_"),
            )
        };
        found().unwrap_or_else(|| package.replace('-', "_"))
    }

    /// What this package calls a crate in its code; None if it does not depend on it.
    fn dependency(&self, owner: &ProtoCrate) -> Option<String> {
        let library = owner.rust_module.split("::").next()?.to_owned();
        let Some(manifest) = &self.0 else {
            return Some(library);
        };
        let mut dependencies = manifest["dependencies"].as_array()?.iter();
        let dependency = dependencies
            .find(|it| it["name"].as_str() == Some(&owner.package) && it["kind"].is_null())?;
        let renamed = dependency["rename"].as_str();
        Some(renamed.map_or(library, |name| name.replace('-', "_")))
    }
}

/// For each message and enum of the crates' files in a set, its name with a dot before it and its Rust path.
pub(crate) fn extern_paths(set: &DescriptorSet) -> Result<Vec<(String, String)>, Error> {
    let mut paths = Vec::new();
    let mut problems = Problems::new();
    let crate_of = |name: &str| set.crates.owner(name);
    if !set
        .file
        .file
        .iter()
        .any(|file| crate_of(file.name()).is_some())
    {
        return Ok(paths);
    }
    let manifest = Manifest::read();
    let mut files: Vec<&FileDescriptorProto> = set.file.file.iter().collect();
    files.sort_by_key(|file| file.name());
    for file in files {
        let Some(owner) = crate_of(file.name()) else {
            // What it imports is what it names.
            for import in &file.dependency {
                let Some(owner) = crate_of(import) else {
                    continue;
                };
                let (package, shown) = (&owner.package, set.start(file.name()));
                if owner.rust_module.is_empty() {
                    problems.push(diagnostics::proto_crate_without_rust(import, package).at(shown));
                } else if manifest.dependency(owner).is_none() {
                    problems.push(diagnostics::proto_crate_below(import, package).at(shown));
                }
            }
            continue;
        };
        // Nobody names it if the package does not depend on it, and prost-build must still not print it.
        let name = manifest.dependency(owner).unwrap_or_default();
        let modules = owner.rust_module.split("::").skip(1);
        let root: Vec<&str> = std::iter::once(name.as_str()).chain(modules).collect();
        of_file(file, &format!("::{}", root.join("::")), &mut paths);
    }
    problems.propagate()?;
    Ok(paths)
}

/// The same for one file, whatever crate it belongs to: `root` is the path of the module that has the modules of the proto packages.
pub(crate) fn of_file(file: &FileDescriptorProto, root: &str, paths: &mut Vec<(String, String)>) {
    let packages = file.package().split('.').filter(|it| !it.is_empty());
    let rust: Vec<String> = std::iter::once(root.to_owned())
        .chain(packages.map(snake))
        .collect();
    let rust = &rust.join("::");
    let proto = match file.package() {
        "" => String::new(),
        package => format!(".{package}"),
    };
    for declared in &file.enum_type {
        paths.push(type_path(declared.name(), &proto, rust));
    }
    for message in &file.message_type {
        of_message(message, &proto, rust, paths);
    }
}

fn of_message(
    message: &DescriptorProto,
    proto: &str,
    rust: &str,
    paths: &mut Vec<(String, String)>,
) {
    let own = type_path(message.name(), proto, rust);
    let (proto, rust) = (own.0.clone(), format!("{rust}::{}", snake(message.name())));
    paths.push(own);
    for declared in &message.enum_type {
        paths.push(type_path(declared.name(), &proto, &rust));
    }
    for nested in &message.nested_type {
        of_message(nested, &proto, &rust, paths);
    }
}

fn type_path(name: &str, proto: &str, rust: &str) -> (String, String) {
    let class = sanitized(name.to_upper_camel_case());
    (format!("{proto}.{name}"), format!("{rust}::{class}"))
}

fn snake(name: &str) -> String {
    sanitized(name.to_snake_case())
}

fn sanitized(name: String) -> String {
    if RAW.contains(&name.as_str()) {
        format!("r#{name}")
    } else if NOT_RAW.contains(&name.as_str()) {
        format!("{name}_")
    } else if name.starts_with(|c: char| c.is_numeric()) {
        format!("_{name}")
    } else {
        name
    }
}
