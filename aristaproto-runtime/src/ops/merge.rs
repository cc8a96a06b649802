//! `aristaproto.merge`: what is set in one message is merged into another one of its class.
//!
//! What is unusual (extensions, a value that no codec made) is left to that function's own code in Python, whole or field by
//! field.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyFloat, PyList};

use crate::binary::decoder::read_pending;
use crate::memory::layout::Offset;
use crate::message::field_access::FieldAccess;
use crate::message::header::Message;
use crate::ops::copy::{deep_container, deep_value};
use crate::python::arguments::Invoke;
use crate::python::cpython;
use crate::python::values;
use crate::schema::field::Wrapped;
use crate::schema::field_tables::{EncodeEntry, FieldEncoding};
use crate::schema::message::{Field, Plan};
use crate::schema::wire_table::FieldShape;

/// Merges `other` into `message`; false when Python is to do it, and nothing was changed. `by_python` merges one field: message,
/// field of the schema, other message.
///
/// # Errors
/// `RecursionError`, or what copying a value raises; the message is then half-merged.
pub fn merge<'py>(
    message: &Bound<'py, PyAny>,
    other: &Bound<'py, PyAny>,
    by_python: &Bound<'py, PyAny>,
) -> PyResult<bool> {
    let Some(mine) = Message::of(message) else {
        return Ok(false);
    };
    let plan = mine.plan()?;
    let Some(theirs) = Message::exactly(other, plan) else {
        return Ok(false);
    };
    read_pending(mine)?;
    read_pending(theirs)?;
    let extended = plan
        .extensions_slot
        .is_some_and(|offset| !theirs.slots().is_empty(offset));
    if extended {
        return Ok(false);
    }
    values::deeper(message.py(), || merge_fields(plan, mine, theirs, by_python))?;
    Ok(true)
}

fn merge_fields<'py>(
    plan: &Plan,
    mine: Message<'_, 'py>,
    theirs: Message<'_, 'py>,
    by_python: &Bound<'py, PyAny>,
) -> PyResult<()> {
    let py = mine.object().py();
    let fields = FieldAccess {
        py,
        plan,
        slots: mine.slots(),
    };
    // Messages first: one that holds itself is refused before any list has grown.
    let is_message = |(_, entry): &&(Offset, EncodeEntry)| entry.encoding == FieldEncoding::Message;
    let messages = plan.encode_table.iter().filter(is_message);
    for &(offset, entry) in
        messages.chain(plan.encode_table.iter().filter(|entry| !is_message(entry)))
    {
        let (Some((field, shape)), Some(value)) = (
            plan.at(entry.index as usize),
            theirs.slots().get(py, offset),
        ) else {
            continue;
        };
        if !merge_field(fields, field, shape, &value, by_python)? {
            by_python.invoke((mine.object(), &field.python, theirs.object()))?;
        }
    }
    let unknown = |message: Message<'_, 'py>| message.slots().get(py, plan.unknown);
    if let Some(added) = unknown(theirs) {
        let all = match unknown(mine) {
            Some(held) => held.add(added)?,
            None => added,
        };
        if all.is_exact_instance_of::<PyBytes>() {
            fields.slots.put(plan.unknown, all);
        }
    }
    Ok(())
}

/// Merges a value into the field of a message; false when Python is to do it.
fn merge_field<'py>(
    fields: FieldAccess<'_, 'py>,
    field: &Field,
    shape: &FieldShape,
    value: &Bound<'py, PyAny>,
    by_python: &Bound<'py, PyAny>,
) -> PyResult<bool> {
    let py = fields.py;
    let held = fields.get(field)?;
    if shape.repeated || shape.entry.is_some() {
        let is_usual = value.is_exact_instance_of::<PyList>() && shape.repeated
            || value.is_exact_instance_of::<PyDict>() && !shape.repeated;
        if !is_usual {
            return Ok(false);
        }
        if value.is_empty()? {
            return Ok(true);
        }
        let added = deep_container(field, value, cpython::dict(py)?.as_any())?;
        let Some(held) = held else {
            fields.put(field, added)?;
            return Ok(true);
        };
        if let (true, Ok(list)) = (shape.repeated, held.cast_exact::<PyList>()) {
            list.set_slice(list.len(), list.len(), &added)?;
        } else if let (false, Ok(dict)) = (shape.repeated, held.cast_exact::<PyDict>()) {
            dict.update(added.cast()?)?;
        } else {
            return Ok(false);
        }
    } else if value.is_none() && field.presence {
        // Not set.
    } else if shape.kind.is_message() {
        if let Some(held) = held.filter(|held| !held.is_none()) {
            let both = (field.message(&held), field.message(value));
            return match both {
                (Some(_), Some(_)) if field.wrapped == Wrapped::No => {
                    merge(&held, value, by_python)
                }
                _ => Ok(false),
            };
        }
        let copied = deep_value(field, value, cpython::dict(py)?.as_any())?;
        fields.put(field, copied)?;
    } else {
        let plain = values::is_exact_scalar(value)
            || (field.enum_values.as_ref()).is_some_and(|it| value.get_type().is(&it.class));
        if !plain {
            return Ok(false);
        }
        // Minus zero is another value on the wire.
        let is_default = || match value.cast_exact::<PyFloat>() {
            Ok(number) => Ok(number.value().to_bits() == 0),
            Err(_) => value.is_truthy().map(|truth| !truth),
        };
        if field.presence || !is_default()? {
            fields.put(field, value.clone())?;
        }
    }
    Ok(true)
}
