//! Asks for the memory of values before they are met. In: `Glance`s at messages, and at the elements of lists. Out: nothing that
//! can be seen, but time. Called by `quick` and `same` where so much is gone through that the caches do not hold it.
//!
//! The processor looks some five values ahead by itself. Asking for all values of a message at once takes a few instructions for
//! each; to follow far ahead what they hold takes more than it gains.

use crate::plan::How;
use crate::raw::{Glance, Still};

/// Lists of fewer messages may well be in the caches, with all that they hold.
pub const LONG: usize = 256;
/// So many elements further on, the memory of a scalar in a list is asked for.
pub const SCALARS: usize = 16;
/// The same of a message itself, of its values, and of where these hold others.
const FAR: usize = 4;
const NEAR: usize = 2;
const NEXT: usize = 1;
/// Bytes of a line of the caches.
const LINE: usize = 64;

/// Asks for the elements of a short list, which are messages or scalars.
#[inline(always)]
pub fn few<const LINES: usize>(items: &[Glance<'_>]) {
    if items.len() <= SCALARS {
        for item in items {
            (0..LINES).for_each(|line| item.fetch(line * LINE));
        }
    }
}

/// Asks for the values of a message.
#[inline(always)]
pub fn values<'s>(still: Still<'s>, message: Glance<'s>) {
    let Some((plan, slots)) = message.message() else {
        return;
    };
    for (_, slot) in slots.each(&plan.steps) {
        if let Some(held) = still.slot(slot) {
            held.fetch(0);
        }
    }
}

/// Asks for what is met soon in a list of messages: after the element at an index, or with `BACK` before it.
#[inline(never)]
pub fn messages<'s, const BACK: bool>(still: Still<'s>, items: &[Glance<'s>], index: usize) {
    let further = |steps| {
        let index = if BACK {
            index.wrapping_sub(steps)
        } else {
            index + steps
        };
        items.get(index).copied()
    };
    if let Some(item) = further(NEAR) {
        values(still, item);
    }
    if items.len() < LONG {
        return;
    }
    if let Some(item) = further(FAR) {
        (0..3).for_each(|line| item.fetch(line * LINE));
    }
    let Some((plan, slots)) = further(NEXT).and_then(Glance::message) else {
        return;
    };
    for (step, slot) in slots.each(&plan.steps) {
        let many = matches!(step.how, How::Packed | How::Each | How::Other);
        if let Some(held) = still.slot(slot).filter(|_| many) {
            held.fetch_elements();
        }
    }
}
