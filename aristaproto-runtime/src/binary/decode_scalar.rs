//! Scalars read from wire bytes, one by one or packed, as objects of Python's own types or enum values.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList};

use crate::binary::error::{not_utf8, DecodeResult};
use crate::python::cpython::{self, list};
use crate::python::values;
use crate::schema::message::Field;
use crate::schema::wire_table::FieldShape;
use crate::wire::{count_varints, unzigzag, Kind, Reader};

/// A scalar; `None` for a number that its closed enum does not know.
///
/// # Errors
/// What is wrong with the bytes, or `MemoryError`.
#[inline]
pub fn scalar<'py>(
    py: Python<'py>,
    field: &Field,
    shape: &FieldShape,
    reader: &mut Reader<'_>,
) -> DecodeResult<Option<Bound<'py, PyAny>>> {
    match shape.kind {
        Kind::Enum => member(py, field, reader.varint()? as i32),
        Kind::String if !shape.utf8 => Ok(Some(values::escaped_string(py, reader.bytes()?)?)),
        kind => plain(py, kind, reader).map(Some),
    }
}

/// A scalar whose type says all there is to know of it.
///
/// # Errors
/// What is wrong with the bytes, or `MemoryError`.
pub fn plain<'py>(
    py: Python<'py>,
    kind: Kind,
    reader: &mut Reader<'_>,
) -> DecodeResult<Bound<'py, PyAny>> {
    Ok(match kind {
        Kind::Double => cpython::float(py, f64::from_le_bytes(reader.fixed()?))?,
        Kind::Float => cpython::float(py, f64::from(f32::from_le_bytes(reader.fixed()?)))?,
        Kind::Int64 => cpython::int(py, reader.varint()? as i64)?,
        Kind::UInt64 => cpython::uint(py, reader.varint()?)?,
        Kind::Int32 | Kind::Enum => cpython::int(py, i64::from(reader.varint()? as i32))?,
        Kind::UInt32 => cpython::int(py, i64::from(reader.varint()? as u32))?,
        Kind::SInt32 => cpython::int(py, unzigzag(reader.varint()? & 0xffff_ffff))?,
        Kind::SInt64 => cpython::int(py, unzigzag(reader.varint()?))?,
        Kind::Fixed64 => cpython::uint(py, u64::from_le_bytes(reader.fixed()?))?,
        Kind::SFixed64 => cpython::int(py, i64::from_le_bytes(reader.fixed()?))?,
        Kind::Fixed32 => cpython::int(py, i64::from(u32::from_le_bytes(reader.fixed()?)))?,
        Kind::SFixed32 => cpython::int(py, i64::from(i32::from_le_bytes(reader.fixed()?)))?,
        Kind::Bool => PyBool::new(py, reader.varint()? != 0).to_owned().into_any(),
        Kind::String => {
            let bytes = reader.bytes()?;
            values::string(py, bytes).map_err(|error| not_utf8(py, error, bytes))?
        }
        // Messages are read elsewhere.
        Kind::Bytes | Kind::Group | Kind::Message => {
            values::new_bytes(py, reader.bytes()?)?.into_any()
        }
    })
}

fn member<'py>(
    py: Python<'py>,
    field: &Field,
    number: i32,
) -> DecodeResult<Option<Bound<'py, PyAny>>> {
    let Some(enum_values) = &field.enum_values else {
        return Ok(Some(cpython::int(py, i64::from(number))?));
    };
    if enum_values.closed {
        return Ok(enum_values.find(py, number)?);
    }
    Ok(Some(enum_values.member(py, number)?))
}

/// The values of so many bytes each; a shorter rest is left out.
fn chunks<const N: usize>(bytes: &[u8]) -> impl ExactSizeIterator<Item = [u8; N]> + '_ {
    bytes.chunks_exact(N).map(|chunk| {
        let mut value = [0; N];
        value.copy_from_slice(chunk);
        value
    })
}

/// All numbers of a packed field at once; `None` when they need a look one by one.
///
/// # Errors
/// `MemoryError`.
pub fn all<'py>(py: Python<'py>, kind: Kind, bytes: &[u8]) -> PyResult<Option<Bound<'py, PyList>>> {
    let (eights, fours) = (chunks::<8>(bytes), chunks::<4>(bytes));
    let (int, uint, float) = (
        |number: i64| cpython::int(py, number),
        |number: u64| cpython::uint(py, number),
        |number: f64| cpython::float(py, number),
    );
    let made = match kind {
        Kind::Double => list(py, eights.map(|it| float(f64::from_le_bytes(it)))),
        Kind::Fixed64 => list(py, eights.map(|it| uint(u64::from_le_bytes(it)))),
        Kind::SFixed64 => list(py, eights.map(|it| int(i64::from_le_bytes(it)))),
        Kind::Float => list(py, fours.map(|it| float(f64::from(f32::from_le_bytes(it))))),
        Kind::Fixed32 => list(py, fours.map(|it| int(i64::from(u32::from_le_bytes(it))))),
        Kind::SFixed32 => list(py, fours.map(|it| int(i64::from(i32::from_le_bytes(it))))),
        Kind::Int64
        | Kind::UInt64
        | Kind::Int32
        | Kind::UInt32
        | Kind::SInt32
        | Kind::SInt64
        | Kind::Bool => {
            let Ok(left) = count_varints(bytes) else {
                return Ok(None);
            };
            let numbers = Varints {
                left,
                reader: Reader::new(bytes, 0, bytes.len()),
            };
            match kind {
                Kind::Int64 => list(py, numbers.map(|it| int(it as i64))),
                Kind::UInt64 => list(py, numbers.map(uint)),
                Kind::Int32 => list(py, numbers.map(|it| int(i64::from(it as i32)))),
                Kind::UInt32 => list(py, numbers.map(|it| int(i64::from(it as u32)))),
                Kind::SInt32 => list(py, numbers.map(|it| int(unzigzag(it & 0xffff_ffff)))),
                Kind::SInt64 => list(py, numbers.map(|it| int(unzigzag(it)))),
                _ => list(
                    py,
                    numbers.map(|it| Ok(PyBool::new(py, it != 0).to_owned().into_any())),
                ),
            }
        }
        _ => return Ok(None),
    };
    made.map(Some)
}

/// The varints of a packed field, which are known to be well-formed.
struct Varints<'a> {
    left: usize,
    reader: Reader<'a>,
}

impl Iterator for Varints<'_> {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        self.left = self.left.checked_sub(1)?;
        self.reader.element().ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Varints<'_> {}
