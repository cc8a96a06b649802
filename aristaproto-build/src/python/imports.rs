//! The import statements of one module. Nobody writes one: whoever prints a symbol asks here for the name to print, and the
//! statements follow from what was asked for, sorted as ruff's rule I wants them. A symbol gets an alias when something
//! else has its name: a class of the module, a field or method in whose class body it is used, a subfolder (Python sets
//! it as an attribute of the module), a parameter of the generated methods, or another symbol.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::writer::{Argument, Writer};
use crate::lookup::Lookup;
use crate::naming::{is_keyword, BUILTINS};

/// The modules that generated code imports, by the name that they bind.
const MODULES: &[&str] = &[
    "annotations",
    "aristaproto",
    "builtins",
    "datetime",
    "warnings",
];

/// Those and other modules of the standard library that generated code imports from.
const STANDARD: &[&str] = &["builtins", "collections", "datetime", "typing", "warnings"];

/// What the generated methods call their parameters.
const PARAMETERS: &[&str] = &[
    "credentials",
    "deadline",
    "message",
    "messages",
    "metadata",
    "self",
    "timeout",
    "wait_for_ready",
];

const TYPE_CHECKING: &str = "TYPE_CHECKING";

/// What is imported.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Symbol {
    /// `import module`
    Module(String),
    /// `from module import name`; leading dots are part of the module.
    Member(String, String),
}

#[derive(Debug)]
struct Imported {
    local: String,
    at_run_time: bool,
}

/// The names that symbols must not have.
#[derive(Debug)]
pub(super) struct OwnNames<'a> {
    /// Those of the module's classes and subfolders.
    pub(super) module: Lookup<&'a str, ()>,
    /// Those of fields and methods, which hide a module's names inside their class.
    pub(super) class_bodies: Lookup<&'a str, ()>,
}

/// Where a symbol is used, as far as it matters for what hides its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    ClassBody,
    /// At the module's top, or inside functions, where the names of a class body are not seen.
    Elsewhere,
}

/// Collects symbols.
#[derive(Debug)]
pub(super) struct Imports<'a> {
    names: OwnNames<'a>,
    /// Names given to symbols.
    given: Lookup<String, ()>,
    imported: BTreeMap<Symbol, Imported>,
}

impl<'a> Imports<'a> {
    pub(super) fn new(names: OwnNames<'a>) -> Self {
        Self {
            names,
            given: Lookup::with_capacity(8),
            imported: BTreeMap::new(),
        }
    }

    /// Whether the module has this name itself.
    pub(super) fn is_own(&self, name: &str) -> bool {
        self.names.module.get(name).is_some()
    }

    /// The expression for a module of the standard library or the runtime: its dotted name, or an alias.
    pub(super) fn module(&mut self, module: &str) -> String {
        let top = module.split('.').next().unwrap_or(module);
        let wanted = if self.is_hidden(top, Use::ClassBody) {
            module.replace('.', "_") + "_"
        } else {
            module.to_owned()
        };
        self.import(
            Symbol::Module(module.to_owned()),
            wanted,
            true,
            Use::ClassBody,
        )
    }

    /// The same for a module that only functions use.
    pub(super) fn module_in_functions(&mut self, module: &str) -> String {
        self.import(
            Symbol::Module(module.to_owned()),
            module.to_owned(),
            true,
            Use::Elsewhere,
        )
    }

    /// The expression for a member of a module of the standard library.
    pub(super) fn member(&mut self, module: &str, name: &str) -> String {
        let symbol = Symbol::Member(module.to_owned(), name.to_owned());
        self.import(symbol, name.to_owned(), true, Use::ClassBody)
    }

    /// The expression for something of the tree that classes refer to, `wanted` if that is free; `at_run_time` unless
    /// only annotations need it.
    pub(super) fn of_tree(
        &mut self,
        module: &str,
        name: &str,
        wanted: &str,
        at_run_time: bool,
    ) -> String {
        let symbol = Symbol::Member(module.to_owned(), name.to_owned());
        self.import(symbol, reserved(wanted), at_run_time, Use::ClassBody)
    }

    /// The expression for a module of an installed package that classes refer to, as for [`of_tree`](Self::of_tree).
    pub(super) fn of_other_tree(
        &mut self,
        path: &[String],
        wanted: &str,
        at_run_time: bool,
    ) -> String {
        let symbol = match path {
            [parents @ .., last] if !parents.is_empty() => {
                Symbol::Member(parents.join("."), last.clone())
            }
            path => Symbol::Module(path.join(".")),
        };
        self.import(symbol, reserved(wanted), at_run_time, Use::ClassBody)
    }

