//! What writes the scalars of each type as JSON. In: a `Glance` at a value, and what comes before it. Out: text in the page; or
//! nothing, as `crate::quick` says. Called by `quick`, by `raw` for `encode`, and by `dump`.
//!
//! Each type has functions of its own, as for wire bytes.

use crate::ahead;
use crate::int::Long;
use crate::json::names::MemberNames;
use crate::json::page::{Page, Word, BOOLS, ELEMENT, LETTERS, NULL};
use crate::json::special::{self, Number};
use crate::json::{digits, number};
use crate::plan::Field;
use crate::quick::{number_of, Quick};
use crate::raw::{Glance, Int};
use crate::shape::Kind;

/// Writes a value and what comes before it.
type Writer = fn(Glance<'_>, &Word, &mut Page) -> Quick;

/// What writes scalars of a type, other than enums. Without presence, nothing is written of a zero.
#[inline(always)]
pub fn writer(kind: Kind, presence: bool) -> Writer {
    let [plain, present] = const { &[all::<false>(), all::<true>()] };
    (if presence { present } else { plain })[kind as usize]
}

/// By the position of the type in `Kind::ALL`.
const fn all<const PRESENCE: bool>() -> [Writer; 18] {
    [
        one::<0, PRESENCE>,
        one::<1, PRESENCE>,
        one::<2, PRESENCE>,
        one::<3, PRESENCE>,
        one::<4, PRESENCE>,
        one::<5, PRESENCE>,
        one::<6, PRESENCE>,
        one::<7, PRESENCE>,
        one::<8, PRESENCE>,
        one::<9, PRESENCE>,
        one::<10, PRESENCE>,
        one::<11, PRESENCE>,
        one::<12, PRESENCE>,
        one::<13, PRESENCE>,
        one::<14, PRESENCE>,
        one::<15, PRESENCE>,
        one::<16, PRESENCE>,
        one::<17, PRESENCE>,
    ]
}

/// Whether integers of a type are text in JSON, because a double cannot hold all of them.
pub const fn is_text(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Int64 | Kind::SInt64 | Kind::SFixed64 | Kind::UInt64 | Kind::Fixed64
    )
}

/// What is usual is written here, with few registers; the rest is left to `any`.
fn one<const KIND: usize, const PRESENCE: bool>(
    value: Glance<'_>,
    before: &Word,
    out: &mut Page,
) -> Quick {
    let kind = const { Kind::ALL[KIND] };
    match kind {
        Kind::String => {
            if let Some(text) = value.ascii().filter(|text| text.len() <= LETTERS) {
                if !PRESENCE && text.len() == 0 {
                    return Quick::Nothing;
                }
                if out.short_string(|| text.last(), text.len(), before) {
                    return Quick::Written;
                }
            }
        }
        Kind::Bool => {
            if let Some(truth) = value.truth() {
                if !PRESENCE && !truth {
                    return Quick::Nothing;
                }
                let [no, yes] = &BOOLS;
                out.word(if truth { yes } else { no }, before);
                return Quick::Written;
            }
        }
        Kind::Double | Kind::Float | Kind::Bytes | Kind::Enum | Kind::Message | Kind::Group => {}
        _ => {
            if let Some(digit) = value.int::<true>().and_then(Int::small) {
                out.int(digit, false, const { is_text(Kind::ALL[KIND]) }, before);
                return Quick::Written;
            }
        }
    }
    any::<KIND, PRESENCE>(value, before, out)
}

#[inline(never)]
fn any<const KIND: usize, const PRESENCE: bool>(
    value: Glance<'_>,
    before: &Word,
    out: &mut Page,
) -> Quick {
    let kind = const { Kind::ALL[KIND] };
    match scalar::<PRESENCE>(value, kind, before, out) {
        Some(done) => done,
        None if PRESENCE && value.is_none() => Quick::Nothing,
        None => Quick::Slow,
    }
}

#[inline(always)]
fn scalar<const PRESENCE: bool>(
    value: Glance<'_>,
    kind: Kind,
    before: &Word,
    out: &mut Page,
) -> Option<Quick> {
    let is_zero = match kind {
        Kind::String => {
            let letters = value.letters()?;
            let is_zero = letters.is_empty();
            if (PRESENCE || !is_zero) && !out.string(letters, before) {
                return None;
            }
            is_zero
        }
        Kind::Bytes => {
            let bytes = value.bytes()?.all();
            if PRESENCE || !bytes.is_empty() {
                out.base64(bytes, before);
            }
            bytes.is_empty()
        }
        Kind::Double | Kind::Float => {
            let number = value.float()?;
            if PRESENCE || number.to_bits() != 0 {
                float(number, kind == Kind::Float, before, out)?;
            }
            number.to_bits() == 0
        }
        Kind::Bool | Kind::Enum | Kind::Message | Kind::Group => return None,
        _ => {
            let Long {
                negative,
                magnitude,
            } = int(value, kind)?;
            if PRESENCE || magnitude != 0 {
                out.int(magnitude, negative, is_text(kind), before);
            }
            magnitude == 0
        }
    };
    Some(if is_zero && !PRESENCE {
        Quick::Nothing
    } else {
        Quick::Written
    })
}

