//! The digits that JSON text begins with, as numbers, eight at a time.

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
    while let Some(&eight) = bytes.get(length..).and_then(<[u8]>::first_chunk) {
        let Some(value) = eight_digits(eight) else {
            break;
        };
        number = number.wrapping_mul(100_000_000).wrapping_add(value);
        length += 8;
    }
    for byte in bytes.get(length..).unwrap_or_default() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        length += 1;
    }
    (number, length)
}

/// The number that eight digits spell; nothing if one of them is none. Digits, pairs and halves are put together side by side
/// in one word.
#[inline]
fn eight_digits(eight: [u8; 8]) -> Option<u64> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_le_bytes(eight);
    // The upper half of a digit is 3, also when 6 is added to it.
    let high = |word: u64| word & (ONES * 0xf0) == ONES * 0x30;
    if !high(word) || !high(word.wrapping_add(ONES * 6)) {
        return None;
    }
    let digits = word & (ONES * 0x0f);
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours * 10_000 + (fours >> 32)) & 0xffff_ffff)
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
