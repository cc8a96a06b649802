//! Values of Python's own types, written without a reference count and without running Python code.
//!
//! In: `Glance`s at what a slot, a list or a dict holds. Out: wire bytes in the buffer; or nothing, when a value is of another
//! type or out of range, for which `encode` has a way that may call Python. Called by `raw`, which relies on it that nothing in
//! here runs Python code or releases an object.
//!
//! `EXACT` asks for more: a value is only written if reading its bytes gives one of the same type and value. An int that
//! is no exact one (a bool, an enum's member) and a float that loses digits in 32 bits are then for `encode`, too.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::ahead;
use crate::buffer::{Buffer, Key};
use crate::construct::oneofs_agree;
use crate::lists::{each, packed};
use crate::object::{Area, Slot};
use crate::plan::{Field, How, Plan, Step, Wrapped};
use crate::raw::{self, Dict, Glance, Still};
pub use crate::raw::{look_ahead, write_fields, write_list, write_map, write_value};
use crate::shape::{FieldShape, Kind};
use crate::writers::writer;

/// What became of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quick {
    /// It is in the buffer.
    Written,
    /// There is nothing to write: the slot is empty, or holds None or the zero of its type.
    Nothing,
    /// It is for the slow way.
    Slow,
}

impl Slot<'_> {
    /// Writes what is in a slot, with its tag, if that is a scalar or a list of them; with `is_alone` (and `EXACT`), no list that
    /// is held from elsewhere.
    #[inline(always)]
    pub fn write<const EXACT: bool>(self, step: &Step, is_alone: bool, out: &mut Buffer) -> Quick {
        raw::write_slot::<EXACT>(self, step, is_alone, out)
    }
}

/// Writes what a slot holds, with its tag, if that is a scalar or a list of them; with `is_alone` (and `EXACT`), no list that is
/// held from elsewhere.
#[inline(always)]
pub fn held<const EXACT: bool>(
    value: Glance<'_>,
    step: &Step,
    is_alone: bool,
    out: &mut Buffer,
) -> Quick {
    // In a copy, a list that somebody else holds is to be met again.
    let is_met_again = || EXACT && is_alone && value.is_shared();
    match step.how {
        How::Scalar => writer::<EXACT>(step.kind, false)(value, step.key, out),
        How::Optional => writer::<EXACT>(step.kind, true)(value, step.key, out),
        How::Packed | How::Each if is_met_again() => Quick::Slow,
        How::Packed | How::Each => match value.items() {
            None => Quick::Slow,
            Some([]) => Quick::Nothing,
            Some(items) if step.how == How::Packed => {
                packed::<EXACT>(items, step.kind, step.key, out)
            }
            Some(items) => each::<EXACT>(items, step.kind, step.key, out),
        },
        How::Other if is_empty(value) && !is_met_again() => Quick::Nothing,
        How::Closed | How::Message | How::Other => Quick::Slow,
    }
}

/// Whether it is a list or a dict with nothing in it.
#[inline(always)]
fn is_empty(value: Glance<'_>) -> bool {
    match value.items() {
        Some(items) => items.is_empty(),
        None => value.dict().is_some_and(|dict| dict.len() == 0),
    }
}

/// Writes the entries of a dict of scalars. False when it cannot, and nothing was written.
pub fn map<'s, const EXACT: bool>(
    still: Still<'s>,
    dict: Dict<'s>,
    (keys, values): &(FieldShape, FieldShape),
    shape: &FieldShape,
    way: Way,
    out: &mut Buffer,
) -> bool {
    let before = out.len();
    let write = writer::<EXACT>(values.kind, true);
    let done = each_entry::<EXACT, false>(still, dict, keys, shape, way, out, |value, out| {
        write(value, values.key, out) == Quick::Written
    });
    if !done {
        out.forget(before);
    }
    done
}

/// Writes the entries of a dict, each value with its tag by `write`, until that says false.
#[inline(always)]
fn each_entry<'s, const EXACT: bool, const MESSAGES: bool>(
    still: Still<'s>,
    dict: Dict<'s>,
    keys: &FieldShape,
    shape: &FieldShape,
    way: Way,
    out: &mut Buffer,
    mut write: impl FnMut(Glance<'s>, &mut Buffer) -> bool,
) -> bool {
    let write_key = writer::<EXACT>(keys.kind, true);
    each_back::<MESSAGES>(still, dict, way.is_cold(), |(key, value)| {
        let start = out.len();
        let done = write(value, out) && write_key(key, keys.key, out) == Quick::Written;
        out.varint((out.len() - start) as u64, shape.key);
        done
    })
}

