//! The Rust types of `proto`: `acme_shop::acme::shop`.
#![allow(
    missing_docs,
    clippy::pedantic,
    reason = "generated; the proto files are the documentation"
)]

include!(concat!(env!("OUT_DIR"), "/protos.rs"));
aristaproto_classes::include_classes!();
