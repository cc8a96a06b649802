//! The parts of the codec that need no Python, with the unit tests that stand in their files. The codec itself is a module of
//! Python, which cannot be linked into a test program: so its folders are included here by path.
#![allow(dead_code, missing_docs, unused_imports)]
// As in the codec.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::inline_always,
    // New in the Rust of this crate, not in that of the codec.
    clippy::manual_is_multiple_of,
    clippy::precedence
)]

#[path = "../../aristaproto-runtime/src/jsontext/mod.rs"]
mod jsontext;

#[path = "../../aristaproto-runtime/src/wire/mod.rs"]
mod wire;
