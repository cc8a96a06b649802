//! How messages lie in memory, and safe access to the slots behind their heads. In: plans. Out: `Message`, `Area`, `Frame`,
//! which the other modules use without unsafe code.
//!
//! A message of class C is a `RawMessage`, followed by one pointer for each name in the `__slots__` of C and its bases. `CPython`
//! visits, clears and frees those pointers as it does for every class; this module reads and writes them at the offsets that
//! the classes' own member descriptors tell. An empty slot (null) holds the field's default, or, as long as the message
//! has `data`, what these wire bytes say. All functions run attached to the interpreter, whose lock makes them atomic
//! as long as they call no Python code.
#![allow(unsafe_code)]

use std::cell::{RefCell, UnsafeCell};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::marker::PhantomData;
use std::mem::{size_of, MaybeUninit};
use std::ptr::null_mut;
use std::rc::{Rc, Weak};

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

use crate::bind::Handle;
use crate::methods;
use crate::plan::Plan;

/// The start of every message.
#[repr(C)]
pub struct RawMessage {
    head: ffi::PyObject,
    /// From `Rc::into_raw`; null until the message is first looked at, when Python code made it.
    pub plan: *const Plan,
    /// Bytes of which `start..end` are what empty slots hold; null when there is nothing to be read.
    pub data: *mut ffi::PyObject,
    start: u32,
    /// With the bit `CANONICAL`.
    end: u32,
}

/// The bytes to be read are known to be those that writing gives once they have been read.
const CANONICAL: u32 = 1 << 31;

/// Where bytes of a length end, if they can be left for later.
pub fn end_of(length: usize) -> Option<u32> {
    u32::try_from(length)
        .ok()
        .filter(|end| end & CANONICAL == 0)
}

/// Where a slot lies in a message. Made only by `slot_offset`, so it is one of a class whose messages have a pointer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset(pub u32);

/// A type object of C.
pub struct StaticType(pub UnsafeCell<ffi::PyTypeObject>);
// SAFETY: CPython changes type objects, and only while attached to the interpreter.
unsafe impl Sync for StaticType {}

impl StaticType {
    /// An empty one.
    pub const fn new() -> Self {
        // SAFETY: all zeroes is what C's static initialisation gives the members that are not named.
        Self(UnsafeCell::new(unsafe {
            MaybeUninit::zeroed().assume_init()
        }))
    }
}

/// The base of all messages.
pub static BASE: StaticType = StaticType::new();

/// State that is only touched while attached to the interpreter.
struct Attached<T>(T);
// SAFETY: the interpreter's lock is held by every user of the one static below; the module refuses to run without that lock.
unsafe impl<T> Sync for Attached<T> {}

/// Type pointers are as good as hashes.
#[derive(Default)]
struct Address(u64);

