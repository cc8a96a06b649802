//! Where the slots of a class lie in its messages.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::mem::size_of;
use std::ops::Deref;

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyType;

const WORD: usize = size_of::<*mut ffi::PyObject>();
/// Bytes of a message before its slots: the head of every object, the plan, the wire bytes that are to be read, and where in them.
pub const HEAD: usize = size_of::<ffi::PyObject>() + 3 * WORD;

/// Where a slot lies in the messages of some class, in bytes: a multiple of a word, behind the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset(u32);

impl Offset {
    /// That of no slot.
    pub const NONE: Self = Self(u32::MAX);

    /// Bytes from the start of a message.
    #[inline]
    pub fn bytes(self) -> u32 {
        self.0
    }

    /// The offset of the slot that a member descriptor of Python stands for, and the class whose slot it is.
    pub fn of_member<'py>(descriptor: &Bound<'py, PyAny>) -> Option<(Self, Bound<'py, PyType>)> {
        #[repr(C)]
        struct MemberDescriptor {
            head: ffi::PyObject,
            class: *mut ffi::PyTypeObject,
            name: *mut ffi::PyObject,
            qualname: *mut ffi::PyObject,
            member: *mut ffi::PyMemberDef,
        }
        if descriptor.get_type_ptr() != &raw mut ffi::PyMemberDescr_Type {
            return None;
        }
        // SAFETY: the layout is that of CPython's PyMemberDescrObject, whose type was compared.
        let (class, kind, offset) = unsafe {
            let found: *mut MemberDescriptor = descriptor.as_ptr().cast();
            let (class, member) = ((*found).class, (*found).member);
            let class = PyType::from_borrowed_type_ptr(descriptor.py(), class);
            (class, (*member).type_code, (*member).offset)
        };
        let offset = u32::try_from(offset).ok()?;
        let fits =
            kind == ffi::Py_T_OBJECT_EX && offset as usize >= HEAD && offset as usize % WORD == 0;
        fits.then_some((Self(offset), class))
    }
}

/// A type object of C.
pub struct StaticType(pub UnsafeCell<ffi::PyTypeObject>);
// SAFETY: CPython changes type objects, and only while attached to the interpreter.
unsafe impl Sync for StaticType {}

/// The base of all messages; `message_type::base_class` fills it in.
// SAFETY: all zeroes is what C's static initialisation gives the members that are not named.
pub static BASE: StaticType = StaticType(UnsafeCell::new(unsafe { std::mem::zeroed() }));

/// Whether an object is of a class or one below it.
#[inline]
pub fn is_below(object: &Bound<'_, PyAny>, class: *mut ffi::PyTypeObject) -> bool {
    // SAFETY: an object, and the callers' type objects.
    unsafe {
        let own = ffi::Py_TYPE(object.as_ptr());
        own == class || ffi::PyType_IsSubtype(own, class) != 0
    }
}

/// Where objects of a class hold what, in bytes from their start; 0 or less is nowhere.
pub struct MemberOffsets {
    end: isize,
    dict: isize,
    weak: isize,
}

impl MemberOffsets {
    /// Those of a class.
    pub fn of(class: &Bound<'_, PyType>) -> Self {
        // SAFETY: a type object.
        unsafe {
            let class = class.as_type_ptr();
            Self {
                end: (*class).tp_basicsize,
                dict: (*class).tp_dictoffset,
                weak: (*class).tp_weaklistoffset,
            }
        }
    }

    /// Up to here, all words behind the head are slots: a dict, a list of weak references, or the end.
    pub fn limit(&self) -> u32 {
        let others = [self.dict, self.weak].into_iter().filter(|&it| it > 0);
        let limit = others.fold(self.end, isize::min);
        u32::try_from(limit).unwrap_or_default()
    }

    /// Whether there is a slot at an offset, which may lie behind a dict or a list of weak references, too.
    pub fn have_slot(&self, offset: Offset) -> bool {
        let is_before = |place| isize::try_from(offset.0).is_ok_and(|at| at < place);
        let is = |place| isize::try_from(offset.0) == Ok(place);
        is_before(self.end) && !is(self.dict) && !is(self.weak)
    }
}

/// A class below `aristaproto.Message`, whose messages the collector knows.
pub struct MessageClass {
    class: Py<PyType>,
    /// Up to here, all words behind the head are slots.
    limit: u32,
    /// Bytes of a message.
    size: u32,
}

impl Deref for MessageClass {
    type Target = Py<PyType>;

    fn deref(&self) -> &Py<PyType> {
        &self.class
    }
}

impl MessageClass {
    /// A class that is one.
    ///
    /// # Errors
    /// `TypeError` for any other.
    pub fn new(class: &Bound<'_, PyType>) -> PyResult<Self> {
        // SAFETY: type objects.
        let fits = unsafe {
            let own = class.as_type_ptr();
            ffi::PyType_IsSubtype(own, BASE.0.get()) != 0 && ffi::PyType_IS_GC(own) != 0
        };
        if !fits {
            return Err(PyTypeError::new_err("the class is no message class"));
        }
        let offsets = MemberOffsets::of(class);
        Ok(Self {
            limit: offsets.limit(),
            size: u32::try_from(offsets.end)?,
            class: class.clone().unbind(),
        })
    }

    /// Up to so many bytes, all words behind the head are slots.
    #[inline]
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// Words of a message.
    pub fn words(&self) -> usize {
        (self.size as usize).div_ceil(WORD)
    }

    /// Whether an object is a message of this class or one below it.
    #[inline]
    pub fn holds(&self, object: &Bound<'_, PyAny>) -> bool {
        is_below(object, self.class.as_ptr().cast())
    }
}

/// Whether `==` of an object is that of messages, which no other class has.
#[inline]
pub fn compares_as_message(object: &Bound<'_, PyAny>) -> bool {
    // SAFETY: type objects.
    let (own, base) = unsafe {
        let compare = |it: *mut ffi::PyTypeObject| (*it).tp_richcompare;
        (compare(object.get_type_ptr()), compare(BASE.0.get()))
    };
    own.map(|it| it as usize) == base.map(|it| it as usize)
}

/// Slots that are met one after the other, each with what is known of it, and the last of them in memory.
pub struct Layout<T> {
    items: Vec<(Offset, T)>,
    highest: Offset,
}

impl<T> Layout<T> {
    /// Slots in the order in which they are met.
    pub fn new(items: Vec<(Offset, T)>) -> Self {
        let highest = items.iter().map(|(offset, _)| offset.0).max();
        Self {
            items,
            highest: Offset(highest.unwrap_or_default()),
        }
    }

    /// The last slot in memory.
    #[inline]
    pub fn highest(&self) -> Offset {
        self.highest
    }
}

impl<T> Deref for Layout<T> {
    type Target = [(Offset, T)];

    fn deref(&self) -> &[(Offset, T)] {
        &self.items
    }
}
