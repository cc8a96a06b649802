//! Floating-point numbers as JSON text, without Python: the fewest digits that name the number, in the form of Python's
//! `repr`. Called by `writers` and `dump`.

use std::io::Write as _;

/// Calls `put` with the text of a finite double.
#[inline]
pub fn double<T>(number: f64, put: impl FnOnce(&[u8]) -> T) -> T {
    let mut buffer = zmij::Buffer::new();
    in_form(number, buffer.format_finite(number), put)
}

/// Calls `put` with the fewest digits, from six on, that name the nearest float of a finite number; `None` beyond the largest
/// float.
pub fn float<T>(number: f64, put: impl FnOnce(&[u8]) -> T) -> Option<T> {
    let single = number as f32;
    if single.is_infinite() {
        return None;
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(number);
    // Most are short: with a point, and maybe a sign.
    if text.len() <= 7 || significant(text) <= 6 {
        return Some(in_form(number, text, put));
    }
    // Of a float that has as much room below as above, the digits nearest to it are the shortest, too. In a subnormal one
    // six digits are more than the shortest.
    let even_room = single.is_normal() && single.to_bits() << 9 != 0;
    if even_room && f64::from(single).to_bits() == number.to_bits() {
        return Some(in_form(number, buffer.format_finite(single), put));
    }
    for precision in 5..8 {
        let text = format!("{number:.precision$e}");
        let short = text.parse::<f64>();
        if short.is_ok_and(|short| (short as f32).to_bits() == single.to_bits()) {
            return Some(put(&python_form(&text)));
        }
    }
    Some(put(&python_form(&format!("{:.8e}", f64::from(single)))))
}

/// Calls `put` with the digits of a number.
#[inline]
fn in_form<T>(number: f64, text: &str, put: impl FnOnce(&[u8]) -> T) -> T {
    // In this range both forms are the same.
    if (1e-4..1e12).contains(&number.abs()) {
        put(text.as_bytes())
    } else {
        put(&python_form(text))
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
fn python_form(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(32);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits: Vec<u8> = Vec::with_capacity(24);
    digits.extend(whole.bytes().chain(part.bytes()));
    let leading = digits.iter().take_while(|&&digit| digit == b'0').count();
    digits.drain(..leading);
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    out.extend_from_slice(sign.as_bytes());
    if digits.is_empty() {
        out.extend_from_slice(b"0.0");
        return out;
    }
    // Where the point stands, counted from the first digit.
    let point = i32::try_from(whole.len()).unwrap_or_default()
        - i32::try_from(leading).unwrap_or_default()
        + exponent;
    let (first, rest) = digits.split_at(1);
    if !(-3..=16).contains(&point) {
        out.extend_from_slice(first);
        if !rest.is_empty() {
            out.push(b'.');
            out.extend_from_slice(rest);
        }
        let exponent = point - 1;
        let sign = if exponent < 0 { '-' } else { '+' };
        let _ = write!(out, "e{sign}{:02}", exponent.abs());
        return out;
    }
    let place = point.unsigned_abs() as usize;
    if point <= 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + place, b'0');
        out.extend_from_slice(&digits);
        return out;
    }
    let (before, after) = digits.split_at(place.min(digits.len()));
    out.extend_from_slice(before);
    out.resize(out.len() + place - before.len(), b'0');
    out.push(b'.');
    out.extend_from_slice(if after.is_empty() { b"0" } else { after });
    out
}