    /// The same for what only type checkers see.
    pub(super) fn checked_member(&mut self, module: &str, name: &str) -> String {
        let symbol = Symbol::Member(module.to_owned(), name.to_owned());
        self.import(symbol, name.to_owned(), false, Use::ClassBody)
    }

    /// The expression for a member of a module that is used at the module's top.
    pub(super) fn member_at_top(&mut self, module: &str, name: &str) -> String {
        let symbol = Symbol::Member(module.to_owned(), name.to_owned());
        self.import(symbol, name.to_owned(), true, Use::Elsewhere)
    }

    /// Whether the module imports another one of its tree when it is imported.
    pub(super) fn reach_tree(&self) -> bool {
        self.imported.iter().any(|(symbol, imported)| {
            let (Symbol::Module(module) | Symbol::Member(module, _)) = symbol;
            imported.at_run_time && module.starts_with('.')
        })
    }

    /// A member that the module offers under the same name, though nothing in its text may use it.
    pub(super) fn reexport(&mut self, module: &str, name: &str) {
        self.reexport_at(module, name, true);
    }

    /// The same, for type checkers only.
    pub(super) fn reexport_for_types(&mut self, module: &str, name: &str) {
        self.reexport_at(module, name, false);
    }

    fn reexport_at(&mut self, module: &str, name: &str, at_run_time: bool) {
        let symbol = Symbol::Member(module.to_owned(), name.to_owned());
        let imported = Imported {
            local: name.to_owned(),
            at_run_time,
        };
        self.imported.entry(symbol).or_insert(imported);
    }

    fn is_hidden(&self, name: &str, used: Use) -> bool {
        self.is_own(name) || (used == Use::ClassBody && self.names.class_bodies.get(name).is_some())
    }

    fn import(&mut self, symbol: Symbol, wanted: String, at_run_time: bool, used: Use) -> String {
        if let Some(imported) = self.imported.get_mut(&symbol) {
            imported.at_run_time |= at_run_time;
            return imported.local.clone();
        }
        let mut local = wanted;
        while is_keyword(&local) || self.is_hidden(&local, used) || self.given.get(&local).is_some()
        {
            local.push('_');
        }
        self.given.insert(local.clone(), ());
        let imported = Imported {
            local: local.clone(),
            at_run_time,
        };
        self.imported.insert(symbol, imported);
        local
    }

    /// The name that is true for type checkers only. They know `TYPE_CHECKING` wherever it comes from, so the module makes its
    /// own, because `typing` takes long to import; only a module that has something else of that name imports it.
    pub(super) fn type_checking_flag(&mut self) -> String {
        let is_free = !self.is_hidden(TYPE_CHECKING, Use::ClassBody)
            && self.given.get(TYPE_CHECKING).is_none();
        if is_free {
            TYPE_CHECKING.to_owned()
        } else {
            self.member("typing", TYPE_CHECKING)
        }
    }

    /// Prints everything that was asked for.
    pub(super) fn write(mut self, writer: &mut Writer) {
        writer.line(0, "from __future__ import annotations");
        let checking_only = self.imported.values().any(|it| !it.at_run_time);
        let flag = checking_only.then(|| self.type_checking_flag());
        let mut statements: [Vec<Statement>; 3] = <[Vec<Statement>; 3]>::default();
        let mut checking: [Vec<Statement>; 3] = <[Vec<Statement>; 3]>::default();
        let mut parts_of_runtime = Vec::new();
        for (symbol, imported) in self.imported {
            let statement = Statement::new(symbol, imported.local);
            let sections = if imported.at_run_time {
                if statement.module.starts_with("aristaproto.") {
                    parts_of_runtime.push(statement);
                    continue;
                }
                &mut statements
            } else {
                &mut checking
            };
            sections[statement.section()].push(statement);
        }
        let split = !parts_of_runtime.is_empty() && !statements[2].is_empty();
        if !split {
            statements[1].append(&mut parts_of_runtime);
        }
        for section in statements.into_iter().filter(|it| !it.is_empty()) {
            writer.blank(1);
            write_section(writer, 0, section);
        }
        if split {
            // The tree's message pool is imported before them: it tells another package of the runtime's name.
            writer.blank(1);
            writer.line(0, "# isort: split");
            write_section(writer, 0, parts_of_runtime);
        }
        if let Some(flag) = flag {
            writer.blank(1);
            if flag == TYPE_CHECKING {
                writer.line(0, &format!("{TYPE_CHECKING} = False"));
            }
            writer.line(0, &format!("if {flag}:"));
            let sections = checking.into_iter().filter(|it| !it.is_empty());
            for (index, section) in sections.enumerate() {
                if index > 0 {
                    writer.blank(1);
                }
                write_section(writer, 4, section);
            }
        }
    }
}

