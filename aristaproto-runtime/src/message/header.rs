//! The start of a message: its plan, and the wire bytes that its empty slots are still to be read from.
#![allow(unsafe_code)]

use std::cell::{Cell, OnceCell, UnsafeCell};
use std::mem::size_of;
use std::rc::Rc;

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;

use crate::memory::layout::{is_below, MemberOffsets, MessageClass, BASE, HEAD};
use crate::memory::slot::{Slot, SlotOf, Slots, Word};
use crate::schema::message::{Field, Plan};
use crate::schema::registry::plan_of;

const _: () = assert!(size_of::<RawMessage>() == HEAD);

/// The start of every message. All zeroes, as memory comes, it is one that nobody has looked at and that holds nothing.
#[repr(C)]
pub struct RawMessage {
    head: UnsafeCell<ffi::PyObject>,
    /// That of the message's class; none until the message is first looked at, when Python code made it.
    plan: OnceCell<Rc<Plan>>,
    data: Word,
    start: Cell<u32>,
    end: Cell<u32>,
}

// The others are numbers, and pointers of which null is documented to be `None`.
const _: () = {
    // SAFETY: as large as it, and without a byte that is not set.
    let none: usize = unsafe { std::mem::transmute(OnceCell::<Rc<Plan>>::new()) };
    assert!(none == 0);
};

/// A message, alive as long as the reference that it was made from.
#[derive(Clone, Copy)]
pub struct Message<'a, 'py>(Borrowed<'a, 'py, PyAny>);

impl<'a, 'py> Message<'a, 'py> {
    /// `value` as a message; `None` when it is something else.
    #[inline]
    pub fn of(value: &'a Bound<'py, PyAny>) -> Option<Self> {
        is_below(value, BASE.0.get()).then(|| Self(value.as_borrowed()))
    }

    /// An object that is a message.
    ///
    /// Safety: it is one.
    #[inline]
    pub unsafe fn assume(object: Borrowed<'a, 'py, PyAny>) -> Self {
        Self(object)
    }

    /// `value` as a message of a message class itself; `None` when it is something else.
    #[inline]
    pub fn of_class(value: Borrowed<'a, 'py, PyAny>, class: &MessageClass) -> Option<Self> {
        let own = value.get_type_ptr().cast();
        (own == class.as_ptr()).then_some(Self(value))
    }

    /// `value` as a message of the class of `plan` or one below it, whose messages have the same slots at the same offsets.
    #[inline]
    pub fn of_plan(value: &'a Bound<'py, PyAny>, plan: &Plan) -> Option<Self> {
        let fits = plan.class.holds(value);
        fits.then(|| Self(value.as_borrowed()))
    }

    /// Two messages of one class; `None` when they are something else.
    #[inline]
    pub fn pair(a: &'a Bound<'py, PyAny>, b: &'a Bound<'py, PyAny>) -> Option<(Self, Self)> {
        let fits = a.get_type_ptr() == b.get_type_ptr() && is_below(a, BASE.0.get());
        fits.then(|| (Self(a.as_borrowed()), Self(b.as_borrowed())))
    }

    /// The object.
    #[inline]
    pub fn object(self) -> Borrowed<'a, 'py, PyAny> {
        self.0
    }

