//! Walks a message along the plan of its class and writes JSON. Called for `Message.to_json`.
//!
//! What is not usual is refused as a whole and left to the plain codec: options that are seldom asked for, values of other types
//! than their field's, extensions, `Any`, `FieldMask`. So there is one text for each error, and Python code that values bring
//! along runs once, in the plain codec.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString};

use crate::api::Limits;
use crate::decode::read_pending;
use crate::encode::{is_complete, Stop};
use crate::json::names::{Form, MemberNames, Names};
use crate::json::text;
use crate::object::Message;
use crate::plan::{Field, Place, Plan, Wrapped};
use crate::quick;
use crate::shape::{FieldShape, Kind};
use crate::value::{self, Int};
use crate::wkt;

type Outcome = Result<(), Stop>;

/// The text of a message on one line; `None` for what the plain codec is to write. Keys are proto names for `snake`.
///
/// # Errors
/// What Python raises when a class cannot be resolved.
pub fn to_json<'py>(
    object: &Bound<'py, PyAny>,
    snake: bool,
) -> PyResult<Option<Bound<'py, PyString>>> {
    let py = object.py();
    let Some(message) = Message::of(object) else {
        return Ok(None);
    };
    let plan = message.plan()?;
    let mut writer = Writer {
        py,
        snake,
        // The outermost message is not inside another one.
        levels: Limits::current(py)?.levels().saturating_add(1),
        out: Vec::with_capacity(256),
    };
    match writer.message(plan, message) {
        Ok(()) if !plan.needs_check(py)? || is_complete(plan, message)? => {
            Ok(Some(value::ascii_string(py, &writer.out)?))
        }
        Ok(()) | Err(Stop::Refused) => Ok(None),
        Err(Stop::Python(error)) => Err(*error),
    }
}

struct Writer<'py> {
    py: Python<'py>,
    snake: bool,
    levels: u32,
    out: Vec<u8>,
}

impl<'py> Writer<'py> {
    fn message(&mut self, plan: &Plan, message: Message<'_, 'py>) -> Outcome {
        self.levels = self.levels.checked_sub(1).ok_or(Stop::Refused)?;
        if message.is_pending() {
            read_pending(message)?;
        }
        let names = Names::of(self.py, plan)?;
        match names.form {
            Form::Fields => self.fields(plan, names, message)?,
            Form::Struct => self.struct_(plan, message)?,
            Form::ListValue => self.list_value(plan, message)?,
            Form::Value => self.value_message(plan, message)?,
            Form::Other => return Err(Stop::Refused),
        }
        self.levels += 1;
        Ok(())
    }

    fn fields(&mut self, plan: &Plan, names: &Names, message: Message<'_, 'py>) -> Outcome {
        let area = message.area();
        if plan.extensions.is_some_and(|offset| !area.is_empty(offset)) {
            return Err(Stop::Refused);
        }
        let keys = if self.snake {
            &names.snake
        } else {
            &names.camel
        };
        self.out.push(b'{');
        let mut first = true;
        for ((field, shape), key) in plan.fields.iter().zip(&plan.shape.fields).zip(keys) {
            let Place::Slot(offset) = field.place else {
                continue;
            };
            let Some(held) = area.get(self.py, offset) else {
                continue;
            };
            let before = self.out.len();
            if !first {
                self.out.extend_from_slice(b", ");
            }
            self.out.extend_from_slice(key);
            if self.field(field, shape, &held)? {
                first = false;
            } else {
                self.out.truncate(before);
            }
        }
        self.out.push(b'}');
        Ok(())
    }

    /// Writes what an attribute holds; false if that is the field's default, which is left out.
    fn field(
        &mut self,
        field: &Field,
        shape: &FieldShape,
        held: &Bound<'py, PyAny>,
    ) -> Result<bool, Stop> {
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
        if !field.presence && is_zero(shape.kind, held)? {
            return Ok(false);
        }
        self.value(field, shape, held)?;
        Ok(true)
    }

    fn list(&mut self, field: &Field, shape: &FieldShape, list: &Bound<'py, PyList>) -> Outcome {
        self.out.push(b'[');
        value::for_each(list, |index, item| {
            if index > 0 {
                self.out.extend_from_slice(b", ");
            }
            self.value(field, shape, &item)
        })?;
        self.out.push(b']');
        Ok(())
    }

