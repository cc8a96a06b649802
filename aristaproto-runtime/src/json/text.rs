//! JSON text below messages, without Python: strings, numbers, base64, times. Called by `encode` and `dump`.

use std::io::Write as _;

/// The letters of a string, as wide as the widest of them needs.
#[derive(Clone, Copy, Debug)]
pub enum Letters<'a> {
    /// Below 128.
    Ascii(&'a [u8]),
    /// Below 256.
    Latin(&'a [u8]),
    /// Of 16 bits.
    Two(&'a [u16]),
    /// All others.
    Four(&'a [u32]),
}

impl Letters<'_> {
    /// Whether one of them is half of a pair, which has no UTF-8.
    pub fn have_surrogates(self) -> bool {
        match self {
            Self::Ascii(_) | Self::Latin(_) => false,
            Self::Two(units) => units.iter().any(|unit| (0xd800..0xe000).contains(unit)),
            Self::Four(points) => points.iter().any(|point| (0xd800..0xe000).contains(point)),
        }
    }
}

/// Puts a string between quotation marks, everything beyond printable ASCII escaped; false for one with a lone surrogate.
pub fn string(letters: Letters<'_>, out: &mut Vec<u8>) -> bool {
    out.push(b'"');
    let done = match letters {
        Letters::Ascii(bytes) => {
            ascii(bytes, out);
            true
        }
        Letters::Latin(bytes) => wide(bytes.iter().map(|&byte| u32::from(byte)), out),
        Letters::Two(units) => wide(units.iter().map(|&unit| u32::from(unit)), out),
        Letters::Four(points) => wide(points.iter().copied(), out),
    };
    out.push(b'"');
    done
}

/// The same for UTF-8.
pub fn utf8(text: &str, out: &mut Vec<u8>) {
    if text.is_ascii() {
        string(Letters::Ascii(text.as_bytes()), out);
    } else {
        out.push(b'"');
        wide(text.chars().map(u32::from), out);
        out.push(b'"');
    }
}

const fn is_plain(byte: u8) -> bool {
    byte >= b' ' && byte <= b'~' && byte != b'"' && byte != b'\\'
}

/// Whether no byte of eight, all below 128, is one that is escaped. Bit 7 of each byte tells of it.
fn are_plain(eight: [u8; 8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_le_bytes(eight);
    // Of bytes below 128 no sum carries over: what stands apart from a byte has bit 7 when 127 is added.
    let differs = |byte: u8| (word ^ (ONES * u64::from(byte))) + ONES * 127;
    let printable = word + ONES * (128 - u64::from(b' '));
    let no_delete = differs(127);
    (printable & no_delete & differs(b'"') & differs(b'\\')) & (ONES << 7) == ONES << 7
}

fn ascii(bytes: &[u8], out: &mut Vec<u8>) {
    let mut chunks = bytes.chunks_exact(8);
    let plain = chunks.all(|chunk| chunk.try_into().is_ok_and(are_plain))
        && bytes
            .iter()
            .rev()
            .take(bytes.len() % 8)
            .all(|&byte| is_plain(byte));
    if plain {
        out.extend_from_slice(bytes);
        return;
    }
    for &byte in bytes {
        if is_plain(byte) {
            out.push(byte);
        } else {
            escape(byte, out);
        }
    }
}

/// Two hexadecimal digits for each byte.
static HEXADECIMAL: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut table = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    table
};

fn escape(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' => b'"',
        b'\\' => b'\\',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x0c => b'f',
        0x08 => b'b',
        _ => return out.extend_from_slice(&unit(u16::from(byte))),
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// The escape of 16 bits.
#[inline(always)]
fn unit(unit: u16) -> [u8; 6] {
    let [high, low] = unit
        .to_be_bytes()
        .map(|byte| HEXADECIMAL[usize::from(byte)]);
    [b'\\', b'u', high[0], high[1], low[0], low[1]]
}

/// Letters of which some are no ASCII.
#[inline(always)]
fn wide(points: impl Iterator<Item = u32>, out: &mut Vec<u8>) -> bool {
    out.reserve(points.size_hint().0 * 6);
    for point in points {
        match u16::try_from(point) {
            Ok(code @ 0..=127) => match code as u8 {
                byte if is_plain(byte) => out.push(byte),
                byte => escape(byte, out),
            },
            Ok(0xd800..=0xdfff) => return false,
            Ok(code) => out.extend_from_slice(&unit(code)),
            Err(_) => {
                let rest = point.wrapping_sub(0x1_0000);
                out.extend_from_slice(&unit(0xd800 | (rest >> 10) as u16));
                out.extend_from_slice(&unit(0xdc00 | (rest & 0x3ff) as u16));
            }
        }
    }
    true
}

/// Puts an integer.
pub fn int(number: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Puts bytes as base64 between quotation marks, with padding.
pub fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = |bits: u32| -> [u8; 4] {
        [18, 12, 6, 0].map(|shift| LETTERS[(bits >> shift & 63) as usize])
    };
    out.reserve(bytes.len() / 3 * 4 + 6);
    out.push(b'"');
    let mut chunks = bytes.chunks_exact(3);
    for chunk in &mut chunks {
        let bits = chunk
            .iter()
            .fold(0, |bits, &byte| bits << 8 | u32::from(byte));
        out.extend_from_slice(&letters(bits));
    }
    match *chunks.remainder() {
        [one] => {
            let [first, second, ..] = letters(u32::from(one) << 16);
            out.extend_from_slice(&[first, second, b'=', b'=']);
        }
        [one, two] => {
            let [first, second, third, _] = letters(u32::from(one) << 16 | u32::from(two) << 8);
            out.extend_from_slice(&[first, second, third, b'=']);
        }
        _ => {}
    }
    out.push(b'"');
}

/// Puts a time as RFC 3339 text in UTC, between quotation marks. `date` is year, month and day, `clock` the seconds of the day.
pub fn time(date: (i32, u8, u8), clock: i64, nanos: i32, out: &mut Vec<u8>) {
    let (year, month, day) = date;
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    let _ = write!(
        out,
        "\"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
    );
    fraction(nanos, out);
    out.extend_from_slice(b"Z\"");
}

/// Puts a duration in seconds, between quotation marks.
pub fn duration(seconds: i64, nanos: i32, out: &mut Vec<u8>) {
    let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
    let _ = write!(out, "\"{sign}{}", seconds.unsigned_abs());
    fraction(nanos.abs(), out);
    out.extend_from_slice(b"s\"");
}

/// The part of a second: 0, 3, 6 or 9 digits, the fewest that are exact.
fn fraction(nanos: i32, out: &mut Vec<u8>) {
    let _ = if nanos == 0 {
        Ok(())
    } else if nanos % 1_000_000 == 0 {
        write!(out, ".{:03}", nanos / 1_000_000)
    } else if nanos % 1000 == 0 {
        write!(out, ".{:06}", nanos / 1000)
    } else {
        write!(out, ".{nanos:09}")
    };
}
