//! Generates Python from .proto files.
