//! The wire format, without Python: what is read, what is written, and what is wrong with bytes.
//!
//! See <https://protobuf.dev/programming-guides/encoding/>.
#![forbid(unsafe_code)]

mod error;
mod field_type;
mod reader;
mod tag;
mod utf8;
mod varint;
mod writer;

pub use error::Malformed;
pub use field_type::Kind;
pub use reader::Reader;
pub use tag::{Key, EGROUP, LEN, SGROUP};
pub use utf8::check_utf8;
pub use utf8::is_utf8;
pub use varint::{count_varints, unzigzag, zigzag};
pub use writer::Writer;
