//! Where a walk that makes a message reads from: text, or plain values.

use pyo3::prelude::*;

use super::{Outcome, Stop};
use crate::schema::field::Wrapped;
use crate::schema::message::{Field, Plan};
use crate::wire::Kind;

/// Which type of JSON a value has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonType {
    /// `null`.
    Null,
    /// A number.
    Number,
    /// A string.
    Text,
    /// `true` or `false`.
    Bool,
    /// An object.
    Object,
    /// An array.
    Array,
}

impl JsonType {
    /// The number of the field of a `google.protobuf.Value` that holds such a value.
    pub fn field_number(self) -> u32 {
        match self {
            Self::Null => 1,
            Self::Number => 2,
            Self::Text => 3,
            Self::Bool => 4,
            Self::Object => 5,
            Self::Array => 6,
        }
    }
}

/// Where a walk reads from. A value of text is a place in it, and is read where the cursor stands; one among plain values is an
/// object.
pub trait Input<'py> {
    /// A value.
    type Value: Clone;
    /// The key of a member, before it is known whether it is one of a map or names a field.
    type Key;
    /// The members of an object that are still to come.
    type Members;
    /// The elements of an array that are still to come.
    type Elements;

    /// Which type of JSON a value has.
    fn json_type(&mut self, value: &Self::Value) -> Outcome<JsonType>;
    /// Whether a value is null; it is passed over.
    fn take_null(&mut self, value: &Self::Value) -> bool;

    /// Begins to read an object.
    fn members(&mut self, value: &Self::Value) -> Outcome<Self::Members>;
    /// The key and the value of the next member.
    fn next_member(
        &mut self,
        members: &mut Self::Members,
    ) -> Outcome<Option<(Self::Key, Self::Value)>>;
    /// A key that is text.
    fn name<'k>(&self, key: &'k Self::Key) -> Outcome<&'k str>;
    /// The key of a map's entry; a `common` one is among the first, which are kept for the next time.
    fn map_key(
        &mut self,
        key: Self::Key,
        field: &Field,
        kind: Kind,
        common: bool,
    ) -> Outcome<Bound<'py, PyAny>>;

    /// Begins to read an array.
    fn elements(&mut self, value: &Self::Value) -> Outcome<Self::Elements>;
    /// The next element.
    fn next_element(&mut self, elements: &mut Self::Elements) -> Outcome<Option<Self::Value>>;

    /// Passes over a value.
    fn skip(&mut self, value: &Self::Value) -> Outcome;
    /// Calls `read` with the text of a value; nothing for a value of another type, which is not taken.
    fn text<T>(
        &mut self,
        value: &Self::Value,
        read: impl FnOnce(&str) -> Outcome<T>,
    ) -> Outcome<Option<T>>;
    /// Reads a scalar of a field, other than an enum's.
    fn scalar(
        &mut self,
        value: &Self::Value,
        field: &Field,
        kind: Kind,
    ) -> Outcome<Bound<'py, PyAny>>;
    /// Reads the number of an enum's member.
    fn enum_number(&mut self, value: &Self::Value, field: &Field) -> Outcome<i32>;

    /// The value, if it is a message already.
    fn message(&self, _: &Self::Value) -> Option<Bound<'py, PyAny>> {
        None
    }
    /// The value, if it is what a field for a Timestamp or Duration holds.
    fn time_object(&self, _: &Self::Value, _: Wrapped) -> Option<Bound<'py, PyAny>> {
        None
    }
    /// What the plain codec reads a value of another form as, for a field's scalar or time.
    fn converted(&self, _: &Self::Value, _: &Field) -> Outcome<Bound<'py, PyAny>> {
        Err(Stop::Fallback)
    }
    /// The same for a whole message.
    fn converted_message(&self, _: &Self::Value, _: &Plan) -> Outcome<Bound<'py, PyAny>> {
        Err(Stop::Fallback)
    }
}
