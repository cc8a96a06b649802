//! Python values, made and read without a detour. In: Rust values, or objects of exact types. Called by `decode`, `encode`
//! and the JSON codec.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::mem::MaybeUninit;
use std::ptr::{copy_nonoverlapping, null_mut};
use std::slice::from_raw_parts_mut;

use pyo3::exceptions::PyRecursionError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyList, PyString};

use crate::api::STACK_LEVELS;
use crate::json::text::Letters;

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

/// A string of these bytes.
///
/// # Errors
/// `UnicodeDecodeError` when they are no UTF-8.
#[inline]
pub fn string<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    if bytes.is_ascii() {
        return ascii(py, bytes);
    }
    if let Some(made) = wide(py, bytes)? {
        return Ok(made);
    }
    // SAFETY: a pointer to so many bytes.
    unsafe {
        let made =
            ffi::PyUnicode_DecodeUTF8(bytes.as_ptr().cast(), bytes.len().cast_signed(), null_mut());
        Bound::from_owned_ptr_or_err(py, made)
    }
}

/// A string of UTF-8 that is not all ASCII; `None` when it is none. Length and width are known before the string is made;
/// `CPython`'s own reader finds them out on the way.
fn wide<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Option<Bound<'py, PyAny>>> {
    // Every byte but those that continue a character, and the greatest, which begins the character that needs most room.
    let length: usize = bytes.iter().map(|&it| usize::from(it & 0xc0 != 0x80)).sum();
    let top = bytes.iter().copied().max().unwrap_or_default();
    let most = match top {
        ..0xc4 => 0xff,
        0xc4..0xf0 => 0xffff,
        _ => 0x10_ffff,
    };
    // SAFETY: the string was made just now for `length` characters up to `most`, which follow its head and are all written
    // before anybody else sees it: `fill` reads UTF-8, in which `length` characters begin, the greatest by `top`.
    unsafe {
        let made = ffi::PyUnicode_New(length.cast_signed(), most);
        let made = Bound::from_owned_ptr_or_err(py, made)?;
        let start = made.as_ptr().cast::<ffi::PyCompactUnicodeObject>().add(1);
        let done = match most {
            0xff => fill(from_raw_parts_mut(start.cast(), length), bytes, |it| {
                it as u8
            }),
            0xffff => fill(from_raw_parts_mut(start.cast(), length), bytes, |it| {
                it as u16
            }),
            _ => fill(from_raw_parts_mut(start.cast(), length), bytes, |it| it),
        };
        Ok(done.then_some(made))
    }
}

/// Writes the characters of UTF-8; false when it is none.
fn fill<T>(mut room: &mut [MaybeUninit<T>], mut bytes: &[u8], narrow: impl Fn(u32) -> T) -> bool {
    let next = |byte: u8| u32::from(byte & 0x3f);
    let continues = |byte: u8| byte & 0xc0 == 0x80;
    loop {
        let (character, rest) = match *bytes {
            [] => return room.is_empty(),
            [one @ ..0x80, ref rest @ ..] => (u32::from(one), rest),
            [one @ 0xc2..0xe0, two, ref rest @ ..] if continues(two) => {
                ((u32::from(one) & 0x1f) << 6 | next(two), rest)
            }
            [one @ 0xe0..0xf0, two, three, ref rest @ ..] if continues(two) && continues(three) => {
                let found = (u32::from(one) & 0xf) << 12 | next(two) << 6 | next(three);
                if found < 0x800 || (0xd800..0xe000).contains(&found) {
                    return false;
                }
                (found, rest)
            }
            [one @ 0xf0..0xf5, two, three, four, ref rest @ ..]
                if continues(two) && continues(three) && continues(four) =>
            {
                let found =
                    (u32::from(one) & 7) << 18 | next(two) << 12 | next(three) << 6 | next(four);
                if !(0x1_0000..0x11_0000).contains(&found) {
                    return false;
                }
                (found, rest)
            }
            _ => return false,
        };
        let Some((place, left)) = room.split_first_mut() else {
            return false;
        };
        place.write(narrow(character));
        (room, bytes) = (left, rest);
    }
}

#[inline]
fn ascii<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: the string was made just now for so many characters below 128, which follow its head.
    unsafe {
        let made = ffi::PyUnicode_New(bytes.len().cast_signed(), 127);
        if made.is_null() {
            return Err(PyErr::fetch(py));
        }
        if !bytes.is_empty() {
            let start = made.cast::<ffi::PyASCIIObject>().add(1).cast::<u8>();
            copy_nonoverlapping(bytes.as_ptr(), start, bytes.len());
        }
        Ok(Bound::from_owned_ptr(py, made))
    }
}

