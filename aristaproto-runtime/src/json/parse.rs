//! The tokens of JSON text, without Python. In: UTF-8. Out: one token after the other; or nothing, for what is no JSON or so
//! unusual that the plain codec is to judge it. Called by `decode`.
//!
//! <https://datatracker.ietf.org/doc/html/rfc8259>

use std::borrow::Cow;

/// Longer numbers are left to the plain codec, which knows what Python makes of them.
const LONGEST_NUMBER: usize = 300;

/// What has more digits in its exponent is no number for Python's `Decimal`, by which the plain codec reads.
const LONGEST_EXPONENT: usize = 15;

/// Objects and arrays in each other that are passed over; Python's parser takes more.
const DEEPEST: u32 = 100;

/// The text of a string.
#[derive(Debug, PartialEq, Eq)]
pub enum Text<'a, 'b> {
    /// As it stands in the source, between the quotation marks.
    Plain(&'a str),
    /// Letters, with escapes resolved, and all bits that are set in one of them.
    Points(&'b [u32], u32),
}

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

impl Number<'_> {
    /// Whether Python reads it, too, without an error of its own.
    pub fn is_usual(self) -> bool {
        let exponent = self.text.split(['e', 'E']).nth(1);
        exponent.is_none_or(|digits| digits.len() <= LONGEST_EXPONENT)
    }
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
        let mut points = Vec::new();
        Some(match self.text(&mut points)? {
            Text::Plain(text) => Cow::Borrowed(text),
            Text::Points(points, _) => {
                Cow::Owned(points.iter().copied().filter_map(char::from_u32).collect())
            }
        })
    }

