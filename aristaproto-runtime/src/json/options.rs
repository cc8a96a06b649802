//! The arguments of `Message.to_json`. In: what Python passed. Out: the options; or nothing, for what the plain codec is to look
//! at. Called by `encode`.

use pyo3::prelude::*;
use pyo3::types::{PyInt, PyString};

use crate::function::Arguments;
use crate::json::special;
use crate::json::text::Letters;
use crate::value::{self, Int};

/// What a call of `to_json` asks for.
pub struct Options {
    /// Keys are proto names.
    pub snake: bool,
    /// Fields at their default are written, too.
    pub defaults: bool,
    /// What each level is indented by, in ASCII; all on one line without it.
    pub indent: Option<Vec<u8>>,
}

/// What `json.dumps` would make of an indent: none, a number of spaces, or text; nothing for what the plain codec is to look at.
#[allow(clippy::option_option)] // No indent is a value, too.
fn indent_of(indent: &Bound<'_, PyAny>) -> Option<Option<Vec<u8>>> {
    if indent.is_none() {
        return Some(None);
    }
    if let Ok(text) = indent.cast_exact::<PyString>() {
        return match value::letters(text)? {
            Letters::Ascii(bytes) => Some(Some(bytes.to_vec())),
            _ => None,
        };
    }
    if !indent.is_exact_instance_of::<PyInt>() {
        return None;
    }
    match value::int(indent) {
        Int::Signed(spaces @ ..=64) => Some(Some(vec![b' '; usize::try_from(spaces).unwrap_or(0)])),
        _ => None,
    }
}

/// The parameters of `Message.to_json`, the first three also by position.
const PARAMETERS: [&str; 4] = ["indent", "include_default_values", "casing", "message_pool"];
/// The same as `inspect` reads them.
pub const SIGNATURE: &str = "indent=None, include_default_values=False, casing=aristaproto.Casing.CAMEL, *, message_pool=None";

/// The options in the arguments of `Message.to_json`, and where the types of Any are looked up first; `None` for what the plain
/// codec is to look at.
pub fn options<'py>(
    py: Python<'py>,
    arguments: Arguments<'_, 'py>,
) -> PyResult<Option<(Options, Bound<'py, PyAny>)>> {
    let Some([indent, defaults, casing, pool]) = arguments.named(&PARAMETERS, 3) else {
        return Ok(None);
    };
    let Some(indent) = indent.map_or(Some(None), indent_of) else {
        return Ok(None);
    };
    let options = Options {
        snake: casing.map_or(Ok(false), special::is_snake)?,
        defaults: defaults.map_or(Ok(false), PyAnyMethods::is_truthy)?,
        indent,
    };
    let pool = pool.cloned().unwrap_or_else(|| py.None().into_bound(py));
    Ok(Some((options, pool)))
}
