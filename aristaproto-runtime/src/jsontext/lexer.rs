//! The tokens of JSON text, which is UTF-8. `None` stands for what is no JSON, or so unusual that the plain codec is to judge it.
//!
//! <https://datatracker.ietf.org/doc/html/rfc8259>

use std::borrow::Cow;

use super::digits::{leading_digits, sign, whole_digits, TENS};
use super::numbers::{is_usual, number_length};

/// Longer numbers are left to the plain codec, which knows what Python makes of them.
const LONGEST_NUMBER: usize = 300;

/// Objects and arrays in each other that are passed over; Python's parser takes more.
const DEEPEST: usize = 100;

/// A place in JSON text.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    text: &'a str,
    pos: usize,
}

/// A number, as it is spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberToken<'a> {
    /// The digits and all that belongs to them.
    pub text: &'a str,
    /// Without a fraction and an exponent.
    pub is_whole: bool,
}

/// What no hexadecimal digit is worth; more than four digits are.
const NO_DIGIT: u32 = 1 << 16;

/// What a byte is worth as a hexadecimal digit.
static NIBBLES: [u32; 256] = {
    let mut table = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < 16 {
        table[b"0123456789abcdef"[digit] as usize] = digit as u32;
        table[b"0123456789ABCDEF"[digit] as usize] = digit as u32;
        digit += 1;
    }
    table
};

/// What four hexadecimal digits are worth; `NO_DIGIT` or more if one of them is none.
#[inline]
fn hexadecimal(digits: [u8; 4]) -> u32 {
    let values = digits.map(|digit| NIBBLES[usize::from(digit)]);
    values.into_iter().fold(0, |all, value| all << 4 | value)
}

impl<'a> Cursor<'a> {
    /// The start of a text.
    pub fn new(text: &'a str) -> Self {
        Self { text, pos: 0 }
    }

    /// Where it stands, in bytes from the start.
    #[inline]
    pub fn position(&self) -> usize {
        self.pos
    }

    /// Goes where it stood before.
    #[inline]
    pub fn go_to(&mut self, position: usize) {
        self.pos = position;
    }

