//! What the codecs need to know of a message class, compiled once from its schema and looked up without Python code.
//!
//! Plans are made by `bind`, held by the schema of the class and by each message, and read by all other modules.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use crate::buffer::Key;
use crate::json::names::Names;
use crate::members::Members;
use crate::object::{Layout, Message, MessageClass, Offset};
use crate::plans;
use crate::shape::{FieldShape, Kind, Room, Shape};
use crate::wire;

/// How a field's value stands for a message of its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapped {
    /// The value is the message.
    No,
    /// A `datetime` for a Timestamp.
    Timestamp,
    /// A `timedelta` for a Duration.
    Duration,
    /// A scalar for one of the wrappers.
    Scalar,
    /// What the class' `to_wrapped` gives.
    Other,
}

/// Where the value of a field is.
#[derive(Clone, Debug)]
pub enum Place {
    /// In a slot of the message.
    Slot(Offset),
    /// Under this `Extension` in the dict of the slot `_extensions`.
    Extension(Rc<Py<PyAny>>),
    /// In a map entry.
    Entry,
}

/// One field; its number and type are in the shape, at the same position.
#[allow(clippy::struct_excessive_bools)] // They are flags of the schema, which do not exclude each other.
pub struct Field {
    /// Where the value is.
    pub place: Place,
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
    /// Enums: the members.
    pub members: Option<Members>,
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
    pub below: OnceCell<Weak<Plan>>,
}

impl Field {
    /// The plan of a message field's class.
    ///
    /// # Errors
    /// `TypeError` when a field of that class cannot be resolved.
    #[inline]
    pub fn plan(&self, py: Python<'_>, shape: &FieldShape) -> PyResult<Rc<Plan>> {
        if let Some(found) = self.below.get().and_then(Weak::upgrade) {
            return Ok(found);
        }
        self.resolve(py, shape)
    }

    /// What an attribute reads as whose slot is empty.
    pub fn empty<'py>(&self, py: Python<'py>, shape: &FieldShape) -> Bound<'py, PyAny> {
        if shape.repeated {
            PyList::empty(py).into_any()
        } else if shape.entry.is_some() {
            PyDict::new(py).into_any()
        } else {
            self.default.bind(py).clone()
        }
    }

    /// Whether values are messages, or hold some.
    pub fn holds_messages(&self, shape: &FieldShape) -> bool {
        shape.kind.is_message()
            && match &shape.entry {
                Some(entry) => entry.1.kind.is_message(),
                None => self.wrapped == Wrapped::No,
            }
    }

    /// A value as a message of the field's very class; `None` when it is something else.
    #[inline(always)]
    pub fn message<'a, 'py>(&self, value: &'a Bound<'py, PyAny>) -> Option<Message<'a, 'py>> {
        Message::of_class(value.as_borrowed(), self.class.as_ref()?)
    }

    /// Calls `work` with the shape of the scalar that a wrapper holds, if the plan of its class is known.
    pub fn with_scalar<T>(&self, work: impl FnOnce(&FieldShape) -> T) -> Option<T> {
        let plan = self.below.get()?.upgrade()?;
        plan.at(0).map(|(_, inner)| work(inner))
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
        let member = self.members.as_ref()?.named(number)?;
        Some((u64::try_from(number).ok()?, member))
    }

    /// The member of an enum with a number, if that is small.
    #[inline(always)]
    pub fn small_member(&self, number: u64) -> Option<&Py<PyAny>> {
        self.members.as_ref()?.with_small(number)
    }

    #[cold]
    fn resolve(&self, py: Python<'_>, shape: &FieldShape) -> PyResult<Rc<Plan>> {
        let class = self
            .class
            .as_ref()
            .ok_or_else(|| PyTypeError::new_err("the field is no message"))?;
        let plan = plans::plan_of(class.bind(py))?;
        let _ = self.below.set(Rc::downgrade(&plan));
        // What `to_wrapped` of a user's class does cannot be left for later: it may raise.
        if self.wrapped != Wrapped::Other {
            let _ = shape.below.set(Rc::downgrade(&plan.shape));
        }
        Ok(plan)
    }
}

/// How a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// A scalar, or an open enum; of zero, nothing is written.
    Scalar,
    /// The same with presence.
    Optional,
    /// A list of them, packed.
    Packed,
    /// A list of them, each with its tag.
    Each,
    /// A message.
    Message,
    /// A closed enum by itself.
    Closed,
    /// A map, a list of messages, or what else needs a closer look.
    Other,
}

/// What the encoder needs of a field before it looks at its value; small, because each message is a walk over all of them.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The tag that is written for it.
    pub key: Key,
    /// The field's slot.
    pub offset: Offset,
    /// Its type.
    pub kind: Kind,
    /// How it is written.
    pub how: How,
    /// Its position in `Plan::fields`.
    pub index: u32,
}

