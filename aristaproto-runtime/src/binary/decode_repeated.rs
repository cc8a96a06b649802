//! Repeated fields and maps, read from wire bytes.

use pyo3::prelude::*;

use super::decoder::{Decoder, UNCOUNTED};
use crate::binary::decode_scalar;
use crate::binary::decode_scalar::scalar;
use crate::binary::error::{not_utf8, Cause, DecodeResult, PathElement};
use crate::binary::unknown_fields::UnknownFields;
use crate::memory::slot::Slots;
use crate::message::field_access::FieldAccess;
use crate::message::header::new_message;
use crate::python::growth;
use crate::python::key_cache;
use crate::python::limits::STACK_LEVELS;
use crate::schema::field::Wrapped;
use crate::schema::message::{Field, Plan};
use crate::schema::wire_table::FieldShape;
use crate::wire::{Kind, Malformed, Reader};

/// Packed numbers of at least so many bytes are left for later when another field is looked at: who wants them as an array needs no
/// objects for them.
const MANY_NUMBERS: usize = 256;

impl<'py> Decoder<'_, 'py> {
    /// Reads the values of a repeated field that follow each other, the first of which begins behind the tag at `start`.
    pub(super) fn items(
        &mut self,
        fields: FieldAccess<'_, 'py>,
        field: &Field,
        shape: &FieldShape,
        reader: &mut Reader<'_>,
        mut start: usize,
        unknown: &mut UnknownFields,
    ) -> DecodeResult<()> {
        let list = fields.list(field)?;
        loop {
            let item = if shape.kind.is_message() {
                self.message(field, shape, reader, None).map(Some)
            } else {
                scalar(self.py, field, shape, reader)
            };
            match item.map_err(|failure| failure.at(PathElement::Index(list.len())))? {
                Some(item) => list.append(item)?,
                None => unknown.add(reader, start)?,
            }
            start = reader.pos;
            if !reader.goes_on(shape.key) {
                return Ok(());
            }
        }
    }

    /// Key and value of a map entry; `None` when the value is one that its closed enum does not know.
    pub(super) fn map_entry(
        &mut self,
        fields: &(Field, Field),
        shapes: &(FieldShape, FieldShape),
        is_common: bool,
        reader: &mut Reader<'_>,
    ) -> DecodeResult<Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)>> {
        let stop = reader.span()?;
        let mut inner = Reader::new(reader.data, reader.pos, stop);
        let mut key: Option<Bound<'py, PyAny>> = None;
        let mut item: Option<Bound<'py, PyAny>> = None;
        let mut known_value = true;
        let py = self.py;
        let default_key = || fields.0.default.bind(py).clone();
        while !inner.at_end() {
            let tag = inner.tag()?;
            if tag == shapes.0.tag {
                key = if is_common && shapes.0.kind == Kind::String && shapes.0.utf8 {
                    let bytes = inner.bytes()?;
                    let made = key_cache::string(py, bytes);
                    Some(made.map_err(|error| not_utf8(py, error, bytes))?)
                } else {
                    scalar(self.py, &fields.0, &shapes.0, &mut inner)?
                };
            } else if tag == shapes.1.tag {
                let read = if shapes.1.kind.is_message() {
                    self.message(&fields.1, &shapes.1, &mut inner, item.take())
                        .map(Some)
                } else {
                    scalar(self.py, &fields.1, &shapes.1, &mut inner)
                };
                match read {
                    Ok(found) => {
                        known_value = found.is_some();
                        item = found;
                    }
                    Err(failure) => {
                        let key = key.unwrap_or_else(default_key);
                        return Err(failure.at(PathElement::Key(key.unbind())));
                    }
                }
            } else {
                inner.skip(tag, self.budget.depth)?;
            }
        }
        reader.pos = stop;
        if !known_value {
            return Ok(None);
        }
        let key = key.unwrap_or_else(default_key);
        let item = match item {
            Some(item) => item,
            None if shapes.1.kind.is_message() => self.empty_value(&fields.1, &shapes.1)?,
            None => fields.1.default.bind(self.py).clone(),
        };
        Ok(Some((key, item)))
    }

    fn empty_value(&self, field: &Field, shape: &FieldShape) -> DecodeResult<Bound<'py, PyAny>> {
        let plan = field.plan(self.py, shape)?;
        let made = new_message(self.py, &plan)?;
        if field.wrapped == Wrapped::No {
            return Ok(made);
        }
        Ok(made.call_method0("to_wrapped")?)
    }

    /// Whether a list of numbers of the outermost message has been left for later.
    #[inline(always)]
    pub(super) fn is_left(&self, shape: &FieldShape) -> bool {
        let is_left = |left: &Vec<u32>| left.contains(&shape.number);
        self.left.as_ref().is_some_and(is_left) && self.budget.depth == UNCOUNTED.depth
    }

    /// Leaves packed numbers for later, if that is asked for and worth it, and none of the field have been read.
    fn leaves(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        slots: Slots<'_>,
        bytes: &[u8],
    ) -> bool {
        if self.is_left(shape) {
            return true;
        }
        match &mut self.left {
            Some(left)
                if lacks(slots, field)
                    && bytes.len() >= MANY_NUMBERS
                    && shape.is_numbers()
                    && self.budget.depth == UNCOUNTED.depth =>
            {
                // Without memory for the number, they are read now.
                growth::push(left, shape.number).is_ok()
            }
            _ => false,
        }
    }

    /// Reads the lists of numbers that `owner` lacks, and nothing else.
    pub(super) fn numbers(
        &mut self,
        plan: &Plan,
        slots: Slots<'_>,
        owner: Slots<'_>,
        reader: &mut Reader<'_>,
    ) -> DecodeResult<()> {
        let fields = FieldAccess {
            py: self.py,
            plan,
            slots,
        };
        let mut unknown = UnknownFields::default();
        while !reader.at_end() {
            let start = reader.pos;
            let tag = reader.tag()?;
            match plan.numbered(tag >> 3) {
                Some(typed) if typed.1.is_numbers() && lacks(owner, typed.0) => {
                    self.record(fields, typed, reader, (start, tag, 0), &mut unknown)?;
                }
                _ => reader.skip(tag, STACK_LEVELS)?,
            }
        }
        Ok(())
    }

    /// The numbers of a packed field.
    pub(super) fn packed(
        &mut self,
        fields: FieldAccess<'_, 'py>,
        field: &Field,
        shape: &FieldShape,
        reader: &mut Reader<'_>,
        unknown: &mut UnknownFields,
    ) -> DecodeResult<()> {
        let stop = reader.span()?;
        let mut inner = Reader::new(reader.data, reader.pos, stop);
        reader.pos = stop;
        let bytes = reader.data.get(inner.pos..stop).unwrap_or_default();
        if shape.kind.width() > 0 && bytes.len() % shape.kind.width() > 0 {
            // Found before the list is made.
            return Err(Malformed::Multiple(shape.kind.width(), bytes.len()).into());
        }
        if self.leaves(field, shape, fields.slots, bytes) {
            return Ok(());
        }
        let held = fields.get(field)?;
        let first = held.is_none_or(|held| held.len().is_ok_and(|length| length == 0));
        let fresh = if first {
            decode_scalar::all(self.py, shape.kind, bytes)?
        } else {
            None
        };
        if let Some(list) = fresh {
            fields.put(field, list.into_any())?;
            return Ok(());
        }
        let list = fields.list(field)?;
        while !inner.at_end() {
            let start = inner.pos;
            match scalar(self.py, field, shape, &mut inner) {
                Ok(Some(item)) => list.append(item)?,
                Ok(None) => {
                    // As it would stand alone.
                    unknown.add_tag(reader, shape.key)?;
                    unknown.add(&inner, start)?;
                }
                Err(failure) => {
                    let failure = match failure.cause {
                        Cause::Malformed(Malformed::Cut) => Malformed::PackedCut.into(),
                        _ => failure,
                    };
                    return Err(failure.at(PathElement::Index(list.len())));
                }
            }
        }
        Ok(())
    }
}

/// Whether the slot of a field is empty.
pub(super) fn lacks(slots: Slots<'_>, field: &Field) -> bool {
    field.slot().is_some_and(|offset| slots.is_empty(offset))
}
