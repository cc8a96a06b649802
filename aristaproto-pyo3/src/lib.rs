//! Messages that cross from Python to Rust and back: prost's types as arguments and results of `PyO3` functions, the generated
//! classes of the Python package `aristaproto` on the other side.
//!
//! ```ignore
//! /// Python: `def plan(request: acme.gen.plan.PlanRequest) -> acme.gen.plan.PlanResponse`
//! #[pyfunction]
//! fn plan(request: Msg<pb::PlanRequest>) -> PyResult<Msg<pb::PlanResponse>> {
//!     Ok(Msg(pb::PlanResponse { stops: request.stops.clone() }))
//! }
//! ```
//!
//! The build script says where Python finds the classes: `aristaproto_build::Config::pyo3("acme.gen")`, with the feature
//! `pyo3` of [aristaproto-build](https://docs.rs/aristaproto-build). It writes which class each message and enum is; the crate
//! includes that beside prost's types:
//!
//! ```ignore
//! pub mod pb {
//!     include!(concat!(env!("OUT_DIR"), "/protos.rs")); // prost_build::Config::include_file("protos.rs")
//!     aristaproto_pyo3::include_classes!();
//! }
//! ```
//!
//! A crate that owns `.proto` files and is part of other programs, too, says the same with
//! [aristaproto-classes](https://docs.rs/aristaproto-classes), which needs no Python; extension modules depend on it and let its
//! types cross.
//!
//! | Rust | Python |
//! |---|---|
//! | [`Msg<T>`] | the class of the message |
//! | [`Enum<T>`] | the class of the enum |
//! | `Option<Msg<T>>`, `Vec<Msg<T>>`, `HashMap<String, Msg<T>>` and so on, as `PyO3` has them | `X \| None`, `list[X]`, `dict[str, X]` |
//! | [`Stream<T>`], a result only | `Iterator[X]` |
//!
//! What crosses are wire bytes. From Python: those that `bytes(message)` gives, which are no copy where a message was parsed and
//! not looked at; prost reads them. To Python: prost writes them, and the message is parsed from them, which means that it is
//! checked, and read when somebody looks at it.
//!
//! # Unknown fields
//!
//! Python keeps fields that its class does not know; prost drops those that its type does not know. A message that goes from
//! Python to Rust and back has only the fields that the Rust type has. The same holds for extensions (proto2).
#![forbid(unsafe_code)]

mod class;
mod embedded;
mod enumeration;
mod message;
mod stream;

pub use aristaproto_classes::{classes, include_classes, Class, PythonEnum, PythonMessage};
pub use embedded::embed;
pub use enumeration::Enum;
pub use message::Msg;
pub use stream::Stream;
