//! The type of messages as the interpreter knows it, and calls of message classes.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, CStr};
use std::mem::size_of;

use pyo3::exceptions::{PyImportError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::pyclass::CompareOp;
use pyo3::types::{PyDict, PyTuple, PyType};

use super::field_descriptor::FieldSlot;
use super::methods;
use super::oneof_descriptor::OneofSlot;
use super::trampolines::{arguments, attached, given, object, Raw};
use crate::memory::layout::{MessageClass, BASE};
use crate::message::header::{free_message, Message, RawMessage};
use crate::ops::construct;
use crate::python::arguments::{call_plainly, guarded};
use crate::schema::registry::known_plan;

unsafe extern "C" fn init_message(own: Raw, args: Raw, kwargs: Raw) -> c_int {
    // SAFETY: see the module: a message, a tuple, and null or a dict.
    unsafe {
        let message = Message::assume(Borrowed::from_ptr(attached(), own));
        guarded(attached(), -1, || {
            let args = given(&args).map(|args| args.cast_unchecked::<PyTuple>());
            let kwargs = given(&kwargs).map(|kwargs| kwargs.cast_unchecked::<PyDict>());
            let empty = PyTuple::empty(attached());
            construct::init(message, args.unwrap_or(&empty), kwargs).map(|()| 0)
        })
    }
}

unsafe extern "C" fn compare_messages(one: Raw, other: Raw, operation: c_int) -> Raw {
    // SAFETY: see the module: the first is a message, and what has its type is one, too.
    unsafe {
        let is_same = ffi::Py_TYPE(one) == ffi::Py_TYPE(other);
        let operation = CompareOp::from_raw(operation);
        let (true, Some(CompareOp::Eq | CompareOp::Ne)) = (is_same, operation) else {
            let is_plain = ffi::PyDict_Check(other) != 0 || ffi::PyList_Check(other) != 0;
            let Some(operation) = operation.filter(|_| is_same || is_plain) else {
                return ffi::Py_NewRef(ffi::Py_NotImplemented());
            };
            return object(attached(), || {
                let (one, other) = (&one, &other);
                let other = Bound::ref_from_ptr(attached(), other);
                methods::compare_plain(Bound::ref_from_ptr(attached(), one), other, operation)
            });
        };
        let is_eq = matches!(operation, Some(CompareOp::Eq));
        let message = |it| Message::assume(Borrowed::from_ptr(attached(), it));
        object(attached(), || {
            methods::compare(message(one), message(other), is_eq)
        })
    }
}

unsafe extern "C" fn set_attribute(own: Raw, name: Raw, value: Raw) -> c_int {
    // SAFETY: see the module: a message, a name and a value, or null to delete.
    unsafe {
        let py = attached();
        if name == pyo3::intern!(py, "__class__").as_ptr() {
            // Its slots, and what is still to be read, are those of the class that it was made with.
            return guarded(py, -1, || {
                Err(PyTypeError::new_err(
                    "the class of a message cannot be changed",
                ))
            });
        }
        let done = ffi::PyObject_GenericSetAttr(own, name, value);
        if done == 0 || ffi::PyErr_ExceptionMatches(ffi::PyExc_AttributeError) == 0 {
            return done;
        }
        guarded(py, -1, || {
            let error = PyErr::fetch(py);
            let message = Bound::ref_from_ptr(py, &own);
            methods::refuse_attribute(message, Bound::ref_from_ptr(py, &name), error).map(|()| -1)
        })
    }
}

/// Readies the C types of messages and fields' descriptors; gives the base class of `aristaproto.Message`.
///
/// # Errors
/// What `CPython` says when it refuses them.
pub fn base_class(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    const NAME: &CStr = c"aristaproto._native.MessageBase";
    const ABOUT: &CStr = c"What messages are in memory; the base of aristaproto.Message.";
    // SAFETY: the type is filled in once, before anything uses it, as C's static initialisation would.
    unsafe {
        let base = BASE.0.get();
        if (*base).tp_name.is_null() {
            (*base).ob_base.ob_base = ffi::PyObject_HEAD_INIT;
            (*base).tp_name = NAME.as_ptr().cast::<c_char>();
            (*base).tp_doc = ABOUT.as_ptr().cast::<c_char>();
            (*base).tp_basicsize = size_of::<RawMessage>() as isize;
            (*base).tp_flags = ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_BASETYPE;
            (*base).tp_new = ffi::PyBaseObject_Type.tp_new;
            (*base).tp_init = Some(init_message);
            (*base).tp_dealloc = Some(free_message);
            (*base).tp_richcompare = Some(compare_messages);
            (*base).tp_hash = Some(ffi::PyObject_HashNotImplemented);
            (*base).tp_setattro = Some(set_attribute);
            if ffi::PyType_Ready(base) < 0 {
                return Err(PyErr::fetch(py));
            }
        }
        // What PyO3 puts there does the same by a detour.
        let slot = py.get_type::<FieldSlot>().as_type_ptr();
        (*slot).tp_descr_get = Some(get_slot);
        (*slot).tp_descr_set = Some(set_slot);
        (*py.get_type::<OneofSlot>().as_type_ptr()).tp_descr_get = Some(get_oneof);
        Ok(Bound::from_borrowed_ptr(py, base.cast()))
    }
}

unsafe extern "C" fn get_slot(descriptor: Raw, own: Raw, _class: Raw) -> Raw {
    // SAFETY: see the module: a `FieldSlot`, and an object or null.
    unsafe {
        let py = attached();
        let Some(own) = given(&own) else {
            return ffi::Py_NewRef(descriptor);
        };
        let slot = Borrowed::from_ptr(py, descriptor).cast_unchecked::<FieldSlot>();
        match slot.get().glance(own) {
            Some(held) => held.into_ptr(),
            None => object(py, || slot.get().read(own)),
        }
    }
}

unsafe extern "C" fn get_oneof(descriptor: Raw, own: Raw, _class: Raw) -> Raw {
    // SAFETY: as `get_slot`, with a `OneofSlot`.
    unsafe {
        let py = attached();
        let Some(own) = given(&own) else {
            return ffi::Py_NewRef(descriptor);
        };
        let oneof = Borrowed::from_ptr(py, descriptor).cast_unchecked::<OneofSlot>();
        object(py, || oneof.get().read(own))
    }
}

unsafe extern "C" fn set_slot(descriptor: Raw, own: Raw, value: Raw) -> c_int {
    // SAFETY: as `get_slot`; `value` is an object, or null to delete.
    unsafe {
        let py = attached();
        let slot = Borrowed::from_ptr(py, descriptor).cast_unchecked::<FieldSlot>();
        let own = Bound::ref_from_ptr(py, &own);
        guarded(py, -1, || slot.get().write(own, given(&value)).map(|()| 0))
    }
}

/// Lets calls of the classes of a metaclass go through their `tp_vectorcall`, which Python 3.10 and 3.11 do not inherit.
///
/// # Errors
/// `ValueError` when the metaclass has a `__call__` of its own.
pub fn allow_vectorcall(metaclass: &Bound<'_, PyType>) -> PyResult<()> {
    // SAFETY: a subclass of `type` inherits the offset of `tp_vectorcall`; the flag says that it may be used.
    unsafe {
        let class = metaclass.as_type_ptr();
        let is_type = ffi::PyType_IsSubtype(class, &raw mut ffi::PyType_Type) != 0;
        let call = (*class).tp_call.map(|it| it as usize);
        if !is_type || call != ffi::PyType_Type.tp_call.map(|it| it as usize) {
            return Err(PyValueError::new_err("the metaclass has its own __call__"));
        }
        (*class).tp_flags |= ffi::Py_TPFLAGS_HAVE_VECTORCALL;
    }
    Ok(())
}

/// Whether the constructor of a class is the one written here, and whether it has no `__new__` of its own.
///
/// Safety: `class` is a type object.
unsafe fn is_usual(class: *mut ffi::PyTypeObject) -> (bool, bool) {
    // SAFETY: the caller's; the base's members were written once.
    unsafe {
        let base = BASE.0.get();
        (
            (*class).tp_init.map(|it| it as usize) == (*base).tp_init.map(|it| it as usize),
            (*class).tp_new.map(|it| it as usize) == (*base).tp_new.map(|it| it as usize),
        )
    }
}

/// Lets calls of a message class make a message at once, if its constructor is the one here.
pub fn call_directly(class: &MessageClass) {
    // SAFETY: a heap type; a call goes to `call_class`, which looks at it again.
    unsafe {
        let class: *mut ffi::PyTypeObject = class.as_ptr().cast();
        if is_usual(class).0 {
            (*class).tp_vectorcall = Some(call_class);
        }
    }
}

unsafe extern "C" fn call_class(class: Raw, args: *const Raw, nargsf: usize, names: Raw) -> Raw {
    // SAFETY: see the module: a class that `call_directly` has seen, and arguments as vectorcall passes them.
    unsafe {
        let py = attached();
        let count = ffi::PyVectorcall_NARGS(nargsf) as usize;
        let arguments = arguments(args, count, &names);
        let plan = known_plan(py, class as usize);
        match plan.filter(|_| is_usual(class.cast()) == (true, true)) {
            Some(plan) => object(py, || methods::construct(py, &plan, arguments)),
            None => object(py, || {
                call_plainly(Bound::ref_from_ptr(py, &class), arguments)
            }),
        }
    }
}

/// Refuses to be loaded by a second interpreter of the process: plans and types are those of the first one. From Python 3.12
/// on the interpreter itself refuses.
///
/// # Errors
/// `ImportError`.
pub fn refuse_subinterpreters(_: Python<'_>) -> PyResult<()> {
    // SAFETY: attached to an interpreter.
    let main = unsafe { ffi::PyInterpreterState_Get() == ffi::PyInterpreterState_Main() };
    if main {
        return Ok(());
    }
    Err(PyImportError::new_err(
        "the native codec works in the main interpreter only",
    ))
}
