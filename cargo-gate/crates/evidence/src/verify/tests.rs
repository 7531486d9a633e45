use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::history::History;
use crate::run_dir::Runs;
use crate::run_dir::fixture::{Run, write_runs};
use gate_report::{Decision, Outcome};

fn status(gate_dir: &Path) -> Status {
    verify(gate_dir, None, None).unwrap().status
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        // Marks say who made a run; what a run says is in the others.
        if path.is_symlink() || path.ends_with("marks") {
        } else if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn what_was_written_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let ids = write_runs(dir.path(), 3);
    let verification = verify(dir.path(), None, None).unwrap();
    assert_eq!(
        (verification.status, verification.problems.as_slice()),
        (Status::Verified, &[][..])
    );
    assert_eq!((verification.runs_checked, verification.history_checked), (3, true));
    let history = History::load(dir.path());
    assert_eq!(verification.head.as_ref(), history.last().map(|entry| &entry.chain));
    for name in [
        ids[0].as_str(),
        "latest",
        dir.path().join("runs/latest").to_str().unwrap(),
    ] {
        if cfg!(unix) || !name.contains("runs") {
            let one = verify(dir.path(), Some(name), None).unwrap();
            assert_eq!(
                (one.status, one.runs_checked, one.history_checked),
                (Status::Verified, 1, true),
                "{name}"
            );
        }
    }
}

#[test]
fn nothing_is_not_verified() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(status(dir.path()), Status::Incomplete);
    assert_eq!(
        verify(dir.path(), Some("latest"), None).unwrap_err().exit_code(),
        gate_base::exit::USAGE
    );
    assert_eq!(
        verify(dir.path(), Some("no-such-run"), None).unwrap_err().exit_code(),
        gate_base::exit::USAGE
    );
}

#[test]
fn every_flipped_byte_is_found() {
    let dir = tempfile::tempdir().unwrap();
    write_runs(dir.path(), 2);
    let mut positions = 0;
    for path in files(dir.path()) {
        let whole = fs::read(&path).unwrap();
        // Every byte of the files that protect the others, every seventh elsewhere.
        let covered = !(path.ends_with("hashes.json") || path.ends_with("history.jsonl"));
        for position in (0..whole.len()).step_by(if covered { 7 } else { 1 }) {
            let mut bytes = whole.clone();
            bytes[position] ^= [1, 2, 0x20, 0x80][position % 4];
            fs::write(&path, &bytes).unwrap();
            assert_ne!(
                status(dir.path()),
                Status::Verified,
                "byte {position} of {}",
                path.display()
            );
            positions += 1;
        }
        fs::write(&path, &whole).unwrap();
    }
    assert!(positions > 1000);
    assert_eq!(status(dir.path()), Status::Verified);
}

#[test]
fn every_flipped_byte_of_a_copied_run_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let ids = write_runs(dir.path(), 2);
    let copy = dir.path().join("artifact");
    fs::rename(dir.path().join("runs").join(&ids[1]), &copy).unwrap();
    let name = copy.to_str().unwrap();
    let verification = verify(dir.path(), Some(name), None).unwrap();
    assert_eq!(
        (verification.status, verification.history_checked),
        (Status::Verified, false)
    );
    let head = verification.head.unwrap();
    assert_eq!(
        verify(dir.path(), Some(name), Some(&head)).unwrap().status,
        Status::Verified
    );
    assert_eq!(
        verify(dir.path(), Some(name), Some("0")).unwrap().status,
        Status::Tampered
    );
    for path in files(&copy) {
        let whole = fs::read(&path).unwrap();
        for position in (0..whole.len()).step_by(3) {
            let mut bytes = whole.clone();
            bytes[position] ^= 1;
            fs::write(&path, &bytes).unwrap();
            let found = verify(dir.path(), Some(name), None).unwrap();
            assert_ne!(found.status, Status::Verified, "byte {position} of {}", path.display());
        }
        fs::write(&path, &whole).unwrap();
    }
}

#[test]
fn added_bytes_and_spaces_are_found() {
    let dir = tempfile::tempdir().unwrap();
    write_runs(dir.path(), 2);
    for path in files(dir.path()) {
        let whole = fs::read(&path).unwrap();
        for addition in ["\n", " "] {
            fs::write(&path, [&whole, addition.as_bytes()].concat()).unwrap();
            assert_ne!(
                status(dir.path()),
                Status::Verified,
                "{addition:?} after {}",
                path.display()
            );
            fs::write(&path, [addition.as_bytes(), &whole].concat()).unwrap();
            assert_ne!(
                status(dir.path()),
                Status::Verified,
                "{addition:?} before {}",
                path.display()
            );
        }
        fs::write(&path, &whole).unwrap();
    }
}