/// The letters of a string, as they lie in it.
#[inline]
pub fn letters<'a>(text: &'a Bound<'_, PyString>) -> Option<Letters<'a>> {
    // SAFETY: a string, which cannot change; its kind tells how wide the letters are that lie there.
    unsafe {
        let object = text.as_ptr();
        #[cfg(not(Py_3_12))]
        if ffi::PyUnicode_READY(object) < 0 {
            ffi::PyErr_Clear();
            return None;
        }
        let length = ffi::PyUnicode_GET_LENGTH(object).cast_unsigned();
        let start = ffi::PyUnicode_DATA(object).cast_const();
        Some(match ffi::PyUnicode_KIND(object) {
            ffi::PyUnicode_1BYTE_KIND => {
                let bytes = std::slice::from_raw_parts(start.cast::<u8>(), length);
                if ffi::PyUnicode_IS_ASCII(object) != 0 {
                    Letters::Ascii(bytes)
                } else {
                    Letters::Latin(bytes)
                }
            }
            ffi::PyUnicode_2BYTE_KIND => {
                Letters::Two(std::slice::from_raw_parts(start.cast(), length))
            }
            ffi::PyUnicode_4BYTE_KIND => {
                Letters::Four(std::slice::from_raw_parts(start.cast(), length))
            }
            _ => return None,
        })
    }
}

/// A string of these letters. `widest` has each bit that one of them has.
///
/// # Errors
/// `MemoryError`.
pub fn string_of_points<'py>(
    py: Python<'py>,
    points: &[u32],
    widest: u32,
) -> PyResult<Bound<'py, PyAny>> {
    // What is as wide as the bits of the letters is as wide as the widest letter: the limits are powers of two.
    let widest = widest.min(0x10_ffff);
    // SAFETY: the string was made just now for so many letters, each as wide as `widest` needs.
    unsafe {
        let made = ffi::PyUnicode_New(points.len().cast_signed(), widest);
        if made.is_null() {
            return Err(PyErr::fetch(py));
        }
        let start = ffi::PyUnicode_DATA(made);
        for (index, &point) in points.iter().enumerate() {
            match widest {
                0..=0xff => *start.cast::<u8>().add(index) = point as u8,
                0x100..=0xffff => *start.cast::<u16>().add(index) = point as u16,
                _ => *start.cast::<u32>().add(index) = point,
            }
        }
        Ok(Bound::from_owned_ptr(py, made))
    }
}

/// A string of ASCII.
///
/// # Errors
/// `MemoryError`, or `ValueError` when a byte is none.
pub fn ascii_string<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyString>> {
    if !bytes.is_ascii() {
        return Err(pyo3::exceptions::PyValueError::new_err("expected ASCII"));
    }
    Ok(ascii(py, bytes)?.cast_into()?)
}

/// The string of bytes that need not be UTF-8; what is none becomes surrogate escapes.
///
/// # Errors
/// `MemoryError`.
pub fn escaped_string<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: a pointer to so many bytes, and a C string.
    unsafe {
        let made = ffi::PyUnicode_DecodeUTF8(
            bytes.as_ptr().cast(),
            bytes.len().cast_signed(),
            c"surrogateescape".as_ptr(),
        );
        Bound::from_owned_ptr_or_err(py, made)
    }
}

/// What an int (or one of a subclass) holds.
pub enum Int {
    /// 64 bits with sign.
    Signed(i64),
    /// More than that, 64 bits without sign.
    Unsigned(u64),
    /// Neither.
    Huge,
    /// No int.
    Other,
}

/// Reads an int; runs no Python code.
#[inline]
pub fn int(value: &Bound<'_, PyAny>) -> Int {
    // SAFETY: the object's type was checked; the calls only read it, and an error is cleared.
    unsafe {
        if ffi::PyLong_Check(value.as_ptr()) == 0 {
            return Int::Other;
        }
        let mut overflow = 0;
        let found = ffi::PyLong_AsLongLongAndOverflow(value.as_ptr(), &raw mut overflow);
        if overflow == 0 {
            return Int::Signed(found);
        }
        if overflow > 0 {
            let found = ffi::PyLong_AsUnsignedLongLong(value.as_ptr());
            if found != u64::MAX || ffi::PyErr_Occurred().is_null() {
                return Int::Unsigned(found);
            }
            ffi::PyErr_Clear();
        }
        Int::Huge
    }
}

