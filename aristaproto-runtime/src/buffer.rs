//! What wire bytes are written into: a buffer that is filled from the end, so that a length is known when it is written. In:
//! numbers, bytes and keys of fields. Out: wire bytes. Called by `encode` and `quick`; needs no Python.
//!
//! Most values have a few bytes. They are put as whole words, of which the upper bytes count: the lower ones fall on what is
//! free and is overwritten by what comes next. So no length has to be looked at, and the room is looked at once for a value
//! and its key.
#![allow(unsafe_code)]

/// A tag as it is written: its bytes are the upper ones of the word, their number is in the lowest one. That of no field has
/// none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Key(u64);

impl Key {
    /// What is put for values without a tag.
    pub const NONE: Self = Self(0);

    /// The key of a tag.
    pub fn new(tag: u32) -> Self {
        let (word, length) = short_varint(u64::from(tag));
        Self(word | length as u64)
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

    #[inline(always)]
    fn length(self) -> usize {
        (self.0 & 7) as usize
    }
}

/// The bytes of a varint below 2^56, at the upper end of a word, and their number.
#[inline(always)]
fn short_varint(value: u64) -> (u64, usize) {
    // One byte for each seven bits: nine 64ths are a little more than a seventh.
    let length = (((value | 1).ilog2() * 9 + 73) / 64) as usize;
    // All bytes but the last one say that one follows.
    let more = MORE & !(u64::MAX << (8 * (length - 1)));
    ((spread(value) | more) << (64 - 8 * length), length)
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

/// Bytes that are filled from the end.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    /// Where what was written starts: never beyond the end of `bytes`.
    start: usize,
}

/// A buffer that grew beyond this is not kept between calls.
const KEPT: usize = 1 << 20;
/// Bytes that `put_short` copies.
pub const SHORT: usize = 32;
/// Room for a value of up to `SHORT` bytes, its length and its key, with what falls on free bytes.
const VALUE: usize = 64;

impl Buffer {
    /// What has been written.
    pub fn written(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Number of bytes written.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Empties the buffer and keeps its memory, unless that is much.
    pub fn reset(&mut self) {
        if self.bytes.len() > KEPT {
            self.bytes = Vec::new();
        }
        self.start = self.bytes.len();
    }

    /// Takes back what was written after `length` bytes.
    pub fn forget(&mut self, length: usize) {
        self.start = self.bytes.len() - length.min(self.len());
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, needed: usize) {
        let held = self.len();
        let size = (self.bytes.len() * 2).max(held + needed).max(1024);
        let mut bytes = vec![0; size];
        if let Some(tail) = bytes.get_mut(size - held..) {
            tail.copy_from_slice(self.written());
        }
        self.bytes = bytes;
        self.start = size - held;
    }

    /// Makes sure that so many bytes are free.
    #[inline(always)]
    fn reserve(&mut self, length: usize) {
        if self.start < length {
            self.grow(length);
        }
    }

    /// Puts the last `length` bytes of a known number of them, by copying them all.
    ///
    /// Safety: `N` bytes are free, and `length` is no more than that.
    #[inline(always)]
    unsafe fn put_last<const N: usize>(&mut self, bytes: [u8; N], length: usize) {
        debug_assert!(N <= self.start && length <= N);
        // SAFETY: the caller's; `start` lies inside `bytes` or at its end.
        unsafe {
            let end = self.bytes.as_mut_ptr().add(self.start);
            end.sub(N).cast::<[u8; N]>().write(bytes);
        }
        self.start -= length;
    }

    /// Puts the upper `length` bytes of a word.
    ///
    /// Safety: eight bytes are free, and `length` is no more than that.
    #[inline(always)]
    unsafe fn put_word(&mut self, word: u64, length: usize) {
        // SAFETY: the caller's.
        unsafe { self.put_last(word.to_le_bytes(), length) }
    }

    /// Puts a number below 128, and a key before it.
    ///
    /// Safety: eight bytes are free.
    #[inline(always)]
    unsafe fn put_small(&mut self, value: u64, key: Key) {
        debug_assert!(value < 0x80);
        // SAFETY: a key has five bytes at most.
        unsafe { self.put_word(key.0 >> 8 | value << 56, key.length() + 1) }
    }

    /// Puts the key of a field.
    #[inline(always)]
    pub fn key(&mut self, key: Key) {
        self.reserve(VALUE);
        // SAFETY: that is more than a key needs.
        unsafe { self.put_word(key.0, key.length()) }
    }

    /// Puts a varint of a list: of all lengths below nine in one way, because it cannot be guessed.
    #[inline(always)]
    pub fn any_varint(&mut self, value: u64) {
        self.reserve(VALUE);
        if value >> 56 == 0 {
            let (word, length) = short_varint(value);
            // SAFETY: that is more than a varint needs.
            unsafe { self.put_word(word, length) }
        } else {
            self.varint(value, Key::NONE);
        }
    }

    /// Puts a varint before what has been written, and a key before it.
    #[inline(always)]
    pub fn varint(&mut self, value: u64, key: Key) {
        self.reserve(VALUE);
        // SAFETY: that is more than a varint and a key need, which have ten bytes and five at most.
        unsafe {
            if value < 0x80 {
                return self.put_small(value, key);
            }
            if value < 0x4000 {
                let word = value & 0x7f | 0x80 | (value << 1) & 0x7f00;
                self.put_word(word << 48, 2);
            } else if value >> 56 == 0 {
                let (word, length) = short_varint(value);
                self.put_word(word, length);
            } else {
                // The ninth byte's upper bit says whether there is a tenth.
                let ninth = value >> 56 << 56;
                self.put_word(1 << 56, (value >> 63) as usize);
                self.put_word(ninth, 1);
                self.put_word(spread(value) | MORE, 8);
            }
            self.put_word(key.0, key.length());
        }
    }

    /// Puts four bytes, and a key before them.
    #[inline(always)]
    pub fn fixed32(&mut self, value: u32, key: Key) {
        self.reserve(VALUE);
        // SAFETY: that is more than they need.
        unsafe {
            self.put_last(value.to_le_bytes(), 4);
            self.put_word(key.0, key.length());
        }
    }

    /// Puts eight bytes, and a key before them.
    #[inline(always)]
    pub fn fixed64(&mut self, value: u64, key: Key) {
        self.reserve(VALUE);
        // SAFETY: that is more than they need.
        unsafe {
            self.put_word(value, 8);
            self.put_word(key.0, key.length());
        }
    }

    /// Puts the last `length` bytes of so many, their length and a key before them.
    #[inline(always)]
    pub fn short(&mut self, bytes: [u8; SHORT], length: usize, key: Key) {
        let length = length.min(SHORT);
        self.reserve(VALUE);
        // SAFETY: that is more than they need.
        unsafe {
            self.put_last(bytes, length);
            self.put_small(length as u64, key);
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
        self.reserve(length);
        let end = self.start;
        self.start -= length;
        self.bytes.get_mut(self.start..end).unwrap_or_default()
    }
}
