//! The way from the outermost message of a walk down to the one at hand, without a counted reference for each of them.
//!
//! Nothing that a message holds is released as long as no Python code runs, so a walk borrows what it passes. What needs Python
//! code gets its token from the level at hand (`Level::python`), which first counts a reference to every object on the way.
//! These are given up when the walk leaves the level. A walk must have no token from elsewhere.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::ptr::NonNull;

use pyo3::ffi;
use pyo3::prelude::*;

use crate::memory::layout::MessageClass;
use crate::memory::slot::{Slot, Slots};
use crate::message::header::Message;
use crate::python::borrowed::ValueRef;
use crate::schema::message::Plan;

/// A message or a list that a walk has come to.
pub struct Level<'a, 'py> {
    py: Python<'py>,
    object: NonNull<ffi::PyObject>,
    around: Option<&'a Level<'a, 'py>>,
    /// Of a dict: its keys and values, which are to be counted with it.
    entries: &'a [Entry],
    /// Whether the level owns references.
    is_counted: Cell<bool>,
}

type Entry = (NonNull<ffi::PyObject>, NonNull<ffi::PyObject>);

impl<'a, 'py> Level<'a, 'py> {
    /// The first one, which is held by a reference that outlives it.
    pub fn outermost(object: &'a Bound<'py, PyAny>) -> Self {
        Self {
            py: object.py(),
            // SAFETY: a `Bound` is never null.
            object: unsafe { NonNull::new_unchecked(object.as_ptr()) },
            around: None,
            entries: &[],
            is_counted: Cell::new(false),
        }
    }

    fn inside<'b>(&'b self, object: NonNull<ffi::PyObject>) -> Level<'b, 'py> {
        Level {
            py: self.py,
            object,
            around: Some(self),
            entries: &[],
            is_counted: Cell::new(false),
        }
    }

    /// Counts a reference to this object and to all around it that are borrowed.
    fn count(&self) {
        let Some(around) = self.around.filter(|_| !self.is_counted.get()) else {
            return;
        };
        around.count();
        // SAFETY: the objects are alive: no Python code has run since they were found in the one around them, or it would have
        // counted them.
        unsafe {
            ffi::Py_INCREF(self.object.as_ptr());
            for (key, value) in self.entries {
                ffi::Py_INCREF(key.as_ptr());
                ffi::Py_INCREF(value.as_ptr());
            }
        }
        self.is_counted.set(true);
    }

    /// The token with which Python code can be run.
    pub fn python(&self) -> Python<'py> {
        self.count();
        self.py
    }

    /// The object, for what may run Python code.
    pub fn object(&self) -> Bound<'py, PyAny> {
        self.count();
        // SAFETY: an object, alive as `count` says.
        unsafe { Bound::from_borrowed_ptr(self.py, self.object.as_ptr()) }
    }

    /// Whether somebody holds the object besides the one around it, and besides the levels.
    pub fn is_shared(&self) -> bool {
        let around = self
            .around
            .is_some_and(|around| around.is_counted.get() && !around.entries.is_empty());
        let own = isize::from(self.is_counted.get()) + isize::from(around);
        // SAFETY: alive as above.
        unsafe { ffi::Py_REFCNT(self.object.as_ptr()) - own > 1 }
    }

    #[inline]
    fn borrowed(&self) -> Borrowed<'_, 'py, PyAny> {
        // SAFETY: alive as above, at least as long as the level.
        unsafe { Borrowed::from_ptr(self.py, self.object.as_ptr()) }
    }

    /// What a slot of this message holds, if it is a message of this very class.
    #[inline]
    pub fn message<'b>(
        &'b mut self,
        slot: Slot<'b>,
        class: &MessageClass,
    ) -> Option<Child<'b, 'py>> {
        self.inside(slot.held()?).of_class(class)
    }

    /// What a slot of this message holds, if it is a list.
    #[inline]
    pub fn list<'b>(&'b mut self, slot: Slot<'b>) -> Option<List<'b, 'py>> {
        let inner = self.inside(slot.held()?);
        // SAFETY: alive as above.
        unsafe { ffi::PyList_CheckExact(inner.object.as_ptr()) != 0 }.then_some(List(inner))
    }

    /// The level of a dict that a slot of this message holds.
    pub fn dict<'b>(&'b mut self, entries: &'b Entries) -> Dict<'b, 'py> {
        let mut inner = self.inside(entries.dict);
        inner.entries = &entries.all;
        Dict(inner)
    }

    #[inline]
    fn of_class(self, class: &MessageClass) -> Option<Child<'a, 'py>> {
        Message::of_class(self.borrowed(), class)?;
        Some(Child(self))
    }
}

