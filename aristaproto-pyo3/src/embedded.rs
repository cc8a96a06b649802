//! A generated package that nobody installs: its text is in the program, and Python imports it from there.

use std::ffi::CStr;

use pyo3::prelude::*;
use pyo3::types::IntoPyDict;

const CODE: &CStr =
    match CStr::from_bytes_with_nul(concat!(include_str!("embedded.py"), "\0").as_bytes()) {
        Ok(code) => code,
        Err(_) => c"",
    };

/// Lets Python import a generated tree from the program: `package` is the name that `Config::pyo3` was given, `files` the `FILES`
/// that [`include_classes!`](crate::include_classes) or `generate_python!` define: path below the tree's root and text of each file.
///
/// Call it before the first message crosses, for example where the extension module is initialised. A package of that name that
/// is installed is taken first. Packages above it (`acme` of `acme.gen`) may exist; if not, they are there and empty. Call it
/// once for each package. Type checkers see nothing of it: give them the tree as files, too.
///
/// # Errors
///
/// What Python raises, which is a fault of the interpreter's surroundings.
pub fn embed(py: Python<'_>, package: &str, files: &[(&str, &str)]) -> PyResult<()> {
    let code = PyModule::from_code(py, CODE, c"embedded.py", c"aristaproto_pyo3.embedded")?;
    let files = files.iter().copied().into_py_dict(py)?;
    code.getattr("install")?.call1((package, files))?;
    Ok(())
}
