//! CODEOWNERS: no text panics.
//!
//! `cargo +nightly fuzz run code_owners`
#![no_main]

use cargo_gate::workspace::code_owners::CodeOwners;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (text, path) = input;
    let _ = CodeOwners::parse(text).of(path);
});