/// Meets the entries of a dict from the last to the first, until `meet` says false; `cold` ones are asked for, with what is in
/// their values if these are `MESSAGES`.
#[inline(always)]
pub fn each_back<'s, const MESSAGES: bool>(
    still: Still<'s>,
    dict: Dict<'s>,
    cold: bool,
    mut meet: impl FnMut((Glance<'s>, Glance<'s>)) -> bool,
) -> bool {
    if cold && dict.len() <= ahead::SCALARS {
        // All are asked for before the first is met.
        let mut all = [None; ahead::SCALARS];
        for (place, (key, value)) in all.iter_mut().zip(dict.entries()) {
            ahead::value(key);
            ahead::value(value);
            *place = Some((key, value));
        }
        if MESSAGES {
            all.into_iter()
                .flatten()
                .rev()
                .for_each(|(_, value)| ahead::values(still, value));
        }
        return all.into_iter().flatten().rev().all(meet);
    }
    // It is done without a list of them, if it can be.
    if dict.is_dense() {
        let mut positions = (0..dict.len()).rev();
        return positions.all(|position| dict.at(position).is_some_and(&mut meet));
    }
    let all: Vec<_> = dict.entries().collect();
    all.into_iter().rev().all(meet)
}

/// Messages in messages that are written or compared as a whole; how deep the others may go needs a look.
const LEVELS: u32 = 64;
/// So often, a message of some class is tried in vain; from then on it is written by `encode` at once.
pub const MISSES: u32 = 16;

/// How messages in messages are gone through: so many levels down, and two flags, in one number that is cheap to hand on.
#[derive(Clone, Copy)]
pub struct Way(u32);

impl Way {
    const COLD: u32 = 1 << 30;
    const ALONE: u32 = 1 << 31;

    /// Down to so many levels; with `is_alone`, nothing may be held from elsewhere, so that no object is met twice.
    pub fn new(levels: u32, is_alone: bool) -> Self {
        Self(levels.min(LEVELS) | if is_alone { Self::ALONE } else { 0 })
    }

    /// Whether the messages may not be in the caches.
    #[inline(always)]
    pub fn is_cold(self) -> bool {
        self.0 & Self::COLD != 0
    }

    #[inline(always)]
    fn is_alone(self) -> bool {
        self.0 & Self::ALONE != 0
    }

    /// One level further down, if there is one.
    #[inline(always)]
    pub fn down(self) -> Option<Self> {
        let has_level = self.0 & !(Self::COLD | Self::ALONE) != 0;
        has_level.then(|| Self(self.0 - 1))
    }

    /// That to the elements of a list.
    #[inline(always)]
    pub fn through(self, items: &[Glance<'_>]) -> Self {
        let cold = if items.len() >= ahead::LONG {
            Self::COLD
        } else {
            0
        };
        Self(self.0 | cold)
    }
}

/// Writes the fields of a message of which nothing is to be read, and the messages in it. False when something in it is for
/// `encode`, and nothing was written.
pub fn fields<const EXACT: bool>(
    still: Still<'_>,
    plan: &Plan,
    slots: Area<'_>,
    way: Way,
    out: &mut Buffer,
) -> bool {
    let before = out.len();
    let done = all_fields::<EXACT, false>(still, plan, (slots, slots), way, out);
    if !done {
        out.forget(before);
    }
    done
}

/// The same, with what was written left in the buffer; if they are `COLD`, asks for the values of another message of the class.
#[inline(always)]
fn all_fields<const EXACT: bool, const COLD: bool>(
    still: Still<'_>,
    plan: &Plan,
    (slots, soon): (Area<'_>, Area<'_>),
    way: Way,
    out: &mut Buffer,
) -> bool {
    let [plainly, exactly] = &plan.misses;
    let misses = if EXACT { exactly } else { plainly };
    let is_extended = plan
        .extensions
        .is_some_and(|offset| !slots.is_empty(offset));
    if misses.get() >= MISSES || is_extended {
        return false;
    }
    if let Some(unknown) = still.slot(slots.slot(plan.unknown)) {
        // Before a copy is read from them, `encode` sees whether they are unknown still.
        if EXACT || !put_unknown(unknown, out) {
            return false;
        }
    }
    let done = if EXACT && plan.is_oneof {
        one_of::<COLD>(still, plan, (slots, soon), way, out)
    } else {
        (!EXACT || plan.members.is_empty() || oneofs_agree(plan, slots))
            && each_field::<EXACT, COLD>(still, plan, (slots, soon), way, out)
    };
    if !done {
        misses.set(misses.get() + 1);
    }
    done
}

/// Writes what the slots hold.
#[inline(always)]
fn each_field<const EXACT: bool, const COLD: bool>(
    still: Still<'_>,
    plan: &Plan,
    (slots, soon): (Area<'_>, Area<'_>),
    way: Way,
    out: &mut Buffer,
) -> bool {
    for (step, slot, soon) in slots.each_pair(soon, &plan.steps) {
        if let Some(value) = still.slot(soon).filter(|_| COLD) {
            ahead::value(value);
        }
        let Some(value) = still.slot(slot) else {
            continue;
        };
        if !field::<EXACT>(still, plan, step, value, way, out) {
            return false;
        }
    }
    true
}

/// The same for the copy of a message that is one oneof: the one member that may be set is found together with that no other is.
#[inline(never)] // As above.
fn one_of<const COLD: bool>(
    still: Still<'_>,
    plan: &Plan,
    (slots, soon): (Area<'_>, Area<'_>),
    way: Way,
    out: &mut Buffer,
) -> bool {
    let pairs = slots.each_pair(soon, &plan.steps);
    let mut set = pairs.filter_map(|(step, slot, soon)| {
        if let Some(value) = still.slot(soon).filter(|_| COLD) {
            ahead::value(value);
        }
        let value = still.slot(slot)?;
        (!value.is_none()).then_some((step, value))
    });
    match (set.next(), set.next()) {
        (None, _) => true,
        (Some((step, value)), None) => field::<true>(still, plan, step, value, way, out),
        _ => false,
    }
}

/// Writes what a slot holds, with its tag.
#[inline(always)]
fn field<'s, const EXACT: bool>(
    still: Still<'s>,
    plan: &Plan,
    step: &Step,
    value: Glance<'s>,
    way: Way,
    out: &mut Buffer,
) -> bool {
    held::<EXACT>(value, step, way.is_alone(), out) != Quick::Slow
        || compound::<EXACT>(still, plan, step, value, way, out)
}

