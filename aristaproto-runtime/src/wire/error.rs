//! What can be wrong with wire bytes.

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The data end inside a value.
    Cut,
    /// A varint of more than ten bytes.
    LongVarint,
    /// A tag of more than 32 bits or five bytes.
    LongTag,
    /// A length beyond the end: what was announced, and what is there.
    Length(u64, usize),
    /// The same of an unknown field: what was announced, what is there, the field's number.
    UnknownLength(u64, usize, u32),
    /// Field number zero.
    NumberZero,
    /// The end of a group that was not opened; its number.
    GroupEnd(u32),
    /// A group that does not end; its number.
    OpenGroup(u32),
    /// A wire type that does not exist; the type and the number of its field.
    WireType(u32, u32),
    /// A string that is no UTF-8: the byte, and its offset in the string.
    Utf8(u8, usize),
    /// A packed field of fixed width whose length is no multiple of it: width, length.
    Multiple(usize, usize),
    /// The last number of a packed field is cut.
    PackedCut,
    /// More levels of messages than allowed.
    Deep,
    /// More levels of messages than the stack holds.
    Stack,
    /// More messages than allowed.
    Many,
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Self::Cut => f.write_str("expected more bytes, got the end of the data"),
            Self::LongVarint => {
                f.write_str("expected a varint of at most 10 bytes, got a longer one")
            }
            Self::LongTag => f.write_str("expected a tag of at most 32 bits, got a longer one"),
            Self::Length(length, left) => write!(f, "expected {length} bytes, got {left}"),
            Self::UnknownLength(length, left, number) => {
                write!(
                    f,
                    "expected {length} bytes, got {left} in unknown field {number}"
                )
            }
            Self::NumberZero => f.write_str("expected a field number from 1 to 536870911, got 0"),
            Self::GroupEnd(number) => write!(
                f,
                "expected a field, got the end of group {number}, which was not opened"
            ),
            Self::OpenGroup(number) => write!(
                f,
                "expected the end of group {number}, got the end of the data"
            ),
            Self::WireType(wire_type, number) => write!(
                f,
                "expected a wire type from 0 to 5, got {wire_type} in field {number}"
            ),
            Self::Utf8(byte, offset) => write!(
                f,
                "expected UTF-8, got byte 0x{byte:02x} at offset {offset} of the string"
            ),
            Self::Multiple(width, length) => {
                write!(f, "expected a multiple of {width} bytes, got {length}")
            }
            Self::PackedCut => {
                f.write_str("expected the rest of a packed number, got the end of the field")
            }
            Self::Deep => f.write_str("expected fewer levels of messages, got more"),
            Self::Stack => {
                f.write_str("expected fewer levels of messages, got more than Python's stack holds")
            }
            Self::Many => f.write_str("expected fewer messages, got more"),
        }
    }
}