#[test]
fn removed_files_are_missing_and_added_files_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let ids = write_runs(dir.path(), 2);
    // Where links are a privilege, `latest` is a file; it is made again by the next run.
    for path in files(&dir.path().join("runs"))
        .into_iter()
        .filter(|path| !path.ends_with("latest"))
    {
        let whole = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let found = verify(dir.path(), None, None).unwrap();
        assert_eq!(
            found.status,
            Status::Incomplete,
            "{}: {:?}",
            path.display(),
            found.problems
        );
        let remedy = found.remedy().unwrap();
        assert!(remedy.contains("are never recomputed"), "{remedy}");
        if !path.ends_with("hashes.json") {
            assert!(
                found.problems[0].message.contains(" recorded files exist"),
                "{:?}",
                found.problems
            );
        }
        fs::write(&path, whole).unwrap();
    }
    for name in ["extra.txt", "suites/extra.log", ".hidden"] {
        let path = dir.path().join("runs").join(&ids[0]).join(name);
        fs::write(&path, "x").unwrap();
        let found = verify(dir.path(), None, None).unwrap();
        assert_eq!(found.status, Status::Tampered);
        assert_eq!(found.problems[0].kind, ProblemKind::UnlistedFile);
        fs::remove_file(&path).unwrap();
    }
    fs::create_dir(dir.path().join("runs").join(&ids[0]).join("empty")).unwrap();
    assert_eq!(status(dir.path()), Status::Tampered);
}

#[test]
fn every_answer_but_verified_has_a_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let nothing = verify(dir.path(), None, None).unwrap();
    assert_eq!(nothing.remedy(), Some("cargo gate pilot"));
    let ids = write_runs(dir.path(), 1);
    assert_eq!(verify(dir.path(), None, None).unwrap().remedy(), None);
    fs::write(dir.path().join("runs").join(&ids[0]).join("decision.json"), "{}").unwrap();
    let tampered = verify(dir.path(), None, None).unwrap();
    assert!(tampered.remedy().unwrap().contains("--target-dir"));
    fs::remove_file(dir.path().join("history.jsonl")).unwrap();
    assert_eq!(verify(dir.path(), None, None).unwrap().status, Status::Tampered);
}

