//! Plain values as the other end of a walk: those of `ProtoJSON`, or Python's own.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use super::names::EnumName;
use super::output::{JsonFormat, JsonKey, Output};
use super::scalars::{time_text, Scalar};
use super::{some, Outcome};
use crate::jsontext::base64;
use crate::jsontext::numbers::{float_text, int_text, word_of};
use crate::jsontext::writer::TextWriter;
use crate::python::cpython;
use crate::python::int::Long;
use crate::python::values;
use crate::schema::datetime;
use crate::schema::field::Wrapped;

/// Makes objects.
pub struct ValueOutput<'py> {
    py: Python<'py>,
    format: JsonFormat,
}

/// A dict that is being filled.
pub struct OpenDict<'py> {
    dict: Bound<'py, PyDict>,
    /// The key of the member that is being written.
    key: Option<Bound<'py, PyAny>>,
}

impl<'py> ValueOutput<'py> {
    /// One that makes values of `ProtoJSON`, or of Python.
    pub fn new(py: Python<'py>, is_python: bool) -> Self {
        let format = if is_python {
            JsonFormat::Python
        } else {
            JsonFormat::Values
        };
        Self { py, format }
    }

    fn ascii(&self, text: &[u8]) -> Outcome<Bound<'py, PyAny>> {
        Ok(values::string(self.py, text)?)
    }

    fn int_text(&self, long: Long) -> Outcome<Bound<'py, PyAny>> {
        self.ascii(int_text(long.magnitude, long.negative).bytes())
    }
}

impl<'py> Output<'py> for ValueOutput<'py> {
    type Written = Bound<'py, PyAny>;
    type Object = OpenDict<'py>;
    type Array = Bound<'py, PyList>;

    fn format(&self) -> JsonFormat {
        self.format
    }

    fn is_exhausted(&self) -> bool {
        false
    }

    fn begin_object(&mut self) -> Outcome<OpenDict<'py>> {
        Ok(OpenDict {
            dict: cpython::dict(self.py)?,
            key: None,
        })
    }

    fn key(&mut self, object: &mut OpenDict<'py>, key: JsonKey<'_, 'py>) -> Outcome {
        object.key = Some(match key {
            JsonKey::Field(keys, index) => {
                some(keys.text.get(index))?.bind(self.py).clone().into_any()
            }
            JsonKey::Text(text) => text.clone().into_any(),
            JsonKey::Bool(true) => PyString::intern(self.py, "true").into_any(),
            JsonKey::Bool(false) => PyString::intern(self.py, "false").into_any(),
            JsonKey::Int(long) => self.int_text(long)?,
            JsonKey::Python(key) => key.clone(),
        });
        Ok(())
    }

    fn member(&mut self, object: &mut OpenDict<'py>, value: Bound<'py, PyAny>) -> Outcome {
        let key = some(object.key.take())?;
        Ok(object.dict.set_item(key, value)?)
    }

    fn end_object(&mut self, object: OpenDict<'py>) -> Bound<'py, PyAny> {
        object.dict.into_any()
    }

    fn begin_array(&mut self) -> Outcome<Bound<'py, PyList>> {
        Ok(cpython::empty_list(self.py)?)
    }

    fn element(&mut self, _: &mut Bound<'py, PyList>) {}

    fn add(&mut self, array: &mut Bound<'py, PyList>, value: Bound<'py, PyAny>) -> Outcome {
        Ok(array.append(value)?)
    }

    fn end_array(&mut self, array: Bound<'py, PyList>) -> Bound<'py, PyAny> {
        array.into_any()
    }

    fn null(&mut self) -> Bound<'py, PyAny> {
        self.py.None().into_bound(self.py)
    }

    fn scalar(
        &mut self,
        scalar: Scalar<'_>,
        held: &Bound<'py, PyAny>,
    ) -> Outcome<Bound<'py, PyAny>> {
        if self.format == JsonFormat::Python {
            return Ok(held.clone());
        }
        match scalar {
            Scalar::LongInt(long) => self.int_text(long),
            Scalar::Double(number) | Scalar::Float(number) if !number.is_finite() => {
                self.ascii(some(word_of(number))?.as_bytes())
            }
            Scalar::Bool(_) | Scalar::Int(_) | Scalar::Double(_) | Scalar::Text(_) => {
                Ok(held.clone())
            }
            Scalar::Float(number) => {
                let text = some(float_text(number))?;
                let short = std::str::from_utf8(text.bytes()).ok().map(str::parse);
                let short: f64 = some(short.and_then(Result::ok))?;
                Ok(cpython::float(self.py, short)?)
            }
            Scalar::Bytes(bytes) => {
                let mut out = TextWriter::default();
                base64::write(bytes, &mut out);
                // What is wrong is the lack of memory, which the plain codec does not have either.
                self.ascii(some(out.finish().ok())?)
            }
        }
    }

    fn whole(&mut self, number: i64) -> Outcome<Bound<'py, PyAny>> {
        Ok(cpython::int(self.py, number)?)
    }

    fn name(&mut self, name: &EnumName) -> Bound<'py, PyAny> {
        name.text.bind(self.py).clone().into_any()
    }

    fn plain(&mut self, value: &Bound<'py, PyAny>) -> Outcome<Bound<'py, PyAny>> {
        Ok(value.clone())
    }

    fn time(&mut self, wrapped: Wrapped, seconds: i64, nanos: i32) -> Outcome<Bound<'py, PyAny>> {
        if self.format == JsonFormat::Python {
            return some(datetime::value_of_parts(self.py, wrapped, seconds, nanos)?);
        }
        self.ascii(time_text(wrapped, seconds, nanos)?.bytes())
    }
}
