use std::path::Path;
use std::time::Duration;

use super::*;
use crate::tests::{run_in, suite, workspace};
use gate_policy::{Prove, SloFormat, SuiteKind};
use gate_report::Location;

fn slo(format: SloFormat) -> SuitePolicy {
    let hours = |count: u64| Duration::from_secs(count * 3600);
    let policy = SloPolicy {
        file: Some("load.txt".into()),
        format,
        look_back: vec![hours(6), hours(48)],
        max_gap: hours(36),
        max_idle: hours(6),
        min_history: hours(0),
        alpha: 0.01,
        confidence: 0.95,
        tenants: Vec::new(),
        former_tenants: Vec::new(),
        tenant_label: None,
        workload_label: None,
        openslo: Vec::new(),
        objectives: vec![Objective {
            name: "ok".into(),
            measurement: None,
            workload: None,
            tenant: None,
            target_percent: 90.0,
            at_most: None,
            good: None,
            bad: None,
            total: None,
            burst: None,
            prove: Prove::Each,
            location: Location::line("gate.toml", 9),
        }],
        fairness: Vec::new(),
    };
    SuitePolicy {
        group: None,
        kind: SuiteKind::Slo,
        slo: Some(Box::new(policy)),
        ..suite(&[])
    }
}

fn told(result: &EvidenceResult) -> String {
    match result {
        EvidenceResult::Findings(findings) if findings.is_empty() => "pass".to_owned(),
        EvidenceResult::Findings(findings) => findings
            .iter()
            .map(|found| found.message.clone())
            .collect::<Vec<_>>()
            .join("\n"),
        EvidenceResult::Inconclusive(reason) | EvidenceResult::NotRun(reason) | EvidenceResult::Error(reason) => {
            format!("{}: {}", reason.code, reason.message)
        }
    }
}

fn measured(root: &Path, good: u64, total: u64) {
    let line = format!("{{\"name\": \"ok\", \"good\": {good}, \"total\": {total}}}\n");
    fs::write(root.join("load.txt"), line).unwrap();
}

#[test]
fn each_run_adds_what_is_new_and_all_of_it_is_judged() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let workspace = workspace(root, &[("Cargo.toml", ""), ("Cargo.lock", "version = 4\n")]);
    let run = |good, total| {
        measured(root, good, total);
        told(&run_in(&workspace, &slo(SloFormat::Lines)).result)
    };
    insta::assert_snapshot!(run(10, 10), @"need_events: 0 of 10 events of `ok` were bad, and up to 25.9 % cannot be excluded at 95 %, more than the budget of 10 %: 19 more events at this rate are needed");
    // The same file is the same measurement.
    insta::assert_snapshot!(run(10, 10), @"need_events: 0 of 10 events of `ok` were bad, and up to 25.9 % cannot be excluded at 95 %, more than the budget of 10 %: 19 more events at this rate are needed");
    assert_eq!(run(395, 400), "pass");
    // This run shows too little, the next one is bad, and a good one does not make up for it.
    insta::assert_snapshot!(run(330, 400), @"need_events: 75 of 810 events of `ok` were bad, and up to 11.1 % cannot be excluded at 95 %, more than the budget of 10 %: 3700 more events at this rate are needed");
    assert!(run(100, 400).contains("were bad in the last"));
    assert!(run(400, 400).contains("were bad in the last"));

    let path = workspace.gate_dir().join("slo").join("unit.jsonl");
    let lines = fs::read_to_string(&path).unwrap();
    assert_eq!(lines.lines().count(), 5);
    fs::write(&path, lines.replacen("\"good\":100", "\"good\":400", 1)).unwrap();
    let edited = run(397, 400);
    assert!(
        edited.starts_with("damaged_windows: ") && edited.contains("were edited: line 4"),
        "{edited}"
    );
    // Nothing is added to what cannot be believed.
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 5);
}

#[test]
fn what_was_not_measured_is_no_pass() {
    let directory = tempfile::tempdir().unwrap();
    let workspace = workspace(directory.path(), &[("Cargo.toml", ""), ("Cargo.lock", "version = 4\n")]);
    let result = run_in(&workspace, &slo(SloFormat::Lines)).result;
    assert!(
        matches!(&result, EvidenceResult::NotRun(reason) if reason.code == "no_measurements"),
        "{result:?}"
    );
    let write = |text: &str| {
        fs::write(directory.path().join("load.txt"), text).unwrap();
        told(&run_in(&workspace, &slo(SloFormat::Lines)).result)
    };
    insta::assert_snapshot!(write("{\"name\": \"ok\"}\n"), @"vacuous: load.txt:1: has neither `good` and `total`, nor `samples`, nor `demand` and `served`; `ok` was not measured in the last 2 d");
    assert!(!workspace.gate_dir().join("slo").exists());
    insta::assert_snapshot!(write("{\"name\": \"ok\", \"good\": 0, \"total\": 0}\n"), @"vacuous: `ok` was measured 1 time and had no event: a service that is down has none either");
    insta::assert_snapshot!(write("{\"name\": \"other\", \"good\": 5, \"total\": 5}\n"), @"vacuous: `ok` was not measured this time; `ok` was measured 1 time and had no event: a service that is down has none either");
}

/// What was recorded cannot be told in another way later.
#[test]
fn the_past_does_not_change() {
    let directory = tempfile::tempdir().unwrap();
    let workspace = workspace(directory.path(), &[("Cargo.toml", ""), ("Cargo.lock", "version = 4\n")]);
    let to = Timestamp::now()
        .checked_sub(jiff::SignedDuration::from_hours(1))
        .unwrap();
    let write = |good: u64| {
        let line = format!("{{\"name\": \"ok\", \"to\": \"{to}\", \"good\": {good}, \"total\": 400}}\n");
        fs::write(directory.path().join("load.txt"), line).unwrap();
        told(&run_in(&workspace, &slo(SloFormat::Lines)).result)
    };
    assert!(write(200).contains("were bad"));
    let again = write(400);
    assert!(again.contains("were bad"), "{again}");
}

#[test]
fn stats_of_a_run_count_from_its_beginning() {
    let directory = tempfile::tempdir().unwrap();
    let workspace = workspace(directory.path(), &[("Cargo.toml", ""), ("Cargo.lock", "version = 4\n")]);
    let seed = include_str!("../../../../../tests/fixtures/run-stats.valid/clean/run_stats.json");
    fs::write(directory.path().join("load.txt"), seed).unwrap();
    let mut suite = slo(SloFormat::RunStats);
    suite.slo.as_mut().unwrap().objectives[0].name = "fallback".to_owned();
    insta::assert_snapshot!(told(&run_in(&workspace, &suite).result), @"need_events: 2 of 3 events of `fallback` of workload `axpy_f32` were bad, and up to 98.3 % cannot be excluded at 95 %, more than the budget of 10 %: at this rate no number of events shows that it is kept; 5 times the budget would not be found with 3 events of `fallback` of workload `axpy_f32`: 4 more are needed");
}
