//! What JSON calls the fields of a class and the values of an enum, made once for each: keys to write, and look-ups for those
//! that are read.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::json::imports::imports;
use crate::jsontext::escape::write_string;
use crate::jsontext::writer::TextWriter;
use crate::memory::reserve;
use crate::python::arguments::Invoke;
use crate::python::values;
use crate::schema::by_number::ByNumber;
use crate::schema::enums::EnumValues;
use crate::schema::field::Wrapped;
use crate::schema::hashing::QuickMap;
use crate::schema::message::{Field, Plan};
use crate::wire::Kind;

/// How messages of a class are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An object of their fields.
    Fields,
    /// `google.protobuf.Struct`.
    Struct,
    /// `google.protobuf.Value`.
    Value,
    /// `google.protobuf.ListValue`.
    ListValue,
    /// `google.protobuf.Timestamp` or `google.protobuf.Duration`.
    Time(Wrapped),
    /// `google.protobuf.FieldMask`.
    FieldMask,
    /// `google.protobuf.Any`.
    Any,
    /// `google.protobuf.Int32Value` and its siblings.
    Wrapper,
    /// In a way that only the plain codec knows.
    Other,
}

/// The keys of a class' fields in one casing, by position in the plan.
pub struct Keys {
    /// As they are written behind another member.
    pub written: Vec<Box<[u8]>>,
    /// For dicts.
    pub text: Vec<Py<PyString>>,
}

impl Keys {
    fn new(py: Python<'_>, names: &[String]) -> Self {
        let text = names.iter().map(|name| PyString::intern(py, name).unbind());
        Self {
            written: names.iter().map(|name| joined(", ", name, ": ")).collect(),
            text: text.collect(),
        }
    }
}

/// A name as JSON text with what stands around it.
fn joined(before: &str, name: &str, after: &str) -> Box<[u8]> {
    let mut out = TextWriter::default();
    out.put(before.as_bytes());
    write_string(name, &mut out);
    out.put(after.as_bytes());
    out.finish().unwrap_or_default().into()
}

/// More bytes than the names of a field or of an enum's value take.
const FIELD_BYTES: usize = 1024;

type ByName<T> = QuickMap<String, T>;

/// What JSON needs to know of a class: its form, and the names of its fields.
pub struct Names {
    /// Which form the class has.
    pub form: Form,
    camel: Keys,
    snake: Keys,
    by_name: ByName<usize>,
    lenient: OnceCell<ByName<Option<usize>>>,
    takes_null: Vec<bool>,
}

impl Names {
    /// Those of a plan, made when they are first needed.
    ///
    /// # Errors
    /// What Python raises for a schema that is none.
    #[inline]
    pub fn of<'a>(py: Python<'_>, plan: &'a Plan) -> PyResult<&'a Self> {
        if let Some(found) = plan.names.get().and_then(|found| found.downcast_ref()) {
            return Ok(found);
        }
        reserve::ensure((plan.fields.len() + 8) * FIELD_BYTES)?;
        let made = Self::new(py, plan)?;
        let kept = plan.names.get_or_init(|| Box::new(made));
        kept.downcast_ref()
            .ok_or_else(|| PyRuntimeError::new_err("the names of the class are others"))
    }

    /// The keys of one casing: proto names, or JSON names.
    #[inline]
    pub fn keys(&self, snake: bool) -> &Keys {
        if snake {
            &self.snake
        } else {
            &self.camel
        }
    }

    /// Position in the plan of the field with a JSON or proto name.
    #[inline]
    pub fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// Position of the one field whose name a key spells in another casing.
    ///
    /// # Errors
    /// What Python raises for a schema that is none.
    pub fn in_another_casing(
        &self,
        py: Python<'_>,
        plan: &Plan,
        key: &str,
    ) -> PyResult<Option<usize>> {
        let usual = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if key.is_empty() || !key.bytes().all(usual) {
            return Ok(None);
        }
        if self.lenient.get().is_none() {
            let mut lenient: ByName<Option<usize>> = ByName::default();
            for (index, field) in plan.fields.iter().enumerate() {
                for attribute in ["name", "proto_name", "json_name"] {
                    let name: String = field.python.bind(py).getattr(attribute)?.extract()?;
                    let one = lenient.entry(snake_case(&name)).or_insert(Some(index));
                    if *one != Some(index) {
                        *one = None;
                    }
                }
            }
            let _ = self.lenient.set(lenient);
        }
        let all = self.lenient.get();
        Ok(all.and_then(|all| all.get(&snake_case(key)).copied().flatten()))
    }

