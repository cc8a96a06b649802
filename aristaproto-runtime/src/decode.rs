//! Wire bytes to messages. In: bytes and a plan. Out: messages whose slots are empty until they are read, or filled ones.
//!
//! `parse` checks the bytes with `scan` and leaves the rest to the first look at a field, one message at a time. What cannot
//! wait (required fields to look for, an error to describe) is read at once. Both ways go through `Decoder::fields`.

use std::rc::Rc;

use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyUnicodeDecodeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyList, PyString};

use crate::api::{api, Limits, STACK_LEVELS};
use crate::buffer::Key;
use crate::message::{end_of, Frame};
use crate::object::{new_message, Area, Message};
use crate::plan::{Field, Learned, Place, Plan, Wrapped};
use crate::plans::known_plan;
use crate::scan::{count_varints, Budget, Scan};
use crate::shape::{FieldShape, Kind};
use crate::wire::{self, check_utf8, unzigzag, Malformed, Reader};
use crate::{keys, value, wkt};

/// One step of the path to what is wrong.
enum Step {
    Name(Py<PyString>),
    Index(usize),
    Key(Py<PyAny>),
}

enum Cause {
    Malformed(Malformed),
    Python(PyErr),
    /// There is a message set, which the plain codec reads, and with it all around it.
    MessageSet,
}

/// What is wrong, and where: the innermost step comes first.
pub struct Failure {
    cause: Cause,
    steps: Vec<Step>,
}

/// A value, or what is wrong and where, which is rare and large: in a box, it does not slow down what is right.
pub type Outcome<T> = Result<T, Box<Failure>>;

impl From<Malformed> for Box<Failure> {
    #[cold]
    fn from(found: Malformed) -> Self {
        Failure::of(Cause::Malformed(found))
    }
}

impl From<PyErr> for Box<Failure> {
    #[cold]
    fn from(error: PyErr) -> Self {
        Failure::of(Cause::Python(error))
    }
}

impl Failure {
    fn of(cause: Cause) -> Box<Self> {
        Box::new(Self {
            cause,
            steps: Vec::new(),
        })
    }

    #[cold]
    fn at(mut self: Box<Self>, step: Step) -> Box<Self> {
        self.steps.push(step);
        self
    }

    fn into_error(self, py: Python<'_>, limits: Limits) -> PyErr {
        let found = match self.cause {
            Cause::Malformed(found) => found,
            // A MemoryError, or what a user's class raised.
            Cause::Python(error) => return error,
            Cause::MessageSet => {
                return PyRuntimeError::new_err("a message set was met where there can be none")
            }
        };
        let text = match found {
            Malformed::Deep if limits.depth > u64::from(STACK_LEVELS) => {
                Malformed::Stack.to_string()
            }
            Malformed::Deep => format!(
                "expected at most {} levels of messages, got more \
                 (`aristaproto.limits(depth=...)` changes it)",
                limits.depth
            ),
            Malformed::Many => format!(
                "expected at most {} messages, got more \
                 (`aristaproto.limits(messages=...)` changes it)",
                limits.messages
            ),
            other => other.to_string(),
        };
        let raised = || -> PyResult<Bound<'_, PyAny>> {
            let error = api(py)?.decode_error.bind(py).call1((text,))?;
            for step in &self.steps {
                match step {
                    Step::Name(name) => error.call_method1("at", (name,))?,
                    Step::Index(index) => error.call_method1("at", (index,))?,
                    Step::Key(key) => error.call_method1("at_key", (key,))?,
                };
            }
            Ok(error)
        };
        raised().map_or_else(|error| error, PyErr::from_value)
    }
}

/// Wire bytes as `bytes` and nothing else: a copy if they are in another buffer.
fn as_bytes<'py>(data: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    // One of a subclass may hold the message that is to hold it, which the collector would not see.
    if let Ok(bytes) = data.cast_exact::<PyBytes>() {
        return Ok(bytes.clone());
    }
    let view = pyo3::types::PyMemoryView::from(data)?;
    Ok(view.call_method0("tobytes")?.cast_into()?)
}

fn check_size(py: Python<'_>, limits: Limits, size: usize) -> PyResult<()> {
    if size as u64 <= limits.size {
        return Ok(());
    }
    let text = format!(
        "expected at most {} bytes, got {size} (`aristaproto.limits(size=...)` changes it)",
        limits.size
    );
    Err(PyErr::from_value(
        api(py)?.decode_error.bind(py).call1((text,))?,
    ))
}

