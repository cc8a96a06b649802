//! Messages to wire bytes, field by field, from the last to the first.
//!
//! The walk borrows what it passes (`Level`): messages, lists of them, maps, and scalars of Python's own types, which are written as
//! they lie in their slot (`Slot::peek`). What is left is held and converted by `encode_held`.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::binary::canonical::Canonical;
use crate::binary::decoder::read_pending;
use crate::binary::encode_scalar::plain;
use crate::binary::{canonical, packed};
use crate::memory::layout::MessageClass;
use crate::memory::slot::{Slot, Slots};
use crate::message::field_access::oneofs_agree;
use crate::message::header::Message;
use crate::message::level::{Child, Dict, Entries, Level, List};
use crate::message::required::has_required;
use crate::python::borrowed::ValueRef;
use crate::python::cpython::stack_error;
use crate::python::fallback::{Outcome, Stop};
use crate::python::limits::{Limits, STACK_LEVELS};
use crate::python::stack::StackFloor;
use crate::python::values;
use crate::schema::field::Wrapped;
use crate::schema::field_tables::{EncodeEntry, FieldEncoding};
use crate::schema::message::{Field, Plan};
use crate::schema::wire_table::FieldShape;
use crate::wire;
use crate::wire::{Key, Kind, Reader, Writer};

/// What a copy by way of wire bytes asks for: that reading the bytes gives the very values that are written, and no code of
/// users' is passed over. Everything else is refused.
#[derive(Clone, Copy)]
pub struct Exact {
    /// Nothing may be held from elsewhere either, so that no object is met twice.
    pub alone: bool,
}

/// Writes messages.
pub struct Encoder {
    /// Levels that may follow.
    pub(super) depth: u32,
    pub(super) floor: StackFloor,
    /// A message was written of which a required field is not set.
    pub incomplete: bool,
    pub(super) exact: Option<Exact>,
    /// How many bytes may still be looked at in vain, once some were: what is not canonical at a deep level is met again at each.
    doubts: Option<usize>,
}

impl Encoder {
    /// Is to write no more levels than the limits allow.
    pub fn new(limits: Limits, exact: Option<Exact>) -> Self {
        Self {
            depth: limits.levels(),
            floor: StackFloor::new(),
            incomplete: false,
            exact,
            doubts: None,
        }
    }

    /// Enters a nested message.
    #[inline(always)]
    pub(super) fn enter(&mut self) -> Outcome {
        self.depth = self.depth.checked_sub(1).ok_or(Stop::Fallback)?;
        if !self.floor.has_room() {
            return Err(stack_error().into());
        }
        Ok(())
    }

    /// Writes a message that somebody holds.
    ///
    /// # Errors
    /// `Stop::Fallback` for what is not written here.
    pub fn message(&mut self, plan: &Plan, message: Message<'_, '_>, out: &mut Writer) -> Outcome {
        if message.is_pending() {
            let unread = if self.exact.is_some() {
                // Its bytes are what its copy is to be read from. They were looked through: all required fields are there.
                Some(message.untouched(plan).ok_or(Stop::Fallback)?)
            } else {
                self.unread(plan, message)
            };
            if let Some((data, start, end)) = unread {
                out.put(data.as_bytes().get(start..end).unwrap_or_default());
                return Ok(());
            }
            if message.holds_arrays() {
                return self.beside_arrays(plan, message, out);
            }
            read_pending(message)?;
        }
        let object = message.object().to_owned();
        let mut level = Level::outermost(&object);
        self.fields(&mut level, plan, message.slots(), out)
    }

    /// Writes the fields of a message that holds arrays, whose wire bytes are there already.
    #[inline(never)]
    fn beside_arrays(
        &mut self,
        plan: &Plan,
        message: Message<'_, '_>,
        out: &mut Writer,
    ) -> Outcome {
        let object = message.object().to_owned();
        let mut level = Level::outermost(&object);
        let mut arrays = message.records()?.ok_or(Stop::Fallback)?;
        let slots = message.slots();
        self.besides_fields(&level, plan, slots, out)?;
        self.incomplete |= !has_required(plan, slots);
        for (entry, slot) in slots.each(&plan.encode_table) {
            if !slot.is_empty() {
                self.slot(&mut level, plan, entry, slot, out)?;
            } else if let Some((_, shape)) = plan.at(entry.index as usize) {
                out.put(arrays.last_of(shape.number));
            }
        }
        Ok(())
    }

