//! How messages lie in memory: the C base class of `aristaproto.Message`, the descriptors of its fields, and safe access to
//! the slots behind them. In: plans. Out: `Message`, `Area`, `Frame`, which the other modules use without unsafe code.
//!
//! A message of class C is a `RawMessage`, followed by one pointer for each name in the `__slots__` of C and its bases. CPython
//! visits, clears and frees those pointers as it does for every class; this module reads and writes them at the offsets that
//! the classes' own member descriptors tell. An empty slot (null) holds the field's default, or, as long as the message
//! has `data`, what these wire bytes say. All functions run attached to the interpreter, whose lock makes them atomic
//! as long as they call no Python code.
#![allow(unsafe_code)]

use std::cell::{RefCell, UnsafeCell};
use std::collections::HashMap;
use std::ffi::{c_char, c_int, c_void, CStr};
use std::hash::{BuildHasherDefault, Hasher};
use std::marker::PhantomData;
use std::mem::{offset_of, size_of, MaybeUninit};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::null_mut;
use std::rc::{Rc, Weak};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::panic::PanicException;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

use crate::plan::Plan;
use crate::{compare, construct, decode, encode};

/// The start of every message.
#[repr(C)]
struct RawMessage {
    head: ffi::PyObject,
    /// From `Rc::into_raw`; null until the message is first looked at, when Python code made it.
    plan: *const Plan,
    /// Bytes of which `start..end` are what empty slots hold; null when there is nothing to be read.
    data: *mut ffi::PyObject,
    start: u32,
    end: u32,
}

/// Where a slot lies in a message. Made only by `slot_offset`, so it is one of a class whose messages have a pointer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset(u32);

/// What an empty slot reads as.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq)]
enum Empty {
    Default,
    List,
    Dict,
}

/// The descriptor of a field: reads and writes a slot.
#[repr(C)]
struct RawSlot {
    head: ffi::PyObject,
    /// Owned: the class that declares the field.
    owner: *mut ffi::PyObject,
    /// Owned: the field's name.
    name: *mut ffi::PyObject,
    /// Owned: what an empty slot reads as, unless it is a new list or dict.
    default: *mut ffi::PyObject,
    /// Owned, from `Box::into_raw`: the slots that are emptied when this one is set, the other members of a oneof.
    others: *mut Vec<Offset>,
    offset: u32,
    empty: Empty,
}

struct StaticType(UnsafeCell<ffi::PyTypeObject>);
// SAFETY: CPython changes type objects, and only while attached to the interpreter.
unsafe impl Sync for StaticType {}

impl StaticType {
    const fn new() -> Self {
        // SAFETY: all zeroes is what C's static initialisation gives the members that are not named.
        Self(UnsafeCell::new(unsafe { MaybeUninit::zeroed().assume_init() }))
    }
}

static BASE: StaticType = StaticType::new();
static SLOT: StaticType = StaticType::new();

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
pub fn register(py: Python<'_>, plan: &Rc<Plan>) {
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
        if same_init(class) {
            (*class).tp_vectorcall = Some(call_class);
        }
    }
}

/// Takes a plan off the list, when its class goes.
pub fn unregister(class: *mut ffi::PyTypeObject) {
    if let Ok(mut plans) = PLANS.0.try_borrow_mut() {
        if let Some(plans) = plans.as_mut() {
            plans.remove(&(class as usize));
        }
    }
}

/// Whether the constructor of a class is the one written here.
unsafe fn same_init(class: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: the caller passes a type object; the base's member was written once.
    unsafe { (*class).tp_init.map(|it| it as usize) == (*BASE.0.get()).tp_init.map(|it| it as usize) }
}

/// Whether a class has no `__new__` of its own.
unsafe fn same_new(class: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: as above.
    unsafe { (*class).tp_new.map(|it| it as usize) == (*BASE.0.get()).tp_new.map(|it| it as usize) }
}

