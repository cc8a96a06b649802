//! Writes the well-known types that have a form of their own in JSON: Struct and its parts, times, wrappers, `FieldMask`, `Any`.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};

use super::encode::{entries_of, list_of, JsonEncoder};
use super::names::{Form, Names};
use super::output::{JsonFormat, JsonKey, Output};
use super::scalars::{int_of, Scalar};
use super::{holds, or_fallback, some, utf8, Outcome, Stop, TypedField};
use crate::message::header::Message;
use crate::python::{cpython, growth, values};
use crate::schema::message::Plan;
use crate::wire::Kind;

impl<'py, O: Output<'py>> JsonEncoder<'py, O> {
    /// Writes a well-known type in its special form.
    pub(super) fn special(
        &mut self,
        form: Form,
        plan: &Plan,
        message: Message<'_, 'py>,
    ) -> Outcome<O::Written> {
        match form {
            Form::Struct => {
                let ((field, shape), held) = held(plan, message, 1)?;
                let entries = held.map_or_else(|| Ok(Vec::new()), |it| entries_of(&it))?;
                let (entry, shapes) = some(field.entry.as_ref().zip(shape.entry.as_ref()))?;
                self.map(entry, shapes, &entries)
            }
            Form::ListValue => {
                let (field, held) = held(plan, message, 1)?;
                self.list(field, &self.list_or_empty(held)?)
            }
            Form::Value => self.json_value(plan, message),
            Form::Time(wrapped) => {
                let (seconds, nanos) = (number(plan, message, 1)?, number(plan, message, 2)?);
                self.out
                    .time(wrapped, seconds, some(nanos.try_into().ok())?)
            }
            Form::FieldMask => self.field_mask(plan, message),
            Form::Wrapper => {
                let field = some(plan.numbered(1))?;
                self.value(field, &held_or_default(plan, message, 1)?)
            }
            Form::Any => self.any(plan, message),
            Form::Fields | Form::Other => Err(Stop::Fallback),
        }
    }

    fn list_or_empty(&self, held: Option<Bound<'py, PyAny>>) -> Outcome<Bound<'py, PyList>> {
        match held {
            Some(held) => list_of(&held),
            None => Ok(cpython::empty_list(self.py)?),
        }
    }

    /// Writes what is set in a `google.protobuf.Value`.
    fn json_value(&mut self, plan: &Plan, message: Message<'_, 'py>) -> Outcome<O::Written> {
        let mut slots = message
            .slots()
            .each(&plan.offsets)
            .zip(0..plan.fields.len());
        let set = slots.find_map(|(((), slot), index)| {
            let held = slot.get(self.py).filter(|held| !held.is_none())?;
            Some((held, index))
        });
        let Some((held, index)) = set else {
            return Ok(self.out.null());
        };
        let field = some(plan.at(index))?;
        match field.1.kind {
            Kind::Enum => Ok(self.out.null()),
            Kind::Double if !self.is_python() => {
                let Some(Scalar::Double(number)) = Scalar::of(Kind::Double, &held) else {
                    return Err(Stop::Fallback);
                };
                holds(number.is_finite())?;
                match without_fraction(number) {
                    Some(whole) => self.out.whole(whole),
                    None => self.out.scalar(Scalar::Double(number), &held),
                }
            }
            _ => self.value(field, &held),
        }
    }

    fn field_mask(&mut self, plan: &Plan, message: Message<'_, 'py>) -> Outcome<O::Written> {
        let paths = self.list_or_empty(held(plan, message, 1)?.1)?;
        if !self.is_python() {
            let text = camel_paths(&paths)?;
            return self.out.plain(&values::string(self.py, text.as_bytes())?);
        }
        let mut object = self.out.begin_object()?;
        let key = PyString::intern(self.py, "paths");
        self.out.key(&mut object, JsonKey::Text(&key))?;
        let mut array = self.out.begin_array()?;
        values::for_each(&paths, |_, path| -> Outcome {
            self.out.element(&mut array);
            let written = self.out.plain(&path)?;
            self.out.add(&mut array, written)
        })?;
        let written = self.out.end_array(array);
        self.out.member(&mut object, written)?;
        Ok(self.out.end_object(object))
    }

    fn any(&mut self, plan: &Plan, message: Message<'_, 'py>) -> Outcome<O::Written> {
        let py = self.py;
        let url = held_or_default(plan, message, 1)?.cast_into_exact::<PyString>()?;
        let bytes = held_or_default(plan, message, 2)?.cast_into_exact::<PyBytes>()?;
        let is_empty = url.is_empty()? && bytes.is_empty()?;
        let mut object = self.out.begin_object()?;
        if !is_empty || self.out.format() != JsonFormat::Text {
            let key = PyString::intern(py, "@type");
            self.out.key(&mut object, JsonKey::Text(&key))?;
            let written = self.out.plain(&url)?;
            self.out.member(&mut object, written)?;
        }
        if is_empty {
            return Ok(self.out.end_object(object));
        }
        let class = self.pools.packed_class(&message.object(), &url)?;
        let inner = or_fallback(class.call_method1("parse", (bytes,)), py)?;
        let inner = some(Message::of(&inner))?;
        let inner_plan = inner.plan()?;
        let names = Names::of(py, inner_plan)?;
        if names.form == Form::Fields {
            let _level = self.enter(inner)?;
            self.members(inner_plan, names, inner, &mut object)?;
            self.levels += 1;
        } else {
            let key = PyString::intern(py, "value");
            self.out.key(&mut object, JsonKey::Text(&key))?;
            let written = self.message(inner_plan, inner)?;
            self.out.member(&mut object, written)?;
        }
        Ok(self.out.end_object(object))
    }
}

