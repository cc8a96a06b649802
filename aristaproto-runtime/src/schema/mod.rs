//! A message class, compiled for the codecs.
#![forbid(unsafe_code)]

pub mod by_number;
pub mod compile;
pub mod datetime;
pub mod enums;
pub mod field;
pub mod field_tables;
pub mod hashing;
pub mod message;
pub mod registry;
pub mod wire_table;
