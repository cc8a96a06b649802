//! Lists and maps of scalars to wire bytes, as long as all elements are of Python's own types and in range. What was written of
//! another list is taken back: `encoder` writes it element by element, or says what is wrong.

use crate::binary::encode_scalar::{fits, plain};
use crate::python::borrowed::ValueRef;
use crate::wire::{Key, Kind, Writer};

/// Writes the elements of a list, each with its key.
pub fn each(
    items: &[ValueRef<'_>],
    kind: Kind,
    key: Key,
    is_exact: bool,
    out: &mut Writer,
) -> bool {
    let before = out.len();
    let done = items
        .iter()
        .rev()
        .all(|&item| plain(item, kind, key, false, is_exact, out));
    if !done {
        out.forget(before);
    }
    done
}

/// Writes the elements of a list behind one another, and their length and a key before them.
pub fn packed(
    items: &[ValueRef<'_>],
    kind: Kind,
    key: Key,
    is_exact: bool,
    out: &mut Writer,
) -> bool {
    let before = out.len();
    let done = match kind {
        Kind::Float => floats(items, is_exact, out),
        Kind::Double => doubles(items, out),
        // One loop for each type: what a number becomes is not asked again for each.
        Kind::Int64 => varints(items, Kind::Int64, is_exact, out),
        Kind::UInt64 => varints(items, Kind::UInt64, is_exact, out),
        Kind::Int32 => varints(items, Kind::Int32, is_exact, out),
        Kind::UInt32 => varints(items, Kind::UInt32, is_exact, out),
        _ => each(items, kind, Key::NONE, is_exact, out),
    };
    if done {
        out.varint((out.len() - before) as u64, key);
    } else {
        out.forget(before);
    }
    done
}

#[inline]
fn varints(items: &[ValueRef<'_>], kind: Kind, is_exact: bool, out: &mut Writer) -> bool {
    items.iter().rev().all(|item| {
        let number = if is_exact {
            item.exact_int()
        } else {
            item.int()
        };
        let number = number.and_then(crate::python::int::Int::value);
        let number = number.and_then(|number| number.of_kind(kind));
        number.map(|number| out.element(number)).is_some()
    })
}

fn floats(items: &[ValueRef<'_>], is_exact: bool, out: &mut Writer) -> bool {
    let Some(room) = out.room(items.len() * 4) else {
        return true;
    };
    items
        .iter()
        .zip(room.chunks_exact_mut(4))
        .all(|(item, place)| {
            let number = item.float().map(|wide| (wide, wide as f32));
            let number = number.filter(|&(wide, number)| fits(wide, number, is_exact));
            number
                .map(|(_, number)| place.copy_from_slice(&number.to_le_bytes()))
                .is_some()
        })
}

fn doubles(items: &[ValueRef<'_>], out: &mut Writer) -> bool {
    let Some(room) = out.room(items.len() * 8) else {
        return true;
    };
    items
        .iter()
        .zip(room.chunks_exact_mut(8))
        .all(|(item, place)| {
            item.float()
                .map(|number| place.copy_from_slice(&number.to_le_bytes()))
                .is_some()
        })
}

/// Type and key of the keys or the values of a map.
pub type Part = (Kind, Key);

/// Writes the entries of a dict of scalars.
pub fn map(
    dict: ValueRef<'_>,
    key: Part,
    value: Part,
    entry: Key,
    is_exact: bool,
    out: &mut Writer,
) -> bool {
    let Some(entries) = dict.entries(|held| held) else {
        return false;
    };
    let before = out.len();
    let done = entries.iter().rev().all(|&(name, item)| {
        let start = out.len();
        let done = plain(item, value.0, value.1, false, is_exact, out)
            && plain(name, key.0, key.1, false, is_exact, out);
        out.varint((out.len() - start) as u64, entry);
        done
    });
    if !done {
        out.forget(before);
    }
    done
}
