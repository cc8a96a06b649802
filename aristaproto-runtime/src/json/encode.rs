//! Walks a message along the plan of its class and writes JSON. Called for `Message.to_json`.
//!
//! What is not usual is refused as a whole and left to the plain codec: above all values of other types than their field's. So
//! there is one text for each error, and Python code that values bring along runs once, in the plain codec.

use std::cell::RefCell;
use std::mem::replace;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

use crate::api::Limits;
use crate::buffer::KEPT;
use crate::decode::read_pending;
use crate::encode::Stop;
use crate::function::Arguments;
use crate::json::below::read_below;
use crate::json::names::{self, Form, Names};
use crate::json::options::{options, Options};
use crate::json::page::{Page, NOTHING};
use crate::json::quick::{json_member, json_message, json_scalar, Way};
use crate::json::scalars::float_of;
use crate::json::special::{self, Pools, Unwrapped};
use crate::json::writers::plain_number;
use crate::json::{some, Outcome};
use crate::object::{Message, Slot};
use crate::plan::{Field, Plan, Wrapped};
use crate::quick::{self, Quick};
use crate::required::is_complete;
use crate::shape::{FieldShape, Kind};
use crate::value;

thread_local! {
    /// Room for text, so that not every call asks for some.
    static PAGE: RefCell<Option<Page>> = const { RefCell::new(None) };
}

/// Runs `work` with the page that the thread keeps between calls. Code that is called while text is written may write other
/// text, and gets a page of its own.
fn with_page<T>(work: impl FnOnce(&mut Page) -> T) -> T {
    let mut page = PAGE.with_borrow_mut(Option::take).unwrap_or_default();
    let done = work(&mut page);
    page.reset(KEPT);
    PAGE.with_borrow_mut(|kept| *kept = Some(page));
    done
}

/// The text of a message; `None` for what the plain codec is to write.
///
/// # Errors
/// What Python raises when a class cannot be resolved.
pub fn to_json<'py>(
    object: &Bound<'py, PyAny>,
    arguments: Arguments<'_, 'py>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = object.py();
    let Some(message) = Message::of(object) else {
        return Ok(None);
    };
    let Some((options, pool)) = options(py, arguments)? else {
        return Ok(None);
    };
    with_page(|page| {
        let plan = message.plan()?;
        let mut writer = Writer {
            py,
            options,
            pools: Pools::new(&pool, plan),
            // The outermost message is not inside another one.
            levels: Limits::current(py)?.levels().saturating_add(1),
            nesting: 0,
            out: Vec::new(),
            page,
            read: false,
        };
        let outcome = match writer.text(plan, message) {
            Ok(_) if plan.needs_check(py)? && !is_complete(plan, message)? => Err(Stop::Refused),
            Ok(true) => Ok(value::page_string(py, writer.page)?.into_any()),
            Ok(false) => Ok(value::ascii_string(py, &writer.out)?.into_any()),
            Err(stop) => Err(stop),
        };
        match outcome {
            Ok(made) => Ok(Some(made)),
            Err(Stop::Refused) => Ok(None),
            Err(Stop::Python(error)) => Err(*error),
        }
    })
}

struct Writer<'a, 'py> {
    py: Python<'py>,
    options: Options,
    pools: Pools<'py>,
    /// Levels of messages that may follow.
    levels: u32,
    /// Objects and arrays that are open.
    nesting: usize,
    out: Vec<u8>,
    /// For what is written as a whole; empty but for that.
    page: &'a mut Page,
    /// All messages in the outermost one have been read.
    read: bool,
}

