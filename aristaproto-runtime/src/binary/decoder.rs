//! Reads the fields of a message, one after the other, into its slots. A failure carries the path to what is wrong.

use std::collections::HashSet;

use pyo3::exceptions::{PyRecursionError, PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::decode_well_known;
use crate::binary::check::{Budget, Checker};
use crate::binary::decode_scalar::{plain, scalar};
use crate::binary::error::{Cause, DecodeResult, Failure};
use crate::binary::unknown_fields::{DeferredUnknownFields, UnknownFields};
use crate::memory::slot::Slots;
use crate::message::field_access::FieldAccess;
use crate::message::header::{new_message, Message};
use crate::message::pending::Frame;
use crate::python::growth;
use crate::python::key_cache;
use crate::python::limits::STACK_LEVELS;
use crate::python::stack::StackFloor;
use crate::schema::field::Wrapped;
use crate::schema::message::{ExtensionField, Field, Plan};
use crate::schema::wire_table::FieldShape;
use crate::wire;
use crate::wire::{Kind, Malformed, Reader};

/// A message of at most so many bytes is read together with the one that holds it: as much work as leaving it for later.
const AT_ONCE: u32 = 256;

/// What is read, and how.
pub struct Decoder<'a, 'py> {
    /// Attached.
    pub py: Python<'py>,
    /// The bytes being read, if nested messages can be left for later.
    pub source: Option<&'a Bound<'py, PyBytes>>,
    /// They are known to be canonical.
    pub canonical: bool,
    /// What may still come.
    pub budget: Budget,
    /// Unknown fields of messages that occur several times, to be put into them when all was read.
    pub deferred: DeferredUnknownFields<'py>,
    /// Classes, by address, and numbers of fields that are no extensions of theirs: each is asked for once.
    pub absent: HashSet<(usize, u32)>,
    /// Fields of the outermost message, by number, whose lists of numbers are left for later; `None` when none are to be.
    pub left: Option<Vec<u32>>,
}

/// Whether records of a field go on, or a group has ended.
#[derive(PartialEq)]
pub(super) enum Next {
    Record,
    End,
}

impl<'py> Decoder<'_, 'py> {
    /// Is to read what the budget allows, and all at once.
    pub fn new(py: Python<'py>, budget: Budget) -> Self {
        Self {
            py,
            source: None,
            canonical: false,
            budget,
            deferred: DeferredUnknownFields::default(),
            absent: HashSet::new(),
            left: None,
        }
    }

    /// Reads a message up to its end, or up to `end_tag` for a group. `owner`: the message, if it may have been read before.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn fields(
        &mut self,
        plan: &Plan,
        slots: Slots<'_>,
        owner: Option<&Bound<'py, PyAny>>,
        reader: &mut Reader<'_>,
        end_tag: u32,
    ) -> DecodeResult<()> {
        let fields = FieldAccess {
            py: self.py,
            plan,
            slots,
        };
        let mut unknown = UnknownFields::default();
        loop {
            if reader.at_end() {
                if end_tag != 0 {
                    return Err(Malformed::OpenGroup(end_tag >> 3).into());
                }
                break;
            }
            let start = reader.pos;
            let tag = reader.tag()?;
            let number = tag >> 3;
            let found = plan.shape.find(number);
            if let Some(entry) = found.and_then(|at| plan.decode_table.get(at)) {
                if tag == entry.tag {
                    match plain(self.py, entry.kind, reader) {
                        Ok(item) => slots.put(entry.offset, item),
                        Err(failure) => return Err(self.named(plan, number, failure)),
                    }
                    continue;
                }
            }
            if let Some((field, shape)) = found.and_then(|at| plan.at(at)) {
                let next = self
                    .record(
                        fields,
                        (field, shape),
                        reader,
                        (start, tag, end_tag),
                        &mut unknown,
                    )
                    .map_err(|failure| failure.in_field(self.py, field))?;
                if next == Next::End {
                    break;
                }
                continue;
            }
            if tag == end_tag && end_tag != 0 {
                break;
            }
            if plan.extensions_slot.is_some() {
                let asked = (plan.class.as_ptr() as usize, number);
                let extension = if self.absent.contains(&asked) {
                    None
                } else {
                    plan.find_extension(self.py, number)?
                };
                if extension.is_none() {
                    growth::insert(&mut self.absent, asked)?;
                }
                if let Some(extension) = extension.filter(|it| self.is_sound(it, tag, *reader)) {
                    let typed = (&extension.field, &*extension.shape);
                    self.record(fields, typed, reader, (start, tag, 0), &mut unknown)
                        .map_err(|failure| failure.in_field(self.py, &extension.field))?;
                    continue;
                }
            }
            reader.skip(tag, self.budget.depth)?;
            plan.shape.skip_unknown(reader);
            unknown.add(reader, start)?;
        }
        unknown.put(fields, reader, owner, &mut self.deferred)?;
        Ok(())
    }

    #[cold]
    fn named(&self, plan: &Plan, number: u32, failure: Box<Failure>) -> Box<Failure> {
        match plan.numbered(number) {
            Some((field, _)) => failure.in_field(self.py, field),
            None => failure,
        }
    }

    /// Whether the record of an extension can be read. When its bytes were checked, the extension may have been unknown.
    fn is_sound(&self, extension: &ExtensionField, tag: u32, mut reader: Reader<'_>) -> bool {
        if self.source.is_none() {
            // All that follows is checked now, and what is wrong is said.
            return true;
        }
        let mut checker = Checker {
            budget: UNCOUNTED,
            // Extensions of nested messages are checked when they are read.
            lookup: &mut |_, _| None,
            resolve: &mut |_, _| {},
        };
        checker.record(&extension.shape, tag, &mut reader).is_ok()
    }

    /// Reads one record of a known field.
    pub(super) fn record(
        &mut self,
        fields: FieldAccess<'_, 'py>,
        (field, shape): (&Field, &FieldShape),
        reader: &mut Reader<'_>,
        (start, tag, end_tag): (usize, u32, u32),
        unknown: &mut UnknownFields,
    ) -> DecodeResult<Next> {
        if tag == shape.tag {
            if shape.repeated {
                if self.is_left(shape) {
                    reader.skip(tag, self.budget.depth)?;
                    return Ok(Next::Record);
                }
                self.items(fields, field, shape, reader, start, unknown)?;
            } else if let (Some(entry), Some(shapes)) = (&field.entry, &shape.entry) {
                let mut start = start;
                let mut dict = None;
                for count in 0_usize.. {
                    match self.map_entry(entry, shapes, count < key_cache::FEW, reader)? {
                        Some((key, item)) => {
                            let dict = match &mut dict {
                                Some(dict) => dict,
                                None => dict.insert(fields.dict(field)?),
                            };
                            dict.set_item(key, item)?;
                        }
                        None => unknown.add(reader, start)?,
                    }
                    start = reader.pos;
                    if !reader.goes_on(shape.key) {
                        break;
                    }
                }
            } else if shape.kind.is_message() {
                let held = fields.get(field)?.filter(|held| !held.is_none());
                let held_before = held.clone();
                let item = self.message(field, shape, reader, held)?;
                if !held_before.is_some_and(|held| held.is(&item)) {
                    fields.put(field, item)?;
                }
            } else {
                match scalar(self.py, field, shape, reader)? {
                    Some(item) => fields.put(field, item)?,
                    None => unknown.add(reader, start)?,
                }
            }
            return Ok(Next::Record);
        }
        if tag & 7 == wire::LEN && shape.repeated && shape.kind.packable() {
            self.packed(fields, field, shape, reader, unknown)?;
            return Ok(Next::Record);
        }
        if tag == end_tag {
            return Ok(Next::End);
        }
        reader.skip(tag, self.budget.depth)?;
        unknown.add(reader, start)?;
        Ok(Next::Record)
    }

    /// A message or group, read into the value that is there, if any.
    pub(super) fn message(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        reader: &mut Reader<'_>,
        held: Option<Bound<'py, PyAny>>,
    ) -> DecodeResult<Bound<'py, PyAny>> {
        let at_once = match self.budget.enter() {
            // The message can be read later, from less far down.
            Err(Malformed::Stack) if self.source.is_some() && held.is_none() => 0,
            entered => entered.map(|()| AT_ONCE)?,
        };
        let plan = field.plan(self.py, shape)?;
        let made = match field.wrapped {
            Wrapped::No => self.plain_message(&plan, shape, reader, held, at_once)?,
            Wrapped::Timestamp | Wrapped::Duration | Wrapped::Scalar | Wrapped::Other => {
                self.wrapped_message(field, &plan, shape, reader, held)?
            }
        };
        self.budget.leave();
        Ok(made)
    }

    fn plain_message(
        &mut self,
        plan: &Plan,
        shape: &FieldShape,
        reader: &mut Reader<'_>,
        held: Option<Bound<'py, PyAny>>,
        at_once: u32,
    ) -> DecodeResult<Bound<'py, PyAny>> {
        let is_held = held.is_some();
        let made = if let Some(held) = held {
            // What is there may not be complete yet, and must not be shared with what comes.
            read_pending(Message::known(&held)?)?;
            held
        } else {
            let made = new_message(self.py, plan)?;
            // The end of a group is found by passing over it: once more for each level around it, if each were left for later.
            let is_left = shape.kind != Kind::Group || at_once == 0;
            if let Some(source) = self.source.filter(|_| is_left) {
                let mut behind = *reader;
                let (start, end) = limits_of(shape, &mut behind)?;
                if end - start > at_once {
                    let later = Message::known(&made)?;
                    later.postpone(source, start, end);
                    if self.canonical {
                        later.set_canonical();
                    }
                    *reader = behind;
                    return Ok(made);
                }
            }
            made
        };
        self.nested_message(plan, &made, is_held, shape, reader)?;
        Ok(made)
    }

    /// Reads what follows the tag of a message field into a message.
    fn nested_message(
        &mut self,
        plan: &Plan,
        message: &Bound<'py, PyAny>,
        is_held: bool,
        shape: &FieldShape,
        reader: &mut Reader<'_>,
    ) -> DecodeResult<()> {
        let owner = Some(message).filter(|_| is_held);
        if plan.is_message_set() {
            return Err(Failure::of(Cause::MessageSet));
        }
        // What an attribute holds or `from_wrapped` gives may be of any class, and the plan's slots are those of its own.
        let message = Message::of_plan(message, plan).ok_or_else(|| {
            PyTypeError::new_err(format!(
                "expected a message of {}, got one of {}",
                plan.class.bind(self.py),
                message.get_type()
            ))
        })?;
        let done = if shape.kind == Kind::Group {
            let end_tag = shape.number << 3 | wire::EGROUP;
            self.fields(plan, message.slots(), owner, reader, end_tag)
        } else {
            let stop = reader.span()?;
            let mut inner = Reader::new(reader.data, reader.pos, stop);
            let done = self.fields(plan, message.slots(), owner, &mut inner, 0);
            reader.pos = stop;
            done
        };
        done
    }

    /// A message whose Python value is another: read, then unwrapped.
    fn wrapped_message(
        &mut self,
        field: &Field,
        plan: &Plan,
        shape: &FieldShape,
        reader: &mut Reader<'_>,
        held: Option<Bound<'py, PyAny>>,
    ) -> DecodeResult<Bound<'py, PyAny>> {
        if held.is_none() {
            if let Some(made) = decode_well_known::read(self.py, field, plan, shape, reader)? {
                return Ok(made);
            }
        }
        let made = match &held {
            Some(held) => plan
                .class
                .bind(self.py)
                .call_method1("from_wrapped", (held,))?,
            None => new_message(self.py, plan)?,
        };
        // A value that Python's type cannot hold is its message.
        let is_held = held.is_some_and(|held| held.is(&made));
        read_pending(Message::known(&made)?)?;
        let source = self.source.take();
        let read = self.nested_message(plan, &made, is_held, shape, reader);
        self.source = source;
        read?;
        Ok(made.call_method0("to_wrapped")?)
    }
}