fn known_plan(class: *mut ffi::PyTypeObject) -> Option<Rc<Plan>> {
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
    class.getattr("__schema__")?;
    known_plan(class.as_type_ptr())
        .ok_or_else(|| PyTypeError::new_err(format!("{class} is no message class")))
}

/// A message, alive as long as the reference that it was made from.
#[derive(Clone, Copy)]
pub struct Message<'a, 'py>(Borrowed<'a, 'py, PyAny>);

impl<'a, 'py> Message<'a, 'py> {
    /// `value` as a message; `None` when it is something else.
    #[inline]
    pub fn of(value: &'a Bound<'py, PyAny>) -> Option<Self> {
        // SAFETY: both are type objects.
        let fits = unsafe {
            ffi::PyType_IsSubtype(ffi::Py_TYPE(value.as_ptr()), BASE.0.get()) != 0
        };
        fits.then(|| Self(value.as_borrowed()))
    }

    fn raw(self) -> *mut RawMessage {
        self.0.as_ptr().cast()
    }

    /// The object.
    pub fn object(self) -> Borrowed<'a, 'py, PyAny> {
        self.0
    }

    /// The plan of the message's class.
    #[inline]
    pub fn plan(self) -> PyResult<&'a Plan> {
        // SAFETY: the message owns a count of its plan and never lets go of it while it lives, which is at least 'a.
        unsafe {
            if (*self.raw()).plan.is_null() {
                let plan = plan_of(&self.0.get_type())?;
                // Building it may have run code that looked at this very message.
                if (*self.raw()).plan.is_null() {
                    (*self.raw()).plan = Rc::into_raw(plan);
                }
            }
            Ok(&*(*self.raw()).plan)
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
            Some((data, (*raw).start as usize, (*raw).end as usize))
        }
    }

    /// Whether empty slots are still to be read from wire bytes.
    #[inline(always)]
    pub fn is_pending(self) -> bool {
        // SAFETY: as `pending`.
        unsafe { !(*self.raw()).data.is_null() }
    }

    /// Lets the empty slots of a new message hold what `data[start..end]` says, which has been checked.
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

    /// Whether `copy.deepcopy` of the message ends in `compare::deepcopy`, because no class has a `__deepcopy__` of its own.
    pub fn copies_itself(self) -> bool {
        self.plan().is_ok_and(|plan| plan.copies_itself)
    }

    /// Takes over what was read from `pending`: fills the slots that are still empty.
    pub fn adopt(self, plan: &Plan, frame: &mut Frame) {
        let mut released = null_mut();
        // SAFETY: the offsets are those of the message's plan, by which the frame was made. Nothing in here runs Python
        // code; what was replaced is released at the end.
        unsafe {
            let raw = self.raw();
            if !(*raw).data.is_null() {
                for offset in plan.offsets() {
                    let mine = self.area().pointer(offset);
                    let theirs = frame.area().pointer(offset);
                    if (*mine).is_null() {
                        *mine = std::mem::replace(&mut *theirs, null_mut());
                    }
                }
                released = std::mem::replace(&mut (*raw).data, null_mut());
            }
            ffi::Py_XDECREF(released);
        }
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
        Rc::increment_strong_count(plan);
        (*raw).plan = plan;
        Ok(made)
    }
}

/// Memory with the slots of one class: a message's, or a frame's. Access is by the offsets of the plan of that class.
#[derive(Clone, Copy)]
pub struct Area<'a>(*mut u8, PhantomData<&'a ()>);

impl Area<'_> {
    #[inline(always)]
    fn pointer(self, offset: Offset) -> *mut *mut ffi::PyObject {
        // SAFETY: an `Offset` lies inside the messages of its class, and the area is one of that class.
        unsafe { self.0.add(offset.0 as usize).cast() }
    }

    /// The value in a slot; `None` when it is empty.
    #[inline(always)]
    pub fn get<'py>(self, py: Python<'py>, offset: Offset) -> Option<Bound<'py, PyAny>> {
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

