//! What is left to the plain codec in Python.

use pyo3::exceptions::PyRecursionError;
use pyo3::prelude::*;
use pyo3::{CastError, CastIntoError};

use super::arguments::Invoke;
use crate::wire::Malformed;

/// Why writing stopped, or reading of JSON.
pub enum Stop {
    /// What is wrong, or what only the plain codec knows to do: it does it, or says what is wrong.
    Fallback,
    /// Python code raised. In a box: what is large makes each outcome slow to hand back.
    Python(Box<PyErr>),
}

/// What Python code raised; for a `RecursionError`, the error that the plain codec raises for it, too.
#[cold]
pub fn raised(py: Python<'_>, error: PyErr, class: &Py<PyAny>) -> PyErr {
    if !error.is_instance_of::<PyRecursionError>(py) {
        return error;
    }
    let made = class.bind(py).invoke((Malformed::Stack.to_string(),));
    made.map_or_else(|error| error, PyErr::from_value)
}

impl From<PyErr> for Stop {
    fn from(error: PyErr) -> Self {
        Self::Python(Box::new(error))
    }
}

/// A value of another type than is usual is for the plain codec.
impl From<CastError<'_, '_>> for Stop {
    fn from(_: CastError<'_, '_>) -> Self {
        Self::Fallback
    }
}

impl From<CastIntoError<'_>> for Stop {
    fn from(_: CastIntoError<'_>) -> Self {
        Self::Fallback
    }
}

/// Something, or why there is none.
pub type Outcome<T = ()> = Result<T, Stop>;