/// Where the content of a message or group starts and ends; the reader goes behind it.
fn limits_of(shape: &FieldShape, reader: &mut Reader<'_>) -> DecodeResult<(u32, u32)> {
    let (start, end) = if shape.kind == Kind::Group {
        let start = reader.pos;
        let opening = shape.number << 3 | wire::SGROUP;
        let mut end = start;
        loop {
            let tag = reader.tag()?;
            if tag == opening + 1 {
                break;
            }
            reader.skip(tag, STACK_LEVELS)?;
            end = reader.pos;
        }
        (start, end)
    } else {
        let end = reader.span()?;
        let start = reader.pos;
        reader.pos = end;
        (start, end)
    };
    match (u32::try_from(start), u32::try_from(end)) {
        (Ok(start), Ok(end)) => Ok((start, end)),
        _ => Err(Malformed::Cut.into()),
    }
}

/// For what was counted before.
pub const UNCOUNTED: Budget = Budget {
    depth: STACK_LEVELS,
    messages: u64::MAX,
    floor: StackFloor::new(),
};

/// Fills the empty slots of a message whose wire bytes are still to be read.
///
/// # Errors
/// `MemoryError`, or `RecursionError` where the stack holds no more: the bytes were checked before.
pub fn read_pending(message: Message<'_, '_>) -> PyResult<()> {
    read(message, false)
}

