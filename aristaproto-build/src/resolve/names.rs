//! What a declaration is called when something else has its name: the next free one, and a warning. The passes call it; how
//! names are spelled is decided in [`crate::naming`].

use super::{Named, Owner, Place, Resolver};
use crate::diagnostics;
use crate::lookup::Lookup;
use crate::model::{Declared, ModuleId};
use crate::scope::Scope;

impl Resolver<'_> {
    /// Takes a name of a module: `name`, or the next free one that `spell` makes of it; gives the name taken.
    pub(super) fn take(
        &mut self,
        module: ModuleId,
        name: String,
        owner: &Owner,
        spell: impl Fn(&str) -> String,
    ) -> String {
        let (free, first) = self.scopes[module.0].take_free(name, owner, spell);
        if let Some(first) = first {
            self.renamed(&free, &first, owner);
        }
        free
    }

    /// The names of the members of a class, of which the `i`th wants `wanted[i]`. One that is spelled so in the proto file
    /// too has it before all others, but for `classes`, which the members' types name. `spell` is the rule of the names,
    /// `describe` says what a member is called in a message and where it is.
    pub(super) fn members_names(
        &self,
        wanted: Vec<(String, &str)>,
        classes: &[(String, Owner)],
        spell: impl Fn(&str) -> String,
        describe: impl Fn(usize) -> Owner,
    ) -> Vec<String> {
        let members = wanted.len();
        let mut scope = Scope::with_capacity(members + classes.len());
        for (position, (name, _)) in (members..).zip(classes) {
            let _ = scope.take(name, position);
        }
        for (position, (name, spelled)) in wanted.iter().enumerate() {
            if name == spelled {
                // Proto names differ from each other, but for aliases of one prefix: the first has it.
                let _ = scope.take(name, position);
            }
        }
        let mut names = Vec::with_capacity(wanted.len());
        for (position, (name, _)) in wanted.into_iter().enumerate() {
            let (free, first) = scope.take_free(name, &position, &spell);
            if let Some(first) = first {
                let first = match first.checked_sub(members) {
                    Some(class) => classes[class].1.clone(),
                    None => describe(first),
                };
                self.renamed(&free, &first, &describe(position));
            }
            names.push(free);
        }
        names
    }

    /// Of the classes of `module` that the members of a class name as their types, those that a member wants to be called
    /// like. Python would look for the class among the members.
    pub(super) fn hidden_classes<'n>(
        &self,
        module: ModuleId,
        wanted: &[(String, &str)],
        types: impl Iterator<Item = &'n str>,
    ) -> Vec<(String, Owner)> {
        // Most members are spelled as no class is.
        let is_like_class =
            |name: &str| name.starts_with(|c: char| c == '_' || c.is_ascii_uppercase());
        if !wanted.iter().any(|(name, _)| is_like_class(name)) {
            return Vec::new();
        }
        let mut names = Lookup::with_capacity(wanted.len());
        for (name, _) in wanted {
            names.insert(name.as_str(), ());
        }
        let mut found = Lookup::with_capacity(0);
        let mut hidden: Vec<(String, Owner)> = Vec::new();
        for name in types {
            let (kind, declared) = match self.type_of_value(name) {
                Some(Named::Message(id)) => ("message", &self.model.message(id).declared),
                Some(Named::Enum(id)) => ("enum", &self.model.enumeration(id).declared),
                Some(Named::MapEntry(_)) | None => continue,
            };
            let class = declared.name.as_str();
            if declared.module == module
                && names.get(class).is_some()
                && found.insert(class.to_owned(), ()).is_none()
            {
                hidden.push((class.to_owned(), self.owner(kind, declared)));
            }
        }
        hidden
    }

    /// What a field of the type `name` holds: for a map, the type of its values.
    fn type_of_value(&self, name: &str) -> Option<Named<'_>> {
        let find = |name: &str| self.types.get(name.trim_start_matches('.')).copied();
        match find(name)? {
            Named::MapEntry(entry) => find(entry.field.get(1)?.type_name()),
            named => Some(named),
        }
    }

    fn owner(&self, kind: &str, declared: &Declared) -> Owner {
        let mut files = self.module_of.iter().zip(&self.file_in_module);
        let file = files.position(|at| at == (&declared.module, &declared.file));
        Owner {
            what: format!("{kind} `{}`", declared.proto_name),
            place: file.map(|file| Place {
                file,
                path: declared.path.clone(),
            }),
        }
    }

    /// Warns that `second` is called `name` in Python, because `first` has the name that it would have. In an extern package
    /// it is called so, too, but who generates that is told.
    pub(super) fn renamed(&self, name: &str, first: &Owner, second: &Owner) {
        let place = second.place.as_ref();
        if place.is_some_and(|place| self.is_not_printed(place.file)) {
            return;
        }
        let mut holder = first.what.clone();
        if let Some(mut location) = first.place.as_ref().and_then(|place| self.locate(place)) {
            self.set.show(&self.sources, &mut location);
            holder = format!("{holder} ({location})");
        }
        self.problem(second, |what| diagnostics::renamed(what, name, holder));
    }
}
