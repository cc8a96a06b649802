//! Messages to `ProtoJSON` text and back, as far as text and values are what is usual. Out: text or a message; or nothing, for
//! what the plain codec in Python is to do or to refuse.
//!
//! <https://protobuf.dev/programming-guides/json/>

pub mod decode;
pub mod encode;
pub mod names;
pub mod parse;
pub mod text;
