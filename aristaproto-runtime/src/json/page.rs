//! What JSON text is written into: a buffer that is filled from the end, as wire bytes are. In: text, numbers and keys of
//! members. Out: the text. Called by `quick` and `writers`; needs no Python.
//!
//! What is put is short, as a rule, and is put by storing a known number of bytes, of which the last ones count: the others fall on
//! what is free and is overwritten by what comes next. Members of objects and elements of lists have `, ` in front; the
//! first one's is taken back.

use crate::json::digits;
use crate::json::text::{self, Letters};
use crate::tail::{put_last, Free, Tail, FREE, SHORT};

/// Letters of a string that are put at once, together with their quotation marks.
pub const LETTERS: usize = SHORT - 2;

/// A text that is known before.
#[derive(Debug)]
pub struct Word {
    /// The end of it, with zeros in front.
    last: [u8; SHORT],
    length: usize,
    /// All of it, if it is longer.
    long: Vec<u8>,
}

impl Word {
    /// A text.
    pub fn new(bytes: Vec<u8>) -> Self {
        if bytes.len() <= SHORT {
            return Self::short(&bytes);
        }
        Self {
            long: bytes,
            ..Self::short(b"")
        }
    }

    /// It.
    pub fn bytes(&self) -> &[u8] {
        let short = self.last.get(SHORT - self.length..);
        short.filter(|_| self.long.is_empty()).unwrap_or(&self.long)
    }

    /// One of up to `SHORT` bytes.
    const fn short(bytes: &[u8]) -> Self {
        let mut last = [0; SHORT];
        let mut left = if bytes.len() <= SHORT { bytes.len() } else { 0 };
        let length = left;
        while left > 0 {
            left -= 1;
            last[SHORT - length + left] = bytes[left];
        }
        Self {
            last,
            length,
            long: Vec::new(),
        }
    }
}

/// Before an element of a list, or the key of a map's entry.
pub static ELEMENT: Word = Word::short(b", ");
/// Between a key and its value.
pub static ENTRY: Word = Word::short(b": ");
/// Before the outermost object.
pub static NOTHING: Word = Word::short(b"");
/// `null`.
pub static NULL: Word = Word::short(b"null");
/// The bools, by their numbers.
pub static BOOLS: [Word; 2] = [Word::short(b"false"), Word::short(b"true")];

/// Puts a word before `done` bytes.
#[inline(always)]
fn put_word(free: &mut Free, done: usize, word: &Word) -> usize {
    put_last(free, done, word.last, word.length)
}

/// Puts one byte before `done` ones.
#[inline(always)]
fn put_byte(free: &mut Free, done: usize, byte: u8) -> usize {
    put_last(free, done, [byte], 1)
}

/// Puts up to `LETTERS` bytes before `done` ones: the first and the last of them, which may overlap.
#[inline(always)]
fn put_few(free: &mut Free, done: usize, bytes: &[u8]) -> usize {
    fn ends<const N: usize>(free: &mut Free, done: usize, bytes: &[u8]) -> Option<()> {
        let (&first, &last) = (bytes.first_chunk::<N>()?, bytes.last_chunk::<N>()?);
        put_last(free, done, last, N);
        put_last(free, done + bytes.len() - N, first, N);
        Some(())
    }
    let put = match bytes.len() {
        16.. => ends::<16>(free, done, bytes),
        8.. => ends::<8>(free, done, bytes),
        4.. => ends::<4>(free, done, bytes),
        2.. => ends::<2>(free, done, bytes),
        _ => ends::<1>(free, done, bytes),
    };
    done + put.map_or(0, |()| bytes.len())
}

/// JSON text that is filled from the end.
#[derive(Debug, Default)]
pub struct Page(Tail);

