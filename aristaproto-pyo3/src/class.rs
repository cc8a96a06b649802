//! The Python class of a Rust type. In: module and name. Out: the class, imported when it is first needed, and what is said of
//! an object of another one. `message` and `enumeration` call it.

use aristaproto_classes::Class;
use pyo3::exceptions::{PyImportError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

/// A class, and what is called of it.
pub(crate) struct Found {
    pub class: Py<PyType>,
    /// The bound method `parse` of a message, or the class itself: to look for the method takes as long as to parse a small message.
    pub from_wire: Py<PyAny>,
}

/// The class itself.
///
/// # Errors
///
/// `ImportError` if the module cannot be imported or has no such class.
pub(crate) fn find(py: Python<'_>, class: &'static Class) -> PyResult<&'static Found> {
    let known = || class.found.get()?.downcast_ref::<Found>();
    if let Some(found) = known() {
        return Ok(found);
    }
    let found = import(py, class)?;
    // Another thread may have been quicker: importing lets others run.
    let _ = class.found.set(Box::new(found));
    known().ok_or_else(|| {
        PyImportError::new_err("two versions of aristaproto-pyo3 are part of this extension module")
    })
}

#[cold]
fn import(py: Python<'_>, class: &Class) -> PyResult<Found> {
    let found = || {
        let found = py.import(class.module)?.getattr(class.name)?;
        let from_wire = found.getattr_opt("parse")?.unwrap_or_else(|| found.clone());
        PyResult::Ok(Found {
            class: found.cast_into::<PyType>()?.unbind(),
            from_wire: from_wire.unbind(),
        })
    };
    found().map_err(|error| {
        let told = PyImportError::new_err(format!(
            "there is no class {class}: {error}; the build script names the Python package with `Config::pyo3`"
        ));
        told.set_cause(py, Some(error));
        told
    })
}

/// Refuses an `object` that is not of the class or of one below it.
pub(crate) fn require(object: Borrowed<'_, '_, PyAny>, class: &'static Class) -> PyResult<()> {
    let found = find(object.py(), class)?.class.bind(object.py());
    let given = object.get_type();
    if given.is(found) || given.is_subclass(found)? {
        Ok(())
    } else {
        Err(refuse(class, &given))
    }
}

#[cold]
fn refuse(class: &Class, given: &Bound<'_, PyType>) -> PyErr {
    let name = full_name(given);
    let hint = if name == class.to_string() {
        " of the same name: the module was imported twice"
    } else {
        ""
    };
    PyTypeError::new_err(format!("expected {class}, got {name}{hint}"))
}

/// A class as a reader knows it: builtins without their module.
fn full_name(class: &Bound<'_, PyType>) -> String {
    let name = class.qualname();
    let name = name
        .as_ref()
        .map(|it: &Bound<'_, PyString>| it.to_string_lossy());
    let name = name.unwrap_or_default();
    match class.module() {
        Ok(module) if module != "builtins" => format!("{}.{name}", module.to_string_lossy()),
        _ => name.into_owned(),
    }
}
