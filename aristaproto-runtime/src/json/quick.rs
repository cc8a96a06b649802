//! Messages as JSON on one line, without a reference count and without running Python code, as `crate::quick` writes wire bytes.
//!
//! In: `Glance`s at messages and at what they hold. Out: text in the page; or nothing, for what `encode` has a way for that may call
//! Python. Called by `raw`, which relies on it that nothing in here runs Python code or releases an object.

use crate::ahead;
use crate::json::names::{Form, Names};
use crate::json::page::{Page, Word, ELEMENT, ENTRY, NULL};
use crate::json::special;
use crate::json::writers::{elements, map_key, member, plain_number, writer};
use crate::object::Area;
use crate::plan::{Field, How, Plan, Step, Wrapped};
use crate::quick::{each_back, Quick};
pub use crate::raw::{json_member, json_message, json_scalar};
use crate::raw::{Dict, Glance, Still};
use crate::shape::{FieldShape, Kind};

/// How messages in messages are gone through.
#[derive(Clone, Copy)]
pub struct Way {
    /// Levels of messages that may follow.
    levels: u8,
    /// Keys are proto names.
    snake: bool,
    /// The messages may not be in the caches.
    cold: bool,
}

impl Way {
    /// Messages in messages that are written as a whole.
    pub const LEVELS: u8 = 64;

    /// Down to so many levels.
    pub fn new(levels: u32, snake: bool) -> Self {
        Self {
            levels: u8::try_from(levels).map_or(Self::LEVELS, |it| it.min(Self::LEVELS)),
            snake,
            cold: false,
        }
    }

    #[inline(always)]
    fn down(self) -> Option<Self> {
        let levels = self.levels.checked_sub(1)?;
        Some(Self { levels, ..self })
    }

    #[inline(always)]
    fn through(self, items: &[Glance<'_>]) -> Self {
        let cold = self.cold || items.len() >= ahead::LONG;
        Self { cold, ..self }
    }
}

/// A field and its shape.
type Typed<'p> = (&'p Field, &'p FieldShape);

/// Writes a message of which nothing is to be read, and a word before it; if they are `COLD`, asks for the values of another
/// message of the class. False when something in it is for `encode`; what was written is left in the page.
#[inline(always)]
pub fn message<'s, const COLD: bool>(
    still: Still<'s>,
    plan: &Plan,
    (slots, soon): (Area<'s>, Area<'s>),
    way: Way,
    before: &Word,
    out: &mut Page,
) -> bool {
    let Some(names) = plan.names.get() else {
        return false;
    };
    if names.form != Form::Fields {
        return special_form(still, (plan, names), slots, way, before, out);
    }
    if plan.extensions.is_some_and(|slot| !slots.is_empty(slot)) {
        return false;
    }
    let keys = &names.keys(way.snake).words;
    out.close(b'}');
    let end = out.len();
    for (step, slot, soon) in slots.each_pair(soon, &plan.steps) {
        if let Some(value) = still.slot(soon).filter(|_| COLD) {
            ahead::value(value);
        }
        let Some(value) = still.slot(slot) else {
            continue;
        };
        let Some(key) = keys.get(usize::from(step.index)) else {
            return false;
        };
        let done = match step.how {
            How::Scalar => writer(step.kind, false)(value, key, out),
            How::Optional => writer(step.kind, true)(value, key, out),
            _ => Quick::Slow,
        };
        if done == Quick::Slow && !compound(still, plan, step, value, way, key, out) {
            return false;
        }
    }
    out.open(b'{', end, before);
    true
}

/// Writes a message, a member of an enum, a list or a map, if there is one.
#[inline(never)]
fn compound<'s>(
    still: Still<'s>,
    plan: &Plan,
    step: &Step,
    value: Glance<'s>,
    way: Way,
    before: &Word,
    out: &mut Page,
) -> bool {
    let Some(typed @ (field, shape)) = plan.at(usize::from(step.index)) else {
        return false;
    };
    match step.how {
        How::Message => value.is_none() || one(still, field, value, way, before, out),
        How::Scalar | How::Optional | How::Closed => {
            step.kind == Kind::Enum
                && member(field, value, field.presence, before, out) != Quick::Slow
        }
        _ if value.is_none() => true,
        _ => match (value.items(), value.dict()) {
            (Some([]), _) => true,
            (Some(items), _) if shape.repeated => list(still, typed, items, way, before, out),
            (_, Some(dict)) => dict.len() == 0 || map(still, typed, dict, way, before, out),
            _ => false,
        },
    }
}

fn list<'s>(
    still: Still<'s>,
    (field, shape): Typed<'_>,
    items: &[Glance<'s>],
    way: Way,
    before: &Word,
    out: &mut Page,
) -> bool {
    out.close(b']');
    let end = out.len();
    let done = if shape.kind.is_message() {
        let way = way.through(items);
        items.iter().enumerate().rev().all(|(index, &item)| {
            if way.cold {
                ahead::messages::<true>(still, items, index);
                let soon = ahead::near::<true>(items, index).unwrap_or(item);
                return inner::<true>(still, field, (item, soon), way, &ELEMENT, out);
            }
            inner::<false>(still, field, (item, item), way, &ELEMENT, out)
        })
    } else if shape.kind == Kind::Enum {
        let mut all = items.iter().rev();
        all.all(|&item| member(field, item, true, &ELEMENT, out) == Quick::Written)
    } else {
        elements(shape.kind, items, out)
    };
    out.open(b'[', end, before);
    done
}