impl Hasher for Address {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_usize(usize::from(byte));
        }
    }
    fn write_usize(&mut self, value: usize) {
        self.0 = (self.0 ^ (value >> 4) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

type Plans = RefCell<Option<HashMap<usize, Weak<Plan>, BuildHasherDefault<Address>>>>;

static PLANS: Attached<Plans> = Attached(RefCell::new(None));

/// Makes `plan` the one of its class.
fn register(py: Python<'_>, plan: &Rc<Plan>) {
    let key = plan.class.bind(py).as_type_ptr() as usize;
    PLANS
        .0
        .borrow_mut()
        .get_or_insert_default()
        .insert(key, Rc::downgrade(plan));
    // SAFETY: the class is a heap type, alive, and made by `MessageType`; a call goes to `call_class`, which looks at
    // the class again.
    unsafe {
        let class = plan.class.bind(py).as_type_ptr();
        if methods::same_init(class) {
            (*class).tp_vectorcall = Some(methods::call_class);
        }
    }
}

/// Takes a plan off the list when it goes, unless it was not on it.
pub fn unregister(class: *mut ffi::PyTypeObject) {
    if let Ok(mut plans) = PLANS.0.try_borrow_mut() {
        if let Some(plans) = plans.as_mut() {
            let key = class as usize;
            if plans.get(&key).is_some_and(|plan| plan.strong_count() == 0) {
                plans.remove(&key);
            }
        }
    }
}

/// The plan of a class that has one.
pub fn known_plan(class: *mut ffi::PyTypeObject) -> Option<Rc<Plan>> {
    PLANS
        .0
        .borrow()
        .as_ref()?
        .get(&(class as usize))
        .and_then(Weak::upgrade)
}

/// The plan of a message class; builds the class' schema if need be.
///
/// # Errors
/// `TypeError` when `class` is no message class or a field of it cannot be resolved.
pub fn plan_of(class: &Bound<'_, PyType>) -> PyResult<Rc<Plan>> {
    if let Some(plan) = known_plan(class.as_type_ptr()) {
        return Ok(plan);
    }
    // Of the schemas that threads have built at the same time, the class keeps one; only that one's plan is known.
    let plan = class
        .getattr("__schema__")?
        .getattr("native")?
        .extract::<PyRef<'_, Handle>>()
        .map(|handle| handle.plan())
        .ok()
        .filter(|plan| plan.class.is(class))
        .ok_or_else(|| PyTypeError::new_err(format!("{class} is no message class")))?;
    register(class.py(), &plan);
    Ok(plan)
}

/// A message, alive as long as the reference that it was made from.
#[derive(Clone, Copy)]
pub struct Message<'a, 'py>(pub Borrowed<'a, 'py, PyAny>);

impl<'a, 'py> Message<'a, 'py> {
    /// `value` as a message; `None` when it is something else.
    #[inline]
    pub fn of(value: &'a Bound<'py, PyAny>) -> Option<Self> {
        // SAFETY: both are type objects.
        let fits =
            unsafe { ffi::PyType_IsSubtype(ffi::Py_TYPE(value.as_ptr()), BASE.0.get()) != 0 };
        fits.then(|| Self(value.as_borrowed()))
    }

    /// `value` as a message of the very class of `plan`; `None` when it is something else.
    #[inline(always)]
    pub fn exactly(value: &'a Bound<'py, PyAny>, plan: &Plan) -> Option<Self> {
        Self::of_class(value, &plan.class)
    }

    /// `value` as a message of a message class itself; `None` when it is something else.
    #[inline(always)]
    pub fn of_class(value: &'a Bound<'py, PyAny>, class: &Py<PyType>) -> Option<Self> {
        // SAFETY: an object.
        let own = unsafe { ffi::Py_TYPE(value.as_ptr()) };
        (own.cast() == class.as_ptr()).then(|| Self(value.as_borrowed()))
    }

    /// `value` as a message of the class of `plan` or one below it, whose messages have the same slots at the same offsets.
    #[inline]
    pub fn below(value: &'a Bound<'py, PyAny>, plan: &Plan) -> Option<Self> {
        // SAFETY: both are type objects.
        let fits = unsafe {
            let class = ffi::Py_TYPE(value.as_ptr());
            let wanted = plan.class.as_ptr().cast();
            class == wanted || ffi::PyType_IsSubtype(class, wanted) != 0
        };
        fits.then(|| Self(value.as_borrowed()))
    }

    /// The memory.
    pub fn raw(self) -> *mut RawMessage {
        self.0.as_ptr().cast()
    }

    /// The object.
    pub fn object(self) -> Borrowed<'a, 'py, PyAny> {
        self.0
    }

    /// The plan of the message's class.
    #[inline(always)]
    pub fn plan(self) -> PyResult<&'a Plan> {
        // SAFETY: the message owns a count of its plan and never lets go of it while it lives, which is at least 'a.
        unsafe {
            if (*self.raw()).plan.is_null() {
                self.find_plan()?;
            }
            Ok(&*(*self.raw()).plan)
        }
    }

    /// Gives a message that Python code made its plan.
    #[cold]
    fn find_plan(self) -> PyResult<()> {
        let plan = plan_of(&self.0.get_type())?;
        // SAFETY: as `plan`.
        unsafe {
            // Building it may have run code that looked at this very message.
            if (*self.raw()).plan.is_null() {
                (*self.raw()).plan = Rc::into_raw(plan);
            }
        }
        Ok(())
    }

    /// Plan and slots of an object if it is a message that compares itself, has been looked at and read.
    #[inline]
    pub fn filled(self) -> Option<(&'a Plan, Area<'a>)> {
        // SAFETY: no class but those of messages has their way to compare, and a message of it has a plan or none yet.
        unsafe {
            if !self.compares_itself() || self.is_pending() {
                return None;
            }
            Some(((*self.raw()).plan.as_ref()?, self.area()))
        }
    }

    /// The slots.
    #[inline(always)]
    pub fn area(self) -> Area<'a> {
        Area(self.raw().cast(), PhantomData)
    }

    /// The wire bytes that empty slots are still to be read from, and where they start and end.
    #[inline]
    pub fn pending(self) -> Option<(Bound<'py, PyBytes>, usize, usize)> {
        // SAFETY: `data` is null or an owned reference to bytes.
        unsafe {
            let raw = self.raw();
            let data = Bound::from_borrowed_ptr_or_opt(self.0.py(), (*raw).data)?;
            let data = data.cast_into_unchecked();
            let end = (*raw).end & !CANONICAL;
            Some((data, (*raw).start as usize, end as usize))
        }
    }

    /// Whether the bytes to be read are known to be canonical.
    pub fn is_canonical(self) -> bool {
        // SAFETY: a message.
        unsafe { (*self.raw()).end & CANONICAL != 0 }
    }

    /// Notes that the bytes to be read are canonical.
    pub fn set_canonical(self) {
        // SAFETY: a message.
        unsafe { (*self.raw()).end |= CANONICAL }
    }

    /// Whether empty slots are still to be read from wire bytes.
    #[inline(always)]
    pub fn is_pending(self) -> bool {
        // SAFETY: as `pending`.
        unsafe { !(*self.raw()).data.is_null() }
    }

    /// The same when nothing has been read of the message, or written to it.
    pub fn untouched(self, plan: &Plan) -> Option<(Bound<'py, PyBytes>, usize, usize)> {
        let area = self.area();
        self.pending()
            .filter(|_| plan.offsets().all(|offset| area.is_empty(offset)))
    }

    /// Lets the empty slots of a new message hold what `data[start..end]` says, which has been checked. `end` is one that
    /// `end_of` gave, or lies before such a one.
    pub fn postpone(self, data: &Bound<'py, PyBytes>, start: u32, end: u32) {
        // SAFETY: the message gives back what it held, and owns the new reference.
        unsafe {
            let raw = self.raw();
            let old = (*raw).data;
            (*raw).data = data.clone().into_ptr();
            (*raw).start = start;
            (*raw).end = end;
            ffi::Py_XDECREF(old);
        }
    }

    /// Lets the empty slots of a new message hold what those of another one hold.
    pub fn postpone_as(self, other: Message<'_, 'py>) {
        if let Some((data, ..)) = other.pending() {
            // SAFETY: both are messages.
            let (start, end) = unsafe { ((*other.raw()).start, (*other.raw()).end) };
            self.postpone(&data, start, end);
        }
    }

    /// Whether `==` of the message ends in `compare::equal`, because no class has an `__eq__` of its own.
    pub fn compares_itself(self) -> bool {
        // SAFETY: type objects.
        unsafe {
            (*ffi::Py_TYPE(self.0.as_ptr()))
                .tp_richcompare
                .map(|it| it as usize)
                == (*BASE.0.get()).tp_richcompare.map(|it| it as usize)
        }
    }

    /// Whether `copy.deepcopy` of the message ends in `compare::deepcopy`, because no class has a `__deepcopy__` of its own.
    pub fn copies_itself(self) -> bool {
        self.plan().is_ok_and(|plan| plan.copies_itself)
    }

    /// Shows the message to the collector if it holds something that may hold the message. To be called when slots were
    /// filled by `Area::put`.
    #[inline]
    pub fn settle(self, plan: &Plan) {
        let area = self.area();
        // SAFETY: slots hold null or objects; the collector does not know the message yet.
        unsafe {
            if plan.lean && ffi::PyObject_GC_IsTracked(self.0.as_ptr()) == 0 {
                let holds = |offset| {
                    let held = *area.pointer(offset);
                    !held.is_null() && ffi::PyType_IS_GC(ffi::Py_TYPE(held)) != 0
                };
                if plan.offsets().any(holds) {
                    ffi::PyObject_GC_Track(self.0.as_ptr().cast());
                }
            }
        }
    }

    /// Takes over what was read from `pending`: fills the slots that are still empty.
    pub fn adopt(self, plan: &Plan, frame: &mut Frame) {
        let mut released = null_mut();
        // SAFETY: the offsets are those of the message's plan, by which the frame was made. Nothing in here runs Python
        // code; what was replaced is released at the end.
        unsafe {
            let raw = self.raw();
            if !(*raw).data.is_null() {
                let mut left = false;
                for offset in plan.offsets() {
                    let mine = self.area().pointer(offset);
                    let theirs = frame.area().pointer(offset);
                    if (*mine).is_null() {
                        *mine = *theirs;
                        *theirs = null_mut();
                    }
                    left |= !(*theirs).is_null();
                }
                if !left {
                    // Nothing is left in the frame to be released.
                    frame.words = 0;
                }
                released = std::mem::replace(&mut (*raw).data, null_mut());
            }
            ffi::Py_XDECREF(released);
        }
        self.settle(plan);
    }
}

