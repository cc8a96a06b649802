//! Messages written field by field. In: a message and its plan. Out: its wire bytes in the buffer. Called by `encode` alone; what
//! `quick` can write of it, or of a field, it writes.

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyList, PyString, PyTuple};

use crate::api::{api, Limits, STACK_LEVELS};
use crate::buffer::{Buffer, Key};
use crate::canonical::{self, Canonical};
use crate::construct::oneofs_agree;
use crate::decode::read_pending;
use crate::encode::{Outcome, Stop};
use crate::function::release_dropped;
use crate::object::{Message, Slot};
use crate::plan::{Field, How, Learned, Plan, Step, Wrapped};
use crate::quick::{self, Quick, Way};
use crate::required::has_required;
use crate::shape::{FieldShape, Kind, Room};
use crate::value;
use crate::wire::{self, Reader};
use crate::wkt;
use crate::write_scalar::{scalar, varint};

/// Writes messages. `EXACT`: as `exactly` says; what is not so is refused.
pub struct Encoder<'py, const EXACT: bool> {
    py: Python<'py>,
    /// Levels that may follow.
    depth: u32,
    /// A message was written of which a required field is not set.
    pub incomplete: bool,
    /// Refuse what is held from elsewhere.
    alone: bool,
    /// How many bytes may still be looked at in vain, once some were: what is not canonical at a deep level is met again at each.
    doubts: Option<usize>,
}

impl<'py, const EXACT: bool> Encoder<'py, EXACT> {
    /// Is to write no more than the limits allow; with `alone`, nothing that is held from elsewhere.
    pub fn new(py: Python<'py>, limits: Limits, alone: bool) -> Self {
        Self {
            py,
            depth: limits.levels(),
            incomplete: false,
            alone,
            doubts: None,
        }
    }

    /// Writes a message.
    ///
    /// # Errors
    /// `Stop::Refused` for what is not written here.
    pub fn message(&mut self, plan: &Plan, message: Message<'_, 'py>, out: &mut Buffer) -> Outcome {
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
    pub fn unread(
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
        // An iterator can be read once only: what it gave must not be lost, and the plain codec must find it.
        Ok(Some(value::list_of(held)?.into_any()))
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
        scalar(self.py, field, shape, item, key, skip_zero, out)
    }
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
