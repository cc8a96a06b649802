//! What is done with messages besides reading and writing them.
#![forbid(unsafe_code)]

pub mod construct;
pub mod copy;
pub mod equal;
pub mod merge;
