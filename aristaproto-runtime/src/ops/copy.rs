//! Copies of messages: `copy.copy` and `copy.deepcopy`.

use pyo3::prelude::*;
use pyo3::types::{PyDateTime, PyDelta, PyDict, PyList};

use crate::binary::decoder::read_pending;
use crate::binary::encode::exactly;
use crate::binary::encoder::Exact;
use crate::message::header::{new_message, Message};
use crate::message::pending::end_of;
use crate::python::arguments::Invoke;
use crate::python::borrowed::{holds_scalars, peek};
use crate::python::cpython;
use crate::python::imports::api;
use crate::python::values;
use crate::schema::message::{Field, Plan};

/// A message with the same values.
///
/// # Errors
/// `MemoryError`.
pub fn copy<'py>(message: Message<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    let py = message.object().py();
    let plan = message.plan()?;
    read_pending(message)?;
    let made = new_message(py, plan)?;
    let copied = Message::known(&made)?;
    let (from, to) = (message.slots(), copied.slots());
    for (field, shape) in plan.fields.iter().zip(&plan.shape.fields) {
        let Some(offset) = field.slot() else {
            continue;
        };
        if let Some(value) = from.get(py, offset) {
            to.put(offset, value);
        } else if shape.repeated || shape.entry.is_some() {
            // Both have the one list from now on, as two attributes of Python would.
            let value = field.empty(py, shape)?;
            from.put(offset, value.clone());
            to.put(offset, value);
        }
    }
    copy_besides_fields(plan, message, copied, |value| Ok(value.clone()))?;
    Ok(made)
}

/// Copies unknown fields and extensions, of which `copy` copies the values; the keys, `Extension`s, are not copied.
fn copy_besides_fields<'py>(
    plan: &Plan,
    message: Message<'_, 'py>,
    copied: Message<'_, 'py>,
    copy: impl Fn(&Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<()> {
    let py = message.object().py();
    let (from, to) = (message.slots(), copied.slots());
    if let Some(unknown) = from.get(py, plan.unknown) {
        to.put(plan.unknown, unknown);
    }
    let Some(offset) = plan.extensions_slot else {
        return Ok(());
    };
    let Some(mut held) = from.get(py, offset) else {
        return Ok(());
    };
    if let Ok(extensions) = held.cast::<PyDict>() {
        let all = cpython::dict(py)?;
        for (extension, value) in values::entries(extensions)? {
            all.set_item(extension, copy(&value)?)?;
        }
        held = all.into_any();
    }
    to.put(offset, held);
    Ok(())
}

/// A message that shares nothing that can change. `memo` is the one of `copy.deepcopy`.
///
/// # Errors
/// `RecursionError`, or what copying a value raises.
pub fn deepcopy<'py>(
    message: Message<'_, 'py>,
    memo: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let plan = message.plan()?;
    let made = new_message(message.object().py(), plan)?;
    // Whoever holds this very message gets the same copy: what is in it can. The key is what `id` gives.
    let mut deep_slots = message.slots().each(&plan.container_table);
    if deep_slots.any(|(_, slot)| !slot.is_empty()) {
        memo.set_item(message.object().as_ptr() as usize, &made)?;
    }
    if !postpone_copy(plan, message, &made)? {
        fill(message, &made, memo)?;
    }
    if memo.is_exact_instance_of::<PyDict>() {
        // `copy.deepcopy`, which adds to it what it copied, would meet a `KeyError` otherwise, and that takes it longer than a
        // message takes us.
        Memo(memo).list()?;
    }
    Ok(made)
}

/// Lets a copy of a message that holds others be read from bytes when it is looked at: writing them takes less than to make
/// its objects. False when it must be made now.
fn postpone_copy<'py>(
    plan: &Plan,
    message: Message<'_, 'py>,
    made: &Bound<'py, PyAny>,
) -> PyResult<bool> {
    let slots = message.slots();
    let holds_messages = plan.encode_table.iter().any(|&(offset, entry)| {
        !slots.is_empty(offset)
            && plan
                .at(entry.index as usize)
                .is_some_and(|(field, shape)| field.holds_messages(shape))
    });
    if message.is_pending() || !holds_messages {
        return Ok(false);
    }
    let py = message.object().py();
    let exact = Exact { alone: true };
    let Some(data) = exactly(message, exact, |written| values::new_bytes(py, written))? else {
        return Ok(false);
    };
    let data = data?;
    let Some(end) = end_of(data.as_bytes().len()) else {
        return Ok(false);
    };
    if end > 0 {
        Message::known(made)?.postpone(&data, 0, end);
    }
    Ok(true)
}

fn fill<'py>(
    message: Message<'_, 'py>,
    made: &Bound<'py, PyAny>,
    memo: &Bound<'py, PyAny>,
) -> PyResult<()> {
    let py = message.object().py();
    let plan = message.plan()?;
    let copied = Message::known(made)?;
    if message.untouched(plan).is_some() {
        copied.postpone_as(message);
        return Ok(());
    }
    values::deeper(py, || fill_fields(plan, message, copied, memo))
}