/// The offset of the slot that a member descriptor stands for.
///
/// # Errors
/// `TypeError` for another kind of object.
pub fn slot_offset(descriptor: &Bound<'_, PyAny>) -> PyResult<Offset> {
    #[repr(C)]
    struct MemberDescriptor {
        head: ffi::PyObject,
        class: *mut ffi::PyTypeObject,
        name: *mut ffi::PyObject,
        qualname: *mut ffi::PyObject,
        member: *mut ffi::PyMemberDef,
    }
    // SAFETY: the layout is that of CPython's PyMemberDescrObject, whose type was compared.
    unsafe {
        let own = ffi::Py_TYPE(descriptor.as_ptr());
        if own == SLOT.0.get() {
            return Ok(Offset((*descriptor.as_ptr().cast::<RawSlot>()).offset));
        }
        if own == &raw mut ffi::PyMemberDescr_Type {
            let member = (*descriptor.as_ptr().cast::<MemberDescriptor>()).member;
            if (*member).type_code == ffi::Py_T_OBJECT_EX {
                if let Ok(offset) = u32::try_from((*member).offset) {
                    return Ok(Offset(offset));
                }
            }
        }
    }
    Err(PyTypeError::new_err(format!(
        "expected the descriptor of a slot, got {descriptor}"
    )))
}

/// Bytes of a message of `class`.
pub fn basic_size(class: &Bound<'_, PyType>) -> usize {
    // SAFETY: a type object.
    unsafe { (*class.as_type_ptr()).tp_basicsize.cast_unsigned() }
}

/// What `new_slot` makes a descriptor of.
pub struct SlotParts<'a, 'py> {
    /// The class that declares the field.
    pub owner: &'a Bound<'py, PyType>,
    /// The field's name.
    pub name: &'a Bound<'py, PyAny>,
    /// The slot.
    pub offset: Offset,
    /// What an unset field reads as; `list` or `dict`, the types, for a new one of them.
    pub default: &'a Bound<'py, PyAny>,
    /// The slots of the other members of its oneof.
    pub others: Vec<Offset>,
}

/// A descriptor for a field.
pub fn new_slot<'py>(py: Python<'py>, parts: SlotParts<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    let default = parts.default.as_ptr();
    // SAFETY: SLOT is ready; its `tp_alloc` gives zeroed memory of the size of a RawSlot.
    unsafe {
        let made =
            Bound::from_owned_ptr_or_err(py, ffi::PyType_GenericAlloc(SLOT.0.get(), 0))?;
        let raw: *mut RawSlot = made.as_ptr().cast();
        (*raw).empty = if default == (&raw mut ffi::PyList_Type).cast() {
            Empty::List
        } else if default == (&raw mut ffi::PyDict_Type).cast() {
            Empty::Dict
        } else {
            Empty::Default
        };
        (*raw).owner = parts.owner.clone().into_ptr();
        (*raw).name = parts.name.clone().into_ptr();
        (*raw).default = parts.default.clone().into_ptr();
        (*raw).offset = parts.offset.0;
        if !parts.others.is_empty() {
            (*raw).others = Box::into_raw(Box::new(parts.others));
        }
        Ok(made)
    }
}

/// Runs `work`; an error or a panic becomes a Python exception and `failed`.
fn guarded<T>(failed: T, work: impl FnOnce(Python<'_>) -> PyResult<T>) -> T {
    // SAFETY: called by the interpreter, to which this thread is attached.
    let py = unsafe { Python::assume_attached() };
    let error = match catch_unwind(AssertUnwindSafe(|| work(py))) {
        Ok(Ok(value)) => return value,
        Ok(Err(error)) => error,
        Err(panic) => {
            let text = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "unknown".to_owned());
            PanicException::new_err((text,))
        }
    };
    error.restore(py);
    failed
}

#[inline(always)]
unsafe fn belongs(slot: *mut RawSlot, object: *mut ffi::PyObject) -> bool {
    // SAFETY: `owner` is a type object; the caller passes objects.
    unsafe {
        let class = ffi::Py_TYPE(object);
        class.cast() == (*slot).owner || ffi::PyType_IsSubtype(class, (*slot).owner.cast()) != 0
    }
}

