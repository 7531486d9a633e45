//! Sources of kernels, or anything else, as they are looked at to tell edits of comments from others.
//!
//! `cargo +nightly fuzz run source_code`
#![no_main]

use gate_build::code::Code;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(code) = Code::of(bytes) else { return };
    // A comment at the end is the same code, one in front moves it.
    let appended = [bytes, b"\n// x"].concat();
    assert_eq!(Code::of(&appended), Some(code));
    let moved = [b"/* */ ", bytes].concat();
    let moved = Code::of(&moved);
    assert!(moved.is_none_or(|moved| moved.bare == code.bare || bytes.starts_with(b"\xef\xbb\xbf")));
});
