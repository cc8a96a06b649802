//! Values of Python's own types, written without a reference count and without running Python code.
//!
//! In: a slot, a list or a dict. Out: wire bytes in the buffer; or nothing, when a value is of another type or out of range,
//! for which `encode` has a way that may call Python. The pointers that are read here stay valid because the interpreter's
//! lock is held and nothing in between gives it up or releases an object.
//!
//! `EXACT` asks for more: a value is only written if reading its bytes gives one of the same type and value. An int that
//! is no exact one (a bool, an enum's member) and a float that loses digits in 32 bits are then for `encode`, too.
#![allow(unsafe_code)]

use std::ptr::null_mut;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::buffer::{Buffer, Key, SHORT};
use crate::object::{Area, Message};
use crate::plan::{How, Step};
use crate::shape::{FieldShape, Kind};
use crate::wire::zigzag;

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
    /// Writes what is in a slot, with its tag, if that is a scalar or a list of them.
    #[inline(always)]
    pub fn write<const EXACT: bool>(self, step: &Step, out: &mut Buffer) -> Quick {
        // SAFETY: a slot holds null or an object; see the module.
        unsafe {
            let value = *self.pointer(step.offset);
            if value.is_null() {
                return Quick::Nothing;
            }
            match step.how {
                How::Scalar => scalar::<EXACT>(value, step.kind, true, step.key, out),
                How::Optional if value == ffi::Py_None() => Quick::Nothing,
                How::Optional => scalar::<EXACT>(value, step.kind, false, step.key, out),
                How::Packed | How::Each => {
                    if ffi::Py_TYPE(value) != &raw mut ffi::PyList_Type {
                        return Quick::Slow;
                    }
                    if ffi::PyList_GET_SIZE(value) == 0 {
                        return Quick::Nothing;
                    }
                    if step.how == How::Packed {
                        packed::<EXACT>(value, step.kind, step.key, out)
                    } else {
                        each::<EXACT>(value, step.kind, step.key, out)
                    }
                }
                How::Message | How::Other => Quick::Slow,
            }
        }
    }
}

/// Writes the elements of a list, each with its tag.
///
/// Safety: `value` is a list.
unsafe fn each<const EXACT: bool>(
    value: *mut ffi::PyObject,
    kind: Kind,
    key: Key,
    out: &mut Buffer,
) -> Quick {
    let before = out.len();
    // SAFETY: the list keeps its elements; see the module.
    unsafe {
        for &item in items(value).iter().rev() {
            if scalar::<EXACT>(item, kind, false, key, out) != Quick::Written {
                out.forget(before);
                return Quick::Slow;
            }
        }
    }
    Quick::Written
}

/// Writes the elements of a list behind one another, and their length before them.
///
/// Safety: `value` is a list.
unsafe fn packed<const EXACT: bool>(
    value: *mut ffi::PyObject,
    kind: Kind,
    key: Key,
    out: &mut Buffer,
) -> Quick {
    let before = out.len();
    // SAFETY: the list keeps its elements, which are read up to its length; see the module.
    let done = unsafe {
        let items = items(value);
        match kind {
            Kind::Float => floats::<EXACT>(items, out),
            Kind::Double => doubles(items, out),
            // One loop for each type: what a number becomes is not asked again for each.
            Kind::Int64 => numbers::<EXACT>(items, Kind::Int64, out),
            Kind::UInt64 => numbers::<EXACT>(items, Kind::UInt64, out),
            Kind::Int32 => numbers::<EXACT>(items, Kind::Int32, out),
            Kind::UInt32 => numbers::<EXACT>(items, Kind::UInt32, out),
            _ => items
                .iter()
                .rev()
                .all(|&item| scalar::<EXACT>(item, kind, false, Key::NONE, out) == Quick::Written),
        }
    };
    if !done {
        out.forget(before);
        return Quick::Slow;
    }
    out.varint((out.len() - before) as u64, key);
    Quick::Written
}

/// The elements of a list.
///
/// Safety: `list` is a list, which is not changed as long as they are in use.
#[inline(always)]
pub unsafe fn items<'a>(list: *mut ffi::PyObject) -> &'a [*mut ffi::PyObject] {
    // SAFETY: an empty list may have no memory for elements.
    unsafe {
        let start = (*list.cast::<ffi::PyListObject>()).ob_item;
        if start.is_null() {
            return &[];
        }
        std::slice::from_raw_parts(start, ffi::PyList_GET_SIZE(list).cast_unsigned())
    }
}

