//! Python's own values without reference counts and calls. In: slots, lists, dicts and
//! strings. Out: `Glance`s at objects, which `quick` and `same` read, and new strings.
//!
//! A `Glance` is good as long as nobody releases the object. So there are `Glance`s only while `Still` says that no Python
//! code runs and nothing is released; the functions below that begin such a time name the safe functions that they rely on.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::{copy_nonoverlapping, null, null_mut, NonNull};
use std::slice::{from_raw_parts, from_raw_parts_mut};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyInt, PyList, PyString};
use pyo3::{ffi, PyTypeInfo};

use crate::buffer::Buffer;
use crate::object::{Area, Message, Slot};
use crate::plan::{Plan, Step};
use crate::quick::{self, Quick, Way};
use crate::shape::FieldShape;
use crate::tail::SHORT;
use crate::wire::is_ascii;
use crate::{ahead, lists, same, writers};

/// A time in which no Python code runs and no object is released.
#[derive(Clone, Copy)]
pub struct Still<'s>(PhantomData<&'s ()>);

#[allow(clippy::unused_self)] // Who has it may look; that is all it is for.
impl<'s> Still<'s> {
    /// Safety: so it is, as long as what is made of it is in use.
    #[inline(always)]
    unsafe fn now() -> Self {
        Self(PhantomData)
    }

    /// An object.
    #[inline(always)]
    pub fn see<T>(self, object: &Bound<'_, T>) -> Glance<'s> {
        self.see_kept(object.as_unbound())
    }

    /// The same of one that a plan holds.
    #[inline(always)]
    pub fn see_kept<T>(self, object: &Py<T>) -> Glance<'s> {
        // SAFETY: an object, which is not released.
        Glance(
            unsafe { NonNull::new_unchecked(object.as_ptr()) },
            PhantomData,
        )
    }

