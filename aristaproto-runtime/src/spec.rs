//! `aristaproto.field` and `aristaproto.map_field`: what stands in the body of a message class. In: raw arguments. Out: a
//! `FieldSpec`, which keeps them until the schema is built.
//!
//! A package has thousands of them, so one is made without looking at more than is needed to keep it small. It holds text and
//! numbers only, therefore nothing that could hold it, and the collector need not know it. Arguments of any other kind,
//! and wrong ones, are left to the functions in Python.
#![allow(unsafe_code)]

use std::ffi::{c_char, c_int, CStr};
use std::mem::{offset_of, size_of};
use std::ptr::null_mut;

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;

use crate::methods::guarded;
use crate::object::StaticType;

static SPEC: StaticType = StaticType::new();

/// A field as the class body states it.
#[repr(C)]
struct RawSpec {
    head: ffi::PyObject,
    /// Owned, or null for None, as all that follow.
    reference: *mut ffi::PyObject,
    oneof: *mut ffi::PyObject,
    proto_name: *mut ffi::PyObject,
    json_name: *mut ffi::PyObject,
    default: *mut ffi::PyObject,
    key_type: *mut ffi::PyObject,
    number: u32,
    kind: u8,
    repeated: bool,
    optional: bool,
    required: bool,
    packed: bool,
    deprecated: bool,
    utf8: bool,
}

/// A parameter that is given by name.
#[derive(Clone, Copy)]
enum Parameter {
    Text(usize),
    Default,
    Flag(usize),
}

/// The parameters of `field` behind the star; those of `map_field` are among them.
const PARAMETERS: [(&str, Parameter); 10] = [
    ("repeated", Parameter::Flag(offset_of!(RawSpec, repeated))),
    ("json_name", Parameter::Text(offset_of!(RawSpec, json_name))),
    ("oneof", Parameter::Text(offset_of!(RawSpec, oneof))),
    ("optional", Parameter::Flag(offset_of!(RawSpec, optional))),
    (
        "proto_name",
        Parameter::Text(offset_of!(RawSpec, proto_name)),
    ),
    ("required", Parameter::Flag(offset_of!(RawSpec, required))),
    ("packed", Parameter::Flag(offset_of!(RawSpec, packed))),
    ("default", Parameter::Default),
    (
        "deprecated",
        Parameter::Flag(offset_of!(RawSpec, deprecated)),
    ),
    ("utf8", Parameter::Flag(offset_of!(RawSpec, utf8))),
];
/// Parameters of `map_field`.
const OF_MAPS: [&str; 4] = ["json_name", "proto_name", "deprecated", "utf8"];

/// Names of parameters, interned as those of calls are, and the functions in Python.
struct Functions {
    names: [Py<PyString>; PARAMETERS.len()],
    field: Py<PyAny>,
    map_field: Py<PyAny>,
}

static FUNCTIONS: PyOnceLock<Functions> = PyOnceLock::new();

/// Whether an object is a `FieldSpec` made here.
pub fn is_spec(object: &Bound<'_, PyAny>) -> bool {
    // SAFETY: an object.
    unsafe { ffi::Py_TYPE(object.as_ptr()) == SPEC.0.get() }
}

unsafe fn is_exactly(object: *mut ffi::PyObject, class: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: the caller passes an object.
    unsafe { ffi::Py_TYPE(object) == class }
}

/// Whether a default is one that can hold nothing else.
unsafe fn is_leaf(object: *mut ffi::PyObject) -> bool {
    // SAFETY: the caller passes an object.
    unsafe {
        [
            &raw mut ffi::PyUnicode_Type,
            &raw mut ffi::PyLong_Type,
            &raw mut ffi::PyFloat_Type,
            &raw mut ffi::PyBool_Type,
            &raw mut ffi::PyBytes_Type,
        ]
        .contains(&ffi::Py_TYPE(object))
    }
}

/// An exact int of 32 bits.
unsafe fn number(object: *mut ffi::PyObject) -> Option<u32> {
    // SAFETY: the caller passes an object; the type is compared before it is read as an int.
    unsafe {
        if !is_exactly(object, &raw mut ffi::PyLong_Type) {
            return None;
        }
        let mut overflow = 0;
        let value = ffi::PyLong_AsLongLongAndOverflow(object, &raw mut overflow);
        u32::try_from(value).ok().filter(|_| overflow == 0)
    }
}

