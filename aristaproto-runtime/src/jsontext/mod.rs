//! JSON text without Python: tokens out of UTF-8, and strings, numbers, bytes and times into it.
//!
//! What is written is ASCII, escaped as Python's `json` module does it. The tests beside the code run under `cargo test` (see
//! `tests/tests/codec_parts.rs`), which includes this folder by path, as the fuzz target `json` does: it imports nothing from
//! the crate around it.
#![forbid(unsafe_code)]

pub mod base64;
mod digits;
pub mod escape;
pub mod lexer;
pub mod numbers;
pub mod time;
pub mod writer;
