use std::path::Path;
use std::time::Duration;

use super::*;
use crate::tests::{run_in, suite, workspace};
use gate_policy::{Objective, SuiteKind};
use gate_report::Location;

fn slo(min_windows: u32) -> SuitePolicy {
    let policy = SloPolicy {
        file: Some("load.jsonl".into()),
        within: Duration::from_secs(86_400),
        min_windows,
        objectives: vec![Objective {
            name: "ok".into(),
            target_percent: 90.0,
            at_most: None,
            location: Location::line("gate.toml", 9),
        }],
    };
    SuitePolicy {
        group: None,
        kind: SuiteKind::Slo,
        slo: Some(Box::new(policy)),
        ..suite(&[])
    }
}

fn measured(root: &Path, good: u64) {
    fs::write(
        root.join("load.jsonl"),
        format!("{{\"name\": \"ok\", \"good\": {good}, \"total\": 100}}\n"),
    )
    .unwrap();
}

#[test]
fn each_run_adds_its_window_and_all_are_judged() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let workspace = workspace(root, &[("Cargo.toml", ""), ("Cargo.lock", "version = 4\n")]);
    let run = |good, min_windows| {
        measured(root, good);
        match run_in(&workspace, &slo(min_windows)).result {
            EvidenceResult::Findings(findings) => match findings.first() {
                None => "pass".to_owned(),
                Some(found) => found.message.split(": ").last().unwrap_or_default().to_owned(),
            },
            EvidenceResult::Inconclusive(reason) => format!("{}: {}", reason.code, reason.message),
            other => format!("{other:?}"),
        }
    };
    assert_eq!(
        run(99, 2),
        "too_few_windows: `ok` has 1 recorded window, and 2 are asked for"
    );
    // The same file is the same window.
    assert_eq!(
        run(99, 2),
        "too_few_windows: `ok` has 1 recorded window, and 2 are asked for"
    );
    assert_eq!(run(95, 2), "pass");
    // 70 is below the promise, and the three together are at 88.
    assert_eq!(run(70, 2), "the error budget is spent");
    // A good run does not make up for a bad one before the sum does.
    assert_eq!(run(94, 2), "the error budget is spent");
    assert_eq!(run(98, 2), "91 % of the error budget is spent".replace("91", "88"));

    let path = workspace.gate_dir().join("slo").join("unit.jsonl");
    let lines = fs::read_to_string(&path).unwrap();
    assert_eq!(lines.lines().count(), 5);
    fs::write(&path, lines.replacen("\"good\":70", "\"good\":99", 1)).unwrap();
    let edited = run(97, 2);
    assert!(
        edited.starts_with("damaged_windows: ") && edited.contains("were edited: line 3"),
        "{edited}"
    );
    // Nothing is added to what cannot be believed.
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 5);
}

#[test]
fn what_was_not_measured_is_no_pass() {
    let directory = tempfile::tempdir().unwrap();
    let workspace = workspace(directory.path(), &[("Cargo.toml", ""), ("Cargo.lock", "version = 4\n")]);
    let result = run_in(&workspace, &slo(1)).result;
    assert!(
        matches!(&result, EvidenceResult::NotRun(reason) if reason.code == "no_measurements"),
        "{result:?}"
    );
    fs::write(directory.path().join("load.jsonl"), "{\"name\": \"ok\"}\n").unwrap();
    let result = run_in(&workspace, &slo(1)).result;
    assert!(matches!(&result, EvidenceResult::Inconclusive(_)), "{result:?}");
    assert!(!workspace.gate_dir().join("slo").exists());
}
