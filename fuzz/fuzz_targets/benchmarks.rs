//! What benchmarks print and criterion leaves in its directory: nothing panics, and what is measured was written somewhere.
//!
//! The input is cut at NUL bytes into the output, and `benchmark.json` and `sample.json` of one or two benchmarks.
//! `cargo +nightly fuzz run benchmarks`
#![no_main]

use gate_suites::bench::read_output;
use libfuzzer_sys::fuzz_target;

const FILES: [&str; 4] = [
    "a/new/benchmark.json",
    "a/new/sample.json",
    "b/new/benchmark.json",
    "b/new/sample.json",
];

fuzz_target!(|bytes: &[u8]| {
    let home = std::env::temp_dir().join(format!("gate-fuzz-benchmarks-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&home);
    let mut parts = bytes.split(|byte| *byte == 0);
    let output = String::from_utf8_lossy(parts.next().unwrap_or_default());
    let mut directories = 0;
    for (name, contents) in FILES.iter().zip(parts) {
        let new = home.join(name).parent().expect("a directory").to_owned();
        if !new.is_dir() {
            std::fs::create_dir_all(&new).expect("the temporary directory can be written");
            std::fs::write(new.join("estimates.json"), "{}").expect("the temporary directory can be written");
            directories += 1;
        }
        std::fs::write(home.join(name), contents).expect("the temporary directory can be written");
    }
    match read_output(&output, &home) {
        Ok(measured) => assert!(measured <= output.lines().count() + directories),
        Err(problems) => assert!(!problems.is_empty()),
    }
});
