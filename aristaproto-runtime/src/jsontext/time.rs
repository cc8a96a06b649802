//! Times and durations as JSON text, and the calendar behind them (the proleptic Gregorian one, in UTC).
//!
//! <https://protobuf.dev/reference/protobuf/google.protobuf/#timestamp>, <https://datatracker.ietf.org/doc/html/rfc3339>

use super::numbers::{padded, ShortText};

/// Seconds since 1970 of the first and the last second that a Timestamp can tell: the years 1 to 9999.
pub const TIMES: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// Seconds of 10,000 years, the longest Duration.
pub const LONGEST: i64 = 315_576_000_000;
/// Nanoseconds of a second.
pub const BILLION: i32 = 1_000_000_000;
const DAY: i64 = 86_400;

/// Whether a Timestamp can tell so many seconds and nanoseconds.
pub fn is_time(seconds: i64, nanos: i32) -> bool {
    TIMES.contains(&seconds) && (0..BILLION).contains(&nanos)
}

/// Whether a Duration can.
pub fn is_span(seconds: i64, nanos: i32) -> bool {
    let one_sign = seconds.signum() * i64::from(nanos.signum()) >= 0;
    (-LONGEST..=LONGEST).contains(&seconds)
        && nanos.unsigned_abs() < BILLION.unsigned_abs()
        && one_sign
}

/// Year, month and day of a number of days since 1970. Eras have 400 years and begin in March.
#[allow(clippy::cast_sign_loss)] // Months and days are positive.
pub fn civil(days: i64) -> (i32, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as i32, month as u8, day as u8)
}

/// The days since 1970 of a date; the other way round.
pub fn days_of(year: i32, month: u8, day: u8) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let month = i64::from(month);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The text of a Timestamp: RFC 3339 in UTC; `None` for parts of no time.
pub fn timestamp_text(seconds: i64, nanos: i32) -> Option<ShortText> {
    if !is_time(seconds, nanos) {
        return None;
    }
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    let clock = seconds.rem_euclid(DAY);
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
    let mut line = ShortText::default();
    line.push(&text);
    push_fraction(&mut line, nanos.unsigned_abs());
    line.push(b"Z");
    Some(line)
}

/// The text of a Duration in seconds; `None` for parts of none.
pub fn duration_text(seconds: i64, nanos: i32) -> Option<ShortText> {
    if !is_span(seconds, nanos) {
        return None;
    }
    let mut line = ShortText::default();
    if seconds < 0 || nanos < 0 {
        line.push(b"-");
    }
    line.push_digits(seconds.unsigned_abs());
    push_fraction(&mut line, nanos.unsigned_abs());
    line.push(b"s");
    Some(line)
}

/// The part of a second: 0, 3, 6 or 9 digits, the fewest that are exact.
fn push_fraction(line: &mut ShortText, nanos: u32) {
    let length = match nanos {
        0 => return,
        _ if nanos % 1_000_000 == 0 => 3,
        _ if nanos % 1000 == 0 => 6,
        _ => 9,
    };
    let mut digits = *b".000000000";
    digits[1] = b'0' + (nanos / 100_000_000) as u8;
    digits[2..].copy_from_slice(&padded(u64::from(nanos % 100_000_000)));
    line.push(digits.get(..=length).unwrap_or_default());
}

/// Seconds since 1970 and nanoseconds of RFC 3339 text in the form of `ProtoJSON`: capital `T` and `Z`, up to nine digits of a
/// fraction, `Z` or an offset.
pub fn read_timestamp(text: &str) -> Option<(i64, i32)> {
    let bytes = text.as_bytes();
    let two = |at: usize| two_digits(bytes, at);
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if marks.iter().any(|&(at, mark)| bytes.get(at) != Some(&mark)) {
        return None;
    }
    let year = i32::from(two(0)?) * 100 + i32::from(two(2)?);
    let (month, day) = (two(5)?, two(8)?);
    let (hour, minute, second) = (two(11)?, two(14)?, two(17)?);
    let exists = year >= 1
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !exists {
        return None;
    }
    let rest = text.get(19..)?;
    let (part, offset) = match rest.strip_suffix('Z') {
        Some(part) => (part, 0),
        None => split_offset(rest)?,
    };
    let clock = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    let seconds = days_of(year, month, day) * DAY + clock - offset;
    let nanos = read_fraction(part)?;
    TIMES.contains(&seconds).then_some((seconds, nanos))
}