/// A new message of a class, with all slots empty. The class' own `__new__` and `__init__` are not called.
#[inline]
pub fn new_message<'py>(py: Python<'py>, plan: &Plan) -> PyResult<Bound<'py, PyAny>> {
    let class = plan.class.bind(py).as_type_ptr();
    // SAFETY: the class is a heap type below BASE, so it has `tp_alloc`, which gives zeroed memory; `plan` lies in an `Rc`
    // whose count is raised for the pointer in the message.
    unsafe {
        let alloc = (*class).tp_alloc.unwrap_or(ffi::PyType_GenericAlloc);
        let made = Bound::from_owned_ptr_or_err(py, alloc(class, 0))?;
        let raw: *mut RawMessage = made.as_ptr().cast();
        if plan.lean {
            // Nothing that a message without containers holds can hold the message: the collector need not know it,
            // until `settle` or a descriptor puts a container into it.
            ffi::PyObject_GC_UnTrack(made.as_ptr().cast());
        }
        Rc::increment_strong_count(plan);
        (*raw).plan = plan;
        Ok(made)
    }
}

/// Memory with the slots of one class: a message's, or a frame's. Access is by the offsets of the plan of that class.
#[derive(Clone, Copy)]
pub struct Area<'a>(*mut u8, PhantomData<&'a ()>);

