//! Wire bytes, written from the last to the first: the length of a submessage is known when it is put before it.
//!
//! Varints and tags are put as whole words, of which the upper bytes count; the lower ones fall on what is free and is
//! overwritten next. So the length of a value decides no branch, and one look at the room serves a value and its tag.
//! Memory that cannot be had is remembered, and told by `finish`.

use std::mem::replace;

use super::tag::Key;
use super::varint::{short_varint, spread, UPPER};

/// Free bytes for a value and its tag, with what falls on free ones.
const FREE: usize = 32;
type Free = [u8; FREE];

/// Puts the upper `length` bytes of a word before the last `done` ones; gives how many are done.
#[inline(always)]
fn put_word(free: &mut Free, done: usize, word: u64, length: usize) -> usize {
    let end = FREE - done.min(FREE - 8);
    if let Some(room) = free.get_mut(..end).and_then(<[u8]>::last_chunk_mut) {
        *room = word.to_le_bytes();
    }
    done + length
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
    put_word(free, done, groups | UPPER, 8)
}

/// Copies bytes to room of the same length. Most strings are short: two words that may overlap are quicker than a call.
#[inline(always)]
fn copy(bytes: &[u8], room: &mut [u8]) {
    #[inline(always)]
    fn ends<const N: usize>(bytes: &[u8], room: &mut [u8]) {
        if let (Some(first), Some(last)) = (bytes.first_chunk::<N>(), bytes.last_chunk::<N>()) {
            if let Some(start) = room.first_chunk_mut::<N>() {
                *start = *first;
            }
            if let Some(end) = room.last_chunk_mut::<N>() {
                *end = *last;
            }
        }
    }
    match bytes.len() {
        8..=16 => ends::<8>(bytes, room),
        17..=32 => ends::<16>(bytes, room),
        4..8 => ends::<4>(bytes, room),
        0..4 => room
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from),
        _ => room.copy_from_slice(bytes),
    }
}

/// Bytes that are filled from the end.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
    /// Where the written bytes start.
    start: usize,
    /// Memory was asked for and not given; nothing is written from then on.
    failed: bool,
}

/// More memory than this is not kept between calls.
pub const KEPT: usize = 1 << 20;

/// The memory that writing needs is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

impl Writer {
    /// What has been written.
    ///
    /// # Errors
    /// `OutOfMemory` when it is not all that was put.
    pub fn finish(&self) -> Result<&[u8], OutOfMemory> {
        if self.failed {
            return Err(OutOfMemory);
        }
        Ok(self.bytes.get(self.start..).unwrap_or_default())
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
        self.failed = false;
    }

    /// Takes back what was written after `length` bytes.
    pub fn forget(&mut self, length: usize) {
        self.start = self.bytes.len() - length.min(self.len());
    }

