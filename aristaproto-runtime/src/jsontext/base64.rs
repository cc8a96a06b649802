//! Bytes as base64 in JSON text: written with the standard alphabet and padding, read with either alphabet, padded or not.
//!
//! <https://protobuf.dev/programming-guides/json/>, <https://datatracker.ietf.org/doc/html/rfc4648>

use super::writer::{NoMemoryForText, TextWriter};

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What is no letter of base64.
const NO_LETTER: u8 = 64;

/// What a byte is worth as a letter, in either alphabet.
static VALUES: [u8; 256] = {
    let mut table = [NO_LETTER; 256];
    let mut value = 0;
    while value < 64 {
        table[LETTERS[value] as usize] = value as u8;
        value += 1;
    }
    table[b'-' as usize] = 62;
    table[b'_' as usize] = 63;
    table
};

/// Writes bytes as base64, without quotation marks: four letters for three bytes, or for fewer at the end.
pub fn write(bytes: &[u8], out: &mut TextWriter) {
    let letters = |bits: u32| -> [u8; 4] {
        [18, 12, 6, 0].map(|shift| LETTERS[(bits >> shift & 63) as usize])
    };
    let mut places = out.reserve(bytes.len().div_ceil(3) * 4).chunks_exact_mut(4);
    let mut put = |four: [u8; 4]| {
        if let Some(place) = places.next() {
            place.copy_from_slice(&four);
        }
    };
    let threes = bytes.chunks_exact(3);
    let rest = threes.remainder();
    for &[one, two, three] in threes.filter_map(<[u8]>::first_chunk) {
        put(letters(u32::from_be_bytes([0, one, two, three])));
    }
    match *rest {
        [one] => {
            let [first, second, ..] = letters(u32::from_be_bytes([0, one, 0, 0]));
            put([first, second, b'=', b'=']);
        }
        [one, two] => {
            let [first, second, third, _] = letters(u32::from_be_bytes([0, one, two, 0]));
            put([first, second, third, b'=']);
        }
        _ => {}
    }
}

/// The bytes of base64 text; `None` for text that is none. Padding may be left out, but what is there must be right.
///
/// # Errors
/// There is no memory for them.
pub fn read(text: &str) -> Result<Option<Vec<u8>>, NoMemoryForText> {
    let bytes = text.as_bytes();
    let padding = bytes
        .iter()
        .rev()
        .take(2)
        .take_while(|&&it| it == b'=')
        .count();
    let digits = bytes.get(..bytes.len() - padding).unwrap_or_default();
    let mut made = Vec::new();
    made.try_reserve_exact(digits.len().div_ceil(4) * 3)
        .map_err(|_| NoMemoryForText)?;
    let padded = padding == 0 || bytes.len() % 4 == 0;
    Ok((padded && decode(digits, &mut made).is_some()).then_some(made))
}

/// Adds the bytes of letters, for which there is room.
fn decode(digits: &[u8], made: &mut Vec<u8>) -> Option<()> {
    let value = |letter: u8| VALUES[usize::from(letter)];
    let fours = digits.chunks_exact(4);
    let rest = fours.remainder();
    for four in fours.filter_map(<[u8]>::first_chunk::<4>) {
        let values = four.map(value);
        if values.iter().fold(0, |all, value| all | value) >= NO_LETTER {
            return None;
        }
        let bits = values
            .iter()
            .fold(0, |all, &value| all << 6 | u32::from(value));
        let [_, three @ ..] = bits.to_be_bytes();
        made.extend_from_slice(&three);
    }
    let mut bits: u32 = 0;
    for &letter in rest {
        bits = bits << 6
            | Some(value(letter))
                .filter(|&it| it < NO_LETTER)
                .map(u32::from)?;
    }
    match rest.len() {
        0 => {}
        2 => made.push((bits >> 4) as u8),
        3 => made.extend_from_slice(&[(bits >> 10) as u8, (bits >> 2) as u8]),
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(bytes: &[u8]) -> String {
        let mut out = TextWriter::default();
        write(bytes, &mut out);
        String::from_utf8(out.finish().unwrap().to_vec()).unwrap()
    }

    #[test]
    fn the_examples_of_rfc_4648() {
        let pairs = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (bytes, text) in pairs {
            assert_eq!(written(bytes.as_bytes()), text);
            assert_eq!(read(text), Ok(Some(bytes.into())));
            assert_eq!(read(text.trim_end_matches('=')), Ok(Some(bytes.into())));
        }
    }

    #[test]
    fn both_alphabets_are_read() {
        assert_eq!(read("+/+/"), read("-_-_"));
        assert_eq!(read("-_-_"), Ok(Some(vec![0xfb, 0xff, 0xbf])));
    }

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        for start in 0..4 {
            assert_eq!(
                read(&written(&all[start..])),
                Ok(Some(all[start..].to_vec()))
            );
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "A", "AAAAA", "A===", "AA=", "AAA==", "AA==AA==", "A A=", "AAA\n", "Ä===",
        ] {
            assert_eq!(read(text), Ok(None), "{text}");
        }
    }
}
