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
}