fn map<'s>(
    still: Still<'s>,
    (field, shape): Typed<'_>,
    dict: Dict<'s>,
    way: Way,
    before: &Word,
    out: &mut Page,
) -> bool {
    let (Some(entry), Some(shapes)) = (&field.entry, &shape.entry) else {
        return false;
    };
    let ((_, field), (keys, shape)) = (&**entry, &**shapes);
    out.close(b'}');
    let end = out.len();
    let write = writer(shape.kind, true);
    let done = each_back::<false>(still, dict, way.cold, |(key, value)| {
        let done = match shape.kind {
            Kind::Message | Kind::Group => one(still, field, value, way, &ENTRY, out),
            Kind::Enum => member(field, value, true, &ENTRY, out) == Quick::Written,
            _ => write(value, &ENTRY, out) == Quick::Written,
        };
        done && map_key(keys.kind, key, out)
    });
    out.open(b'{', end, before);
    done
}

/// Writes a message that is not in a list.
#[inline(always)]
fn one<'s>(
    still: Still<'s>,
    field: &Field,
    value: Glance<'s>,
    way: Way,
    before: &Word,
    out: &mut Page,
) -> bool {
    if way.cold {
        ahead::values(still, value);
    }
    inner::<false>(still, field, (value, value), way, before, out)
}

/// Writes a message that a message holds, or what stands for one; if it is `COLD`, asks for the values of another one.
#[inline(never)]
fn inner<'s, const COLD: bool>(
    still: Still<'s>,
    field: &Field,
    (value, soon): (Glance<'s>, Glance<'s>),
    way: Way,
    before: &Word,
    out: &mut Page,
) -> bool {
    let (Some(way), Some(class)) = (way.down(), &field.class) else {
        return false;
    };
    let Some((plan, slots)) = value.message_of(class) else {
        return wrapped(field, value, before, out);
    };
    let soon = if COLD { soon.message_of(class) } else { None };
    let soon = soon.map_or(slots, |(_, soon)| soon);
    field.wrapped == Wrapped::No && message::<COLD>(still, plan, (slots, soon), way, before, out)
}

/// Writes the message that a value of Python's stands for.
#[inline(never)]
fn wrapped(field: &Field, value: Glance<'_>, before: &Word, out: &mut Page) -> bool {
    match field.wrapped {
        Wrapped::Timestamp | Wrapped::Duration => value
            .parts::<false>(field.wrapped)
            .and_then(|(seconds, nanos)| {
                special::time(field.wrapped == Wrapped::Timestamp, seconds, nanos)
            })
            .map(|line| out.quoted(line.bytes(), before))
            .is_some(),
        Wrapped::Scalar => {
            let write = |inner: &FieldShape| writer(inner.kind, true)(value, before, out);
            field.with_scalar(write) == Some(Quick::Written)
        }
        Wrapped::No | Wrapped::Other => false,
    }
}

/// Writes a Struct, a `ListValue` or a Value.
#[inline(never)]
fn special_form<'s>(
    still: Still<'s>,
    (plan, names): (&Plan, &Names),
    slots: Area<'s>,
    way: Way,
    before: &Word,
    out: &mut Page,
) -> bool {
    match names.form {
        Form::Value => return kind_of_value(still, (plan, names), slots, way, before, out),
        Form::Struct | Form::ListValue => {}
        _ => return false,
    }
    let Ok((field, shape, offset)) = special::slot(plan, 1) else {
        return false;
    };
    let typed = (field, shape);
    let held = still.slot(slots.slot(offset));
    if names.form == Form::ListValue {
        let items = held.map_or(Some(&[][..]), Glance::items);
        return items.is_some_and(|items| list(still, typed, items, way, before, out));
    }
    let Some(held) = held else {
        out.short_text(b"{}", before);
        return true;
    };
    let dict = held.dict();
    dict.is_some_and(|dict| map(still, typed, dict, way, before, out))
}

/// Writes what is set in a Value.
fn kind_of_value<'s>(
    still: Still<'s>,
    (plan, names): (&Plan, &Names),
    slots: Area<'s>,
    way: Way,
    before: &Word,
    out: &mut Page,
) -> bool {
    let mut held = slots
        .each(&names.slots)
        .map(|(_, slot)| still.slot(slot).filter(|held| !held.is_none()))
        .enumerate();
    let Some((index, value)) = held.find_map(|(index, held)| Some((index, held?))) else {
        out.word(&NULL, before);
        return true;
    };
    let Some((field, shape)) = plan.at(index) else {
        return false;
    };
    match shape.kind {
        Kind::Enum => out.word(&NULL, before),
        Kind::Message | Kind::Group => return one(still, field, value, way, before, out),
        Kind::Double => {
            let number = value.float();
            return number.is_some_and(|it| plain_number(it, before, out).is_some());
        }
        kind => return writer(kind, true)(value, before, out) == Quick::Written,
    }
    true
}
