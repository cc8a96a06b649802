//! What both directions need of messages that are looked up: the class of what an `Any` holds, extensions, messages of a namesake.

use std::rc::Rc;

use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};

use super::imports::imports;
use super::{holds, or_fallback, some, Outcome};
use crate::message::header::Message;
use crate::python::arguments::Invoke;
use crate::schema::compile;
use crate::schema::message::{ExtensionField, Plan};

/// Where the types of `Any` and extensions are looked up.
pub struct Pools<'py> {
    given: Bound<'py, PyAny>,
    schema: Bound<'py, PyAny>,
}

impl<'py> Pools<'py> {
    /// The one that the caller gives, or None, then the one of the outermost message's tree.
    pub fn new(given: &Bound<'py, PyAny>, plan: &Plan) -> Self {
        Self {
            given: given.clone(),
            schema: plan.schema.bind(given.py()).clone(),
        }
    }

    fn tuple(&self) -> PyResult<Bound<'py, PyTuple>> {
        let pools = [self.given.clone(), self.schema.getattr("pool")?];
        PyTuple::new(self.given.py(), pools)
    }

    /// The class of the message in an `Any`, given the Any or its class.
    pub fn packed_class(
        &self,
        any: &Bound<'py, PyAny>,
        url: &Bound<'py, PyAny>,
    ) -> Outcome<Bound<'py, PyType>> {
        let py = any.py();
        let find = imports(py)?.find_packed_class.bind(py);
        let found = or_fallback(find.invoke((any, url, self.tuple()?)), py)?;
        Ok(found.cast_into()?)
    }

    /// The `Field` of an extension of a class, given its full name; None for an unknown one.
    pub fn extension_field(&self, plan: &Plan, name: &str) -> PyResult<Bound<'py, PyAny>> {
        let py = self.given.py();
        let find = imports(py)?.find_extension_field.bind(py);
        find.invoke((plan.schema.bind(py), name, self.tuple()?))
    }
}

/// What is known of an extension, given its `Field`.
pub fn extension(plan: &Plan, field: &Bound<'_, PyAny>) -> PyResult<Rc<ExtensionField>> {
    let number = field.getattr("number")?.extract()?;
    let found = plan.find_extension(field.py(), number)?;
    // The class' own pool may know another one of this number.
    match found.filter(|found| found.field.python.is(field)) {
        Some(found) => Ok(found),
        None => Ok(Rc::new(compile::compile_extension(field)?)),
    }
}

/// `value` as a message of a plan's class or one below it, or of its namesake in another generated tree.
pub fn message_of<'a, 'py>(value: &'a Bound<'py, PyAny>, plan: &Plan) -> Outcome<Message<'a, 'py>> {
    if let Some(message) = Message::of_plan(value, plan) {
        return Ok(message);
    }
    let message = some(Message::of(value))?;
    let py = value.py();
    let origin = |plan: &Plan| plan.schema.bind(py).getattr("origin");
    holds(origin(message.plan()?)?.is(&origin(plan)?))?;
    Ok(message)
}
