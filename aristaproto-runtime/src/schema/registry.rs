//! The plans of message classes, by class, for all threads.

use std::cell::RefCell;
use std::hash::BuildHasherDefault;
use std::rc::{Rc, Weak};

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyType;
use pyo3::{PyTraverseError, PyVisit};

use crate::python::attached::Attached;
use crate::schema::compile::compile_extension;
use crate::schema::field::{Storage, Wrapped};
use crate::schema::hashing::QuickMap;
use crate::schema::message::{ExtensionField, Field, Plan};
use crate::schema::wire_table::FieldShape;

static PLANS: Attached<RefCell<QuickMap<usize, Weak<Plan>>>> = Attached::new(RefCell::new(
    QuickMap::with_hasher(BuildHasherDefault::new()),
));

/// Makes `plan` the one of its class.
fn register(py: Python<'_>, plan: &Rc<Plan>) {
    let address = plan.class.as_ptr() as usize;
    let mut plans = PLANS.get(py).borrow_mut();
    plans.insert(address, Rc::downgrade(plan));
}

/// Takes a plan off the list when it goes, unless it was not on it.
fn unregister(py: Python<'_>, class: usize) {
    if let Ok(mut plans) = PLANS.get(py).try_borrow_mut() {
        let found = plans.get(&class);
        if found.is_some_and(|plan| plan.strong_count() == 0) {
            plans.remove(&class);
        }
    }
}

/// The plan of the class at an address, if it has one.
#[inline]
pub fn known_plan(py: Python<'_>, class: usize) -> Option<Rc<Plan>> {
    PLANS.get(py).borrow().get(&class).and_then(Weak::upgrade)
}

/// The plan of a message class; builds the class' schema if need be.
///
/// # Errors
/// `TypeError` when `class` is no message class or a field of it cannot be resolved.
pub fn plan_of(class: &Bound<'_, PyType>) -> PyResult<Rc<Plan>> {
    let py = class.py();
    if let Some(plan) = known_plan(py, class.as_ptr() as usize) {
        return Ok(plan);
    }
    // Of the schemas that threads have built at the same time, the class keeps one; only that one's plan is known.
    let plan = class
        .getattr("__schema__")?
        .getattr("native")?
        .extract::<PyRef<'_, Handle>>()
        .map(|handle| handle.plan(py))
        .ok()
        .filter(|plan| plan.class.is(class))
        .ok_or_else(|| PyTypeError::new_err(format!("{class} is no message class")))?;
    register(py, &plan);
    Ok(plan)
}

impl Field {
    /// The plan of a message field's class.
    ///
    /// # Errors
    /// `TypeError` when a field of that class cannot be resolved.
    #[inline]
    pub fn plan(&self, py: Python<'_>, shape: &FieldShape) -> PyResult<Rc<Plan>> {
        if let Some(found) = self.nested.get().and_then(Weak::upgrade) {
            return Ok(found);
        }
        self.resolve(py, shape)
    }

    #[cold]
    fn resolve(&self, py: Python<'_>, shape: &FieldShape) -> PyResult<Rc<Plan>> {
        let class = self
            .class
            .as_ref()
            .ok_or_else(|| PyTypeError::new_err("the field is no message"))?;
        let plan = plan_of(class.bind(py))?;
        let _ = self.nested.set(Rc::downgrade(&plan));
        // What `to_wrapped` of a user's class does cannot be left for later: it may raise.
        if self.wrapped != Wrapped::Other {
            let _ = shape.nested.set(Rc::downgrade(&plan.shape));
        }
        Ok(plan)
    }
}

impl Plan {
    /// The extension with a number, if the class' pool has one.
    pub fn find_extension(
        &self,
        py: Python<'_>,
        number: u32,
    ) -> PyResult<Option<Rc<ExtensionField>>> {
        if let Some(found) = self.known_extensions.borrow().get(&number) {
            return Ok(Some(Rc::clone(found)));
        }
        let schema = self.schema.bind(py);
        let found = schema.call_method1("find_field", (number,))?;
        if found.is_none() {
            return Ok(None);
        }
        let extension = Rc::new(compile_extension(&found)?);
        self.known_extensions
            .borrow_mut()
            .insert(number, Rc::clone(&extension));
        Ok(Some(extension))
    }

    /// Whether a number is that of an extension which the class' pool has.
    #[inline]
    pub fn knows_extension(&self, py: Python<'_>, number: u32) -> PyResult<bool> {
        Ok(self.extensions_slot.is_some() && self.find_extension(py, number)?.is_some())
    }
}

impl Drop for Plan {
    fn drop(&mut self) {
        let class = self.class.as_ptr() as usize;
        Python::try_attach(|py| unregister(py, class));
    }
}

/// Owns a plan for the schema, and shows the collector what the plan holds.
#[pyclass(module = "aristaproto._native", name = "Plan", frozen)]
pub struct Handle(Attached<Rc<Plan>>);

impl Handle {
    /// Owns a plan.
    pub fn new(plan: Rc<Plan>) -> Self {
        Self(Attached::new(plan))
    }

    /// The plan.
    pub fn plan(&self, py: Python<'_>) -> Rc<Plan> {
        Rc::clone(self.0.get(py))
    }
}

#[pymethods]
impl Handle {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        fn field(held: &Field, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
            visit.call(&held.default)?;
            visit.call(&held.python)?;
            if let Some(class) = &held.class {
                visit.call(&**class)?;
            }
            if let Some(enum_values) = &held.enum_values {
                visit.call(&enum_values.class)?;
                visit.call(&enum_values.by_number)?;
                for member in enum_values.named.all() {
                    visit.call(member)?;
                }
            }
            if let Some(entry) = &held.entry {
                field(&entry.0, visit)?;
                field(&entry.1, visit)?;
            }
            Ok(())
        }
        let plan = self.0.visited(&visit);
        visit.call(&*plan.class)?;
        visit.call(&plan.schema)?;
        for held in &plan.fields {
            field(held, &visit)?;
        }
        // It is borrowed while an extension is looked up, which the next collection will see.
        if let Ok(extension) = plan.known_extensions.try_borrow() {
            for held in extension.values() {
                field(&held.field, &visit)?;
                if let Storage::Extension(extension) = &held.field.storage {
                    visit.call(&**extension)?;
                }
            }
        }
        Ok(())
    }
}
