//! The value of a field: in a slot, or among the extensions of a message; and the list or dict of a field to add to.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use pyo3::PyTypeInfo;

use crate::memory::slot::Slots;
use crate::python::cpython;
use crate::python::values;
use crate::schema::field::Storage;
use crate::schema::message::{Field, Plan};

/// The fields of a message, or of slots that become one.
#[derive(Clone, Copy)]
pub struct FieldAccess<'a, 'py> {
    /// Attached.
    pub py: Python<'py>,
    /// The plan of the class.
    pub plan: &'a Plan,
    /// Its slots.
    pub slots: Slots<'a>,
}

impl<'py> FieldAccess<'_, 'py> {
    /// What is there.
    ///
    /// # Errors
    /// What looking up a key in a dict raises.
    pub fn get(self, field: &Field) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(match &field.storage {
            Storage::Slot(offset) => self.slots.get(self.py, *offset),
            Storage::Extension(extension) => match self.extensions() {
                Some(held) => held.get_item(extension.bind(self.py))?,
                None => None,
            },
            Storage::Entry => None,
        })
    }

    fn extensions(self) -> Option<Bound<'py, PyDict>> {
        let held = self.slots.get(self.py, self.plan.extensions_slot?)?;
        held.cast_into().ok()
    }

    /// Puts a value there, and takes away what other members of its oneof hold.
    ///
    /// # Errors
    /// What adding to a dict raises.
    #[inline]
    pub fn put(self, field: &Field, item: Bound<'py, PyAny>) -> PyResult<()> {
        match &field.storage {
            Storage::Slot(offset) => {
                self.slots.put(*offset, item);
                for &other in &field.others {
                    self.slots.clear(self.py, other);
                }
            }
            Storage::Extension(extension) => {
                let held = if let Some(held) = self.extensions() {
                    held
                } else {
                    let made = cpython::dict(self.py)?;
                    if let Some(offset) = self.plan.extensions_slot {
                        self.slots.put(offset, made.clone().into_any());
                    }
                    made
                };
                held.set_item(extension.bind(self.py), item)?;
            }
            Storage::Entry => {}
        }
        Ok(())
    }

    /// The list of a repeated field, ready to append to.
    ///
    /// # Errors
    /// What asking another collection for its content raises.
    pub fn list(self, field: &Field) -> PyResult<Bound<'py, PyList>> {
        self.collection(field, |other| match other {
            Some(other) => values::list_of(&other),
            None => cpython::empty_list(self.py),
        })
    }

    /// The dict of a map field, ready to write to.
    ///
    /// # Errors
    /// What asking another collection for its content raises.
    pub fn dict(self, field: &Field) -> PyResult<Bound<'py, PyDict>> {
        self.collection(field, |other| {
            let dict = cpython::dict(self.py)?;
            if let Some(other) = other {
                dict.call_method1("update", (other,))?;
            }
            Ok(dict)
        })
    }

    /// What is there, if it is of the very type; else what `make` makes of another collection that is there and not empty, or of
    /// none.
    #[inline]
    fn collection<T: PyTypeInfo>(
        self,
        field: &Field,
        make: impl FnOnce(Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, T>>,
    ) -> PyResult<Bound<'py, T>> {
        let other = match self.get(field)? {
            Some(held) => match held.cast_into_exact::<T>() {
                Ok(held) => return Ok(held),
                Err(other) => Some(other.into_inner()),
            },
            None => None,
        };
        let fresh = make(match other {
            Some(other) if other.is_truthy()? => Some(other),
            _ => None,
        })?;
        self.put(field, fresh.clone().into_any())?;
        Ok(fresh)
    }
}

/// Whether of each oneof one member is set at most.
pub fn oneofs_agree(plan: &Plan, slots: Slots<'_>) -> bool {
    let mut last = 0;
    for (&oneof, slot) in slots.each(&plan.oneof_members) {
        if slot.peek(|held| !held.is_none()) == Some(true) {
            if oneof == last {
                return false;
            }
            last = oneof;
        }
    }
    true
}
