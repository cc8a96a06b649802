//! A Python in this program, with the codec in Rust as its `aristaproto._native`. Called by the targets that need one.

use std::ffi::CString;
use std::sync::OnceLock;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyModule};

use ::_native::_native;

static CHECK: OnceLock<Py<PyAny>> = OnceLock::new();

/// Calls the function `check` of a harness with the input; an exception ends the program.
pub fn run(harness: &str, input: &[u8]) {
    Python::attach(|py| {
        let check =
            CHECK.get_or_init(|| load(py, harness).unwrap_or_else(|error| fail(py, &error)));
        if let Err(error) = check.bind(py).call1((PyBytes::new(py, input),)) {
            fail(py, &error);
        }
    });
}

fn load(py: Python<'_>, harness: &str) -> PyResult<Py<PyAny>> {
    let environment = py.import("os")?.getattr("environ")?;
    environment.set_item("ARISTAPROTO_IMPLEMENTATION", "native")?;
    let sys = py.import("sys")?;
    sys.getattr("path")?.call_method1(
        "insert",
        (0, concat!(env!("CARGO_MANIFEST_DIR"), "/../python")),
    )?;
    let modules: Bound<'_, PyDict> = sys.getattr("modules")?.cast_into()?;
    modules.set_item("aristaproto._native", pyo3::wrap_pymodule!(_native)(py))?;
    let classes = CString::new(include_str!("classes.py"))?;
    PyModule::from_code(py, &classes, c"classes.py", c"classes")?;
    let source = CString::new(harness)?;
    let module = PyModule::from_code(py, &source, c"harness.py", c"harness")?;
    Ok(module.getattr("check")?.unbind())
}

fn fail(py: Python<'_>, error: &PyErr) -> ! {
    error.print(py);
    panic!("the harness raised");
}
