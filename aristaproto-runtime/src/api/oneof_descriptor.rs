//! The descriptors of oneofs: `message.payload` is the name and the value of the member that is set, or None.

use pyo3::exceptions::{PyAttributeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};
use pyo3::{PyTraverseError, PyVisit};

use crate::api::field_descriptor;
use crate::binary::decoder::read_besides_numbers;
use crate::memory::slot::SlotOf;
use crate::message::header::Message;
use crate::python::arguments::{caught, Invoke};

// The descriptor of a oneof: reads the slots of its members. Not documented as others are: before version 3.11, Python would put that
// text in the place of the attribute `__doc__`.
#[allow(missing_docs)]
#[pyclass(module = "aristaproto._native", frozen)]
pub struct OneofSlot {
    /// The slots of the members, and their names in Python.
    members: Vec<(SlotOf, Py<PyAny>)>,
    /// Sets the oneof of a message.
    set: Py<PyAny>,
    /// Its name in the proto file.
    #[pyo3(get)]
    oneof: Py<PyAny>,
    #[pyo3(get, name = "__doc__")]
    documentation: Py<PyAny>,
}

impl OneofSlot {
    /// The pair of the member that is set, or None.
    ///
    /// # Errors
    /// `TypeError` for an object of another class; `MemoryError`.
    pub fn read<'py>(&self, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = object.py();
        for (slot, name) in &self.members {
            let (message, slot) = Message::with_slot(slot, object).ok_or_else(|| {
                let (oneof, class) = (self.oneof.bind(py), object.get_type());
                PyTypeError::new_err(format!("{class} has no oneof {oneof}"))
            })?;
            if slot.is_empty() && message.is_pending() {
                read_besides_numbers(message)?;
            }
            if let Some(value) = slot.get(py).filter(|held| !held.is_none()) {
                return Ok(PyTuple::new(py, [name.bind(py), &value])?.into_any());
            }
        }
        Ok(py.None().into_bound(py))
    }
}

// The interpreter calls `message_type::get_oneof` instead of `__get__`, except by this name.
#[pymethods]
impl OneofSlot {
    fn __get__<'py>(
        own: &Bound<'py, Self>,
        object: Option<&Bound<'py, PyAny>>,
        _class: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match object {
            Some(object) => own.get().read(object),
            None => Ok(own.clone().into_any()),
        }
    }

    fn __set__(&self, object: &Bound<'_, PyAny>, pair: &Bound<'_, PyAny>) -> PyResult<()> {
        self.set.bind(object.py()).invoke((object, pair)).map(drop)
    }

    #[allow(clippy::unused_self)] // A method, as `__set__` is.
    fn __delete__(&self, _object: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(PyAttributeError::new_err(
            "a oneof cannot be deleted; None clears it",
        ))
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        format!("<oneof {}>", self.oneof.bind(py))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        for (slot, _) in &self.members {
            visit.call(&**slot.owner())?;
        }
        visit.call(&self.set)
    }
}

/// A descriptor for a oneof of a class: its name in the proto file, the names of its members in Python, a function that sets it, and
/// what `help` says of it.
///
/// # Errors
/// `TypeError` when a member is no field of the class.
#[pyfunction]
pub fn oneof_slot(
    class: &Bound<'_, PyType>,
    oneof: Py<PyAny>,
    members: Vec<Bound<'_, PyAny>>,
    set: Py<PyAny>,
    documentation: Py<PyAny>,
) -> PyResult<OneofSlot> {
    caught(|| {
        let members = members.into_iter().map(|name| {
            let descriptor = class.as_any().getattr(name.str()?)?;
            let (offset, owner) = field_descriptor::find(class, &descriptor)?;
            Ok((SlotOf::new(&owner, offset)?, name.unbind()))
        });
        Ok(OneofSlot {
            members: members.collect::<PyResult<_>>()?,
            set,
            oneof,
            documentation,
        })
    })
}
