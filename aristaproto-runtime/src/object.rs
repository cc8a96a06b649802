//! How messages lie in memory. In: objects, classes, member descriptors. Out: `Message`, `Area` and `Slot`, which cannot be
//! made wrongly; `message` builds on them, without unsafe code like all other modules.
//!
//! A message of class C is a `RawMessage`, followed by one pointer for each name in the `__slots__` of C and its bases. `CPython`
//! visits, clears and frees those pointers as it does for every class; this module reads and writes them at the offsets that
//! the classes' own member descriptors tell. What is here needs a reference to an object of Python's or to a plan, which nobody
//! has who is not attached to the interpreter; its lock makes all functions atomic as long as they call no Python code.
#![allow(unsafe_code)]

use std::cell::{Cell, OnceCell, UnsafeCell};
use std::marker::PhantomData;
use std::mem::{size_of, ManuallyDrop};
use std::ops::Deref;
use std::ptr::NonNull;
use std::rc::Rc;

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyType;
use pyo3::PyVisit;

use crate::borrowed::ValueRef;
use crate::plan::{Plan, Step};

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
    #[inline(always)]
    pub fn of(word: &'a Word) -> Self {
        Self(word)
    }

    /// What is in it.
    #[inline(always)]
    pub fn held(self) -> Option<NonNull<ffi::PyObject>> {
        self.0 .0.get()
    }

    /// The value; `None` when it is empty.
    #[inline(always)]
    pub fn get(self, py: Python<'_>) -> Option<Bound<'_, PyAny>> {
        let held = self.held()?;
        // SAFETY: the word owns a reference to the object; the new one is counted by itself.
        Some(unsafe { Bound::from_borrowed_ptr(py, held.as_ptr()) })
    }

    /// Puts a value into it, or empties it; gives what was there.
    #[inline(always)]
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
    #[inline(always)]
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

const WORD: usize = size_of::<Word>();
const HEAD: usize = size_of::<RawMessage>();

/// Where a slot lies in the messages of some class, in bytes: a multiple of a word, behind the head.
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
        if descriptor.get_type_ptr() != &raw mut ffi::PyMemberDescr_Type {
            return None;
        }
        // SAFETY: the layout is that of CPython's PyMemberDescrObject, whose type was compared.
        let (class, kind, offset) = unsafe {
            let found: *mut MemberDescriptor = descriptor.as_ptr().cast();
            let (class, member) = ((*found).class, (*found).member);
            let class = PyType::from_borrowed_type_ptr(descriptor.py(), class);
            (class, (*member).type_code, (*member).offset)
        };
        let offset = u32::try_from(offset).ok()?;
        let fits = kind == ffi::Py_T_OBJECT_EX
            && offset as usize >= HEAD
            && (offset as usize).is_multiple_of(WORD);
        fits.then_some((Self(offset), class))
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

/// Where objects of a class hold what, in bytes from their start; 0 or less is nowhere.
struct Places {
    end: isize,
    dict: isize,
    weak: isize,
}

impl Places {
    fn of(class: &Bound<'_, PyType>) -> Self {
        // SAFETY: a type object.
        unsafe {
            let class = class.as_type_ptr();
            Self {
                end: (*class).tp_basicsize,
                dict: (*class).tp_dictoffset,
                weak: (*class).tp_weaklistoffset,
            }
        }
    }

    /// Up to here, all words behind the head are slots: a dict, a list of weak references, or the end.
    fn limit(&self) -> u32 {
        let others = [self.dict, self.weak].into_iter().filter(|&it| it > 0);
        let limit = others.fold(self.end, isize::min);
        u32::try_from(limit).unwrap_or_default()
    }

    /// Whether there is a slot at an offset, which may lie behind a dict or a list of weak references, too.
    fn have_slot(&self, offset: Offset) -> bool {
        let is_before = |place| isize::try_from(offset.0).is_ok_and(|at| at < place);
        let is = |place| isize::try_from(offset.0) == Ok(place);
        is_before(self.end) && !is(self.dict) && !is(self.weak)
    }
}

/// A class below `aristaproto.Message`, whose messages the collector knows.
pub struct MessageClass {
    class: Py<PyType>,
    /// Up to here, all words behind the head are slots.
    limit: u32,
    /// Bytes of a message.
    size: u32,
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
        let places = Places::of(class);
        Ok(Self {
            limit: places.limit(),
            size: u32::try_from(places.end)?,
            class: class.clone().unbind(),
        })
    }

    /// Words of a message.
    pub fn words(&self) -> usize {
        (self.size as usize).div_ceil(WORD)
    }

    /// Whether an object is a message of this class or one below it.
    #[inline(always)]
    pub fn holds(&self, object: &Bound<'_, PyAny>) -> bool {
        is_below(object, self.class.as_ptr().cast())
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

    /// `value` as a message of a message class itself; `None` when it is something else.
    #[inline(always)]
    pub fn of_class(value: Borrowed<'a, 'py, PyAny>, class: &MessageClass) -> Option<Self> {
        let own = value.get_type_ptr().cast();
        (own == class.as_ptr()).then_some(Self(value))
    }

    /// `value` as a message, if no class has an `__eq__` of its own; `None` when it is something else.
    #[inline(always)]
    pub fn comparing(value: Borrowed<'a, 'py, PyAny>) -> Option<Self> {
        compares_as_message(&value).then_some(Self(value))
    }

    /// `value` as a message of a message class or one below it; `None` when it is something else.
    #[inline(always)]
    pub fn below_class(value: &'a Bound<'py, PyAny>, class: &MessageClass) -> Option<Self> {
        class.holds(value).then(|| Self(value.as_borrowed()))
    }

    /// Two messages of one class; `None` when they are something else.
    #[inline(always)]
    pub fn pair(a: &'a Bound<'py, PyAny>, b: &'a Bound<'py, PyAny>) -> Option<(Self, Self)> {
        let fits = a.get_type_ptr() == b.get_type_ptr() && is_below(a, BASE.0.get());
        fits.then(|| (Self(a.as_borrowed()), Self(b.as_borrowed())))
    }

    /// The object.
    #[inline(always)]
    pub fn object(self) -> Borrowed<'a, 'py, PyAny> {
        self.0
    }

    /// The start of the message.
    #[inline(always)]
    fn raw(self) -> &'a RawMessage {
        // SAFETY: a message, which lives for 'a; all that changes in it is in cells.
        unsafe { &*self.0.as_ptr().cast() }
    }

    /// The plan that the message has.
    #[inline(always)]
    pub fn known_plan(self) -> Option<&'a Plan> {
        let plan = self.raw().plan.get().map(|plan| &**plan);
        // Python code may have given the message another class.
        plan.filter(|plan| plan.class.as_ptr() == self.0.get_type_ptr().cast())
    }

    /// Gives a message the plan of its class, unless it has it.
    ///
    /// # Errors
    /// `TypeError` for the plan of another class: where its slots are, the message may have none.
    pub fn set_plan(self, plan: Rc<Plan>) -> PyResult<()> {
        if !plan.class.is(self.0.get_type()) {
            return Err(PyTypeError::new_err("the plan is that of another class"));
        }
        let _ = self.raw().plan.set(plan);
        Ok(())
    }

    /// A place for an object beside the fields: bytes that are still to be read.
    #[inline(always)]
    pub fn data(self) -> Slot<'a> {
        Slot(&self.raw().data)
    }

    /// Two numbers beside them.
    #[inline(always)]
    pub fn range(self) -> (&'a Cell<u32>, &'a Cell<u32>) {
        (&self.raw().start, &self.raw().end)
    }

    /// The slots.
    #[inline(always)]
    pub fn area(self) -> Area<'a> {
        // A plan is that of the object's class, or of one that lies in memory like it.
        let limit = match self.known_plan() {
            Some(plan) => plan.class.limit,
            None => self.find_limit(),
        };
        Area {
            start: self.0.as_ptr().cast(),
            limit,
            is_message: true,
            held: PhantomData,
        }
    }

    #[cold]
    #[inline(never)]
    fn find_limit(self) -> u32 {
        Places::of(&self.0.get_type()).limit()
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
        drop(Slot(&(*raw).data).replace(Python::assume_attached(), None));
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
        let _ = Message(made.as_borrowed()).raw().plan.set(counted);
        Ok(made)
    }
}

