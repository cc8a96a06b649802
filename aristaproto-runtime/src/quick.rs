//! Values of Python's own types, written without a reference count and without running Python code.
//!
//! In: a slot, a list or a dict. Out: wire bytes in the buffer; or nothing, when a value is of another type or out of range,
//! for which `encode` has a way that may call Python. The pointers that are read here stay valid because the interpreter's
//! lock is held and nothing in between gives it up or releases an object.
#![allow(unsafe_code)]

use std::ptr::null_mut;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::object::Area;
use crate::plan::Step;
use crate::shape::{FieldShape, Kind};
use crate::wire::{zigzag, Buffer};

/// What became of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quick {
    /// It is in the buffer.
    Written,
    /// There is nothing to write: the slot is empty, or holds None or the zero of its type.
    Nothing,
    /// It is for the slow way.
    Slow,
}

impl Area<'_> {
    /// Writes the scalar in a slot with its tag. With `presence`, zero is written, too.
    #[inline(always)]
    pub fn write_scalar(self, step: &Step, presence: bool, out: &mut Buffer) -> Quick {
        // SAFETY: a slot holds null or an object; see the module.
        unsafe {
            let value = *self.pointer(step.offset);
            if value.is_null() || presence && value == ffi::Py_None() {
                return Quick::Nothing;
            }
            let done = scalar(value, step.kind, !presence, out);
            if done == Quick::Written {
                out.key(step.key);
            }
            done
        }
    }
}

/// Writes the elements of a list of scalars: packed, if `packed`, or each with its tag. False when it cannot, and nothing was
/// written.
#[inline]
pub fn write_list(
    list: &Bound<'_, PyList>,
    shape: &FieldShape,
    packed: bool,
    out: &mut Buffer,
) -> bool {
    let before = out.len();
    // SAFETY: the list keeps its elements; see the module.
    unsafe {
        let list = list.as_ptr();
        let mut index = ffi::PyList_GET_SIZE(list);
        while index > 0 {
            index -= 1;
            let item = ffi::PyList_GET_ITEM(list, index);
            if scalar(item, shape.kind, false, out) != Quick::Written {
                out.forget(before);
                return false;
            }
            if !packed {
                out.key(shape.key);
            }
        }
    }
    if packed {
        out.varint((out.len() - before) as u64);
        out.key(shape.packed_key);
    }
    true
}

/// Writes the entries of a dict of scalars. False when it cannot, and nothing was written.
pub fn write_map(
    dict: &Bound<'_, PyDict>,
    shapes: &(FieldShape, FieldShape),
    shape: &FieldShape,
    out: &mut Buffer,
) -> bool {
    let before = out.len();
    // Entries are met from the first to the last and written from the last to the first.
    let mut few = [(null_mut(), null_mut()); 16];
    let mut many: Vec<(*mut ffi::PyObject, *mut ffi::PyObject)> = Vec::new();
    let mut count = 0;
    // SAFETY: the dict keeps its keys and values; see the module.
    unsafe {
        let (mut position, mut key, mut value) = (0, null_mut(), null_mut());
        while ffi::PyDict_Next(
            dict.as_ptr(),
            &raw mut position,
            &raw mut key,
            &raw mut value,
        ) != 0
        {
            match few.get_mut(count) {
                Some(entry) => *entry = (key, value),
                None => many.push((key, value)),
            }
            count += 1;
        }
        let first = few.iter().take(count);
        for &(key, value) in first.chain(&many).rev() {
            let start = out.len();
            if scalar(value, shapes.1.kind, false, out) == Quick::Written {
                out.key(shapes.1.key);
                if scalar(key, shapes.0.kind, false, out) == Quick::Written {
                    out.key(shapes.0.key);
                    out.varint((out.len() - start) as u64);
                    out.key(shape.key);
                    continue;
                }
            }
            out.forget(before);
            return false;
        }
    }
    true
}

/// Keys and values of a dict, in its order; the references keep them while code runs that changes the dict.
pub fn entries<'py>(dict: &Bound<'py, PyDict>) -> Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let mut pairs = Vec::with_capacity(dict.len());
    let py = dict.py();
    // SAFETY: the dict keeps its keys and values until they have references of their own; see the module.
    unsafe {
        let (mut position, mut key, mut value) = (0, null_mut(), null_mut());
        while ffi::PyDict_Next(
            dict.as_ptr(),
            &raw mut position,
            &raw mut key,
            &raw mut value,
        ) != 0
        {
            let pair = (
                Bound::from_borrowed_ptr(py, key),
                Bound::from_borrowed_ptr(py, value),
            );
            pairs.push(pair);
        }
    }
    pairs
}

/// Writes one scalar with its tag; false when it cannot, and nothing was written.
#[inline]
pub fn write_value(value: &Bound<'_, PyAny>, shape: &FieldShape, out: &mut Buffer) -> bool {
    // SAFETY: an object; see the module.
    let done = unsafe { scalar(value.as_ptr(), shape.kind, false, out) };
    if done == Quick::Written {
        out.key(shape.key);
    }
    done == Quick::Written
}

