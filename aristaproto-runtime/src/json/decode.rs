//! Reads JSON from an `Input` into new messages, along the plans of their classes. Called for `Message.from_json` and `from_dict`.
//!
//! Nothing outside the new message changes, so that the plain codec can start again where something is wrong.

use std::collections::HashSet;
use std::rc::Rc;

use pyo3::prelude::*;
use pyo3::types::PyList;

use super::input::Input;
use super::names::{takes_null, EnumNames, Form, Names};
use super::text_input::TextInput;
use super::value_input::ValueInput;
use super::well_known::{extension, message_of, Pools};
use super::{holds, or_fallback, some, unless_fallback, Outcome, Stop, TypedField};
use crate::jsontext::time::{read_duration, read_timestamp};
use crate::message::header::{new_message, Message};
use crate::message::required::is_complete;
use crate::python::arguments::Invoke;
use crate::python::cpython::{self, RecursionLevel};
use crate::python::growth;
use crate::python::limits::Limits;
use crate::python::values::Pulse;
use crate::schema::datetime;
use crate::schema::field::Wrapped;
use crate::schema::message::{ExtensionField, Field, Plan};
use crate::wire::Kind;

/// A new message of the plan's class from JSON text; `None` for what the plain codec is to read or to refuse. `ignore_unknown`:
/// unknown keys and names of enum values are passed over. `pool`: where extensions and the types of Any are looked up first.
///
/// # Errors
/// `MemoryError`, or what Python raises when a class cannot be resolved, or for Ctrl-C.
pub fn from_json<'py>(
    plan: &Rc<Plan>,
    text: &str,
    ignore_unknown: bool,
    pool: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = pool.py();
    if text.len() as u64 > Limits::current(py)?.size {
        return Ok(None);
    }
    let mut decoder = JsonDecoder::new(plan, ignore_unknown, pool, TextInput::new(py, text))?;
    let start = decoder.input.start();
    match unless_fallback(py, decoder.message(plan, &start))? {
        Some(made) if decoder.input.at_end() => complete(plan, made),
        _ => Ok(None),
    }
}

/// A message of the plan's class from plain values, Python's or those of `ProtoJSON`; else as `from_json`.
///
/// # Errors
/// As `from_json`.
pub fn from_dict<'py>(
    plan: &Rc<Plan>,
    value: &Bound<'py, PyAny>,
    ignore_unknown: bool,
    pool: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let mut decoder = JsonDecoder::new(plan, ignore_unknown, pool, ValueInput::new(pool.py()))?;
    match unless_fallback(pool.py(), decoder.message(plan, value))? {
        Some(made) => complete(plan, made),
        None => Ok(None),
    }
}

/// The message, if all its required fields are set.
fn complete<'py>(plan: &Plan, made: Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    if plan.needs_check(made.py())? {
        // What was a message already may be one of another class.
        let message = Message::known(&made)?;
        if !is_complete(message.plan()?, message)? {
            return Ok(None);
        }
    }
    Ok(Some(made))
}

/// What came up in an object already.
#[derive(Default)]
pub struct Seen {
    fields: Positions,
    oneofs: Positions,
    /// Numbers of extensions.
    extensions: HashSet<u32>,
    /// Keys that name nothing.
    others: HashSet<String>,
    /// The key `@type` is still to come, and is passed over.
    pub(super) type_may_come: bool,
}

impl Seen {
    /// Notes a key that names nothing; refuses one that came up.
    pub(super) fn note(&mut self, key: &str) -> Outcome {
        let is_new = growth::insert(&mut self.others, growth::owned(key)?)?;
        holds(is_new)
    }
}

/// What a key names that is none of the usual names of a field.
enum KeyTarget {
    /// The field at a position of the plan.
    Field(usize),
    Extension(Rc<ExtensionField>),
    /// Nothing that is known.
    Nothing,
}

/// Positions that came up, as bits.
#[derive(Default)]
struct Positions {
    first: u64,
    others: Vec<u64>,
}