    /// What a slot holds.
    #[inline(always)]
    pub fn slot(self, slot: Slot<'_>) -> Option<Glance<'s>> {
        Some(Glance(slot.held()?, PhantomData))
    }
}

/// Writes what is in a slot, with its tag, if that is a scalar or a list of them.
#[inline(always)]
pub fn write_slot<const EXACT: bool>(
    slot: Slot<'_>,
    step: &Step,
    is_alone: bool,
    out: &mut Buffer,
) -> Quick {
    // SAFETY: `quick::held` looks at objects and writes to the buffer, no more.
    match unsafe { Still::now() }.slot(slot) {
        Some(held) => quick::held::<EXACT>(held, step, is_alone, out),
        None => Quick::Nothing,
    }
}

/// Writes one scalar, with its tag unless it is zero and `skip_zero`.
#[inline]
pub fn write_value<const EXACT: bool>(
    value: &Bound<'_, PyAny>,
    shape: &FieldShape,
    skip_zero: bool,
    out: &mut Buffer,
) -> Quick {
    // SAFETY: as `write_slot`.
    let value = unsafe { Still::now() }.see(value);
    writers::writer::<EXACT>(shape.kind, !skip_zero)(value, shape.key, out)
}

/// Writes the elements of a list of scalars: packed, if `packed`, or each with its tag. False when it cannot, and nothing was
/// written.
pub fn write_list<const EXACT: bool>(
    list: &Bound<'_, PyList>,
    shape: &FieldShape,
    packed: bool,
    out: &mut Buffer,
) -> bool {
    // SAFETY: `lists` looks at objects and writes to the buffer, no more.
    let list = unsafe { Still::now() }.see(list);
    lists::list::<EXACT>(list, shape, packed, out) == Quick::Written
}

/// Writes the entries of an exact dict of scalars. False when it cannot, and nothing was written.
pub fn write_map<const EXACT: bool>(
    dict: &Bound<'_, PyDict>,
    shapes: &(FieldShape, FieldShape),
    shape: &FieldShape,
    out: &mut Buffer,
) -> bool {
    // SAFETY: as `write_slot`.
    let still = unsafe { Still::now() };
    let way = Way::new(0, false);
    let dict = still.see(dict).dict();
    dict.is_some_and(|dict| quick::map::<EXACT>(still, dict, shapes, shape, way, out))
}

/// Writes a message of which nothing is to be read, with the messages in it, if all of it can be written here; see
/// `quick::fields`.
pub fn write_fields<const EXACT: bool>(
    plan: &Plan,
    slots: Area<'_>,
    way: Way,
    out: &mut Buffer,
) -> bool {
    // SAFETY: as `write_slot`.
    quick::fields::<EXACT>(unsafe { Still::now() }, plan, slots, way, out)
}

/// Asks for the memory of the messages that come soon in a long list that is met from its end; see `ahead::messages`.
pub fn look_ahead(list: &Bound<'_, PyList>, index: usize) {
    // SAFETY: `ahead` looks at objects, no more.
    let still = unsafe { Still::now() };
    let items = still.see(list).items().unwrap_or_default();
    if items.len() >= ahead::LONG {
        ahead::messages::<true>(still, items, index);
        if let Some(soon) = ahead::near::<true>(items, index) {
            ahead::values(still, soon);
        }
    }
}

/// Whether what two slots hold is equal. `None` when something else decides: a value is of another type, or one is empty.
#[inline(always)]
pub fn same_slot(mine: Slot<'_>, theirs: Slot<'_>) -> Option<bool> {
    // SAFETY: `same::values` compares objects of Python's own types, no more.
    let still = unsafe { Still::now() };
    same::values(
        still,
        still.slot(mine)?,
        still.slot(theirs)?,
        Way::new(0, false),
    )
}

/// The same of two values; nan equals nan.
#[inline]
pub fn same(a: &Bound<'_, PyAny>, b: &Bound<'_, PyAny>) -> Option<bool> {
    // SAFETY: as `same_slot`.
    let still = unsafe { Still::now() };
    same::values(still, still.see(a), still.see(b), Way::new(0, false))
}

/// The same of two messages of one class.
pub fn same_messages(one: Message<'_, '_>, other: Message<'_, '_>) -> Option<bool> {
    // SAFETY: as `same_slot`; what `same::messages` looks at of messages runs no code either.
    let still = unsafe { Still::now() };
    let (one, other) = (one.object(), other.object());
    same::messages(
        still,
        still.see(&one),
        still.see(&other),
        Way::new(u32::MAX, false),
    )
}

/// A copy of a list whose elements are all scalars of Python's own types, which cannot change; `None` for another one.
///
/// # Errors
/// `MemoryError`.
pub fn copy_of_scalars<'py>(list: &Bound<'py, PyList>) -> PyResult<Option<Bound<'py, PyList>>> {
    let py = list.py();
    let count = list.len();
    // SAFETY: what it gives is a new list, whose elements are null until they are put in.
    let made: Bound<'py, PyList> = unsafe {
        Bound::from_owned_ptr_or_err(py, ffi::PyList_New(count.cast_signed()))?
            .cast_into_unchecked()
    };
    // SAFETY: it looks at types and counts references. The elements of `made` that go with it are held by `list`, too.
    let items = unsafe { Still::now() }.see(list).items();
    // Making a list may run the collector, and that any code.
    let Some(items) = items.filter(|items| items.len() == count) else {
        return Ok(None);
    };
    for (index, item) in items.iter().enumerate() {
        if !(item.is_none() || item.is_scalar()) {
            return Ok(None);
        }
        // SAFETY: `made` has `count` places, this one is empty, and nobody else has it yet.
        unsafe {
            ffi::PyList_SET_ITEM(
                made.as_ptr(),
                index.cast_signed(),
                item.object().to_owned().into_ptr(),
            );
        }
    }
    Ok(Some(made))
}

/// An object that somebody else holds.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Glance<'s>(NonNull<ffi::PyObject>, PhantomData<&'s ()>);

impl<'s> Glance<'s> {
    /// It for functions of `PyO3` that run no Python code.
    #[inline(always)]
    pub fn object(self) -> Borrowed<'s, 's, PyAny> {
        // SAFETY: an object, alive for `'s`; whoever has a `Still` is attached.
        unsafe { Borrowed::from_ptr(Python::assume_attached(), self.0.as_ptr()) }
    }

    /// It as an object of one of Python's own types, and of no subclass.
    #[inline(always)]
    pub fn exactly<T: PyTypeInfo>(self) -> Option<Borrowed<'s, 's, T>> {
        let object = self.object();
        // SAFETY: the type was compared.
        let cast = || unsafe { object.cast_unchecked() };
        object.is_exact_instance_of::<T>().then(cast)
    }

