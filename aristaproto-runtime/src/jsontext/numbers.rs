//! Numbers as JSON text, and the other way round: digits of integers, and doubles by the fewest digits that name them, in the
//! form of Python's `repr`.
//!
//! <https://datatracker.ietf.org/doc/html/rfc8259#section-6>

use std::io::Write as _;

use super::writer::TextWriter;

/// The text of a number below 10^8, with zeros in front.
pub fn padded(mut number: u64) -> [u8; 8] {
    let mut text = [b'0'; 8];
    for digit in text.iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    text
}

/// A number, a time or a duration as text.
#[derive(Clone, Copy, Debug, Default)]
pub struct ShortText {
    bytes: [u8; 32],
    length: usize,
}

impl ShortText {
    /// The text.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Adds bytes, for which there must be room.
    #[inline]
    pub fn push(&mut self, more: &[u8]) {
        let end = self.length + more.len();
        if let Some(room) = self.bytes.get_mut(self.length..end) {
            room.copy_from_slice(more);
            self.length = end;
        }
    }

    /// Adds the digits of a number.
    pub fn push_digits(&mut self, number: u64) {
        self.push(itoa::Buffer::new().format(number).as_bytes());
    }
}

/// Writes an integer.
pub fn write_int(magnitude: u64, negative: bool, out: &mut TextWriter) {
    if negative {
        out.push(b'-');
    }
    out.put(itoa::Buffer::new().format(magnitude).as_bytes());
}

/// An integer as text.
pub fn int_text(magnitude: u64, negative: bool) -> ShortText {
    let mut line = ShortText::default();
    if negative {
        line.push(b"-");
    }
    line.push_digits(magnitude);
    line
}

/// What a number that is not finite is called; nothing for all others.
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

