//! Walks a message along the plan of its class and makes plain Python values: those of `ProtoJSON`, or Python's own. Called for
//! `Message.to_dict`.
//!
//! What is not usual is left to the plain codec, as in `encode`.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyList, PyString};

use crate::api::Limits;
use crate::decode::read_pending;
use crate::encode::Stop;
use crate::int::Long;
use crate::json::names::{Form, MemberNames, Names};
use crate::json::scalars::{float_of, int_of, number_of};
use crate::json::special::{self, Pools, Unwrapped};
use crate::json::writers::{is_text, word_of};
use crate::json::{digits, number, some, text, Outcome};
use crate::object::Message;
use crate::plan::{Field, Plan, Wrapped};
use crate::quick;
use crate::shape::{FieldShape, Kind};
use crate::value::{self, Int};
use crate::wkt;

/// What a call of `to_dict` asks for.
#[derive(Clone, Copy)]
pub struct Options {
    /// Values are Python's, not those of `ProtoJSON`.
    pub python: bool,
    /// Keys are proto names.
    pub snake: bool,
    /// Fields at their default are put out, too.
    pub defaults: bool,
}

/// A message as plain values; `None` for what the plain codec is to do. `pool`: where the types of Any are looked up first.
///
/// # Errors
/// What Python raises when a class cannot be resolved.
pub fn to_dict<'py>(
    object: &Bound<'py, PyAny>,
    options: Options,
    pool: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = object.py();
    let Some(message) = Message::of(object) else {
        return Ok(None);
    };
    let plan = message.plan()?;
    let mut dumper = Dumper {
        py,
        options,
        pools: Pools::new(pool, plan),
        // The outermost message is not inside another one.
        levels: Limits::current(py)?.levels().saturating_add(1),
    };
    match dumper.message(plan, message) {
        Ok(made) => Ok(Some(made)),
        Err(Stop::Refused) => Ok(None),
        Err(Stop::Python(error)) => Err(*error),
    }
}

struct Dumper<'py> {
    py: Python<'py>,
    options: Options,
    pools: Pools<'py>,
    /// Levels of messages that may follow.
    levels: u32,
}

