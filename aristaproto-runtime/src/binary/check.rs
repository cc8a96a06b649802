//! Checks that wire bytes are a message of a class, against the class's `Shape`, without making Python objects. `decode` can then
//! leave the fields for later.

use std::rc::{Rc, Weak};

use crate::python::stack::StackFloor;
use crate::schema::wire_table::{FieldShape, MessageKind, Shape};
use crate::wire;
use crate::wire::{check_utf8, count_varints, Kind, Malformed, Reader};

/// Why bytes cannot be left for later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckError {
    /// They are no message.
    Malformed(Malformed),
    /// They may be one, which only reading them tells.
    Later,
}

impl From<Malformed> for CheckError {
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
    /// Where the stack ends.
    pub floor: StackFloor,
}

impl Budget {
    /// Enters a nested message.
    #[inline(always)]
    pub fn enter(&mut self) -> Result<(), Malformed> {
        self.messages = self.messages.checked_sub(1).ok_or(Malformed::Many)?;
        self.depth = self.depth.checked_sub(1).ok_or(Malformed::Deep)?;
        if !self.floor.has_room() {
            return Err(Malformed::Stack);
        }
        Ok(())
    }

    /// Leaves a nested message.
    #[inline(always)]
    pub fn leave(&mut self) {
        self.depth += 1;
    }
}

/// Finds the extension with a number that a message of some class may hold, if there is one.
pub type ExtensionLookup<'a> = &'a mut dyn FnMut(&Shape, u32) -> Option<Rc<FieldShape>>;

/// Checks a message and all that are nested in it.
pub struct Checker<'a> {
    /// What may still be read.
    pub budget: Budget,
    /// Where extensions are looked up.
    pub lookup: ExtensionLookup<'a>,
    /// Finds the class of the messages in a field with a number, or in its map's values.
    pub resolve: &'a mut dyn FnMut(&Shape, u32),
}

impl Checker<'_> {
    /// Reads a message up to its end, or up to `end_tag` for a group.
    ///
    /// # Errors
    /// What is wrong; or `Later` for a message that is right only together with what comes later, or not at all.
    pub fn message(
        &mut self,
        shape: &Shape,
        reader: &mut Reader<'_>,
        end_tag: u32,
    ) -> Result<(), CheckError> {
        if shape.message_kind == MessageKind::MessageSet {
            return Err(CheckError::Later);
        }
        // A required field that comes twice counts once.
        let (mut missing, mut seen) = (shape.required, 0_u64);
        loop {
            if reader.at_end() {
                if end_tag != 0 {
                    return Err(Malformed::OpenGroup(end_tag >> 3).into());
                }
                break;
            }
            let tag = reader.tag()?;
            let own = shape
                .find(tag >> 3)
                .and_then(|index| Some((index, shape.fields.get(index)?)));
            if let Some((index, field)) = own {
                if tag == field.tag {
                    self.value(Some(shape), field, reader)?;
                    if field.required {
                        if field.kind == Kind::Enum {
                            // It may be closed, and the number one that it does not know.
                            return Err(CheckError::Later);
                        }
                        let bit = 1_u64.checked_shl(index as u32).ok_or(CheckError::Later)?;
                        missing -= u32::from(seen & bit == 0);
                        seen |= bit;
                    }
                    continue;
                }
                if tag & 7 == wire::LEN && field.repeated && field.kind.packable() {
                    packed(field.kind, reader)?;
                    continue;
                }
            }
            if tag == end_tag && end_tag != 0 {
                break;
            }
            if own.is_none() && shape.message_kind == MessageKind::Extendable {
                if let Some(field) = (self.lookup)(shape, tag >> 3) {
                    if self.record(&field, tag, reader)? {
                        continue;
                    }
                }
            }
            reader.skip(tag, self.budget.depth)?;
            shape.skip_unknown(reader);
        }
        if missing > 0 {
            // Another occurrence of the same message may have it.
            return Err(CheckError::Later);
        }
        Ok(())
    }

    /// Reads what follows a tag with the number of a field; false when it is no value of the field, and nothing was read.
    ///
    /// # Errors
    /// As `message`.
    pub fn record(
        &mut self,
        field: &FieldShape,
        tag: u32,
        reader: &mut Reader<'_>,
    ) -> Result<bool, CheckError> {
        if tag == field.tag {
            self.value(None, field, reader)?;
            return Ok(true);
        }
        if tag & 7 == wire::LEN && field.repeated && field.kind.packable() {
            packed(field.kind, reader)?;
            return Ok(true);
        }
        Ok(false)
    }

    #[inline(always)]
    fn value(
        &mut self,
        owner: Option<&Shape>,
        field: &FieldShape,
        reader: &mut Reader<'_>,
    ) -> Result<(), CheckError> {
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
            Kind::Group | Kind::Message => self.nested_message(owner, field, reader)?,
            _ => {
                reader.varint()?;
            }
        }
        Ok(())
    }

    fn nested_message(
        &mut self,
        owner: Option<&Shape>,
        field: &FieldShape,
        reader: &mut Reader<'_>,
    ) -> Result<(), CheckError> {
        if let Some(entry) = &field.entry {
            return self.map_entry(owner, field.number, entry, reader);
        }
        let shape = self.shape_of(owner, field.number, field)?;
        self.budget.enter()?;
        if field.kind == Kind::Group {
            self.message(&shape, reader, field.number << 3 | wire::EGROUP)?;
        } else {
            let stop = reader.span()?;
            let mut inner = Reader::new(reader.data, reader.pos, stop);
            self.message(&shape, &mut inner, 0)?;
            reader.pos = stop;
        }
        self.budget.leave();
        Ok(())
    }

    /// The shape of a message field's class; it is looked up when a message of the class is met for the first time.
    fn shape_of(
        &mut self,
        owner: Option<&Shape>,
        number: u32,
        field: &FieldShape,
    ) -> Result<Rc<Shape>, CheckError> {
        let known = || field.nested.get().and_then(Weak::upgrade);
        if let Some(found) = known() {
            return Ok(found);
        }
        (self.resolve)(owner.ok_or(CheckError::Later)?, number);
        known().ok_or(CheckError::Later)
    }

    fn map_entry(
        &mut self,
        owner: Option<&Shape>,
        number: u32,
        entry: &(FieldShape, FieldShape),
        reader: &mut Reader<'_>,
    ) -> Result<(), CheckError> {
        let stop = reader.span()?;
        let mut inner = Reader::new(reader.data, reader.pos, stop);
        let mut has_value = false;
        while !inner.at_end() {
            let tag = inner.tag()?;
            if tag == entry.0.tag {
                self.value(None, &entry.0, &mut inner)?;
            } else if tag == entry.1.tag {
                if entry.1.kind.is_message() {
                    self.shape_of(owner, number, &entry.1)?;
                }
                self.value(None, &entry.1, &mut inner)?;
                has_value = true;
            } else {
                inner.skip(tag, self.budget.depth)?;
            }
        }
        reader.pos = stop;
        if !has_value && entry.1.kind.is_message() {
            // An empty message lacks what its class requires, and nothing else: no message is nested in it.
            if self.shape_of(owner, number, &entry.1)?.required > 0 {
                return Err(CheckError::Later);
            }
        }
        Ok(())
    }
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
