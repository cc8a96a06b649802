//! Values that somebody else holds, read without counting a reference.
//!
//! A `ValueRef` is good as long as its object is not released, and its elements as long as it does not change. So it is only
//! lent to a closure (`peek`, `Slot::peek`), which must be `Send`: it then has no `Python` token, cannot run Python code, and
//! nobody else can while it runs. Nothing here runs any either.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::ptr::{null_mut, NonNull};
use std::slice::from_raw_parts;

use pyo3::ffi;
use pyo3::prelude::*;

use super::int::Int;

/// An object that somebody else holds.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct ValueRef<'a>(NonNull<ffi::PyObject>, PhantomData<&'a ()>);

impl<'a> ValueRef<'a> {
    /// An object.
    ///
    /// # Safety
    /// It is alive, and no Python code runs, for 'a.
    #[inline]
    pub unsafe fn held(object: NonNull<ffi::PyObject>) -> Self {
        Self(object, PhantomData)
    }

    /// Whether its type is this one, and no subclass.
    #[inline]
    fn is_exactly(self, class: *mut ffi::PyTypeObject) -> bool {
        // SAFETY: an object, alive for 'a.
        unsafe { ffi::Py_TYPE(self.0.as_ptr()) == class }
    }

    /// Whether it is None.
    #[inline]
    pub fn is_none(self) -> bool {
        // SAFETY: gives the address of None.
        self.0.as_ptr() == unsafe { ffi::Py_None() }
    }

    /// The truth of a bool.
    #[inline]
    pub fn truth(self) -> Option<bool> {
        // SAFETY: there are two bools; this gives the address of one.
        let is_true = || self.0.as_ptr() == unsafe { ffi::Py_True() };
        self.is_exactly(&raw mut ffi::PyBool_Type).then(is_true)
    }

    /// The number in an exact float.
    #[inline]
    pub fn float(self) -> Option<f64> {
        // SAFETY: a float.
        let number = || unsafe { ffi::PyFloat_AS_DOUBLE(self.0.as_ptr()) };
        self.is_exactly(&raw mut ffi::PyFloat_Type).then(number)
    }

    /// An int, perhaps of a subclass (a bool, a member of an enum).
    #[inline(always)]
    pub fn int(self) -> Option<Int<'a>> {
        let object = self.0.as_ptr();
        // SAFETY: an int, alive for 'a, if its type says so.
        unsafe {
            (ffi::Py_TYPE(object) == &raw mut ffi::PyLong_Type || ffi::PyLong_Check(object) != 0)
                .then(|| Int::of(object))
        }
    }

    /// An int of no subclass.
    #[inline]
    pub fn exact_int(self) -> Option<Int<'a>> {
        // SAFETY: an int, alive for 'a.
        let int = || unsafe { Int::of(self.0.as_ptr()) };
        self.is_exactly(&raw mut ffi::PyLong_Type).then(int)
    }

    /// Whether more than one reference is counted to it.
    pub fn is_shared(self) -> bool {
        // SAFETY: an object, alive for 'a.
        unsafe { ffi::Py_REFCNT(self.0.as_ptr()) > 1 }
    }

    /// The UTF-8 of an exact string; `None` for another type, and when it has lone surrogates.
    #[inline(always)]
    pub fn utf8(self) -> Option<&'a [u8]> {
        if !self.is_exactly(&raw mut ffi::PyUnicode_Type) {
            return None;
        }
        let mut length = 0;
        // SAFETY: a string, which keeps its UTF-8 as long as it lives.
        unsafe {
            let start = ffi::PyUnicode_AsUTF8AndSize(self.0.as_ptr(), &raw mut length);
            if start.is_null() {
                ffi::PyErr_Clear();
                return None;
            }
            Some(from_raw_parts(start.cast(), length as usize))
        }
    }

    /// The bytes of an exact bytes object.
    #[inline]
    pub fn bytes(self) -> Option<&'a [u8]> {
        // SAFETY: bytes, which do not change and live for 'a.
        let view = || unsafe {
            let start = ffi::PyBytes_AS_STRING(self.0.as_ptr());
            from_raw_parts(start.cast(), ffi::Py_SIZE(self.0.as_ptr()) as usize)
        };
        self.is_exactly(&raw mut ffi::PyBytes_Type).then(view)
    }

    /// The elements of an exact list. It changes only by Python code, which does not run meanwhile.
    #[inline]
    pub fn items(self) -> Option<&'a [Self]> {
        if !self.is_exactly(&raw mut ffi::PyList_Type) {
            return None;
        }
        let list = self.0.as_ptr();
        // SAFETY: a list, whose elements lie behind one another; an empty one may have no memory for them.
        unsafe {
            let start = (*list.cast::<ffi::PyListObject>()).ob_item;
            if start.is_null() {
                return Some(&[]);
            }
            Some(from_raw_parts(
                start.cast(),
                ffi::PyList_GET_SIZE(list) as usize,
            ))
        }
    }

    /// Keys and values of an exact dict, in its order, each as `made` makes it. `None` also when there is no memory for a list of
    /// them.
    #[inline]
    pub fn entries<T>(self, made: impl Fn(Self) -> T) -> Option<Vec<(T, T)>> {
        if !self.is_exactly(&raw mut ffi::PyDict_Type) {
            return None;
        }
        let (mut position, mut key, mut value) = (0, null_mut(), null_mut());
        let mut all = Vec::new();
        // SAFETY: a dict, which does not change meanwhile; what it gives are objects that it holds.
        unsafe {
            let length = ffi::PyDict_Size(self.0.as_ptr()) as usize;
            all.try_reserve_exact(length).ok()?;
            while ffi::PyDict_Next(
                self.0.as_ptr(),
                &raw mut position,
                &raw mut key,
                &raw mut value,
            ) != 0
            {
                let held = |it| made(Self(NonNull::new_unchecked(it), PhantomData));
                all.push((held(key), held(value)));
            }
        }
        Some(all)
    }

    /// The object, for what holds it otherwise.
    #[inline]
    pub fn pointer(self) -> NonNull<ffi::PyObject> {
        self.0
    }

    /// Whether this is an exact dict with nothing in it.
    pub fn is_empty_dict(self) -> bool {
        // SAFETY: the second is asked of a dict only.
        self.is_exactly(&raw mut ffi::PyDict_Type)
            && unsafe { ffi::PyDict_Size(self.0.as_ptr()) == 0 }
    }

    /// Whether two values are equal, if they are of one of Python's own scalar types; nan equals nan.
    #[inline]
    pub fn same_scalar(self, other: ValueRef<'_>) -> Option<bool> {
        let (a, b) = (self.0.as_ptr(), other.0.as_ptr());
        if a == b {
            return Some(true);
        }
        // SAFETY: objects, alive for 'a; each is read as what its type says.
        unsafe {
            let class = ffi::Py_TYPE(a);
            if class != ffi::Py_TYPE(b) {
                return None;
            }
            if class == &raw mut ffi::PyUnicode_Type {
                return Some(same_text(a, b));
            }
            if class == &raw mut ffi::PyLong_Type {
                return Int::of(a).same(Int::of(b));
            }
            if class == &raw mut ffi::PyFloat_Type {
                let (a, b) = (ffi::PyFloat_AS_DOUBLE(a), ffi::PyFloat_AS_DOUBLE(b));
                let equal = a.partial_cmp(&b).is_some_and(std::cmp::Ordering::is_eq);
                return Some(equal || a.is_nan() && b.is_nan());
            }
            if class == &raw mut ffi::PyBytes_Type {
                return Some(self.bytes() == other.bytes());
            }
            // True and False are two objects.
            (class == &raw mut ffi::PyBool_Type).then_some(false)
        }
    }
}

