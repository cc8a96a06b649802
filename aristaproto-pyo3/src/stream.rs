//! Iterators of messages that Python runs.

use std::sync::{Mutex, TryLockError};

use aristaproto_classes::PythonMessage;
use prost::Message;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::message::Msg;

/// Messages that Rust makes one by one, as the result of a `PyO3` function: Python gets an iterator.
///
/// Each step runs without Python's lock, so that it may wait, for a channel or a socket. An error that a step gives is raised.
/// Two threads that take a step at the same time get a `ValueError`, as with a generator.
///
/// ```ignore
/// /// Python: `def stops(request: PlanRequest) -> Iterator[Stop]`
/// #[pyfunction]
/// fn stops(request: Msg<pb::PlanRequest>) -> Stream<pb::Stop> {
///     Stream::new(request.into_inner().stops.into_iter())
/// }
/// ```
pub struct Stream<T>(Box<dyn Iterator<Item = PyResult<T>> + Send>);

impl<T: 'static> Stream<T> {
    /// The messages of an iterator.
    pub fn new<I>(messages: I) -> Self
    where
        I: IntoIterator<Item = T>,
        I::IntoIter: Send + 'static,
    {
        Self(Box::new(messages.into_iter().map(Ok)))
    }

    /// The messages of an iterator whose steps may fail. An error ends nothing: that is for the iterator to say.
    pub fn fallible<I, E>(messages: I) -> Self
    where
        I: IntoIterator<Item = Result<T, E>>,
        I::IntoIter: Send + 'static,
        E: Into<PyErr>,
    {
        let messages = messages.into_iter();
        Self(Box::new(messages.map(|step| step.map_err(Into::into))))
    }
}

impl<'py, T: PythonMessage + Message + Send + 'static> IntoPyObject<'py> for Stream<T> {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let mut messages = self.0;
        let next = move |py: Python<'_>| {
            let step = py.detach(|| messages.next());
            let message = step.transpose()?.map(Msg);
            let object = message.map(|message| message.into_pyobject(py));
            Ok(object.transpose()?.map(Bound::unbind))
        };
        let iterator = MessageIterator {
            next: Mutex::new(Box::new(next)),
        };
        Ok(Bound::new(py, iterator)?.into_any())
    }
}

type Next = dyn FnMut(Python<'_>) -> PyResult<Option<Py<PyAny>>> + Send;

/// Messages that Rust makes one by one.
#[pyclass(frozen, module = "aristaproto_pyo3")]
struct MessageIterator {
    next: Mutex<Box<Next>>,
}

#[pymethods]
impl MessageIterator {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        match self.next.try_lock() {
            Ok(mut next) => next(py),
            Err(TryLockError::WouldBlock) => {
                Err(PyValueError::new_err("the iterator is already running"))
            }
            Err(TryLockError::Poisoned(_)) => Err(PyRuntimeError::new_err(
                "the iterator panicked in an earlier step",
            )),
        }
    }
}