unsafe fn refuse_stranger(slot: *mut RawSlot, object: *mut ffi::PyObject) {
    guarded((), |py| {
        // SAFETY: `name`, `owner` and `object` are objects.
        let (name, owner, class) = unsafe {
            (
                Bound::from_borrowed_ptr(py, (*slot).name),
                Bound::from_borrowed_ptr(py, (*slot).owner),
                Bound::from_borrowed_ptr(py, ffi::Py_TYPE(object).cast()),
            )
        };
        Err(PyTypeError::new_err(format!(
            "field {name} is one of {owner}, not of {class}"
        )))
    });
}

unsafe extern "C" fn get_slot(
    descriptor: *mut ffi::PyObject,
    object: *mut ffi::PyObject,
    _class: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: called by the interpreter with a RawSlot; when `belongs`, the object is a RawMessage with this slot.
    unsafe {
        if object.is_null() {
            return ffi::Py_NewRef(descriptor);
        }
        let slot: *mut RawSlot = descriptor.cast();
        if !belongs(slot, object) {
            refuse_stranger(slot, object);
            return null_mut();
        }
        let place: *mut *mut ffi::PyObject =
            object.cast::<u8>().add((*slot).offset as usize).cast();
        if (*place).is_null() && !(*object.cast::<RawMessage>()).data.is_null() {
            let read = guarded(false, |py| {
                let message = Bound::from_borrowed_ptr(py, object);
                decode::read_pending(Message(message.as_borrowed())).map(|()| true)
            });
            if !read {
                return null_mut();
            }
        }
        if (*place).is_null() {
            let made = match (*slot).empty {
                Empty::Default => return ffi::Py_NewRef((*slot).default),
                Empty::List => ffi::PyList_New(0),
                Empty::Dict => ffi::PyDict_New(),
            };
            if made.is_null() {
                return null_mut();
            }
            // Making it may have run the collector, and that any code.
            ffi::Py_XDECREF(std::mem::replace(&mut *place, made));
        }
        ffi::Py_NewRef(*place)
    }
}

unsafe extern "C" fn set_slot(
    descriptor: *mut ffi::PyObject,
    object: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: as `get_slot`; `value` is an object, or null to delete.
    unsafe {
        let slot: *mut RawSlot = descriptor.cast();
        if !belongs(slot, object) {
            refuse_stranger(slot, object);
            return -1;
        }
        let others = (*slot).others;
        let clears = !others.is_null() && !value.is_null() && value != ffi::Py_None();
        if (clears || value.is_null()) && !(*object.cast::<RawMessage>()).data.is_null() {
            let read = guarded(false, |py| {
                let message = Bound::from_borrowed_ptr(py, object);
                decode::read_pending(Message(message.as_borrowed())).map(|()| true)
            });
            if !read {
                return -1;
            }
        }
        let area = Area(object.cast(), PhantomData);
        let old = std::mem::replace(
            &mut *area.pointer(Offset((*slot).offset)),
            ffi::Py_XNewRef(value),
        );
        if clears {
            for &other in &*others {
                area.clear(other);
            }
        }
        ffi::Py_XDECREF(old);
        0
    }
}

unsafe extern "C" fn visit_slot(
    object: *mut ffi::PyObject,
    visit: ffi::visitproc,
    arg: *mut c_void,
) -> c_int {
    // SAFETY: called by the collector with a RawSlot.
    unsafe {
        let slot: *mut RawSlot = object.cast();
        for held in [(*slot).owner, (*slot).default] {
            if !held.is_null() {
                let found = visit(held, arg);
                if found != 0 {
                    return found;
                }
            }
        }
        0
    }
}

