//! Every option once. The two macros below turn one table into the enums, [`Options`], the setters of
//! [`Config`] and the "key=value" form; build.rs, `generate_python!` and the protoc plugin all read it.

#[cfg(feature = "prost")]
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::{env, fmt};

use crate::cargo::{manifest_folder, Cargo, Held};
use crate::diagnostics;
use crate::error::{nearest, Diagnostic};
use crate::extern_packages::ExternPackages;
use crate::progress::Progress;

/// An enum whose values have a word each: the word of the "key=value" form.
macro_rules! choices {
    ($(
        $(#[$doc:meta])*
        $name:ident { $($(#[$value_doc:meta])* $value:ident = $word:literal,)+ }
    )+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$value_doc])* $value,)+
        }

        impl $name {
            /// The word of each value, as the plugin and the macro take it.
            pub const WORDS: &'static [&'static str] = &[$($word),+];
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$value => $word,)+ })
            }
        }

        impl FromStr for $name {
            type Err = ();

            fn from_str(word: &str) -> Result<Self, ()> {
                match word { $($word => Ok(Self::$value),)+ _ => Err(()) }
            }
        }
    )+};
}

choices! {
    /// Which client classes (stubs) each service gets, and how they are called.
    ///
    /// For a service `Greeter`:
    ///
    /// | value | word | synchronous (grpcio) | asynchronous |
    /// |---|---|---|---|
    /// | `None` | `none` | | |
    /// | `Sync` (default) | `sync` | `GreeterStub` | |
    /// | `Async` | `async` | | `GreeterStub` |
    /// | `SyncAsync` | `sync_async` | `GreeterStub` | `GreeterAsyncStub` |
    /// | `AsyncSync` | `async_sync` | `GreeterSyncStub` | `GreeterStub` |
    /// | `SyncAsyncNoDefault` | `sync_async_no_default` | `GreeterSyncStub` | `GreeterAsyncStub` |
    ClientGeneration {
        /// No clients.
        None = "none",
        /// Synchronous grpcio clients only.
        #[default]
        Sync = "sync",
        /// Asynchronous clients only.
        Async = "async",
        /// Both; the asynchronous ones are called `…AsyncStub`.
        SyncAsync = "sync_async",
        /// Both; the synchronous ones are called `…SyncStub`.
        AsyncSync = "async_sync",
        /// Both; `…SyncStub` and `…AsyncStub`.
        SyncAsyncNoDefault = "sync_async_no_default",
    }

    /// Which base classes for servers each service gets, and how they are called.
    ///
    /// For a service `Greeter`:
    ///
    /// | value | word | synchronous (`grpc.server()`) | asynchronous |
    /// |---|---|---|---|
    /// | `None` (default) | `none` | | |
    /// | `Sync` | `sync` | `GreeterBase` | |
    /// | `Async` | `async` | | `GreeterBase` |
    /// | `SyncAsync` | `sync_async` | `GreeterBase` | `GreeterAsyncBase` |
    /// | `AsyncSync` | `async_sync` | `GreeterSyncBase` | `GreeterBase` |
    /// | `SyncAsyncNoDefault` | `sync_async_no_default` | `GreeterSyncBase` | `GreeterAsyncBase` |
    ServerGeneration {
        /// No base classes.
        #[default]
        None = "none",
        /// Base classes for `grpc.server()` of grpcio, which runs methods in threads.
        Sync = "sync",
        /// Base classes with asynchronous methods.
        Async = "async",
        /// Both; the asynchronous ones are called `…AsyncBase`.
        SyncAsync = "sync_async",
        /// Both; the synchronous ones are called `…SyncBase`.
        AsyncSync = "async_sync",
        /// Both; `…SyncBase` and `…AsyncBase`.
        SyncAsyncNoDefault = "sync_async_no_default",
    }

    /// The Python library that asynchronous code runs on.
    AsyncTransport {
        /// [grpclib](https://grpclib.readthedocs.io), pure Python.
        #[default]
        Grpclib = "grpclib",
        /// `grpc.aio` of [grpcio](https://grpc.github.io/grpc/python/grpc_asyncio.html).
        Grpcio = "grpcio",
    }
}

