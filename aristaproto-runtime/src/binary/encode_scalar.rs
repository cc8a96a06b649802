//! Scalars to wire bytes. `plain` writes values of Python's own types without counting a reference; `scalar` converts all
//! others, which may run Python code.

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyInt, PyMemoryView, PyString};

use crate::python::borrowed::{peek, ValueRef};
use crate::python::fallback::{Outcome, Stop};
use crate::python::int::{Int, Long};
use crate::python::values;
use crate::schema::message::Field;
use crate::schema::wire_table::FieldShape;
use crate::wire::{zigzag, Key, Kind, Writer};

/// Writes a scalar of one of Python's own types and its key; of zero nothing, if `skip_zero`. False, and nothing was written,
/// for a value of another type or out of range; with `is_exact`, for one that reading would give otherwise, too.
#[inline(always)]
pub fn plain(
    value: ValueRef<'_>,
    kind: Kind,
    key: Key,
    skip_zero: bool,
    is_exact: bool,
    out: &mut Writer,
) -> bool {
    let done = match kind {
        Kind::String => value.utf8().map(|text| bytes(text, key, skip_zero, out)),
        Kind::Bytes => value.bytes().map(|held| bytes(held, key, skip_zero, out)),
        Kind::Double => {
            let number = value.float();
            number.map(|number| fixed64(number.to_bits(), key, skip_zero, out))
        }
        Kind::Float => {
            let number = value.float().map(|wide| (wide, wide as f32));
            let number = number.filter(|&(wide, number)| fits(wide, number, is_exact));
            number.map(|(_, number)| fixed32(number.to_bits(), key, skip_zero, out))
        }
        Kind::Bool => {
            let truth = value.truth();
            truth.map(|truth| varint(u64::from(truth), key, skip_zero, out))
        }
        Kind::Group | Kind::Message => None,
        Kind::Enum if is_exact => None,
        _ => {
            let number = if is_exact {
                value.exact_int()
            } else {
                value.int()
            };
            let number = number.and_then(Int::value);
            return number.is_some_and(|number| integer(number, kind, key, skip_zero, out));
        }
    };
    done.is_some()
}

/// Writes an integer as its type is written; false when it is out of range.
#[inline(always)]
fn integer(long: Long, kind: Kind, key: Key, skip_zero: bool, out: &mut Writer) -> bool {
    let Some(number) = long.of_kind(kind) else {
        return false;
    };
    match kind {
        Kind::SInt32 | Kind::SInt64 => varint(zigzag(number as i64), key, skip_zero, out),
        Kind::Fixed32 | Kind::SFixed32 => fixed32(number as u32, key, skip_zero, out),
        Kind::Fixed64 | Kind::SFixed64 => fixed64(number, key, skip_zero, out),
        _ => varint(number, key, skip_zero, out),
    }
    true
}

/// Whether a double is one that 32 bits can tell: with `is_exact`, to its last digit.
#[inline(always)]
pub fn fits(wide: f64, number: f32, is_exact: bool) -> bool {
    if is_exact {
        f64::from(number).to_bits() == wide.to_bits()
    } else {
        number.is_finite() || !wide.is_finite()
    }
}

/// Writes any value that stands for a scalar of the field's type, and its key; of zero nothing, if `skip_zero`.
///
/// # Errors
/// `Stop::Fallback` for a value that the field cannot carry, or what Python code raises.
pub fn scalar(
    field: &Field,
    shape: &FieldShape,
    item: &Bound<'_, PyAny>,
    key: Key,
    skip_zero: bool,
    out: &mut Writer,
) -> Outcome {
    let kind = shape.kind;
    if !field.is_closed && peek(item, |value| plain(value, kind, key, skip_zero, false, out)) {
        return Ok(());
    }
    match kind {
        Kind::String => text(shape, item, key, skip_zero, out)?,
        Kind::Bytes => {
            if let Ok(held) = item.cast::<PyBytes>() {
                bytes(held.as_bytes(), key, skip_zero, out);
            } else {
                let view = if item.is_instance_of::<PyByteArray>() {
                    PyMemoryView::from(item)?
                } else {
                    item.cast::<PyMemoryView>()?.clone()
                };
                let held = view.call_method0("tobytes").map_err(|_| Stop::Fallback)?;
                bytes(held.cast::<PyBytes>()?.as_bytes(), key, skip_zero, out);
            }
        }
        Kind::Double => fixed64(float(item)?.to_bits(), key, skip_zero, out),
        Kind::Float => {
            let wide = float(item)?;
            let number = wide as f32;
            if !fits(wide, number, false) {
                return Err(Stop::Fallback);
            }
            fixed32(number.to_bits(), key, skip_zero, out);
        }
        Kind::Bool => {
            let truth = values::long(item).filter(|it| !it.negative && it.magnitude <= 1);
            varint(truth.ok_or(Stop::Fallback)?.magnitude, key, skip_zero, out);
        }
        Kind::Group | Kind::Message => return Err(Stop::Fallback),
        _ => {
            let number = long(item)?;
            if kind == Kind::Enum {
                let number = number.of_kind(kind).ok_or(Stop::Fallback)? as i32;
                if let Some(enum_values) = field.closed_enum() {
                    enum_values.find(item.py(), number)?.ok_or(Stop::Fallback)?;
                }
            }
            if !integer(number, kind, key, skip_zero, out) {
                return Err(Stop::Fallback);
            }
        }
    }
    Ok(())
}

fn text(
    shape: &FieldShape,
    item: &Bound<'_, PyAny>,
    key: Key,
    skip_zero: bool,
    out: &mut Writer,
) -> Outcome {
    let text = item.cast::<PyString>()?;
    if let Ok(held) = text.to_str() {
        bytes(held.as_bytes(), key, skip_zero, out);
        return Ok(());
    }
    if shape.utf8 {
        return Err(Stop::Fallback);
    }
    let held = text
        .call_method1("encode", ("utf-8", "surrogateescape"))
        .map_err(|_| Stop::Fallback)?;
    bytes(held.cast::<PyBytes>()?.as_bytes(), key, skip_zero, out);
    Ok(())
}

#[inline(always)]
fn bytes(held: &[u8], key: Key, skip_zero: bool, out: &mut Writer) {
    if !(skip_zero && held.is_empty()) {
        out.bytes(held, key);
    }
}

#[inline(always)]
fn varint(number: u64, key: Key, skip_zero: bool, out: &mut Writer) {
    if !(skip_zero && number == 0) {
        out.varint(number, key);
    }
}

#[inline(always)]
fn fixed32(bits: u32, key: Key, skip_zero: bool, out: &mut Writer) {
    if !(skip_zero && bits == 0) {
        out.fixed32(bits, key);
    }
}

#[inline(always)]
fn fixed64(bits: u64, key: Key, skip_zero: bool, out: &mut Writer) {
    if !(skip_zero && bits == 0) {
        out.fixed64(bits, key);
    }
}

/// The number in an int, or what `__index__` gives.
fn long(item: &Bound<'_, PyAny>) -> Outcome<Long> {
    let found = if item.is_instance_of::<PyInt>() {
        values::long(item)
    } else {
        // It is asked once: `__index__` may give another number each time.
        let index = item.call_method0("__index__").ok();
        index.and_then(|index| values::long(&index))
    };
    found.ok_or(Stop::Fallback)
}

fn float(item: &Bound<'_, PyAny>) -> Outcome<f64> {
    item.extract().map_err(|_| Stop::Fallback)
}