unsafe extern "C" fn free_slot(object: *mut ffi::PyObject) {
    // SAFETY: called once, when the last reference has gone; all members are owned or null.
    unsafe {
        ffi::PyObject_GC_UnTrack(object.cast());
        let slot: *mut RawSlot = object.cast();
        ffi::Py_XDECREF((*slot).owner);
        ffi::Py_XDECREF((*slot).name);
        ffi::Py_XDECREF((*slot).default);
        if !(*slot).others.is_null() {
            drop(Box::from_raw((*slot).others));
        }
        ffi::PyObject_GC_Del(object.cast());
    }
}

unsafe extern "C" fn show_slot(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    guarded(null_mut(), |py| {
        // SAFETY: called by the interpreter with a RawSlot.
        let (name, owner) = unsafe {
            let slot: *mut RawSlot = object.cast();
            (
                Bound::from_borrowed_ptr(py, (*slot).name),
                Bound::from_borrowed_ptr(py, (*slot).owner),
            )
        };
        let owner = owner.getattr("__name__")?;
        let text = format!("<field {name} of {owner}>");
        Ok(text.into_pyobject(py)?.into_any().into_ptr())
    })
}

unsafe extern "C" fn free_message(object: *mut ffi::PyObject) {
    // SAFETY: called once, after the slots of the subclasses were released; `plan` and `data` are owned or null.
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

unsafe extern "C" fn init_message(
    object: *mut ffi::PyObject,
    args: *mut ffi::PyObject,
    kwargs: *mut ffi::PyObject,
) -> c_int {
    guarded(-1, |py| {
        // SAFETY: called by the interpreter with a message, a tuple and null or a dict.
        let (object, args, kwargs) = unsafe {
            (
                Bound::from_borrowed_ptr(py, object),
                Bound::from_borrowed_ptr(py, args).cast_into_unchecked(),
                Bound::from_borrowed_ptr_or_opt(py, kwargs).map(|it| it.cast_into_unchecked()),
            )
        };
        construct::init(Message(object.as_borrowed()), &args, kwargs.as_ref()).map(|()| 0)
    })
}

unsafe extern "C" fn call_class(
    class: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    nargsf: usize,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: called by the interpreter with a class that `register` has seen, and arguments as vectorcall passes them.
    unsafe {
        let own: *mut ffi::PyTypeObject = class.cast();
        let plan = known_plan(own);
        let usual = same_init(own) && same_new(own);
        let Some(plan) = plan.filter(|_| usual) else {
            return call_plainly(class, args, nargsf, names);
        };
        let positional = ffi::PyVectorcall_NARGS(nargsf).cast_unsigned();
        guarded(null_mut(), |py| {
            let message = new_message(py, &plan)?;
            let names = Bound::from_borrowed_ptr_or_opt(py, names).map(|it| it.cast_into_unchecked());
            let count = positional + names.as_ref().map_or(0, |names: &Bound<'_, pyo3::types::PyTuple>| names.len());
            let values = Values {
                start: args,
                count,
                py,
            };
            construct::fill(Message(message.as_borrowed()), &plan, values, positional, names.as_ref())?;
            Ok(message.into_ptr())
        })
    }
}

/// The arguments of a vectorcall.
#[derive(Clone, Copy)]
pub struct Values<'py> {
    start: *const *mut ffi::PyObject,
    count: usize,
    py: Python<'py>,
}

impl<'py> Values<'py> {
    /// The argument at an index.
    #[inline(always)]
    pub fn get(self, index: usize) -> Option<Bound<'py, PyAny>> {
        // SAFETY: the caller keeps `count` arguments alive for the call.
        (index < self.count)
            .then(|| unsafe { Bound::from_borrowed_ptr(self.py, *self.start.add(index)) })
    }

    /// Number of arguments.
    pub fn len(self) -> usize {
        self.count
    }
}

