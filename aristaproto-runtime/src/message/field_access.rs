//! Where the value of a field is: in a slot, or among the extensions of a message. In: a field, and the slots of its message.
//! Out: what is there, or a list or dict to add to. Called by `decoder`.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use pyo3::PyTypeInfo;

use crate::memory::slot::Area;
use crate::python::values;
use crate::schema::field::Place;
use crate::schema::message::{Field, Plan};

/// What is there.
///
/// # Errors
/// What looking up a key in a dict raises.
pub fn get<'py>(
    py: Python<'py>,
    plan: &Plan,
    field: &Field,
    area: Area<'_>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    Ok(match &field.place {
        Place::Slot(offset) => area.get(py, *offset),
        Place::Extension(extension) => match held_extensions(py, plan, area) {
            Some(held) => held.get_item(extension.bind(py))?,
            None => None,
        },
        Place::Entry => None,
    })
}

fn held_extensions<'py>(
    py: Python<'py>,
    plan: &Plan,
    area: Area<'_>,
) -> Option<Bound<'py, PyDict>> {
    area.get(py, plan.extensions?)?.cast_into().ok()
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
    area: Area<'_>,
    item: Bound<'py, PyAny>,
) -> PyResult<()> {
    match &field.place {
        Place::Slot(offset) => {
            area.put(*offset, item);
            for &other in &field.others {
                area.clear(py, other);
            }
        }
        Place::Extension(extension) => {
            let held = if let Some(held) = held_extensions(py, plan, area) {
                held
            } else {
                let made = PyDict::new(py);
                if let Some(offset) = plan.extensions {
                    area.put(offset, made.clone().into_any());
                }
                made
            };
            held.set_item(extension.bind(py), item)?;
        }
        Place::Entry => {}
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
    area: Area<'_>,
) -> PyResult<Bound<'py, PyList>> {
    collection(py, plan, field, area, |other| match other {
        Some(other) => values::list_of(&other),
        None => Ok(PyList::empty(py)),
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
    area: Area<'_>,
) -> PyResult<Bound<'py, PyDict>> {
    collection(py, plan, field, area, |other| {
        let dict = PyDict::new(py);
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
    area: Area<'_>,
    make: impl FnOnce(Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, T>>,
) -> PyResult<Bound<'py, T>> {
    let other = match get(py, plan, field, area)? {
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
    put(py, plan, field, area, fresh.clone().into_any())?;
    Ok(fresh)
}

/// Whether of each oneof one member is set at most.
pub fn oneofs_agree(plan: &Plan, slots: Area<'_>) -> bool {
    let mut last = 0;
    for (&oneof, slot) in slots.each(&plan.members) {
        if slot.peek(|held| !held.is_none()) == Some(true) {
            if oneof == last {
                return false;
            }
            last = oneof;
        }
    }
    true
}
