//! Declared defaults: text of a descriptor in, value out.

use crate::descriptor::field_descriptor_proto::Type;
use crate::model::DefaultValue;

/// The default of a scalar field. None if the text is no value of the type, which no compiler lets pass.
pub(super) fn parse(kind: Type, text: &str) -> Option<DefaultValue> {
    Some(match kind {
        Type::Bool => DefaultValue::Bool(text.parse().ok()?),
        Type::String => DefaultValue::String(text.to_owned()),
        Type::Bytes => DefaultValue::Bytes(unescape(text)?),
        Type::Float | Type::Double => DefaultValue::Float(text.parse().ok()?),
        Type::Int64
        | Type::Int32
        | Type::Sfixed32
        | Type::Sfixed64
        | Type::Sint32
        | Type::Sint64 => DefaultValue::Integer(text.parse::<i64>().ok()?.to_string()),
        Type::Uint64 | Type::Uint32 | Type::Fixed64 | Type::Fixed32 => {
            DefaultValue::Integer(text.parse::<u64>().ok()?.to_string())
        }
        Type::Enum | Type::Group | Type::Message => return None,
    })
}

/// Undoes the C escapes that descriptors write bytes with.
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut result = Vec::with_capacity(text.len());
    let mut bytes = text.bytes().peekable();
    while let Some(c) = bytes.next() {
        if c != b'\\' {
            result.push(c);
            continue;
        }
        let escape = bytes.next()?;
        let (radix, mut value, most) = match escape {
            b'n' => (0, b'\n', 0),
            b't' => (0, b'\t', 0),
            b'r' => (0, b'\r', 0),
            b'a' => (0, 7, 0),
            b'b' => (0, 8, 0),
            b'f' => (0, 12, 0),
            b'v' => (0, 11, 0),
            b'x' | b'X' => (16, 0, 2),
            b'0'..=b'7' => (8, escape - b'0', 2),
            other => (0, other, 0),
        };
        for _ in 0..most {
            let Some(digit) = bytes.peek().and_then(|&c| char::from(c).to_digit(radix)) else {
                break;
            };
            value = u8::try_from(u32::from(value) * radix + digit).ok()?;
            bytes.next();
        }
        result.push(value);
    }
    Some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_reads_its_own_text() {
        let integer = |text: &str| Some(DefaultValue::Integer(text.to_owned()));
        assert_eq!(parse(Type::Int32, "-5"), integer("-5"));
        assert_eq!(
            parse(Type::Uint64, "18446744073709551615"),
            integer("18446744073709551615")
        );
        assert_eq!(parse(Type::Float, "1e+06"), Some(DefaultValue::Float(1e6)));
        assert_eq!(
            parse(Type::Double, "-inf"),
            Some(DefaultValue::Float(f64::NEG_INFINITY))
        );
        assert_eq!(parse(Type::Bool, "true"), Some(DefaultValue::Bool(true)));
        assert_eq!(parse(Type::Int32, "x"), None);
    }

    #[test]
    fn bytes_are_unescaped() {
        assert_eq!(
            parse(Type::Bytes, r#"a\000\001\377\n\\\"\x41\'\7"#),
            Some(DefaultValue::Bytes(b"a\x00\x01\xff\n\\\"A'\x07".to_vec()))
        );
        assert_eq!(parse(Type::Bytes, "\\"), None);
        assert_eq!(parse(Type::Bytes, r"\777"), None);
    }
}
