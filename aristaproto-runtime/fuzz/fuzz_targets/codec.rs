//! Wire bytes against the whole codec, in an embedded Python: what `codec.py` demands of every input.
//!
//! In: a byte that chooses the class, then wire bytes. The codec in Rust, which is part of this program and instrumented
//! with it, and the plain one must agree on the value, or on the class and path of the error.
#![no_main]

mod python;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| python::run(include_str!("codec.py"), input));
