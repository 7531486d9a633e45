//! Files of cargo's copy of a registry index.
//!
//! `cargo +nightly fuzz run registry_index`
#![no_main]

use gate_surveys::supply::index::find;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(release) = find(bytes, "1.0.0") {
        assert_eq!(release.version, "1.0.0");
    }
});
