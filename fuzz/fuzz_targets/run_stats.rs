//! Run stats: any text is read without a panic, and what reads is written back as the same stats.
//!
//! `cargo +nightly fuzz run run_stats`
#![no_main]

use gate_runtime::stats::Exposition;
use gate_runtime::stats::read::read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(stats) = read(text) {
        assert_eq!(read(&stats.to_json()).as_ref(), Ok(&stats));
        assert!(stats.to_text(Exposition::OpenMetrics).ends_with("# EOF\n"));
    }
});