    /// Whether null is a value of the field, and not the lack of one.
    pub fn takes_null(&self, index: usize) -> bool {
        self.takes_null.get(index).copied().unwrap_or(true)
    }

    fn new(py: Python<'_>, plan: &Plan) -> PyResult<Self> {
        let own_names = |attribute: &str| -> PyResult<Vec<String>> {
            plan.fields
                .iter()
                .map(|field| field.python.bind(py).getattr(attribute)?.extract())
                .collect()
        };
        let (json_names, proto_names) = (own_names("json_name")?, own_names("proto_name")?);
        let by_index = json_names.iter().cloned().zip(0..);
        let mut by_name: ByName<usize> = by_index.collect();
        // A proto name that is the JSON name of another field stands for the latter.
        for (index, name) in proto_names.iter().enumerate() {
            by_name.entry(name.clone()).or_insert(index);
        }
        let takes_null = plan
            .fields
            .iter()
            .zip(&plan.shape.fields)
            .map(|(field, shape)| {
                Ok(!shape.repeated && shape.entry.is_none() && takes_null(py, field)?)
            })
            .collect::<PyResult<_>>()?;
        let distinct = |names: &[String]| names.iter().collect::<HashSet<_>>().len() == names.len();
        let form = if plan.is_message_set()
            // Two fields of one key are one entry of a dict, as is one of the key that Any adds.
            || !distinct(&json_names)
            || !distinct(&proto_names)
            || by_name.contains_key("@type")
        {
            Form::Other
        } else {
            form(py, plan)?
        };
        Ok(Self {
            form,
            camel: Keys::new(py, &json_names),
            snake: Keys::new(py, &proto_names),
            by_name,
            lenient: OnceCell::new(),
            takes_null,
        })
    }
}

/// Whether null is a value of a field, and not the lack of one.
///
/// # Errors
/// What the import of the plain codec raises.
pub fn takes_null(py: Python<'_>, field: &Field) -> PyResult<bool> {
    let takes_null = imports(py)?.takes_null.bind(py);
    takes_null.invoke((&field.python,))?.is_truthy()
}

/// A name in snake case, as `aristaproto.base.casing.snake_case` has it: words are a run of capitals that does not lead into a
/// lowercase letter, or capitals, lowercase letters and digits; all else separates them.
fn snake_case(name: &str) -> String {
    let bytes = name.as_bytes();
    let run = |from: usize, is: fn(&u8) -> bool| {
        let rest = bytes.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| is(byte)).count()
    };
    let mut made = String::with_capacity(bytes.len() + 8);
    let mut start = 0;
    loop {
        start = run(start, |byte| !byte.is_ascii_alphanumeric());
        if start == bytes.len() {
            return made;
        }
        let capitals = run(start, u8::is_ascii_uppercase);
        let small = run(capitals, u8::is_ascii_lowercase);
        let end = if small == capitals || capitals == start {
            run(small, u8::is_ascii_digit)
        } else if capitals - start > 1 {
            // The last capital begins the next word.
            capitals - 1
        } else {
            run(small, u8::is_ascii_digit)
        };
        if !made.is_empty() {
            made.push('_');
        }
        made.extend(name.get(start..end).map(str::to_ascii_lowercase));
        start = end;
    }
}