/// Writes unknown fields, which are wire bytes.
#[inline(never)]
fn put_unknown(value: Glance<'_>, out: &mut Buffer) -> bool {
    let bytes = value.bytes();
    bytes.map(|bytes| out.put(bytes.all())).is_some()
}

/// Writes a message, a member of an enum, or what `several` writes.
#[inline(always)]
fn compound<'s, const EXACT: bool>(
    still: Still<'s>,
    plan: &Plan,
    step: &Step,
    value: Glance<'s>,
    way: Way,
    out: &mut Buffer,
) -> bool {
    let Some((field, shape)) = plan.at(usize::from(step.index)) else {
        return false;
    };
    match step.how {
        How::Message => value.is_none() || one::<EXACT>(still, field, shape, value, way, out),
        How::Scalar | How::Optional | How::Closed if step.kind == Kind::Enum => {
            member::<EXACT>(field, step, value, out)
        }
        _ => several::<EXACT>(still, (field, shape), value, way, out),
    }
}

/// Writes a list of messages or of members of an enum, or a map.
#[inline(never)]
fn several<'s, const EXACT: bool>(
    still: Still<'s>,
    (field, shape): (&Field, &FieldShape),
    value: Glance<'s>,
    way: Way,
    out: &mut Buffer,
) -> bool {
    if EXACT && way.is_alone() && value.is_shared() {
        return false;
    }
    if let (Some(entry), Some(shapes)) = (&field.entry, &shape.entry) {
        let Some(dict) = value.dict() else {
            return false;
        };
        let (keys, values) = &**shapes;
        if !values.kind.is_message() {
            return !entry.1.is_closed && map::<EXACT>(still, dict, shapes, shape, way, out);
        }
        return each_entry::<EXACT, true>(still, dict, keys, shape, way, out, |value, out| {
            message::<EXACT, false>(still, &entry.1, values, (value, value), way, out)
        });
    }
    let Some(items) = value.items() else {
        return false;
    };
    if field.is_closed {
        return members::<EXACT>(field, shape, items, out);
    }
    if !shape.kind.is_message() {
        return false;
    }
    if way.is_cold() && items.len() <= ahead::SCALARS {
        // Their heads were asked for when the message around them was met.
        items
            .iter()
            .rev()
            .for_each(|&item| ahead::values(still, item));
        return items
            .iter()
            .rev()
            .all(|&item| message::<EXACT, false>(still, field, shape, (item, item), way, out));
    }
    let way = way.through(items);
    items.iter().enumerate().rev().all(|(index, &item)| {
        let soon = if way.is_cold() {
            ahead::messages::<true>(still, items, index);
            ahead::near::<true>(items, index)
        } else {
            ahead::next(items, index)
        };
        match soon {
            Some(soon) => message::<EXACT, true>(still, field, shape, (item, soon), way, out),
            None => message::<EXACT, false>(still, field, shape, (item, item), way, out),
        }
    })
}

/// Writes a message that is not in a list.
#[inline(always)]
fn one<'s, const EXACT: bool>(
    still: Still<'s>,
    field: &Field,
    shape: &FieldShape,
    value: Glance<'s>,
    way: Way,
    out: &mut Buffer,
) -> bool {
    if way.is_cold() {
        ahead::values(still, value);
    }
    message::<EXACT, false>(still, field, shape, (value, value), way, out)
}

