//! The values of an enum by number, as fields of its type need them.

use std::any::Any;
use std::cell::OnceCell;

use crate::python::arguments::Invoke;
use pyo3::prelude::*;
use pyo3::types::PyDict;

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
    /// Those of small numbers, again.
    small: Vec<Option<Py<PyAny>>>,
    /// Those of other numbers, by these.
    others: Vec<(i32, Py<PyAny>)>,
}

/// Numbers below this are looked up in a table.
const SMALL: i32 = 256;

impl EnumValues {
    /// The values of an enum class.
    ///
    /// # Errors
    /// What Python raises for another class.
    pub fn new(class: &Bound<'_, PyAny>) -> PyResult<Self> {
        let by_number: Bound<'_, PyDict> = class.getattr("_value2member_map_")?.cast_into()?;
        let (mut small, mut others) = (Vec::new(), Vec::new());
        for (number, member) in crate::python::values::entries(&by_number)? {
            if let Ok(index) = number.extract::<i32>() {
                if (0..SMALL).contains(&index) {
                    let index = index as usize;
                    if small.len() <= index {
                        small.resize_with(index + 1, || None);
                    }
                    if let Some(entry) = small.get_mut(index) {
                        *entry = Some(member.unbind());
                    }
                } else {
                    others.push((index, member.unbind()));
                }
            }
        }
        others.sort_by_key(|(number, _)| *number);
        Ok(Self {
            class: class.clone().unbind(),
            closed: class.getattr("__closed__")?.is_truthy()?,
            by_number: by_number.unbind(),
            json: OnceCell::new(),
            small,
            others,
        })
    }

    /// The values that are held here, besides those in `by_number`.
    pub fn all(&self) -> impl Iterator<Item = &Py<PyAny>> {
        let others = self.others.iter().map(|(_, member)| member);
        self.small.iter().flatten().chain(others)
    }

    /// The member that had a number when the class was made.
    #[inline]
    pub fn named(&self, number: i32) -> Option<&Py<PyAny>> {
        match usize::try_from(number).map(|index| self.small.get(index)) {
            Ok(Some(found)) => found.as_ref(),
            _ => self.other(number),
        }
    }

    #[inline(never)]
    fn other(&self, number: i32) -> Option<&Py<PyAny>> {
        let others = &self.others;
        let found = others.binary_search_by_key(&number, |(number, _)| *number);
        others.get(found.ok()?).map(|(_, member)| member)
    }

    /// The member with a number; `None` when it has no name.
    #[inline]
    pub fn find<'py>(&self, py: Python<'py>, number: i32) -> PyResult<Option<Bound<'py, PyAny>>> {
        if let Ok(index) = usize::try_from(number) {
            if let Some(entry) = self.small.get(index) {
                return Ok(entry.as_ref().map(|member| member.bind(py).clone()));
            }
        }
        self.by_number.bind(py).get_item(number)
    }

    /// Whether a number has a name.
    #[inline]
    pub fn knows(&self, py: Python<'_>, number: i32) -> bool {
        self.named(number).is_some() || matches!(self.find(py, number), Ok(Some(_)))
    }

    /// The value of an open enum's field.
    pub fn member<'py>(&self, py: Python<'py>, number: i32) -> PyResult<Bound<'py, PyAny>> {
        match self.find(py, number)? {
            Some(found) => Ok(found),
            None => self.class.bind(py).invoke((number,)),
        }
    }
}
