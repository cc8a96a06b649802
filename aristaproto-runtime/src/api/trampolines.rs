//! How the interpreter calls functions and methods of ours: C functions, in which errors and panics become Python exceptions.
//!
//! The interpreter calls them attached, with objects of the types that they are for, and keeps the arguments alive meanwhile.
#![allow(unsafe_code)]

use std::ffi::{c_int, CStr};
use std::ptr::null_mut;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};

use crate::python::arguments::{documentation, guarded, Arguments, Function, Method, Signature};

/// An argument of a C function.
pub type Raw = *mut ffi::PyObject;

/// Runs `work`, which gives an object; null when it failed.
#[inline]
pub fn object<'py>(py: Python<'py>, work: impl FnOnce() -> PyResult<Bound<'py, PyAny>>) -> Raw {
    guarded(py, null_mut(), || work().map(Bound::into_ptr))
}

/// A token.
///
/// # Safety
/// Called by the interpreter.
#[inline]
pub unsafe fn attached<'py>() -> Python<'py> {
    // SAFETY: the caller's.
    unsafe { Python::assume_attached() }
}

/// An argument, or `None` for null.
///
/// Safety: `pointer` is null or an object that is alive as long as the reference.
#[inline]
pub unsafe fn given<'py>(pointer: &Raw) -> Option<&Bound<'py, PyAny>> {
    // SAFETY: a `Bound` is a pointer to an object; the reference is not given up.
    (!pointer.is_null()).then(|| unsafe { &*(&raw const *pointer).cast() })
}

/// Arguments of a vectorcall.
///
/// Safety: they are, alive as long as the reference.
#[inline]
pub unsafe fn arguments<'py>(
    args: *const Raw,
    positional: usize,
    names: &Raw,
) -> Arguments<'_, 'py> {
    // SAFETY: the caller's: `names` is null or a tuple, and without arguments `args` may be null. As `given`.
    unsafe {
        let names = given(names).map(|names| names.cast_unchecked::<PyTuple>());
        let count = positional + names.map_or(0, PyTupleMethods::len);
        let values = if count == 0 {
            &[]
        } else {
            std::slice::from_raw_parts(args.cast(), count)
        };
        Arguments {
            values,
            positional,
            names,
        }
    }
}

unsafe extern "C" fn function_of<F: Function>(
    _: Raw,
    args: *const Raw,
    count: ffi::Py_ssize_t,
    names: Raw,
) -> Raw {
    // SAFETY: see the module.
    unsafe {
        let py = attached();
        let arguments = arguments(args, count as usize, &names);
        object(py, || F::call(py, arguments))
    }
}

unsafe extern "C" fn method_of<M: Method>(
    own: Raw,
    args: *const Raw,
    count: ffi::Py_ssize_t,
    names: Raw,
) -> Raw {
    // SAFETY: see the module.
    unsafe {
        let own = Bound::ref_from_ptr(attached(), &own);
        let arguments = arguments(args, count as usize, &names);
        object(own.py(), || M::call(own, arguments))
    }
}

unsafe extern "C" fn method_alone<M: Method>(own: Raw, _: Raw) -> Raw {
    // SAFETY: see the module; it has no arguments.
    unsafe { method_of::<M>(own, null_mut(), 0, null_mut()) }
}

unsafe extern "C" fn method_with_one<M: Method>(own: Raw, argument: Raw) -> Raw {
    // SAFETY: see the module; it has one argument.
    unsafe { method_of::<M>(own, &raw const argument, 1, null_mut()) }
}

/// A definition of a C function with the documentation of one in Python. Never freed: the interpreter keeps it to its end.
fn definition(
    name: &'static CStr,
    parameters: &str,
    python: &Bound<'_, PyAny>,
    flags: c_int,
    function: ffi::PyMethodDefPointer,
) -> PyResult<&'static mut ffi::PyMethodDef> {
    let about = documentation(name, parameters, python)?;
    Ok(Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: function,
        ml_flags: flags,
        ml_doc: about.as_ptr(),
    })))
}

/// A function in Rust in the place of one in Python.
///
/// # Errors
/// What `CPython` says when it refuses it.
pub fn function<'py, F: Function>(
    name: &'static CStr,
    parameters: &str,
    python: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let pointer = ffi::PyMethodDefPointer {
        PyCFunctionFastWithKeywords: function_of::<F>,
    };
    let flags = ffi::METH_FASTCALL | ffi::METH_KEYWORDS;
    let definition = definition(name, parameters, python, flags, pointer)?;
    let module = python.getattr("__module__")?;
    // SAFETY: the function has the signature that its flags tell.
    unsafe {
        let made = ffi::PyCFunction_NewEx(definition, null_mut(), module.as_ptr());
        Bound::from_owned_ptr_or_err(python.py(), made)
    }
}

/// Puts a method in Rust in the place of one that a class has in Python.
///
/// # Errors
/// `AttributeError` when it has none.
pub fn install<M: Method>(
    class: &Bound<'_, PyType>,
    name: &'static CStr,
    signature: Signature,
) -> PyResult<()> {
    use ffi::PyMethodDefPointer as Pointer;
    let text = &*name.to_string_lossy();
    let python = class.getattr(text)?;
    let any = ffi::METH_FASTCALL | ffi::METH_KEYWORDS;
    let pointer = Pointer {
        PyCFunctionFastWithKeywords: method_of::<M>,
    };
    let (parameters, flags, pointer) = match signature {
        Signature::Alone => (
            "$self".to_owned(),
            ffi::METH_NOARGS,
            Pointer {
                PyCFunction: method_alone::<M>,
            },
        ),
        Signature::WithOne(name) => (
            format!("$self, {name}"),
            ffi::METH_O,
            Pointer {
                PyCFunction: method_with_one::<M>,
            },
        ),
        Signature::OfClass(name) => (format!("$type, {name}"), any, pointer),
        Signature::Any(names) => (format!("$self, {names}"), any, pointer),
    };
    let definition = definition(name, &parameters, &python, flags, pointer)?;
    // SAFETY: the function has the signature that its flags tell.
    let descriptor = unsafe {
        let own = class.as_type_ptr();
        let made = match signature {
            Signature::OfClass(_) => ffi::PyDescr_NewClassMethod(own, definition),
            _ => ffi::PyDescr_NewMethod(own, definition),
        };
        Bound::from_owned_ptr_or_err(class.py(), made)?
    };
    class.setattr(text, descriptor)
}
