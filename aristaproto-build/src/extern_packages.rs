//! The option `extern_package`: which Python packages have the classes of which proto packages, so that none are generated
//! for them. [`crate::config`] has it in its table; `resolve` asks it for the module of each package.

use std::collections::BTreeMap;
use std::fmt;

use crate::diagnostics;
use crate::error::Diagnostic;
use crate::naming;

/// Proto packages whose classes are in other Python packages; see [`Config::extern_package`](crate::Config::extern_package).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExternPackages(BTreeMap<String, String>);

/// The module that has the classes of a proto package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExternModule {
    /// Its name, from the root of the tree that is generated, or else from where Python looks for packages.
    pub path: Vec<String>,
    /// Whether it is in the tree that is generated.
    pub in_tree: bool,
}

impl fmt::Display for ExternModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dot = if self.in_tree { "." } else { "" };
        write!(f, "{dot}{}", self.path.join("."))
    }
}

impl ExternPackages {
    /// Adds one, in place of an earlier one for the same proto package.
    pub fn insert(&mut self, proto_package: impl Into<String>, python_package: impl Into<String>) {
        self.0.insert(proto_package.into(), python_package.into());
    }

    /// Proto package and Python package of each, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.iter();
        pairs.map(|(proto, python)| (proto.as_str(), python.as_str()))
    }

    /// Reads `proto.package:python.package`.
    pub(crate) fn read(&mut self, text: &str) -> Result<(), Diagnostic> {
        let (proto, python) = text.split_once(':').unwrap_or((text, ""));
        let (proto, python) = (proto.trim(), python.trim());
        check(proto, python)?;
        self.insert(proto, python);
        Ok(())
    }

    /// What is wrong with those that [`insert`](Self::insert) took.
    pub(crate) fn problems(&self) -> impl Iterator<Item = Diagnostic> + '_ {
        self.iter()
            .filter_map(|(proto, python)| check(proto, python).err())
    }

    /// The module of a proto package, and the proto package that was given for it: the longest that is it or above it.
    pub(crate) fn find(&self, package: &str) -> Option<(&str, ExternModule)> {
        let covering = |(proto, _): &(&str, &str)| is_within(package, proto);
        // Those above a package sort before those below them.
        let (proto, python) = self.iter().filter(covering).last()?;
        let relative = python.strip_prefix('.');
        let mut path: Vec<String> = relative
            .unwrap_or(python)
            .split('.')
            .map(str::to_owned)
            .collect();
        let rest = package[proto.len()..].split('.');
        path.extend(
            rest.filter(|segment| !segment.is_empty())
                .map(|segment| naming::package_segment(segment).into_owned()),
        );
        let in_tree = relative.is_some();
        Some((proto, ExternModule { path, in_tree }))
    }
}

/// Is a proto package `outer`, or below it?
pub(crate) fn is_within(package: &str, outer: &str) -> bool {
    let rest = package.strip_prefix(outer);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn check(proto: &str, python: &str) -> Result<(), Diagnostic> {
    let python_segments = python.strip_prefix('.').unwrap_or(python);
    let is_proto = proto.split('.').all(is_identifier);
    let is_python = python_segments
        .split('.')
        .all(|segment| is_identifier(segment) && !naming::is_keyword(segment));
    if is_proto && is_python {
        Ok(())
    } else {
        let given = [proto, python].join(":");
        Err(diagnostics::wrong_extern_package(
            given.trim_end_matches(':'),
        ))
    }
}

fn is_identifier(segment: &str) -> bool {
    let is_word = |c: char| c == '_' || c.is_ascii_alphanumeric();
    segment.chars().all(is_word) && segment.starts_with(|c: char| !c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(packages: &ExternPackages, package: &str) -> Option<(String, String, bool)> {
        let (given, module) = packages.find(package)?;
        Some((given.to_owned(), module.path.join("."), module.in_tree))
    }

    #[test]
    fn the_longest_package_decides_and_the_rest_is_spelled_as_modules_are() {
        let mut packages = ExternPackages::default();
        packages.insert("acme", "acme_protos");
        packages.insert("acme.common", "old");
        packages.read("acme.common : .shared.common").unwrap();
        let found =
            |given: &str, path: &str, in_tree| Some((given.to_owned(), path.to_owned(), in_tree));
        assert_eq!(find(&packages, "acme"), found("acme", "acme_protos", false));
        assert_eq!(
            find(&packages, "acme.orders.import"),
            found("acme", "acme_protos.orders.import_", false)
        );
        assert_eq!(
            find(&packages, "acme.common.v1"),
            found("acme.common", "shared.common.v1", true)
        );
        assert_eq!(find(&packages, "acmeX"), None);
        assert_eq!(find(&packages, ""), None);
        assert_eq!(packages.problems().count(), 0);
    }

    #[test]
    fn what_is_no_pair_of_packages_is_refused() {
        for wrong in [
            "", "a", "a:", ":b", "a.:b", "a:b.", "a:..b", "a:.", "a:1b", "a:b-c", "a:class",
            "a b:c",
        ] {
            let mut packages = ExternPackages::default();
            let error = packages.read(wrong).unwrap_err();
            assert_eq!(error.code(), "wrong_extern_package", "{wrong}");
            let (proto, python) = wrong.split_once(':').unwrap_or((wrong, ""));
            packages.insert(proto, python);
            assert_eq!(packages.problems().count(), 1, "{wrong}");
        }
    }
}
