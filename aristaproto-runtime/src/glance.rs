//! What is asked of an object that nobody releases meanwhile. In: `Glance`s of `raw`. Out: its type, its value as a scalar, its slots
//! as a message, the entries of a dict. Called by `quick`, `same`, `writers` and their like, in whose time no Python code may run;
//! neither does any in here.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyString};
use pyo3::PyTypeInfo;

use crate::object::{compares_as_message, Area, Message, MessageClass};
use crate::plan::{Plan, Wrapped};
use crate::raw::{references, Dict, Glance};
use crate::wkt;

impl<'s> Glance<'s> {
    /// Whether it is of one of Python's own types, and of no subclass.
    #[inline(always)]
    pub fn is_exactly<T: PyTypeInfo>(self) -> bool {
        self.object().is_exact_instance_of::<T>()
    }

    /// Whether it is None.
    #[inline(always)]
    pub fn is_none(self) -> bool {
        self.object().is_none()
    }

    /// Whether another object is of the same class.
    #[inline(always)]
    pub fn is_like(self, other: Self) -> bool {
        self.object().get_type_ptr() == other.object().get_type_ptr()
    }

    /// The truth of a bool.
    #[inline(always)]
    pub fn truth(self) -> Option<bool> {
        self.exactly::<PyBool>().map(|truth| truth.is_true())
    }

    /// The number in an exact float.
    #[inline(always)]
    pub fn float(self) -> Option<f64> {
        self.exactly::<PyFloat>().map(|number| number.value())
    }

    /// Whether it is text, an int or a bool.
    #[inline(always)]
    pub fn hashes_plainly(self) -> bool {
        self.is_exactly::<PyString>() || self.is_exactly::<PyInt>() || self.is_exactly::<PyBool>()
    }

    /// Whether it is of one of Python's own types of scalars, which cannot change.
    #[inline(always)]
    pub fn is_scalar(self) -> bool {
        self.hashes_plainly() || self.is_exactly::<PyFloat>() || self.is_exactly::<PyBytes>()
    }

    /// Plan and slots of a message that has been read.
    pub fn message(self) -> Option<(&'s Plan, Area<'s>)> {
        Message::comparing(self.object())?.filled()
    }

    /// Plan and slots of two messages of one class that have been read.
    #[inline(always)]
    pub fn pair(self, other: Self) -> Option<(&'s Plan, Area<'s>, Area<'s>)> {
        if !self.is_like(other) {
            return None;
        }
        let ((plan, mine), (_, theirs)) = (self.message()?, other.message()?);
        Some((plan, mine, theirs))
    }

    /// Plan and slots of a message of this very class that has been read.
    #[inline(always)]
    pub fn message_of(self, class: &MessageClass) -> Option<(&'s Plan, Area<'s>)> {
        Message::of_class(self.object(), class)?.filled()
    }

    /// Whether `==` of it is that of messages.
    #[inline(always)]
    pub fn compares_as_message(self) -> bool {
        compares_as_message(&self.object())
    }

    /// Whether it is an object that a plan holds.
    #[inline(always)]
    pub fn is<T>(self, object: &Py<T>) -> bool {
        self.object().as_ptr() == object.as_ptr()
    }

    /// Whether more than one reference is counted to it.
    #[inline(always)]
    pub fn is_shared(self) -> bool {
        references(&self.object()) > 1
    }

    /// Seconds and nanoseconds of a `datetime` in UTC or a `timedelta`; with `EXACT` of none that reading does not give.
    pub fn parts<const EXACT: bool>(self, wrapped: Wrapped) -> Option<(i64, i32)> {
        // It looks at those of Python's own two classes, no more.
        let parts = wkt::parts(wrapped, &self.object());
        parts.filter(|_| !(EXACT && wkt::is_second_time(&self.object())))
    }

    /// Whether it is a `datetime` or `timedelta` equal to another one; `None` when something else decides.
    #[inline(never)] // Most of what is compared is none.
    pub fn same_time(self, other: Self) -> Option<bool> {
        wkt::same(&self.object(), &other.object())
    }
}

impl<'s> Dict<'s> {
    /// Whether the entries lie at the positions up to their number, as they do unless keys were removed.
    pub fn is_dense(self) -> bool {
        self.next(self.len().cast_signed()).is_none()
    }

    /// The entry at a position.
    #[inline(always)]
    pub fn at(self, position: usize) -> Option<(Glance<'s>, Glance<'s>)> {
        let position = position.cast_signed();
        let (key, value, next) = self.next(position)?;
        (next == position + 1).then_some((key, value))
    }

    /// Keys and values.
    pub fn entries(self) -> Entries<'s> {
        Entries {
            dict: self,
            position: 0,
        }
    }
}

/// Keys and values of a dict.
pub struct Entries<'s> {
    dict: Dict<'s>,
    position: isize,
}

impl<'s> Iterator for Entries<'s> {
    type Item = (Glance<'s>, Glance<'s>);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let (key, value, next) = self.dict.next(self.position)?;
        self.position = next;
        Some((key, value))
    }
}
