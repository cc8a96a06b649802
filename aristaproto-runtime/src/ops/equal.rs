//! Equality of messages: `==` and `!=`.

use pyo3::basic::CompareOp;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyList, PyTuple};

use crate::binary::decoder::read_pending;
use crate::message::header::Message;
use crate::python::arguments::Invoke;
use crate::python::borrowed::{peek_pair, same_plain};
use crate::python::imports::api;
use crate::python::values;
use crate::schema::datetime;
use crate::schema::field::Wrapped;
use crate::schema::field_tables::EncodeEntry;
use crate::schema::message::{Field, Plan};
use crate::schema::wire_table::FieldShape;

/// Whether two messages of one class are equal: all fields and extensions are, nan to nan, a list to any sequence of the
/// same elements. Unknown fields do not count.
///
/// # Errors
/// `RecursionError`, or what the comparison of a value raises.
pub fn equal<'py>(one: Message<'_, 'py>, other: Message<'_, 'py>) -> PyResult<bool> {
    if one.object().is(other.object()) {
        return Ok(true);
    }
    let plan = one.plan()?;
    if let (Some((mine, start, end)), Some((theirs, from, to))) =
        (one.untouched(plan), other.untouched(plan))
    {
        // Other bytes may stand for an equal message.
        if mine.as_bytes().get(start..end) == theirs.as_bytes().get(from..to) {
            return Ok(true);
        }
    }
    values::deeper(one.object().py(), || equal_fields(plan, one, other))
}

fn equal_fields<'py>(
    plan: &Plan,
    one: Message<'_, 'py>,
    other: Message<'_, 'py>,
) -> PyResult<bool> {
    read_pending(one)?;
    read_pending(other)?;
    let py = one.object().py();
    let (mine, theirs) = (one.slots(), other.slots());
    for (entry, a, b) in mine.each_pair(theirs, &plan.encode_table) {
        if a.is_as(b) {
            continue;
        }
        match a.peek_pair(b, same_plain).flatten() {
            Some(true) => {}
            Some(false) => return Ok(false),
            None => {
                if !same_slowly(py, plan, entry, (a.get(py), b.get(py)))? {
                    return Ok(false);
                }
            }
        }
    }
    match plan.extensions_slot {
        Some(offset) if !(mine.is_empty(offset) && theirs.is_empty(offset)) => {
            same_extensions(one, other)
        }
        _ => Ok(true),
    }
}

fn same_slowly<'py>(
    py: Python<'py>,
    plan: &Plan,
    entry: &EncodeEntry,
    held: (Option<Bound<'py, PyAny>>, Option<Bound<'py, PyAny>>),
) -> PyResult<bool> {
    let Some((field, shape)) = plan.at(entry.index as usize) else {
        return Ok(true);
    };
    match held {
        (None, None) => Ok(true),
        (Some(a), Some(b)) => same_field(field, shape, &a, &b),
        (Some(value), None) | (None, Some(value)) => same(&value, &field.empty(py, shape)?),
    }
}

fn same_extensions<'py>(one: Message<'_, 'py>, other: Message<'_, 'py>) -> PyResult<bool> {
    let set_extensions = one
        .object()
        .py()
        .import("aristaproto.schema.fields")?
        .getattr("set_extensions")?;
    same(
        &set_extensions.invoke((one.object(),))?,
        &set_extensions.invoke((other.object(),))?,
    )
}

fn same_field<'py>(
    field: &Field,
    shape: &FieldShape,
    a: &Bound<'py, PyAny>,
    b: &Bound<'py, PyAny>,
) -> PyResult<bool> {
    if shape.kind.is_message() {
        if shape.repeated {
            if let (Ok(mine), Ok(theirs)) = (a.cast_exact::<PyList>(), b.cast_exact::<PyList>()) {
                if mine.len() != theirs.len() {
                    return Ok(false);
                }
                // Both are asked for their elements one by one: comparing them may run code that changes the lists.
                for index in 0..mine.len() {
                    let pair = (values::item(mine, index), values::item(theirs, index));
                    let (Some(one), Some(other)) = pair else {
                        return Ok(false);
                    };
                    if !same_message(&one, &other)? {
                        return Ok(false);
                    }
                }
                return Ok(true);
            }
        } else if shape.entry.is_none() && field.wrapped == Wrapped::No {
            return same_message(a, b);
        }
    }
    same(a, b)
}

fn same_message<'py>(a: &Bound<'py, PyAny>, b: &Bound<'py, PyAny>) -> PyResult<bool> {
    if let Some((one, other)) = Message::pair(a, b).filter(|(one, _)| one.compares_itself()) {
        return equal(one, other);
    }
    same(a, b)
}

fn same(a: &Bound<'_, PyAny>, b: &Bound<'_, PyAny>) -> PyResult<bool> {
    if let Some(found) = peek_pair(a, b, same_plain).or_else(|| datetime::same(a, b)) {
        return Ok(found);
    }
    if a.is(b) || a.rich_compare(b, CompareOp::Eq)?.is_truthy()? {
        return Ok(true);
    }
    // What `==` may deny.
    if a.is_instance_of::<PyFloat>()
        || a.is_instance_of::<PyList>()
        || a.is_instance_of::<PyTuple>()
        || a.is_instance_of::<PyDict>()
    {
        return api(a.py())?.same.bind(a.py()).invoke((a, b))?.is_truthy();
    }
    Ok(false)
}
