//! Which Python class a Rust type is. In: module and name. Out: the class, imported when it is first needed, and what is said of
//! an object of another one. `message` and `enumeration` call it.

use std::fmt;

use pyo3::exceptions::{PyImportError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyString, PyType};

/// A message of prost that has a class in Python. The build script generates it: `Config::pyo3`.
pub trait PythonMessage: prost::Message + Default {
    /// The class, a subclass of `aristaproto.Message`.
    fn class() -> &'static Class;
}

/// An enum of prost that has a class in Python. The build script generates it: `Config::pyo3`.
pub trait PythonEnum: TryFrom<i32> + Into<i32> + Copy {
    /// The class, a subclass of `aristaproto.Enum`.
    fn class() -> &'static Class;
}

/// A class of a generated Python package.
pub struct Class {
    module: &'static str,
    name: &'static str,
    found: PyOnceLock<Py<PyType>>,
    parse: PyOnceLock<Py<PyAny>>,
}

impl Class {
    /// The class with this name in a module, which Python imports when the class is first needed.
    #[must_use]
    pub const fn new(module: &'static str, name: &'static str) -> Self {
        Self {
            module,
            name,
            found: PyOnceLock::new(),
            parse: PyOnceLock::new(),
        }
    }

    /// The class itself.
    ///
    /// # Errors
    ///
    /// `ImportError` if the module cannot be imported or has no such class.
    pub fn get<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyType>> {
        let found = self.found.get_or_try_init(py, || self.import(py))?;
        Ok(found.bind(py))
    }

    /// A new message from wire bytes. The bound method is kept: to look for it takes as long as to parse a small message.
    pub(crate) fn parse<'py>(&self, bytes: &Bound<'py, PyBytes>) -> PyResult<Bound<'py, PyAny>> {
        let py = bytes.py();
        let found = || PyResult::Ok(self.get(py)?.getattr("parse")?.unbind());
        let parse = self.parse.get_or_try_init(py, found)?;
        parse.bind(py).call1((bytes,))
    }

    #[cold]
    fn import(&self, py: Python<'_>) -> PyResult<Py<PyType>> {
        let found = || {
            let class = py.import(self.module)?.getattr(self.name)?;
            Ok(class.cast_into::<PyType>()?.unbind())
        };
        found().map_err(|error: PyErr| {
            let told = PyImportError::new_err(format!(
                "there is no class {self}: {error}; the build script of the extension module names the Python package \
                 with `Config::pyo3`"
            ));
            told.set_cause(py, Some(error));
            told
        })
    }

    /// The class, if `object` is of it or of one below it.
    pub(crate) fn of<'py>(
        &self,
        object: Borrowed<'_, 'py, PyAny>,
    ) -> PyResult<&Bound<'py, PyType>> {
        let class = self.get(object.py())?;
        let given = object.get_type();
        if given.is(class) || given.is_subclass(class)? {
            Ok(class)
        } else {
            Err(self.refuse(&given))
        }
    }

    #[cold]
    fn refuse(&self, given: &Bound<'_, PyType>) -> PyErr {
        let name = full_name(given);
        let hint = if name == self.to_string() {
            " of the same name: the module was imported twice"
        } else {
            ""
        };
        PyTypeError::new_err(format!("expected {self}, got {name}{hint}"))
    }
}

/// The module and the name, with a dot between them.
impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.module, self.name)
    }
}

impl fmt::Debug for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Class({self})")
    }
}

/// A class as a reader knows it: builtins without their module.
fn full_name(class: &Bound<'_, PyType>) -> String {
    let name = class.qualname();
    let name = name
        .as_ref()
        .map(|it: &Bound<'_, PyString>| it.to_string_lossy());
    let name = name.unwrap_or_default();
    match class.module() {
        Ok(module) if module != "builtins" => format!("{}.{name}", module.to_string_lossy()),
        _ => name.into_owned(),
    }
}
