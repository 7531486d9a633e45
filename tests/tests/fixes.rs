//! Every fix over every fixture: it makes its finding go away, and changes nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use gate_base::process::cancel::Cancel;
use gate_base::stage::Stage;
use gate_contract::Fixes;
use gate_engine::evaluate::{Request, Surroundings};
use gate_engine::fix::{self, Applied};
use gate_engine::plan::SuiteMode;
use gate_evidence::event::Tee;
use gate_evidence::history::History;
use gate_evidence::store::Store;
use gate_report::{Applicability, Finding, Report};
use gate_surveys::Surveys;
use gate_tests::fixture::Fixture;
use gate_world::environment::Environment;
use gate_world::{Options, Workspace};

/// The day on which fixtures are judged: their dates are written for it.
const NOW: &str = "2026-06-15T12:00:00Z";

/// The report about a fixture as it is now.
fn judged(fixture: &Fixture) -> Report {
    let workspace = Workspace::open(Options {
        cwd: fixture.root(),
        manifest_path: None,
        target_dir: Some(fixture.scratch()),
        offline: true,
        environment: Environment::from_pairs(fixture.environment()),
    })
    .map(Surveys::from)
    .unwrap_or_else(|error| panic!("{error}"));
    let policy = gate_policy::load(&fixture.root(), None, &gate_checks::catalogue())
        .unwrap_or_else(|error| panic!("{}", error.rendered.unwrap_or(error.message)));
    let history = History::load(&workspace.gate_dir());
    let store = Store::new(&workspace.gate_dir());
    let stage: Stage = fixture.stage().parse().expect("a stage");
    let request = Request {
        stage,
        strict: false,
        keep_going: true,
        jobs: 1,
        packages: Vec::new(),
        since: None,
        fresh: false,
        suites: SuiteMode::None,
        now: NOW.parse().expect("a time"),
        began: Instant::now(),
        run_id: String::new(),
    };
    let surroundings = Surroundings {
        workspace: &workspace,
        policy: &policy,
        history: &history,
        store: &store,
        checks: gate_checks::ALL,
    };
    let evaluation = surroundings
        .evaluate(&request, &Tee(&[]), &Cancel::default())
        .unwrap_or_else(|error| panic!("{error}"));
    (*evaluation.report).clone()
}

/// What is said of a workspace: every finding, and every check without a judgement.
fn said(report: &Report) -> Vec<String> {
    let mut all = Vec::new();
    for check in &report.checks {
        let findings = check.findings.iter().map(|finding| about(&check.id, finding));
        all.extend(findings);
        all.extend(
            check
                .reason
                .iter()
                .map(|reason| format!("{}: {}", check.id, reason.message)),
        );
    }
    all.sort();
    all
}

fn about(check: &str, finding: &Finding) -> String {
    format!("{check}: {}", finding.message)
}

/// Applies all fixes of a report to the files of a fixture.
fn apply(report: &Report, fixture: &Fixture) -> Applied {
    let root = fixture.root();
    let applied = fix::applied(report, &[], &|path| std::fs::read(root.join(path)).ok());
    for (path, changed) in &applied.files {
        std::fs::write(root.join(path), &changed.after).expect("a fixture can be written to");
    }
    fixture.commit_all();
    applied
}

/// The files of a workspace.
fn files(fixture: &Fixture) -> BTreeMap<String, Vec<u8>> {
    let root = fixture.root();
    let mut found = BTreeMap::new();
    let mut open = vec![root.clone()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory)
            .expect("a directory can be read")
            .flatten()
        {
            let path = entry.path();
            if path.ends_with(".git") {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path
                    .strip_prefix(&root)
                    .expect("below the root")
                    .to_string_lossy()
                    .replace('\\', "/");
                found.insert(name, std::fs::read(&path).expect("a file can be read"));
            }
        }
    }
    found
}

/// A report with this finding alone.
fn only(report: &Report, check: usize, finding: usize) -> Report {
    let mut only = report.clone();
    only.checks = vec![only.checks.swap_remove(check)];
    let finding = only.checks[0].findings.swap_remove(finding);
    only.checks[0].findings = vec![finding];
    only
}

#[test]
fn every_fix_makes_its_own_finding_go_away_and_nothing_else() {
    let mut fixed = BTreeSet::new();
    let mut offered = BTreeSet::new();
    for (check, twin) in Fixture::all() {
        let first = judged(&Fixture::open(&check, &twin));
        let before = said(&first);
        let mut any = false;
        for (at, one) in first.checks.iter().enumerate() {
            for (position, finding) in one.findings.iter().enumerate() {
                assert!(finding.remedy.is_none(), "a report has fixes alone");
                let Some(fix) = &finding.fix else { continue };
                if fix.applicability == Applicability::MaybeIncorrect {
                    offered.insert(one.id.clone());
                    continue;
                }
                any = true;
                fixed.insert(one.id.clone());
                let what = format!("{check}/{twin}: {}: {}", about(&one.id, finding), fix.title);
                let fixture = Fixture::open(&check, &twin);
                let old = files(&fixture);
                let applied = apply(&only(&first, at, position), &fixture);
                assert!(
                    applied.fixes.iter().all(|fix| fix.left.is_none()),
                    "{what}: {:?}",
                    applied.fixes
                );
                let new = files(&fixture);
                let touched: BTreeSet<&String> = new
                    .keys()
                    .chain(old.keys())
                    .filter(|path| new.get(*path) != old.get(*path))
                    .collect();
                assert_eq!(touched, fix.edits.iter().map(|edit| &edit.path).collect(), "{what}");
                let mut expected = before.clone();
                let own = expected.iter().position(|one_of| *one_of == about(&one.id, finding));
                expected.remove(own.expect("the finding is one of them"));
                assert_eq!(said(&judged(&fixture)), expected, "{what}");
            }
        }
        if any {
            let fixture = Fixture::open(&check, &twin);
            for round in 0.. {
                assert!(round < 4, "{check}/{twin}: there is always something to fix");
                if apply(&judged(&fixture), &fixture).files.is_empty() {
                    break;
                }
            }
            let left = judged(&fixture);
            let applied = fix::applied(&left, &[], &|path| std::fs::read(fixture.root().join(path)).ok());
            assert!(applied.files.is_empty(), "{check}/{twin}: a second time changes more");
        }
    }
    let declared = |which: fn(&Fixes) -> bool| -> BTreeSet<String> {
        let checks = gate_checks::ALL.iter().filter(|check| which(&check.fixes));
        checks.map(|check| check.id.to_owned()).collect()
    };
    let applied = declared(|fixes| matches!(fixes, Fixes::Applied(_)));
    assert_eq!(
        fixed, applied,
        "checks whose fix a fixture shows, and those that declare one"
    );
    let only_offered: BTreeSet<String> = offered.difference(&applied).cloned().collect();
    assert_eq!(only_offered, declared(|fixes| matches!(fixes, Fixes::Offered(_))));
}
