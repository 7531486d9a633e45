//! gate.toml: no text panics, every error renders, and what validates has the types of the policy.
//!
//! `cargo +nightly fuzz run policy`
#![no_main]

use gate_policy::{validate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match validate("gate.toml", text, &gate_checks::catalogue()) {
        Ok(policy) => assert!(policy.source.is_some()),
        Err(errors) => {
            assert!(!errors.problems().is_empty());
            assert_eq!(errors.locations().len(), errors.problems().len());
            let rendered = errors.render(false);
            // The typed file is read only after the walk found nothing, so its errors would be a contradiction.
            assert!(!rendered.contains("did not match any variant"), "{rendered}");
        }
    }
});
