//! What a call of `to_json` or `to_dict` asks for, and the arguments of `Message.to_json` that say so.

use pyo3::prelude::*;
use pyo3::types::{PyInt, PyString};

use crate::json::imports::imports;
use crate::python::arguments::Arguments;
use crate::python::growth;
use crate::python::values;

/// How messages are written, to text and to plain values alike.
#[derive(Clone, Copy)]
pub struct JsonOptions {
    /// Keys are proto names.
    pub snake: bool,
    /// Fields at their default are written, too.
    pub defaults: bool,
}

impl JsonOptions {
    /// Those of a `Casing` and of `include_default_values`.
    ///
    /// # Errors
    /// What the import of the plain codec raises, or an object that is asked whether it is true.
    pub fn new(casing: &Bound<'_, PyAny>, defaults: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            snake: casing.is(&imports(casing.py())?.snake),
            defaults: defaults.is_truthy()?,
        })
    }
}

/// Whether an `OutputFormat` is that of Python's values.
///
/// # Errors
/// What the import of the plain codec raises.
pub fn is_python(output_format: &Bound<'_, PyAny>) -> PyResult<bool> {
    output_format.eq(&imports(output_format.py())?.python)
}

/// What each level of JSON text is indented by; all is on one line without it.
pub type Indent = Option<String>;

/// What `json.dumps` would make of an indent: none, a number of spaces, or text; `None` for what the plain codec is to look at.
fn indent_of(indent: &Bound<'_, PyAny>) -> Option<Indent> {
    if indent.is_none() {
        return Some(None);
    }
    if let Ok(text) = indent.cast_exact::<PyString>() {
        let text = text.to_str().ok().filter(|text| text.is_ascii())?;
        return Some(Some(growth::owned(text).ok()?));
    }
    if !indent.is_exact_instance_of::<PyInt>() {
        return None;
    }
    let spaces = values::small_int(indent).filter(|&spaces| spaces <= 64)?;
    Some(Some(" ".repeat(usize::try_from(spaces).unwrap_or(0))))
}

/// The parameters of `Message.to_json`, the first three also by position.
const PARAMETERS: [&str; 4] = ["indent", "include_default_values", "casing", "message_pool"];
/// The same as `inspect` reads them.
pub const SIGNATURE: &str = "indent=None, include_default_values=False, casing=aristaproto.Casing.CAMEL, *, message_pool=None";

/// The options in the arguments of `Message.to_json`, and where the types of Any are looked up first; `None` for what the plain
/// codec is to look at.
///
/// # Errors
/// As for `JsonOptions::new`.
pub fn to_json_options<'py>(
    py: Python<'py>,
    arguments: Arguments<'_, 'py>,
) -> PyResult<Option<(JsonOptions, Indent, Bound<'py, PyAny>)>> {
    let Some([indent, defaults, casing, pool]) = arguments.named(&PARAMETERS, 3) else {
        return Ok(None);
    };
    let Some(indent) = indent.map_or(Some(None), indent_of) else {
        return Ok(None);
    };
    let none = py.None().into_bound(py);
    // None is neither a casing nor true.
    let options = JsonOptions::new(casing.unwrap_or(&none), defaults.unwrap_or(&none))?;
    Ok(Some((options, indent, pool.unwrap_or(&none).clone())))
}
