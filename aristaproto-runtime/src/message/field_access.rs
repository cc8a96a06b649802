//! The value of a field: in a slot, or among the extensions of a message; and the list or dict of a field to add to.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use pyo3::PyTypeInfo;

use crate::memory::slot::Slots;
use crate::python::cpython;
use crate::python::values;
use crate::schema::field::Storage;
use crate::schema::message::{Field, Plan};

/// What is there.
///
/// # Errors
/// What looking up a key in a dict raises.
pub fn get<'py>(
    py: Python<'py>,
    plan: &Plan,
    field: &Field,
    slots: Slots<'_>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    Ok(match &field.storage {
        Storage::Slot(offset) => slots.get(py, *offset),
        Storage::Extension(extension) => match held_extensions(py, plan, slots) {
            Some(held) => held.get_item(extension.bind(py))?,
            None => None,
        },
        Storage::Entry => None,
    })
}

fn held_extensions<'py>(
    py: Python<'py>,
    plan: &Plan,
    slots: Slots<'_>,
) -> Option<Bound<'py, PyDict>> {
    slots.get(py, plan.extensions_slot?)?.cast_into().ok()
}

/// Puts a value there, and takes away what other members of its oneof hold.
///
/// # Errors
/// What adding to a dict raises.
#[inline]
pub fn put<'py>(
    py: Python<'py>,
    plan: &Plan,
    field: &Field,
    slots: Slots<'_>,
    item: Bound<'py, PyAny>,
) -> PyResult<()> {
    match &field.storage {
        Storage::Slot(offset) => {
            slots.put(*offset, item);
            for &other in &field.others {
                slots.clear(py, other);
            }
        }
        Storage::Extension(extension) => {
            let held = if let Some(held) = held_extensions(py, plan, slots) {
                held
            } else {
                let made = cpython::dict(py)?;
                if let Some(offset) = plan.extensions_slot {
                    slots.put(offset, made.clone().into_any());
                }
                made
            };
            held.set_item(extension.bind(py), item)?;
        }
        Storage::Entry => {}
    }
    Ok(())
}

/// The list of a repeated field, ready to append to.
///
/// # Errors
/// What asking another collection for its content raises.
pub fn list<'py>(
    py: Python<'py>,
    plan: &Plan,
    field: &Field,
    slots: Slots<'_>,
) -> PyResult<Bound<'py, PyList>> {
    collection(py, plan, field, slots, |other| match other {
        Some(other) => values::list_of(&other),
        None => cpython::empty_list(py),
    })
}

/// The dict of a map field, ready to write to.
///
/// # Errors
/// What asking another collection for its content raises.
pub fn dict<'py>(
    py: Python<'py>,
    plan: &Plan,
    field: &Field,
    slots: Slots<'_>,
) -> PyResult<Bound<'py, PyDict>> {
    collection(py, plan, field, slots, |other| {
        let dict = cpython::dict(py)?;
        if let Some(other) = other {
            dict.call_method1("update", (other,))?;
        }
        Ok(dict)
    })
}

/// What is there, if it is of the very type; else what `make` makes of another collection that is there and not empty, or of
/// none.
#[inline]
fn collection<'py, T: PyTypeInfo>(
    py: Python<'py>,
    plan: &Plan,
    field: &Field,
    slots: Slots<'_>,
    make: impl FnOnce(Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, T>>,
) -> PyResult<Bound<'py, T>> {
    let other = match get(py, plan, field, slots)? {
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
    put(py, plan, field, slots, fresh.clone().into_any())?;
    Ok(fresh)
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
