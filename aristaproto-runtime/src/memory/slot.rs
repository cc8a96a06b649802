//! Words that own a reference, in messages and beside them.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::{null_mut, NonNull};

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyType;

use super::layout::{Layout, MemberOffsets, Offset};
use crate::memory::layout::MessageClass;
use crate::python::borrowed::ValueRef;

/// A word that is empty (null), or owns a reference to the object that it holds.
#[repr(transparent)]
pub struct Word(Cell<Option<NonNull<ffi::PyObject>>>);

impl Word {
    /// One that is empty.
    pub const fn empty() -> Self {
        Self(Cell::new(None))
    }
}

/// A word as it is used. It is there as long as the message or the words around it.
#[derive(Clone, Copy)]
pub struct Slot<'a>(&'a Word);

impl<'a> Slot<'a> {
    /// A word.
    #[inline]
    pub fn of(word: &'a Word) -> Self {
        Self(word)
    }

    /// What is in it.
    #[inline]
    pub fn held(self) -> Option<NonNull<ffi::PyObject>> {
        self.0 .0.get()
    }

    /// The value; `None` when it is empty.
    #[inline]
    pub fn get(self, py: Python<'_>) -> Option<Bound<'_, PyAny>> {
        let held = self.held()?;
        // SAFETY: the word owns a reference to the object; the new one is counted by itself.
        Some(unsafe { Bound::from_borrowed_ptr(py, held.as_ptr()) })
    }

    /// Puts a value into it, or empties it; gives what was there.
    #[inline]
    pub fn replace<'py>(
        self,
        py: Python<'py>,
        value: Option<Bound<'py, PyAny>>,
    ) -> Option<Bound<'py, PyAny>> {
        let value = value.and_then(|value| NonNull::new(value.into_ptr()));
        let old = self.0 .0.replace(value)?;
        // SAFETY: the word owned a reference to the object, and has given it up.
        Some(unsafe { Bound::from_owned_ptr(py, old.as_ptr()) })
    }

    /// Looks at what it holds without counting a reference; `None` when it is empty. What is `Send` holds no `Python` token:
    /// no Python code runs in `look`, which could change the slot.
    #[inline(always)]
    pub fn peek<T>(self, look: impl FnOnce(ValueRef<'_>) -> T + Send) -> Option<T> {
        // SAFETY: the slot owns a reference to the object, and keeps it while `look` runs.
        self.held()
            .map(|held| look(unsafe { ValueRef::held(held) }))
    }

    /// The same of what two slots hold.
    #[inline]
    pub fn peek_pair<T>(
        self,
        other: Slot<'_>,
        look: impl FnOnce(ValueRef<'_>, ValueRef<'_>) -> T + Send,
    ) -> Option<T> {
        let (mine, theirs) = (self.held()?, other.held()?);
        // SAFETY: as `peek`.
        Some(unsafe { look(ValueRef::held(mine), ValueRef::held(theirs)) })
    }
}

/// Memory with the slots of one class: a message, or words in its place.
#[derive(Clone, Copy)]
pub struct Slots<'a> {
    start: *mut u8,
    /// Up to here, all words behind the head are slots.
    limit: u32,
    /// It is a message.
    is_message: bool,
    held: PhantomData<&'a Word>,
}

impl<'a> Slots<'a> {
    /// Words in the place of a message.
    #[inline]
    pub fn new(words: &'a [Word]) -> Self {
        Self {
            start: words.as_ptr().cast_mut().cast(),
            limit: u32::try_from(size_of_val(words)).unwrap_or_default(),
            is_message: false,
            held: PhantomData,
        }
    }

    /// The slots of a message.
    ///
    /// # Safety
    /// `start` is a message that is alive for 'a, and up to `limit` bytes all words behind its head are slots.
    #[inline]
    pub unsafe fn of_message(start: *mut ffi::PyObject, limit: u32) -> Self {
        Self {
            start: start.cast(),
            limit,
            is_message: true,
            held: PhantomData,
        }
    }

