//! JSON text to messages. In: text and a plan. Out: a message; or nothing, for what the plain codec is to read or to refuse.
//! Called for `Message.from_json`.
//!
//! What is read here is what everybody writes: numbers as digits, no key twice. Nothing outside the new message changes, so that
//! the plain codec can start again.

use std::borrow::Cow;
use std::collections::HashSet;
use std::rc::Rc;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyList};

use crate::api::Limits;
use crate::decode::known;
use crate::encode::Stop;
use crate::int::Long;
use crate::json::names::{Form, MemberNames, Names};
use crate::json::parse::{self, Cursor, Text};
use crate::json::scalars::{double_of_word, int, map_key, object, single, time_of};
use crate::json::seen::Seen;
use crate::json::special::{self, Pools, Target};
use crate::json::{some, Outcome};
use crate::keys;
use crate::object::{new_message, Area, Message};
use crate::plan::{Field, Learned, Place, Plan, Wrapped};
use crate::required::is_complete;
use crate::shape::{FieldShape, Kind};
use crate::value;
use crate::wkt;

/// A new message of the plan's class; `None` for text that the plain codec is to judge. `ignore_unknown`: unknown keys and names
/// of enum values are passed over. `pool`: where extensions and the types of Any are looked up first.
///
/// # Errors
/// `MemoryError`, or what Python raises when a class cannot be resolved.
pub fn from_json<'py>(
    plan: &Rc<Plan>,
    text: &str,
    ignore_unknown: bool,
    pool: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = pool.py();
    let limits = Limits::current(py)?;
    if text.len() as u64 > limits.size {
        return Ok(None);
    }
    let mut reader = Reader {
        py,
        cursor: Cursor::new(text),
        ignore_unknown,
        pools: Pools::new(pool, plan),
        // The outermost message is not inside another one.
        levels: limits.levels().saturating_add(1),
        messages: limits.messages,
        points: Vec::new(),
    };
    match reader.message(plan) {
        Ok(made) if reader.cursor.at_end() => {
            if plan.needs_check(py)? && !is_complete(plan, known(&made)?)? {
                return Ok(None);
            }
            Ok(Some(made))
        }
        Ok(_) | Err(Stop::Refused) => Ok(None),
        Err(Stop::Python(error)) => Err(*error),
    }
}

struct Reader<'a, 'py> {
    py: Python<'py>,
    cursor: Cursor<'a>,
    ignore_unknown: bool,
    pools: Pools<'py>,
    levels: u32,
    messages: u64,
    /// Room for strings with escapes.
    points: Vec<u32>,
}