    /// The start of the message.
    #[inline]
    fn raw(self) -> &'a RawMessage {
        // SAFETY: a message, which lives for 'a; all that changes in it is in cells.
        unsafe { &*self.0.as_ptr().cast() }
    }

    /// The plan that the message has.
    #[inline]
    pub fn known_plan(self) -> Option<&'a Plan> {
        let plan = self.raw().plan.get().map(|plan| &**plan);
        // Python code may have given the message another class.
        plan.filter(|plan| plan.class.as_ptr() == self.0.get_type_ptr().cast())
    }

    /// The plan of the message's class.
    #[inline]
    pub fn plan(self) -> PyResult<&'a Plan> {
        match self.known_plan() {
            Some(plan) => Ok(plan),
            None => self.find_plan(),
        }
    }

    /// Gives a message that Python code made its plan.
    #[cold]
    fn find_plan(self) -> PyResult<&'a Plan> {
        // Building it may run code that looks at this very message.
        let plan = plan_of(&self.0.get_type())?;
        if plan.class.is(self.0.get_type()) {
            let _ = self.raw().plan.set(plan);
        }
        self.known_plan()
            .ok_or_else(|| PyTypeError::new_err("the class of a message cannot be changed"))
    }

    /// A place for an object beside the fields: bytes that are still to be read.
    #[inline]
    pub fn data(self) -> Slot<'a> {
        Slot::of(&self.raw().data)
    }

    /// Two numbers beside them.
    #[inline]
    pub fn range(self) -> (&'a Cell<u32>, &'a Cell<u32>) {
        (&self.raw().start, &self.raw().end)
    }

    /// The slots.
    #[inline]
    pub fn slots(self) -> Slots<'a> {
        // A plan is that of the object's class, or of one that lies in memory like it.
        let limit = match self.known_plan() {
            Some(plan) => plan.class.limit(),
            None => self.find_limit(),
        };
        // SAFETY: a message, which lives for 'a.
        unsafe { Slots::of_message(self.0.as_ptr(), limit) }
    }

    #[cold]
    #[inline(never)]
    fn find_limit(self) -> u32 {
        MemberOffsets::of(&self.0.get_type()).limit()
    }
}

/// What is released with a message: `tp_dealloc` of the base of all.
///
/// Safety: called by the interpreter, once for each message, after the slots of the subclasses were released.
pub unsafe extern "C" fn free_message(object: *mut ffi::PyObject) {
    // SAFETY: the caller's; nobody has a reference to the message any more.
    unsafe {
        let raw: *mut RawMessage = object.cast();
        drop((*raw).plan.take());
        drop(Slot::of(&(*raw).data).replace(Python::assume_attached(), None));
        if let Some(free) = (*ffi::Py_TYPE(object)).tp_free {
            free(object.cast());
        }
    }
}

/// A new message of a class, with all slots empty. The class' own `__new__` and `__init__` are not called.
///
/// # Errors
/// `MemoryError`.
#[inline]
pub fn new_message<'py>(py: Python<'py>, plan: &Plan) -> PyResult<Bound<'py, PyAny>> {
    let class = plan.class.bind(py).as_type_ptr();
    let Some(counted) = plan.counted() else {
        return Err(PyTypeError::new_err("the plan of the class has gone"));
    };
    // SAFETY: the class is a heap type below BASE. Its `tp_alloc` is this one, as that of all classes that Python code makes; by
    // its name, `python::attached` wraps the call, in which the collector may run Python code. It gives zeroed memory.
    unsafe {
        let made = Bound::from_owned_ptr_or_err(py, ffi::PyType_GenericAlloc(class, 0))?;
        let _ = Message(made.as_borrowed()).raw().plan.set(counted);
        Ok(made)
    }
}

impl<'a, 'py> Message<'a, 'py> {
    /// An object as a message.
    ///
    /// # Errors
    /// `TypeError` when it is none.
    pub fn known(message: &'a Bound<'py, PyAny>) -> PyResult<Self> {
        Self::of(message).ok_or_else(|| PyTypeError::new_err("expected a message"))
    }

    /// An object as a message of the class that declares a slot, and its slot; `None` for something else.
    #[inline]
    pub fn with_slot(slot: &SlotOf, object: &'a Bound<'py, PyAny>) -> Option<(Self, Slot<'a>)> {
        let found = slot.of(object)?;
        Some((Self(object.as_borrowed()), found))
    }
}

impl Field {
    /// A value as a message of the field's very class; `None` when it is something else.
    #[inline]
    pub fn message<'a, 'py>(&self, value: &'a Bound<'py, PyAny>) -> Option<Message<'a, 'py>> {
        Message::of_class(value.as_borrowed(), self.class.as_ref()?)
    }
}
