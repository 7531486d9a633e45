use std::fs;

use jiff::Timestamp;

use super::fixture::{Run, write_runs};
use super::*;
use crate::history::History;
use crate::record::*;
use crate::verify::{ProblemKind, Status, verify};
use gate_base::digest::sha256_hex;
use gate_base::stage::Stage;
use gate_policy::authority::Approvers;
use gate_report::{Decision, Dimension, Outcome, Reason};

const ID: &str = "20261121T101500Z-3fa9c1";

#[test]
fn a_run_directory_holds_what_it_should() {
    let dir = tempfile::tempdir().unwrap();
    let written = Runs::new(dir.path()).write(&Run::new(ID).record()).unwrap();
    let mut names: Vec<String> = fs::read_dir(&written.directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "audit.jsonl",
            "decision.json",
            "environment.json",
            "hashes.json",
            "manifest.json",
            "redaction_audit.json",
            "report.html",
            "report.json",
            "report.md",
            "suites"
        ]
    );
    let text = |name: &str| fs::read_to_string(written.directory.join(name)).unwrap();
    insta::assert_snapshot!("decision", text("decision.json"));
    insta::assert_snapshot!("manifest", text("manifest.json"));
    let history = History::load(dir.path());
    let last = history.last().unwrap();
    assert_eq!((last.stage, last.content.as_str()), (Stage::Pilot, "c0ffee"));
    assert_eq!(last.chain, written.chain);
    assert_eq!(history.verified_entry(last, &Approvers::default()), Ok(()));
}

/// The recipe in the documentation of `hashes.json`, carried out by the tools it names.
#[test]
#[cfg(target_os = "linux")]
fn a_person_can_recompute_the_chain_hash() {
    let dir = tempfile::tempdir().unwrap();
    let written = Runs::new(dir.path()).write(&Run::new(ID).record()).unwrap();
    let documentation = include_str!("../record/hashes.rs");
    let recipe: Vec<&str> = documentation
        .split("//! ```")
        .nth(1)
        .unwrap()
        .lines()
        .skip(1)
        .map(|line| line.trim_start_matches("//! "))
        .collect();
    let output = std::process::Command::new("sh")
        .args(["-c", &recipe.join("\n")])
        .current_dir(&written.directory)
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!("{}  -\n", written.chain)
    );
}

#[test]
fn the_decision_is_the_same_for_the_same_inputs() {
    let mut cold = Run::new(ID);
    let mut warm = Run::new("20261121T102000Z-000000");
    warm.report.started = "2026-11-21T10:20:00Z".into();
    warm.report.duration_ms = 1;
    for check in &mut warm.report.checks {
        let evidence = check.evidence.as_mut().unwrap();
        evidence.reused = true;
        evidence.recorded = "2026-11-20T00:00:00Z".into();
        evidence.duration_ms += 5;
    }
    cold.report.checks[1].evidence.as_mut().unwrap().artifacts[0].sha256 = sha256_hex(b"finished in 0.03s");
    let decision = |run: &Run| DecisionRecord::of(&run.report, "catalogue").without_circumstances();
    assert_eq!(
        canonical(&decision(&cold)).unwrap(),
        canonical(&decision(&warm)).unwrap()
    );
    warm.report.checks[0].outcome = Outcome::Warn;
    assert_ne!(decision(&cold), decision(&warm));
}

#[test]
fn reasons_come_in_the_order_of_precedence() {
    let mut run = Run::new(ID);
    let template = run.report.checks[0].clone();
    let outcomes = [
        ("bench.slow", Dimension::Performance, Outcome::Fail),
        ("suite.test.a", Dimension::Correctness, Outcome::Fail),
        ("lockfile.fresh", Dimension::Integrity, Outcome::NotRun),
        ("lockfile.sources", Dimension::Integrity, Outcome::Fail),
        ("secret.tree", Dimension::Privacy, Outcome::Fail),
        ("waiver.valid", Dimension::Governance, Outcome::Fail),
        ("git.clean", Dimension::Integrity, Outcome::Warn),
    ];
    run.report.checks = outcomes
        .into_iter()
        .map(|(id, dimension, outcome)| {
            let mut check = template.clone();
            (check.id, check.dimension, check.outcome) = (id.into(), dimension, outcome);
            check
        })
        .collect();
    let decision = DecisionRecord::of(&run.report, "catalogue");
    let expected = [
        "waiver.valid",
        "secret.tree",
        "lockfile.sources",
        "lockfile.fresh",
        "suite.test.a",
        "bench.slow",
    ];
    assert_eq!(decision.reasons, expected);
    assert_eq!(aggregate(&decision.checks, false, None), Decision::NotReady);
}

#[test]
fn only_passing_outcomes_add_up_to_ready() {
    for outcome in [
        Outcome::Pass,
        Outcome::Warn,
        Outcome::Fail,
        Outcome::Inconclusive,
        Outcome::NotRun,
        Outcome::Error,
    ] {
        let mut run = Run::new(ID);
        run.report.checks[1].outcome = outcome;
        run.report.checks[1].reason = Some(Reason::new("x", "y"));
        let decision = DecisionRecord::of(&run.report, "catalogue");
        let sum = aggregate(&decision.checks, false, None);
        assert_eq!(sum == Decision::Ready, outcome.passes(), "{outcome:?}");
        assert_eq!(decision.reasons.is_empty(), outcome.passes());
    }
    assert_eq!(aggregate(&[], false, None), Decision::NotReady);
}

