//! How messages lie in memory, and safe access to the slots behind their heads. In: classes, plans, offsets. Out: `Message`,
//! `Area`, `Frame`, which the other modules use without unsafe code.
//!
//! A message of class C is a `RawMessage`, followed by one pointer for each name in the `__slots__` of C and its bases. `CPython`
//! visits, clears and frees those pointers as it does for every class; this module reads and writes them at the offsets that
//! the classes' own member descriptors tell. An empty slot (null) holds the field's default, or, as long as the message
//! has `data`, what these wire bytes say. What is here needs a reference to an object of Python's or to a plan, which nobody
//! has who is not attached to the interpreter; its lock makes all functions atomic as long as they call no Python code.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::marker::PhantomData;
use std::mem::{size_of, ManuallyDrop, MaybeUninit};
use std::ops::Deref;
use std::ptr::null_mut;
use std::rc::Rc;

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};
use pyo3::PyVisit;

use crate::plan::{Plan, Step};
use crate::plans::plan_of;

/// The start of every message.
#[repr(C)]
pub struct RawMessage {
    head: ffi::PyObject,
    /// From `Rc::into_raw`; null until the message is first looked at, when Python code made it.
    plan: *const Plan,
    /// Bytes of which `start..end` are what empty slots hold; null when there is nothing to be read.
    data: *mut ffi::PyObject,
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

const WORD: usize = size_of::<*mut ffi::PyObject>();

/// Where a slot lies in the messages of some class: a multiple of a word, behind the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset(u32);

impl Offset {
    /// That of no slot.
    pub const NONE: Self = Self(u32::MAX);

    /// The offset of the slot that a member descriptor of Python stands for, and the class whose slot it is.
    pub fn of_member<'py>(descriptor: &Bound<'py, PyAny>) -> Option<(Self, Bound<'py, PyType>)> {
        #[repr(C)]
        struct MemberDescriptor {
            head: ffi::PyObject,
            class: *mut ffi::PyTypeObject,
            name: *mut ffi::PyObject,
            qualname: *mut ffi::PyObject,
            member: *mut ffi::PyMemberDef,
        }
        // SAFETY: the layout is that of CPython's PyMemberDescrObject, whose type is compared.
        unsafe {
            if ffi::Py_TYPE(descriptor.as_ptr()) != &raw mut ffi::PyMemberDescr_Type {
                return None;
            }
            let found: *mut MemberDescriptor = descriptor.as_ptr().cast();
            let (class, member) = ((*found).class, (*found).member);
            let offset = u32::try_from((*member).offset).ok()?;
            let fits = (*member).type_code == ffi::Py_T_OBJECT_EX
                && offset as usize >= size_of::<RawMessage>()
                && (offset as usize).is_multiple_of(WORD);
            fits.then(|| {
                let class = PyType::from_borrowed_type_ptr(descriptor.py(), class);
                (Self(offset), class)
            })
        }
    }
}

/// A type object of C.
pub struct StaticType(pub UnsafeCell<ffi::PyTypeObject>);
// SAFETY: CPython changes type objects, and only while attached to the interpreter.
unsafe impl Sync for StaticType {}

/// The base of all messages; `calls::base_class` fills it in.
// SAFETY: all zeroes is what C's static initialisation gives the members that are not named.
pub static BASE: StaticType = StaticType(UnsafeCell::new(unsafe { std::mem::zeroed() }));

/// Whether an object is of a class or one below it.
#[inline]
fn is_below(object: &Bound<'_, PyAny>, class: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: an object, and the callers' type objects.
    unsafe {
        let own = ffi::Py_TYPE(object.as_ptr());
        own == class || ffi::PyType_IsSubtype(own, class) != 0
    }
}

/// A class below `aristaproto.Message`, whose messages the collector knows.
pub struct MessageClass {
    class: Py<PyType>,
    /// Up to here, all words behind the head are slots.
    limit: u32,
}