    fn map(
        &mut self,
        entry: &(Field, Field),
        shapes: &(FieldShape, FieldShape),
        dict: &Bound<'py, PyDict>,
    ) -> Outcome {
        self.out.push(b'{');
        for (index, (key, item)) in quick::entries(dict).iter().enumerate() {
            if index > 0 {
                self.out.extend_from_slice(b", ");
            }
            if let Ok(key) = key.cast_exact::<PyString>() {
                if shapes.0.kind != Kind::String {
                    return Err(Stop::Refused);
                }
                text::string(key.to_str().map_err(|_| Stop::Refused)?, &mut self.out);
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
        self.out.push(b'}');
        Ok(())
    }

    /// Writes one value, zero or not.
    fn value(&mut self, field: &Field, shape: &FieldShape, item: &Bound<'py, PyAny>) -> Outcome {
        match shape.kind {
            Kind::Message | Kind::Group => self.message_value(field, shape, item),
            Kind::String => {
                let held = item.cast_exact::<PyString>().map_err(|_| Stop::Refused)?;
                text::string(held.to_str().map_err(|_| Stop::Refused)?, &mut self.out);
                Ok(())
            }
            Kind::Bytes => {
                let held = item.cast_exact::<PyBytes>().map_err(|_| Stop::Refused)?;
                text::base64(held.as_bytes(), &mut self.out);
                Ok(())
            }
            Kind::Bool => {
                let held = item.cast_exact::<PyBool>().map_err(|_| Stop::Refused)?;
                let word: &[u8] = if held.is_true() { b"true" } else { b"false" };
                self.out.extend_from_slice(word);
                Ok(())
            }
            Kind::Double | Kind::Float => {
                let held = item.cast_exact::<PyFloat>().map_err(|_| Stop::Refused)?;
                self.float(held.value(), shape.kind == Kind::Float)
            }
            Kind::Enum => self.member(field, item),
            kind => self.int(kind, item),
        }
    }

    fn float(&mut self, number: f64, single: bool) -> Outcome {
        if !number.is_finite() {
            let word: &[u8] = match (number.is_nan(), number > 0.0) {
                (true, _) => b"\"NaN\"",
                (false, true) => b"\"Infinity\"",
                (false, false) => b"\"-Infinity\"",
            };
            self.out.extend_from_slice(word);
            return Ok(());
        }
        if !single {
            text::double(number, &mut self.out);
        } else if !text::float(number, &mut self.out) {
            return Err(Stop::Refused);
        }
        Ok(())
    }

    fn int(&mut self, kind: Kind, item: &Bound<'py, PyAny>) -> Outcome {
        if !item.is_exact_instance_of::<PyInt>() {
            return Err(Stop::Refused);
        }
        let (low, high, quoted) = match kind {
            Kind::Int32 | Kind::SInt32 | Kind::SFixed32 => {
                (i64::from(i32::MIN), i64::from(i32::MAX), false)
            }
            Kind::UInt32 | Kind::Fixed32 => (0, i64::from(u32::MAX), false),
            Kind::UInt64 | Kind::Fixed64 => (0, i64::MAX, true),
            _ => (i64::MIN, i64::MAX, true),
        };
        if quoted {
            self.out.push(b'"');
        }
        match value::int(item) {
            Int::Signed(number) if (low..=high).contains(&number) => {
                text::int(number, &mut self.out);
            }
            Int::Unsigned(number) if matches!(kind, Kind::UInt64 | Kind::Fixed64) => {
                text::int(number, &mut self.out);
            }
            _ => return Err(Stop::Refused),
        }
        if quoted {
            self.out.push(b'"');
        }
        Ok(())
    }

    fn member(&mut self, field: &Field, item: &Bound<'py, PyAny>) -> Outcome {
        let members = field.members.as_ref().ok_or(Stop::Refused)?;
        let Int::Signed(number) = value::int(item) else {
            return Err(Stop::Refused);
        };
        let number = i32::try_from(number).map_err(|_| Stop::Refused)?;
        match members.names(self.py)? {
            MemberNames::Null => self.out.extend_from_slice(b"null"),
            MemberNames::Known { by_number, .. } => match by_number.get(&number) {
                Some(name) => self.out.extend_from_slice(name),
                None if members.closed => return Err(Stop::Refused),
                None => text::int(number, &mut self.out),
            },
        }
        Ok(())
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
                let message = Message::exactly(item, &plan).ok_or(Stop::Refused)?;
                self.message(&plan, message)
            }
            Wrapped::Timestamp | Wrapped::Duration => {
                let (seconds, nanos) = wkt::parts(field.wrapped, item).ok_or(Stop::Refused)?;
                if field.wrapped == Wrapped::Timestamp {
                    let date = wkt::civil(seconds.div_euclid(86_400));
                    text::time(date, seconds.rem_euclid(86_400), nanos, &mut self.out);
                } else {
                    text::duration(seconds, nanos, &mut self.out);
                }
                Ok(())
            }
            Wrapped::Scalar => {
                let scalar = plan.at(0).filter(|(_, shape)| !shape.kind.is_message());
                let (inner, inner_shape) = scalar.ok_or(Stop::Refused)?;
                self.value(inner, inner_shape, item)
            }
            Wrapped::Other => Err(Stop::Refused),
        }
    }

