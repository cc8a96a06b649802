//! Any text, read token by token as the codec does it, and by `serde_json`: both must agree on what is JSON and on its strings and
//! numbers. What is written (strings, base64, numbers, times) must read back.
#![no_main]
#![allow(dead_code, missing_docs)]

#[path = "../../src/jsontext/mod.rs"]
mod jsontext;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;

use jsontext::lexer::Cursor;
use jsontext::writer::TextWriter;
use jsontext::{escape, numbers, time};

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
    let quoted = written(|out| escape::write_string(source, out));
    assert!(quoted.is_ascii());
    assert_eq!(quoted, expected(source));
    assert_eq!(Cursor::new(&quoted).string().as_deref(), Some(source));
    let text = source.trim();
    if let Some(value) = text.parse::<f64>().ok().filter(|value| value.is_finite()) {
        assert_eq!(read(numbers::double_text(value)).to_bits(), value.to_bits());
        if let Some(float) = numbers::float_text(value) {
            assert_eq!((read(float) as f32).to_bits(), (value as f32).to_bits());
        }
        if numbers::is_number(text) {
            let whole = numbers::whole_number(text).map(|(negative, magnitude)| {
                let magnitude = i128::from(magnitude);
                if negative {
                    -magnitude
                } else {
                    magnitude
                }
            });
            // Doubles are exact so far.
            if let Some(whole) = whole.filter(|whole| whole.abs() < 1 << 53) {
                assert_eq!(whole as f64, value);
            }
            if value.fract() != 0.0 {
                assert_eq!(whole, None);
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
    if let Ok(value) = text.parse::<i64>() {
        ints(value.unsigned_abs(), value < 0);
    } else if let Ok(value) = text.parse::<u64>() {
        ints(value, false);
    }
    if let Some((seconds, nanos)) = time::read_timestamp(source) {
        let written = time::timestamp_text(seconds, nanos).unwrap();
        let written = std::str::from_utf8(written.bytes()).unwrap();
        assert_eq!(time::read_timestamp(written), Some((seconds, nanos)));
    }
    if let Some((seconds, nanos)) = time::read_duration(source) {
        let written = time::duration_text(seconds, nanos).unwrap();
        let written = std::str::from_utf8(written.bytes()).unwrap();
        assert_eq!(time::read_duration(written), Some((seconds, nanos)));
    }
}

/// What `write` writes.
fn written(write: impl FnOnce(&mut TextWriter)) -> String {
    let mut out = TextWriter::default();
    write(&mut out);
    String::from_utf8(out.finish().unwrap().to_vec()).unwrap()
}

fn read(text: numbers::ShortText) -> f64 {
    std::str::from_utf8(text.bytes()).unwrap().parse().unwrap()
}

fn ints(magnitude: u64, negative: bool) {
    let sign = if negative { "-" } else { "" };
    let expected = format!("{sign}{magnitude}");
    assert_eq!(
        numbers::int_text(magnitude, negative).bytes(),
        expected.as_bytes()
    );
    assert_eq!(
        written(|out| numbers::write_int(magnitude, negative, out)),
        expected
    );
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
    let written = written(|out| jsontext::base64::write(data, out));
    assert_eq!(written.len(), data.len().div_ceil(3) * 4);
    assert_eq!(jsontext::base64::read(&written), Ok(Some(data.to_vec())));
    let bare = written
        .trim_end_matches('=')
        .replace('+', "-")
        .replace('/', "_");
    assert_eq!(jsontext::base64::read(&bare), Ok(Some(data.to_vec())));
}
