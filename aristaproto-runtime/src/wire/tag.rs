//! Tags: a field number and a wire type.

use super::varint::{short_varint, spread};

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

/// A tag as it is written: its bytes are the upper ones of the word, their number is in the lowest one. That of no field has
/// none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Key(u64);

impl Key {
    /// What is put for values without a tag.
    pub const NONE: Self = Self(0);

    /// The key of a tag.
    pub fn new(tag: u32) -> Self {
        let value = u64::from(tag);
        let (length, more) = short_varint(value);
        Self((spread(value) | more) << (64 - 8 * length) | length as u64)
    }

    /// The length of a short key, if bytes begin with it.
    #[inline(always)]
    pub fn begins(self, bytes: &[u8]) -> Option<usize> {
        let [first, second] = ((self.0 >> 48) as u16).to_le_bytes();
        let found = match self.length() {
            1 => bytes.first() == Some(&second),
            2 => bytes.first_chunk() == Some(&[first, second]),
            _ => false,
        };
        found.then_some(self.length())
    }

    /// The bytes of the tag, which are the last ones of eight, and where they begin.
    pub fn as_bytes(self) -> ([u8; 8], usize) {
        (self.0.to_le_bytes(), 8 - self.length())
    }

    /// The bytes as a word.
    #[inline(always)]
    pub fn word(self) -> u64 {
        self.0
    }

    /// Number of bytes.
    #[inline(always)]
    pub fn length(self) -> usize {
        (self.0 & 7) as usize
    }
}