/// Writes a message, or what stands for one, with its tag and length; if it is `COLD`, asks for the values of another one.
#[inline(never)]
fn message<'s, const EXACT: bool, const COLD: bool>(
    still: Still<'s>,
    field: &Field,
    shape: &FieldShape,
    (value, soon): (Glance<'s>, Glance<'s>),
    way: Way,
    out: &mut Buffer,
) -> bool {
    let (Some(way), Some(class)) = (way.down(), &field.class) else {
        return false;
    };
    let start = out.len();
    let done = match value.message_of(class) {
        Some((plan, slots)) => {
            let is_own = plan.copies_itself && value.compares_as_message();
            let is_fit = !EXACT || is_own && !(way.is_alone() && value.is_shared());
            let soon = if COLD { soon.message_of(class) } else { None };
            let soon = soon.map_or(slots, |(_, soon)| soon);
            is_fit && all_fields::<EXACT, COLD>(still, plan, (slots, soon), way, out)
        }
        None => wrapped::<EXACT>(field, value, out),
    };
    out.varint((out.len() - start) as u64, shape.key);
    done && shape.kind != Kind::Group
}

/// Writes the content of a message that a value of Python's stands for.
#[inline(never)]
fn wrapped<const EXACT: bool>(field: &Field, value: Glance<'_>, out: &mut Buffer) -> bool {
    match field.wrapped {
        Wrapped::Timestamp | Wrapped::Duration => value
            .parts::<EXACT>(field.wrapped)
            .map(|parts| out.parts(parts))
            .is_some(),
        Wrapped::Scalar => {
            let done = field.with_scalar(|inner| {
                writer::<EXACT>(inner.kind, false)(value, inner.key, out) != Quick::Slow
            });
            done == Some(true)
        }
        Wrapped::No | Wrapped::Other => false,
    }
}

/// The number in an int that is that of a member of a field's enum and not below zero, and the member.
#[inline(always)]
fn named<'f>(field: &'f Field, value: Glance<'_>) -> Option<(u64, &'f Py<PyAny>)> {
    field.named_member(number_of(value.int::<false>()?)?)
}

/// Writes a member of an enum that is not below zero: of a closed one if it is above; with `EXACT`, of any one if the member is the
/// one that reading gives.
#[inline(never)]
fn member<const EXACT: bool>(
    field: &Field,
    step: &Step,
    value: Glance<'_>,
    out: &mut Buffer,
) -> bool {
    // What is usual takes few registers: a number of one byte.
    let digit = value.int::<false>().and_then(raw::Int::small);
    if let Some(digit @ 1..0x80) = digit.filter(|_| out.has_room()) {
        if let Some(member) = field.small_member(digit) {
            if EXACT && !value.is(member) {
                return false;
            }
            out.varint(digit & 0x7f, step.key);
            return true;
        }
    }
    any_member::<EXACT>(field, step, value, out)
}

#[inline(never)]
fn any_member<const EXACT: bool>(
    field: &Field,
    step: &Step,
    value: Glance<'_>,
    out: &mut Buffer,
) -> bool {
    let is_closed = step.how == How::Closed;
    let Some((number, member)) = named(field, value) else {
        return is_closed && value.is_none();
    };
    if EXACT && !value.is(member) || is_closed && number == 0 {
        return false;
    }
    if number > 0 || step.how == How::Optional {
        out.varint(number, step.key);
    }
    true
}

/// Writes a list of members of a closed enum. False when there is something else in it, or one below zero.
fn members<const EXACT: bool>(
    field: &Field,
    shape: &FieldShape,
    items: &[Glance<'_>],
    out: &mut Buffer,
) -> bool {
    let before = out.len();
    let key = if field.packed { Key::NONE } else { shape.key };
    for &item in items.iter().rev() {
        let Some((number, member)) = named(field, item) else {
            return false;
        };
        if EXACT && !item.is(member) {
            return false;
        }
        out.varint(number, key);
    }
    if field.packed && !items.is_empty() {
        out.varint((out.len() - before) as u64, shape.packed_key);
    }
    true
}

/// The number in an int, if it has 32 bits.
#[inline(always)]
pub fn number_of(int: raw::Int<'_>) -> Option<i32> {
    match int.small() {
        Some(digit) => i32::try_from(digit).ok(),
        None => Some(int.value()?.of_kind(Kind::Int32)? as i32),
    }
}

/// Keys and values of a dict, in its order; the references keep them while code runs that changes the dict.
pub fn entries<'py>(dict: &Bound<'py, PyDict>) -> Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    dict.iter().collect()
}

/// The number in an int, or in a member of an enum, if it has 32 bits.
pub fn small_int(value: &Bound<'_, PyAny>) -> Option<i32> {
    number_of(raw::int(value)?)
}
