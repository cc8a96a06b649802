//! The tokens of JSON text, without Python. In: UTF-8. Out: one token after the other; or nothing, for what is no JSON or so
//! unusual that the plain codec is to judge it. Called by `decode`.
//!
//! <https://datatracker.ietf.org/doc/html/rfc8259>

use std::borrow::Cow;

/// Longer numbers are left to the plain codec, which knows what Python makes of them.
const LONGEST_NUMBER: usize = 300;

/// A place in JSON text.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    text: &'a str,
    pos: usize,
}

/// A number, as it is spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<'a> {
    /// The digits and all that belongs to them.
    pub text: &'a str,
    /// Without a fraction and an exponent.
    pub is_whole: bool,
}

impl<'a> Cursor<'a> {
    /// The start of a text.
    pub fn new(text: &'a str) -> Self {
        Self { text, pos: 0 }
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
        let found = self
            .text
            .as_bytes()
            .get(self.pos..)
            .is_some_and(|rest| rest.starts_with(wanted.as_bytes()));
        if found {
            self.pos += wanted.len();
        }
        found
    }

    /// Whether nothing but white space is left.
    pub fn at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// Takes a string; a lone surrogate is refused.
    pub fn string(&mut self) -> Option<Cow<'a, str>> {
        if !self.take(b'"') {
            return None;
        }
        let start = self.pos;
        let length = self.plain_run()?;
        let plain = self.text.get(start..start + length)?;
        self.pos += length;
        if self.text.as_bytes().get(self.pos) == Some(&b'"') {
            self.pos += 1;
            return Some(Cow::Borrowed(plain));
        }
        let mut made = plain.to_owned();
        loop {
            match self.text.as_bytes().get(self.pos)? {
                b'"' => {
                    self.pos += 1;
                    return Some(Cow::Owned(made));
                }
                b'\\' => {
                    self.pos += 1;
                    made.push(self.escaped()?);
                }
                _ => {
                    let length = self.plain_run().filter(|&length| length > 0)?;
                    made.push_str(self.text.get(self.pos..self.pos + length)?);
                    self.pos += length;
                }
            }
        }
    }

    /// Number of bytes up to a quotation mark, a backslash or a control character.
    fn plain_run(&self) -> Option<usize> {
        let rest = self.text.as_bytes().get(self.pos..)?;
        rest.iter()
            .position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ')
    }

    fn escaped(&mut self) -> Option<char> {
        let byte = *self.text.as_bytes().get(self.pos)?;
        self.pos += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hexadecimal()?;
                if !(0xd800..0xe000).contains(&first) {
                    return char::from_u32(first);
                }
                if self.text.as_bytes().get(self.pos..self.pos + 2)? != b"\\u" {
                    return None;
                }
                self.pos += 2;
                let second = self.hexadecimal()?;
                let pair = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
                return char::decode_utf16(pair).next()?.ok();
            }
            _ => return None,
        })
    }

    fn hexadecimal(&mut self) -> Option<u32> {
        let digits = self.text.get(self.pos..self.pos + 4)?;
        self.pos += 4;
        // `from_str_radix` takes a sign, too.
        digits
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit())
            .then(|| u32::from_str_radix(digits, 16).ok())?
    }

    /// Takes a number.
    pub fn number(&mut self) -> Option<Number<'a>> {
        self.peek()?;
        let rest = self.text.get(self.pos..)?;
        let (length, is_whole) = number_length(rest.as_bytes())?;
        let text = rest.get(..length)?;
        self.pos += length;
        (length <= LONGEST_NUMBER).then_some(Number { text, is_whole })
    }
}

/// Length of the number at the start of a text, and whether it has neither fraction nor exponent.
fn number_length(bytes: &[u8]) -> Option<(usize, bool)> {
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

/// Text that is a whole number and nothing else.
pub fn whole(text: &str) -> Option<&str> {
    let (length, is_whole) = number_length(text.as_bytes())?;
    (length == text.len() && is_whole && length <= LONGEST_NUMBER).then_some(text)
}

/// The bytes of base64 text with the usual letters and all of its padding.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(4) {
        return None;
    }
    let end = bytes.len()
        - bytes
            .iter()
            .rev()
            .take(2)
            .take_while(|&&it| it == b'=')
            .count();
    let mut made = Vec::with_capacity(bytes.len() / 4 * 3);
    for chunk in bytes.get(..end)?.chunks(4) {
        let mut bits = 0;
        for &letter in chunk {
            let value = match letter {
                b'A'..=b'Z' => letter - b'A',
                b'a'..=b'z' => letter - b'a' + 26,
                b'0'..=b'9' => letter - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        bits <<= 6 * (4 - chunk.len());
        let all = [(bits >> 16) as u8, (bits >> 8) as u8, bits as u8];
        made.extend_from_slice(all.get(..chunk.len().checked_sub(1)?)?);
    }
    Some(made)
}

/// A time in UTC: year, month, day, second of the day, nanoseconds. Only the form that ends in `Z`.
pub fn time(text: &str) -> Option<((i32, u8, u8), i64, i32)> {
    let bytes = text.as_bytes();
    let two = |at: usize| -> Option<u8> {
        let (tens, ones) = (bytes.get(at)?, bytes.get(at + 1)?);
        (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + (ones - b'0'))
    };
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if marks.iter().any(|&(at, mark)| bytes.get(at) != Some(&mark)) {
        return None;
    }
    let year = i32::from(two(0)?) * 100 + i32::from(two(2)?);
    let (month, day) = (two(5)?, two(8)?);
    let (hour, minute, second) = (two(11)?, two(14)?, two(17)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u8::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let exists = year >= 1
        && (1..=12).contains(&month)
        && (1..=days).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    let nanos = fraction(text.get(19..)?.strip_suffix('Z')?)?;
    let clock = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    exists.then_some(((year, month, day), clock, nanos))
}

/// A duration: seconds and nanoseconds of one sign.
pub fn duration(text: &str) -> Option<(i64, i32)> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let text = text.strip_suffix('s')?;
    let at = text.find('.').unwrap_or(text.len());
    let (seconds, part) = text.split_at(at);
    if seconds.is_empty() || seconds.len() > 12 || !seconds.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = seconds.parse().ok()?;
    Some((seconds * i64::from(sign), fraction(part)? * sign))
}

/// The nanoseconds of nothing, or of a point and one to nine digits.
fn fraction(text: &str) -> Option<i32> {
    if text.is_empty() {
        return Some(0);
    }
    let digits = text.strip_prefix('.')?;
    if digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let nanos: i32 = digits.parse().ok()?;
    Some(nanos * 10_i32.pow(9 - u32::try_from(digits.len()).ok()?))
}
