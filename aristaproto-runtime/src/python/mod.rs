//! Values of `CPython`, and what the codec takes from the package in Python. Nothing here knows protobuf's messages.

pub mod arguments;
pub mod attached;
pub mod borrowed;
pub mod cpython;
pub mod fallback;
pub mod growth;
pub mod imports;
pub mod int;
pub mod key_cache;
pub mod limits;
pub mod stack;
pub mod values;
