//! Scalars whose form in JSON is no matter of the text around them: numbers, strings and bytes of the exact types that their fields
//! want. All others are converted one by one by the plain codec.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyString};

use super::{some, Outcome};
use crate::jsontext::numbers::{is_number, whole_number, ShortText};
use crate::jsontext::time::{duration_text, timestamp_text};
use crate::python::cpython;
use crate::python::int::Long;
use crate::python::values;
use crate::schema::field::Wrapped;
use crate::wire::Kind;

/// A value that is to be written.
#[derive(Clone, Copy)]
pub enum Scalar<'a> {
    /// True or false.
    Bool(bool),
    /// An integer.
    Int(Long),
    /// An integer that is text in JSON, because a double cannot hold all of its type.
    LongInt(Long),
    /// A double.
    Double(f64),
    /// A float, which has fewer digits.
    Float(f64),
    /// A string.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

impl<'a> Scalar<'a> {
    /// The scalar in an object of the exact type that a field of a kind wants; `None` for another object, and for enums.
    #[inline]
    pub fn of(kind: Kind, item: &'a Bound<'_, PyAny>) -> Option<Self> {
        Some(match kind {
            Kind::String => Self::Text(item.cast_exact::<PyString>().ok()?.to_str().ok()?),
            Kind::Bytes => Self::Bytes(item.cast_exact::<PyBytes>().ok()?.as_bytes()),
            Kind::Bool => Self::Bool(item.cast_exact::<PyBool>().ok()?.is_true()),
            Kind::Double => Self::Double(item.cast_exact::<PyFloat>().ok()?.value()),
            Kind::Float => Self::Float(item.cast_exact::<PyFloat>().ok()?.value()),
            Kind::Enum | Kind::Message | Kind::Group => return None,
            _ => {
                let long = int_of(kind, item)?;
                if is_text(kind) {
                    Self::LongInt(long)
                } else {
                    Self::Int(long)
                }
            }
        })
    }

    /// Whether it is the zero of its type, which is not written of a field without presence.
    #[inline]
    pub fn is_zero(self) -> bool {
        match self {
            Self::Bool(truth) => !truth,
            Self::Int(long) | Self::LongInt(long) => long.magnitude == 0,
            Self::Double(number) | Self::Float(number) => number.to_bits() == 0,
            Self::Text(text) => text.is_empty(),
            Self::Bytes(bytes) => bytes.is_empty(),
        }
    }
}

/// Whether integers of a type are text in JSON.
const fn is_text(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Int64 | Kind::SInt64 | Kind::SFixed64 | Kind::UInt64 | Kind::Fixed64
    )
}

/// The number in an exact int, if it is one of a type.
#[inline]
pub fn int_of(kind: Kind, item: &Bound<'_, PyAny>) -> Option<Long> {
    if !item.is_exact_instance_of::<PyInt>() {
        return None;
    }
    let long = values::long(item)?;
    long.of_kind(kind).map(|_| long)
}

/// The value of an integer field, if a number is one of its type.
#[inline]
pub fn int_object(py: Python<'_>, kind: Kind, long: Long) -> Outcome<Bound<'_, PyAny>> {
    let bits = some(long.of_kind(kind))?;
    Ok(match kind {
        Kind::UInt64 | Kind::Fixed64 => cpython::uint(py, bits)?,
        _ => cpython::int(py, bits as i64)?,
    })
}

/// The same, given the text of a number in any spelling.
pub fn int_of_text<'py>(py: Python<'py>, kind: Kind, text: &str) -> Outcome<Bound<'py, PyAny>> {
    let number = is_number(text).then(|| whole_number(text)).flatten();
    let (negative, magnitude) = some(number)?;
    let long = Long {
        negative,
        magnitude,
    };
    int_object(py, kind, long)
}

/// The nearest float, as a double; none beyond the largest one.
pub fn nearest_float(wide: f64) -> Outcome<f64> {
    let number = wide as f32;
    some((number.is_finite() || !wide.is_finite()).then(|| f64::from(number)))
}

/// The text of a Timestamp or a Duration.
pub fn time_text(wrapped: Wrapped, seconds: i64, nanos: i32) -> Outcome<ShortText> {
    some(match wrapped {
        Wrapped::Timestamp => timestamp_text(seconds, nanos),
        _ => duration_text(seconds, nanos),
    })
}
