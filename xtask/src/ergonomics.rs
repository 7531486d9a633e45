//! The report of what the last run of the gate showed of the changes that make authoring easy.

#![allow(clippy::print_stdout, reason = "the report is what this command is for")]

use std::fs;
use std::path::Path;

use gate_policy::{self, ItemStatus, Severity};
use serde::Serialize;
use serde_json::Value;

use crate::Result;
use crate::authoring::{Authoring, Change, PATH, Safety};

/// Where the report is written.
pub const REPORT: &str = "target/gate/ergonomics.json";

/// What tests showed about one kind of safety.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Tests that are named.
    pub tests: usize,
    /// Those that passed in the run.
    pub passed: usize,
    /// Those that failed.
    pub failed: Vec<String>,
    /// Those that the run does not know.
    pub missing: Vec<String>,
}

/// What can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Every test passed, and nothing critical is open.
    Confirmed,
    /// A test failed, or something critical is open.
    Weakened,
    /// There is no run, or it does not know a test.
    NotMeasured,
}

/// The report.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Ergonomics {
    /// What it was computed from: the list, and the id of the run.
    pub inputs: Vec<String>,
    /// What is refused before anything runs, and what it makes easy.
    pub compile_time_safety: Shown,
    /// What is refused when it is used, and what that makes easy.
    pub runtime_safety: Shown,
    /// What follows.
    pub status: Status,
    /// Ids of open criticals of the register.
    pub unresolved_criticals: Vec<String>,
}

impl Ergonomics {
    /// What a run showed about the changes. `report` is its `report.json`; `None` where there is no run.
    pub fn new(changes: &[Change], report: Option<&Value>, unresolved_criticals: Vec<String>) -> Self {
        let mut inputs = vec![PATH.to_owned()];
        inputs.extend(
            report
                .and_then(|report| report.pointer("/run/id")?.as_str())
                .map(|id| format!("run {id}")),
        );
        let tests = report.map(tests).unwrap_or_default();
        let of = |safety| {
            let mut shown = Shown::default();
            let mut named: Vec<&String> = changes
                .iter()
                .filter(|change| change.safety == safety)
                .flat_map(|change| change.positive.iter().chain(&change.negative))
                .collect();
            named.sort();
            named.dedup();
            for test in named {
                shown.tests += 1;
                let name = test.rsplit("::").next().unwrap_or(test);
                let mut results = tests
                    .iter()
                    .filter(|(found, _)| found.rsplit("::").next() == Some(name))
                    .peekable();
                if results.peek().is_none() {
                    shown.missing.push(test.clone());
                } else if results.all(|(_, passed)| *passed) {
                    shown.passed += 1;
                } else {
                    shown.failed.push(test.clone());
                }
            }
            shown
        };
        let (compile_time_safety, runtime_safety) = (of(Safety::CompileTime), of(Safety::RunTime));
        let both = [&compile_time_safety, &runtime_safety];
        let status = if both.iter().any(|shown| !shown.failed.is_empty()) || !unresolved_criticals.is_empty() {
            Status::Weakened
        } else if both.iter().any(|shown| shown.tests == 0 || !shown.missing.is_empty()) {
            Status::NotMeasured
        } else {
            Status::Confirmed
        };
        Self {
            inputs,
            compile_time_safety,
            runtime_safety,
            status,
            unresolved_criticals,
        }
    }
}

/// Names of the tests of a run, and whether each passed.
fn tests(report: &Value) -> Vec<(String, bool)> {
    let checks = report.get("checks").and_then(Value::as_array).into_iter().flatten();
    let suites = checks.filter_map(|check| check.pointer("/evidence/suite/tests")?.as_array());
    let test = |test: &Value| {
        let passed = matches!(test.get("status")?.as_str(), Some("passed" | "flaky"));
        Some((test.get("name")?.as_str()?.to_owned(), passed))
    };
    suites.flatten().filter_map(test).collect()
}

/// Writes the report about the latest run of the gate on this repository. Where that was one share of the suites (`whole` is false), it
/// may not know the tests: another machine does.
///
/// # Errors
/// The invariants are not confirmed.
pub fn run(root: &Path, whole: bool) -> Result {
    let changes = Authoring::read(root)?.change;
    let policy = gate_policy::load(root, None, &gate_checks::catalogue()).map_err(|error| error.message)?;
    let items = policy.register.iter().flat_map(|register| &register.items);
    let criticals = items
        .filter(|item| item.status == ItemStatus::Open && item.severity == Severity::Critical)
        .map(|item| item.id.clone());
    let latest = root.join("target/gate/runs/latest/report.json");
    let report: Option<Value> = match fs::read(&latest) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes)?),
        Err(_) => None,
    };
    let ergonomics = Ergonomics::new(&changes, report.as_ref(), criticals.collect());
    let mut text = serde_json::to_string_pretty(&ergonomics)?;
    text.push('\n');
    fs::create_dir_all(root.join("target/gate"))?;
    fs::write(root.join(REPORT), &text)?;
    println!("{text}wrote {REPORT}");
    match ergonomics.status {
        Status::Confirmed => Ok(()),
        Status::Weakened => Err("a safeguard is weakened".into()),
        Status::NotMeasured if !whole => Ok(()),
        Status::NotMeasured => {
            Err("not measured: the latest run of the gate does not know every test; `cargo gate pilot`".into())
        }
    }
}

#[cfg(test)]
mod tests_of_the_report {
    use super::*;

    fn changes() -> Vec<Change> {
        let change = |id: &str, safety| Change {
            id: id.into(),
            summary: "x".into(),
            safety,
            positive: vec![format!("a.rs::{id}_helps")],
            negative: vec![format!("a.rs::{id}_refuses")],
        };
        vec![change("one", Safety::CompileTime), change("two", Safety::RunTime)]
    }

    fn report(failed: &str) -> Value {
        let test = |name: &str| {
            let status = if name == failed { "failed" } else { "passed" };
            serde_json::json!({ "binary": "x", "name": format!("module::{name}"), "status": status })
        };
        let tests: Vec<Value> = ["one_helps", "one_refuses", "two_helps", "two_refuses"]
            .map(test)
            .to_vec();
        serde_json::json!({ "run": { "id": "r" }, "checks": [{ "evidence": { "suite": { "tests": tests } } }] })
    }

    #[test]
    fn invariants_are_confirmed_by_tests_and_the_register() {
        let of = |report: Option<&Value>, criticals: &[&str]| {
            Ergonomics::new(
                &changes(),
                report,
                criticals.iter().map(|id| (*id).to_owned()).collect(),
            )
        };
        let good = of(Some(&report("")), &[]);
        assert_eq!(good.status, Status::Confirmed);
        assert_eq!((good.compile_time_safety.passed, good.runtime_safety.passed), (2, 2));
        assert_eq!(of(Some(&report("two_refuses")), &[]).status, Status::Weakened);
        assert_eq!(of(Some(&report("")), &["BUG-1"]).status, Status::Weakened);
        assert_eq!(of(None, &[]).status, Status::NotMeasured);
        let empty = serde_json::json!({ "checks": [] });
        assert_eq!(of(Some(&empty), &[]).status, Status::NotMeasured);
    }
}
