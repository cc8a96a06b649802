//! What writes the scalars of each type. In: a `Glance` at a value, and the key of its field. Out: wire bytes in the buffer; or
//! nothing, as `quick` says. Called by `quick`, and by `raw` for it.
//!
//! Each type has functions of its own, which a table gives by the type: a message asks nothing about its fields' types, and what
//! is usual takes a few registers and no call.

use crate::buffer::{Buffer, Key};
use crate::int::Long;
use crate::quick::Quick;
use crate::raw::{Glance, Inside, Int, Utf8};
use crate::shape::Kind;
use crate::tail::SHORT;
use crate::wire::zigzag;

/// Writes a value and its key.
type Writer = fn(Glance<'_>, Key, &mut Buffer) -> Quick;

/// What writes scalars of a type. Each is a function by itself: it takes a few registers and asks nothing about the type.
#[inline(always)]
pub fn writer<const EXACT: bool>(kind: Kind, presence: bool) -> Writer {
    let [plain, present] = &Writers::<EXACT>::ALL;
    (if presence { present } else { plain })[kind as usize]
}

struct Writers<const EXACT: bool>;

impl<const EXACT: bool> Writers<EXACT> {
    /// Without presence and with it, by the position of the type in `Kind::ALL`.
    const ALL: [[Writer; 18]; 2] = [Self::of::<false>(), Self::of::<true>()];

    const fn of<const PRESENCE: bool>() -> [Writer; 18] {
        [
            Self::one::<0, PRESENCE>,
            Self::one::<1, PRESENCE>,
            Self::one::<2, PRESENCE>,
            Self::one::<3, PRESENCE>,
            Self::one::<4, PRESENCE>,
            Self::one::<5, PRESENCE>,
            Self::one::<6, PRESENCE>,
            Self::one::<7, PRESENCE>,
            Self::one::<8, PRESENCE>,
            Self::one::<9, PRESENCE>,
            Self::one::<10, PRESENCE>,
            Self::one::<11, PRESENCE>,
            Self::one::<12, PRESENCE>,
            Self::one::<13, PRESENCE>,
            Self::one::<14, PRESENCE>,
            Self::one::<15, PRESENCE>,
            Self::one::<16, PRESENCE>,
            Self::one::<17, PRESENCE>,
        ]
    }

    /// What is usual is written here, with few registers; the rest is left to `any`.
    fn one<const KIND: usize, const PRESENCE: bool>(
        value: Glance<'_>,
        key: Key,
        out: &mut Buffer,
    ) -> Quick {
        let kind = const { Kind::ALL[KIND] };
        if out.has_room() {
            match kind {
                Kind::String => {
                    if let Some(text) = value.ascii().filter(|text| text.len() <= SHORT) {
                        return own_bytes(text, !PRESENCE, key, out);
                    }
                }
                Kind::Bytes => {
                    if let Some(bytes) = value.bytes().filter(|bytes| bytes.len() <= SHORT) {
                        return own_bytes(bytes, !PRESENCE, key, out);
                    }
                }
                Kind::Enum if EXACT => {}
                Kind::Int32 | Kind::Int64 | Kind::UInt32 | Kind::UInt64 | Kind::Enum => {
                    if let Some(digit) = value.int::<EXACT>().and_then(Int::small) {
                        if !PRESENCE && digit == 0 {
                            return Quick::Nothing;
                        }
                        out.varint(digit, key);
                        return Quick::Written;
                    }
                }
                Kind::Double | Kind::Float | Kind::Bool => {
                    let done = scalar::<EXACT>(value, kind, !PRESENCE, key, out);
                    if done != Quick::Slow {
                        return done;
                    }
                }
                _ => {}
            }
        }
        Self::any::<KIND, PRESENCE>(value, key, out)
    }

    #[inline(never)]
    fn any<const KIND: usize, const PRESENCE: bool>(
        value: Glance<'_>,
        key: Key,
        out: &mut Buffer,
    ) -> Quick {
        let kind = const { Kind::ALL[KIND] };
        match scalar::<EXACT>(value, kind, !PRESENCE, key, out) {
            Quick::Slow if PRESENCE && value.is_none() => Quick::Nothing,
            found => found,
        }
    }
}

/// Writes a string of any length and its key.
#[inline(always)]
pub fn text(value: Glance<'_>, key: Key, out: &mut Buffer) -> Quick {
    scalar::<false>(value, Kind::String, false, key, out)
}

/// Writes a scalar and its key.
#[inline(always)]
fn scalar<const EXACT: bool>(
    value: Glance<'_>,
    kind: Kind,
    skip_zero: bool,
    key: Key,
    out: &mut Buffer,
) -> Quick {
    match kind {
        Kind::String => match value.utf8() {
            Some(Utf8::Inside(bytes)) => own_bytes(bytes, skip_zero, key, out),
            Some(Utf8::Beside([])) if skip_zero => Quick::Nothing,
            Some(Utf8::Beside(bytes)) => {
                out.bytes(bytes, key);
                Quick::Written
            }
            None => Quick::Slow,
        },
        Kind::Bytes => match value.bytes() {
            Some(bytes) => own_bytes(bytes, skip_zero, key, out),
            None => Quick::Slow,
        },
        Kind::Double => {
            let Some(number) = value.float() else {
                return Quick::Slow;
            };
            if skip_zero && number.to_bits() == 0 {
                return Quick::Nothing;
            }
            out.fixed64(number.to_bits(), key);
            Quick::Written
        }
        Kind::Float => {
            let Some(wide) = value.float() else {
                return Quick::Slow;
            };
            let number = wide as f32;
            if !fits::<EXACT>(wide, number) {
                return Quick::Slow;
            }
            if skip_zero && number.to_bits() == 0 {
                return Quick::Nothing;
            }
            out.fixed32(number.to_bits(), key);
            Quick::Written
        }
        Kind::Bool => {
            let Some(truth) = value.truth() else {
                return Quick::Slow;
            };
            if skip_zero && !truth {
                return Quick::Nothing;
            }
            out.varint(u64::from(truth), key);
            Quick::Written
        }
        Kind::Group | Kind::Message => Quick::Slow,
        Kind::Enum if EXACT => Quick::Slow,
        _ => match value.int::<EXACT>().and_then(Int::value) {
            Some(number) => int(number, kind, skip_zero, key, out),
            None => Quick::Slow,
        },
    }
}

/// Writes bytes that follow the head of their object.
#[inline(always)]
fn own_bytes(bytes: Inside<'_>, skip_zero: bool, key: Key, out: &mut Buffer) -> Quick {
    if skip_zero && bytes.len() == 0 {
        return Quick::Nothing;
    }
    if bytes.len() <= SHORT {
        out.short(|| bytes.last(), bytes.len(), key);
    } else {
        out.bytes(bytes.all(), key);
    }
    Quick::Written
}

#[inline(always)]
fn int(long: Long, kind: Kind, skip_zero: bool, key: Key, out: &mut Buffer) -> Quick {
    if skip_zero && long.magnitude == 0 {
        return Quick::Nothing;
    }
    let Some(number) = long.of_kind(kind) else {
        return Quick::Slow;
    };
    match kind {
        Kind::SInt32 | Kind::SInt64 => out.varint(zigzag(number.cast_signed()), key),
        Kind::Fixed32 | Kind::SFixed32 => out.fixed32(number as u32, key),
        Kind::Fixed64 | Kind::SFixed64 => out.fixed64(number, key),
        _ => out.varint(number, key),
    }
    Quick::Written
}

/// Whether a float is one that 32 bits can tell: with `EXACT`, to its last digit.
#[inline(always)]
pub fn fits<const EXACT: bool>(wide: f64, number: f32) -> bool {
    if EXACT {
        f64::from(number).to_bits() == wide.to_bits()
    } else {
        number.is_finite() || !wide.is_finite()
    }
}
