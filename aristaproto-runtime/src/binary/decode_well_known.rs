//! Well-known types whose value is one of Python's own, read without making their message.

use pyo3::prelude::*;

use super::decode_scalar::scalar;
use super::error::DecodeResult;
use crate::schema::datetime::value_of_parts;
use crate::schema::field::Wrapped;
use crate::schema::message::{Field, Plan};
use crate::schema::wire_table::FieldShape;
use crate::wire::{Kind, Reader};

/// Reads a wrapped message that is not there yet into its Python value. The reader stays where it is for `None`.
///
/// # Errors
/// What is wrong with the bytes, or `MemoryError`.
pub fn read<'py>(
    py: Python<'py>,
    field: &Field,
    plan: &Plan,
    shape: &FieldShape,
    reader: &mut Reader<'_>,
) -> DecodeResult<Option<Bound<'py, PyAny>>> {
    if shape.kind != Kind::Message {
        return Ok(None);
    }
    let before = reader.pos;
    let bytes = reader.bytes()?;
    let mut inner = Reader::new(bytes, 0, bytes.len());
    let made = match field.wrapped {
        Wrapped::Timestamp | Wrapped::Duration => match time(&mut inner) {
            Some((seconds, nanos)) => value_of_parts(py, field.wrapped, seconds, nanos)?,
            None => None,
        },
        Wrapped::Scalar => plan
            .at(0)
            .and_then(|(held, shape)| wrapped_scalar(py, held, shape, &mut inner)),
        _ => None,
    };
    if made.is_none() {
        reader.pos = before;
    }
    Ok(made)
}

/// Seconds and nanoseconds; `None` when there is anything else.
fn time(reader: &mut Reader<'_>) -> Option<(i64, i32)> {
    let (mut seconds, mut nanos) = (0, 0);
    while !reader.at_end() {
        match (reader.tag().ok()?, reader.varint().ok()?) {
            (8, number) => seconds = number as i64,
            (16, number) => nanos = number as i32,
            _ => return None,
        }
    }
    Some((seconds, nanos))
}

/// The value of a wrapper; `None` when there is anything else, or something is wrong.
fn wrapped_scalar<'py>(
    py: Python<'py>,
    field: &Field,
    shape: &FieldShape,
    reader: &mut Reader<'_>,
) -> Option<Bound<'py, PyAny>> {
    let mut found = None;
    while !reader.at_end() {
        if reader.tag().ok()? != shape.tag {
            return None;
        }
        found = scalar(py, field, shape, reader).ok()?;
    }
    found.or_else(|| Some(field.default.bind(py).clone()))
}
