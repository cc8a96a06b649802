//! The wire format below messages, without Python: tags, varints, spans. Called by `scan`, `decode` and `encode`.
//!
//! See <https://protobuf.dev/programming-guides/encoding/>.

use crate::buffer::Key;

/// Wire type of a varint.
pub const VARINT: u32 = 0;
/// Wire type of eight bytes.
pub const I64: u32 = 1;
/// Wire type of a length and so many bytes.
pub const LEN: u32 = 2;
/// Wire type that opens a group.
pub const SGROUP: u32 = 3;
/// Wire type that closes a group.
pub const EGROUP: u32 = 4;
/// Wire type of four bytes.
pub const I32: u32 = 5;

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

/// A place in the wire bytes of a message.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// The bytes of the outermost message, up to the end of this one.
    pub data: &'a [u8],
    /// Where to read next.
    pub pos: usize,
}

/// The upper bits of eight bytes: in a varint, all bytes but the last have it.
pub const UPPER: u64 = 0x8080_8080_8080_8080;

/// The lower seven bits of eight bytes, one after the other.
#[inline(always)]
fn compact(word: u64) -> u64 {
    let pairs = (word & 0x007f_007f_007f_007f) | (word & 0x7f00_7f00_7f00_7f00) >> 1;
    let fours = (pairs & 0x0000_3fff_0000_3fff) | (pairs & 0x3fff_0000_3fff_0000) >> 2;
    (fours & 0x0fff_ffff) | (fours & 0x0fff_ffff_0000_0000) >> 4
}

impl<'a> Reader<'a> {
    /// Reads `data[pos..end]`.
    #[inline(always)]
    pub fn new(data: &'a [u8], pos: usize, end: usize) -> Self {
        let data = data.get(..end).unwrap_or(data);
        Self { data, pos }
    }

    /// Whether everything has been read.
    #[inline(always)]
    pub fn at_end(&self) -> bool {
        self.pos >= self.data.len()
    }

    #[inline(always)]
    fn byte(&mut self) -> Result<u8, Malformed> {
        let byte = *self.data.get(self.pos).ok_or(Malformed::Cut)?;
        self.pos += 1;
        Ok(byte)
    }

    /// A varint, cut to 64 bits.
    #[inline(always)]
    pub fn varint(&mut self) -> Result<u64, Malformed> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(u64::from(first));
        }
        self.long_varint(first)
    }

    /// A varint whose first byte is not its last.
    #[inline]
    fn long_varint(&mut self, first: u8) -> Result<u64, Malformed> {
        let lowest = u64::from(first & 0x7f);
        let rest = self.data.get(self.pos..).unwrap_or_default();
        if let [second @ ..0x80, ..] = rest {
            self.pos += 1;
            return Ok(lowest | u64::from(*second) << 7);
        }
        if let Some(word) = rest.first_chunk() {
            let word = u64::from_le_bytes(*word);
            let stops = !word & UPPER;
            if stops != 0 {
                self.pos += stops.trailing_zeros() as usize / 8 + 1;
                // What lies behind the first byte without the upper bit is another value's.
                return Ok(lowest | compact(word & (stops ^ (stops - 1))) << 7);
            }
        }
        self.slow_varint(lowest)
    }

    /// A varint near the end of the data, or of ten bytes.
    #[cold]
    fn slow_varint(&mut self, lowest: u64) -> Result<u64, Malformed> {
        let mut value = lowest;
        let mut shift = 7;
        while shift < 70 {
            let byte = self.byte()?;
            // The tenth byte's upper bits fall off the left end.
            value |= u64::from(byte & 0x7f) << shift.min(63) << (shift - shift.min(63));
            if byte < 0x80 {
                return Ok(value);
            }
            shift += 7;
        }
        Err(Malformed::LongVarint)
    }

    /// A tag: field number and wire type.
    #[inline(always)]
    pub fn tag(&mut self) -> Result<u32, Malformed> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(u32::from(first));
        }
        if let Some(second @ ..0x80) = self.data.get(self.pos) {
            self.pos += 1;
            return Ok(u32::from(first & 0x7f) | u32::from(*second) << 7);
        }
        self.long_tag(first)
    }

    #[inline]
    fn long_tag(&mut self, first: u8) -> Result<u32, Malformed> {
        let start = self.pos;
        let value = self.long_varint(first)?;
        if self.pos - start > 4 {
            return Err(Malformed::LongTag);
        }
        u32::try_from(value).map_err(|_| Malformed::LongTag)
    }

    /// Goes behind the tag of one more value of a field, if that is what comes next.
    #[inline(always)]
    pub fn goes_on(&mut self, key: Key) -> bool {
        let rest = self.data.get(self.pos..).unwrap_or_default();
        let length = key.begins(rest);
        self.pos += length.unwrap_or_default();
        length.is_some()
    }

    /// A length and the bytes that follow it; gives where they end.
    #[inline(always)]
    pub fn span(&mut self) -> Result<usize, Malformed> {
        let length = self.varint()?;
        let left = self.data.len() - self.pos;
        match usize::try_from(length) {
            Ok(length) if length <= left => Ok(self.pos + length),
            _ => Err(Malformed::Length(length, left)),
        }
    }

    /// The bytes of a length-delimited value.
    #[inline(always)]
    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let stop = self.span()?;
        let found = self.data.get(self.pos..stop).ok_or(Malformed::Cut)?;
        self.pos = stop;
        Ok(found)
    }

    /// The bytes of a value of fixed width.
    #[inline(always)]
    pub fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let found = *self
            .data
            .get(self.pos..)
            .and_then(<[u8]>::first_chunk)
            .ok_or(Malformed::Cut)?;
        self.pos += N;
        Ok(found)
    }

    /// Passes over the value of a field whose tag has been read. `depth`: levels of groups that may follow.
    #[inline(always)]
    pub fn skip(&mut self, tag: u32, depth: u32) -> Result<(), Malformed> {
        if self.skip_short(tag) {
            return Ok(());
        }
        self.slow_skip(tag, depth)
    }

    /// The same of a short value of which nothing is wrong; false, and nothing was passed over, for another one.
    #[inline(always)]
    pub fn skip_short(&mut self, tag: u32) -> bool {
        let rest = self.data.get(self.pos..).unwrap_or_default();
        let length = match (tag & 7, rest) {
            (VARINT, [..0x80, ..]) => 1,
            (VARINT, [_, ..0x80, ..]) => 2,
            (LEN, [length @ ..0x80, ..]) => 1 + usize::from(*length),
            (I64, _) => 8,
            (I32, _) => 4,
            _ => return false,
        };
        let is_whole = length <= rest.len() && tag >= 8;
        if is_whole {
            self.pos += length;
        }
        is_whole
    }

    /// The same for what is long, a group or wrong.
    #[inline(never)]
    fn slow_skip(&mut self, tag: u32, depth: u32) -> Result<(), Malformed> {
        if tag < 8 {
            return Err(Malformed::NumberZero);
        }
        match tag & 7 {
            VARINT => self.varint().map(drop),
            I64 => self.fixed::<8>().map(drop),
            LEN => self.bytes().map(drop).map_err(|found| match found {
                Malformed::Length(length, left) => Malformed::UnknownLength(length, left, tag >> 3),
                other => other,
            }),
            I32 => self.fixed::<4>().map(drop),
            SGROUP => self.skip_group(tag, depth),
            EGROUP => Err(Malformed::GroupEnd(tag >> 3)),
            wire_type => Err(Malformed::WireType(wire_type, tag >> 3)),
        }
    }

    fn skip_group(&mut self, tag: u32, depth: u32) -> Result<(), Malformed> {
        if depth == 0 {
            return Err(Malformed::Deep);
        }
        loop {
            if self.at_end() {
                return Err(Malformed::OpenGroup(tag >> 3));
            }
            let inner = self.tag()?;
            if inner == tag + 1 {
                return Ok(());
            }
            self.skip(inner, depth - 1)?;
        }
    }
}

