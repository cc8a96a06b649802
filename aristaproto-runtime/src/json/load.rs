//! Plain Python values to messages: those of `ProtoJSON`, or Python's own. In: a value and a plan. Out: a message; or nothing, for
//! what the plain codec is to read or to refuse. Called for `Message.from_dict`.
//!
//! As in `decode`, nothing outside the new message changes.

use std::rc::Rc;

use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyBytes, PyDateTime, PyDelta, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple,
};

use crate::api::Limits;
use crate::decode::known;
use crate::encode::Stop;
use crate::json::decode::put;
use crate::json::names::{Form, MemberNames, Names};
use crate::json::scalars::{double_of_word, int, int_of, map_key, number_of, single, time_of};
use crate::json::seen::{Numbers, Seen};
use crate::json::special::{self, Pools, Target};
use crate::json::{parse, some, Outcome};
use crate::object::{new_message, Area, Message};
use crate::plan::{Field, Learned, Plan, Wrapped};
use crate::quick;
use crate::required::is_complete;
use crate::shape::{FieldShape, Kind};
use crate::value::{self, Int};
use crate::wkt;

/// A message of the plan's class; `None` for values that the plain codec is to judge. `ignore_unknown`: unknown keys and names of
/// enum values are passed over. `pool`: where extensions and the types of Any are looked up first.
///
/// # Errors
/// `MemoryError`, or what Python raises when a class cannot be resolved.
pub fn from_dict<'py>(
    plan: &Rc<Plan>,
    value: &Bound<'py, PyAny>,
    ignore_unknown: bool,
    pool: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = pool.py();
    let limits = Limits::current(py)?;
    let mut loader = Loader {
        py,
        ignore_unknown,
        pools: Pools::new(pool, plan),
        // The outermost message is not inside another one.
        levels: limits.levels().saturating_add(1),
        messages: limits.messages,
    };
    match loader.message(plan, value) {
        Ok(made) => {
            // What was a message already may be one of another class.
            let message = known(&made)?;
            if plan.needs_check(py)? && !is_complete(message.plan()?, message)? {
                return Ok(None);
            }
            Ok(Some(made))
        }
        Err(Stop::Refused) => Ok(None),
        Err(Stop::Python(error)) => Err(*error),
    }
}

struct Loader<'py> {
    py: Python<'py>,
    ignore_unknown: bool,
    pools: Pools<'py>,
    levels: u32,
    messages: u64,
}

impl<'py> Loader<'py> {
    fn enter(&mut self) -> Outcome {
        self.levels = some(self.levels.checked_sub(1))?;
        self.messages = some(self.messages.checked_sub(1))?;
        Ok(())
    }

