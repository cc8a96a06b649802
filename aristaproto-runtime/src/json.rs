//! Messages to ProtoJSON text. In: a message and the options of `Message.to_json`. Out: the text; or nothing, for what the plain
//! codec in Python writes or refuses.
//!
//! <https://protobuf.dev/programming-guides/json/>

pub mod encode;
pub mod text;
