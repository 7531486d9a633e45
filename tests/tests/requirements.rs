//! What was asked for is met by what is named, or said to be missing: `tests/requirements.toml` against the tree.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use cargo_gate::cli::explain;
use xtask::requirements::{Requirements, State, number};

fn requirements() -> Requirements {
    Requirements::read(&xtask::project_root()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn rows_are_sorted_and_were_asked_for() {
    let requirements = requirements();
    let asked: BTreeSet<(u32, u32)> = requirements.asked().collect();
    let number = |id: &str| number(id).unwrap_or_else(|| panic!("{id} is no id"));
    let rows: Vec<(u32, u32)> = requirements.rows.iter().map(|row| number(&row.id)).collect();
    assert!(
        rows.is_sorted_by(|a, b| a < b),
        "rows are sorted, and each is there once"
    );
    let unasked: Vec<_> = rows.iter().filter(|row| !asked.contains(row)).collect();
    assert!(unasked.is_empty(), "not asked for: {unasked:?}");
}

/// Whether a source has a test function of this name: a function, with nothing but attributes and comments between it
/// and a `#[test]`.
fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let declares = |line: &str| {
        let line = line.strip_prefix("pub(crate) ").unwrap_or(line);
        let rest = line.strip_prefix("fn ").and_then(|line| line.strip_prefix(name));
        rest.is_some_and(|rest| rest.starts_with('('))
    };
    lines.iter().enumerate().any(|(at, line)| {
        declares(line)
            && lines[..at]
                .iter()
                .rev()
                .take_while(|line| line.starts_with("#[") || line.starts_with("//"))
                .any(|line| *line == "#[test]")
    })
}

#[test]
fn tests_are_told_from_other_functions() {
    let source = "#[test]\n/// Why.\n#[cfg(unix)]\nfn one() {}\nfn two() {}\n    #[test]\n    fn three(a in 0..1) {}\n";
    assert_eq!(
        ["one", "two", "three", "on"].map(|name| has_test(source, name)),
        [true, false, true, false]
    );
}

#[test]
fn evidence_exists() {
    let root = xtask::project_root();
    let topics = explain::topics();
    let checks: BTreeSet<&str> = topics.iter().map(|topic| topic.id).collect();
    let mut sources: BTreeMap<&str, String> = BTreeMap::new();
    let mut complaints = Vec::new();
    let requirements = requirements();
    for row in &requirements.rows {
        for check in row.checks.iter().filter(|check| !checks.contains(check.as_str())) {
            complaints.push(format!("{}: there is no check `{check}`", row.id));
        }
        for test in &row.tests {
            let Some((path, name)) = test.split_once("::") else {
                complaints.push(format!("{}: `{test}` is not `path::function`", row.id));
                continue;
            };
            let source = sources
                .entry(path)
                .or_insert_with(|| fs::read_to_string(root.join(path)).unwrap_or_default());
            if !has_test(source, name) {
                complaints.push(format!("{}: `{path}` has no test `{name}`", row.id));
            }
        }
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
    assert!(sources.len() > 50, "only {} sources", sources.len());
}

#[test]
fn nothing_is_met_by_words() {
    let mut complaints = Vec::new();
    for row in &requirements().rows {
        let shown = !row.checks.is_empty() || !row.tests.is_empty();
        let said = row.missing.as_ref().is_some_and(|missing| !missing.trim().is_empty());
        match row.state {
            State::Met if !shown => complaints.push(format!("{} is met, and nothing shows it", row.id)),
            State::Met if said => complaints.push(format!("{} is met, and something is missing", row.id)),
            State::Partly if !shown => complaints.push(format!("{} is partly met, and nothing shows it", row.id)),
            State::Partly | State::Excluded if !said => {
                complaints.push(format!("{} does not say what is missing", row.id));
            }
            _ => {}
        }
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// A check that says which rows it meets is evidence of them.
/// What makes authoring easy has a test that it helps, and one that what was refused still is.
#[test]
fn changes_of_ergonomics_have_cases_on_both_sides() {
    let root = xtask::project_root();
    let authoring = xtask::authoring::Authoring::read(&root).unwrap_or_else(|error| panic!("{error}"));
    let mut ids = BTreeSet::new();
    let mut complaints = Vec::new();
    for change in &authoring.change {
        if !ids.insert(&change.id) {
            complaints.push(format!("{} is there twice", change.id));
        }
        if change.summary.trim().is_empty() {
            complaints.push(format!("{} says nothing", change.id));
        }
        for (side, tests) in [("positive", &change.positive), ("negative", &change.negative)] {
            if tests.is_empty() {
                complaints.push(format!("{} has no {side} test", change.id));
            }
            for test in tests {
                let found = test.split_once("::").is_some_and(|(path, name)| {
                    has_test(&fs::read_to_string(root.join(path)).unwrap_or_default(), name)
                });
                if !found {
                    complaints.push(format!("{}: there is no test `{test}`", change.id));
                }
            }
        }
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
    assert!(ids.len() > 5, "only {ids:?}");
}

/// Each threat of the security model, by the beginning of its row, and a test that fails when nothing stands against it.
const THREATS: &[(&str, &str)] = &[
    (
        "a report or a log of a run is edited",
        "cargo-gate/crates/evidence/src/verify/tests.rs::every_flipped_byte_is_found",
    ),
    (
        "evidence of other content is passed off",
        "cargo-gate/crates/evidence/src/store/tests.rs::evidence_under_another_fingerprint_is_a_miss",
    ),
    (
        "a poisoned cache of `target/gate`",
        "tests/tests/false_ready/evidence.rs::the_store_of_another_machine_does_not_count",
    ),
    (
        "evidence in the repository",
        "tests/tests/false_ready/evidence.rs::tracked_evidence_is_refused",
    ),
    (
        "configuration that no commit holds makes tests pass",
        "tests/tests/false_ready/commit.rs::configuration_that_git_ignores_is_named",
    ),
    (
        "an old binary passes for a new one, because modification times were kept",
        "tests/tests/false_ready/kept_times.rs::a_source_with_its_old_time_is_built_again",
    ),
    (
        "binaries of another checkout pass for those of this one",
        "tests/tests/false_ready/evidence.rs::the_target_directory_of_another_checkout_is_built_again",
    ),
    (
        "a commit that is not what was judged",
        "tests/tests/false_ready/commit.rs::skip_worktree_hides_nothing",
    ),
    (
        "a poisoned store of kernels",
        "gate-build/tests/builds/store.rs::a_flipped_bit_of_ptx_is_noticed",
    ),
    (
        "locked PTX is replaced",
        "gate-build/tests/lock.rs::a_truncated_or_edited_or_missing_ptx_file_is_named",
    ),
    (
        "a loaded kernel is overwritten",
        "gate-runtime/tests/prod_cuda_contracts.rs::a_changed_module_is_caught_before_the_next_launch",
    ),
    (
        "a poisoned [remote store of kernels](guide/shared-kernels.md#what-can-go-wrong)",
        "cargo-gate/crates/gpu/src/remote/tests/mod.rs::servers_that_lie_fail_or_are_not_there",
    ),
    (
        "a decision that claims more than its evidence shows",
        "tests/tests/false_ready/contract.rs::a_new_crate_with_one_test_is_not_ready_for_broad",
    ),
    (
        "a name or a message that affects a terminal, a log or a page",
        "cargo-gate/crates/report/src/render/human/tests.rs::foreign_text_cannot_act",
    ),
    (
        "a notice that leaks secrets",
        "cargo-gate/crates/engine/src/notify.rs::a_notice_holds_no_message_and_no_path",
    ),
];

#[test]
fn every_threat_is_answered_by_a_test() {
    let root = xtask::project_root();
    let page = fs::read_to_string(root.join("docs/src/security-model.md")).expect("the security model");
    let (_, table) = page.split_once("| threat |").expect("a table of threats");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with("| "));
    let shown: Vec<&str> = rows.filter_map(|row| Some(row.split('|').nth(1)?.trim())).collect();
    let known: Vec<&str> = THREATS.iter().map(|(threat, _)| *threat).collect();
    assert_eq!(shown, known);
    for (threat, test) in THREATS {
        let (path, name) = test.split_once("::").expect("path::function");
        let source = fs::read_to_string(root.join(path)).unwrap_or_default();
        assert!(has_test(&source, name), "{threat}: `{path}` has no test `{name}`");
    }
}