/// The form of a class whose name is that of a well-known type, if its fields are, too.
fn form(py: Python<'_>, plan: &Plan) -> PyResult<Form> {
    let full_name: String = plan.schema.bind(py).getattr("full_name")?.extract()?;
    let fields = &plan.shape.fields;
    let is = |number: u32, kind: Kind| {
        let found = plan.numbered(number);
        found.is_some_and(|(_, shape)| shape.kind == kind)
    };
    let is_time = || is(1, Kind::Int64) && is(2, Kind::Int32);
    let special = imports(py)?.encoders.bind(py).contains(&full_name)?;
    Ok(match full_name.strip_prefix("google.protobuf.") {
        Some("Struct") => Form::Struct,
        Some("Value") => Form::Value,
        Some("ListValue") => Form::ListValue,
        Some("Timestamp") if is_time() => Form::Time(Wrapped::Timestamp),
        Some("Duration") if is_time() => Form::Time(Wrapped::Duration),
        Some("FieldMask") if is(1, Kind::String) => Form::FieldMask,
        Some("Any") if is(1, Kind::String) && is(2, Kind::Bytes) => Form::Any,
        Some(name)
            if special
                && name.ends_with("Value")
                && fields.len() == 1
                && fields
                    .iter()
                    .all(|it| it.number == 1 && !it.kind.is_message()) =>
        {
            Form::Wrapper
        }
        _ if special => Form::Other,
        _ => Form::Fields,
    })
}

/// The name of an enum's member.
pub struct EnumName {
    /// As it is written.
    pub quoted: Box<[u8]>,
    /// As a Python value.
    pub text: Py<PyString>,
}

/// The names of an enum's values; or what its values are instead.
pub enum EnumNames {
    /// Of `google.protobuf.NullValue`.
    Null,
    /// Names in JSON.
    Known {
        /// By number.
        names: ByNumber<EnumName>,
        /// Numbers by name; aliases, names in the proto file and names in Python, too.
        by_name: HashMap<String, i32>,
    },
}

impl EnumNames {
    fn new(py: Python<'_>, values: &EnumValues) -> PyResult<Self> {
        let class = values.class.bind(py);
        if let Some(name) = class.getattr_opt("__proto_name__")? {
            if name.eq("google.protobuf.NullValue")? {
                return Ok(Self::Null);
            }
        }
        let names_of = |function: &Py<PyAny>| -> PyResult<Bound<'_, PyDict>> {
            Ok(function.bind(py).invoke((class,))?.cast_into()?)
        };
        let imports = imports(py)?;
        let mut names = Vec::new();
        for (number, name) in values::entries(&names_of(&imports.written_enum_names)?)? {
            let name: Bound<'_, PyString> = name.cast_into()?;
            let known = EnumName {
                quoted: joined("", name.to_str()?, ""),
                text: name.unbind(),
            };
            names.push((number.extract()?, known));
        }
        let mut by_name = HashMap::new();
        for (name, member) in values::entries(&names_of(&imports.read_enum_names)?)? {
            by_name.insert(name.extract()?, member.extract()?);
        }
        Ok(Self::Known {
            names: names.into_iter().collect(),
            by_name,
        })
    }

    /// The name of the member with a number.
    #[inline]
    pub fn name_of(&self, number: i32) -> Option<&EnumName> {
        match self {
            Self::Null => None,
            Self::Known { names, .. } => names.get(number),
        }
    }

    /// The number of the member with a name.
    pub fn number_of(&self, name: &str) -> Option<i32> {
        match self {
            Self::Null => None,
            Self::Known { by_name, .. } => by_name.get(name).copied(),
        }
    }
}

impl EnumValues {
    /// The values' names, made when they are first needed.
    ///
    /// # Errors
    /// What Python raises for a class that is no enum.
    pub fn names(&self, py: Python<'_>) -> PyResult<&EnumNames> {
        if let Some(found) = self.json.get().and_then(|found| found.downcast_ref()) {
            return Ok(found);
        }
        let count = self.by_number.bind(py).len();
        reserve::ensure((count + 8) * FIELD_BYTES)?;
        let made = EnumNames::new(py, self)?;
        let kept = self.json.get_or_init(|| Box::new(made));
        kept.downcast_ref()
            .ok_or_else(|| PyRuntimeError::new_err("the names of the enum are others"))
    }
}