fn fill_fields<'py>(
    plan: &Plan,
    message: Message<'_, 'py>,
    copied: Message<'_, 'py>,
    memo: &Bound<'py, PyAny>,
) -> PyResult<()> {
    let py = message.object().py();
    read_pending(message)?;
    let (from, to) = (message.slots(), copied.slots());
    for (entry, from, to) in from.each_pair(to, &plan.encode_table) {
        let Some(value) = from.get(py) else {
            continue;
        };
        if value.is_none() || values::is_exact_scalar(&value) {
            to.put(value);
            continue;
        }
        if let Some((field, shape)) = plan.at(entry.index as usize) {
            let value = if shape.repeated || shape.entry.is_some() {
                deep_container(field, &value, memo)?
            } else {
                deep_value(field, &value, memo)?
            };
            to.put(value);
        }
    }
    copy_besides_fields(plan, message, copied, |value| by_python(value, memo))
}

/// A copy of a list or a map that shares nothing that can change.
///
/// # Errors
/// As `deepcopy`.
pub fn deep_container<'py>(
    field: &Field,
    value: &Bound<'py, PyAny>,
    memo: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = value.py();
    // What somebody else holds, too, may be met again.
    let shared = !values::is_unshared(value);
    if shared {
        if let Some(found) = Memo(memo).find(value)? {
            return Ok(found);
        }
    }
    if let Ok(list) = value.cast_exact::<PyList>() {
        if peek(list, holds_scalars) {
            let made = list.as_sequence().to_list()?.into_any();
            if shared {
                Memo(memo).keep(value, &made)?;
            }
            return Ok(made);
        }
        let made = cpython::empty_list(py)?;
        if shared {
            Memo(memo).keep(value, made.as_any())?;
        }
        values::for_each(list, |_, item| made.append(deep_value(field, &item, memo)?))?;
        return Ok(made.into_any());
    }
    if let (Ok(dict), Some(entry)) = (value.cast_exact::<PyDict>(), &field.entry) {
        let made = cpython::dict(py)?;
        if shared {
            Memo(memo).keep(value, made.as_any())?;
        }
        for (key, item) in values::entries(dict)? {
            let key = if is_immutable(&key) {
                key
            } else {
                by_python(&key, memo)?
            };
            made.set_item(key, deep_value(&entry.1, &item, memo)?)?;
        }
        return Ok(made.into_any());
    }
    by_python(value, memo)
}

/// The memo of `copy.deepcopy`: copies by the `id` of what was copied, and under its own `id` a list of all that must
/// outlive it.
struct Memo<'a, 'py>(&'a Bound<'py, PyAny>);

impl<'py> Memo<'_, 'py> {
    fn find(&self, value: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let key = value.as_ptr() as usize;
        match self.0.cast::<PyDict>() {
            Ok(memo) => memo.get_item(key),
            Err(_) => Ok(self.0.get_item(key).ok()),
        }
    }

    fn keep(&self, value: &Bound<'py, PyAny>, made: &Bound<'py, PyAny>) -> PyResult<()> {
        self.0.set_item(value.as_ptr() as usize, made)?;
        self.list()?.call_method1("append", (value,))?;
        Ok(())
    }

    /// The list of what must live on, put there where it is missing.
    fn list(&self) -> PyResult<Bound<'py, PyAny>> {
        let py = self.0.py();
        let own = (self.0.as_ptr() as usize).into_pyobject(py)?;
        if self.0.contains(&own)? {
            return self.0.get_item(own);
        }
        let made = cpython::empty_list(py)?.into_any();
        self.0.set_item(own, &made)?;
        Ok(made)
    }
}

/// A copy of one value, of which the same is true.
///
/// # Errors
/// As `deepcopy`.
pub fn deep_value<'py>(
    field: &Field,
    value: &Bound<'py, PyAny>,
    memo: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let message = field.message(value).filter(|it| it.copies_itself());
    if let Some(message) = message {
        let shared = !values::is_unshared(value);
        if shared {
            if let Some(found) = Memo(memo).find(value)? {
                return Ok(found);
            }
        }
        let made = new_message(value.py(), message.plan()?)?;
        if shared {
            Memo(memo).keep(value, &made)?;
        }
        fill(message, &made, memo)?;
        return Ok(made);
    }
    if is_immutable(value)
        || field
            .enum_values
            .as_ref()
            .is_some_and(|members| value.get_type().is(&members.class))
    {
        return Ok(value.clone());
    }
    by_python(value, memo)
}

fn is_immutable(value: &Bound<'_, PyAny>) -> bool {
    value.is_none()
        || values::is_exact_scalar(value)
        || value.is_exact_instance_of::<PyDateTime>()
        || value.is_exact_instance_of::<PyDelta>()
}

fn by_python<'py>(
    value: &Bound<'py, PyAny>,
    memo: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    api(value.py())?
        .deepcopy
        .bind(value.py())
        .invoke((value, memo))
}
