//! What cargo-deny, cargo-semver-checks and cargo-vet print, or anything else that goes by their names.
//!
//! `cargo +nightly fuzz run tool_output`
#![no_main]

use gate_suites::tool::read_output;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for tool in ["cargo-deny", "cargo-semver-checks", "cargo-vet"] {
        assert!(read_output(tool, text).is_some());
    }
});
