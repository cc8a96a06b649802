//! The values of an enum by number, as fields of its type need them.

use std::any::Any;
use std::cell::OnceCell;

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::python::arguments::Invoke;
use crate::python::values;
use crate::schema::by_number::ByNumber;

/// The values of an enum: objects of its class.
pub struct EnumValues {
    /// The class.
    pub class: Py<PyAny>,
    /// Numbers without a name are refused.
    pub closed: bool,
    /// Values by number.
    pub by_number: Py<PyDict>,
    /// Their names in JSON, once they were needed.
    pub json: OnceCell<Box<dyn Any>>,
    /// The members that had a number when the class was made.
    pub named: ByNumber<Py<PyAny>>,
}

impl EnumValues {
    /// The values of an enum class.
    ///
    /// # Errors
    /// What Python raises for another class.
    pub fn new(class: &Bound<'_, PyAny>) -> PyResult<Self> {
        let by_number: Bound<'_, PyDict> = class.getattr("_value2member_map_")?.cast_into()?;
        let members = values::entries(&by_number)?.into_iter();
        let named = members.filter_map(|(number, member)| {
            let number = number.extract().ok()?;
            Some((number, member.unbind()))
        });
        let named = named.collect();
        Ok(Self {
            class: class.clone().unbind(),
            closed: class.getattr("__closed__")?.is_truthy()?,
            by_number: by_number.unbind(),
            json: OnceCell::new(),
            named,
        })
    }

    /// The member with a number; `None` when it has no name.
    #[inline]
    pub fn find<'py>(&self, py: Python<'py>, number: i32) -> PyResult<Option<Bound<'py, PyAny>>> {
        if let Some(member) = self.named.get(number) {
            return Ok(Some(member.bind(py).clone()));
        }
        self.by_number.bind(py).get_item(number)
    }

    /// Whether a number has a name.
    #[inline]
    pub fn knows(&self, py: Python<'_>, number: i32) -> bool {
        matches!(self.find(py, number), Ok(Some(_)))
    }

    /// The value of an open enum's field.
    pub fn member<'py>(&self, py: Python<'py>, number: i32) -> PyResult<Bound<'py, PyAny>> {
        match self.find(py, number)? {
            Some(found) => Ok(found),
            None => self.class.bind(py).invoke((number,)),
        }
    }
}
