//! Memory for the time when there is none: what Rust asks for in small pieces (errors, names, a level of a list) comes then from
//! a reserve, because Rust ends the process where such a request fails. What grows with the input asks by `try_reserve`. See
//! docs/decisions/memory-that-runs-out.md.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;

use crate::python::growth::out_of_memory;

/// Bytes of a piece, and what its address is a multiple of.
const PIECE: usize = 1024;
/// How many there are.
const PIECES: usize = 128;

#[repr(align(1024))]
struct Pieces(UnsafeCell<[[u8; PIECE]; PIECES]>);
// SAFETY: a piece is used by the one who has set its mark.
unsafe impl Sync for Pieces {}

static RESERVE: Pieces = Pieces(UnsafeCell::new([[0; PIECE]; PIECES]));
static IS_TAKEN: [AtomicBool; PIECES] = [const { AtomicBool::new(false) }; PIECES];

/// The system's allocator, with the reserve behind it.
struct WithReserve;

#[global_allocator]
static ALLOCATOR: WithReserve = WithReserve;

/// The index of the piece at an address of the reserve.
#[inline]
fn piece(address: *mut u8) -> Option<usize> {
    let offset = address.addr().wrapping_sub(RESERVE.0.get().addr());
    (offset < PIECE * PIECES).then_some(offset / PIECE)
}

/// A piece of the reserve, or null.
#[cold]
#[inline(never)]
fn take(layout: Layout) -> *mut u8 {
    if layout.size() > PIECE || layout.align() > PIECE {
        return std::ptr::null_mut();
    }
    let is_free = |mark: &AtomicBool| !mark.swap(true, Ordering::Acquire);
    match IS_TAKEN.iter().position(is_free) {
        Some(index) => RESERVE.0.get().cast::<u8>().wrapping_add(index * PIECE),
        None => std::ptr::null_mut(),
    }
}

// SAFETY: what the system gives, or a piece of the reserve that nobody else has, which is as large and as aligned as asked.
unsafe impl GlobalAlloc for WithReserve {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's.
        let found = unsafe { System.alloc(layout) };
        if found.is_null() {
            return take(layout);
        }
        found
    }

    #[inline]
    unsafe fn dealloc(&self, address: *mut u8, layout: Layout) {
        match piece(address) {
            // SAFETY: the caller's; it comes from the system.
            None => unsafe { System.dealloc(address, layout) },
            Some(index) => {
                if let Some(mark) = IS_TAKEN.get(index) {
                    mark.store(false, Ordering::Release);
                }
            }
        }
    }

    #[inline]
    unsafe fn realloc(&self, address: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if piece(address).is_none() {
            // SAFETY: the caller's; it comes from the system.
            let found = unsafe { System.realloc(address, layout, size) };
            if !found.is_null() {
                return found;
            }
        }
        // SAFETY: the caller's, which says so of the size; what is copied is there on both sides.
        unsafe {
            let found = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !found.is_null() {
                found.copy_from_nonoverlapping(address, layout.size().min(size));
                self.dealloc(address, layout);
            }
            found
        }
    }
}

/// Whether there is memory for what is then made in many small parts: a plan, tables of names.
///
/// # Errors
/// `MemoryError`.
pub fn ensure(bytes: usize) -> PyResult<()> {
    let mut probe = Vec::<u8>::new();
    let found = probe.try_reserve_exact(bytes);
    // The compiler may leave out what nobody uses.
    std::hint::black_box(&probe);
    found.map_err(out_of_memory)
}
