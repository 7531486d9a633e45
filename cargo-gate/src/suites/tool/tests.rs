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
        assert!(suite.tool_version.as_deref().is_some_and(|version| version.contains('.')), "{suite:?}");
    }
    shown(&run)
}

#[test]
fn clippy_reports_lints_and_errors() {
    insta::assert_snapshot!(run_tool("clippy", "pub fn f(x: &Vec<u8>) -> bool {\n    x.len() == 0\n}\n"), @"");
    insta::assert_snapshot!(run_tool("clippy", "pub fn f() -> u8 {\n    \"\"\n}\n"), @"");
    insta::assert_snapshot!(run_tool("clippy", "pub fn f() {}\n"), @"");
}

#[test]
fn rustfmt_reports_files() {
    insta::assert_snapshot!(run_tool("rustfmt", "fn  main ( ) {}\n"), @"");
    insta::assert_snapshot!(run_tool("rustfmt", "fn broken( {\n"), @"");
    insta::assert_snapshot!(run_tool("rustfmt", "pub fn f() {}\n"), @"");
}

#[test]
fn an_unknown_tool_is_not_run() {
    assert_eq!(run_tool("miri", ""), "not run: tool_unknown there is no adapter for the tool `miri`\n");
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