/// Safety: the items are objects.
#[inline(always)]
unsafe fn numbers<const EXACT: bool>(
    items: &[*mut ffi::PyObject],
    kind: Kind,
    out: &mut Buffer,
) -> bool {
    for (index, &item) in items.iter().enumerate().rev() {
        // Long lists do not fit into the caches.
        if let Some(&soon) = items.get(index.wrapping_sub(AHEAD)) {
            fetch(soon);
        }
        // SAFETY: the caller's; `long` is asked for ints only.
        let written = unsafe {
            is_int::<EXACT>(item) && long(item).is_some_and(|number| varint(number, kind, out))
        };
        if !written {
            return false;
        }
    }
    true
}

/// Asks for the memory of the messages that come soon in a long list: of the last ones before an index, each one further on a
/// step less far down.
pub fn look_ahead(list: &Bound<'_, PyList>, index: usize) {
    /// How many elements further on, and how many steps down.
    const STEPS: [(usize, u32); 5] = [(10, 0), (8, 1), (6, 2), (4, 3), (2, 4)];
    /// Shorter lists of messages may well be in the caches.
    const LONG: usize = 256;
    // SAFETY: the list keeps its elements; see the module.
    unsafe {
        let items = items(list.as_ptr());
        if items.len() > LONG {
            for (ahead, depth) in STEPS {
                if let Some(&item) = items.get(index.wrapping_sub(ahead)) {
                    fetch_below(item, depth);
                }
            }
        }
    }
}

/// Asks for what is so many steps below a value: from a message to what its slots hold, from a list to its elements' addresses
/// and to the elements.
///
/// Safety: `value` is an object.
unsafe fn fetch_below(value: *mut ffi::PyObject, depth: u32) {
    /// Bytes of a line of the caches; most messages have a few.
    const LINE: usize = 64;
    /// Elements of a list that are asked for.
    const FEW: usize = 8;
    if depth == 0 {
        for line in 0..3 {
            fetch(value.cast::<u8>().wrapping_add(line * LINE));
        }
        return;
    }
    // SAFETY: the type is compared before what only its objects have is read.
    unsafe {
        if ffi::Py_TYPE(value) == &raw mut ffi::PyList_Type {
            if depth == 1 {
                fetch((*value.cast::<ffi::PyListObject>()).ob_item);
            } else {
                for &item in items(value).iter().take(FEW) {
                    fetch_below(item, depth - 2);
                }
            }
            return;
        }
        let value = Borrowed::from_ptr(Python::assume_attached(), value);
        let Some((plan, area)) = Message(value).filled() else {
            return;
        };
        for step in &plan.steps {
            let held = *area.pointer(step.offset);
            let leads_on = depth == 1 || !matches!(step.how, How::Scalar | How::Optional);
            if leads_on && !held.is_null() {
                fetch_below(held, depth - 1);
            }
        }
    }
}

/// So many elements further on, the memory of an element is asked for.
pub const AHEAD: usize = 16;

