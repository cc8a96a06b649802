//! JSON text below messages, without Python: strings, numbers, base64, times. Called by `encode`.

use std::io::Write as _;

/// Puts a string between quotation marks, everything beyond printable ASCII escaped.
pub fn string(text: &str, out: &mut Vec<u8>) {
    let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\';
    out.reserve(text.len() + 2);
    out.push(b'"');
    // Without a way out of the loop, it looks at many bytes at once.
    if text
        .bytes()
        .fold(true, |plain, byte| plain & is_plain(byte))
    {
        out.extend_from_slice(text.as_bytes());
    } else {
        for letter in text.chars() {
            match u8::try_from(letter) {
                Ok(byte) if is_plain(byte) => out.push(byte),
                _ => escape(letter, out),
            }
        }
    }
    out.push(b'"');
}

fn escape(letter: char, out: &mut Vec<u8>) {
    let short = match letter {
        '"' => b'"',
        '\\' => b'\\',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        '\x0c' => b'f',
        '\x08' => b'b',
        _ => {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                let digit = |shift: u16| DIGITS.get(usize::from(*unit >> shift & 15)).copied();
                let digits = [digit(12), digit(8), digit(4), digit(0)];
                out.extend_from_slice(b"\\u");
                out.extend_from_slice(&digits.map(Option::unwrap_or_default));
            }
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Puts an integer.
pub fn int(number: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Puts bytes as base64 between quotation marks, with padding.
pub fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    out.push(b'"');
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let letter = LETTERS.get((bits >> (18 - 6 * at) & 63) as usize);
            out.push(match letter {
                Some(&letter) if at <= chunk.len() => letter,
                _ => b'=',
            });
        }
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

/// Puts a finite double with the fewest digits that name it, in the form of Python's `repr`.
pub fn double(number: f64, out: &mut Vec<u8>) {
    let text = format!("{number:e}");
    let count = significant(&text);
    if count >= 15 || number.abs() < 1e-300 {
        // Halfway between two that are as short, Python takes the even one; with fewer digits there is no such case.
        let even = format!("{number:.*e}", count - 1);
        if even.parse() == Ok(number) {
            return digits(&even, out);
        }
    }
    digits(&text, out);
}

/// How many digits a number like `-1.25e-7` has before its exponent; at least one.
fn significant(text: &str) -> usize {
    let mantissa = text.bytes().take_while(|&byte| byte != b'e');
    mantissa.filter(u8::is_ascii_digit).count().max(1)
}

/// Puts a finite number of a float field with the fewest digits, from six on, that name the nearest float; false beyond the
/// largest float, with nothing written.
pub fn float(number: f64, out: &mut Vec<u8>) -> bool {
    let single = number as f32;
    if single.is_infinite() {
        return false;
    }
    let text = format!("{number:e}");
    if significant(&text) <= 6 {
        digits(&text, out);
        return true;
    }
    for precision in 5..8 {
        let text = format!("{number:.precision$e}");
        if text
            .parse::<f64>()
            .is_ok_and(|short| (short as f32).to_bits() == single.to_bits())
        {
            digits(&text, out);
            return true;
        }
    }
    digits(&format!("{:.8e}", f64::from(single)), out);
    true
}

/// Puts a number given as `-1.25e-7` in the form of Python's `repr`: with an exponent below 10^-4 and from 10^16 on.
fn digits(text: &str, out: &mut Vec<u8>) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let part = part.trim_end_matches('0');
    out.extend_from_slice(sign.as_bytes());
    if !(-4..16).contains(&exponent) {
        out.extend_from_slice(whole.as_bytes());
        if !part.is_empty() {
            out.push(b'.');
            out.extend_from_slice(part.as_bytes());
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "e{sign}{:02}", exponent.abs());
        return;
    }
    let shift = exponent.unsigned_abs() as usize;
    if exponent < 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + shift - 1, b'0');
        out.extend_from_slice(whole.as_bytes());
        out.extend_from_slice(part.as_bytes());
        return;
    }
    out.extend_from_slice(whole.as_bytes());
    let (before, after) = part.split_at(shift.min(part.len()));
    out.extend_from_slice(before.as_bytes());
    out.resize(out.len() + shift - before.len(), b'0');
    out.push(b'.');
    out.extend_from_slice(if after.is_empty() {
        b"0"
    } else {
        after.as_bytes()
    });
}
