//! The text that is being written: bytes that grow at their end, and a note when there was no memory for them.

/// There is no memory for so much text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemoryForText;

/// Room for so many bytes at the least is asked for.
const FIRST: usize = 256;
/// More memory than this is not kept between calls.
const KEPT: usize = 1 << 20;

/// JSON text, written from its start to its end.
#[derive(Debug, Default)]
pub struct TextWriter {
    bytes: Vec<u8>,
    exhausted: bool,
}

impl TextWriter {
    /// Adds bytes. What comes after memory ran out is dropped; `finish` tells.
    #[inline]
    pub fn put(&mut self, bytes: &[u8]) {
        if self.bytes.capacity() - self.bytes.len() >= bytes.len() || self.grow(bytes.len()) {
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Adds one byte.
    #[inline]
    pub fn push(&mut self, byte: u8) {
        if self.bytes.len() < self.bytes.capacity() || self.grow(1) {
            self.bytes.push(byte);
        }
    }

    /// Adds zeros, and gives them to be overwritten; none when there is no memory.
    pub fn reserve(&mut self, count: usize) -> &mut [u8] {
        let start = self.bytes.len();
        if self.bytes.capacity() - start >= count || self.grow(count) {
            self.bytes.resize(start + count, 0);
        }
        self.bytes.get_mut(start..).unwrap_or_default()
    }

    #[cold]
    fn grow(&mut self, more: usize) -> bool {
        // Not in small steps at the start.
        self.exhausted |= self.bytes.try_reserve(more.max(FIRST)).is_err();
        !self.exhausted
    }

    /// Whether memory ran out, so that going on is of no use.
    pub fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// Empties the writer and keeps its memory, unless that is much.
    pub fn reset(&mut self) {
        if self.bytes.capacity() > KEPT {
            self.bytes = Vec::new();
        }
        self.bytes.clear();
        self.exhausted = false;
    }

    /// What was written.
    ///
    /// # Errors
    /// Memory ran out on the way.
    pub fn finish(&self) -> Result<&[u8], NoMemoryForText> {
        if self.exhausted {
            return Err(NoMemoryForText);
        }
        Ok(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_comes_out_in_order() {
        let mut out = TextWriter::default();
        out.put(b"[1");
        out.push(b',');
        out.reserve(2).copy_from_slice(b"23");
        out.put(b"");
        out.push(b']');
        assert_eq!(out.finish(), Ok(&b"[1,23]"[..]));
        assert!(!out.is_exhausted());
    }

    #[test]
    fn more_than_memory_is_an_error_in_the_end() {
        let mut out = TextWriter::default();
        out.put(b"a");
        assert!(out.reserve(isize::MAX as usize).is_empty());
        assert!(out.is_exhausted());
        assert_eq!(out.finish(), Err(NoMemoryForText));
    }
}
