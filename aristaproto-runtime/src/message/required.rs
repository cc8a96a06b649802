//! Required fields: whether they are all set, as far as that is told without the plain codec, which says which one is not.

use std::collections::HashMap;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::memory::slot::Slots;
use crate::message::header::Message;
use crate::python::cpython::RecursionLevel;
use crate::python::growth::out_of_memory;
use crate::python::limits::Limits;
use crate::python::values;
use crate::python::values::Pulse;
use crate::schema::message::{Field, Plan};
use crate::schema::wire_table::FieldShape;

/// Whether all required fields are set in a message and those nested in it. False, too, for what the plain codec is to look at: more levels than the
/// limit, and values that are no messages where there should be some.
///
/// # Errors
/// `TypeError` when a class cannot be resolved, or what Python raises for Ctrl-C.
pub fn is_complete(plan: &Plan, message: Message<'_, '_>) -> PyResult<bool> {
    let py = message.object().py();
    let mut check = RequiredCheck {
        py,
        levels: Limits::current(py)?.levels().saturating_add(1),
        complete: HashMap::new(),
        pulse: Pulse::default(),
    };
    check.message(plan, message)
}

/// A walk over the messages that may lack a required field.
struct RequiredCheck<'py> {
    py: Python<'py>,
    /// Levels of messages that may follow.
    levels: u32,
    /// Messages held in several places that were gone through, by their addresses: each is gone through once.
    complete: HashMap<usize, Bound<'py, PyAny>>,
    pulse: Pulse,
}

impl<'py> RequiredCheck<'py> {
    fn message(&mut self, plan: &Plan, message: Message<'_, 'py>) -> PyResult<bool> {
        let Some(levels) = self.levels.checked_sub(1) else {
            return Ok(false);
        };
        self.pulse.is_due(self.py)?;
        let _level = RecursionLevel::enter(self.py)?;
        self.levels = levels;
        let complete = self.fields(plan, message)? && self.extensions(plan, message)?;
        self.levels += 1;
        Ok(complete)
    }

    fn fields(&mut self, plan: &Plan, message: Message<'_, 'py>) -> PyResult<bool> {
        let slots = message.slots();
        // What is still to be read was looked through when it was parsed.
        let pending = message.is_pending() && !message.only_numbers_pend();
        for (field, shape) in plan.fields.iter().zip(&plan.shape.fields) {
            let Some(offset) = field.slot() else {
                continue;
            };
            let is_set = match slots.get(self.py, offset).filter(|held| !held.is_none()) {
                Some(held) => {
                    if !self.value(field, shape, &held)? {
                        return Ok(false);
                    }
                    true
                }
                None => pending && slots.is_empty(offset),
            };
            if shape.required && !is_set {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What an attribute holds: a message, a list or a dict of them, or something without required fields.
    fn value(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        held: &Bound<'py, PyAny>,
    ) -> PyResult<bool> {
        let (below, shape) = match (&field.entry, &shape.entry) {
            (Some(entry), Some(shapes)) => (&entry.1, &shapes.1),
            _ => (field, shape),
        };
        if !shape.kind.is_message() {
            return Ok(true);
        }
        let plan = below.plan(self.py, shape)?;
        if !plan.needs_check(self.py)? {
            return Ok(true);
        }
        if let Ok(list) = held.cast_exact::<PyList>() {
            return all(list, |item| self.one(&plan, item));
        }
        if let Ok(dict) = held.cast_exact::<PyDict>() {
            return all(values::entries(dict)?, |(_, item)| self.one(&plan, item));
        }
        self.one(&plan, held.clone())
    }

    fn one(&mut self, plan: &Plan, item: Bound<'py, PyAny>) -> PyResult<bool> {
        let Some(message) = Message::exactly(&item, plan) else {
            return Ok(false);
        };
        let address = item.as_ptr() as usize;
        if self.complete.contains_key(&address) {
            return Ok(true);
        }
        let complete = self.message(plan, message)?;
        if complete && !values::is_unshared(&item) {
            self.complete.try_reserve(1).map_err(out_of_memory)?;
            self.complete.insert(address, item);
        }
        Ok(complete)
    }

    fn extensions(&mut self, plan: &Plan, message: Message<'_, 'py>) -> PyResult<bool> {
        let held = plan.extensions_slot;
        let held = held.and_then(|offset| message.slots().get(self.py, offset));
        let Some(held) = held.filter(|held| !held.is_none()) else {
            return Ok(true);
        };
        let Ok(held) = held.cast::<PyDict>() else {
            return Ok(false);
        };
        all(held.values(), |item| {
            match (Message::of(&item), item.cast::<PyList>()) {
                (Some(message), _) => self.message(message.plan()?, message),
                (None, Ok(list)) => Ok(list.iter().all(|item| Message::of(&item).is_none())),
                (None, Err(_)) => Ok(true),
            }
        })
    }
}

/// Whether `is_so` of all of them; stops at the first that is not.
fn all<T>(
    items: impl IntoIterator<Item = T>,
    mut is_so: impl FnMut(T) -> PyResult<bool>,
) -> PyResult<bool> {
    for item in items {
        if !is_so(item)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether all required fields of a message itself are set.
pub fn has_required(plan: &Plan, slots: Slots<'_>) -> bool {
    plan.fields
        .iter()
        .zip(&plan.shape.fields)
        .filter(|(_, shape)| shape.required)
        .filter_map(|(field, _)| field.slot())
        .all(|offset| slots.slot(offset).peek(|held| !held.is_none()) == Some(true))
}