/// A message of a flat class of at most so many bytes is read when it is parsed: to check it would take as long.
const FLAT_BYTES: u32 = 4096;

/// A new message of the plan's class.
///
/// # Errors
/// `DecodeError` when the bytes are no message of the class.
pub fn parse<'py>(
    py: Python<'py>,
    plan: &Plan,
    data: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let made = new_message(py, plan)?;
    let bytes = as_bytes(data)?;
    let length = bytes.as_bytes().len();
    let limits = Limits::current(py)?;
    check_size(py, limits, length)?;
    let end = end_of(length);
    if let Some(end) = end.filter(|&end| !plan.flat || end > FLAT_BYTES) {
        if check(py, plan, bytes.as_bytes(), limits)? {
            if end > 0 {
                known(&made)?.postpone(&bytes, 0, end);
            }
            return Ok(made);
        }
    }
    match read_all(py, plan, &made, bytes.as_bytes(), limits) {
        Ok(()) => require_all(py, plan, &made).map(|()| made),
        Err(failure) if matches!(failure.cause, Cause::MessageSet) => {
            let made = new_message(py, plan)?;
            api(py)?.decode.bind(py).call1((&made, bytes))?;
            Ok(made)
        }
        Err(failure) => Err(failure.into_error(py, limits)),
    }
}

/// Whether bytes are a message of the plan's class, for sure.
fn check(py: Python<'_>, plan: &Plan, bytes: &[u8], limits: Limits) -> PyResult<bool> {
    let mut raised = None;
    let mut scan = Scan {
        budget: budget(limits),
        lookup: &mut |shape, number| {
            let owner = known_plan(py, shape.class)?;
            match owner.learn(py, number) {
                Ok(found) => Some(Rc::clone(&found?.shape)),
                Err(error) => {
                    raised = Some(error);
                    None
                }
            }
        },
    };
    let mut reader = Reader::new(bytes, 0, bytes.len());
    let right = scan.message(&plan.shape, &mut reader, 0).is_ok();
    match raised {
        Some(error) => Err(error),
        None => Ok(right),
    }
}

/// Reads wire bytes into a message, as one more occurrence of it.
///
/// # Errors
/// `DecodeError` when the bytes are no message of the class; the message is then half-read.
pub fn decode<'py>(
    message: &Bound<'py, PyAny>,
    data: &Bound<'py, PyAny>,
    partial: bool,
) -> PyResult<()> {
    let py = message.py();
    let bytes = as_bytes(data)?;
    let limits = Limits::current(py)?;
    check_size(py, limits, bytes.as_bytes().len())?;
    let target = known(message)?;
    let plan = target.plan()?;
    read_pending(target)?;
    if check(py, plan, bytes.as_bytes(), limits)? {
        read_all(py, plan, message, bytes.as_bytes(), limits)
            .map_err(|failure| failure.into_error(py, limits))?;
        return if partial {
            Ok(())
        } else {
            require_all(py, plan, message)
        };
    }
    let options = PyDict::new(py);
    options.set_item("partial", partial)?;
    api(py)?
        .decode
        .bind(py)
        .call((message, bytes), Some(&options))
        .map(drop)
}

/// An object as a message.
///
/// # Errors
/// `TypeError` when it is none.
pub fn known<'a, 'py>(message: &'a Bound<'py, PyAny>) -> PyResult<Message<'a, 'py>> {
    Message::of(message).ok_or_else(|| PyTypeError::new_err("expected a message"))
}

const UNCOUNTED: Budget = Budget {
    depth: STACK_LEVELS,
    messages: u64::MAX,
};

fn budget(limits: Limits) -> Budget {
    Budget {
        depth: limits.levels(),
        messages: limits.messages,
    }
}

fn read_all<'py>(
    py: Python<'py>,
    plan: &Plan,
    message: &Bound<'py, PyAny>,
    bytes: &[u8],
    limits: Limits,
) -> Outcome<()> {
    if plan.is_message_set() {
        return Err(Failure::of(Cause::MessageSet));
    }
    let mut decoder = Decoder {
        py,
        source: None,
        canonical: false,
        budget: budget(limits),
    };
    let mut reader = Reader::new(bytes, 0, bytes.len());
    let done = decoder.fields(plan, known(message)?.area(), &mut reader, 0);
    known(message)?.settle(plan);
    done
}

/// Looks for required fields that are not set.
fn require_all<'py>(py: Python<'py>, plan: &Plan, message: &Bound<'py, PyAny>) -> PyResult<()> {
    if plan.needs_check(py)? {
        let api = api(py)?;
        api.check_required
            .bind(py)
            .call1((message, &api.decode_error))?;
    }
    Ok(())
}

