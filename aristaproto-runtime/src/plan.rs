//! What the codecs need to know of a message class, compiled once from its schema and looked up without Python code.
//!
//! In: the `Schema` that `aristaproto.schema_builder` made. Out: a `Plan`, held by the schema and by each message of the class.

use std::cell::{Cell, OnceCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};
use pyo3::{PyTraverseError, PyVisit};

use crate::object::{self, Offset, Shared};
use crate::shape::{FieldShape, Kind, Room, Shape};
use crate::slot::{self, SlotParts};
use crate::wire::{self, Key};

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

/// The members of an enum.
pub struct Members {
    /// The class.
    pub class: Py<PyAny>,
    /// Numbers without a name are refused.
    pub closed: bool,
    by_number: Py<PyDict>,
    small: Vec<Option<Py<PyAny>>>,
}

/// Numbers below this are looked up in a table.
const SMALL: i32 = 256;

impl Members {
    fn new(class: &Bound<'_, PyAny>) -> PyResult<Self> {
        let by_number: Bound<'_, PyDict> = class.getattr("_value2member_map_")?.cast_into()?;
        let mut small = Vec::new();
        for (number, member) in &by_number {
            if let Ok(index) = number.extract::<i32>() {
                if (0..SMALL).contains(&index) {
                    let index = index.cast_unsigned() as usize;
                    if small.len() <= index {
                        small.resize_with(index + 1, || None);
                    }
                    if let Some(entry) = small.get_mut(index) {
                        *entry = Some(member.unbind());
                    }
                }
            }
        }
        Ok(Self {
            class: class.clone().unbind(),
            closed: class.getattr("__closed__")?.is_truthy()?,
            by_number: by_number.unbind(),
            small,
        })
    }

    /// The member with a number; `None` when it has no name.
    #[inline]
    pub fn find<'py>(&self, py: Python<'py>, number: i32) -> PyResult<Option<Bound<'py, PyAny>>> {
        if let Ok(index) = usize::try_from(number) {
            if let Some(entry) = self.small.get(index) {
                return Ok(entry.as_ref().map(|member| member.bind(py).clone()));
            }
        }
        self.by_number.bind(py).get_item(number)
    }

    /// The value of an open enum's field.
    pub fn member<'py>(&self, py: Python<'py>, number: i32) -> PyResult<Bound<'py, PyAny>> {
        match self.find(py, number)? {
            Some(found) => Ok(found),
            None => self.class.bind(py).call1((number,)),
        }
    }
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
    pub oneof: u16,
    /// Enums: the members.
    pub members: Option<Members>,
    /// A closed enum: some numbers are refused.
    pub is_closed: bool,
    /// Messages: the class.
    pub class: Option<Py<PyType>>,
    /// Messages: what a value is.
    pub wrapped: Wrapped,
    /// Maps: key and value.
    pub entry: Option<Box<(Field, Field)>>,
    /// The `Field` of the schema.
    pub python: Py<PyAny>,
    below: OnceCell<Weak<Plan>>,
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

    #[cold]
    fn resolve(&self, py: Python<'_>, shape: &FieldShape) -> PyResult<Rc<Plan>> {
        let class = self
            .class
            .as_ref()
            .ok_or_else(|| PyTypeError::new_err("the field is no message"))?;
        let plan = object::plan_of(class.bind(py))?;
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
    /// A message.
    Message,
    /// A list, a map, or what else needs a closer look.
    Other,
}

/// What the encoder needs of a field before it looks at its value; small, because each message is a walk over all of them.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The field's slot.
    pub offset: Offset,
    /// Its tag.
    pub key: Key,
    /// Its type.
    pub kind: Kind,
    /// How it is written.
    pub how: How,
    /// Its position in `Plan::fields`.
    pub index: u16,
}

impl Step {
    fn new((index, (field, shape)): (usize, (&Field, &FieldShape))) -> Option<Self> {
        let Place::Slot(offset) = field.place else {
            return None;
        };
        Some(Self {
            offset,
            key: shape.key,
            kind: shape.kind,
            how: if shape.repeated || shape.entry.is_some() || field.is_closed {
                How::Other
            } else if shape.kind.is_message() {
                How::Message
            } else if field.presence {
                How::Optional
            } else {
                How::Scalar
            },
            index: u16::try_from(index).ok()?,
        })
    }
}

