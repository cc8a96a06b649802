//! Which plan a class has: plans by class, for all threads. In: classes. Out: their plans.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::{Rc, Weak};

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::bind::Handle;
use crate::calls;
use crate::object::Attached;
use crate::plan::Plan;

/// Addresses are as good as hashes.
#[derive(Default)]
struct Address(u64);

impl Hasher for Address {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_usize(usize::from(byte));
        }
    }
    fn write_usize(&mut self, value: usize) {
        self.0 = (self.0 ^ (value >> 4) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

type Plans = RefCell<Option<HashMap<usize, Weak<Plan>, BuildHasherDefault<Address>>>>;

static PLANS: Attached<Plans> = Attached::new(RefCell::new(None));

/// Makes `plan` the one of its class.
fn register(py: Python<'_>, plan: &Rc<Plan>) {
    PLANS
        .get(py)
        .borrow_mut()
        .get_or_insert_default()
        .insert(plan.class.as_ptr() as usize, Rc::downgrade(plan));
    calls::call_directly(&plan.class);
}

/// Takes a plan off the list when it goes, unless it was not on it.
pub fn unregister(py: Python<'_>, class: usize) {
    if let Ok(mut plans) = PLANS.get(py).try_borrow_mut() {
        if let Some(plans) = plans.as_mut() {
            if plans
                .get(&class)
                .is_some_and(|plan| plan.strong_count() == 0)
            {
                plans.remove(&class);
            }
        }
    }
}

/// The plan of the class at an address, if it has one.
#[inline]
pub fn known_plan(py: Python<'_>, class: usize) -> Option<Rc<Plan>> {
    PLANS
        .get(py)
        .borrow()
        .as_ref()?
        .get(&class)
        .and_then(Weak::upgrade)
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