impl Area<'_> {
    /// A slot.
    #[inline(always)]
    pub fn pointer(self, offset: Offset) -> *mut *mut ffi::PyObject {
        // SAFETY: an `Offset` lies inside the messages of its class, and the area is one of that class.
        unsafe { self.0.add(offset.0 as usize).cast() }
    }

    /// The value in a slot; `None` when it is empty.
    #[inline(always)]
    pub fn get(self, py: Python<'_>, offset: Offset) -> Option<Bound<'_, PyAny>> {
        // SAFETY: a slot holds null or an owned reference.
        unsafe { Bound::from_borrowed_ptr_or_opt(py, *self.pointer(offset)) }
    }

    /// Whether a slot is empty.
    #[inline(always)]
    pub fn is_empty(self, offset: Offset) -> bool {
        // SAFETY: as `get`.
        unsafe { (*self.pointer(offset)).is_null() }
    }

    /// Puts a value into a slot.
    #[inline(always)]
    pub fn put(self, offset: Offset, value: Bound<'_, PyAny>) {
        // SAFETY: the slot owns the reference that `value` gives up; the old one is released when the slot no longer has it.
        unsafe {
            let old = std::mem::replace(&mut *self.pointer(offset), value.into_ptr());
            ffi::Py_XDECREF(old);
        }
    }

    /// Empties a slot.
    #[inline(always)]
    pub fn clear(self, offset: Offset) {
        // SAFETY: as `put`.
        unsafe {
            let old = std::mem::replace(&mut *self.pointer(offset), null_mut());
            ffi::Py_XDECREF(old);
        }
    }
}

