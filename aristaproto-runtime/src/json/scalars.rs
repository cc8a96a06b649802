//! Scalars whose form in JSON is no matter of the text around them. In: Python's objects, or words and digits of JSON. Out:
//! numbers, or Python's objects. Called by `encode` and `decode` for text, by `dump` and `load` for plain values.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt};

use crate::encode::Stop;
use crate::int::Long;
use crate::json::{parse, some, Outcome};
use crate::raw;
use crate::shape::Kind;
use crate::value::{self, Int};
use crate::wkt;
use crate::writers::fits;

/// The number in a value of a field of floating-point numbers.
pub fn float_of(item: &Bound<'_, PyAny>) -> Outcome<f64> {
    match item.cast_exact::<PyFloat>() {
        Ok(held) => Ok(held.value()),
        Err(_) => Err(Stop::Refused),
    }
}

/// The number in a value of an integer field, if it is one of its type.
#[inline]
pub fn int_of(kind: Kind, item: &Bound<'_, PyAny>) -> Outcome<Long> {
    if !item.is_exact_instance_of::<PyInt>() {
        return Err(Stop::Refused);
    }
    let long = some(raw::int(item).and_then(raw::Int::value))?;
    some(long.of_kind(kind))?;
    Ok(long)
}

/// The number of an enum's value.
pub fn number_of(item: &Bound<'_, PyAny>) -> Outcome<i32> {
    match value::int(item) {
        Int::Signed(number) => i32::try_from(number).map_err(|_| Stop::Refused),
        _ => Err(Stop::Refused),
    }
}

/// The key of a map whose keys are no strings.
pub fn map_key<'py>(py: Python<'py>, kind: Kind, name: &str) -> Outcome<Bound<'py, PyAny>> {
    match (kind, name) {
        (Kind::Bool, "true") => Ok(PyBool::new(py, true).to_owned().into_any()),
        (Kind::Bool, "false") => Ok(PyBool::new(py, false).to_owned().into_any()),
        (Kind::Bool, _) => Err(Stop::Refused),
        _ => int(py, kind, some(parse::whole(name))?),
    }
}

/// An integer, given by its digits and perhaps a minus, if it is one of a type.
pub fn int<'py>(py: Python<'py>, kind: Kind, text: &str) -> Outcome<Bound<'py, PyAny>> {
    let digits = text.strip_prefix('-');
    let long = Long {
        negative: digits.is_some(),
        magnitude: digits.unwrap_or(text).parse().map_err(|_| Stop::Refused)?,
    };
    object(py, kind, long)
}

/// The value of an integer field, if a number is one of its type.
#[inline]
pub fn object(py: Python<'_>, kind: Kind, long: Long) -> Outcome<Bound<'_, PyAny>> {
    let bits = some(long.of_kind(kind))?;
    Ok(match kind {
        Kind::UInt64 | Kind::Fixed64 => value::uint_object(py, bits),
        _ => value::int_object(py, bits.cast_signed()),
    })
}

/// What a word stands for that is no number of JSON.
pub fn double_of_word(word: &str) -> Outcome<f64> {
    match word {
        "NaN" => Ok(f64::NAN),
        "Infinity" => Ok(f64::INFINITY),
        "-Infinity" => Ok(f64::NEG_INFINITY),
        _ => Err(Stop::Refused),
    }
}

/// The nearest float, as a double.
pub fn single(wide: f64) -> Outcome<f64> {
    let number = wide as f32;
    if !fits::<false>(wide, number) {
        return Err(Stop::Refused);
    }
    Ok(f64::from(number))
}

/// The seconds since 1970 and nanoseconds of a time in UTC.
pub fn time_of(text: &str) -> Outcome<(i64, i32)> {
    let ((year, month, day), clock, nanos) = some(parse::time(text))?;
    Ok((wkt::days_of(year, month, day) * 86_400 + clock, nanos))
}
