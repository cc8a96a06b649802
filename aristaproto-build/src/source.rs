//! Stage 1.

use std::path::PathBuf;

use crate::descriptor::FileDescriptorSet;

/// What a protobuf compiler made of the .proto files, and which files those were.
#[derive(Clone, Debug, Default)]
pub struct DescriptorSet {
    /// The files asked for and everything that they import, each after its imports, with source info.
    pub file: FileDescriptorSet,
    /// The names of the files that were asked for, as they stand in `file`, sorted.
    pub to_generate: Vec<String>,
    /// The .proto files on disk that were read.
    pub files_read: Vec<PathBuf>,
}
