//! Reads wire bytes: tags, varints, spans.

use super::error::Malformed;
use super::tag::{Key, EGROUP, I32, I64, LEN, SGROUP, VARINT};
use super::varint::{compact, UPPER};

/// A place in the wire bytes of a message.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// The bytes of the outermost message, up to the end of this one.
    pub data: &'a [u8],
    /// Where to read next.
    pub pos: usize,
}

impl<'a> Reader<'a> {
    /// Reads `data[pos..end]`.
    #[inline(always)]
    pub fn new(data: &'a [u8], pos: usize, end: usize) -> Self {
        let data = data.get(..end).unwrap_or(data);
        Self { data, pos }
    }

    /// Whether everything has been read.
    #[inline(always)]
    pub fn at_end(&self) -> bool {
        self.pos >= self.data.len()
    }

    #[inline(always)]
    fn byte(&mut self) -> Result<u8, Malformed> {
        let byte = *self.data.get(self.pos).ok_or(Malformed::Cut)?;
        self.pos += 1;
        Ok(byte)
    }

    /// A varint, cut to 64 bits.
    #[inline(always)]
    pub fn varint(&mut self) -> Result<u64, Malformed> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(u64::from(first));
        }
        self.long_varint(first)
    }

    /// A varint whose first byte is not its last.
    #[inline]
    fn long_varint(&mut self, first: u8) -> Result<u64, Malformed> {
        let mut value = u64::from(first & 0x7f);
        for shift in (7..64).step_by(7) {
            let byte = self.byte()?;
            // The tenth byte's upper bits fall off the left end.
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed::LongVarint)
    }

    /// A varint of a list: one way for all lengths up to eight bytes, because they cannot be guessed.
    #[inline(always)]
    pub fn element(&mut self) -> Result<u64, Malformed> {
        let rest = self.data.get(self.pos..).unwrap_or_default();
        if let Some(word) = rest.first_chunk() {
            let word = u64::from_le_bytes(*word);
            let stops = !word & UPPER;
            if stops != 0 {
                self.pos += stops.trailing_zeros() as usize / 8 + 1;
                return Ok(compact(word & (stops ^ (stops - 1))));
            }
        }
        self.varint()
    }

    /// A tag: field number and wire type.
    #[inline(always)]
    pub fn tag(&mut self) -> Result<u32, Malformed> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(u32::from(first));
        }
        if let Some(second @ ..0x80) = self.data.get(self.pos) {
            self.pos += 1;
            return Ok(u32::from(first & 0x7f) | u32::from(*second) << 7);
        }
        self.long_tag(first)
    }

    #[inline]
    fn long_tag(&mut self, first: u8) -> Result<u32, Malformed> {
        let start = self.pos;
        let value = self.long_varint(first)?;
        if self.pos - start > 4 {
            return Err(Malformed::LongTag);
        }
        u32::try_from(value).map_err(|_| Malformed::LongTag)
    }

    /// Goes behind the tag of one more value of a field, if that is what comes next.
    #[inline(always)]
    pub fn goes_on(&mut self, key: Key) -> bool {
        let rest = self.data.get(self.pos..).unwrap_or_default();
        let length = key.begins(rest);
        self.pos += length.unwrap_or_default();
        length.is_some()
    }

    /// A length and the bytes that follow it; gives where they end.
    #[inline(always)]
    pub fn span(&mut self) -> Result<usize, Malformed> {
        let length = self.varint()?;
        let left = self.data.len() - self.pos;
        match usize::try_from(length) {
            Ok(length) if length <= left => Ok(self.pos + length),
            _ => Err(Malformed::Length(length, left)),
        }
    }

    /// The bytes of a length-delimited value.
    #[inline(always)]
    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let stop = self.span()?;
        let found = self.data.get(self.pos..stop).ok_or(Malformed::Cut)?;
        self.pos = stop;
        Ok(found)
    }

    /// The bytes of a value of fixed width.
    #[inline(always)]
    pub fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let found = *self
            .data
            .get(self.pos..)
            .and_then(<[u8]>::first_chunk)
            .ok_or(Malformed::Cut)?;
        self.pos += N;
        Ok(found)
    }

    /// Passes over a short value of which nothing is wrong; false, and nothing was passed over, for another one.
    #[inline(always)]
    pub fn skip_short(&mut self, tag: u32) -> bool {
        let rest = self.data.get(self.pos..).unwrap_or_default();
        let length = match (tag & 7, rest) {
            (VARINT, [..0x80, ..]) => 1,
            (VARINT, [_, ..0x80, ..]) => 2,
            (LEN, [length @ ..0x80, ..]) => 1 + usize::from(*length),
            (I64, _) => 8,
            (I32, _) => 4,
            _ => return false,
        };
        let is_whole = length <= rest.len() && tag >= 8;
        if is_whole {
            self.pos += length;
        }
        is_whole
    }

    /// Passes over the value of a field whose tag has been read. `depth`: levels of groups that may follow.
    #[inline(never)]
    pub fn skip(&mut self, tag: u32, depth: u32) -> Result<(), Malformed> {
        if tag < 8 {
            return Err(Malformed::NumberZero);
        }
        match tag & 7 {
            VARINT => self.varint().map(drop),
            I64 => self.fixed::<8>().map(drop),
            LEN => self.bytes().map(drop).map_err(|found| match found {
                Malformed::Length(length, left) => Malformed::UnknownLength(length, left, tag >> 3),
                other => other,
            }),
            I32 => self.fixed::<4>().map(drop),
            SGROUP => self.skip_group(tag, depth),
            EGROUP => Err(Malformed::GroupEnd(tag >> 3)),
            wire_type => Err(Malformed::WireType(wire_type, tag >> 3)),
        }
    }

    /// Without recursion: groups are as deep as the bytes say, and the stack may be small.
    fn skip_group(&mut self, tag: u32, depth: u32) -> Result<(), Malformed> {
        if depth == 0 {
            return Err(Malformed::Deep);
        }
        let (mut own, mut around) = (tag, Vec::new());
        loop {
            if self.at_end() {
                return Err(Malformed::OpenGroup(own >> 3));
            }
            let inner = self.tag()?;
            if inner == own + 1 {
                match around.pop() {
                    Some(outer) => own = outer,
                    None => return Ok(()),
                }
            } else if inner & 7 == SGROUP && inner >= 8 {
                if around.len() + 1 >= depth as usize {
                    return Err(Malformed::Deep);
                }
                around.try_reserve(1).map_err(|_| Malformed::Stack)?;
                around.push(own);
                own = inner;
            } else {
                self.skip(inner, 0)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(data: &[u8]) -> Reader<'_> {
        Reader::new(data, 0, data.len())
    }

    #[test]
    fn elements_are_varints() {
        let mut out = super::super::Writer::default();
        let numbers: Vec<u64> = (0..64)
            .flat_map(|bit| [1 << bit, u64::MAX >> bit])
            .collect();
        numbers.iter().rev().for_each(|&number| out.element(number));
        let bytes = out.finish().unwrap();
        let mut reader = reader(bytes);
        for number in numbers {
            assert_eq!(reader.element(), Ok(number));
        }
        assert!(reader.at_end());
        assert_eq!(reader.element(), Err(Malformed::Cut));
    }

    #[test]
    fn long_varints_and_tags_are_refused() {
        assert_eq!(reader(&[0x80; 11]).varint(), Err(Malformed::LongVarint));
        assert_eq!(reader(&[0x80; 3]).varint(), Err(Malformed::Cut));
        assert_eq!(
            reader(b"\xff\xff\xff\xff\x10").tag(),
            Err(Malformed::LongTag)
        );
        assert_eq!(reader(b"\xff\xff\xff\xff\x0f").tag(), Ok(u32::MAX));
    }

    #[test]
    fn groups_are_passed_over_with_what_is_in_them() {
        // Group 1 in group 2, and a varint behind both.
        let mut found = reader(b"\x0b\x08\x01\x0c\x14\x08");
        assert_eq!(found.skip(2 << 3 | SGROUP, 2), Ok(()));
        assert_eq!(found.pos, 5);
        assert_eq!(
            reader(b"\x0b\x0c\x14").skip(2 << 3 | SGROUP, 1),
            Err(Malformed::Deep)
        );
        assert_eq!(
            reader(b"\x08").skip(2 << 3 | SGROUP, 1),
            Err(Malformed::Cut)
        );
        assert_eq!(
            reader(b"").skip(2 << 3 | SGROUP, 1),
            Err(Malformed::OpenGroup(2))
        );
    }

    #[test]
    fn a_length_beyond_the_end_is_refused() {
        assert_eq!(reader(b"\x05abc").bytes(), Err(Malformed::Length(5, 3)));
        assert_eq!(
            reader(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01").bytes(),
            Err(Malformed::Length(u64::MAX, 0))
        );
    }
}
