//! Whether wire bytes are, byte for byte, what `encode` writes for the message that `decode` makes of them. `encode` then hands on
//! the bytes of a message that nobody has looked at.
//!
//! The bytes are known to be a message (`check`). The answer is also no where finding out takes long.

use std::collections::HashSet;

use pyo3::prelude::*;

use crate::jsontext::time;
use crate::python::stack::StackFloor;
use crate::schema::enums::EnumValues;
use crate::schema::field::Wrapped;
use crate::schema::message::{Field, Plan};
use crate::schema::wire_table::{FieldShape, MessageKind};
use crate::wire;
use crate::wire::{is_utf8, Kind, Reader};

/// Levels of messages that are looked at.
pub const LEVELS: u32 = 50;

/// `None`: no.
type Yes<T = ()> = Option<T>;

/// Says yes if something holds.
#[inline]
fn holds(condition: bool) -> Yes {
    condition.then_some(())
}

/// Goes through bytes for as long as they are canonical.
pub struct Canonical<'a, 'py> {
    py: Python<'py>,
    reader: Reader<'a>,
    /// Levels that may follow.
    depth: u32,
    floor: StackFloor,
}

impl<'a, 'py> Canonical<'a, 'py> {
    /// Is to look at `data[start..end]`.
    pub fn new(py: Python<'py>, data: &'a [u8], start: usize, end: usize) -> Self {
        Self {
            py,
            reader: Reader::new(data, start, end),
            depth: LEVELS,
            floor: StackFloor::new(),
        }
    }

    /// Whether the bytes are the canonical ones of a message of the plan's class.
    pub fn is_message(&mut self, plan: &Plan) -> bool {
        self.fields(plan, 0, false).is_some()
    }

    /// Where the look has come to.
    pub fn position(&self) -> usize {
        self.reader.pos
    }

    /// Looks at what follows up to its end, or up to `end_tag` for a group. `bare`: without unknown fields.
    fn fields(&mut self, plan: &Plan, end_tag: u32, bare: bool) -> Yes {
        holds(plan.shape.message_kind != MessageKind::MessageSet)?;
        let (mut last, mut oneofs, mut unknown) = (0, 0_u64, false);
        loop {
            if self.reader.at_end() {
                return holds(end_tag == 0);
            }
            let tag = self.tag()?;
            if tag == end_tag {
                return Some(());
            }
            let number = tag >> 3;
            let Some(index) = plan.shape.find(number) else {
                holds(!bare)?;
                self.unknown(plan, tag)?;
                unknown = true;
                continue;
            };
            let entry = plan.canonical_table.get(index)?;
            holds(tag == entry.tag && number > last && !unknown)?;
            last = number;
            if entry.oneof > 0 {
                let bit = 1_u64.checked_shl(entry.oneof - 1)?;
                holds(oneofs & bit == 0)?;
                oneofs |= bit;
            }
            if entry.single {
                let enum_values = || plan.at(index)?.0.closed_enum();
                self.scalar(entry.kind, entry.utf8, enum_values, entry.implicit)?;
            } else {
                let (field, shape) = plan.at(index)?;
                self.several(field, shape)?;
            }
        }
    }

    /// Passes over an unknown field, which is written behind the known ones. That of an extension may be known by now; one that
    /// is registered later finds the bytes handed on as they came, which tell the same message.
    #[inline(never)]
    fn unknown(&mut self, plan: &Plan, tag: u32) -> Yes {
        holds(matches!(plan.knows_extension(self.py, tag >> 3), Ok(false)))?;
        self.reader.skip(tag, self.depth).ok()
    }

    /// Looks at what is no scalar by itself, behind its first tag.
    fn several(&mut self, field: &Field, shape: &FieldShape) -> Yes {
        if let (Some(entry), Some(shapes)) = (&field.entry, &shape.entry) {
            return self.map(entry, shapes, shape);
        }
        if !shape.repeated {
            return self.value(field, shape, !field.presence);
        }
        if field.packed {
            return self.packed(shape);
        }
        loop {
            self.value(field, shape, false)?;
            if !self.reader.goes_on(shape.key) {
                return Some(());
            }
        }
    }

