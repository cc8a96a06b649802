//! Lists of scalars, written as `quick` writes: without a reference count and without running Python code. In: the elements of a
//! list. Out: wire bytes in the buffer, packed or each with its tag; or nothing, when one is of another type or out of range.
//! Called by `quick`, and by `raw`, which relies on the same of what is in here.

use crate::ahead;
use crate::buffer::{Buffer, Key};
use crate::int::Long;
use crate::quick::Quick;
use crate::raw::{self, Glance};
use crate::shape::{FieldShape, Kind};
use crate::writers::{fits, text, writer};

/// Writes the elements of a list, each with its tag.
pub fn each<const EXACT: bool>(
    items: &[Glance<'_>],
    kind: Kind,
    key: Key,
    out: &mut Buffer,
) -> Quick {
    let before = out.len();
    let mut all = items.iter().rev();
    let done = if kind == Kind::String {
        // Most are not short, or not ASCII: `writer` would only call what is here in line.
        all.all(|&item| text(item, key, out) == Quick::Written)
    } else {
        let write = writer::<EXACT>(kind, true);
        all.all(|&item| write(item, key, out) == Quick::Written)
    };
    if done {
        return Quick::Written;
    }
    out.forget(before);
    Quick::Slow
}

/// Writes the elements of a list behind one another, and their length before them.
pub fn packed<const EXACT: bool>(
    items: &[Glance<'_>],
    kind: Kind,
    key: Key,
    out: &mut Buffer,
) -> Quick {
    let before = out.len();
    let done = match kind {
        Kind::Float => floats::<EXACT>(items, out),
        Kind::Double => doubles(items, out),
        // One loop for each type: what a number becomes is not asked again for each.
        Kind::Int64 => numbers::<EXACT>(items, Kind::Int64, out),
        Kind::UInt64 => numbers::<EXACT>(items, Kind::UInt64, out),
        Kind::Int32 => numbers::<EXACT>(items, Kind::Int32, out),
        Kind::UInt32 => numbers::<EXACT>(items, Kind::UInt32, out),
        _ => each::<EXACT>(items, kind, Key::NONE, out) == Quick::Written,
    };
    if !done {
        out.forget(before);
        return Quick::Slow;
    }
    out.varint((out.len() - before) as u64, key);
    Quick::Written
}

#[inline(always)]
fn numbers<const EXACT: bool>(items: &[Glance<'_>], kind: Kind, out: &mut Buffer) -> bool {
    let small = |item: &Glance<'_>| item.int::<EXACT>().and_then(raw::Int::below_30_bits);
    // Long lists do not fit into the caches.
    let ahead = |index: usize| {
        if let Some(soon) = items.get(index.wrapping_sub(ahead::SCALARS)) {
            soon.fetch(0);
        }
    };
    let mut left = items;
    // If the first ones are small, the others will be. If not, no guess is better than a bad one. Few need no look.
    let first = items.get(..ahead::SCALARS).unwrap_or_default();
    if first.iter().all(|item| small(item).is_some()) {
        while let Some((item, before)) = left.split_last() {
            ahead(before.len());
            let Some(number) = small(item) else {
                break;
            };
            out.any_varint(number & 0x3fff_ffff);
            left = before;
        }
    }
    for (index, &item) in left.iter().enumerate().rev() {
        ahead(index);
        let number = item.int::<EXACT>().and_then(raw::Int::value);
        if !number.is_some_and(|number| varint(number, kind, out)) {
            return false;
        }
    }
    true
}

#[inline(never)] // Its loop needs the registers.
fn floats<const EXACT: bool>(items: &[Glance<'_>], out: &mut Buffer) -> bool {
    let room = out.room(items.len() * 4).as_chunks_mut().0;
    for (&item, place) in items.iter().zip(&mut *room) {
        let Some(wide) = item.float() else {
            return false;
        };
        let number = wide as f32;
        if EXACT && !fits::<EXACT>(wide, number) {
            return false;
        }
        *place = number.to_le_bytes();
    }
    // What is too large has become infinite. That is seldom, and looked for faster by itself.
    let is_infinite = |place: &[u8; 4]| f32::from_le_bytes(*place).to_bits() << 1 == 0xff00_0000;
    let none = room
        .iter()
        .fold(true, |none, place| none & !is_infinite(place));
    let all_fit = || {
        let mut numbers = items.iter().map(|item| item.float());
        numbers.all(|wide| wide.is_some_and(|wide| fits::<EXACT>(wide, wide as f32)))
    };
    none || all_fit()
}

#[inline(never)] // As above.
fn doubles(items: &[Glance<'_>], out: &mut Buffer) -> bool {
    let room = out.room(items.len() * 8);
    for (&item, place) in items.iter().zip(room.as_chunks_mut().0) {
        let Some(number) = item.float() else {
            return false;
        };
        *place = number.to_le_bytes();
    }
    true
}

/// Writes a list: packed, if `is_packed`, or each element with its tag.
pub fn list<const EXACT: bool>(
    list: Glance<'_>,
    shape: &FieldShape,
    is_packed: bool,
    out: &mut Buffer,
) -> Quick {
    match list.items() {
        None => Quick::Slow,
        Some(items) if is_packed => packed::<EXACT>(items, shape.kind, shape.packed_key, out),
        Some(items) => each::<EXACT>(items, shape.kind, shape.key, out),
    }
}

/// Puts a number of a list of varints, if it is one of its type.
#[inline(always)]
fn varint(long: Long, kind: Kind, out: &mut Buffer) -> bool {
    let number = long.of_kind(kind);
    if let Some(number) = number {
        out.any_varint(number);
    }
    number.is_some()
}
