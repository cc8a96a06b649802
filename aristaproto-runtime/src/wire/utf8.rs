//! Whether bytes are UTF-8.

use super::error::Malformed;
use super::varint::UPPER;

/// Whether the first and the last `N` bytes are ASCII, which `word` puts over each other; `None` for fewer bytes.
#[inline(always)]
fn are_ascii<const N: usize>(bytes: &[u8], word: impl Fn([u8; N]) -> u64) -> Option<bool> {
    let (first, last) = (bytes.first_chunk()?, bytes.last_chunk()?);
    Some((word(*first) | word(*last)) & UPPER == 0)
}

/// Whether bytes are ASCII. Most strings are short: up to 32 bytes, two words that may overlap tell it.
#[inline(always)]
fn is_ascii(bytes: &[u8]) -> bool {
    let found = match bytes.len() {
        0..4 => Some(bytes.iter().fold(0, |any, byte| any | byte) < 0x80),
        4..8 => are_ascii(bytes, |four| u32::from_ne_bytes(four).into()),
        8..16 => are_ascii(bytes, u64::from_ne_bytes),
        16..=32 => are_ascii(bytes, |all| {
            let all = u128::from_ne_bytes(all);
            all as u64 | (all >> 64) as u64
        }),
        _ => None,
    };
    found.unwrap_or_else(|| bytes.is_ascii())
}

/// From so many bytes on, the vectorised check of UTF-8 pays.
const LONG: usize = 64;

/// Whether bytes are UTF-8.
#[inline(always)]
pub fn is_utf8(bytes: &[u8]) -> bool {
    bytes.len() < LONG && is_ascii(bytes) || is_long_utf8(bytes)
}

/// The same of what is long, or not ASCII.
#[inline(never)]
fn is_long_utf8(bytes: &[u8]) -> bool {
    if bytes.len() < LONG {
        std::str::from_utf8(bytes).is_ok()
    } else {
        simdutf8::basic::from_utf8(bytes).is_ok()
    }
}

/// Checks that a string is UTF-8.
#[inline]
pub fn check_utf8(bytes: &[u8]) -> Result<(), Malformed> {
    if is_utf8(bytes) {
        return Ok(());
    }
    match std::str::from_utf8(bytes) {
        Ok(_) => Ok(()),
        Err(error) => {
            let offset = error.valid_up_to();
            Err(Malformed::Utf8(
                bytes.get(offset).copied().unwrap_or_default(),
                offset,
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_is_checked_at_each_length() {
        for length in 0..80 {
            let mut bytes = vec![b'a'; length];
            assert!(is_utf8(&bytes));
            for at in 0..length {
                bytes[at] = 0xff;
                assert_eq!(check_utf8(&bytes), Err(Malformed::Utf8(0xff, at)));
                bytes[at] = b'a';
            }
        }
        assert_eq!(check_utf8("äöü€😀".as_bytes()), Ok(()));
        assert_eq!(check_utf8(b"a\xed\xa0\x80"), Err(Malformed::Utf8(0xed, 1)));
    }
}
