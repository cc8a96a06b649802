//! What the codec takes from the Python side of the package: errors, limits, the plain codec. Looked up once.

use std::cell::Cell;

use pyo3::prelude::*;
use pyo3::types::PyDelta;

use super::attached::Attached;

/// Objects that are imported when they are first needed, and again after the package was imported again.
pub struct Imported<T: 'static>(Attached<Cell<Option<&'static T>>>);

impl<T> Imported<T> {
    /// Nothing so far.
    pub const fn new() -> Self {
        Self(Attached::new(Cell::new(None)))
    }

    /// The objects. Nothing is locked while they are imported: code that runs then may come here again, and the last ones stay.
    ///
    /// # Errors
    /// What the import raises.
    #[inline]
    pub fn get(
        &self,
        py: Python<'_>,
        import: impl FnOnce() -> PyResult<T>,
    ) -> PyResult<&'static T> {
        match self.0.get(py).get() {
            Some(found) => Ok(found),
            None => self.import(py, import),
        }
    }

    #[cold]
    fn import(&self, py: Python<'_>, import: impl FnOnce() -> PyResult<T>) -> PyResult<&'static T> {
        // Never freed: one for each time that the package is imported.
        let made = Box::leak(Box::new(import()?));
        self.0.get(py).set(Some(made));
        Ok(made)
    }

    /// Forgets them: the package is imported, perhaps not for the first time.
    pub fn forget(&self, py: Python<'_>) {
        self.0.get(py).set(None);
    }
}

/// An attribute of a module, or of one of its attributes.
///
/// # Errors
/// What the import raises.
pub fn import(py: Python<'_>, module: &str, path: &str) -> PyResult<Py<PyAny>> {
    let module = py.import(module)?.into_any();
    let found = path
        .split('.')
        .try_fold(module, |held, name| held.getattr(name))?;
    Ok(found.unbind())
}

/// Declares a struct of objects, each with its module and its name there, and how it is imported.
macro_rules! imported {
    ($(#[$about:meta])* $class:ident { $($name:ident: $module:literal $path:literal,)* }) => {
        $(#[$about])*
        pub struct $class {
            $(#[doc = concat!("`", $module, ".", $path, "`.")] pub $name: pyo3::Py<pyo3::PyAny>,)*
        }

        impl $class {
            fn import(py: pyo3::Python<'_>) -> pyo3::PyResult<Self> {
                Ok(Self { $($name: $crate::python::imports::import(py, $module, $path)?,)* })
            }
        }
    };
}
pub(crate) use imported;

imported! {
    /// Objects of the package.
    Api {
        decode_error: "aristaproto.base.errors" "DecodeError",
        encode_error: "aristaproto.base.errors" "EncodeError",
        json_error: "aristaproto.base.errors" "JsonError",
        check_required: "aristaproto.model.required" "check_required",
        // The plain codec's.
        encode: "aristaproto.binary" "encode",
        decode: "aristaproto.binary" "decode",
        to_json: "aristaproto.model.message" "plain_to_json",
        warn_deprecated: "aristaproto.base.deprecation" "warn_deprecated",
        parts_to_datetime: "aristaproto.times.nano_datetime" "parts_to_datetime",
        parts_to_timedelta: "aristaproto.times.nano_datetime" "parts_to_timedelta",
        deepcopy: "copy" "deepcopy",
        same: "aristaproto.model.message" "_same",
        list_of_array: "aristaproto.schema.arrays" "list_of_array",
        mapping: "collections.abc" "Mapping",
        utc: "datetime" "timezone.utc",
    }
}

/// The objects of the package.
pub static API: Imported<Api> = Imported::new();

/// The same, imported when they are first needed.
///
/// # Errors
/// What the import raises.
#[inline]
pub fn api(py: Python<'_>) -> PyResult<&'static Api> {
    API.get(py, || {
        // From now on, asking whether something is a datetime imports nothing, which could run Python code.
        PyDelta::new(py, 0, 0, 0, false)?;
        Api::import(py)
    })
}
