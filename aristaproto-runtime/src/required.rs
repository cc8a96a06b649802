//! Required fields. In: a message. Out: whether they are all set, as far as that is told without the plain codec, which says
//! which one is not. Called by `encoder`, and by the readers and writers of JSON.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::object::Message;
use crate::plan::{Place, Plan};
use crate::quick;

/// Whether all required fields are set here and below, as far as that is told without the plain codec.
///
/// # Errors
/// `TypeError` when a class cannot be resolved.
pub fn is_complete(plan: &Plan, message: Message<'_, '_>) -> PyResult<bool> {
    let py = message.object().py();
    let area = message.area();
    // What is still to be read was looked through when it was parsed.
    let pending = message.is_pending();
    for (field, shape) in plan.fields.iter().zip(&plan.shape.fields) {
        let Place::Slot(offset) = field.place else {
            continue;
        };
        if area.is_empty(offset) {
            if shape.required && !pending {
                return Ok(false);
            }
            continue;
        }
        let (below, below_shape) = match (&field.entry, &shape.entry) {
            (Some(entry), Some(shapes)) => (&entry.1, &shapes.1),
            _ => (field, shape),
        };
        let is_message = below_shape.kind.is_message();
        if !is_message && !shape.required {
            continue;
        }
        let Some(held) = area.get(py, offset) else {
            continue;
        };
        if held.is_none() {
            if shape.required {
                return Ok(false);
            }
        } else if is_message {
            let plan = below.plan(py, below_shape)?;
            if plan.needs_check(py)? && !are_complete(&plan, &held)? {
                return Ok(false);
            }
        }
    }
    let Some(held) = plan.extensions.and_then(|offset| area.get(py, offset)) else {
        return Ok(true);
    };
    if held.is_none() {
        return Ok(true);
    }
    let Ok(held) = held.cast::<PyDict>() else {
        return Ok(false);
    };
    for item in held.values() {
        let complete = match (Message::of(&item), item.cast::<PyList>()) {
            (Some(message), _) => is_complete(message.plan()?, message)?,
            (None, Ok(list)) => list.iter().all(|item| Message::of(&item).is_none()),
            (None, Err(_)) => true,
        };
        if !complete {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The same of what an attribute holds: a message of the plan's class, or a list or dict of them.
fn are_complete(plan: &Plan, held: &Bound<'_, PyAny>) -> PyResult<bool> {
    let one = |item: &Bound<'_, PyAny>| match Message::exactly(item, plan) {
        Some(message) => is_complete(plan, message),
        None => Ok(false),
    };
    if let Ok(list) = held.cast_exact::<PyList>() {
        for item in list {
            if !one(&item)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    if let Ok(dict) = held.cast_exact::<PyDict>() {
        for (_, item) in quick::entries(dict) {
            if !one(&item)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    one(held)
}

/// Whether all required fields of a message itself are set.
pub fn has_required(plan: &Plan, message: Message<'_, '_>) -> bool {
    let area = message.area();
    let py = message.object().py();
    plan.fields
        .iter()
        .zip(&plan.shape.fields)
        .filter(|(_, shape)| shape.required)
        .all(|(field, _)| match field.place {
            Place::Slot(offset) => area.get(py, offset).is_some_and(|held| !held.is_none()),
            _ => true,
        })
}
