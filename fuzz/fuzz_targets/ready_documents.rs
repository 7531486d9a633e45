//! Directories of training runs: whatever their documents and data say, every check is carried out, and none of it is a line of the report.
//!
//! The input is cut at NUL bytes into the contents of the files. `cargo +nightly fuzz run ready_documents`
#![no_main]

use gate_ready::{Options, Status, validate};
use libfuzzer_sys::fuzz_target;

const FILES: [&str; 18] = [
    "manifest.json",
    "decision.json",
    "hashes.json",
    "run_meta.json",
    "config.yaml",
    "environment.json",
    "eval/eval_results.json",
    "eval/items.jsonl",
    "train.jsonl",
    "eval.jsonl",
    "redaction_audit.json",
    "contamination.json",
    "requirements.txt",
    "croissant.json",
    "README.md",
    "model.safetensors.index.json",
    "dataset.csv",
    "labels.csv",
];

fuzz_target!(|bytes: &[u8]| {
    let dir = std::env::temp_dir().join(format!("gate-fuzz-ready-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(dir.join("eval")).expect("the temporary directory can be written");
    // A file of which nothing is there decides the layout too.
    let contents = bytes.split(|byte| *byte == 0);
    for (name, contents) in FILES.iter().zip(contents).filter(|(_, contents)| !contents.is_empty()) {
        std::fs::write(dir.join(name), contents).expect("the temporary directory can be written");
    }
    let report = validate(&dir, &Options::default()).expect("the directory can be listed");
    assert_eq!(report.checks.len(), 7);
    assert!(report.checks.iter().all(|check| check.status != Status::Error), "{report:?}");
    let text = report.human(true);
    let said = text.lines().filter(|line| line.starts_with("Overall Status: ")).count();
    assert_eq!(said, 1, "{text}");
});