/// What is known of one message class.
pub struct Plan {
    /// The class.
    pub class: Py<PyType>,
    /// Its schema.
    pub schema: Py<PyAny>,
    /// Numbers and types of the fields, by number.
    pub shape: Rc<Shape>,
    /// The fields, as in `shape`.
    pub fields: Vec<Field>,
    /// The fields as the encoder meets them: from the highest number to the lowest.
    pub steps: Vec<Step>,
    /// Positions in `fields`, in order of declaration.
    pub declared: Vec<usize>,
    /// Number of oneofs with several members.
    pub oneofs: u16,
    /// All slots.
    offsets: Vec<Offset>,
    /// Slot of the unknown fields.
    pub unknown: Offset,
    /// Slot of the extensions, if the class has an extension range.
    pub extensions: Option<Offset>,
    /// The class is a message set.
    pub message_set: bool,
    /// The class' name when it is deprecated.
    pub deprecated: Option<String>,
    /// Some field is deprecated.
    pub any_deprecated: bool,
    /// No class has a `__deepcopy__` of its own.
    pub copies_itself: bool,
    /// Messages hold nothing but the slots that are known here.
    pub lean: bool,
    /// Bytes of a message.
    pub size: usize,
    needs_check: Cell<Option<bool>>,
    learned: std::cell::RefCell<HashMap<u32, Rc<Learned>>>,
}

/// An extension that a message of the class may hold.
pub struct Learned {
    /// Number and type.
    pub shape: Rc<FieldShape>,
    /// The rest.
    pub field: Field,
}

impl Plan {
    /// The slots of a message, the unknown fields' among them.
    pub fn offsets(&self) -> impl Iterator<Item = Offset> + '_ {
        self.offsets.iter().copied()
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
        let learned = Rc::new(learned(&found)?);
        self.learned
            .borrow_mut()
            .insert(number, Rc::clone(&learned));
        Ok(Some(learned))
    }
}

/// The plan of an extension's field.
///
/// # Errors
/// What Python raises for a field that is none.
pub fn learned(python: &Bound<'_, PyAny>) -> PyResult<Learned> {
    // The field's accessors are methods of its Extension.
    let extension = python.getattr("get")?.getattr("__self__")?;
    let place = Place::Extension(Rc::new(extension.unbind()));
    let (shape, field) = compile_field(python, place)?;
    Ok(Learned {
        shape: Rc::new(shape),
        field,
    })
}

