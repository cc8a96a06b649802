//! Stage 2.

use crate::model::Model;
use crate::source::DescriptorSet;
use crate::{Error, Options};

/// Takes every decision about the generated code.
///
/// # Errors
///
/// All problems found.
pub fn resolve(_set: &DescriptorSet, _options: &Options) -> Result<Model, Error> {
    Ok(Model {})
}