impl<'py> Dumper<'py> {
    fn message(&mut self, plan: &Plan, message: Message<'_, 'py>) -> Outcome<Bound<'py, PyAny>> {
        self.levels = some(self.levels.checked_sub(1))?;
        if message.is_pending() {
            read_pending(message)?;
        }
        let names = Names::of(self.py, plan)?;
        let made = match names.form {
            Form::Fields => {
                let dict = PyDict::new(self.py);
                self.members(plan, names, message, &dict)?;
                dict.into_any()
            }
            Form::Struct | Form::ListValue => self.collection(plan, message, names.form)?,
            Form::Value => self.value_message(plan, names, message)?,
            Form::Timestamp | Form::Duration => {
                let wrapped = if names.form == Form::Timestamp {
                    Wrapped::Timestamp
                } else {
                    Wrapped::Duration
                };
                let (seconds, nanos) = special::parts(plan, message)?;
                if self.options.python {
                    some(wkt::value_of_parts(self.py, wrapped, seconds, nanos)?)?
                } else {
                    self.time(wrapped, seconds, nanos)?
                }
            }
            Form::FieldMask => self.field_mask(plan, message)?,
            Form::Wrapper => {
                let (field, shape, held) = special::held(plan, message, 1)?;
                let held = held.unwrap_or_else(|| field.default.bind(self.py).clone());
                self.value(field, shape, &held)?
            }
            Form::Any => self.any(plan, message)?,
            Form::Other => return Err(Stop::Refused),
        };
        self.levels += 1;
        Ok(made)
    }

    fn members(
        &mut self,
        plan: &Plan,
        names: &Names,
        message: Message<'_, 'py>,
        dict: &Bound<'py, PyDict>,
    ) -> Outcome {
        let area = message.area();
        let keys = names.keys(self.options.snake);
        for (index, (_, slot)) in area.each(&names.slots).enumerate() {
            if slot.is_empty() && !self.options.defaults {
                continue;
            }
            let held = slot.get(self.py);
            let (Some((field, shape)), Some(key)) = (plan.at(index), keys.text.get(index)) else {
                continue;
            };
            let mut made = match &held {
                Some(held) => self.field(field, shape, held)?,
                None => None,
            };
            if made.is_none() && self.options.defaults {
                made = self.default(field, shape, names.takes_null(index))?;
            }
            if let Some(made) = made {
                dict.set_item(key, made)?;
            }
        }
        if plan.extensions.is_some_and(|slot| !area.is_empty(slot)) {
            self.extensions(plan, message, dict)?;
        }
        Ok(())
    }

    #[cold]
    fn extensions(
        &mut self,
        plan: &Plan,
        message: Message<'_, 'py>,
        dict: &Bound<'py, PyDict>,
    ) -> Outcome {
        for (learned, held) in special::extensions(plan, message)? {
            let key = special::extension_key(self.py, &learned, self.options.snake)?;
            match self.field(&learned.field, &learned.shape, &held)? {
                Some(made) => dict.set_item(key, made)?,
                None if self.options.defaults => return Err(Stop::Refused),
                None => {}
            }
        }
        Ok(())
    }

    /// What stands for an unset field, if anything does.
    fn default(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        takes_null: bool,
    ) -> Outcome<Option<Bound<'py, PyAny>>> {
        if shape.repeated {
            return Ok(Some(PyList::empty(self.py).into_any()));
        }
        if shape.entry.is_some() {
            return Ok(Some(PyDict::new(self.py).into_any()));
        }
        if !field.presence {
            let default = field.default.bind(self.py).clone();
            return self.value(field, shape, &default).map(Some);
        }
        // Null would set it.
        Ok((!takes_null).then(|| self.py.None().into_bound(self.py)))
    }

    /// What an attribute holds; nothing if that is the field's default.
    fn field(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        held: &Bound<'py, PyAny>,
    ) -> Outcome<Option<Bound<'py, PyAny>>> {
        if held.is_none() {
            return if field.presence || shape.repeated || shape.entry.is_some() {
                Ok(None)
            } else {
                Err(Stop::Refused)
            };
        }
        if shape.repeated {
            let list = held.cast_exact::<PyList>().map_err(|_| Stop::Refused)?;
            if list.is_empty() {
                return Ok(None);
            }
            return self.list(field, shape, list).map(Some);
        }
        if let (Some(entry), Some(shapes)) = (&field.entry, &shape.entry) {
            let dict = held.cast_exact::<PyDict>().map_err(|_| Stop::Refused)?;
            if dict.is_empty() {
                return Ok(None);
            }
            return self.map(entry, shapes, dict).map(Some);
        }
        if !field.presence && is_zero(shape.kind, held)? {
            return Ok(None);
        }
        self.value(field, shape, held).map(Some)
    }

    fn list(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        list: &Bound<'py, PyList>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let made = PyList::empty(self.py);
        value::for_each(list, |_, item| {
            made.append(self.value(field, shape, &item)?)
                .map_err(Stop::from)
        })?;
        Ok(made.into_any())
    }

    fn map(
        &mut self,
        entry: &(Field, Field),
        shapes: &(FieldShape, FieldShape),
        dict: &Bound<'py, PyDict>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let made = PyDict::new(self.py);
        for (key, item) in quick::entries(dict) {
            let is_string = key.is_exact_instance_of::<PyString>();
            if is_string != (shapes.0.kind == Kind::String) {
                return Err(Stop::Refused);
            }
            let key = if is_string {
                self.value(&entry.0, &shapes.0, &key)?
            } else if self.options.python {
                // What runs no code of its own when it is hashed.
                if !value::is_exact_scalar(&key) {
                    return Err(Stop::Refused);
                }
                key
            } else if let Ok(truth) = key.cast_exact::<PyBool>() {
                if shapes.0.kind != Kind::Bool {
                    return Err(Stop::Refused);
                }
                let word = if truth.is_true() { "true" } else { "false" };
                PyString::intern(self.py, word).into_any()
            } else {
                self.int_text(int_of(shapes.0.kind, &key)?)?
            };
            made.set_item(key, self.value(&entry.1, &shapes.1, &item)?)?;
        }
        Ok(made.into_any())
    }

    /// One value, zero or not.
    fn value(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        item: &Bound<'py, PyAny>,
    ) -> Outcome<Bound<'py, PyAny>> {
        match shape.kind {
            Kind::Message | Kind::Group => self.message_value(field, shape, item),
            Kind::Enum => self.member(field, item),
            // Whatever it is.
            _ if self.options.python => Ok(item.clone()),
            Kind::String => {
                let held = item.cast_exact::<PyString>().map_err(|_| Stop::Refused)?;
                if some(value::letters(held))?.have_surrogates() {
                    return Err(Stop::Refused);
                }
                Ok(item.clone())
            }
            Kind::Bytes => {
                let held = item.cast_exact::<PyBytes>().map_err(|_| Stop::Refused)?;
                let bytes = held.as_bytes();
                let mut room = vec![0; text::base64_length(bytes)];
                text::base64(bytes, &mut room);
                self.written(&room)
            }
            Kind::Bool => {
                item.cast_exact::<PyBool>().map_err(|_| Stop::Refused)?;
                Ok(item.clone())
            }
            Kind::Double | Kind::Float => {
                let number = float_of(item)?;
                if let Some(word) = word_of(number) {
                    return Ok(PyString::intern(self.py, word).into_any());
                }
                if shape.kind == Kind::Double {
                    return Ok(item.clone());
                }
                let read = |text: &[u8]| std::str::from_utf8(text).ok()?.parse().ok();
                let short: f64 = some(number::float(number, read).flatten())?;
                Ok(PyFloat::new(self.py, short).into_any())
            }
            kind => {
                let found = int_of(kind, item)?;
                if is_text(kind) {
                    self.int_text(found)
                } else {
                    Ok(item.clone())
                }
            }
        }
    }

    fn int_text(&self, number: Long) -> Outcome<Bound<'py, PyAny>> {
        self.written(digits::int(number.magnitude, number.negative).bytes())
    }

    fn written(&self, text: &[u8]) -> Outcome<Bound<'py, PyAny>> {
        Ok(value::ascii_string(self.py, text)?.into_any())
    }

    fn member(&mut self, field: &Field, item: &Bound<'py, PyAny>) -> Outcome<Bound<'py, PyAny>> {
        let members = some(field.members.as_ref())?;
        let number = number_of(item)?;
        if self.options.python {
            return special::member_numbered(self.py, members, number);
        }
        match members.names(self.py)? {
            MemberNames::Null => Ok(self.py.None().into_bound(self.py)),
            names @ MemberNames::Known { .. } => match names.name_of(number) {
                Some(name) => Ok(name.text.bind(self.py).clone().into_any()),
                None if members.closed => Err(Stop::Refused),
                None => Ok(value::int_object(self.py, i64::from(number))),
            },
        }
    }

    fn message_value(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        item: &Bound<'py, PyAny>,
    ) -> Outcome<Bound<'py, PyAny>> {
        if self.options.python && field.wrapped != Wrapped::No {
            return Ok(item.clone());
        }
        let plan = field.plan(self.py, shape)?;
        match field.wrapped {
            Wrapped::No => {
                if let Some(message) = Message::exactly(item, &plan) {
                    return self.message(&plan, message);
                }
                let message = special::message_of(item, &plan)?;
                self.message(message.plan()?, message)
            }
            Wrapped::Scalar => {
                let scalar = plan.at(0).filter(|(_, shape)| !shape.kind.is_message());
                let (inner, inner_shape) = some(scalar)?;
                self.value(inner, inner_shape, item)
            }
            wrapped => match special::unwrapped(wrapped, item, &plan)? {
                Unwrapped::Parts(seconds, nanos) => {
                    some(self.levels.checked_sub(1))?;
                    self.time(wrapped, seconds, nanos)
                }
                Unwrapped::Message(made) => {
                    let message = some(Message::of(&made))?;
                    self.message(message.plan()?, message)
                }
            },
        }
    }

    fn time(&mut self, wrapped: Wrapped, seconds: i64, nanos: i32) -> Outcome<Bound<'py, PyAny>> {
        let line = special::time(wrapped == Wrapped::Timestamp, seconds, nanos);
        self.written(some(line)?.bytes())
    }

    /// A Struct or a `ListValue`.
    fn collection(
        &mut self,
        plan: &Plan,
        message: Message<'_, 'py>,
        form: Form,
    ) -> Outcome<Bound<'py, PyAny>> {
        let (field, shape, held) = special::held(plan, message, 1)?;
        let Some(held) = held else {
            return Ok(if form == Form::Struct {
                PyDict::new(self.py).into_any()
            } else {
                PyList::empty(self.py).into_any()
            });
        };
        if form == Form::ListValue {
            return self.list(field, shape, held.cast_exact().map_err(|_| Stop::Refused)?);
        }
        let (entry, shapes) = some(field.entry.as_ref().zip(shape.entry.as_ref()))?;
        self.map(entry, shapes, held.cast_exact().map_err(|_| Stop::Refused)?)
    }

    fn value_message(
        &mut self,
        plan: &Plan,
        names: &Names,
        message: Message<'_, 'py>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let Some((field, shape, held)) = special::kind_of_value(plan, names, message)? else {
            return Ok(self.py.None().into_bound(self.py));
        };
        if shape.kind == Kind::Enum {
            return Ok(self.py.None().into_bound(self.py));
        }
        if shape.kind != Kind::Double || self.options.python {
            return self.value(field, shape, &held);
        }
        Ok(match special::json_number(float_of(&held)?)? {
            special::Number::Whole(number) => value::int_object(self.py, number),
            special::Number::Double(_) => held,
        })
    }

    fn field_mask(&mut self, plan: &Plan, message: Message<'_, 'py>) -> Outcome<Bound<'py, PyAny>> {
        if !self.options.python {
            let joined = special::camel_paths(plan, message)?;
            return Ok(PyString::new(self.py, &joined).into_any());
        }
        let paths = PyList::empty(self.py);
        if let Some(held) = special::held(plan, message, 1)?.2 {
            let list = held.cast_exact::<PyList>().map_err(|_| Stop::Refused)?;
            for path in list.iter() {
                paths.append(path)?;
            }
        }
        let dict = PyDict::new(self.py);
        dict.set_item("paths", paths)?;
        Ok(dict.into_any())
    }

    fn any(&mut self, plan: &Plan, message: Message<'_, 'py>) -> Outcome<Bound<'py, PyAny>> {
        let dict = PyDict::new(self.py);
        let Some((url, inner)) = special::packed(plan, message, &self.pools)? else {
            dict.set_item("@type", "")?;
            return Ok(dict.into_any());
        };
        dict.set_item("@type", url)?;
        let inner = some(Message::of(&inner))?;
        let inner_plan = inner.plan()?;
        let names = Names::of(self.py, inner_plan)?;
        if names.form == Form::Fields {
            self.levels = some(self.levels.checked_sub(1))?;
            if inner.is_pending() {
                read_pending(inner)?;
            }
            self.members(inner_plan, names, inner, &dict)?;
            self.levels += 1;
        } else {
            dict.set_item("value", self.message(inner_plan, inner)?)?;
        }
        Ok(dict.into_any())
    }
}

/// Whether a value of a field without presence is the zero of its type, which is not written.
fn is_zero(kind: Kind, held: &Bound<'_, PyAny>) -> Outcome<bool> {
    Ok(match kind {
        Kind::String => {
            let held = held.cast_exact::<PyString>().map_err(|_| Stop::Refused)?;
            held.is_empty()?
        }
        Kind::Bytes => held
            .cast_exact::<PyBytes>()
            .map_err(|_| Stop::Refused)?
            .as_bytes()
            .is_empty(),
        Kind::Double | Kind::Float => float_of(held)?.to_bits() == 0,
        Kind::Message | Kind::Group => false,
        _ => match value::int(held) {
            Int::Signed(number) => number == 0,
            Int::Unsigned(_) => false,
            Int::Huge | Int::Other => return Err(Stop::Refused),
        },
    })
}
