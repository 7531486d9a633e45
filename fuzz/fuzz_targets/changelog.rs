//! No text makes the changelog parser panic, and entries ascend.
#![no_main]

use gate_checks::changelog::entries::entries;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let entries = entries(text);
    assert!(entries.is_sorted_by(|a, b| a.line < b.line));
    assert!(entries.len() <= text.lines().count());
});
