//! Strings as JSON text: everything beyond printable ASCII is escaped, as by Python's `json.dumps`.
//!
//! <https://datatracker.ietf.org/doc/html/rfc8259#section-7>

use super::writer::TextWriter;

/// Writes a string between quotation marks.
pub fn write_string(text: &str, out: &mut TextWriter) {
    out.push(b'"');
    write_escaped(text, out);
    out.push(b'"');
}

/// Writes a string without the quotation marks.
pub fn write_escaped(text: &str, out: &mut TextWriter) {
    let mut rest = text;
    loop {
        let (plain, odd) = rest.split_at(plain_length(rest.as_bytes()));
        out.put(plain.as_bytes());
        let mut letters = odd.chars();
        // In a text of another script, what is escaped comes in runs, too.
        for letter in letters.by_ref().take(RUN) {
            write_letter(letter, out);
        }
        rest = letters.as_str();
        if rest.is_empty() {
            return;
        }
    }
}

/// So many letters are written one by one before the next run of plain ones is looked for.
const RUN: usize = 16;

fn write_letter(letter: char, out: &mut TextWriter) {
    match letter {
        '"' => out.put(b"\\\""),
        '\\' => out.put(b"\\\\"),
        ' '..='~' => out.push(letter as u8),
        '\n' => out.put(b"\\n"),
        '\r' => out.put(b"\\r"),
        '\t' => out.put(b"\\t"),
        '\x0c' => out.put(b"\\f"),
        '\x08' => out.put(b"\\b"),
        _ => {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                out.put(&escaped_unit(*unit));
            }
        }
    }
}

/// The escape of a unit of UTF-16.
#[inline]
fn escaped_unit(unit: u16) -> [u8; 6] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |shift: u32| DIGITS[usize::from(unit >> shift & 0xf)];
    [b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]
}

const fn is_plain(byte: u8) -> bool {
    byte >= b' ' && byte <= b'~' && byte != b'"' && byte != b'\\'
}

/// How many bytes at the start are printable ASCII that stays as it is.
fn plain_length(bytes: &[u8]) -> usize {
    // Sixteen at once are looked at side by side.
    let (blocks, _) = bytes.as_chunks::<16>();
    let all_plain = |block: &&[u8; 16]| {
        let mut odd = 0;
        for &byte in *block {
            odd |= u8::from(!is_plain(byte));
        }
        odd == 0
    };
    let start = 16 * blocks.iter().take_while(all_plain).count();
    let rest = bytes.get(start..).unwrap_or_default();
    start + rest.iter().take_while(|&&byte| is_plain(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut out = TextWriter::default();
        write_string(text, &mut out);
        String::from_utf8(out.finish().unwrap().to_vec()).unwrap()
    }

    #[test]
    fn plain_text_stays() {
        for length in 0..70 {
            let text = "abc XYZ 09~".repeat(7)[..length].to_owned();
            assert_eq!(written(&text), format!("\"{text}\""));
        }
    }

    #[test]
    fn control_characters_quotes_and_backslashes_are_escaped() {
        assert_eq!(written("\"\\/\n\r\t\x08\x0c"), r#""\"\\/\n\r\t\b\f""#);
        assert_eq!(written("\0\x1f\x7f"), r#""\u0000\u001f\u007f""#);
    }

    #[test]
    fn other_scripts_become_units_of_utf_16() {
        assert_eq!(written("é€"), r#""\u00e9\u20ac""#);
        assert_eq!(written("😀"), r#""\ud83d\ude00""#);
    }

    #[test]
    fn an_odd_letter_is_found_at_any_place() {
        for place in 0..40 {
            let text = format!("{}\n{}", "a".repeat(place), "b".repeat(40 - place));
            assert_eq!(written(&text), format!("\"{}\"", text.replace('\n', "\\n")));
        }
    }
}
