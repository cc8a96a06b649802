//! Functions of `CPython` that `PyO3` does not have: strings from bytes, reference counts, context variables, recursion.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::ptr::{null, null_mut};

use pyo3::exceptions::PyRecursionError;
use pyo3::ffi;
use pyo3::prelude::*;

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