/// The number in a float (exact or of a subclass).
#[inline]
pub fn float(value: &Bound<'_, PyAny>) -> Option<f64> {
    value.cast::<PyFloat>().ok().map(PyFloatMethods::value)
}

/// The UTF-8 of a string; `None` when it has lone surrogates.
#[inline]
pub fn utf8<'a>(value: &'a Bound<'_, PyString>) -> Option<&'a [u8]> {
    value.to_str().ok().map(str::as_bytes)
}

/// The element of a list at an index, if there is one.
#[inline(always)]
pub fn item<'py>(list: &Bound<'py, PyList>, index: usize) -> Option<Bound<'py, PyAny>> {
    // SAFETY: the index is compared with the length.
    (index < list.len()).then(|| unsafe { list.get_item_unchecked(index) })
}

/// Calls `each` with the elements of a list by index, as long as it has so many: `each` may run code that changes it.
#[inline]
pub fn for_each<'py, E>(
    list: &Bound<'py, PyList>,
    mut each: impl FnMut(usize, Bound<'py, PyAny>) -> Result<(), E>,
) -> Result<(), E> {
    let mut index = 0;
    while index < list.len() {
        // SAFETY: the index was compared with the length just now; the element is held while `each` runs.
        let item = unsafe { list.get_item_unchecked(index) };
        each(index, item)?;
        index += 1;
    }
    Ok(())
}

/// The same, from the last to the first.
#[inline]
pub fn for_each_back<'py, E>(
    list: &Bound<'py, PyList>,
    mut each: impl FnMut(usize, Bound<'py, PyAny>) -> Result<(), E>,
) -> Result<(), E> {
    let mut index = list.len();
    while index > 0 {
        index = (index - 1).min(list.len().saturating_sub(1));
        if index >= list.len() {
            break;
        }
        // SAFETY: as above.
        let item = unsafe { list.get_item_unchecked(index) };
        each(index, item)?;
    }
    Ok(())
}

/// Whether nobody but the caller's container holds the object, so that it cannot be met a second time.
#[inline]
pub fn is_unshared(value: &Bound<'_, PyAny>) -> bool {
    // SAFETY: reads the count. Two: the container's reference and `value`.
    unsafe { ffi::Py_REFCNT(value.as_ptr()) <= 2 }
}

/// Whether the object is one of Python's own scalars, which cannot change: a str, int, float, bool or bytes.
#[inline]
pub fn is_exact_scalar(value: &Bound<'_, PyAny>) -> bool {
    value.is_exact_instance_of::<PyString>()
        || value.is_exact_instance_of::<PyInt>()
        || value.is_exact_instance_of::<PyFloat>()
        || value.is_exact_instance_of::<PyBool>()
        || value.is_exact_instance_of::<PyBytes>()
}

thread_local! {
    static LEVELS: Cell<u32> = const { Cell::new(0) };
}

/// Runs `work` one level of messages deeper. Python's own count is not enough: version 3.13 allows ten thousand calls
/// between C functions, which the stack of a thread does not hold.
///
/// # Errors
/// `RecursionError` instead of running out of stack; or those of `work`.
pub fn deeper<T>(py: Python<'_>, work: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    if LEVELS.get() >= STACK_LEVELS {
        return Err(PyRecursionError::new_err(format!(
            "expected at most {STACK_LEVELS} levels of messages, got more"
        )));
    }
    // SAFETY: attached to the interpreter; the level is left when `_level` goes.
    unsafe {
        if ffi::Py_EnterRecursiveCall(c" in a message".as_ptr()) != 0 {
            return Err(PyErr::fetch(py));
        }
    }
    LEVELS.set(LEVELS.get() + 1);
    let _level = Level;
    work()
}

/// A level that was entered; leaves it when it goes, even if `work` panics.
struct Level;

impl Drop for Level {
    fn drop(&mut self) {
        LEVELS.set(LEVELS.get() - 1);
        // SAFETY: it was entered, and the thread is still attached.
        unsafe { ffi::Py_LeaveRecursiveCall() };
    }
}

/// An int.
#[inline]
pub fn int_object(py: Python<'_>, number: i64) -> Bound<'_, PyAny> {
    let Ok(made) = number.into_pyobject(py);
    made.into_any()
}

/// An int that is not negative.
#[inline]
pub fn uint_object(py: Python<'_>, number: u64) -> Bound<'_, PyAny> {
    let Ok(made) = number.into_pyobject(py);
    made.into_any()
}
