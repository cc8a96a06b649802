//! Message classes in the pool of their tree.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyType};

use crate::calls::add_to_class;

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
    let py = pool.py();
    let mut rest = Vec::new();
    for (name, value) in crate::value::entries(types) {
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
}
