//! Makes message classes. In: the name and body of a class statement, from the interpreter. Out: the class that
//! `_MessageType.__new__` would make of it.
//!
//! That function is right for every class. This one is for those of generated packages, which are thousands: fields and
//! nothing else in the body, no base but `Message`. Python's own `type.__new__` spends most of its time on looking up the
//! ninety special methods in the new class and all of its bases. A body without methods overrides none of them, so here they
//! are inherited, as those of classes in C are.
#![allow(unsafe_code)]

use std::ptr::null_mut;

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyString, PyTuple, PyType};

use crate::methods::{call_plainly, guarded, Values};
use crate::object::is_message_class;
use crate::spec::is_spec;

/// What classes are made with.
struct Maker {
    /// `aristaproto.Message`.
    message: Py<PyType>,
    /// `(Message,)`.
    bases: Py<PyTuple>,
    /// The metaclass.
    metaclass: Py<PyType>,
    /// `FieldSpec` in Python.
    plain_spec: Py<PyType>,
    /// What each class has in its own dict.
    common: Vec<(Py<PyString>, Py<PyAny>)>,
}

/// What Python puts into a class body by itself, besides `__qualname__`.
const HARMLESS: [&str; 5] = [
    "__module__",
    "__doc__",
    "__annotations__",
    "__firstlineno__",
    "__static_attributes__",
];

static MAKER: PyOnceLock<Maker> = PyOnceLock::new();

/// Makes the simple ones among the classes of a metaclass here. `common` is what each class has in its own dict.
///
/// # Errors
/// `TypeError` when the base or the metaclass are none.
pub fn install(
    message: &Bound<'_, PyType>,
    metaclass: &Bound<'_, PyType>,
    plain_spec: &Bound<'_, PyType>,
    common: &Bound<'_, PyDict>,
) -> PyResult<()> {
    let py = message.py();
    if !is_message_class(message) || !metaclass.is_subclass_of::<PyType>()? {
        return Err(PyTypeError::new_err("expected Message and its metaclass"));
    }
    // SAFETY: both are type objects.
    let alike = unsafe {
        let (own, all) = (metaclass.as_type_ptr(), &raw mut ffi::PyType_Type);
        (*own).tp_basicsize == (*all).tp_basicsize
            && (*own).tp_itemsize == (*all).tp_itemsize
            && (*own).tp_dictoffset == (*all).tp_dictoffset
            && (*own).tp_weaklistoffset == (*all).tp_weaklistoffset
    };
    // `make` does what `type.__new__` does in the versions that it was tested with.
    if !alike || cfg!(Py_3_14) {
        return Ok(());
    }
    let mut entries = Vec::new();
    for (name, value) in common {
        entries.push((name.cast_into::<PyString>()?.unbind(), value.unbind()));
    }
    MAKER.get_or_try_init(py, || {
        PyResult::Ok(Maker {
            bases: PyTuple::new(py, [message])?.unbind(),
            message: message.clone().unbind(),
            metaclass: metaclass.clone().unbind(),
            plain_spec: plain_spec.clone().unbind(),
            common: entries,
        })
    })?;
    // SAFETY: a type object; metaclasses below it do not inherit the member. A class statement calls it.
    unsafe { (*metaclass.as_type_ptr()).tp_vectorcall = Some(new_class) };
    Ok(())
}

unsafe extern "C" fn new_class(
    metaclass: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    nargsf: usize,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    guarded(null_mut(), |py| {
        let count = ffi::PyVectorcall_NARGS(nargsf).cast_unsigned();
        // SAFETY: called by the interpreter with a metaclass and arguments as vectorcall passes them.
        let (keywords, values) = unsafe {
            let keywords = Bound::from_borrowed_ptr_or_opt(py, names)
                .map(|it| it.cast_into_unchecked::<PyTuple>());
            let all = count + keywords.as_ref().map_or(0, |names| names.len());
            (keywords, Values::new(py, args, all))
        };
        if let Some(maker) = MAKER.get(py).filter(|_| count == 3) {
            if let Some(body) = Body::read(py, maker, values, keywords.as_ref())? {
                return Ok(make(py, maker, body)?.into_ptr());
            }
        }
        // SAFETY: the arguments are those of this call.
        Ok(unsafe { call_plainly(metaclass, args, nargsf, names) })
    })
}

