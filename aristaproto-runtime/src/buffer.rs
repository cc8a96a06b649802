//! What wire bytes are written into: a buffer that is filled from the end, so that a length is known when it is written. In:
//! numbers, bytes and keys of fields. Out: wire bytes. Called by `encode` and `quick`; needs no Python.
//!
//! Most values have a few bytes. They are put as whole words, of which the upper bytes count: the lower ones fall on what is
//! free and is overwritten by what comes next. So no length has to be looked at, and the room is looked at once for a value
//! and its key.
use crate::tail::{put_last, Free, Tail, SHORT};

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

    /// Puts it behind other bytes.
    pub fn append_to(self, bytes: &mut Vec<u8>) {
        let word = self.0.to_le_bytes();
        bytes.extend_from_slice(word.get(8 - self.length()..).unwrap_or_default());
    }

    #[inline(always)]
    fn length(self) -> usize {
        (self.0 & 7) as usize
    }
}

/// How many bytes a varint below 2^56 has, and the bits in them that say that one follows.
#[inline(always)]
fn short_varint(value: u64) -> (usize, u64) {
    // One byte for each seven bits: nine 64ths are a little more than a seventh.
    let length = (((value | 1).ilog2() * 9 + 73) / 64) as usize;
    // All bytes but the last one say so.
    (length, MORE & !(u64::MAX << (8 * (length - 1))))
}

/// The bit of each byte of a varint that says that one follows.
const MORE: u64 = 0x8080_8080_8080_8080;

/// The lower 56 bits, seven in each byte: they move apart first by halves, then by quarters, then by eighths.
#[inline(always)]
fn spread(value: u64) -> u64 {
    let halves = (value & 0x00ff_ffff_f000_0000) << 4 | value & 0x0fff_ffff;
    let quarters = (halves & 0x0fff_c000_0fff_c000) << 2 | halves & 0x0000_3fff_0000_3fff;
    (quarters & 0x3f80_3f80_3f80_3f80) << 1 | quarters & 0x007f_007f_007f_007f
}

/// Puts the upper `length` bytes of a word before `done` ones.
#[inline(always)]
fn put_word(free: &mut Free, done: usize, word: u64, length: usize) -> usize {
    put_last(free, done, word.to_le_bytes(), length)
}

/// Puts a varint at the end; gives how many bytes are done.
#[inline(always)]
fn put_varint(free: &mut Free, value: u64) -> usize {
    let groups = spread(value);
    if value >> 56 == 0 {
        let (length, more) = short_varint(value);
        return put_word(free, 0, (groups | more) << (64 - 8 * length), length);
    }
    // The ninth byte's upper bit says whether there is a tenth, which is 1.
    let done = put_word(free, 0, 1 << 56, (value >> 63) as usize);
    let done = put_word(free, done, value >> 56 << 56, 1);
    put_word(free, done, groups | MORE, 8)
}

/// Puts a number below 128 before `done` bytes, and a key before it.
#[inline(always)]
fn put_small(free: &mut Free, done: usize, value: u64, key: Key) -> usize {
    debug_assert!(value < 0x80);
    put_word(free, done, key.0 >> 8 | value << 56, key.length() + 1)
}

/// Bytes that are filled from the end.
#[derive(Debug, Default)]
pub struct Buffer(Tail);

/// More memory than this is not kept between calls.
pub const KEPT: usize = 1 << 20;

impl Buffer {
    /// What has been written, in pieces from the first to the last.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.0.pieces()
    }

    /// What has been written, if it is in one piece.
    #[inline(always)]
    pub fn whole(&self) -> Option<&[u8]> {
        self.0.whole()
    }

    /// Whether it is these bytes.
    pub fn holds(&self, bytes: &[u8]) -> bool {
        let mut left = Some(bytes);
        for piece in self.pieces() {
            left = left.and_then(|left| left.strip_prefix(piece));
        }
        left == Some(&[])
    }

    /// Number of bytes written.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Empties the buffer and keeps its memory, unless that is much.
    pub fn reset(&mut self) {
        self.0.reset(KEPT);
    }

    /// Takes back what was written after `length` bytes.
    pub fn forget(&mut self, length: usize) {
        self.0.forget(length);
    }

    /// Whether there is room for a value and its key.
    #[inline(always)]
    pub fn has_room(&self) -> bool {
        self.0.has_room()
    }

    /// Puts the key of a field.
    #[inline(always)]
    pub fn key(&mut self, key: Key) {
        self.0.put(|free| put_word(free, 0, key.0, key.length()));
    }

    /// Puts a varint of a list: of all lengths below nine in one way, because it cannot be guessed.
    #[inline(always)]
    pub fn any_varint(&mut self, value: u64) {
        self.0.put(|free| put_varint(free, value));
    }

    /// Puts a varint before what has been written, and a key before it.
    #[inline(always)]
    pub fn varint(&mut self, value: u64, key: Key) {
        self.0.put(|free| {
            if value < 0x80 {
                return put_small(free, 0, value, key);
            }
            let done = if value < 0x4000 {
                let word = value & 0x7f | 0x80 | (value << 1) & 0x7f00;
                put_word(free, 0, word << 48, 2)
            } else {
                put_varint(free, value)
            };
            put_word(free, done, key.0, key.length())
        });
    }

    /// Puts four bytes, and a key before them.
    #[inline(always)]
    pub fn fixed32(&mut self, value: u32, key: Key) {
        self.0.put(|free| {
            let done = put_last(free, 0, value.to_le_bytes(), 4);
            put_word(free, done, key.0, key.length())
        });
    }

    /// Puts eight bytes, and a key before them.
    #[inline(always)]
    pub fn fixed64(&mut self, value: u64, key: Key) {
        self.0.put(|free| {
            let done = put_word(free, 0, value, 8);
            put_word(free, done, key.0, key.length())
        });
    }

    /// Puts the last `length` bytes of so many, their length and a key before them. They are loaded when there is room for
    /// them: the registers that hold them would not outlast looking for it.
    #[inline(always)]
    pub fn short(&mut self, bytes: impl FnOnce() -> [u8; SHORT], length: usize, key: Key) {
        let length = length.min(SHORT);
        self.0.put(|free| {
            let done = put_last(free, 0, bytes(), length);
            put_small(free, done, length as u64, key)
        });
    }

    /// Puts the fields of a Timestamp or a Duration: seconds, and nanoseconds behind them.
    pub fn parts(&mut self, (seconds, nanos): (i64, i32)) {
        if nanos != 0 {
            self.varint(i64::from(nanos).cast_unsigned(), Key::new(2 << 3));
        }
        if seconds != 0 {
            self.varint(seconds.cast_unsigned(), Key::new(1 << 3));
        }
    }

    /// Puts bytes, their length and a key before them.
    #[inline(always)]
    pub fn bytes(&mut self, bytes: &[u8], key: Key) {
        self.put(bytes);
        self.varint(bytes.len() as u64, key);
    }

    /// Puts bytes before what has been written.
    #[inline]
    pub fn put(&mut self, bytes: &[u8]) {
        self.room(bytes.len()).copy_from_slice(bytes);
    }

    /// Puts so many bytes, which the caller fills in.
    #[inline]
    pub fn room(&mut self, length: usize) -> &mut [u8] {
        self.0.room(length)
    }
}