impl<'py> Reader<'_, 'py> {
    fn enter(&mut self) -> Outcome {
        self.levels = some(self.levels.checked_sub(1))?;
        self.messages = some(self.messages.checked_sub(1))?;
        Ok(())
    }

    fn message(&mut self, plan: &Plan) -> Outcome<Bound<'py, PyAny>> {
        self.enter()?;
        let made = new_message(self.py, plan)?;
        let message = known(&made)?;
        let names = Names::of(self.py, plan)?;
        match names.form {
            Form::Fields => self.fields(plan, names, message, None)?,
            Form::Struct => {
                let (field, shape) = some(plan.at(0))?;
                put(field, message.area(), self.map(field, shape)?)?;
            }
            Form::ListValue => {
                let (field, shape) = some(plan.at(0))?;
                put(field, message.area(), self.list(field, shape)?)?;
            }
            Form::Value => self.value_message(plan, message.area())?,
            Form::Timestamp | Form::Duration => {
                let (seconds, nanos) = self.time(names.form == Form::Timestamp)?;
                special::put_time(plan, message, seconds, nanos)?;
            }
            Form::FieldMask => {
                let text = some(self.cursor.string())?;
                special::put_paths(plan, message, &text)?;
            }
            Form::Wrapper => {
                let (field, shape) = some(plan.at(0))?;
                put(field, message.area(), some(self.value(field, shape)?)?)?;
            }
            Form::Any => self.any(plan, message)?,
            Form::Other => return Err(Stop::Refused),
        }
        message.settle(plan);
        self.levels += 1;
        Ok(made)
    }

    /// Reads an object into the fields of a new message; the value of the key `besides` is passed over.
    fn fields(
        &mut self,
        plan: &Plan,
        names: &Names,
        message: Message<'_, 'py>,
        besides: Option<&str>,
    ) -> Outcome {
        if !self.cursor.take(b'{') {
            return Err(Stop::Refused);
        }
        if self.cursor.take(b'}') {
            return Ok(());
        }
        let mut seen = Seen::default();
        let mut strangers = HashSet::new();
        let mut next = 0;
        loop {
            let key = some(self.cursor.string())?;
            if !self.cursor.take(b':') {
                return Err(Stop::Refused);
            }
            match names.find(&key, next) {
                Some(index) => {
                    next = index + 1;
                    self.member(plan, names, message, index, &mut seen)?;
                }
                None => self.stranger(
                    plan,
                    names,
                    message,
                    key,
                    besides,
                    &mut seen,
                    &mut strangers,
                )?,
            }
            if self.cursor.take(b'}') {
                return Ok(());
            }
            if !self.cursor.take(b',') {
                return Err(Stop::Refused);
            }
        }
    }

    /// Reads the value of the field at a position.
    #[inline]
    fn member(
        &mut self,
        plan: &Plan,
        names: &Names,
        message: Message<'_, 'py>,
        index: usize,
        seen: &mut Seen,
    ) -> Outcome {
        let (field, shape) = some(plan.at(index))?;
        if !seen.fields.add(index) {
            return Err(Stop::Refused);
        }
        if self.cursor.peek() == Some(b'n') && !names.takes_null(index) {
            return self.null();
        }
        if field.oneof > 0 && !seen.oneofs.add(usize::from(field.oneof)) {
            return Err(Stop::Refused);
        }
        match self.field(field, shape)? {
            Some(made) => put(field, message.area(), made),
            None => Ok(()),
        }
    }

    /// Reads the value of a key that is none of the usual names of a field.
    #[cold]
    #[allow(clippy::too_many_arguments)] // What is known half-way through an object.
    fn stranger<'k>(
        &mut self,
        plan: &Plan,
        names: &Names,
        message: Message<'_, 'py>,
        key: Cow<'k, str>,
        besides: Option<&str>,
        seen: &mut Seen,
        strangers: &mut HashSet<Cow<'k, str>>,
    ) -> Outcome {
        let target = if besides == Some(&*key) {
            Target::Nothing
        } else {
            match special::target(plan, names, &key, &self.pools)? {
                Target::Nothing if !self.ignore_unknown => return Err(Stop::Refused),
                found => found,
            }
        };
        match target {
            Target::Field(index) => return self.member(plan, names, message, index, seen),
            Target::Extension(learned) => return self.extension(&learned, message, key, strangers),
            Target::Nothing => {}
        }
        if !strangers.insert(key) {
            return Err(Stop::Refused);
        }
        some(self.cursor.skip())
    }

    fn extension<'k>(
        &mut self,
        learned: &Learned,
        message: Message<'_, 'py>,
        key: Cow<'k, str>,
        strangers: &mut HashSet<Cow<'k, str>>,
    ) -> Outcome {
        if !strangers.insert(key) {
            return Err(Stop::Refused);
        }
        if self.cursor.peek() == Some(b'n') && !special::takes_null(self.py, &learned.field)? {
            return self.null();
        }
        if let Some(made) = self.field(&learned.field, &learned.shape)? {
            let python = learned.field.python.bind(self.py);
            python.getattr("set")?.call1((message.object(), made))?;
        }
        Ok(())
    }

    fn null(&mut self) -> Outcome {
        if self.cursor.word("null") {
            Ok(())
        } else {
            Err(Stop::Refused)
        }
    }

    /// Reads what an attribute is to hold; nothing for the name of an enum value that is passed over.
    #[inline]
    fn field(&mut self, field: &Field, shape: &FieldShape) -> Outcome<Option<Bound<'py, PyAny>>> {
        if shape.repeated {
            self.list(field, shape).map(Some)
        } else if shape.entry.is_some() {
            self.map(field, shape).map(Some)
        } else {
            self.value(field, shape)
        }
    }

    fn list(&mut self, field: &Field, shape: &FieldShape) -> Outcome<Bound<'py, PyAny>> {
        if !self.cursor.take(b'[') {
            return Err(Stop::Refused);
        }
        let list = PyList::empty(self.py);
        if self.cursor.take(b']') {
            return Ok(list.into_any());
        }
        loop {
            if let Some(item) = self.value(field, shape)? {
                list.append(item)?;
            }
            if self.cursor.take(b']') {
                return Ok(list.into_any());
            }
            if !self.cursor.take(b',') {
                return Err(Stop::Refused);
            }
        }
    }

    fn map(&mut self, field: &Field, shape: &FieldShape) -> Outcome<Bound<'py, PyAny>> {
        let (entry, shapes) = some(field.entry.as_ref().zip(shape.entry.as_ref()))?;
        if !self.cursor.take(b'{') {
            return Err(Stop::Refused);
        }
        let dict = PyDict::new(self.py);
        if self.cursor.take(b'}') {
            return Ok(dict.into_any());
        }
        let mut count = 0;
        loop {
            let key = if shapes.0.kind == Kind::String {
                self.text(count < keys::FEW)?
            } else {
                let name = some(self.cursor.string())?;
                map_key(self.py, shapes.0.kind, &name)?
            };
            if !self.cursor.take(b':') {
                return Err(Stop::Refused);
            }
            if let Some(item) = self.value(&entry.1, &shapes.1)? {
                dict.set_item(key, item)?;
            } else {
                // What is passed over may have had the key of another one, which the plain codec knows.
                return Err(Stop::Refused);
            }
            count += 1;
            // A key that came before.
            if dict.len() != count {
                return Err(Stop::Refused);
            }
            if self.cursor.take(b'}') {
                return Ok(dict.into_any());
            }
            if !self.cursor.take(b',') {
                return Err(Stop::Refused);
            }
        }
    }

    #[inline]
    fn string(&mut self) -> Outcome<Bound<'py, PyAny>> {
        self.text(false)
    }

    /// A string; if it is `common`, one that is kept for the next time.
    #[inline]
    fn text(&mut self, is_common: bool) -> Outcome<Bound<'py, PyAny>> {
        Ok(match some(self.cursor.text(&mut self.points))? {
            Text::Plain(text) if is_common => keys::string(self.py, text.as_bytes())?,
            Text::Plain(text) => value::string(self.py, text.as_bytes())?,
            Text::Points(points, _) => value::string_of_points(self.py, points)?,
        })
    }

    /// Reads one value; nothing for the name of an enum value that is passed over.
    #[inline]
    fn value(&mut self, field: &Field, shape: &FieldShape) -> Outcome<Option<Bound<'py, PyAny>>> {
        let py = self.py;
        Ok(Some(match shape.kind {
            Kind::Message | Kind::Group => return self.message_value(field, shape),
            Kind::String => self.string()?,
            Kind::Bytes => {
                let text = some(self.cursor.string())?;
                PyBytes::new(py, &some(parse::base64(&text))?).into_any()
            }
            Kind::Bool => {
                let truth = self.cursor.word("true");
                if !truth && !self.cursor.word("false") {
                    return Err(Stop::Refused);
                }
                PyBool::new(py, truth).to_owned().into_any()
            }
            Kind::Double => PyFloat::new(py, self.double()?).into_any(),
            Kind::Float => PyFloat::new(py, single(self.double()?)?).into_any(),
            Kind::Enum => return self.enum_value(field),
            kind => {
                if let Some((negative, magnitude)) = self.cursor.integer() {
                    let long = Long {
                        negative,
                        magnitude,
                    };
                    return object(py, kind, long).map(Some);
                }
                if self.cursor.peek() == Some(b'"') {
                    let text = some(self.cursor.string())?;
                    return Ok(Some(int(py, kind, some(parse::whole(&text))?)?));
                }
                let number = some(self.cursor.number())?;
                if !number.is_whole {
                    return Err(Stop::Refused);
                }
                int(py, kind, number.text)?
            }
        }))
    }

    fn double(&mut self) -> Outcome<f64> {
        if self.cursor.peek() == Some(b'"') {
            return double_of_word(&some(self.cursor.string())?);
        }
        if let Some(number) = self.cursor.decimal() {
            return Ok(number);
        }
        let number = some(self.cursor.number())?;
        if number.is_whole && number.text.starts_with("-0") {
            // An int has no minus zero.
            return Ok(0.0);
        }
        if !number.is_usual() {
            return Err(Stop::Refused);
        }
        let found: f64 = number.text.parse().map_err(|_| Stop::Refused)?;
        if found.is_infinite() {
            return Err(Stop::Refused);
        }
        Ok(found)
    }

    fn enum_value(&mut self, field: &Field) -> Outcome<Option<Bound<'py, PyAny>>> {
        let members = some(field.members.as_ref())?;
        match self.cursor.peek() {
            Some(b'"') => {
                let name = some(self.cursor.string())?;
                special::member_named(self.py, members, &name, self.ignore_unknown)
            }
            Some(b'n') => {
                let MemberNames::Null = members.names(self.py)? else {
                    return Err(Stop::Refused);
                };
                self.null()?;
                Ok(Some(members.member(self.py, 0)?))
            }
            _ => {
                let number = some(self.cursor.number())?;
                if !number.is_whole {
                    return Err(Stop::Refused);
                }
                let number: i32 = number.text.parse().map_err(|_| Stop::Refused)?;
                special::member_numbered(self.py, members, number).map(Some)
            }
        }
    }

    fn message_value(
        &mut self,
        field: &Field,
        shape: &FieldShape,
    ) -> Outcome<Option<Bound<'py, PyAny>>> {
        let plan = field.plan(self.py, shape)?;
        match field.wrapped {
            Wrapped::No => self.message(&plan).map(Some),
            Wrapped::Timestamp | Wrapped::Duration => {
                self.enter()?;
                self.levels += 1;
                let (seconds, nanos) = self.time(field.wrapped == Wrapped::Timestamp)?;
                let made = wkt::value_of_parts(self.py, field.wrapped, seconds, nanos)?;
                Ok(Some(some(made)?))
            }
            Wrapped::Scalar => {
                let scalar = plan.at(0).filter(|(_, shape)| !shape.kind.is_message());
                let (inner, inner_shape) = some(scalar)?;
                self.value(inner, inner_shape)
            }
            Wrapped::Other => Err(Stop::Refused),
        }
    }

    /// The seconds and nanoseconds of a time or a duration.
    fn time(&mut self, is_timestamp: bool) -> Outcome<(i64, i32)> {
        let text: Cow<'_, str> = some(self.cursor.string())?;
        if is_timestamp {
            time_of(&text)
        } else {
            some(parse::duration(&text))
        }
    }

    /// A `google.protobuf.Value`: any JSON value, in the field of its kind.
    fn value_message(&mut self, plan: &Plan, area: Area<'_>) -> Outcome {
        let number = match some(self.cursor.peek())? {
            b'n' => 1,
            b'"' => 3,
            b't' | b'f' => 4,
            b'{' => 5,
            b'[' => 6,
            _ => 2,
        };
        let (field, shape) = some(plan.shape.find(number).and_then(|index| plan.at(index)))?;
        let made = match number {
            1 => {
                self.null()?;
                some(field.members.as_ref())?.member(self.py, 0)?
            }
            _ => some(self.value(field, shape)?)?,
        };
        put(field, area, made)
    }

    /// A `google.protobuf.Any`: the fields of its message and the URL of its type; or that and the message's special form.
    fn any(&mut self, plan: &Plan, message: Message<'_, 'py>) -> Outcome {
        let mut ahead = self.cursor;
        if !ahead.take(b'{') {
            return Err(Stop::Refused);
        }
        if ahead.take(b'}') {
            self.cursor = ahead;
            return Ok(());
        }
        // The URL may come last.
        let mut url = None;
        let mut value = None;
        let mut count = 0;
        loop {
            let key = some(ahead.string())?;
            if !ahead.take(b':') {
                return Err(Stop::Refused);
            }
            match &*key {
                "@type" if url.is_some() => return Err(Stop::Refused),
                "@type" => url = Some(some(ahead.string())?),
                _ => {
                    if key == "value" {
                        value = Some(ahead);
                    }
                    some(ahead.skip())?;
                }
            }
            count += 1;
            if ahead.take(b'}') {
                break;
            }
            if !ahead.take(b',') {
                return Err(Stop::Refused);
            }
        }
        let url = value::string(self.py, some(url)?.as_bytes())?;
        let class = self
            .pools
            .packed_class(plan.class.bind(self.py).as_any(), &url)?;
        let inner_plan = crate::plans::plan_of(&class)?;
        let names = Names::of(self.py, &inner_plan)?;
        let inner = if names.form == Form::Fields {
            self.enter()?;
            let made = new_message(self.py, &inner_plan)?;
            let inner = known(&made)?;
            self.fields(&inner_plan, names, inner, Some("@type"))?;
            inner.settle(&inner_plan);
            self.levels += 1;
            made
        } else {
            if count != 2 {
                return Err(Stop::Refused);
            }
            self.cursor = some(value)?;
            let made = self.message(&inner_plan)?;
            self.cursor = ahead;
            made
        };
        special::pack(plan, message, url, &inner)
    }
}

/// Puts a value into the slot of its field.
pub fn put(field: &Field, area: Area<'_>, made: Bound<'_, PyAny>) -> Outcome {
    let Place::Slot(offset) = field.place else {
        return Err(Stop::Refused);
    };
    area.put(offset, made);
    Ok(())
}
