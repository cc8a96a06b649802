//! Plain values as the other end of a walk that reads: dicts, lists and scalars, of `ProtoJSON` or Python's own.

use std::vec;

use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyBytes, PyDateTime, PyDelta, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple,
};

use super::imports::imports;
use super::input::{Input, JsonType};
use super::scalars::{int_of, int_of_text, nearest_float};
use super::{holds, or_fallback, some, utf8, Outcome, Stop};
use crate::jsontext::base64;
use crate::jsontext::numbers::number_of_word;
use crate::message::header::Message;
use crate::python::arguments::Invoke;
use crate::python::cpython;
use crate::python::growth;
use crate::python::imports::api;
use crate::python::values;
use crate::schema::field::Wrapped;
use crate::schema::message::{Field, Plan};
use crate::wire::Kind;

/// Looks at objects.
pub struct ValueInput<'py> {
    py: Python<'py>,
}

/// The elements of a list or tuple, and the index of the next one.
pub struct NextElement<'py> {
    elements: ListOrTuple<'py>,
    index: usize,
}

enum ListOrTuple<'py> {
    List(Bound<'py, PyList>),
    Tuple(Bound<'py, PyTuple>),
}

impl<'py> ValueInput<'py> {
    /// For any object.
    pub fn new(py: Python<'py>) -> Self {
        Self { py }
    }

    fn is_mapping(&self, value: &Bound<'py, PyAny>) -> Outcome<bool> {
        let mapping = api(self.py)?.mapping.bind(self.py);
        Ok(value.is_exact_instance_of::<PyDict>() || value.is_instance(mapping)?)
    }

    /// A scalar of the types that are usual for its field; nothing for another one.
    fn usual(&self, item: &Bound<'py, PyAny>, kind: Kind) -> Outcome<Option<Bound<'py, PyAny>>> {
        let text = item.cast_exact::<PyString>().ok();
        let is_there = match (kind, text) {
            // One with half of a pair has no UTF-8.
            (Kind::String, Some(text)) => text.to_str().is_ok(),
            (Kind::Bytes, Some(text)) => {
                let bytes = base64::read(utf8(text)?).map_err(growth::out_of_memory)?;
                return match bytes {
                    Some(bytes) => Ok(Some(values::new_bytes(self.py, &bytes)?.into_any())),
                    None => Ok(None),
                };
            }
            (Kind::Bytes, None) => item.is_exact_instance_of::<PyBytes>(),
            (Kind::Bool, None) => item.is_exact_instance_of::<PyBool>(),
            (Kind::Double | Kind::Float, _) => {
                let Some(number) = double(item) else {
                    return Ok(None);
                };
                if kind == Kind::Double && item.is_exact_instance_of::<PyFloat>() {
                    return Ok(Some(item.clone()));
                }
                let number = if kind == Kind::Float {
                    nearest_float(number)?
                } else {
                    number
                };
                return Ok(Some(cpython::float(self.py, number)?));
            }
            (Kind::String | Kind::Bool | Kind::Enum | Kind::Message | Kind::Group, _) => false,
            (_, Some(text)) => return int_of_text(self.py, kind, utf8(text)?).map(Some),
            (_, None) => int_of(kind, item).is_some(),
        };
        Ok(is_there.then(|| item.clone()))
    }
}

impl<'py> Input<'py> for ValueInput<'py> {
    type Value = Bound<'py, PyAny>;
    type Key = Bound<'py, PyAny>;
    type Members = vec::IntoIter<(Bound<'py, PyAny>, Bound<'py, PyAny>)>;
    type Elements = NextElement<'py>;

    fn json_type(&mut self, value: &Bound<'py, PyAny>) -> Outcome<JsonType> {
        Ok(if value.is_instance_of::<PyString>() {
            JsonType::Text
        } else if value.is_exact_instance_of::<PyBool>() {
            JsonType::Bool
        } else if value.is_none() {
            JsonType::Null
        } else if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
            JsonType::Array
        } else if self.is_mapping(value)? {
            JsonType::Object
        } else {
            JsonType::Number
        })
    }

    fn take_null(&mut self, value: &Bound<'py, PyAny>) -> bool {
        value.is_none()
    }

    fn members(&mut self, value: &Bound<'py, PyAny>) -> Outcome<Self::Members> {
        if let Ok(dict) = value.cast_exact::<PyDict>() {
            return Ok(values::entries(dict)?.into_iter());
        }
        holds(self.is_mapping(value)?)?;
        let items = value.call_method0("items")?.try_iter()?;
        Ok(growth::collect(items.map(|entry| entry?.extract()))?.into_iter())
    }

    fn next_member(
        &mut self,
        members: &mut Self::Members,
    ) -> Outcome<Option<(Self::Key, Self::Value)>> {
        Ok(members.next())
    }

    fn name<'k>(&self, key: &'k Bound<'py, PyAny>) -> Outcome<&'k str> {
        utf8(key.cast()?)
    }

    fn map_key(
        &mut self,
        key: Bound<'py, PyAny>,
        field: &Field,
        kind: Kind,
        _: bool,
    ) -> Outcome<Bound<'py, PyAny>> {
        if kind == Kind::Bool {
            if let Ok(text) = key.cast_exact::<PyString>() {
                let truth = utf8(text)? == "true";
                holds(truth || utf8(text)? == "false")?;
                return Ok(PyBool::new(self.py, truth).to_owned().into_any());
            }
        }
        self.scalar(&key, field, kind)
    }

    fn elements(&mut self, value: &Bound<'py, PyAny>) -> Outcome<NextElement<'py>> {
        let elements = if let Ok(list) = value.cast_exact::<PyList>() {
            ListOrTuple::List(list.clone())
        } else if let Ok(tuple) = value.cast_exact::<PyTuple>() {
            ListOrTuple::Tuple(tuple.clone())
        } else if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
            ListOrTuple::List(values::list_of(value)?)
        } else {
            return Err(Stop::Fallback);
        };
        Ok(NextElement { elements, index: 0 })
    }

    fn next_element(&mut self, next: &mut NextElement<'py>) -> Outcome<Option<Bound<'py, PyAny>>> {
        let index = next.index;
        next.index += 1;
        Ok(match &next.elements {
            ListOrTuple::List(list) => values::item(list, index),
            ListOrTuple::Tuple(tuple) => (index < tuple.len())
                .then(|| tuple.get_item(index))
                .transpose()?,
        })
    }

    fn skip(&mut self, _: &Bound<'py, PyAny>) -> Outcome {
        Ok(())
    }

    fn text<T>(
        &mut self,
        value: &Bound<'py, PyAny>,
        read: impl FnOnce(&str) -> Outcome<T>,
    ) -> Outcome<Option<T>> {
        match value.cast::<PyString>() {
            Ok(text) => read(utf8(text)?).map(Some),
            Err(_) => Ok(None),
        }
    }

    fn scalar(
        &mut self,
        value: &Bound<'py, PyAny>,
        field: &Field,
        kind: Kind,
    ) -> Outcome<Bound<'py, PyAny>> {
        match self.usual(value, kind)? {
            Some(made) => Ok(made),
            None => self.converted(value, field),
        }
    }

    fn enum_number(&mut self, value: &Bound<'py, PyAny>, field: &Field) -> Outcome<i32> {
        // A bool is none, as in JSON; other numbers may have a fraction that is zero.
        let number = match value.cast_exact::<PyBool>() {
            Ok(_) => None,
            Err(_) => values::small_int(value),
        };
        match number {
            Some(number) => Ok(number),
            None => some(values::small_int(&self.converted(value, field)?)),
        }
    }

    fn message(&self, value: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
        Message::of(value).map(|_| value.clone())
    }

    fn time_object(
        &self,
        value: &Bound<'py, PyAny>,
        wrapped: Wrapped,
    ) -> Option<Bound<'py, PyAny>> {
        let as_it_is = match wrapped {
            Wrapped::Timestamp => value.is_instance_of::<PyDateTime>(),
            _ => value.is_instance_of::<PyDelta>(),
        };
        as_it_is.then(|| value.clone())
    }

    #[cold]
    fn converted(&self, value: &Bound<'py, PyAny>, field: &Field) -> Outcome<Bound<'py, PyAny>> {
        let convert = imports(self.py)?.read_value.bind(self.py);
        // What is wrong with it, the plain codec says when it knows where.
        or_fallback(convert.invoke((&field.python, value)), self.py)
    }

    #[cold]
    fn converted_message(
        &self,
        value: &Bound<'py, PyAny>,
        plan: &Plan,
    ) -> Outcome<Bound<'py, PyAny>> {
        let convert = imports(self.py)?.read_message.bind(self.py);
        or_fallback(convert.invoke((plan.class.bind(self.py), value)), self.py)
    }
}

/// The number that a value of Python's own types or a word stands for.
#[allow(clippy::cast_precision_loss)] // As Python rounds it, to the even one of two that are as near.
fn double(item: &Bound<'_, PyAny>) -> Option<f64> {
    if let Ok(held) = item.cast_exact::<PyFloat>() {
        return Some(held.value());
    }
    if let Ok(word) = item.cast_exact::<PyString>() {
        return number_of_word(word.to_str().ok()?);
    }
    if !item.is_exact_instance_of::<PyInt>() {
        return None;
    }
    let long = values::long(item)?;
    let magnitude = long.magnitude as f64;
    Some(if long.negative { -magnitude } else { magnitude })
}
