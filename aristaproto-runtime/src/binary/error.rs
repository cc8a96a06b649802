//! What is wrong with wire bytes, and where: the path is collected element by element on the way out, and becomes a
//! `DecodeError`.

use pyo3::exceptions::{PyRuntimeError, PyUnicodeDecodeError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::python::arguments::Invoke;
use crate::python::imports::api;
use crate::python::limits::{Limits, STACK_LEVELS};
use crate::schema::message::Field;
use crate::wire::{check_utf8, Malformed};

/// One element of the path to what is wrong.
pub enum PathElement {
    /// Into a field.
    Name(Py<PyString>),
    /// To an element of a list.
    Index(usize),
    /// To a value of a map.
    Key(Py<PyAny>),
}

/// What is wrong.
pub enum Cause {
    /// The bytes are wrong.
    Malformed(Malformed),
    /// Python code raised.
    Python(PyErr),
    /// There is a message set, which the plain codec reads, and with it all around it.
    MessageSet,
}

/// What is wrong, and where: the innermost element comes first.
pub struct Failure {
    /// What.
    pub cause: Cause,
    path: Vec<PathElement>,
}

/// A value, or what is wrong and where, which is rare and large: in a box, it does not slow down what is right.
pub type DecodeResult<T> = Result<T, Box<Failure>>;

impl From<Malformed> for Box<Failure> {
    #[cold]
    fn from(found: Malformed) -> Self {
        Failure::of(Cause::Malformed(found))
    }
}

impl From<PyErr> for Box<Failure> {
    #[cold]
    fn from(error: PyErr) -> Self {
        Failure::of(Cause::Python(error))
    }
}

impl Failure {
    /// That is all that is wrong, here.
    pub fn of(cause: Cause) -> Box<Self> {
        Box::new(Self {
            cause,
            path: Vec::new(),
        })
    }

    /// The same, seen from one level above.
    #[cold]
    pub fn at(mut self: Box<Self>, element: PathElement) -> Box<Self> {
        self.path.push(element);
        self
    }

    /// The same, seen from the message with the field.
    #[cold]
    pub fn in_field(self: Box<Self>, py: Python<'_>, field: &Field) -> Box<Self> {
        self.at(PathElement::Name(field.name.clone_ref(py)))
    }

    /// The exception for it.
    pub fn into_error(self, py: Python<'_>, limits: Limits) -> PyErr {
        let found = match self.cause {
            Cause::Malformed(found) => found,
            // A MemoryError, or what a user's class raised.
            Cause::Python(error) => return error,
            Cause::MessageSet => {
                return PyRuntimeError::new_err("a message set was met where there can be none")
            }
        };
        let text = match found {
            Malformed::Deep if limits.depth > u64::from(STACK_LEVELS) => {
                Malformed::Stack.to_string()
            }
            Malformed::Deep => format!(
                "expected at most {} levels of messages, got more \
                 (`aristaproto.limits(depth=...)` changes it)",
                limits.depth
            ),
            Malformed::Many => format!(
                "expected at most {} messages, got more \
                 (`aristaproto.limits(messages=...)` changes it)",
                limits.messages
            ),
            other => other.to_string(),
        };
        let raised = || -> PyResult<Bound<'_, PyAny>> {
            let error = api(py)?.decode_error.bind(py).invoke((text,))?;
            for element in &self.path {
                match element {
                    PathElement::Name(name) => error.call_method1("at", (name,))?,
                    PathElement::Index(index) => error.call_method1("at", (index,))?,
                    PathElement::Key(key) => error.call_method1("at_key", (key,))?,
                };
            }
            Ok(error)
        };
        raised().map_or_else(|error| error, PyErr::from_value)
    }
}

/// What is wrong with the bytes of a string that Python could not make.
#[cold]
pub fn not_utf8(py: Python<'_>, error: PyErr, bytes: &[u8]) -> Box<Failure> {
    if error.is_instance_of::<PyUnicodeDecodeError>(py) {
        if let Err(found) = check_utf8(bytes) {
            return found.into();
        }
    }
    error.into()
}