/// What such a word stands for.
pub fn number_of_word(word: &str) -> Option<f64> {
    match word {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// The text of a finite double.
pub fn double_text(number: f64) -> ShortText {
    in_python_form(number, zmij::Buffer::new().format_finite(number))
}

/// The text of a finite number by the fewest digits, from six on, that name the nearest float; `None` beyond the largest float.
pub fn float_text(number: f64) -> Option<ShortText> {
    let single = number as f32;
    if single.is_infinite() {
        return None;
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(number);
    // Most are short: with a point, and maybe a sign.
    if text.len() <= 7 || significant(text) <= 6 {
        return Some(in_python_form(number, text));
    }
    // Of a float that has as much room below as above, the digits nearest to it are the shortest, too. In a subnormal one
    // six digits are more than the shortest.
    let even_room = single.is_normal() && single.to_bits() << 9 != 0;
    if even_room && f64::from(single).to_bits() == number.to_bits() {
        return Some(in_python_form(number, buffer.format_finite(single)));
    }
    for precision in 5..8 {
        let text = format!("{number:.precision$e}");
        let short = text.parse::<f64>();
        if short.is_ok_and(|short| (short as f32).to_bits() == single.to_bits()) {
            return Some(python_form(&text));
        }
    }
    Some(python_form(&format!("{:.8e}", f64::from(single))))
}

fn in_python_form(number: f64, text: &str) -> ShortText {
    // In this range both forms are the same.
    if (1e-4..1e12).contains(&number.abs()) {
        let mut line = ShortText::default();
        line.push(text.as_bytes());
        line
    } else {
        python_form(text)
    }
}

/// How many digits a number has from its first to its last that is not zero.
fn significant(text: &str) -> usize {
    let mantissa = text.bytes().take_while(|&byte| byte != b'e');
    let (mut count, mut zeros) = (0, 0);
    for byte in mantissa.filter(u8::is_ascii_digit) {
        if byte != b'0' {
            count += zeros + 1;
            zeros = 0;
        } else if count > 0 {
            zeros += 1;
        }
    }
    count
}

/// A number, given as `-0.00125` or `-1.25e-3`, in the form of Python's `repr`: with an exponent below 10^-4 and from 10^16 on.
#[cold]
#[allow(clippy::cast_possible_wrap, clippy::cast_sign_loss)] // A number has some 25 characters.
fn python_form(text: &str) -> ShortText {
    let mut out = ShortText::default();
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let mantissa = mantissa.strip_prefix('-').map_or(mantissa, |rest| {
        out.push(b"-");
        rest
    });
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits: Vec<u8> = whole.bytes().chain(part.bytes()).collect();
    let leading = digits.iter().take_while(|&&digit| digit == b'0').count();
    digits.drain(..leading);
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    let Some((first, rest)) = digits.split_first() else {
        out.push(b"0.0");
        return out;
    };
    // Where the point stands, counted from the first digit.
    let point = whole.len() as i32 - leading as i32 + exponent;
    let zeros = |count: i32| {
        b"0000000000000000"
            .get(..count.unsigned_abs() as usize)
            .unwrap_or_default()
    };
    if !(-3..=16).contains(&point) {
        out.push(&[*first]);
        if !rest.is_empty() {
            out.push(b".");
            out.push(rest);
        }
        let mut exponent = [0; 5];
        let mut left = &mut exponent[..];
        let _ = write!(left, "e{:+03}", point - 1);
        let unused = left.len();
        out.push(exponent.get(..exponent.len() - unused).unwrap_or_default());
    } else if point <= 0 {
        out.push(b"0.");
        out.push(zeros(point));
        out.push(&digits);
    } else {
        let (before, after) = digits.split_at(digits.len().min(point as usize));
        out.push(before);
        out.push(zeros(point - before.len() as i32));
        out.push(b".");
        out.push(if after.is_empty() { b"0" } else { after });
    }
    out
}

/// Length of the number at the start of a text, and whether it has neither fraction nor exponent.
pub fn number_length(bytes: &[u8]) -> Option<(usize, bool)> {
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let start = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(start);
    if whole == 0 || whole > 1 && bytes.get(start) == Some(&b'0') {
        return None;
    }
    let mut end = start + whole;
    let mut is_whole = true;
    if bytes.get(end) == Some(&b'.') {
        let part = digits(end + 1);
        if part == 0 {
            return None;
        }
        end += 1 + part;
        is_whole = false;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let part = digits(end + 1 + sign);
        if part == 0 {
            return None;
        }
        end += 1 + sign + part;
        is_whole = false;
    }
    Some((end, is_whole))
}

/// Whether a text is a number in the grammar of JSON, and nothing else.
pub fn is_number(text: &str) -> bool {
    number_length(text.as_bytes()).is_some_and(|(length, _)| length == text.len())
}

/// What has more digits in its exponent is no number for Python's `Decimal`, by which the plain codec reads.
const LONGEST_EXPONENT: usize = 15;

/// Sign and magnitude of the integer that a number, as the grammar has it, stands for, as 1, 1.0, 10e-1 and 0.1e1 do; `None` for fractions, for what is
/// beyond 64 bits and for exponents of too many digits.
pub fn whole_number(text: &str) -> Option<(bool, u64)> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    if exponent.len() > LONGEST_EXPONENT {
        return None;
    }
    let exponent: i64 = exponent.parse().ok()?;
    let (negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || whole.bytes().chain(part.bytes());
    let is_zero = |digit: &u8| *digit == b'0';
    let first = digits().take_while(is_zero).count();
    let count = whole.len() + part.len();
    if first == count {
        return Some((false, 0));
    }
    let last = count - 1 - digits().rev().take_while(is_zero).count();
    // Digits before the point; those from the first to the last that is not zero are among them.
    let before = i64::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let before = usize::try_from(before)
        .ok()
        .filter(|&before| before > last)?;
    if before - first > 20 {
        return None;
    }
    let zeros = std::iter::repeat(b'0');
    let mut counted = digits()
        .take(last + 1)
        .chain(zeros)
        .take(before)
        .skip(first);
    let magnitude = counted.try_fold(0_u64, |number, digit| {
        number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    });
    Some((negative, magnitude?))
}

/// The double that a number, as the grammar has it, stands for; `None` beyond the largest one, and for exponents of too many digits.
pub fn double_number(text: &str) -> Option<f64> {
    let found: f64 = text.parse().ok()?;
    (is_usual(text) && found.is_finite()).then_some(found)
}

/// Whether the exponent of a number, if it has one, is one that Python reads, too.
pub fn is_usual(text: &str) -> bool {
    let exponent = text.split(['e', 'E']).nth(1);
    exponent.is_none_or(|digits| digits.len() <= LONGEST_EXPONENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: ShortText) -> String {
        String::from_utf8(line.bytes().to_vec()).unwrap()
    }

    #[test]
    fn integers_of_every_length() {
        let mut number = 1_u64;
        let mut all = vec![0, u64::MAX, u64::MAX / 2];
        for _ in 0..20 {
            all.extend([number - 1, number, number + 1]);
            number = number.saturating_mul(10).min(u64::MAX - 1);
        }
        for number in all {
            for (negative, sign) in [(false, ""), (true, "-")] {
                let mut out = TextWriter::default();
                write_int(number, negative, &mut out);
                let expected = format!("{sign}{number}");
                assert_eq!(out.finish(), Ok(expected.as_bytes()));
                assert_eq!(text(int_text(number, negative)), expected);
            }
        }
    }

    #[test]
    fn doubles_have_the_form_of_pythons_repr() {
        for (number, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1.25e-7, "1.25e-07"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
        ] {
            assert_eq!(text(double_text(number)), expected);
        }
    }

    #[test]
    fn floats_have_the_fewest_digits_that_name_them() {
        for (number, expected) in [
            (f64::from(0.1_f32), "0.1"),
            (f64::from(1.1_f32), "1.1"),
            (16_777_216.0, "16777216.0"),
            (f64::from(f32::MAX), "3.4028235e+38"),
            (f64::from(f32::MIN_POSITIVE), "1.1754944e-38"),
            (0.1, "0.1"),
        ] {
            assert_eq!(text(float_text(number).unwrap()), expected);
        }
        assert!(float_text(1e39).is_none());
    }

    #[test]
    fn words_for_what_is_not_finite() {
        for word in ["NaN", "Infinity", "-Infinity"] {
            assert_eq!(word_of(number_of_word(word).unwrap()), Some(word));
        }
        assert_eq!(word_of(1.0), None);
        assert_eq!(number_of_word("nan"), None);
    }

    #[test]
    fn numbers_in_the_grammar_of_json() {
        for (text, found) in [
            ("0", Some((1, true))),
            ("-12,", Some((3, true))),
            ("1.50]", Some((4, false))),
            ("1e5", Some((3, false))),
            ("1E-5", Some((4, false))),
            ("01", None),
            ("-", None),
            ("1.", None),
            (".5", None),
            ("1e", None),
            ("+1", None),
        ] {
            assert_eq!(number_length(text.as_bytes()), found, "{text}");
        }
    }

    #[test]
    fn integers_in_any_spelling() {
        for (text, found) in [
            ("0", Some((false, 0))),
            ("-0.0e99", Some((false, 0))),
            ("1.0", Some((false, 1))),
            ("-1e3", Some((true, 1000))),
            ("10e-1", Some((false, 1))),
            ("0.0012e4", Some((false, 12))),
            ("18446744073709551615", Some((false, u64::MAX))),
            ("1844674407370955161.50e1", Some((false, u64::MAX))),
            ("18446744073709551616", None),
            ("1e20", None),
            ("1e999999999", None),
            ("1e9999999999999999", None),
            ("1.5", None),
            ("1e-1", None),
        ] {
            assert_eq!(whole_number(text), found, "{text}");
        }
        assert_eq!(double_number("1e400"), None);
        assert_eq!(double_number("-2.5e-3"), Some(-0.0025));
        assert_eq!(double_number("0e9999999999999999"), None);
    }
}
