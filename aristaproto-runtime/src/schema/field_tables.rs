//! What the encoder, the decoder and the check for canonical bytes need of a field first; small, because each message is a walk
//! over these tables.

use crate::memory::layout::Offset;
use crate::wire::{Key, Kind};

/// How a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldEncoding {
    /// A scalar, or an open enum; of zero, nothing is written.
    Scalar,
    /// The same with presence.
    Optional,
    /// A list of them, packed.
    Packed,
    /// A list of them, each with its tag.
    Each,
    /// A message.
    Message,
    /// A closed enum by itself.
    Closed,
    /// A map.
    Map,
    /// A list that needs a closer look: of messages, or of a closed enum.
    Other,
}

/// What the encoder needs of a field before it looks at its value; small, because each message is a walk over all of them.
#[derive(Clone, Copy, Debug)]
pub struct EncodeEntry {
    /// The tag that is written for it.
    pub key: Key,
    /// Its type.
    pub kind: Kind,
    /// How it is written.
    pub encoding: FieldEncoding,
    /// Its position in `Plan::fields`.
    pub index: u32,
}

/// What the decoder needs of a field before it looks further; small, as `EncodeEntry` is.
#[derive(Clone, Copy, Debug)]
pub struct DecodeEntry {
    /// The tag of one value; 0 when a closer look is needed: for lists, maps, messages, enums, members of oneofs.
    pub tag: u32,
    /// The field's slot.
    pub offset: Offset,
    /// Its type.
    pub kind: Kind,
}

/// What `canonical` needs of a field; small, as `EncodeEntry` is.
#[derive(Clone, Copy, Debug)]
pub struct CanonicalEntry {
    /// The tag that is written for it.
    pub tag: u32,
    /// Its type.
    pub kind: Kind,
    /// A scalar by itself.
    pub single: bool,
    /// Strings are known to be UTF-8.
    pub utf8: bool,
    /// A zero is not written.
    pub implicit: bool,
    /// One plus the position of its oneof; 0 is none.
    pub oneof: u32,
}
