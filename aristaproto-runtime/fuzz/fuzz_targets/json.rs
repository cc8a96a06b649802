//! Any text, read token by token as the codec does it, and by `serde_json`: both must agree on what is JSON and on its strings and
//! numbers. What is written (strings, base64, numbers, times) must read back.
#![no_main]
#![allow(dead_code, missing_docs)]

#[path = "../../src/tail.rs"]
mod tail;

#[path = "../../src/json"]
mod json {
    pub mod digits;
    pub mod number;
    pub mod page;
    pub mod parse;
    pub mod text;
}

use libfuzzer_sys::fuzz_target;
use serde_json::Value;

use json::page::{Page, Word, ELEMENT, NOTHING};
use json::parse::{Cursor, Text};
use json::text::Letters;
use json::{digits, number, parse, text};

/// serde_json gives up at 128 levels.
const LEVELS: u32 = 120;

fuzz_target!(|data: &[u8]| {
    let Ok(source) = std::str::from_utf8(data) else {
        base64(data);
        return;
    };
    let mut cursor = Cursor::new(source);
    BEYOND.set(false);
    let found = value(&mut cursor, LEVELS).filter(|_| cursor.at_end());
    let expected: Option<Value> = serde_json::from_str(source).ok();
    let mut skipping = Cursor::new(source);
    if found.is_some() {
        // Skipping refuses numbers that reading leaves to the field, and nests less deeply.
        let skipped = skipping.skip().is_some() && skipping.at_end();
        assert!(
            skipped || source.contains(['e', 'E']) || data.len() > 200,
            "not skipped"
        );
    } else {
        assert!(skipping.skip().is_none() || !skipping.at_end(), "skipped");
    }
    match (found, expected) {
        (Some(found), Some(expected)) => assert_eq!(found, expected),
        // Numbers beyond a double are for us a matter of the field.
        (Some(_), None) => assert!(BEYOND.get(), "accepted"),
        (None, Some(expected)) => assert!(deep(&expected, LEVELS) || data.len() > 300, "refused"),
        (None, None) => {}
    }
    round_trips(source);
    base64(data);
});

thread_local! {
    /// A number came up that no double holds.
    static BEYOND: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// A value; null for a number that no double holds.
fn value(cursor: &mut Cursor<'_>, levels: u32) -> Option<Value> {
    match cursor.peek()? {
        b'"' => Some(Value::String(cursor.string()?.into_owned())),
        b'n' => cursor.word("null").then_some(Value::Null),
        b't' => cursor.word("true").then_some(Value::Bool(true)),
        b'f' => cursor.word("false").then_some(Value::Bool(false)),
        b'[' => {
            let levels = levels.checked_sub(1)?;
            cursor.take(b'[');
            let mut items = Vec::new();
            if cursor.take(b']') {
                return Some(Value::Array(items));
            }
            loop {
                items.push(value(cursor, levels)?);
                if cursor.take(b']') {
                    return Some(Value::Array(items));
                }
                cursor.take(b',').then_some(())?;
            }
        }
        b'{' => {
            let levels = levels.checked_sub(1)?;
            cursor.take(b'{');
            let mut items = serde_json::Map::new();
            if cursor.take(b'}') {
                return Some(Value::Object(items));
            }
            loop {
                let key = cursor.string()?.into_owned();
                cursor.take(b':').then_some(())?;
                items.insert(key, value(cursor, levels)?);
                if cursor.take(b'}') {
                    return Some(Value::Object(items));
                }
                cursor.take(b',').then_some(())?;
            }
        }
        _ => {
            let number = cursor.number()?;
            let found = serde_json::from_str(number.text);
            BEYOND.set(BEYOND.get() || found.is_err());
            Some(found.unwrap_or_default())
        }
    }
}

fn deep(value: &Value, levels: u32) -> bool {
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(|it| deep(it, levels - 1)),
        Value::Object(items) => levels == 0 || items.values().any(|it| deep(it, levels - 1)),
        _ => false,
    }
}