impl Drop for Level<'_, '_> {
    #[inline]
    fn drop(&mut self) {
        if self.is_counted.get() {
            // SAFETY: the level owns the references.
            unsafe {
                for (key, value) in self.entries {
                    ffi::Py_DECREF(key.as_ptr());
                    ffi::Py_DECREF(value.as_ptr());
                }
                ffi::Py_DECREF(self.object.as_ptr());
            }
        }
    }
}

/// A message inside another object.
pub struct Child<'a, 'py>(Level<'a, 'py>);

impl<'a, 'py> Child<'a, 'py> {
    /// The level, plan and slots of a message of which nothing is to be read.
    #[inline]
    pub fn filled<'s>(&'s mut self) -> Option<(&'s mut Level<'a, 'py>, &'s Plan, Slots<'s>)> {
        // SAFETY: alive at least as long as the level.
        let object = unsafe { Borrowed::from_ptr(self.0.py, self.0.object.as_ptr()) };
        let (plan, slots) = Self::message(object).filled()?;
        Some((&mut self.0, plan, slots))
    }

    /// The level.
    pub fn level(&self) -> &Level<'a, 'py> {
        &self.0
    }

    /// Whether no class has an `__eq__` or a `__deepcopy__` of its own.
    pub fn is_usual(&self) -> bool {
        let message = Self::message(self.0.borrowed());
        let plan = message.known_plan().filter(|_| message.compares_itself());
        plan.is_some_and(|plan| plan.copies_itself)
    }

    /// The object of a child.
    fn message<'m>(object: Borrowed<'m, 'py, PyAny>) -> Message<'m, 'py> {
        // SAFETY: a message, see `Level::of_class`.
        unsafe { Message::assume(object) }
    }
}

/// The keys and values of a dict, as `Level::dict` needs them.
pub struct Entries {
    dict: NonNull<ffi::PyObject>,
    all: Vec<Entry>,
}

impl Entries {
    /// The keys and values of the dict that a slot holds, in its order; `None` for something else, and when
    /// there is no memory for a list of them.
    pub fn of(slot: Slot<'_>) -> Option<Self> {
        let dict = slot.held()?;
        let all = slot.peek(|dict| dict.entries(ValueRef::pointer))??;
        Some(Self { dict, all })
    }
}

/// A dict inside a message, with the entries that it had when the walk came to it.
pub struct Dict<'a, 'py>(Level<'a, 'py>);

impl<'a, 'py> Dict<'a, 'py> {
    /// Number of entries.
    pub fn len(&self) -> usize {
        self.0.entries.len()
    }

