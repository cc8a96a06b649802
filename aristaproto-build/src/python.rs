//! Stage 3.

use crate::model::Model;
use crate::Options;

/// One file of the generated tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedFile {
    /// Where it goes: forward slashes, relative to the tree's root.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// Prints the model.
#[must_use]
pub fn render(_model: &Model, _options: &Options) -> Vec<GeneratedFile> {
    Vec::new()
}
