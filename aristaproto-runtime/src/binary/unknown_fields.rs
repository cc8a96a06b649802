//! Unknown fields: the records that the decoder passes over, and the slot where their bytes are kept.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::memory::layout::Offset;
use crate::message::field_access::FieldAccess;
use crate::message::header::Message;
use crate::python::growth::{append, concat, out_of_memory};
use crate::python::values;
use crate::wire::{Key, Reader};

/// The records of unknown fields: mostly one run of the bytes being read, which is copied once.
#[derive(Default)]
pub struct UnknownFields {
    before: Vec<u8>,
    run: std::ops::Range<usize>,
}

impl UnknownFields {
    /// Keeps the record from `start` on, which has been passed over.
    ///
    /// # Errors
    /// `MemoryError`.
    #[inline]
    pub fn add(&mut self, reader: &Reader<'_>, start: usize) -> PyResult<()> {
        if self.run.end != start {
            self.flush(reader)?;
            self.run = start..start;
        }
        self.run.end = reader.pos;
        Ok(())
    }

    /// Keeps a tag that is not there to be read.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn add_tag(&mut self, reader: &Reader<'_>, key: Key) -> PyResult<()> {
        self.flush(reader)?;
        let (bytes, start) = key.as_bytes();
        append(&mut self.before, bytes.get(start..).unwrap_or_default())
    }

    fn flush(&mut self, reader: &Reader<'_>) -> PyResult<()> {
        let run = std::mem::take(&mut self.run);
        append(&mut self.before, reader.data.get(run).unwrap_or_default())
    }

    /// All that was kept.
    fn all<'a>(&'a mut self, reader: &Reader<'a>) -> PyResult<&'a [u8]> {
        if self.before.is_empty() {
            return Ok(reader.data.get(self.run.clone()).unwrap_or_default());
        }
        self.flush(reader)?;
        Ok(&self.before)
    }

    /// Puts them into a message, behind those that it has. `owner`: the message, if it may have some; it then gets them from
    /// `late` when all was read, because each occurrence on the wire would otherwise copy those of the ones before.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn put<'py>(
        &mut self,
        FieldAccess { py, plan, slots }: FieldAccess<'_, 'py>,
        reader: &Reader<'_>,
        owner: Option<&Bound<'py, PyAny>>,
        late: &mut DeferredUnknownFields<'py>,
    ) -> PyResult<()> {
        let unknown = self.all(reader)?;
        if unknown.is_empty() {
            return Ok(());
        }
        let slot = slots.slot(plan.unknown);
        if let Some(owner) = owner {
            return late.add(owner, plan.unknown, unknown);
        }
        let held = slot.get(py);
        let held = held.as_ref().and_then(|held| held.cast::<PyBytes>().ok());
        let all = match held.map_or(&[][..], |held| held.as_bytes()) {
            [] => values::new_bytes(py, unknown)?,
            before => values::new_bytes(py, &concat(&[before, unknown])?)?,
        };
        slot.put(all.into_any());
        Ok(())
    }
}

/// Unknown fields that messages are to get behind those that they have.
#[derive(Default)]
pub struct DeferredUnknownFields<'py>(HashMap<usize, (Bound<'py, PyAny>, Offset, Vec<u8>)>);

impl<'py> DeferredUnknownFields<'py> {
    fn add(&mut self, owner: &Bound<'py, PyAny>, slot: Offset, unknown: &[u8]) -> PyResult<()> {
        self.0.try_reserve(1).map_err(out_of_memory)?;
        let entry = self.0.entry(owner.as_ptr() as usize);
        let (_, _, all) = entry.or_insert_with(|| (owner.clone(), slot, Vec::new()));
        append(all, unknown)
    }

    /// Puts them into their messages.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn put(&mut self, py: Python<'py>) -> PyResult<()> {
        for (_, (owner, slot, unknown)) in self.0.drain() {
            let Some(message) = Message::of(&owner) else {
                continue;
            };
            let slot = message.slots().slot(slot);
            let all = match slot
                .get(py)
                .and_then(|held| held.cast_into::<PyBytes>().ok())
            {
                Some(held) => concat(&[held.as_bytes(), &unknown])?,
                None => unknown,
            };
            slot.put(values::new_bytes(py, &all)?.into_any());
        }
        Ok(())
    }
}
