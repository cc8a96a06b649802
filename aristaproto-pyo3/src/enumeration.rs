//! Enums across the border, as their numbers.

use std::marker::PhantomData;

use aristaproto_classes::PythonEnum;
use pyo3::prelude::*;

use crate::class;

/// A value of an enum that Python sees as a member of its class: what [`Msg`](crate::Msg) is for messages.
///
/// It holds a number, as prost's fields do, because an enum that is open (proto3) has numbers without a name, too; [`get`](Self::get)
/// is the value in Rust. As an argument it takes a member of the class; another object, an `int` among them, is a `TypeError`.
pub struct Enum<T> {
    number: i32,
    of: PhantomData<T>,
}

impl<T> Enum<T> {
    /// The value with this number, such as that of a message's field.
    #[must_use]
    pub const fn from_number(number: i32) -> Self {
        Self {
            number,
            of: PhantomData,
        }
    }

    /// The number, for a message's field.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.number
    }
}

impl<T: TryFrom<i32>> Enum<T> {
    /// The value; `None` for a number without a name.
    #[must_use]
    pub fn get(self) -> Option<T> {
        T::try_from(self.number).ok()
    }
}

impl<T> Clone for Enum<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Enum<T> {}

impl<T> PartialEq for Enum<T> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<T> Eq for Enum<T> {}

impl<T> std::hash::Hash for Enum<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

impl<T> std::fmt::Debug for Enum<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Enum").field(&self.number).finish()
    }
}

impl<T: Into<i32>> From<T> for Enum<T> {
    fn from(value: T) -> Self {
        Self::from_number(value.into())
    }
}

impl<'py, T: PythonEnum> FromPyObject<'_, 'py> for Enum<T> {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        class::require(object, T::class())?;
        object.extract().map(Self::from_number)
    }
}

impl<'py, T: PythonEnum> IntoPyObject<'py> for Enum<T> {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let found = class::find(py, T::class())?;
        found.from_wire.bind(py).call1((self.number,))
    }
}
