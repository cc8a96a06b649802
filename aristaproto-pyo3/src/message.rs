//! Messages across the border, as their wire bytes. In: an object of the class, or a message of prost. Out: the other one.

use std::ops::{Deref, DerefMut};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use aristaproto_classes::PythonMessage;
use prost::Message;

use crate::class;

/// A message of prost that Python sees as one of its class: an argument or a result of a `PyO3` function, or part of one
/// (`Option`, `Vec`, maps, tuples, fields of classes).
///
/// As an argument it takes an object of the class or of one below it; another one is a `TypeError` that names both classes with
/// their modules. What the object's `bytes` raises (a field with a value that it cannot carry) goes to the caller.
///
/// As a result it is a new object; [`Enum`](crate::Enum) is the same for enums. Fields that the Rust type does not know are not
/// in it: see the [crate](crate#unknown-fields).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Msg<T>(pub T);

impl<T> Msg<T> {
    /// The message.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Msg<T> {
    fn from(message: T) -> Self {
        Self(message)
    }
}

impl<T> Deref for Msg<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Msg<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<'py, T: PythonMessage + Message + Default> FromPyObject<'_, 'py> for Msg<T> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        class::require(object, T::class())?;
        let py = object.py();
        let bytes = object.call_method0(intern!(py, "__bytes__"))?;
        let bytes = bytes.cast::<PyBytes>()?;
        match T::decode(bytes.as_bytes()) {
            Ok(message) => Ok(Self(message)),
            Err(error) => Err(unreadable(py, &error.to_string())),
        }
    }
}

/// Bytes that the class wrote and prost refuses: too deep, or another version of the proto files.
#[cold]
fn unreadable(py: Python<'_>, reason: &str) -> PyErr {
    let raised = || {
        let error = py.import("aristaproto")?.getattr("DecodeError")?;
        PyResult::Ok(PyErr::from_value(error.call1((reason,))?))
    };
    raised().unwrap_or_else(|error| error)
}

impl<'py, T: PythonMessage + Message> IntoPyObject<'py> for Msg<T> {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        (&self).into_pyobject(py)
    }
}

impl<'py, T: PythonMessage + Message> IntoPyObject<'py> for &Msg<T> {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let bytes = PyBytes::new(py, &self.0.encode_to_vec());
        let found = class::find(py, T::class())?;
        found.from_wire.bind(py).call1((bytes,))
    }
}
