//! Message classes in the pool of their tree.
#![allow(unsafe_code)]

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyType};
use pyo3::{ffi, intern};

use crate::python::arguments::caught;
use crate::python::values;

/// Adds classes to a pool and tells each its full name and the pool. Gives what is no class made in Python, with its full name.
///
/// # Errors
/// What adding to a dict raises.
#[pyfunction]
pub fn register<'py>(
    pool: &Bound<'py, PyAny>,
    known: &Bound<'py, PyDict>,
    prefix: &str,
    types: &Bound<'py, PyDict>,
) -> PyResult<Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>> {
    caught(|| {
        let py = pool.py();
        let mut rest = Vec::new();
        for (name, value) in values::entries(types)? {
            let full_name = PyString::new(
                py,
                &format!("{prefix}{}", name.cast::<PyString>()?.to_str()?),
            );
            let told = match value.cast::<PyType>() {
                Ok(class) => {
                    let name = (intern!(py, "__proto_name__"), full_name.as_any());
                    add_to_class(class, [name, (intern!(py, "__pool__"), pool)])?
                }
                Err(_) => false,
            };
            if told {
                known.set_item(full_name, value)?;
            } else {
                rest.push((full_name.into_any(), value));
            }
        }
        Ok(rest)
    })
}

/// Puts names that are no special methods' into the dict of a class that was made in Python; false for another one.
///
/// # Errors
/// What adding to a dict raises.
pub fn add_to_class<const N: usize>(
    class: &Bound<'_, PyType>,
    entries: [(&Bound<'_, PyString>, &Bound<'_, PyAny>); N],
) -> PyResult<bool> {
    let py = class.py();
    // SAFETY: the dict of a heap type may be changed as long as the type is told of it.
    unsafe {
        let own = class.as_type_ptr();
        if (*own).tp_flags & ffi::Py_TPFLAGS_HEAPTYPE == 0 {
            return Ok(false);
        }
        let dict = Bound::from_borrowed_ptr(py, (*own).tp_dict).cast_into_unchecked::<PyDict>();
        let done = entries
            .iter()
            .try_for_each(|(name, value)| dict.set_item(name, value));
        ffi::PyType_Modified(own);
        done.map(|()| true)
    }
}
