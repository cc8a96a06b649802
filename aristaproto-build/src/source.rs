//! Stage 1: from the paths that the user gave to a [`DescriptorSet`], through one of the front ends. `Config` calls it, and
//! through it build.rs and the macro; the plugin gets its descriptors from protoc and only uses `DescriptorSet`.
//!
//! What comes out does not depend on the front end: the well-known types are the bundled ones everywhere, and the files
//! are put into one order.

pub(crate) mod defaults;
mod embedded;
mod front_end;
mod inputs;
mod protoc;
#[cfg(feature = "protox")]
mod protox;
mod source_info;
mod well_known;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use prost::bytes::Bytes;
use prost::Message;

use crate::cargo::{manifest_folder, Cargo};
use crate::config::Config;
use crate::descriptor::{FileDescriptorProto, FileDescriptorSet};
use crate::diagnostics;
use crate::error::{Diagnostic, Error, Location, Problems};
use crate::excerpt::{Columns, Sources};
use crate::lookup::Lookup;
use crate::parallel;
use crate::proto_crates::ProtoCrates;
use defaults::NotUtf8;
use front_end::Chosen;
use inputs::Inputs;

/// What a protobuf compiler made of the .proto files, and which files those were.
#[derive(Clone, Debug, Default)]
pub struct DescriptorSet {
    /// The files asked for and everything that they import, each after its imports. Of the source info, only what has
    /// comments is here; [`bytes`](Self::bytes) has all of it.
    pub file: FileDescriptorSet,
    /// The names of the files that were asked for, as they stand in `file`, sorted.
    pub to_generate: Vec<String>,
    /// The .proto files on disk that were read, sorted. The bundled well-known types are not among them.
    pub files_read: Vec<PathBuf>,
    /// What the protobuf compiler warned of. [`Config::load`](crate::Config::load) has shown it through cargo.
    pub warnings: Vec<Diagnostic>,
    /// Where each file of `file` was found, by its name, the way a message should print it.
    shown: BTreeMap<String, String>,
    /// How the places in the files are counted, when the files are there to look at.
    columns: Option<Columns>,
    /// Where each .proto file on disk is, by its name.
    paths: BTreeMap<String, PathBuf>,
    /// The folders in which imports were looked for, but for those of proto crates.
    pub(crate) includes: Vec<PathBuf>,
    /// The proto crates that own some of the files.
    pub(crate) crates: ProtoCrates,
    /// By file, the defaults that are no text, which `file` has not.
    not_utf8: BTreeMap<String, Vec<NotUtf8>>,
    /// Each file of `file` as the front end wrote it, by its name: with the custom options, which the typed form drops.
    raw: BTreeMap<String, Bytes>,
}