    /// A slot.
    ///
    /// # Panics
    /// If there is none at that offset, because it is one of another class.
    #[inline]
    pub fn slot(self, offset: Offset) -> Slot<'a> {
        if offset.bytes() >= self.limit {
            self.look_again(offset);
        }
        // SAFETY: there is a slot.
        unsafe { self.at(offset) }
    }

    /// Safety: there is a slot.
    #[inline]
    unsafe fn at(self, offset: Offset) -> Slot<'a> {
        // SAFETY: the caller's; a slot lives as long as what it is in, and is a word, at a multiple of a word.
        Slot(unsafe { &*self.start.add(offset.bytes() as usize).cast() })
    }

    /// Looks at all offsets of a layout, once for all: a look at each costs 3 to 7 percent.
    #[inline]
    fn check<T>(self, layout: &Layout<T>) {
        if layout.highest().bytes() >= self.limit {
            self.look_at_all(layout);
        }
    }

    #[cold]
    #[inline(never)]
    fn look_at_all<T>(self, layout: &Layout<T>) {
        layout
            .iter()
            .for_each(|&(offset, _)| self.look_again(offset));
    }

    /// The slots at the offsets of a layout.
    #[inline(always)]
    pub fn each<'p, T>(
        self,
        layout: &'p Layout<T>,
    ) -> impl Iterator<Item = (&'p T, Slot<'a>)> + use<'a, 'p, T> {
        self.check(layout);
        layout.iter().map(move |(offset, it)| {
            // SAFETY: there are slots, as `check` has seen.
            (it, unsafe { self.at(*offset) })
        })
    }

    /// The same of two areas.
    #[inline]
    pub fn each_pair<'b, 'p, T>(
        self,
        other: Slots<'b>,
        layout: &'p Layout<T>,
    ) -> impl Iterator<Item = (&'p T, Slot<'a>, Slot<'b>)> + use<'a, 'b, 'p, T> {
        self.check(layout);
        other.check(layout);
        layout.iter().map(move |(offset, it)| {
            // SAFETY: as `each`.
            let (mine, theirs) = unsafe { (self.at(*offset), other.at(*offset)) };
            (it, mine, theirs)
        })
    }

    #[cold]
    #[inline(never)]
    fn look_again(self, offset: Offset) {
        let found = self.is_message && {
            // SAFETY: it is a message.
            let class = unsafe {
                let class = ffi::Py_TYPE(self.start.cast());
                PyType::from_borrowed_type_ptr(Python::assume_attached(), class)
            };
            MemberOffsets::of(&class).have_slot(offset)
        };
        assert!(found, "the message has no slot at {offset:?}");
    }
}

impl Slots<'_> {
    /// The value in a slot; `None` when it is empty.
    #[inline]
    pub fn get(self, py: Python<'_>, offset: Offset) -> Option<Bound<'_, PyAny>> {
        self.slot(offset).get(py)
    }

    /// Whether a slot is empty.
    #[inline]
    pub fn is_empty(self, offset: Offset) -> bool {
        self.slot(offset).is_empty()
    }

    /// Puts a value into a slot.
    #[inline]
    pub fn put(self, offset: Offset, value: Bound<'_, PyAny>) {
        self.slot(offset).put(value);
    }

    /// Empties a slot.
    #[inline]
    pub fn clear(self, py: Python<'_>, offset: Offset) {
        drop(self.slot(offset).replace(py, None));
    }
}

impl Slot<'_> {
    /// Whether both hold the same object, or nothing.
    #[inline]
    pub fn is_as(self, other: Slot<'_>) -> bool {
        let address = |it: Slot<'_>| it.held().map_or(null_mut(), NonNull::as_ptr);
        address(self) == address(other)
    }

    /// Whether it is empty.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.held().is_none()
    }

    /// Puts a value into it; the old one is released when the slot no longer has it.
    #[inline]
    pub fn put(self, value: Bound<'_, PyAny>) {
        drop(self.replace(value.py(), Some(value)));
    }
}

/// A slot of a class, in messages of it and of classes below it.
pub struct SlotOf {
    owner: MessageClass,
    offset: Offset,
}

impl SlotOf {
    /// The slot of a class at an offset.
    ///
    /// # Errors
    /// `TypeError` when there is none.
    pub fn new(class: &Bound<'_, PyType>, offset: Offset) -> PyResult<Self> {
        let owner = MessageClass::new(class)?;
        if !MemberOffsets::of(class).have_slot(offset) {
            return Err(PyTypeError::new_err("the class has no such slot"));
        }
        Ok(Self { owner, offset })
    }

    /// The class.
    pub fn owner(&self) -> &MessageClass {
        &self.owner
    }

    /// The offset.
    pub fn offset(&self) -> Offset {
        self.offset
    }

    /// The slot of an object of the class; `None` for something else.
    #[inline]
    pub fn of<'a>(&self, object: &'a Bound<'_, PyAny>) -> Option<Slot<'a>> {
        if !self.owner.holds(object) {
            return None;
        }
        // SAFETY: messages of the class have a slot there.
        let word = unsafe {
            &*object
                .as_ptr()
                .byte_add(self.offset.bytes() as usize)
                .cast()
        };
        Some(Slot::of(word))
    }
}