#[test]
fn records_that_contradict_themselves_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let runs = Runs::new(dir.path());
    let mut run = Run::new(ID);
    run.files.clear();
    assert!(
        runs.write(&run.record())
            .unwrap_err()
            .message
            .contains("suites/default.log")
    );
    for path in [
        "../out",
        "/abs",
        "suites/..",
        "hashes.json",
        "suites/a b",
        "suites/.hidden",
        "C:\\x",
    ] {
        let mut run = Run::new(ID);
        run.files[0].path = path.into();
        assert!(runs.write(&run.record()).is_err(), "{path}");
    }
    let mut run = Run::new(ID);
    run.report.chain = Some("known too early".into());
    run.render();
    assert!(runs.write(&run.record()).is_err());
    assert!(History::load(dir.path()).entries.is_empty());
}

#[test]
fn ids_are_unique_within_a_second() {
    let dir = tempfile::tempdir().unwrap();
    let runs = Runs::new(dir.path());
    let started = Timestamp::from_second(1_795_256_100).unwrap();
    let ids: std::collections::BTreeSet<String> = (0..50).map(|_| runs.new_id(started, "c")).collect();
    assert_eq!(ids.len(), 50);
    assert!(ids.iter().all(|id| id.starts_with("20261121T") && is_plain_path(id)));
}

/// Stops the writing of a second run after each step; whatever is left must be the old state or the new one, and the
/// next run must complete it.
#[test]
fn a_kill_at_any_step_leaves_old_or_new() {
    for steps in 0..=4 {
        let dir = tempfile::tempdir().unwrap();
        let runs = Runs::new(dir.path());
        write_runs(dir.path(), 1);
        let run = Run::new("20261121T120000Z-000000");
        if steps == 0 {
            // Killed while the files were written.
            fs::create_dir(runs.directory().join(".tmp-20261121T120000Z-000000")).unwrap();
        } else {
            let staged = runs.stage(&run.record()).unwrap();
            if steps >= 2 {
                runs.publish(&staged).unwrap();
            }
            if steps >= 3 {
                runs.record(&staged).unwrap();
            }
            if steps >= 4 {
                runs.point_latest(&staged).unwrap();
            }
        }
        let found = verify(dir.path(), None, None).unwrap();
        let kinds: Vec<ProblemKind> = found.problems.iter().map(|problem| problem.kind).collect();
        match steps {
            2 | 3 => assert_eq!(
                (found.status, kinds.as_slice()),
                (Status::Incomplete, &[ProblemKind::Interrupted][..])
            ),
            _ => assert_eq!(
                (found.status, kinds.as_slice()),
                (Status::Verified, &[][..]),
                "step {steps}"
            ),
        }

        let (recovery, history) = runs.recover().unwrap();
        assert_eq!(history.entries, History::load(dir.path()).entries, "step {steps}");
        assert_eq!(recovery.removed.len(), usize::from(steps < 2), "step {steps}");
        assert_eq!(recovery.recorded.is_some(), steps == 2, "step {steps}");
        assert_eq!(recovery.latest_moved, steps == 2 || steps == 3, "step {steps}");
        assert_eq!(
            verify(dir.path(), None, None).unwrap().status,
            Status::Verified,
            "step {steps}"
        );
        assert_eq!(History::load(dir.path()).entries.len(), if steps >= 2 { 2 } else { 1 });
        assert_eq!(runs.recover().unwrap().0, Recovery::default());

        write_runs(dir.path(), 1);
        assert_eq!(
            verify(dir.path(), None, None).unwrap().status,
            Status::Verified,
            "step {steps}"
        );
    }
}

#[test]
fn a_history_line_that_was_cut_is_completed() {
    let dir = tempfile::tempdir().unwrap();
    let runs = Runs::new(dir.path());
    write_runs(dir.path(), 1);
    let path = dir.path().join("history.jsonl");
    let before = fs::read(&path).unwrap();
    let staged = runs.stage(&Run::new("20261121T120000Z-000000").record()).unwrap();
    runs.publish(&staged).unwrap();
    runs.record(&staged).unwrap();
    let whole = fs::read(&path).unwrap();
    for cut in before.len()..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        assert_ne!(verify(dir.path(), None, None).unwrap().status, Status::Verified);
        assert!(runs.recover().unwrap().0.recorded.is_some(), "cut at {cut}");
        assert_eq!(fs::read(&path).unwrap(), whole);
        atomic_latest_back(&runs, dir.path());
    }
}

/// Points `latest` at the first run again, as it was before the kill.
fn atomic_latest_back(runs: &Runs, gate_dir: &std::path::Path) {
    let first = &History::load(gate_dir).entries[0].run_id;
    gate_base::atomic::point(&runs.directory().join(LATEST), first).unwrap();
}

#[test]
fn a_cut_that_no_kill_explains_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    write_runs(dir.path(), 3);
    let path = dir.path().join("history.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    let two: String = whole.split_inclusive('\n').take(2).collect();
    fs::write(&path, &two).unwrap();
    assert_eq!(Runs::new(dir.path()).recover().unwrap().0, Recovery::default());
    assert_eq!(verify(dir.path(), None, None).unwrap().status, Status::Tampered);
}

#[test]
fn a_failed_write_leaves_nothing_visible() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("runs"), "a file where a directory should be").unwrap();
    let error = Runs::new(dir.path()).write(&Run::new(ID).record()).unwrap_err();
    assert_eq!(error.exit_code(), gate_base::exit::TOOL_FAILED);
    assert!(History::load(dir.path()).entries.is_empty());
}
