//! What is special of well-known types, for text and plain values alike: the parts of times, paths of a `FieldMask`, the class of
//! what an `Any` holds; and which field a key names.

use std::rc::Rc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple, PyType};

use super::imports::imports;
use super::names::{EnumNames, Names};
use super::scalars::int_of;
use super::{or_fallback, some, utf8, Outcome, Stop};
use crate::memory::layout::Offset;
use crate::message::header::Message;
use crate::python::arguments::Invoke;
use crate::python::cpython;
use crate::python::growth;
use crate::python::values;
use crate::schema::compile;
use crate::schema::enums::EnumValues;
use crate::schema::field::Storage;
use crate::schema::message::{ExtensionField, Field, Plan};
use crate::schema::wire_table::FieldShape;
use crate::wire::Kind;

/// Where the types of `Any` and extensions are looked up.
pub struct Pools<'py> {
    given: Bound<'py, PyAny>,
    schema: Bound<'py, PyAny>,
}

impl<'py> Pools<'py> {
    /// The one that the caller gives, or None, then the one of the outermost message's tree.
    pub fn new(given: &Bound<'py, PyAny>, plan: &Plan) -> Self {
        Self {
            given: given.clone(),
            schema: plan.schema.bind(given.py()).clone(),
        }
    }

    fn tuple(&self) -> PyResult<Bound<'py, PyTuple>> {
        let pools = [self.given.clone(), self.schema.getattr("pool")?];
        PyTuple::new(self.given.py(), pools)
    }

    /// The class of the message in an `Any`, given the Any or its class.
    pub fn packed_class(
        &self,
        any: &Bound<'py, PyAny>,
        url: &Bound<'py, PyAny>,
    ) -> Outcome<Bound<'py, PyType>> {
        let py = any.py();
        let find = imports(py)?.find_packed_class.bind(py);
        let found = or_fallback(find.invoke((any, url, self.tuple()?)), py)?;
        Ok(found.cast_into()?)
    }
}

/// What a key names.
pub enum KeyTarget {
    /// The field at a position of the plan.
    Field(usize),
    /// An extension.
    Extension(Rc<ExtensionField>),
    /// Nothing that is known.
    Nothing,
}

/// What a key of an object names that is none of the names which `Names::find` knows.
#[cold]
pub fn target(plan: &Plan, names: &Names, key: &str, pools: &Pools<'_>) -> Outcome<KeyTarget> {
    let py = pools.given.py();
    if let Some(name) = key.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
        let find = imports(py)?.find_extension_field.bind(py);
        let found = find.invoke((plan.schema.bind(py), name, pools.tuple()?))?;
        if found.is_none() {
            return Ok(KeyTarget::Nothing);
        }
        return Ok(KeyTarget::Extension(extension(plan, &found)?));
    }
    Ok(match names.in_another_casing(py, plan, key)? {
        Some(index) => KeyTarget::Field(index),
        None => KeyTarget::Nothing,
    })
}

/// What is known of an extension, given its `Field`.
pub fn extension(plan: &Plan, field: &Bound<'_, PyAny>) -> PyResult<Rc<ExtensionField>> {
    let number = field.getattr("number")?.extract()?;
    if let Some(found) = plan.find_extension(field.py(), number)? {
        // The class' own pool may know another one of this number.
        if found.field.python.is(field) {
            return Ok(found);
        }
    }
    Ok(Rc::new(compile::compile_extension(field)?))
}

/// The extensions that a message holds, with their values, by number.
pub fn extensions<'py>(
    plan: &Plan,
    message: Message<'_, 'py>,
) -> Outcome<Vec<(Rc<ExtensionField>, Bound<'py, PyAny>)>> {
    let py = message.object().py();
    let Some(held) = plan
        .extensions_slot
        .and_then(|offset| message.slots().get(py, offset))
    else {
        return Ok(Vec::new());
    };
    if held.is_none() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for (key, item) in values::entries(held.cast_exact()?)? {
        growth::push(&mut found, (extension(plan, &key.getattr("field")?)?, item))?;
    }
    found.sort_by_key(|(found, _)| found.shape.number);
    Ok(found)
}

/// The field with a number, and its slot.
pub fn slot(plan: &Plan, number: u32) -> Outcome<(&Field, &FieldShape, Offset)> {
    let (field, shape) = some(plan.shape.find(number).and_then(|at| plan.at(at)))?;
    match field.storage {
        Storage::Slot(offset) => Ok((field, shape, offset)),
        _ => Err(Stop::Fallback),
    }
}

