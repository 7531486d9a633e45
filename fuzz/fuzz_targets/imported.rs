//! Results of other tools in every format: nothing panics, and what reports a failure has a finding that blocks.
//!
//! The first byte chooses the format. `cargo +nightly fuzz run imported`
#![no_main]

use std::time::Duration;

use gate_policy::{CoverageFloor, ImportFormat, ImportLevel, ImportPolicy, SuiteKind, SuitePolicy};
use gate_report::Location;
use gate_suites::import::read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let format = match first % 4 {
        0 => ImportFormat::Junit,
        1 => ImportFormat::Sarif,
        2 => ImportFormat::CyclonedxVex,
        _ => ImportFormat::Lcov,
    };
    let suite = SuitePolicy::new(SuiteKind::Import, "other", Vec::new());
    let policy = ImportPolicy {
        format,
        files: Vec::new(),
        statement: None,
        signers: Vec::new(),
        max_age: Duration::from_secs(3600),
        fail_at: ImportLevel::Warning,
        floors: vec![CoverageFloor {
            path: "**".to_owned(),
            lines: Some(80.0),
            functions: None,
            branches: None,
            location: Location::line("gate.toml", 1),
        }],
    };
    let Ok(said) = read(&suite, &policy, bytes) else { return };
    let blocks = said.findings.iter().any(|finding| finding.blocks_at.is_some());
    assert!(!said.failed || blocks, "{:?}", said.findings);
});
