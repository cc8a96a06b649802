//! `aristaproto._native`: the codec of the Python package `aristaproto` in Rust.
//!
//! It compiles the `Schema` of a message class when the class is first used, and makes C types below `aristaproto.Message` whose
//! methods read and write the slots of messages. Only `aristaproto.codec` imports the module.
// Wire values are cut to their width on purpose, and numbers of fields and bytes fit into 64 bits.
#![allow(clippy::cast_possible_truncation)]
// Bits stand for numbers with and without a sign; `cast_signed` came with Rust 1.87.
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss)]
// Measured: without it the readers and writers of single values are called, not expanded.
#![allow(clippy::inline_always)]
// `#[pyfunction]` takes its arguments by value.
#![allow(clippy::needless_pass_by_value)]
// What is wrong with bytes is rare and large: in a box, it does not slow down what is right.
#![allow(clippy::unnecessary_box_returns)]
// A tag is `number << 3 | wire_type` in every text about protobuf.
#![allow(clippy::precedence)]

mod api;
mod binary;
mod json;
mod jsontext;
mod memory;
mod message;
mod ops;
mod python;
mod schema;
mod wire;

/// What `aristaproto.codec` imports.
#[pyo3::pymodule(gil_used = true)]
pub mod _native {
    use pyo3::prelude::*;
    use pyo3::types::{PyByteArray, PyBytes, PyString, PyType};
    use pyo3::PyTypeInfo;

    use super::api::{message_type, methods};
    use super::binary::{arrays, decode as reader, encode as writer};
    use super::json::options::JsonOptions;
    use super::message::header::{new_message, Message};
    use super::python::arguments::{caught, install_panic_hook, Invoke};
    use super::python::cpython::stack_error;
    use super::python::stack::has_room;
    use super::python::{imports, limits};
    use super::schema::registry::plan_of;
    use super::{json, ops};

    #[pymodule_export]
    use super::api::bind::{bind, bind_slot};
    #[pymodule_export]
    use super::api::field_spec::field_functions;
    #[pymodule_export]
    use super::api::oneof_descriptor::oneof_slot;
    #[pymodule_export]
    use super::api::registration::register;
    #[pymodule_export]
    use super::schema::registry::Handle;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        message_type::refuse_subinterpreters(module.py())?;
        install_panic_hook();
        module.add("MessageBase", message_type::base_class(module.py())?)
    }

    /// Gives `Message` and its metaclass the methods that are written in Rust.
    #[pyfunction]
    fn install(message: &Bound<'_, PyType>, metaclass: &Bound<'_, PyType>) -> PyResult<()> {
        caught(|| {
            let py = message.py();
            imports::API.forget(py);
            limits::VARIABLE.forget(py);
            json::imports::IMPORTS.forget(py);
            message_type::allow_vectorcall(metaclass)?;
            methods::install_methods(message)
        })
    }

    /// Makes an empty message of a class without calling its `__init__`.
    #[pyfunction]
    fn new<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyAny>> {
        caught(|| new_message(class.py(), &*plan_of(class)?))
    }

    /// The numbers of a repeated field as they lie in memory, if they are still to be read from wire bytes; `None` when the message
    /// holds a list.
    #[pyfunction]
    fn numbers<'py>(
        message: &Bound<'py, PyAny>,
        number: u32,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        caught(|| arrays::numbers(Message::known(message)?, number))
    }

    /// Merges one message into another; false for what `aristaproto.model.access` is to do. `by_python`: its `merge_field`.
    #[pyfunction]
    fn merge(
        message: &Bound<'_, PyAny>,
        other: &Bound<'_, PyAny>,
        by_python: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        caught(|| ops::merge::merge(message, other, by_python))
    }

    /// Wire bytes of a message; as `aristaproto.binary.encode`.
    #[pyfunction]
    fn encode<'py>(message: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        caught(|| writer::encode(message))
    }

    /// The number of wire bytes of a message, without an object that holds them.
    #[pyfunction]
    fn byte_size(message: &Bound<'_, PyAny>) -> PyResult<usize> {
        caught(|| writer::byte_size(message))
    }

    /// A new message from `ProtoJSON` text; `None` for what `aristaproto.json` is to read or to refuse.
    #[pyfunction]
    fn from_json<'py>(
        class: &Bound<'py, PyType>,
        text: &Bound<'py, PyAny>,
        ignore_unknown: &Bound<'py, PyAny>,
        pool: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let plan = plan_of(class)?;
        let ignore_unknown = ignore_unknown.is_truthy()?;
        let read =
            |text: &str| caught(|| json::decode::from_json(&plan, text, ignore_unknown, pool));
        if let Ok(text) = text.cast::<PyString>() {
            return text.to_str().map_or(Ok(None), read);
        }
        let bytes = if text.is_instance_of::<PyByteArray>() {
            PyBytes::type_object(text.py()).invoke((text,))?
        } else {
            text.clone()
        };
        match bytes.cast::<PyBytes>() {
            Ok(bytes) => std::str::from_utf8(bytes.as_bytes()).map_or(Ok(None), read),
            Err(_) => Ok(None),
        }
    }

    /// A message as plain values; `NotImplemented` for what `aristaproto.json` is to do.
    #[pyfunction]
    fn to_dict<'py>(
        message: &Bound<'py, PyAny>,
        output_format: &Bound<'py, PyAny>,
        defaults: &Bound<'py, PyAny>,
        casing: &Bound<'py, PyAny>,
        pool: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let options = JsonOptions::new(casing, defaults)?;
        let is_python = json::options::is_python(output_format)?;
        let made = caught(|| json::encode::to_dict(message, options, is_python, pool))?;
        Ok(made.unwrap_or_else(|| message.py().NotImplemented().into_bound(message.py())))
    }

    /// A new message from plain values; `None` for what `aristaproto.json` is to read or to refuse.
    #[pyfunction]
    fn from_dict<'py>(
        class: &Bound<'py, PyType>,
        value: &Bound<'py, PyAny>,
        ignore_unknown: &Bound<'py, PyAny>,
        pool: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let plan = plan_of(class)?;
        let ignore_unknown = ignore_unknown.is_truthy()?;
        caught(|| json::decode::from_dict(&plan, value, ignore_unknown, pool))
    }

    /// Raises `RecursionError` where the stack of the thread holds no more levels of messages, for walks in Python.
    #[pyfunction]
    fn check_stack() -> PyResult<()> {
        if has_room() {
            return Ok(());
        }
        Err(stack_error())
    }

    /// Reads wire bytes into a message; as `aristaproto.binary.decode`.
    #[pyfunction]
    #[pyo3(signature = (message, data, *, partial = false))]
    fn decode(message: &Bound<'_, PyAny>, data: &Bound<'_, PyAny>, partial: bool) -> PyResult<()> {
        caught(|| reader::decode(message, data, partial))
    }
}
