//! Python values, made and read without a detour. In: Rust values, or objects of exact types. Called by `decode`, `encode`
//! and the JSON codec.

use std::cell::Cell;
use std::ffi::CStr;

use pyo3::exceptions::{PyRecursionError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyList, PyString};

use crate::api::STACK_LEVELS;
use crate::int::Long;
use crate::raw;
pub use crate::raw::context_value;
use crate::raw::{new_text, Characters, Room};
use crate::shape::Kind;

/// A string of these bytes.
///
/// # Errors
/// `UnicodeDecodeError` when they are no UTF-8.
#[inline]
pub fn string<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    decoded(py, bytes, None)
}

#[inline(always)]
fn decoded<'py>(
    py: Python<'py>,
    bytes: &[u8],
    errors: Option<&CStr>,
) -> PyResult<Bound<'py, PyAny>> {
    if let Some(made) = raw::ascii(py, bytes)? {
        return Ok(made);
    }
    if let Some(made) = wide(py, bytes)? {
        return Ok(made);
    }
    let bytes = PyBytes::new(py, bytes);
    PyString::from_encoded_object(&bytes, None, errors).map(Bound::into_any)
}

/// A string of UTF-8 that is not all ASCII; `None` when it is none. Length and width are known before the string is made;
/// `CPython`'s own reader finds them out on the way.
fn wide<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Option<Bound<'py, PyAny>>> {
    // Every byte but those that continue a character, and the greatest, which begins the character that needs most room.
    // Few enough at a time that 8 bits tell their number.
    let count = |few: &[u8]| -> u8 { few.iter().map(|&it| u8::from(it & 0xc0 != 0x80)).sum() };
    let length = bytes.chunks(255).map(|few| usize::from(count(few))).sum();
    let most = match bytes.iter().copied().max().unwrap_or_default() {
        ..0x80 => return Ok(None),
        0x80..0xc4 => 0xff,
        0xc4..0xf0 => 0xffff,
        _ => 0x10_ffff,
    };
    new_text(py, length, most, |room| match room {
        Characters::One(room) => fill(room, bytes, |it| it as u8).map(Characters::One),
        Characters::Two(room) => fill(room, bytes, |it| it as u16).map(Characters::Two),
        Characters::Four(room) => fill(room, bytes, |it| it).map(Characters::Four),
    })
}

/// Puts the characters of UTF-8, as wide as `narrow` leaves them; `None` when it cannot.
fn fill<'a, T: Copy + Ord>(
    mut room: Room<'a, T>,
    mut bytes: &[u8],
    narrow: impl Fn(u32) -> T,
) -> Option<Room<'a, T>> {
    let next = |byte: u8| u32::from(byte & 0x3f);
    let continues = |byte: u8| byte & 0xc0 == 0x80;
    loop {
        let (character, rest) = match *bytes {
            [] => return Some(room),
            [one @ ..0x80, ref rest @ ..] => (u32::from(one), rest),
            [one @ 0xc2..0xe0, two, ref rest @ ..] if continues(two) => {
                ((u32::from(one) & 0x1f) << 6 | next(two), rest)
            }
            [one @ 0xe0..0xf0, two, three, ref rest @ ..] if continues(two) && continues(three) => {
                let found = (u32::from(one) & 0xf) << 12 | next(two) << 6 | next(three);
                if found < 0x800 || (0xd800..0xe000).contains(&found) {
                    return None;
                }
                (found, rest)
            }
            [one @ 0xf0..0xf5, two, three, four, ref rest @ ..]
                if continues(two) && continues(three) && continues(four) =>
            {
                let found =
                    (u32::from(one) & 7) << 18 | next(two) << 12 | next(three) << 6 | next(four);
                if !(0x1_0000..0x11_0000).contains(&found) {
                    return None;
                }
                (found, rest)
            }
            _ => return None,
        };
        room = room.put(narrow(character))?;
        bytes = rest;
    }
}

/// A string of ASCII.
///
/// # Errors
/// `MemoryError`, or `ValueError` when a byte is none.
pub fn ascii_string<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyString>> {
    let made = raw::ascii(py, bytes)?;
    let made = made.ok_or_else(|| PyValueError::new_err("expected ASCII"))?;
    Ok(made.cast_into()?)
}

/// The string of bytes that need not be UTF-8; what is none becomes surrogate escapes.
///
/// # Errors
/// `MemoryError`.
pub fn escaped_string<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    decoded(py, bytes, Some(c"surrogateescape"))
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

/// The number of up to 64 bits in an int; runs no Python code.
#[inline]
pub fn long(value: &Bound<'_, PyAny>) -> Option<Long> {
    raw::int(value)?.value()
}

/// Reads an int; runs no Python code.
#[inline]
pub fn int(value: &Bound<'_, PyAny>) -> Int {
    let Some(int) = raw::int(value) else {
        return Int::Other;
    };
    match int.value() {
        Some(long) => long
            .of_kind(Kind::Int64)
            .map(|it| Int::Signed(it.cast_signed()))
            .or_else(|| long.of_kind(Kind::UInt64).map(Int::Unsigned))
            .unwrap_or(Int::Huge),
        None => Int::Huge,
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
    mut each: impl FnMut(usize, Bound<'py, PyAny>) -> Result<(), E>,
) -> Result<(), E> {
    let mut index = list.len();
    while index > 0 {
        index = (index - 1).min(list.len().saturating_sub(1));
        let Some(item) = item(list, index) else {
            break;
        };
        each(index, item)?;
    }
    Ok(())
}

/// Whether nobody but the caller's container holds the object, so that it cannot be met a second time.
#[inline]
pub fn is_unshared(value: &Bound<'_, PyAny>) -> bool {
    // Two: the container's reference and `value`.
    raw::references(value) <= 2
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
#[inline(always)]
pub fn deeper<T>(py: Python<'_>, work: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    if LEVELS.get() >= STACK_LEVELS {
        return Err(PyRecursionError::new_err(format!(
            "expected at most {STACK_LEVELS} levels of messages, got more"
        )));
    }
    let _of_python = raw::Level::enter(py)?;
    LEVELS.set(LEVELS.get() + 1);
    let _level = Level;
    work()
}

/// A level that was entered; leaves it when it goes, even if `work` panics.
struct Level;

impl Drop for Level {
    fn drop(&mut self) {
        LEVELS.set(LEVELS.get() - 1);
    }
}

/// What an iterable gives, in a list.
///
/// # Errors
/// What Python raises while it gives it.
pub fn list_of<'py>(iterable: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(iterable.py());
    for item in iterable.try_iter()? {
        list.append(item?)?;
    }
    Ok(list)
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
