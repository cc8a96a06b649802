//! Messages to wire bytes. In: a message. Out: its bytes, written from the last to the first, so that every length is known
//! when it is written.
//!
//! Whatever cannot be written is left to the plain codec, which starts again and says what is wrong and where: there is
//! one text for each error, and no path is kept while all goes well.

use std::cell::RefCell;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyDict, PyList, PyMemoryView, PyString, PyTuple};

use crate::api::{api, Limits, STACK_LEVELS};
use crate::buffer::{Buffer, Key};
use crate::canonical::{self, Canonical};
use crate::construct::oneofs_agree;
use crate::decode::read_pending;
use crate::function::release_dropped;
use crate::object::{Message, Slot};
use crate::plan::{Field, How, Learned, Place, Plan, Step, Wrapped};
use crate::quick::{self, Quick, Way};
use crate::raw::new_bytes;
use crate::shape::{FieldShape, Kind, Room};
use crate::value::{self, Int};
use crate::wire::{self, zigzag, Reader};
use crate::wkt;

/// Why writing stopped, or reading of JSON.
pub enum Stop {
    /// What is wrong, or what only the plain codec knows to do: it does it, or says what is wrong.
    Refused,
    /// Python code raised. In a box: what is large makes each outcome slow to hand back.
    Python(Box<PyErr>),
}

impl From<PyErr> for Stop {
    fn from(error: PyErr) -> Self {
        Self::Python(Box::new(error))
    }
}

type Outcome<T = ()> = Result<T, Stop>;

thread_local! {
    static BUFFER: RefCell<Option<Buffer>> = const { RefCell::new(None) };
}

/// Runs `work` with the buffer that the thread keeps between calls. Code that is called while a message is written may
/// write another one, and gets a buffer of its own.
fn with_buffer<T>(work: impl FnOnce(&mut Buffer) -> T) -> T {
    let mut buffer = BUFFER.with_borrow_mut(Option::take).unwrap_or_default();
    let done = work(&mut buffer);
    buffer.reset();
    BUFFER.with_borrow_mut(|kept| *kept = Some(buffer));
    done
}

/// Wire bytes of a message.
///
/// # Errors
/// `EncodeError` with the path of a value that its field cannot carry.
pub fn encode<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    let made = written(object, |written| match written {
        Written::In(holder) => Ok(holder),
        Written::Unread(bytes) => Ok(PyBytes::new(py, bytes)),
        Written::Now(out) => new_bytes(py, out),
    });
    match made? {
        Some(made) => Ok(made?.into_any()),
        None => api(py)?.encode.bind(py).call1((object,)),
    }
}

/// The number of wire bytes of a message.
///
/// # Errors
/// As for `encode`.
pub fn byte_size(object: &Bound<'_, PyAny>) -> PyResult<usize> {
    let py = object.py();
    let size = written(object, |written| match written {
        Written::In(holder) => holder.as_bytes().len(),
        Written::Unread(bytes) => bytes.len(),
        Written::Now(out) => out.len(),
    });
    match size? {
        Some(size) => Ok(size),
        None => api(py)?.encode.bind(py).call1((object,))?.len(),
    }
}

