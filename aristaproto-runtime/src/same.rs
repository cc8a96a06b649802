//! Values compared without a reference count and without running Python code.
//!
//! In: `Glance`s at slots, or at values that Python code gave. Out: whether they are equal, or that something else decides.
//! Called by `raw`, which relies on it that nothing in here runs Python code or releases an object.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::object::Slot;
use crate::quick::AHEAD;
pub use crate::raw::{all_scalars, same, same_dict, same_slot};
use crate::raw::{Glance, Still};
use crate::value::is_exact_scalar;

/// Two values, the one of which is to be compared with the other.
type Two<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>);

/// Whether two values are equal, if they are scalars of Python's own types or lists of them; nan equals nan. `None` when
/// something else decides.
#[inline(always)]
pub fn values(a: Glance<'_>, b: Glance<'_>) -> Option<bool> {
    match a.items() {
        None => a.same(b),
        Some(mine) => lists(mine, b.items()?),
    }
}

#[inline(never)] // Its loop needs the registers.
fn lists(mine: &[Glance<'_>], theirs: &[Glance<'_>]) -> Option<bool> {
    if mine.len() != theirs.len() {
        return Some(false);
    }
    for (index, (&one, &other)) in mine.iter().zip(theirs).enumerate() {
        if let (Some(one), Some(other)) = (mine.get(index + AHEAD), theirs.get(index + AHEAD)) {
            one.fetch(0);
            other.fetch(0);
        }
        if !one.same(other)? {
            return Some(false);
        }
    }
    Some(true)
}

/// Whether two dicts are equal, but for the values in `rest`, which something else compares. `None` when a key has code of
/// its own.
pub fn dicts<'py>(
    still: Still<'_>,
    a: &Bound<'py, PyDict>,
    b: &Bound<'py, PyDict>,
    rest: &mut Vec<Two<'py>>,
) -> Option<bool> {
    if a.len() != b.len() {
        return Some(false);
    }
    let py = a.py();
    let mut plain = None;
    let mut others = still.entries(b);
    for (key, value) in still.entries(a) {
        // Most dicts that are equal have their keys in one order.
        let other = match others.next() {
            Some((other_key, other)) if key.same(other_key) == Some(true) => other,
            _ => {
                // Looking up a key could run the code of one that has the same hash, in either dict.
                let both = plain.get_or_insert_with(|| still.plain(a).zip(still.plain(b)));
                let Some(other) = both.as_ref()?.1.get(key) else {
                    return Some(false);
                };
                other
            }
        };
        match value.same(other) {
            Some(true) => {}
            Some(false) => return Some(false),
            None => rest.push((value.hold(py), other.hold(py))),
        }
    }
    Some(true)
}

/// Lets an empty slot hold what another message's holds, if that is a scalar of Python's own types. False when it is
/// something else, and nothing was done.
#[inline(always)]
pub fn share_scalar(py: Python<'_>, from: Slot<'_>, to: Slot<'_>) -> bool {
    let Some(value) = from.get(py) else {
        return true;
    };
    let shared = to.is_empty() && (value.is_none() || is_exact_scalar(&value));
    if shared {
        to.put(value);
    }
    shared
}