    /// An int; with `EXACT` none of a subclass.
    #[inline(always)]
    pub fn int<const EXACT: bool>(self) -> Option<Int<'s>> {
        if self.is_exactly::<PyInt>() || !EXACT && self.object().is_instance_of::<PyInt>() {
            Some(Int(self.0.as_ptr().cast(), PhantomData))
        } else {
            None
        }
    }

    /// The bytes of an exact bytes object.
    #[inline(always)]
    pub fn bytes(self) -> Option<Inside<'s>> {
        const _: () = assert!(std::mem::offset_of!(ffi::PyBytesObject, ob_sval) >= SHORT);
        let bytes = self.exactly::<PyBytes>()?;
        // SAFETY: the bytes follow the head.
        let start = unsafe { ffi::PyBytes_AS_STRING(self.0.as_ptr()) };
        Some(Inside(start.cast(), bytes.as_bytes().len(), PhantomData))
    }

    /// Whether two values are equal, if they are scalars of Python's own types; nan equals nan. One look at the types is all that
    /// it takes: each more is measurable.
    #[inline(always)]
    pub fn same(self, other: Self) -> Option<bool> {
        let (a, b) = (self.0.as_ptr(), other.0.as_ptr());
        if a == b {
            return Some(true);
        }
        // SAFETY: each is read as what its type says.
        unsafe {
            let class = ffi::Py_TYPE(a);
            if class != ffi::Py_TYPE(b) {
                return None;
            }
            if class == &raw mut ffi::PyUnicode_Type {
                return same_text(a, b);
            }
            if class == &raw mut ffi::PyLong_Type {
                return Int(a.cast(), PhantomData).same(Int(b.cast(), PhantomData));
            }
            if class == &raw mut ffi::PyFloat_Type {
                let (a, b) = (ffi::PyFloat_AS_DOUBLE(a), ffi::PyFloat_AS_DOUBLE(b));
                let equal = a.partial_cmp(&b).is_some_and(std::cmp::Ordering::is_eq);
                return Some(equal || a.is_nan() && b.is_nan());
            }
            if class == &raw mut ffi::PyBytes_Type {
                let view = |it| {
                    let length = ffi::Py_SIZE(it).cast_unsigned();
                    from_raw_parts(ffi::PyBytes_AS_STRING(it).cast::<u8>(), length)
                };
                return Some(view(a) == view(b));
            }
            // True and False are two objects.
            (class == &raw mut ffi::PyBool_Type).then_some(false)
        }
    }

    /// The characters of an exact string of ASCII.
    #[inline(always)]
    pub fn ascii(self) -> Option<Inside<'s>> {
        const _: () = assert!(size_of::<ffi::PyASCIIObject>() >= SHORT);
        let text = self.exactly::<PyString>()?.as_ptr();
        // From Python 3.14 on, how a string lies in memory is not told.
        #[cfg(not(Py_3_14))]
        // SAFETY: a string; the characters of a compact one follow its head.
        unsafe {
            if ffi::PyUnicode_IS_COMPACT_ASCII(text) != 0 {
                let start = text.cast::<ffi::PyASCIIObject>().add(1).cast::<u8>();
                let length = ffi::PyUnicode_GET_LENGTH(text).cast_unsigned();
                return Some(Inside(start, length, PhantomData));
            }
        }
        #[cfg(Py_3_14)]
        let _ = text;
        None
    }

    /// The UTF-8 of an exact string; `None` for another type, and when it has lone surrogates.
    #[inline(always)]
    pub fn utf8(self) -> Option<Utf8<'s>> {
        if let Some(bytes) = self.ascii() {
            return Some(Utf8::Inside(bytes));
        }
        let text = self.exactly::<PyString>()?.as_ptr();
        let mut length = 0;
        // SAFETY: a string, which keeps its UTF-8.
        unsafe {
            let start = ffi::PyUnicode_AsUTF8AndSize(text, &raw mut length);
            if start.is_null() {
                ffi::PyErr_Clear();
                return None;
            }
            let bytes = from_raw_parts(start.cast(), length.cast_unsigned());
            Some(Utf8::Beside(bytes))
        }
    }

    /// The elements of an exact list.
    #[inline(always)]
    pub fn items(self) -> Option<&'s [Self]> {
        let list = self.exactly::<PyList>()?.as_ptr();
        // SAFETY: a list, which does not change. An empty one may have no memory for elements.
        unsafe {
            let start = (*list.cast::<ffi::PyListObject>()).ob_item;
            if start.is_null() {
                return Some(&[]);
            }
            let length = ffi::PyList_GET_SIZE(list).cast_unsigned();
            Some(from_raw_parts(start.cast(), length))
        }
    }

    /// An exact dict.
    #[inline(always)]
    pub fn dict(self) -> Option<Dict<'s>> {
        self.exactly().map(Dict)
    }

    /// It as a key, if it has no code of its own.
    pub fn plain_key(self) -> Option<PlainKey<'s>> {
        self.hashes_plainly().then_some(PlainKey(self))
    }

    /// Asks for its memory, so many bytes behind its start.
    #[inline(always)]
    pub fn fetch(self, bytes: usize) {
        fetch(self.0.as_ptr().cast::<i8>().wrapping_add(bytes));
    }

    /// Asks for the memory where a list's elements or a dict's keys are told.
    pub fn fetch_elements(self) {
        if let Some(items) = self.items() {
            fetch(items.as_ptr().cast());
        } else if let Some(dict) = self.dict() {
            // SAFETY: a dict.
            let keys = unsafe { (*dict.0.as_ptr().cast::<ffi::PyDictObject>()).ma_keys };
            fetch(keys.cast());
            // A few entries take two lines of the caches.
            fetch(keys.cast::<i8>().wrapping_add(64));
        }
    }
}

