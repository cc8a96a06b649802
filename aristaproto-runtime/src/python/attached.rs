//! What only threads that are attached to the interpreter touch.
#![allow(unsafe_code)]

use std::mem::ManuallyDrop;

use pyo3::prelude::*;
use pyo3::PyVisit;

/// Something that is touched only while attached to the interpreter.
pub struct Attached<T>(ManuallyDrop<T>);
// SAFETY: `get` and `drop` see to it; the module refuses to run in an interpreter without a lock, or in a second one.
unsafe impl<T> Send for Attached<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Attached<T> {}

impl<T> Attached<T> {
    /// From now on so.
    pub const fn new(inner: T) -> Self {
        Self(ManuallyDrop::new(inner))
    }

    /// The same while the collector is at work, which has the lock.
    pub fn visited<'a>(&'a self, _visit: &PyVisit<'a>) -> &'a T {
        &self.0
    }

    /// What it is, as long as the thread is attached.
    pub fn get<'a>(&'a self, _py: Python<'a>) -> &'a T {
        &self.0
    }
}

impl<T> Drop for Attached<T> {
    fn drop(&mut self) {
        // When the interpreter has ended, nothing is released.
        // SAFETY: it is dropped once.
        Python::try_attach(|_| unsafe { ManuallyDrop::drop(&mut self.0) });
    }
}
