//! Walks a message along the plan of its class, and writes JSON to an `Output`.
//!
//! Each message is gone through once, in the order of its fields; what is still to be read of it is read when the walk meets it.

use std::cell::RefCell;
use std::rc::Rc;

use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};

use super::imports::imports;
use super::names::{takes_null, EnumNames, Form, Names};
use super::options::{to_json_options, JsonOptions};
use super::output::{JsonFormat, JsonKey, Output};
use super::scalars::{int_of, Scalar};
use super::text_output::TextOutput;
use super::value_output::ValueOutput;
use super::well_known::{extension, message_of, Pools};
use super::{or_fallback, some, unless_fallback, Outcome, Stop, TypedField};
use crate::binary::decoder::read_pending;
use crate::jsontext::writer::TextWriter;
use crate::message::header::Message;
use crate::message::required::is_complete;
use crate::python::arguments::{Arguments, Invoke};
use crate::python::cpython::RecursionLevel;
use crate::python::growth;
use crate::python::imports::api;
use crate::python::limits::Limits;
use crate::python::values::{self, Pulse};
use crate::schema::datetime;
use crate::schema::field::Wrapped;
use crate::schema::message::{ExtensionField, Field, Plan};
use crate::schema::wire_table::FieldShape;
use crate::wire::Kind;

/// The text of a message; `None` for what the plain codec is to write or to refuse.
///
/// # Errors
/// What Python raises when a class cannot be resolved, or for Ctrl-C; `MemoryError`.
pub fn to_json<'py>(
    object: &Bound<'py, PyAny>,
    arguments: Arguments<'_, 'py>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = object.py();
    let Some(message) = Message::of(object) else {
        return Ok(None);
    };
    let Some((options, indent, pool)) = to_json_options(py, arguments)? else {
        return Ok(None);
    };
    let plan = message.plan()?;
    // Code that is called meanwhile may write another message, and gets a writer of its own.
    let writer = WRITER.with_borrow_mut(Option::take).unwrap_or_default();
    let output = TextOutput::new(indent, writer);
    let mut encoder = JsonEncoder::new(plan, options, &pool, output)?;
    if unless_fallback(py, encoder.message(plan, message))?.is_none()
        || plan.needs_check(py)? && !is_complete(plan, message)?
    {
        return Ok(None);
    }
    let mut writer = encoder.out.into_writer();
    let Ok(text) = writer.finish() else {
        return Err(PyMemoryError::new_err("no memory for the text"));
    };
    let made = values::string(py, text)?;
    writer.reset();
    WRITER.set(Some(writer));
    Ok(Some(made))
}

thread_local! {
    /// The memory of the text that was written last.
    static WRITER: RefCell<Option<TextWriter>> = const { RefCell::new(None) };
}

/// A message as plain values, Python's or those of `ProtoJSON`; `None` for what the plain codec is to do. `pool`: where the types
/// of Any are looked up first.
///
/// # Errors
/// As `to_json`.
pub fn to_dict<'py>(
    object: &Bound<'py, PyAny>,
    options: JsonOptions,
    is_python: bool,
    pool: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let Some(message) = Message::of(object) else {
        return Ok(None);
    };
    let plan = message.plan()?;
    let output = ValueOutput::new(object.py(), is_python);
    unless_fallback(
        object.py(),
        JsonEncoder::new(plan, options, pool, output)?.message(plan, message),
    )
}

/// A walk over a message and the messages in it.
pub struct JsonEncoder<'py, O> {
    pub(super) py: Python<'py>,
    options: JsonOptions,
    pub(super) pools: Pools<'py>,
    /// Levels of messages that may follow.
    pub(super) levels: u32,
    pulse: Pulse,
    pub(super) out: O,
}

