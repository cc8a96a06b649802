//! What the codec takes from the Python side of the package: errors, limits, the plain codec. Looked up once.

use std::cell::Cell;

use pyo3::prelude::*;
use pyo3::types::PyDelta;

use super::attached::Attached;

/// Objects of the package.
pub struct Api {
    /// `aristaproto.base.errors.DecodeError`.
    pub decode_error: Py<PyAny>,
    /// `aristaproto.base.errors.EncodeError`.
    pub encode_error: Py<PyAny>,
    /// `aristaproto.base.errors.JsonError`.
    pub json_error: Py<PyAny>,
    /// `aristaproto.model.required.check_required`.
    pub check_required: Py<PyAny>,
    /// `aristaproto.binary.encode`, the plain codec's.
    pub encode: Py<PyAny>,
    /// `aristaproto.binary.decode`, the plain codec's.
    pub decode: Py<PyAny>,
    /// `aristaproto.base.deprecation.warn_deprecated`.
    pub warn_deprecated: Py<PyAny>,
    /// `aristaproto.times.nano_datetime.parts_to_datetime`.
    pub parts_to_datetime: Py<PyAny>,
    /// `aristaproto.times.nano_datetime.parts_to_timedelta`.
    pub parts_to_timedelta: Py<PyAny>,
    /// `copy.deepcopy`.
    pub deepcopy: Py<PyAny>,
    /// `aristaproto.model.message.plain_to_json`, the plain codec's.
    pub to_json: Py<PyAny>,
    /// `aristaproto.model.message._same`.
    pub same: Py<PyAny>,
    /// `aristaproto.schema.arrays.list_of_array`.
    pub list_of_array: Py<PyAny>,
    /// `collections.abc.Mapping`.
    pub mapping: Py<PyAny>,
    /// `datetime.timezone.utc`.
    pub utc: Py<PyAny>,
}

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

/// The objects of the package.
pub static API: Imported<Api> = Imported::new();

/// The same, imported when they are first needed.
///
/// # Errors
/// What the import raises.
#[inline]
pub fn api(py: Python<'_>) -> PyResult<&'static Api> {
    API.get(py, || {
        let get = |module: &str, name: &str| -> PyResult<Py<PyAny>> {
            Ok(py.import(module)?.getattr(name)?.unbind())
        };
        // From now on, asking whether something is a datetime imports nothing, as `raw` relies on.
        PyDelta::new(py, 0, 0, 0, false)?;
        Ok(Api {
            decode_error: get("aristaproto.base.errors", "DecodeError")?,
            encode_error: get("aristaproto.base.errors", "EncodeError")?,
            json_error: get("aristaproto.base.errors", "JsonError")?,
            check_required: get("aristaproto.model.required", "check_required")?,
            encode: get("aristaproto.binary", "encode")?,
            decode: get("aristaproto.binary", "decode")?,
            warn_deprecated: get("aristaproto.base.deprecation", "warn_deprecated")?,
            parts_to_datetime: get("aristaproto.times.nano_datetime", "parts_to_datetime")?,
            parts_to_timedelta: get("aristaproto.times.nano_datetime", "parts_to_timedelta")?,
            deepcopy: get("copy", "deepcopy")?,
            to_json: get("aristaproto.model.message", "plain_to_json")?,
            same: get("aristaproto.model.message", "_same")?,
            list_of_array: get("aristaproto.schema.arrays", "list_of_array")?,
            mapping: get("collections.abc", "Mapping")?,
            utc: py
                .import("datetime")?
                .getattr("timezone")?
                .getattr("utc")?
                .unbind(),
        })
    })
}