    /// The same, as letters: what needs them goes into `points`.
    #[inline]
    pub fn text<'b>(&mut self, points: &'b mut Vec<u32>) -> Option<Text<'a, 'b>> {
        if !self.take(b'"') {
            return None;
        }
        let start = self.pos;
        self.pos += self.plain_run()?;
        if self.text.as_bytes().get(self.pos) == Some(&b'"') {
            let plain = self.text.get(start..self.pos)?;
            self.pos += 1;
            return Some(Text::Plain(plain));
        }
        let plain = self.text.get(start..self.pos)?;
        points.clear();
        points.extend(plain.chars().map(u32::from));
        self.escaped_text(points)?;
        let widest = points.iter().fold(0, |all, point| all | point);
        Some(Text::Points(points, widest))
    }

    /// Takes the rest of a string that has escapes.
    fn escaped_text(&mut self, points: &mut Vec<u32>) -> Option<()> {
        let bytes = self.text.as_bytes();
        loop {
            let rest = bytes.get(self.pos..)?;
            if let Some(&[b'\\', b'u', ref digits @ ..]) = rest.first_chunk::<6>() {
                let unit = hexadecimal(*digits);
                if unit < 0xd800 {
                    self.pos += 6;
                    points.push(unit);
                    continue;
                }
            }
            match *rest.first()? {
                b'"' => {
                    self.pos += 1;
                    return Some(());
                }
                b'\\' => {
                    self.pos += 1;
                    points.push(self.escaped()?);
                }
                byte @ b' '..=127 => {
                    self.pos += 1;
                    points.push(u32::from(byte));
                }
                _ => {
                    let length = self.plain_run().filter(|&length| length > 0)?;
                    let plain = self.text.get(self.pos..self.pos + length)?;
                    points.extend(plain.chars().map(u32::from));
                    self.pos += length;
                }
            }
        }
    }

    /// Number of bytes up to a quotation mark, a backslash or a control character.
    #[inline]
    fn plain_run(&self) -> Option<usize> {
        const ONES: u64 = 0x0101_0101_0101_0101;
        let rest = self.text.as_bytes().get(self.pos..)?;
        let mut length = 0;
        for chunk in rest.chunks_exact(8) {
            let word = u64::from_le_bytes(chunk.try_into().ok()?);
            // Bit 7 of the first byte below `limit`, itself below 128; of those behind it, anything.
            let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word;
            let same = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
            let found = (below(word, 32) | same(b'"') | same(b'\\')) & (ONES << 7);
            if found != 0 {
                return Some(length + found.trailing_zeros() as usize / 8);
            }
            length += 8;
        }
        let last = rest.get(length..)?.iter();
        last.clone()
            .position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ')
            .map(|position| length + position)
    }

    fn escaped(&mut self) -> Option<u32> {
        let byte = *self.text.as_bytes().get(self.pos)?;
        self.pos += 1;
        Some(match byte {
            b'u' => {
                let first = self.hexadecimal()?;
                if !(0xd800..0xe000).contains(&first) {
                    return Some(first);
                }
                if first >= 0xdc00 || self.text.as_bytes().get(self.pos..self.pos + 2)? != b"\\u" {
                    return None;
                }
                self.pos += 2;
                let second = self.hexadecimal()?;
                if !(0xdc00..0xe000).contains(&second) {
                    return None;
                }
                0x1_0000 + ((first & 0x3ff) << 10 | second & 0x3ff)
            }
            b'"' | b'\\' | b'/' => u32::from(byte),
            b'b' => 8,
            b'f' => 12,
            b'n' => 10,
            b'r' => 13,
            b't' => 9,
            _ => return None,
        })
    }

    #[inline]
    fn hexadecimal(&mut self) -> Option<u32> {
        let digits = self.text.as_bytes().get(self.pos..)?.first_chunk()?;
        self.pos += 4;
        let unit = hexadecimal(*digits);
        (unit < NO_DIGIT).then_some(unit)
    }

    /// Passes over a value, whatever it is.
    pub fn skip(&mut self) -> Option<()> {
        self.skip_value(DEEPEST)
    }

    fn skip_value(&mut self, levels: u32) -> Option<()> {
        let found = match self.peek()? {
            b'"' => return self.string().map(drop),
            b'n' => self.word("null"),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            mark @ (b'[' | b'{') => return self.skip_members(mark, levels.checked_sub(1)?),
            _ => self.number()?.is_usual(),
        };
        found.then_some(())
    }

    fn skip_members(&mut self, mark: u8, levels: u32) -> Option<()> {
        let end = mark + 2;
        self.take(mark);
        if self.take(end) {
            return Some(());
        }
        loop {
            if mark == b'{' {
                self.string()?;
                self.take(b':').then_some(())?;
            }
            self.skip_value(levels)?;
            if self.take(end) {
                return Some(());
            }
            self.take(b',').then_some(())?;
        }
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
    pub fn number(&mut self) -> Option<Number<'a>> {
        self.peek()?;
        let rest = self.text.get(self.pos..)?;
        let (length, is_whole) = number_length(rest.as_bytes())?;
        let text = rest.get(..length)?;
        self.pos += length;
        (length <= LONGEST_NUMBER).then_some(Number { text, is_whole })
    }
}

/// Powers of ten, which are exact as doubles.
#[allow(clippy::cast_precision_loss)] // None is lost below 2^53.
const TENS: [(u64, f64); 16] = {
    let mut tens = [(1, 1.0); 16];
    let mut index = 1;
    while index < tens.len() {
        let power = tens[index - 1].0 * 10;
        tens[index] = (power, power as f64);
        index += 1;
    }
    tens
};

/// What four hexadecimal digits are worth; `NO_DIGIT` or more if one of them is none.
#[inline]
fn hexadecimal(digits: [u8; 4]) -> u32 {
    let values = digits.map(|digit| NIBBLES[usize::from(digit)]);
    values.into_iter().fold(0, |all, value| all << 4 | value)
}

/// Whether a number has a minus, and what follows it.
#[inline]
fn sign(bytes: &[u8]) -> (bool, &[u8]) {
    match bytes {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, bytes),
    }
}

/// As `leading_digits`, at least one and none too many in front; what JSON has before a point.
#[inline]
fn whole_digits(bytes: &[u8]) -> Option<(u64, usize)> {
    let (number, length) = leading_digits(bytes);
    let is_padded = length > 1 && bytes.first() == Some(&b'0');
    (length > 0 && !is_padded).then_some((number, length))
}

/// The number that a text begins with, and how many digits it has: exact for up to 19.
#[inline]
fn leading_digits(bytes: &[u8]) -> (u64, usize) {
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