/// How the value of an option is written and read.
trait Value: Sized {
    const WORDS: &'static [&'static str];
    /// None for a key without value means that the value must be there.
    const BARE: Option<Self>;
    fn read(word: &str) -> Option<Self>;
}

impl Value for bool {
    const WORDS: &'static [&'static str] = &["true", "false"];
    const BARE: Option<Self> = Some(true);

    fn read(word: &str) -> Option<Self> {
        word.parse().ok()
    }
}

macro_rules! choice_values {
    ($($name:ident)+) => {$(
        impl Value for $name {
            const WORDS: &'static [&'static str] = $name::WORDS;
            const BARE: Option<Self> = None;

            fn read(word: &str) -> Option<Self> {
                word.parse().ok()
            }
        }
    )+};
}

choice_values! { ClientGeneration ServerGeneration AsyncTransport }

/// An option that can be set from text.
trait Setting {
    fn set(&mut self, key: &str, value: Option<&str>) -> Result<(), Diagnostic>;
}

impl<T: Value> Setting for T {
    fn set(&mut self, key: &str, value: Option<&str>) -> Result<(), Diagnostic> {
        *self = read(key, value)?;
        Ok(())
    }
}

impl Setting for ExternPackages {
    fn set(&mut self, _: &str, value: Option<&str>) -> Result<(), Diagnostic> {
        self.read(value.unwrap_or_default())
    }
}

