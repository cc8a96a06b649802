//! Messages that are still to be read, in one that has been. In: a message. Out: whether there were any; they are read now.
//! Called by `encode`, before it tries once more to write a message as a whole.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::decode::read_pending;
use crate::json::quick::Way;
use crate::json::Outcome;
use crate::object::Message;
use crate::plan::{How, Plan};
use crate::{quick, value};

/// Reads all messages in a message that has been read, as deep as `quick` goes; false if they had been.
pub fn read_below(plan: &Plan, message: Message<'_, '_>) -> Outcome<bool> {
    fn one(item: &Bound<'_, PyAny>, levels: u32) -> Outcome<bool> {
        let Some((message, levels)) = Message::of(item).zip(levels.checked_sub(1)) else {
            return Ok(false);
        };
        let pending = message.is_pending();
        if pending {
            read_pending(message)?;
        }
        Ok(below(message.plan()?, message, levels)? || pending)
    }

    fn below(plan: &Plan, message: Message<'_, '_>, levels: u32) -> Outcome<bool> {
        let py = message.object().py();
        let mut any = false;
        for (step, slot) in message.area().each(&plan.steps) {
            if matches!(step.how, How::Message | How::Other) {
                let Some(held) = slot.get(py) else {
                    continue;
                };
                if let Ok(list) = held.cast_exact::<PyList>() {
                    value::for_each(list, |_, item| -> Outcome {
                        any |= one(&item, levels)?;
                        Ok(())
                    })?;
                } else if let Ok(dict) = held.cast_exact::<PyDict>() {
                    for (_, item) in quick::entries(dict) {
                        any |= one(&item, levels)?;
                    }
                } else {
                    any |= one(&held, levels)?;
                }
            }
        }
        Ok(any)
    }

    below(plan, message, Way::LEVELS.into())
}
