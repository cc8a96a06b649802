//! Integers and times as JSON text, without Python. In: numbers. Out: their digits. Called by `page` and `special`.
//!
//! Eight digits are found at once, side by side in one word: no loop, and no decision for each digit that the processor
//! cannot guess.

/// `0` in each byte.
const ZEROS: u64 = 0x3030_3030_3030_3030;
/// So many numbers have eight digits or fewer.
pub const EIGHT: u64 = 100_000_000;

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
pub fn padded(number: u64) -> [u8; 8] {
    (digits(number) | ZEROS).to_le_bytes()
}

/// The same, and how many of the digits count.
#[inline(always)]
pub fn short(number: u64) -> ([u8; 8], usize) {
    let found = digits(number);
    // Zero has one digit, too.
    let zeros = (found.trailing_zeros() / 8).min(7);
    ((found | ZEROS).to_le_bytes(), 8 - zeros as usize)
}

/// The text of any number with zeros in front: the last eight digits, those before them, and the others.
#[inline(always)]
pub fn all(number: u64) -> [[u8; 8]; 3] {
    let (high, low) = (number / EIGHT, number % EIGHT);
    [low, high % EIGHT, high / EIGHT].map(padded)
}

/// How many digits a number has.
#[inline(always)]
pub fn count(number: u64) -> usize {
    /// The first numbers of so many digits.
    static FIRST: [u64; 20] = {
        let mut powers = [1; 20];
        let mut index = 1;
        while index < 20 {
            powers[index] = powers[index - 1] * 10;
            index += 1;
        }
        powers
    };
    // Ten is two to the power of 4096 / 1233, nearly.
    let fewest = ((number | 1).ilog2() as usize + 1) * 1233 / 4096;
    // Zero has one digit, too.
    let more = FIRST.get(fewest).is_some_and(|&first| number | 1 >= first);
    fewest + usize::from(more)
}

/// A number, a time or a duration as text.
#[derive(Default)]
pub struct Line {
    bytes: [u8; 32],
    length: usize,
}

impl Line {
    /// It.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    fn push(&mut self, more: &[u8]) {
        let end = self.length + more.len();
        if let Some(room) = self.bytes.get_mut(self.length..end) {
            room.copy_from_slice(more);
            self.length = end;
        }
    }

    fn digits(&mut self, number: u64) {
        let [low, middle, high] = all(number);
        let digits = [high, middle, low];
        let digits = digits.as_flattened();
        let start = digits.len().saturating_sub(count(number));
        self.push(digits.get(start..).unwrap_or_default());
    }

    /// The part of a second: 0, 3, 6 or 9 digits, the fewest that are exact.
    fn fraction(&mut self, nanos: u32) {
        let length = match nanos {
            0 => return,
            _ if nanos.is_multiple_of(1_000_000) => 3,
            _ if nanos.is_multiple_of(1000) => 6,
            _ => 9,
        };
        let [low, high, _] = all(u64::from(nanos));
        let [.., first] = high;
        let mut digits = *b".000000000";
        digits[1] = first;
        digits[2..].copy_from_slice(&low);
        self.push(digits.get(..=length).unwrap_or_default());
    }
}

/// An integer.
pub fn int(magnitude: u64, negative: bool) -> Line {
    let mut line = Line::default();
    if negative {
        line.push(b"-");
    }
    line.digits(magnitude);
    line
}

/// A time as RFC 3339 text in UTC. `date` is year, month and day, `clock` the seconds of the day; nothing is negative, years have
/// four digits, and `nanos` is below 10^9.
pub fn time((year, month, day): (i32, u8, u8), clock: i64, nanos: i32) -> Line {
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    let date = year.unsigned_abs() * 10_000 + u32::from(month) * 100 + u32::from(day);
    let clock = (hour * 10_000 + minute * 100 + second).unsigned_abs();
    let (date, clock) = (padded(u64::from(date)), padded(clock));
    let mut text = *b"0000-00-00T00:00:00";
    text[..4].copy_from_slice(&date[..4]);
    text[5..7].copy_from_slice(&date[4..6]);
    text[8..10].copy_from_slice(&date[6..]);
    text[11..13].copy_from_slice(&clock[2..4]);
    text[14..16].copy_from_slice(&clock[4..6]);
    text[17..].copy_from_slice(&clock[6..]);
    let mut line = Line::default();
    line.push(&text);
    line.fraction(nanos.unsigned_abs());
    line.push(b"Z");
    line
}

/// A duration in seconds; `nanos` has the same sign, and is less than one.
pub fn duration(seconds: i64, nanos: i32) -> Line {
    let mut line = Line::default();
    if seconds < 0 || nanos < 0 {
        line.push(b"-");
    }
    line.digits(seconds.unsigned_abs());
    line.fraction(nanos.unsigned_abs());
    line.push(b"s");
    line
}