/// A name that is none of those that generated code has for other things.
fn reserved(wanted: &str) -> String {
    let mut wanted = wanted.to_owned();
    while [MODULES, PARAMETERS, BUILTINS, &[TYPE_CHECKING]]
        .iter()
        .any(|names| names.contains(&wanted.as_str()))
    {
        wanted.push('_');
    }
    wanted
}

/// Prints import statements of members of one module into a method's body.
pub(super) fn write_local(
    writer: &mut Writer,
    indent: usize,
    module: &str,
    names: &[(&str, &str)],
) {
    let statements = names.iter().map(|(name, local)| {
        Statement::new(
            Symbol::Member(module.to_owned(), (*name).to_owned()),
            (*local).to_owned(),
        )
    });
    write_section(writer, indent, statements.collect());
}

/// One import statement, before those that can be joined are.
#[derive(Debug)]
struct Statement {
    module: String,
    /// Name and alias; none for `import module`.
    members: Vec<(String, Option<String>)>,
    /// The alias of `import module as alias`.
    alias: Option<String>,
}

impl Statement {
    fn new(symbol: Symbol, local: String) -> Self {
        match symbol {
            Symbol::Module(module) => Self {
                alias: (local != module).then_some(local),
                module,
                members: Vec::new(),
            },
            Symbol::Member(module, name) => Self {
                module,
                members: vec![(name.clone(), (local != name).then_some(local))],
                alias: None,
            },
        }
    }

    /// 0: standard library, 1: the runtime and other packages, 2: the tree.
    fn section(&self) -> usize {
        match self.module.split('.').next().unwrap_or_default() {
            "" => 2,
            top if STANDARD.contains(&top) => 0,
            _ => 1,
        }
    }

    /// isort's order: plain imports first, then the furthest relative ones, then by module, then by first member.
    fn key(&self) -> impl Ord {
        let name = self.module.trim_start_matches('.');
        (
            !self.members.is_empty(),
            Reverse(self.module.len() - name.len()),
            natural(&name.to_lowercase()),
            natural(name),
            self.members
                .first()
                .map(|(name, alias)| (member_key(name), alias.clone())),
        )
    }
}

fn write_section(writer: &mut Writer, indent: usize, mut statements: Vec<Statement>) {
    // Members without alias share a statement, each alias has its own.
    let mut joined: Vec<Statement> = Vec::with_capacity(statements.len());
    statements.sort_by_cached_key(Statement::key);
    for statement in statements {
        let is_plain = |it: &Statement| it.members.iter().all(|(_, alias)| alias.is_none());
        let same = joined.iter_mut().find(|before| {
            !before.members.is_empty()
                && !statement.members.is_empty()
                && before.module == statement.module
                && is_plain(before)
                && is_plain(&statement)
        });
        match same {
            Some(before) => before.members.extend(statement.members),
            None => joined.push(statement),
        }
    }
    for statement in joined {
        let Statement {
            module,
            members,
            alias,
        } = statement;
        let alias = alias
            .map(|alias| format!(" as {alias}"))
            .unwrap_or_default();
        if members.is_empty() {
            writer.line(indent, &format!("import {module}{alias}"));
            continue;
        }
        let members: Vec<String> = members
            .into_iter()
            .map(|(name, alias)| match alias {
                Some(alias) => format!("{name} as {alias}"),
                None => name,
            })
            .collect();
        let line = format!("from {module} import {}", members.join(", "));
        if indent + line.len() <= 88 {
            writer.line(indent, &line);
        } else {
            let members: Vec<Argument> = members.into_iter().map(Argument::from).collect();
            writer.exploded_call(indent, &format!("from {module} import "), &members, "");
        }
    }
}

/// isort's order of members: constants before classes before the rest; then natural order without case, then with it.
fn member_key(name: &str) -> impl Ord {
    (
        kind(name),
        natural(&name.to_ascii_lowercase()),
        natural(name),
    )
}

/// The order of `__all__` (ruff's rule RUF022): as members are, but with case.
pub(super) fn public_key(name: &str) -> impl Ord {
    (kind(name), natural(name))
}