impl<'py, O: Output<'py>> JsonEncoder<'py, O> {
    fn new(plan: &Plan, options: JsonOptions, pool: &Bound<'py, PyAny>, out: O) -> PyResult<Self> {
        Ok(Self {
            py: pool.py(),
            options,
            pools: Pools::new(pool, plan),
            // The outermost message is not inside another one.
            levels: Limits::current(pool.py())?.levels().saturating_add(1),
            pulse: Pulse::default(),
            out,
        })
    }

    pub(super) fn is_python(&self) -> bool {
        self.out.format() == JsonFormat::Python
    }

    /// Looks, from time to time, whether to go on.
    #[inline]
    fn pass_value(&mut self) -> Outcome {
        if self.pulse.is_due(self.py)? && self.out.is_exhausted() {
            return Err(PyMemoryError::new_err("no memory for the text").into());
        }
        Ok(())
    }

    pub(super) fn message(
        &mut self,
        plan: &Plan,
        message: Message<'_, 'py>,
    ) -> Outcome<O::Written> {
        let _level = self.enter(message)?;
        let names = Names::of(self.py, plan)?;
        let written = match names.form {
            Form::Fields => {
                let mut object = self.out.begin_object()?;
                self.members(plan, names, message, &mut object)?;
                self.out.end_object(object)
            }
            form => self.special(form, plan, message)?,
        };
        self.levels += 1;
        Ok(written)
    }

    /// Goes one level of messages down.
    pub(super) fn enter(&mut self, message: Message<'_, 'py>) -> Outcome<RecursionLevel<'py>> {
        self.levels = some(self.levels.checked_sub(1))?;
        self.pass_value()?;
        if message.is_pending() {
            read_pending(message)?;
        }
        Ok(RecursionLevel::enter(self.py)?)
    }

    /// Writes the fields of a message as members of an object.
    pub(super) fn members(
        &mut self,
        plan: &Plan,
        names: &Names,
        message: Message<'_, 'py>,
        object: &mut O::Object,
    ) -> Outcome {
        let slots = message.slots();
        let keys = names.keys(self.options.snake);
        for (index, ((), slot)) in slots.each(&plan.offsets).enumerate() {
            if slot.is_empty() && !self.options.defaults {
                continue;
            }
            // The last slots are no fields'.
            let Some(field) = plan.at(index) else {
                break;
            };
            let key = JsonKey::Field(keys, index);
            let is_set = match &slot.get(self.py) {
                Some(held) => self.field(field, key, held, object)?,
                None => false,
            };
            if !is_set && self.options.defaults {
                self.default(field, key, names.takes_null(index), object)?;
            }
        }
        if plan
            .extensions_slot
            .is_some_and(|slot| !slots.is_empty(slot))
        {
            self.extensions(plan, message, object)?;
        }
        Ok(())
    }

    #[cold]
    fn extensions(
        &mut self,
        plan: &Plan,
        message: Message<'_, 'py>,
        object: &mut O::Object,
    ) -> Outcome {
        for (extension, held) in extensions(plan, message)? {
            let name = if self.options.snake {
                "proto_name"
            } else {
                "json_name"
            };
            let key = extension.field.python.bind(self.py).getattr(name)?;
            let key = JsonKey::Text(key.cast::<PyString>()?);
            let field = (&extension.field, &*extension.shape);
            if !self.field(field, key, &held, object)? && self.options.defaults {
                let takes_null = takes_null(self.py, &extension.field)?;
                self.default(field, key, takes_null, object)?;
            }
        }
        Ok(())
    }

    /// Writes what stands for an unset field, if anything does.
    #[cold]
    fn default(
        &mut self,
        (field, shape): TypedField<'_>,
        key: JsonKey<'_, 'py>,
        takes_null: bool,
        object: &mut O::Object,
    ) -> Outcome {
        if field.presence && takes_null && !shape.repeated && shape.entry.is_none() {
            // Null would set it.
            return Ok(());
        }
        self.out.key(object, key)?;
        let written = if shape.repeated {
            let array = self.out.begin_array()?;
            self.out.end_array(array)
        } else if shape.entry.is_some() {
            let empty = self.out.begin_object()?;
            self.out.end_object(empty)
        } else if field.presence {
            self.out.null()
        } else {
            self.value((field, shape), field.default.bind(self.py))?
        };
        self.out.member(object, written)
    }

    /// Writes a field as a member, unless it holds its default; gives whether it did.
    fn field(
        &mut self,
        (field, shape): TypedField<'_>,
        key: JsonKey<'_, 'py>,
        held: &Bound<'py, PyAny>,
        object: &mut O::Object,
    ) -> Outcome<bool> {
        let is_single = !shape.repeated && shape.entry.is_none();
        if held.is_none() && (field.presence || !is_single) {
            return Ok(false);
        }
        let written = if shape.repeated {
            let list = list_of(held)?;
            if list.is_empty() {
                return Ok(false);
            }
            self.out.key(object, key)?;
            self.list((field, shape), &list)?
        } else if let (Some(entry), Some(shapes)) = (&field.entry, &shape.entry) {
            let entries = entries_of(held)?;
            if entries.is_empty() {
                return Ok(false);
            }
            self.out.key(object, key)?;
            self.map(entry, shapes, &entries)?
        } else {
            let scalar = Scalar::of(shape.kind, held);
            if !field.presence && self.is_zero(field, shape, scalar, held)? {
                return Ok(false);
            }
            self.out.key(object, key)?;
            match scalar {
                Some(scalar) => self.out.scalar(scalar, held)?,
                None => self.value((field, shape), held)?,
            }
        };
        self.out.member(object, written)?;
        Ok(true)
    }

    /// Whether a field without presence holds the zero of its type, which is not written.
    fn is_zero(
        &self,
        field: &Field,
        shape: &FieldShape,
        scalar: Option<Scalar<'_>>,
        held: &Bound<'py, PyAny>,
    ) -> Outcome<bool> {
        if let Some(scalar) = scalar {
            return Ok(scalar.is_zero());
        }
        if let (Kind::Enum, Some(number)) = (shape.kind, values::small_int(held)) {
            return Ok(number == 0);
        }
        if shape.kind.is_message() {
            return Ok(false);
        }
        let is_default = field.python.bind(self.py).getattr("is_default")?;
        Ok(is_default.invoke((held,))?.is_truthy()?)
    }

    pub(super) fn list(
        &mut self,
        field: TypedField<'_>,
        list: &Bound<'py, PyList>,
    ) -> Outcome<O::Written> {
        let mut array = self.out.begin_array()?;
        values::for_each(list, |_, item| -> Outcome {
            self.pass_value()?;
            self.out.element(&mut array);
            let written = self.value(field, &item)?;
            self.out.add(&mut array, written)
        })?;
        Ok(self.out.end_array(array))
    }

    pub(super) fn map(
        &mut self,
        entry: &(Field, Field),
        shapes: &(FieldShape, FieldShape),
        entries: &values::Pairs<'py>,
    ) -> Outcome<O::Written> {
        let mut object = self.out.begin_object()?;
        for (key, item) in entries {
            self.pass_value()?;
            self.map_key(&entry.0, shapes.0.kind, key, &mut object)?;
            let written = self.value((&entry.1, &shapes.1), item)?;
            self.out.member(&mut object, written)?;
        }
        Ok(self.out.end_object(object))
    }

    fn map_key(
        &mut self,
        field: &Field,
        kind: Kind,
        key: &Bound<'py, PyAny>,
        object: &mut O::Object,
    ) -> Outcome {
        if self.is_python() {
            return self.out.key(object, JsonKey::Python(key));
        }
        match (kind, Scalar::of(kind, key)) {
            (Kind::String, Some(_)) => self.out.key(object, JsonKey::Text(key.cast()?)),
            (_, Some(Scalar::Bool(truth))) => self.out.key(object, JsonKey::Bool(truth)),
            (_, Some(Scalar::Int(long) | Scalar::LongInt(long))) => {
                self.out.key(object, JsonKey::Int(long))
            }
            _ => {
                let made = self.converted(field, key)?;
                if !made.eq(key)? {
                    // Another key of the map may be written the same; the plain codec keeps the last of them.
                    return Err(Stop::Fallback);
                }
                let int = int_of(Kind::Int64, &made).map(JsonKey::Int);
                let key = int.or_else(|| made.cast::<PyString>().ok().map(JsonKey::Text));
                self.out.key(object, some(key)?)
            }
        }
    }

    /// What the plain codec makes of one scalar of another type than its field's.
    #[cold]
    fn converted(&self, field: &Field, item: &Bound<'py, PyAny>) -> Outcome<Bound<'py, PyAny>> {
        let convert = imports(self.py)?.write_value.bind(self.py);
        // What is wrong with it, the plain codec says when it knows where.
        or_fallback(convert.invoke((&field.python, item)), self.py)
    }

    /// Writes one value, zero or not.
    pub(super) fn value(
        &mut self,
        (field, shape): TypedField<'_>,
        item: &Bound<'py, PyAny>,
    ) -> Outcome<O::Written> {
        match shape.kind {
            Kind::Message | Kind::Group => self.message_value((field, shape), item),
            Kind::Enum => self.enum_value(field, item),
            _ if self.is_python() => self.out.plain(item),
            kind => {
                if let Some(scalar) = Scalar::of(kind, item) {
                    return self.out.scalar(scalar, item);
                }
                let made = self.converted(field, item)?;
                self.out.plain(&made)
            }
        }
    }

    fn enum_value(&mut self, field: &Field, item: &Bound<'py, PyAny>) -> Outcome<O::Written> {
        let values = some(field.enum_values.as_ref())?;
        let number = values::small_int(item);
        if self.is_python() {
            let member = values.member(self.py, some(number)?)?;
            return self.out.plain(&member);
        }
        match (values.names(self.py)?, number) {
            (EnumNames::Null, Some(_)) => Ok(self.out.null()),
            (names, Some(number)) => match names.name_of(number) {
                Some(name) => Ok(self.out.name(name)),
                None => self.out.whole(number.into()),
            },
            (_, None) => Err(Stop::Fallback),
        }
    }

    fn message_value(
        &mut self,
        (field, shape): TypedField<'_>,
        item: &Bound<'py, PyAny>,
    ) -> Outcome<O::Written> {
        if field.wrapped != Wrapped::No && self.is_python() {
            return self.out.plain(item);
        }
        let plan = field.plan(self.py, shape)?;
        match field.wrapped {
            Wrapped::No => {
                if let Some(message) = Message::exactly(item, &plan) {
                    return self.message(&plan, message);
                }
                let message = message_of(item, &plan)?;
                self.message(message.plan()?, message)
            }
            Wrapped::Scalar => {
                let scalar = plan.at(0).filter(|(_, shape)| !shape.kind.is_message());
                self.value(some(scalar)?, item)
            }
            wrapped => {
                if let Some((seconds, nanos)) = datetime::parts(wrapped, item) {
                    some(self.levels.checked_sub(1))?;
                    return self.out.time(wrapped, seconds, nanos);
                }
                let class = plan.class.bind(self.py);
                let made = class.call_method1("from_wrapped", (item,));
                let made = or_fallback(made, self.py)?;
                let message = some(Message::of(&made))?;
                self.message(message.plan()?, message)
            }
        }
    }
}

