//! JSON text as the other end of a walk: written from its start to its end, spaced as by Python's `json.dumps`.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};

use super::names::EnumName;
use super::options::Indent;
use super::output::{JsonFormat, JsonKey, Output};
use super::scalars::{time_text, Scalar};
use super::{some, utf8, Outcome, Stop};
use crate::jsontext::numbers::{double_text, float_text, word_of, write_int};
use crate::jsontext::writer::TextWriter;
use crate::jsontext::{base64, escape};
use crate::python::values;
use crate::schema::field::Wrapped;

/// The text, and how its lines are indented.
pub struct TextOutput {
    out: TextWriter,
    indent: Indent,
    /// Objects and arrays that are open.
    nesting: usize,
}

/// Whether an object or array that is open has members yet.
pub struct HasMembers(bool);

impl TextOutput {
    /// Nothing yet, to be written to an empty writer.
    pub fn new(indent: Indent, out: TextWriter) -> Self {
        Self {
            out,
            indent,
            nesting: 0,
        }
    }

    /// The writer.
    pub fn into_writer(self) -> TextWriter {
        self.out
    }

    fn open(&mut self, mark: u8) -> HasMembers {
        self.out.push(mark);
        self.nesting += 1;
        HasMembers(false)
    }

    fn close(&mut self, mark: u8, members: &HasMembers) {
        self.nesting -= 1;
        if members.0 {
            self.new_line();
        }
        self.out.push(mark);
    }

    /// Begins a member.
    #[inline]
    fn separate(&mut self, members: &mut HasMembers) {
        let is_first = !std::mem::replace(&mut members.0, true);
        if self.indent.is_some() {
            if !is_first {
                self.out.push(b',');
            }
            self.new_line();
        } else if !is_first {
            self.out.put(b", ");
        }
    }

    /// Begins a line, if there are several.
    fn new_line(&mut self) {
        if let Some(indent) = &self.indent {
            self.out.push(b'\n');
            for _ in 0..self.nesting {
                self.out.put(indent.as_bytes());
            }
        }
    }

    /// Writes what needs no escapes between quotation marks.
    fn quoted(&mut self, text: &[u8]) {
        self.out.push(b'"');
        self.out.put(text);
        self.out.push(b'"');
    }

    fn double(&mut self, number: f64, is_float: bool) -> Outcome {
        if let Some(word) = word_of(number) {
            self.quoted(word.as_bytes());
        } else if is_float {
            self.out.put(some(float_text(number))?.bytes());
        } else {
            self.out.put(double_text(number).bytes());
        }
        Ok(())
    }
}

const fn truth(value: bool) -> &'static [u8] {
    if value {
        b"true"
    } else {
        b"false"
    }
}

impl<'py> Output<'py> for TextOutput {
    type Written = ();
    type Object = HasMembers;
    type Array = HasMembers;

    fn format(&self) -> JsonFormat {
        JsonFormat::Text
    }

    fn is_exhausted(&self) -> bool {
        self.out.is_exhausted()
    }

    fn begin_object(&mut self) -> Outcome<HasMembers> {
        Ok(self.open(b'{'))
    }

    fn key(&mut self, object: &mut HasMembers, key: JsonKey<'_, 'py>) -> Outcome {
        if let JsonKey::Field(keys, index) = key {
            let key = some(keys.written.get(index))?;
            // On one line, what stands between two members is part of the key.
            let is_first = !object.0;
            if self.indent.is_some() || is_first {
                self.separate(object);
                self.out.put(key.get(2..).unwrap_or_default());
            } else {
                self.out.put(key);
            }
            return Ok(());
        }
        self.separate(object);
        match key {
            JsonKey::Text(text) => escape::write_string(utf8(text)?, &mut self.out),
            JsonKey::Bool(value) => self.quoted(truth(value)),
            JsonKey::Int(long) => {
                self.out.push(b'"');
                write_int(long.magnitude, long.negative, &mut self.out);
                self.out.push(b'"');
            }
            JsonKey::Field(..) | JsonKey::Python(_) => return Err(Stop::Fallback),
        }
        self.out.put(b": ");
        Ok(())
    }

    fn member(&mut self, _: &mut HasMembers, (): ()) -> Outcome {
        Ok(())
    }

    fn end_object(&mut self, object: HasMembers) {
        self.close(b'}', &object);
    }

    fn begin_array(&mut self) -> Outcome<HasMembers> {
        Ok(self.open(b'['))
    }

    #[inline]
    fn element(&mut self, array: &mut HasMembers) {
        self.separate(array);
    }

    fn add(&mut self, _: &mut HasMembers, (): ()) -> Outcome {
        Ok(())
    }

    fn end_array(&mut self, array: HasMembers) {
        self.close(b']', &array);
    }

    fn null(&mut self) {
        self.out.put(b"null");
    }

    #[inline]
    fn scalar(&mut self, scalar: Scalar<'_>, _: &Bound<'py, PyAny>) -> Outcome {
        match scalar {
            Scalar::Bool(value) => self.out.put(truth(value)),
            Scalar::Int(long) => write_int(long.magnitude, long.negative, &mut self.out),
            Scalar::LongInt(long) => {
                self.out.push(b'"');
                write_int(long.magnitude, long.negative, &mut self.out);
                self.out.push(b'"');
            }
            Scalar::Double(number) => self.double(number, false)?,
            Scalar::Float(number) => self.double(number, true)?,
            Scalar::Text(text) => escape::write_string(text, &mut self.out),
            Scalar::Bytes(bytes) => {
                self.out.push(b'"');
                base64::write(bytes, &mut self.out);
                self.out.push(b'"');
            }
        }
        Ok(())
    }

    fn whole(&mut self, number: i64) -> Outcome {
        write_int(number.unsigned_abs(), number < 0, &mut self.out);
        Ok(())
    }

    fn name(&mut self, name: &EnumName) {
        self.out.put(&name.quoted);
    }

    fn plain(&mut self, value: &Bound<'py, PyAny>) -> Outcome {
        if let Ok(text) = value.cast::<PyString>() {
            escape::write_string(utf8(text)?, &mut self.out);
        } else if let Ok(value) = value.cast::<PyBool>() {
            self.out.put(truth(value.is_true()));
        } else if value.is_instance_of::<PyInt>() {
            let long = some(values::long(value))?;
            write_int(long.magnitude, long.negative, &mut self.out);
        } else {
            self.double(value.cast::<PyFloat>()?.value(), false)?;
        }
        Ok(())
    }

    fn time(&mut self, wrapped: Wrapped, seconds: i64, nanos: i32) -> Outcome {
        let text = time_text(wrapped, seconds, nanos)?;
        self.quoted(text.bytes());
        Ok(())
    }
}
