//! How the value of a field stands in its message, and for what.

use std::rc::Rc;

use pyo3::prelude::*;

use crate::memory::layout::Offset;

/// How a field's value stands for a message of its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapped {
    /// The value is the message.
    No,
    /// A `datetime` for a Timestamp.
    Timestamp,
    /// A `timedelta` for a Duration.
    Duration,
    /// A scalar for one of the wrappers.
    Scalar,
    /// What the class' `to_wrapped` gives.
    Other,
}

/// Where the value of a field is.
#[derive(Clone, Debug)]
pub enum Storage {
    /// In a slot of the message.
    Slot(Offset),
    /// Under this `Extension` in the dict of the slot `_extensions`.
    Extension(Rc<Py<PyAny>>),
    /// In a map entry.
    Entry,
}