/// Writes a scalar without its tag.
///
/// Safety: `value` is an object.
#[inline(always)]
unsafe fn scalar(
    value: *mut ffi::PyObject,
    kind: Kind,
    skip_zero: bool,
    out: &mut Buffer,
) -> Quick {
    // SAFETY: each function is called for an object of the type that it is for; none runs Python code.
    unsafe {
        match kind {
            Kind::String => {
                if ffi::Py_TYPE(value) != &raw mut ffi::PyUnicode_Type {
                    return Quick::Slow;
                }
                if ffi::PyUnicode_IS_COMPACT_ASCII(value) != 0 {
                    let start = value.cast::<ffi::PyASCIIObject>().add(1).cast::<u8>();
                    let length = ffi::PyUnicode_GET_LENGTH(value).cast_unsigned();
                    return bytes(start, length, skip_zero, out);
                }
                let mut length = 0;
                let start = ffi::PyUnicode_AsUTF8AndSize(value, &raw mut length);
                if start.is_null() {
                    ffi::PyErr_Clear();
                    return Quick::Slow;
                }
                bytes(start.cast(), length.cast_unsigned(), skip_zero, out)
            }
            Kind::Bytes => {
                if ffi::Py_TYPE(value) != &raw mut ffi::PyBytes_Type {
                    return Quick::Slow;
                }
                let length = ffi::PyBytes_Size(value).cast_unsigned();
                bytes(ffi::PyBytes_AS_STRING(value).cast(), length, skip_zero, out)
            }
            Kind::Double => match float(value) {
                Some(number) if skip_zero && number.to_bits() == 0 => Quick::Nothing,
                Some(number) => {
                    out.put_array(number.to_le_bytes());
                    Quick::Written
                }
                None => Quick::Slow,
            },
            Kind::Float => match float(value) {
                Some(wide) => {
                    let number = wide as f32;
                    if number.is_infinite() && wide.is_finite() {
                        return Quick::Slow;
                    }
                    if skip_zero && number.to_bits() == 0 {
                        return Quick::Nothing;
                    }
                    out.put_array(number.to_le_bytes());
                    Quick::Written
                }
                None => Quick::Slow,
            },
            Kind::Bool => {
                if value == ffi::Py_True() {
                    out.varint(1);
                    Quick::Written
                } else if value != ffi::Py_False() {
                    Quick::Slow
                } else if skip_zero {
                    Quick::Nothing
                } else {
                    out.varint(0);
                    Quick::Written
                }
            }
            Kind::Group | Kind::Message => Quick::Slow,
            _ => {
                if ffi::PyLong_Check(value) == 0 {
                    return Quick::Slow;
                }
                match long(value) {
                    Some(number) => int(number, kind, skip_zero, out),
                    None => Quick::Slow,
                }
            }
        }
    }
}

/// The number in an int, if it has 64 bits.
///
/// Safety: `value` is an int.
#[inline(always)]
unsafe fn long(value: *mut ffi::PyObject) -> Option<i64> {
    // The start of CPython's `PyLongObject`, for ints of one digit (30 bits).
    #[cfg(Py_3_12)]
    #[repr(C)]
    struct Small {
        head: ffi::PyObject,
        /// Number of digits times eight, plus the sign: 0, 1 for zero, 2 for minus.
        tag: usize,
        digit: u32,
    }
    #[cfg(not(Py_3_12))]
    #[repr(C)]
    struct Small {
        head: ffi::PyVarObject,
        digit: u32,
    }
    // SAFETY: every int has room for one digit; the type was compared.
    unsafe {
        let small = value.cast::<Small>();
        #[cfg(Py_3_12)]
        if (*small).tag < 16 {
            let sign = 1 - ((*small).tag & 3) as i64;
            return Some(sign * i64::from((*small).digit));
        }
        #[cfg(not(Py_3_12))]
        match (*small).head.ob_size {
            0 => return Some(0),
            1 => return Some(i64::from((*small).digit)),
            -1 => return Some(-i64::from((*small).digit)),
            _ => {}
        }
        let mut overflow = 0;
        let number = ffi::PyLong_AsLongLongAndOverflow(value, &raw mut overflow);
        (overflow == 0).then_some(number)
    }
}

#[inline(always)]
unsafe fn bytes(start: *const u8, length: usize, skip_zero: bool, out: &mut Buffer) -> Quick {
    if skip_zero && length == 0 {
        return Quick::Nothing;
    }
    // SAFETY: the caller passes the memory of an object that is alive.
    out.put(unsafe { std::slice::from_raw_parts(start, length) });
    out.varint(length as u64);
    Quick::Written
}

