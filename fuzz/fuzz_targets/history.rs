//! history.jsonl: any bytes are read without a panic, and a line that is not whole is named.
//!
//! `cargo +nightly fuzz run history`
#![no_main]

use gate_evidence::history::History;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let dir = std::env::temp_dir().join(format!("gate-fuzz-history-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("the temporary directory can be written");
    std::fs::write(dir.join("history.jsonl"), bytes).expect("the temporary directory can be written");
    let history = History::load(&dir);
    let torn = bytes.last().is_some_and(|last| *last != b'\n');
    assert!(!torn || history.damage.is_some());
    // Lines without run directories prove nothing.
    assert!(history.entries.iter().all(|entry| history.verified_entry(entry, &[]).is_err()));
});