/// Fills the empty slots of a message whose wire bytes are still to be read.
///
/// # Errors
/// `MemoryError`: the bytes were checked before.
pub fn read_pending(message: Message<'_, '_>) -> PyResult<()> {
    let Some((data, start, end)) = message.pending() else {
        return Ok(());
    };
    let py = data.py();
    let plan = message.plan()?;
    let mut frame = Frame::new(py, plan);
    let mut decoder = Decoder {
        py,
        source: Some(&data),
        canonical: message.is_canonical(),
        // Levels and messages were counted when the bytes were checked.
        budget: UNCOUNTED,
    };
    let mut reader = Reader::new(data.as_bytes(), start, end);
    decoder
        .fields(plan, frame.area(), &mut reader, 0)
        .map_err(|failure| match failure.cause {
            Cause::Python(error) => error,
            Cause::Malformed(found) => {
                PyRuntimeError::new_err(format!("checked wire bytes cannot be read: {found}"))
            }
            Cause::MessageSet => PyRuntimeError::new_err("checked wire bytes hold a message set"),
        })?;
    message.adopt(plan, &mut frame);
    Ok(())
}

/// A message of at most so many bytes is read together with the one that holds it: as much work as leaving it for later.
const AT_ONCE: u32 = 256;

struct Decoder<'a, 'py> {
    py: Python<'py>,
    /// The bytes being read, if messages below can be left for later.
    source: Option<&'a Bound<'py, PyBytes>>,
    /// They are known to be canonical.
    canonical: bool,
    budget: Budget,
}

/// Whether records of a field go on, or a group has ended.
#[derive(PartialEq)]
enum Next {
    Record,
    End,
}

