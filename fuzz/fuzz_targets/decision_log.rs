//! A decision log: any bytes are read without a panic, and what reads is in order.
//!
//! `cargo +nightly fuzz run decision_log`
#![no_main]

use gate_runtime::decision_log::read::{normalise, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match read(bytes) {
        Ok(lines) => {
            assert!(bytes.ends_with(b"\n"));
            assert!(lines.is_sorted_by(|a, b| a.seq + 1 == b.seq && a.run_id == b.run_id));
        }
        Err(error) => assert!(error.line >= 1 && !error.problem.is_empty()),
    }
    if let Ok(text) = str::from_utf8(bytes)
        && let Ok(once) = normalise(text)
    {
        assert!(normalise(&once).is_ok());
    }
});
