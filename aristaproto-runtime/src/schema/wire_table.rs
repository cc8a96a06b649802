//! What the wire says about a message class, without Python: for each field its number, type and the shape of its messages.

use std::cell::OnceCell;
use std::rc::{Rc, Weak};

use crate::wire::{Key, Kind, Reader};

/// One field. A map's is that of its entries, whose key and value are in `entry`.
#[derive(Debug)]
pub struct FieldShape {
    /// Field number.
    pub number: u32,
    /// Type; `Message` for maps.
    pub kind: Kind,
    /// A list.
    pub repeated: bool,
    /// Strings that are no UTF-8 are refused.
    pub utf8: bool,
    /// Must be set.
    pub required: bool,
    /// Maps: key and value.
    pub entry: Option<Box<(FieldShape, FieldShape)>>,
    /// The tag of one value.
    pub tag: u32,
    /// The same, as it is written.
    pub key: Key,
    /// The tag of a packed list.
    pub packed_key: Key,
    /// Messages: the shape of their class, once it is known.
    pub nested: OnceCell<Weak<Shape>>,
}

impl FieldShape {
    /// Whether it is a list of numbers, for which an array can stand.
    #[inline]
    pub fn is_numbers(&self) -> bool {
        self.repeated && self.kind.packable() && self.kind != Kind::Enum
    }
}

/// What messages of a class hold besides fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MessageKind {
    /// Nothing but unknown fields.
    #[default]
    Plain,
    /// Extensions.
    Extendable,
    /// The items of a message set, which this codec leaves to the plain one.
    MessageSet,
}

/// The fields of one message class.
#[derive(Debug, Default)]
pub struct Shape {
    /// The fields, by number.
    pub fields: Vec<FieldShape>,
    /// Whether there are extensions.
    pub message_kind: MessageKind,
    /// What the maker knows the class by.
    pub class: usize,
    /// Number of required fields.
    pub required: u32,
    /// Position in `fields` plus one of the field with a number, for small numbers; 0 is none.
    table: Vec<u32>,
    /// Position of the first field whose number is not small.
    large: usize,
}

/// Numbers up to this are looked up in a table.
const TABLE: u32 = 1024;

impl Shape {
    /// The shape with these fields, which are ordered by number.
    pub fn new(fields: Vec<FieldShape>, message_kind: MessageKind, class: usize) -> Rc<Self> {
        let large = fields.partition_point(|field| field.number <= TABLE);
        let small = fields.get(..large).and_then(<[_]>::last);
        let top = small.map_or(0, |field| field.number);
        let mut table = vec![0; top as usize + 1];
        for (index, field) in fields.iter().enumerate() {
            if let Some(entry) = table.get_mut(field.number as usize) {
                *entry = u32::try_from(index + 1).unwrap_or(0);
            }
        }
        Rc::new(Self {
            required: fields.iter().map(|field| u32::from(field.required)).sum(),
            large,
            fields,
            message_kind,
            class,
            table,
        })
    }

    /// Passes over records of unknown fields, which mostly come together, as long as they are short and nothing is wrong.
    #[inline(never)] // Its loop needs the registers.
    pub fn skip_unknown(&self, reader: &mut Reader<'_>) {
        if self.message_kind != MessageKind::Plain {
            return;
        }
        loop {
            let mut next = *reader;
            match next.tag() {
                Ok(tag) if self.find(tag >> 3).is_none() && next.skip_short(tag) => *reader = next,
                _ => return,
            }
        }
    }

    /// Position of the field with a number.
    #[inline]
    pub fn find(&self, number: u32) -> Option<usize> {
        match self.table.get(number as usize) {
            Some(0) => None,
            Some(&found) => Some(found as usize - 1),
            None => {
                let large = self.fields.get(self.large..)?;
                let found = large.binary_search_by_key(&number, |field| field.number);
                Some(self.large + found.ok()?)
            }
        }
    }
}