impl Page {
    /// What has been written, in pieces from the first to the last.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.0.pieces()
    }

    /// Number of bytes written.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes everything back, and keeps no more memory than `kept` bytes.
    pub fn reset(&mut self, kept: usize) {
        self.0.reset(kept);
    }

    /// Takes back what was written after `length` bytes.
    pub fn forget(&mut self, length: usize) {
        self.0.forget(length);
    }

    /// Puts what is given, and a word before it.
    #[inline(always)]
    fn put(&mut self, before: &Word, write: impl FnOnce(&mut Free) -> usize) {
        self.0.put(|free| {
            let done = write(free);
            put_word(free, done, before)
        });
        if !before.long.is_empty() {
            self.bytes(&before.long);
        }
    }

    /// Puts text of any length.
    #[inline(never)]
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.room(bytes.len()).copy_from_slice(bytes);
    }

    /// Puts up to `LETTERS` bytes, and a word before them.
    #[inline(always)]
    pub fn short_text(&mut self, bytes: &[u8], before: &Word) {
        self.put(before, |free| put_few(free, 0, bytes));
    }

    /// The same with quotation marks around them.
    pub fn quoted(&mut self, bytes: &[u8], before: &Word) {
        self.put(before, |free| {
            let done = put_byte(free, 0, b'"');
            let done = put_few(free, done, bytes);
            put_byte(free, done, b'"')
        });
    }

    /// Puts two words.
    #[inline(always)]
    pub fn word(&mut self, word: &Word, before: &Word) {
        if word.long.is_empty() {
            self.put(before, |free| put_word(free, 0, word));
        } else {
            self.bytes(&word.long);
            self.put(before, |_| 0);
        }
    }

    /// Ends an object or a list, of which nothing is written yet.
    #[inline(always)]
    pub fn close(&mut self, mark: u8) {
        self.0.put(|free| put_byte(free, 0, mark));
    }

    /// Begins an object or a list that ends before the last `end` bytes, and puts a word before it.
    #[inline(always)]
    pub fn open(&mut self, mark: u8, end: usize, before: &Word) {
        if self.0.len() > end {
            self.0.take_back(ELEMENT.length as u16);
        }
        self.put(before, |free| put_byte(free, 0, mark));
    }

    /// Puts an integer, between quotation marks or not, and a word before it.
    #[inline(always)]
    pub fn int(&mut self, magnitude: u64, negative: bool, quoted: bool, before: &Word) {
        self.put(before, |free| {
            let mut done = 0;
            if quoted {
                done = put_byte(free, done, b'"');
            }
            done = if magnitude < digits::EIGHT {
                let (bytes, length) = digits::short(magnitude);
                put_last(free, done, bytes, length)
            } else {
                long_int(free, done, magnitude)
            };
            // Written in any case, it is passed over if it does not count.
            done = put_last(free, done, *b"-", usize::from(negative));
            if quoted {
                done = put_byte(free, done, b'"');
            }
            done
        });
    }

    /// The same of a number in a list: of all lengths in one way, because it cannot be guessed.
    #[inline(always)]
    pub fn any_int(&mut self, magnitude: u64, negative: bool, quoted: bool) {
        self.put(&ELEMENT, |free| {
            let mut done = 0;
            if quoted {
                done = put_byte(free, done, b'"');
            }
            let end = done + digits::count(magnitude);
            for bytes in digits::all(magnitude) {
                done = put_last(free, done, bytes, bytes.len());
            }
            done = put_last(free, end, *b"-", usize::from(negative));
            if quoted {
                done = put_byte(free, done, b'"');
            }
            done
        });
    }

    /// Puts the last ones of so many letters between quotation marks, and a word before them. False when one of them is not ASCII
    /// or must be escaped, and nothing was put.
    #[inline(always)]
    pub fn short_string(
        &mut self,
        letters: impl FnOnce() -> [u8; SHORT],
        length: usize,
        before: &Word,
    ) -> bool {
        let length = length.min(LETTERS);
        let mut plain = true;
        self.0.put(|free| {
            let letters = letters();
            plain = text::are_plain(&letters, length);
            if !plain {
                return 0;
            }
            let done = put_byte(free, 0, b'"');
            let done = put_last(free, done, letters, length);
            let done = put_byte(free, done, b'"');
            put_word(free, done, before)
        });
        if plain && !before.long.is_empty() {
            self.bytes(&before.long);
        }
        plain
    }

    /// Puts letters of a string between quotation marks, everything beyond printable ASCII escaped, and a word before them;
    /// false for a lone surrogate.
    #[inline(never)]
    pub fn string(&mut self, letters: Letters<'_>, before: &Word) -> bool {
        self.close(b'"');
        let done = match letters {
            Letters::Ascii(bytes) if text::is_plain(bytes) => {
                self.bytes(bytes);
                true
            }
            Letters::Ascii(bytes) | Letters::Latin(bytes) => self.escaped(bytes),
            Letters::Two(units) => self.escaped(units),
            Letters::Four(points) => self.escaped(points),
        };
        self.put(before, |free| put_byte(free, 0, b'"'));
        done
    }

    /// The same for UTF-8.
    pub fn utf8(&mut self, text: &str, before: &Word) {
        if text.is_ascii() {
            self.string(Letters::Ascii(text.as_bytes()), before);
        } else {
            let points: Vec<u32> = text.chars().map(u32::from).collect();
            self.string(Letters::Four(&points), before);
        }
    }

    /// Takes out all that was written.
    pub fn cut(&mut self) -> Word {
        let all = Word::new(self.pieces().flatten().copied().collect());
        self.reset(0);
        all
    }

    fn escaped<T: Copy + Into<u32>>(&mut self, points: &[T]) -> bool {
        let mut room: text::Room = [0; _];
        points.rchunks(text::few::<T>()).all(|few| {
            let escaped = text::escaped(few, &mut room);
            escaped.map(|bytes| self.bytes(bytes)).is_some()
        })
    }

    /// Puts bytes as base64 between quotation marks, with padding, and a word before them.
    pub fn base64(&mut self, bytes: &[u8], before: &Word) {
        self.close(b'"');
        text::base64(bytes, self.0.room(text::base64_length(bytes)));
        self.put(before, |free| put_byte(free, 0, b'"'));
    }
}

/// Puts a number from 10^8 on before `done` bytes.
#[inline(never)]
fn long_int(free: &mut Free, done: usize, magnitude: u64) -> usize {
    let (high, low) = (magnitude / digits::EIGHT, magnitude % digits::EIGHT);
    let done = put_last(free, done, digits::padded(low), 8);
    if high < digits::EIGHT {
        let (bytes, length) = digits::short(high);
        return put_last(free, done, bytes, length);
    }
    let done = put_last(free, done, digits::padded(high % digits::EIGHT), 8);
    let (bytes, length) = digits::short(high / digits::EIGHT);
    put_last(free, done, bytes, length)
}

// A number of 20 digits with a sign and quotation marks, or a string with these, and a word.
const _: () = assert!(1 + 20 + 1 + 1 + SHORT <= FREE && LETTERS + 2 + SHORT <= FREE);