/// The same without long lists of numbers, which then are still to be read.
///
/// # Errors
/// As `read_pending`.
pub fn read_besides_numbers(message: Message<'_, '_>) -> PyResult<()> {
    if message.only_numbers_pend() {
        return Ok(());
    }
    read(message, true)
}

fn read(message: Message<'_, '_>, leaves_numbers: bool) -> PyResult<()> {
    let Some((data, start, end)) = message.pending() else {
        return Ok(());
    };
    let only_numbers = message.only_numbers_pend();
    let py = data.py();
    let plan = message.plan()?;
    let mut frame = Frame::new(py, plan)?;
    let mut decoder = Decoder {
        source: Some(&data),
        canonical: message.is_canonical(),
        left: leaves_numbers.then(Vec::new),
        // Levels and messages were counted when the bytes were checked.
        ..Decoder::new(py, UNCOUNTED)
    };
    let mut reader = Reader::new(data.as_bytes(), start, end);
    let done = if only_numbers {
        decoder.numbers(plan, frame.slots(), message.slots(), &mut reader)
    } else {
        decoder.fields(plan, frame.slots(), None, &mut reader, 0)
    };
    let numbers_pend = decoder.left.take().is_some_and(|left| !left.is_empty());
    done.and_then(|()| Ok(decoder.deferred.put(py)?))
        .map_err(|failure| match failure.cause {
            Cause::Python(error) => error,
            Cause::Malformed(found @ Malformed::Stack) => {
                PyRecursionError::new_err(found.to_string())
            }
            Cause::Malformed(found) => {
                PyRuntimeError::new_err(format!("checked wire bytes cannot be read: {found}"))
            }
            Cause::MessageSet => PyRuntimeError::new_err("checked wire bytes hold a message set"),
        })?;
    message.adopt(plan, &mut frame, &data, numbers_pend);
    Ok(())
}
