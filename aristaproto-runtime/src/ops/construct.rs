//! The constructor of message classes: fills the slots of the fields that are given.
//!
//! What is wrong with the arguments is left to the constructor in Python (`Schema.init`), which says it.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use crate::binary::arrays::{assign, may_be_array};
use crate::binary::decoder::read_pending;
use crate::memory::slot::Slots;
use crate::message::field_access::oneofs_agree;
use crate::message::header::Message;
use crate::python::arguments::{call_method, Arguments, Invoke};
use crate::python::growth;
use crate::python::imports::api;
use crate::python::values;
use crate::schema::message::Plan;

/// Fills a new message from the arguments of a vectorcall: those by position, then those by name.
///
/// # Errors
/// `TypeError` for arguments that do not fit.
pub fn fill<'py>(
    message: Message<'_, 'py>,
    plan: &Plan,
    arguments: Arguments<'_, 'py>,
) -> PyResult<()> {
    let positional = arguments.positional;
    if positional > plan.declared.len() {
        return refuse(message, plan, arguments);
    }
    let (first, rest) = arguments.split();
    let slots = message.slots();
    for (&at, value) in plan.declared.iter().zip(first) {
        put(message, plan, slots, at, value.clone())?;
    }
    if let Some(names) = arguments.names {
        let mut next = positional;
        for (name, value) in names.iter_borrowed().zip(rest) {
            match find(plan, &name, next) {
                Some(found) if found >= positional => {
                    next = found + 1;
                    let at = plan.declared.get(found).copied().unwrap_or_default();
                    put(message, plan, slots, at, value.clone())?;
                }
                _ => return refuse(message, plan, arguments),
            }
        }
    }
    if finish(message, plan)? {
        return Ok(());
    }
    refuse(message, plan, arguments)
}

/// `__init__` of a message: as `fill`.
///
/// # Errors
/// `TypeError` for arguments that do not fit.
pub fn init<'py>(
    message: Message<'_, 'py>,
    args: &Bound<'py, PyTuple>,
    kwargs: Option<&Bound<'py, PyDict>>,
) -> PyResult<()> {
    let plan = message.plan()?;
    // A second `__init__` starts anew, as the one in Python does.
    read_pending(message)?;
    for ((), slot) in message.slots().each(&plan.offsets) {
        drop(slot.replace(args.py(), None));
    }
    let by_name = kwargs.map(values::entries).transpose()?.unwrap_or_default();
    let names = PyTuple::new(args.py(), by_name.iter().map(|(name, _)| name))?;
    let rest = by_name.into_iter().map(|(_, value)| value);
    let arguments = Arguments {
        values: &growth::collect(args.iter().chain(rest).map(Ok))?,
        positional: args.len(),
        names: Some(&names),
    };
    fill(message, plan, arguments)
}

/// Position, in order of declaration, of the field with a name; most calls name fields in that order.
#[inline]
fn find(plan: &Plan, name: &Bound<'_, PyAny>, next: usize) -> Option<usize> {
    let is = |position: usize| -> bool {
        plan.declared
            .get(position)
            .and_then(|&at| plan.fields.get(at))
            .is_some_and(|field| field.name.is(name))
    };
    if is(next) {
        return Some(next);
    }
    let name = name.cast::<PyString>().ok()?.to_str().ok()?;
    plan.positions.get(name).copied()
}

#[inline]
fn put<'py>(
    message: Message<'_, 'py>,
    plan: &Plan,
    slots: Slots<'_>,
    at: usize,
    value: Bound<'py, PyAny>,
) -> PyResult<()> {
    let Some((field, shape)) = plan.at(at) else {
        return Ok(());
    };
    if let Some(offset) = field.slot() {
        if value.is_none() && (shape.repeated || shape.entry.is_some()) {
            // A new list or dict, made when it is looked at.
            return Ok(());
        }
        if shape.repeated && may_be_array(&value) {
            return assign(message, shape.number, &value);
        }
        slots.put(offset, value);
    }
    Ok(())
}

/// Oneofs and deprecation; false when two members of a oneof were given.
fn finish(message: Message<'_, '_>, plan: &Plan) -> PyResult<bool> {
    let py = message.object().py();
    let slots = message.slots();
    if !plan.oneof_members.is_empty() && !oneofs_agree(plan, slots) {
        return Ok(false);
    }
    if let Some(name) = &plan.deprecated {
        api(py)?.warn_deprecated.bind(py).invoke((name,))?;
    }
    if plan.any_deprecated {
        for field in plan.fields.iter().filter(|field| field.deprecated) {
            let Some(offset) = field.slot() else {
                continue;
            };
            let python = field.python.bind(py);
            let held = match slots.get(py, offset) {
                Some(held) => held,
                None if message.is_pending() => {
                    python.getattr("get")?.invoke((message.object(),))?
                }
                None => continue,
            };
            if !python.call_method1("is_default", (&held,))?.is_truthy()? {
                let class = plan.class.bind(py).name()?;
                let what = format!("{class}.{}", field.name.bind(py));
                api(py)?.warn_deprecated.bind(py).invoke((what,))?;
            }
        }
    }
    Ok(true)
}

/// Lets the constructor in Python say what is wrong.
#[cold]
fn refuse<'py>(
    message: Message<'_, 'py>,
    plan: &Plan,
    arguments: Arguments<'_, 'py>,
) -> PyResult<()> {
    let init = plan.schema.bind(message.object().py()).getattr("init")?;
    call_method(&init, &message.object(), arguments).map(drop)
}
