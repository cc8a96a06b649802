//! Makes message classes. In: the name and body of a class statement, from the interpreter. Out: the class that
//! `_MessageType.__new__` would make of it.
//!
//! That function is right for every class. This one is for those of generated packages, which are thousands: fields and
//! nothing else in the body, no base but `Message`. Python's own `type.__new__` spends most of its time on looking up the
//! ninety special methods in the new class and all of its bases. A body without methods overrides none of them, so here they
//! are inherited, as those of classes in C are.

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyInt, PyList, PyString, PyTuple, PyType};

use crate::calls::{add_to_class, Class, Parent};
use crate::function::{self, Arguments};
use crate::object::MessageClass;
use crate::spec::is_spec;

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
    MessageClass::new(message)?;
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
    if let Some(parent) = Parent::install::<MessageClasses>(message)? {
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
    if let Some(parent) = Parent::install::<EnumClasses>(base)? {
        ENUM.get_or_init(base.py(), || parent);
    }
    Ok(())
}

struct MessageClasses;

impl function::Maker for MessageClasses {
    fn make<'py>(
        py: Python<'py>,
        statement: Arguments<'_, 'py>,
    ) -> PyResult<Option<Bound<'py, PyType>>> {
        Statement::read(statement).map_or(Ok(None), |statement| message_class(py, statement))
    }
}

struct EnumClasses;

impl function::Maker for EnumClasses {
    fn make<'py>(
        py: Python<'py>,
        statement: Arguments<'_, 'py>,
    ) -> PyResult<Option<Bound<'py, PyType>>> {
        Statement::read(statement).map_or(Ok(None), |statement| enum_class(py, statement))
    }
}

/// The arguments of a metaclass.
struct Statement<'a, 'py> {
    name: &'a Bound<'py, PyString>,
    bases: &'a Bound<'py, PyTuple>,
    body: &'a Bound<'py, PyDict>,
    arguments: Arguments<'a, 'py>,
}

impl<'a, 'py> Statement<'a, 'py> {
    fn read(arguments: Arguments<'a, 'py>) -> Option<Self> {
        let [name, bases, body] = arguments.split().0 else {
            return None;
        };
        let name = name.cast().ok()?;
        is_plain_text(name).then_some(())?;
        Some(Self {
            name,
            bases: bases.cast().ok()?,
            body: body.cast_exact().ok()?,
            arguments,
        })
    }

    /// Names and values of the class keywords.
    fn options(&self) -> Option<Vec<(String, Bound<'py, PyAny>)>> {
        let names = self.arguments.names.into_iter().flatten();
        names
            .zip(self.arguments.split().1)
            .map(|(name, value)| Some((name.extract().ok()?, value.clone())))
            .collect()
    }
}

/// A message class; `None` when it is to be left to Python.
fn message_class<'py>(
    py: Python<'py>,
    statement: Statement<'_, 'py>,
) -> PyResult<Option<Bound<'py, PyType>>> {
    let Some(maker) = MAKER.get(py) else {
        return Ok(None);
    };
    if !maker.message.is_base(statement.bases)? {
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
    for (key, value) in crate::quick::entries(statement.body) {
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
        name: statement.name.clone(),
        qualname,
        slots,
        dict,
    };
    maker.message.make(py, class).map(Some)
}

/// An enum class; `None` when it is to be left to Python.
fn enum_class<'py>(
    py: Python<'py>,
    statement: Statement<'_, 'py>,
) -> PyResult<Option<Bound<'py, PyType>>> {
    let Some(parent) = ENUM.get(py) else {
        return Ok(None);
    };
    if !parent.is_base(statement.bases)? {
        return Ok(None);
    }
    let Some(options) = statement.options() else {
        return Ok(None);
    };
    let mut qualname = statement.name.clone();
    let mut numbers = Vec::new();
    let dict = PyDict::new(py);
    for (key, value) in crate::quick::entries(statement.body) {
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
        name: statement.name.clone(),
        qualname,
        slots: PyTuple::empty(py),
        dict,
    };
    let made = parent.make(py, class)?;
    let new_int = py.get_type::<PyInt>().getattr(intern!(py, "__new__"))?;
    for (name, number) in numbers {
        let known = by_value.get_item(&number)?;
        let is_alias = known.is_some();
        let member = known.map_or_else(|| new_int.call1((&made, &number)), Ok)?;
        if !is_alias {
            member.setattr(intern!(py, "_name_"), &name)?;
            member.setattr(intern!(py, "_value_"), &number)?;
            member.setattr(intern!(py, "_sort_order_"), names.len())?;
            by_value.set_item(number, &member)?;
            names.append(&name)?;
        }
        by_name.set_item(&name, &member)?;
        add_to_class(&made, [(&name, &member)])?;
    }
    Ok(Some(made))
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
    let Ok(text) = name.to_str() else {
        return false;
    };
    let is_identifier = if text.is_ascii() {
        let is_letter = |it: u8| it.is_ascii_alphanumeric() || it == b'_';
        text.bytes().all(is_letter) && text.starts_with(|it: char| !it.is_ascii_digit())
    } else {
        let answer = name.call_method0(intern!(name.py(), "isidentifier"));
        answer.is_ok_and(|answer| answer.is(PyBool::new(name.py(), true)))
    };
    is_identifier && !text.starts_with("__")
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
        let told = match value.cast::<PyType>() {
            Ok(class) => {
                let name = (intern!(py, "__proto_name__"), full_name.as_any());
                add_to_class(class, [name, (intern!(py, "__pool__"), pool)])?
            }
            Err(_) => false,
        };
        if told {
            known.set_item(full_name, value)?;
        } else {
            rest.push((full_name.into_any(), value));
        }
    }
    Ok(rest)
}
