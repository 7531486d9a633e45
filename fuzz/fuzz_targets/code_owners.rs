//! CODEOWNERS: no text panics.
//!
//! The input is a file, a NUL character, and the path that is asked for.
//! `cargo +nightly fuzz run code_owners`
#![no_main]

use gate_world::code_owners::CodeOwners;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let (text, path) = input.split_once('\0').unwrap_or((input, "src/lib.rs"));
    let _ = CodeOwners::parse(text).of(path);
});