    fn message(&mut self, plan: &Plan, value: &Bound<'py, PyAny>) -> Outcome<Bound<'py, PyAny>> {
        self.enter()?;
        let made = if Message::of(value).is_some() {
            special::message_of(value, plan)?;
            value.clone()
        } else {
            let made = new_message(self.py, plan)?;
            let message = known(&made)?;
            self.fill(plan, message, value)?;
            message.settle(plan);
            made
        };
        self.levels += 1;
        Ok(made)
    }

    /// Fills a new message from the value that stands for it.
    fn fill(
        &mut self,
        plan: &Plan,
        message: Message<'_, 'py>,
        value: &Bound<'py, PyAny>,
    ) -> Outcome {
        let names = Names::of(self.py, plan)?;
        match names.form {
            Form::Value => self.value_message(plan, message.area(), value),
            Form::Struct => {
                let (field, shape) = some(plan.at(0))?;
                put(field, message.area(), self.map(field, shape, value)?)
            }
            Form::ListValue => {
                let (field, shape) = some(plan.at(0))?;
                put(field, message.area(), self.list(field, shape, value)?)
            }
            Form::Fields => self.fields(plan, names, message, dict(value)?, None),
            Form::Timestamp | Form::Duration => {
                let (seconds, nanos) = time(names.form == Form::Timestamp, value)?;
                special::put_time(plan, message, seconds, nanos)
            }
            Form::FieldMask => match value.cast_exact::<PyString>() {
                Ok(text) => special::put_paths(plan, message, utf8(text)?),
                Err(_) => self.fields(plan, names, message, dict(value)?, None),
            },
            Form::Wrapper => {
                let (field, shape) = some(plan.at(0))?;
                put(
                    field,
                    message.area(),
                    some(self.value(field, shape, value)?)?,
                )
            }
            Form::Any => self.any(plan, message, dict(value)?),
            Form::Other => Err(Stop::Refused),
        }
    }

    /// Fills a new message from a dict of its fields; the key `besides` is passed over.
    fn fields(
        &mut self,
        plan: &Plan,
        names: &Names,
        message: Message<'_, 'py>,
        dict: &Bound<'py, PyDict>,
        besides: Option<&str>,
    ) -> Outcome {
        let mut seen = Seen::default();
        let mut extensions = Numbers::default();
        let mut next = 0;
        for (key, item) in quick::entries(dict) {
            let key = utf8(key.cast_exact::<PyString>().map_err(|_| Stop::Refused)?)?;
            let index = match names.find(key, next) {
                Some(index) => index,
                None if besides == Some(key) => continue,
                None => match special::target(plan, names, key, &self.pools)? {
                    Target::Field(index) => index,
                    Target::Extension(learned) => {
                        if !extensions.add(learned.shape.number as usize) {
                            return Err(Stop::Refused);
                        }
                        self.extension(&learned, message, &item)?;
                        continue;
                    }
                    Target::Nothing if self.ignore_unknown => continue,
                    Target::Nothing => return Err(Stop::Refused),
                },
            };
            next = index + 1;
            let (field, shape) = some(plan.at(index))?;
            if !seen.fields.add(index) {
                return Err(Stop::Refused);
            }
            if item.is_none() && !names.takes_null(index) {
                continue;
            }
            if field.oneof > 0 && !seen.oneofs.add(usize::from(field.oneof)) {
                return Err(Stop::Refused);
            }
            if let Some(made) = self.field(field, shape, &item)? {
                put(field, message.area(), made)?;
            }
        }
        Ok(())
    }

    fn extension(
        &mut self,
        learned: &Learned,
        message: Message<'_, 'py>,
        item: &Bound<'py, PyAny>,
    ) -> Outcome {
        if item.is_none() && !special::takes_null(self.py, &learned.field)? {
            return Ok(());
        }
        if let Some(made) = self.field(&learned.field, &learned.shape, item)? {
            let python = learned.field.python.bind(self.py);
            python.getattr("set")?.call1((message.object(), made))?;
        }
        Ok(())
    }

    /// What an attribute is to hold; nothing for the name of an enum value that is passed over.
    fn field(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        value: &Bound<'py, PyAny>,
    ) -> Outcome<Option<Bound<'py, PyAny>>> {
        if shape.repeated {
            self.list(field, shape, value).map(Some)
        } else if shape.entry.is_some() {
            self.map(field, shape, value).map(Some)
        } else {
            self.value(field, shape, value)
        }
    }