fn round_trips(source: &str) {
    let points: Vec<u32> = source.chars().map(u32::from).collect();
    let widest = points.iter().copied().max().unwrap_or_default();
    let units: Vec<u16> = points.iter().map(|&point| point as u16).collect();
    let bytes: Vec<u8> = points.iter().map(|&point| point as u8).collect();
    let letters = match widest {
        0..=0x7f => Letters::Ascii(&bytes),
        0x80..=0xff => Letters::Latin(&bytes),
        0x100..=0xffff => Letters::Two(&units),
        _ => Letters::Four(&points),
    };
    let mut page = Page::default();
    assert!(page.string(letters, &NOTHING));
    let written = cut(&mut page);
    assert!(written.is_ascii());
    assert_eq!(written, expected(source));
    page.utf8(source, &ELEMENT);
    assert_eq!(cut(&mut page), format!(", {written}"));
    short_string(source, &mut page);
    assert_eq!(Cursor::new(&written).string().as_deref(), Some(source));
    let mut room = Vec::new();
    match Cursor::new(&written).text(&mut room) {
        Some(Text::Plain(plain)) => assert_eq!(plain, source),
        Some(Text::Points(found, bits)) => {
            assert_eq!(found, points);
            assert_eq!(bits, points.iter().fold(0, |bits, point| bits | point));
        }
        None => panic!("unreadable"),
    }
    if let Ok(value) = source.trim().parse::<f64>() {
        if value.is_finite() {
            let read = |text: &[u8]| -> f64 { std::str::from_utf8(text).unwrap().parse().unwrap() };
            let written = number::double(value, |text| {
                page.short_text(text, &ELEMENT);
                assert_eq!(cut(&mut page).as_bytes(), [b", ", text].concat());
                read(text)
            });
            assert_eq!(written.to_bits(), value.to_bits());
            if let Some(read) = number::float(value, read) {
                assert_eq!((read as f32).to_bits(), (value as f32).to_bits());
            }
        }
    }
    let mut cursor = Cursor::new(source);
    if let Some((negative, magnitude)) = cursor.integer() {
        let rest = cursor.at_end();
        let mut again = Cursor::new(source);
        let token = match again.peek() {
            Some(b'"') => again.string().unwrap().into_owned(),
            _ => again.number().unwrap().text.to_owned(),
        };
        let sign = if negative { "-" } else { "" };
        assert_eq!(format!("{sign}{magnitude}"), token);
        assert_eq!(rest, again.at_end());
    }
    if let Ok(value) = source.trim().parse::<i64>() {
        ints(value.unsigned_abs(), value < 0, &mut page);
    } else if let Ok(value) = source.trim().parse::<u64>() {
        ints(value, false, &mut page);
    }
    if let Some((date, clock, nanos)) = parse::time(source) {
        let line = digits::time(date, clock, nanos);
        let written = std::str::from_utf8(line.bytes()).unwrap();
        assert_eq!(parse::time(written), Some((date, clock, nanos)));
    }
    if let Some((seconds, nanos)) = parse::duration(source) {
        let line = digits::duration(seconds, nanos);
        let written = std::str::from_utf8(line.bytes()).unwrap();
        assert_eq!(parse::duration(written), Some((seconds, nanos)));
        page.quoted(line.bytes(), &NOTHING);
        assert_eq!(cut(&mut page), format!("\"{written}\""));
    }
}

/// Takes out what was written.
fn cut(page: &mut Page) -> String {
    String::from_utf8(page.cut().bytes().to_vec()).unwrap()
}

/// An integer, alone and in a list of one element.
fn ints(magnitude: u64, negative: bool, page: &mut Page) {
    let sign = if negative { "-" } else { "" };
    let expected = format!("{sign}{magnitude}");
    assert_eq!(
        digits::int(magnitude, negative).bytes(),
        expected.as_bytes()
    );
    let key = Word::new(b"before".to_vec());
    page.int(magnitude, negative, true, &key);
    assert_eq!(cut(page), format!("before\"{expected}\""));
    page.close(b']');
    let end = page.len();
    page.any_int(magnitude, negative, false);
    page.open(b'[', end, &NOTHING);
    assert_eq!(cut(page), format!("[{expected}]"));
}

/// The last bytes, if they are put as a whole.
fn short_string(source: &str, page: &mut Page) {
    let bytes = source.as_bytes();
    let Some(&last) = bytes.last_chunk() else {
        return;
    };
    for length in 0..=json::page::LETTERS {
        let letters = &bytes[bytes.len() - length..];
        let plain = letters
            .iter()
            .all(|byte| (b' '..=b'~').contains(byte) && !b"\"\\".contains(byte));
        assert_eq!(page.short_string(|| last, length, &ELEMENT), plain);
        let expected = format!(", \"{}\"", String::from_utf8_lossy(letters));
        assert_eq!(cut(page), if plain { expected } else { String::new() });
    }
}

/// A string as JSON text in the simplest way.
fn expected(source: &str) -> String {
    let mut made = String::from('"');
    for letter in source.chars() {
        match letter {
            '"' => made.push_str("\\\""),
            '\\' => made.push_str("\\\\"),
            '\n' => made.push_str("\\n"),
            '\r' => made.push_str("\\r"),
            '\t' => made.push_str("\\t"),
            '\x08' => made.push_str("\\b"),
            '\x0c' => made.push_str("\\f"),
            ' '..='~' => made.push(letter),
            _ => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    made.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    made + "\""
}

fn base64(data: &[u8]) {
    let mut page = Page::default();
    page.base64(data, &NOTHING);
    let written = cut(&mut page);
    assert_eq!(written.len(), text::base64_length(data) + 2);
    assert_eq!(
        parse::base64(written.trim_matches('"')).as_deref(),
        Some(data)
    );
}
