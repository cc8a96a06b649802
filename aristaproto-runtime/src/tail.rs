//! The memory of a buffer that is filled from its end. In: what writes a few bytes, or how many are wanted. Out: the place for
//! them. Called by `buffer`; needs no Python.
//!
//! Bytes are put into a window of fixed size, in which no place that 16 bits can tell lies outside: the compiler sees that none
//! needs a check. When the window is full, they move on to a store that grows.

/// Bytes that are free for each value.
pub const FREE: usize = 64;
/// Where the free bytes of an empty window start.
const EMPTY: u16 = u16::MAX;
const WINDOW: usize = EMPTY as usize + FREE;

/// Bytes that are filled from the end.
#[derive(Debug)]
pub struct Tail {
    window: Box<[u8; WINDOW]>,
    /// Where the next free bytes of the window start; behind them, it is filled.
    at: u16,
    /// What is behind the bytes in the window.
    store: Store,
}

impl Default for Tail {
    #[allow(clippy::large_stack_arrays)] // It does not come to that: the slice is as long.
    fn default() -> Self {
        // Made where it stays: it is too large for some stacks.
        let zeros = vec![0; WINDOW].into_boxed_slice();
        Self {
            window: zeros.try_into().unwrap_or_else(|_| Box::new([0; WINDOW])),
            at: EMPTY,
            store: Store::default(),
        }
    }
}

impl Tail {
    /// What has been written.
    pub fn written(&mut self) -> &[u8] {
        if self.store.filled == 0 {
            let start = usize::from(self.at) + FREE;
            return self.window.get(start..).unwrap_or_default();
        }
        self.spill();
        self.store.written()
    }

    /// Number of bytes written.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.store.filled + usize::from(EMPTY) - usize::from(self.at)
    }

    /// Takes back what was written after `length` bytes.
    pub fn forget(&mut self, length: usize) {
        let in_window = length.saturating_sub(self.store.filled);
        self.at = EMPTY - in_window.min(usize::from(EMPTY - self.at)) as u16;
        self.store.filled = self.store.filled.min(length);
    }

    /// Takes everything back, and gives up the store if that has more than `kept` bytes.
    pub fn reset(&mut self, kept: usize) {
        self.forget(0);
        if self.store.bytes.len() > kept {
            self.store = Store::default();
        }
    }

    /// Whether bytes are free for one more value.
    #[inline(always)]
    pub fn has_room(&self) -> bool {
        usize::from(self.at) >= FREE
    }

    /// Lets `write` put bytes at the end of those that are free; it says how many.
    #[inline(always)]
    pub fn put(&mut self, write: impl FnOnce(&mut [u8; FREE]) -> usize) {
        if !self.has_room() {
            self.spill();
        }
        let at = usize::from(self.at);
        let free = self.window.get_mut(at..at + FREE);
        if let Some(free) = free.and_then(<[u8]>::first_chunk_mut) {
            self.at = self.at.wrapping_sub(write(free) as u16);
        }
    }

    /// Takes so many bytes, which the caller fills in.
    #[inline]
    pub fn room(&mut self, length: usize) -> &mut [u8] {
        let at = usize::from(self.at);
        if length > at {
            self.spill();
            return self.store.room(length);
        }
        self.at -= length as u16;
        let end = at + FREE;
        self.window.get_mut(end - length..end).unwrap_or_default()
    }

    /// Moves what is in the window on to the store.
    #[cold]
    #[inline(never)]
    fn spill(&mut self) {
        let start = usize::from(self.at) + FREE;
        if let Some(written) = self.window.get(start..) {
            self.store.room(written.len()).copy_from_slice(written);
        }
        self.at = EMPTY;
    }
}

/// As many bytes as are needed, filled from the end.
#[derive(Debug, Default)]
struct Store {
    bytes: Vec<u8>,
    filled: usize,
}

impl Store {
    fn start(&self) -> usize {
        self.bytes.len() - self.filled
    }

    fn written(&self) -> &[u8] {
        self.bytes.get(self.start()..).unwrap_or_default()
    }

    /// Takes so many bytes, which the caller fills in.
    fn room(&mut self, length: usize) -> &mut [u8] {
        if self.start() < length {
            let needed = self.filled.saturating_add(length);
            let size = needed.max(self.bytes.len() * 2);
            let mut bytes = vec![0; size];
            if let Some(end) = bytes.get_mut(size - self.filled..) {
                end.copy_from_slice(self.written());
            }
            self.bytes = bytes;
        }
        let end = self.start();
        self.filled += length;
        self.bytes.get_mut(end - length..end).unwrap_or_default()
    }
}