#[test]
fn a_history_that_is_cut_reordered_or_repeated_is_found() {
    let dir = tempfile::tempdir().unwrap();
    write_runs(dir.path(), 4);
    let path = dir.path().join("history.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let mut variants = vec![String::new()];
    for first in 0..lines.len() {
        let mut without = lines.clone();
        without.remove(first);
        variants.push(without.concat());
        let mut repeated = lines.clone();
        repeated.push(lines[first]);
        variants.push(repeated.concat());
        for second in first + 1..lines.len() {
            let mut swapped = lines.clone();
            swapped.swap(first, second);
            variants.push(swapped.concat());
        }
    }
    for variant in variants {
        fs::write(&path, &variant).unwrap();
        assert_eq!(status(dir.path()), Status::Tampered, "{variant}");
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(status(dir.path()), Status::Tampered);
}

#[test]
fn swapped_and_removed_runs_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let ids = write_runs(dir.path(), 3);
    let at = |name: &str| dir.path().join("runs").join(name);
    for (first, second) in [(0, 1), (1, 2), (0, 2)] {
        let swap = || {
            fs::rename(at(&ids[first]), at("swap")).unwrap();
            fs::rename(at(&ids[second]), at(&ids[first])).unwrap();
            fs::rename(at("swap"), at(&ids[second])).unwrap();
        };
        swap();
        assert_eq!(status(dir.path()), Status::Tampered);
        swap();
    }
    fs::rename(at(&ids[1]), dir.path().join("away")).unwrap();
    assert_eq!(status(dir.path()), Status::Incomplete);
}

#[test]
fn latest_must_be_the_newest_run() {
    let dir = tempfile::tempdir().unwrap();
    let ids = write_runs(dir.path(), 3);
    let latest = dir.path().join("runs/latest");
    fs::remove_file(&latest).unwrap();
    assert_eq!(status(dir.path()), Status::Incomplete);
    for (target, expected) in [
        (ids[2].as_str(), Status::Verified),
        (&ids[1], Status::Incomplete),
        (&ids[0], Status::Tampered),
        ("elsewhere", Status::Tampered),
    ] {
        gate_base::atomic::point(&latest, target).unwrap();
        assert_eq!(status(dir.path()), expected, "{target}");
    }
    fs::remove_file(&latest).unwrap();
    fs::create_dir(&latest).unwrap();
    assert_eq!(status(dir.path()), Status::Tampered);
}

#[test]
fn an_anchor_finds_what_fits_together() {
    let dir = tempfile::tempdir().unwrap();
    let ids = write_runs(dir.path(), 3);
    let chains: Vec<String> = History::load(dir.path())
        .entries
        .into_iter()
        .map(|entry| entry.chain)
        .collect();
    let with = |anchor: &str| verify(dir.path(), None, Some(anchor)).unwrap().status;
    assert_eq!(with(&chains[2]), Status::Verified);
    // A later run does not invalidate an anchor.
    assert_eq!(with(&chains[0]), Status::Verified);

    // Cut everything consistently: without the anchor this cannot be seen.
    let path = dir.path().join("history.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, whole.split_inclusive('\n').take(2).collect::<String>()).unwrap();
    fs::remove_dir_all(dir.path().join("runs").join(&ids[2])).unwrap();
    gate_base::atomic::point(&dir.path().join("runs/latest"), &ids[1]).unwrap();
    assert_eq!(status(dir.path()), Status::Verified);
    assert_eq!(with(&chains[2]), Status::Tampered);
    assert_eq!(with(&chains[1]), Status::Verified);
}

/// A run whose files all fit their hashes, but whose decision is not what its checks add up to.
#[test]
fn a_decision_that_contradicts_its_checks_is_found() {
    for (outcome, decision, exit_code, expected) in [
        (Outcome::Fail, Decision::NotReady, 1, Status::Verified),
        (Outcome::Fail, Decision::Ready, 0, Status::Tampered),
        (Outcome::NotRun, Decision::Ready, 0, Status::Tampered),
        (Outcome::Pass, Decision::NotReady, 1, Status::Tampered),
        (Outcome::Pass, Decision::ReadyWithBoundedScope, 0, Status::Tampered),
        (Outcome::Pass, Decision::Ready, 1, Status::Tampered),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut run = Run::new("20261121T101500Z-3fa9c1");
        run.report.checks[0].outcome = outcome;
        run.report.decision = decision;
        run.report.exit_code = exit_code;
        run.render();
        Runs::new(dir.path()).write(&run.record()).unwrap();
        let found = verify(dir.path(), None, None).unwrap();
        assert_eq!(found.status, expected, "{outcome:?} {decision:?}");
        if expected == Status::Tampered {
            assert_eq!(found.problems[0].kind, ProblemKind::WrongDecision);
            let history = History::load(dir.path());
            assert!(
                history
                    .verified_entry(&history.entries[0], &Approvers::default())
                    .is_err()
            );
        }
    }
}

/// `report.json` says something else than `decision.json`, with hashes that fit both.
#[test]
fn a_report_that_contradicts_the_decision_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let mut run = Run::new("20261121T101500Z-3fa9c1");
    let mut other = Run::new("20261121T101500Z-3fa9c1").report;
    other.checks[0].outcome = Outcome::Fail;
    run.json = serde_json::to_string_pretty(&other).unwrap().into();
    Runs::new(dir.path()).write(&run.record()).unwrap();
    let found = verify(dir.path(), None, None).unwrap();
    assert_eq!(found.problems[0].kind, ProblemKind::Contradiction);
}

#[test]
fn only_whole_entries_count() {
    let dir = tempfile::tempdir().unwrap();
    let ids = write_runs(dir.path(), 2);
    let history = History::load(dir.path());
    assert_eq!(
        history.verified_entry(&history.entries[1], &Approvers::default()),
        Ok(())
    );
    fs::write(dir.path().join("runs").join(&ids[1]).join("report.md"), "READY").unwrap();
    let reason = history
        .verified_entry(&history.entries[1], &Approvers::default())
        .unwrap_err();
    assert!(reason.contains("report.md"), "{reason}");
    assert_eq!(
        history.verified_entry(&history.entries[0], &Approvers::default()),
        Ok(())
    );
}

#[test]
#[cfg(unix)]
fn a_file_replaced_by_a_link_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let ids = write_runs(dir.path(), 1);
    let report = dir.path().join("runs").join(&ids[0]).join("report.md");
    fs::rename(&report, dir.path().join("elsewhere.md")).unwrap();
    std::os::unix::fs::symlink("../../elsewhere.md", &report).unwrap();
    assert_eq!(status(dir.path()), Status::Tampered);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Foreign bytes in any file: an answer, never a panic, never "verified".
    #[test]
    fn any_contents_are_fine(
        name in prop::sample::select(vec![
            "hashes.json", "manifest.json", "decision.json", "environment.json", "audit.jsonl", "report.json",
        ]),
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "[\\[\\]{}:,\"a-z0-9 ]{0,200}".prop_map(String::into_bytes),
            Just(vec![b'['; 5000]),
        ],
    ) {
        let dir = tempfile::tempdir().unwrap();
        let ids = write_runs(dir.path(), 1);
        fs::write(dir.path().join("runs").join(&ids[0]).join(name), bytes).unwrap();
        prop_assert_ne!(status(dir.path()), Status::Verified);
    }
}