    /// Writes the fields of a message of which nothing is to be read.
    fn fields(
        &mut self,
        level: &mut Level<'_, '_>,
        plan: &Plan,
        slots: Slots<'_>,
        out: &mut Writer,
    ) -> Outcome {
        if self.exact.is_some() && !oneofs_agree(plan, slots) {
            return Err(Stop::Fallback);
        }
        if !plan.is_simple || !slots.is_empty(plan.unknown) {
            self.besides_fields(level, plan, slots, out)?;
            self.incomplete |= !has_required(plan, slots);
        }
        let exact = self.exact;
        for (entry, slot) in slots.each(&plan.encode_table) {
            let (encoding, kind, key) = (entry.encoding, entry.kind, entry.key);
            if slot.peek(|value| written_plainly(value, encoding, kind, key, exact, out))
                == Some(false)
            {
                self.slot(level, plan, entry, slot, out)?;
            }
        }
        Ok(())
    }

    /// The bytes of a message that nobody has looked at, if reading and writing it gives the same, and where they start and end.
    #[inline(never)]
    pub fn unread<'py>(
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
            let mut canonical = Canonical::new(data.py(), data.as_bytes(), start, end);
            if !canonical.is_message(plan) {
                self.doubts = Some(doubts.saturating_sub(canonical.position() - start));
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
        level: &Level<'_, '_>,
        plan: &Plan,
        slots: Slots<'_>,
        out: &mut Writer,
    ) -> Outcome {
        if plan.is_message_set() {
            // The plain codec writes it, and with it all around it.
            return Err(Stop::Fallback);
        }
        let unknown = slots.slot(plan.unknown);
        if self.exact.is_some() && !unknown.is_empty() {
            let py = level.python();
            let bytes = unknown.get(py).ok_or(Stop::Fallback)?;
            let bytes = bytes.cast_exact::<PyBytes>()?;
            if !stays_unknown(py, plan, bytes.as_bytes())? {
                return Err(Stop::Fallback);
            }
        }
        let written = unknown.peek(|held| held.bytes().map(|bytes| out.put(bytes)));
        if written == Some(None) {
            return Err(Stop::Fallback);
        }
        let extensions = plan.extensions_slot.map(|offset| slots.slot(offset));
        let Some(extensions) = extensions.filter(|slot| !slot.is_empty()) else {
            return Ok(());
        };
        let held = extensions.get(level.python()).ok_or(Stop::Fallback)?;
        match held.cast::<PyDict>() {
            Ok(held) if held.is_empty() => Ok(()),
            Ok(held) if self.exact.is_none() => self.extensions(held, out),
            Err(_) if held.is_none() => Ok(()),
            _ => Err(Stop::Fallback),
        }
    }

