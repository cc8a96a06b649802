//! Makes the plan of a message class, and its descriptors, from the `Schema` that `aristaproto.schema.builder` built.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple, PyType};

use crate::api::field_descriptor::{Empty, FieldSlot};
use crate::api::{field_descriptor, message_type};
use crate::memory::layout::{Layout, MessageClass, Offset};
use crate::memory::reserve;
use crate::python::arguments::caught;
use crate::python::cpython;
use crate::schema::compile::compile_field;
use crate::schema::field::Storage;
use crate::schema::field_tables::{CanonicalEntry, DecodeEntry, EncodeEntry, FieldEncoding};
use crate::schema::message::{Field, Plan};
use crate::schema::registry::Handle;
use crate::schema::wire_table::{FieldShape, MessageKind, Shape};

/// A class with more fields than this is not read before one of them is looked at.
const FLAT_FIELDS: usize = 8;
/// More bytes than a field takes in the plan of its class and while that is made.
const FIELD_BYTES: usize = 4096;

/// A field on its way into a plan, with its position in order of declaration.
struct Draft {
    position: usize,
    shape: FieldShape,
    field: Field,
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
    caught(|| {
        let py = schema.py();
        let class: Bound<'py, PyType> = schema.getattr("cls")?.cast_into()?;
        let own = MessageClass::new(&class)?;
        let mut drafts = Vec::new();
        let declared: Bound<'py, PyTuple> = schema.getattr("fields")?.cast_into()?;
        reserve::ensure((declared.len() + 8) * FIELD_BYTES)?;
        for (position, python) in declared.iter().enumerate() {
            let offset = offset_of(&class, &python.getattr("name")?)?;
            let (shape, field) = compile_field(&python, Storage::Slot(offset))?;
            drafts.push(Draft {
                position,
                shape,
                field,
            });
        }
        let members = link_oneofs(schema, &class, &mut drafts)?;
        let all = cpython::empty_list(py)?;
        let alone_all = cpython::empty_list(py)?;
        for draft in &drafts {
            let (descriptor, alone) = describe(&class, draft)?;
            all.append(descriptor)?;
            alone_all.append(alone)?;
        }
        let plan = assemble(schema, own, base, drafts, members)?.share();
        message_type::call_directly(&plan.class);
        Ok((Handle::new(plan), all, alone_all))
    })
}

/// The class that declares a slot, and the slot's descriptor.
fn find_slot<'py>(
    class: &Bound<'py, PyType>,
    name: &Bound<'py, PyAny>,
) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyAny>)> {
    for parent in class.mro() {
        let names = parent.getattr("__dict__")?;
        if names.contains(name)? {
            return Ok((parent.cast_into()?, names.get_item(name)?));
        }
    }
    Err(PyTypeError::new_err(format!("{class} has no slot {name}")))
}

/// The offset of the slot with a name.
fn offset_of(class: &Bound<'_, PyType>, name: &Bound<'_, PyAny>) -> PyResult<Offset> {
    let (_, descriptor) = find_slot(class, name)?;
    Ok(field_descriptor::find(class, &descriptor)?.0)
}

/// Tells each member of a oneof the slots of the others; gives the slots of all that have others, and which
/// oneof it is, counted from one.
fn link_oneofs<'py>(
    schema: &Bound<'py, PyAny>,
    class: &Bound<'py, PyType>,
    drafts: &mut [Draft],
) -> PyResult<Vec<(Offset, u32)>> {
    let mut all = Vec::new();
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
            offsets.push(offset_of(class, &member.getattr("name")?)?);
        }
        for Draft { field, .. } in drafts.iter_mut() {
            if let Some(own) = field.slot().filter(|own| offsets.contains(own)) {
                field.oneof = count;
                field.others = offsets.iter().copied().filter(|&it| it != own).collect();
            }
        }
        all.extend(offsets.into_iter().map(|offset| (offset, count)));
    }
    Ok(all)
}

/// The descriptor of a field, which is put into its class, and one that leaves the other members of a oneof alone.
fn describe<'py>(
    class: &Bound<'py, PyType>,
    draft: &Draft,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let py = class.py();
    let name = draft.field.name.bind(py).as_any();
    let (owner, found) = find_slot(class, name)?;
    // The offset is good for messages of the class whose slot it is, not for all that inherit the attribute.
    let (offset, declarer) = field_descriptor::find(class, &found)?;
    let shape = &draft.shape;
    let make = |others: &[Offset]| {
        let empty = if shape.is_numbers() {
            Empty::Numbers(shape.number)
        } else if shape.repeated {
            Empty::List(shape.number)
        } else if shape.entry.is_some() {
            Empty::Dict
        } else {
            Empty::Default(draft.field.default.clone_ref(py))
        };
        FieldSlot::descriptor(&declarer, name, offset, empty, others)
    };
    let descriptor = if field_descriptor::is_slot(&found) {
        found
    } else {
        let own = make(&draft.field.others)?;
        put_into(&owner, name, &own)?;
        own
    };
    let alone = if draft.field.others.is_empty() {
        descriptor.clone()
    } else {
        make(&[])?
    };
    Ok((descriptor, alone))
}

