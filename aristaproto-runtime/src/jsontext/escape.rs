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
fn write_escaped(text: &str, out: &mut TextWriter) {
    let mut rest = text;
    let mut room = [0; u8::MAX as usize + 8];
    loop {
        let (plain, odd) = rest.split_at(plain_length(rest.as_bytes()));
        out.put(plain.as_bytes());
        if odd.is_empty() {
            return;
        }
        // In a text of another script, what is escaped comes in runs, too.
        let mut letters = odd.chars();
        out.put(escape_run(letters.by_ref().take(RUN), &mut room));
        rest = letters.as_str();
    }
}

/// So many letters are escaped before the next run of plain ones is looked for. A letter becomes up to two escapes of six bytes,
/// and 8 bits are to tell each place among them, so that none needs a check.
const RUN: usize = u8::MAX as usize / 12;

/// Puts letters into the room, escaped where they must be; gives what they became. Eight bytes are stored at once, of which those
/// count that are not overwritten.
fn escape_run(letters: impl Iterator<Item = char>, room: &mut [u8; u8::MAX as usize + 8]) -> &[u8] {
    let mut end: u8 = 0;
    let mut store = |bytes: u64, length: u8| {
        let start = usize::from(end);
        if let Some(place) = room.get_mut(start..start + 8) {
            place.copy_from_slice(&bytes.to_le_bytes());
        }
        end = end.wrapping_add(length);
    };
    for letter in letters {
        let code = u32::from(letter);
        if let Some(&(bytes, length)) = ESCAPES.get(code as usize) {
            store(bytes, length);
        } else if code < 0x1_0000 {
            store(unit(code), 6);
        } else {
            let rest = code - 0x1_0000;
            store(unit(0xd800 | rest >> 10), 6);
            store(unit(0xdc00 | rest & 0x3ff), 6);
        }
    }
    room.get(..usize::from(end)).unwrap_or_default()
}

/// The escape of the higher eight bits of 16, then what the lower ones add to it; the first byte is the lowest.
static UNITS: [[u64; 256]; 2] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut tables = [[0; 256]; 2];
    let mut byte = 0;
    while byte < 256 {
        let (first, second) = (DIGITS[byte >> 4], DIGITS[byte & 15]);
        tables[0][byte] = u64::from_le_bytes([b'\\', b'u', first, second, 0, 0, 0, 0]);
        tables[1][byte] = u64::from_le_bytes([0, 0, 0, 0, first, second, 0, 0]);
        byte += 1;
    }
    tables
};

/// The escape of a unit of UTF-16: six bytes, the first one in the lowest bits.
#[inline]
const fn unit(unit: u32) -> u64 {
    UNITS[0][(unit >> 8 & 0xff) as usize] | UNITS[1][(unit & 0xff) as usize]
}

/// How each letter below 128 is written, the first byte in the lowest bits, and how many bytes that are.
static ESCAPES: [(u64, u8); 128] = {
    let mut table = [(0, 1); 128];
    let mut letter = 0;
    while letter < 128 {
        let short = match letter as u8 {
            byte if is_plain(byte) => 0,
            byte @ (b'"' | b'\\') => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x0c => b'f',
            0x08 => b'b',
            _ => 1,
        };
        table[letter] = match short {
            0 => (letter as u64, 1),
            1 => (unit(letter as u32), 6),
            short => (b'\\' as u64 | (short as u64) << 8, 2),
        };
        letter += 1;
    }
    table
};

const fn is_plain(byte: u8) -> bool {
    byte >= b' ' && byte <= b'~' && byte != b'"' && byte != b'\\'
}

/// How many bytes at the start are printable ASCII that stays as it is.
fn plain_length(bytes: &[u8]) -> usize {
    // Sixteen at once are looked at side by side.
    let blocks = bytes.chunks_exact(16);
    let all_plain = |block: &&[u8]| {
        let mut odd = 0;
        for &byte in *block {
            odd |= u8::from(!is_plain(byte));
        }
        odd == 0
    };
    let start = 16 * blocks.take_while(all_plain).count();
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