/// The field with a number, and what it holds in a message, if anything.
#[allow(clippy::type_complexity)] // A name for it would be read once.
pub fn held<'a, 'py>(
    plan: &'a Plan,
    message: Message<'_, 'py>,
    number: u32,
) -> Outcome<(&'a Field, &'a FieldShape, Option<Bound<'py, PyAny>>)> {
    let (field, shape, offset) = slot(plan, number)?;
    let held = message.slots().get(message.object().py(), offset);
    Ok((field, shape, held))
}

/// Puts a value into the field with a number of a new message.
pub fn put<'py>(
    plan: &Plan,
    message: Message<'_, 'py>,
    number: u32,
    made: Bound<'py, PyAny>,
) -> Outcome {
    let (_, _, offset) = slot(plan, number)?;
    message.slots().put(offset, made);
    Ok(())
}

/// Seconds and nanoseconds of a Timestamp or Duration that is a message.
pub fn parts(plan: &Plan, message: Message<'_, '_>) -> Outcome<(i64, i32)> {
    let number = |at: u32| -> Outcome<i64> {
        let Some(held) = held(plan, message, at)?.2 else {
            return Ok(0);
        };
        let long = int_of(Kind::Int64, &held).and_then(|long| long.of_kind(Kind::Int64));
        Ok(some(long)? as i64)
    };
    Ok((number(1)?, some(i32::try_from(number(2)?).ok())?))
}

/// Puts a path of a `FieldMask` in lowerCamelCase; false if that would not come back as it was.
fn camel_path(path: &str, out: &mut String) -> PyResult<bool> {
    out.try_reserve(path.len() + 1)
        .map_err(growth::out_of_memory)?;
    let mut letters = path.chars();
    while let Some(letter) = letters.next() {
        match letter {
            'A'..='Z' | ',' => return Ok(false),
            '_' => match letters.next() {
                Some(word @ 'a'..='z') => out.push(word.to_ascii_uppercase()),
                _ => return Ok(false),
            },
            _ => out.push(letter),
        }
    }
    Ok(true)
}

/// The paths of a `FieldMask`'s text.
fn snake_paths(text: &str) -> Outcome<Vec<String>> {
    if text.contains('_') {
        return Err(Stop::Fallback);
    }
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let snake = |path: &str| -> PyResult<String> {
        let mut made = String::new();
        let underscores = path.bytes().filter(u8::is_ascii_uppercase).count();
        made.try_reserve(path.len() + underscores)
            .map_err(growth::out_of_memory)?;
        for letter in path.chars() {
            if letter.is_ascii_uppercase() {
                made.push('_');
            }
            made.push(letter.to_ascii_lowercase());
        }
        Ok(made)
    };
    Ok(growth::collect(text.split(',').map(snake))?)
}

/// `value` as a message of a plan's class or one below it, or of its namesake in another generated tree.
pub fn message_of<'a, 'py>(value: &'a Bound<'py, PyAny>, plan: &Plan) -> Outcome<Message<'a, 'py>> {
    if let Some(message) = Message::of_plan(value, plan) {
        return Ok(message);
    }
    let message = some(Message::of(value))?;
    let py = value.py();
    let origin = |plan: &Plan| plan.schema.bind(py).getattr("origin");
    if origin(message.plan()?)?.is(&origin(plan)?) {
        return Ok(message);
    }
    Err(Stop::Fallback)
}

/// The member of an enum with a name; nothing for a name that is passed over, as `ignore_unknown` says.
pub fn member_named<'py>(
    py: Python<'py>,
    values: &EnumValues,
    name: &str,
    ignore_unknown: bool,
) -> Outcome<Option<Bound<'py, PyAny>>> {
    let names = values.names(py)?;
    match names.number_of(name) {
        Some(number) => Ok(Some(some(values.find(py, number)?)?)),
        None if ignore_unknown && !matches!(names, EnumNames::Null) => Ok(None),
        None => Err(Stop::Fallback),
    }
}

/// The member of an enum with a number; nothing for a number of a closed one that is passed over.
pub fn member_numbered<'py>(
    py: Python<'py>,
    values: &EnumValues,
    number: i32,
    ignore_unknown: bool,
) -> Outcome<Option<Bound<'py, PyAny>>> {
    match values.find(py, number)? {
        None if values.closed && ignore_unknown => Ok(None),
        None if values.closed => Err(Stop::Fallback),
        None => Ok(Some(values.member(py, number)?)),
        found => Ok(found),
    }
}

