use super::super::tests::{run_in, shown, suite, workspace};
use crate::policy::SuiteKind;

use super::*;

const MANIFEST: &str = "[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n";
const LOCK: &str = "version = 4\n\n[[package]]\nname = \"demo\"\nversion = \"0.1.0\"\n";

fn tool(name: &str) -> SuitePolicy {
    SuitePolicy {
        kind: SuiteKind::Tool,
        tool: Some(name.into()),
        ..suite(&[])
    }
}

fn run_tool(name: &str, source: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let files = [("Cargo.toml", MANIFEST), ("Cargo.lock", LOCK), ("src/lib.rs", source)];
    let run = run_in(&workspace(directory.path(), &files), &tool(name));
    if let Some(suite) = &run.suite {
        assert!(
            suite
                .tool_version
                .as_deref()
                .is_some_and(|version| version.contains('.')),
            "{suite:?}"
        );
    }
    shown(&run)
}

#[test]
fn clippy_reports_lints_and_errors() {
    insta::assert_snapshot!(run_tool("clippy", "pub fn f(x: &Vec<u8>) -> bool {\n    x.len() == 0\n}\n"), @r"
    block: writing `&Vec` instead of `&[_]` involves a new object where a slice will do (clippy::ptr_arg)
      at src/lib.rs:Some(1):Some(13)
      help: change this to: `&[u8]`
    block: length comparison to zero (clippy::len_zero)
      at src/lib.rs:Some(2):Some(5)
      help: using `is_empty` is clearer and more explicit: `x.is_empty()`
    0 passed, 0 failed, 0 skipped, exit Some(0)
    ");
    insta::assert_snapshot!(run_tool("clippy", "pub fn f() -> u8 {\n    \"\"\n}\n"), @r"
    block: mismatched types (E0308)
      at src/lib.rs:Some(2):Some(5)
      help: cargo clippy --workspace --all-targets
    0 passed, 0 failed, 0 skipped, exit Some(101)
    ");
    insta::assert_snapshot!(run_tool("clippy", "pub fn f() {}\n"), @"0 passed, 0 failed, 0 skipped, exit Some(0)");
}

#[test]
fn rustfmt_reports_files() {
    insta::assert_snapshot!(run_tool("rustfmt", "fn  main ( ) {}\n"), @r"
    block: `src/lib.rs` is not formatted
      at src/lib.rs:None:None
      help: cargo fmt --all
    0 passed, 0 failed, 0 skipped, exit Some(1)
    ");
    insta::assert_snapshot!(run_tool("rustfmt", "fn broken( {\n"), @r"
    block: `cargo fmt --all -- --check -l` ended with exit code 1 and reported nothing
      help: read the end of the log of the suite in the run directory
    0 passed, 0 failed, 0 skipped, exit Some(1)
    ");
    insta::assert_snapshot!(run_tool("rustfmt", "pub fn f() {}\n"), @"0 passed, 0 failed, 0 skipped, exit Some(0)");
}

#[test]
fn an_unknown_tool_is_not_run() {
    assert_eq!(
        run_tool("miri", ""),
        "not run: tool_unknown there is no adapter for the tool `miri`\n"
    );
}

fn read_clippy(text: &str) -> Reported {
    let mut reader = Box::new(clippy::Reader::new(&tool("clippy"), Path::new("/w")));
    text.lines().for_each(|line| reader.line(line));
    reader.finish()
}

#[test]
fn only_a_whole_report_is_believed() {
    let broken = |text| read_clippy(text).broken.unwrap_or_default();
    assert_eq!(broken(""), "cargo clippy did not say that it finished");
    assert!(broken("{\"reason\":").starts_with("a message of cargo clippy cannot be read: "));
    assert_eq!(broken("hello\n{\"reason\":\"build-finished\",\"success\":true}"), "");
}
