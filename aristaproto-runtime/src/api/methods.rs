//! The methods of messages that the interpreter calls, as calls of the modules that do the work. `trampolines` makes C functions
//! of them.

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pyclass::CompareOp;
use pyo3::types::{PyBool, PyString, PyType};

use crate::api::trampolines;
use crate::binary::{decode, encode};
use crate::json;
use crate::message::header::{new_message, Message};
use crate::ops::{construct, copy, equal};
use crate::python::arguments::{call_method, Arguments, Invoke, Method, Signature};
use crate::python::imports::api;
use crate::python::values;
use crate::schema::message::Plan;
use crate::schema::registry::plan_of;

/// The single argument of a method, by position or by `keyword`.
#[inline]
fn only_argument<'a, 'py>(
    keyword: &str,
    arguments: Arguments<'a, 'py>,
) -> PyResult<&'a Bound<'py, PyAny>> {
    if let [argument] = arguments.values {
        let fits = match arguments.names.and_then(|names| names.iter().next()) {
            Some(name) => name.eq(keyword)?,
            None => true,
        };
        if fits {
            return Ok(argument);
        }
    }
    let given = arguments.positional + usize::from(arguments.names.is_some());
    Err(PyTypeError::new_err(format!(
        "expected one argument, {keyword}, got {given} or one of another name"
    )))
}

#[inline]
fn parse<'py>(class: &Bound<'py, PyAny>, data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    decode::parse(class.py(), &*plan_of(class.cast()?)?, data)
}

/// Declares methods: what is done with the object, or the class, and the arguments of a call.
macro_rules! methods {
    ($($name:ident: |$own:pat_param, $arguments:pat_param| $body:expr;)*) => {$(
        struct $name;

        impl Method for $name {
            #[inline]
            fn call<'py>(
                $own: &Bound<'py, PyAny>,
                $arguments: Arguments<'_, 'py>,
            ) -> PyResult<Bound<'py, PyAny>> {
                $body
            }
        }
    )*};
}

methods! {
    Parse: |class, arguments| parse(class, only_argument("data", arguments)?);
    FromString: |class, arguments| parse(class, only_argument("s", arguments)?);
    Serialise: |message, _| encode::encode(message);
    Copy: |message, _| copy::copy(Message::known(message)?);
    DeepCopy: |message, arguments| {
        copy::deepcopy(Message::known(message)?, only_argument("memo", arguments)?)
    };
    ToJson: |message, arguments| match json::encode::to_json(message, arguments)? {
        Some(text) => Ok(text),
        None => call_method(api(message.py())?.to_json.bind(message.py()), message, arguments),
    };
}

/// Puts the methods that are written in Rust in the place of those that `message` has in Python, with their docstrings.
///
/// # Errors
/// What Python raises when the class has no such methods.
pub fn install_methods(message: &Bound<'_, PyType>) -> PyResult<()> {
    trampolines::install::<Parse>(message, c"parse", Signature::OfClass("data"))?;
    trampolines::install::<FromString>(message, c"FromString", Signature::OfClass("s"))?;
    trampolines::install::<Serialise>(message, c"SerializeToString", Signature::Alone)?;
    trampolines::install::<Serialise>(message, c"__bytes__", Signature::Alone)?;
    trampolines::install::<ToJson>(
        message,
        c"to_json",
        Signature::Any(json::options::SIGNATURE),
    )?;
    trampolines::install::<Copy>(message, c"__copy__", Signature::Alone)?;
    trampolines::install::<DeepCopy>(message, c"__deepcopy__", Signature::WithOne("memo"))
}

/// Says what is wrong with an attribute that cannot be set, for the reason that `error` gives.
#[cold]
pub fn refuse_attribute(
    object: &Bound<'_, PyAny>,
    name: &Bound<'_, PyAny>,
    error: PyErr,
) -> PyResult<()> {
    let py = object.py();
    let known = object.get_type().getattr_opt(name.cast::<PyString>()?)?;
    let is_property = match known {
        Some(known) => known.get_type().hasattr(intern!(py, "__set__"))?,
        None => false,
    };
    if is_property {
        // It says itself what is wrong.
        return Err(error);
    }
    py.import("aristaproto.model.message")?
        .getattr("refuse_attribute")?
        .invoke((object.get_type(), name, object))
        .map(drop)
}

/// `==` or `!=` of two messages of one class.
pub fn compare<'py>(
    one: Message<'_, 'py>,
    other: Message<'_, 'py>,
    is_eq: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let truth = equal::equal(one, other)? == is_eq;
    Ok(PyBool::new(one.object().py(), truth).to_owned().into_any())
}

/// A comparison of a message as the dict or list that its class stands for, as `__plain__` gives it.
pub fn compare_plain<'py>(
    message: &Bound<'py, PyAny>,
    other: &Bound<'py, PyAny>,
    operation: CompareOp,
) -> PyResult<Bound<'py, PyAny>> {
    let py = message.py();
    let plain = message.call_method0(intern!(py, "__plain__"))?;
    if plain.is_none() {
        return Ok(py.NotImplemented().into_bound(py));
    }
    values::deeper(py, || plain.rich_compare(other, operation))
}

/// A call of a message class whose constructor is the one here.
#[inline]
pub fn construct<'py>(
    py: Python<'py>,
    plan: &Plan,
    arguments: Arguments<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let made = new_message(py, plan)?;
    if let Some(message) = Message::exactly(&made, plan) {
        construct::fill(message, plan, arguments)?;
    }
    Ok(made)
}
