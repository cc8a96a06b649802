//! The types of fields, and how their values lie on the wire.

use super::tag::{I32, I64, LEN, SGROUP, VARINT};

/// The types of fields, with the numbers of `FieldDescriptorProto.Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 64-bit floating point.
    Double,
    /// 32-bit floating point.
    Float,
    /// Varint, signed.
    Int64,
    /// Varint, unsigned.
    UInt64,
    /// Varint, signed, 32 bits.
    Int32,
    /// Eight bytes, unsigned.
    Fixed64,
    /// Four bytes, unsigned.
    Fixed32,
    /// Varint, zero or one.
    Bool,
    /// UTF-8.
    String,
    /// A message between two tags.
    Group,
    /// A message behind its length.
    Message,
    /// Bytes.
    Bytes,
    /// Varint, unsigned, 32 bits.
    UInt32,
    /// Varint, the number of an enum value.
    Enum,
    /// Four bytes, signed.
    SFixed32,
    /// Eight bytes, signed.
    SFixed64,
    /// Zigzag varint, 32 bits.
    SInt32,
    /// Zigzag varint.
    SInt64,
}

impl Kind {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 18] = [
        Self::Double,
        Self::Float,
        Self::Int64,
        Self::UInt64,
        Self::Int32,
        Self::Fixed64,
        Self::Fixed32,
        Self::Bool,
        Self::String,
        Self::Group,
        Self::Message,
        Self::Bytes,
        Self::UInt32,
        Self::Enum,
        Self::SFixed32,
        Self::SFixed64,
        Self::SInt32,
        Self::SInt64,
    ];

    /// The type with this number, 1 to 18.
    pub fn from_number(number: u32) -> Option<Self> {
        Self::ALL.get((number as usize).checked_sub(1)?).copied()
    }

    /// Wire type of one value.
    pub fn wire_type(self) -> u32 {
        match self {
            Self::Double | Self::Fixed64 | Self::SFixed64 => I64,
            Self::Float | Self::Fixed32 | Self::SFixed32 => I32,
            Self::String | Self::Bytes | Self::Message => LEN,
            Self::Group => SGROUP,
            _ => VARINT,
        }
    }

    /// Whether values can be packed.
    pub fn packable(self) -> bool {
        !matches!(self.wire_type(), LEN | SGROUP)
    }

    /// Bytes of a value of fixed width, 0 for others.
    pub fn width(self) -> usize {
        match self.wire_type() {
            I64 => 8,
            I32 => 4,
            _ => 0,
        }
    }

    /// Whether values are messages.
    pub fn is_message(self) -> bool {
        matches!(self, Self::Message | Self::Group)
    }
}