/// The specification that the arguments of a vectorcall make; null, without an exception, for those that are left to Python.
unsafe fn make(
    functions: &Functions,
    is_map: bool,
    args: *const *mut ffi::PyObject,
    count: usize,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    let least = if is_map { 3 } else { 2 };
    if count < least || count > least + 1 {
        return null_mut();
    }
    // SAFETY: the caller passes `count` arguments and one more for each of `names`; SPEC is ready, and `tp_alloc` gives zeroed
    // memory of the size of a RawSpec, whose offsets are written with the types that they have.
    unsafe {
        let argument = |index: usize| *args.add(index);
        let (Some(field_number), Some(kind)) = (number(argument(0)), number(argument(least - 1)))
        else {
            return null_mut();
        };
        let Ok(kind) = u8::try_from(kind) else {
            return null_mut();
        };
        if is_map && number(argument(1)).is_none() {
            return null_mut();
        }
        let made = ffi::PyType_GenericAlloc(SPEC.0.get(), 0);
        if made.is_null() {
            return made;
        }
        let spec: *mut RawSpec = made.cast();
        (*spec).number = field_number;
        (*spec).kind = kind;
        (*spec).packed = true;
        (*spec).utf8 = true;
        if is_map {
            (*spec).key_type = ffi::Py_NewRef(argument(1));
        }
        let mut fits = true;
        if count > least && argument(least) != ffi::Py_None() {
            fits = is_exactly(argument(least), &raw mut ffi::PyUnicode_Type);
            if fits {
                (*spec).reference = ffi::Py_NewRef(argument(least));
            }
        }
        let by_name = if names.is_null() {
            0
        } else {
            ffi::PyTuple_GET_SIZE(names).cast_unsigned()
        };
        for index in 0..by_name {
            let name = ffi::PyTuple_GET_ITEM(names, index.cast_signed());
            let value = argument(count + index);
            let known = functions.names.iter().position(|it| it.as_ptr() == name);
            let parameter = known
                .and_then(|at| PARAMETERS.get(at))
                .filter(|(name, _)| !is_map || OF_MAPS.contains(name));
            fits = fits && parameter.is_some_and(|(_, parameter)| give(spec, *parameter, value));
        }
        if !fits {
            ffi::Py_DECREF(made);
            return null_mut();
        }
        made
    }
}

/// Keeps one argument; whether it is of a kind that can be kept.
unsafe fn give(spec: *mut RawSpec, parameter: Parameter, value: *mut ffi::PyObject) -> bool {
    // SAFETY: the caller passes a RawSpec; each offset is that of a member with the type that is written. A name is given once.
    unsafe {
        match parameter {
            Parameter::Flag(offset) => {
                if !is_exactly(value, &raw mut ffi::PyBool_Type) {
                    return false;
                }
                *spec.byte_add(offset).cast::<bool>() = value == ffi::Py_True();
            }
            _ if value == ffi::Py_None() => {}
            Parameter::Text(offset) => {
                if !is_exactly(value, &raw mut ffi::PyUnicode_Type) {
                    return false;
                }
                *spec.byte_add(offset).cast() = ffi::Py_NewRef(value);
            }
            Parameter::Default => {
                if !is_leaf(value) {
                    return false;
                }
                (*spec).default = ffi::Py_NewRef(value);
            }
        }
    }
    true
}

unsafe fn call(
    is_map: bool,
    args: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    guarded(null_mut(), |py| {
        let functions = FUNCTIONS
            .get(py)
            .ok_or_else(|| pyo3::exceptions::PyRuntimeError::new_err("not installed"))?;
        // SAFETY: the arguments are those that the interpreter passed.
        unsafe {
            let made = make(functions, is_map, args, count.cast_unsigned(), names);
            if !made.is_null() || !ffi::PyErr_Occurred().is_null() {
                return Ok(made);
            }
            let function = if is_map {
                &functions.map_field
            } else {
                &functions.field
            };
            Ok(ffi::PyObject_Vectorcall(
                function.as_ptr(),
                args,
                count.cast_unsigned(),
                names,
            ))
        }
    })
}

unsafe extern "C" fn field(
    _: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: called by the interpreter.
    unsafe { call(false, args, count, names) }
}

unsafe extern "C" fn map_field(
    _: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: as above.
    unsafe { call(true, args, count, names) }
}

unsafe extern "C" fn free_spec(object: *mut ffi::PyObject) {
    // SAFETY: called once, when the last reference has gone; all members are owned or null.
    unsafe {
        let spec: *mut RawSpec = object.cast();
        for held in [
            (*spec).reference,
            (*spec).oneof,
            (*spec).proto_name,
            (*spec).json_name,
            (*spec).default,
            (*spec).key_type,
        ] {
            ffi::Py_XDECREF(held);
        }
        ffi::PyObject_Free(object.cast());
    }
}

