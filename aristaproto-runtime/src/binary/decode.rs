//! Wire bytes to messages: `parse` and `decode`.
//!
//! `parse` checks the bytes and leaves the rest to the first look at a field, one message at a time. What cannot wait (required
//! fields to look for, an error to describe) is read at once. Both ways go through `Decoder::fields`.

use std::cell::Cell;
use std::collections::HashSet;
use std::rc::Rc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView};

use crate::binary::check::{Budget, Checker};
use crate::binary::decoder::{read_pending, Decoder};
use crate::binary::error::{Cause, DecodeResult, Failure};
use crate::message::header::{new_message, Message};
use crate::message::pending::end_of;
use crate::python::arguments::Invoke;
use crate::python::cpython;
use crate::python::growth;
use crate::python::imports::api;
use crate::python::limits::Limits;
use crate::python::stack::StackFloor;
use crate::schema::message::Plan;
use crate::schema::registry::known_plan;
use crate::wire::Reader;

/// Wire bytes as `bytes` and nothing else: a copy if they are in another buffer.
fn as_bytes<'py>(data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    // One of a subclass may hold the message that is to hold it, which the collector would not see.
    if let Ok(bytes) = data.cast_exact::<PyBytes>() {
        return Ok(bytes.clone());
    }
    let view = PyMemoryView::from(data)?;
    Ok(view.call_method0("tobytes")?.cast_into()?)
}

fn check_size(py: Python<'_>, limits: Limits, size: usize) -> PyResult<()> {
    if size as u64 <= limits.size {
        return Ok(());
    }
    let text = format!(
        "expected at most {} bytes, got {size} (`aristaproto.limits(size=...)` changes it)",
        limits.size
    );
    Err(PyErr::from_value(
        api(py)?.decode_error.bind(py).invoke((text,))?,
    ))
}

/// A message of a flat class of at most so many bytes is read when it is parsed: to check it would take as long.
const FLAT_BYTES: u32 = 4096;

/// A new message of the plan's class.
///
/// # Errors
/// `DecodeError` when the bytes are no message of the class.
pub fn parse<'py>(
    py: Python<'py>,
    plan: &Plan,
    data: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let made = new_message(py, plan)?;
    let bytes = as_bytes(data)?;
    let length = bytes.as_bytes().len();
    let limits = Limits::current(py)?;
    check_size(py, limits, length)?;
    let end = end_of(length);
    if let Some(end) = end.filter(|&end| !plan.flat || end > FLAT_BYTES) {
        if check(py, plan, bytes.as_bytes(), limits)? {
            if end > 0 {
                Message::known(&made)?.postpone(&bytes, 0, end);
            }
            return Ok(made);
        }
    }
    match read_all(py, plan, &made, bytes.as_bytes(), limits) {
        Ok(()) => require_all(py, plan, &made).map(|()| made),
        Err(failure) if matches!(failure.cause, Cause::MessageSet) => {
            let made = new_message(py, plan)?;
            api(py)?.decode.bind(py).invoke((&made, bytes))?;
            Ok(made)
        }
        Err(failure) => Err(failure.into_error(py, limits)),
    }
}

/// Whether bytes are a message of the plan's class, for sure.
fn check(py: Python<'_>, plan: &Plan, bytes: &[u8], limits: Limits) -> PyResult<bool> {
    let raised = Cell::new(None);
    // What is no extension stays none while these bytes are looked at, and is asked for once.
    let mut unknown = HashSet::new();
    let mut checker = Checker {
        budget: budget(limits),
        lookup: &mut |shape, number| {
            if unknown.contains(&(shape.class, number)) {
                return None;
            }
            let owner = known_plan(py, shape.class)?;
            let found = owner.find_extension(py, number).and_then(|found| {
                if let Some(found) = found.as_ref().filter(|it| it.shape.kind.is_message()) {
                    found.field.plan(py, &found.shape)?;
                }
                Ok(found)
            });
            match found {
                Ok(Some(found)) => Some(Rc::clone(&found.shape)),
                Ok(None) => {
                    if let Err(error) = growth::insert(&mut unknown, (shape.class, number)) {
                        raised.set(Some(error));
                    }
                    None
                }
                Err(error) => {
                    raised.set(Some(error));
                    None
                }
            }
        },
        resolve: &mut |shape, number| {
            let owner = known_plan(py, shape.class);
            if let Some((field, shape)) = owner.as_ref().and_then(|it| it.numbered(number)) {
                let found = match (&field.entry, &shape.entry) {
                    (Some(entry), Some(shapes)) => entry.1.plan(py, &shapes.1),
                    _ => field.plan(py, shape),
                };
                if let Err(error) = found {
                    raised.set(Some(error));
                }
            }
        },
    };
    let mut reader = Reader::new(bytes, 0, bytes.len());
    let right = checker.message(&plan.shape, &mut reader, 0).is_ok();
    match raised.take() {
        Some(error) => Err(error),
        None => Ok(right),
    }
}

/// Reads wire bytes into a message, as one more occurrence of it.
///
/// # Errors
/// `DecodeError` when the bytes are no message of the class; the message is then half-read.
pub fn decode<'py>(
    message: &Bound<'py, PyAny>,
    data: &Bound<'py, PyAny>,
    partial: bool,
) -> PyResult<()> {
    let py = message.py();
    let bytes = as_bytes(data)?;
    let limits = Limits::current(py)?;
    check_size(py, limits, bytes.as_bytes().len())?;
    let target = Message::known(message)?;
    let plan = target.plan()?;
    read_pending(target)?;
    if check(py, plan, bytes.as_bytes(), limits)? {
        read_all(py, plan, message, bytes.as_bytes(), limits)
            .map_err(|failure| failure.into_error(py, limits))?;
        return if partial {
            Ok(())
        } else {
            require_all(py, plan, message)
        };
    }
    let options = cpython::dict(py)?;
    options.set_item("partial", partial)?;
    api(py)?
        .decode
        .bind(py)
        .call((message, bytes), Some(&options))
        .map(drop)
}

fn budget(limits: Limits) -> Budget {
    Budget {
        depth: limits.levels(),
        messages: limits.messages,
        floor: StackFloor::new(),
    }
}

fn read_all<'py>(
    py: Python<'py>,
    plan: &Plan,
    message: &Bound<'py, PyAny>,
    bytes: &[u8],
    limits: Limits,
) -> DecodeResult<()> {
    if plan.is_message_set() {
        return Err(Failure::of(Cause::MessageSet));
    }
    let mut decoder = Decoder::new(py, budget(limits));
    let mut reader = Reader::new(bytes, 0, bytes.len());
    decoder.fields(plan, Message::known(message)?.slots(), None, &mut reader, 0)?;
    decoder.deferred.put(py)?;
    Ok(())
}

/// Looks for required fields that are not set.
fn require_all<'py>(py: Python<'py>, plan: &Plan, message: &Bound<'py, PyAny>) -> PyResult<()> {
    if plan.needs_check(py)? {
        let api = api(py)?;
        api.check_required
            .bind(py)
            .invoke((message, &api.decode_error))?;
    }
    Ok(())
}
