//! Messages to wire bytes. In: a message. Out: its bytes, written from the last to the first, so that every length is known
//! when it is written.
//!
//! Whatever cannot be written is left to the plain codec, which starts again and says what is wrong and where: there is
//! one text for each error, and no path is kept while all goes well.

use std::cell::RefCell;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyDict, PyList, PyMemoryView, PyString, PyTuple};

use crate::api::{api, Limits};
use crate::decode::read_pending;
use crate::methods::release_dropped;
use crate::object::Message;
use crate::plan::{Field, How, Learned, Place, Plan, Step, Wrapped};
use crate::quick::{self, Quick};
use crate::shape::{FieldShape, Kind};
use crate::value::{self, Int};
use crate::wire::{self, zigzag, Buffer, Key};
use crate::wkt;

/// Why writing stopped, or reading of JSON.
pub enum Stop {
    /// What is wrong, or what only the plain codec knows to do: it does it, or says what is wrong.
    Refused,
    /// Python code raised.
    Python(PyErr),
}

impl From<PyErr> for Stop {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

type Outcome<T = ()> = Result<T, Stop>;

thread_local! {
    static BUFFER: RefCell<Buffer> = RefCell::default();
}

/// Wire bytes of a message.
///
/// # Errors
/// `EncodeError` with the path of a value that its field cannot carry.
pub fn encode<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    let Some(message) = Message::of(object) else {
        return api(py)?.encode.bind(py).call1((object,));
    };
    let plan = message.plan()?;
    let limits = Limits::current(py)?;
    // Code that is called while a message is written may write another one.
    let mut buffer = BUFFER.with_borrow_mut(std::mem::take);
    let mut encoder = Encoder {
        py,
        depth: limits.levels(),
    };
    let outcome = encoder.message(plan, message, &mut buffer);
    let done = match outcome {
        Ok(()) if buffer.len() as u64 <= limits.size => {
            let made = PyBytes::new(py, buffer.written()).into_any();
            if plan.needs_check(py)? && !is_complete(plan, message)? {
                let api = api(py)?;
                api.check_required
                    .bind(py)
                    .call1((object, &api.encode_error))
                    .map(|_| made)
            } else {
                Ok(made)
            }
        }
        Ok(()) | Err(Stop::Refused) => {
            release_dropped();
            api(py)?.encode.bind(py).call1((object,))
        }
        Err(Stop::Python(error)) => Err(error),
    };
    buffer.reset();
    BUFFER.with_borrow_mut(|kept| *kept = buffer);
    done
}

