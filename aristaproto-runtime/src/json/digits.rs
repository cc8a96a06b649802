//! Integers and times as JSON text, without Python. In: numbers. Out: their digits, behind what is written already. Called by
//! `encode` and `special`.
//!
//! Eight digits are found at once, side by side in one word: no loop, and no decision for each digit that the processor
//! cannot guess.

/// `0` in each byte.
const ZEROS: u64 = 0x3030_3030_3030_3030;
/// So many numbers have eight digits or fewer.
const EIGHT: u64 = 100_000_000;

/// The digits of a number below 10^8, each in a byte; the first one is the lowest.
#[inline(always)]
fn digits(number: u64) -> u64 {
    let high = number / 10_000;
    // Two halves, then four pairs, then the digits. Divisions by 100 and by 10 are multiplications that are exact so far.
    let halves = high | (number - high * 10_000) << 32;
    let high = (halves * 10_486 >> 20) & 0x7f_0000_007f;
    let pairs = high | (halves - high * 100) << 16;
    let high = (pairs * 103 >> 10) & 0x000f_000f_000f_000f;
    high | (pairs - high * 10) << 8
}

/// The text of a number below 10^8, with zeros in front.
#[inline(always)]
fn padded(number: u64) -> [u8; 8] {
    (digits(number) | ZEROS).to_le_bytes()
}

/// Puts a number below 10^8 without zeros in front.
#[inline(always)]
fn short(number: u64, out: &mut Vec<u8>) {
    let found = digits(number);
    // Zero has one digit, too.
    let zeros = (found.trailing_zeros() / 8).min(7);
    let end = out.len() + 8 - zeros as usize;
    // Eight bytes are put by one instruction, fewer are not.
    out.extend_from_slice(&((found | ZEROS) >> (8 * zeros)).to_le_bytes());
    out.truncate(end);
}

/// Puts an integer.
#[inline]
pub fn unsigned(number: u64, out: &mut Vec<u8>) {
    if number < EIGHT {
        return short(number, out);
    }
    let (high, low) = (number / EIGHT, number % EIGHT);
    if high < EIGHT {
        short(high, out);
    } else {
        short(high / EIGHT, out);
        out.extend_from_slice(&padded(high % EIGHT));
    }
    out.extend_from_slice(&padded(low));
}

/// The same of one with a sign.
#[inline]
pub fn signed(number: i64, out: &mut Vec<u8>) {
    if number < 0 {
        out.push(b'-');
    }
    unsigned(number.unsigned_abs(), out);
}

/// Puts a time as RFC 3339 text in UTC, between quotation marks. `date` is year, month and day, `clock` the seconds of the day;
/// nothing is negative, years have four digits, and `nanos` is below 10^9.
pub fn time((year, month, day): (i32, u8, u8), clock: i64, nanos: i32, out: &mut Vec<u8>) {
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    let date = year.unsigned_abs() * 10_000 + u32::from(month) * 100 + u32::from(day);
    let clock = (hour * 10_000 + minute * 100 + second).unsigned_abs();
    let (date, clock) = (padded(u64::from(date)), padded(clock));
    let mut text = *b"\"0000-00-00T00:00:00";
    text[1..5].copy_from_slice(&date[..4]);
    text[6..8].copy_from_slice(&date[4..6]);
    text[9..11].copy_from_slice(&date[6..]);
    text[12..14].copy_from_slice(&clock[2..4]);
    text[15..17].copy_from_slice(&clock[4..6]);
    text[18..].copy_from_slice(&clock[6..]);
    out.extend_from_slice(&text);
    fraction(nanos.unsigned_abs(), out);
    out.extend_from_slice(b"Z\"");
}

/// Puts a duration in seconds, between quotation marks; `nanos` has the same sign, and is less than one.
pub fn duration(seconds: i64, nanos: i32, out: &mut Vec<u8>) {
    out.push(b'"');
    if seconds < 0 || nanos < 0 {
        out.push(b'-');
    }
    unsigned(seconds.unsigned_abs(), out);
    fraction(nanos.unsigned_abs(), out);
    out.extend_from_slice(b"s\"");
}

/// The part of a second: 0, 3, 6 or 9 digits, the fewest that are exact.
fn fraction(nanos: u32, out: &mut Vec<u8>) {
    let length = match nanos {
        0 => return,
        _ if nanos.is_multiple_of(1_000_000) => 3,
        _ if nanos.is_multiple_of(1000) => 6,
        _ => 9,
    };
    let end = out.len() + 1 + length;
    out.push(b'.');
    out.extend_from_slice(&padded(u64::from(nanos / 10)));
    out.push(b'0' + (nanos % 10) as u8);
    out.truncate(end);
}
