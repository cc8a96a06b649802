//! The descriptors of fields: `message.name` reads a slot, `message.name = value` writes it. One replaces the member descriptor
//! that `__slots__` made.
//!
//! An empty slot reads as the field's default, after what is still to be read of the message's wire bytes has been read.
//! Setting a member of a oneof empties the others; deleting an attribute makes the field unset.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyType;
use pyo3::{PyTraverseError, PyVisit};

use crate::binary::arrays;
use crate::binary::decoder::{read_besides_numbers, read_pending};
use crate::memory::layout::Offset;
use crate::memory::slot::{Slot, SlotOf};
use crate::message::header::Message;
use crate::python::cpython;

/// What an empty slot reads as.
pub enum Empty {
    /// This value.
    Default(Py<PyAny>),
    /// A new list, of the field with this number: an array that is assigned becomes one.
    List(u32),
    /// A list of numbers, of the field with this number: arrays are copied into it.
    Numbers(u32),
    /// A new dict.
    Dict,
}

/// The descriptor of a field: reads and writes a slot.
#[pyclass(module = "aristaproto._native", frozen)]
pub struct FieldSlot {
    /// The slot, and the class that declares the field.
    slot: SlotOf,
    #[pyo3(get, name = "__name__")]
    name: Py<PyAny>,
    empty: Empty,
    /// The slots that are emptied when this one is set, the other members of a oneof.
    others: Vec<Offset>,
}

impl FieldSlot {
    /// A descriptor of the field with a name in the class that declares it.
    ///
    /// # Errors
    /// `TypeError` when the class has no slot at the offset.
    pub fn descriptor<'py>(
        owner: &Bound<'py, PyType>,
        name: &Bound<'py, PyAny>,
        offset: Offset,
        empty: Empty,
        others: &[Offset],
    ) -> PyResult<Bound<'py, PyAny>> {
        let made = Self {
            slot: SlotOf::new(owner, offset)?,
            name: name.clone().unbind(),
            empty,
            others: others.to_vec(),
        };
        Ok(Bound::new(owner.py(), made)?.into_any())
    }

    /// The value of the field, as long as nothing is to be done for it; `None` leaves it to `read`.
    #[inline]
    pub fn glance<'py>(&self, object: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
        let (message, slot) = Message::with_slot(&self.slot, object)?;
        let held = slot.get(object.py());
        match &self.empty {
            Empty::Default(value) if held.is_none() && !message.is_pending() => {
                Some(value.bind(object.py()).clone())
            }
            _ => held,
        }
    }

    /// The value of the field.
    ///
    /// # Errors
    /// `TypeError` for an object of another class; `MemoryError`.
    pub fn read<'py>(&self, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let (message, slot) = self.find(object)?;
        self.read_pending(message)?;
        let py = object.py();
        if let Some(held) = slot.get(py) {
            return Ok(held);
        }
        let made = match &self.empty {
            Empty::Default(value) => return Ok(value.bind(py).clone()),
            Empty::List(_) | Empty::Numbers(_) => cpython::empty_list(py)?.into_any(),
            Empty::Dict => cpython::dict(py)?.into_any(),
        };
        // Making it may have run the collector, and that any code: what it has put there stays.
        if let Some(held) = slot.get(py) {
            return Ok(held);
        }
        slot.put(made.clone());
        Ok(made)
    }

    /// Sets the field, or makes it unset.
    ///
    /// # Errors
    /// `TypeError` for an object of another class; `MemoryError`.
    pub fn write<'py>(
        &self,
        object: &Bound<'py, PyAny>,
        value: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        let (message, slot) = self.find(object)?;
        if let (Empty::Numbers(number) | Empty::List(number), Some(value)) = (&self.empty, value) {
            if arrays::may_be_array(value) {
                return arrays::assign(message, *number, value);
            }
        }
        let clears = !self.others.is_empty() && value.is_some_and(|value| !value.is_none());
        if clears || value.is_none() {
            self.read_pending(message)?;
        }
        let old = slot.replace(object.py(), value.cloned());
        if clears {
            for &other in &self.others {
                message.slots().clear(object.py(), other);
            }
        }
        drop(old);
        Ok(())
    }

    /// Reads what is still to be read of the field; lists of numbers are left for later where it is none.
    fn read_pending(&self, message: Message<'_, '_>) -> PyResult<()> {
        match self.empty {
            Empty::Numbers(_) => read_pending(message),
            _ => read_besides_numbers(message),
        }
    }

    fn find<'a, 'py>(
        &self,
        object: &'a Bound<'py, PyAny>,
    ) -> PyResult<(Message<'a, 'py>, Slot<'a>)> {
        Message::with_slot(&self.slot, object).ok_or_else(|| {
            let py = object.py();
            let (name, owner) = (self.name.bind(py), self.slot.owner().bind(py));
            let class = object.get_type();
            PyTypeError::new_err(format!("field {name} is one of {owner}, not of {class}"))
        })
    }
}

// The interpreter calls `message_type::get_slot` and `set_slot` instead, except by these names.
#[pymethods]
impl FieldSlot {
    fn __get__<'py>(
        own: &Bound<'py, Self>,
        object: Option<&Bound<'py, PyAny>>,
        _class: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match object {
            Some(object) => own.get().read(object),
            None => Ok(own.clone().into_any()),
        }
    }

    fn __set__(&self, object: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        self.write(object, Some(value))
    }

    fn __delete__(&self, object: &Bound<'_, PyAny>) -> PyResult<()> {
        self.write(object, None)
    }

    #[getter]
    fn __objclass__<'py>(&self, py: Python<'py>) -> Bound<'py, PyType> {
        self.slot.owner().bind(py).clone()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let owner = self.slot.owner().bind(py).getattr("__name__")?;
        Ok(format!("<field {} of {owner}>", self.name.bind(py)))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&**self.slot.owner())?;
        match &self.empty {
            Empty::Default(value) => visit.call(value),
            Empty::List(_) | Empty::Numbers(_) | Empty::Dict => Ok(()),
        }
    }
}

/// The offset of the slot that a member descriptor stands for in messages of a class, and the class whose slot it is.
///
/// # Errors
/// `TypeError` for another kind of object, or the descriptor of a class that `class` does not inherit from: its offset
/// would be one in other messages.
pub fn find<'py>(
    class: &Bound<'py, PyType>,
    descriptor: &Bound<'py, PyAny>,
) -> PyResult<(Offset, Bound<'py, PyType>)> {
    let py = class.py();
    let found = match descriptor.cast_exact::<FieldSlot>() {
        Ok(own) => {
            let slot = &own.get().slot;
            Some((slot.offset(), slot.owner().bind(py).clone()))
        }
        Err(_) => Offset::of_member(descriptor),
    };
    found
        .filter(|(_, owner)| class.mro().iter().any(|it| it.is(owner)))
        .ok_or_else(|| {
            let text = format!("expected the descriptor of a slot of {class}, got {descriptor}");
            PyTypeError::new_err(text)
        })
}

/// Whether an object is a descriptor made here.
pub fn is_slot(descriptor: &Bound<'_, PyAny>) -> bool {
    descriptor.is_exact_instance_of::<FieldSlot>()
}