impl DescriptorSet {
    /// Reads a serialised `FileDescriptorSet`, as `protoc --include_imports --include_source_info -o` writes it. All its
    /// files count as asked for; remove names from [`to_generate`](Self::to_generate) to change that.
    ///
    /// # Errors
    ///
    /// The bytes are not a `FileDescriptorSet`, or a file is missing that another one imports.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::from_files(split(Bytes::copy_from_slice(bytes))?, None)
    }

    /// Puts serialised `FileDescriptorProto`s into the order that all front ends share: each file after its imports,
    /// otherwise by name. Without `to_generate`, all files count as asked for.
    pub(crate) fn from_files(
        files: Vec<Bytes>,
        to_generate: Option<Vec<String>>,
    ) -> Result<Self, Error> {
        let mut raw = BTreeMap::new();
        let mut decoded = BTreeMap::new();
        let mut not_utf8 = BTreeMap::new();
        let read = parallel::map(&files, |bytes| source_info::decode(bytes));
        for (bytes, file) in files.into_iter().zip(read) {
            let (file, defaults) = file.map_err(|error| unreadable(&bytes, &error))?;
            if !defaults.is_empty() {
                not_utf8.insert(file.name().to_owned(), defaults);
            }
            raw.insert(file.name().to_owned(), bytes);
            decoded.insert(file.name().to_owned(), file);
        }
        let mut to_generate = to_generate.unwrap_or_else(|| decoded.keys().cloned().collect());
        to_generate.sort_unstable();
        to_generate.dedup();
        check_imports(&decoded)?;
        check_asked_for(&to_generate, &decoded)?;
        let mut file = Vec::with_capacity(decoded.len());
        let names: Vec<String> = to_generate
            .iter()
            .cloned()
            .chain(decoded.keys().cloned())
            .collect();
        for name in names {
            take_after_imports(&name, &mut decoded, &mut file);
        }
        Ok(Self {
            file: FileDescriptorSet { file },
            to_generate,
            files_read: Vec::new(),
            warnings: Vec::new(),
            shown: BTreeMap::new(),
            columns: None,
            paths: BTreeMap::new(),
            includes: Vec::new(),
            crates: ProtoCrates::default(),
            not_utf8,
            raw,
        })
    }

    /// The serialised `FileDescriptorSet` with source info and custom options, for other code generators: the builders
    /// of prost-build and tonic-prost-build take it after `prost_types::FileDescriptorSet::decode`.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for file in &self.file.file {
            if let Some(raw) = self.raw.get(file.name()) {
                prost::encoding::bytes::encode(1, raw, &mut bytes);
            }
        }
        bytes
    }

    /// One file's serialised `FileDescriptorProto` as generated code embeds it: custom options included, without source info
    /// and without the JSON names that follow from the fields' names. None when the set has no file of that name.
    #[must_use]
    pub fn serialized_file(&self, name: &str) -> Option<Vec<u8>> {
        // What is in `raw` has been decoded before.
        self.raw.get(name).and_then(|raw| embedded::file(raw).ok())
    }

    /// Makes a place in a file of the set one that the reader can open; gives the line there, with a caret.
    pub(crate) fn show(&self, sources: &Sources, location: &mut Location) -> Option<String> {
        location.file = self.shown_path(&location.file)?;
        location.quote(sources, &manifest_folder(), self.columns?)
    }

    /// Where the declarations of a file stand: for each path the span that the source info has for it.
    pub(crate) fn spans(&self, file: &str) -> Lookup<Vec<i32>, Vec<i32>> {
        self.raw.get(file).map_or_else(
            || Lookup::with_capacity(0),
            |bytes| source_info::spans(bytes),
        )
    }

    /// Where a .proto file is on disk; None when it is not known.
    pub(crate) fn path(&self, name: &str) -> Option<&Path> {
        self.paths.get(name).map(PathBuf::as_path)
    }

    /// The place where a file begins.
    pub(crate) fn start(&self, name: &str) -> Location {
        Location {
            file: self.shown_path(name).unwrap_or_else(|| name.to_owned()),
            line: 1,
            column: 1,
        }
    }

    /// The defaults of a file that are no text.
    pub(crate) fn defaults_not_utf8(&self, file: &str) -> &[NotUtf8] {
        self.not_utf8.get(file).map_or(&[], Vec::as_slice)
    }

    /// The path of a file as a message should print it; None when it is not known.
    pub(crate) fn shown_path(&self, name: &str) -> Option<String> {
        self.shown.get(name).cloned()
    }
}

/// Cuts a serialised `FileDescriptorSet` into its files, without reading or copying them.
fn split(bytes: Bytes) -> Result<Vec<Bytes>, Error> {
    #[derive(Clone, PartialEq, prost::Message)]
    struct RawSet {
        #[prost(bytes = "bytes", repeated, tag = "1")]
        file: Vec<Bytes>,
    }
    Ok(RawSet::decode(bytes)
        .map_err(|error| not_a_set(&error))?
        .file)
}

fn check_imports(files: &BTreeMap<String, FileDescriptorProto>) -> Result<(), Error> {
    let mut problems = Problems::new();
    for file in files.values() {
        for import in file
            .dependency
            .iter()
            .filter(|import| !files.contains_key(*import))
        {
            problems.push(diagnostics::import_not_in_set(file.name(), import));
        }
    }
    problems.propagate()
}

