//! Tells the linker of macOS that an extension module finds Python's functions when it is loaded, and rustc which version of
//! Python the module is for (`cfg(Py_3_12)`): objects lie in memory differently.

fn main() {
    pyo3_build_config::add_extension_module_link_args();
    pyo3_build_config::use_pyo3_cfgs();
}
