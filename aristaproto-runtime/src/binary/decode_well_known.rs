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
        Wrapped::Timestamp | Wrapped::Duration => {
            let (mut whole, mut nanos) = (0, 0);
            let mut usual = true;
            while usual && !inner.at_end() {
                match (inner.tag(), inner.varint()) {
                    (Ok(8), Ok(number)) => whole = number as i64,
                    (Ok(16), Ok(number)) => nanos = number as i32,
                    _ => usual = false,
                }
            }
            if usual {
                value_of_parts(py, field.wrapped, whole, nanos)?
            } else {
                None
            }
        }
        Wrapped::Scalar => {
            if let Some((held, held_shape)) = plan.at(0) {
                let mut made = None;
                let mut usual = true;
                while usual && !inner.at_end() {
                    usual = inner.tag().ok() == Some(held_shape.tag);
                    if usual {
                        match scalar(py, held, held_shape, &mut inner) {
                            Ok(found) => made = found,
                            Err(_) => usual = false,
                        }
                    }
                }
                usual.then(|| made.unwrap_or_else(|| held.default.bind(py).clone()))
            } else {
                None
            }
        }
        _ => None,
    };
    if made.is_none() {
        reader.pos = before;
    }
    Ok(made)
}
