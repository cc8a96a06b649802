//! Stage 2's data.

/// What is to be generated.
#[derive(Debug)]
pub struct Model {}
