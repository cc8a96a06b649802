//! What JSON takes from the Python side of the package. Imported when JSON is first written or read: what reads wire bytes only
//! does not wait for the plain codec of JSON.

use pyo3::prelude::*;

use crate::python::imports::Imported;

/// Objects of the package.
pub struct JsonImports {
    /// `aristaproto.json.encode.takes_null`.
    pub takes_null: Py<PyAny>,
    /// `aristaproto.json.encode.convert_value`.
    pub write_value: Py<PyAny>,
    /// `aristaproto.json.decode.convert_value`.
    pub read_value: Py<PyAny>,
    /// `aristaproto.json.decode.convert_message`.
    pub read_message: Py<PyAny>,
    /// `aristaproto.json.special.ENCODERS`.
    pub encoders: Py<PyAny>,
    /// `aristaproto.json.special.find_packed_class`.
    pub find_packed_class: Py<PyAny>,
    /// `aristaproto.model.extension.find_extension_field`.
    pub find_extension_field: Py<PyAny>,
    /// `aristaproto.base.casing.Casing.SNAKE`.
    pub snake: Py<PyAny>,
    /// `aristaproto.model.message.OutputFormat.PYTHON`.
    pub python: Py<PyAny>,
}

/// The objects.
pub static IMPORTS: Imported<JsonImports> = Imported::new();

/// The same, imported when they are first needed.
///
/// # Errors
/// What the import raises.
#[inline]
pub fn imports(py: Python<'_>) -> PyResult<&'static JsonImports> {
    IMPORTS.get(py, || import_all(py))
}

fn import_all(py: Python<'_>) -> PyResult<JsonImports> {
    let get = |module: &str, name: &str| -> PyResult<Py<PyAny>> {
        Ok(py.import(module)?.getattr(name)?.unbind())
    };
    Ok(JsonImports {
        takes_null: get("aristaproto.json.encode", "takes_null")?,
        write_value: get("aristaproto.json.encode", "convert_value")?,
        read_value: get("aristaproto.json.decode", "convert_value")?,
        read_message: get("aristaproto.json.decode", "convert_message")?,
        encoders: get("aristaproto.json.special", "ENCODERS")?,
        find_packed_class: get("aristaproto.json.special", "find_packed_class")?,
        find_extension_field: get("aristaproto.model.extension", "find_extension_field")?,
        snake: get("aristaproto.base.casing", "Casing")?.getattr(py, "SNAKE")?,
        python: get("aristaproto.model.message", "OutputFormat")?.getattr(py, "PYTHON")?,
    })
}
