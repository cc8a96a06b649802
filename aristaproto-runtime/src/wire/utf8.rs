//! Whether bytes are UTF-8.

use super::error::Malformed;

/// From so many bytes on, the vectorised check of UTF-8 pays.
const LONG: usize = 64;

/// Whether bytes are UTF-8.
#[inline(always)]
pub fn is_utf8(bytes: &[u8]) -> bool {
    bytes.len() < LONG && bytes.is_ascii() || is_long_utf8(bytes)
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
