//! JSON text as the other end of a walk that reads. A value is a place in the text, and the cursor stands there when it is read.

use std::borrow::Cow;

use pyo3::prelude::*;
use pyo3::types::PyBool;

use super::input::{Input, JsonType};
use super::scalars::{int_object, int_of_text, nearest_float};
use super::{holds, some, Outcome, Stop};
use crate::jsontext::base64;
use crate::jsontext::lexer::Cursor;
use crate::jsontext::numbers::{double_number, is_number, number_of_word};
use crate::python::cpython;
use crate::python::growth;
use crate::python::int::Long;
use crate::python::{key_cache, values};
use crate::schema::message::Field;
use crate::wire::Kind;

/// The text, and how far it was read.
pub struct TextInput<'a, 'py> {
    py: Python<'py>,
    cursor: Cursor<'a>,
}

/// Whether the first member or element is still to come.
pub struct IsFirst(bool);

impl<'a, 'py> TextInput<'a, 'py> {
    /// The start of a text.
    pub fn new(py: Python<'py>, text: &'a str) -> Self {
        Self {
            py,
            cursor: Cursor::new(text),
        }
    }

    /// Where the outermost value is.
    pub fn start(&self) -> usize {
        self.cursor.position()
    }

    /// Whether nothing but white space is left.
    pub fn at_end(&mut self) -> bool {
        self.cursor.at_end()
    }

    fn take(&mut self, mark: u8) -> Outcome {
        holds(self.cursor.take(mark))
    }

    fn string(&mut self) -> Outcome<Cow<'a, str>> {
        some(self.cursor.string())
    }

    /// Goes to the next member or element; false if there is none.
    #[inline]
    fn advance(&mut self, first: &mut IsFirst, end: u8) -> Outcome<bool> {
        let is_first = std::mem::replace(&mut first.0, false);
        if self.cursor.take(end) {
            return Ok(false);
        }
        if !is_first {
            self.take(b',')?;
        }
        Ok(true)
    }

    fn double(&mut self) -> Outcome<f64> {
        if let Some(number) = self.cursor.decimal() {
            return Ok(number);
        }
        if self.cursor.peek() == Some(b'"') {
            let text = self.string()?;
            let number = || is_number(&text).then(|| double_number(&text)).flatten();
            return some(number_of_word(&text).or_else(number));
        }
        let number = some(self.cursor.number())?;
        if number.is_whole && number.text.starts_with("-0") {
            // An int has no minus zero.
            return Ok(0.0);
        }
        some(double_number(number.text))
    }

    fn int(&mut self, kind: Kind) -> Outcome<Bound<'py, PyAny>> {
        if let Some((negative, magnitude)) = self.cursor.integer() {
            let long = Long {
                negative,
                magnitude,
            };
            return int_object(self.py, kind, long);
        }
        if self.cursor.peek() == Some(b'"') {
            let text = self.string()?;
            return int_of_text(self.py, kind, &text);
        }
        int_of_text(self.py, kind, some(self.cursor.number())?.text)
    }
}

impl<'a, 'py> Input<'py> for TextInput<'a, 'py> {
    type Value = usize;
    type Key = Cow<'a, str>;
    type Members = IsFirst;
    type Elements = IsFirst;

    fn json_type(&mut self, _: &usize) -> Outcome<JsonType> {
        Ok(match some(self.cursor.peek())? {
            b'n' => JsonType::Null,
            b'"' => JsonType::Text,
            b't' | b'f' => JsonType::Bool,
            b'{' => JsonType::Object,
            b'[' => JsonType::Array,
            _ => JsonType::Number,
        })
    }

    #[inline]
    fn take_null(&mut self, _: &usize) -> bool {
        self.cursor.peek() == Some(b'n') && self.cursor.word("null")
    }

    fn members(&mut self, value: &usize) -> Outcome<IsFirst> {
        // An Any is read anew from its start once its type is known.
        self.cursor.go_to(*value);
        self.take(b'{')?;
        Ok(IsFirst(true))
    }

    #[inline]
    fn next_member(&mut self, members: &mut IsFirst) -> Outcome<Option<(Cow<'a, str>, usize)>> {
        if !self.advance(members, b'}')? {
            return Ok(None);
        }
        let key = self.string()?;
        self.take(b':')?;
        Ok(Some((key, self.cursor.position())))
    }

    fn name<'k>(&self, key: &'k Cow<'a, str>) -> Outcome<&'k str> {
        Ok(&**key)
    }

    fn map_key(
        &mut self,
        key: Cow<'a, str>,
        _: &Field,
        kind: Kind,
        common: bool,
    ) -> Outcome<Bound<'py, PyAny>> {
        match (kind, &*key) {
            (Kind::String, key) if common => Ok(key_cache::string(self.py, key.as_bytes())?),
            (Kind::String, key) => Ok(values::string(self.py, key.as_bytes())?),
            (Kind::Bool, "true") => Ok(PyBool::new(self.py, true).to_owned().into_any()),
            (Kind::Bool, "false") => Ok(PyBool::new(self.py, false).to_owned().into_any()),
            (Kind::Bool, _) => Err(Stop::Fallback),
            (_, key) => int_of_text(self.py, kind, key),
        }
    }

    fn elements(&mut self, _: &usize) -> Outcome<IsFirst> {
        self.take(b'[')?;
        Ok(IsFirst(true))
    }

    #[inline]
    fn next_element(&mut self, elements: &mut IsFirst) -> Outcome<Option<usize>> {
        let is_there = self.advance(elements, b']')?;
        Ok(is_there.then(|| self.cursor.position()))
    }

    fn skip(&mut self, _: &usize) -> Outcome {
        some(self.cursor.skip())
    }

    fn text<T>(&mut self, _: &usize, read: impl FnOnce(&str) -> Outcome<T>) -> Outcome<Option<T>> {
        if self.cursor.peek() != Some(b'"') {
            return Ok(None);
        }
        read(&self.string()?).map(Some)
    }

    #[inline]
    fn scalar(&mut self, _: &usize, _: &Field, kind: Kind) -> Outcome<Bound<'py, PyAny>> {
        let py = self.py;
        Ok(match kind {
            Kind::String => values::string(py, self.string()?.as_bytes())?,
            Kind::Bytes => {
                let read = base64::read(&self.string()?);
                values::new_bytes(py, &some(read.map_err(growth::out_of_memory)?)?)?.into_any()
            }
            Kind::Bool => {
                let truth = self.cursor.word("true");
                holds(truth || self.cursor.word("false"))?;
                PyBool::new(py, truth).to_owned().into_any()
            }
            Kind::Double => cpython::float(py, self.double()?)?,
            Kind::Float => cpython::float(py, nearest_float(self.double()?)?)?,
            kind => self.int(kind)?,
        })
    }

    fn enum_number(&mut self, _: &usize, _: &Field) -> Outcome<i32> {
        let number = self.int(Kind::Int32)?;
        Ok(number.extract()?)
    }
}
