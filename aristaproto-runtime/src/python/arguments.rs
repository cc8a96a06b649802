//! Functions, methods and classes that are called from Python: their signatures and arguments, and errors and panics as
//! Python exceptions. `api/trampolines` makes C functions of them.

use std::any::Any;
use std::ffi::{CStr, CString};
use std::panic::{self, catch_unwind, AssertUnwindSafe};

use pyo3::exceptions::PyMemoryError;
use pyo3::panic::PanicException;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};

use super::attached::ThreadEnd;
use super::cpython;
use super::growth::collect;

/// The arguments of a call: those by position, then one for each name.
#[derive(Clone, Copy)]
pub struct Arguments<'a, 'py> {
    /// All of them.
    pub values: &'a [Bound<'py, PyAny>],
    /// How many come by position.
    pub positional: usize,
    /// The names of the others.
    pub names: Option<&'a Bound<'py, PyTuple>>,
}

impl<'a, 'py> Arguments<'a, 'py> {
    /// Those by position, and the others.
    #[inline]
    pub fn split(self) -> (&'a [Bound<'py, PyAny>], &'a [Bound<'py, PyAny>]) {
        self.values
            .split_at_checked(self.positional)
            .unwrap_or_default()
    }

    /// One for each of the `parameters`, of which the first `by_position` may come by position, too; nothing when they do not
    /// fit, or not at once.
    pub fn named<const N: usize>(
        self,
        parameters: &[&str; N],
        by_position: usize,
    ) -> Option<[Option<&'a Bound<'py, PyAny>>; N]> {
        let (first, rest) = self.split();
        let mut found = [None; N];
        for (place, value) in found.iter_mut().take(by_position).zip(first) {
            *place = Some(value);
        }
        for (name, value) in self.names.into_iter().flatten().zip(rest) {
            let name = name.cast_into::<PyString>().ok()?;
            let name = name.to_str().ok()?;
            let index = parameters.iter().position(|known| *known == name)?;
            let place = found.get_mut(index).filter(|place| place.is_none())?;
            *place = Some(value);
        }
        (first.len() <= by_position).then_some(found)
    }

    /// A tuple and a dict of them.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn as_python(
        self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyTuple>, Option<Bound<'py, PyDict>>)> {
        let (first, rest) = self.split();
        let by_name = match self.names {
            Some(names) => {
                let by_name = cpython::dict(py)?;
                for (name, value) in names.iter().zip(rest) {
                    by_name.set_item(name, value)?;
                }
                Some(by_name)
            }
            None => None,
        };
        Ok((PyTuple::new(py, first)?, by_name))
    }
}

/// What a function of a module does.
pub trait Function {
    /// Does it.
    fn call<'py>(py: Python<'py>, arguments: Arguments<'_, 'py>) -> PyResult<Bound<'py, PyAny>>;
}

/// What a method does.
pub trait Method {
    /// Does it for an object of the class that it is installed in, or for that class or one below it.
    fn call<'py>(
        own: &Bound<'py, PyAny>,
        arguments: Arguments<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>>;
}

/// What a method is called with.
#[derive(Clone, Copy)]
pub enum Signature {
    /// Nothing.
    Alone,
    /// One argument by position.
    WithOne(&'static str),
    /// The class instead of an object, and one argument by position or name.
    OfClass(&'static str),
    /// Any, with these parameters.
    Any(&'static str),
}

/// The documentation of a function in Rust: its parameters, as `inspect` reads them, and that of one in Python. Never freed: the
/// interpreter keeps it to its end.
///
/// # Errors
/// What Python raises for documentation that is no text.
pub fn documentation(
    name: &CStr,
    parameters: &str,
    python: &Bound<'_, PyAny>,
) -> PyResult<&'static CStr> {
    let about: Option<String> = python.getattr("__doc__")?.extract()?;
    let about = format!(
        "{}({parameters})\n--\n\n{}",
        name.to_string_lossy(),
        about.unwrap_or_default()
    );
    Ok(Box::leak(CString::new(about)?.into_boxed_c_str()))
}

/// Runs `work`; a panic becomes an error: a `MemoryError` where there was no memory for an int, a list or a dict, for which `PyO3` panics.
/// That is the last net below what is fallible itself.
///
/// # Errors
/// Those of `work`.
#[inline]
pub fn caught<T>(work: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    let stopped = || {
        let end = ThreadEnd;
        let done = work();
        std::mem::forget(end);
        done
    };
    match catch_unwind(AssertUnwindSafe(stopped)) {
        Ok(done) => done,
        Err(panic) => Err(error_of(panic.as_ref())),
    }
}

/// What `PyO3` panics with where a function of `CPython` gave no object, after it has printed the `MemoryError`.
const NO_OBJECT: &str = "PyObject pointer is null";

/// Keeps such a panic from being printed: that takes memory, and a lock that it waits for itself when there is none.
pub fn install_panic_hook() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |about| {
        if about.payload().downcast_ref::<&str>() != Some(&NO_OBJECT) {
            usual(about);
        }
    }));
}

#[cold]
fn error_of(panic: &(dyn Any + Send)) -> PyErr {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    match text {
        Some(NO_OBJECT) => PyMemoryError::new_err(()),
        text => PanicException::new_err((text.unwrap_or("unknown").to_owned(),)),
    }
}

/// Runs `work`; an error or a panic becomes a Python exception and `failed`.
#[inline]
pub fn guarded<T>(py: Python<'_>, failed: T, work: impl FnOnce() -> PyResult<T>) -> T {
    match caught(work) {
        Ok(value) => value,
        Err(error) => {
            error.restore(py);
            release_dropped();
            failed
        }
    }
}

/// Releases what was dropped in a call that `PyO3` did not make: errors that were replaced, plans of extensions. It puts such
/// references aside until it is next called itself, which may never be.
pub fn release_dropped() {
    Python::try_attach(|_| ());
}

/// Calls of what Python code made.
pub trait Invoke<'py> {
    /// Calls it with arguments by position. `PyO3`'s `call1` does so before Python 3.12 through a pointer, which is no function that
    /// `python::attached` could wrap.
    ///
    /// # Errors
    /// What it raises.
    fn invoke<A>(&self, arguments: A) -> PyResult<Bound<'py, PyAny>>
    where
        A: IntoPyObject<'py, Target = PyTuple, Output = Bound<'py, PyTuple>, Error = PyErr>;
}

impl<'py> Invoke<'py> for Bound<'py, PyAny> {
    #[inline]
    fn invoke<A>(&self, arguments: A) -> PyResult<Bound<'py, PyAny>>
    where
        A: IntoPyObject<'py, Target = PyTuple, Output = Bound<'py, PyTuple>, Error = PyErr>,
    {
        self.call1(arguments.into_pyobject(self.py())?)
    }
}

/// What calling a class, or a metaclass, does without our short cut.
///
/// # Errors
/// What it raises.
pub fn call_plainly<'py>(
    class: &Bound<'py, PyAny>,
    arguments: Arguments<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let call = class.py().get_type::<PyType>().getattr("__call__")?;
    call_method(&call, class, arguments)
}

/// Calls a method with its object, or class.
///
/// # Errors
/// What it raises.
pub fn call_method<'py>(
    method: &Bound<'py, PyAny>,
    own: &Bound<'py, PyAny>,
    arguments: Arguments<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = own.py();
    let (by_position, by_name) = arguments.as_python(py)?;
    let all = std::iter::once(own.clone()).chain(by_position.iter());
    let all = collect(all.map(Ok))?;
    method.call(PyTuple::new(py, all)?, by_name.as_ref())
}
