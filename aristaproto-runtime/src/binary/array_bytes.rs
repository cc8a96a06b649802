//! Numbers of a buffer to wire bytes, and wire bytes to numbers as they lie in memory, without Python objects for them.

use pyo3::buffer::{Element, PyBuffer};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView};

use crate::python::growth::{concat, out_of_memory};
use crate::python::values::new_bytes;
use crate::schema::message::Field;
use crate::schema::wire_table::FieldShape;
use crate::wire::{count_varints, unzigzag, zigzag, Kind, Malformed, Reader, Writer};

/// Writes the numbers of a one-dimensional buffer as the value of a field, with its tags; of none, nothing. False, and nothing was
/// written, when the value is no buffer of the field's type.
///
/// # Errors
/// `MemoryError`.
pub fn put(
    value: &Bound<'_, PyAny>,
    field: &Field,
    shape: &FieldShape,
    out: &mut Writer,
) -> PyResult<bool> {
    let list = ListEncoding {
        packed: field.packed,
        shape,
    };
    match shape.kind {
        Kind::Double => fixed(value, list, out, f64::to_le_bytes),
        Kind::Float => fixed(value, list, out, f32::to_le_bytes),
        Kind::Fixed64 => fixed(value, list, out, u64::to_le_bytes),
        Kind::SFixed64 => fixed(value, list, out, i64::to_le_bytes),
        Kind::Fixed32 => fixed(value, list, out, u32::to_le_bytes),
        Kind::SFixed32 => fixed(value, list, out, i32::to_le_bytes),
        Kind::Int64 => varints(value, list, out, |it: i64| it as u64),
        Kind::UInt64 => varints(value, list, out, |it: u64| it),
        Kind::Int32 => varints(value, list, out, |it: i32| i64::from(it) as u64),
        Kind::UInt32 => varints(value, list, out, |it: u32| it.into()),
        Kind::SInt32 => varints(value, list, out, |it: i32| zigzag(it.into())),
        Kind::SInt64 => varints(value, list, out, zigzag),
        Kind::Bool => match bools(value) {
            // Any byte but zero is true.
            Some(bytes) => varints(&bytes, list, out, |it: u8| (it != 0).into()),
            None => Ok(false),
        },
        _ => Ok(false),
    }
}

/// How a list is written.
#[derive(Clone, Copy)]
struct ListEncoding<'a> {
    packed: bool,
    shape: &'a FieldShape,
}

/// The numbers of a one-dimensional buffer of their very type, contiguous or not.
fn numbers<T: Element + Default>(value: &Bound<'_, PyAny>) -> PyResult<Option<Vec<T>>> {
    let Ok(buffer) = PyBuffer::<T>::get(value) else {
        return Ok(None);
    };
    let foreign: &[u8] = if cfg!(target_endian = "little") {
        b">!"
    } else {
        b"<"
    };
    // `PyO3` does not look at the order of bytes.
    let order = buffer.format().to_bytes().first();
    let is_native = order.is_none_or(|order| !foreign.contains(order));
    if !is_native || buffer.dimensions() != 1 {
        return Ok(None);
    }
    let mut numbers = Vec::new();
    let count = buffer.item_count();
    numbers.try_reserve_exact(count).map_err(out_of_memory)?;
    numbers.resize(count, T::default());
    Ok(buffer
        .copy_to_slice(value.py(), &mut numbers)
        .is_ok()
        .then_some(numbers))
}

fn fixed<T: Element + Default, const N: usize>(
    value: &Bound<'_, PyAny>,
    list: ListEncoding<'_>,
    out: &mut Writer,
    to: impl Fn(T) -> [u8; N],
) -> PyResult<bool> {
    let Some(numbers) = numbers::<T>(value)? else {
        return Ok(false);
    };
    if !list.packed {
        for &number in numbers.iter().rev() {
            out.put(&to(number));
            out.key(list.shape.key);
        }
    } else if let Some(room) = out.room(numbers.len() * N).filter(|it| !it.is_empty()) {
        let length = room.len();
        for (&number, place) in numbers.iter().zip(room.chunks_exact_mut(N)) {
            place.copy_from_slice(&to(number));
        }
        out.varint(length as u64, list.shape.packed_key);
    }
    Ok(true)
}