    /// Writes what is in a slot, which is not empty.
    #[inline(never)]
    fn slot(
        &mut self,
        level: &mut Level<'_, '_>,
        plan: &Plan,
        entry: &EncodeEntry,
        slot: Slot<'_>,
        out: &mut Writer,
    ) -> Outcome {
        let (encoding, kind, key, exact) = (entry.encoding, entry.kind, entry.key, self.exact);
        let Some((field, shape)) = plan.at(entry.index as usize) else {
            return Ok(());
        };
        if let Some(class) = read_as_messages(field) {
            if encoding == FieldEncoding::Message {
                if let Some(child) = level.message(slot, class) {
                    return self.child(child, shape, out);
                }
            } else if shape.repeated {
                if let Some(list) = level.list(slot) {
                    return self.messages(list, class, field, shape, out);
                }
            }
        } else if kind == Kind::Enum && !shape.repeated {
            let number = slot.peek(|value| value.int()?.value()?.of_kind(kind));
            let number = number.flatten().map(|number| number as i32);
            if let Some((number, member)) = number.and_then(|number| field.named_member(number)) {
                let is_read_so = || {
                    slot.held()
                        .is_some_and(|held| held.as_ptr() == member.as_ptr())
                };
                let is_usual = encoding != FieldEncoding::Closed || number > 0;
                if is_usual && (exact.is_none() || is_read_so()) {
                    if number > 0 || encoding == FieldEncoding::Optional {
                        out.varint(number, key);
                    }
                    return Ok(());
                }
            }
        }
        if let (Some(entry), Some(shapes)) = (&field.entry, &shape.entry) {
            if let (Some(class), Some(entries)) = (read_as_messages(&entry.1), Entries::of(slot)) {
                return self.message_map(level.dict(&entries), class, entry, shapes, shape, out);
            }
        }
        let py = level.python();
        let Some(held) = slot.get(py) else {
            return Ok(());
        };
        if self.exact.is_some() {
            return self.exactly(field, shape, &held, out);
        }
        if let Some(list) = self.field(field, shape, &held, out)? {
            slot.put(list.clone());
            self.field(field, shape, &list, out)?;
        }
        Ok(())
    }

    /// Writes the messages of a list, which is asked for each of them: code of users may change it meanwhile.
    fn messages(
        &mut self,
        mut list: List<'_, '_>,
        class: &MessageClass,
        field: &Field,
        shape: &FieldShape,
        out: &mut Writer,
    ) -> Outcome {
        if self.exact.is_some_and(|exact| exact.alone) && list.level().is_shared() {
            return Err(Stop::Fallback);
        }
        let mut index = list.len();
        while index > 0 {
            index = (index - 1).min(list.len().saturating_sub(1));
            list.prefetch(index, class);
            if let Some(child) = list.message(index, class) {
                self.child(child, shape, out)?;
                continue;
            }
            let Some(item) = list.get(index) else {
                break;
            };
            self.value(field, shape, &item, out)?;
        }
        Ok(())
    }

    /// Writes the entries of a map of messages.
    fn message_map(
        &mut self,
        mut dict: Dict<'_, '_>,
        class: &MessageClass,
        entry: &(Field, Field),
        shapes: &(FieldShape, FieldShape),
        shape: &FieldShape,
        out: &mut Writer,
    ) -> Outcome {
        if self.exact.is_some_and(|exact| exact.alone) && dict.level().is_shared() {
            return Err(Stop::Fallback);
        }
        let (kind, key, is_exact) = (shapes.0.kind, shapes.0.key, self.exact.is_some());
        for index in (0..dict.len()).rev() {
            let before = out.len();
            let is_message = match dict.message(index, class) {
                Some(child) => self.child(child, &shapes.1, out).map(|()| true)?,
                None => false,
            };
            if !is_message {
                if let Some((_, value)) = dict.get(index) {
                    self.value(&entry.1, &shapes.1, &value, out)?;
                }
            }
            let is_written =
                dict.peek_key(index, |name| plain(name, kind, key, false, is_exact, out));
            if is_written == Some(false) {
                if let Some((name, _)) = dict.get(index) {
                    self.scalar(&entry.0, &shapes.0, &name, key, false, out)?;
                }
            }
            out.varint((out.len() - before) as u64, shape.key);
        }
        Ok(())
    }

    /// Writes a message of a field's very class, with its tag and length, or between the tags of a group.
    #[inline(always)]
    fn child(&mut self, mut child: Child<'_, '_>, shape: &FieldShape, out: &mut Writer) -> Outcome {
        self.enter()?;
        let before = open(shape, out);
        if let Some(exact) = self.exact {
            if !child.is_usual() || exact.alone && child.level().is_shared() {
                return Err(Stop::Fallback);
            }
        }
        if let Some((level, plan, slots)) = child.filled() {
            self.fields(level, plan, slots, out)?;
        } else {
            let object = child.level().object();
            let message = Message::of(&object).ok_or(Stop::Fallback)?;
            self.message(message.plan()?, message, out)?;
        }
        close(shape, before, out);
        self.depth += 1;
        Ok(())
    }

