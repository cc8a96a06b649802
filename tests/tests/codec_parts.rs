//! The parts of the codec that need no Python, with the unit tests that stand in their files. The codec itself is a module of
//! Python, which cannot be linked into a test program: so its folders are included here by path.
#![allow(dead_code, missing_docs)]
// As in the codec.
#![allow(clippy::cast_possible_truncation, clippy::precedence)]

#[path = "../../aristaproto-runtime/src/jsontext/mod.rs"]
mod jsontext;
