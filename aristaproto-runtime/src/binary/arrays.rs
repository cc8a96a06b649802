//! Arrays as values of repeated fields: what is assigned is kept as wire bytes that are still to be read, so that it is a list for
//! all who look at it, and for `aristaproto.array` the numbers are taken from wire bytes.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyList, PyString, PyTuple};

use crate::binary::array_bytes;
use crate::binary::decode_repeated::lacks;
use crate::binary::decoder::read_pending;
use crate::binary::encode::with_buffer;
use crate::message::header::Message;
use crate::message::pending::end_of;
use crate::python::arguments::Invoke;
use crate::python::growth::{collect, concat, out_of_memory, push};
use crate::python::imports::api;
use crate::python::limits::STACK_LEVELS;
use crate::python::values;
use crate::schema::field::Storage;
use crate::schema::message::{Field, Plan};
use crate::schema::wire_table::FieldShape;
use crate::wire::{Malformed, Reader, LEN};

/// Whether a value may be an array: it is neither a list nor of another type that is known to be none.
#[inline]
pub fn may_be_array(value: &Bound<'_, PyAny>) -> bool {
    !(value.is_exact_instance_of::<PyList>() || is_no_array(value))
}

#[cold]
fn is_no_array(value: &Bound<'_, PyAny>) -> bool {
    value.is_none()
        || value.is_instance_of::<PyList>()
        || value.is_instance_of::<PyTuple>()
        || value.is_instance_of::<PyString>()
        || value.is_instance_of::<PyBytes>()
        || value.is_instance_of::<PyByteArray>()
}

/// Sets the repeated field with this number to a copy of an array, or to what another value stands for.
///
/// # Errors
/// `MemoryError`, or what asking the value for its numbers raises.
pub fn assign<'py>(
    message: Message<'_, 'py>,
    number: u32,
    value: &Bound<'py, PyAny>,
) -> PyResult<()> {
    let plan = message.plan()?;
    let Some((field, shape)) = plan.shape.find(number).and_then(|at| plan.at(at)) else {
        return Ok(());
    };
    if let Storage::Slot(offset) = field.storage {
        if let Some(record) = record(value, field, shape)? {
            if keep(message, plan, number, &record)? {
                let old = message.slots().slot(offset).replace(value.py(), None);
                drop(old);
                return Ok(());
            }
        }
        let list = api(value.py())?.list_of_array.bind(value.py());
        message
            .slots()
            .put(offset, list.invoke((value, &field.name))?);
    }
    Ok(())
}

/// The numbers of an array as the value of a field, with its tags; `None` for no array of its type, or one without numbers.
fn record<'py>(
    value: &Bound<'py, PyAny>,
    field: &Field,
    shape: &FieldShape,
) -> PyResult<Option<Bound<'py, PyBytes>>> {
    with_buffer(|out| {
        if !array_bytes::put(value, field, shape, out)? {
            return Ok(None);
        }
        let bytes = out.finish().map_err(out_of_memory)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        values::new_bytes(value.py(), bytes).map(Some)
    })
}

/// Lets a list of numbers be read from `record` when it is looked at; false when that cannot be.
fn keep<'py>(
    message: Message<'_, 'py>,
    plan: &Plan,
    number: u32,
    record: &Bound<'py, PyBytes>,
) -> PyResult<bool> {
    let mut data = record.clone();
    if message.holds_arrays() {
        let held = message.records()?;
        let held =
            held.ok_or_else(|| PyRuntimeError::new_err("checked wire bytes are no records"))?;
        let kept = |is_higher: bool| {
            let records = held.each().filter(move |&(other, _)| {
                other != number && (other > number) == is_higher && is_empty(message, plan, other)
            });
            records.map(|(_, bytes)| bytes)
        };
        let all = kept(false).chain([record.as_bytes()]).chain(kept(true));
        data = values::new_bytes(record.py(), &concat(&collect(all.map(Ok))?)?)?;
    } else {
        read_pending(message)?;
    }
    let Some(end) = end_of(data.as_bytes().len()) else {
        return Ok(false);
    };
    message.postpone(&data, 0, end);
    message.set_numbers(true);
    Ok(true)
}

fn is_empty(message: Message<'_, '_>, plan: &Plan, number: u32) -> bool {
    let found = plan.shape.find(number).and_then(|at| plan.fields.get(at));
    found.is_some_and(|field| lacks(message.slots(), field))
}

/// The numbers of a list as they lie in memory, from the wire bytes that it is still to be read from; `None` when it has been read,
/// or set to a list.
///
/// # Errors
/// `MemoryError`: the bytes were checked before.
pub fn numbers<'py>(
    message: Message<'_, 'py>,
    number: u32,
) -> PyResult<Option<Bound<'py, PyBytes>>> {
    let plan = message.plan()?;
    let Some((_, shape)) = plan.shape.find(number).and_then(|at| plan.at(at)) else {
        return Ok(None);
    };
    if !(shape.is_numbers() && is_empty(message, plan, number)) {
        return Ok(None);
    }
    let Some((data, start, end)) = message.pending() else {
        return Ok(None);
    };
    let parts = parts(shape, data.as_bytes(), start, end)?;
    let made = array_bytes::native(data.py(), shape.kind, &parts)?;
    made.map(Some).map_err(broken)
}

/// The values of a list of numbers, packed or one by one.
fn parts<'a>(
    shape: &FieldShape,
    data: &'a [u8],
    start: usize,
    end: usize,
) -> PyResult<Vec<&'a [u8]>> {
    let mut found = Vec::new();
    let mut reader = Reader::new(data, start, end);
    while !reader.at_end() {
        let tag = reader.tag().map_err(broken)?;
        let value = reader.pos;
        if tag == shape.number << 3 | LEN {
            push(&mut found, reader.bytes().map_err(broken)?)?;
            continue;
        }
        reader.skip(tag, STACK_LEVELS).map_err(broken)?;
        if tag == shape.tag {
            push(&mut found, data.get(value..reader.pos).unwrap_or_default())?;
        }
    }
    Ok(found)
}

fn broken(found: Malformed) -> PyErr {
    PyRuntimeError::new_err(format!("checked wire bytes cannot be read: {found}"))
}