impl Step {
    /// How the encoder meets a field and its shape, at a position.
    pub fn new((index, (field, shape)): (usize, (&Field, &FieldShape))) -> Option<Self> {
        let Place::Slot(offset) = field.place else {
            return None;
        };
        let how = if shape.kind.is_message() && !shape.repeated && shape.entry.is_none() {
            How::Message
        } else if field.is_closed && !shape.repeated {
            How::Closed
        } else if shape.kind.is_message() || field.is_closed {
            How::Other
        } else if shape.repeated && field.packed {
            How::Packed
        } else if shape.repeated {
            How::Each
        } else if field.presence {
            How::Optional
        } else {
            How::Scalar
        };
        Some(Self {
            key: if how == How::Packed {
                shape.packed_key
            } else {
                shape.key
            },
            offset,
            kind: shape.kind,
            how,
            index: u32::try_from(index).ok()?,
        })
    }
}

/// What the decoder needs of a field before it looks further; small, as `Step` is.
#[derive(Clone, Copy, Debug)]
pub struct Read {
    /// The tag of one value; 0 when a closer look is needed: for lists, maps, messages, enums, members of oneofs.
    pub tag: u32,
    /// The field's slot.
    pub offset: Offset,
    /// Its type.
    pub kind: Kind,
}

impl Read {
    /// How the decoder meets a field and its shape.
    pub fn new((field, shape): (&Field, &FieldShape)) -> Self {
        let plain = !shape.repeated
            && !shape.kind.is_message()
            && shape.kind != Kind::Enum
            && (shape.kind != Kind::String || shape.utf8)
            && field.others.is_empty();
        let (tag, offset) = match field.place {
            Place::Slot(offset) if plain => (shape.tag, offset),
            _ => (0, Offset::NONE),
        };
        Self {
            tag,
            offset,
            kind: shape.kind,
        }
    }
}

/// What `canonical` needs of a field; small, as `Step` is.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// The tag that is written for it.
    pub tag: u32,
    /// Its type.
    pub kind: Kind,
    /// A scalar by itself.
    pub single: bool,
    /// Strings are known to be UTF-8.
    pub utf8: bool,
    /// A zero is not written.
    pub implicit: bool,
    /// One plus the position of its oneof; 0 is none.
    pub oneof: u32,
}

impl Look {
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
    pub steps: Layout<Step>,
    /// Those whose values hold others: messages, lists, dicts.
    pub deep_steps: Layout<Step>,
    /// The fields as the decoder meets them, by number.
    pub reads: Vec<Read>,
    /// The fields as `canonical` meets them, by number.
    pub looks: Vec<Look>,
    /// Messages are little more than their bytes: few fields, each a scalar of its own.
    pub flat: bool,
    /// Positions in `fields`, in order of declaration.
    pub declared: Vec<usize>,
    /// The same by name.
    pub positions: HashMap<Box<str>, usize>,
    /// The members of oneofs that have several, oneof by oneof: their slots, and one plus the position of the oneof.
    pub members: Layout<(Offset, u32)>,
    /// All slots.
    pub offsets: Layout<Offset>,
    /// Slot of the unknown fields.
    pub unknown: Offset,
    /// Slot of the extensions, if the class has an extension range.
    pub extensions: Option<Offset>,
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
    pub names: OnceCell<Names>,
    /// Extensions that were met.
    pub learned: RefCell<HashMap<u32, Rc<Learned>>>,
}

/// An extension that a message of the class may hold.
pub struct Learned {
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
    #[inline(always)]
    pub fn counted(&self) -> Option<Rc<Self>> {
        self.own.get()?.upgrade()
    }

    /// The slots of a message, the unknown fields' among them.
    pub fn offsets(&self) -> impl Iterator<Item = Offset> + '_ {
        self.offsets.iter().copied()
    }

    /// Whether the class is a message set, which the plain codec reads and writes.
    pub fn is_message_set(&self) -> bool {
        self.shape.room == Room::MessageSet
    }

    /// Field and shape at a position.
    #[inline(always)]
    pub fn at(&self, index: usize) -> Option<(&Field, &FieldShape)> {
        Some((self.fields.get(index)?, self.shape.fields.get(index)?))
    }

    /// Whether a required field can be missing in a message or below.
    pub fn needs_check(&self, py: Python<'_>) -> PyResult<bool> {
        if let Some(found) = self.needs_check.get() {
            return Ok(found);
        }
        let found = self.schema.bind(py).getattr("needs_check")?.is_truthy()?;
        self.needs_check.set(Some(found));
        Ok(found)
    }

    /// The extension with a number, if the class' pool has one.
    pub fn learn(&self, py: Python<'_>, number: u32) -> PyResult<Option<Rc<Learned>>> {
        if let Some(found) = self.learned.borrow().get(&number) {
            return Ok(Some(Rc::clone(found)));
        }
        let schema = self.schema.bind(py);
        let found = schema.call_method1("find_field", (number,))?;
        if found.is_none() {
            return Ok(None);
        }
        let learned = Rc::new(crate::bind::learned(&found)?);
        self.learned
            .borrow_mut()
            .insert(number, Rc::clone(&learned));
        Ok(Some(learned))
    }

    /// Whether a number is that of an extension which the class' pool has.
    #[inline]
    pub fn knows_extension(&self, py: Python<'_>, number: u32) -> PyResult<bool> {
        Ok(self.extensions.is_some() && self.learn(py, number)?.is_some())
    }
}

impl Drop for Plan {
    fn drop(&mut self) {
        let class = self.class.as_ptr() as usize;
        Python::try_attach(|py| plans::unregister(py, class));
    }
}
