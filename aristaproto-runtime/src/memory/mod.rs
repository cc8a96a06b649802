//! How messages lie in memory: classes, offsets, slots. The plan of a class and the start of a message are of no concern here.
//!
//! A message of class C is a head, followed by one pointer for each name in the `__slots__` of C and its bases. `CPython` visits, clears
//! and frees those pointers as it does for every class; this room reads and writes them at the offsets that the classes' own
//! member descriptors tell. Beside that, where memory comes from when there is none: `reserve`.

pub mod layout;
pub mod reserve;
pub mod slot;