/// The number in an int of a field's type.
#[inline(always)]
fn int(value: Glance<'_>, kind: Kind) -> Option<Long> {
    let long = value.int::<true>()?.value()?;
    long.of_kind(kind).map(|_| long)
}

/// What a number that is not finite is called.
pub fn word_of(number: f64) -> Option<&'static str> {
    if number.is_finite() {
        None
    } else if number.is_nan() {
        Some("NaN")
    } else if number > 0.0 {
        Some("Infinity")
    } else {
        Some("-Infinity")
    }
}

fn float(number: f64, single: bool, before: &Word, out: &mut Page) -> Option<()> {
    if let Some(word) = word_of(number) {
        out.quoted(word.as_bytes(), before);
        return Some(());
    }
    let put = |text: &[u8]| out.short_text(text, before);
    if single {
        number::float(number, put)
    } else {
        number::double(number, put);
        Some(())
    }
}

/// Writes a number as JSON of no type has it: 1, not 1.0. `None` for one that is not finite.
pub fn plain_number(number: f64, before: &Word, out: &mut Page) -> Option<()> {
    match special::json_number(number).ok()? {
        Number::Whole(whole) => out.int(whole.unsigned_abs(), whole < 0, false, before),
        Number::Double(double) => number::double(double, |text| out.short_text(text, before)),
    }
    Some(())
}

/// Writes a member of an enum, whose names are there already.
pub fn member(
    field: &Field,
    value: Glance<'_>,
    presence: bool,
    before: &Word,
    out: &mut Page,
) -> Quick {
    let Some(number) = value.int::<false>().and_then(number_of) else {
        return if presence && value.is_none() {
            Quick::Nothing
        } else {
            Quick::Slow
        };
    };
    if !presence && number == 0 {
        return Quick::Nothing;
    }
    let Some((members, names)) = field
        .members
        .as_ref()
        .and_then(|members| Some((members, members.json.get()?)))
    else {
        return Quick::Slow;
    };
    if matches!(names, MemberNames::Null) {
        out.word(&NULL, before);
    } else if let Some(name) = names.name_of(number) {
        out.word(&name.quoted, before);
    } else if members.closed {
        return Quick::Slow;
    } else {
        out.int(number.unsigned_abs().into(), number < 0, false, before);
    }
    Quick::Written
}

/// Writes the key of a map's entry, behind another entry.
#[inline(always)]
pub fn map_key(kind: Kind, key: Glance<'_>, out: &mut Page) -> bool {
    match kind {
        Kind::String => writer(Kind::String, true)(key, &ELEMENT, out) == Quick::Written,
        Kind::Bool => key.truth().is_some_and(|truth| {
            let [no, yes] = &BOOLS;
            out.quoted(if truth { yes } else { no }.bytes(), &ELEMENT);
            true
        }),
        _ => int(key, kind).is_some_and(|long| {
            out.int(long.magnitude, long.negative, true, &ELEMENT);
            true
        }),
    }
}

/// Writes elements of a list, from the last to the first, each behind another element.
pub fn elements(kind: Kind, items: &[Glance<'_>], out: &mut Page) -> bool {
    let is_int = !matches!(
        kind,
        Kind::String | Kind::Bytes | Kind::Double | Kind::Float | Kind::Bool
    );
    let small = |item: &Glance<'_>| {
        let number = item.int::<true>().and_then(Int::below_30_bits);
        number.is_some_and(|number| number < digits::EIGHT)
    };
    if is_int && !items.iter().take(ahead::SCALARS).all(small) {
        // If the first ones are small, the others will be. If not, no guess is better than a bad one.
        return items.iter().enumerate().rev().all(|(index, &item)| {
            if let Some(soon) = items.get(index.wrapping_sub(ahead::SCALARS)) {
                soon.fetch(0);
            }
            int(item, kind).is_some_and(|long| {
                out.any_int(long.magnitude, long.negative, is_text(kind));
                true
            })
        });
    }
    let write = writer(kind, true);
    let mut all = items.iter().rev();
    all.all(|&item| write(item, &ELEMENT, out) == Quick::Written)
}