/// Memory with the slots of one class: a message, or words in its place.
#[derive(Clone, Copy)]
pub struct Area<'a> {
    start: *mut u8,
    /// Up to here, all words behind the head are slots.
    limit: u32,
    /// It is a message.
    is_message: bool,
    held: PhantomData<&'a Word>,
}

impl<'a> Area<'a> {
    /// Words in the place of a message.
    #[inline(always)]
    pub fn new(words: &'a [Word]) -> Self {
        Self {
            start: words.as_ptr().cast_mut().cast(),
            limit: u32::try_from(size_of_val(words)).unwrap_or_default(),
            is_message: false,
            held: PhantomData,
        }
    }

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

    /// Safety: there is a slot.
    #[inline(always)]
    unsafe fn at(self, offset: Offset) -> Slot<'a> {
        // SAFETY: the caller's; a slot lives as long as what it is in, and is a word, at a multiple of a word.
        Slot(unsafe { &*self.start.add(offset.0 as usize).cast() })
    }

    /// Looks at all offsets of a layout, once for all: a look at each costs 3 to 7 percent.
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
        let slot = move |it: &T| unsafe { self.at(it.at()) };
        layout.items.iter().map(move |it| (it, slot(it)))
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

    #[cold]
    #[inline(never)]
    fn look_again(self, offset: Offset) {
        let found = self.is_message && {
            // SAFETY: it is a message.
            let class = unsafe {
                let class = ffi::Py_TYPE(self.start.cast());
                PyType::from_borrowed_type_ptr(Python::assume_attached(), class)
            };
            Places::of(&class).have_slot(offset)
        };
        assert!(found, "the message has no slot at {offset:?}");
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

// SAFETY: nothing changes in an offset.
unsafe impl<T> At for (Offset, T) {
    #[inline(always)]
    fn at(&self) -> Offset {
        self.0
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
    pub fn new(class: &Bound<'_, PyType>, offset: Offset) -> PyResult<Self> {
        let owner = MessageClass::new(class)?;
        if !Places::of(class).have_slot(offset) {
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
        let word = unsafe { &*object.as_ptr().byte_add(self.offset.0 as usize).cast() };
        Some((Message(object.as_borrowed()), Slot(word)))
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