/// A class statement that is simple.
struct Body<'py> {
    name: Bound<'py, PyString>,
    qualname: Bound<'py, PyString>,
    /// Names of the fields, and of the slot for extensions.
    slots: Bound<'py, PyTuple>,
    dict: Bound<'py, PyDict>,
}

impl<'py> Body<'py> {
    /// What the arguments of the metaclass say; `None` when they are to be left to Python.
    fn read(
        py: Python<'py>,
        maker: &Maker,
        values: Values<'py>,
        keywords: Option<&Bound<'py, PyTuple>>,
    ) -> PyResult<Option<Self>> {
        let (Some(name), Some(bases), Some(body)) = (values.get(0), values.get(1), values.get(2))
        else {
            return Ok(None);
        };
        let (Ok(name), Ok(bases), Ok(body)) = (
            name.cast_into::<PyString>(),
            bases.cast_into::<PyTuple>(),
            body.cast_into_exact::<PyDict>(),
        ) else {
            return Ok(None);
        };
        if !is_plain_text(&name)
            || bases.len() != 1
            || !bases.get_borrowed_item(0)?.is(&maker.message)
        {
            return Ok(None);
        }
        let mut qualname = name.clone();
        let mut fields = Vec::new();
        let dict = PyDict::new(py);
        let specs = PyDict::new(py);
        for (key, value) in crate::quick::entries(&body) {
            let Ok(key) = key.cast_into::<PyString>() else {
                return Ok(None);
            };
            if is_spec(&value) || value.get_type().is(&maker.plain_spec) {
                if !is_plain_text(&key) || !is_slot_name(&key) {
                    return Ok(None);
                }
                specs.set_item(&key, value)?;
                fields.push(key);
                continue;
            }
            match (key.to_str(), value.cast::<PyString>()) {
                (Ok("__qualname__"), Ok(text)) => qualname = text.clone(),
                (Ok(name), _) if HARMLESS.contains(&name) => dict.set_item(key, value)?,
                _ => return Ok(None),
            }
        }
        let Some(options) = Options::read(values, keywords) else {
            return Ok(None);
        };
        let fields = PyTuple::new(py, fields)?;
        let slots = if options.extendable || options.message_set {
            let mut all: Vec<_> = fields.iter().collect();
            all.push(intern!(py, "_extensions").clone().into_any());
            PyTuple::new(py, all)?
        } else {
            fields.clone()
        };
        dict.set_item(intern!(py, "__slots__"), &slots)?;
        dict.set_item(intern!(py, "__fields__"), specs)?;
        for (key, value) in &maker.common {
            dict.set_item(key, value)?;
        }
        dict.set_item(intern!(py, "__match_args__"), fields)?;
        options.write(&dict)?;
        Ok(Some(Self {
            name,
            qualname,
            slots,
            dict,
        }))
    }
}

/// Class keywords.
#[derive(Default)]
struct Options<'py> {
    deprecated: bool,
    extendable: bool,
    message_set: bool,
    pool: Option<Bound<'py, PyAny>>,
}

impl<'py> Options<'py> {
    /// The keywords; `None` when one is unknown or has a value of another type.
    fn read(values: Values<'py>, keywords: Option<&Bound<'py, PyTuple>>) -> Option<Self> {
        let mut options = Self::default();
        for (index, key) in keywords.into_iter().flatten().enumerate() {
            let value = values.get(3 + index)?;
            let flag = match key.cast::<PyString>().ok()?.to_str().ok()? {
                "deprecated" => &mut options.deprecated,
                "extendable" => &mut options.extendable,
                "message_set" => &mut options.message_set,
                "pool" => {
                    options.pool = Some(value).filter(|it| !it.is_none());
                    continue;
                }
                _ => return None,
            };
            *flag = value.cast::<PyBool>().ok()?.is_true();
        }
        Some(options)
    }

    /// What they put into the dict of the class.
    fn write(self, dict: &Bound<'py, PyDict>) -> PyResult<()> {
        let py = dict.py();
        if self.deprecated {
            dict.set_item(intern!(py, "__deprecated__"), true)?;
        }
        if self.extendable || self.message_set {
            dict.set_item(intern!(py, "__extendable__"), true)?;
            dict.set_item(intern!(py, "__message_set__"), self.message_set)?;
        }
        if let Some(pool) = self.pool {
            dict.set_item(intern!(py, "__pool__"), pool)?;
        }
        Ok(())
    }
}