impl<'py> Decoder<'_, 'py> {
    /// Reads a message up to its end, or up to `end_tag` for a group.
    fn fields(
        &mut self,
        plan: &Plan,
        area: Area<'_>,
        reader: &mut Reader<'_>,
        end_tag: u32,
    ) -> Outcome<()> {
        let mut unknown = Kept::default();
        loop {
            if reader.at_end() {
                if end_tag != 0 {
                    return Err(Malformed::OpenGroup(end_tag >> 3).into());
                }
                break;
            }
            let start = reader.pos;
            let tag = reader.tag()?;
            let number = tag >> 3;
            let found = plan.shape.find(number);
            if let Some(read) = found.and_then(|at| plan.reads.get(at)) {
                if tag == read.tag {
                    match plain(self.py, read.kind, reader) {
                        Ok(item) => area.put(read.offset, item),
                        Err(failure) => return Err(self.named(plan, number, failure)),
                    }
                    continue;
                }
            }
            if let Some((field, shape)) = found.and_then(|at| plan.at(at)) {
                let next = self
                    .record(
                        plan,
                        field,
                        shape,
                        area,
                        reader,
                        (start, tag, end_tag),
                        &mut unknown,
                    )
                    .map_err(|failure| failure.at(Step::Name(field.name.clone_ref(self.py))))?;
                if next == Next::End {
                    break;
                }
                continue;
            }
            if tag == end_tag && end_tag != 0 {
                break;
            }
            if plan.extensions.is_some() {
                let learned = plan.learn(self.py, number)?;
                if let Some(learned) = learned.filter(|it| self.is_sound(it, tag, *reader)) {
                    self.record(
                        plan,
                        &learned.field,
                        &learned.shape,
                        area,
                        reader,
                        (start, tag, 0),
                        &mut unknown,
                    )
                    .map_err(|failure| {
                        failure.at(Step::Name(learned.field.name.clone_ref(self.py)))
                    })?;
                    continue;
                }
            }
            reader.skip(tag, self.budget.depth)?;
            plan.shape.skip_unknown(reader);
            unknown.keep(reader, start);
        }
        self.keep_unknown(plan, area, reader, &mut unknown);
        Ok(())
    }

    #[cold]
    fn named(&self, plan: &Plan, number: u32, failure: Box<Failure>) -> Box<Failure> {
        match plan.shape.find(number).and_then(|at| plan.fields.get(at)) {
            Some(field) => failure.at(Step::Name(field.name.clone_ref(self.py))),
            None => failure,
        }
    }

    /// Whether the record of an extension can be read. When its bytes were checked, the extension may have been unknown.
    fn is_sound(&self, learned: &Learned, tag: u32, mut reader: Reader<'_>) -> bool {
        if self.source.is_none() {
            // All that follows is checked now, and what is wrong is said.
            return true;
        }
        let mut scan = Scan {
            budget: UNCOUNTED,
            // Extensions below are checked when they are read.
            lookup: &mut |_, _| None,
        };
        scan.record(&learned.shape, tag, &mut reader).is_ok()
    }

    fn keep_unknown(&self, plan: &Plan, area: Area<'_>, reader: &Reader<'_>, unknown: &mut Kept) {
        let unknown = unknown.all(reader);
        if unknown.is_empty() {
            return;
        }
        let held = area.get(self.py, plan.unknown);
        let held = held.as_ref().and_then(|held| held.cast::<PyBytes>().ok());
        let all = match held.map_or(&[][..], |held| held.as_bytes()) {
            [] => PyBytes::new(self.py, unknown),
            before => PyBytes::new(self.py, &[before, unknown].concat()),
        };
        area.put(plan.unknown, all.into_any());
    }

    /// Reads one record of a known field.
    #[allow(clippy::too_many_arguments)] // One call for each record: a struct of them would be built as often.
    fn record(
        &mut self,
        plan: &Plan,
        field: &Field,
        shape: &FieldShape,
        area: Area<'_>,
        reader: &mut Reader<'_>,
        (start, tag, end_tag): (usize, u32, u32),
        unknown: &mut Kept,
    ) -> Outcome<Next> {
        if tag == shape.tag {
            if shape.repeated {
                self.items(plan, field, shape, area, reader, start, unknown)?;
            } else if let (Some(entry), Some(shapes)) = (&field.entry, &shape.entry) {
                let mut start = start;
                let mut dict = None;
                for count in 0_usize.. {
                    match self.map_entry(entry, shapes, count < keys::FEW, reader)? {
                        Some((key, item)) => {
                            let dict = match &mut dict {
                                Some(dict) => dict,
                                None => dict.insert(self.dict(plan, field, area)?),
                            };
                            dict.set_item(key, item)?;
                        }
                        None => unknown.keep(reader, start),
                    }
                    start = reader.pos;
                    if !reader.goes_on(shape.key) {
                        break;
                    }
                }
            } else if shape.kind.is_message() {
                let held = self.get(plan, field, area)?.filter(|held| !held.is_none());
                let held_before = held.clone();
                let item = self.message(field, shape, reader, held)?;
                if !held_before.is_some_and(|held| held.is(&item)) {
                    self.put(plan, field, area, item)?;
                }
            } else {
                match self.scalar(field, shape, reader)? {
                    Some(item) => self.put(plan, field, area, item)?,
                    None => unknown.keep(reader, start),
                }
            }
            return Ok(Next::Record);
        }
        if tag & 7 == wire::LEN && shape.repeated && shape.kind.packable() {
            self.packed(plan, field, shape, area, reader, unknown)?;
            return Ok(Next::Record);
        }
        if tag == end_tag {
            return Ok(Next::End);
        }
        reader.skip(tag, self.budget.depth)?;
        unknown.keep(reader, start);
        Ok(Next::Record)
    }

    /// Reads the values of a repeated field that follow each other, the first of which begins behind the tag at `start`.
    #[allow(clippy::too_many_arguments)] // As above.
    fn items(
        &mut self,
        plan: &Plan,
        field: &Field,
        shape: &FieldShape,
        area: Area<'_>,
        reader: &mut Reader<'_>,
        mut start: usize,
        unknown: &mut Kept,
    ) -> Outcome<()> {
        let list = self.list(plan, field, area)?;
        loop {
            let item = if shape.kind.is_message() {
                self.message(field, shape, reader, None).map(Some)
            } else {
                self.scalar(field, shape, reader)
            };
            match item.map_err(|failure| failure.at(Step::Index(list.len())))? {
                Some(item) => list.append(item)?,
                None => unknown.keep(reader, start),
            }
            start = reader.pos;
            if !reader.goes_on(shape.key) {
                return Ok(());
            }
        }
    }

    fn get(
        &self,
        plan: &Plan,
        field: &Field,
        area: Area<'_>,
    ) -> Outcome<Option<Bound<'py, PyAny>>> {
        Ok(match &field.place {
            Place::Slot(offset) => area.get(self.py, *offset),
            Place::Extension(extension) => match self.held_extensions(plan, area) {
                Some(held) => held.get_item(extension.bind(self.py))?,
                None => None,
            },
            Place::Entry => None,
        })
    }

    fn held_extensions(&self, plan: &Plan, area: Area<'_>) -> Option<Bound<'py, PyDict>> {
        area.get(self.py, plan.extensions?)?.cast_into().ok()
    }

    #[inline]
    fn put(
        &self,
        plan: &Plan,
        field: &Field,
        area: Area<'_>,
        item: Bound<'py, PyAny>,
    ) -> Outcome<()> {
        match &field.place {
            Place::Slot(offset) => {
                area.put(*offset, item);
                for &other in &field.others {
                    area.clear(self.py, other);
                }
            }
            Place::Extension(extension) => {
                let held = if let Some(held) = self.held_extensions(plan, area) {
                    held
                } else {
                    let made = PyDict::new(self.py);
                    if let Some(offset) = plan.extensions {
                        area.put(offset, made.clone().into_any());
                    }
                    made
                };
                held.set_item(extension.bind(self.py), item)?;
            }
            Place::Entry => {}
        }
        Ok(())
    }

    /// The list of a repeated field, ready to append to.
    fn list(&self, plan: &Plan, field: &Field, area: Area<'_>) -> Outcome<Bound<'py, PyList>> {
        let held = self.get(plan, field, area)?;
        let list = match held {
            Some(held) => match held.cast_into_exact::<PyList>() {
                Ok(list) => return Ok(list),
                Err(other) => {
                    let other = other.into_inner();
                    let list = PyList::empty(self.py);
                    if other.is_truthy()? {
                        for item in other.try_iter()? {
                            list.append(item?)?;
                        }
                    }
                    list
                }
            },
            None => PyList::empty(self.py),
        };
        self.put(plan, field, area, list.clone().into_any())?;
        Ok(list)
    }

    /// The dict of a map field, ready to write to.
    fn dict(&self, plan: &Plan, field: &Field, area: Area<'_>) -> Outcome<Bound<'py, PyDict>> {
        let held = self.get(plan, field, area)?;
        let dict = match held {
            Some(held) => match held.cast_into_exact::<PyDict>() {
                Ok(dict) => return Ok(dict),
                Err(other) => {
                    let other = other.into_inner();
                    let dict = PyDict::new(self.py);
                    if other.is_truthy()? {
                        dict.call_method1("update", (other,))?;
                    }
                    dict
                }
            },
            None => PyDict::new(self.py),
        };
        self.put(plan, field, area, dict.clone().into_any())?;
        Ok(dict)
    }

    #[inline]
    fn scalar(
        &self,
        field: &Field,
        shape: &FieldShape,
        reader: &mut Reader<'_>,
    ) -> Outcome<Option<Bound<'py, PyAny>>> {
        scalar(self.py, field, shape, reader)
    }

    /// A message or group, read into the value that is there, if any.
    fn message(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        reader: &mut Reader<'_>,
        held: Option<Bound<'py, PyAny>>,
    ) -> Outcome<Bound<'py, PyAny>> {
        self.budget.enter()?;
        let plan = field.plan(self.py, shape)?;
        let made = match field.wrapped {
            Wrapped::No => self.plain_message(&plan, shape, reader, held)?,
            Wrapped::Timestamp | Wrapped::Duration | Wrapped::Scalar | Wrapped::Other => {
                self.wrapped_message(field, &plan, shape, reader, held)?
            }
        };
        self.budget.leave();
        Ok(made)
    }

    fn plain_message(
        &mut self,
        plan: &Plan,
        shape: &FieldShape,
        reader: &mut Reader<'_>,
        held: Option<Bound<'py, PyAny>>,
    ) -> Outcome<Bound<'py, PyAny>> {
        let made = if let Some(held) = held {
            // What is there may not be complete yet, and must not be shared with what comes.
            read_pending(known(&held)?)?;
            held
        } else {
            let made = new_message(self.py, plan)?;
            if let Some(source) = self.source {
                let mut behind = *reader;
                let (start, end) = limits_of(shape, &mut behind)?;
                if end - start > AT_ONCE {
                    let later = known(&made)?;
                    later.postpone(source, start, end);
                    if self.canonical {
                        later.set_canonical();
                    }
                    *reader = behind;
                    return Ok(made);
                }
            }
            made
        };
        self.below(plan, &made, shape, reader)?;
        Ok(made)
    }

    /// Reads what follows the tag of a message field into a message.
    fn below(
        &mut self,
        plan: &Plan,
        message: &Bound<'py, PyAny>,
        shape: &FieldShape,
        reader: &mut Reader<'_>,
    ) -> Outcome<()> {
        if plan.is_message_set() {
            return Err(Failure::of(Cause::MessageSet));
        }
        // What an attribute holds or `from_wrapped` gives may be of any class, and the plan's slots are those of its own.
        let message = Message::below(message, plan).ok_or_else(|| {
            PyTypeError::new_err(format!(
                "expected a message of {}, got one of {}",
                plan.class.bind(self.py),
                message.get_type()
            ))
        })?;
        let done = if shape.kind == Kind::Group {
            let end_tag = shape.number << 3 | wire::EGROUP;
            self.fields(plan, message.area(), reader, end_tag)
        } else {
            let stop = reader.span()?;
            let mut inner = Reader::new(reader.data, reader.pos, stop);
            let done = self.fields(plan, message.area(), &mut inner, 0);
            reader.pos = stop;
            done
        };
        message.settle(plan);
        done
    }

    /// A message whose Python value is another: read, then unwrapped.
    fn wrapped_message(
        &mut self,
        field: &Field,
        plan: &Plan,
        shape: &FieldShape,
        reader: &mut Reader<'_>,
        held: Option<Bound<'py, PyAny>>,
    ) -> Outcome<Bound<'py, PyAny>> {
        if held.is_none() {
            if let Some(made) = wkt::quick(self.py, field, plan, shape, reader)? {
                return Ok(made);
            }
        }
        let made = match held {
            Some(held) => plan
                .class
                .bind(self.py)
                .call_method1("from_wrapped", (held,))?,
            None => new_message(self.py, plan)?,
        };
        read_pending(known(&made)?)?;
        let source = self.source.take();
        let read = self.below(plan, &made, shape, reader);
        self.source = source;
        read?;
        Ok(made.call_method0("to_wrapped")?)
    }

    /// Key and value of a map entry; `None` when the value is one that its closed enum does not know.
    fn map_entry(
        &mut self,
        fields: &(Field, Field),
        shapes: &(FieldShape, FieldShape),
        is_common: bool,
        reader: &mut Reader<'_>,
    ) -> Outcome<Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)>> {
        let stop = reader.span()?;
        let mut inner = Reader::new(reader.data, reader.pos, stop);
        let mut key: Option<Bound<'py, PyAny>> = None;
        let mut item: Option<Bound<'py, PyAny>> = None;
        let mut known_value = true;
        let py = self.py;
        let default_key = || fields.0.default.bind(py).clone();
        while !inner.at_end() {
            let tag = inner.tag()?;
            if tag == shapes.0.tag {
                key = if is_common && shapes.0.kind == Kind::String && shapes.0.utf8 {
                    let bytes = inner.bytes()?;
                    let made = keys::string(py, bytes);
                    Some(made.map_err(|error| not_utf8(py, error, bytes))?)
                } else {
                    self.scalar(&fields.0, &shapes.0, &mut inner)?
                };
            } else if tag == shapes.1.tag {
                let read = if shapes.1.kind.is_message() {
                    self.message(&fields.1, &shapes.1, &mut inner, item.take())
                        .map(Some)
                } else {
                    self.scalar(&fields.1, &shapes.1, &mut inner)
                };
                match read {
                    Ok(found) => {
                        known_value = found.is_some();
                        item = found;
                    }
                    Err(failure) => {
                        let key = key.unwrap_or_else(default_key);
                        return Err(failure.at(Step::Key(key.unbind())));
                    }
                }
            } else {
                inner.skip(tag, self.budget.depth)?;
            }
        }
        reader.pos = stop;
        if !known_value {
            return Ok(None);
        }
        let key = key.unwrap_or_else(default_key);
        let item = match item {
            Some(item) => item,
            None if shapes.1.kind.is_message() => self.empty_value(&fields.1, &shapes.1)?,
            None => fields.1.default.bind(self.py).clone(),
        };
        Ok(Some((key, item)))
    }

    fn empty_value(&self, field: &Field, shape: &FieldShape) -> Outcome<Bound<'py, PyAny>> {
        let plan = field.plan(self.py, shape)?;
        let made = new_message(self.py, &plan)?;
        if field.wrapped == Wrapped::No {
            return Ok(made);
        }
        Ok(made.call_method0("to_wrapped")?)
    }

    /// The numbers of a packed field.
    fn packed(
        &self,
        plan: &Plan,
        field: &Field,
        shape: &FieldShape,
        area: Area<'_>,
        reader: &mut Reader<'_>,
        unknown: &mut Kept,
    ) -> Outcome<()> {
        let stop = reader.span()?;
        let mut inner = Reader::new(reader.data, reader.pos, stop);
        reader.pos = stop;
        let bytes = reader.data.get(inner.pos..stop).unwrap_or_default();
        if shape.kind.width() > 0 && bytes.len() % shape.kind.width() > 0 {
            // Found before the list is made.
            return Err(Malformed::Multiple(shape.kind.width(), bytes.len()).into());
        }
        let first = self
            .get(plan, field, area)?
            .is_none_or(|held| held.len().is_ok_and(|length| length == 0));
        let fresh = if first {
            self.bulk(shape.kind, bytes)
        } else {
            None
        };
        if let Some(list) = fresh {
            return self.put(plan, field, area, list.into_any());
        }
        let list = self.list(plan, field, area)?;
        while !inner.at_end() {
            let start = inner.pos;
            match self.scalar(field, shape, &mut inner) {
                Ok(Some(item)) => list.append(item)?,
                Ok(None) => {
                    // As it would stand alone.
                    unknown.add(reader, shape.key);
                    unknown.keep(&inner, start);
                }
                Err(failure) => {
                    let failure = match failure.cause {
                        Cause::Malformed(Malformed::Cut) => Malformed::PackedCut.into(),
                        _ => failure,
                    };
                    return Err(failure.at(Step::Index(list.len())));
                }
            }
        }
        Ok(())
    }

    /// All numbers of a packed field at once; `None` when they need a look one by one.
    fn bulk(&self, kind: Kind, bytes: &[u8]) -> Option<Bound<'py, PyList>> {
        let py = self.py;
        let (eights, _) = bytes.as_chunks::<8>();
        let (fours, _) = bytes.as_chunks::<4>();
        let made = match kind {
            Kind::Double => PyList::new(py, eights.iter().map(|it| f64::from_le_bytes(*it))),
            Kind::Fixed64 => PyList::new(py, eights.iter().map(|it| u64::from_le_bytes(*it))),
            Kind::SFixed64 => PyList::new(py, eights.iter().map(|it| i64::from_le_bytes(*it))),
            Kind::Float => PyList::new(
                py,
                fours.iter().map(|it| f64::from(f32::from_le_bytes(*it))),
            ),
            Kind::Fixed32 => PyList::new(py, fours.iter().map(|it| u32::from_le_bytes(*it))),
            Kind::SFixed32 => PyList::new(py, fours.iter().map(|it| i32::from_le_bytes(*it))),
            Kind::Int64
            | Kind::UInt64
            | Kind::Int32
            | Kind::UInt32
            | Kind::SInt32
            | Kind::SInt64
            | Kind::Bool => {
                let numbers = Varints {
                    left: count_varints(bytes).ok()?,
                    reader: Reader::new(bytes, 0, bytes.len()),
                };
                match kind {
                    Kind::Int64 => PyList::new(py, numbers.map_exact(u64::cast_signed)),
                    Kind::UInt64 => PyList::new(py, numbers),
                    Kind::Int32 => PyList::new(py, numbers.map_exact(|it| it as i32)),
                    Kind::UInt32 => PyList::new(py, numbers.map_exact(|it| it as u32)),
                    Kind::SInt32 => {
                        PyList::new(py, numbers.map_exact(|it| unzigzag(it & 0xffff_ffff)))
                    }
                    Kind::SInt64 => PyList::new(py, numbers.map_exact(unzigzag)),
                    _ => PyList::new(py, numbers.map_exact(|it| it != 0)),
                }
            }
            _ => return None,
        };
        made.ok()
    }
}