#[inline(always)]
unsafe fn float(value: *mut ffi::PyObject) -> Option<f64> {
    // SAFETY: the type was compared.
    unsafe {
        (ffi::Py_TYPE(value) == &raw mut ffi::PyFloat_Type).then(|| ffi::PyFloat_AS_DOUBLE(value))
    }
}

#[inline(always)]
fn int(number: i64, kind: Kind, skip_zero: bool, out: &mut Buffer) -> Quick {
    if skip_zero && number == 0 {
        return Quick::Nothing;
    }
    let fits = match kind {
        Kind::Int32 | Kind::Enum | Kind::SInt32 | Kind::SFixed32 => i32::try_from(number).is_ok(),
        Kind::UInt32 | Kind::Fixed32 => u32::try_from(number).is_ok(),
        Kind::UInt64 | Kind::Fixed64 => number >= 0,
        _ => true,
    };
    if !fits {
        return Quick::Slow;
    }
    match kind {
        Kind::SInt32 | Kind::SInt64 => out.varint(zigzag(number)),
        Kind::Fixed32 | Kind::SFixed32 => {
            out.put_array((number.cast_unsigned() as u32).to_le_bytes());
        }
        Kind::Fixed64 | Kind::SFixed64 => out.put_array(number.to_le_bytes()),
        _ => out.varint(number.cast_unsigned()),
    }
    Quick::Written
}

/// Whether all elements of a list are scalars of Python's own types, which cannot change.
pub fn all_scalars(list: &Bound<'_, PyList>) -> bool {
    // SAFETY: the list keeps its elements; see the module.
    unsafe {
        let list = list.as_ptr();
        (0..ffi::PyList_GET_SIZE(list)).all(|index| {
            let class = ffi::Py_TYPE(ffi::PyList_GET_ITEM(list, index));
            class == &raw mut ffi::PyUnicode_Type
                || class == &raw mut ffi::PyLong_Type
                || class == &raw mut ffi::PyFloat_Type
                || class == &raw mut ffi::PyBytes_Type
                || class == &raw mut ffi::PyBool_Type
        })
    }
}

/// Whether two values are equal, if they are scalars of Python's own types or lists or dicts of them; nan equals nan. `None`
/// when something else decides.
#[inline]
pub fn same(a: &Bound<'_, PyAny>, b: &Bound<'_, PyAny>) -> Option<bool> {
    // SAFETY: two objects; see the module.
    unsafe { same_value(a.as_ptr(), b.as_ptr()) }
}

#[inline]
unsafe fn same_value(a: *mut ffi::PyObject, b: *mut ffi::PyObject) -> Option<bool> {
    // SAFETY: as `same`.
    unsafe {
        if let Some(found) = same_scalar(a, b) {
            return Some(found);
        }
        let class = ffi::Py_TYPE(a);
        if class != ffi::Py_TYPE(b) {
            return None;
        }
        if class == &raw mut ffi::PyList_Type {
            let count = ffi::PyList_GET_SIZE(a);
            if count != ffi::PyList_GET_SIZE(b) {
                return Some(false);
            }
            for index in 0..count {
                if !same_scalar(
                    ffi::PyList_GET_ITEM(a, index),
                    ffi::PyList_GET_ITEM(b, index),
                )? {
                    return Some(false);
                }
            }
            return Some(true);
        }
        if class == &raw mut ffi::PyDict_Type {
            if ffi::PyDict_Size(a) != ffi::PyDict_Size(b) {
                return Some(false);
            }
            // Looking up a key could run the code of one that has the same hash, in either dict.
            if !(hash_plainly(a) && hash_plainly(b)) {
                return None;
            }
            let (mut position, mut key, mut value) = (0, null_mut(), null_mut());
            while ffi::PyDict_Next(a, &raw mut position, &raw mut key, &raw mut value) != 0 {
                let other = ffi::PyDict_GetItemWithError(b, key);
                if other.is_null() {
                    if !ffi::PyErr_Occurred().is_null() {
                        ffi::PyErr_Clear();
                        return None;
                    }
                    return Some(false);
                }
                if !same_scalar(value, other)? {
                    return Some(false);
                }
            }
            return Some(true);
        }
        None
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
            return Some(
                ffi::PyUnicode_GET_LENGTH(a) == ffi::PyUnicode_GET_LENGTH(b)
                    && ffi::PyUnicode_Compare(a, b) == 0,
            );
        }
        if class == &raw mut ffi::PyLong_Type {
            return match (long(a), long(b)) {
                (Some(number), Some(other)) => Some(number == other),
                (None, None) => None,
                _ => Some(false),
            };
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
                let length = ffi::PyBytes_Size(it).cast_unsigned();
                std::slice::from_raw_parts(ffi::PyBytes_AS_STRING(it).cast::<u8>(), length)
            };
            return Some(view(a) == view(b));
        }
        // True and False are two objects.
        (class == &raw mut ffi::PyBool_Type).then_some(false)
    }
}
