//! A hash for what nobody chooses to do harm: the names of fields, the addresses of classes.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map with this hash.
pub type QuickMap<K, V> = HashMap<K, V, BuildHasherDefault<QuickHasher>>;

/// The hash so far.
#[derive(Default)]
pub struct QuickHasher(u64);

impl QuickHasher {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for QuickHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        let joined = |bytes: &[u8], start| {
            let join = |word, &byte| word << 8 | u64::from(byte);
            bytes.iter().fold(start, join)
        };
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.add(joined(chunk, 0));
        }
        self.add(joined(chunks.remainder(), bytes.len() as u64));
    }
    /// An address: its lowest bits are zeroes.
    fn write_usize(&mut self, value: usize) {
        self.add((value >> 4) as u64);
    }
}
