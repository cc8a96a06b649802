//! What the integration tests beside `src` share: the folder of the workspace, the Python that they run, expected texts.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The Rust of the guide that is marked `no_run` is compiled as doctests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/monorepos.md")]
mod monorepos {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/start.md")]
mod start {}

#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/build-scripts.md")]
mod build_scripts {}

/// The folder of the workspace.
#[must_use]
pub fn workspace() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// The protoc of the front end `prebuilt-protoc`.
///
/// # Panics
/// When there is none for this machine.
#[must_use]
pub fn protoc() -> PathBuf {
    protoc_bin_vendored::protoc_bin_path().unwrap_or_else(|error| panic!("{error}"))
}

/// The folder of the .proto files that come with it.
///
/// # Panics
/// When there is none for this machine.
#[must_use]
pub fn include() -> PathBuf {
    protoc_bin_vendored::include_path().unwrap_or_else(|error| panic!("{error}"))
}

/// The Python that has the runtime and the checkers: `ARISTAPROTO_PYTHON`, or the environment that `cargo xtask test`
/// makes in `target/venv`.
#[must_use]
pub fn python() -> PathBuf {
    std::env::var_os("ARISTAPROTO_PYTHON")
        .map_or_else(|| workspace().join("target/venv/bin/python"), PathBuf::from)
}

/// The plugin, built the way the documentation says: without any front end.
///
/// # Panics
/// When cargo cannot build it.
#[must_use]
pub fn plugin_program() -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--package", "aristaproto-build"])
        .args(["--no-default-features", "--bin"])
        .args(["protoc-gen-python_aristaproto", "--message-format", "json"])
        .current_dir(workspace())
        .output()
        .unwrap_or_else(|error| panic!("cannot start cargo: {error}"));
    let messages = String::from_utf8_lossy(&output.stdout);
    let program = messages
        .rsplit_once("\"executable\":\"")
        .and_then(|(_, rest)| rest.split('"').next());
    PathBuf::from(program.unwrap_or_else(|| {
        panic!(
            "cargo did not build the plugin: {}",
            String::from_utf8_lossy(&output.stderr)
        )
    }))
}

/// Runs [`python`] in `folder` with `arguments`; gives its standard output.
///
/// # Panics
/// When Python cannot start or ends with an error; the message holds what it printed.
#[must_use]
pub fn run_python<I, S>(folder: &Path, arguments: I) -> String
where
    I: IntoIterator<Item = S>,
    S: AsRef<std::ffi::OsStr>,
{
    let python = python();
    let output = Command::new(&python)
        .args(arguments)
        .current_dir(folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap_or_else(|error| {
            panic!(
                "cannot start {}: {error}; `cargo xtask test python` makes the environment",
                python.display()
            )
        });
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "Python ended with {}\n{stdout}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    stdout
}

/// Whether this run writes expected texts anew instead of comparing (`cargo xtask bless`).
#[must_use]
pub fn is_blessing() -> bool {
    std::env::var_os("ARISTAPROTO_BLESS").is_some()
}

/// Compares `text` with the file at `path`, or writes it there.
///
/// # Panics
/// When they differ.
pub fn assert_golden(path: &Path, text: &str) {
    if is_blessing() {
        if let Err(error) = std::fs::write(path, text) {
            panic!("cannot write {}: {error}", path.display());
        }
        return;
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        text == expected,
        "{} differs; `cargo xtask bless` accepts the new text:\n{text}",
        path.display()
    );
}