impl<'py> Writer<'_, 'py> {
    /// Begins an object or an array.
    #[inline]
    fn open(&mut self, mark: u8) {
        self.out.push(mark);
        self.nesting += 1;
    }

    /// Ends an object or an array; `empty` if it has no members.
    #[inline]
    fn close(&mut self, mark: u8, empty: bool) {
        self.nesting -= 1;
        if !empty && self.options.indent.is_some() {
            self.new_line();
        }
        self.out.push(mark);
    }

    /// Begins a member of an object or an array.
    #[inline]
    fn separate(&mut self, first: bool) {
        if self.options.indent.is_some() {
            if !first {
                self.out.push(b',');
            }
            self.new_line();
        } else if !first {
            self.out.extend_from_slice(b", ");
        }
    }

    #[cold]
    fn new_line(&mut self) {
        self.out.push(b'\n');
        if let Some(indent) = &self.options.indent {
            for _ in 0..self.nesting {
                self.out.extend_from_slice(indent);
            }
        }
    }

    /// Begins a member of an object with its key, which has `, ` in front.
    #[inline(always)]
    fn key(&mut self, key: &[u8], first: bool) {
        if self.options.indent.is_some() {
            self.separate(first);
            self.out.extend_from_slice(key.get(2..).unwrap_or_default());
        } else {
            let start = if first { 2 } else { 0 };
            self.out
                .extend_from_slice(key.get(start..).unwrap_or_default());
        }
    }

    /// Writes the outermost message; gives whether it is in the page.
    fn text(&mut self, plan: &Plan, message: Message<'_, 'py>) -> Outcome<bool> {
        let names = self.enter(plan, message)?;
        let quickly = self.quickly(plan, names, message)?;
        if !quickly {
            self.slowly(plan, names, message)?;
        }
        Ok(quickly)
    }

    /// Writes a message in another one.
    fn message(&mut self, plan: &Plan, message: Message<'_, 'py>) -> Outcome {
        let names = self.enter(plan, message)?;
        if self.quickly(plan, names, message)? {
            self.take_page();
        } else {
            self.slowly(plan, names, message)?;
        }
        self.levels += 1;
        Ok(())
    }

    fn enter<'p>(&mut self, plan: &'p Plan, message: Message<'_, 'py>) -> Outcome<&'p Names> {
        self.levels = some(self.levels.checked_sub(1))?;
        if message.is_pending() {
            read_pending(message)?;
        }
        Ok(Names::of(self.py, plan)?)
    }

    /// Writes a message to the page, if that can be done as a whole.
    fn quickly(&mut self, plan: &Plan, names: &Names, message: Message<'_, 'py>) -> Outcome<bool> {
        if self.options.indent.is_some()
            || self.options.defaults
            || names.misses.get() >= quick::MISSES
        {
            return Ok(false);
        }
        let way = Way::new(self.levels, self.options.snake);
        if json_message(plan, message.area(), way, self.page) {
            names.misses.set(0);
            return Ok(true);
        }
        self.page.forget(0);
        if !replace(&mut self.read, true) && read_below(plan, message)? {
            return self.quickly(plan, names, message);
        }
        names.misses.set(names.misses.get() + 1);
        Ok(false)
    }

    /// Puts what is in the page behind what was written.
    fn take_page(&mut self) {
        for piece in self.page.pieces() {
            self.out.extend_from_slice(piece);
        }
        self.page.forget(0);
    }

    fn slowly(&mut self, plan: &Plan, names: &Names, message: Message<'_, 'py>) -> Outcome {
        match names.form {
            Form::Fields => {
                self.open(b'{');
                let empty = self.members(plan, names, message, true)?;
                self.close(b'}', empty);
            }
            Form::Struct | Form::ListValue => self.collection(plan, message, names.form)?,
            Form::Value => self.value_message(plan, names, message)?,
            Form::Timestamp | Form::Duration => {
                let (seconds, nanos) = special::parts(plan, message)?;
                self.time(names.form == Form::Timestamp, seconds, nanos)?;
            }
            Form::FieldMask => self.field_mask(plan, message)?,
            Form::Wrapper => {
                let (field, shape, held) = special::held(plan, message, 1)?;
                let held = held.unwrap_or_else(|| field.default.bind(self.py).clone());
                self.value(field, shape, &held)?;
            }
            Form::Any => self.any(plan, message)?,
            Form::Other => return Err(Stop::Refused),
        }
        Ok(())
    }

    /// Writes the fields of a message as members of an object, of which there is none yet if `first`; gives whether it is so
    /// still.
    fn members(
        &mut self,
        plan: &Plan,
        names: &Names,
        message: Message<'_, 'py>,
        mut first: bool,
    ) -> Outcome<bool> {
        let area = message.area();
        for (index, (_, slot)) in area.each(&names.slots).enumerate() {
            if !slot.is_empty() || self.options.defaults {
                first = self.member(plan, names, index, slot, first)?;
            }
        }
        if plan.extensions.is_some_and(|slot| !area.is_empty(slot)) {
            first = self.extensions(plan, message, first)?;
        }
        Ok(first)
    }

    /// Writes the field at a position of the plan as a member, if it is to be written; gives what `members` does.
    #[inline(never)] // The way from one empty slot to the next is short without it.
    fn member(
        &mut self,
        plan: &Plan,
        names: &Names,
        index: usize,
        slot: Slot<'_>,
        first: bool,
    ) -> Outcome<bool> {
        let words = &names.keys(self.options.snake).words;
        let (Some((field, shape)), Some(key)) = (plan.at(index), words.get(index)) else {
            return Ok(first);
        };
        let before = self.out.len();
        self.key(key.bytes(), first);
        let set = match &slot.get(self.py) {
            Some(held) => self.field(field, shape, held)?,
            None => false,
        };
        let written =
            set || self.options.defaults && self.default(field, shape, names.takes_null(index))?;
        if !written {
            self.out.truncate(before);
        }
        Ok(first && !written)
    }

    #[cold]
    fn extensions(
        &mut self,
        plan: &Plan,
        message: Message<'_, 'py>,
        mut first: bool,
    ) -> Outcome<bool> {
        for (learned, held) in special::extensions(plan, message)? {
            let key = special::extension_key(self.py, &learned, self.options.snake)?;
            let name: String = key.extract()?;
            let before = self.out.len();
            let key = names::key(&name, self.page);
            self.key(key.bytes(), first);
            if self.field(&learned.field, &learned.shape, &held)? {
                first = false;
            } else if self.options.defaults {
                return Err(Stop::Refused);
            } else {
                self.out.truncate(before);
            }
        }
        Ok(first)
    }

    /// Writes what stands for an unset field; false if nothing does.
    #[cold]
    fn default(&mut self, field: &Field, shape: &FieldShape, takes_null: bool) -> Outcome<bool> {
        if shape.repeated {
            self.out.extend_from_slice(b"[]");
        } else if shape.entry.is_some() {
            self.out.extend_from_slice(b"{}");
        } else if !field.presence {
            self.value(field, shape, field.default.bind(self.py))?;
        } else if takes_null {
            // Null would set it.
            return Ok(false);
        } else {
            self.out.extend_from_slice(b"null");
        }
        Ok(true)
    }

    /// Writes what an attribute holds; false if that is the field's default, and nothing was written.
    #[inline(always)]
    fn field(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        held: &Bound<'py, PyAny>,
    ) -> Outcome<bool> {
        if held.is_none() {
            return if field.presence || shape.repeated || shape.entry.is_some() {
                Ok(false)
            } else {
                Err(Stop::Refused)
            };
        }
        if shape.repeated {
            let list = held.cast_exact::<PyList>().map_err(|_| Stop::Refused)?;
            if list.is_empty() {
                return Ok(false);
            }
            self.list(field, shape, list)?;
            return Ok(true);
        }
        if let (Some(entry), Some(shapes)) = (&field.entry, &shape.entry) {
            let dict = held.cast_exact::<PyDict>().map_err(|_| Stop::Refused)?;
            if dict.is_empty() {
                return Ok(false);
            }
            self.map(entry, shapes, dict)?;
            return Ok(true);
        }
        if field.presence {
            self.value(field, shape, held)?;
            return Ok(true);
        }
        self.value_unless::<true>(field, shape, held)
    }

    fn list(&mut self, field: &Field, shape: &FieldShape, list: &Bound<'py, PyList>) -> Outcome {
        self.open(b'[');
        value::for_each(list, |index, item| {
            self.separate(index == 0);
            self.value(field, shape, &item)
        })?;
        self.close(b']', list.is_empty());
        Ok(())
    }

    fn map(
        &mut self,
        entry: &(Field, Field),
        shapes: &(FieldShape, FieldShape),
        dict: &Bound<'py, PyDict>,
    ) -> Outcome {
        self.open(b'{');
        let entries = quick::entries(dict);
        for (index, (key, item)) in entries.iter().enumerate() {
            self.separate(index == 0);
            if let Ok(key) = key.cast_exact::<PyString>() {
                if shapes.0.kind != Kind::String {
                    return Err(Stop::Refused);
                }
                self.string(key)?;
            } else {
                self.out.push(b'"');
                let start = self.out.len();
                self.value(&entry.0, &shapes.0, key)?;
                // 64 bits come with quotation marks of their own.
                if self.out.get(start) == Some(&b'"') {
                    self.out.remove(start);
                } else {
                    self.out.push(b'"');
                }
            }
            self.out.extend_from_slice(b": ");
            self.value(&entry.1, &shapes.1, item)?;
        }
        self.close(b'}', entries.is_empty());
        Ok(())
    }

    fn string(&mut self, held: &Bound<'py, PyString>) -> Outcome {
        let written = self.put(|page| json_scalar(held, Kind::String, false, page))?;
        some(written.then_some(()))
    }

    /// Takes what is put on the page; false if that is nothing.
    fn put(&mut self, write: impl FnOnce(&mut Page) -> Quick) -> Outcome<bool> {
        match write(self.page) {
            Quick::Written => self.take_page(),
            Quick::Nothing => return Ok(false),
            Quick::Slow => {
                self.page.forget(0);
                return Err(Stop::Refused);
            }
        }
        Ok(true)
    }

    /// Writes one value, zero or not.
    fn value(&mut self, field: &Field, shape: &FieldShape, item: &Bound<'py, PyAny>) -> Outcome {
        let written = self.value_unless::<false>(field, shape, item)?;
        some(written.then_some(()))
    }

    /// Writes one value; false if it is the zero of its type, which is not written with `ZERO`.
    #[inline(always)]
    fn value_unless<const ZERO: bool>(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        item: &Bound<'py, PyAny>,
    ) -> Outcome<bool> {
        match shape.kind {
            Kind::Message | Kind::Group => self.message_value(field, shape, item).map(|()| true),
            Kind::Enum => {
                some(field.members.as_ref())?.names(self.py)?;
                self.put(|page| json_member(item, field, ZERO, page))
            }
            kind => self.put(|page| json_scalar(item, kind, ZERO, page)),
        }
    }

    fn message_value(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        item: &Bound<'py, PyAny>,
    ) -> Outcome {
        let plan = field.plan(self.py, shape)?;
        match field.wrapped {
            Wrapped::No => {
                if let Some(message) = Message::exactly(item, &plan) {
                    return self.message(&plan, message);
                }
                let message = special::message_of(item, &plan)?;
                self.message(message.plan()?, message)
            }
            Wrapped::Scalar => {
                let scalar = plan.at(0).filter(|(_, shape)| !shape.kind.is_message());
                let (inner, inner_shape) = some(scalar)?;
                self.value(inner, inner_shape, item)
            }
            wrapped => match special::unwrapped(wrapped, item, &plan)? {
                Unwrapped::Parts(seconds, nanos) => {
                    some(self.levels.checked_sub(1))?;
                    self.time(wrapped == Wrapped::Timestamp, seconds, nanos)
                }
                Unwrapped::Message(made) => {
                    let message = some(Message::of(&made))?;
                    self.message(message.plan()?, message)
                }
            },
        }
    }

    fn time(&mut self, is_timestamp: bool, seconds: i64, nanos: i32) -> Outcome {
        let line = some(special::time(is_timestamp, seconds, nanos))?;
        self.out.push(b'"');
        self.out.extend_from_slice(line.bytes());
        self.out.push(b'"');
        Ok(())
    }

    /// Writes a Struct or a `ListValue`.
    fn collection(&mut self, plan: &Plan, message: Message<'_, 'py>, form: Form) -> Outcome {
        let (field, shape, held) = special::held(plan, message, 1)?;
        let Some(held) = held else {
            let empty: &[u8] = if form == Form::Struct { b"{}" } else { b"[]" };
            self.out.extend_from_slice(empty);
            return Ok(());
        };
        if form == Form::ListValue {
            return self.list(field, shape, held.cast_exact().map_err(|_| Stop::Refused)?);
        }
        let (entry, shapes) = some(field.entry.as_ref().zip(shape.entry.as_ref()))?;
        self.map(entry, shapes, held.cast_exact().map_err(|_| Stop::Refused)?)
    }

    fn value_message(&mut self, plan: &Plan, names: &Names, message: Message<'_, 'py>) -> Outcome {
        let Some((field, shape, held)) = special::kind_of_value(plan, names, message)? else {
            self.out.extend_from_slice(b"null");
            return Ok(());
        };
        if shape.kind == Kind::Enum {
            self.out.extend_from_slice(b"null");
            return Ok(());
        }
        if shape.kind != Kind::Double {
            return self.value(field, shape, &held);
        }
        let number = float_of(&held)?;
        some(plain_number(number, &NOTHING, self.page))?;
        self.take_page();
        Ok(())
    }

    fn field_mask(&mut self, plan: &Plan, message: Message<'_, 'py>) -> Outcome {
        let joined = special::camel_paths(plan, message)?;
        self.page.utf8(&joined, &NOTHING);
        self.take_page();
        Ok(())
    }

    fn any(&mut self, plan: &Plan, message: Message<'_, 'py>) -> Outcome {
        self.open(b'{');
        let Some((url, inner)) = special::packed(plan, message, &self.pools)? else {
            self.close(b'}', true);
            return Ok(());
        };
        self.key(b", \"@type\": ", true);
        self.string(&url)?;
        let inner = some(Message::of(&inner))?;
        self.read = false;
        let inner_plan = inner.plan()?;
        let names = Names::of(self.py, inner_plan)?;
        if names.form == Form::Fields {
            self.levels = some(self.levels.checked_sub(1))?;
            if inner.is_pending() {
                read_pending(inner)?;
            }
            self.members(inner_plan, names, inner, false)?;
            self.levels += 1;
        } else {
            self.key(b", \"value\": ", false);
            self.message(inner_plan, inner)?;
        }
        self.close(b'}', false);
        Ok(())
    }
}
