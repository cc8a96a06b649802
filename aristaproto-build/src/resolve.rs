//! Stage 2: descriptors in, [`Model`] out. Every decision about the generated code is taken here: modules, names, types,
//! presence, comments. Called by the engine's pipeline after [`crate::source`]; [`crate::python`] prints the result and
//! decides nothing. All problems of the stage are reported at once, each with its place.
//!
//! What no protobuf compiler lets pass is refused; packages become modules; messages and enums get their ids and names; then fields, extensions and methods are filled in,
//! now that every type can be looked up; at last, modules that are too large for pyright are split.

mod comments;
mod conformity;
mod declarations;
mod defaults;
mod extensions;
mod features;
mod fields;
mod modules;
mod names;
mod parts;
mod public_imports;
mod services;
pub(crate) mod well_known;

use std::sync::{Mutex, OnceLock, PoisonError};

use crate::descriptor::{DescriptorProto, FileDescriptorProto};
use crate::excerpt::Sources;
use crate::lookup::Lookup;
use crate::model::{EnumId, MessageId, Model, ModuleId};
use crate::scope::Scope;
use crate::source::DescriptorSet;
use crate::{diagnostics, parallel, Diagnostic, Error, Location, Options, Problems, Severity};

use comments::Comments;
use features::Features;

/// Takes every decision about the generated code.
///
/// Everything in `set` is resolved: the files asked for and what they import. Comments and places come from the files'
/// source info; without it, docstrings are empty and problems have no place.
///
/// # Errors
///
/// All problems found, each with file, line and column: descriptors that contradict themselves. Python names that collide
/// are no error: all but one get underscores, and [`Model::warnings`] says which.
pub fn resolve(set: &DescriptorSet, options: &Options) -> Result<Model, Error> {
    let mut files: Vec<&FileDescriptorProto> = set.file.file.iter().collect();
    files.sort_by_key(|file| file.name());
    let mut resolver = Resolver::new(set, &files, options);
    resolver.conformity();
    let mut warnings = resolver.end_if_wrong()?;
    resolver.modules();
    for index in 0..files.len() {
        resolver.reserve(index);
    }
    for index in 0..files.len() {
        resolver.declare(index);
    }
    resolver.all_fields();
    resolver.extensions();
    resolver.services();
    resolver.public_imports();
    resolver.parts();
    warnings.extend(resolver.end_if_wrong()?);
    warnings.sort_by(|a, b| (&a.location, &a.message).cmp(&(&b.location, &b.message)));
    resolver.model.warnings = warnings;
    Ok(resolver.model)
}

/// A declaration's place, turned into line and column only when a problem has to show it.
#[derive(Clone, Debug, PartialEq)]
struct Place {
    file: usize,
    path: Vec<i32>,
}

/// Who holds a Python name: what to call it in a message, and where it is.
#[derive(Clone, Debug, PartialEq)]
struct Owner {
    what: String,
    place: Option<Place>,
}

/// A type that fields can refer to.
#[derive(Clone, Copy)]
enum Named<'a> {
    Message(MessageId),
    Enum(EnumId),
    MapEntry(&'a DescriptorProto),
}

/// A message that still waits for its fields.
struct Pending<'a> {
    proto: &'a DescriptorProto,
    file: usize,
    features: Features,
}

struct Resolver<'a> {
    set: &'a DescriptorSet,
    /// Sorted by name; everything that says "file" and holds a number is an index into this.
    files: &'a [&'a FileDescriptorProto],
    options: &'a Options,
    model: Model,
    found: Mutex<Vec<Diagnostic>>,
    /// For each file: its module, its index in the module, its comments.
    module_of: Vec<ModuleId>,
    file_in_module: Vec<usize>,
    comments: Vec<Comments<'a>>,
    /// For each file about which there was something to say: where its declarations stand.
    spans: Vec<OnceLock<Lookup<Vec<i32>, Vec<i32>>>>,
    sources: Sources,
    /// For each module, its names.
    scopes: Vec<Scope<Owner>>,
    /// By full name, without the dot before it.
    types: Lookup<String, Named<'a>>,
    /// In parallel to the model's messages.
    messages: Vec<Pending<'a>>,
}

impl<'a> Resolver<'a> {
    fn new(
        set: &'a DescriptorSet,
        files: &'a [&'a FileDescriptorProto],
        options: &'a Options,
    ) -> Self {
        Self {
            set,
            files,
            options,
            model: Model::default(),
            found: Mutex::default(),
            module_of: Vec::with_capacity(files.len()),
            file_in_module: Vec::with_capacity(files.len()),
            comments: parallel::map(files, |file| Comments::of_file(file)),
            spans: files.iter().map(|_| OnceLock::new()).collect(),
            sources: Sources::default(),
            scopes: Vec::new(),
            types: Lookup::with_capacity(files.len() * 8),
            messages: Vec::new(),
        }
    }

    fn full_name(&self, index: usize, name: &str) -> String {
        match self.files[index].package() {
            "" => name.to_owned(),
            package => format!("{package}.{name}"),
        }
    }

    fn problem(&self, owner: &Owner, say: impl FnOnce(&str) -> Diagnostic) {
        let location = owner.place.as_ref().and_then(|place| self.locate(place));
        self.report([say(&owner.what).at(location)]);
    }

    fn report(&self, problems: impl IntoIterator<Item = Diagnostic>) {
        let found = self.found.lock();
        found
            .unwrap_or_else(PoisonError::into_inner)
            .extend(problems);
    }

    /// Whether nothing is printed for a file because its package is extern, or unused.
    fn is_not_printed(&self, file: usize) -> bool {
        !self.model.module(self.module_of[file]).is_generated()
    }

    /// Ends a part of the stage: all errors that were found, or else the warnings, each with its place.
    fn end_if_wrong(&mut self) -> Result<Vec<Diagnostic>, Error> {
        let found = self.found.get_mut();
        let mut found = std::mem::take(found.unwrap_or_else(PoisonError::into_inner));
        // Threads have found them, in any order.
        found.sort_by(|a, b| (&a.location, &a.message).cmp(&(&b.location, &b.message)));
        for diagnostic in &mut found {
            if let Some(location) = &mut diagnostic.location {
                diagnostic.excerpt = self.set.show(&self.sources, location);
            }
        }
        let (warnings, errors): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|diagnostic| diagnostic.severity() == Severity::Warning);
        let mut problems = Problems::new();
        problems.extend(errors);
        problems.propagate()?;
        Ok(warnings)
    }

    fn missing_type(&self, owner: &Owner, name: &str) {
        self.problem(owner, |what| {
            diagnostics::type_not_in_set(what, diagnostics::shown(name))
        });
    }

    /// Where a declaration's name stands; without a name, where the declaration begins.
    fn locate(&self, place: &Place) -> Option<Location> {
        let file = self.files[place.file];
        let name = [place.path.as_slice(), &[1]].concat();
        let spans = self.spans[place.file].get_or_init(|| self.set.spans(file.name()));
        let span = spans
            .get(&name[..])
            .or_else(|| spans.get(&place.path[..]))?;
        let number = |index: usize| usize::try_from(*span.get(index)?).ok()?.checked_add(1);
        Some(Location {
            file: file.name().to_owned(),
            line: number(0)?,
            column: number(1)?,
        })
    }
}

/// The path of the `index`th child of one kind. Descriptors number their children with 32 bits.
fn below(path: &[i32], kind: i32, index: usize) -> Vec<i32> {
    let index = i32::try_from(index).unwrap_or(i32::MAX);
    [path, &[kind, index]].concat()
}
