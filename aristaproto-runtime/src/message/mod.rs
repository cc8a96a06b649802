//! Messages as objects: their head, what is still to be read of them, the way down into them, and what all walks ask of them.

pub mod field_access;
pub mod header;
pub mod level;
pub mod pending;
pub mod required;
