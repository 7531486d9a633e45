//! No output of a test command makes the libtest parser panic.
#![no_main]

use gate_suites::libtest::Libtest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut parser = Libtest::default();
    for line in text.lines() {
        parser.line(line);
    }
    let tests = parser.finish();
    assert!(tests.tests.len() <= text.lines().count());
});
