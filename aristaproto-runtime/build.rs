//! Tells the linker of macOS that an extension module finds Python's functions when it is loaded, and rustc which version of
//! Python the module is for: `cfg(Py_3_12)`, and `cfg(documented_api)` where the layout of ints is not known, or where the
//! environment variable `ARISTAPROTO_DOCUMENTED_API` asks to do without.

/// The newest `CPython` whose layout of ints was checked against its sources.
const KNOWN_LAYOUT: u8 = 15;

use pyo3_build_config::{BuildFlag, PythonImplementation};

fn main() {
    let python = pyo3_build_config::get();
    if python.build_flags().0.contains(&BuildFlag::Py_GIL_DISABLED)
        || python.implementation() != PythonImplementation::CPython
    {
        // The build of the Python package does not come here; see build_backend/backend.py.
        println!("cargo:error=the codec needs CPython with its global interpreter lock");
        std::process::exit(1);
    }
    pyo3_build_config::add_extension_module_link_args();
    pyo3_build_config::use_pyo3_cfgs();
    println!("cargo::rustc-check-cfg=cfg(documented_api)");
    println!("cargo::rerun-if-env-changed=ARISTAPROTO_DOCUMENTED_API");
    let asked = std::env::var_os("ARISTAPROTO_DOCUMENTED_API").is_some();
    if asked || pyo3_build_config::get().version().minor > KNOWN_LAYOUT {
        println!("cargo::rustc-cfg=documented_api");
    }
    wrap_calls(python.version().minor);
}

/// Links calls of functions that may run Python code to those of `python/attached.rs`, where a thread that may not go on stays. Of
/// the C libraries that unwind the stack of a thread which ends, this is the one that is tested.
fn wrap_calls(minor: u8) {
    println!("cargo::rustc-check-cfg=cfg(wrapped_calls)");
    println!("cargo::rerun-if-changed=src/python/attached.rs");
    println!("cargo::rerun-if-changed=build.rs");
    let target = |name| std::env::var(name).unwrap_or_default();
    if minor >= 14
        || target("CARGO_CFG_TARGET_OS") != "linux"
        || target("CARGO_CFG_TARGET_ENV") != "gnu"
    {
        return;
    }
    println!("cargo::rustc-cfg=wrapped_calls");
    let mut since = 0;
    for line in include_str!("src/python/attached.rs")
        .lines()
        .map(str::trim)
    {
        let name = line
            .strip_prefix("fn ")
            .and_then(|line| line.split_once('('));
        if let Some(version) = line.strip_prefix("#[cfg(Py_3_") {
            since = version.trim_end_matches(")]").parse().unwrap_or_default();
        } else if let Some((name, _)) =
            name.filter(|(name, _)| name.trim_start_matches('_').starts_with("Py"))
        {
            if minor >= since {
                // One that nobody else calls is to be known to the linker, too.
                println!("cargo::rustc-link-arg-cdylib=-Wl,--undefined={name},--wrap={name}");
            }
            since = 0;
        }
    }
}
