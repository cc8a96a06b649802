//! Varints as words, and zigzag.

use super::error::Malformed;

/// The upper bits of eight bytes: in a varint, all bytes but the last have it.
pub const UPPER: u64 = 0x8080_8080_8080_8080;

/// The lower seven bits of eight bytes, one after the other.
#[inline(always)]
pub fn compact(word: u64) -> u64 {
    let pairs = (word & 0x007f_007f_007f_007f) | (word & 0x7f00_7f00_7f00_7f00) >> 1;
    let fours = (pairs & 0x0000_3fff_0000_3fff) | (pairs & 0x3fff_0000_3fff_0000) >> 2;
    (fours & 0x0fff_ffff) | (fours & 0x0fff_ffff_0000_0000) >> 4
}

/// How many bytes a varint below 2^56 has, and the bits in them that say that one follows.
#[inline(always)]
pub fn short_varint(value: u64) -> (usize, u64) {
    // One byte for each seven bits: nine 64ths are a little more than a seventh.
    let length = (((value | 1).ilog2() * 9 + 73) / 64) as usize;
    // All bytes but the last one say so.
    (length, UPPER & !(u64::MAX << (8 * (length - 1))))
}

/// The lower 56 bits, seven in each byte: they move apart first by halves, then by quarters, then by eighths.
#[inline(always)]
pub fn spread(value: u64) -> u64 {
    let halves = (value & 0x00ff_ffff_f000_0000) << 4 | value & 0x0fff_ffff;
    let quarters = (halves & 0x0fff_c000_0fff_c000) << 2 | halves & 0x0000_3fff_0000_3fff;
    (quarters & 0x3f80_3f80_3f80_3f80) << 1 | quarters & 0x007f_007f_007f_007f
}

/// The signed number of a zigzag-encoded one.
#[inline(always)]
pub fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// A signed number, zigzag-encoded.
#[inline(always)]
pub fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// The number of varints in the bytes of a packed field.
pub fn count_varints(bytes: &[u8]) -> Result<usize, Malformed> {
    if bytes.last().is_some_and(|&last| last >= 0x80) {
        return Err(Malformed::PackedCut);
    }
    let words = bytes.chunks_exact(8);
    let rest = words.remainder();
    let mut count = 0;
    // Bytes of the varint that has begun.
    let mut length = 0;
    for word in words.filter_map(<[u8]>::first_chunk) {
        let stops = !u64::from_le_bytes(*word) & UPPER;
        // The first varint that ends in this word; all eight bytes when none does.
        length += (stops.trailing_zeros() / 8).min(8);
        if length >= 10 {
            return Err(Malformed::LongVarint);
        }
        if stops != 0 {
            // The sum of eight ones or zeroes, in the highest byte.
            count += ((stops >> 7).wrapping_mul(0x0101_0101_0101_0101) >> 56) as usize;
            length = stops.leading_zeros() / 8;
        }
    }
    for &byte in rest {
        if byte < 0x80 {
            count += 1;
            length = 0;
        } else {
            length += 1;
            if length == 10 {
                return Err(Malformed::LongVarint);
            }
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zigzag_returns() {
        for number in [0, -1, 1, i64::MIN, i64::MAX, -300] {
            assert_eq!(unzigzag(zigzag(number)), number);
        }
        assert_eq!((zigzag(-1), zigzag(1), zigzag(i64::MIN)), (1, 2, u64::MAX));
    }

    #[test]
    fn packed_varints_are_counted() {
        assert_eq!(count_varints(&[]), Ok(0));
        assert_eq!(count_varints(&[1; 20]), Ok(20));
        assert_eq!(
            count_varints(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x80\x01"),
            Ok(2)
        );
        assert_eq!(count_varints(b"\x01\x80"), Err(Malformed::PackedCut));
        let long = [&[0x80; 10][..], &[1]].concat();
        assert_eq!(count_varints(&long), Err(Malformed::LongVarint));
    }
}
