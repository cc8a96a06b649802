//! `aristaproto.field` and `aristaproto.map_field`, which stand in the body of a message class. A `FieldSpec` holds the arguments of
//! the call until the schema is built.
//!
//! A package has thousands of them, so a call checks no more than it needs to keep the object small. It holds text and
//! numbers only: nothing that could refer back to it, so the collector need not visit it. Arguments of any other kind,
//! and wrong ones, are left to the functions in Python.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyInt, PyString};

use crate::api::trampolines::function;
use crate::python::arguments::{caught, Arguments, Function};
use crate::python::values::is_exact_scalar;

/// A field as the class body states it; `None` is Python's.
#[allow(clippy::struct_excessive_bools)] // They are flags of the field, which do not exclude each other.
#[pyclass(module = "aristaproto._native", frozen, get_all)]
pub struct FieldSpec {
    number: u32,
    #[pyo3(name = "type")]
    kind: u8,
    #[pyo3(name = "ref")]
    reference: Option<Py<PyString>>,
    repeated: bool,
    optional: bool,
    required: bool,
    oneof: Option<Py<PyString>>,
    packed: bool,
    proto_name: Option<Py<PyString>>,
    json_name: Option<Py<PyString>>,
    default: Option<Py<PyAny>>,
    deprecated: bool,
    utf8: bool,
    key_type: Option<Py<PyAny>>,
}

/// The parameters of `field` behind the star.
const PARAMETERS: [&str; 10] = [
    "repeated",
    "json_name",
    "oneof",
    "optional",
    "proto_name",
    "required",
    "packed",
    "default",
    "deprecated",
    "utf8",
];
/// Those of `map_field`.
const OF_MAPS: [&str; 4] = ["json_name", "proto_name", "deprecated", "utf8"];

/// The parameters of `field` as Python shows them.
const FIELD_SIGNATURE: &str =
    "number, type, ref=None, *, repeated=False, optional=False, required=False, oneof=None, \
     packed=True, proto_name=None, json_name=None, default=None, deprecated=False, utf8=True";
/// The same of `map_field`.
const MAP_FIELD_SIGNATURE: &str = "number, key_type, value_type, ref=None, *, proto_name=None, \
     json_name=None, deprecated=False, utf8=True";

/// Names of parameters, interned as those of calls are, and the functions in Python.
struct Functions {
    names: [Py<PyString>; PARAMETERS.len()],
    field: Py<PyAny>,
    map_field: Py<PyAny>,
}

static FUNCTIONS: PyOnceLock<Functions> = PyOnceLock::new();

/// An exact int of 32 bits.
fn number(object: &Bound<'_, PyAny>) -> Option<u32> {
    object.cast_exact::<PyInt>().ok()?.extract().ok()
}

/// Keeps text, or nothing for None.
fn keep_text(kept: &mut Option<Py<PyString>>, object: &Bound<'_, PyAny>) -> Option<()> {
    if !object.is_none() {
        *kept = Some(object.cast_exact::<PyString>().ok()?.clone().unbind());
    }
    Some(())
}

/// The specification that the arguments of a call make; `None` for those that are left to Python.
fn make(functions: &Functions, is_map: bool, arguments: Arguments<'_, '_>) -> Option<FieldSpec> {
    let least = if is_map { 3 } else { 2 };
    let (by_position, by_name) = arguments.split();
    let (first, reference) = by_position.split_at_checked(least)?;
    let (start, kind) = (first.first()?, first.last()?);
    let key_type = first.get(1).filter(|_| is_map);
    if let Some(key_type) = key_type {
        number(key_type)?;
    }
    let mut spec = FieldSpec {
        number: number(start)?,
        kind: u8::try_from(number(kind)?).ok()?,
        reference: None,
        repeated: false,
        optional: false,
        required: false,
        oneof: None,
        packed: true,
        proto_name: None,
        json_name: None,
        default: None,
        deprecated: false,
        utf8: true,
        key_type: key_type.map(|it| it.clone().unbind()),
    };
    match reference {
        [] => {}
        [reference] => keep_text(&mut spec.reference, reference)?,
        _ => return None,
    }
    for (name, value) in arguments.names.into_iter().flatten().zip(by_name) {
        let known = functions.names.iter().position(|it| it.is(&name));
        let parameter = *known.and_then(|at| PARAMETERS.get(at))?;
        if is_map && !OF_MAPS.contains(&parameter) {
            return None;
        }
        let flag = || Some(value.cast_exact::<PyBool>().ok()?.is_true());
        match parameter {
            "repeated" => spec.repeated = flag()?,
            "json_name" => keep_text(&mut spec.json_name, value)?,
            "oneof" => keep_text(&mut spec.oneof, value)?,
            "optional" => spec.optional = flag()?,
            "proto_name" => keep_text(&mut spec.proto_name, value)?,
            "required" => spec.required = flag()?,
            "packed" => spec.packed = flag()?,
            "default" if value.is_none() => {}
            "default" if is_exact_scalar(value) => spec.default = Some(value.clone().unbind()),
            "default" => return None,
            "deprecated" => spec.deprecated = flag()?,
            _ => spec.utf8 = flag()?,
        }
    }
    Some(spec)
}

fn call<'py>(
    py: Python<'py>,
    is_map: bool,
    arguments: Arguments<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let functions = FUNCTIONS
        .get(py)
        .ok_or_else(|| PyRuntimeError::new_err("not installed"))?;
    if let Some(spec) = make(functions, is_map, arguments) {
        return Ok(Bound::new(py, spec)?.into_any());
    }
    let plain = if is_map {
        &functions.map_field
    } else {
        &functions.field
    };
    let (by_position, by_name) = arguments.as_python(py)?;
    plain.bind(py).call(by_position, by_name.as_ref())
}

struct FieldFunction<const IS_MAP: bool>;

impl<const IS_MAP: bool> Function for FieldFunction<IS_MAP> {
    fn call<'py>(py: Python<'py>, arguments: Arguments<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
        call(py, IS_MAP, arguments)
    }
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
    caught(|| {
        let py = plain_field.py();
        FUNCTIONS.get_or_init(py, || Functions {
            names: PARAMETERS.map(|name| PyString::intern(py, name).unbind()),
            field: plain_field.clone().unbind(),
            map_field: plain_map_field.clone().unbind(),
        });
        Ok((
            function::<FieldFunction<false>>(c"field", FIELD_SIGNATURE, plain_field)?,
            function::<FieldFunction<true>>(c"map_field", MAP_FIELD_SIGNATURE, plain_map_field)?,
        ))
    })
}