/// What calling the class does without our short cut.
unsafe fn call_plainly(
    class: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    nargsf: usize,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: as `call_class`; `type.__call__` takes a tuple and null or a dict.
    unsafe {
        let positional = ffi::PyVectorcall_NARGS(nargsf);
        let tuple = ffi::PyTuple_New(positional);
        if tuple.is_null() {
            return null_mut();
        }
        for index in 0..positional {
            let value = ffi::Py_NewRef(*args.add(index.cast_unsigned()));
            ffi::PyTuple_SET_ITEM(tuple, index, value);
        }
        let mut kwargs = null_mut();
        let mut failed = false;
        if !names.is_null() {
            kwargs = ffi::PyDict_New();
            failed = kwargs.is_null();
            for index in 0..ffi::PyTuple_GET_SIZE(names) {
                if failed {
                    break;
                }
                let value = *args.add((positional + index).cast_unsigned());
                let name = ffi::PyTuple_GET_ITEM(names, index);
                failed = ffi::PyDict_SetItem(kwargs, name, value) < 0;
            }
        }
        let made = match ffi::PyType_Type.tp_call {
            Some(call) if !failed => call(class, tuple, kwargs),
            _ => null_mut(),
        };
        ffi::Py_DECREF(tuple);
        ffi::Py_XDECREF(kwargs);
        made
    }
}

unsafe extern "C" fn compare_messages(
    one: *mut ffi::PyObject,
    other: *mut ffi::PyObject,
    operation: c_int,
) -> *mut ffi::PyObject {
    // SAFETY: called by the interpreter, the first being a message.
    unsafe {
        if operation != ffi::Py_EQ && operation != ffi::Py_NE
            || ffi::Py_TYPE(one) != ffi::Py_TYPE(other)
        {
            return ffi::Py_NewRef(ffi::Py_NotImplemented());
        }
        guarded(null_mut(), |py| {
            let (one, other) = (
                Bound::from_borrowed_ptr(py, one),
                Bound::from_borrowed_ptr(py, other),
            );
            let equal = compare::equal(Message(one.as_borrowed()), Message(other.as_borrowed()))?;
            let truth = equal == (operation == ffi::Py_EQ);
            Ok(ffi::Py_NewRef(if truth { ffi::Py_True() } else { ffi::Py_False() }))
        })
    }
}

unsafe extern "C" fn set_attribute(
    object: *mut ffi::PyObject,
    name: *mut ffi::PyObject,
    value: *mut ffi::PyObject,
) -> c_int {
    // SAFETY: called by the interpreter with a message, a name and a value, or null to delete.
    unsafe {
        let done = ffi::PyObject_GenericSetAttr(object, name, value);
        if done == 0 || ffi::PyErr_ExceptionMatches(ffi::PyExc_AttributeError) == 0 {
            return done;
        }
        guarded(-1, |py| {
            drop(PyErr::take(py));
            let object = Bound::from_borrowed_ptr(py, object);
            let name = Bound::from_borrowed_ptr(py, name);
            py.import("aristaproto.message")?
                .getattr("refuse_attribute")?
                .call1((object.get_type(), name, object))?;
            Ok(-1)
        })
    }
}

