//! Tells the linker of macOS that an extension module finds Python's functions when it is loaded, and rustc which version of
//! Python the module is for (`cfg(Py_3_12)`): objects lie in memory differently.

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
}
