//! How far down walks may go on the stack of their thread, which may be as small as 64 KiB.

use std::cell::Cell;

use super::attached::thread_stack;

/// What a walk leaves free below its last level: for what makes an error, for Python code that is called, and for the largest frames.
const MARGIN: usize = if cfg!(debug_assertions) { 80 } else { 20 } * 1024;

thread_local! {
    static FLOOR: Cell<Option<usize>> = const { Cell::new(None) };
}

/// The lowest address at which a level of a walk may begin. It is looked up when it is first asked for.
#[derive(Clone, Copy, Debug)]
pub struct StackFloor(usize);

impl StackFloor {
    /// That of the thread.
    pub const fn new() -> Self {
        Self(usize::MAX)
    }

    /// Whether one more level fits.
    #[inline(always)]
    pub fn has_room(&mut self) -> bool {
        let local = 0_u8;
        let here = std::ptr::from_ref(&local).addr();
        here >= self.0 || self.look(here)
    }

    #[cold]
    #[inline(never)]
    fn look(&mut self, here: usize) -> bool {
        self.0 = FLOOR.get().unwrap_or_else(|| {
            let found = floor(here);
            FLOOR.set(Some(found));
            found
        });
        here >= self.0
    }
}

/// Whether one more level of a walk fits.
#[inline]
pub fn has_room() -> bool {
    let local = 0_u8;
    let here = std::ptr::from_ref(&local).addr();
    FLOOR.get().is_some_and(|floor| here >= floor) || StackFloor::new().look(here)
}

/// 0, which is no limit, where the stack is not known: on other systems, and on a stack that a library made.
#[cold]
fn floor(here: usize) -> usize {
    match thread_stack(here) {
        Some(stack) if stack.contains(&here) => stack.start + MARGIN,
        _ => 0,
    }
}
