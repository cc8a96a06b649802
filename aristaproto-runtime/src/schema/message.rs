//! What the codecs need to know of a message class, compiled once from its schema and looked up without Python code.

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::field_tables::{CanonicalEntry, DecodeEntry, EncodeEntry};
use super::wire_table::{FieldShape, MessageKind, Shape};
use crate::memory::layout::{Layout, MessageClass, Offset};
use crate::python::cpython;
use crate::schema::enums::EnumValues;
use crate::schema::field::{Storage, Wrapped};

/// One field; its number and type are in the shape, at the same position.
#[allow(clippy::struct_excessive_bools)] // They are flags of the schema, which do not exclude each other.
pub struct Field {
    /// Where the value is.
    pub storage: Storage,
    /// Python name.
    pub name: Py<PyString>,
    /// What an unset field reads as, without lists and dicts.
    pub default: Py<PyAny>,
    /// Unset is None.
    pub presence: bool,
    /// A list is written packed.
    pub packed: bool,
    /// Setting it in the constructor warns.
    pub deprecated: bool,
    /// The slots of the other members of its oneof.
    pub others: Vec<Offset>,
    /// One plus the position of its oneof; 0 is none.
    pub oneof: u32,
    /// Enums: the values.
    pub enum_values: Option<EnumValues>,
    /// A closed enum: some numbers are refused.
    pub is_closed: bool,
    /// Messages: the class.
    pub class: Option<MessageClass>,
    /// Messages: what a value is.
    pub wrapped: Wrapped,
    /// Maps: key and value.
    pub entry: Option<Box<(Field, Field)>>,
    /// The `Field` of the schema.
    pub python: Py<PyAny>,
    /// Messages: the plan of their class, once it is known.
    pub nested: OnceCell<Weak<Plan>>,
}

impl Field {
    /// The slot with the value; `None` for one that is stored elsewhere.
    #[inline]
    pub fn slot(&self) -> Option<Offset> {
        match self.storage {
            Storage::Slot(offset) => Some(offset),
            _ => None,
        }
    }

    /// What an attribute reads as whose slot is empty.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn empty<'py>(&self, py: Python<'py>, shape: &FieldShape) -> PyResult<Bound<'py, PyAny>> {
        Ok(if shape.repeated {
            cpython::empty_list(py)?.into_any()
        } else if shape.entry.is_some() {
            cpython::dict(py)?.into_any()
        } else {
            self.default.bind(py).clone()
        })
    }

    /// Whether values are messages, or hold some.
    pub fn holds_messages(&self, shape: &FieldShape) -> bool {
        shape.kind.is_message()
            && match &shape.entry {
                Some(entry) => entry.1.kind.is_message(),
                None => self.wrapped == Wrapped::No,
            }
    }

    /// The values of a closed enum.
    #[inline]
    pub fn closed_enum(&self) -> Option<&EnumValues> {
        self.enum_values.as_ref().filter(|values| values.closed)
    }

    /// The number, above zero, and the member of a closed enum that it stands for.
    #[inline]
    pub fn closed_member(&self, number: Option<i32>) -> Option<(u64, &Py<PyAny>)> {
        let number = number.filter(|&number| self.is_closed && number > 0)?;
        self.named_member(number)
    }

    /// The number, not below zero, and the member of an enum that it stands for.
    #[inline]
    pub fn named_member(&self, number: i32) -> Option<(u64, &Py<PyAny>)> {
        let member = self.enum_values.as_ref()?.named.get(number)?;
        Some((u64::try_from(number).ok()?, member))
    }
}

/// What is known of one message class.
#[allow(clippy::struct_excessive_bools)] // As above.
pub struct Plan {
    /// The class.
    pub class: MessageClass,
    /// Its schema.
    pub schema: Py<PyAny>,
    /// Numbers and types of the fields, by number.
    pub shape: Rc<Shape>,
    /// Messages hold fields and unknown fields only, and none of them must be set.
    pub is_simple: bool,
    /// The fields, as in `shape`.
    pub fields: Vec<Field>,
    /// The fields as the encoder meets them: from the highest number to the lowest.
    pub encode_table: Layout<EncodeEntry>,
    /// Those whose values hold others: messages, lists, dicts.
    pub container_table: Layout<EncodeEntry>,
    /// The fields as the decoder meets them, by number.
    pub decode_table: Vec<DecodeEntry>,
    /// The fields as `canonical` meets them, by number.
    pub canonical_table: Vec<CanonicalEntry>,
    /// Messages are little more than their bytes: few fields, each a scalar of its own.
    pub flat: bool,
    /// Positions in `fields`, in order of declaration.
    pub declared: Vec<usize>,
    /// The same by name.
    pub positions: HashMap<Box<str>, usize>,
    /// The members of oneofs that have several, oneof by oneof: their slots, and one plus the position of the oneof.
    pub oneof_members: Layout<u32>,
    /// All slots: those of the fields, as in `fields`, then the others.
    pub offsets: Layout<()>,
    /// Slot of the unknown fields.
    pub unknown: Offset,
    /// Slot of the extensions, if the class has an extension range.
    pub extensions_slot: Option<Offset>,
    /// The class' name when it is deprecated.
    pub deprecated: Option<String>,
    /// Some field is deprecated.
    pub any_deprecated: bool,
    /// No class has a `__deepcopy__` of its own.
    pub copies_itself: bool,
    /// This plan, once it is shared.
    pub own: OnceCell<Weak<Plan>>,
    /// Whether a required field can be missing, once it was asked.
    pub needs_check: Cell<Option<bool>>,
    /// What JSON needs to know, once it was needed.
    pub names: OnceCell<Box<dyn Any>>,
    /// Extensions that were met.
    pub known_extensions: RefCell<HashMap<u32, Rc<ExtensionField>>>,
}

/// An extension that a message of the class may hold.
pub struct ExtensionField {
    /// Number and type.
    pub shape: Rc<FieldShape>,
    /// The rest.
    pub field: Field,
}

impl Plan {
    /// The plan for all to have.
    pub fn share(self) -> Rc<Self> {
        let plan = Rc::new(self);
        let _ = plan.own.set(Rc::downgrade(&plan));
        plan
    }

    /// One more count of a plan that was shared.
    #[inline]
    pub fn counted(&self) -> Option<Rc<Self>> {
        self.own.get()?.upgrade()
    }

    /// Whether the class is a message set, which the plain codec reads and writes.
    pub fn is_message_set(&self) -> bool {
        self.shape.message_kind == MessageKind::MessageSet
    }

    /// Field and shape at a position.
    #[inline]
    pub fn at(&self, index: usize) -> Option<(&Field, &FieldShape)> {
        Some((self.fields.get(index)?, self.shape.fields.get(index)?))
    }

    /// The field with a number, and its shape.
    #[inline]
    pub fn numbered(&self, number: u32) -> Option<(&Field, &FieldShape)> {
        self.at(self.shape.find(number)?)
    }

    /// Whether a required field can be missing in a message or in those that it holds.
    pub fn needs_check(&self, py: Python<'_>) -> PyResult<bool> {
        if let Some(found) = self.needs_check.get() {
            return Ok(found);
        }
        let found = self.schema.bind(py).getattr("needs_check")?.is_truthy()?;
        self.needs_check.set(Some(found));
        Ok(found)
    }
}