/// A scalar; `None` for a number that its closed enum does not know.
#[inline]
pub fn scalar<'py>(
    py: Python<'py>,
    field: &Field,
    shape: &FieldShape,
    reader: &mut Reader<'_>,
) -> Outcome<Option<Bound<'py, PyAny>>> {
    match shape.kind {
        Kind::Enum => member(py, field, reader.varint()? as i32),
        Kind::String if !shape.utf8 => Ok(Some(value::escaped_string(py, reader.bytes()?)?)),
        kind => plain(py, kind, reader).map(Some),
    }
}

/// A scalar whose type says all there is to know of it.
fn plain<'py>(py: Python<'py>, kind: Kind, reader: &mut Reader<'_>) -> Outcome<Bound<'py, PyAny>> {
    Ok(match kind {
        Kind::Double => PyFloat::new(py, f64::from_le_bytes(reader.fixed()?)).into_any(),
        Kind::Float => PyFloat::new(py, f64::from(f32::from_le_bytes(reader.fixed()?))).into_any(),
        Kind::Int64 => value::int_object(py, reader.varint()?.cast_signed()),
        Kind::UInt64 => value::uint_object(py, reader.varint()?),
        Kind::Int32 | Kind::Enum => value::int_object(py, i64::from(reader.varint()? as i32)),
        Kind::UInt32 => value::int_object(py, i64::from(reader.varint()? as u32)),
        Kind::SInt32 => value::int_object(py, unzigzag(reader.varint()? & 0xffff_ffff)),
        Kind::SInt64 => value::int_object(py, unzigzag(reader.varint()?)),
        Kind::Fixed64 => value::uint_object(py, u64::from_le_bytes(reader.fixed()?)),
        Kind::SFixed64 => value::int_object(py, i64::from_le_bytes(reader.fixed()?)),
        Kind::Fixed32 => value::int_object(py, i64::from(u32::from_le_bytes(reader.fixed()?))),
        Kind::SFixed32 => value::int_object(py, i64::from(i32::from_le_bytes(reader.fixed()?))),
        Kind::Bool => PyBool::new(py, reader.varint()? != 0).to_owned().into_any(),
        Kind::String => {
            let bytes = reader.bytes()?;
            value::string(py, bytes).map_err(|error| not_utf8(py, error, bytes))?
        }
        // Messages are read elsewhere.
        Kind::Bytes | Kind::Group | Kind::Message => PyBytes::new(py, reader.bytes()?).into_any(),
    })
}

