//! Merged decisions: no bytes panic, and what fits within itself is written as it was read.
//!
//! `cargo +nightly fuzz run merged_decision`
#![no_main]

use gate_evidence::merge::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok((merged, problems)) = parse(bytes)
        && problems.is_empty()
    {
        assert_eq!(merged.bytes().expect("JSON"), bytes);
    }
});
