//! Values that are held by a counted reference while they are written: what is not of the type that its field's code makes, and
//! extensions. Converting one may run Python code.

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyList, PyString, PyTuple};

use super::encoder::{close, closed_member, open, written_plainly, Encoder};
use crate::binary::encode_scalar::{plain, scalar};
use crate::binary::packed;
use crate::message::header::Message;
use crate::python::arguments::release_dropped;
use crate::python::borrowed::peek;
use crate::python::fallback::{Outcome, Stop};
use crate::python::growth;
use crate::python::imports::api;
use crate::python::values;
use crate::schema::compile::compile_extension;
use crate::schema::datetime;
use crate::schema::field::Wrapped;
use crate::schema::field_tables::FieldEncoding;
use crate::schema::message::{ExtensionField, Field, Plan};
use crate::schema::wire_table::FieldShape;
use crate::wire::{Key, Writer};

impl Encoder {
    pub(super) fn extensions<'py>(
        &mut self,
        held: &Bound<'py, PyDict>,
        out: &mut Writer,
    ) -> Outcome {
        let mut found: Vec<(ExtensionField, Bound<'py, PyAny>, Bound<'py, PyAny>)> = Vec::new();
        for (extension, item) in values::entries(held)? {
            let known = compile_extension(&extension.getattr("field")?)?;
            growth::push(&mut found, (known, extension, item))?;
        }
        found.sort_by_key(|(known, _, _)| std::cmp::Reverse(known.shape.number));
        for (known, extension, item) in &found {
            if let Some(list) = self.field(&known.field, &known.shape, item, out)? {
                held.set_item(extension, &list)?;
                self.field(&known.field, &known.shape, &list, out)?;
            }
        }
        drop(found);
        release_dropped();
        Ok(())
    }

    /// Writes what an attribute holds; or gives the list that is to replace it, when it is an iterable of another kind, and
    /// writes nothing.
    #[inline]
    pub(super) fn field<'py>(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        held: &Bound<'py, PyAny>,
        out: &mut Writer,
    ) -> Outcome<Option<Bound<'py, PyAny>>> {
        if shape.repeated {
            return self.repeated(field, shape, held, out);
        }
        if let (Some(entry), Some(shapes)) = (&field.entry, &shape.entry) {
            self.map(entry, shapes, shape, held, out)?;
        } else if shape.kind.is_message() {
            if !held.is_none() {
                self.value(field, shape, held, out)?;
            }
        } else if field.presence {
            if !held.is_none() && !closed_member(field, held, self.exact, shape.key, out) {
                self.scalar(field, shape, held, shape.key, false, out)?;
            }
        } else {
            self.scalar(field, shape, held, shape.key, true, out)?;
        }
        Ok(None)
    }

    fn repeated<'py>(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        held: &Bound<'py, PyAny>,
        out: &mut Writer,
    ) -> Outcome<Option<Bound<'py, PyAny>>> {
        if let Ok(list) = held.cast_exact::<PyList>() {
            self.list(field, shape, list, out)?;
            return Ok(None);
        }
        if self.exact.is_some() {
            return Err(Stop::Fallback);
        }
        if held.is_none() {
            return Ok(None);
        }
        if let Ok(tuple) = held.cast_exact::<PyTuple>() {
            self.list(field, shape, &tuple.to_list(), out)?;
            return Ok(None);
        }
        let mapping = api(held.py())?.mapping.bind(held.py());
        if held.is_instance_of::<PyString>()
            || held.is_instance_of::<PyBytes>()
            || held.is_instance_of::<PyByteArray>()
            || held.is_instance(mapping)?
            || !held.hasattr("__iter__")?
        {
            return Err(Stop::Fallback);
        }
        // An iterator can be read once only: what it gave must not be lost, and the plain codec must find it.
        Ok(Some(values::list_of(held)?.into_any()))
    }

    fn list(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        list: &Bound<'_, PyList>,
        out: &mut Writer,
    ) -> Outcome {
        if list.is_empty() {
            return Ok(());
        }
        if shape.kind.is_message() {
            return values::for_each_back(list, |item| self.value(field, shape, &item, out));
        }
        let (encoding, key) = if field.packed {
            (FieldEncoding::Packed, shape.packed_key)
        } else {
            (FieldEncoding::Each, shape.key)
        };
        let (kind, exact) = (shape.kind, self.exact);
        if !field.is_closed
            && peek(list, |list| {
                written_plainly(list, encoding, kind, key, exact, out)
            })
        {
            return Ok(());
        }
        let before = out.len();
        let key = if field.packed { Key::NONE } else { shape.key };
        values::for_each_back(list, |item| {
            self.scalar(field, shape, &item, key, false, out)
        })?;
        if field.packed {
            out.varint((out.len() - before) as u64, shape.packed_key);
        }
        Ok(())
    }

    fn map(
        &mut self,
        entry: &(Field, Field),
        shapes: &(FieldShape, FieldShape),
        shape: &FieldShape,
        held: &Bound<'_, PyAny>,
        out: &mut Writer,
    ) -> Outcome {
        let pairs: Vec<(Bound<'_, PyAny>, Bound<'_, PyAny>)> =
            if let Ok(dict) = held.cast_exact::<PyDict>() {
                if dict.is_empty() {
                    return Ok(());
                }
                if !shapes.1.kind.is_message() && !entry.1.is_closed {
                    let part = |shape: &FieldShape| (shape.kind, shape.key);
                    let (name, item, key) = (part(&shapes.0), part(&shapes.1), shape.key);
                    let exact = self.exact.is_some();
                    if peek(dict, |dict| packed::map(dict, name, item, key, exact, out)) {
                        return Ok(());
                    }
                }
                values::entries(dict)?
            } else {
                if self.exact.is_some() {
                    return Err(Stop::Fallback);
                }
                if !held.is_truthy()? {
                    return Ok(());
                }
                if !held.hasattr("items")? {
                    return Err(Stop::Fallback);
                }
                let items = held.call_method0("items")?.try_iter()?;
                growth::collect(items.map(|pair| pair?.extract()))?
            };
        for (key, item) in pairs.iter().rev() {
            let before = out.len();
            if shapes.1.kind.is_message() {
                self.value(&entry.1, &shapes.1, item, out)?;
            } else {
                self.scalar(&entry.1, &shapes.1, item, shapes.1.key, false, out)?;
            }
            self.scalar(&entry.0, &shapes.0, key, shapes.0.key, false, out)?;
            out.varint((out.len() - before) as u64, shape.key);
        }
        Ok(())
    }

    /// Writes a message, or a value that stands for one, as `child` does.
    pub(super) fn value(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        item: &Bound<'_, PyAny>,
        out: &mut Writer,
    ) -> Outcome {
        self.enter()?;
        let before = open(shape, out);
        match field.message(item) {
            Some(message) => {
                let plan = message.plan()?;
                if let Some(exact) = self.exact {
                    let is_usual = plan.copies_itself && message.compares_itself();
                    // Of a wrapped field, reading gives the value that the message stands for.
                    let is_read_so = field.wrapped == Wrapped::No && is_usual;
                    if !is_read_so || exact.alone && !values::is_unshared(item) {
                        return Err(Stop::Fallback);
                    }
                }
                self.message(plan, message, out)?;
            }
            None => self.other(field, shape, item, out)?,
        }
        close(shape, before, out);
        self.depth += 1;
        Ok(())
    }

    /// Writes the content of a message that is not of the field's very class.
    fn other(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        item: &Bound<'_, PyAny>,
        out: &mut Writer,
    ) -> Outcome {
        let py = item.py();
        match field.wrapped {
            Wrapped::No if self.exact.is_some() => return Err(Stop::Fallback),
            Wrapped::No => {
                let message = Message::of(item).ok_or(Stop::Fallback)?;
                let own = message.plan()?;
                let plan = field.plan(py, shape)?;
                let origin = |plan: &Plan| plan.schema.bind(py).getattr("origin");
                if !origin(own)?.is(&origin(&plan)?) {
                    return Err(Stop::Fallback);
                }
                return self.message(own, message, out);
            }
            Wrapped::Timestamp | Wrapped::Duration => {
                if let Some(parts) = datetime::parts(field.wrapped, item) {
                    if self.exact.is_some() && datetime::is_second_time(item) {
                        return Err(Stop::Fallback);
                    }
                    out.parts(parts);
                    return Ok(());
                }
            }
            Wrapped::Scalar => {
                let plan = field.plan(py, shape)?;
                if let Some((inner, inner_shape)) = plan.at(0) {
                    return self.scalar(inner, inner_shape, item, inner_shape.key, true, out);
                }
            }
            Wrapped::Other => {}
        }
        if self.exact.is_some() {
            return Err(Stop::Fallback);
        }
        let plan = field.plan(py, shape)?;
        let message = plan
            .class
            .bind(py)
            .call_method1("from_wrapped", (item,))
            .map_err(|_| Stop::Fallback)?;
        let message = Message::of(&message).ok_or(Stop::Fallback)?;
        self.message(message.plan()?, message, out)
    }

    pub(super) fn scalar(
        &self,
        field: &Field,
        shape: &FieldShape,
        item: &Bound<'_, PyAny>,
        key: Key,
        skip_zero: bool,
        out: &mut Writer,
    ) -> Outcome {
        if self.exact.is_none() {
            return scalar(field, shape, item, key, skip_zero, out);
        }
        let kind = shape.kind;
        if peek(item, |value| plain(value, kind, key, skip_zero, true, out)) {
            return Ok(());
        }
        exact_member(field, item, key, skip_zero, out)
    }
}

/// Writes the member of an enum that reading its number gives.
fn exact_member(
    field: &Field,
    item: &Bound<'_, PyAny>,
    key: Key,
    skip_zero: bool,
    out: &mut Writer,
) -> Outcome {
    let values = field.enum_values.as_ref().ok_or(Stop::Fallback)?;
    let number = values::small_int(item).ok_or(Stop::Fallback)?;
    let read = values.find(item.py(), number)?.ok_or(Stop::Fallback)?;
    if !read.is(item) {
        return Err(Stop::Fallback);
    }
    if !(skip_zero && number == 0) {
        out.varint(i64::from(number) as u64, key);
    }
    Ok(())
}
