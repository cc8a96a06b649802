//! JSON text against the whole codec, in an embedded Python: what `text.py` demands of every input.
//!
//! In: a byte that chooses the class, then UTF-8. As in `codec`, both codecs must agree.
#![no_main]

mod python;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| python::run(include_str!("text.py"), input));
