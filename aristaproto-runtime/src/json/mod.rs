//! Messages to `ProtoJSON` and back: one walk each way, with text or plain values (as `to_dict` and `from_dict` have them) at its
//! other end.
//!
//! `encode` walks a message and writes to an `Output`: `text_output`, `value_output`. `decode` reads from an `Input`: `text_input`,
//! `value_input`. Both find in `names` what JSON calls fields and enum values, and in `well_known` what is special of the
//! well-known types. A value of another type than its field's is converted by itself, by the plain codec in Python. What is
//! wrong, or known to the plain codec only, ends the walk: then that codec is called once for the whole message, and does it or says
//! what is wrong and where.
//!
//! <https://protobuf.dev/programming-guides/json/>
#![forbid(unsafe_code)]

pub mod decode;
mod decode_well_known;
pub mod encode;
mod encode_well_known;
pub mod imports;
mod input;
pub mod names;
pub mod options;
mod output;
mod scalars;
mod text_input;
mod text_output;
mod value_input;
mod value_output;
mod well_known;

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::python::fallback::{raised, Outcome, Stop};
use crate::python::imports::api;
use crate::schema::message::Field;
use crate::schema::wire_table::FieldShape;

/// What was found; else the plain codec is to look.
fn some<T>(found: Option<T>) -> Outcome<T> {
    found.ok_or(Stop::Fallback)
}

/// Goes on if something holds; else the plain codec is to look.
fn holds(condition: bool) -> Outcome {
    some(condition.then_some(()))
}

/// The text of a string without lone surrogates.
fn utf8<'a>(text: &'a Bound<'_, PyString>) -> Outcome<&'a str> {
    some(text.to_str().ok())
}

/// What was made; nothing when the plain codec is to look.
fn unless_fallback<T>(py: Python<'_>, outcome: Outcome<T>) -> PyResult<Option<T>> {
    match outcome {
        Ok(made) => Ok(Some(made)),
        Err(Stop::Fallback) => Ok(None),
        Err(Stop::Python(error)) => Err(raised(py, *error, &api(py)?.json_error)),
    }
}

/// What Python code of the plain codec or of users made; for its errors, the plain codec is to say where they are.
fn or_fallback<T>(made: PyResult<T>, py: Python<'_>) -> Outcome<T> {
    made.map_err(|error| {
        // Ctrl-C is no Exception.
        if error.is_instance_of::<PyException>(py) {
            Stop::Fallback
        } else {
            error.into()
        }
    })
}

/// A field and its shape.
type TypedField<'a> = (&'a Field, &'a FieldShape);
