//! Messages to wire bytes, written from the last to the first, so that every length is known when it is written.
//!
//! Whatever cannot be written is left to the plain codec, which starts again and says what is wrong and where: there is
//! one text for each error, and no path is recorded while all goes well.

use std::cell::RefCell;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::binary::decoder::read_pending;
use crate::binary::encoder::{Encoder, Exact};
use crate::message::header::Message;
use crate::python::arguments::{release_dropped, Invoke};
use crate::python::fallback::{raised, Stop};
use crate::python::growth::out_of_memory;
use crate::python::imports::api;
use crate::python::limits::Limits;
use crate::python::values;
use crate::wire::Writer;

thread_local! {
    static BUFFER: RefCell<Option<Writer>> = const { RefCell::new(None) };
}

/// Runs `work` with the buffer that the thread keeps between calls. Code that is called while a message is written may
/// write another one, and gets a buffer of its own.
pub fn with_buffer<T>(work: impl FnOnce(&mut Writer) -> T) -> T {
    let mut buffer = BUFFER.with_borrow_mut(Option::take).unwrap_or_default();
    let done = work(&mut buffer);
    buffer.reset();
    BUFFER.with_borrow_mut(|kept| *kept = Some(buffer));
    done
}

/// Wire bytes of a message.
///
/// # Errors
/// `EncodeError` with the path of a value that its field cannot carry.
pub fn encode<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    let made = written(object, |bytes, holder| match holder {
        Some(holder) => Ok(holder),
        None => values::new_bytes(py, bytes),
    });
    match made? {
        Some(made) => Ok(made?.into_any()),
        None => api(py)?.encode.bind(py).invoke((object,)),
    }
}

/// The number of wire bytes of a message.
///
/// # Errors
/// As for `encode`.
pub fn byte_size(object: &Bound<'_, PyAny>) -> PyResult<usize> {
    let py = object.py();
    match written(object, |bytes, _| bytes.len())? {
        Some(size) => Ok(size),
        None => api(py)?.encode.bind(py).invoke((object,))?.len(),
    }
}

/// Calls `work` with the wire bytes of a message, and the object that holds these and no others, if there is one; `None` when the plain codec is to write it, or to say what is wrong.
fn written<'py, T>(
    object: &Bound<'py, PyAny>,
    work: impl FnOnce(&[u8], Option<Bound<'py, PyBytes>>) -> T,
) -> PyResult<Option<T>> {
    let py = object.py();
    let Some(message) = Message::of(object) else {
        return Ok(None);
    };
    let plan = message.plan()?;
    let limits = Limits::current(py)?;
    let mut encoder = Encoder::new(limits, None);
    if message.is_pending() {
        if let Some((data, start, end)) = encoder.unread(plan, message) {
            let bytes = data.as_bytes().get(start..end).unwrap_or_default();
            if bytes.len() as u64 > limits.size {
                return Ok(None);
            }
            let holder = (bytes.len() == data.as_bytes().len()).then(|| data.clone());
            return Ok(Some(work(bytes, holder)));
        }
        if !message.holds_arrays() {
            read_pending(message)?;
        }
    }
    let written = with_buffer(|out| {
        encoder.message(plan, message, out)?;
        if out.len() as u64 > limits.size {
            return Err(Stop::Fallback);
        }
        let bytes = out.finish().map_err(out_of_memory)?;
        Ok(work(bytes, None))
    });
    match written {
        Ok(made) if encoder.incomplete => {
            let api = api(py)?;
            api.check_required
                .bind(py)
                .invoke((object, &api.encode_error))
                .map(|_| Some(made))
        }
        Ok(made) => Ok(Some(made)),
        Err(Stop::Fallback) => {
            release_dropped();
            Ok(None)
        }
        Err(Stop::Python(error)) => Err(raised(py, *error, &api(py)?.encode_error)),
    }
}

/// Calls `work` with wire bytes of which reading gives a message that is the same to everybody; see `Exact`. `None` when that
/// cannot be said.
///
/// No code of users runs, and nothing is changed.
pub fn exactly<T>(
    message: Message<'_, '_>,
    exact: Exact,
    work: impl FnOnce(&[u8]) -> T,
) -> PyResult<Option<T>> {
    let py = message.object().py();
    let plan = message.plan()?;
    let mut encoder = Encoder::new(Limits::current(py)?, Some(exact));
    with_buffer(|out| match encoder.message(plan, message, out) {
        Ok(()) if !encoder.incomplete => match out.finish() {
            Ok(bytes) => Ok(Some(work(bytes))),
            Err(error) => Err(out_of_memory(error)),
        },
        Ok(()) | Err(Stop::Fallback) => Ok(None),
        Err(Stop::Python(error)) => Err(*error),
    })
}
