//! What is left to the plain codec in Python.

use pyo3::prelude::*;

/// Why writing stopped, or reading of JSON.
pub enum Stop {
    /// What is wrong, or what only the plain codec knows to do: it does it, or says what is wrong.
    Fallback,
    /// Python code raised. In a box: what is large makes each outcome slow to hand back.
    Python(Box<PyErr>),
}

impl From<PyErr> for Stop {
    fn from(error: PyErr) -> Self {
        Self::Python(Box::new(error))
    }
}

/// Something, or why there is none.
pub type Outcome<T = ()> = Result<T, Stop>;