    fn list(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        value: &Bound<'py, PyAny>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let made = PyList::empty(self.py);
        let mut add = |item: Bound<'py, PyAny>| -> Outcome {
            match self.value(field, shape, &item)? {
                Some(item) => Ok(made.append(item)?),
                None => Ok(()),
            }
        };
        if let Ok(list) = value.cast_exact::<PyList>() {
            value::for_each(list, |_, item| add(item))?;
        } else {
            let tuple = value.cast_exact::<PyTuple>().map_err(|_| Stop::Refused)?;
            for item in tuple {
                add(item)?;
            }
        }
        Ok(made.into_any())
    }

    fn map(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        value: &Bound<'py, PyAny>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let (entry, shapes) = some(field.entry.as_ref().zip(shape.entry.as_ref()))?;
        let made = PyDict::new(self.py);
        let entries = quick::entries(dict(value)?);
        for (key, item) in &entries {
            let key = match key.cast_exact::<PyString>() {
                Ok(text) if shapes.0.kind == Kind::String => {
                    unicode(text)?;
                    key.clone()
                }
                Ok(text) => map_key(self.py, shapes.0.kind, utf8(text)?)?,
                Err(_) if shapes.0.kind == Kind::String => return Err(Stop::Refused),
                Err(_) if shapes.0.kind == Kind::Bool => {
                    key.cast_exact::<PyBool>().map_err(|_| Stop::Refused)?;
                    key.clone()
                }
                Err(_) => {
                    int_of(shapes.0.kind, key)?;
                    key.clone()
                }
            };
            // What is passed over may have had the key of another one, which the plain codec knows.
            made.set_item(key, some(self.value(&entry.1, &shapes.1, item)?)?)?;
        }
        // Two keys were one, such as 1 and "1".
        if made.len() != entries.len() {
            return Err(Stop::Refused);
        }
        Ok(made.into_any())
    }

    /// One value; nothing for the name of an enum value that is passed over.
    fn value(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        item: &Bound<'py, PyAny>,
    ) -> Outcome<Option<Bound<'py, PyAny>>> {
        let py = self.py;
        Ok(Some(match shape.kind {
            Kind::Message | Kind::Group => return self.message_value(field, shape, item).map(Some),
            Kind::Enum => return self.enum_value(field, item),
            Kind::String => {
                unicode(item.cast_exact().map_err(|_| Stop::Refused)?)?;
                item.clone()
            }
            Kind::Bytes => {
                if let Ok(text) = item.cast_exact::<PyString>() {
                    PyBytes::new(py, &some(parse::base64(utf8(text)?))?).into_any()
                } else {
                    item.cast_exact::<PyBytes>().map_err(|_| Stop::Refused)?;
                    item.clone()
                }
            }
            Kind::Bool => {
                item.cast_exact::<PyBool>().map_err(|_| Stop::Refused)?;
                item.clone()
            }
            Kind::Double if item.is_exact_instance_of::<PyFloat>() => item.clone(),
            Kind::Double => PyFloat::new(py, double(item)?).into_any(),
            Kind::Float => PyFloat::new(py, single(double(item)?)?).into_any(),
            kind => {
                if let Ok(text) = item.cast_exact::<PyString>() {
                    int(py, kind, some(parse::whole(utf8(text)?))?)?
                } else {
                    int_of(kind, item)?;
                    item.clone()
                }
            }
        }))
    }

    fn enum_value(
        &mut self,
        field: &Field,
        item: &Bound<'py, PyAny>,
    ) -> Outcome<Option<Bound<'py, PyAny>>> {
        let members = some(field.members.as_ref())?;
        if let Ok(name) = item.cast_exact::<PyString>() {
            return special::member_named(self.py, members, utf8(name)?, self.ignore_unknown);
        }
        if item.is_none() && matches!(members.names(self.py)?, MemberNames::Null) {
            return Ok(Some(members.member(self.py, 0)?));
        }
        if item.is_exact_instance_of::<PyBool>() {
            return Err(Stop::Refused);
        }
        special::member_numbered(self.py, members, number_of(item)?).map(Some)
    }

    fn message_value(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        item: &Bound<'py, PyAny>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let plan = field.plan(self.py, shape)?;
        match field.wrapped {
            Wrapped::No => self.message(&plan, item),
            wrapped @ (Wrapped::Timestamp | Wrapped::Duration) => {
                let is_timestamp = wrapped == Wrapped::Timestamp;
                let as_it_is = if is_timestamp {
                    item.is_instance_of::<PyDateTime>()
                } else {
                    item.is_instance_of::<PyDelta>()
                };
                if as_it_is {
                    return Ok(item.clone());
                }
                self.enter()?;
                self.levels += 1;
                let (seconds, nanos) = time(is_timestamp, item)?;
                some(wkt::value_of_parts(self.py, wrapped, seconds, nanos)?)
            }
            Wrapped::Scalar => {
                let scalar = plan.at(0).filter(|(_, shape)| !shape.kind.is_message());
                let (inner, inner_shape) = some(scalar)?;
                some(self.value(inner, inner_shape, item)?)
            }
            Wrapped::Other => Err(Stop::Refused),
        }
    }

    /// A `google.protobuf.Value`: any value of JSON, in the field of its kind.
    fn value_message(&mut self, plan: &Plan, area: Area<'_>, value: &Bound<'py, PyAny>) -> Outcome {
        let number = if value.is_exact_instance_of::<PyString>() {
            3
        } else if value.is_exact_instance_of::<PyBool>() {
            4
        } else if value.is_none() {
            1
        } else if value.is_exact_instance_of::<PyDict>() {
            5
        } else if value.is_exact_instance_of::<PyList>() || value.is_exact_instance_of::<PyTuple>()
        {
            6
        } else {
            2
        };
        let (field, shape) = some(plan.shape.find(number).and_then(|index| plan.at(index)))?;
        let made = match number {
            1 => some(field.members.as_ref())?.member(self.py, 0)?,
            2 => {
                let number = double(value)?;
                if !number.is_finite() {
                    return Err(Stop::Refused);
                }
                some(self.value(field, shape, value)?)?
            }
            _ => some(self.value(field, shape, value)?)?,
        };
        put(field, area, made)
    }

    fn any(
        &mut self,
        plan: &Plan,
        message: Message<'_, 'py>,
        members: &Bound<'py, PyDict>,
    ) -> Outcome {
        if members.is_empty() {
            return Ok(());
        }
        let mut url = None;
        let mut value = None;
        for (key, item) in quick::entries(members) {
            match utf8(key.cast_exact::<PyString>().map_err(|_| Stop::Refused)?)? {
                "@type" => url = Some(item),
                "value" => value = Some(item),
                _ => {}
            }
        }
        let url = some(url)?;
        unicode(url.cast_exact().map_err(|_| Stop::Refused)?)?;
        let class = self
            .pools
            .packed_class(plan.class.bind(self.py).as_any(), &url)?;
        let inner_plan = crate::plans::plan_of(&class)?;
        let names = Names::of(self.py, &inner_plan)?;
        let inner = if names.form == Form::Fields {
            self.enter()?;
            let made = new_message(self.py, &inner_plan)?;
            let inner = known(&made)?;
            self.fields(&inner_plan, names, inner, members, Some("@type"))?;
            inner.settle(&inner_plan);
            self.levels += 1;
            made
        } else {
            if members.len() != 2 {
                return Err(Stop::Refused);
            }
            self.message(&inner_plan, &some(value)?)?
        };
        special::pack(plan, message, url, &inner)
    }
}