/// Whether all required fields are set here and below, as far as that is told without the plain codec.
///
/// # Errors
/// `TypeError` when a class cannot be resolved.
pub fn is_complete(plan: &Plan, message: Message<'_, '_>) -> PyResult<bool> {
    let py = message.object().py();
    let area = message.area();
    // What is still to be read was looked through when it was parsed.
    let pending = message.is_pending();
    for (field, shape) in plan.fields.iter().zip(&plan.shape.fields) {
        let Place::Slot(offset) = field.place else {
            continue;
        };
        if area.is_empty(offset) {
            if shape.required && !pending {
                return Ok(false);
            }
            continue;
        }
        let (below, below_shape) = match (&field.entry, &shape.entry) {
            (Some(entry), Some(shapes)) => (&entry.1, &shapes.1),
            _ => (field, shape),
        };
        let is_message = below_shape.kind.is_message();
        if !is_message && !shape.required {
            continue;
        }
        let Some(held) = area.get(py, offset) else {
            continue;
        };
        if held.is_none() {
            if shape.required {
                return Ok(false);
            }
        } else if is_message {
            let plan = below.plan(py, below_shape)?;
            if plan.needs_check(py)? && !are_complete(&plan, &held)? {
                return Ok(false);
            }
        }
    }
    let Some(held) = plan.extensions.and_then(|offset| area.get(py, offset)) else {
        return Ok(true);
    };
    if held.is_none() {
        return Ok(true);
    }
    let Ok(held) = held.cast::<PyDict>() else {
        return Ok(false);
    };
    for item in held.values() {
        let complete = match (Message::of(&item), item.cast::<PyList>()) {
            (Some(message), _) => is_complete(message.plan()?, message)?,
            (None, Ok(list)) => list.iter().all(|item| Message::of(&item).is_none()),
            (None, Err(_)) => true,
        };
        if !complete {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The same of what an attribute holds: a message of the plan's class, or a list or dict of them.
fn are_complete(plan: &Plan, held: &Bound<'_, PyAny>) -> PyResult<bool> {
    let one = |item: &Bound<'_, PyAny>| match Message::exactly(item, plan) {
        Some(message) => is_complete(plan, message),
        None => Ok(false),
    };
    if let Ok(list) = held.cast_exact::<PyList>() {
        for item in list {
            if !one(&item)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    if let Ok(dict) = held.cast_exact::<PyDict>() {
        for (_, item) in quick::entries(dict) {
            if !one(&item)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    one(held)
}

struct Encoder<'py> {
    py: Python<'py>,
    /// Levels that may follow.
    depth: u32,
}

impl<'py> Encoder<'py> {
    fn message(&mut self, plan: &Plan, message: Message<'_, 'py>, out: &mut Buffer) -> Outcome {
        if plan.is_message_set() {
            // The plain codec writes it, and with it all around it.
            return Err(Stop::Refused);
        }
        if message.is_pending() {
            read_pending(message)?;
        }
        let area = message.area();
        if let Some(unknown) = area.get(self.py, plan.unknown) {
            let unknown = unknown.cast::<PyBytes>().map_err(|_| Stop::Refused)?;
            out.put(unknown.as_bytes());
        }
        if let Some(offset) = plan.extensions {
            if let Some(held) = area.get(self.py, offset) {
                self.extensions(&held, out)?;
            }
        }
        for step in &plan.steps {
            let done = match step.how {
                How::Scalar => area.write_scalar(step, false, out),
                How::Optional => area.write_scalar(step, true, out),
                How::Other => Quick::Slow,
            };
            if done == Quick::Slow && !area.is_empty(step.offset) {
                self.slot(plan, message, step, out)?;
            }
        }
        Ok(())
    }

    /// Writes what is in a slot, which is not empty.
    fn slot(
        &mut self,
        plan: &Plan,
        message: Message<'_, 'py>,
        step: &Step,
        out: &mut Buffer,
    ) -> Outcome {
        let area = message.area();
        let (Some((field, shape)), Some(held)) = (
            plan.at(usize::from(step.index)),
            area.get(self.py, step.offset),
        ) else {
            return Ok(());
        };
        if let Some(list) = self.field(field, shape, &held, out)? {
            area.put(step.offset, list.clone());
            message.settle(plan);
            self.field(field, shape, &list, out)?;
        }
        Ok(())
    }

    fn extensions(&mut self, held: &Bound<'py, PyAny>, out: &mut Buffer) -> Outcome {
        let Ok(held) = held.cast::<PyDict>() else {
            return if held.is_none() {
                Ok(())
            } else {
                Err(Stop::Refused)
            };
        };
        let mut found: Vec<(Learned, Bound<'py, PyAny>, Bound<'py, PyAny>)> = Vec::new();
        for (extension, item) in quick::entries(held) {
            let learned = crate::bind::learned(&extension.getattr("field")?)?;
            found.push((learned, extension, item));
        }
        found.sort_by_key(|(learned, _, _)| std::cmp::Reverse(learned.shape.number));
        for (learned, extension, item) in &found {
            if let Some(list) = self.field(&learned.field, &learned.shape, item, out)? {
                held.set_item(extension, &list)?;
                self.field(&learned.field, &learned.shape, &list, out)?;
            }
        }
        drop(found);
        release_dropped();
        Ok(())
    }

    /// Writes what an attribute holds; or gives the list that is to replace it, when it is an iterable of another kind, and
    /// writes nothing.
    #[inline]
    fn field(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        held: &Bound<'py, PyAny>,
        out: &mut Buffer,
    ) -> Outcome<Option<Bound<'py, PyAny>>> {
        if shape.repeated {
            return self.repeated(field, shape, held, out);
        }
        if let (Some(entry), Some(shapes)) = (&field.entry, &shape.entry) {
            self.map(entry, shapes, shape, held, out)?;
        } else if shape.kind.is_message() {
            if !held.is_none() {
                let plan = field.plan(self.py, shape)?;
                self.value(field, shape, shape.key, &plan, held, out)?;
            }
        } else if field.presence {
            if !held.is_none() {
                self.scalar(field, shape, held, out, false)?;
                out.key(shape.key);
            }
        } else if self.scalar(field, shape, held, out, true)? {
            out.key(shape.key);
        }
        Ok(None)
    }

    fn repeated(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        held: &Bound<'py, PyAny>,
        out: &mut Buffer,
    ) -> Outcome<Option<Bound<'py, PyAny>>> {
        if let Ok(list) = held.cast_exact::<PyList>() {
            self.list(field, shape, list, out)?;
            return Ok(None);
        }
        if held.is_none() {
            return Ok(None);
        }
        if let Ok(tuple) = held.cast_exact::<PyTuple>() {
            self.list(field, shape, &tuple.to_list(), out)?;
            return Ok(None);
        }
        let mapping = api(self.py)?.mapping.bind(self.py);
        if held.is_instance_of::<PyString>()
            || held.is_instance_of::<PyBytes>()
            || held.is_instance_of::<PyByteArray>()
            || held.is_instance(mapping)?
            || !held.hasattr("__iter__")?
        {
            return Err(Stop::Refused);
        }
        let list = PyList::empty(self.py);
        for item in held.try_iter()? {
            list.append(item?)?;
        }
        // An iterator can be read once only: what it gave must not be lost, and the plain codec must find it.
        Ok(Some(list.into_any()))
    }

    fn list(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        list: &Bound<'py, PyList>,
        out: &mut Buffer,
    ) -> Outcome {
        if list.is_empty() {
            return Ok(());
        }
        if shape.kind.is_message() {
            let plan = field.plan(self.py, shape)?;
            return value::for_each_back(list, |_, item| {
                self.value(field, shape, shape.key, &plan, &item, out)
            });
        }
        if !field.is_closed && quick::write_list(list, shape, field.packed, out) {
            return Ok(());
        }
        let before = out.len();
        value::for_each_back(list, |_, item| {
            self.scalar(field, shape, &item, out, false)?;
            if !field.packed {
                out.key(shape.key);
            }
            Ok::<(), Stop>(())
        })?;
        if field.packed {
            out.varint((out.len() - before) as u64);
            out.key(shape.packed_key);
        }
        Ok(())
    }

    fn map(
        &mut self,
        entry: &(Field, Field),
        shapes: &(FieldShape, FieldShape),
        shape: &FieldShape,
        held: &Bound<'py, PyAny>,
        out: &mut Buffer,
    ) -> Outcome {
        let pairs: Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)> =
            if let Ok(dict) = held.cast_exact::<PyDict>() {
                let scalars = !shapes.1.kind.is_message() && !entry.1.is_closed;
                if dict.is_empty() || scalars && quick::write_map(dict, shapes, shape, out) {
                    return Ok(());
                }
                quick::entries(dict)
            } else {
                if !held.is_truthy()? {
                    return Ok(());
                }
                if !held.hasattr("items")? {
                    return Err(Stop::Refused);
                }
                held.call_method0("items")?
                    .try_iter()?
                    .map(|pair| pair?.extract())
                    .collect::<PyResult<_>>()?
            };
        let plan = if shapes.1.kind.is_message() {
            Some(entry.1.plan(self.py, &shapes.1)?)
        } else {
            None
        };
        for (key, item) in pairs.iter().rev() {
            let before = out.len();
            if let Some(plan) = &plan {
                self.value(&entry.1, &shapes.1, shapes.1.key, plan, item, out)?;
            } else {
                self.scalar(&entry.1, &shapes.1, item, out, false)?;
                out.key(shapes.1.key);
            }
            if !quick::write_value(key, &shapes.0, out) {
                self.scalar(&entry.0, &shapes.0, key, out, false)?;
                out.key(shapes.0.key);
            }
            out.varint((out.len() - before) as u64);
            out.key(shape.key);
        }
        Ok(())
    }

    /// Writes a message with its tag and length, or between the tags of a group.
    #[inline]
    fn value(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        key: Key,
        plan: &Plan,
        item: &Bound<'py, PyAny>,
        out: &mut Buffer,
    ) -> Outcome {
        self.depth = self.depth.checked_sub(1).ok_or(Stop::Refused)?;
        let group = shape.kind == Kind::Group;
        if group {
            out.varint(u64::from(shape.number << 3 | wire::EGROUP));
        }
        let before = out.len();
        match Message::exactly(item, plan) {
            Some(message) => self.message(plan, message, out)?,
            None => self.other(field, plan, item, out)?,
        }
        if !group {
            out.varint((out.len() - before) as u64);
        }
        out.key(key);
        self.depth += 1;
        Ok(())
    }

    /// Writes the content of a message that is not of the field's very class.
    fn other(
        &mut self,
        field: &Field,
        plan: &Plan,
        item: &Bound<'py, PyAny>,
        out: &mut Buffer,
    ) -> Outcome {
        match field.wrapped {
            Wrapped::No => {
                let message = Message::of(item).ok_or(Stop::Refused)?;
                let own = message.plan()?;
                let origin = |plan: &Plan| plan.schema.bind(self.py).getattr("origin");
                if !origin(own)?.is(&origin(plan)?) {
                    return Err(Stop::Refused);
                }
                return self.message(own, message, out);
            }
            Wrapped::Timestamp | Wrapped::Duration => {
                if let Some((seconds, nanos)) = wkt::parts(field.wrapped, item) {
                    if nanos != 0 {
                        out.varint(i64::from(nanos).cast_unsigned());
                        out.varint(2 << 3);
                    }
                    if seconds != 0 {
                        out.varint(seconds.cast_unsigned());
                        out.varint(1 << 3);
                    }
                    return Ok(());
                }
            }
            Wrapped::Scalar => {
                if let Some((inner, inner_shape)) = plan.at(0) {
                    if self.scalar(inner, inner_shape, item, out, true)? {
                        out.key(inner_shape.key);
                    }
                    return Ok(());
                }
            }
            Wrapped::Other => {}
        }
        let message = plan
            .class
            .bind(self.py)
            .call_method1("from_wrapped", (item,))
            .map_err(|_| Stop::Refused)?;
        let message = Message::of(&message).ok_or(Stop::Refused)?;
        self.message(message.plan()?, message, out)
    }

    /// Writes a scalar; false if it is zero and `skip_zero`, and nothing was written.
    #[allow(clippy::too_many_lines)] // One arm for each type.
    fn scalar(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        item: &Bound<'py, PyAny>,
        out: &mut Buffer,
        skip_zero: bool,
    ) -> Outcome<bool> {
        match shape.kind {
            Kind::String => {
                let Ok(text) = item.cast::<PyString>() else {
                    return Err(Stop::Refused);
                };
                if let Some(bytes) = value::utf8(text) {
                    return Ok(bytes_value(bytes, out, skip_zero));
                }
                if shape.utf8 {
                    return Err(Stop::Refused);
                }
                let bytes = text
                    .call_method1("encode", ("utf-8", "surrogateescape"))
                    .map_err(|_| Stop::Refused)?;
                let bytes = bytes.cast::<PyBytes>().map_err(PyErr::from)?;
                Ok(bytes_value(bytes.as_bytes(), out, skip_zero))
            }
            Kind::Bytes => {
                if let Ok(bytes) = item.cast::<PyBytes>() {
                    return Ok(bytes_value(bytes.as_bytes(), out, skip_zero));
                }
                if let Ok(array) = item.cast::<PyByteArray>() {
                    return Ok(bytes_value(&array.to_vec(), out, skip_zero));
                }
                let view = item.cast::<PyMemoryView>().map_err(|_| Stop::Refused)?;
                let bytes = view.call_method0("tobytes")?;
                let bytes = bytes.cast::<PyBytes>().map_err(PyErr::from)?;
                Ok(bytes_value(bytes.as_bytes(), out, skip_zero))
            }
            Kind::Double => {
                let number = float(item)?;
                if skip_zero && number.to_bits() == 0 {
                    return Ok(false);
                }
                out.put(&number.to_le_bytes());
                Ok(true)
            }
            Kind::Float => {
                let wide = float(item)?;
                let number = wide as f32;
                if number.is_infinite() && wide.is_finite() {
                    return Err(Stop::Refused);
                }
                if skip_zero && number.to_bits() == 0 {
                    return Ok(false);
                }
                out.put(&number.to_le_bytes());
                Ok(true)
            }
            Kind::Bool => {
                let truth = if let Ok(truth) = item.cast::<PyBool>() {
                    truth.is_true()
                } else {
                    match value::int(item) {
                        Int::Signed(0) => false,
                        Int::Signed(1) => true,
                        _ => return Err(Stop::Refused),
                    }
                };
                if skip_zero && !truth {
                    return Ok(false);
                }
                out.varint(u64::from(truth));
                Ok(true)
            }
            Kind::Enum => {
                let number = signed(item, i64::from(i32::MIN), i64::from(i32::MAX))?;
                if let Some(members) = field.members.as_ref().filter(|members| members.closed) {
                    if members.find(self.py, number as i32)?.is_none() {
                        return Err(Stop::Refused);
                    }
                }
                Ok(varint_value(number.cast_unsigned(), out, skip_zero))
            }
            Kind::Int32 => {
                let number = signed(item, i64::from(i32::MIN), i64::from(i32::MAX))?;
                Ok(varint_value(number.cast_unsigned(), out, skip_zero))
            }
            Kind::Int64 => {
                let number = signed(item, i64::MIN, i64::MAX)?;
                Ok(varint_value(number.cast_unsigned(), out, skip_zero))
            }
            Kind::SInt32 => {
                let number = signed(item, i64::from(i32::MIN), i64::from(i32::MAX))?;
                Ok(varint_value(zigzag(number), out, skip_zero))
            }
            Kind::SInt64 => {
                let number = signed(item, i64::MIN, i64::MAX)?;
                Ok(varint_value(zigzag(number), out, skip_zero))
            }
            Kind::UInt32 => {
                let number = signed(item, 0, i64::from(u32::MAX))?;
                Ok(varint_value(number.cast_unsigned(), out, skip_zero))
            }
            Kind::UInt64 => Ok(varint_value(unsigned(item)?, out, skip_zero)),
            Kind::Fixed32 => {
                let number = signed(item, 0, i64::from(u32::MAX))?;
                Ok(fixed_value(
                    (number.cast_unsigned() as u32).to_le_bytes(),
                    out,
                    skip_zero,
                ))
            }
            Kind::SFixed32 => {
                let number = signed(item, i64::from(i32::MIN), i64::from(i32::MAX))?;
                Ok(fixed_value((number as i32).to_le_bytes(), out, skip_zero))
            }
            Kind::Fixed64 => Ok(fixed_value(unsigned(item)?.to_le_bytes(), out, skip_zero)),
            Kind::SFixed64 => {
                let number = signed(item, i64::MIN, i64::MAX)?;
                Ok(fixed_value(number.to_le_bytes(), out, skip_zero))
            }
            Kind::Group | Kind::Message => Err(Stop::Refused),
        }
    }
}

#[inline(always)]
fn bytes_value(bytes: &[u8], out: &mut Buffer, skip_zero: bool) -> bool {
    if skip_zero && bytes.is_empty() {
        return false;
    }
    out.put(bytes);
    out.varint(bytes.len() as u64);
    true
}

#[inline(always)]
fn varint_value(number: u64, out: &mut Buffer, skip_zero: bool) -> bool {
    if skip_zero && number == 0 {
        return false;
    }
    out.varint(number);
    true
}

#[inline(always)]
fn fixed_value<const N: usize>(bytes: [u8; N], out: &mut Buffer, skip_zero: bool) -> bool {
    if skip_zero && bytes == [0; N] {
        return false;
    }
    out.put(&bytes);
    true
}

#[inline(always)]
fn signed(item: &Bound<'_, PyAny>, low: i64, high: i64) -> Outcome<i64> {
    let number = match value::int(item) {
        Int::Signed(number) => number,
        Int::Other => item.extract::<i64>().map_err(|_| Stop::Refused)?,
        _ => return Err(Stop::Refused),
    };
    if number < low || number > high {
        return Err(Stop::Refused);
    }
    Ok(number)
}

#[inline(always)]
fn unsigned(item: &Bound<'_, PyAny>) -> Outcome<u64> {
    match value::int(item) {
        Int::Signed(number) => u64::try_from(number).map_err(|_| Stop::Refused),
        Int::Unsigned(number) => Ok(number),
        Int::Other => item.extract::<u64>().map_err(|_| Stop::Refused),
        Int::Huge => Err(Stop::Refused),
    }
}

#[inline(always)]
fn float(item: &Bound<'_, PyAny>) -> Outcome<f64> {
    match value::float(item) {
        Some(number) => Ok(number),
        None => item.extract::<f64>().map_err(|_| Stop::Refused),
    }
}