/// What stands before an offset such as `+01:30`, and its seconds.
fn split_offset(text: &str) -> Option<(&str, i64)> {
    let at = text.len().checked_sub(6)?;
    let bytes = text.as_bytes();
    let (hour, minute) = (two_digits(bytes, at + 1)?, two_digits(bytes, at + 4)?);
    let sign = match bytes.get(at)? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let exists = bytes.get(at + 3) == Some(&b':') && hour < 24 && minute < 60;
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60;
    exists.then_some((text.get(..at)?, sign * seconds))
}

fn two_digits(bytes: &[u8], at: usize) -> Option<u8> {
    let (tens, ones) = (bytes.get(at)?, bytes.get(at + 1)?);
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| (tens - b'0') * 10 + (ones - b'0'))
}

fn days_in(year: i32, month: u8) -> u8 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + u8::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Seconds and nanoseconds, of one sign, of the text of a duration.
pub fn read_duration(text: &str) -> Option<(i64, i32)> {
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
    let nanos = read_fraction(part)?;
    (seconds <= LONGEST).then_some((seconds * i64::from(sign), nanos * sign))
}

/// The nanoseconds of nothing, or of a point and one to nine digits.
fn read_fraction(text: &str) -> Option<i32> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: Option<ShortText>) -> String {
        String::from_utf8(line.unwrap().bytes().to_vec()).unwrap()
    }

    #[test]
    fn days_and_dates_are_each_others_inverse() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        for days in (-719_162..2_932_896).step_by(97) {
            let (year, month, day) = civil(days);
            assert_eq!(days_of(year, month, day), days);
        }
    }

    #[test]
    fn times_are_written_with_as_few_digits_as_are_exact() {
        assert_eq!(text(timestamp_text(0, 0)), "1970-01-01T00:00:00Z");
        assert_eq!(
            text(timestamp_text(-1, 500_000_000)),
            "1969-12-31T23:59:59.500Z"
        );
        assert_eq!(
            text(timestamp_text(*TIMES.start(), 1000)),
            "0001-01-01T00:00:00.000001Z"
        );
        assert_eq!(
            text(timestamp_text(*TIMES.end(), 1)),
            "9999-12-31T23:59:59.000000001Z"
        );
        assert!(timestamp_text(TIMES.end() + 1, 0).is_none());
        assert!(timestamp_text(0, -1).is_none());
    }

    #[test]
    fn times_are_read_with_offsets() {
        assert_eq!(read_timestamp("1970-01-01T00:00:00Z"), Some((0, 0)));
        assert_eq!(
            read_timestamp("1970-01-01T01:30:00.5+01:30"),
            Some((0, 500_000_000))
        );
        assert_eq!(read_timestamp("1969-12-31T18:00:00-06:00"), Some((0, 0)));
        for text in [
            "1970-01-01t00:00:00Z",
            "1970-01-01T00:00:00z",
            "1970-01-01T00:00:00",
            "1970-01-01T24:00:00Z",
            "1970-02-29T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00.1234567890Z",
            "1970-01-01T00:00:00+24:00",
            "1970-01-01T00:00:00+0100",
            "1970-01-01T00:00:00é",
        ] {
            assert_eq!(read_timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn durations_come_back() {
        for parts in [
            (0, 0),
            (1, 500_000_000),
            (-1, -1),
            (0, -1000),
            (LONGEST, 999_999_999),
        ] {
            let written = text(duration_text(parts.0, parts.1));
            assert_eq!(read_duration(&written), Some(parts), "{written}");
        }
        assert_eq!(text(duration_text(0, -1_000_000)), "-0.001s");
        assert!(duration_text(1, -1).is_none());
        for text in [
            "",
            "s",
            "1",
            "1.s",
            ".5s",
            "+1s",
            "315576000001s",
            "1.0000000000s",
            "1 s",
        ] {
            assert_eq!(read_duration(text), None, "{text}");
        }
    }
}