fn check_asked_for(
    names: &[String],
    files: &BTreeMap<String, FileDescriptorProto>,
) -> Result<(), Error> {
    let mut problems = Problems::new();
    problems.extend(
        names
            .iter()
            .filter(|name| !files.contains_key(*name))
            .map(diagnostics::file_not_in_set),
    );
    problems.propagate()
}

/// Moves `name` from `waiting` to `done`, its imports first.
fn take_after_imports(
    name: &str,
    waiting: &mut BTreeMap<String, FileDescriptorProto>,
    done: &mut Vec<FileDescriptorProto>,
) {
    // A stack of its own: chains of imports may be longer than the program's is deep.
    let mut open: Vec<(FileDescriptorProto, BTreeSet<String>)> = Vec::new();
    let enter = |file: FileDescriptorProto| {
        let imports = file.dependency.iter().cloned().collect();
        (file, imports)
    };
    open.extend(waiting.remove(name).map(enter));
    while let Some((_, imports)) = open.last_mut() {
        if let Some(import) = imports.pop_first() {
            open.extend(waiting.remove(&import).map(enter));
        } else if let Some((file, _)) = open.pop() {
            done.push(file);
        }
    }
}

/// A file of the set cannot be decoded. protoc copies comments byte by byte, so a comment in another encoding ends here.
fn unreadable(bytes: &[u8], error: &prost::DecodeError) -> Error {
    #[derive(Clone, PartialEq, prost::Message)]
    struct Name {
        #[prost(string, tag = "1")]
        name: String,
    }
    let name = Name::decode(bytes).unwrap_or_default().name;
    diagnostics::unreadable_descriptor(name, error).into()
}

fn not_a_set(error: &prost::DecodeError) -> Error {
    diagnostics::not_a_descriptor_set(error).into()
}

/// Compiles `protos` (files, or folders for every .proto below them), looking for imports in `includes`.
///
/// Relative paths start at the manifest's folder. Without includes, each file's own folder is one.
///
/// # Errors
///
/// A path that does not exist, an import that is in none of the folders, whatever the front end says about a file, or that
/// there is no front end.
pub fn load(
    config: &Config,
    protos: &[PathBuf],
    includes: &[PathBuf],
) -> Result<DescriptorSet, Error> {
    let includes: Vec<PathBuf> = config.includes.iter().chain(includes).cloned().collect();
    let root = manifest_folder();
    let crates = ProtoCrates::find(&config.depends_on)?;
    let mut inputs = Inputs::find(&root, protos, &includes)?;
    let own_includes = inputs.includes.clone();
    for include in crates.iter().flat_map(|it| &it.includes) {
        inputs.add_include(include.clone());
    }
    let front_end = front_end::choose(config)?;
    let cargo = config.cargo();
    let stage = || {
        let files = count(inputs.files.len(), "file");
        format!("{front_end} is reading {files}")
    };
    config.progress.stage(stage);
    let (compiled, columns) = match &front_end {
        Chosen::Protoc { path, .. } => {
            let compiled = protoc::compile(path, &config.protoc_args, &inputs);
            (compiled, Columns::Protoc)
        }
        #[cfg(feature = "protox")]
        Chosen::Protox => {
            let compiled = protox::compile(&inputs).map(|files| (files, Vec::new()));
            (compiled, Columns::Protox)
        }
    };
    let (files, mut warnings) = compiled.map_err(|error| error.quoted(&root, columns))?;
    let sources = Sources::default();
    for warning in &mut warnings {
        warning.quote(&sources, &root, columns);
        cargo.warn(warning);
    }
    let names = inputs.files.iter().map(|file| file.name.clone()).collect();
    let mut set = DescriptorSet::from_files(files, Some(names))?;
    set.warnings = warnings;
    set.columns = Some(columns);
    for file in &set.file.file {
        if let Some(path) = inputs.find_import(file.name()) {
            let name = file.name().to_owned();
            set.shown.insert(name.clone(), inputs.show(&path));
            set.paths.insert(name, path.clone());
            set.files_read.push(path);
        }
    }
    set.files_read.sort_unstable();
    cargo.watch(set.files_read.iter().chain(&inputs.folders));
    front_end.watch(&cargo);
    crates.check(&set)?;
    set.includes = own_includes;
    set.crates = crates;
    write_set(config, &set, &cargo)?;
    Ok(set)
}