/// Text of the very type `str` that C can read.
fn is_plain_text(text: &Bound<'_, PyString>) -> bool {
    text.is_exact_instance_of::<PyString>()
        && text.to_str().is_ok_and(|text| !text.contains('\0'))
}

/// Whether `type.__new__` would take a slot's name as it is: it changes some names that begin with underscores, and
/// gives others a meaning.
fn is_slot_name(name: &Bound<'_, PyString>) -> bool {
    // SAFETY: text.
    let is_identifier = unsafe { ffi::PyUnicode_IsIdentifier(name.as_ptr()) } == 1;
    is_identifier && name.to_str().is_ok_and(|name| !name.starts_with("__"))
}

/// The class, as `type.__new__` makes it, but without a look at special methods, which it has none of.
fn make<'py>(py: Python<'py>, maker: &Maker, body: Body<'py>) -> PyResult<Bound<'py, PyType>> {
    let base: *mut ffi::PyTypeObject = maker.message.as_ptr().cast();
    let count = body.slots.len().cast_signed();
    // SAFETY: a type is allocated with room for `count` members and one more, all zero; it owns what it is given. The members
    // that are set are those that `type.__new__` sets, `PyType_Ready` fills in the rest. `ob_type` is changed to a metaclass
    // whose classes have the same layout, see `install`; until then the standard `mro()` is used without looking for another.
    unsafe {
        let made = ffi::PyType_GenericAlloc(&raw mut ffi::PyType_Type, count);
        let class = made.cast::<ffi::PyTypeObject>();
        if class.is_null() {
            return Err(PyErr::fetch(py));
        }
        // The collector may look at it from here on.
        (*class).tp_flags = ffi::Py_TPFLAGS_DEFAULT
            | ffi::Py_TPFLAGS_HEAPTYPE
            | ffi::Py_TPFLAGS_BASETYPE
            | ffi::Py_TPFLAGS_HAVE_GC;
        let owned = Bound::from_owned_ptr(py, made).cast_into_unchecked::<PyType>();
        let heap = made.cast::<ffi::PyHeapTypeObject>();
        (*class).tp_as_async = &raw mut (*heap).as_async;
        (*class).tp_as_number = &raw mut (*heap).as_number;
        (*class).tp_as_sequence = &raw mut (*heap).as_sequence;
        (*class).tp_as_mapping = &raw mut (*heap).as_mapping;
        (*class).tp_as_buffer = &raw mut (*heap).as_buffer;
        (*class).tp_bases = maker.bases.clone_ref(py).into_ptr();
        (*class).tp_base = maker.message.clone_ref(py).into_ptr().cast();
        (*class).tp_dict = body.dict.into_ptr();
        // Lives as long as the name, which the type owns.
        (*class).tp_name = ffi::PyUnicode_AsUTF8(body.name.as_ptr());
        (*heap).ht_name = body.name.into_ptr();
        (*heap).ht_qualname = body.qualname.into_ptr();
        (*class).tp_itemsize = (*base).tp_itemsize;
        let members: *mut ffi::PyMemberDef =
            made.byte_offset(ffi::PyType_Type.tp_basicsize).cast();
        let mut offset = (*base).tp_basicsize;
        for (index, name) in body.slots.iter_borrowed().enumerate() {
            let member = members.add(index);
            // As above; the type owns the tuple of names.
            (*member).name = ffi::PyUnicode_AsUTF8(name.as_ptr());
            (*member).type_code = ffi::Py_T_OBJECT_EX;
            (*member).offset = offset;
            offset += size_of::<*mut ffi::PyObject>().cast_signed();
        }
        (*heap).ht_slots = body.slots.into_ptr();
        (*class).tp_members = members;
        (*class).tp_basicsize = offset;
        (*class).tp_alloc = (*base).tp_alloc;
        (*class).tp_free = (*base).tp_free;
        (*class).tp_dealloc = (*base).tp_dealloc;
        (*class).tp_traverse = (*base).tp_traverse;
        (*class).tp_clear = (*base).tp_clear;
        // Not inherited by a class that has `__eq__` in its dict, were it the base's own.
        (*class).tp_richcompare = (*base).tp_richcompare;
        (*class).tp_hash = (*base).tp_hash;
        if ffi::PyType_Ready(class) < 0 {
            return Err(PyErr::fetch(py));
        }
        (*made).ob_type = maker.metaclass.clone_ref(py).into_ptr().cast();
        Ok(owned)
    }
}
