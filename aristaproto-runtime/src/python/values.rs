//! Python values of exact types, made and read without a detour.

use std::cell::Cell;

use pyo3::exceptions::PyRecursionError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use super::borrowed::{is_scalar, peek};
use super::growth::out_of_memory;
use super::int::Long;
use super::limits::STACK_LEVELS;
use crate::python::cpython;
use crate::wire::Kind;

/// A string of these bytes.
///
/// # Errors
/// `UnicodeDecodeError` when they are no UTF-8, or `MemoryError`.
#[inline]
pub fn string<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    cpython::decode_utf8(py, bytes, None)
}

/// The string of bytes that need not be UTF-8; what is none becomes surrogate escapes.
///
/// # Errors
/// `MemoryError`.
pub fn escaped_string<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    cpython::decode_utf8(py, bytes, Some(c"surrogateescape"))
}

/// The number of up to 64 bits in an int, or in an object of a subclass; runs no Python code.
#[inline]
pub fn long(value: &Bound<'_, PyAny>) -> Option<Long> {
    peek(value, |value| value.int()?.value())
}

/// The number in an int, or in a member of an enum, if it has 32 bits.
#[inline]
pub fn small_int(value: &Bound<'_, PyAny>) -> Option<i32> {
    long(value)?
        .of_kind(Kind::Int32)
        .map(|number| number as i32)
}

/// A bytes object.
///
/// # Errors
/// `MemoryError`.
pub fn new_bytes<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, bytes.len(), |room| {
        room.copy_from_slice(bytes);
        Ok(())
    })
}

/// The element of a list at an index, if there is one.
#[inline]
pub fn item<'py>(list: &Bound<'py, PyList>, index: usize) -> Option<Bound<'py, PyAny>> {
    // What is raised beyond its end would have to be made.
    (index < list.len()).then(|| list.get_item(index).ok())?
}

/// Calls `each` with the elements of a list by index, as long as it has so many: `each` may run code that changes it.
#[inline]
pub fn for_each<'py, E>(
    list: &Bound<'py, PyList>,
    mut each: impl FnMut(usize, Bound<'py, PyAny>) -> Result<(), E>,
) -> Result<(), E> {
    let mut index = 0;
    while let Some(item) = item(list, index) {
        each(index, item)?;
        index += 1;
    }
    Ok(())
}

/// The same, from the last to the first.
#[inline]
pub fn for_each_back<'py, E>(
    list: &Bound<'py, PyList>,
    mut each: impl FnMut(Bound<'py, PyAny>) -> Result<(), E>,
) -> Result<(), E> {
    let mut index = list.len();
    while index > 0 {
        index = (index - 1).min(list.len().saturating_sub(1));
        let Some(item) = item(list, index) else {
            break;
        };
        each(item)?;
    }
    Ok(())
}

/// Whether nobody but the caller's container holds the object, so that it cannot be met a second time.
#[inline]
pub fn is_unshared(value: &Bound<'_, PyAny>) -> bool {
    // Two: the container's reference and `value`.
    cpython::references(value) <= 2
}

/// Whether the object is one of Python's own scalars; see `is_scalar`.
#[inline]
pub fn is_exact_scalar(value: &Bound<'_, PyAny>) -> bool {
    peek(value, is_scalar)
}

/// Counts the values that a walk passes, so that a long one answers Ctrl-C.
#[derive(Default)]
pub struct Pulse(u16);

impl Pulse {
    /// So many values are passed between two looks.
    const VALUES: u16 = 4096;

    /// Counts one value; gives whether it was time to look for a signal once more.
    ///
    /// # Errors
    /// What the handler of a signal raises, such as `KeyboardInterrupt`.
    #[inline]
    pub fn is_due(&mut self, py: Python<'_>) -> PyResult<bool> {
        self.0 = (self.0 + 1) % Self::VALUES;
        if self.0 == 0 {
            py.check_signals()?;
        }
        Ok(self.0 == 0)
    }
}

thread_local! {
    static LEVELS: Cell<u32> = const { Cell::new(0) };
}

/// Runs `work` one level of messages deeper. Python's own count is not enough: version 3.13 allows ten thousand calls
/// between C functions, which the stack of a thread does not hold.
///
/// # Errors
/// `RecursionError` instead of running out of stack; or those of `work`.
#[inline]
pub fn deeper<T>(py: Python<'_>, work: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    if LEVELS.get() >= STACK_LEVELS {
        return Err(PyRecursionError::new_err(format!(
            "expected at most {STACK_LEVELS} levels of messages, got more"
        )));
    }
    let _of_python = cpython::RecursionLevel::enter(py)?;
    LEVELS.set(LEVELS.get() + 1);
    let _level = StackLevel;
    work()
}

/// A level that was entered; leaves it when it goes, even if `work` panics.
struct StackLevel;

impl Drop for StackLevel {
    fn drop(&mut self) {
        LEVELS.set(LEVELS.get() - 1);
    }
}

/// What an iterable gives, in a list.
///
/// # Errors
/// What Python raises while it gives it.
pub fn list_of<'py>(iterable: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
    let list = cpython::empty_list(iterable.py())?;
    for item in iterable.try_iter()? {
        list.append(item?)?;
    }
    Ok(list)
}

/// Keys and values.
pub type Pairs<'py> = Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>;

/// Keys and values of a dict, in its order; the references keep them while code runs that changes the dict.
///
/// # Errors
/// `MemoryError`.
pub fn entries<'py>(dict: &Bound<'py, PyDict>) -> PyResult<Pairs<'py>> {
    let mut found = Vec::new();
    found.try_reserve_exact(dict.len()).map_err(out_of_memory)?;
    found.extend(dict);
    Ok(found)
}
