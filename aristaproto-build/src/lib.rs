//! Generates Python from .proto files.

mod config;
#[rustfmt::skip]
#[allow(
    missing_docs,
    clippy::pedantic,
    reason = "generated; what each field means is documented in descriptor.proto"
)]
pub mod descriptor;
mod error;
pub mod model;
mod naming;
pub mod python;
pub mod resolve;
pub mod source;

pub use config::{AsyncTransport, ClientGeneration, Config, Options, ServerGeneration};
pub use error::{Diagnostic, Error, Location, Problems};