fn member<'py>(py: Python<'py>, field: &Field, number: i32) -> Outcome<Option<Bound<'py, PyAny>>> {
    let Some(members) = &field.members else {
        return Ok(Some(value::int_object(py, i64::from(number))));
    };
    if members.closed {
        return Ok(members.find(py, number)?);
    }
    Ok(Some(members.member(py, number)?))
}

/// The varints of a packed field, which are known to be well-formed.
struct Varints<'a> {
    left: usize,
    reader: Reader<'a>,
}

impl<'a> Varints<'a> {
    fn map_exact<T>(self, map: impl Fn(u64) -> T + 'a) -> impl ExactSizeIterator<Item = T> + 'a {
        self.map(map)
    }
}

impl Iterator for Varints<'_> {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        self.left = self.left.checked_sub(1)?;
        self.reader.varint().ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Varints<'_> {}

/// The records of unknown fields: mostly one run of the bytes being read, which is copied once.
#[derive(Default)]
struct Kept {
    before: Vec<u8>,
    run: std::ops::Range<usize>,
}

impl Kept {
    /// Keeps the record from `start` on, which has been passed over.
    #[inline]
    fn keep(&mut self, reader: &Reader<'_>, start: usize) {
        if self.run.end != start {
            self.flush(reader);
            self.run = start..start;
        }
        self.run.end = reader.pos;
    }

