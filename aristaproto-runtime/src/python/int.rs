//! The number in an int, read without a call where `CPython`'s layout of ints is known, and through its documented API else
//! (`cfg(documented_api)`, see build.rs; the tests run both).
#![allow(unsafe_code)]

use std::marker::PhantomData;

use pyo3::ffi;

use crate::wire::Kind;

/// A number of up to 64 bits and its sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// An int that somebody holds.
#[derive(Clone, Copy)]
pub struct Int<'a>(*mut ffi::PyObject, PhantomData<&'a ()>);

impl Int<'_> {
    /// # Safety
    /// An int, or an object of a subclass, that is alive for the lifetime of the result.
    #[inline]
    pub unsafe fn of(object: *mut ffi::PyObject) -> Self {
        Self(object, PhantomData)
    }

    /// The number, if it has one digit and no minus: up to 30 bits, which all types have.
    #[inline]
    pub fn small(self) -> Option<u64> {
        self.below_30_bits().filter(|&number| number > 0)
    }

    /// The number, if it has so few bits.
    #[cfg(documented_api)]
    pub fn value(self) -> Option<Long> {
        let mut overflow = 0;
        // SAFETY: an int; nothing is raised for one but for a number of more than 64 bits.
        unsafe {
            let number = ffi::PyLong_AsLongLongAndOverflow(self.0, &raw mut overflow);
            match overflow {
                0 => Some(Long {
                    negative: number < 0,
                    magnitude: number.unsigned_abs(),
                }),
                1 => {
                    let number = ffi::PyLong_AsUnsignedLongLong(self.0);
                    if !ffi::PyErr_Occurred().is_null() {
                        ffi::PyErr_Clear();
                        return None;
                    }
                    Some(Long {
                        negative: false,
                        magnitude: number,
                    })
                }
                _ => None,
            }
        }
    }

    /// The number, if it has up to 30 bits and no minus.
    #[cfg(documented_api)]
    pub fn below_30_bits(self) -> Option<u64> {
        let found = self.value()?;
        (!found.negative && found.magnitude < 1 << 30).then_some(found.magnitude)
    }

    /// Whether two ints are equal; `None` when they have many digits.
    #[cfg(documented_api)]
    pub fn same(self, other: Self) -> Option<bool> {
        Some(self.value()? == other.value()?)
    }
}

/// Number of digits and sign: the number times eight plus 0, 1 for zero, 2 for minus.
#[cfg(all(not(documented_api), Py_3_12))]
type Size = usize;
/// Number of digits, below zero for minus.
#[cfg(all(not(documented_api), not(Py_3_12)))]
type Size = ffi::Py_ssize_t;

/// `CPython`'s int: `digits` has as many as the number needs, but one at least.
#[cfg(not(documented_api))]
#[repr(C)]
struct RawInt {
    head: ffi::PyObject,
    size: Size,
    digits: [u32; 1],
}

#[cfg(not(documented_api))]
impl Int<'_> {
    /// Bits of a digit.
    const BITS: u32 = 30;

    #[inline]
    fn size(self) -> Size {
        // SAFETY: an int, of the layout above.
        unsafe { (*self.0.cast::<RawInt>()).size }
    }

    #[inline]
    fn count(self) -> usize {
        #[cfg(Py_3_12)]
        return self.size() >> 3;
        #[cfg(not(Py_3_12))]
        return self.size().unsigned_abs();
    }

    #[inline]
    fn is_negative(self) -> bool {
        #[cfg(Py_3_12)]
        return self.size() & 3 == 2;
        #[cfg(not(Py_3_12))]
        return self.size() < 0;
    }

    /// The digit at an index, or the last one there is. It is taken without a branch: how many digits the next number of a
    /// list has cannot be guessed.
    #[inline]
    fn digit(self, index: usize) -> u64 {
        let last = self.count().max(1) - 1;
        // SAFETY: an int has `count` digits, and room for one at least.
        unsafe {
            let start = (&raw const (*self.0.cast::<RawInt>()).digits).cast::<u32>();
            u64::from(*start.add(index.min(last)))
        }
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

    /// The number, if it has up to 30 bits and no minus.
    #[inline]
    pub fn below_30_bits(self) -> Option<u64> {
        (self.count() <= 1 && !self.is_negative())
            .then(|| self.digit(0) & u64::from(self.count() == 1).wrapping_neg())
    }

    /// Whether two ints are equal; `None` when they have many digits.
    #[inline]
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
