//! The memory of a buffer that is filled from its end. In: what writes a few bytes, or how many are wanted. Out: the place for
//! them. Called by `buffer`; needs no Python.
//!
//! Bytes are put into a window of fixed size, in which no place that 16 bits can tell lies outside: the compiler sees that none
//! needs a check. A window that is full is put aside for the next one; nothing that was written is moved.

use std::mem::replace;

/// Bytes that are free for each value.
pub const FREE: usize = 64;
/// Bytes of short values, which are put all at once.
pub const SHORT: usize = 32;
/// Where the free bytes of an empty window start.
const EMPTY: u16 = u16::MAX;
const WINDOW: usize = EMPTY as usize + FREE;

type Window = Box<[u8; WINDOW]>;

/// The last of the bytes that are free: room for a value and what comes before it, with what falls on free bytes.
pub type Free = [u8; FREE];

/// Puts the last `length` bytes of a known number of them before `done` ones, by writing them all; gives how many are done.
#[inline(always)]
pub fn put_last<const N: usize>(
    free: &mut Free,
    done: usize,
    bytes: [u8; N],
    length: usize,
) -> usize {
    let end = FREE - done.min(FREE - N);
    if let Some(room) = free.get_mut(..end).and_then(<[u8]>::last_chunk_mut) {
        *room = bytes;
    }
    done + length
}

/// Bytes that are filled from the end.
#[derive(Debug)]
pub struct Tail {
    window: Window,
    /// Where the next free bytes of the window start; behind them, it is filled.
    at: u16,
    /// What is behind the bytes in the window: the last of these is written last, and comes first.
    full: Vec<Block>,
    /// Number of bytes written in these.
    filled: usize,
    /// Windows for later.
    spare: Vec<Window>,
}

/// Bytes, which are written from `start` on.
#[derive(Debug)]
struct Block {
    bytes: Box<[u8]>,
    start: usize,
}

impl Block {
    fn written(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}

#[allow(clippy::large_stack_arrays)] // It does not come to that: the slice is as long.
fn new_window() -> Window {
    // Made where it stays: it is too large for some stacks.
    let zeros = vec![0; WINDOW].into_boxed_slice();
    zeros.try_into().unwrap_or_else(|_| Box::new([0; WINDOW]))
}

impl Default for Tail {
    fn default() -> Self {
        Self {
            window: new_window(),
            at: EMPTY,
            full: Vec::new(),
            filled: 0,
            spare: Vec::new(),
        }
    }
}

impl Tail {
    /// What has been written, in pieces from the first to the last.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let full = self.full.iter().rev().map(Block::written);
        self.in_window().into_iter().chain(full)
    }

    /// What has been written, if it is in one piece.
    #[inline(always)]
    pub fn whole(&self) -> Option<&[u8]> {
        self.in_window().filter(|_| self.full.is_empty())
    }

    #[inline(always)]
    fn in_window(&self) -> Option<&[u8]> {
        self.window.get(usize::from(self.at) + FREE..)
    }

    /// Number of bytes written.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.filled + usize::from(EMPTY) - usize::from(self.at)
    }

    /// Takes back what was written after `length` bytes.
    pub fn forget(&mut self, length: usize) {
        while self.filled > length {
            let Some(last) = self.full.pop() else {
                return;
            };
            self.filled -= last.written().len();
            self.at = EMPTY;
            let Block { bytes, start } = last;
            match Window::try_from(bytes) {
                Ok(window) => {
                    self.spare.push(replace(&mut self.window, window));
                    self.at = (start - FREE) as u16;
                }
                Err(bytes) if self.filled < length => {
                    let start = bytes.len() - (length - self.filled);
                    self.full.push(Block { bytes, start });
                    self.filled = length;
                }
                Err(_) => {}
            }
        }
        let kept = (length - self.filled).min(usize::from(EMPTY - self.at));
        self.at = EMPTY - kept as u16;
    }

    /// Takes everything back, and keeps no more memory than `kept` bytes.
    #[inline(always)]
    pub fn reset(&mut self, kept: usize) {
        self.at = EMPTY;
        if !self.full.is_empty() {
            self.forget(0);
        }
        // What was taken back before may have left more.
        self.spare.truncate(kept / WINDOW);
    }

    /// Whether bytes are free for one more value.
    #[inline(always)]
    pub fn has_room(&self) -> bool {
        usize::from(self.at) >= FREE
    }

    /// Lets `write` put bytes at the end of those that are free; it says how many.
    #[inline(always)]
    pub fn put(&mut self, write: impl FnOnce(&mut Free) -> usize) {
        if !self.has_room() {
            self.next_window();
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
            return self.more_room(length);
        }
        self.at -= length as u16;
        let end = at + FREE;
        self.window.get_mut(end - length..end).unwrap_or_default()
    }

    /// Goes on in an empty window.
    #[cold]
    #[inline(never)]
    fn next_window(&mut self) {
        if self.at == EMPTY {
            return;
        }
        let next = self.spare.pop().unwrap_or_else(new_window);
        self.filled = self.len();
        let full = replace(&mut self.window, next);
        self.full.push(Block {
            bytes: full,
            start: usize::from(self.at) + FREE,
        });
        self.at = EMPTY;
    }

    /// Takes more bytes than the window has left.
    #[cold]
    #[inline(never)]
    fn more_room(&mut self, length: usize) -> &mut [u8] {
        self.next_window();
        if length <= usize::from(self.at) {
            return self.room(length);
        }
        self.filled += length;
        self.full.push(Block {
            // Longer than a window, so that it is not taken for one.
            bytes: vec![0; FREE + length].into_boxed_slice(),
            start: FREE,
        });
        let last = self.full.last_mut();
        let written = last.and_then(|block| block.bytes.get_mut(FREE..));
        written.unwrap_or_default()
    }
}
