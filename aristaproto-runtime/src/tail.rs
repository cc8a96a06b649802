//! The memory of a buffer that is filled from its end. In: how many bytes are wanted. Out: the place for them, which is looked
//! for once and is then an array like any other. Called by `buffer`; needs no Python.
#![allow(unsafe_code)]

/// Bytes that are filled from the end.
#[derive(Debug, Default)]
pub struct Tail {
    bytes: Vec<u8>,
    /// So many are free, never more than there are; below zero when more were taken than were free.
    start: isize,
}

impl Tail {
    fn start(&self) -> usize {
        usize::try_from(self.start).unwrap_or_default()
    }

    /// What has been written.
    pub fn written(&self) -> &[u8] {
        self.bytes.get(self.start()..).unwrap_or_default()
    }

    /// Number of bytes written.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.bytes.len().wrapping_add_signed(-self.start)
    }

    /// Number of bytes written and free.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Takes back what was written after `length` bytes.
    pub fn forget(&mut self, length: usize) {
        self.start = (self.bytes.len() - length.min(self.written().len())).cast_signed();
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, needed: usize) {
        let held = self.written().len();
        let size = (self.bytes.len() * 2)
            .max(held.saturating_add(needed))
            .max(1024);
        let mut bytes = vec![0; size];
        if let Some(tail) = bytes.get_mut(size - held..) {
            tail.copy_from_slice(self.written());
        }
        self.bytes = bytes;
        self.start = (size - held).cast_signed();
    }

    /// Whether so many bytes are free.
    #[inline(always)]
    pub fn has(&self, length: usize) -> bool {
        self.start >= length.cast_signed()
    }

    /// The last `N` of the bytes that are free.
    #[inline(always)]
    pub fn free<const N: usize>(&mut self) -> &mut [u8; N] {
        if !self.has(N) {
            self.grow(N);
        }
        // SAFETY: at least `N` bytes are free, and `start` lies inside `bytes` or at its end.
        unsafe { &mut *self.bytes.as_mut_ptr().offset(self.start).sub(N).cast() }
    }

    /// Takes bytes at the end of what is free as written: as many as `free` gave, at most.
    #[inline(always)]
    pub fn take(&mut self, length: usize) {
        // No more than 255, so that `start` falls below zero at worst.
        self.start -= isize::from(length as u8);
    }

    /// Takes so many bytes, which the caller fills in.
    #[inline]
    pub fn room(&mut self, length: usize) -> &mut [u8] {
        let wanted = length.cast_signed();
        if self.start < wanted || wanted < 0 {
            self.grow(length);
        }
        self.start -= wanted;
        // SAFETY: at least `length` bytes are free, as in `free`.
        unsafe {
            let start = self.bytes.as_mut_ptr().offset(self.start);
            std::slice::from_raw_parts_mut(start, length)
        }
    }
}