fn compile_field(python: &Bound<'_, PyAny>, place: Place) -> PyResult<(FieldShape, Field)> {
    let flag = |name: &str| python.getattr(name)?.is_truthy();
    let kind = Kind::from_number(python.getattr("type")?.extract()?)
        .ok_or_else(|| PyTypeError::new_err("the field has no type"))?;
    let class = python.getattr("message")?;
    let members = python.getattr("enum")?;
    let mut entry = None;
    let mut entry_shape = None;
    if flag("is_map")? {
        let (key_shape, key) = compile_field(&python.getattr("key")?, Place::Entry)?;
        let (value_shape, value) = compile_field(&python.getattr("value")?, Place::Entry)?;
        entry = Some(Box::new((key, value)));
        entry_shape = Some(Box::new((key_shape, value_shape)));
    }
    let number: u32 = python.getattr("number")?.extract()?;
    let shape = FieldShape {
        number,
        key: Key::new(number << 3 | kind.wire_type()),
        packed_key: Key::new(number << 3 | wire::LEN),
        kind,
        repeated: flag("repeated")?,
        utf8: flag("utf8")?,
        required: flag("required")?,
        entry: entry_shape,
        below: OnceCell::new(),
    };
    let wrapped = if flag("wrapped")? {
        wrapping(&class)?
    } else {
        Wrapped::No
    };
    let members = if members.is_none() {
        None
    } else {
        Some(Members::new(&members)?)
    };
    let field = Field {
        place,
        name: python.getattr("name")?.cast_into()?.unbind(),
        default: python.getattr("default")?.unbind(),
        presence: flag("presence")?,
        packed: flag("packed")?,
        deprecated: flag("deprecated")?,
        others: Vec::new(),
        oneof: 0,
        is_closed: members.as_ref().is_some_and(|members| members.closed),
        members,
        class: if class.is_none() {
            None
        } else {
            Some(class.cast_into()?.unbind())
        },
        wrapped,
        entry,
        python: python.clone().unbind(),
        below: OnceCell::new(),
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

/// Owns a plan for the schema, and shows the collector what the plan holds.
#[pyclass(module = "aristaproto._native", name = "Plan", frozen)]
pub struct Handle(Shared<Rc<Plan>>);

#[pymethods]
impl Handle {
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        fn field(held: &Field, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
            visit.call(&held.default)?;
            visit.call(&held.python)?;
            if let Some(class) = &held.class {
                visit.call(class)?;
            }
            if let Some(members) = &held.members {
                visit.call(&members.class)?;
                visit.call(&members.by_number)?;
                for member in members.small.iter().flatten() {
                    visit.call(member)?;
                }
            }
            if let Some(entry) = &held.entry {
                field(&entry.0, visit)?;
                field(&entry.1, visit)?;
            }
            Ok(())
        }
        let plan = &self.0 .0;
        visit.call(&plan.class)?;
        visit.call(&plan.schema)?;
        for held in &plan.fields {
            field(held, &visit)?;
        }
        Ok(())
    }
}

impl Drop for Plan {
    fn drop(&mut self) {
        object::unregister(self.class.as_ptr().cast());
    }
}

/// Compiles the plan of a schema that is complete, and replaces the slot descriptors of its class by those of this codec.
///
/// Gives the plan's handle and, for each field in order of declaration, its descriptor and one that sets it without clearing
/// the other members of its oneof.
///
/// # Errors
/// `TypeError` when the class does not lie in memory as it should.
#[pyfunction]
pub fn bind<'py>(
    schema: &Bound<'py, PyAny>,
    base: &Bound<'py, PyType>,
) -> PyResult<(Handle, Bound<'py, PyList>, Bound<'py, PyList>)> {
    let py = schema.py();
    let class: Bound<'py, PyType> = schema.getattr("cls")?.cast_into()?;
    let lookup = |name: &Bound<'py, PyAny>| -> PyResult<(Bound<'py, PyType>, Bound<'py, PyAny>)> {
        for parent in class.mro() {
            let names = parent.getattr("__dict__")?;
            if names.contains(name)? {
                return Ok((parent.cast_into()?, names.get_item(name)?));
            }
        }
        Err(PyTypeError::new_err(format!("{class} has no slot {name}")))
    };
    let declared: Bound<'py, PyTuple> = schema.getattr("fields")?.cast_into()?;
    let mut compiled = Vec::new();
    for (position, python) in declared.iter().enumerate() {
        let (_, descriptor) = lookup(&python.getattr("name")?)?;
        let offset = slot::slot_offset(&descriptor)?;
        let (shape, field) = compile_field(&python, Place::Slot(offset))?;
        compiled.push((position, shape, field, python));
    }

    // Oneofs: each member knows the slots of the others.
    let mut count = 0;
    let oneofs: Bound<'py, PyDict> = schema.getattr("oneofs")?.cast_into()?;
    for members in oneofs.values() {
        let members: Bound<'py, PyTuple> = members.cast_into()?;
        if members.len() < 2 {
            continue;
        }
        count += 1;
        let mut offsets = Vec::new();
        for member in &members {
            offsets.push(slot::slot_offset(&lookup(&member.getattr("name")?)?.1)?);
        }
        for (_, _, field, _) in &mut compiled {
            if let Place::Slot(own) = field.place {
                if offsets.contains(&own) {
                    field.oneof = count;
                    field.others = offsets.iter().copied().filter(|&it| it != own).collect();
                }
            }
        }
    }

    let descriptors = PyList::empty(py);
    let bare = PyList::empty(py);
    for (_, shape, field, python) in &compiled {
        let name = field.name.bind(py).as_any();
        let (owner, descriptor) = lookup(name)?;
        let Place::Slot(offset) = field.place else {
            continue;
        };
        let default = if shape.repeated {
            py.get_type::<PyList>().into_any()
        } else if shape.entry.is_some() {
            py.get_type::<PyDict>().into_any()
        } else {
            python.getattr("default")?
        };
        let make = |others: &[Offset]| {
            let parts = SlotParts {
                owner: &owner,
                name,
                offset,
                default: &default,
                others: others.to_vec(),
            };
            slot::new_slot(py, parts)
        };
        let descriptor = if slot::is_slot(&descriptor) {
            descriptor
        } else {
            let made = make(&field.others)?;
            // Past the `__setattr__` that a metaclass may have.
            py.get_type::<PyType>()
                .call_method1("__setattr__", (&owner, name, &made))?;
            made
        };
        bare.append(if field.others.is_empty() {
            descriptor.clone()
        } else {
            make(&[])?
        })?;
        descriptors.append(descriptor)?;
    }

    let place = |name: &str| -> PyResult<Offset> {
        slot::slot_offset(&lookup(PyString::new(py, name).as_any())?.1)
    };
    let extendable = schema.getattr("extendable")?.is_truthy()?;
    let unknown = place("_unknown_fields")?;
    let extensions = if extendable {
        Some(place("_extensions")?)
    } else {
        None
    };
    compiled.sort_by_key(|(_, shape, _, _)| shape.number);
    let mut order = vec![0; compiled.len()];
    let mut fields = Vec::new();
    let mut shapes = Vec::new();
    for (index, (position, shape, field, _)) in compiled.into_iter().enumerate() {
        if let Some(entry) = order.get_mut(position) {
            *entry = index;
        }
        shapes.push(shape);
        fields.push(field);
    }
    let deprecated = class.getattr("__deprecated__")?.is_truthy()?;
    let message_set = class.getattr("__message_set__")?.is_truthy()?;
    let room = match (message_set, extendable) {
        (true, _) => Room::MessageSet,
        (_, true) => Room::Extensions,
        _ => Room::Closed,
    };
    let offsets: Vec<Offset> = fields
        .iter()
        .filter_map(|field: &Field| match field.place {
            Place::Slot(offset) => Some(offset),
            _ => None,
        })
        .chain([unknown])
        .chain(extensions)
        .collect();
    let fields_and_more = fields.len() + 1 + usize::from(extendable);
    let plan = Rc::new(Plan {
        deprecated: if deprecated {
            Some(class.name()?.to_string())
        } else {
            None
        },
        any_deprecated: fields.iter().any(|field| field.deprecated),
        copies_itself: class
            .getattr("__deepcopy__")?
            .is(&base.getattr("__deepcopy__")?),
        message_set,
        lean: object::has_only_slots(&class, fields_and_more),
        size: object::basic_size(&class),
        schema: schema.clone().unbind(),
        steps: fields
            .iter()
            .zip(&shapes)
            .enumerate()
            .rev()
            .filter_map(Step::new)
            .collect(),
        shape: Shape::new(shapes, room, class.as_ptr() as usize),
        fields,
        declared: order,
        oneofs: count,
        offsets,
        unknown,
        extensions,
        needs_check: Cell::new(None),
        learned: std::cell::RefCell::default(),
        class: class.unbind(),
    });
    if !plan.class.bind(py).is_subclass(base)? {
        return Err(PyTypeError::new_err("the class is no message class"));
    }
    object::register(py, &plan);
    Ok((Handle(Shared(plan)), descriptors, bare))
}

/// Replaces a slot's descriptor that is no field's: `_unknown_fields`, `_extensions`.
///
/// # Errors
/// `TypeError` when there is no such slot.
#[pyfunction]
pub fn bind_slot(
    owner: &Bound<'_, PyType>,
    name: &Bound<'_, PyString>,
    default: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let py = owner.py();
    let descriptor = owner.getattr("__dict__")?.get_item(name)?;
    let made = slot::new_slot(
        py,
        SlotParts {
            owner,
            name: name.as_any(),
            offset: slot::slot_offset(&descriptor)?,
            default,
            others: Vec::new(),
        },
    )?;
    py.get_type::<PyType>()
        .call_method1("__setattr__", (owner, name, made))?;
    Ok(())
}
