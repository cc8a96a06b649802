//! Stage 1: from the paths that the user gave to a [`DescriptorSet`], through one of the front ends. `Config` calls it, and
//! through it build.rs and the macro; the plugin gets its descriptors from protoc and only uses `DescriptorSet`.
//!
//! What comes out does not depend on the front end: the well-known types are the bundled ones everywhere, and the files
//! are put into one order.

mod embedded;
mod inputs;
mod protoc;
#[cfg(feature = "protox")]
mod protox;
mod well_known;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs};

use prost::Message;

use crate::cargo::{manifest_folder, Cargo};
use crate::config::{Config, FrontEnd};
use crate::descriptor::{FileDescriptorProto, FileDescriptorSet};
use crate::error::{Diagnostic, Error, Kind, Problems};
use inputs::Inputs;

/// What a protobuf compiler made of the .proto files, and which files those were.
#[derive(Clone, Debug, Default)]
pub struct DescriptorSet {
    /// The files asked for and everything that they import, each after its imports, with source info.
    pub file: FileDescriptorSet,
    /// The names of the files that were asked for, as they stand in `file`, sorted.
    pub to_generate: Vec<String>,
    /// The .proto files on disk that were read, sorted. The bundled well-known types are not among them.
    pub files_read: Vec<PathBuf>,
    /// Where each file of `file` was found, by its name, the way a message should print it.
    shown: BTreeMap<String, String>,
    /// Each file of `file` as the front end wrote it, by its name: with the custom options, which the typed form drops.
    raw: BTreeMap<String, Vec<u8>>,
}

impl DescriptorSet {
    /// Reads a serialised `FileDescriptorSet`, as `protoc --include_imports --include_source_info -o` writes it. All its
    /// files count as asked for; remove names from [`to_generate`](Self::to_generate) to change that.
    ///
    /// # Errors
    ///
    /// The bytes are not a `FileDescriptorSet`, or a file is missing that another one imports.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::from_files(split(bytes)?, None)
    }

    /// Puts serialised `FileDescriptorProto`s into the order that all front ends share: each file after its imports,
    /// otherwise by name. Without `to_generate`, all files count as asked for.
    pub(crate) fn from_files(
        files: Vec<Vec<u8>>,
        to_generate: Option<Vec<String>>,
    ) -> Result<Self, Error> {
        let mut raw = BTreeMap::new();
        let mut decoded = BTreeMap::new();
        for bytes in files {
            let file = FileDescriptorProto::decode(bytes.as_slice())
                .map_err(|error| unreadable(&bytes, &error))?;
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
            shown: BTreeMap::new(),
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

    /// The path of a file as a message should print it; None when it is not known.
    pub(crate) fn shown_path(&self, name: &str) -> Option<String> {
        self.shown.get(name).cloned()
    }
}

/// Cuts a serialised `FileDescriptorSet` into its files, without reading them.
fn split(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    #[derive(Clone, PartialEq, prost::Message)]
    struct RawSet {
        #[prost(bytes = "vec", repeated, tag = "1")]
        file: Vec<Vec<u8>>,
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
            problems.push(
                Diagnostic::new(format!(
                    "`{}` imports `{import}`, which is not in the descriptor set",
                    file.name()
                ))
                .hint("write the set with its imports: `protoc --include_imports`"),
            );
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
            .map(|name| {
                Diagnostic::new(format!(
                    "`{name}` was asked for and is not in the descriptor set"
                ))
            }),
    );
    problems.propagate()
}

/// Moves `name` from `waiting` to `done`, its imports first.
fn take_after_imports(
    name: &str,
    waiting: &mut BTreeMap<String, FileDescriptorProto>,
    done: &mut Vec<FileDescriptorProto>,
) {
    let Some(file) = waiting.remove(name) else {
        return;
    };
    let imports: BTreeSet<&String> = file.dependency.iter().collect();
    for import in imports {
        take_after_imports(import, waiting, done);
    }
    done.push(file);
}

/// A file of the set cannot be decoded. protoc copies comments byte by byte, so a comment in another encoding ends here.
fn unreadable(bytes: &[u8], error: &prost::DecodeError) -> Error {
    #[derive(Clone, PartialEq, prost::Message)]
    struct Name {
        #[prost(string, tag = "1")]
        name: String,
    }
    let name = Name::decode(bytes).unwrap_or_default().name;
    Diagnostic::new(format!(
        "the descriptor of `{name}` cannot be read: {error}"
    ))
    .hint(format!("save `{name}` as UTF-8"))
    .into()
}

fn not_a_set(error: &prost::DecodeError) -> Error {
    Diagnostic::new(format!(
        "the bytes are not a serialised FileDescriptorSet: {error}"
    ))
    .into()
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
    let inputs = Inputs::find(&manifest_folder(), protos, &includes)?;
    let front_end = choose(config)?;
    let cargo = config.cargo();
    cargo.progress(&format!(
        "{front_end} reads {}",
        count(inputs.files.len(), "file")
    ));
    let files = match &front_end {
        Chosen::Protoc { path, .. } => {
            protoc::compile(path, &config.protoc_args, &inputs, &|warning| {
                cargo.warn(warning);
            })?
        }
        #[cfg(feature = "protox")]
        Chosen::Protox => protox::compile(&inputs)?,
    };
    let names = inputs.files.iter().map(|file| file.name.clone()).collect();
    let mut set = DescriptorSet::from_files(files, Some(names))?;
    for file in &set.file.file {
        if let Some(path) = inputs.find_import(file.name()) {
            set.shown.insert(file.name().to_owned(), inputs.show(&path));
            set.files_read.push(path);
        }
    }
    set.files_read.sort_unstable();
    cargo.watch(set.files_read.iter().chain(&inputs.folders));
    front_end.watch(&cargo);
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

/// `1 file`, `2 files`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// The front end that a build uses.
enum Chosen {
    Protoc {
        path: PathBuf,
        named_by: &'static str,
    },
    #[cfg(feature = "protox")]
    Protox,
}

impl Chosen {
    /// Tells cargo what the choice hung on.
    fn watch(&self, cargo: &Cargo) {
        cargo.watch_variable("PROTOC");
        match self {
            Self::Protoc {
                named_by: VENDORED, ..
            } => {}
            Self::Protoc { path, named_by } => {
                if *named_by == PATH {
                    cargo.watch_variable(PATH_VARIABLE);
                }
                cargo.watch([path]);
            }
            #[cfg(feature = "protox")]
            Self::Protox => {}
        }
    }
}

impl std::fmt::Display for Chosen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Protoc { named_by, .. } => write!(f, "protoc ({named_by})"),
            #[cfg(feature = "protox")]
            Self::Protox => f.write_str("protox"),
        }
    }
}

