//! Functions of `CPython` that `PyO3` does not have: strings from bytes, reference counts, context variables, recursion.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::ptr::{null, null_mut};

use pyo3::exceptions::{PyRecursionError, PyRuntimeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use super::stack::has_room;
use crate::wire::Malformed;

/// A string of UTF-8. `errors` names how bytes are decoded that are none: `surrogateescape`, or not at all.
///
/// # Errors
/// `UnicodeDecodeError`, or `MemoryError`.
#[inline]
pub fn decode_utf8<'py>(
    py: Python<'py>,
    bytes: &[u8],
    errors: Option<&'static CStr>,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: so many bytes are there; what it gives is a new reference, or null.
    unsafe {
        let made = ffi::PyUnicode_DecodeUTF8(
            bytes.as_ptr().cast(),
            bytes.len() as isize,
            errors.map_or(null(), CStr::as_ptr),
        );
        Bound::from_owned_ptr_or_err(py, made)
    }
}

/// An int.
///
/// # Errors
/// `MemoryError`.
#[inline]
pub fn int(py: Python<'_>, number: i64) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: what it gives is a new reference, or null.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyLong_FromLongLong(number)) }
}

/// An int that is not negative.
///
/// # Errors
/// `MemoryError`.
#[inline]
pub fn uint(py: Python<'_>, number: u64) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: as above.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyLong_FromUnsignedLongLong(number)) }
}

/// A float.
///
/// # Errors
/// `MemoryError`.
#[inline]
pub fn float(py: Python<'_>, number: f64) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: as above.
    unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyFloat_FromDouble(number)) }
}

/// An empty dict.
///
/// # Errors
/// `MemoryError`.
#[inline]
pub fn dict(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    // SAFETY: as above; it is a dict.
    unsafe { Ok(Bound::from_owned_ptr_or_err(py, ffi::PyDict_New())?.cast_into_unchecked()) }
}

/// A list of what an iterator gives, which knows how much that is.
///
/// # Errors
/// `MemoryError`, or the first that it gives.
#[inline]
pub fn list<'py>(
    py: Python<'py>,
    items: impl ExactSizeIterator<Item = PyResult<Bound<'py, PyAny>>>,
) -> PyResult<Bound<'py, PyList>> {
    let length = items.len() as isize;
    // SAFETY: as above; it is a list, with room for so many items, which nobody sees before all are there; one that lacks some
    // can be released. `SET_ITEM` takes the reference.
    unsafe {
        let made = Bound::from_owned_ptr_or_err(py, ffi::PyList_New(length))?;
        let mut at = 0;
        for item in items.take(length as usize) {
            ffi::PyList_SET_ITEM(made.as_ptr(), at, item?.into_ptr());
            at += 1;
        }
        if at < length {
            return Err(PyRuntimeError::new_err("a list is shorter than was said"));
        }
        Ok(made.cast_into_unchecked())
    }
}

/// An empty list.
///
/// # Errors
/// `MemoryError`.
#[inline]
pub fn empty_list(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    list(py, std::iter::empty())
}

/// How many references there are to an object.
#[inline]
pub fn references<T>(value: &Bound<'_, T>) -> isize {
    // SAFETY: an object.
    unsafe { ffi::Py_REFCNT(value.as_ptr()) }
}

/// The value of a context variable here and now, `default` if it has none.
///
/// # Errors
/// What Python raises for something that is no context variable.
pub fn context_value<'py>(
    variable: &Bound<'py, PyAny>,
    default: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let mut found = null_mut();
    // SAFETY: `found` is where the function stores an owned reference, or null.
    unsafe {
        if ffi::PyContextVar_Get(variable.as_ptr(), default.as_ptr(), &raw mut found) < 0 {
            return Err(PyErr::fetch(variable.py()));
        }
        Ok(Bound::from_owned_ptr(variable.py(), found))
    }
}

/// The error for more levels of messages than the stack of the thread holds.
#[cold]
pub fn stack_error() -> PyErr {
    PyRecursionError::new_err(Malformed::Stack.to_string())
}

/// A level of Python's own recursion that was entered; leaves it when it goes.
pub struct RecursionLevel<'py>(Python<'py>);

impl<'py> RecursionLevel<'py> {
    /// One level deeper.
    ///
    /// # Errors
    /// `RecursionError`.
    #[inline]
    pub fn enter(py: Python<'py>) -> PyResult<Self> {
        if !has_room() {
            return Err(stack_error());
        }
        // SAFETY: attached to the interpreter.
        if unsafe { ffi::Py_EnterRecursiveCall(c" in a message".as_ptr()) } != 0 {
            return Err(PyErr::fetch(py));
        }
        Ok(Self(py))
    }
}

impl Drop for RecursionLevel<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: it was entered, and the thread is still attached.
        unsafe { ffi::Py_LeaveRecursiveCall() };
    }
}
