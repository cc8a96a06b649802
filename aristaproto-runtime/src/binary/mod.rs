//! Wire bytes to messages and back: one walk each way.
#![forbid(unsafe_code)]

mod array_bytes;
pub mod arrays;
mod canonical;
mod check;
pub mod decode;
mod decode_repeated;
mod decode_scalar;
mod decode_well_known;
pub mod decoder;
pub mod encode;
mod encode_held;
mod encode_scalar;
pub mod encoder;
mod error;
mod packed;
mod unknown_fields;