    /// The next byte, if it is a varint by itself.
    #[inline]
    fn short(&mut self) -> Option<u8> {
        let byte = *self.reader.data.get(self.reader.pos)?;
        (byte < 0x80).then(|| {
            self.reader.pos += 1;
            byte
        })
    }

    #[inline]
    fn tag(&mut self) -> Yes<u32> {
        match self.short() {
            Some(tag) => Some(u32::from(tag)),
            None => u32::try_from(self.long()?).ok(),
        }
    }

    #[inline]
    fn varint(&mut self) -> Yes<u64> {
        match self.short() {
            Some(number) => Some(u64::from(number)),
            None => self.long(),
        }
    }

    /// A varint of several bytes, none of them one too many.
    fn long(&mut self) -> Yes<u64> {
        let start = self.reader.pos;
        let number = self.reader.varint().ok()?;
        let bytes = self.reader.data.get(start..self.reader.pos)?;
        // Of the tenth byte, one bit counts.
        let last = *bytes.last()?;
        holds(last != 0 && (bytes.len() < 10 || last == 1))?;
        Some(number)
    }

    #[inline]
    fn span(&mut self) -> Yes<usize> {
        let length = self.varint()?;
        let end = self.reader.pos.checked_add(usize::try_from(length).ok()?)?;
        holds(end <= self.reader.data.len())?;
        Some(end)
    }