/// The extensions that a message holds, with their values, by number.
fn extensions<'py>(
    plan: &Plan,
    message: Message<'_, 'py>,
) -> Outcome<Vec<(Rc<ExtensionField>, Bound<'py, PyAny>)>> {
    let slot = plan.extensions_slot;
    let held = slot.and_then(|slot| message.slots().get(message.object().py(), slot));
    let Some(held) = held.filter(|held| !held.is_none()) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for (key, item) in values::entries(held.cast_exact()?)? {
        growth::push(&mut found, (extension(plan, &key.getattr("field")?)?, item))?;
    }
    found.sort_by_key(|(found, _)| found.shape.number);
    Ok(found)
}

/// What a field holds as a list: itself, or the elements of another collection.
pub fn list_of<'py>(held: &Bound<'py, PyAny>) -> Outcome<Bound<'py, PyList>> {
    if let Ok(list) = held.cast_exact::<PyList>() {
        return Ok(list.clone());
    }
    let falls_apart = held.is_instance_of::<PyString>()
        || held.is_instance_of::<PyBytes>()
        || held.is_instance(api(held.py())?.mapping.bind(held.py()))?;
    // An iterator gives its elements only once: the plain codec is not to find it empty.
    if falls_apart || !held.hasattr("__iter__")? || held.hasattr("__next__")? {
        return Err(Stop::Fallback);
    }
    Ok(values::list_of(held)?)
}

/// The entries of a map that a field holds as a dict, or as another mapping.
pub fn entries_of<'py>(held: &Bound<'py, PyAny>) -> Outcome<values::Pairs<'py>> {
    if let Ok(dict) = held.cast_exact::<PyDict>() {
        return Ok(values::entries(dict)?);
    }
    let items = some(held.getattr("items").ok())?.call0()?;
    if items.hasattr("__next__")? {
        return Err(Stop::Fallback);
    }
    let items = items.try_iter()?.map(|entry| entry?.extract());
    Ok(growth::collect(items)?)
}