/// Readies the C types; gives the base class of `aristaproto.Message`.
///
/// # Errors
/// What CPython says when it refuses them.
pub fn base_class(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    const NAME: &CStr = c"aristaproto._native.MessageBase";
    const SLOT_NAME: &CStr = c"aristaproto._native.FieldSlot";
    const ABOUT: &CStr = c"What messages are in memory; the base of aristaproto.Message.";
    // SAFETY: the types are filled in once, before anything uses them, as C's static initialisation would.
    unsafe {
        let base = BASE.0.get();
        if (*base).tp_name.is_null() {
            (*base).ob_base.ob_base = ffi::PyObject_HEAD_INIT;
            (*base).tp_name = NAME.as_ptr().cast::<c_char>();
            (*base).tp_doc = ABOUT.as_ptr().cast::<c_char>();
            (*base).tp_basicsize = size_of::<RawMessage>().cast_signed();
            (*base).tp_flags = ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_BASETYPE;
            (*base).tp_new = ffi::PyBaseObject_Type.tp_new;
            (*base).tp_init = Some(init_message);
            (*base).tp_dealloc = Some(free_message);
            (*base).tp_richcompare = Some(compare_messages);
            (*base).tp_hash = Some(ffi::PyObject_HashNotImplemented);
            (*base).tp_setattro = Some(set_attribute);
            let slot = SLOT.0.get();
            (*slot).ob_base.ob_base = ffi::PyObject_HEAD_INIT;
            (*slot).tp_name = SLOT_NAME.as_ptr().cast::<c_char>();
            (*slot).tp_basicsize = size_of::<RawSlot>().cast_signed();
            (*slot).tp_flags = ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_HAVE_GC;
            (*slot).tp_dealloc = Some(free_slot);
            (*slot).tp_traverse = Some(visit_slot);
            (*slot).tp_repr = Some(show_slot);
            (*slot).tp_descr_get = Some(get_slot);
            (*slot).tp_descr_set = Some(set_slot);
            if ffi::PyType_Ready(base) < 0 || ffi::PyType_Ready(slot) < 0 {
                return Err(PyErr::fetch(py));
            }
        }
        debug_assert_eq!(offset_of!(RawMessage, plan), size_of::<ffi::PyObject>());
        Ok(Bound::from_borrowed_ptr(py, base.cast()))
    }
}

/// The single argument of a method, by position or by `keyword`.
unsafe fn only_argument<'py>(
    py: Python<'py>,
    keyword: &str,
    args: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: called with the arguments of a vectorcall: `count` by position, then one for each name.
    unsafe {
        let named = if names.is_null() { 0 } else { ffi::PyTuple_GET_SIZE(names) };
        let fits = match (count, named) {
            (1, 0) => true,
            (0, 1) => Bound::from_borrowed_ptr(py, ffi::PyTuple_GET_ITEM(names, 0)).eq(keyword)?,
            _ => false,
        };
        if fits {
            return Ok(Bound::from_borrowed_ptr(py, *args));
        }
    }
    let given = count + if names.is_null() { 0 } else { 1 };
    Err(PyTypeError::new_err(format!(
        "expected one argument, {keyword}, got {given} or one of another name"
    )))
}

unsafe extern "C" fn parse_method(
    class: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: called by the interpreter as a class method.
    unsafe { parse_argument("data", class, args, count, names) }
}

unsafe extern "C" fn from_string_method(
    class: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: as above.
    unsafe { parse_argument("s", class, args, count, names) }
}

unsafe fn parse_argument(
    keyword: &str,
    class: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    guarded(null_mut(), |py| {
        // SAFETY: the caller passes on what the interpreter passed to a class method.
        let (class, data) = unsafe {
            (
                Bound::from_borrowed_ptr(py, class),
                only_argument(py, keyword, args, count, names)?,
            )
        };
        let plan = plan_of(class.cast::<PyType>()?)?;
        Ok(decode::parse(py, &plan, &data)?.into_ptr())
    })
}

unsafe extern "C" fn serialise_method(
    message: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    guarded(null_mut(), |py| {
        // SAFETY: called by the interpreter as a method.
        let message = unsafe { Bound::from_borrowed_ptr(py, message) };
        Ok(encode::encode(&message)?.into_ptr())
    })
}

unsafe extern "C" fn copy_method(
    message: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    guarded(null_mut(), |py| {
        // SAFETY: called by the interpreter as a method of messages.
        let message = unsafe { Bound::from_borrowed_ptr(py, message) };
        Ok(compare::copy(Message(message.as_borrowed()))?.into_ptr())
    })
}

unsafe extern "C" fn deepcopy_method(
    message: *mut ffi::PyObject,
    memo: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    guarded(null_mut(), |py| {
        // SAFETY: called by the interpreter as a method of messages, with one argument.
        let (message, memo) = unsafe {
            (
                Bound::from_borrowed_ptr(py, message),
                Bound::from_borrowed_ptr(py, memo),
            )
        };
        Ok(compare::deepcopy(Message(message.as_borrowed()), &memo)?.into_ptr())
    })
}