/// Whether the first and the last `N` bytes are ASCII, which `word` puts over each other; `None` for fewer bytes.
#[inline(always)]
fn are_ascii<const N: usize>(bytes: &[u8], word: impl Fn([u8; N]) -> u64) -> Option<bool> {
    let (first, last) = (bytes.first_chunk()?, bytes.last_chunk()?);
    Some((word(*first) | word(*last)) & UPPER == 0)
}

/// Whether bytes are ASCII. Most strings are short: up to 32 bytes, two words that may overlap tell it.
#[inline(always)]
pub fn is_ascii(bytes: &[u8]) -> bool {
    let found = match bytes.len() {
        0..4 => Some(bytes.iter().fold(0, |any, byte| any | byte) < 0x80),
        4..8 => are_ascii(bytes, |four| u32::from_ne_bytes(four).into()),
        8..16 => are_ascii(bytes, u64::from_ne_bytes),
        16..=32 => are_ascii(bytes, |all| {
            let all = u128::from_ne_bytes(all);
            all as u64 | (all >> 64) as u64
        }),
        _ => None,
    };
    found.unwrap_or_else(|| bytes.is_ascii())
}

/// From so many bytes on, the vectorised check of UTF-8 pays.
const LONG: usize = 64;

/// Whether bytes are UTF-8.
#[inline(always)]
pub fn is_utf8(bytes: &[u8]) -> bool {
    bytes.len() < LONG && is_ascii(bytes) || is_long_utf8(bytes)
}

/// The same of what is long, or not ASCII.
#[inline(never)]
fn is_long_utf8(bytes: &[u8]) -> bool {
    if bytes.len() < LONG {
        std::str::from_utf8(bytes).is_ok()
    } else {
        simdutf8::basic::from_utf8(bytes).is_ok()
    }
}

/// Checks that a string is UTF-8.
#[inline]
pub fn check_utf8(bytes: &[u8]) -> Result<(), Malformed> {
    if is_utf8(bytes) {
        return Ok(());
    }
    match std::str::from_utf8(bytes) {
        Ok(_) => Ok(()),
        Err(error) => {
            let offset = error.valid_up_to();
            Err(Malformed::Utf8(
                bytes.get(offset).copied().unwrap_or_default(),
                offset,
            ))
        }
    }
}

/// The signed number of a zigzag-encoded one.
#[inline(always)]
pub fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// A signed number, zigzag-encoded.
#[inline(always)]
pub fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}
