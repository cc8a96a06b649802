//! Checks wire bytes against a shape without making anything of them, without Python.
//!
//! In: bytes and the shape of their class. Out: that they are a message, so that `decode` can leave its fields for later; or
//! that it must read them now, to say what is wrong or to look something up. Called by `decode`.

use crate::shape::{FieldShape, Kind, Shape};
use crate::wire::{self, check_utf8, Malformed, Reader};

/// Why bytes cannot be left for later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// They are no message.
    Malformed(Malformed),
    /// The shape of a message below is not known yet.
    Unresolved,
}

impl From<Malformed> for Refused {
    fn from(found: Malformed) -> Self {
        Self::Malformed(found)
    }
}

/// What may still be read.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Levels of messages.
    pub depth: u32,
    /// Messages.
    pub messages: u64,
}

impl Budget {
    /// Takes one message one level below.
    #[inline(always)]
    pub fn enter(&mut self) -> Result<(), Malformed> {
        self.messages = self.messages.checked_sub(1).ok_or(Malformed::Many)?;
        self.depth = self.depth.checked_sub(1).ok_or(Malformed::Deep)?;
        Ok(())
    }

    /// Comes back from one level below.
    #[inline(always)]
    pub fn leave(&mut self) {
        self.depth += 1;
    }
}

/// Reads a message up to its end, or up to `end_tag` for a group.
pub fn scan(
    shape: &Shape,
    reader: &mut Reader<'_>,
    budget: &mut Budget,
    end_tag: u32,
) -> Result<(), Refused> {
    while !reader.at_end() {
        let tag = reader.tag()?;
        if let Some(field) = shape
            .find(tag >> 3)
            .and_then(|index| shape.fields.get(index))
        {
            if tag & 7 == field.kind.wire_type() {
                value(field, reader, budget)?;
                continue;
            }
            if tag & 7 == wire::LEN && field.repeated && field.kind.packable() {
                packed(field.kind, reader)?;
                continue;
            }
        }
        if tag & 7 == wire::EGROUP && tag == end_tag {
            return Ok(());
        }
        reader.skip(tag, budget.depth)?;
    }
    if end_tag == 0 {
        Ok(())
    } else {
        Err(Malformed::OpenGroup(end_tag >> 3).into())
    }
}

#[inline(always)]
fn value(field: &FieldShape, reader: &mut Reader<'_>, budget: &mut Budget) -> Result<(), Refused> {
    match field.kind {
        Kind::Double | Kind::Fixed64 | Kind::SFixed64 => {
            reader.fixed::<8>()?;
        }
        Kind::Float | Kind::Fixed32 | Kind::SFixed32 => {
            reader.fixed::<4>()?;
        }
        Kind::String => {
            let bytes = reader.bytes()?;
            if field.utf8 {
                check_utf8(bytes)?;
            }
        }
        Kind::Bytes => {
            reader.bytes()?;
        }
        Kind::Group | Kind::Message => below(field, reader, budget)?,
        _ => {
            reader.varint()?;
        }
    }
    Ok(())
}

fn below(field: &FieldShape, reader: &mut Reader<'_>, budget: &mut Budget) -> Result<(), Refused> {
    if let Some(entry) = &field.entry {
        return map_entry(entry, reader, budget);
    }
    let shape = field
        .below
        .get()
        .and_then(std::rc::Weak::upgrade)
        .ok_or(Refused::Unresolved)?;
    budget.enter()?;
    if field.kind == Kind::Group {
        scan(&shape, reader, budget, field.number << 3 | wire::EGROUP)?;
    } else {
        let stop = reader.span()?;
        let mut inner = Reader::new(reader.data, reader.pos, stop);
        scan(&shape, &mut inner, budget, 0)?;
        reader.pos = stop;
    }
    budget.leave();
    Ok(())
}

fn map_entry(
    entry: &(FieldShape, FieldShape),
    reader: &mut Reader<'_>,
    budget: &mut Budget,
) -> Result<(), Refused> {
    let stop = reader.span()?;
    let mut inner = Reader::new(reader.data, reader.pos, stop);
    while !inner.at_end() {
        let tag = inner.tag()?;
        if tag == entry.0.tag() {
            value(&entry.0, &mut inner, budget)?;
        } else if tag == entry.1.tag() {
            value(&entry.1, &mut inner, budget)?;
        } else {
            inner.skip(tag, budget.depth)?;
        }
    }
    reader.pos = stop;
    Ok(())
}

fn packed(kind: Kind, reader: &mut Reader<'_>) -> Result<(), Malformed> {
    let bytes = reader.bytes()?;
    let width = kind.width();
    if width > 0 {
        if bytes.len() % width > 0 {
            return Err(Malformed::Multiple(width, bytes.len()));
        }
        return Ok(());
    }
    count_varints(bytes).map(drop)
}

/// The number of varints in the bytes of a packed field.
pub fn count_varints(bytes: &[u8]) -> Result<usize, Malformed> {
    if bytes.last().is_some_and(|&last| last >= 0x80) {
        return Err(Malformed::PackedCut);
    }
    let mut count = 0;
    let mut length = 0;
    for &byte in bytes {
        if byte < 0x80 {
            count += 1;
            length = 0;
        } else {
            length += 1;
            if length == 10 {
                return Err(Malformed::LongVarint);
            }
        }
    }
    Ok(count)
}
