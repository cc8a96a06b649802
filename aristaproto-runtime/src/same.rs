//! Values compared without a reference count and without running Python code, and lists copied.
//!
//! In: slots, or values that Python code gave. Out: whether they are equal, or that something else decides. Called by
//! `compare`. As in `quick`, pointers stay valid because nothing gives up the interpreter's lock or releases an object.
#![allow(unsafe_code)]

use std::ptr::null_mut;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::object::{Area, Offset};
use crate::quick::{fetch, items, same_long, AHEAD};

/// Two values, the one of which is to be compared with the other.
pub type Pair<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>);

/// Whether what two messages of a class have in a slot is equal. `None` when something else decides: a value is of another
/// type, or one slot is empty.
#[inline(always)]
pub fn same_slot(mine: Area<'_>, theirs: Area<'_>, offset: Offset) -> Option<bool> {
    // SAFETY: a slot holds null or an object; see the module.
    unsafe {
        let (a, b) = (*mine.pointer(offset), *theirs.pointer(offset));
        if a == b {
            Some(true)
        } else if a.is_null() || b.is_null() {
            None
        } else {
            same_value(a, b)
        }
    }
}

/// Whether two values are equal, if they are scalars of Python's own types or lists of them; nan equals nan. `None` when
/// something else decides.
#[inline]
pub fn same(a: &Bound<'_, PyAny>, b: &Bound<'_, PyAny>) -> Option<bool> {
    // SAFETY: two objects; see the module.
    unsafe { same_value(a.as_ptr(), b.as_ptr()) }
}

/// Whether two dicts are equal, but for the values in `rest`, which something else compares. `None` when a key has code of
/// its own.
pub fn same_dict<'py>(
    a: &Bound<'py, PyDict>,
    b: &Bound<'py, PyDict>,
    rest: &mut Vec<Pair<'py>>,
) -> Option<bool> {
    if a.len() != b.len() {
        return Some(false);
    }
    let py = a.py();
    let (a, b) = (a.as_ptr(), b.as_ptr());
    // SAFETY: the dicts keep their keys and values until those in `rest` have references of their own; see the module.
    unsafe {
        let mut plain = None;
        let (mut at, mut key, mut value) = (0, null_mut(), null_mut());
        let (mut other_at, mut other_key, mut other) = (0, null_mut(), null_mut());
        while ffi::PyDict_Next(a, &raw mut at, &raw mut key, &raw mut value) != 0 {
            let more =
                ffi::PyDict_Next(b, &raw mut other_at, &raw mut other_key, &raw mut other) != 0;
            // Most dicts that are equal have their keys in one order.
            if !more || same_scalar(key, other_key) != Some(true) {
                // Looking up a key could run the code of one that has the same hash, in either dict.
                if !*plain.get_or_insert_with(|| hash_plainly(a) && hash_plainly(b)) {
                    return None;
                }
                other = ffi::PyDict_GetItemWithError(b, key);
                if other.is_null() {
                    if ffi::PyErr_Occurred().is_null() {
                        return Some(false);
                    }
                    ffi::PyErr_Clear();
                    return None;
                }
            }
            match same_scalar(value, other) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => rest.push((
                    Bound::from_borrowed_ptr(py, value),
                    Bound::from_borrowed_ptr(py, other),
                )),
            }
        }
        Some(true)
    }
}

/// Whether no key of a dict has code of its own for hash and equality.
unsafe fn hash_plainly(dict: *mut ffi::PyObject) -> bool {
    // SAFETY: the caller passes a dict.
    unsafe {
        let (mut position, mut key) = (0, null_mut());
        while ffi::PyDict_Next(dict, &raw mut position, &raw mut key, null_mut()) != 0 {
            let class = ffi::Py_TYPE(key);
            if class != &raw mut ffi::PyUnicode_Type
                && class != &raw mut ffi::PyLong_Type
                && class != &raw mut ffi::PyBool_Type
            {
                return false;
            }
        }
        true
    }
}

#[inline(always)]
unsafe fn same_value(a: *mut ffi::PyObject, b: *mut ffi::PyObject) -> Option<bool> {
    // SAFETY: the caller passes objects; the items of a list are read as far as both have some.
    unsafe {
        let class = ffi::Py_TYPE(a);
        if class != &raw mut ffi::PyList_Type || class != ffi::Py_TYPE(b) {
            return same_scalar(a, b);
        }
        let (mine, theirs) = (items(a), items(b));
        if mine.len() != theirs.len() {
            return Some(false);
        }
        for (index, (&one, &other)) in mine.iter().zip(theirs).enumerate() {
            if let (Some(&one), Some(&other)) = (mine.get(index + AHEAD), theirs.get(index + AHEAD))
            {
                fetch(one);
                fetch(other);
            }
            if !same_scalar(one, other)? {
                return Some(false);
            }
        }
        Some(true)
    }
}