/// Whether it is of one of Python's own scalar types, which cannot change: a str, int, float, bool or bytes.
#[inline]
pub fn is_scalar(value: ValueRef<'_>) -> bool {
    value.is_exactly(&raw mut ffi::PyUnicode_Type)
        || value.is_exactly(&raw mut ffi::PyLong_Type)
        || value.is_exactly(&raw mut ffi::PyFloat_Type)
        || value.is_exactly(&raw mut ffi::PyBool_Type)
        || value.is_exactly(&raw mut ffi::PyBytes_Type)
}

/// Whether it is a list of scalars of Python's own types, and of None.
pub fn holds_scalars(list: ValueRef<'_>) -> bool {
    let items = list.items();
    items.is_some_and(|items| items.iter().all(|item| item.is_none() || is_scalar(*item)))
}

/// Whether two values are equal, if they are scalars, or lists of scalars, of Python's own types; nan equals nan.
#[inline]
pub fn same_plain(one: ValueRef<'_>, other: ValueRef<'_>) -> Option<bool> {
    if let Some(found) = one.same_scalar(other) {
        return Some(found);
    }
    let (mine, theirs) = (one.items()?, other.items()?);
    if mine.len() != theirs.len() {
        return Some(false);
    }
    for (one, other) in mine.iter().zip(theirs) {
        if !one.same_scalar(*other)? {
            return Some(false);
        }
    }
    Some(true)
}

/// Looks at an object without counting one more reference to it, or to what it holds.
#[inline(always)]
pub fn peek<T, U>(object: &Bound<'_, T>, look: impl FnOnce(ValueRef<'_>) -> U + Send) -> U {
    // SAFETY: a `Bound` holds its object; `look` has no `Python` token.
    look(unsafe { ValueRef::held(NonNull::new_unchecked(object.as_ptr())) })
}

/// The same of two objects.
#[inline]
pub fn peek_pair<T, U>(
    object: &Bound<'_, T>,
    other: &Bound<'_, T>,
    look: impl FnOnce(ValueRef<'_>, ValueRef<'_>) -> U + Send,
) -> U {
    // SAFETY: as `peek`.
    let held = |it: &Bound<'_, T>| unsafe { ValueRef::held(NonNull::new_unchecked(it.as_ptr())) };
    look(held(object), held(other))
}

/// Whether two strings are equal.
///
/// # Safety
/// Both are of the exact type `str`.
#[inline]
unsafe fn same_text(a: *mut ffi::PyObject, b: *mut ffi::PyObject) -> bool {
    // SAFETY: the caller's.
    unsafe {
        if ffi::PyUnicode_GET_LENGTH(a) != ffi::PyUnicode_GET_LENGTH(b) {
            return false;
        }
        #[cfg(Py_3_14)]
        return ffi::PyUnicode_Equal(a, b) == 1;
        // `PyUnicode_Compare` would compare letter by letter, to tell which is less.
        #[cfg(not(Py_3_14))]
        {
            let found = ffi::PyUnicode_RichCompare(a, b, ffi::Py_EQ);
            let is_equal = found == ffi::Py_True();
            ffi::Py_XDECREF(found);
            is_equal
        }
    }
}