/// For [`Config::file_descriptor_set_path`]; the bytes that are there already are left alone.
fn write_set(config: &Config, set: &DescriptorSet, cargo: &Cargo) -> Result<(), Error> {
    let Some(path) = &config.file_descriptor_set_path else {
        return Ok(());
    };
    let path = manifest_folder().join(path);
    let bytes = set.bytes();
    if !fs::read(&path).is_ok_and(|found| found == bytes) {
        path.parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&path, bytes))
            .map_err(|error| Diagnostic::io("write the descriptor set", &path, &error))?;
        cargo.stamp(&path);
    }
    cargo.watch([&path]);
    Ok(())
}

/// Whether a file is among those that every front end brings with it.
pub(crate) fn is_bundled(file: &str) -> bool {
    well_known::text(file).is_some()
}

/// `1 file`, `2 files`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, imports: &[&str]) -> Bytes {
        FileDescriptorProto {
            name: Some(name.to_owned()),
            dependency: imports.iter().map(|&it| it.to_owned()).collect(),
            source_code_info: Some(crate::descriptor::SourceCodeInfo::default()),
            ..FileDescriptorProto::default()
        }
        .encode_to_vec()
        .into()
    }

    #[test]
    fn files_come_after_their_imports_and_otherwise_by_name() {
        let files = vec![
            file("z.proto", &[]),
            file("b.proto", &["z.proto", "c.proto"]),
            file("c.proto", &[]),
            file("a.proto", &[]),
        ];
        let set = DescriptorSet::from_files(
            files,
            Some(vec!["b.proto".to_owned(), "a.proto".to_owned()]),
        )
        .unwrap();
        let names: Vec<&str> = set
            .file
            .file
            .iter()
            .map(FileDescriptorProto::name)
            .collect();
        assert_eq!(names, ["a.proto", "c.proto", "z.proto", "b.proto"]);
        assert_eq!(set.to_generate, ["a.proto", "b.proto"]);
        let again = DescriptorSet::from_bytes(&set.bytes()).unwrap();
        assert_eq!(again.to_generate.len(), 4);
        assert_eq!(
            DescriptorSet::from_bytes(&again.bytes()).unwrap().bytes(),
            again.bytes()
        );
    }

    #[test]
    fn a_missing_import_names_both_files() {
        let error =
            DescriptorSet::from_files(vec![file("b.proto", &["c.proto"])], None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`b.proto` imports `c.proto`, which is not in the descriptor set\n  \
             hint: write the set with its imports: `protoc --include_imports`"
        );
    }

    #[test]
    fn a_file_that_was_asked_for_must_be_there() {
        let asked_for = Some(vec!["b.proto".to_owned(), "c.proto".to_owned()]);
        let error = DescriptorSet::from_files(vec![file("b.proto", &[])], asked_for).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`c.proto` was asked for and is not in the descriptor set"
        );
    }

    #[test]
    fn serialized_file_has_no_source_info() {
        let set = DescriptorSet::from_files(vec![file("b.proto", &[])], None).unwrap();
        let bytes = set.serialized_file("b.proto").unwrap();
        let decoded = FileDescriptorProto::decode(bytes.as_slice()).unwrap();
        assert_eq!(decoded.name(), "b.proto");
        assert_eq!(decoded.source_code_info, None);
        assert_eq!(set.serialized_file("a.proto"), None);
    }

    #[test]
    fn bytes_that_are_no_set_are_refused() {
        let error = DescriptorSet::from_bytes(b"syntax = \"proto3\";").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("the bytes are not a serialised FileDescriptorSet: "),
            "{error}"
        );
    }
}