/// Asks for the memory at an address, which need not be one.
#[inline(always)]
fn fetch(address: *const i8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint, which reads nothing.
    unsafe {
        use std::arch::x86_64::{_mm_prefetch, _MM_HINT_T0};
        _mm_prefetch::<_MM_HINT_T0>(address);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

/// Safety: both are strings.
#[inline(always)]
unsafe fn same_text(a: *mut ffi::PyObject, b: *mut ffi::PyObject) -> Option<bool> {
    // SAFETY: the characters of a string lie in memory one after the other.
    unsafe {
        // A string has the narrowest characters that can tell it, so that equal ones have equal bytes.
        let (kind, other_kind) = (ffi::PyUnicode_KIND(a), ffi::PyUnicode_KIND(b));
        if kind == 0 || other_kind == 0 {
            // Before Python 3.12, strings of old extensions may not be in that form yet.
            return None;
        }
        let length = ffi::PyUnicode_GET_LENGTH(a);
        if kind != other_kind || length != ffi::PyUnicode_GET_LENGTH(b) {
            return Some(false);
        }
        let length = length.cast_unsigned() * kind as usize;
        let view = |it| from_raw_parts(ffi::PyUnicode_DATA(it).cast::<u8>(), length);
        Some(view(a) == view(b))
    }
}

/// Bytes inside an object, before which lie at least `SHORT` bytes of it.
#[derive(Clone, Copy)]
pub struct Inside<'s>(*const u8, usize, PhantomData<&'s ()>);

impl<'s> Inside<'s> {
    /// How many.
    #[inline(always)]
    pub fn len(self) -> usize {
        self.1
    }

    /// They.
    #[inline(always)]
    pub fn all(self) -> &'s [u8] {
        // SAFETY: they do not change.
        unsafe { from_raw_parts(self.0, self.1) }
    }

    /// The last ones, and what lies before them.
    #[inline(always)]
    pub fn last(self) -> [u8; SHORT] {
        // SAFETY: the bytes, or the head of the object.
        unsafe { self.0.add(self.1).sub(SHORT).cast::<[u8; SHORT]>().read() }
    }
}

/// Where the UTF-8 of a string is.
pub enum Utf8<'s> {
    /// In its object.
    Inside(Inside<'s>),
    /// Elsewhere, as long as the string lives.
    Beside(&'s [u8]),
}

/// An exact dict.
#[derive(Clone, Copy)]
pub struct Dict<'s>(Borrowed<'s, 's, PyDict>);

impl<'s> Dict<'s> {
    /// Number of its keys.
    pub fn len(self) -> usize {
        self.0.len()
    }

    /// The first entry at a position in memory or behind it, and the position behind it.
    #[inline(always)]
    pub fn next(self, position: isize) -> Option<(Glance<'s>, Glance<'s>, isize)> {
        let (mut key, mut value, mut next) = (null_mut(), null_mut(), position);
        // SAFETY: a dict, which does not change; an entry is a key and a value.
        unsafe {
            let dict = self.0.as_ptr();
            if ffi::PyDict_Next(dict, &raw mut next, &raw mut key, &raw mut value) == 0 {
                return None;
            }
            let glance = |it| Glance(NonNull::new_unchecked(it), PhantomData);
            Some((glance(key), glance(value), next))
        }
    }

    /// The dict, if looking up its keys runs no code of theirs.
    pub fn plain(self) -> Option<PlainDict<'s>> {
        let plain = self.entries().all(|(key, _)| key.hashes_plainly());
        plain.then_some(PlainDict(self))
    }
}

