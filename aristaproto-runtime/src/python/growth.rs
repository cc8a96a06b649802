//! Collections that grow with the input: where there is no memory for more, `MemoryError` instead of the end of the process.

use std::collections::HashSet;
use std::hash::Hash;

use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;

/// The error for memory that is not there, in place of the one that says so.
#[cold]
pub fn out_of_memory<E>(_: E) -> PyErr {
    PyMemoryError::new_err(())
}

/// Puts an item behind a list.
///
/// # Errors
/// `MemoryError`.
#[inline]
pub fn push<T>(list: &mut Vec<T>, item: T) -> PyResult<()> {
    list.try_reserve(1).map_err(out_of_memory)?;
    list.push(item);
    Ok(())
}

/// Puts bytes behind others.
///
/// # Errors
/// `MemoryError`.
#[inline]
pub fn append(bytes: &mut Vec<u8>, more: &[u8]) -> PyResult<()> {
    bytes.try_reserve(more.len()).map_err(out_of_memory)?;
    bytes.extend_from_slice(more);
    Ok(())
}

/// A list of what an iterator gives.
///
/// # Errors
/// The first that it gives, or `MemoryError`.
pub fn collect<T>(items: impl IntoIterator<Item = PyResult<T>>) -> PyResult<Vec<T>> {
    let items = items.into_iter();
    let mut all = Vec::new();
    all.try_reserve(items.size_hint().0)
        .map_err(out_of_memory)?;
    for item in items {
        push(&mut all, item?)?;
    }
    Ok(all)
}

/// Parts, one behind the other.
///
/// # Errors
/// `MemoryError`.
pub fn concat(parts: &[&[u8]]) -> PyResult<Vec<u8>> {
    let mut all = Vec::new();
    let length = parts.iter().map(|part| part.len()).sum();
    all.try_reserve_exact(length).map_err(out_of_memory)?;
    for part in parts {
        all.extend_from_slice(part);
    }
    Ok(all)
}

/// Puts an item into a set; gives whether it is new.
///
/// # Errors
/// `MemoryError`.
pub fn insert<T: Eq + Hash>(set: &mut HashSet<T>, item: T) -> PyResult<bool> {
    set.try_reserve(1).map_err(out_of_memory)?;
    Ok(set.insert(item))
}

/// A text of one's own.
///
/// # Errors
/// `MemoryError`.
pub fn owned(text: &str) -> PyResult<String> {
    let mut made = String::new();
    made.try_reserve_exact(text.len()).map_err(out_of_memory)?;
    made.push_str(text);
    Ok(made)
}
