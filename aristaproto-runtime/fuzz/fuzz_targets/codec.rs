//! Wire bytes against the whole codec, in an embedded Python: what `codec.py` demands of every input.
//!
//! In: a byte that chooses the class, then wire bytes. The codec in Rust, which is part of this program and instrumented
//! with it, and the plain one must agree on the value, or on the class and path of the error.
#![no_main]

mod python;

use std::ffi::CStr;

use libfuzzer_sys::fuzz_target;

const HARNESS: &CStr = c_str(concat!(include_str!("codec.py"), "\0"));

const fn c_str(text: &str) -> &CStr {
    match CStr::from_bytes_with_nul(text.as_bytes()) {
        Ok(text) => text,
        Err(_) => panic!("the harness holds a zero byte"),
    }
}

fuzz_target!(|input: &[u8]| python::run(HARNESS, input));