impl Deref for MessageClass {
    type Target = Py<PyType>;

    fn deref(&self) -> &Py<PyType> {
        &self.class
    }
}

impl MessageClass {
    /// A class that is one.
    ///
    /// # Errors
    /// `TypeError` for any other.
    pub fn new(class: &Bound<'_, PyType>) -> PyResult<Self> {
        // SAFETY: type objects.
        let fits = unsafe {
            let own = class.as_type_ptr();
            ffi::PyType_IsSubtype(own, BASE.0.get()) != 0 && ffi::PyType_IS_GC(own) != 0
        };
        if !fits {
            return Err(PyTypeError::new_err("the class is no message class"));
        }
        Ok(Self {
            // SAFETY: a type object.
            limit: unsafe { limit_of(class.as_type_ptr()) },
            class: class.clone().unbind(),
        })
    }

    /// Bytes of a message.
    pub fn size(&self) -> usize {
        // SAFETY: a type object.
        unsafe {
            let class: *mut ffi::PyTypeObject = self.class.as_ptr().cast();
            (*class).tp_basicsize.cast_unsigned()
        }
    }

    /// Whether messages hold `count` slots and nothing else: no dict, no weak references, no slots of a user's.
    pub fn has_only_slots(&self, count: usize) -> bool {
        // SAFETY: a type object.
        let (dict, weak) = unsafe {
            let class: *mut ffi::PyTypeObject = self.class.as_ptr().cast();
            ((*class).tp_dictoffset, (*class).tp_weaklistoffset)
        };
        let room = self.size().saturating_sub(size_of::<RawMessage>());
        dict == 0 && weak == 0 && room == count * WORD
    }

    /// Whether an object is a message of this class or one below it.
    #[inline]
    pub fn holds(&self, object: &Bound<'_, PyAny>) -> bool {
        is_below(object, self.class.as_ptr().cast())
    }
}

/// Where messages of a class hold something else than slots for the first time: a dict, a list of weak references, or nothing.
///
/// Safety: `class` is a type object.
#[cold]
#[inline(never)]
unsafe fn limit_of(class: *mut ffi::PyTypeObject) -> u32 {
    // SAFETY: the caller's.
    let (size, others) = unsafe {
        let others = [(*class).tp_dictoffset, (*class).tp_weaklistoffset];
        ((*class).tp_basicsize, others)
    };
    let limit = others
        .into_iter()
        .filter(|&it| it > 0)
        .fold(size, isize::min);
    u32::try_from(limit).unwrap_or_default()
}

/// Whether messages of a class have a slot at an offset, which may lie behind a dict or a list of weak references, too.
///
/// Safety: `class` is that of messages.
unsafe fn is_slot(class: *mut ffi::PyTypeObject, offset: Offset) -> bool {
    let at = (offset.0 as usize).cast_signed();
    // SAFETY: the caller's.
    unsafe {
        at < (*class).tp_basicsize
            && at != (*class).tp_dictoffset
            && at != (*class).tp_weaklistoffset
    }
}