/// What is set in a `google.protobuf.Value`.
#[allow(clippy::type_complexity)] // As above.
#[inline]
pub fn kind_of_value<'a, 'py>(
    plan: &'a Plan,
    names: &Names,
    message: Message<'_, 'py>,
) -> Outcome<Option<(&'a Field, &'a FieldShape, Bound<'py, PyAny>)>> {
    let py = message.object().py();
    for (index, ((), slot)) in message.slots().each(&names.slots).enumerate() {
        if let Some(held) = slot.get(py).filter(|held| !held.is_none()) {
            let (field, shape) = some(plan.at(index))?;
            return Ok(Some((field, shape, held)));
        }
    }
    Ok(None)
}

/// A number of a `google.protobuf.Value` as other JSON has it, 1 and not 1.0; `None` for one with a fraction, and where doubles
/// hold only some of the integers.
pub fn without_fraction(number: f64) -> Option<i64> {
    const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    let minus_zero = number == 0.0 && number.is_sign_negative();
    let is_exact = number.fract() == 0.0 && number.abs() <= LARGEST_EXACT && !minus_zero;
    is_exact.then_some(number as i64)
}

/// The paths of a `FieldMask` in lowerCamelCase, joined by commas.
pub fn camel_paths(paths: &Bound<'_, PyList>) -> Outcome<String> {
    let mut joined = String::new();
    values::for_each(paths, |index, path| -> Outcome {
        if index > 0 {
            joined.try_reserve(1).map_err(growth::out_of_memory)?;
            joined.push(',');
        }
        some(camel_path(utf8(path.cast()?)?, &mut joined)?.then_some(()))
    })?;
    Ok(joined)
}

/// The URL of an `Any` and the message that it holds; `None` for an empty one.
#[allow(clippy::type_complexity)] // As above.
pub fn packed<'py>(
    plan: &Plan,
    message: Message<'_, 'py>,
    pools: &Pools<'py>,
) -> Outcome<Option<(Bound<'py, PyString>, Bound<'py, PyAny>)>> {
    let py = message.object().py();
    let or_default = |number: u32| -> Outcome<Bound<'py, PyAny>> {
        let (field, _, held) = held(plan, message, number)?;
        Ok(held.unwrap_or_else(|| field.default.bind(py).clone()))
    };
    let url = or_default(1)?.cast_into_exact::<PyString>()?;
    let bytes = or_default(2)?.cast_into_exact::<PyBytes>()?;
    if url.is_empty()? && bytes.is_empty()? {
        return Ok(None);
    }
    let class = pools.packed_class(&message.object().to_owned(), url.as_any())?;
    let inner = or_fallback(class.call_method1("parse", (bytes,)), py)?;
    Ok(Some((url, inner)))
}

/// Whether null is a value of an extension's field, and not the lack of one.
pub fn takes_null(py: Python<'_>, field: &Field) -> Outcome<bool> {
    Ok(imports(py)?
        .takes_null
        .bind(py)
        .invoke((&field.python,))?
        .is_truthy()?)
}

/// Fills a new Timestamp or Duration that is a message.
pub fn put_time(plan: &Plan, message: Message<'_, '_>, seconds: i64, nanos: i32) -> Outcome {
    let py = message.object().py();
    put(plan, message, 1, cpython::int(py, seconds)?)?;
    put(plan, message, 2, cpython::int(py, i64::from(nanos))?)
}

/// Fills a new `FieldMask` from its text.
pub fn put_paths(plan: &Plan, message: Message<'_, '_>, text: &str) -> Outcome {
    let py = message.object().py();
    let paths = snake_paths(text)?;
    put(plan, message, 1, PyList::new(py, paths)?.into_any())
}

/// Fills a new `Any` with a message and the URL of its type.
pub fn pack<'py>(
    plan: &Plan,
    message: Message<'_, 'py>,
    url: Bound<'py, PyAny>,
    inner: &Bound<'py, PyAny>,
) -> Outcome {
    let bytes = or_fallback(inner.call_method0("__bytes__"), inner.py())?;
    put(plan, message, 1, url)?;
    put(plan, message, 2, bytes)
}
