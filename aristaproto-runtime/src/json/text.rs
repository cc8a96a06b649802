//! Strings and bytes as JSON text, without Python. Called by `encode`, `dump` and `names`.

/// The letters of a string, as wide as the widest of them needs.
#[derive(Clone, Copy, Debug)]
pub enum Letters<'a> {
    /// Below 128.
    Ascii(&'a [u8]),
    /// Below 256.
    Latin(&'a [u8]),
    /// Of 16 bits.
    Two(&'a [u16]),
    /// All others.
    Four(&'a [u32]),
}

impl Letters<'_> {
    /// Whether one of them is half of a pair, which has no UTF-8.
    pub fn have_surrogates(self) -> bool {
        match self {
            Self::Ascii(_) | Self::Latin(_) => false,
            Self::Two(units) => units.iter().any(|unit| (0xd800..0xe000).contains(unit)),
            Self::Four(points) => points.iter().any(|point| (0xd800..0xe000).contains(point)),
        }
    }
}

/// Puts a string between quotation marks, everything beyond printable ASCII escaped; false for one with a lone surrogate.
pub fn string(letters: Letters<'_>, out: &mut Vec<u8>) -> bool {
    out.push(b'"');
    let done = match letters {
        Letters::Ascii(bytes) => {
            ascii(bytes, out);
            true
        }
        Letters::Latin(bytes) => escaped(bytes, out),
        Letters::Two(units) => escaped(units, out),
        Letters::Four(points) => escaped(points, out),
    };
    out.push(b'"');
    done
}

/// The same for UTF-8.
pub fn utf8(text: &str, out: &mut Vec<u8>) {
    if text.is_ascii() {
        string(Letters::Ascii(text.as_bytes()), out);
    } else {
        let points: Vec<u32> = text.chars().map(u32::from).collect();
        string(Letters::Four(&points), out);
    }
}

const fn is_plain(byte: u8) -> bool {
    byte >= b' ' && byte <= b'~' && byte != b'"' && byte != b'\\'
}

/// Whether no byte of eight, all below 128, is one that is escaped. Bit 7 of each byte tells of it.
fn are_plain(eight: [u8; 8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_le_bytes(eight);
    // Of bytes below 128 no sum carries over: what stands apart from a byte has bit 7 when 127 is added.
    let differs = |byte: u8| (word ^ (ONES * u64::from(byte))) + ONES * 127;
    let printable = word + ONES * (128 - u64::from(b' '));
    let no_delete = differs(127);
    (printable & no_delete & differs(b'"') & differs(b'\\')) & (ONES << 7) == ONES << 7
}

fn ascii(bytes: &[u8], out: &mut Vec<u8>) {
    let plain = match bytes.last_chunk() {
        // The last eight may have been looked at in part.
        Some(&last) => {
            let (eights, _) = bytes.as_chunks();
            eights.iter().all(|&eight| are_plain(eight)) && are_plain(last)
        }
        None => bytes.iter().all(|&byte| is_plain(byte)),
    };
    if plain {
        out.extend_from_slice(bytes);
    } else {
        escaped(bytes, out);
    }
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

/// The escape of 16 bits: six bytes, the first one in the lowest bits.
#[inline(always)]
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

/// Puts letters, those beyond printable ASCII escaped; false when one is a surrogate.
fn escaped<T: Copy + Into<u32>>(points: &[T], out: &mut Vec<u8>) -> bool {
    /// Letters that are escaped before what they became is put down: so many that 8 bits tell each place among two escapes for
    /// each, and no place needs a check.
    const FEW: usize = u8::MAX as usize / 12;
    // Eight bytes are stored at once, whatever the length.
    let mut room = [0; u8::MAX as usize + 8];
    for few in points.chunks(FEW) {
        let mut end: u8 = 0;
        let mut put = |bytes: u64, length: u8| {
            let start = usize::from(end);
            if let Some(place) = room.get_mut(start..start + 8) {
                place.copy_from_slice(&bytes.to_le_bytes());
            }
            end = end.wrapping_add(length);
        };
        for &point in few {
            let point = point.into();
            if point < 0x80 {
                let (bytes, length) = ESCAPES[point as usize];
                put(bytes, length);
            } else if point & !0x7ff == 0xd800 {
                return false;
            } else if point < 0x1_0000 {
                put(unit(point), 6);
            } else {
                let rest = point.wrapping_sub(0x1_0000);
                put(unit(0xd800 | rest >> 10), 6);
                put(unit(0xdc00 | rest & 0x3ff), 6);
            }
        }
        out.extend_from_slice(room.get(..usize::from(end)).unwrap_or_default());
    }
    true
}

/// Puts bytes as base64 between quotation marks, with padding.
pub fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = |bits: u32| -> [u8; 4] {
        [18, 12, 6, 0].map(|shift| LETTERS[(bits >> shift & 63) as usize])
    };
    out.reserve(bytes.len() / 3 * 4 + 6);
    out.push(b'"');
    let mut chunks = bytes.chunks_exact(3);
    for chunk in &mut chunks {
        let bits = chunk
            .iter()
            .fold(0, |bits, &byte| bits << 8 | u32::from(byte));
        out.extend_from_slice(&letters(bits));
    }
    match *chunks.remainder() {
        [one] => {
            let [first, second, ..] = letters(u32::from(one) << 16);
            out.extend_from_slice(&[first, second, b'=', b'=']);
        }
        [one, two] => {
            let [first, second, third, _] = letters(u32::from(one) << 16 | u32::from(two) << 8);
            out.extend_from_slice(&[first, second, third, b'=']);
        }
        _ => {}
    }
    out.push(b'"');
}