    fn struct_(&mut self, plan: &Plan, message: Message<'_, 'py>) -> Outcome {
        let Some((field, shape, held)) = self.only_field(plan, message)? else {
            self.out.extend_from_slice(b"{}");
            return Ok(());
        };
        let dict = held.cast_exact::<PyDict>().map_err(|_| Stop::Refused)?;
        match (&field.entry, &shape.entry) {
            (Some(entry), Some(shapes)) => self.map(entry, shapes, dict),
            _ => Err(Stop::Refused),
        }
    }

    fn list_value(&mut self, plan: &Plan, message: Message<'_, 'py>) -> Outcome {
        let Some((field, shape, held)) = self.only_field(plan, message)? else {
            self.out.extend_from_slice(b"[]");
            return Ok(());
        };
        let list = held.cast_exact::<PyList>().map_err(|_| Stop::Refused)?;
        self.list(field, shape, list)
    }

    /// The one field of a class and what it holds, if anything.
    #[allow(clippy::type_complexity)] // A name for it would be read once.
    fn only_field<'a>(
        &self,
        plan: &'a Plan,
        message: Message<'_, 'py>,
    ) -> Result<Option<(&'a Field, &'a FieldShape, Bound<'py, PyAny>)>, Stop> {
        let (field, shape) = plan.at(0).ok_or(Stop::Refused)?;
        let Place::Slot(offset) = field.place else {
            return Err(Stop::Refused);
        };
        let held = message.area().get(self.py, offset);
        Ok(held.map(|held| (field, shape, held)))
    }

    fn value_message(&mut self, plan: &Plan, message: Message<'_, 'py>) -> Outcome {
        // 2^53: doubles above hold only some of the integers.
        const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;
        let area = message.area();
        for (field, shape) in plan.fields.iter().zip(&plan.shape.fields) {
            let Place::Slot(offset) = field.place else {
                continue;
            };
            let Some(held) = area.get(self.py, offset).filter(|held| !held.is_none()) else {
                continue;
            };
            if shape.kind == Kind::Enum {
                self.out.extend_from_slice(b"null");
                return Ok(());
            }
            if shape.kind != Kind::Double {
                return self.value(field, shape, &held);
            }
            let number = held
                .cast_exact::<PyFloat>()
                .map_err(|_| Stop::Refused)?
                .value();
            if !number.is_finite() {
                return Err(Stop::Refused);
            }
            let minus_zero = number == 0.0 && number.is_sign_negative();
            if number.fract() == 0.0 && number.abs() <= LARGEST_EXACT && !minus_zero {
                text::int(number as i64, &mut self.out);
                return Ok(());
            }
            text::double(number, &mut self.out);
            return Ok(());
        }
        self.out.extend_from_slice(b"null");
        Ok(())
    }
}

/// Whether a value of a field without presence is the zero of its type, which is not written.
fn is_zero(kind: Kind, held: &Bound<'_, PyAny>) -> Result<bool, Stop> {
    Ok(match kind {
        Kind::String => held
            .cast_exact::<PyString>()
            .map_err(|_| Stop::Refused)?
            .to_str()
            .is_ok_and(str::is_empty),
        Kind::Bytes => held
            .cast_exact::<PyBytes>()
            .map_err(|_| Stop::Refused)?
            .as_bytes()
            .is_empty(),
        Kind::Double | Kind::Float => {
            held.cast_exact::<PyFloat>()
                .map_err(|_| Stop::Refused)?
                .value()
                .to_bits()
                == 0
        }
        Kind::Message | Kind::Group => false,
        _ => match value::int(held) {
            Int::Signed(number) => number == 0,
            Int::Unsigned(_) => false,
            Int::Huge | Int::Other => return Err(Stop::Refused),
        },
    })
}
