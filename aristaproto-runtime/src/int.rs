//! The number in an int. In: `Int`s of `raw`, which tell digits. Out: numbers of up to 64 bits, also as a field's type has them.
//! Called by `quick`, `same` and `value`; runs no Python code.

use crate::raw::{Int, Size};
use crate::shape::Kind;

/// A number of up to 64 bits and its sign.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Long {
    /// It is below zero.
    pub negative: bool,
    /// Without its sign.
    pub magnitude: u64,
}

impl Long {
    /// The number in 64 bits, if it is one of a type.
    #[inline(always)]
    pub fn of_kind(self, kind: Kind) -> Option<u64> {
        let Self {
            negative,
            magnitude,
        } = self;
        let low = u64::from(negative);
        let fits = match kind {
            Kind::Int32 | Kind::Enum | Kind::SInt32 | Kind::SFixed32 => magnitude < (1 << 31) + low,
            Kind::UInt32 | Kind::Fixed32 => !negative && magnitude < 1 << 32,
            Kind::UInt64 | Kind::Fixed64 => !negative,
            _ => magnitude < (1 << 63) + low,
        };
        // Minus is all bits turned, plus one.
        fits.then_some((magnitude ^ low.wrapping_neg()).wrapping_add(low))
    }
}

impl Int<'_> {
    /// Bits of a digit.
    const BITS: u32 = 30;

    #[inline(always)]
    fn is_negative(self) -> bool {
        #[cfg(Py_3_12)]
        return self.size() & 3 == 2;
        #[cfg(not(Py_3_12))]
        return self.size() < 0;
    }

    /// The number, if it has so few bits.
    #[inline(always)]
    pub fn value(self) -> Option<Long> {
        let count = self.count();
        let digit = |index| self.digit(index) & u64::from(count > index).wrapping_neg();
        let last = digit(2);
        if count > 3 || last >= 16 {
            return None;
        }
        Some(Long {
            negative: self.is_negative(),
            magnitude: digit(0) | digit(1) << Self::BITS | last << (2 * Self::BITS),
        })
    }

    /// The number, if it has one digit and no minus: up to 30 bits, which all types have.
    #[inline(always)]
    pub fn small(self) -> Option<u64> {
        /// One digit, no minus.
        const SMALL: Size = if cfg!(Py_3_12) { 8 } else { 1 };
        (self.size() == SMALL).then(|| self.first())
    }

    /// The same, also of zero.
    #[inline(always)]
    pub fn below_30_bits(self) -> Option<u64> {
        /// No digit.
        const ZERO: Size = if cfg!(Py_3_12) { 1 } else { 0 };
        self.small().or_else(|| (self.size() == ZERO).then_some(0))
    }

    /// Whether two ints are equal; `None` when they have many digits.
    #[inline(always)]
    pub fn same(self, other: Self) -> Option<bool> {
        if self.size() != other.size() {
            return Some(false);
        }
        let differs = |index| self.digit(index) ^ other.digit(index);
        match self.count() {
            0 => Some(true),
            1..=3 => Some(differs(0) | differs(1) | differs(2) == 0),
            _ => None,
        }
    }
}
