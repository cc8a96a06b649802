//! JSON text to messages. In: text and a plan. Out: a message; or nothing, for what the plain codec is to read or to refuse.
//! Called for `Message.from_json`.
//!
//! What is read here is what everybody writes: names as they are spelt in JSON or in the proto file, numbers as digits, no
//! key twice. Nothing outside the new message changes, so that the plain codec can start again.

use std::borrow::Cow;
use std::rc::Rc;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyList};

use crate::api::Limits;
use crate::decode::known;
use crate::encode::{is_complete, Stop};
use crate::json::names::{Form, Names};
use crate::json::parse::{self, Cursor};
use crate::object::{new_message, Area};
use crate::plan::{Field, Place, Plan, Wrapped};
use crate::shape::{FieldShape, Kind};
use crate::value;
use crate::wkt;

/// What has more digits is no number for Python's `Decimal`, by which the plain codec reads.
const LONGEST_EXPONENT: usize = 15;

type Outcome<T = ()> = Result<T, Stop>;

fn some<T>(found: Option<T>) -> Outcome<T> {
    found.ok_or(Stop::Refused)
}

/// A new message of the plan's class; `None` for text that the plain codec is to judge.
///
/// # Errors
/// `MemoryError`, or what Python raises when a class cannot be resolved.
pub fn from_json<'py>(
    py: Python<'py>,
    plan: &Rc<Plan>,
    text: &str,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let limits = Limits::current(py)?;
    if text.len() as u64 > limits.size {
        return Ok(None);
    }
    let mut reader = Reader {
        py,
        cursor: Cursor::new(text),
        // The outermost message is not inside another one.
        levels: limits.levels().saturating_add(1),
        messages: limits.messages,
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
    levels: u32,
    messages: u64,
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
            Form::Fields => self.fields(plan, names, message.area())?,
            Form::Struct => {
                let (field, shape) = some(plan.at(0))?;
                put(field, message.area(), self.map(field, shape)?)?;
            }
            Form::ListValue => {
                let (field, shape) = some(plan.at(0))?;
                put(field, message.area(), self.list(field, shape)?)?;
            }
            Form::Value => self.value_message(plan, message.area())?,
            Form::Other => return Err(Stop::Refused),
        }
        message.settle(plan);
        self.levels += 1;
        Ok(made)
    }

    fn fields(&mut self, plan: &Plan, names: &Names, area: Area<'_>) -> Outcome {
        if !self.cursor.take(b'{') {
            return Err(Stop::Refused);
        }
        if self.cursor.take(b'}') {
            return Ok(());
        }
        let mut seen = Seen::default();
        let mut oneofs = Seen::default();
        let mut next = 0;
        loop {
            let key = some(self.cursor.string())?;
            let index = some(names.find(&key, next))?;
            next = index + 1;
            let (field, shape) = some(plan.at(index))?;
            if !seen.add(index) || !self.cursor.take(b':') {
                return Err(Stop::Refused);
            }
            if self.cursor.peek() == Some(b'n') && !names.takes_null(index) {
                if !self.cursor.word("null") {
                    return Err(Stop::Refused);
                }
            } else {
                if field.oneof > 0 && !oneofs.add(usize::from(field.oneof)) {
                    return Err(Stop::Refused);
                }
                let made = if shape.repeated {
                    self.list(field, shape)?
                } else if shape.entry.is_some() {
                    self.map(field, shape)?
                } else {
                    self.value(field, shape)?
                };
                put(field, area, made)?;
            }
            if self.cursor.take(b'}') {
                return Ok(());
            }
            if !self.cursor.take(b',') {
                return Err(Stop::Refused);
            }
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
            list.append(self.value(field, shape)?)?;
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
            let name = some(self.cursor.string())?;
            let key = match shapes.0.kind {
                Kind::String => value::string(self.py, name.as_bytes())?,
                Kind::Bool => match &*name {
                    "true" => PyBool::new(self.py, true).to_owned().into_any(),
                    "false" => PyBool::new(self.py, false).to_owned().into_any(),
                    _ => return Err(Stop::Refused),
                },
                kind => self.int(kind, some(parse::whole(&name))?)?,
            };
            if !self.cursor.take(b':') {
                return Err(Stop::Refused);
            }
            let item = self.value(&entry.1, &shapes.1)?;
            dict.set_item(key, item)?;
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

    fn value(&mut self, field: &Field, shape: &FieldShape) -> Outcome<Bound<'py, PyAny>> {
        let py = self.py;
        match shape.kind {
            Kind::Message | Kind::Group => self.message_value(field, shape),
            Kind::String => {
                let text = some(self.cursor.string())?;
                Ok(value::string(py, text.as_bytes())?)
            }
            Kind::Bytes => {
                let text = some(self.cursor.string())?;
                Ok(PyBytes::new(py, &some(parse::base64(&text))?).into_any())
            }
            Kind::Bool => {
                let truth = self.cursor.word("true");
                if !truth && !self.cursor.word("false") {
                    return Err(Stop::Refused);
                }
                Ok(PyBool::new(py, truth).to_owned().into_any())
            }
            Kind::Double => Ok(PyFloat::new(py, self.double()?).into_any()),
            Kind::Float => {
                let wide = self.double()?;
                let number = wide as f32;
                if number.is_infinite() && wide.is_finite() {
                    return Err(Stop::Refused);
                }
                Ok(PyFloat::new(py, f64::from(number)).into_any())
            }
            Kind::Enum => self.member(field),
            kind => {
                if self.cursor.peek() == Some(b'"') {
                    let text = some(self.cursor.string())?;
                    return self.int(kind, some(parse::whole(&text))?);
                }
                let number = some(self.cursor.number())?;
                if !number.is_whole {
                    return Err(Stop::Refused);
                }
                self.int(kind, number.text)
            }
        }
    }

    fn double(&mut self) -> Outcome<f64> {
        if self.cursor.peek() == Some(b'"') {
            return match &*some(self.cursor.string())? {
                "NaN" => Ok(f64::NAN),
                "Infinity" => Ok(f64::INFINITY),
                "-Infinity" => Ok(f64::NEG_INFINITY),
                _ => Err(Stop::Refused),
            };
        }
        let number = some(self.cursor.number())?;
        if number.is_whole && number.text.starts_with("-0") {
            // An int has no minus zero.
            return Ok(0.0);
        }
        let exponent = number.text.split(['e', 'E']).nth(1);
        if exponent.is_some_and(|it| it.len() > LONGEST_EXPONENT) {
            return Err(Stop::Refused);
        }
        let found: f64 = number.text.parse().map_err(|_| Stop::Refused)?;
        if found.is_infinite() {
            return Err(Stop::Refused);
        }
        Ok(found)
    }

    fn int(&self, kind: Kind, digits: &str) -> Outcome<Bound<'py, PyAny>> {
        let py = self.py;
        let wrong = |_| Stop::Refused;
        Ok(match kind {
            Kind::Int32 | Kind::SInt32 | Kind::SFixed32 => {
                value::int_object(py, i64::from(digits.parse::<i32>().map_err(wrong)?))
            }
            Kind::UInt32 | Kind::Fixed32 => {
                value::int_object(py, i64::from(digits.parse::<u32>().map_err(wrong)?))
            }
            Kind::UInt64 | Kind::Fixed64 => {
                value::uint_object(py, digits.parse::<u64>().map_err(wrong)?)
            }
            _ => value::int_object(py, digits.parse::<i64>().map_err(wrong)?),
        })
    }

    fn member(&mut self, field: &Field) -> Outcome<Bound<'py, PyAny>> {
        let members = some(field.members.as_ref())?;
        if self.cursor.peek() == Some(b'"') {
            let name = some(self.cursor.string())?;
            let number = some(members.names(self.py)?.number_of(&name))?;
            return some(members.find(self.py, number)?);
        }
        let number = some(self.cursor.number())?;
        if !number.is_whole {
            return Err(Stop::Refused);
        }
        let number: i32 = number.text.parse().map_err(|_| Stop::Refused)?;
        if members.closed {
            return some(members.find(self.py, number)?);
        }
        Ok(members.member(self.py, number)?)
    }

    fn message_value(&mut self, field: &Field, shape: &FieldShape) -> Outcome<Bound<'py, PyAny>> {
        let plan = field.plan(self.py, shape)?;
        match field.wrapped {
            Wrapped::No => self.message(&plan),
            Wrapped::Timestamp | Wrapped::Duration => {
                self.enter()?;
                self.levels += 1;
                let text: Cow<'_, str> = some(self.cursor.string())?;
                let (seconds, nanos) = if field.wrapped == Wrapped::Timestamp {
                    let ((year, month, day), clock, nanos) = some(parse::time(&text))?;
                    (wkt::days_of(year, month, day) * 86_400 + clock, nanos)
                } else {
                    some(parse::duration(&text))?
                };
                some(wkt::value_of_parts(self.py, field.wrapped, seconds, nanos)?)
            }
            Wrapped::Scalar => {
                let scalar = plan.at(0).filter(|(_, shape)| !shape.kind.is_message());
                let (inner, inner_shape) = some(scalar)?;
                self.value(inner, inner_shape)
            }
            Wrapped::Other => Err(Stop::Refused),
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
                if !self.cursor.word("null") {
                    return Err(Stop::Refused);
                }
                some(field.members.as_ref())?.member(self.py, 0)?
            }
            _ => self.value(field, shape)?,
        };
        put(field, area, made)
    }
}

fn put(field: &Field, area: Area<'_>, made: Bound<'_, PyAny>) -> Outcome {
    let Place::Slot(offset) = field.place else {
        return Err(Stop::Refused);
    };
    area.put(offset, made);
    Ok(())
}

/// Small numbers that came up.
#[derive(Default)]
struct Seen {
    few: u128,
    many: Vec<usize>,
}

impl Seen {
    /// Adds a number; false if it was there.
    fn add(&mut self, number: usize) -> bool {
        if number < 128 {
            let bit = 1 << number;
            let new = self.few & bit == 0;
            self.few |= bit;
            return new;
        }
        let new = !self.many.contains(&number);
        self.many.push(number);
        new
    }
}
