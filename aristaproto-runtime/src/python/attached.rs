//! Threads: what only those touch that are attached to the interpreter, what becomes of one that waits for it after its end, and
//! their stacks.
#![allow(unsafe_code)]

use std::mem::ManuallyDrop;

use pyo3::prelude::*;
use pyo3::PyVisit;

/// Something that is touched only while attached to the interpreter.
pub struct Attached<T>(ManuallyDrop<T>);
// SAFETY: `get` and `drop` see to it; the module refuses to run in an interpreter without a lock, or in a second one.
unsafe impl<T> Send for Attached<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Attached<T> {}

impl<T> Attached<T> {
    /// From now on so.
    pub const fn new(inner: T) -> Self {
        Self(ManuallyDrop::new(inner))
    }

    /// The same while the collector is at work, which has the lock.
    pub fn visited<'a>(&'a self, _visit: &PyVisit<'a>) -> &'a T {
        &self.0
    }

    /// What it is, as long as the thread is attached.
    pub fn get<'a>(&'a self, _py: Python<'a>) -> &'a T {
        &self.0
    }
}

impl<T> Drop for Attached<T> {
    fn drop(&mut self) {
        // When the interpreter has ended, nothing is released.
        // SAFETY: it is dropped once.
        Python::try_attach(|_| unsafe { ManuallyDrop::drop(&mut self.0) });
    }
}

/// Before version 3.14 Python ends a daemon thread that asks for the interpreter's lock after its end by `pthread_exit`, which with glibc
/// unwinds the stack. What Rust drops on the way would give up references without the lock, and `catch_unwind` may not catch it.
/// So the thread waits for the end of the process where it asked, as newer versions of Python let it do.
pub struct ThreadEnd;

impl Drop for ThreadEnd {
    fn drop(&mut self) {
        while !std::thread::panicking() {
            std::thread::sleep(std::time::Duration::from_secs(3600));
        }
    }
}

/// The addresses of the thread's stack, where the system tells them; `here` is one of them.
#[cold]
#[cfg_attr(not(target_env = "musl"), allow(unused_variables))]
pub fn thread_stack(here: usize) -> Option<std::ops::Range<usize>> {
    #[cfg(target_env = "musl")]
    if let Some(stack) = first_stack().filter(|stack| stack.contains(&here)) {
        return Some(stack);
    }
    #[cfg(target_os = "linux")]
    // SAFETY: the attributes are filled in before they are read, and destroyed once.
    unsafe {
        let mut attributes = std::mem::MaybeUninit::<libc::pthread_attr_t>::uninit();
        if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
            return None;
        }
        let mut attributes = attributes.assume_init();
        let (mut start, mut size, mut guard) = (std::ptr::null_mut(), 0, 0);
        let found =
            libc::pthread_attr_getstack(&raw const attributes, &raw mut start, &raw mut size) == 0
                && libc::pthread_attr_getguardsize(&raw const attributes, &raw mut guard) == 0;
        libc::pthread_attr_destroy(&raw mut attributes);
        // Some libraries count the guard to the stack.
        found.then(|| start.addr() + guard..start.addr() + size)
    }
    #[cfg(not(target_os = "linux"))]
    None
}

/// The stack of the thread that the process began with. Of this one musl's `pthread_getattr_np` tells the part that was used so far;
/// the kernel lets it grow up to the limit, from the name of the program, which is at its top.
#[cfg(target_env = "musl")]
fn first_stack() -> Option<std::ops::Range<usize>> {
    /// Less than what the kernel leaves free below it, whatever the limit is.
    const LARGEST: libc::rlim_t = 64 << 20;
    let mut limit = std::mem::MaybeUninit::<libc::rlimit>::uninit();
    // SAFETY: the limit is read when it was filled in.
    let (top, size) = unsafe {
        let top = libc::getauxval(libc::AT_EXECFN);
        if top == 0 || libc::getrlimit(libc::RLIMIT_STACK, limit.as_mut_ptr()) != 0 {
            return None;
        }
        (top, limit.assume_init().rlim_cur.min(LARGEST))
    };
    let (top, size) = (usize::try_from(top).ok()?, usize::try_from(size).ok()?);
    Some(top.saturating_sub(size)..top)
}

/// Functions of `CPython` that may run Python code, and so wait for the lock: calls of them from here and from `PyO3` are linked to
/// those that are made here (`--wrap`, see build.rs), which let no unwinding pass. `build.rs` reads the names.
#[cfg(wrapped_calls)]
mod wrapped {
    use std::ffi::{c_int, c_long, c_void};

    use super::ThreadEnd;

    type Raw = *mut c_void;