/// Asks for the memory at an address, which need not be one.
#[inline(always)]
pub fn fetch<T>(address: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint, which reads nothing.
    unsafe {
        use std::arch::x86_64::{_mm_prefetch, _MM_HINT_T0};
        _mm_prefetch::<_MM_HINT_T0>(address.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// Safety: the items are objects.
#[inline(never)] // Its loop needs the registers.
unsafe fn floats<const EXACT: bool>(items: &[*mut ffi::PyObject], out: &mut Buffer) -> bool {
    let room = out.room(items.len() * 4).as_chunks_mut().0;
    for (&item, place) in items.iter().zip(&mut *room) {
        // SAFETY: the caller's.
        let Some(wide) = (unsafe { float(item) }) else {
            return false;
        };
        let number = wide as f32;
        if EXACT && !fits::<EXACT>(wide, number) {
            return false;
        }
        *place = number.to_le_bytes();
    }
    // What is too large has become infinite. That is seldom, and looked for faster by itself.
    let is_infinite = |place: &[u8; 4]| f32::from_le_bytes(*place).to_bits() << 1 == 0xff00_0000;
    let none = room
        .iter()
        .fold(true, |none, place| none & !is_infinite(place));
    // SAFETY: as above; all items are floats.
    none || items
        .iter()
        .all(|&item| unsafe { float(item).is_some_and(|wide| fits::<EXACT>(wide, wide as f32)) })
}

/// Whether a float is one that 32 bits can tell: with `EXACT`, to its last digit.
#[inline(always)]
fn fits<const EXACT: bool>(wide: f64, number: f32) -> bool {
    if EXACT {
        f64::from(number).to_bits() == wide.to_bits()
    } else {
        number.is_finite() || !wide.is_finite()
    }
}

/// Safety: the items are objects.
#[inline(never)] // As above.
unsafe fn doubles(items: &[*mut ffi::PyObject], out: &mut Buffer) -> bool {
    let room = out.room(items.len() * 8);
    for (&item, place) in items.iter().zip(room.as_chunks_mut().0) {
        // SAFETY: the caller's.
        let Some(number) = (unsafe { float(item) }) else {
            return false;
        };
        *place = number.to_le_bytes();
    }
    true
}

/// Writes the elements of a list of scalars: packed, if `packed`, or each with its tag. False when it cannot, and nothing was
/// written.
pub fn write_list<const EXACT: bool>(
    list: &Bound<'_, PyList>,
    shape: &FieldShape,
    packed: bool,
    out: &mut Buffer,
) -> bool {
    let (kind, value) = (shape.kind, list.as_ptr());
    // SAFETY: a list; see the module.
    let done = unsafe {
        if packed {
            self::packed::<EXACT>(value, kind, shape.packed_key, out)
        } else {
            each::<EXACT>(value, kind, shape.key, out)
        }
    };
    done == Quick::Written
}

/// Writes the entries of a dict of scalars. False when it cannot, and nothing was written.
pub fn write_map<const EXACT: bool>(
    dict: &Bound<'_, PyDict>,
    shapes: &(FieldShape, FieldShape),
    shape: &FieldShape,
    out: &mut Buffer,
) -> bool {
    let before = out.len();
    // Entries are met from the first to the last and written from the last to the first.
    let mut few = [(null_mut(), null_mut()); 16];
    let mut many: Vec<(*mut ffi::PyObject, *mut ffi::PyObject)> = Vec::new();
    if dict.len() > few.len() {
        many.reserve(dict.len() - few.len());
    }
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
            let (keys, values) = shapes;
            if scalar::<EXACT>(value, values.kind, false, values.key, out) == Quick::Written
                && scalar::<EXACT>(key, keys.kind, false, keys.key, out) == Quick::Written
            {
                out.varint((out.len() - start) as u64, shape.key);
                continue;
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

/// Writes one scalar, with its tag unless it is zero and `skip_zero`.
#[inline]
pub fn write_value<const EXACT: bool>(
    value: &Bound<'_, PyAny>,
    shape: &FieldShape,
    skip_zero: bool,
    out: &mut Buffer,
) -> Quick {
    // SAFETY: an object; see the module.
    unsafe { scalar::<EXACT>(value.as_ptr(), shape.kind, skip_zero, shape.key, out) }
}

/// Writes a scalar and its key.
///
/// Safety: `value` is an object.
#[inline(always)]
unsafe fn scalar<const EXACT: bool>(
    value: *mut ffi::PyObject,
    kind: Kind,
    skip_zero: bool,
    key: Key,
    out: &mut Buffer,
) -> Quick {
    // SAFETY: each function is called for an object of the type that it is for; none runs Python code.
    unsafe {
        match kind {
            Kind::String => string(value, skip_zero, key, out),
            Kind::Bytes => {
                if ffi::Py_TYPE(value) != &raw mut ffi::PyBytes_Type {
                    return Quick::Slow;
                }
                let length = ffi::Py_SIZE(value).cast_unsigned();
                let start = ffi::PyBytes_AS_STRING(value).cast();
                own_bytes(start, length, skip_zero, key, out)
            }
            Kind::Double => {
                let Some(number) = float(value) else {
                    return Quick::Slow;
                };
                if skip_zero && number.to_bits() == 0 {
                    return Quick::Nothing;
                }
                out.fixed64(number.to_bits(), key);
                Quick::Written
            }
            Kind::Float => {
                let Some(wide) = float(value) else {
                    return Quick::Slow;
                };
                let number = wide as f32;
                if !fits::<EXACT>(wide, number) {
                    return Quick::Slow;
                }
                if skip_zero && number.to_bits() == 0 {
                    return Quick::Nothing;
                }
                out.fixed32(number.to_bits(), key);
                Quick::Written
            }
            Kind::Bool => {
                let truth = value == ffi::Py_True();
                if !truth && value != ffi::Py_False() {
                    return Quick::Slow;
                }
                if skip_zero && !truth {
                    return Quick::Nothing;
                }
                out.varint(u64::from(truth), key);
                Quick::Written
            }
            Kind::Group | Kind::Message => Quick::Slow,
            _ => {
                if !is_int::<EXACT>(value) || EXACT && kind == Kind::Enum {
                    return Quick::Slow;
                }
                match long(value) {
                    Some(number) => int(number, kind, skip_zero, key, out),
                    None => Quick::Slow,
                }
            }
        }
    }
}

/// Safety: `value` is an object.
#[inline(always)]
unsafe fn string(value: *mut ffi::PyObject, skip_zero: bool, key: Key, out: &mut Buffer) -> Quick {
    // SAFETY: the type is compared first; a compact string's characters follow its head.
    unsafe {
        if ffi::Py_TYPE(value) != &raw mut ffi::PyUnicode_Type {
            return Quick::Slow;
        }
        // From Python 3.14 on, how a string lies in memory is not told.
        #[cfg(not(Py_3_14))]
        if ffi::PyUnicode_IS_COMPACT_ASCII(value) != 0 {
            let start = value.cast::<ffi::PyASCIIObject>().add(1).cast::<u8>();
            let length = ffi::PyUnicode_GET_LENGTH(value).cast_unsigned();
            return own_bytes(start, length, skip_zero, key, out);
        }
        let mut length = 0;
        let start = ffi::PyUnicode_AsUTF8AndSize(value, &raw mut length);
        if start.is_null() {
            ffi::PyErr_Clear();
            return Quick::Slow;
        }
        let bytes = std::slice::from_raw_parts(start.cast(), length.cast_unsigned());
        if skip_zero && bytes.is_empty() {
            return Quick::Nothing;
        }
        out.bytes(bytes, key);
        Quick::Written
    }
}

/// Writes bytes that follow the head of their object, which has as many bytes as the buffer copies.
///
/// Safety: `start` is where the `length` bytes of an exact str or bytes object begin.
#[inline(always)]
unsafe fn own_bytes(
    start: *const u8,
    length: usize,
    skip_zero: bool,
    key: Key,
    out: &mut Buffer,
) -> Quick {
    const _: () = assert!(size_of::<ffi::PyASCIIObject>() >= SHORT);
    const _: () = assert!(std::mem::offset_of!(ffi::PyBytesObject, ob_sval) >= SHORT);
    if skip_zero && length == 0 {
        return Quick::Nothing;
    }
    if length <= SHORT {
        // SAFETY: what lies before `start` is the object's head, which can be read as well.
        let last = unsafe { start.add(length).sub(SHORT).cast::<[u8; SHORT]>().read() };
        out.short(last, length, key);
    } else {
        // SAFETY: the caller's.
        out.bytes(unsafe { std::slice::from_raw_parts(start, length) }, key);
    }
    Quick::Written
}

/// A number of up to 64 bits and its sign.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Long {
    negative: bool,
    magnitude: u64,
}

/// `CPython`'s int, of which `digits` has as many as the number needs, but one at least.
#[repr(C)]
struct RawInt {
    head: ffi::PyObject,
    /// Number of digits times eight, plus the sign: 0, 1 for zero, 2 for minus.
    #[cfg(Py_3_12)]
    size: usize,
    /// Number of digits; below zero for minus.
    #[cfg(not(Py_3_12))]
    size: ffi::Py_ssize_t,
    digits: [u32; 1],
}

impl RawInt {
    /// Bits of a digit.
    const BITS: u32 = 30;

    #[inline(always)]
    fn count(&self) -> usize {
        #[cfg(Py_3_12)]
        return self.size >> 3;
        #[cfg(not(Py_3_12))]
        return self.size.unsigned_abs();
    }

    #[inline(always)]
    fn is_negative(&self) -> bool {
        #[cfg(Py_3_12)]
        return self.size & 3 == 2;
        #[cfg(not(Py_3_12))]
        return self.size < 0;
    }

    /// The digit at an index, or the last one there is. It is taken without a decision: how many digits the next number has
    /// is what the processor cannot guess.
    ///
    /// Safety: `this` is an int.
    #[inline(always)]
    unsafe fn digit(this: *const Self, index: usize) -> u64 {
        // SAFETY: every int has room for one digit.
        unsafe {
            let last = (*this).count().max(1) - 1;
            let start = (&raw const (*this).digits).cast::<u32>();
            u64::from(*start.add(index.min(last)))
        }
    }
}

/// The number in an int, if it has so few bits.
///
/// Safety: `value` is an int.
#[inline(always)]
unsafe fn long(value: *mut ffi::PyObject) -> Option<Long> {
    let found: *const RawInt = value.cast();
    // SAFETY: an int.
    unsafe {
        let count = (*found).count();
        let digit = |index| {
            let there = u64::from(count > index);
            RawInt::digit(found, index) & there.wrapping_neg()
        };
        let last = digit(2);
        if count > 3 || last >= 16 {
            return None;
        }
        Some(Long {
            negative: (*found).is_negative(),
            magnitude: digit(0) | digit(1) << RawInt::BITS | last << (2 * RawInt::BITS),
        })
    }
}

/// Whether two ints are equal; `None` when they have many digits.
///
/// Safety: both are exact ints.
#[inline(always)]
pub unsafe fn same_long(a: *mut ffi::PyObject, b: *mut ffi::PyObject) -> Option<bool> {
    let (one, other): (*const RawInt, *const RawInt) = (a.cast(), b.cast());
    // SAFETY: as `long`.
    unsafe {
        if (*one).size != (*other).size {
            return Some(false);
        }
        let differs = |index| RawInt::digit(one, index) ^ RawInt::digit(other, index);
        match (*one).count() {
            0 => Some(true),
            1..=3 => Some(differs(0) | differs(1) | differs(2) == 0),
            _ => None,
        }
    }
}

#[inline(always)]
unsafe fn float(value: *mut ffi::PyObject) -> Option<f64> {
    // SAFETY: the type was compared.
    unsafe {
        (ffi::Py_TYPE(value) == &raw mut ffi::PyFloat_Type).then(|| ffi::PyFloat_AS_DOUBLE(value))
    }
}

/// Safety: `value` is an object.
#[inline(always)]
unsafe fn is_int<const EXACT: bool>(value: *mut ffi::PyObject) -> bool {
    // SAFETY: the caller's.
    unsafe {
        ffi::Py_TYPE(value) == &raw mut ffi::PyLong_Type || !EXACT && ffi::PyLong_Check(value) != 0
    }
}

impl Long {
    /// The number in 64 bits, if it is one of a type.
    #[inline(always)]
    fn of_kind(self, kind: Kind) -> Option<u64> {
        let Self {
            negative,
            magnitude,
        } = self;
        let low = u64::from(negative);
        let fits = match kind {
            Kind::Int32 | Kind::Enum | Kind::SInt32 | Kind::SFixed32 => magnitude < (1 << 31) + low,
            Kind::UInt32 | Kind::Fixed32 => !negative && magnitude < 1 << 32,
            Kind::UInt64 | Kind::Fixed64 => !negative,
            _ => magnitude < (1 << 63) + low,
        };
        // Minus is all bits turned, plus one.
        fits.then_some((magnitude ^ low.wrapping_neg()).wrapping_add(low))
    }
}

/// Puts a number of a list of varints, if it is one of its type.
#[inline(always)]
fn varint(long: Long, kind: Kind, out: &mut Buffer) -> bool {
    let number = long.of_kind(kind);
    if let Some(number) = number {
        out.any_varint(number);
    }
    number.is_some()
}

#[inline(always)]
fn int(long: Long, kind: Kind, skip_zero: bool, key: Key, out: &mut Buffer) -> Quick {
    if skip_zero && long.magnitude == 0 {
        return Quick::Nothing;
    }
    let Some(number) = long.of_kind(kind) else {
        return Quick::Slow;
    };
    match kind {
        Kind::SInt32 | Kind::SInt64 => out.varint(zigzag(number.cast_signed()), key),
        Kind::Fixed32 | Kind::SFixed32 => out.fixed32(number as u32, key),
        Kind::Fixed64 | Kind::SFixed64 => out.fixed64(number, key),
        _ => out.varint(number, key),
    }
    Quick::Written
}

/// The number in an int, or in a member of an enum, if it has 32 bits.
pub fn small_int(value: &Bound<'_, PyAny>) -> Option<i32> {
    // SAFETY: the type is compared first.
    unsafe {
        if ffi::PyLong_Check(value.as_ptr()) == 0 {
            return None;
        }
        let number = long(value.as_ptr())?.of_kind(Kind::Int32)?;
        Some(number as i32)
    }
}
