//! register.toml: no text panics, and every error renders.
//!
//! `cargo +nightly fuzz run register`
#![no_main]

use gate_policy::register::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(errors) = parse("register.toml", text) {
        assert!(!errors.problems().is_empty());
        let _ = errors.render(false);
    }
});
