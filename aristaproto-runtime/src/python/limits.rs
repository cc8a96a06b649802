//! What one call may read or write, as `aristaproto.limits` says.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::cpython::context_value;
use super::imports::Imported;

/// The context variable of `aristaproto.base.budget`.
pub struct LimitsVariable {
    current: Py<PyAny>,
    default: Py<PyAny>,
    /// What the default says.
    limits: Limits,
}

/// The same, imported when it is first needed.
pub static VARIABLE: Imported<LimitsVariable> = Imported::new();

impl LimitsVariable {
    fn import(py: Python<'_>) -> PyResult<Self> {
        let module = py.import("aristaproto.base.budget")?;
        let default = module.getattr("_DEFAULT")?;
        Ok(Self {
            current: module.getattr("_current")?.unbind(),
            limits: Limits::of(&default)?,
            default: default.unbind(),
        })
    }
}

/// What one call may read or write; see `aristaproto.base.budget.Limits`.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Levels of messages inside the outermost one.
    pub depth: u64,
    /// Bytes, or characters of text.
    pub size: u64,
    /// Number of submessages.
    pub messages: u64,
}

/// Levels of messages that the codec's own stack holds; more is refused whatever the limits say.
pub const STACK_LEVELS: u32 = 600;

impl Limits {
    /// Those that an `aristaproto.base.budget.Limits` holds.
    fn of(limits: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (depth, size, messages): (u64, u64, u64) = limits.cast::<PyTuple>()?.extract()?;
        Ok(Self {
            depth,
            size,
            messages,
        })
    }

    /// The limits that hold for a call made here and now.
    ///
    /// # Errors
    /// `OverflowError` when one is no number of 64 bits.
    #[inline]
    pub fn current(py: Python<'_>) -> PyResult<Self> {
        let variable = VARIABLE.get(py, || LimitsVariable::import(py))?;
        let default = variable.default.bind(py);
        let found = context_value(variable.current.bind(py), default)?;
        if found.is(default) {
            return Ok(variable.limits);
        }
        Self::of(&found)
    }

    /// Levels that this call may really go down.
    pub fn levels(self) -> u32 {
        u32::try_from(self.depth).map_or(STACK_LEVELS, |depth| depth.min(STACK_LEVELS))
    }
}