/// Words that fit on the stack.
const FRAME: usize = 40;

/// Slots as those of a message, which nobody else sees.
pub struct Frame {
    stack: [MaybeUninit<*mut ffi::PyObject>; FRAME],
    heap: Vec<*mut ffi::PyObject>,
    words: usize,
}

impl Frame {
    /// Empty slots for messages of a class. The frame must not be moved while an area of it is in use.
    pub fn new(plan: &Plan) -> Self {
        let words = plan.size.div_ceil(size_of::<*mut ffi::PyObject>());
        let mut frame = Self {
            stack: [const { MaybeUninit::uninit() }; FRAME],
            heap: Vec::new(),
            words,
        };
        if words > FRAME {
            frame.heap = vec![null_mut(); words];
        } else {
            for word in frame.stack.iter_mut().take(words) {
                word.write(null_mut());
            }
        }
        frame
    }

    fn start(&mut self) -> *mut *mut ffi::PyObject {
        if self.words > FRAME {
            self.heap.as_mut_ptr()
        } else {
            self.stack.as_mut_ptr().cast()
        }
    }

    /// The slots.
    pub fn area(&mut self) -> Area<'_> {
        Area(self.start().cast(), PhantomData)
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        let start = self.start();
        for index in 0..self.words {
            // SAFETY: the first `words` words were set to null; slots among them own what they hold.
            unsafe { ffi::Py_XDECREF(*start.add(index)) };
        }
    }
}

/// Whether the messages of a class hold `count` slots and nothing else: no dict, no weak references, no slots of a user's.
pub fn has_only_slots(class: &Bound<'_, PyType>, count: usize) -> bool {
    let room = basic_size(class).saturating_sub(size_of::<RawMessage>());
    // SAFETY: a type object.
    let (dict, weak) = unsafe {
        let class = class.as_type_ptr();
        ((*class).tp_dictoffset, (*class).tp_weaklistoffset)
    };
    dict == 0 && weak == 0 && room == count * size_of::<*mut ffi::PyObject>()
}

/// Whether a class is one below `aristaproto.Message`, whose messages the collector knows.
pub fn is_message_class(class: &Bound<'_, PyType>) -> bool {
    // SAFETY: type objects.
    unsafe {
        let class = class.as_type_ptr();
        ffi::PyType_IsSubtype(class, BASE.0.get()) != 0 && ffi::PyType_IS_GC(class) != 0
    }
}

/// Bytes of a message of `class`.
pub fn basic_size(class: &Bound<'_, PyType>) -> usize {
    // SAFETY: a type object.
    unsafe { (*class.as_type_ptr()).tp_basicsize.cast_unsigned() }
}

/// Something of this crate in a Python object.
pub struct Shared<T>(pub T);
// SAFETY: only touched while attached to the interpreter, whose lock the module needs.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}
