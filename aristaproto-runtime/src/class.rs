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
use pyo3::types::{PyBool, PyDict, PyInt, PyList, PyString, PyTuple, PyType};

use crate::methods::{call_plainly, guarded, Values};
use crate::object::is_message_class;
use crate::spec::is_spec;

/// A class that others are derived from here, and their metaclass.
struct Parent {
    class: Py<PyType>,
    /// `(class,)`.
    bases: Py<PyTuple>,
    metaclass: Py<PyType>,
}

impl Parent {
    /// Readies a metaclass to make classes by `call`, unless its classes lie in memory otherwise than `type`'s do.
    fn install(class: &Bound<'_, PyType>, call: ffi::vectorcallfunc) -> PyResult<Option<Self>> {
        let py = class.py();
        let metaclass = class.get_type();
        // SAFETY: both are type objects; metaclasses below this one do not inherit `tp_vectorcall`, which is what a class
        // statement calls.
        let alike = unsafe {
            let (own, all) = (metaclass.as_type_ptr(), &raw mut ffi::PyType_Type);
            (*own).tp_basicsize == (*all).tp_basicsize
                && (*own).tp_itemsize == (*all).tp_itemsize
                && (*own).tp_dictoffset == (*all).tp_dictoffset
                && (*own).tp_weaklistoffset == (*all).tp_weaklistoffset
        };
        // `make` does what `type.__new__` does in the versions that it was tested with.
        if !alike || cfg!(Py_3_14) {
            return Ok(None);
        }
        // SAFETY: as above.
        unsafe { (*metaclass.as_type_ptr()).tp_vectorcall = Some(call) };
        Ok(Some(Self {
            bases: PyTuple::new(py, [class])?.unbind(),
            class: class.clone().unbind(),
            metaclass: metaclass.unbind(),
        }))
    }

    /// Whether a class statement names this class alone.
    fn is_base(&self, bases: &Bound<'_, PyTuple>) -> PyResult<bool> {
        Ok(bases.len() == 1 && bases.get_borrowed_item(0)?.is(&self.class))
    }
}

/// What message classes are made with.
struct Maker {
    /// `aristaproto.Message`.
    message: Parent,
    /// `FieldSpec` in Python.
    plain_spec: Py<PyType>,
    /// What each class has in its own dict.
    common: Py<PyDict>,
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
/// `aristaproto.Enum`.
static ENUM: PyOnceLock<Parent> = PyOnceLock::new();

/// Makes the simple ones among message classes here. `common` is what each has in its own dict.
///
/// # Errors
/// `TypeError` when `message` is no message class.
pub fn install(
    message: &Bound<'_, PyType>,
    plain_spec: &Bound<'_, PyType>,
    common: &Bound<'_, PyDict>,
) -> PyResult<()> {
    if !is_message_class(message) {
        return Err(PyTypeError::new_err("expected the class Message"));
    }
    let common = common.copy()?;
    // Room for what `message_class` adds.
    for name in [
        "__module__",
        "__doc__",
        "__annotations__",
        "__slots__",
        "__fields__",
        "__match_args__",
    ] {
        common.set_item(name, message.py().None())?;
    }
    if let Some(parent) = Parent::install(message, new_class)? {
        MAKER.get_or_init(message.py(), || Maker {
            message: parent,
            plain_spec: plain_spec.clone().unbind(),
            common: common.unbind(),
        });
    }
    Ok(())
}

/// Makes the simple ones among the classes below `aristaproto.Enum` here.
///
/// # Errors
/// `TypeError` when `base` is no enum of ints.
#[pyfunction]
pub fn install_enum(base: &Bound<'_, PyType>) -> PyResult<()> {
    if !base.is_subclass_of::<PyInt>()? || base.get_type().is(base.py().get_type::<PyType>()) {
        return Err(PyTypeError::new_err("expected the class Enum"));
    }
    if let Some(parent) = Parent::install(base, new_enum)? {
        ENUM.get_or_init(base.py(), || parent);
    }
    Ok(())
}

unsafe extern "C" fn new_class(
    metaclass: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    nargsf: usize,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: called by the interpreter.
    unsafe { call(metaclass, args, nargsf, names, message_class) }
}

unsafe extern "C" fn new_enum(
    metaclass: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    nargsf: usize,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: called by the interpreter.
    unsafe { call(metaclass, args, nargsf, names, enum_class) }
}

/// Makes a class by `work`, or as Python does when it gives none.
unsafe fn call(
    metaclass: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    nargsf: usize,
    names: *mut ffi::PyObject,
    work: for<'py> fn(Statement<'py>) -> PyResult<Option<Bound<'py, PyType>>>,
) -> *mut ffi::PyObject {
    guarded(null_mut(), |py| {
        let count = ffi::PyVectorcall_NARGS(nargsf).cast_unsigned();
        // SAFETY: called by the interpreter with a metaclass and arguments as vectorcall passes them.
        let (keywords, values) = unsafe {
            let keywords = Bound::from_borrowed_ptr_or_opt(py, names)
                .map(|it| it.cast_into_unchecked::<PyTuple>());
            let all = count + keywords.as_ref().map_or(0, PyTupleMethods::len);
            (keywords, Values::new(py, args, all))
        };
        if let Some(statement) = Statement::read(values, keywords).filter(|_| count == 3) {
            if let Some(made) = work(statement)? {
                return Ok(made.into_ptr());
            }
        }
        // SAFETY: the arguments are those of this call.
        Ok(unsafe { call_plainly(metaclass, args, nargsf, names) })
    })
}