#[inline(always)]
unsafe fn same_scalar(a: *mut ffi::PyObject, b: *mut ffi::PyObject) -> Option<bool> {
    // SAFETY: each function is called for objects of the type that it is for; none runs Python code.
    unsafe {
        if a == b {
            return Some(true);
        }
        let class = ffi::Py_TYPE(a);
        if class != ffi::Py_TYPE(b) {
            return None;
        }
        if class == &raw mut ffi::PyUnicode_Type {
            return Some(same_text(a, b));
        }
        if class == &raw mut ffi::PyLong_Type {
            return same_long(a, b);
        }
        if class == &raw mut ffi::PyFloat_Type {
            let (a, b) = (ffi::PyFloat_AS_DOUBLE(a), ffi::PyFloat_AS_DOUBLE(b));
            return Some(
                a.partial_cmp(&b).is_some_and(std::cmp::Ordering::is_eq)
                    || a.is_nan() && b.is_nan(),
            );
        }
        if class == &raw mut ffi::PyBytes_Type {
            let view = |it| {
                let length = ffi::Py_SIZE(it).cast_unsigned();
                std::slice::from_raw_parts(ffi::PyBytes_AS_STRING(it).cast::<u8>(), length)
            };
            return Some(view(a) == view(b));
        }
        // True and False are two objects.
        (class == &raw mut ffi::PyBool_Type).then_some(false)
    }
}

/// Safety: both are exact strings.
#[inline(always)]
unsafe fn same_text(a: *mut ffi::PyObject, b: *mut ffi::PyObject) -> bool {
    // SAFETY: the characters of a string lie in memory one after the other.
    unsafe {
        // A string has the narrowest characters that can tell it, so that equal ones have equal bytes.
        let kind = ffi::PyUnicode_KIND(a);
        let other_kind = ffi::PyUnicode_KIND(b);
        if kind == 0 || other_kind == 0 {
            // Before Python 3.12, strings of old extensions may not be in that form yet.
            return ffi::PyUnicode_Compare(a, b) == 0;
        }
        if kind != other_kind {
            return false;
        }
        let length = ffi::PyUnicode_GET_LENGTH(a);
        if length != ffi::PyUnicode_GET_LENGTH(b) {
            return false;
        }
        let length = length.cast_unsigned() * kind as usize;
        let view = |it| std::slice::from_raw_parts(ffi::PyUnicode_DATA(it).cast::<u8>(), length);
        view(a) == view(b)
    }
}

/// Lets an empty slot hold what another message's holds, if that is a scalar of Python's own types. False when it is
/// something else, and nothing was done.
#[inline(always)]
pub fn share_scalar(from: Area<'_>, to: Area<'_>, offset: Offset) -> bool {
    // SAFETY: a slot holds null or an object, of which the other slot owns a reference of its own.
    unsafe {
        let value = *from.pointer(offset);
        if value.is_null() {
            return true;
        }
        if !is_scalar(value) || !(*to.pointer(offset)).is_null() {
            return false;
        }
        *to.pointer(offset) = ffi::Py_NewRef(value);
        true
    }
}

/// Whether all elements of a list are scalars of Python's own types, which cannot change.
pub fn all_scalars(list: &Bound<'_, PyList>) -> bool {
    // SAFETY: the list keeps its elements; see the module.
    unsafe {
        let list = list.as_ptr();
        (0..ffi::PyList_GET_SIZE(list)).all(|index| is_scalar(ffi::PyList_GET_ITEM(list, index)))
    }
}

/// Safety: `value` is an object.
#[inline(always)]
unsafe fn is_scalar(value: *mut ffi::PyObject) -> bool {
    // SAFETY: the caller's.
    unsafe {
        let class = ffi::Py_TYPE(value);
        class == &raw mut ffi::PyUnicode_Type
            || class == &raw mut ffi::PyLong_Type
            || class == &raw mut ffi::PyFloat_Type
            || class == &raw mut ffi::PyBytes_Type
            || class == &raw mut ffi::PyBool_Type
            || value == ffi::Py_None()
    }
}