impl Positions {
    /// Notes a position; refuses one that came up.
    #[inline]
    fn note(&mut self, position: usize) -> Outcome {
        let word = match (position / 64).checked_sub(1) {
            None => &mut self.first,
            Some(index) => {
                if self.others.len() <= index {
                    let more = index + 1 - self.others.len();
                    self.others
                        .try_reserve(more)
                        .map_err(growth::out_of_memory)?;
                    self.others.resize(index + 1, 0);
                }
                some(self.others.get_mut(index))?
            }
        };
        let bit = 1 << (position % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        holds(is_new)
    }
}

/// A walk over the objects and arrays that stand for a message.
pub struct JsonDecoder<'py, I> {
    pub(super) py: Python<'py>,
    pub(super) ignore_unknown: bool,
    pub(super) pools: Pools<'py>,
    /// Levels of messages that may follow.
    pub(super) levels: u32,
    /// Messages that may follow.
    messages: u64,
    pulse: Pulse,
    /// An Any around here was looked through for its type, which did not come first.
    pub(super) is_looked_through: bool,
    pub(super) input: I,
}

impl<'py, I: Input<'py>> JsonDecoder<'py, I> {
    fn new(
        plan: &Plan,
        ignore_unknown: bool,
        pool: &Bound<'py, PyAny>,
        input: I,
    ) -> PyResult<Self> {
        let limits = Limits::current(pool.py())?;
        Ok(Self {
            py: pool.py(),
            ignore_unknown,
            pools: Pools::new(pool, plan),
            // The outermost message is not inside another one.
            levels: limits.levels().saturating_add(1),
            messages: limits.messages,
            pulse: Pulse::default(),
            is_looked_through: false,
            input,
        })
    }

    /// Answers Ctrl-C from time to time.
    #[inline]
    fn pass_value(&mut self) -> Outcome {
        self.pulse.is_due(self.py)?;
        Ok(())
    }

    /// Goes one level of messages down.
    pub(super) fn enter(&mut self) -> Outcome<RecursionLevel<'py>> {
        self.levels = some(self.levels.checked_sub(1))?;
        self.messages = some(self.messages.checked_sub(1))?;
        self.pass_value()?;
        Ok(RecursionLevel::enter(self.py)?)
    }

    pub(super) fn message(&mut self, plan: &Plan, value: &I::Value) -> Outcome<Bound<'py, PyAny>> {
        let _level = self.enter()?;
        let made = match self.input.message(value) {
            Some(made) => {
                message_of(&made, plan)?;
                made
            }
            None => self.new_message(plan, value)?,
        };
        self.levels += 1;
        Ok(made)
    }

    fn new_message(&mut self, plan: &Plan, value: &I::Value) -> Outcome<Bound<'py, PyAny>> {
        let made = new_message(self.py, plan)?;
        let message = Message::known(&made)?;
        let names = Names::of(self.py, plan)?;
        match names.form {
            Form::Fields => self.object(plan, names, message, value)?,
            Form::Struct => {
                let field = some(plan.at(0))?;
                put(field.0, message, self.map(field, value)?)?;
            }
            Form::ListValue => {
                let field = some(plan.at(0))?;
                put(field.0, message, self.list(field, value)?)?;
            }
            Form::Value => self.json_value(plan, message, value)?,
            Form::Time(wrapped) => match self.time(wrapped, value)? {
                Some((seconds, nanos)) => {
                    put_numbered(plan, message, 1, cpython::int(self.py, seconds)?)?;
                    put_numbered(plan, message, 2, cpython::int(self.py, nanos.into())?)?;
                }
                None => return self.input.converted_message(value, plan),
            },
            Form::FieldMask => match self.input.text(value, snake_paths)? {
                Some(paths) => {
                    let paths = PyList::new(self.py, paths)?;
                    put_numbered(plan, message, 1, paths.into_any())?;
                }
                None => return self.input.converted_message(value, plan),
            },
            Form::Wrapper => {
                let (field, shape) = some(plan.at(0))?;
                put(field, message, some(self.value((field, shape), value)?)?)?;
            }
            Form::Any => self.any(plan, message, value)?,
            Form::Other => return Err(Stop::Fallback),
        }
        Ok(made)
    }

    /// Reads an object into the fields of a new message.
    fn object(
        &mut self,
        plan: &Plan,
        names: &Names,
        message: Message<'_, 'py>,
        value: &I::Value,
    ) -> Outcome {
        let members = self.input.members(value)?;
        self.fields(plan, names, message, members, Seen::default())
    }

    /// Reads members of an object into the fields of a new message. Those that were `seen` are not to come again.
    pub(super) fn fields(
        &mut self,
        plan: &Plan,
        names: &Names,
        message: Message<'_, 'py>,
        mut members: I::Members,
        mut seen: Seen,
    ) -> Outcome {
        while let Some((key, value)) = self.input.next_member(&mut members)? {
            let name = self.input.name(&key)?;
            let index = match names.find(name) {
                Some(index) => index,
                None => match self.other_key(plan, names, name, &mut seen)? {
                    KeyTarget::Field(index) => index,
                    KeyTarget::Extension(extension) => {
                        self.extension(&extension, message, &value)?;
                        continue;
                    }
                    KeyTarget::Nothing => {
                        self.input.skip(&value)?;
                        continue;
                    }
                },
            };
            let (field, shape) = some(plan.at(index))?;
            seen.fields.note(index)?;
            if !names.takes_null(index) && self.input.take_null(&value) {
                continue;
            }
            if field.oneof > 0 {
                seen.oneofs.note(field.oneof as usize)?;
            }
            if let Some(made) = self.field((field, shape), &value)? {
                put(field, message, made)?;
            }
        }
        Ok(())
    }

    /// What a key names that is none of the usual names of a field.
    #[cold]
    fn other_key(
        &self,
        plan: &Plan,
        names: &Names,
        key: &str,
        seen: &mut Seen,
    ) -> Outcome<KeyTarget> {
        if seen.type_may_come && key == TYPE {
            seen.note(key)?;
            return Ok(KeyTarget::Nothing);
        }
        if let Some(name) = key.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
            let found = self.pools.extension_field(plan, name)?;
            if !found.is_none() {
                let found = extension(plan, &found)?;
                holds(growth::insert(&mut seen.extensions, found.shape.number)?)?;
                return Ok(KeyTarget::Extension(found));
            }
        } else if let Some(index) = names.in_another_casing(self.py, plan, key)? {
            return Ok(KeyTarget::Field(index));
        }
        holds(self.ignore_unknown)?;
        seen.note(key)?;
        Ok(KeyTarget::Nothing)
    }

    fn extension(
        &mut self,
        extension: &ExtensionField,
        message: Message<'_, 'py>,
        value: &I::Value,
    ) -> Outcome {
        if !takes_null(self.py, &extension.field)? && self.input.take_null(value) {
            return Ok(());
        }
        if let Some(made) = self.field((&extension.field, &extension.shape), value)? {
            let python = extension.field.python.bind(self.py);
            python.getattr("set")?.invoke((message.object(), made))?;
        }
        Ok(())
    }

    /// Reads what an attribute is to hold; nothing for an enum value that is passed over.
    fn field(
        &mut self,
        field: TypedField<'_>,
        value: &I::Value,
    ) -> Outcome<Option<Bound<'py, PyAny>>> {
        if field.1.repeated {
            self.list(field, value).map(Some)
        } else if field.1.entry.is_some() {
            self.map(field, value).map(Some)
        } else {
            self.value(field, value)
        }
    }

    fn list(&mut self, field: TypedField<'_>, value: &I::Value) -> Outcome<Bound<'py, PyAny>> {
        let mut elements = self.input.elements(value)?;
        let list = cpython::empty_list(self.py)?;
        while let Some(item) = self.input.next_element(&mut elements)? {
            self.pass_value()?;
            if let Some(made) = self.value(field, &item)? {
                list.append(made)?;
            }
        }
        Ok(list.into_any())
    }

    fn map(
        &mut self,
        (field, shape): TypedField<'_>,
        value: &I::Value,
    ) -> Outcome<Bound<'py, PyAny>> {
        let (entry, shapes) = some(field.entry.as_ref().zip(shape.entry.as_ref()))?;
        let mut members = self.input.members(value)?;
        let dict = cpython::dict(self.py)?;
        let mut count = 0;
        // Keys whose values are passed over, which are not to come again either.
        let mut without_value = Vec::new();
        while let Some((key, item)) = self.input.next_member(&mut members)? {
            self.pass_value()?;
            let is_common = count < crate::python::key_cache::FEW;
            let key = self
                .input
                .map_key(key, &entry.0, shapes.0.kind, is_common)?;
            if let Some(made) = self.value((&entry.1, &shapes.1), &item)? {
                dict.set_item(key, made)?;
            } else {
                dict.set_item(&key, self.py.None())?;
                growth::push(&mut without_value, key)?;
            }
            count += 1;
            holds(dict.len() == count)?;
        }
        for key in without_value {
            dict.del_item(key)?;
        }
        Ok(dict.into_any())
    }

    /// Reads one value; nothing for an enum value that is passed over.
    pub(super) fn value(
        &mut self,
        (field, shape): TypedField<'_>,
        value: &I::Value,
    ) -> Outcome<Option<Bound<'py, PyAny>>> {
        match shape.kind {
            Kind::Message | Kind::Group => self.message_value((field, shape), value),
            Kind::Enum => self.enum_value(field, value),
            kind => self.input.scalar(value, field, kind).map(Some),
        }
    }

    fn enum_value(
        &mut self,
        field: &Field,
        value: &I::Value,
    ) -> Outcome<Option<Bound<'py, PyAny>>> {
        let (py, ignore) = (self.py, self.ignore_unknown);
        let values = some(field.enum_values.as_ref())?;
        let names = values.names(py)?;
        let is_null = matches!(names, EnumNames::Null);
        let number_of = |name: &str| match names.number_of(name) {
            Some(number) => some(values.find(py, number)?).map(Some),
            None => holds(ignore && !is_null).map(|()| None),
        };
        if let Some(found) = self.input.text(value, number_of)? {
            return Ok(found);
        }
        if is_null && self.input.take_null(value) {
            return Ok(Some(values.member(py, 0)?));
        }
        let number = self.input.enum_number(value, field)?;
        if !values.closed {
            return Ok(Some(values.member(py, number)?));
        }
        let found = values.find(py, number)?;
        holds(ignore || found.is_some())?;
        Ok(found)
    }

    fn message_value(
        &mut self,
        (field, shape): TypedField<'_>,
        value: &I::Value,
    ) -> Outcome<Option<Bound<'py, PyAny>>> {
        let plan = field.plan(self.py, shape)?;
        match field.wrapped {
            Wrapped::No => return self.message(&plan, value).map(Some),
            Wrapped::Timestamp | Wrapped::Duration => {
                if let Some(made) = self.input.time_object(value, field.wrapped) {
                    return Ok(Some(made));
                }
                let _level = self.enter()?;
                self.levels += 1;
                let Some((seconds, nanos)) = self.time(field.wrapped, value)? else {
                    return self.input.converted(value, field).map(Some);
                };
                let made = datetime::value_of_parts(self.py, field.wrapped, seconds, nanos)?;
                return some(made).map(Some);
            }
            Wrapped::Scalar if self.input.message(value).is_none() => {
                let scalar = plan.at(0).filter(|(_, shape)| !shape.kind.is_message());
                return self.value(some(scalar)?, value);
            }
            Wrapped::Scalar | Wrapped::Other => {}
        }
        let made = self.message(&plan, value)?;
        or_fallback(made.call_method0("to_wrapped"), self.py).map(Some)
    }

    /// The seconds and nanoseconds of a time or a duration; nothing for a value that is not text of the usual form, and is not
    /// taken.
    fn time(&mut self, wrapped: Wrapped, value: &I::Value) -> Outcome<Option<(i64, i32)>> {
        let read = |text: &str| {
            Ok(match wrapped {
                Wrapped::Timestamp => read_timestamp(text),
                _ => read_duration(text),
            })
        };
        Ok(self.input.text(value, read)?.flatten())
    }
}

/// The key of an Any under which the URL of its type is.
pub const TYPE: &str = "@type";

/// Puts a value into the slot of its field in a new message.
pub fn put(field: &Field, message: Message<'_, '_>, made: Bound<'_, PyAny>) -> Outcome {
    message.slots().put(some(field.slot())?, made);
    Ok(())
}

/// The same, given the number of the field.
pub fn put_numbered(
    plan: &Plan,
    message: Message<'_, '_>,
    number: u32,
    made: Bound<'_, PyAny>,
) -> Outcome {
    put(some(plan.numbered(number))?.0, message, made)
}

/// The paths of a `FieldMask`'s text.
fn snake_paths(text: &str) -> Outcome<Vec<String>> {
    holds(!text.contains('_'))?;
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let snake = |path: &str| -> PyResult<String> {
        let mut made = String::new();
        let underscores = path.bytes().filter(u8::is_ascii_uppercase).count();
        made.try_reserve(path.len() + underscores)
            .map_err(growth::out_of_memory)?;
        for letter in path.chars() {
            if letter.is_ascii_uppercase() {
                made.push('_');
            }
            made.push(letter.to_ascii_lowercase());
        }
        Ok(made)
    };
    Ok(growth::collect(text.split(',').map(snake))?)
}