const VENDORED: &str = "vendored";
const PATH: &str = "on PATH";
const PATH_VARIABLE: &str = "PATH";

fn choose(config: &Config) -> Result<Chosen, Error> {
    match &config.front_end {
        FrontEnd::Auto => automatic(),
        FrontEnd::Protoc(path) => explicit(path, "the setting `protoc`"),
        FrontEnd::VendoredProtoc => vendored().ok_or_else(|| {
            absent("the vendored protoc was asked for, but the feature `vendored-protoc` of aristaproto-build is off")
        }),
        FrontEnd::Protox => protox_front_end().ok_or_else(|| {
            absent("protox was asked for, but the feature `protox` of aristaproto-build is off")
        }),
        FrontEnd::ProtocOnPath => {
            on_path().ok_or_else(|| absent("protoc was asked for, but there is none in the folders of PATH"))
        }
    }
}

fn automatic() -> Result<Chosen, Error> {
    if let Some(path) = env::var_os("PROTOC").filter(|path| !path.is_empty()) {
        return explicit(Path::new(&path), "PROTOC");
    }
    vendored().or_else(protox_front_end).or_else(on_path).ok_or_else(|| {
        absent(
            "there is no protobuf compiler: no `Config::protoc` was given, `PROTOC` is not set, the features \
             `vendored-protoc` and `protox` of aristaproto-build are off, and there is no `protoc` in the folders of PATH",
        )
    })
}

fn absent(message: &str) -> Error {
    Diagnostic::new(message)
        .hint(
            "turn on the feature `protox` (pure Rust, nothing to install) or `vendored-protoc` (complete, needs cmake and \
             a C++ compiler), or install protoc and put it on PATH, or name it with `Config::protoc` or `PROTOC`",
        )
        .kind(Kind::FrontEnd)
        .into()
}

/// A protoc that the user named. A bare name is looked for on PATH, as a shell does.
fn explicit(path: &Path, named_by: &'static str) -> Result<Chosen, Error> {
    let found = if path.components().count() == 1 {
        find_on_path(path)
            .or_else(|| Some(manifest_folder().join(path)).filter(|path| path.is_file()))
    } else {
        Some(manifest_folder().join(path)).filter(|path| path.is_file())
    };
    let path = found.ok_or_else(|| {
        Diagnostic::new(format!(
            "`{}`, which {named_by} names, does not exist",
            path.display()
        ))
        .hint(format!(
            "name a protoc that exists, or remove {named_by} to use another protobuf compiler"
        ))
        .kind(Kind::FrontEnd)
    })?;
    Ok(Chosen::Protoc { path, named_by })
}

#[cfg(feature = "vendored-protoc")]
fn vendored() -> Option<Chosen> {
    let path = protobuf_src::protoc();
    // Its place was fixed when the crate was compiled; a target folder that was moved since then holds none there.
    path.is_file().then_some(Chosen::Protoc {
        path,
        named_by: VENDORED,
    })
}

#[cfg(not(feature = "vendored-protoc"))]
fn vendored() -> Option<Chosen> {
    None
}

#[cfg(feature = "protox")]
#[allow(
    clippy::unnecessary_wraps,
    reason = "the other build of this function returns None"
)]
fn protox_front_end() -> Option<Chosen> {
    Some(Chosen::Protox)
}

#[cfg(not(feature = "protox"))]
fn protox_front_end() -> Option<Chosen> {
    None
}

fn on_path() -> Option<Chosen> {
    find_on_path(Path::new("protoc")).map(|path| Chosen::Protoc {
        path,
        named_by: PATH,
    })
}

/// As a shell does: on Windows, `protoc` is `protoc.exe`, too.
fn find_on_path(name: &Path) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    let mut with_suffix = name.as_os_str().to_owned();
    with_suffix.push(env::consts::EXE_SUFFIX);
    env::split_paths(&folders)
        .flat_map(|folder| [folder.join(name), folder.join(&with_suffix)])
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, imports: &[&str]) -> Vec<u8> {
        FileDescriptorProto {
            name: Some(name.to_owned()),
            dependency: imports.iter().map(|&it| it.to_owned()).collect(),
            source_code_info: Some(crate::descriptor::SourceCodeInfo::default()),
            ..FileDescriptorProto::default()
        }
        .encode_to_vec()
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