/// Whether `==` of an object is that of messages, which no other class has.
#[inline(always)]
pub fn compares_as_message(object: &Bound<'_, PyAny>) -> bool {
    // SAFETY: type objects.
    let (own, base) = unsafe {
        let compare = |it: *mut ffi::PyTypeObject| (*it).tp_richcompare;
        (compare(object.get_type_ptr()), compare(BASE.0.get()))
    };
    own.map(|it| it as usize) == base.map(|it| it as usize)
}

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
    #[inline(always)]
    pub unsafe fn assume(object: Borrowed<'a, 'py, PyAny>) -> Self {
        Self(object)
    }

    /// `value` as a message of the very class of `plan`; `None` when it is something else.
    #[inline(always)]
    pub fn exactly(value: &'a Bound<'py, PyAny>, plan: &Plan) -> Option<Self> {
        Self::of_class(value, &plan.class)
    }

    /// `value` as a message of a message class itself; `None` when it is something else.
    #[inline(always)]
    pub fn of_class(value: &'a Bound<'py, PyAny>, class: &MessageClass) -> Option<Self> {
        let own = value.get_type_ptr().cast();
        (own == class.as_ptr()).then(|| Self(value.as_borrowed()))
    }

    /// Two messages of one class; `None` when they are something else.
    #[inline(always)]
    pub fn pair(a: &'a Bound<'py, PyAny>, b: &'a Bound<'py, PyAny>) -> Option<(Self, Self)> {
        let fits = a.get_type_ptr() == b.get_type_ptr() && is_below(a, BASE.0.get());
        fits.then(|| (Self(a.as_borrowed()), Self(b.as_borrowed())))
    }

    /// `value` as a message of the class of `plan` or one below it, whose messages have the same slots at the same offsets.
    #[inline]
    pub fn below(value: &'a Bound<'py, PyAny>, plan: &Plan) -> Option<Self> {
        plan.class.holds(value).then(|| Self(value.as_borrowed()))
    }

    /// The memory.
    #[inline(always)]
    fn raw(self) -> *mut RawMessage {
        self.0.as_ptr().cast()
    }

    /// The object.
    #[inline(always)]
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

    /// Plan and slots if the message has been looked at and read.
    #[inline]
    pub fn filled(self) -> Option<(&'a Plan, Area<'a>)> {
        if self.is_pending() {
            return None;
        }
        // SAFETY: as `plan`.
        let plan = unsafe { (*self.raw()).plan.as_ref()? };
        Some((plan, self.area()))
    }

    /// The slots.
    #[inline(always)]
    pub fn area(self) -> Area<'a> {
        // SAFETY: as `plan`, which is that of the object's class or of one that lies in memory like it.
        let limit = unsafe {
            match (*self.raw()).plan.as_ref() {
                Some(plan) => plan.class.limit,
                None => limit_of(self.0.get_type_ptr()),
            }
        };
        Area {
            start: self.raw().cast(),
            limit,
            is_message: true,
            held: PhantomData,
        }
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
            .filter(|_| area.each(&plan.offsets).all(|(_, slot)| slot.is_empty()))
    }

    /// Lets the empty slots of a new message hold what `data[start..end]` says, which has been checked. `end` is one that
    /// `end_of` gave, or lies before such a one.
    pub fn postpone(self, data: &Bound<'py, PyBytes>, start: u32, end: u32) {
        // SAFETY: the message gives back what it held, and owns the new reference.
        unsafe {
            let raw = self.raw();
            let old = std::mem::replace(&mut (*raw).data, data.clone().into_ptr());
            (*raw).start = start;
            (*raw).end = end;
            ffi::Py_XDECREF(old);
        }
    }

    /// Lets the empty slots of a new message hold what those of another one hold.
    pub fn postpone_as(self, other: Message<'_, 'py>) {
        if let Some((data, start, end)) = other.pending() {
            self.postpone(&data, start as u32, end as u32);
            if other.is_canonical() {
                self.set_canonical();
            }
        }
    }

    /// Whether `==` of the message ends in `compare::equal`, because no class has an `__eq__` of its own.
    pub fn compares_itself(self) -> bool {
        compares_as_message(&self.0)
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
        // SAFETY: slots hold null or objects; who has slots is of a class that the collector knows.
        unsafe {
            if plan.lean && ffi::PyObject_GC_IsTracked(self.0.as_ptr()) == 0 {
                let holds = |slot: Slot<'_>| {
                    let held = slot.held();
                    !held.is_null() && ffi::PyType_IS_GC(ffi::Py_TYPE(held)) != 0
                };
                if area.each(&plan.offsets).any(|(_, slot)| holds(slot)) {
                    ffi::PyObject_GC_Track(self.0.as_ptr().cast());
                }
            }
        }
    }

    /// Puts a value into a slot, or empties it, and shows the message to the collector before it holds a container; gives
    /// what was there.
    #[inline(always)]
    pub fn replace(
        self,
        offset: Offset,
        value: Option<Bound<'py, PyAny>>,
    ) -> Option<Bound<'py, PyAny>> {
        let slot = self.area().slot(offset);
        // SAFETY: as `settle`; the slot owns what it is given, and gives up what it had.
        unsafe {
            if let Some(value) = &value {
                if ffi::PyType_IS_GC(value.get_type_ptr()) != 0
                    && ffi::PyObject_GC_IsTracked(self.0.as_ptr()) == 0
                {
                    ffi::PyObject_GC_Track(self.0.as_ptr().cast());
                }
            }
            let old = std::mem::replace(&mut *slot.0, value.map_or(null_mut(), Bound::into_ptr));
            Bound::from_owned_ptr_or_opt(self.0.py(), old)
        }
    }

    /// Takes over what was read from `pending`: fills the slots that are still empty.
    pub fn adopt(self, plan: &Plan, frame: &mut Frame) {
        let mut released = null_mut();
        // SAFETY: nothing in here runs Python code; what was replaced is released at the end.
        unsafe {
            let raw = self.raw();
            if !(*raw).data.is_null() {
                let mut left = false;
                for (_, mine, theirs) in self.area().each_pair(frame.area(), &plan.offsets) {
                    if mine.is_empty() {
                        *mine.0 = std::mem::replace(&mut *theirs.0, null_mut());
                    }
                    left |= !theirs.is_empty();
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

/// What is released with a message: `tp_dealloc` of the base of all.
///
/// Safety: called by the interpreter, once for each message, after the slots of the subclasses were released.
pub unsafe extern "C" fn free_message(object: *mut ffi::PyObject) {
    // SAFETY: the caller's; `plan` and `data` are owned or null.
    unsafe {
        let raw: *mut RawMessage = object.cast();
        if !(*raw).plan.is_null() {
            Rc::decrement_strong_count((*raw).plan);
        }
        ffi::Py_XDECREF((*raw).data);
        if let Some(free) = (*ffi::Py_TYPE(object)).tp_free {
            free(object.cast());
        }
    }
}

/// A new message of a class, with all slots empty. The class' own `__new__` and `__init__` are not called.
///
/// # Errors
/// `MemoryError`.
#[inline(always)]
pub fn new_message<'py>(py: Python<'py>, plan: &Plan) -> PyResult<Bound<'py, PyAny>> {
    let class = plan.class.bind(py).as_type_ptr();
    let Some(counted) = plan.counted() else {
        return Err(PyTypeError::new_err("the plan of the class has gone"));
    };
    // SAFETY: the class is a heap type below BASE, so it has `tp_alloc`, which gives zeroed memory.
    unsafe {
        let alloc = (*class).tp_alloc.unwrap_or(ffi::PyType_GenericAlloc);
        let made = Bound::from_owned_ptr_or_err(py, alloc(class, 0))?;
        let raw: *mut RawMessage = made.as_ptr().cast();
        if plan.lean {
            // Nothing that a message without containers holds can hold the message: the collector need not know it,
            // until `settle` or a descriptor puts a container into it.
            ffi::PyObject_GC_UnTrack(made.as_ptr().cast());
        }
        (*raw).plan = Rc::into_raw(counted);
        Ok(made)
    }
}

/// Memory with the slots of one class: a message's, or a frame's.
#[derive(Clone, Copy)]
pub struct Area<'a> {
    start: *mut u8,
    /// Up to here, all words behind the head are slots.
    limit: u32,
    /// It starts with a message.
    is_message: bool,
    held: PhantomData<&'a ()>,
}

impl<'a> Area<'a> {
    /// A slot.
    ///
    /// # Panics
    /// If there is none at that offset, because it is one of another class.
    #[inline(always)]
    pub fn slot(self, offset: Offset) -> Slot<'a> {
        if offset.0 >= self.limit {
            self.look_again(offset);
        }
        // SAFETY: there is a slot.
        unsafe { self.at(offset) }
    }

    /// Safety: a slot of the area is there.
    #[inline(always)]
    unsafe fn at(self, offset: Offset) -> Slot<'a> {
        // SAFETY: the caller's.
        let word = unsafe { self.start.add(offset.0 as usize) };
        Slot(word.cast(), PhantomData)
    }

    #[cold]
    #[inline(never)]
    fn look_again(self, offset: Offset) {
        // SAFETY: it starts with a message.
        let found = self.is_message && unsafe { is_slot(ffi::Py_TYPE(self.start.cast()), offset) };
        assert!(found, "the message has no slot at {offset:?}");
    }

    /// Looks at all offsets of a layout, once for all.
    #[inline(always)]
    fn check<T: At>(self, layout: &Layout<T>) {
        if layout.highest.0 >= self.limit {
            self.look_at_all(layout);
        }
    }

    #[cold]
    #[inline(never)]
    fn look_at_all<T: At>(self, layout: &Layout<T>) {
        layout.items.iter().for_each(|it| self.look_again(it.at()));
    }

    /// The slots at the offsets of a layout.
    #[inline(always)]
    pub fn each<'p, T: At>(
        self,
        layout: &'p Layout<T>,
    ) -> impl Iterator<Item = (&'p T, Slot<'a>)> + use<'a, 'p, T> {
        self.check(layout);
        // SAFETY: there are slots, as `check` has seen.
        layout
            .items
            .iter()
            .map(move |it| (it, unsafe { self.at(it.at()) }))
    }

    /// The same of two areas.
    #[inline(always)]
    pub fn each_pair<'b, 'p, T: At>(
        self,
        other: Area<'b>,
        layout: &'p Layout<T>,
    ) -> impl Iterator<Item = (&'p T, Slot<'a>, Slot<'b>)> + use<'a, 'b, 'p, T> {
        self.check(layout);
        other.check(layout);
        // SAFETY: as `each`.
        let slots = move |it: &T| unsafe { (self.at(it.at()), other.at(it.at())) };
        layout.items.iter().map(move |it| {
            let (mine, theirs) = slots(it);
            (it, mine, theirs)
        })
    }

    /// The value in a slot; `None` when it is empty.
    #[inline(always)]
    pub fn get(self, py: Python<'_>, offset: Offset) -> Option<Bound<'_, PyAny>> {
        self.slot(offset).get(py)
    }

    /// Whether a slot is empty.
    #[inline(always)]
    pub fn is_empty(self, offset: Offset) -> bool {
        self.slot(offset).is_empty()
    }

    /// Puts a value into a slot.
    #[inline(always)]
    pub fn put(self, offset: Offset, value: Bound<'_, PyAny>) {
        self.slot(offset).put(value);
    }

    /// Empties a slot.
    #[inline(always)]
    pub fn clear(self, offset: Offset) {
        self.slot(offset).clear();
    }
}

/// What says where a slot is.
///
/// # Safety
/// It says the same each time.
pub unsafe trait At {
    /// Where.
    fn at(&self) -> Offset;
}

// SAFETY: it is one.
unsafe impl At for Offset {
    #[inline(always)]
    fn at(&self) -> Offset {
        *self
    }
}

// SAFETY: nothing changes in it.
unsafe impl At for Step {
    #[inline(always)]
    fn at(&self) -> Offset {
        self.offset
    }
}

/// Slots that are met one after the other, and the last of them in memory.
pub struct Layout<T> {
    items: Vec<T>,
    highest: Offset,
}

impl<T: At> Layout<T> {
    /// What says where they are.
    pub fn new(items: Vec<T>) -> Self {
        let highest = items.iter().map(|it| it.at().0).max().unwrap_or_default();
        Self {
            items,
            highest: Offset(highest),
        }
    }
}

impl<T> Deref for Layout<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
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
    pub fn new(owner: &Bound<'_, PyType>, offset: Offset) -> PyResult<Self> {
        let owner = MessageClass::new(owner)?;
        // SAFETY: a type object.
        if !unsafe { is_slot(owner.class.as_ptr().cast(), offset) } {
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

    /// An object of the class as a message, and its slot; `None` for something else.
    #[inline(always)]
    pub fn of<'a, 'py>(
        &self,
        object: &'a Bound<'py, PyAny>,
    ) -> Option<(Message<'a, 'py>, Slot<'a>)> {
        if !self.owner.holds(object) {
            return None;
        }
        // SAFETY: messages of the class have a slot there.
        let word = unsafe { object.as_ptr().byte_add(self.offset.0 as usize) };
        Some((
            Message(object.as_borrowed()),
            Slot(word.cast(), PhantomData),
        ))
    }
}

/// A slot: null, or an owned reference. It is there as long as its area.
#[derive(Clone, Copy)]
pub struct Slot<'a>(*mut *mut ffi::PyObject, PhantomData<&'a ()>);

impl Slot<'_> {
    /// What is in it, or null.
    #[inline(always)]
    pub fn held(self) -> *mut ffi::PyObject {
        // SAFETY: a slot.
        unsafe { *self.0 }
    }

    /// The value; `None` when it is empty.
    #[inline(always)]
    pub fn get(self, py: Python<'_>) -> Option<Bound<'_, PyAny>> {
        // SAFETY: a slot holds null or an object.
        unsafe { Bound::from_borrowed_ptr_or_opt(py, self.held()) }
    }

    /// Whether both hold the same object, or nothing.
    #[inline(always)]
    pub fn is_as(self, other: Slot<'_>) -> bool {
        self.held() == other.held()
    }

    /// Whether it is empty.
    #[inline(always)]
    pub fn is_empty(self) -> bool {
        self.held().is_null()
    }

    /// Puts a value into it.
    #[inline(always)]
    pub fn put(self, value: Bound<'_, PyAny>) {
        // SAFETY: the slot owns the reference that `value` gives up; the old one is released when the slot no longer has it.
        unsafe { ffi::Py_XDECREF(std::mem::replace(&mut *self.0, value.into_ptr())) }
    }

    /// Empties it.
    #[inline(always)]
    pub fn clear(self) {
        // SAFETY: as `put`.
        unsafe { ffi::Py_XDECREF(std::mem::replace(&mut *self.0, null_mut())) }
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
    /// Empty slots for messages of a class.
    pub fn new(plan: &Plan) -> Self {
        let words = plan.class.size().div_ceil(WORD);
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
        Area {
            start: self.start().cast(),
            limit: (self.words * WORD) as u32,
            is_message: false,
            held: PhantomData,
        }
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

/// Something that is touched only while attached to the interpreter.
pub struct Attached<T>(ManuallyDrop<T>);
// SAFETY: `get` and `drop` see to it; the module refuses to run in an interpreter without a lock, or in a second one.
unsafe impl<T> Send for Attached<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Attached<T> {}

impl<T> Attached<T> {
    /// From now on so.
    pub const fn new(inner: T) -> Self {
        Self(ManuallyDrop::new(inner))
    }

    /// The same while the collector is at work, which has the lock.
    pub fn visited<'a>(&'a self, _visit: &PyVisit<'a>) -> &'a T {
        &self.0
    }

    /// What it is, as long as the thread is attached.
    pub fn get<'a>(&'a self, _py: Python<'a>) -> &'a T {
        &self.0
    }
}

impl<T> Drop for Attached<T> {
    fn drop(&mut self) {
        // When the interpreter has ended, nothing is released.
        // SAFETY: it is dropped once.
        Python::try_attach(|_| unsafe { ManuallyDrop::drop(&mut self.0) });
    }
}
