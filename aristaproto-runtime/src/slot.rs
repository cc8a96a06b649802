//! The descriptors of fields: `message.name` reads a slot, `message.name = value` writes it. In: a class, an offset, a
//! default. Out: an object that replaces the member descriptor of the slot.
//!
//! An empty slot reads as the field's default, after what is still to be read of the message's wire bytes has been read.
//! Setting a member of a oneof empties the others; deleting an attribute makes the field unset.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, c_void, CStr};
use std::mem::size_of;
use std::ptr::null_mut;

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::decode;
use crate::methods::guarded;
use crate::object::{Message, Offset, StaticType};

static SLOT: StaticType = StaticType::new();

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
/// The offset of the slot that a member descriptor stands for in messages of a class, and the class whose slot it is.
///
/// # Errors
/// `TypeError` for another kind of object, or the descriptor of a class that `class` does not inherit from: its offset
/// would be one in other messages.
pub fn find<'py>(
    class: &Bound<'py, PyType>,
    descriptor: &Bound<'py, PyAny>,
) -> PyResult<(Offset, Bound<'py, PyType>)> {
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
        let inherited = |owner: *mut ffi::PyTypeObject| {
            (ffi::PyType_IsSubtype(class.as_type_ptr(), owner) != 0)
                .then(|| PyType::from_borrowed_type_ptr(class.py(), owner))
        };
        if own == SLOT.0.get() {
            let slot: *mut RawSlot = descriptor.as_ptr().cast();
            if let Some(owner) = inherited((*slot).owner.cast()) {
                return Ok((Offset((*slot).offset), owner));
            }
        }
        if own == &raw mut ffi::PyMemberDescr_Type {
            let found: *mut MemberDescriptor = descriptor.as_ptr().cast();
            let member = (*found).member;
            if (*member).type_code == ffi::Py_T_OBJECT_EX {
                if let (Some(owner), Ok(offset)) =
                    (inherited((*found).class), u32::try_from((*member).offset))
                {
                    return Ok((Offset(offset), owner));
                }
            }
        }
    }
    Err(PyTypeError::new_err(format!(
        "expected the descriptor of a slot of {class}, got {descriptor}"
    )))
}

/// Whether an object is a descriptor made here.
pub fn is_slot(descriptor: &Bound<'_, PyAny>) -> bool {
    // SAFETY: an object.
    unsafe { ffi::Py_TYPE(descriptor.as_ptr()) == SLOT.0.get() }
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
        let made = Bound::from_owned_ptr_or_err(py, ffi::PyType_GenericAlloc(SLOT.0.get(), 0))?;
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
/// Shows a message to the collector before it holds a container; see `Message::settle`.
#[inline(always)]
unsafe fn track(object: *mut ffi::PyObject, value: *mut ffi::PyObject) {
    // SAFETY: the caller passes a message and an object; all classes of messages are the collector's.
    unsafe {
        if ffi::PyType_IS_GC(ffi::Py_TYPE(value)) != 0 && ffi::PyObject_GC_IsTracked(object) == 0 {
            ffi::PyObject_GC_Track(object.cast());
        }
    }
}

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
        if (*place).is_null()
            && Message(Borrowed::from_ptr(Python::assume_attached(), object)).is_pending()
        {
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
            // Making it may have run the collector, and that any code: what it has put there stays.
            if (*place).is_null() {
                track(object, made);
                *place = made;
            } else {
                ffi::Py_DECREF(made);
                // Releasing a new list runs no code.
            }
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
        if (clears || value.is_null())
            && Message(Borrowed::from_ptr(Python::assume_attached(), object)).is_pending()
        {
            let read = guarded(false, |py| {
                let message = Bound::from_borrowed_ptr(py, object);
                decode::read_pending(Message(message.as_borrowed())).map(|()| true)
            });
            if !read {
                return -1;
            }
        }
        if !value.is_null() {
            track(object, value);
        }
        let area = Message(Borrowed::from_ptr(Python::assume_attached(), object)).area();
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

/// Readies the C type of the descriptors.
///
/// # Errors
/// What `CPython` says when it refuses it.
pub fn ready(py: Python<'_>) -> PyResult<()> {
    const NAME: &CStr = c"aristaproto._native.FieldSlot";
    // SAFETY: the type is filled in once, before anything uses it, as C's static initialisation would.
    unsafe {
        let slot = SLOT.0.get();
        if (*slot).tp_name.is_null() {
            (*slot).ob_base.ob_base = ffi::PyObject_HEAD_INIT;
            (*slot).tp_name = NAME.as_ptr().cast::<c_char>();
            (*slot).tp_basicsize = size_of::<RawSlot>().cast_signed();
            (*slot).tp_flags = ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_HAVE_GC;
            (*slot).tp_dealloc = Some(free_slot);
            (*slot).tp_traverse = Some(visit_slot);
            (*slot).tp_repr = Some(show_slot);
            (*slot).tp_descr_get = Some(get_slot);
            (*slot).tp_descr_set = Some(set_slot);
            if ffi::PyType_Ready(slot) < 0 {
                return Err(PyErr::fetch(py));
            }
        }
    }
    Ok(())
}
