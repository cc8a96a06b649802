//! The digits that JSON text begins with, as numbers.

/// Powers of ten, which are exact as doubles.
#[allow(clippy::cast_precision_loss)] // None is lost below 2^53.
pub const TENS: [(u64, f64); 16] = {
    let mut tens = [(1, 1.0); 16];
    let mut index = 1;
    while index < tens.len() {
        let power = tens[index - 1].0 * 10;
        tens[index] = (power, power as f64);
        index += 1;
    }
    tens
};

/// Whether a number has a minus, and what follows it.
#[inline]
pub fn sign(bytes: &[u8]) -> (bool, &[u8]) {
    match bytes {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, bytes),
    }
}

/// As `leading_digits`, at least one and none too many in front; what JSON has before a point.
#[inline]
pub fn whole_digits(bytes: &[u8]) -> Option<(u64, usize)> {
    let (number, length) = leading_digits(bytes);
    let is_padded = length > 1 && bytes.first() == Some(&b'0');
    (length > 0 && !is_padded).then_some((number, length))
}

/// The number that a text begins with, and how many digits it has: exact for up to 19.
#[inline]
pub fn leading_digits(bytes: &[u8]) -> (u64, usize) {
    let (mut number, mut length) = (0_u64, 0);
    for byte in bytes {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        length += 1;
    }
    (number, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_every_length() {
        for length in 0..20 {
            let text = &"12345678901234567890"[..length];
            let number = text.parse().unwrap_or(0);
            assert_eq!(leading_digits(text.as_bytes()), (number, length));
            let more = format!("{text}/9");
            assert_eq!(leading_digits(more.as_bytes()), (number, length));
        }
        for odd in "/:aA -".chars() {
            for place in 0..8 {
                let mut text = *b"00000000";
                text[place] = odd as u8;
                assert_eq!(leading_digits(&text).1, place);
            }
        }
    }

    #[test]
    fn a_whole_number_has_no_zeros_in_front() {
        assert_eq!(whole_digits(b"0,"), Some((0, 1)));
        assert_eq!(whole_digits(b"10"), Some((10, 2)));
        assert_eq!(whole_digits(b"01"), None);
        assert_eq!(whole_digits(b""), None);
        assert_eq!(sign(b"-1"), (true, &b"1"[..]));
    }
}
