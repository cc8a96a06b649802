//! Values compared without a reference count and without running Python code.
//!
//! In: `Glance`s at slots, at messages, or at values that Python code gave. Out: whether they are equal, or that something else
//! decides. Called by `raw`, which relies on it that nothing in here runs Python code or releases an object.

use pyo3::prelude::*;

use crate::ahead;
use crate::object::Slot;
use crate::plan::Plan;
use crate::quick::Way;
pub use crate::raw::{same, same_messages, same_slot};
use crate::raw::{Dict, Glance, Still};
use crate::value::is_exact_scalar;

/// Whether two values are equal, if they are scalars of Python's own types, messages some levels down, or lists and dicts
/// of them; nan equals nan. `None` when something else decides.
#[inline(always)]
pub fn values<'s>(still: Still<'s>, a: Glance<'s>, b: Glance<'s>, way: Way) -> Option<bool> {
    a.same(b).or_else(|| compounds(still, a, b, way))
}

fn compounds<'s>(still: Still<'s>, a: Glance<'s>, b: Glance<'s>, way: Way) -> Option<bool> {
    if let Some(mine) = a.items() {
        lists(still, mine, b.items()?, way)
    } else if let Some(mine) = a.dict() {
        dicts(still, mine, b.dict()?, way)
    } else {
        if way.is_cold() {
            ahead::values(still, a);
            ahead::values(still, b);
        }
        messages(still, a, b, way)
    }
}

#[inline(never)] // Its loop needs the registers.
fn lists<'s>(
    still: Still<'s>,
    mine: &[Glance<'s>],
    theirs: &[Glance<'s>],
    way: Way,
) -> Option<bool> {
    if mine.len() != theirs.len() {
        return Some(false);
    }
    let way = way.through(mine);
    let is_message = |item: &Glance<'_>| item.message().is_some();
    let are_few = way.is_cold() && mine.len() <= ahead::SCALARS;
    if are_few && mine.first().is_some_and(is_message) {
        // Their heads were asked for when the message around them was met.
        for &item in mine.iter().chain(theirs) {
            ahead::values(still, item);
        }
    }
    let is_cold = way.is_cold() && !are_few;
    for (index, (&one, &other)) in mine.iter().zip(theirs).enumerate() {
        if let (Some(one), Some(other)) = (
            mine.get(index + ahead::SCALARS),
            theirs.get(index + ahead::SCALARS),
        ) {
            one.fetch(0);
            other.fetch(0);
        }
        let equal = one.same(other).or_else(|| {
            if is_cold {
                ahead::messages::<false>(still, mine, index);
                ahead::messages::<false>(still, theirs, index);
            }
            if is_message(&one) {
                if is_cold {
                    let near = |items| ahead::near::<false>(items, index);
                    let soon = near(mine).zip(near(theirs)).unwrap_or((one, other));
                    return any_messages::<true>(still, (one, other), soon, way);
                }
                messages(still, one, other, way)
            } else {
                compounds(still, one, other, way)
            }
        });
        if !equal? {
            return Some(false);
        }
    }
    Some(true)
}

#[inline(never)] // As above.
fn dicts<'s>(still: Still<'s>, a: Dict<'s>, b: Dict<'s>, way: Way) -> Option<bool> {
    if a.len() != b.len() {
        return Some(false);
    }
    let mut in_order = b.entries();
    let mut plain = None;
    for (key, value) in a.entries() {
        // Most dicts that are equal have their keys in one order.
        let next = if plain.is_none() {
            in_order
                .next()
                .filter(|(it, _)| key.same(*it) == Some(true))
        } else {
            None
        };
        let other = if let Some((_, other)) = next {
            other
        } else {
            // Looking up a key could run the code of one that has the same hash.
            let plain = plain.get_or_insert_with(|| b.plain());
            let Some(other) = plain.as_ref()?.get(key.plain_key()?) else {
                return Some(false);
            };
            other
        };
        if !values(still, value, other, way)? {
            return Some(false);
        }
    }
    Some(true)
}

/// Whether two messages are equal, if they are of one class and have been read. `None` as `values`.
#[inline(always)]
pub fn messages<'s>(still: Still<'s>, a: Glance<'s>, b: Glance<'s>, way: Way) -> Option<bool> {
    any_messages::<false>(still, (a, b), (a, b), way)
}

/// The same; if they are `COLD`, asks for the values of two others.
#[inline(never)]
fn any_messages<'s, const COLD: bool>(
    still: Still<'s>,
    (a, b): (Glance<'s>, Glance<'s>),
    soon: (Glance<'s>, Glance<'s>),
    way: Way,
) -> Option<bool> {
    let Some((plan, mine, theirs)) = a.pair(b) else {
        return a.same_time(b);
    };
    let way = way.down()?;
    let found = if COLD && a.is_like(soon.0) {
        soon.0.pair(soon.1)
    } else {
        None
    };
    let soon = found.map_or((mine, theirs), |(_, a, b)| (a, b));
    let pairs = mine.each_pair(theirs, &plan.steps);
    for ((step, one, other), (_, a, b)) in pairs.zip(soon.0.each_pair(soon.1, &plan.steps)) {
        for held in [a, b]
            .into_iter()
            .filter_map(|slot| still.slot(slot).filter(|_| COLD))
        {
            ahead::value(held);
        }
        if one.is_as(other) {
            continue;
        }
        let equal = match (still.slot(one), still.slot(other)) {
            (Some(one), Some(other)) => values(still, one, other, way),
            (Some(held), None) | (None, Some(held)) => is_empty(still, plan, step.index, held),
            (None, None) => Some(true),
        };
        if !equal? {
            return Some(false);
        }
    }
    match plan.extensions {
        Some(offset) if !(mine.is_empty(offset) && theirs.is_empty(offset)) => None,
        _ => Some(true),
    }
}

/// Whether a value is what a field reads as whose slot is empty.
fn is_empty<'s>(still: Still<'s>, plan: &Plan, index: u16, held: Glance<'s>) -> Option<bool> {
    let (field, shape) = plan.at(usize::from(index))?;
    if shape.repeated {
        held.items().map(<[_]>::is_empty)
    } else if shape.entry.is_some() {
        held.dict().map(|dict| dict.len() == 0)
    } else {
        held.same(still.see_kept(&field.default))
    }
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
