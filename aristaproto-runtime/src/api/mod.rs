//! What Python calls.

pub mod bind;
pub mod field_descriptor;
pub mod field_spec;
pub mod message_type;
pub mod methods;
pub mod oneof_descriptor;
pub mod registration;
pub mod trampolines;
