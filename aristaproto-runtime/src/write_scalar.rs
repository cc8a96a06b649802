//! Scalars that Python converts: those of subclasses, of types with `__index__` or `__float__`, of `bytearray`. In: any value.
//! Out: its wire bytes in the buffer, or that its field cannot carry it. Called by `encoder` for what `quick` does not write.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyMemoryView, PyString};

use crate::buffer::{Buffer, Key};
use crate::encode::{Outcome, Stop};
use crate::plan::Field;
use crate::quick;
use crate::shape::{FieldShape, Kind};
use crate::value::{self, Int};
use crate::wire::zigzag;
use crate::writers::fits;

/// Writes a scalar and its key, unless it is zero and `skip_zero`.
///
/// # Errors
/// `Stop::Refused` for a value that the field cannot carry, or what Python code raises.
pub fn scalar(
    py: Python<'_>,
    field: &Field,
    shape: &FieldShape,
    item: &Bound<'_, PyAny>,
    key: Key,
    skip_zero: bool,
    out: &mut Buffer,
) -> Outcome {
    let small = |low| signed(item, low, i64::from(i32::MAX)).map(i64::cast_unsigned);
    let least = i64::from(i32::MIN);
    match shape.kind {
        Kind::String => text(shape, item, key, skip_zero, out)?,
        Kind::Bytes => {
            if let Ok(held) = item.cast::<PyBytes>() {
                bytes(held.as_bytes(), key, skip_zero, out);
            } else if let Ok(array) = item.cast::<PyByteArray>() {
                bytes(&array.to_vec(), key, skip_zero, out);
            } else {
                let view = item.cast::<PyMemoryView>().map_err(|_| Stop::Refused)?;
                let held = view.call_method0("tobytes")?;
                let held = held.cast::<PyBytes>().map_err(PyErr::from)?;
                bytes(held.as_bytes(), key, skip_zero, out);
            }
        }
        Kind::Double => fixed64(float(item)?.to_bits(), key, skip_zero, out),
        Kind::Float => {
            let wide = float(item)?;
            let number = wide as f32;
            if !fits::<false>(wide, number) {
                return Err(Stop::Refused);
            }
            fixed32(number.to_bits(), key, skip_zero, out);
        }
        Kind::Bool => {
            let truth = if let Ok(truth) = item.cast::<PyBool>() {
                truth.is_true()
            } else {
                match value::int(item) {
                    Int::Signed(0) => false,
                    Int::Signed(1) => true,
                    _ => return Err(Stop::Refused),
                }
            };
            varint(u64::from(truth), key, skip_zero, out);
        }
        Kind::Enum => {
            let number = match quick::small_int(item) {
                Some(number) => i64::from(number),
                None => signed(item, least, i64::from(i32::MAX))?,
            };
            if let Some(members) = field.members.as_ref().filter(|members| members.closed) {
                if members.find(py, number as i32)?.is_none() {
                    return Err(Stop::Refused);
                }
            }
            varint(number.cast_unsigned(), key, skip_zero, out);
        }
        Kind::Int32 => varint(small(least)?, key, skip_zero, out),
        Kind::SInt32 => {
            varint(zigzag(small(least)?.cast_signed()), key, skip_zero, out);
        }
        Kind::SFixed32 => fixed32(small(least)? as u32, key, skip_zero, out),
        Kind::UInt32 | Kind::Fixed32 => {
            let number = signed(item, 0, i64::from(u32::MAX))?.cast_unsigned();
            if shape.kind == Kind::UInt32 {
                varint(number, key, skip_zero, out);
            } else {
                fixed32(number as u32, key, skip_zero, out);
            }
        }
        Kind::UInt64 => varint(unsigned(item)?, key, skip_zero, out),
        Kind::Fixed64 => fixed64(unsigned(item)?, key, skip_zero, out),
        Kind::Int64 | Kind::SInt64 | Kind::SFixed64 => {
            let number = signed(item, i64::MIN, i64::MAX)?;
            match shape.kind {
                Kind::Int64 => varint(number.cast_unsigned(), key, skip_zero, out),
                Kind::SInt64 => varint(zigzag(number), key, skip_zero, out),
                _ => fixed64(number.cast_unsigned(), key, skip_zero, out),
            }
        }
        Kind::Group | Kind::Message => return Err(Stop::Refused),
    }
    Ok(())
}

fn text(
    shape: &FieldShape,
    item: &Bound<'_, PyAny>,
    key: Key,
    skip_zero: bool,
    out: &mut Buffer,
) -> Outcome {
    let text = item.cast::<PyString>().map_err(|_| Stop::Refused)?;
    if let Some(held) = value::utf8(text) {
        bytes(held, key, skip_zero, out);
        return Ok(());
    }
    if shape.utf8 {
        return Err(Stop::Refused);
    }
    let held = text
        .call_method1("encode", ("utf-8", "surrogateescape"))
        .map_err(|_| Stop::Refused)?;
    let held = held.cast::<PyBytes>().map_err(PyErr::from)?;
    bytes(held.as_bytes(), key, skip_zero, out);
    Ok(())
}

fn bytes(held: &[u8], key: Key, skip_zero: bool, out: &mut Buffer) {
    if !(skip_zero && held.is_empty()) {
        out.bytes(held, key);
    }
}

/// Writes a varint and its key, unless it is zero and `skip_zero`.
pub fn varint(number: u64, key: Key, skip_zero: bool, out: &mut Buffer) {
    if !(skip_zero && number == 0) {
        out.varint(number, key);
    }
}

fn fixed32(bits: u32, key: Key, skip_zero: bool, out: &mut Buffer) {
    if !(skip_zero && bits == 0) {
        out.fixed32(bits, key);
    }
}

fn fixed64(bits: u64, key: Key, skip_zero: bool, out: &mut Buffer) {
    if !(skip_zero && bits == 0) {
        out.fixed64(bits, key);
    }
}

#[inline(always)]
fn signed(item: &Bound<'_, PyAny>, low: i64, high: i64) -> Outcome<i64> {
    let number = match value::int(item) {
        Int::Signed(number) => number,
        Int::Other => item.extract::<i64>().map_err(|_| Stop::Refused)?,
        _ => return Err(Stop::Refused),
    };
    if number < low || number > high {
        return Err(Stop::Refused);
    }
    Ok(number)
}

#[inline(always)]
fn unsigned(item: &Bound<'_, PyAny>) -> Outcome<u64> {
    match value::int(item) {
        Int::Signed(number) => u64::try_from(number).map_err(|_| Stop::Refused),
        Int::Unsigned(number) => Ok(number),
        Int::Other => item.extract::<u64>().map_err(|_| Stop::Refused),
        Int::Huge => Err(Stop::Refused),
    }
}

#[inline(always)]
fn float(item: &Bound<'_, PyAny>) -> Outcome<f64> {
    match value::float(item) {
        Some(number) => Ok(number),
        None => item.extract::<f64>().map_err(|_| Stop::Refused),
    }
}