/// The field with a number, and what it holds in a message, if anything.
fn held<'a, 'py>(
    plan: &'a Plan,
    message: Message<'_, 'py>,
    number: u32,
) -> Outcome<(TypedField<'a>, Option<Bound<'py, PyAny>>)> {
    let (field, shape) = some(plan.numbered(number))?;
    let offset = some(field.slot())?;
    let held = message.slots().get(message.object().py(), offset);
    Ok(((field, shape), held))
}

fn held_or_default<'py>(
    plan: &Plan,
    message: Message<'_, 'py>,
    number: u32,
) -> Outcome<Bound<'py, PyAny>> {
    let ((field, _), held) = held(plan, message, number)?;
    Ok(held.unwrap_or_else(|| field.default.bind(message.object().py()).clone()))
}

/// The seconds (1) or nanoseconds (2) of a Timestamp or Duration that is a message.
fn number(plan: &Plan, message: Message<'_, '_>, number: u32) -> Outcome<i64> {
    let held = held_or_default(plan, message, number)?;
    let long = int_of(Kind::Int64, &held).and_then(|long| long.of_kind(Kind::Int64));
    Ok(some(long)? as i64)
}

/// A number of a `google.protobuf.Value` as other JSON has it, 1 and not 1.0; `None` for one with a fraction, and where doubles
/// hold only some of the integers.
fn without_fraction(number: f64) -> Option<i64> {
    const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    let minus_zero = number == 0.0 && number.is_sign_negative();
    let is_exact = number.fract() == 0.0 && number.abs() <= LARGEST_EXACT && !minus_zero;
    is_exact.then_some(number as i64)
}

/// The paths of a `FieldMask` in lowerCamelCase, joined by commas.
fn camel_paths(paths: &Bound<'_, PyList>) -> Outcome<String> {
    let mut joined = String::new();
    values::for_each(paths, |index, path| -> Outcome {
        let path = utf8(path.cast()?)?;
        // The comma is one byte more.
        joined
            .try_reserve(path.len() + 1)
            .map_err(growth::out_of_memory)?;
        if index > 0 {
            joined.push(',');
        }
        some(put_camel(path, &mut joined))
    })?;
    Ok(joined)
}

/// Puts a path in lowerCamelCase; `None` if that would not come back as it was.
fn put_camel(path: &str, out: &mut String) -> Option<()> {
    let mut letters = path.chars();
    while let Some(letter) = letters.next() {
        out.push(match letter {
            'A'..='Z' | ',' => return None,
            '_' => match letters.next()? {
                word @ 'a'..='z' => word.to_ascii_uppercase(),
                _ => return None,
            },
            _ => letter,
        });
    }
    Some(())
}