fn varints<T: Element + Default>(
    value: &Bound<'_, PyAny>,
    list: ListEncoding<'_>,
    out: &mut Writer,
    to: impl Fn(T) -> u64,
) -> PyResult<bool> {
    let Some(numbers) = numbers::<T>(value)? else {
        return Ok(false);
    };
    if !list.packed {
        for &number in numbers.iter().rev() {
            out.varint(to(number), list.shape.key);
        }
    } else if !numbers.is_empty() {
        let before = out.len();
        for &number in numbers.iter().rev() {
            out.element(to(number));
        }
        out.varint((out.len() - before) as u64, list.shape.packed_key);
    }
    Ok(true)
}

/// The bytes of a contiguous buffer of bools.
fn bools<'py>(value: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    let view = PyMemoryView::from(value).ok()?;
    let format = view.getattr("format").ok()?;
    let is_bool = format.extract::<&str>().is_ok_and(|it| it == "?");
    let is_list = view.getattr("ndim").ok()?.extract::<usize>().ok()? == 1;
    if !(is_bool && is_list) {
        return None;
    }
    view.call_method1("cast", ("B",)).ok()
}

/// The numbers of a list in parts, each a run of values as they are packed, as they lie in the memory of this machine.
///
/// # Errors
/// What is wrong with the bytes, or `MemoryError`.
pub fn native<'py>(
    py: Python<'py>,
    kind: Kind,
    parts: &[&[u8]],
) -> PyResult<Result<Bound<'py, PyBytes>, Malformed>> {
    let made = match kind {
        Kind::Double | Kind::Fixed64 | Kind::SFixed64 => fixed_in_memory::<8>(py, parts),
        Kind::Float | Kind::Fixed32 | Kind::SFixed32 => fixed_in_memory::<4>(py, parts),
        Kind::SInt64 => {
            let bytes = |it| unzigzag(it).to_ne_bytes();
            varints_in_memory(py, parts, bytes)
        }
        Kind::SInt32 => {
            let bytes = |it: u64| (unzigzag(it & 0xffff_ffff) as i32).to_ne_bytes();
            varints_in_memory(py, parts, bytes)
        }
        Kind::Int32 | Kind::UInt32 => varints_in_memory(py, parts, |it| (it as u32).to_ne_bytes()),
        Kind::Bool => varints_in_memory(py, parts, |it| [u8::from(it != 0)]),
        _ => varints_in_memory(py, parts, u64::to_ne_bytes),
    };
    match made {
        Ok(made) => made.map(Ok),
        Err(found) => Ok(Err(found)),
    }
}

fn fixed_in_memory<'py, const N: usize>(
    py: Python<'py>,
    parts: &[&[u8]],
) -> Result<PyResult<Bound<'py, PyBytes>>, Malformed> {
    if let Some(part) = parts.iter().find(|part| part.len() % N != 0) {
        return Err(Malformed::Multiple(N, part.len()));
    }
    let is_little = cfg!(target_endian = "little");
    if let ([part], true) = (parts, is_little) {
        return Ok(new_bytes(py, part));
    }
    let bytes = concat(parts).and_then(|mut bytes| {
        if !is_little {
            bytes.chunks_exact_mut(N).for_each(<[u8]>::reverse);
        }
        new_bytes(py, &bytes)
    });
    Ok(bytes)
}

fn varints_in_memory<'py, const N: usize>(
    py: Python<'py>,
    parts: &[&[u8]],
    to: impl Fn(u64) -> [u8; N],
) -> Result<PyResult<Bound<'py, PyBytes>>, Malformed> {
    let mut count = 0;
    for part in parts {
        count += count_varints(part)?;
    }
    Ok(PyBytes::new_with(py, count * N, |room| {
        let mut places = room.chunks_exact_mut(N);
        for part in parts {
            let mut reader = Reader::new(part, 0, part.len());
            while !reader.at_end() {
                // They were counted, so each of them ends and has its place.
                let number = reader.element().unwrap_or_default();
                if let Some(place) = places.next() {
                    place.copy_from_slice(&to(number));
                }
            }
        }
        Ok(())
    }))
}