    /// The value of an entry, if it is a message of this very class.
    #[inline]
    pub fn message<'b>(&'b mut self, index: usize, class: &MessageClass) -> Option<Child<'b, 'py>> {
        let (_, value) = *self.0.entries.get(index)?;
        self.0.inside(value).of_class(class)
    }

    /// Looks at a key without counting a reference, as `Slot::peek`.
    #[inline]
    pub fn peek_key<T>(
        &self,
        index: usize,
        look: impl FnOnce(ValueRef<'_>) -> T + Send,
    ) -> Option<T> {
        let (key, _) = *self.0.entries.get(index)?;
        // SAFETY: the dict holds the key, or the level does.
        Some(look(unsafe { ValueRef::held(key) }))
    }

    /// Key and value of an entry, for what may run Python code.
    pub fn get(&self, index: usize) -> Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        let (key, value) = *self.0.entries.get(index)?;
        self.0.count();
        // SAFETY: the level has counted them.
        Some(unsafe {
            (
                Bound::from_borrowed_ptr(self.0.py, key.as_ptr()),
                Bound::from_borrowed_ptr(self.0.py, value.as_ptr()),
            )
        })
    }

    /// The dict's level.
    pub fn level(&self) -> &Level<'a, 'py> {
        &self.0
    }
}

/// A list inside a message.
pub struct List<'a, 'py>(Level<'a, 'py>);

impl<'py> List<'_, 'py> {
    /// Number of elements now.
    #[inline]
    pub fn len(&self) -> usize {
        // SAFETY: a list, alive as above.
        unsafe { ffi::PyList_GET_SIZE(self.0.object.as_ptr()) as usize }
    }

    #[inline]
    fn item(&self, index: usize) -> Option<NonNull<ffi::PyObject>> {
        if index >= self.len() {
            return None;
        }
        // SAFETY: a list with so many elements.
        NonNull::new(unsafe { ffi::PyList_GET_ITEM(self.0.object.as_ptr(), index as isize) })
    }

    /// The element at an index, if it is a message of this very class.
    #[inline]
    pub fn message<'b>(&'b mut self, index: usize, class: &MessageClass) -> Option<Child<'b, 'py>> {
        self.0.inside(self.item(index)?).of_class(class)
    }

    /// Asks for the memory of messages that are met soon in a long list, which the caches do not hold.
    #[inline]
    pub fn prefetch(&self, index: usize, class: &MessageClass) {
        if self.len() < LONG {
            return;
        }
        if let Some(far) = self.item(index.wrapping_sub(FAR)) {
            prefetch(far.as_ptr().cast());
            prefetch(far.as_ptr().cast::<i8>().wrapping_add(LINE));
        }
        if let Some(near) = self.item(index.wrapping_sub(NEAR)) {
            let near = self.0.inside(near);
            if Message::of_class(near.borrowed(), class).is_some() {
                let mut near = Child(near);
                if let Some((_, plan, slots)) = near.filled() {
                    for (_, slot) in slots.each(&plan.encode_table) {
                        if let Some(held) = slot.held() {
                            prefetch(held.as_ptr().cast());
                            prefetch(held.as_ptr().cast::<i8>().wrapping_add(TEXT));
                        }
                    }
                }
            }
        }
    }

    /// The element at an index, for what may run Python code.
    pub fn get(&self, index: usize) -> Option<Bound<'py, PyAny>> {
        let found = self.item(index)?;
        self.0.count();
        // SAFETY: the list holds it; counting runs no Python code.
        Some(unsafe { Bound::from_borrowed_ptr(self.0.py, found.as_ptr()) })
    }

    /// The list's level.
    pub fn level(&self) -> &Level<'_, 'py> {
        &self.0
    }
}

/// A list of fewer messages may well be in the caches, with all that they hold.
const LONG: usize = 256;
/// So many elements before it is met, the start of a message is asked for, and what its fields hold.
const FAR: usize = 4;
const NEAR: usize = 2;
/// Where the text of a string starts: most short ones end within a line from here.
const TEXT: usize = 48;
/// Bytes of a line of the caches.
const LINE: usize = 64;

/// Asks for the memory at an address.
#[inline]
fn prefetch(address: *const i8) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint, which reads nothing.
    unsafe {
        use std::arch::x86_64::{_mm_prefetch, _MM_HINT_T0};
        _mm_prefetch::<_MM_HINT_T0>(address);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
