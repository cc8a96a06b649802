//! The protoc plugin.
fn main() {}
