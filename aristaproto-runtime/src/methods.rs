//! What the interpreter calls: the constructor, comparison and methods of messages, as C functions. In: raw arguments. Out:
//! calls of the safe modules, whose errors and panics become Python exceptions.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, CStr};
use std::mem::size_of;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::null_mut;
use std::rc::Rc;

use pyo3::exceptions::{PyImportError, PyTypeError, PyValueError};
use pyo3::ffi;
use pyo3::panic::PanicException;
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::object::{known_plan, new_message, plan_of, Message, RawMessage, BASE};
use crate::{compare, construct, decode, encode, slot};

/// Runs `work`; an error or a panic becomes a Python exception and `failed`.
pub fn guarded<T>(failed: T, work: impl FnOnce(Python<'_>) -> PyResult<T>) -> T {
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
    release_dropped();
    failed
}

/// Releases what was dropped in a call that `PyO3` did not make: errors that were replaced, plans of extensions. It puts such
/// references aside until it is next called itself, which may never be.
pub fn release_dropped() {
    Python::try_attach(|_| ());
}

/// Whether the constructor of a class is the one written here.
pub unsafe fn same_init(class: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: the caller passes a type object; the base's member was written once.
    unsafe {
        (*class).tp_init.map(|it| it as usize) == (*BASE.0.get()).tp_init.map(|it| it as usize)
    }
}

/// Whether a class has no `__new__` of its own.
unsafe fn same_new(class: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: as above.
    unsafe { (*class).tp_new.map(|it| it as usize) == (*BASE.0.get()).tp_new.map(|it| it as usize) }
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

pub unsafe extern "C" fn call_class(
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
            let names =
                Bound::from_borrowed_ptr_or_opt(py, names).map(|it| it.cast_into_unchecked());
            let count = positional
                + names
                    .as_ref()
                    .map_or(0, |names: &Bound<'_, pyo3::types::PyTuple>| names.len());
            let values = Values::new(py, args, count);
            construct::fill(
                Message(message.as_borrowed()),
                &plan,
                values,
                positional,
                names.as_ref(),
            )?;
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
    /// `count` arguments, which the caller keeps alive for the call.
    pub unsafe fn new(py: Python<'py>, start: *const *mut ffi::PyObject, count: usize) -> Self {
        Self { start, count, py }
    }

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

/// What calling a class, or a metaclass, does without our short cut.
pub unsafe fn call_plainly(
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
            Ok(ffi::Py_NewRef(if truth {
                ffi::Py_True()
            } else {
                ffi::Py_False()
            }))
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

/// Refuses to be loaded by a second interpreter of the process: plans and types are those of the first one. From Python 3.12
/// on the interpreter itself refuses.
///
/// # Errors
/// `ImportError`.
pub fn refuse_subinterpreters() -> PyResult<()> {
    // SAFETY: called while the module is loaded, attached to an interpreter.
    let main = unsafe { ffi::PyInterpreterState_Get() == ffi::PyInterpreterState_Main() };
    if main {
        return Ok(());
    }
    Err(PyImportError::new_err(
        "the native codec works in the main interpreter only: set ARISTAPROTO_IMPLEMENTATION to python",
    ))
}

/// Readies the C type of messages; gives the base class of `aristaproto.Message`.
///
/// # Errors
/// What `CPython` says when it refuses them.
pub fn base_class(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    const NAME: &CStr = c"aristaproto._native.MessageBase";
    const ABOUT: &CStr = c"What messages are in memory; the base of aristaproto.Message.";
    slot::ready(py)?;
    // SAFETY: the type is filled in once, before anything uses it, as C's static initialisation would.
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
            if ffi::PyType_Ready(base) < 0 {
                return Err(PyErr::fetch(py));
            }
        }
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
        let by_name = if names.is_null() {
            0
        } else {
            ffi::PyTuple_GET_SIZE(names)
        };
        let fits = match (count, by_name) {
            (1, 0) => true,
            (0, 1) => Bound::from_borrowed_ptr(py, ffi::PyTuple_GET_ITEM(names, 0)).eq(keyword)?,
            _ => false,
        };
        if fits {
            return Ok(Bound::from_borrowed_ptr(py, *args));
        }
    }
    let given = count + isize::from(!names.is_null());
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
        let first = if flags & ffi::METH_CLASS == 0 {
            "$self"
        } else {
            "$type"
        };
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
        if (*class).tp_call.map(|it| it as usize) != ffi::PyType_Type.tp_call.map(|it| it as usize)
        {
            return Err(PyValueError::new_err("the metaclass has its own __call__"));
        }
        (*class).tp_flags |= ffi::Py_TPFLAGS_HAVE_VECTORCALL;
    }
    Ok(())
}
