//! Which protobuf compiler reads the .proto files of a build: the one that the user named, or the first that there is.
//! `source::load` asks, and runs it.

use std::env;
use std::path::{Path, PathBuf};

use crate::cargo::{manifest_folder, Cargo};
use crate::config::{Config, FrontEnd};
use crate::diagnostics;
use crate::error::Error;

/// The front end that a build uses.
pub(super) enum Chosen {
    Protoc {
        path: PathBuf,
        named_by: &'static str,
    },
    #[cfg(feature = "protox")]
    Protox,
}

impl Chosen {
    /// Tells cargo what the choice hung on.
    pub fn watch(&self, cargo: &Cargo) {
        cargo.watch_variable("PROTOC");
        match self {
            Self::Protoc {
                named_by: VENDORED | PREBUILT,
                ..
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
const PREBUILT: &str = "prebuilt";
const PATH: &str = "on PATH";
const PATH_VARIABLE: &str = "PATH";

pub(super) fn choose(config: &Config) -> Result<Chosen, Error> {
    match &config.front_end {
        FrontEnd::Auto => automatic(),
        FrontEnd::Protoc(path) => explicit(path, "the setting `protoc`"),
        FrontEnd::VendoredProtoc => {
            vendored().ok_or_else(|| diagnostics::vendored_protoc_is_off().into())
        }
        FrontEnd::PrebuiltProtoc => prebuilt(),
        FrontEnd::Protox => protox_front_end().ok_or_else(|| diagnostics::protox_is_off().into()),
        FrontEnd::ProtocOnPath => on_path().ok_or_else(|| diagnostics::no_protoc_on_path().into()),
    }
}

fn automatic() -> Result<Chosen, Error> {
    if let Some(path) = env::var_os("PROTOC").filter(|path| !path.is_empty()) {
        return explicit(Path::new(&path), "PROTOC");
    }
    let prebuilt = || prebuilt().ok();
    let found = vendored().or_else(prebuilt);
    let found = found.or_else(protox_front_end).or_else(on_path);
    found.ok_or_else(|| diagnostics::no_compiler().into())
}

/// A protoc that the user named. A bare name is looked for on PATH, as a shell does.
fn explicit(path: &Path, named_by: &'static str) -> Result<Chosen, Error> {
    let found = if path.components().count() == 1 {
        find_on_path(path)
            .or_else(|| Some(manifest_folder().join(path)).filter(|path| path.is_file()))
    } else {
        Some(manifest_folder().join(path)).filter(|path| path.is_file())
    };
    let path = found.ok_or_else(|| diagnostics::protoc_missing(path.display(), named_by))?;
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

#[cfg(feature = "prebuilt-protoc")]
fn prebuilt() -> Result<Chosen, Error> {
    let path = protoc_bin_vendored::protoc_bin_path()
        .map_err(|error| diagnostics::protoc_cannot_run("the prebuilt protoc", error))?;
    let named_by = PREBUILT;
    Ok(Chosen::Protoc { path, named_by })
}

#[cfg(not(feature = "prebuilt-protoc"))]
fn prebuilt() -> Result<Chosen, Error> {
    Err(diagnostics::prebuilt_protoc_is_off().into())
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