/// Readies the C type of specifications.
fn ready(py: Python<'_>) -> PyResult<()> {
    const NAME: &CStr = c"aristaproto._native.FieldSpec";
    #[allow(deprecated)] // Reads null as None, which T_OBJECT_EX does not.
    const OBJECT: c_int = ffi::_Py_T_OBJECT;
    let members: [(&CStr, c_int, usize); 14] = [
        (c"number", ffi::Py_T_UINT, offset_of!(RawSpec, number)),
        (c"type", ffi::Py_T_UBYTE, offset_of!(RawSpec, kind)),
        (c"ref", OBJECT, offset_of!(RawSpec, reference)),
        (c"repeated", ffi::Py_T_BOOL, offset_of!(RawSpec, repeated)),
        (c"optional", ffi::Py_T_BOOL, offset_of!(RawSpec, optional)),
        (c"required", ffi::Py_T_BOOL, offset_of!(RawSpec, required)),
        (c"oneof", OBJECT, offset_of!(RawSpec, oneof)),
        (c"packed", ffi::Py_T_BOOL, offset_of!(RawSpec, packed)),
        (c"proto_name", OBJECT, offset_of!(RawSpec, proto_name)),
        (c"json_name", OBJECT, offset_of!(RawSpec, json_name)),
        (c"default", OBJECT, offset_of!(RawSpec, default)),
        (
            c"deprecated",
            ffi::Py_T_BOOL,
            offset_of!(RawSpec, deprecated),
        ),
        (c"utf8", ffi::Py_T_BOOL, offset_of!(RawSpec, utf8)),
        (c"key_type", OBJECT, offset_of!(RawSpec, key_type)),
    ];
    // SAFETY: the type is filled in once, before anything uses it, as C's static initialisation would; its members are never freed.
    unsafe {
        let spec = SPEC.0.get();
        if (*spec).tp_name.is_null() {
            let mut table: Vec<ffi::PyMemberDef> = members
                .into_iter()
                .map(|(name, type_code, offset)| ffi::PyMemberDef {
                    name: name.as_ptr(),
                    type_code,
                    offset: offset.cast_signed(),
                    flags: ffi::Py_READONLY,
                    doc: std::ptr::null(),
                })
                .collect();
            table.push(std::mem::zeroed());
            (*spec).ob_base.ob_base = ffi::PyObject_HEAD_INIT;
            (*spec).tp_name = NAME.as_ptr().cast::<c_char>();
            (*spec).tp_basicsize = size_of::<RawSpec>().cast_signed();
            (*spec).tp_flags = ffi::Py_TPFLAGS_DEFAULT;
            (*spec).tp_dealloc = Some(free_spec);
            (*spec).tp_members = Box::leak(table.into_boxed_slice()).as_mut_ptr();
            if ffi::PyType_Ready(spec) < 0 {
                return Err(PyErr::fetch(py));
            }
        }
    }
    Ok(())
}

/// `field` and `map_field` in Rust, for those in Python, whose documentation they take over.
///
/// # Errors
/// What `CPython` says when it refuses them.
#[pyfunction]
pub fn field_functions<'py>(
    plain_field: &Bound<'py, PyAny>,
    plain_map_field: &Bound<'py, PyAny>,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let py = plain_field.py();
    ready(py)?;
    FUNCTIONS.get_or_init(py, || Functions {
        names: PARAMETERS.map(|(name, _)| PyString::intern(py, name).unbind()),
        field: plain_field.clone().unbind(),
        map_field: plain_map_field.clone().unbind(),
    });
    let function = |name: &CStr, parameters: &str, of: &Bound<'py, PyAny>, call| {
        let about: String = of.getattr("__doc__")?.extract()?;
        let about = format!("{}({parameters})\n--\n\n{about}", name.to_string_lossy());
        // The interpreter keeps the pointer to its own end.
        let about = Box::leak(std::ffi::CString::new(about)?.into_boxed_c_str());
        let definition = Box::leak(Box::new(ffi::PyMethodDef {
            ml_name: name.as_ptr(),
            ml_meth: ffi::PyMethodDefPointer {
                PyCFunctionFastWithKeywords: call,
            },
            ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
            ml_doc: about.as_ptr(),
        }));
        let module = of.getattr("__module__")?;
        // SAFETY: the definition and its strings are never freed; the function has the signature that its flags tell.
        unsafe {
            let made = ffi::PyCFunction_NewEx(definition, null_mut(), module.as_ptr());
            Bound::from_owned_ptr_or_err(py, made)
        }
    };
    Ok((
        function(
            c"field",
            "number, type, ref=None, *, repeated=False, optional=False, required=False, oneof=None, packed=True, \
             proto_name=None, json_name=None, default=None, deprecated=False, utf8=True",
            plain_field,
            field,
        )?,
        function(
            c"map_field",
            "number, key_type, value_type, ref=None, *, proto_name=None, json_name=None, deprecated=False, utf8=True",
            plain_map_field,
            map_field,
        )?,
    ))
}