/// Puts the methods that are written in Rust in the place of those that `message` has in Python, with their docstrings.
///
/// # Errors
/// What Python raises when the class has no such methods.
pub fn install_methods(message: &Bound<'_, PyType>) -> PyResult<()> {
    use ffi::PyMethodDefPointer as Pointer;
    let fast = ffi::METH_FASTCALL | ffi::METH_KEYWORDS;
    let methods: [(&CStr, &str, c_int, Pointer); 6] = [
        (
            c"parse",
            "data",
            fast | ffi::METH_CLASS,
            Pointer {
                PyCFunctionFastWithKeywords: parse_method,
            },
        ),
        (
            c"FromString",
            "s",
            fast | ffi::METH_CLASS,
            Pointer {
                PyCFunctionFastWithKeywords: from_string_method,
            },
        ),
        (
            c"SerializeToString",
            "",
            ffi::METH_NOARGS,
            Pointer {
                PyCFunction: serialise_method,
            },
        ),
        (
            c"__bytes__",
            "",
            ffi::METH_NOARGS,
            Pointer {
                PyCFunction: serialise_method,
            },
        ),
        (
            c"__copy__",
            "",
            ffi::METH_NOARGS,
            Pointer {
                PyCFunction: copy_method,
            },
        ),
        (
            c"__deepcopy__",
            "memo",
            ffi::METH_O,
            Pointer {
                PyCFunction: deepcopy_method,
            },
        ),
    ];
    let py = message.py();
    for (name, parameter, flags, function) in methods {
        let text = name.to_string_lossy();
        let python = message.getattr(&*text)?;
        let about: Option<String> = python.getattr("__doc__")?.extract()?;
        let first = if flags & ffi::METH_CLASS == 0 { "$self" } else { "$type" };
        let comma = if parameter.is_empty() { "" } else { ", " };
        let about = format!(
            "{text}({first}{comma}{parameter})\n--\n\n{}",
            about.unwrap_or_default()
        );
        // The interpreter keeps the pointer as long as the method lives: to its own end.
        let about = Box::leak(std::ffi::CString::new(about)?.into_boxed_c_str());
        let method = Box::leak(Box::new(ffi::PyMethodDef {
            ml_name: name.as_ptr(),
            ml_meth: function,
            ml_flags: flags & !ffi::METH_CLASS,
            ml_doc: about.as_ptr(),
        }));
        // SAFETY: the definition and its strings are never freed; the function has the signature that its flags tell.
        let descriptor = unsafe {
            let made = if flags & ffi::METH_CLASS == 0 {
                ffi::PyDescr_NewMethod(message.as_type_ptr(), method)
            } else {
                ffi::PyDescr_NewClassMethod(message.as_type_ptr(), method)
            };
            Bound::from_owned_ptr_or_err(py, made)?
        };
        message.setattr(&*text, descriptor)?;
    }
    Ok(())
}

/// Lets calls of the classes of a metaclass go through their `tp_vectorcall`, which Python 3.10 and 3.11 do not inherit.
///
/// # Errors
/// `ValueError` when the metaclass has a `__call__` of its own.
pub fn allow_vectorcall(metaclass: &Bound<'_, PyType>) -> PyResult<()> {
    // SAFETY: a subclass of `type` inherits the offset of `tp_vectorcall`; the flag says that it may be used.
    unsafe {
        let class = metaclass.as_type_ptr();
        if (*class).tp_call.map(|it| it as usize) != ffi::PyType_Type.tp_call.map(|it| it as usize) {
            return Err(PyValueError::new_err("the metaclass has its own __call__"));
        }
        (*class).tp_flags |= ffi::Py_TPFLAGS_HAVE_VECTORCALL;
    }
    Ok(())
}

/// Something of this crate in a Python object.
pub struct Shared<T>(pub T);
// SAFETY: only touched while attached to the interpreter, whose lock the module needs.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}
