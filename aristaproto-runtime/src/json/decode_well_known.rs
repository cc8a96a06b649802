//! Reads the well-known types that have a form of their own in JSON.

use pyo3::prelude::*;

use super::decode::{put, put_numbered, JsonDecoder, Seen, TYPE};
use super::input::{Input, JsonType};
use super::names::{Form, Names};
use super::{holds, or_fallback, some, Outcome};
use crate::message::header::{new_message, Message};
use crate::python::values;
use crate::schema::message::Plan;
use crate::schema::registry::plan_of;

impl<'py, I: Input<'py>> JsonDecoder<'py, I> {
    /// A `google.protobuf.Value`: any value of JSON, in the field of its kind.
    pub(super) fn json_value(
        &mut self,
        plan: &Plan,
        message: Message<'_, 'py>,
        value: &I::Value,
    ) -> Outcome {
        let found = self.input.json_type(value)?;
        let (field, shape) = some(plan.numbered(found.field_number()))?;
        let made = match found {
            JsonType::Null => {
                holds(self.input.take_null(value))?;
                Some(some(field.enum_values.as_ref())?.member(self.py, 0)?)
            }
            JsonType::Number => {
                let made = self.value((field, shape), value)?;
                let number: f64 = some(made.as_ref())?.extract()?;
                made.filter(|_| number.is_finite())
            }
            _ => self.value((field, shape), value)?,
        };
        put(field, message, some(made)?)
    }

    /// A `google.protobuf.Any`: the URL of a type with the fields of its message, or with its special form under `value`.
    pub(super) fn any(
        &mut self,
        plan: &Plan,
        message: Message<'_, 'py>,
        value: &I::Value,
    ) -> Outcome {
        let mut members = self.input.members(value)?;
        let Some((mut key, mut first)) = self.input.next_member(&mut members)? else {
            return Ok(());
        };
        let comes_first = self.input.name(&key)? == TYPE;
        if !comes_first {
            // Looked through inside one another, text would be passed over again for each level.
            holds(!self.is_looked_through)?;
            while self.input.name(&key)? != TYPE {
                self.input.skip(&first)?;
                (key, first) = some(self.input.next_member(&mut members)?)?;
            }
        }
        let py = self.py;
        let url = |url: &str| Ok(values::string(py, url.as_bytes())?);
        let url = some(self.input.text(&first, url)?)?;
        if comes_first && url.is_empty()? {
            let other = self.input.next_member(&mut members)?;
            return holds(other.is_none());
        }
        let mut seen = Seen::default();
        if comes_first {
            seen.note(TYPE)?;
        } else {
            members = self.input.members(value)?;
            seen.type_may_come = true;
            self.is_looked_through = true;
        }
        let class = self.pools.packed_class(plan.class.bind(py), &url)?;
        let inner_plan = plan_of(&class)?;
        let names = Names::of(py, &inner_plan)?;
        let inner = if names.form == Form::Fields {
            let _level = self.enter()?;
            let made = new_message(py, &inner_plan)?;
            let inner = Message::known(&made)?;
            self.fields(&inner_plan, names, inner, members, seen)?;
            self.levels += 1;
            made
        } else {
            self.special_any(&inner_plan, members, seen)?
        };
        if !comes_first {
            self.is_looked_through = false;
        }
        let bytes = or_fallback(inner.call_method0("__bytes__"), py)?;
        put_numbered(plan, message, 1, url)?;
        put_numbered(plan, message, 2, bytes)
    }

    /// Reads the message of an Any that has a special form.
    fn special_any(
        &mut self,
        plan: &Plan,
        mut members: I::Members,
        mut seen: Seen,
    ) -> Outcome<Bound<'py, PyAny>> {
        let mut made = None;
        while let Some((key, value)) = self.input.next_member(&mut members)? {
            let name = self.input.name(&key)?;
            seen.note(name)?;
            if name == "value" {
                made = Some(self.message(plan, &value)?);
            } else {
                holds(self.ignore_unknown || name == TYPE)?;
                self.input.skip(&value)?;
            }
        }
        some(made)
    }
}