/// Where the wire bytes of a message are.
enum Written<'a, 'py> {
    /// An object holds them, and no others.
    In(Bound<'py, PyBytes>),
    /// The message was not read since it was parsed from them.
    Unread(&'a [u8]),
    /// They were just written.
    Now(&'a Buffer),
}

/// Calls `work` with the wire bytes of a message; `None` when the plain codec is to write it, or to say what is wrong.
fn written<'py, T>(
    object: &Bound<'py, PyAny>,
    work: impl FnOnce(Written<'_, 'py>) -> T,
) -> PyResult<Option<T>> {
    let py = object.py();
    let Some(message) = Message::of(object) else {
        return Ok(None);
    };
    let plan = message.plan()?;
    let limits = Limits::current(py)?;
    let mut encoder = Encoder::<false>::new(py, limits);
    if message.is_pending() {
        if let Some((data, start, end)) = encoder.unread(plan, message) {
            let bytes = data.as_bytes().get(start..end).unwrap_or_default();
            if bytes.len() as u64 > limits.size {
                return Ok(None);
            }
            return Ok(Some(work(if bytes.len() == data.as_bytes().len() {
                Written::In(data)
            } else {
                Written::Unread(bytes)
            })));
        }
        read_pending(message)?;
    }
    let written = with_buffer(|out| {
        encoder.message(plan, message, out)?;
        if out.len() as u64 > limits.size {
            return Err(Stop::Refused);
        }
        Ok(work(Written::Now(out)))
    });
    match written {
        Ok(made) if encoder.incomplete => {
            let api = api(py)?;
            api.check_required
                .bind(py)
                .call1((object, &api.encode_error))
                .map(|_| Some(made))
        }
        Ok(made) => Ok(Some(made)),
        Err(Stop::Refused) => {
            release_dropped();
            Ok(None)
        }
        Err(Stop::Python(error)) => Err(*error),
    }
}

/// Calls `work` with wire bytes of which reading gives a message that is the same to everybody: its values have the types
/// and digits that reading gives, and no message in it has an `__eq__` or `__deepcopy__` of a user's. With `alone`, nothing
/// in it is held from elsewhere either, so that no object is met twice. `None` when that cannot be said.
///
/// No code of users runs, and nothing is changed.
pub fn exactly<T>(
    message: Message<'_, '_>,
    alone: bool,
    work: impl FnOnce(&Buffer) -> T,
) -> PyResult<Option<T>> {
    let py = message.object().py();
    let plan = message.plan()?;
    let limits = Limits::current(py)?;
    let mut encoder = Encoder::<true>::new(py, limits);
    encoder.alone = alone;
    with_buffer(|out| match encoder.message(plan, message, out) {
        Ok(()) if !encoder.incomplete => Ok(Some(work(out))),
        Ok(()) | Err(Stop::Refused) => Ok(None),
        Err(Stop::Python(error)) => Err(*error),
    })
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

/// Whether all required fields of a message itself are set.
fn has_required(plan: &Plan, message: Message<'_, '_>) -> bool {
    let area = message.area();
    let py = message.object().py();
    plan.fields
        .iter()
        .zip(&plan.shape.fields)
        .filter(|(_, shape)| shape.required)
        .all(|(field, _)| match field.place {
            Place::Slot(offset) => area.get(py, offset).is_some_and(|held| !held.is_none()),
            _ => true,
        })
}

/// Writes messages. `EXACT`: as `exactly` says; what is not so is refused.
struct Encoder<'py, const EXACT: bool> {
    py: Python<'py>,
    /// Levels that may follow.
    depth: u32,
    /// A message was written of which a required field is not set.
    incomplete: bool,
    /// Refuse what is held from elsewhere.
    alone: bool,
    /// How many bytes may still be looked at in vain, once some were: what is not canonical at a deep level is met again at each.
    doubts: Option<usize>,
}

impl<'py, const EXACT: bool> Encoder<'py, EXACT> {
    fn new(py: Python<'py>, limits: Limits) -> Self {
        Self {
            py,
            depth: limits.levels(),
            incomplete: false,
            alone: false,
            doubts: None,
        }
    }

    fn message(&mut self, plan: &Plan, message: Message<'_, 'py>, out: &mut Buffer) -> Outcome {
        let area = message.area();
        if message.is_pending() {
            let unread = if EXACT {
                // Its bytes are what its copy is to be read from. They were looked through: all required fields are there.
                Some(message.untouched(plan).ok_or(Stop::Refused)?)
            } else {
                self.unread(plan, message)
            };
            if let Some((data, start, end)) = unread {
                out.put(data.as_bytes().get(start..end).unwrap_or_default());
                return Ok(());
            }
            read_pending(message)?;
        }
        let way = Way::new(self.depth, self.alone);
        if quick::write_fields::<EXACT>(plan, area, way, out) {
            return Ok(());
        }
        if EXACT && !oneofs_agree(plan, area) {
            return Err(Stop::Refused);
        }
        if plan.shape.room != Room::Closed || !area.is_empty(plan.unknown) {
            self.besides_fields(plan, message, out)?;
        }
        if plan.shape.required > 0 {
            self.incomplete |= !has_required(plan, message);
        }
        for (step, slot) in area.each(&plan.steps) {
            if slot.write::<EXACT>(step, self.alone, out) == Quick::Slow {
                self.slot(plan, message, step, slot, out)?;
            }
        }
        Ok(())
    }

    /// The bytes of a message that nobody has looked at, if reading and writing it gives the same, and where they start and end.
    #[inline(never)]
    fn unread(
        &mut self,
        plan: &Plan,
        message: Message<'_, 'py>,
    ) -> Option<(Bound<'py, PyBytes>, usize, usize)> {
        if self.depth < canonical::LEVELS {
            // Writing may have to end in an error.
            return None;
        }
        let (data, start, end) = message.untouched(plan)?;
        if !message.is_canonical() {
            let doubts = self.doubts.unwrap_or(2 * (end - start));
            if end - start > doubts {
                return None;
            }
            let mut look = Canonical::new(self.py, data.as_bytes(), start, end);
            if !look.is_message(plan) {
                self.doubts = Some(doubts.saturating_sub(look.position() - start));
                return None;
            }
            message.set_canonical();
        }
        Some((data, start, end))
    }

    /// Writes unknown fields and extensions.
    #[inline(never)]
    fn besides_fields(
        &mut self,
        plan: &Plan,
        message: Message<'_, 'py>,
        out: &mut Buffer,
    ) -> Outcome {
        if plan.is_message_set() {
            // The plain codec writes it, and with it all around it.
            return Err(Stop::Refused);
        }
        let area = message.area();
        let extensions = plan.extensions.and_then(|offset| area.get(self.py, offset));
        if let Some(unknown) = area.get(self.py, plan.unknown) {
            let unknown = unknown.cast::<PyBytes>().map_err(|_| Stop::Refused)?;
            if EXACT && !self.stays_unknown(plan, unknown.as_bytes())? {
                return Err(Stop::Refused);
            }
            out.put(unknown.as_bytes());
        }
        match extensions {
            Some(held) if EXACT => match held.cast::<PyDict>() {
                Ok(held) if held.is_empty() => Ok(()),
                _ if held.is_none() => Ok(()),
                _ => Err(Stop::Refused),
            },
            Some(held) => self.extensions(&held, out),
            None => Ok(()),
        }
    }

    /// Whether all of these fields are unknown to whoever reads them now.
    fn stays_unknown(&self, plan: &Plan, bytes: &[u8]) -> Outcome<bool> {
        let mut reader = Reader::new(bytes, 0, bytes.len());
        while !reader.at_end() {
            let Ok(tag) = reader.tag() else {
                return Ok(false);
            };
            let number = tag >> 3;
            if plan.shape.find(number).is_some()
                || plan.knows_extension(self.py, number)?
                || reader.skip(tag, STACK_LEVELS).is_err()
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Writes what is in a slot, which is not empty.
    fn slot(
        &mut self,
        plan: &Plan,
        message: Message<'_, 'py>,
        step: &Step,
        slot: Slot<'_>,
        out: &mut Buffer,
    ) -> Outcome {
        let (Some((field, shape)), Some(held)) =
            (plan.at(usize::from(step.index)), slot.get(self.py))
        else {
            return Ok(());
        };
        if step.how == How::Message {
            return if held.is_none() {
                Ok(())
            } else {
                self.value(field, shape, step.key, &held, out)
            };
        }
        if !shape.repeated && closed_member::<EXACT>(field, &held, step.key, out) {
            return Ok(());
        }
        if let Some(list) = self.field(field, shape, &held, out)? {
            slot.put(list.clone());
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
                self.value(field, shape, shape.key, held, out)?;
            }
        } else if field.presence {
            if !held.is_none() {
                self.scalar(field, shape, held, shape.key, false, out)?;
            }
        } else {
            self.scalar(field, shape, held, shape.key, true, out)?;
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
            self.check_alone(held)?;
            self.list(field, shape, list, out)?;
            return Ok(None);
        }
        if EXACT {
            return Err(Stop::Refused);
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

    /// With `alone`, refuses what is held from elsewhere, too.
    #[inline(always)]
    fn check_alone(&self, held: &Bound<'py, PyAny>) -> Outcome {
        if EXACT && self.alone && !value::is_unshared(held) {
            return Err(Stop::Refused);
        }
        Ok(())
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
            return value::for_each_back(list, |index, item| {
                quick::look_ahead(list, index);
                self.value(field, shape, shape.key, &item, out)
            });
        }
        if !field.is_closed && quick::write_list::<EXACT>(list, shape, field.packed, out) {
            return Ok(());
        }
        let before = out.len();
        let key = if field.packed { Key::NONE } else { shape.key };
        value::for_each_back(list, |_, item| {
            self.scalar(field, shape, &item, key, false, out)
        })?;
        if field.packed {
            out.varint((out.len() - before) as u64, shape.packed_key);
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
        let pairs: Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)> = if let Ok(dict) =
            held.cast_exact::<PyDict>()
        {
            self.check_alone(held)?;
            let scalars = !shapes.1.kind.is_message() && !entry.1.is_closed;
            if dict.is_empty() || scalars && quick::write_map::<EXACT>(dict, shapes, shape, out) {
                return Ok(());
            }
            quick::entries(dict)
        } else {
            if EXACT {
                return Err(Stop::Refused);
            }
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
        for (key, item) in pairs.iter().rev() {
            let before = out.len();
            if shapes.1.kind.is_message() {
                self.value(&entry.1, &shapes.1, shapes.1.key, item, out)?;
            } else {
                self.scalar(&entry.1, &shapes.1, item, shapes.1.key, false, out)?;
            }
            if quick::write_value::<EXACT>(key, &shapes.0, false, out) != Quick::Written {
                self.scalar(&entry.0, &shapes.0, key, shapes.0.key, false, out)?;
            }
            out.varint((out.len() - before) as u64, shape.key);
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
        item: &Bound<'py, PyAny>,
        out: &mut Buffer,
    ) -> Outcome {
        self.depth = self.depth.checked_sub(1).ok_or(Stop::Refused)?;
        let group = shape.kind == Kind::Group;
        if group {
            out.key(Key::new(shape.number << 3 | wire::EGROUP));
        }
        let before = out.len();
        match field.message(item) {
            Some(message) => {
                let plan = message.plan()?;
                if EXACT {
                    self.check_alone(item)?;
                    if !(plan.copies_itself && message.compares_itself()) {
                        return Err(Stop::Refused);
                    }
                }
                self.message(plan, message, out)?;
            }
            None => self.other(field, shape, item, out)?,
        }
        if group {
            out.key(key);
        } else {
            out.varint((out.len() - before) as u64, key);
        }
        self.depth += 1;
        Ok(())
    }

    /// Writes the content of a message that is not of the field's very class.
    fn other(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        item: &Bound<'py, PyAny>,
        out: &mut Buffer,
    ) -> Outcome {
        match field.wrapped {
            Wrapped::No if EXACT => return Err(Stop::Refused),
            Wrapped::No => {
                let message = Message::of(item).ok_or(Stop::Refused)?;
                let own = message.plan()?;
                let plan = field.plan(self.py, shape)?;
                let origin = |plan: &Plan| plan.schema.bind(self.py).getattr("origin");
                if !origin(own)?.is(&origin(&plan)?) {
                    return Err(Stop::Refused);
                }
                return self.message(own, message, out);
            }
            Wrapped::Timestamp | Wrapped::Duration => {
                if let Some((seconds, nanos)) = wkt::parts(field.wrapped, item) {
                    if EXACT && wkt::is_second_time(item) {
                        return Err(Stop::Refused);
                    }
                    out.parts((seconds, nanos));
                    return Ok(());
                }
            }
            Wrapped::Scalar => {
                let plan = field.plan(self.py, shape)?;
                if let Some((inner, inner_shape)) = plan.at(0) {
                    if quick::write_value::<EXACT>(item, inner_shape, true, out) == Quick::Slow {
                        self.scalar(inner, inner_shape, item, inner_shape.key, true, out)?;
                    }
                    return Ok(());
                }
            }
            Wrapped::Other => {}
        }
        if EXACT {
            return Err(Stop::Refused);
        }
        let plan = field.plan(self.py, shape)?;
        let message = plan
            .class
            .bind(self.py)
            .call_method1("from_wrapped", (item,))
            .map_err(|_| Stop::Refused)?;
        let message = Message::of(&message).ok_or(Stop::Refused)?;
        self.message(message.plan()?, message, out)
    }

    /// The number of an enum's member, as which it would be read again.
    fn exact_member(&self, field: &Field, item: &Bound<'py, PyAny>) -> Outcome<i32> {
        let members = field.members.as_ref().ok_or(Stop::Refused)?;
        let number = quick::small_int(item).ok_or(Stop::Refused)?;
        let read = members.find(self.py, number)?.ok_or(Stop::Refused)?;
        if read.is(item) {
            Ok(number)
        } else {
            Err(Stop::Refused)
        }
    }

    /// Writes a scalar and its key, unless it is zero and `skip_zero`.
    fn scalar(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        item: &Bound<'py, PyAny>,
        key: Key,
        skip_zero: bool,
        out: &mut Buffer,
    ) -> Outcome {
        if EXACT {
            let number = i64::from(self.exact_member(field, item)?);
            varint(number.cast_unsigned(), key, skip_zero, out);
            return Ok(());
        }
        let small = |low| signed(item, low, i64::from(i32::MAX)).map(i64::cast_unsigned);
        let least = i64::from(i32::MIN);
        match shape.kind {
            Kind::String => text(shape, item, key, skip_zero, out)?,
            Kind::Bytes => {
                if let Ok(held) = item.cast::<PyBytes>() {
                    bytes(held.as_bytes(), key, skip_zero, out);
                } else if let Ok(array) = item.cast::<PyByteArray>() {
                    bytes(&array.to_vec(), key, skip_zero, out);
                } else {
                    let view = item.cast::<PyMemoryView>().map_err(|_| Stop::Refused)?;
                    let held = view.call_method0("tobytes")?;
                    let held = held.cast::<PyBytes>().map_err(PyErr::from)?;
                    bytes(held.as_bytes(), key, skip_zero, out);
                }
            }
            Kind::Double => fixed64(float(item)?.to_bits(), key, skip_zero, out),
            Kind::Float => {
                let wide = float(item)?;
                let number = wide as f32;
                if number.is_infinite() && wide.is_finite() {
                    return Err(Stop::Refused);
                }
                fixed32(number.to_bits(), key, skip_zero, out);
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
                varint(u64::from(truth), key, skip_zero, out);
            }
            Kind::Enum => {
                let number = match quick::small_int(item) {
                    Some(number) => i64::from(number),
                    None => signed(item, least, i64::from(i32::MAX))?,
                };
                if let Some(members) = field.members.as_ref().filter(|members| members.closed) {
                    if members.find(self.py, number as i32)?.is_none() {
                        return Err(Stop::Refused);
                    }
                }
                varint(number.cast_unsigned(), key, skip_zero, out);
            }
            Kind::Int32 => varint(small(least)?, key, skip_zero, out),
            Kind::SInt32 => {
                varint(zigzag(small(least)?.cast_signed()), key, skip_zero, out);
            }
            Kind::SFixed32 => fixed32(small(least)? as u32, key, skip_zero, out),
            Kind::UInt32 | Kind::Fixed32 => {
                let number = signed(item, 0, i64::from(u32::MAX))?.cast_unsigned();
                if shape.kind == Kind::UInt32 {
                    varint(number, key, skip_zero, out);
                } else {
                    fixed32(number as u32, key, skip_zero, out);
                }
            }
            Kind::UInt64 => varint(unsigned(item)?, key, skip_zero, out),
            Kind::Fixed64 => fixed64(unsigned(item)?, key, skip_zero, out),
            Kind::Int64 | Kind::SInt64 | Kind::SFixed64 => {
                let number = signed(item, i64::MIN, i64::MAX)?;
                match shape.kind {
                    Kind::Int64 => varint(number.cast_unsigned(), key, skip_zero, out),
                    Kind::SInt64 => varint(zigzag(number), key, skip_zero, out),
                    _ => fixed64(number.cast_unsigned(), key, skip_zero, out),
                }
            }
            Kind::Group | Kind::Message => return Err(Stop::Refused),
        }
        Ok(())
    }
}

fn text(
    shape: &FieldShape,
    item: &Bound<'_, PyAny>,
    key: Key,
    skip_zero: bool,
    out: &mut Buffer,
) -> Outcome {
    let text = item.cast::<PyString>().map_err(|_| Stop::Refused)?;
    if let Some(held) = value::utf8(text) {
        bytes(held, key, skip_zero, out);
        return Ok(());
    }
    if shape.utf8 {
        return Err(Stop::Refused);
    }
    let held = text
        .call_method1("encode", ("utf-8", "surrogateescape"))
        .map_err(|_| Stop::Refused)?;
    let held = held.cast::<PyBytes>().map_err(PyErr::from)?;
    bytes(held.as_bytes(), key, skip_zero, out);
    Ok(())
}

/// Writes a member of a closed enum, if it is one of a small number other than zero.
#[inline]
fn closed_member<const EXACT: bool>(
    field: &Field,
    held: &Bound<'_, PyAny>,
    key: Key,
    out: &mut Buffer,
) -> bool {
    match field.closed_member(quick::small_int(held)) {
        Some((number, member)) if !EXACT || member.is(held) => {
            out.varint(number, key);
            true
        }
        _ => false,
    }
}

fn bytes(held: &[u8], key: Key, skip_zero: bool, out: &mut Buffer) {
    if !(skip_zero && held.is_empty()) {
        out.bytes(held, key);
    }
}

fn varint(number: u64, key: Key, skip_zero: bool, out: &mut Buffer) {
    if !(skip_zero && number == 0) {
        out.varint(number, key);
    }
}

fn fixed32(bits: u32, key: Key, skip_zero: bool, out: &mut Buffer) {
    if !(skip_zero && bits == 0) {
        out.fixed32(bits, key);
    }
}

fn fixed64(bits: u64, key: Key, skip_zero: bool, out: &mut Buffer) {
    if !(skip_zero && bits == 0) {
        out.fixed64(bits, key);
    }
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
