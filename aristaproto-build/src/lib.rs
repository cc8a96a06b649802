//! Typed Python from .proto files, during `cargo build`, for repositories that hold both languages.
//!
//! A whole `build.rs`:
//!
//! ```no_run
//! fn main() -> Result<(), aristaproto_build::Error> {
//!     aristaproto_build::compile_protos(&["proto/example.proto"], &["proto"])
//! }
//! ```
//!
//! It leaves a Python package in `OUT_DIR/python`: a module for each protobuf package, with a class for each message and
//! enum and a client for each service. The classes need the Python package `aristaproto` and nothing else. (A package of very
//! many fields has private modules beside its own, `_part1.py` and so on, because pyright refuses larger ones.)
//!
//! With asynchronous servers, into a folder of the source tree, and the Rust types from the same protoc run:
//!
//! ```no_run
//! use aristaproto_build::{AsyncTransport, ClientGeneration, Config, ServerGeneration};
//!
//! fn main() -> Result<(), aristaproto_build::Error> {
//!     Config::new()
//!         .client_generation(ClientGeneration::SyncAsync)
//!         .server_generation(ServerGeneration::Async)
//!         .server_async_transport(AsyncTransport::Grpcio)
//!         .out_dir("python/lib")
//!         .prost(prost_build::Config::new())
//!         .compile_protos(&["proto"], &["proto"]) // a folder: every .proto below it
//! }
//! ```
//!
//! # How much you want to do yourself
//!
//! | call | what it does |
//! |---|---|
//! | [`compile_protos`] | everything, with the defaults |
//! | [`Config::compile_protos`] | everything, your way |
//! | [`Config::load`], [`Config::compile_descriptors`] | the two halves, with the [`DescriptorSet`] in your hands: for tonic's builder, or to generate twice |
//! | [`Config::generate`] | descriptors in, files in memory out, nothing on disk |
//! | [`plugin::run`] | the same for protoc, buf and Bazel: a `CodeGeneratorRequest` in, a response out |
//!
//! # The protobuf compiler
//!
//! .proto files are read by the first of these that there is: the protoc that [`Config::protoc`] names, the one that the
//! environment variable `PROTOC` names, the one that the feature `vendored-protoc` builds (on by default; complete, needs
//! cmake and a C++ compiler, and minutes), the one that the feature `prebuilt-protoc` brings (complete, nothing to build),
//! protox in pure Rust (feature `protox`; seconds, no editions), `protoc` on `PATH`. Where there is no cmake, write
//!
//! ```toml
//! [build-dependencies]
//! aristaproto-build = { version = "0.1", default-features = false, features = ["prebuilt-protoc", "prost"] }
//! ```
//!
//! The generated Python is the same with all of them. The well-known types (`google/protobuf/*.proto`) are always
//! found.
//!
//! # What cargo sees
//!
//! A build script that calls this crate runs again when a .proto file changes that was read (imported ones too), when a
//! generated file is changed or deleted, and when `PROTOC` or `ARISTAPROTO_CHECK` changes. Files whose bytes
//! stay the same are not written.

// Modules that are hidden from the documentation are for this repository's tools and tests. What users call stands in this file.
mod cargo;
mod config;
#[rustfmt::skip]
#[allow(
    missing_docs,
    clippy::pedantic,
    reason = "generated; what each field means is documented in descriptor.proto"
)]
#[doc(hidden)]
pub mod descriptor;
mod diagnostics;
mod error;
mod excerpt;
mod extern_packages;
mod lookup;
#[doc(hidden)]
pub mod model;
mod naming;
mod output;
mod parallel;
pub mod plugin;
mod progress;
mod proto_crates;
#[cfg(feature = "pyo3")]
mod pyo3;
#[doc(hidden)]
pub mod python;
#[doc(hidden)]
pub mod resolve;
mod scope;
#[doc(hidden)]
pub mod source;

use std::path::{Path, PathBuf};

pub use config::{AsyncTransport, ClientGeneration, Config, FrontEnd, Options, ServerGeneration};
pub use diagnostics::CODES;
pub use error::{Diagnostic, Error, Location, Severity};
pub use extern_packages::ExternPackages;
pub use python::GeneratedFile;
pub use source::DescriptorSet;

pub(crate) use error::Problems;

/// What [`Config::generate`] makes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Generated {
    /// The files of the tree, sorted by path.
    pub files: Vec<GeneratedFile>,
    /// What a reader should know, such as names that had to change; sorted by place.
    pub warnings: Vec<Diagnostic>,
}

/// Generates Python for `protos` into `OUT_DIR/python`, with the defaults: messages, enums and synchronous grpcio clients.
///
/// * `protos`: .proto files, or folders for every .proto below them (hidden ones aside).
/// * `includes`: the folders in which imports are looked for, and from which the files' names are counted. Without any,
///   each file's own folder is one.
///
/// Relative paths start at the folder of the package's Cargo.toml.
///
/// ```no_run
/// # fn main() -> Result<(), aristaproto_build::Error> {
/// aristaproto_build::compile_protos(&["proto/example.proto"], &["proto"])?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// See [`Config::compile_protos`].
pub fn compile_protos(
    protos: &[impl AsRef<Path>],
    includes: &[impl AsRef<Path>],
) -> Result<(), Error> {
    Config::new().compile_protos(protos, includes)
}