    #[inline]
    fn bytes(&mut self) -> Yes<&'a [u8]> {
        let end = self.span()?;
        let found = self.reader.data.get(self.reader.pos..end)?;
        self.reader.pos = end;
        Some(found)
    }

    /// Looks at what lies behind a length, all of it.
    #[inline]
    fn within<T>(&mut self, look: impl FnOnce(&mut Self) -> Yes<T>) -> Yes<T> {
        let end = self.span()?;
        let around = self.reader.data;
        self.reader.data = around.get(..end)?;
        let found = look(self)?;
        holds(self.reader.at_end())?;
        self.reader.data = around;
        Some(found)
    }

    /// Looks at one value. `implicit`: a zero would not be written.
    #[inline]
    fn value(&mut self, field: &Field, shape: &FieldShape, implicit: bool) -> Yes {
        if shape.kind.is_message() {
            return self.message(field, shape);
        }
        self.scalar(shape.kind, shape.utf8, || field.closed_enum(), implicit)
    }

    /// The same of a scalar. `utf8`: strings are known to be UTF-8. `enum_values`: those of a closed enum.
    #[inline]
    fn scalar<'m>(
        &mut self,
        kind: Kind,
        utf8: bool,
        enum_values: impl FnOnce() -> Option<&'m EnumValues>,
        implicit: bool,
    ) -> Yes {
        let zero = match kind {
            Kind::Double | Kind::Fixed64 | Kind::SFixed64 => {
                u64::from_le_bytes(self.reader.fixed().ok()?) == 0
            }
            Kind::Fixed32 | Kind::SFixed32 => u32::from_le_bytes(self.reader.fixed().ok()?) == 0,
            Kind::Float => {
                let number = f32::from_le_bytes(self.reader.fixed().ok()?);
                // Python may change the bits of what is no number.
                holds(!number.is_nan())?;
                number.to_bits() == 0
            }
            Kind::String | Kind::Bytes => {
                let bytes = self.bytes()?;
                holds(utf8 || kind == Kind::Bytes || is_utf8(bytes))?;
                bytes.is_empty()
            }
            Kind::UInt32 | Kind::SInt32 => u32::try_from(self.varint()?).ok()? == 0,
            Kind::Bool => {
                let number = self.varint()?;
                holds(number <= 1)?;
                number == 0
            }
            Kind::Int32 | Kind::Enum => {
                let number = self.varint()?;
                let value = number as i32;
                holds(i64::from(value) as u64 == number)?;
                if kind == Kind::Enum {
                    holds(
                        enum_values().is_none_or(|enum_values| enum_values.knows(self.py, value)),
                    )?;
                }
                value == 0
            }
            _ => self.varint()? == 0,
        };
        holds(!(zero && implicit))
    }

    fn message(&mut self, field: &Field, shape: &FieldShape) -> Yes {
        self.depth = self.depth.checked_sub(1)?;
        holds(self.floor.has_room())?;
        if shape.kind == Kind::Group {
            holds(field.wrapped == Wrapped::No)?;
            let plan = field.plan(self.py, shape).ok()?;
            self.fields(&plan, shape.number << 3 | wire::EGROUP, false)?;
        } else {
            self.within(|inner| match field.wrapped {
                Wrapped::No => inner.fields(&*field.plan(inner.py, shape).ok()?, 0, false),
                Wrapped::Scalar => inner.fields(&*field.plan(inner.py, shape).ok()?, 0, true),
                Wrapped::Timestamp | Wrapped::Duration => inner.time(field.wrapped),
                Wrapped::Other => None,
            })?;
        }
        self.depth += 1;
        Some(())
    }

    /// Looks at a Timestamp, or a Duration that is not negative, of whole microseconds.
    fn time(&mut self, wrapped: Wrapped) -> Yes {
        let (mut seconds, mut nanos, mut last) = (0, 0, 0);
        while !self.reader.at_end() {
            let tag = self.tag()?;
            holds(tag > last)?;
            last = tag;
            let number = self.varint()?;
            holds(number != 0)?;
            match tag {
                8 => seconds = number as i64,
                16 => nanos = i32::try_from(number).ok()?,
                _ => return None,
            }
        }
        holds(nanos % 1000 == 0)?;
        holds(match wrapped {
            Wrapped::Timestamp => time::is_time(seconds, nanos),
            _ => seconds >= 0 && time::is_span(seconds, nanos),
        })
    }

    /// Looks at all entries of a map.
    #[inline(never)]
    fn map(
        &mut self,
        (key, item): &(Field, Field),
        (key_shape, item_shape): &(FieldShape, FieldShape),
        shape: &FieldShape,
    ) -> Yes {
        let mut keys: Vec<&[u8]> = Vec::new();
        loop {
            keys.try_reserve(1).ok()?;
            keys.push(self.within(|inner| {
                holds(inner.tag()? == key_shape.tag)?;
                let start = inner.reader.pos;
                inner.value(key, key_shape, false)?;
                let bytes = inner.reader.data.get(start..inner.reader.pos)?;
                holds(inner.tag()? == item_shape.tag)?;
                inner.value(item, item_shape, false)?;
                Some(bytes)
            })?);
            if !self.reader.goes_on(shape.key) {
                return holds(are_distinct(&keys));
            }
        }
    }

    /// Looks at a packed list.
    fn packed(&mut self, shape: &FieldShape) -> Yes {
        let bytes = self.bytes()?;
        holds(!bytes.is_empty())?;
        let longest = match shape.kind {
            Kind::Float => {
                // Without an end before the end, several at a time.
                let any = bytes.chunks_exact(4).fold(false, |any, it| {
                    any | it
                        .first_chunk()
                        .is_some_and(|it| f32::from_le_bytes(*it).is_nan())
                });
                return holds(!any);
            }
            kind if kind.width() > 0 => return Some(()),
            Kind::Bool => return holds(bytes.iter().all(|&byte| byte <= 1)),
            // Some numbers of a closed enum are none of its.
            Kind::Enum => return None,
            // So many bytes hold no number that is out of range.
            Kind::Int64 | Kind::UInt64 | Kind::SInt64 => 9,
            _ => 4,
        };
        holds(are_short(bytes, longest))
    }
}

/// Whether packed varints have at most so many bytes each, and none of them one too many.
fn are_short(bytes: &[u8], longest: u32) -> bool {
    let mut length = 0;
    for &byte in bytes {
        length += 1;
        if byte >= 0x80 {
            continue;
        }
        if length > longest || byte == 0 && length > 1 {
            return false;
        }
        length = 0;
    }
    true
}

/// Whether the keys of a map, bytes without those that could be left out, are all different.
fn are_distinct(keys: &[&[u8]]) -> bool {
    let mut seen = HashSet::new();
    seen.try_reserve(keys.len()).is_ok() && keys.iter().all(|key| seen.insert(key))
}
