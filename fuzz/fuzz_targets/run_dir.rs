//! Run directories: whatever the files of one say, verification answers without a panic.
//!
//! The input is cut at NUL bytes into the contents of the files. `cargo +nightly fuzz run run_dir`
#![no_main]

use gate_evidence::verify::{Status, verify};
use libfuzzer_sys::fuzz_target;

const FILES: [&str; 7] = [
    "hashes.json",
    "manifest.json",
    "decision.json",
    "environment.json",
    "audit.jsonl",
    "report.json",
    "report.md",
];

fuzz_target!(|bytes: &[u8]| {
    let dir = std::env::temp_dir().join(format!("gate-fuzz-run-dir-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).expect("the temporary directory can be written");
    for (name, contents) in FILES.iter().zip(bytes.split(|byte| *byte == 0)) {
        std::fs::write(dir.join(name), contents).expect("the temporary directory can be written");
    }
    let path = dir.to_str().expect("the temporary directory is UTF-8");
    let found = verify(&dir, Some(path), None).expect("all files can be read");
    // SHA-256 stands between any input and a run that verifies, unless the input holds the right hashes.
    assert!(found.status != Status::Verified || found.head.is_some());
});