impl Config {
    /// Generates Python for `protos`: [`load`](Self::load), then [`compile_descriptors`](Self::compile_descriptors).
    ///
    /// * `protos`: .proto files, or folders for every .proto below them (hidden ones aside).
    /// * `includes`: the folders in which imports are looked for, and from which the files' names are counted, after those
    ///   of [`include`](Self::include). Without any, each file's own folder is one.
    ///
    /// # Errors
    ///
    /// What the two calls say. A tree that was generated before is still whole then.
    pub fn compile_protos(
        &mut self,
        protos: &[impl AsRef<Path>],
        includes: &[impl AsRef<Path>],
    ) -> Result<(), Error> {
        self.held.hold();
        let set = self.load(protos, includes);
        let done = set.and_then(|set| self.compile_descriptors(&set));
        self.held.release(done.is_ok());
        done
    }

    /// Compiles .proto files to descriptors and generates nothing yet.
    ///
    /// Another code generator can take them from here, so that protoc runs once for all; with tonic:
    ///
    /// ```ignore
    /// let mut config = aristaproto_build::Config::new();
    /// let set = config.load(&["proto/example.proto"], &["proto"])?;
    /// config.compile_descriptors(&set)?;
    /// tonic_prost_build::compile_fds(prost_types::FileDescriptorSet::decode(set.bytes().as_slice())?)?;
    /// ```
    ///
    /// # Errors
    ///
    /// A path that does not exist, an import that is not found, what the protobuf compiler says about a file, with
    /// `file:line:column`; or that there is no protobuf compiler.
    pub fn load(
        &self,
        protos: &[impl AsRef<Path>],
        includes: &[impl AsRef<Path>],
    ) -> Result<DescriptorSet, Error> {
        source::load(self, &owned(protos), &owned(includes))
    }

    /// Generates Python for the files of a descriptor set that were asked for: [`generate`](Self::generate), then
    /// [`write`](Self::write); and the Rust types if [`prost`](Self::prost) was called. A build script shows the warnings
    /// through cargo.
    ///
    /// # Errors
    ///
    /// What the calls say; also, what prost-build says.
    pub fn compile_descriptors(&mut self, set: &DescriptorSet) -> Result<(), Error> {
        #[cfg(feature = "prost")]
        self.refuse_editions_for_rust(set)?;
        #[cfg(feature = "pyo3")]
        self.refuse_classes_without_rust()?;
        let model = self.resolve(set)?;
        for warning in &model.warnings {
            self.cargo().warn(warning);
        }
        let files = python::render(&model, &self.options);
        self.write(&files)?;
        #[cfg(feature = "prost")]
        self.write_rust(set)?;
        #[cfg(feature = "pyo3")]
        self.write_classes(set, &model, &files)?;
        self.hand_on(set, &model)
    }

    /// Generates Python in memory and writes nothing. Files are only looked at again to show the line that a diagnostic is
    /// about.
    ///
    /// # Errors
    ///
    /// Descriptors that contradict themselves, with `file:line:column`. Names that collide in Python are no error: one
    /// keeps its name, the others get underscores, and [`Generated::warnings`] says which.
    pub fn generate(&self, set: &DescriptorSet) -> Result<Generated, Error> {
        let mut model = self.resolve(set)?;
        Ok(Generated {
            files: python::render(&model, &self.options),
            warnings: std::mem::take(&mut model.warnings),
        })
    }

    /// Takes the decisions, and tells whoever watches of this step and of rendering, which comes next.
    pub(crate) fn resolve(&self, set: &DescriptorSet) -> Result<model::Model, Error> {
        let stage = || format!("resolving {}", source::count(set.file.file.len(), "file"));
        self.progress.stage(stage);
        let model = resolve::resolve(set, &self.options)?;
        let stage = || format!("rendering {}", source::count(model.modules.len(), "module"));
        self.progress.stage(stage);
        Ok(model)
    }

    /// Makes the tree in [`out_dir`](Self::out_dir) hold exactly these generated files; gives its folder. With
    /// [`check`](Self::check) it only looks.
    ///
    /// # Errors
    ///
    /// There is no folder to write to; a file cannot be written; a file that was not generated is in the way. With `check`:
    /// the tree is out of date. In all cases the tree is as it was before.
    pub fn write(&self, files: &[GeneratedFile]) -> Result<PathBuf, Error> {
        output::write(self, files)
    }

    #[cfg(feature = "prost")]
    fn write_rust(&mut self, set: &DescriptorSet) -> Result<(), Error> {
        use prost::Message;

        let Some(prost) = &mut self.prost else {
            return Ok(());
        };
        let mut files = prost_types::FileDescriptorSet::decode(set.bytes().as_slice())
            .map_err(diagnostics::prost_failed)?;
        for file in &mut files.file {
            if set.crates.owner(file.name()).is_some() {
                // Its types are extern; services cannot be.
                file.service.clear();
            }
        }
        for (proto, rust) in proto_crates::rust::extern_paths(set)? {
            if self.extern_paths.insert(proto.clone()) {
                prost.extern_path(proto, rust);
            }
        }
        let written = prost.compile_fds(files);
        written.map_err(|error| diagnostics::prost_failed(error).into())
    }

    /// prost-build takes a file with an edition for one of proto2, and says nothing.
    #[cfg(feature = "prost")]
    fn refuse_editions_for_rust(&self, set: &DescriptorSet) -> Result<(), Error> {
        let mut problems = Problems::new();
        let with_edition = set
            .file
            .file
            .iter()
            .filter(|file| file.syntax() == "editions");
        for file in with_edition.filter(|_| self.prost.is_some()) {
            let shown = set
                .shown_path(file.name())
                .unwrap_or_else(|| file.name().to_owned());
            problems.push(diagnostics::prost_without_editions(shown));
        }
        problems.propagate()
    }
}

fn owned(paths: &[impl AsRef<Path>]) -> Vec<PathBuf> {
    paths.iter().map(|path| path.as_ref().to_owned()).collect()
}