    /// Makes room for `more` bytes; false when there is no memory for them.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, more: usize) -> bool {
        if self.failed {
            return false;
        }
        let length = self.len();
        let mut wider = Vec::new();
        let size = (length + more).next_power_of_two().max(1024);
        if wider.try_reserve_exact(size).is_err() {
            self.failed = true;
            return false;
        }
        wider.resize(size, 0);
        if let (Some(room), Some(written)) =
            (wider.get_mut(size - length..), self.bytes.get(self.start..))
        {
            room.copy_from_slice(written);
        }
        drop(replace(&mut self.bytes, wider));
        self.start = size - length;
        true
    }

    /// Lets `write` put bytes at the end of those that are free; it says how many.
    #[inline(always)]
    fn with_free(&mut self, write: impl FnOnce(&mut Free) -> usize) {
        if self.start < FREE && !self.grow(FREE) {
            return;
        }
        let free = self.bytes.get_mut(..self.start);
        if let Some(free) = free.and_then(<[u8]>::last_chunk_mut) {
            self.start -= write(free).min(FREE);
        }
    }

    /// Puts the key of a field.
    #[inline(always)]
    pub fn key(&mut self, key: Key) {
        self.with_free(|free| put_word(free, 0, key.word(), key.length()));
    }

    /// Puts a varint before what has been written, and a key before it.
    #[inline(always)]
    pub fn varint(&mut self, value: u64, key: Key) {
        self.with_free(|free| {
            if value < 0x80 {
                return put_word(free, 0, key.word() >> 8 | value << 56, key.length() + 1);
            }
            let done = put_varint(free, value);
            put_word(free, done, key.word(), key.length())
        });
    }

    /// Puts a varint of a list, which has no key: one way for all lengths, because they cannot be guessed.
    #[inline(always)]
    pub fn element(&mut self, value: u64) {
        self.with_free(|free| put_varint(free, value));
    }

    /// Puts four bytes, and a key before them.
    #[inline(always)]
    pub fn fixed32(&mut self, value: u32, key: Key) {
        self.with_free(|free| {
            let done = put_word(free, 0, u64::from(value) << 32, 4);
            put_word(free, done, key.word(), key.length())
        });
    }

    /// Puts eight bytes, and a key before them.
    #[inline(always)]
    pub fn fixed64(&mut self, value: u64, key: Key) {
        self.with_free(|free| {
            let done = put_word(free, 0, value, 8);
            put_word(free, done, key.word(), key.length())
        });
    }

    /// Puts the fields of a Timestamp or a Duration: seconds, and nanoseconds behind them.
    pub fn parts(&mut self, (seconds, nanos): (i64, i32)) {
        if nanos != 0 {
            self.varint(i64::from(nanos) as u64, Key::new(2 << 3));
        }
        if seconds != 0 {
            self.varint(seconds as u64, Key::new(1 << 3));
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
        if let Some(room) = self.room(bytes.len()) {
            copy(bytes, room);
        }
    }

    /// Puts so many bytes, which the caller fills in; `None` when there is no memory for them.
    #[inline]
    pub fn room(&mut self, length: usize) -> Option<&mut [u8]> {
        if self.start < length && !self.grow(length) {
            return None;
        }
        let end = self.start;
        self.start -= length;
        self.bytes.get_mut(self.start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::super::reader::Reader;
    use super::*;

    /// Numbers of each length, and those beside the limits.
    fn numbers() -> Vec<u64> {
        let powers = (0..64).map(|bit| 1_u64 << bit);
        powers
            .flat_map(|it| [it - 1, it, it + 1])
            .chain([u64::MAX])
            .collect()
    }

    #[test]
    fn varints_read_back() {
        let mut out = Writer::default();
        for (index, number) in numbers().into_iter().enumerate() {
            match index % 2 {
                0 => out.element(number),
                _ => out.varint(number, Key::NONE),
            }
        }
        let bytes = out.finish().unwrap().to_vec();
        let mut reader = Reader::new(&bytes, 0, bytes.len());
        for number in numbers().into_iter().rev() {
            assert_eq!(reader.varint(), Ok(number));
        }
        assert!(reader.at_end());
    }

    #[test]
    fn a_value_follows_its_tag() {
        let mut out = Writer::default();
        out.fixed64(1, Key::new(5 << 3 | 1));
        out.fixed32(2, Key::new(4 << 3 | 5));
        out.bytes(b"abc", Key::new(3 << 3 | 2));
        out.varint(300, Key::new(2 << 3));
        assert_eq!(
            out.finish(),
            Ok(&b"\x10\xac\x02\x1a\x03abc\x25\x02\0\0\0\x29\x01\0\0\0\0\0\0\0"[..])
        );
    }

    #[test]
    fn bytes_of_all_lengths_are_copied() {
        for length in 0..70_u8 {
            let bytes: Vec<u8> = (0..length).collect();
            let mut out = Writer::default();
            out.put(b"behind");
            out.put(&bytes);
            assert_eq!(out.finish().unwrap(), [&bytes, &b"behind"[..]].concat());
        }
    }

    #[test]
    fn what_is_taken_back_is_gone() {
        let mut out = Writer::default();
        out.put(b"kept");
        let before = out.len();
        out.put(&[7; 5000]);
        out.forget(before);
        assert_eq!(out.finish(), Ok(&b"kept"[..]));
        out.reset();
        assert_eq!(out.finish(), Ok(&b""[..]));
    }

    #[test]
    fn memory_that_cannot_be_had_is_told() {
        let mut out = Writer::default();
        assert!(out.room(usize::MAX / 2).is_none());
        out.put(b"more");
        assert_eq!(out.finish(), Err(OutOfMemory));
    }
}
