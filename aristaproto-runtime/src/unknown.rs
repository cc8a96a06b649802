//! Unknown fields as they are met. In: records that the decoder passed over. Out: their bytes, in the slot of the unknown fields.
//! Called by `decoder`.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::buffer::Key;
use crate::object::Area;
use crate::plan::Plan;
use crate::wire::Reader;

/// The records of unknown fields: mostly one run of the bytes being read, which is copied once.
#[derive(Default)]
pub struct Kept {
    before: Vec<u8>,
    run: std::ops::Range<usize>,
}

impl Kept {
    /// Keeps the record from `start` on, which has been passed over.
    #[inline]
    pub fn keep(&mut self, reader: &Reader<'_>, start: usize) {
        if self.run.end != start {
            self.flush(reader);
            self.run = start..start;
        }
        self.run.end = reader.pos;
    }

    /// Keeps a tag that is not there to be read.
    pub fn add(&mut self, reader: &Reader<'_>, key: Key) {
        self.flush(reader);
        key.append_to(&mut self.before);
    }

    fn flush(&mut self, reader: &Reader<'_>) {
        let run = std::mem::take(&mut self.run);
        self.before
            .extend_from_slice(reader.data.get(run).unwrap_or_default());
    }

    /// All that was kept.
    fn all<'a>(&'a mut self, reader: &Reader<'a>) -> &'a [u8] {
        if self.before.is_empty() {
            return reader.data.get(self.run.clone()).unwrap_or_default();
        }
        self.flush(reader);
        &self.before
    }

    /// Puts them into a message, behind those that it has.
    pub fn put(&mut self, py: Python<'_>, plan: &Plan, area: Area<'_>, reader: &Reader<'_>) {
        let unknown = self.all(reader);
        if unknown.is_empty() {
            return;
        }
        let held = area.get(py, plan.unknown);
        let held = held.as_ref().and_then(|held| held.cast::<PyBytes>().ok());
        let all = match held.map_or(&[][..], |held| held.as_bytes()) {
            [] => PyBytes::new(py, unknown),
            before => PyBytes::new(py, &[before, unknown].concat()),
        };
        area.put(plan.unknown, all.into_any());
    }
}