/// The arguments of a metaclass.
struct Statement<'py> {
    name: Bound<'py, PyString>,
    bases: Bound<'py, PyTuple>,
    body: Bound<'py, PyDict>,
    keywords: Option<Bound<'py, PyTuple>>,
    values: Values<'py>,
}

impl<'py> Statement<'py> {
    fn read(values: Values<'py>, keywords: Option<Bound<'py, PyTuple>>) -> Option<Self> {
        let name = values.get(0)?.cast_into::<PyString>().ok()?;
        is_plain_text(&name).then_some(())?;
        Some(Self {
            name,
            bases: values.get(1)?.cast_into().ok()?,
            body: values.get(2)?.cast_into_exact().ok()?,
            keywords,
            values,
        })
    }

    /// Names and values of the class keywords.
    fn options(&self) -> Option<Vec<(String, Bound<'py, PyAny>)>> {
        let names = self.keywords.iter().flatten();
        names
            .enumerate()
            .map(|(index, name)| Some((name.extract().ok()?, self.values.get(3 + index)?)))
            .collect()
    }
}

/// A class to be made.
struct Class<'a, 'py> {
    parent: &'a Parent,
    name: Bound<'py, PyString>,
    qualname: Bound<'py, PyString>,
    slots: Bound<'py, PyTuple>,
    dict: Bound<'py, PyDict>,
}

/// A message class; `None` when it is to be left to Python.
fn message_class(statement: Statement<'_>) -> PyResult<Option<Bound<'_, PyType>>> {
    let py = statement.body.py();
    let Some(maker) = MAKER.get(py) else {
        return Ok(None);
    };
    if !maker.message.is_base(&statement.bases)? {
        return Ok(None);
    }
    let Some(options) = statement.options().and_then(Options::read) else {
        return Ok(None);
    };
    let mut qualname = statement.name.clone();
    let mut fields = Vec::new();
    let (mut has_module, mut is_annotated) = (false, false);
    // A copy is made at once, while a dict that grows is laid out anew again and again.
    let dict = maker.common.bind(py).copy()?;
    let specs = PyDict::new(py);
    for (key, value) in crate::quick::entries(&statement.body) {
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
            (Ok(name), _) if HARMLESS.contains(&name) => {
                has_module = has_module || name == "__module__";
                is_annotated = is_annotated || name == "__annotations__";
                dict.set_item(key, value)?;
            }
            _ => return Ok(None),
        }
    }
    if !has_module {
        // `type.__new__` looks for it in the frame that calls.
        return Ok(None);
    }
    if !is_annotated {
        dict.del_item(intern!(py, "__annotations__"))?;
    }
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
    dict.set_item(intern!(py, "__match_args__"), fields)?;
    options.write(&dict)?;
    let class = Class {
        parent: &maker.message,
        name: statement.name,
        qualname,
        slots,
        dict,
    };
    make(py, class).map(Some)
}

