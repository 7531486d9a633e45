//! What nvcc, ptxas or clang print, or anything else that goes by their names.
//!
//! `cargo +nightly fuzz run tool_version`
#![no_main]

use gate_build::ToolVersion;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for version in [ToolVersion::parse_nvcc(text), ToolVersion::parse_clang(text)]
        .into_iter()
        .flatten()
    {
        // A version that was read can be shown and read again.
        let again = ToolVersion::parse_clang(&format!("clang version {version}"));
        assert_eq!(again, Some(version));
    }
});
