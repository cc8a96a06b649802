//! Fields of the schema in Python, compiled.

use std::cell::OnceCell;
use std::rc::Rc;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use super::enums::EnumValues;
use super::field::{Storage, Wrapped};
use super::message::{ExtensionField, Field};
use super::wire_table::FieldShape;
use crate::memory::layout::{MessageClass, Offset};
use crate::schema::field_tables::{CanonicalEntry, DecodeEntry, EncodeEntry, FieldEncoding};
use crate::wire;
use crate::wire::{Key, Kind};

/// The plan of an extension's field.
///
/// # Errors
/// What Python raises for a field that is none.
pub fn compile_extension(python: &Bound<'_, PyAny>) -> PyResult<ExtensionField> {
    // The field's accessors are methods of its Extension.
    let extension = python.getattr("get")?.getattr("__self__")?;
    let storage = Storage::Extension(Rc::new(extension.unbind()));
    let (shape, field) = compile_field(python, storage)?;
    Ok(ExtensionField {
        shape: Rc::new(shape),
        field,
    })
}

/// Shape and field of a `Field` of the schema in Python, whose value is stored as `storage` says.
///
/// # Errors
/// What Python raises for a field that is none.
pub fn compile_field(python: &Bound<'_, PyAny>, storage: Storage) -> PyResult<(FieldShape, Field)> {
    let flag = |name: &str| python.getattr(name)?.is_truthy();
    let kind = Kind::from_number(python.getattr("type")?.extract()?)
        .ok_or_else(|| PyTypeError::new_err("the field has no type"))?;
    let class = python.getattr("message")?;
    let enum_values = python.getattr("enum")?;
    let mut entry = None;
    let mut entry_shape = None;
    if flag("is_map")? {
        let (key_shape, key) = compile_field(&python.getattr("key")?, Storage::Entry)?;
        let (value_shape, value) = compile_field(&python.getattr("value")?, Storage::Entry)?;
        entry = Some(Box::new((key, value)));
        entry_shape = Some(Box::new((key_shape, value_shape)));
    }
    let number: u32 = python.getattr("number")?.extract()?;
    let shape = FieldShape {
        number,
        tag: number << 3 | kind.wire_type(),
        key: Key::new(number << 3 | kind.wire_type()),
        packed_key: Key::new(number << 3 | wire::LEN),
        kind,
        repeated: flag("repeated")?,
        utf8: flag("utf8")?,
        required: flag("required")?,
        entry: entry_shape,
        nested: OnceCell::new(),
    };
    let wrapped = if flag("wrapped")? {
        wrapping(&class)?
    } else {
        Wrapped::No
    };
    let enum_values = if enum_values.is_none() {
        None
    } else {
        Some(EnumValues::new(&enum_values)?)
    };
    let field = Field {
        storage,
        name: python.getattr("name")?.cast_into()?.unbind(),
        default: python.getattr("default")?.unbind(),
        presence: flag("presence")?,
        packed: flag("packed")?,
        deprecated: flag("deprecated")?,
        others: Vec::new(),
        oneof: 0,
        is_closed: enum_values
            .as_ref()
            .is_some_and(|enum_values| enum_values.closed),
        enum_values,
        class: if class.is_none() {
            None
        } else {
            Some(MessageClass::new(&class.cast_into()?)?)
        },
        wrapped,
        entry,
        python: python.clone().unbind(),
        nested: OnceCell::new(),
    };
    Ok((shape, field))
}

/// Which of the runtime's own classes is wrapped, if it is one of them and not a class of the user's.
fn wrapping(class: &Bound<'_, PyAny>) -> PyResult<Wrapped> {
    let module: String = class.getattr("__module__")?.extract()?;
    let name: String = class.getattr("__qualname__")?.extract()?;
    Ok(match (module.as_str(), name.as_str()) {
        ("aristaproto.wkt.timestamp", "Timestamp") => Wrapped::Timestamp,
        ("aristaproto.wkt.duration", "Duration") => Wrapped::Duration,
        ("aristaproto.wkt.wrappers", _) => Wrapped::Scalar,
        _ => Wrapped::Other,
    })
}

impl EncodeEntry {
    /// How the encoder meets a field and its shape, at a position, and the field's slot.
    pub fn new((index, (field, shape)): (usize, (&Field, &FieldShape))) -> Option<(Offset, Self)> {
        let offset = field.slot()?;
        let encoding = if shape.kind.is_message() && !shape.repeated && shape.entry.is_none() {
            FieldEncoding::Message
        } else if field.is_closed && !shape.repeated {
            FieldEncoding::Closed
        } else if shape.entry.is_some() {
            FieldEncoding::Map
        } else if shape.kind.is_message() || field.is_closed {
            FieldEncoding::Other
        } else if shape.repeated && field.packed {
            FieldEncoding::Packed
        } else if shape.repeated {
            FieldEncoding::Each
        } else if field.presence {
            FieldEncoding::Optional
        } else {
            FieldEncoding::Scalar
        };
        let entry = Self {
            key: if encoding == FieldEncoding::Packed {
                shape.packed_key
            } else {
                shape.key
            },
            kind: shape.kind,
            encoding,
            index: u32::try_from(index).ok()?,
        };
        Some((offset, entry))
    }
}

impl DecodeEntry {
    /// How the decoder meets a field and its shape.
    pub fn new((field, shape): (&Field, &FieldShape)) -> Self {
        let plain = !shape.repeated
            && !shape.kind.is_message()
            && shape.kind != Kind::Enum
            && (shape.kind != Kind::String || shape.utf8)
            && field.others.is_empty();
        let offset = field.slot().filter(|_| plain);
        Self {
            tag: offset.map_or(0, |_| shape.tag),
            offset: offset.unwrap_or(Offset::NONE),
            kind: shape.kind,
        }
    }
}

impl CanonicalEntry {
    /// What is needed of a field and its shape.
    pub fn new((field, shape): (&Field, &FieldShape)) -> Self {
        Self {
            tag: if shape.repeated && field.packed {
                shape.number << 3 | wire::LEN
            } else {
                shape.tag
            },
            kind: shape.kind,
            single: !shape.repeated && !shape.kind.is_message(),
            utf8: shape.utf8,
            implicit: !field.presence,
            oneof: field.oneof,
        }
    }
}
