//! What JSON calls the fields of a class and the members of an enum, made once for each. In: plans. Out: keys to write, and
//! look-ups for those that are read. Called by `encode` and `decode`.

use std::collections::{HashMap, HashSet};

use pyo3::prelude::*;

use crate::json::text;
use crate::plan::{Members, Plan};
use crate::quick;

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
    /// In a way that only the plain codec knows.
    Other,
}

/// What JSON needs to know of a class: its form, and the keys of its fields, quoted, with the colon.
pub struct Names {
    /// Which form the class has.
    pub form: Form,
    /// JSON names by position in the plan.
    pub camel: Vec<Vec<u8>>,
    /// Proto names by position in the plan.
    pub snake: Vec<Vec<u8>>,
    plain: Vec<String>,
    by_name: HashMap<String, usize>,
    takes_null: Vec<bool>,
}

impl Names {
    /// Those of a plan, made when they are first needed.
    ///
    /// # Errors
    /// What Python raises for a schema that is none.
    #[inline]
    pub fn of<'a>(py: Python<'_>, plan: &'a Plan) -> PyResult<&'a Self> {
        if let Some(found) = plan.names.get() {
            return Ok(found);
        }
        let made = Self::new(py, plan)?;
        Ok(plan.names.get_or_init(|| made))
    }

    /// Position in the plan of the field with a JSON or proto name; most texts name fields in one order, `next` first.
    #[inline]
    pub fn find(&self, name: &str, next: usize) -> Option<usize> {
        if self.plain.get(next).is_some_and(|own| own == name) {
            return Some(next);
        }
        self.by_name.get(name).copied()
    }

    /// Whether null is a value of the field, and not the lack of one.
    pub fn takes_null(&self, index: usize) -> bool {
        self.takes_null.get(index).copied().unwrap_or(true)
    }

    fn new(py: Python<'_>, plan: &Plan) -> PyResult<Self> {
        let full_name: String = plan.schema.bind(py).getattr("full_name")?.extract()?;
        let own_names = |attribute: &str| -> PyResult<Vec<String>> {
            plan.fields
                .iter()
                .map(|field| field.python.bind(py).getattr(attribute)?.extract())
                .collect()
        };
        let (json_names, proto_names) = (own_names("json_name")?, own_names("proto_name")?);
        let distinct = |names: &[String]| names.iter().collect::<HashSet<_>>().len() == names.len();
        let form = match full_name.as_str() {
            // Two fields of one key are one entry of a dict.
            _ if !distinct(&json_names) || !distinct(&proto_names) => Form::Other,
            "google.protobuf.Struct" => Form::Struct,
            "google.protobuf.Value" => Form::Value,
            "google.protobuf.ListValue" => Form::ListValue,
            _ if py
                .import("aristaproto.json.special")?
                .getattr("ENCODERS")?
                .contains(&full_name)? =>
            {
                Form::Other
            }
            _ => Form::Fields,
        };
        let by_index = json_names.iter().cloned().zip(0..);
        let mut by_name: HashMap<String, usize> = by_index.collect();
        // A proto name that is the JSON name of another field stands for the latter.
        for (index, name) in proto_names.iter().enumerate() {
            by_name.entry(name.clone()).or_insert(index);
        }
        let asks = py
            .import("aristaproto.json.encode")?
            .getattr("takes_null")?;
        let takes_null = plan
            .fields
            .iter()
            .zip(&plan.shape.fields)
            .map(|(field, shape)| {
                Ok(!shape.repeated
                    && shape.entry.is_none()
                    && asks.call1((&field.python,))?.is_truthy()?)
            })
            .collect::<PyResult<_>>()?;
        Ok(Self {
            form,
            camel: json_names.iter().map(|name| key(name)).collect(),
            snake: proto_names.iter().map(|name| key(name)).collect(),
            plain: json_names,
            by_name,
            takes_null,
        })
    }
}

/// The key of an object with a name, as it is written: quoted, with the colon.
fn key(name: &str) -> Vec<u8> {
    let mut key = Vec::new();
    text::string(name, &mut key);
    key.extend_from_slice(b": ");
    key
}

/// The names of an enum's members; or what its values are instead.
pub enum MemberNames {
    /// Of `google.protobuf.NullValue`.
    Null,
    /// Proto names.
    Known {
        /// Quoted, by number.
        by_number: HashMap<i32, Vec<u8>>,
        /// Numbers by name.
        by_name: HashMap<String, i32>,
    },
}

impl MemberNames {
    fn new(py: Python<'_>, members: &Members) -> PyResult<Self> {
        let class = members.class.bind(py);
        if class.hasattr("__proto_name__")?
            && class
                .getattr("__proto_name__")?
                .eq("google.protobuf.NullValue")?
        {
            return Ok(Self::Null);
        }
        let (mut by_number, mut by_name) = (HashMap::new(), HashMap::new());
        for (number, member) in quick::entries(members.by_number.bind(py)) {
            let name: String = member.getattr("proto_name")?.extract()?;
            let number = number.extract()?;
            if !name.is_empty() {
                let mut quoted = Vec::new();
                text::string(&name, &mut quoted);
                by_number.insert(number, quoted);
                by_name.insert(name, number);
            }
        }
        Ok(Self::Known { by_number, by_name })
    }

    /// The number of the member with a proto name; aliases are left to the plain codec.
    pub fn number_of(&self, name: &str) -> Option<i32> {
        match self {
            Self::Null => None,
            Self::Known { by_name, .. } => by_name.get(name).copied(),
        }
    }
}

impl Members {
    /// The members' names, made when they are first needed.
    ///
    /// # Errors
    /// What Python raises for a class that is no enum.
    pub fn names(&self, py: Python<'_>) -> PyResult<&MemberNames> {
        if let Some(found) = self.json.get() {
            return Ok(found);
        }
        let made = MemberNames::new(py, self)?;
        Ok(self.json.get_or_init(|| made))
    }
}
