//! The map of the passes: names in, what they stand for out.

use std::borrow::Borrow;
use std::collections::hash_map::Entry;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// A map that can be asked but not walked: what it holds cannot leak into the output in hash order.
#[derive(Debug)]
pub(crate) struct Lookup<K, V>(HashMap<K, V, BuildHasherDefault<WordHasher>>);

impl<K: Eq + Hash, V> Lookup<K, V> {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(HashMap::with_capacity_and_hasher(
            capacity,
            BuildHasherDefault::default(),
        ))
    }

    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.0.get(key)
    }

    /// The earlier value goes.
    pub(crate) fn set(&mut self, key: K, value: V) {
        self.0.insert(key, value);
    }

    /// The earlier value stays and is returned when the key is there already.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<&V> {
        match self.0.entry(key) {
            Entry::Occupied(entry) => Some(entry.into_mut()),
            Entry::Vacant(entry) => {
                entry.insert(value);
                None
            }
        }
    }
}

/// A word for a word, a rotation and a product: names come from the user's own files, and the default hasher's defence against
/// chosen keys took a twentieth of the time of a run.
#[derive(Default)]
pub(crate) struct WordHasher(u64);

impl WordHasher {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        for bytes in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            self.add(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.add(value.into());
    }

    fn write_usize(&mut self, value: usize) {
        self.add(value as u64);
    }

    fn finish(&self) -> u64 {
        // The table takes its index from the lowest bits, which products mix least.
        self.0.rotate_left(26)
    }
}
