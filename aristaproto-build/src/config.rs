//! Every option once. The two macros below turn one table into the enums, [`Options`], the setters of
//! [`Config`] and the "key=value" form; build.rs, `generate_python!` and the protoc plugin all read it.

use std::fmt;
use std::str::FromStr;

use crate::error::{nearest, Diagnostic, Kind};

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

    /// Which base classes for servers each service gets.
    ServerGeneration {
        /// No base classes.
        #[default]
        None = "none",
        /// A base class with asynchronous methods, `GreeterBase` for a service `Greeter`.
        Async = "async",
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

/// The table: each row gives a field of `Options`, a setter of `Config` and a key.
macro_rules! options {
    ($($(#[$doc:meta])* $key:ident: $type:ty,)+) => {
        /// The options that change what the generated text says. The three doors share them: `Config` has a setter
        /// for each, `generate_python!` and the protoc plugin take them by the same names and words.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Options {
            $($(#[$doc])* pub $key: $type,)+
        }

        impl Options {
            /// The names of all options.
            pub const KEYS: &'static [&'static str] = &[$(stringify!($key)),+];

            /// Sets one option from text: `set("client_generation", Some("async"))`. An on-off option may come
            /// without a value, which means on.
            ///
            /// # Errors
            ///
            /// A diagnostic that names the option, what was given, what is allowed and the nearest right word.
            pub fn set(&mut self, key: &str, value: Option<&str>) -> Result<(), Diagnostic> {
                match key {
                    $(stringify!($key) => self.$key = read(key, value)?,)+
                    _ => return Err(unknown_option(key, Self::KEYS)),
                }
                Ok(())
            }
        }

        impl Config {
            $(
                $(#[$doc])*
                pub fn $key(&mut self, value: $type) -> &mut Self {
                    self.options.$key = value;
                    self
                }
            )+
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
    /// `server_generation=none|async`.
    server_generation: ServerGeneration,
    /// The library under asynchronous servers; grpclib unless told otherwise. As text:
    /// `server_async_transport=grpclib|grpcio`.
    server_async_transport: AsyncTransport,
    /// Messages are pydantic dataclasses, which check types and ranges when they are made; off unless told otherwise.
    /// As text: `pydantic_dataclasses` or `pydantic_dataclasses=true|false`.
    pydantic_dataclasses: bool,
    /// Messages and enums carry the descriptors of google's `protobuf` package as `DESCRIPTOR`, for example for gRPC
    /// reflection; off unless told otherwise. As text: `google_protobuf_descriptors` or
    /// `google_protobuf_descriptors=true|false`.
    google_protobuf_descriptors: bool,
}

fn read<T: Value>(key: &str, value: Option<&str>) -> Result<T, Diagnostic> {
    let allowed = T::WORDS.join(", ");
    let Some(word) = value else {
        return T::BARE.ok_or_else(|| {
            Diagnostic::new(format!("option `{key}` needs a value"))
                .hint(format!("write `{key}=` and one of: {allowed}"))
                .kind(Kind::Option)
        });
    };
    T::read(word).ok_or_else(|| {
        Diagnostic::new(format!(
            "option `{key}` cannot be `{word}`; it is one of: {allowed}"
        ))
        .maybe_hint(nearest(word, T::WORDS.iter().copied()))
        .kind(Kind::Option)
    })
}

/// How to generate: the builder behind [`compile_protos`](crate::compile_protos).
#[derive(Debug, Default)]
pub struct Config {
    pub(crate) options: Options,
}

impl Config {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// The diagnostic for an option that does not exist; `keys` are those that do.
pub(crate) fn unknown_option(key: &str, keys: &[&str]) -> Diagnostic {
    Diagnostic::new(format!(
        "there is no option `{key}`; the options are: {}",
        keys.join(", ")
    ))
    .maybe_hint(nearest(key, keys.iter().copied()))
    .kind(Kind::Option)
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
        assert_eq!(Options::KEYS.len(), 6);
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
             server_generation, server_async_transport, pydantic_dataclasses, google_protobuf_descriptors\n  \
             hint: did you mean `client_generation`?"
        );
        assert_eq!(
            report("server_generation", Some("asnyc")),
            "option `server_generation` cannot be `asnyc`; it is one of: none, async\n  hint: did you mean `async`?"
        );
        assert_eq!(
            report("server_generation", None),
            "option `server_generation` needs a value\n  hint: write `server_generation=` and one of: none, async"
        );
        assert_eq!(
            report("pydantic_dataclasses", Some("yes")),
            "option `pydantic_dataclasses` cannot be `yes`; it is one of: true, false"
        );
        assert_eq!(options, Options::default());
    }
}
