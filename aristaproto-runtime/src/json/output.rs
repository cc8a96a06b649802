//! Where a walk over a message writes to: text, or plain values.

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::names::{EnumName, Keys};
use super::scalars::Scalar;
use super::Outcome;
use crate::python::int::Long;
use crate::schema::field::Wrapped;

/// What a walk makes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum JsonFormat {
    /// JSON text.
    Text,
    /// Plain values that stand for JSON.
    Values,
    /// Plain values, Python's own where there are some.
    Python,
}

/// Where a walk writes to. Text is written as it comes; plain values are handed from the inside to the outside.
pub trait Output<'py> {
    /// A value that was written: nothing, or the object that it became.
    type Written;
    /// An object whose members are being written.
    type Object;
    /// An array whose elements are being written.
    type Array;

    /// What comes out.
    fn format(&self) -> JsonFormat;
    /// Whether memory ran out, so that going on is of no use.
    fn is_exhausted(&self) -> bool;

    /// Begins an object.
    fn begin_object(&mut self) -> Outcome<Self::Object>;
    /// Writes the key of the next member.
    fn key(&mut self, object: &mut Self::Object, key: JsonKey<'_, 'py>) -> Outcome;
    /// Takes the value of that member.
    fn member(&mut self, object: &mut Self::Object, value: Self::Written) -> Outcome;
    /// Ends an object.
    fn end_object(&mut self, object: Self::Object) -> Self::Written;

    /// Begins an array.
    fn begin_array(&mut self) -> Outcome<Self::Array>;
    /// Begins the next element.
    fn element(&mut self, array: &mut Self::Array);
    /// Takes the value of that element.
    fn add(&mut self, array: &mut Self::Array, value: Self::Written) -> Outcome;
    /// Ends an array.
    fn end_array(&mut self, array: Self::Array) -> Self::Written;

    /// Writes null.
    fn null(&mut self) -> Self::Written;
    /// Writes a scalar, and is told the object that holds it.
    fn scalar(&mut self, scalar: Scalar<'_>, held: &Bound<'py, PyAny>) -> Outcome<Self::Written>;
    /// Writes a number of a `google.protobuf.Value`, which has no fraction.
    fn whole(&mut self, number: i64) -> Outcome<Self::Written>;
    /// Writes the name of an enum's member.
    fn name(&mut self, name: &EnumName) -> Self::Written;
    /// Writes an object of one of Python's types that JSON has, too.
    fn plain(&mut self, value: &Bound<'py, PyAny>) -> Outcome<Self::Written>;
    /// Writes what a Timestamp or Duration that is a message stands for.
    fn time(&mut self, wrapped: Wrapped, seconds: i64, nanos: i32) -> Outcome<Self::Written>;
}

/// The key of a member.
#[derive(Clone, Copy)]
pub enum JsonKey<'a, 'py> {
    /// Of the field at a position.
    Field(&'a Keys, usize),
    /// Of an extension, or a map's entry.
    Text(&'a Bound<'py, PyString>),
    /// Of a map's entry.
    Bool(bool),
    /// Of a map's entry.
    Int(Long),
    /// Of a map's entry, as it is: for Python's values.
    Python(&'a Bound<'py, PyAny>),
}
