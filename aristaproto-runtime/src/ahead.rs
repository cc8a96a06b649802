//! Asks for the memory of values before they are met. In: `Glance`s at messages, and at the elements of lists. Out: nothing that
//! can be seen, but time. Called by `quick` and `same` where so much is gone through that the caches do not hold it.
//!
//! The processor looks some five values ahead by itself. In a long list, a message is asked for when four others are to be met
//! first, its values at two, what these hold at one, and the rest of what it holds when it is met itself. The values are many:
//! asked for all at once, they are more than the processor takes without stopping, so they are asked for one by one, along with
//! the values that are met.

use crate::plan::How;
use crate::raw::{Glance, Still};

/// Lists of fewer messages may well be in the caches, with all that they hold.
pub const LONG: usize = 256;
/// So many elements further on, the memory of a scalar in a list is asked for.
pub const SCALARS: usize = 16;
/// The same of a message itself, of its values, and of what these hold.
const FAR: usize = 4;
const NEAR: usize = 2;
const NEXT: usize = 1;
/// Bytes of a line of the caches.
const LINE: usize = 64;
/// So many lines hold a message of some twenty fields, wherever in a line it starts.
const LINES: usize = 5;
/// Where the text of a string starts: most short ones end within a line from here.
const TEXT: usize = 48;

/// Asks for a value: its head, and as much of the rest as most have.
#[inline(always)]
pub fn value(held: Glance<'_>) {
    held.fetch(0);
    held.fetch(TEXT);
}

/// Asks for the start of a message, where its class and first fields are; for a scalar, that is most of it.
#[inline(always)]
fn head(held: Glance<'_>) {
    held.fetch(0);
    held.fetch(LINE);
}

/// Asks for the values of a message.
#[inline(always)]
pub fn values<'s>(still: Still<'s>, message: Glance<'s>) {
    let Some((plan, slots)) = message.message() else {
        return;
    };
    for (_, slot) in slots.each(&plan.steps) {
        if let Some(held) = still.slot(slot) {
            value(held);
        }
    }
}

/// The element that comes so many steps after the one at an index, or with `BACK` before it.
#[inline(always)]
fn further<'s, const BACK: bool>(
    items: &[Glance<'s>],
    index: usize,
    steps: usize,
) -> Option<Glance<'s>> {
    let index = if BACK {
        index.wrapping_sub(steps)
    } else {
        index + steps
    };
    items.get(index).copied()
}

/// The message of a list whose values are to be asked for when the one at an index is met.
#[inline(always)]
pub fn near<'s, const BACK: bool>(items: &[Glance<'s>], index: usize) -> Option<Glance<'s>> {
    further::<BACK>(items, index, NEAR)
}

/// The same in a list that is met from its end and not long, so that the caches may hold it or not: it gives the next message, and
/// asks for the one behind that.
#[inline(always)]
pub fn next<'s>(items: &[Glance<'s>], index: usize) -> Option<Glance<'s>> {
    if let Some(item) = further::<true>(items, index, NEAR) {
        head(item);
    }
    further::<true>(items, index, NEXT)
}

/// Asks for what is met soon in a long list of messages, at an index or from there on, apart from the values of `near`.
#[inline(never)]
pub fn messages<'s, const BACK: bool>(still: Still<'s>, items: &[Glance<'s>], index: usize) {
    if items.len() < LONG {
        return;
    }
    if let Some(item) = further::<BACK>(items, index, FAR) {
        (0..LINES).for_each(|line| item.fetch(line * LINE));
    }
    let both = items.get(index).zip(further::<BACK>(items, index, NEXT));
    let Some((plan, now, next)) = both.and_then(|(now, next)| now.pair(next)) else {
        return;
    };
    for (step, now, next) in now.each_pair(next, &plan.deep_steps) {
        if step.how == How::Message {
            if let Some(held) = still.slot(next) {
                values(still, held);
            }
            continue;
        }
        if let Some(held) = still.slot(next) {
            held.fetch_elements();
        }
        if let Some(items) = still.slot(now).and_then(Glance::items) {
            few(items);
        }
    }
}

/// Asks for the elements of a short list, which are messages or scalars.
#[inline(always)]
fn few(items: &[Glance<'_>]) {
    if items.len() <= SCALARS {
        for &item in items {
            head(item);
        }
    }
}
