//! Strings and bytes as JSON text, without Python: what is escaped, and how. Called by `page`.

use crate::tail::SHORT;

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
    /// Whether there are none.
    #[inline]
    pub fn is_empty(self) -> bool {
        match self {
            Self::Ascii(bytes) | Self::Latin(bytes) => bytes.is_empty(),
            Self::Two(units) => units.is_empty(),
            Self::Four(points) => points.is_empty(),
        }
    }

    /// Whether one of them is half of a pair, which has no UTF-8.
    pub fn have_surrogates(self) -> bool {
        match self {
            Self::Ascii(_) | Self::Latin(_) => false,
            Self::Two(units) => units.iter().any(|unit| (0xd800..0xe000).contains(unit)),
            Self::Four(points) => points.iter().any(|point| (0xd800..0xe000).contains(point)),
        }
    }
}

const fn is_plain_byte(byte: u8) -> bool {
    byte >= b' ' && byte <= b'~' && byte != b'"' && byte != b'\\'
}

/// Whether the last ones of some bytes are all printable ASCII that is not escaped. All are looked at side by side.
#[inline(always)]
pub fn are_plain<const N: usize>(bytes: &[u8; N], length: usize) -> bool {
    /// Zeros, and as many ones, so that `N` of them from some place on tell which bytes count.
    static COUNT: [[u8; SHORT]; 2] = [[0; SHORT], [1; SHORT]];
    let count = COUNT.as_flattened();
    let start = SHORT - N + length.min(N);
    let Some(count) = count.get(start..).and_then(<[u8]>::first_chunk::<N>) else {
        return false;
    };
    let mut odd = [0; N];
    for ((odd, &byte), &count) in odd.iter_mut().zip(bytes).zip(count) {
        *odd = u8::from(!is_plain_byte(byte)) & count;
    }
    odd == [0; N]
}

/// The same of all of any number of bytes.
pub fn is_plain(bytes: &[u8]) -> bool {
    let (blocks, rest) = bytes.as_chunks::<16>();
    let all = blocks.iter().all(|block| are_plain(block, 16));
    all && match bytes.last_chunk::<16>() {
        // Some of these may have been looked at.
        Some(last) => are_plain(last, 16),
        None => rest.iter().all(|&byte| is_plain_byte(byte)),
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
            byte if is_plain_byte(byte) => 0,
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

/// Letters of a type that are escaped before what they became is put down: so many that 8 bits tell each place among the escapes,
/// of which wide letters may have two, and no place needs a check.
pub const fn few<T>() -> usize {
    u8::MAX as usize / if size_of::<T>() > 2 { 12 } else { 6 }
}

/// Room for what so many letters become. Eight bytes are stored at once, whatever the length.
pub type Room = [u8; u8::MAX as usize + 8];

/// Puts so many letters or fewer, those beyond printable ASCII escaped; gives what they became, `None` when one is a surrogate.
#[inline(always)]
pub fn escaped<'a, T: Copy + Into<u32>>(few: &[T], room: &'a mut Room) -> Option<&'a [u8]> {
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
        // What is usual is found by one look.
        if (0x80..0xd800).contains(&point) {
            put(unit(point), 6);
        } else if point < 0x80 {
            let (bytes, length) = ESCAPES[point as usize];
            put(bytes, length);
        } else if point < 0xe000 {
            return None;
        } else if point < 0x1_0000 {
            put(unit(point), 6);
        } else if size_of::<T>() > 2 {
            let rest = point.wrapping_sub(0x1_0000);
            put(unit(0xd800 | rest >> 10), 6);
            put(unit(0xdc00 | rest & 0x3ff), 6);
        }
    }
    room.get(..usize::from(end))
}

/// How many letters bytes become in base64, with padding: four for three, or for fewer at the end.
pub fn base64_length(bytes: &[u8]) -> usize {
    bytes.len().div_ceil(3) * 4
}

/// Puts bytes as base64 into room for so many letters.
pub fn base64(bytes: &[u8], room: &mut [u8]) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = |bits: u32| -> [u8; 4] {
        [18, 12, 6, 0].map(|shift| LETTERS[(bits >> shift & 63) as usize])
    };
    let mut places = room.as_chunks_mut().0.iter_mut();
    let mut put = |four: [u8; 4]| {
        if let Some(place) = places.next() {
            *place = four;
        }
    };
    let (threes, rest) = bytes.as_chunks();
    for &[one, two, three] in threes {
        put(letters(
            u32::from(one) << 16 | u32::from(two) << 8 | u32::from(three),
        ));
    }
    match *rest {
        [one] => {
            let [first, second, ..] = letters(u32::from(one) << 16);
            put([first, second, b'=', b'=']);
        }
        [one, two] => {
            let [first, second, third, _] = letters(u32::from(one) << 16 | u32::from(two) << 8);
            put([first, second, third, b'=']);
        }
        _ => {}
    }
}
