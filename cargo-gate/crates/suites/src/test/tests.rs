use std::time::Duration;

use super::super::tests::{run_in, shown, suite, workspace};
use super::*;

const MANIFEST: &str =
    "[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[lib]\ndoctest = false\n[workspace]\n";
const LOCK: &str = "version = 4\n\n[[package]]\nname = \"demo\"\nversion = \"0.1.0\"\n";

/// Runs `cargo test --locked` over this library.
fn run_library(source: &str, arguments: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let files = [("Cargo.toml", MANIFEST), ("Cargo.lock", LOCK), ("src/lib.rs", source)];
    let workspace = workspace(directory.path(), &files);
    let mut command = vec!["cargo", "test", "--locked"];
    command.extend(arguments);
    shown(&run_in(&workspace, &suite(&command)))
}

#[test]
fn passing_and_failing_tests() {
    let source = "#[test] fn good() {} #[test] fn bad() { panic!() } #[test] #[ignore] fn later() {}";
    insta::assert_snapshot!(run_library(source, &[]), @r"
    block: `demo bad` failed
      at src/lib.rs:Some(1):Some(41)
      help: cargo test -- --exact bad
    1 passed, 1 failed, 1 skipped, exit Some(101)
    Failed demo bad
    Passed demo good
    Skipped demo later
    ");
    insta::assert_snapshot!(run_library(source, &["good"]), @r"
    1 passed, 0 failed, 2 skipped, exit Some(0)
    Passed demo good
    ");
}

#[test]
fn a_failing_test_says_why() {
    let source = "#[test] fn bad() { assert_eq!(2 + 2, 5, \"in {}\", env!(\"CARGO_MANIFEST_DIR\")) }";
    let directory = tempfile::tempdir().unwrap();
    let files = [("Cargo.toml", MANIFEST), ("Cargo.lock", LOCK), ("src/lib.rs", source)];
    let workspace = workspace(directory.path(), &files);
    let run = run_in(&workspace, &suite(&["cargo", "test", "--locked"]));
    let EvidenceResult::Findings(findings) = &run.result else {
        panic!("{:?}", run.result)
    };
    let said = "assertion `left == right` failed: in [WORKSPACE]\n  left: 4\n right: 5";
    assert_eq!(findings[0].detail.as_deref(), Some(said));
    let failed = run.suite.as_ref().and_then(|suite| suite.tests.first());
    assert_eq!(failed.and_then(|test| test.message.as_deref()), Some(said));
}

#[test]
fn filtered_to_nothing_fails() {
    insta::assert_snapshot!(run_library("#[test] fn good() {}", &["nothing"]), @r"
    block: no tests ran: the only one is ignored or filtered out (suite_empty)
      help: add a `#[test]`, or correct the filter in `command` of the suite in gate.toml
    0 passed, 0 failed, 1 skipped, exit Some(0)
    ");
    insta::assert_snapshot!(run_library("", &[]), @r"
    block: no tests ran: none were found (suite_empty)
      help: add a `#[test]`, or correct the filter in `command` of the suite in gate.toml
    0 passed, 0 failed, 0 skipped, exit Some(0)
    ");
}

#[test]
fn a_compile_error_is_shown_with_its_place() {
    insta::assert_snapshot!(run_library("pub fn f() -> u8 {\n    \"\"\n}\n", &[]), @r"
    block: `cargo test --locked` exited with code 101: [E0308] mismatched types
      at src/lib.rs:Some(2):Some(5)
      help: cargo gate suite unit
    0 passed, 0 failed, 0 skipped, exit Some(101)
    ");
}

#[test]
fn a_crashed_binary_fails() {
    let shown = run_library("#[test] fn crash() { std::process::exit(0) }", &[]);
    assert!(
        shown.contains("block: the test binary `demo` started but never reported a result"),
        "{shown}"
    );
}

#[test]
fn a_missing_program_is_not_run() {
    let directory = tempfile::tempdir().unwrap();
    let workspace = workspace(directory.path(), &[("Cargo.toml", MANIFEST), ("Cargo.lock", LOCK)]);
    insta::assert_snapshot!(shown(&run_in(&workspace, &suite(&["no-such-runner"]))), @"not run: tool_missing `no-such-runner` is not installed");
    let shown = shown(&run_in(&workspace, &suite(&["cargo", "no-such-subcommand"])));
    assert!(
        shown.starts_with("not run: tool_missing `cargo-no-such-subcommand` is not installed"),
        "{shown}"
    );
}

#[test]
fn the_time_limit_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let workspace = workspace(
        directory.path(),
        &[("Cargo.toml", MANIFEST), ("Cargo.lock", LOCK), ("src/lib.rs", "")],
    );
    let suite = SuitePolicy {
        timeout: Duration::ZERO,
        ..suite(&["cargo", "test", "--locked"])
    };
    let run = run_in(&workspace, &suite);
    assert!(run.suite.as_ref().unwrap().timed_out);
    assert!(
        shown(&run).contains("block: the suite timed out after 0 s (timed_out)"),
        "{}",
        shown(&run)
    );
}

/// What is judged of an exit code and an output.
fn judged(suite: &SuitePolicy, exit_code: i32, text: &str) -> String {
    let mut reader = Reader::new(suite.format);
    for line in text.lines() {
        reader.line(line);
    }
    let end = SuiteResult {
        command: suite.command.clone(),
        exit_code: Some(exit_code),
        signal: None,
        timed_out: false,
        passed: 0,
        failed: 0,
        skipped: 0,
        tests: Vec::new(),
        measurements: Vec::new(),
        service_levels: Vec::new(),
        drill: None,
        equivalence: None,
        made: Vec::new(),
        part: None,
        duration_ms: 0,
        tool_version: None,
    };
    let findings = judge(suite, &end, &reader.finish(), &[]);
    let level = |finding: &Finding| if finding.blocks_at.is_some() { "block" } else { "advice" };
    let lines = findings
        .iter()
        .map(|finding| format!("{}: {}\n", level(finding), finding.message));
    lines.collect()
}

const PASSED: &str = "running 1 test\ntest a ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured\n";
const FAILED: &str =
    "running 1 test\ntest a ... FAILED\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured\n";

#[test]
fn exit_status_and_output_must_agree() {
    let script = suite(&["./test.sh"]);
    assert_eq!(judged(&script, 0, PASSED), "");
    assert_eq!(
        judged(&script, 23, PASSED),
        "block: `./test.sh` exited with code 23 although every test passed\n"
    );
    assert_eq!(judged(&script, 0, FAILED), "block: `a` failed\n");
    assert_eq!(judged(&script, 23, ""), "block: `./test.sh` exited with code 23\n");
    assert_eq!(
        judged(&script, 0, "all good\n"),
        "block: the output contains no summary of a test run\n"
    );
}

#[test]
fn an_optional_suite_only_advises() {
    let optional = SuitePolicy {
        required: false,
        ..suite(&["x"])
    };
    assert_eq!(judged(&optional, 0, FAILED), "advice: `a` failed\n");
}

#[test]
fn the_least_number_of_tests_counts() {
    let many = SuitePolicy {
        min_tests: 5,
        ..suite(&["x"])
    };
    assert_eq!(judged(&many, 0, PASSED), "block: 1 of at least 5 expected tests ran\n");
}

#[test]
fn many_failures_share_a_finding() {
    let mut text = "running 9 tests\n".to_owned();
    (0..9).for_each(|number| text += &format!("test t{number} ... FAILED\n"));
    text += "test result: FAILED. 0 passed; 9 failed; 0 ignored; 0 measured\n";
    let shown = judged(&suite(&["x"]), 101, &text);
    assert_eq!(shown.lines().count(), 6);
    assert!(shown.ends_with("block: 4 more tests failed\n"), "{shown}");
}

#[test]
fn a_flaky_test_advises() {
    let text = " Nextest run ID 0 with nextest profile: default
  TRY 1 FAIL [   0.076s] demo tests::flaky
  TRY 2 PASS [   0.005s] demo tests::flaky
     Summary [   0.085s] 1 test run: 1 passed (1 flaky), 9 skipped
";
    assert_eq!(
        judged(&suite(&["x"]), 0, text),
        "advice: `demo tests::flaky` passed only on a retry\n"
    );
}

#[test]
fn nextest_without_a_test_is_empty() {
    let text = " Nextest run ID 0 with nextest profile: default
     Summary [   0.000s] 0 tests run: 0 passed, 10 skipped
error: no tests to run
(hint: use `--no-tests` to customize)
";
    let empty = "block: no tests ran: all 10 are ignored or filtered out (suite_empty)\n";
    assert_eq!(judged(&suite(&["x"]), 4, text), empty);
    assert_eq!(judged(&suite(&["x"]), 0, text), empty);
}
