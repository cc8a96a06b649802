//! Scalars read from wire bytes, one by one or packed, as objects of Python's own types or enum values.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyList};

use crate::binary::error::{not_utf8, DecodeResult};
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
        Kind::Double => PyFloat::new(py, f64::from_le_bytes(reader.fixed()?)).into_any(),
        Kind::Float => PyFloat::new(py, f64::from(f32::from_le_bytes(reader.fixed()?))).into_any(),
        Kind::Int64 => values::int_object(py, reader.varint()? as i64),
        Kind::UInt64 => values::uint_object(py, reader.varint()?),
        Kind::Int32 | Kind::Enum => values::int_object(py, i64::from(reader.varint()? as i32)),
        Kind::UInt32 => values::int_object(py, i64::from(reader.varint()? as u32)),
        Kind::SInt32 => values::int_object(py, unzigzag(reader.varint()? & 0xffff_ffff)),
        Kind::SInt64 => values::int_object(py, unzigzag(reader.varint()?)),
        Kind::Fixed64 => values::uint_object(py, u64::from_le_bytes(reader.fixed()?)),
        Kind::SFixed64 => values::int_object(py, i64::from_le_bytes(reader.fixed()?)),
        Kind::Fixed32 => values::int_object(py, i64::from(u32::from_le_bytes(reader.fixed()?))),
        Kind::SFixed32 => values::int_object(py, i64::from(i32::from_le_bytes(reader.fixed()?))),
        Kind::Bool => PyBool::new(py, reader.varint()? != 0).to_owned().into_any(),
        Kind::String => {
            let bytes = reader.bytes()?;
            values::string(py, bytes).map_err(|error| not_utf8(py, error, bytes))?
        }
        // Messages are read elsewhere.
        Kind::Bytes | Kind::Group | Kind::Message => PyBytes::new(py, reader.bytes()?).into_any(),
    })
}

fn member<'py>(
    py: Python<'py>,
    field: &Field,
    number: i32,
) -> DecodeResult<Option<Bound<'py, PyAny>>> {
    let Some(enum_values) = &field.enum_values else {
        return Ok(Some(values::int_object(py, i64::from(number))));
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
pub fn all<'py>(py: Python<'py>, kind: Kind, bytes: &[u8]) -> Option<Bound<'py, PyList>> {
    let (eights, fours) = (chunks::<8>(bytes), chunks::<4>(bytes));
    let made = match kind {
        Kind::Double => PyList::new(py, eights.map(f64::from_le_bytes)),
        Kind::Fixed64 => PyList::new(py, eights.map(u64::from_le_bytes)),
        Kind::SFixed64 => PyList::new(py, eights.map(i64::from_le_bytes)),
        Kind::Float => PyList::new(py, fours.map(|it| f64::from(f32::from_le_bytes(it)))),
        Kind::Fixed32 => PyList::new(py, fours.map(u32::from_le_bytes)),
        Kind::SFixed32 => PyList::new(py, fours.map(i32::from_le_bytes)),
        Kind::Int64
        | Kind::UInt64
        | Kind::Int32
        | Kind::UInt32
        | Kind::SInt32
        | Kind::SInt64
        | Kind::Bool => {
            let numbers = Varints {
                left: count_varints(bytes).ok()?,
                reader: Reader::new(bytes, 0, bytes.len()),
            };
            match kind {
                Kind::Int64 => PyList::new(py, numbers.map_exact(|it| it as i64)),
                Kind::UInt64 => PyList::new(py, numbers),
                Kind::Int32 => PyList::new(py, numbers.map_exact(|it| it as i32)),
                Kind::UInt32 => PyList::new(py, numbers.map_exact(|it| it as u32)),
                Kind::SInt32 => PyList::new(py, numbers.map_exact(|it| unzigzag(it & 0xffff_ffff))),
                Kind::SInt64 => PyList::new(py, numbers.map_exact(unzigzag)),
                _ => PyList::new(py, numbers.map_exact(|it| it != 0)),
            }
        }
        _ => return None,
    };
    made.ok()
}

/// The varints of a packed field, which are known to be well-formed.
struct Varints<'a> {
    left: usize,
    reader: Reader<'a>,
}

impl<'a> Varints<'a> {
    fn map_exact<T>(self, map: impl Fn(u64) -> T + 'a) -> impl ExactSizeIterator<Item = T> + 'a {
        self.map(map)
    }
}

impl Iterator for Varints<'_> {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        self.left = self.left.checked_sub(1)?;
        self.reader.varint().ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Varints<'_> {}