/// A dict whose keys have no code of their own.
#[derive(Clone, Copy)]
pub struct PlainDict<'s>(Dict<'s>);

impl<'s> PlainDict<'s> {
    /// The value of a key.
    pub fn get(self, key: PlainKey<'s>) -> Option<Glance<'s>> {
        let (dict, key) = (self.0 .0.as_ptr(), key.0 .0.as_ptr());
        // SAFETY: a dict and a key; neither the key's hash nor comparisons with others run code.
        let found = unsafe { ffi::PyDict_GetItemWithError(dict, key) };
        NonNull::new(found).map(|found| Glance(found, PhantomData))
    }
}

/// A key that has no code of its own.
#[derive(Clone, Copy)]
pub struct PlainKey<'s>(Glance<'s>);

/// As `CPython` tells the number of an int's digits and its sign: that number times eight, plus 0, 1 for zero, 2 for minus.
#[cfg(Py_3_12)]
pub type Size = usize;
/// The same: that number, below zero for minus.
#[cfg(not(Py_3_12))]
pub type Size = ffi::Py_ssize_t;

/// `CPython`'s int, of which `digits` has as many as the number needs, but one at least.
#[repr(C)]
struct RawInt {
    head: ffi::PyObject,
    size: Size,
    digits: [u32; 1],
}

/// An int.
#[derive(Clone, Copy)]
pub struct Int<'s>(*const RawInt, PhantomData<&'s ()>);

impl Int<'_> {
    /// Number of digits and sign.
    #[inline(always)]
    pub fn size(self) -> Size {
        // SAFETY: an int.
        unsafe { (*self.0).size }
    }

    /// Number of digits.
    #[inline(always)]
    pub fn count(self) -> usize {
        #[cfg(Py_3_12)]
        return self.size() >> 3;
        #[cfg(not(Py_3_12))]
        return self.size().unsigned_abs();
    }

    /// The first digit.
    #[inline(always)]
    pub fn first(self) -> u64 {
        // SAFETY: every int has room for one digit.
        unsafe { u64::from((*self.0).digits[0]) }
    }

    /// The digit at an index, or the last one there is. It is taken without a decision: how many digits the next number has
    /// is what the processor cannot guess.
    #[inline(always)]
    pub fn digit(self, index: usize) -> u64 {
        let last = self.count().max(1) - 1;
        // SAFETY: every int has room for one digit.
        unsafe {
            let start = (&raw const (*self.0).digits).cast::<u32>();
            u64::from(*start.add(index.min(last)))
        }
    }
}

/// A value as an int, which cannot change.
#[inline(always)]
pub fn int<'a>(value: &'a Bound<'_, PyAny>) -> Option<Int<'a>> {
    // SAFETY: the reference holds the object, and an int gives nothing that it could release.
    unsafe { Still::now() }.see(value).int::<false>()
}

/// Whether a slot holds something other than None.
#[inline(always)]
pub fn is_set(slot: Slot<'_>) -> bool {
    // SAFETY: it looks at an address, no more.
    let held = unsafe { Still::now() }.slot(slot);
    held.is_some_and(|held| !held.is_none())
}

/// How many references there are to an object.
#[inline(always)]
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

/// A level of Python's own recursion that was entered; leaves it when it goes.
pub struct Level<'py>(Python<'py>);

impl<'py> Level<'py> {
    /// One level deeper.
    ///
    /// # Errors
    /// `RecursionError`.
    #[inline(always)]
    pub fn enter(py: Python<'py>) -> PyResult<Self> {
        // SAFETY: attached to the interpreter.
        if unsafe { ffi::Py_EnterRecursiveCall(c" in a message".as_ptr()) } != 0 {
            return Err(PyErr::fetch(py));
        }
        Ok(Self(py))
    }
}

impl Drop for Level<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: it was entered, and the thread is still attached.
        unsafe { ffi::Py_LeaveRecursiveCall() };
    }
}

/// A string of ASCII; `None` when a byte is none.
///
/// # Errors
/// `MemoryError`.
#[inline]
pub fn ascii<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Option<Bound<'py, PyAny>>> {
    // SAFETY: the iterator gives the bytes each time.
    unsafe { ascii_of(py, std::iter::once(bytes), bytes.len()) }
}