    /// Writes what is no message, no list of messages and no scalar of Python's own types, if reading it gives the same.
    fn exactly(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        held: &Bound<'_, PyAny>,
        out: &mut Writer,
    ) -> Outcome {
        if self.exact.is_some_and(|exact| exact.alone)
            && (shape.repeated || shape.entry.is_some())
            && !values::is_unshared(held)
        {
            return Err(Stop::Fallback);
        }
        match self.field(field, shape, held, out)? {
            None => Ok(()),
            Some(_) => Err(Stop::Fallback),
        }
    }
}

/// Begins, at its end, a message in a field: with the closing tag of a group. Gives what was written before.
#[inline(always)]
pub(super) fn open(shape: &FieldShape, out: &mut Writer) -> usize {
    if shape.kind == Kind::Group {
        out.key(Key::new(shape.number << 3 | wire::EGROUP));
    }
    out.len()
}

/// Puts what comes before the content of a message: the tag of a group, or length and tag.
#[inline(always)]
pub(super) fn close(shape: &FieldShape, before: usize, out: &mut Writer) {
    if shape.kind == Kind::Group {
        out.key(shape.key);
    } else {
        out.varint((out.len() - before) as u64, shape.key);
    }
}

/// The class of a field's messages, if reading gives them; of a wrapped field it gives the values that they stand for.
#[inline]
fn read_as_messages(field: &Field) -> Option<&MessageClass> {
    field
        .class
        .as_ref()
        .filter(|_| field.wrapped == Wrapped::No)
}

/// Whether reading gives no list or dict that is met twice.
fn is_met_again(value: ValueRef<'_>, exact: Option<Exact>) -> bool {
    exact.is_some_and(|exact| exact.alone) && value.is_shared()
}

/// Writes what a slot or a container holds, if nothing of it needs Python code.
#[inline(always)]
pub(super) fn written_plainly(
    value: ValueRef<'_>,
    encoding: FieldEncoding,
    kind: Kind,
    key: Key,
    exact: Option<Exact>,
    out: &mut Writer,
) -> bool {
    let is_exact = exact.is_some();
    match encoding {
        FieldEncoding::Scalar => plain(value, kind, key, true, is_exact, out),
        FieldEncoding::Optional => plain(value, kind, key, false, is_exact, out) || value.is_none(),
        FieldEncoding::Packed | FieldEncoding::Each => match value.items() {
            None => false,
            Some([]) => true,
            Some(_) if is_met_again(value, exact) => false,
            Some(items) if encoding == FieldEncoding::Packed => {
                packed::packed(items, kind, key, is_exact, out)
            }
            Some(items) => packed::each(items, kind, key, is_exact, out),
        },
        FieldEncoding::Message => value.is_none(),
        FieldEncoding::Map | FieldEncoding::Other => {
            let is_empty = match value.items() {
                Some(items) => items.is_empty(),
                None => encoding == FieldEncoding::Map && value.is_empty_dict(),
            };
            is_empty && !is_met_again(value, exact)
        }
        FieldEncoding::Closed => false,
    }
}

/// Writes a member of a closed enum, if it is one of a number above zero.
pub(super) fn closed_member(
    field: &Field,
    held: &Bound<'_, PyAny>,
    exact: Option<Exact>,
    key: Key,
    out: &mut Writer,
) -> bool {
    match field.closed_member(values::small_int(held)) {
        Some((number, member)) if exact.is_none() || member.is(held) => {
            out.varint(number, key);
            true
        }
        _ => false,
    }
}

/// Whether all of these fields are unknown to whoever reads them now.
fn stays_unknown(py: Python<'_>, plan: &Plan, bytes: &[u8]) -> Outcome<bool> {
    let mut reader = Reader::new(bytes, 0, bytes.len());
    while !reader.at_end() {
        let Ok(tag) = reader.tag() else {
            return Ok(false);
        };
        let number = tag >> 3;
        if plan.shape.find(number).is_some()
            || plan.knows_extension(py, number)?
            || reader.skip(tag, STACK_LEVELS).is_err()
        {
            return Ok(false);
        }
    }
    Ok(true)
}
