//! Any text, read token by token as the codec does it, and by `serde_json`: both must agree on what is JSON and on its strings and
//! numbers. What is written (strings, base64, numbers, times) must read back.
#![no_main]
#![allow(dead_code, missing_docs)]

#[path = "../../src/json/parse.rs"]
mod parse;
#[path = "../../src/json/text.rs"]
mod text;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;

use parse::Cursor;

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
    let mut out = Vec::new();
    text::string(source, &mut out);
    let written = String::from_utf8(out).unwrap();
    assert!(written.is_ascii());
    assert_eq!(Cursor::new(&written).string().as_deref(), Some(source));
    if let Ok(number) = source.trim().parse::<f64>() {
        if number.is_finite() {
            let mut out = Vec::new();
            text::double(number, &mut out);
            let written = String::from_utf8(out).unwrap();
            assert_eq!(written.parse::<f64>().unwrap().to_bits(), number.to_bits());
            let mut out = Vec::new();
            if text::float(number, &mut out) {
                let written = String::from_utf8(out).unwrap();
                let read: f64 = written.parse().unwrap();
                assert_eq!((read as f32).to_bits(), (number as f32).to_bits());
            }
        }
    }
    if let Some((date, clock, nanos)) = parse::time(source) {
        let mut out = Vec::new();
        text::time(date, clock, nanos, &mut out);
        let written = String::from_utf8(out).unwrap();
        let read = parse::time(written.trim_matches('"'));
        assert_eq!(read, Some((date, clock, nanos)));
    }
    if let Some((seconds, nanos)) = parse::duration(source) {
        let mut out = Vec::new();
        text::duration(seconds, nanos, &mut out);
        let written = String::from_utf8(out).unwrap();
        assert_eq!(parse::duration(written.trim_matches('"')), Some((seconds, nanos)));
    }
}

fn base64(data: &[u8]) {
    let mut out = Vec::new();
    text::base64(data, &mut out);
    let written = String::from_utf8(out).unwrap();
    assert_eq!(parse::base64(written.trim_matches('"')).as_deref(), Some(data));
}