/// A string of pieces of ASCII, which are so long together; `None` when a byte is none.
///
/// Safety: clones of the iterator give the same.
#[inline(always)]
unsafe fn ascii_of<'a, 'py>(
    py: Python<'py>,
    pieces: impl Iterator<Item = &'a [u8]> + Clone,
    length: usize,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    if !pieces.clone().all(is_ascii) {
        return Ok(None);
    }
    // SAFETY: the string was made just now for so many characters below 128, which follow its head.
    unsafe {
        let made = ffi::PyUnicode_New(length.cast_signed(), 127);
        let made = Bound::from_owned_ptr_or_err(py, made)?;
        // There is one empty string, which nobody may write to.
        if length > 0 {
            let start = made.as_ptr().cast::<ffi::PyASCIIObject>().add(1);
            join(pieces, start.cast(), length);
        }
        Ok(Some(made))
    }
}

/// What a buffer holds, as an object.
///
/// # Errors
/// `MemoryError`.
pub fn new_bytes<'py>(py: Python<'py>, out: &Buffer) -> PyResult<Bound<'py, PyBytes>> {
    if let Some(bytes) = out.whole() {
        return Ok(PyBytes::new(py, bytes));
    }
    let length = out.len();
    // SAFETY: the object was made just now with room for so many bytes.
    unsafe {
        let made = ffi::PyBytes_FromStringAndSize(null(), length.cast_signed());
        let made = Bound::from_owned_ptr_or_err(py, made)?.cast_into_unchecked();
        let start = ffi::PyBytes_AS_STRING(made.as_ptr()).cast_mut();
        join(out.pieces(), start.cast(), length);
        Ok(made)
    }
}

/// Puts pieces behind one another.
///
/// Safety: there is room for so many bytes, which nobody sees until all of them are there.
#[inline(always)]
unsafe fn join<'a>(pieces: impl Iterator<Item = &'a [u8]>, start: *mut u8, length: usize) {
    let mut done = 0;
    for piece in pieces {
        assert!(piece.len() <= length - done, "more than its length");
        // SAFETY: the caller's.
        unsafe { copy_nonoverlapping(piece.as_ptr(), start.add(done), piece.len()) };
        done += piece.len();
    }
    assert!(done == length, "less than its length");
}

/// Room for the characters of a string, from the first on.
pub struct Room<'a, T> {
    places: &'a mut [MaybeUninit<T>],
    most: T,
}

impl<T: Copy + Ord> Room<'_, T> {
    /// Puts the next character; gives the room behind it, `None` when there is none for it.
    #[inline(always)]
    pub fn put(self, character: T) -> Option<Self> {
        let most = self.most;
        let (place, places) = self.places.split_first_mut()?;
        place.write(character.min(most));
        Some(Self { places, most })
    }
}

/// The same, as wide as the characters are.
pub enum Characters<'a> {
    /// Up to 8 bits.
    One(Room<'a, u8>),
    /// Up to 16 bits.
    Two(Room<'a, u16>),
    /// More.
    Four(Room<'a, u32>),
}

/// A new string of `length` characters up to `most`, one of which has as many bits. `write` gives the room behind those that it
/// put, or `None`; `None` comes out when they were not all.
///
/// # Errors
/// `MemoryError`; `SystemError` when there are no characters up to `most`.
pub fn new_text(
    py: Python<'_>,
    length: usize,
    most: u32,
    write: impl for<'a> FnOnce(Characters<'a>) -> Option<Characters<'a>>,
) -> PyResult<Option<Bound<'_, PyAny>>> {
    // SAFETY: the string was made just now, with room for its characters, none of which is above `most`, as `Room` sees to.
    // Nobody else sees it before all of them are there: what `write` gives is left of this room, the only one of its lifetime.
    unsafe {
        let made = ffi::PyUnicode_New(length.cast_signed(), most);
        let made = Bound::from_owned_ptr_or_err(py, made)?;
        let start = ffi::PyUnicode_DATA(made.as_ptr());
        let all = match most {
            0..=0xff => Characters::One(Room {
                places: from_raw_parts_mut(start.cast(), length),
                most: most as u8,
            }),
            0x100..=0xffff => Characters::Two(Room {
                places: from_raw_parts_mut(start.cast(), length),
                most: most as u16,
            }),
            _ => Characters::Four(Room {
                places: from_raw_parts_mut(start.cast(), length),
                most,
            }),
        };
        let done = write(all).is_some_and(|left| match left {
            Characters::One(left) => left.places.is_empty(),
            Characters::Two(left) => left.places.is_empty(),
            Characters::Four(left) => left.places.is_empty(),
        });
        Ok(done.then_some(made))
    }
}
