//! Messages to `ProtoJSON` text or plain values, and back, as far as they are what is usual. Out: text, values or a message; or
//! nothing, for what the plain codec in Python is to do or to refuse.
//!
//! Text: `encode` and `decode`. Plain values, as `to_dict` and `from_dict` have them: `dump` and `load`. What both need of a
//! class is in `names`, what is special of well-known types in `special`, single values in `scalars`. What is usual of text is
//! written by `quick` and `writers`. Without Python: `page`, `parse`, `text`, `number`, `digits`, `seen`.
//!
//! <https://protobuf.dev/programming-guides/json/>

pub mod below;
pub mod decode;
pub mod digits;
pub mod dump;
pub mod encode;
pub mod load;
pub mod names;
pub mod number;
pub mod options;
pub mod page;
pub mod parse;
pub mod quick;
pub mod scalars;
pub mod seen;
pub mod special;
pub mod text;
pub mod writers;

use crate::encode::{Outcome, Stop};

/// What was found; else the plain codec is to look.
fn some<T>(found: Option<T>) -> Outcome<T> {
    found.ok_or(Stop::Refused)
}
