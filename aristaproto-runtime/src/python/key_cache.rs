//! The keys of maps, which are mostly few and come again and again: a string is made once and shared from then on, which saves
//! making it and its hash, and the memory of all but one.

use std::cell::RefCell;

use pyo3::prelude::*;

use super::attached::Attached;
use crate::python::values;

/// So many keys of one map are worth to be looked for: those of a large map rather name things that differ.
pub const FEW: usize = 64;

/// So many are kept.
const PLACES: usize = 1 << PLACES_BITS;
const PLACES_BITS: u32 = 10;

/// A short text as numbers, which are compared at once.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Text {
    words: [u64; 3],
    length: usize,
}

impl Text {
    /// `None` for more than 24 bytes.
    #[inline]
    fn of(bytes: &[u8]) -> Option<Self> {
        let length = bytes.len();
        let mut padded = [0; 24];
        padded.get_mut(..length)?.copy_from_slice(bytes);
        let mut words = [0; 3];
        for (word, part) in words.iter_mut().zip(padded.chunks_exact(8)) {
            *word = u64::from_le_bytes(*part.first_chunk()?);
        }
        Some(Self { words, length })
    }

    /// Where it is kept.
    #[inline]
    fn place(self) -> usize {
        let [one, two, three] = self.words;
        let mixed = one ^ two.rotate_left(21) ^ three.rotate_left(42) ^ self.length as u64;
        // The upper bits of a product depend on all bits: this is the golden ratio's fraction.
        (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - PLACES_BITS)) as usize
    }
}

/// A text and its string.
type Known = Option<(Text, Py<PyAny>)>;

static KNOWN: Attached<RefCell<Vec<Known>>> = Attached::new(RefCell::new(Vec::new()));

/// The string of bytes.
///
/// # Errors
/// `UnicodeDecodeError` when they are no UTF-8, or `MemoryError`.
#[inline]
pub fn string<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let Some(text) = Text::of(bytes) else {
        return values::string(py, bytes);
    };
    // Neither making a string nor letting one go runs Python code, which might come here again.
    let mut known = KNOWN.get(py).borrow_mut();
    if known.is_empty() && known.try_reserve_exact(PLACES).is_ok() {
        known.resize_with(PLACES, || None);
    }
    let place = known.get_mut(text.place());
    if let Some(Some((held, string))) = &place {
        if *held == text {
            return Ok(string.bind(py).clone());
        }
    }
    let made = values::string(py, bytes)?;
    let replaced = place.and_then(|place| place.replace((text, made.clone().unbind())));
    // A `Py` that goes by itself waits for the next time that PyO3 attaches, which may be never.
    drop(replaced.map(|(_, string)| string.into_bound(py)));
    Ok(made)
}