    /// The next byte that is no white space, which is not taken.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.pos) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.pos += 1;
        }
        None
    }

    /// Takes a byte, after white space, if it is this one.
    #[inline]
    pub fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.pos += usize::from(found);
        found
    }

    /// Takes a word such as `null`, if it is this one.
    #[inline]
    pub fn word(&mut self, wanted: &str) -> bool {
        self.peek();
        let rest = self.text.as_bytes().get(self.pos..).unwrap_or_default();
        let found = rest.starts_with(wanted.as_bytes());
        if found {
            self.pos += wanted.len();
        }
        found
    }

    /// Whether nothing but white space is left.
    pub fn at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// Takes a string; a lone surrogate is refused, as is one that there is no memory for.
    #[inline]
    pub fn string(&mut self) -> Option<Cow<'a, str>> {
        if !self.take(b'"') {
            return None;
        }
        let plain = self.plain_run()?;
        if self.text.as_bytes().get(self.pos) == Some(&b'"') {
            self.pos += 1;
            return Some(Cow::Borrowed(plain));
        }
        self.escaped_string(plain).map(Cow::Owned)
    }

    /// Takes the rest of a string that has escapes.
    #[inline(never)]
    fn escaped_string(&mut self, start: &str) -> Option<String> {
        let mut made = String::new();
        made.try_reserve(start.len() + 64).ok()?;
        made.push_str(start);
        loop {
            let rest = self.text.as_bytes().get(self.pos..)?;
            if made.capacity() - made.len() < 4 {
                made.try_reserve(64).ok()?;
            }
            // Text of another script is a run of such escapes.
            if let Some(&[b'\\', b'u', ref digits @ ..]) = rest.first_chunk::<6>() {
                let unit = Some(hexadecimal(*digits)).filter(|&unit| unit < 0xd800);
                if let Some(letter) = unit.and_then(char::from_u32) {
                    made.push(letter);
                    self.pos += 6;
                    continue;
                }
            }
            match *rest.first()? {
                b'"' => {
                    self.pos += 1;
                    return Some(made);
                }
                b'\\' => {
                    self.pos += 1;
                    made.push(self.escaped()?);
                }
                // One letter between two escapes is as usual as many.
                byte @ b' '..=127 => {
                    self.pos += 1;
                    made.push(char::from(byte));
                }
                _ => {
                    let plain = self.plain_run().filter(|plain| !plain.is_empty())?;
                    made.try_reserve(plain.len()).ok()?;
                    made.push_str(plain);
                }
            }
        }
    }

    /// Takes all up to a quotation mark, a backslash or a control character.
    #[inline]
    fn plain_run(&mut self) -> Option<&'a str> {
        const ONES: u64 = 0x0101_0101_0101_0101;
        let start = self.pos;
        let rest = self.text.as_bytes().get(start..)?;
        let mut length = 0;
        let mut found = 0;
        for word in rest.chunks_exact(8).filter_map(<[u8]>::first_chunk) {
            let word = u64::from_le_bytes(*word);
            // Bit 7 of the first byte below `limit`, itself below 128; of those behind it, anything.
            let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word;
            let same = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
            found = (below(word, 32) | same(b'"') | same(b'\\')) & (ONES << 7);
            if found != 0 {
                length += found.trailing_zeros() as usize / 8;
                break;
            }
            length += 8;
        }
        if found == 0 {
            let ends = |&byte: &u8| byte == b'"' || byte == b'\\' || byte < b' ';
            length += rest.get(length..)?.iter().position(ends)?;
        }
        self.pos = start + length;
        self.text.get(start..self.pos)
    }

    /// Takes what follows a backslash.
    fn escaped(&mut self) -> Option<char> {
        let byte = *self.text.as_bytes().get(self.pos)?;
        self.pos += 1;
        Some(match byte {
            b'u' => {
                let first = self.hexadecimal()?;
                if !(0xd800..0xdc00).contains(&first) {
                    return char::from_u32(first);
                }
                if !self.text.get(self.pos..)?.starts_with("\\u") {
                    return None;
                }
                self.pos += 2;
                let second = self
                    .hexadecimal()?
                    .checked_sub(0xdc00)
                    .filter(|it| *it < 0x400)?;
                return char::from_u32(0x1_0000 + ((first & 0x3ff) << 10 | second));
            }
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            _ => return None,
        })
    }

    /// Takes four hexadecimal digits.
    #[inline]
    fn hexadecimal(&mut self) -> Option<u32> {
        let digits: &[u8; 4] = self.text.as_bytes().get(self.pos..)?.first_chunk()?;
        self.pos += 4;
        let unit = hexadecimal(*digits);
        (unit < NO_DIGIT).then_some(unit)
    }

    /// Passes over a value, whatever it is.
    pub fn skip(&mut self) -> Option<()> {
        // Without recursion: values are as deep as the text says, and the stack may be small.
        let mut around = Vec::new();
        loop {
            match self.peek()? {
                b'"' => self.string().map(drop)?,
                b'n' => self.word("null").then_some(())?,
                b't' => self.word("true").then_some(())?,
                b'f' => self.word("false").then_some(())?,
                mark @ (b'[' | b'{') => {
                    if around.len() >= DEEPEST {
                        return None;
                    }
                    self.take(mark);
                    let end = mark + 2;
                    if !self.take(end) {
                        around.try_reserve(1).ok()?;
                        around.push(end);
                        self.skip_key(end)?;
                        continue;
                    }
                }
                _ => is_usual(self.number()?.text).then_some(())?,
            }
            loop {
                let Some(&end) = around.last() else {
                    return Some(());
                };
                if !self.take(end) {
                    self.take(b',').then_some(())?;
                    self.skip_key(end)?;
                    break;
                }
                around.pop();
            }
        }
    }

    /// Takes the key before a value, and the colon, where what is around it ends as objects do.
    fn skip_key(&mut self, end: u8) -> Option<()> {
        if end == b'}' {
            self.string()?;
            self.take(b':').then_some(())?;
        }
        Some(())
    }

    /// Takes an integer of up to 19 digits, between quotation marks or not: whether it has a minus, and its digits. What is
    /// unusual is not taken, and stays for `number` or `string`.
    #[inline]
    pub fn integer(&mut self) -> Option<(bool, u64)> {
        let mut ahead = *self;
        let quoted = ahead.take(b'"');
        let rest = self.text.as_bytes().get(ahead.pos..)?;
        let (negative, digits) = sign(rest);
        let (number, length) = whole_digits(digits)?;
        if length > 19 || negative && number == 0 {
            return None;
        }
        match digits.get(length) {
            Some(b'"') if quoted => {}
            Some(b'.' | b'e' | b'E') => return None,
            _ if quoted => return None,
            _ => {}
        }
        self.pos = ahead.pos + usize::from(negative) + length + usize::from(quoted);
        Some((negative, number))
    }

    /// Takes a number of up to 15 digits without an exponent, as the nearest double: its digits and the power of ten that
    /// they are divided by are exact as doubles. What is unusual is not taken, and stays for `number`.
    #[inline]
    #[allow(clippy::cast_precision_loss)] // None is lost below 2^53.
    pub fn decimal(&mut self) -> Option<f64> {
        self.peek();
        let rest = self.text.as_bytes().get(self.pos..)?;
        let (negative, digits) = sign(rest);
        let (whole, length) = whole_digits(digits)?;
        let has_part = digits.get(length) == Some(&b'.');
        let (part, places) = if has_part {
            leading_digits(digits.get(length + 1..)?)
        } else {
            (0, 0)
        };
        let end = length + usize::from(has_part) + places;
        let is_odd = has_part && places == 0 || matches!(digits.get(end), Some(b'e' | b'E'));
        // An int has no minus zero.
        let is_minus_zero = negative && whole == 0 && !has_part;
        if length + places > 15 || is_odd || is_minus_zero {
            return None;
        }
        let (power, exact) = TENS.get(places)?;
        let number = (whole * power + part) as f64 / exact;
        self.pos += usize::from(negative) + end;
        Some(if negative { -number } else { number })
    }

    /// Takes a number.
    pub fn number(&mut self) -> Option<NumberToken<'a>> {
        self.peek()?;
        let rest = self.text.get(self.pos..)?;
        let (length, is_whole) = number_length(rest.as_bytes())?;
        let text = rest.get(..length)?;
        self.pos += length;
        (length <= LONGEST_NUMBER).then_some(NumberToken { text, is_whole })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> Option<String> {
        let mut cursor = Cursor::new(text);
        let found = cursor.string()?.into_owned();
        cursor.at_end().then_some(found)
    }

    fn is_skipped(text: &str) -> bool {
        let mut cursor = Cursor::new(text);
        cursor.skip().is_some() && cursor.at_end()
    }

    #[test]
    fn strings_with_and_without_escapes() {
        for (text, found) in [
            (r#""""#, ""),
            (
                r#" "plain and long enough for two words" "#,
                "plain and long enough for two words",
            ),
            (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\x08\x0c\n\r\t"),
            (r#""é\u00E9\u20aC""#, "éé€"),
            (r#""a\ud83d\ude00b""#, "a😀b"),
            (r#""12345678\n12345678""#, "12345678\n12345678"),
        ] {
            assert_eq!(string(text).as_deref(), Some(found), "{text}");
        }
    }

    #[test]
    fn what_is_no_string() {
        for text in [
            "",
            "a",
            "\"",
            "\"a",
            "\"\n\"",
            r#""\x""#,
            r#""\u12""#,
            r#""\u12g4""#,
            r#""\ud800""#,
            r#""\ud800\n""#,
            r#""\ud800\ud800""#,
            r#""\udc00""#,
            r#""\"#,
        ] {
            assert_eq!(string(text), None, "{text}");
        }
    }

    #[test]
    fn a_string_ends_where_it_ends_at_any_place() {
        for length in 0..40 {
            let inside = "é".repeat(length);
            assert_eq!(string(&format!("\"{inside}\"")), Some(inside));
        }
    }

    #[test]
    fn integers_bare_and_quoted() {
        let integer = |text: &str| Cursor::new(text).integer();
        assert_eq!(integer(" 12,"), Some((false, 12)));
        assert_eq!(
            integer("-1234567890123456789"),
            Some((true, 1_234_567_890_123_456_789))
        );
        assert_eq!(integer("\"7\""), Some((false, 7)));
        for text in [
            "\"7",
            "7.0",
            "7e1",
            "-0",
            "01",
            "\"7\\",
            "12345678901234567890",
            "x",
        ] {
            assert_eq!(integer(text), None, "{text}");
        }
    }

    #[test]
    fn decimals_are_exact() {
        for text in ["0.1", "-2.5", "123456.789", "0", "99999999999999.9", "-0.0"] {
            let expected: f64 = text.parse().unwrap();
            let found = Cursor::new(text).decimal().unwrap();
            assert_eq!(found.to_bits(), expected.to_bits(), "{text}");
        }
        for text in ["-0", "1e5", "1.", "0.1234567890123456", "1.5e3", "01.5"] {
            assert_eq!(Cursor::new(text).decimal(), None, "{text}");
        }
    }

    #[test]
    fn values_are_passed_over() {
        for text in [
            "null",
            "true",
            "false",
            "-1.5e3",
            "[]",
            "{}",
            r#"[1, "a]", {"b": [null]}]"#,
        ] {
            assert!(is_skipped(text), "{text}");
        }
        for text in [
            "",
            "nul",
            "[1",
            "[1,]",
            "{1: 2}",
            r#"{"a" 1}"#,
            r#"{"a": 1,}"#,
            "[1}",
            "01",
        ] {
            assert!(!is_skipped(text), "{text}");
        }
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(is_skipped(&nested(100)));
        assert!(!is_skipped(&nested(101)));
    }
}