macro_rules! setter {
    ($(#[$doc:meta])* $key:ident: $type:ty) => {
        $(#[$doc])*
        pub fn $key(&mut self, value: $type) -> &mut Self {
            self.options.$key = value;
            self
        }
    };
    ($(#[$doc:meta])* $key:ident($($argument:ident),+): $type:ty) => {
        $(#[$doc])*
        pub fn $key(&mut self, $($argument: impl Into<String>),+) -> &mut Self {
            self.options.$key.insert($($argument),+);
            self
        }
    };
}

/// The table: each row gives a field of `Options`, a setter of `Config` and a key. One with arguments may be given more
/// than once.
macro_rules! options {
    ($($(#[$doc:meta])* $key:ident $(($($argument:ident),+))?: $type:ty,)+) => {
        /// The options that change what the generated text says. The three doors share them: `Config` has a setter
        /// for each, `generate_python!` and the protoc plugin take them by the same names and words.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Options {
            $($(#[$doc])* pub $key: $type,)+
        }

        impl Options {
            /// The names of all options.
            pub const KEYS: &'static [&'static str] = &[$(stringify!($key)),+];

            /// The names of the options that may be given more than once.
            pub const REPEATED_KEYS: &'static [&'static str] = &[$($({
                let _ = stringify!($($argument)+);
                stringify!($key)
            },)?)+];

            /// Sets one option from text: `set("client_generation", Some("async"))`. An on-off option may come
            /// without a value, which means on.
            ///
            /// # Errors
            ///
            /// A diagnostic that names the option, what was given, what is allowed and the nearest right word.
            pub fn set(&mut self, key: &str, value: Option<&str>) -> Result<(), Diagnostic> {
                match key {
                    $(stringify!($key) => self.$key.set(key, value)?,)+
                    _ => return Err(Self::unknown(key, &[])),
                }
                Ok(())
            }

            /// The diagnostic for an option that does not exist, for a door that has `more_keys` of its own.
            #[must_use]
            pub fn unknown(key: &str, more_keys: &[&str]) -> Diagnostic {
                let keys = [more_keys, Self::KEYS].concat();
                diagnostics::unknown_option(key, keys.join(", "))
                    .maybe_hint(nearest(key, keys.iter().copied()))
            }
        }

        impl Config {
            $(setter! { $(#[$doc])* $key $(($($argument),+))?: $type })+
        }
    };
}

options! {
    /// Which clients each service gets; synchronous grpcio ones unless told otherwise. As text:
    /// `client_generation=none|sync|async|sync_async|async_sync|sync_async_no_default`.
    client_generation: ClientGeneration,
    /// The library under asynchronous clients; grpclib unless told otherwise. As text:
    /// `client_async_transport=grpclib|grpcio`.
    client_async_transport: AsyncTransport,
    /// Which base classes for servers each service gets; none unless told otherwise. As text:
    /// `server_generation=none|sync|async|sync_async|async_sync|sync_async_no_default`.
    server_generation: ServerGeneration,
    /// The library under asynchronous servers; grpclib unless told otherwise. As text:
    /// `server_async_transport=grpclib|grpcio`.
    server_async_transport: AsyncTransport,
    /// Messages are pydantic dataclasses, which check types and ranges when they are made; off unless told otherwise.
    /// As text: `pydantic_dataclasses` or `pydantic_dataclasses=true|false`.
    pydantic_dataclasses: bool,
    /// Messages and enums carry the descriptors of google's `protobuf` package as `DESCRIPTOR`, for example for gRPC
    /// reflection; off unless told otherwise. The well-known types have none, because all trees share their classes; look
    /// them up in the tree's `default_google_proto_descriptor_pool`. As text: `google_protobuf_descriptors` or
    /// `google_protobuf_descriptors=true|false`.
    google_protobuf_descriptors: bool,
    /// Folders that hold nothing but other packages, the root of the tree among them, get no empty `__init__.py`; off unless
    /// told otherwise. For a tree in a package of one's own, whose `__init__.py` must stay. As text: `omit_empty_init_files` or `omit_empty_init_files=true|false`.
    omit_empty_init_files: bool,
    /// The classes of a proto package, and of all packages below it unless a longer one is given, too, are not generated but
    /// imported from a Python package: an installed one, or, with a dot before it, one in the tree itself that something
    /// else puts there. That package has a module for each proto package, as a tree has that was generated by this crate;
    /// the message pool of the new tree also finds what is in the pool of the other one.
    ///
    /// ```no_run
    /// # let mut config = aristaproto_build::Config::new();
    /// // google.type.Date is acme_common.google.type.Date in Python.
    /// config.extern_package("google.type", "acme_common.google.type");
    /// ```
    ///
    /// The well-known types are the runtime's own and never extern. As text: `extern_package=PROTO:PYTHON`, as often as
    /// needed.
    extern_package(proto_package, python_package): ExternPackages,
}

/// The protobuf compiler that reads the .proto files. The generated Python is the same with all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FrontEnd {
    /// The first that there is: the protoc that the environment variable `PROTOC` names, the vendored one, the prebuilt one,
    /// protox, `protoc` on `PATH`.
    #[default]
    Auto,
    /// The protoc at this path.
    Protoc(PathBuf),
    /// The protoc that the feature `vendored-protoc` builds.
    VendoredProtoc,
    /// The protoc that the feature `prebuilt-protoc` brings: built by its makers for Linux, macOS and Windows, in the crate
    /// [protoc-bin-vendored](https://docs.rs/protoc-bin-vendored).
    PrebuiltProtoc,
    /// The pure-Rust compiler of the feature `protox`. It knows no editions.
    Protox,
    /// `protoc` in one of the folders of `PATH`.
    ProtocOnPath,
}

/// How to generate: everything that [`compile_protos`](crate::compile_protos) leaves at its default.
///
/// A setter returns the builder, so that they chain; a call that does the work comes last:
///
/// ```no_run
/// use aristaproto_build::{AsyncTransport, ClientGeneration, Config, ServerGeneration};
///
/// fn main() -> Result<(), aristaproto_build::Error> {
///     Config::new()
///         .client_generation(ClientGeneration::SyncAsync)
///         .client_async_transport(AsyncTransport::Grpcio)
///         .server_generation(ServerGeneration::Async)
///         .server_async_transport(AsyncTransport::Grpcio)
///         .out_dir("python/lib")
///         .compile_protos(&["proto/example.proto"], &["proto"])
/// }
/// ```
///
/// Relative paths start at the folder of the package's Cargo.toml.
#[derive(Debug, Default)]
pub struct Config {
    pub(crate) options: Options,
    pub(crate) out_dir: Option<PathBuf>,
    pub(crate) front_end: FrontEnd,
    pub(crate) protoc_args: Vec<String>,
    pub(crate) includes: Vec<PathBuf>,
    pub(crate) file_descriptor_set_path: Option<PathBuf>,
    pub(crate) check: bool,
    emit_cargo_directives: Option<bool>,
    /// What cargo is to be told when all is done.
    pub(crate) held: Held,
    pub(crate) progress: Progress,
    pub(crate) export: bool,
    pub(crate) python_package: Option<String>,
    pub(crate) rust_module: Option<String>,
    pub(crate) depends_on: Vec<String>,
    #[cfg(feature = "prost")]
    pub(crate) prost: Option<prost_build::Config>,
    /// What `prost` was told to be extern for the sake of proto crates.
    #[cfg(feature = "prost")]
    pub(crate) extern_paths: BTreeSet<String>,
    #[cfg(feature = "pyo3")]
    pub(crate) pyo3: bool,
}

impl Config {
    /// The defaults: synchronous clients, into `OUT_DIR/python`.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// All options that change the generated text, at once.
    pub fn options(&mut self, options: Options) -> &mut Self {
        self.options = options;
        self
    }

    /// The folder that becomes the root of the generated Python package; `OUT_DIR/python` unless told otherwise.
    ///
    /// The folder is made when it is not there. Files in it that were not generated stay as they are: one that stands where
    /// a generated file belongs is an error that names it. `.aristaproto-manifest` in the folder lists what was generated,
    /// so that what is no longer generated can be removed. One tree belongs to one call; two packages that name the same
    /// folder get an error.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), aristaproto_build::Error> {
    /// // Beside Cargo.toml: python/lib/__init__.py and so on; in Python: `import lib.example` with python/ on sys.path.
    /// aristaproto_build::Config::new().out_dir("python/lib").compile_protos(&["proto/example.proto"], &["proto"])
    /// # }
    /// ```
    ///
    /// When the package itself is read-only (unpacked by `cargo package`, built on docs.rs, on a read-only disk), a folder
    /// inside it is left as it is, with a warning if it is out of date.
    pub fn out_dir(&mut self, path: impl AsRef<Path>) -> &mut Self {
        self.out_dir = Some(path.as_ref().to_owned());
        self
    }

    /// Which protobuf compiler reads the .proto files.
    pub fn front_end(&mut self, front_end: FrontEnd) -> &mut Self {
        self.front_end = front_end;
        self
    }

    /// The protoc at this path reads the .proto files: the same as `front_end(FrontEnd::Protoc(path))`. A bare name is
    /// looked for in the folders of `PATH`.
    pub fn protoc(&mut self, path: impl AsRef<Path>) -> &mut Self {
        self.front_end(FrontEnd::Protoc(path.as_ref().to_owned()))
    }

    /// One more argument for protoc, for example `--experimental_editions`. protox takes none and ignores it.
    pub fn protoc_arg(&mut self, arg: impl Into<String>) -> &mut Self {
        self.protoc_args.push(arg.into());
        self
    }

    /// One more folder in which imports are looked for, before those that the compiling call names.
    pub fn include(&mut self, path: impl AsRef<Path>) -> &mut Self {
        self.includes.push(path.as_ref().to_owned());
        self
    }

    /// More folders in which imports are looked for; see [`include`](Self::include).
    pub fn includes(&mut self, paths: impl IntoIterator<Item = impl AsRef<Path>>) -> &mut Self {
        self.includes
            .extend(paths.into_iter().map(|path| path.as_ref().to_owned()));
        self
    }

    /// Also writes what the protobuf compiler made of the files, as a serialised `FileDescriptorSet` with imports and
    /// source info, to this path; gRPC reflection in Rust, for example, wants it.
    pub fn file_descriptor_set_path(&mut self, path: impl AsRef<Path>) -> &mut Self {
        self.file_descriptor_set_path = Some(path.as_ref().to_owned());
        self
    }

    /// Also writes the Rust types, through prost-build and from the same descriptors: one protoc run for both languages.
    /// Where they go is for `prost` to say, `OUT_DIR` unless told otherwise.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), aristaproto_build::Error> {
    /// let mut prost = prost_build::Config::new();
    /// prost.btree_map(["."]);
    /// aristaproto_build::Config::new().prost(prost).compile_protos(&["proto/example.proto"], &["proto"])
    /// # }
    /// ```
    #[cfg(feature = "prost")]
    pub fn prost(&mut self, prost: prost_build::Config) -> &mut Self {
        self.prost = Some(prost);
        self
    }

    /// Lets the Rust types cross to Python: with [`prost`](Self::prost), writes which Python class each message and enum is, so that
    /// `aristaproto_pyo3::Msg` takes them as arguments and results of `PyO3` functions. `python_package` is the name by which Python
    /// imports the tree, as for [`python_package`](Self::python_package).
    ///
    /// The file is `aristaproto_pyo3.rs` in `OUT_DIR`; `aristaproto_pyo3::include_classes!()` includes it, and belongs beside what
    /// `prost_build::Config::include_file` wrote. If the tree is in `OUT_DIR`, too, it also defines `FILES`, the text of the tree, for
    /// `aristaproto_pyo3::embed`.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), aristaproto_build::Error> {
    /// let mut prost = prost_build::Config::new();
    /// prost.include_file("protos.rs");
    /// aristaproto_build::Config::new()
    ///     .prost(prost)
    ///     .pyo3("acme.gen")
    ///     .out_dir("python/acme/gen")
    ///     .compile_protos(&["proto"], &["proto"])
    /// # }
    /// ```
    #[cfg(feature = "pyo3")]
    pub fn pyo3(&mut self, python_package: impl Into<String>) -> &mut Self {
        self.pyo3 = true;
        self.python_package(python_package)
    }

    /// Hands the .proto files on, with what was generated from them, to packages that depend on this one and say
    /// [`depends_on`](Self::depends_on). For a build script of a package with `links` in its Cargo.toml:
    ///
    /// ```toml
    /// [package]
    /// name = "acme-protos"
    /// links = "acme-protos"
    /// ```
    ///
    /// Cargo gives build scripts of dependants what is handed on in variables: `DEP_ACME_PROTOS_INCLUDES` (folders, joined as in
    /// `PATH`), `DEP_ACME_PROTOS_DESCRIPTOR_SET` (the path of a serialised `FileDescriptorSet`), `DEP_ACME_PROTOS_RUST_MODULE`,
    /// `DEP_ACME_PROTOS_PYTHON_PACKAGE`, and `DEP_ACME_PROTOS_ARISTAPROTO_EXPORT` for `depends_on`.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), aristaproto_build::Error> {
    /// aristaproto_build::Config::new()
    ///     .out_dir("python/acme_protos")
    ///     .export()
    ///     .compile_protos(&["proto"], &["proto"])
    /// # }
    /// ```
    pub fn export(&mut self) -> &mut Self {
        self.export = true;
        self
    }

    /// For [`export`](Self::export): the name by which Python imports the tree. Unless told otherwise, that of the folder that
    /// [`out_dir`](Self::out_dir) names, or else that of the package, with underscores.
    pub fn python_package(&mut self, name: impl Into<String>) -> &mut Self {
        self.python_package = Some(name.into());
        self
    }

    /// For [`export`](Self::export): the module of the crate that has the modules of the proto packages, such as `pb` for
    /// `acme_protos::pb::acme::shared`. The crate itself unless told otherwise.
    pub fn rust_module(&mut self, path: impl Into<String>) -> &mut Self {
        self.rust_module = Some(path.into());
        self
    }

    /// The .proto files that the package with this `links` exports, and those that it depends on, can be imported; what was
    /// generated from them is used and not generated again: prost-build, through `Config::prost`, gets an `extern_path` for each
    /// type, Python imports the exported Python package, as with [`extern_package`](Self::extern_package). The package must
    /// be one of `[dependencies]`; under which name does not matter.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), aristaproto_build::Error> {
    /// aristaproto_build::Config::new()
    ///     .depends_on("acme-protos")
    ///     .out_dir("python/acme_shop")
    ///     .compile_protos(&["proto"], &["proto"])
    /// # }
    /// ```
    pub fn depends_on(&mut self, links: impl Into<String>) -> &mut Self {
        self.depends_on.push(links.into());
        self
    }

    /// Whether to tell cargo on standard output which files and environment variables the result depends on. Unless
    /// told otherwise, a build script does and any other program does not.
    pub fn emit_cargo_directives(&mut self, emit: bool) -> &mut Self {
        self.emit_cargo_directives = Some(emit);
        self
    }

    /// Writes no Python; fails, with a diff, when the tree is not what the .proto files ask for. For a tree under version
    /// control, in CI. The environment variable `ARISTAPROTO_CHECK=1` does the same for a build script that does not call
    /// this.
    pub fn check(&mut self, check: bool) -> &mut Self {
        self.check = check;
        self
    }

    pub(crate) fn cargo(&self) -> Cargo {
        Cargo::new(
            self.emit_cargo_directives,
            manifest_folder(),
            self.held.clone(),
        )
    }

    /// Should the tree only be looked at?
    pub(crate) fn checks(&self) -> bool {
        self.check
            || env::var_os(CHECK_VARIABLE).is_some_and(|value| !value.is_empty() && value != "0")
    }
}

/// Set to 1, it turns every build into a check.
pub(crate) const CHECK_VARIABLE: &str = "ARISTAPROTO_CHECK";

fn read<T: Value>(key: &str, value: Option<&str>) -> Result<T, Diagnostic> {
    let allowed = T::WORDS.join(", ");
    let Some(word) = value else {
        return T::BARE.ok_or_else(|| diagnostics::option_without_value(key, allowed));
    };
    T::read(word).ok_or_else(|| {
        diagnostics::wrong_option_value(key, word, allowed)
            .maybe_hint(nearest(word, T::WORDS.iter().copied()))
    })
}

impl Diagnostic {
    fn maybe_hint(self, word: Option<&str>) -> Self {
        match word {
            Some(word) => self.hint(format!("did you mean `{word}`?")),
            None => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for word in ClientGeneration::WORDS {
            assert_eq!(
                ClientGeneration::from_str(word).map(|it| it.to_string()),
                Ok((*word).to_owned())
            );
        }
        assert_eq!(ServerGeneration::WORDS, ClientGeneration::WORDS);
        assert_eq!(Options::KEYS.len(), 8);
        assert_eq!(Options::REPEATED_KEYS, ["extern_package"]);
    }

    #[test]
    fn options_are_set_from_text() {
        let mut options = Options::default();
        options
            .set("client_generation", Some("sync_async"))
            .unwrap();
        options.set("pydantic_dataclasses", None).unwrap();
        options
            .set("server_async_transport", Some("grpcio"))
            .unwrap();
        assert_eq!(
            options,
            Options {
                client_generation: ClientGeneration::SyncAsync,
                pydantic_dataclasses: true,
                server_async_transport: AsyncTransport::Grpcio,
                ..Options::default()
            }
        );
    }

    #[test]
    fn wrong_options_name_the_nearest_right_one() {
        let mut options = Options::default();
        let mut report = |key, value| options.set(key, value).unwrap_err().to_string();
        assert_eq!(
            report("client_generatoin", Some("sync")),
            "there is no option `client_generatoin`; the options are: client_generation, client_async_transport, \
             server_generation, server_async_transport, pydantic_dataclasses, google_protobuf_descriptors, omit_empty_init_files, extern_package\n  \
             hint: did you mean `client_generation`?"
        );
        assert_eq!(
            report("server_generation", Some("asnyc")),
            "option `server_generation` cannot be `asnyc`; it is one of: none, sync, async, \
             sync_async, async_sync, sync_async_no_default\n  hint: did you mean `async`?"
        );
        assert_eq!(
            report("server_generation", None),
            "option `server_generation` needs a value\n  hint: write `server_generation=` and one of: none, sync, async, \
             sync_async, async_sync, sync_async_no_default"
        );
        assert_eq!(
            report("pydantic_dataclasses", Some("yes")),
            "option `pydantic_dataclasses` cannot be `yes`; it is one of: true, false"
        );
        assert_eq!(options, Options::default());
    }
}