/// An enum class; `None` when it is to be left to Python.
fn enum_class(statement: Statement<'_>) -> PyResult<Option<Bound<'_, PyType>>> {
    let py = statement.body.py();
    let Some(parent) = ENUM.get(py) else {
        return Ok(None);
    };
    if !parent.is_base(&statement.bases)? {
        return Ok(None);
    }
    let Some(options) = statement.options() else {
        return Ok(None);
    };
    let mut qualname = statement.name.clone();
    let mut numbers = Vec::new();
    let dict = PyDict::new(py);
    for (key, value) in crate::quick::entries(&statement.body) {
        let Ok(key) = key.cast_into::<PyString>() else {
            return Ok(None);
        };
        let Ok(name) = key.to_str() else {
            return Ok(None);
        };
        if name == "__qualname__" {
            let Ok(text) = value.cast_into::<PyString>() else {
                return Ok(None);
            };
            qualname = text;
        } else if HARMLESS.contains(&name) {
            dict.set_item(key, value)?;
        } else if value.is_exact_instance_of::<PyInt>() && !name.starts_with('_') {
            numbers.push((key, value));
        } else {
            return Ok(None);
        }
    }
    if !dict.contains(intern!(py, "__module__"))? {
        return Ok(None);
    }
    let (by_name, by_value, names) = (PyDict::new(py), PyDict::new(py), PyList::empty(py));
    dict.set_item(intern!(py, "_member_map_"), &by_name)?;
    dict.set_item(intern!(py, "_value2member_map_"), &by_value)?;
    dict.set_item(intern!(py, "_member_names_"), &names)?;
    dict.set_item(intern!(py, "_member_type_"), py.get_type::<PyInt>())?;
    dict.set_item(intern!(py, "_unhashable_values_"), PyList::empty(py))?;
    dict.set_item(intern!(py, "_unhashable_values_map_"), PyDict::new(py))?;
    dict.set_item(intern!(py, "_hashable_values_"), PyList::empty(py))?;
    dict.set_item(intern!(py, "__prefix__"), intern!(py, ""))?;
    dict.set_item(intern!(py, "__renamed__"), PyDict::new(py))?;
    dict.set_item(intern!(py, "__closed__"), false)?;
    for (option, value) in options {
        match option.as_str() {
            "prefix" => dict.set_item(intern!(py, "__prefix__"), value)?,
            "closed" => dict.set_item(intern!(py, "__closed__"), value)?,
            "renamed" if value.is_none() => {}
            "renamed" => dict.set_item(intern!(py, "__renamed__"), value)?,
            _ => return Ok(None),
        }
    }
    let class = Class {
        parent,
        name: statement.name,
        qualname,
        slots: PyTuple::empty(py),
        dict: dict.clone(),
    };
    let made = make(py, class)?;
    for (name, number) in numbers {
        let known = by_value.get_item(&number)?;
        let is_alias = known.is_some();
        let member = known.map_or_else(|| new_int(&made, &number), Ok)?;
        if !is_alias {
            member.setattr(intern!(py, "_name_"), &name)?;
            member.setattr(intern!(py, "_value_"), &number)?;
            member.setattr(intern!(py, "_sort_order_"), names.len())?;
            by_value.set_item(number, &member)?;
            names.append(&name)?;
        }
        by_name.set_item(&name, &member)?;
        // The dict is that of the class.
        dict.set_item(name, member)?;
    }
    // SAFETY: a type object.
    unsafe { ffi::PyType_Modified(made.as_type_ptr()) };
    Ok(Some(made))
}

/// `int.__new__(class, number)`.
fn new_int<'py>(
    class: &Bound<'py, PyType>,
    number: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let arguments = PyTuple::new(py, [number])?;
    // SAFETY: the class is one below `int`, as `Enum` is.
    unsafe {
        let made = ffi::PyLong_Type.tp_new.map_or(null_mut(), |new| {
            new(class.as_type_ptr(), arguments.as_ptr(), null_mut())
        });
        Bound::from_owned_ptr_or_err(py, made)
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
    fn read(given: Vec<(String, Bound<'py, PyAny>)>) -> Option<Self> {
        let mut options = Self::default();
        for (name, value) in given {
            let flag = match name.as_str() {
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
    text.is_exact_instance_of::<PyString>() && text.to_str().is_ok_and(|text| !text.contains('\0'))
}

/// Whether `type.__new__` would take a slot's name as it is: it changes some names that begin with underscores, and
/// gives others a meaning.
fn is_slot_name(name: &Bound<'_, PyString>) -> bool {
    // SAFETY: text.
    let is_identifier = unsafe { ffi::PyUnicode_IsIdentifier(name.as_ptr()) } == 1;
    is_identifier && name.to_str().is_ok_and(|name| !name.starts_with("__"))
}

/// The class, as `type.__new__` makes it, but without a look at special methods, which it has none of.
fn make<'py>(py: Python<'py>, body: Class<'_, 'py>) -> PyResult<Bound<'py, PyType>> {
    let parent = body.parent;
    let base: *mut ffi::PyTypeObject = parent.class.as_ptr().cast();
    let count = body.slots.len().cast_signed();
    // SAFETY: a type is allocated with room for `count` members and one more, all zero; it owns what it is given. The members
    // that are set are those that `type.__new__` sets, `PyType_Ready` fills in the rest. `ob_type` is changed to a metaclass
    // whose classes have the same layout, see `Parent::install`; until then the standard `mro()` is used without looking for another.
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
        (*class).tp_bases = parent.bases.clone_ref(py).into_ptr();
        (*class).tp_base = parent.class.clone_ref(py).into_ptr().cast();
        (*class).tp_dict = body.dict.into_ptr();
        // Lives as long as the name, which the type owns.
        (*class).tp_name = ffi::PyUnicode_AsUTF8(body.name.as_ptr());
        (*heap).ht_name = body.name.into_ptr();
        (*heap).ht_qualname = body.qualname.into_ptr();
        (*class).tp_itemsize = (*base).tp_itemsize;
        let members: *mut ffi::PyMemberDef = made.byte_offset(ffi::PyType_Type.tp_basicsize).cast();
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
        if ffi::PyType_Ready(class) < 0 {
            return Err(PyErr::fetch(py));
        }
        // Not inherited by a class that has `__eq__` in its dict, although it is the base's own.
        (*class).tp_richcompare = (*base).tp_richcompare;
        (*class).tp_hash = (*base).tp_hash;
        (*made).ob_type = parent.metaclass.clone_ref(py).into_ptr().cast();
        Ok(owned)
    }
}

/// Adds classes to a pool and tells each its full name and the pool. Gives what is no class made in Python, with its full name.
///
/// # Errors
/// What adding to a dict raises.
#[pyfunction]
pub fn register<'py>(
    pool: &Bound<'py, PyAny>,
    known: &Bound<'py, PyDict>,
    prefix: &str,
    types: &Bound<'py, PyDict>,
) -> PyResult<Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>> {
    let py = pool.py();
    let mut rest = Vec::new();
    for (name, value) in crate::quick::entries(types) {
        let full_name = PyString::new(
            py,
            &format!("{prefix}{}", name.cast::<PyString>()?.to_str()?),
        );
        // SAFETY: the dict of a class that was made in Python may be changed as long as the class is told of it. No special
        // method is among the names.
        unsafe {
            let class = match value.cast::<PyType>() {
                Ok(class) => class.as_type_ptr(),
                Err(_) => null_mut(),
            };
            if class.is_null() || (*class).tp_flags & ffi::Py_TPFLAGS_HEAPTYPE == 0 {
                rest.push((full_name.into_any(), value));
                continue;
            }
            let dict =
                Bound::from_borrowed_ptr(py, (*class).tp_dict).cast_into_unchecked::<PyDict>();
            known.set_item(&full_name, &value)?;
            dict.set_item(intern!(py, "__proto_name__"), full_name)?;
            dict.set_item(intern!(py, "__pool__"), pool)?;
            ffi::PyType_Modified(class);
        }
    }
    Ok(rest)
}