    macro_rules! wrap {
        ($($(#[$when:meta])* fn $name:ident($($argument:ident: $class:ty),*) $(-> $gives:ty)?;)*) => {$(
            $(#[$when])*
            const _: () = {
                extern "C-unwind" {
                    #[link_name = concat!("__real_", stringify!($name))]
                    fn real($($argument: $class),*) $(-> $gives)?;
                }

                // SAFETY: called instead of CPython's function, whose signature it has as C sees it.
                #[export_name = concat!("__wrap_", stringify!($name))]
                unsafe extern "C" fn wrap($($argument: $class),*) $(-> $gives)? {
                    let end = ThreadEnd;
                    // SAFETY: the caller's.
                    let done = unsafe { real($($argument),*) };
                    std::mem::forget(end);
                    done
                }
            };
        )*};
    }

    wrap! {
        fn PyBuffer_Release(a: Raw);
        fn PyCMethod_New(a: Raw, b: Raw, c: Raw, d: Raw) -> Raw;
        fn PyCapsule_Import(a: Raw, b: c_int) -> Raw;
        fn PyContextVar_Get(a: Raw, b: Raw, c: Raw) -> c_int;
        fn PyDescr_NewClassMethod(a: Raw, b: Raw) -> Raw;
        fn PyDescr_NewMethod(a: Raw, b: Raw) -> Raw;
        fn PyDict_Copy(a: Raw) -> Raw;
        fn PyDict_DelItem(a: Raw, b: Raw) -> c_int;
        fn PyDict_GetItemWithError(a: Raw, b: Raw) -> Raw;
        #[cfg(Py_3_13)]
        fn PyDict_GetItemRef(a: Raw, b: Raw, c: Raw) -> c_int;
        fn PyDict_New() -> Raw;
        fn PyDict_SetItem(a: Raw, b: Raw, c: Raw) -> c_int;
        fn PyDict_Update(a: Raw, b: Raw) -> c_int;
        fn PyDict_Values(a: Raw) -> Raw;
        fn PyErr_CheckSignals() -> c_int;
        fn PyErr_Clear();
        fn PyErr_ExceptionMatches(a: Raw) -> c_int;
        #[cfg(Py_3_12)]
        fn PyErr_GetRaisedException() -> Raw;
        fn PyErr_GivenExceptionMatches(a: Raw, b: Raw) -> c_int;
        fn PyErr_NewExceptionWithDoc(a: Raw, b: Raw, c: Raw, d: Raw) -> Raw;
        fn PyErr_NormalizeException(a: Raw, b: Raw, c: Raw);
        fn PyErr_PrintEx(a: c_int);
        fn PyErr_Restore(a: Raw, b: Raw, c: Raw);
        fn PyErr_SetObject(a: Raw, b: Raw);
        #[cfg(Py_3_12)]
        fn PyErr_SetRaisedException(a: Raw);
        fn PyErr_SetString(a: Raw, b: Raw);
        fn PyErr_WriteUnraisable(a: Raw);
        fn PyException_SetCause(a: Raw, b: Raw);
        fn PyException_SetTraceback(a: Raw, b: Raw) -> c_int;
        fn PyFloat_AsDouble(a: Raw) -> f64;
        fn PyImport_Import(a: Raw) -> Raw;
        fn PyIter_Next(a: Raw) -> Raw;
        fn PyList_New(a: isize) -> Raw;
        fn PyList_SetSlice(a: Raw, b: isize, c: isize, d: Raw) -> c_int;
        fn PyLong_AsLong(a: Raw) -> c_long;
        fn PyMemoryView_FromObject(a: Raw) -> Raw;
        fn PyNumber_Add(a: Raw, b: Raw) -> Raw;
        fn PyNumber_Index(a: Raw) -> Raw;
        fn PyObject_Call(a: Raw, b: Raw, c: Raw) -> Raw;
        fn PyObject_CallNoArgs(a: Raw) -> Raw;
        #[cfg(Py_3_12)]
        fn PyObject_CallOneArg(a: Raw, b: Raw) -> Raw;
        fn PyObject_DelItem(a: Raw, b: Raw) -> c_int;
        fn PyObject_GenericSetAttr(a: Raw, b: Raw, c: Raw) -> c_int;
        fn PyObject_GetAttr(a: Raw, b: Raw) -> Raw;
        fn PyObject_GetBuffer(a: Raw, b: Raw, c: c_int) -> c_int;
        fn PyObject_GetItem(a: Raw, b: Raw) -> Raw;
        fn PyObject_GetIter(a: Raw) -> Raw;
        #[cfg(Py_3_13)]
        fn PyObject_HasAttrWithError(a: Raw, b: Raw) -> c_int;
        fn PyObject_IsInstance(a: Raw, b: Raw) -> c_int;
        fn PyObject_IsTrue(a: Raw) -> c_int;
        fn PyObject_LengthHint(a: Raw, b: isize) -> isize;
        fn PyObject_Repr(a: Raw) -> Raw;
        fn PyObject_RichCompare(a: Raw, b: Raw, c: c_int) -> Raw;
        fn PyObject_SetAttr(a: Raw, b: Raw, c: Raw) -> c_int;
        fn PyObject_SetAttrString(a: Raw, b: Raw, c: Raw) -> c_int;
        fn PyObject_SetItem(a: Raw, b: Raw, c: Raw) -> c_int;
        fn PyObject_Size(a: Raw) -> isize;
        fn PyObject_Str(a: Raw) -> Raw;
        #[cfg(Py_3_11)]
        fn PyObject_Vectorcall(a: Raw, b: Raw, c: usize, d: Raw) -> Raw;
        fn PyObject_VectorcallDict(a: Raw, b: Raw, c: usize, d: Raw) -> Raw;
        fn PyObject_VectorcallMethod(a: Raw, b: Raw, c: usize, d: Raw) -> Raw;
        fn PySequence_Contains(a: Raw, b: Raw) -> c_int;
        fn PySequence_List(a: Raw) -> Raw;
        fn PyTuple_New(a: isize) -> Raw;
        fn PyType_FromSpec(a: Raw) -> Raw;
        fn PyType_GenericAlloc(a: Raw, b: isize) -> Raw;
        fn PyType_Ready(a: Raw) -> c_int;
        fn PyUnicode_AsEncodedString(a: Raw, b: Raw, c: Raw) -> Raw;
        fn PyUnicode_DecodeUTF8(a: Raw, b: isize, c: Raw) -> Raw;
        fn Py_EnterRecursiveCall(a: Raw) -> c_int;
        fn _PyObject_MakeTpCall(a: Raw, b: Raw, c: Raw, d: isize, e: Raw) -> Raw;
        fn _Py_Dealloc(a: Raw);
    }
}