/// Sets an attribute of a class past the `__setattr__` that its metaclass may have.
fn put_into(
    class: &Bound<'_, PyType>,
    name: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
) -> PyResult<()> {
    class
        .py()
        .get_type::<PyType>()
        .call_method1("__setattr__", (class, name, value))
        .map(drop)
}

fn assemble<'py>(
    schema: &Bound<'py, PyAny>,
    own: MessageClass,
    base: &Bound<'py, PyType>,
    mut drafts: Vec<Draft>,
    members: Vec<(Offset, u32)>,
) -> PyResult<Plan> {
    let py = schema.py();
    let class = own.bind(py);
    let slot_of = |name: &str| offset_of(class, PyString::new(py, name).as_any());
    let flag = |name: &str| class.getattr(name)?.is_truthy();
    let extendable = schema.getattr("extendable")?.is_truthy()?;
    let message_kind = match (flag("__message_set__")?, extendable) {
        (true, _) => MessageKind::MessageSet,
        (_, true) => MessageKind::Extendable,
        _ => MessageKind::Plain,
    };
    let unknown = slot_of("_unknown_fields")?;
    let extensions_slot = extendable.then(|| slot_of("_extensions")).transpose()?;
    drafts.sort_by_key(|draft| draft.shape.number);
    let mut declared = vec![0; drafts.len()];
    let mut positions = HashMap::with_capacity(drafts.len());
    let mut fields = Vec::new();
    let mut shapes = Vec::new();
    for (index, draft) in drafts.into_iter().enumerate() {
        if let Some(entry) = declared.get_mut(draft.position) {
            *entry = index;
        }
        let name = draft.field.name.bind(py).to_str()?;
        positions.insert(Box::from(name), draft.position);
        shapes.push(draft.shape);
        fields.push(draft.field);
    }
    let offsets: Vec<(Offset, ())> = fields
        .iter()
        .filter_map(Field::slot)
        .chain([unknown])
        .chain(extensions_slot)
        .map(|offset| (offset, ()))
        .collect();
    let none_required = shapes.iter().all(|shape| !shape.required);
    let encode_table = fields.iter().zip(&shapes).enumerate().rev();
    let encode_table: Vec<(Offset, EncodeEntry)> =
        encode_table.filter_map(EncodeEntry::new).collect();
    let is_deep = |(_, entry): &&(Offset, EncodeEntry)| {
        !matches!(
            entry.encoding,
            FieldEncoding::Scalar | FieldEncoding::Optional | FieldEncoding::Closed
        )
    };
    let decode_table: Vec<DecodeEntry> = fields.iter().zip(&shapes).map(DecodeEntry::new).collect();
    Ok(Plan {
        flat: message_kind == MessageKind::Plain
            && decode_table.len() <= FLAT_FIELDS
            && decode_table.iter().all(|entry| entry.tag != 0)
            && none_required,
        is_simple: message_kind == MessageKind::Plain && none_required,
        canonical_table: fields
            .iter()
            .zip(&shapes)
            .map(CanonicalEntry::new)
            .collect(),
        decode_table,
        deprecated: if flag("__deprecated__")? {
            Some(class.name()?.to_string())
        } else {
            None
        },
        any_deprecated: fields.iter().any(|field| field.deprecated),
        copies_itself: class
            .getattr("__deepcopy__")?
            .is(&base.getattr("__deepcopy__")?),
        schema: schema.clone().unbind(),
        container_table: Layout::new(encode_table.iter().filter(is_deep).copied().collect()),
        encode_table: Layout::new(encode_table),
        shape: Shape::new(shapes, message_kind, class.as_ptr() as usize),
        fields,
        declared,
        oneof_members: Layout::new(members),
        offsets: Layout::new(offsets),
        unknown,
        extensions_slot,
        needs_check: Cell::new(None),
        positions,
        names: OnceCell::new(),
        known_extensions: RefCell::default(),
        own: OnceCell::new(),
        class: own,
    })
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
    caught(|| {
        MessageClass::new(owner)?;
        let descriptor = owner.getattr("__dict__")?.get_item(name)?;
        let (offset, _) = field_descriptor::find(owner, &descriptor)?;
        let empty = Empty::Default(default.clone().unbind());
        let made = FieldSlot::descriptor(owner, name.as_any(), offset, empty, &[])?;
        put_into(owner, name.as_any(), &made)
    })
}
