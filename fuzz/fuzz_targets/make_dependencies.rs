//! Dependency files and preprocessed text as compilers write them, or anything else.
//!
//! `cargo +nightly fuzz run make_dependencies`
#![no_main]

use gate_build::deps::{parse_make, parse_preprocessed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(names) = std::str::from_utf8(bytes).ok().and_then(parse_make) {
        assert!(names.iter().all(|name| !name.is_empty()));
    }
    let parsed = parse_preprocessed(bytes);
    // What is left holds no marker and no empty line: reading it again changes nothing.
    let again = parse_preprocessed(&parsed.text);
    assert_eq!((again.text, again.files.len()), (parsed.text, 0));
});
