//! Writes the well-known types that have a form of their own in JSON: Struct and its parts, times, wrappers, `FieldMask`, `Any`.

use pyo3::types::PyString;

use super::encode::{entries_of, list_of, JsonEncoder};
use super::names::{Form, Names};
use super::output::{JsonFormat, JsonKey, Output};
use super::scalars::Scalar;
use super::{some, well_known, Outcome, Stop};
use crate::message::header::Message;
use crate::python::cpython;
use crate::python::values;
use crate::schema::field::Wrapped;
use crate::schema::message::Plan;
use crate::wire::Kind;

impl<'py, O: Output<'py>> JsonEncoder<'py, O> {
    /// Writes a well-known type in its special form.
    pub(super) fn special(
        &mut self,
        form: Form,
        plan: &Plan,
        names: &Names,
        message: Message<'_, 'py>,
    ) -> Outcome<O::Written> {
        match form {
            Form::Struct | Form::ListValue => self.collection(plan, message, form),
            Form::Value => self.json_value(plan, names, message),
            Form::Timestamp | Form::Duration => {
                let wrapped = if form == Form::Timestamp {
                    Wrapped::Timestamp
                } else {
                    Wrapped::Duration
                };
                let (seconds, nanos) = well_known::parts(plan, message)?;
                self.out.time(wrapped, seconds, nanos)
            }
            Form::FieldMask => self.field_mask(plan, message),
            Form::Wrapper => {
                let (field, shape, held) = well_known::held(plan, message, 1)?;
                let held = held.unwrap_or_else(|| field.default.bind(self.py).clone());
                self.value(field, shape, &held)
            }
            Form::Any => self.any(plan, message),
            Form::Fields | Form::Other => Err(Stop::Fallback),
        }
    }

    /// Writes a Struct or a `ListValue`.
    fn collection(
        &mut self,
        plan: &Plan,
        message: Message<'_, 'py>,
        form: Form,
    ) -> Outcome<O::Written> {
        let (field, shape, held) = well_known::held(plan, message, 1)?;
        if form == Form::ListValue {
            let list = held.map_or_else(|| Ok(cpython::empty_list(self.py)?), |it| list_of(&it))?;
            return self.list(field, shape, &list);
        }
        let entries = held.map_or_else(|| Ok(Vec::new()), |it| entries_of(&it))?;
        let (entry, shapes) = some(field.entry.as_ref().zip(shape.entry.as_ref()))?;
        self.map(entry, shapes, &entries)
    }

    /// Writes what is set in a `google.protobuf.Value`.
    fn json_value(
        &mut self,
        plan: &Plan,
        names: &Names,
        message: Message<'_, 'py>,
    ) -> Outcome<O::Written> {
        let Some((field, shape, held)) = well_known::kind_of_value(plan, names, message)? else {
            return Ok(self.out.null());
        };
        match shape.kind {
            Kind::Enum => Ok(self.out.null()),
            Kind::Double if !self.is_python() => {
                let Some(Scalar::Double(number)) = Scalar::of(Kind::Double, &held) else {
                    return Err(Stop::Fallback);
                };
                some(number.is_finite().then_some(()))?;
                match well_known::without_fraction(number) {
                    Some(whole) => self.out.whole(whole),
                    None => self.out.scalar(Scalar::Double(number), &held),
                }
            }
            _ => self.value(field, shape, &held),
        }
    }

    fn field_mask(&mut self, plan: &Plan, message: Message<'_, 'py>) -> Outcome<O::Written> {
        let held = well_known::held(plan, message, 1)?.2;
        let paths = held.map_or_else(|| Ok(cpython::empty_list(self.py)?), |it| list_of(&it))?;
        if !self.is_python() {
            return self.out.text(&well_known::camel_paths(&paths)?);
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
        let mut object = self.out.begin_object()?;
        let key = PyString::intern(self.py, "@type");
        let Some((url, inner)) = well_known::packed(plan, message, &self.pools)? else {
            if self.out.format() != JsonFormat::Text {
                self.out.key(&mut object, JsonKey::Text(&key))?;
                let written = self.out.text("")?;
                self.out.member(&mut object, written)?;
            }
            return Ok(self.out.end_object(object));
        };
        self.out.key(&mut object, JsonKey::Text(&key))?;
        let written = self.out.plain(url.as_any())?;
        self.out.member(&mut object, written)?;
        let inner = some(Message::of(&inner))?;
        let inner_plan = inner.plan()?;
        let names = Names::of(self.py, inner_plan)?;
        if names.form == Form::Fields {
            let _level = self.enter(inner)?;
            self.members(inner_plan, names, inner, &mut object)?;
            self.levels += 1;
        } else {
            let key = PyString::intern(self.py, "value");
            self.out.key(&mut object, JsonKey::Text(&key))?;
            let written = self.message(inner_plan, inner)?;
            self.out.member(&mut object, written)?;
        }
        Ok(self.out.end_object(object))
    }
}
