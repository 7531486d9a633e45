//! known_findings.toml: no text panics, every error renders, and what is read is the same once it is written.
//!
//! `cargo +nightly fuzz run known_findings`
#![no_main]

use gate_policy::known_file::parse;
use gate_policy::{Catalogue, KNOWN_FINDINGS, KnownFindings};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let checks = ["boundary.raw", "boundary.safety"];
    let stage = "pilot".parse().expect("a stage");
    let catalogue: Catalogue = checks.map(|id| (id, stage)).into_iter().collect();
    let catalogue = catalogue.recordable(checks);
    let _ = KnownFindings::earlier(text.as_bytes());
    match parse(KNOWN_FINDINGS, text, &catalogue) {
        Ok(known) => {
            let again = parse(KNOWN_FINDINGS, &known.to_text(), &catalogue).expect("what was written is read");
            assert_eq!(again.total(), known.total());
        }
        Err(errors) => {
            assert!(!errors.problems().is_empty());
            let _ = errors.render(false);
        }
    }
});
