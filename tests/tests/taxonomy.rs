//! Every diagnostic belongs to one pain point of `gate/authoring.toml`, and every pain point to sources that exist.

use std::collections::BTreeMap;

use gate_suites::KINDS;
use xtask::authoring::{Authoring, Pain};

/// Codes of the language server that are no ids of checks.
const CODES: [&str; 3] = ["kernel", "perf-hint", "policy"];

fn pains() -> Vec<Pain> {
    let authoring = Authoring::read(&xtask::project_root()).unwrap_or_else(|error| panic!("{error}"));
    authoring.pain
}

/// The pain points by what they cover.
fn covered(pains: &[Pain]) -> BTreeMap<&str, Vec<&str>> {
    let mut covered: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for pain in pains {
        for area in &pain.covers {
            covered.entry(area).or_default().push(&pain.id);
        }
    }
    covered
}

/// What a diagnostic is filed under: the area of the id of a check, or a code of the language server.
fn area(code: &str) -> &str {
    if CODES.contains(&code) {
        return code;
    }
    code.split('.').next().unwrap_or(code)
}

#[test]
fn every_diagnostic_has_one_pain_point() {
    let pains = pains();
    let mut covered = covered(&pains);
    let known = gate_checks::ALL
        .iter()
        .map(|check| check.id)
        .chain(KINDS.iter().map(|kind| kind.id))
        .chain(CODES);
    let mut used = Vec::new();
    for code in known {
        let found = covered.get(area(code));
        assert!(
            found.is_some_and(|found| found.len() == 1),
            "`{code}` belongs to {found:?}"
        );
        used.push(area(code));
    }
    covered.retain(|area, _| !used.contains(area));
    assert!(covered.is_empty(), "no diagnostic is of {covered:?}");
    assert!(!self::covered(&pains).contains_key(area("unheard.of")));
}

#[test]
fn pain_points_are_whole_and_their_sources_exist() {
    let root = xtask::project_root();
    let pains = pains();
    let mut ids = Vec::new();
    for pain in &pains {
        for text in [&pain.id, &pain.summary, &pain.recommendation] {
            assert!(!text.trim().is_empty(), "{}", pain.id);
        }
        assert!(!pain.sources.is_empty(), "{} has no source", pain.id);
        for source in &pain.sources {
            assert!(root.join(source).is_file(), "{}: there is no `{source}`", pain.id);
        }
        ids.push(format!("{} {:?}", pain.id, pain.severity));
    }
    let mut sorted = ids.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted.len(), ids.len(), "ids are unique");
    // Frozen: what is filed under a name stays there.
    insta::assert_snapshot!(ids.join("\n"));
}
