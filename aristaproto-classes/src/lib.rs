//! Which generated Python class each Rust type of prost is: `aristaproto_build::Config::pyo3` writes it, `include_classes!` includes
//! it, and [aristaproto-pyo3](https://docs.rs/aristaproto-pyo3) reads it when a message crosses to Python.
//!
//! A crate of its own, because the traits must be implemented by the crate that has the types, and that one may be part of programs
//! which have nothing to do with Python. An extension module that has its types itself needs aristaproto-pyo3 only, which
//! re-exports everything here.
#![forbid(unsafe_code)]

use std::any::Any;
use std::fmt;
use std::sync::OnceLock;

/// A message of prost that has a class in Python. The build script generates it: `Config::pyo3`.
pub trait PythonMessage {
    /// The class, a subclass of `aristaproto.Message`.
    fn class() -> &'static Class;
}

/// An enum of prost that has a class in Python. The build script generates it: `Config::pyo3`.
pub trait PythonEnum {
    /// The class, a subclass of `aristaproto.Enum`.
    fn class() -> &'static Class;
}

/// A class of a generated Python package.
pub struct Class {
    /// The module that has it, `acme.gen.plan`.
    pub module: &'static str,
    /// Its name there.
    pub name: &'static str,
    /// What aristaproto-pyo3 has found: a place for each class, which is never taken twice.
    #[doc(hidden)]
    pub found: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl Class {
    /// The class with this name in a module.
    #[must_use]
    pub const fn new(module: &'static str, name: &'static str) -> Self {
        Self {
            module,
            name,
            found: OnceLock::new(),
        }
    }
}

/// The module and the name, with a dot between them.
impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.module, self.name)
    }
}

impl fmt::Debug for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Class({self})")
    }
}

/// Includes what the build script wrote for `Config::pyo3`: [`PythonMessage`] for each message and [`PythonEnum`] for each enum,
/// and, if the Python tree is in `OUT_DIR`, `FILES`, which `aristaproto_pyo3::embed` takes. It belongs where the modules of the
/// proto packages are: beside the file that `prost_build::Config::include_file` names.
#[macro_export]
macro_rules! include_classes {
    () => {
        use $crate::classes as aristaproto_classes_of;
        include!(concat!(env!("OUT_DIR"), "/aristaproto_pyo3.rs"));
    };
}

/// Says which Python class a type is. Generated code calls it.
///
/// ```ignore
/// aristaproto_classes::classes! {
///     message pb::PlanRequest = "acme.gen.plan", "PlanRequest";
///     enumeration pb::Mode = "acme.gen.plan", "Mode";
/// }
/// ```
#[macro_export]
macro_rules! classes {
    ($($kind:ident $type:ty = $module:literal, $name:literal;)*) => {
        $($crate::class! { $kind $type = $module, $name })*
    };
}

/// One of `classes!`.
#[doc(hidden)]
#[macro_export]
macro_rules! class {
    (message $type:ty = $module:literal, $name:literal) => {
        $crate::class! { @ PythonMessage $type = $module, $name }
    };
    (enumeration $type:ty = $module:literal, $name:literal) => {
        $crate::class! { @ PythonEnum $type = $module, $name }
    };
    (@ $trait:ident $type:ty = $module:literal, $name:literal) => {
        impl $crate::$trait for $type {
            fn class() -> &'static $crate::Class {
                static CLASS: $crate::Class = $crate::Class::new($module, $name);
                &CLASS
            }
        }
    };
}