fn dict<'a, 'py>(value: &'a Bound<'py, PyAny>) -> Outcome<&'a Bound<'py, PyDict>> {
    value.cast_exact().map_err(|_| Stop::Refused)
}

fn utf8<'a>(text: &'a Bound<'_, PyString>) -> Outcome<&'a str> {
    text.to_str().map_err(|_| Stop::Refused)
}

/// Refuses text with half of a pair, which has no UTF-8.
#[inline]
fn unicode(text: &Bound<'_, PyString>) -> Outcome {
    if some(value::letters(text))?.have_surrogates() {
        return Err(Stop::Refused);
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss)] // As Python rounds it, to the even one of two that are as near.
fn double(item: &Bound<'_, PyAny>) -> Outcome<f64> {
    if let Ok(held) = item.cast_exact::<PyFloat>() {
        return Ok(held.value());
    }
    if let Ok(word) = item.cast_exact::<PyString>() {
        return double_of_word(utf8(word)?);
    }
    if !item.is_exact_instance_of::<PyInt>() {
        return Err(Stop::Refused);
    }
    match value::int(item) {
        Int::Signed(number) => Ok(number as f64),
        Int::Unsigned(number) => Ok(number as f64),
        Int::Huge | Int::Other => Err(Stop::Refused),
    }
}

/// The seconds and nanoseconds of a time or a duration, given as text.
fn time(is_timestamp: bool, item: &Bound<'_, PyAny>) -> Outcome<(i64, i32)> {
    let text = utf8(item.cast_exact().map_err(|_| Stop::Refused)?)?;
    if is_timestamp {
        time_of(text)
    } else {
        some(parse::duration(text))
    }
}
