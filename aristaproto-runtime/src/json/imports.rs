//! What JSON takes from the Python side of the package. Imported when JSON is first written or read: what reads wire bytes only
//! does not wait for the plain codec of JSON.

use pyo3::prelude::*;

use crate::python::imports::{imported, Imported};

imported! {
    /// Objects of the package.
    JsonImports {
        takes_null: "aristaproto.json.encode" "takes_null",
        write_value: "aristaproto.json.encode" "convert_value",
        read_value: "aristaproto.json.decode" "convert_value",
        read_message: "aristaproto.json.decode" "convert_message",
        encoders: "aristaproto.json.special" "ENCODERS",
        written_enum_names: "aristaproto.model.enum" "written_names",
        read_enum_names: "aristaproto.model.enum" "read_names",
        find_packed_class: "aristaproto.json.special" "find_packed_class",
        find_extension_field: "aristaproto.model.extension" "find_extension_field",
        snake: "aristaproto.base.casing" "Casing.SNAKE",
        python: "aristaproto.model.message" "OutputFormat.PYTHON",
    }
}

/// The objects.
pub static IMPORTS: Imported<JsonImports> = Imported::new();

/// The same, imported when they are first needed.
///
/// # Errors
/// What the import raises.
#[inline]
pub fn imports(py: Python<'_>) -> PyResult<&'static JsonImports> {
    IMPORTS.get(py, || JsonImports::import(py))
}
