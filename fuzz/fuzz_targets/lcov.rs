//! No text makes the coverage parser panic, and it names only known files.
#![no_main]

use gate_rust::library::coverage::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let known = ["a/src/lib.rs", "src/lib.rs"];
    assert!(parse(text, "/w", &known).keys().all(|path| known.contains(&path.as_str())));
});