    /// Keeps a tag that is not there to be read.
    fn add(&mut self, reader: &Reader<'_>, key: Key) {
        self.flush(reader);
        key.append_to(&mut self.before);
    }

    fn flush(&mut self, reader: &Reader<'_>) {
        let run = std::mem::take(&mut self.run);
        self.before
            .extend_from_slice(reader.data.get(run).unwrap_or_default());
    }

    /// All that was kept.
    fn all<'a>(&'a mut self, reader: &Reader<'a>) -> &'a [u8] {
        if self.before.is_empty() {
            return reader.data.get(self.run.clone()).unwrap_or_default();
        }
        self.flush(reader);
        &self.before
    }
}

/// Where the content of a message or group starts and ends; the reader goes behind it.
fn limits_of(shape: &FieldShape, reader: &mut Reader<'_>) -> Outcome<(u32, u32)> {
    let (start, end) = if shape.kind == Kind::Group {
        let start = reader.pos;
        let opening = shape.number << 3 | wire::SGROUP;
        let mut end = start;
        loop {
            let tag = reader.tag()?;
            if tag == opening + 1 {
                break;
            }
            reader.skip(tag, STACK_LEVELS)?;
            end = reader.pos;
        }
        (start, end)
    } else {
        let end = reader.span()?;
        let start = reader.pos;
        reader.pos = end;
        (start, end)
    };
    match (u32::try_from(start), u32::try_from(end)) {
        (Ok(start), Ok(end)) => Ok((start, end)),
        _ => Err(Malformed::Cut.into()),
    }
}

#[cold]
fn not_utf8(py: Python<'_>, error: PyErr, bytes: &[u8]) -> Box<Failure> {
    if error.is_instance_of::<PyUnicodeDecodeError>(py) {
        if let Err(found) = check_utf8(bytes) {
            return found.into();
        }
    }
    error.into()
}