/// 0 for a constant, 1 for a class, 2 for anything else, going by the spelling.
fn kind(name: &str) -> u8 {
    let has = |is: fn(&u8) -> bool| name.as_bytes().iter().any(is);
    let is_constant = name.len() > 1 && has(u8::is_ascii_uppercase) && !has(u8::is_ascii_lowercase);
    let is_class = name.starts_with(|c: char| c.is_ascii_uppercase());
    match (is_constant, is_class) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 2,
    }
}

/// Text cut where digits begin and end: numbers compare by value.
fn natural(text: &str) -> Vec<(u64, String)> {
    let mut parts: Vec<(u64, String)> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let is_digit = rest.starts_with(|c: char| c.is_ascii_digit());
        let end = rest
            .find(|c: char| c.is_ascii_digit() != is_digit)
            .unwrap_or(rest.len());
        let number = rest[..end].parse().unwrap_or(u64::MAX);
        parts.push((number, rest[..end].to_owned()));
        rest = &rest[end..];
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(own: &[&str], ask: impl FnOnce(&mut Imports)) -> String {
        let mut names = OwnNames {
            module: Lookup::with_capacity(own.len()),
            class_bodies: Lookup::with_capacity(1),
        };
        for name in own {
            names.module.insert(*name, ());
        }
        names.class_bodies.insert("warnings", ());
        let mut imports = Imports::new(names);
        ask(&mut imports);
        let mut writer = Writer::default();
        imports.write(&mut writer);
        writer.finish()
    }

    #[test]
    fn statements_are_joined_and_sorted() {
        let text = written(&[], |it| {
            assert_eq!(it.of_tree("..b", "c", "b_c", false), "b_c");
            assert_eq!(it.of_tree("..message_pool", "pool", "pool", true), "pool");
            assert_eq!(it.module("aristaproto.grpcio"), "aristaproto.grpcio");
            assert_eq!(it.module("aristaproto"), "aristaproto");
            assert_eq!(it.member("collections.abc", "Iterator"), "Iterator");
            assert_eq!(it.member("collections.abc", "Iterable"), "Iterable");
            assert_eq!(it.module("datetime"), "datetime");
            assert_eq!(it.of_tree("..b", "c", "ignored", false), "b_c");
        });
        assert_eq!(
            text,
            "from __future__ import annotations\n\nimport datetime\nfrom collections.abc import Iterable, Iterator\n\
             \nimport aristaproto\n\nfrom ..message_pool import pool\n\n# isort: split\nimport aristaproto.grpcio\n\n\
             TYPE_CHECKING = False\nif TYPE_CHECKING:\n    from ..b import c as b_c\n"
        );
    }

    #[test]
    fn a_name_that_is_taken_cannot_be_the_flag() {
        let text = written(&["TYPE_CHECKING"], |it| {
            it.of_tree("..b", "c", "b_c", false);
        });
        assert!(text.contains(
            "from typing import TYPE_CHECKING as TYPE_CHECKING_\n\nif TYPE_CHECKING_:\n"
        ));
    }

    #[test]
    fn public_names_are_constants_then_classes_then_the_rest() {
        let mut names = ["answer", "_9", "Class", "CONSTANT", "_3Stub", "A"];
        names.sort_by_cached_key(|name| public_key(name));
        assert_eq!(names, ["CONSTANT", "A", "Class", "_3Stub", "_9", "answer"]);
    }

    #[test]
    fn class_bodies_hide_names_from_annotations_only() {
        written(&[], |it| {
            assert_eq!(it.module_in_functions("warnings"), "warnings");
            assert_eq!(it.member("x", "warnings"), "warnings_");
        });
    }

    #[test]
    fn names_that_are_taken_get_an_alias() {
        let text = written(&["aristaproto", "Iterator", "b_c"], |it| {
            assert_eq!(it.module("aristaproto"), "aristaproto_");
            assert_eq!(it.module("aristaproto.grpcio"), "aristaproto_grpcio_");
            assert_eq!(it.member("collections.abc", "Iterator"), "Iterator_");
            assert_eq!(it.of_tree("..b", "c", "b_c", true), "b_c_");
            assert_eq!(it.of_tree("..b_c", "d", "b_c", true), "b_c__");
            assert_eq!(it.of_tree("..", "datetime", "datetime", true), "datetime_");
        });
        assert!(text.contains("import aristaproto as aristaproto_\n\nfrom .."));
        assert!(text.contains("# isort: split\nimport aristaproto.grpcio as aristaproto_grpcio_\n"));
        assert!(text.contains("from collections.abc import Iterator as Iterator_\n"));
    }
}
