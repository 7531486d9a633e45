use proptest::prelude::*;

use super::*;
use gate_report::{Dimension, Finding, Reason, SUITES_LEFT_OUT};

fn report(id: &str, outcome: Outcome, blocks_at: Option<Stage>, code: &str) -> CheckReport {
    CheckReport {
        id: id.into(),
        summary: String::new(),
        dimension: Dimension::Integrity,
        group: None,
        outcome,
        reason: (!code.is_empty()).then(|| Reason::new(code, "why")),
        findings: blocks_at
            .map(|stage| Finding::blocking(stage, "x"))
            .into_iter()
            .collect(),
        evidence: None,
    }
}

fn outcomes() -> Vec<CheckReport> {
    vec![
        report("lockfile.tracked", Outcome::Pass, None, ""),
        report("toolchain.pinned", Outcome::Warn, Some(Stage::Controlled), ""),
        report(gate_suites::DEFAULT_ID, Outcome::NotRun, None, SUITES_LEFT_OUT),
        report("git.clean", Outcome::Error, None, "panic"),
    ]
}

fn with<T>(act: impl FnOnce(Evidence<'_>) -> T) -> T {
    let outcomes = outcomes();
    act(Evidence {
        outcomes: &outcomes,
        stage: Stage::Pilot,
        checks: &crate::infos(),
        suites: &[],
    })
}

fn said(text: &str) -> String {
    let lines = with(|evidence| judge(text, evidence))
        .into_iter()
        .map(|one| format!("{}: {:?} {:?}\n", one.task.title, one.verdict, one.drift));
    lines.collect()
}

#[test]
fn boxes_agree_with_outcomes_or_drift() {
    let text = "- [x] a <!-- gate: lockfile.tracked -->\n- [ ] b <!-- gate: lockfile.tracked, toolchain.pinned@pilot -->\n\
                - [x] c <!-- gate: toolchain.pinned -->\n- [ ] d <!-- gate: toolchain.pinned -->\n\
                - [x] e <!-- gate: suite.test.workspace -->\n- [x] f <!-- gate: suite.test.workspace, git.clean -->\n\
                - [x] g <!-- gate: boundary.raw -->\n- [x] h <!-- gate: profile.release@pilot -->\n\
                - [ ] i <!-- gate: lockfile.trakced -->\n- [x] j <!-- gate: lockfile.tracked@later -->\n\
                - [x] k <!-- gate: status.drift -->\n- [x] l\n- [ ] m\n";
    insta::assert_snapshot!(said(text), @r#"
    a: Shown []
    b: Shown [Late("`lockfile.tracked` passes at controlled and `toolchain.pinned` passes at pilot")]
    c: Refuted("`toolchain.pinned` fails at controlled") [Early("`toolchain.pinned` fails at controlled")]
    d: Refuted("`toolchain.pinned` fails at controlled") []
    e: Unknown("`suite.test.workspace` has no fresh evidence") []
    f: Refuted("`git.clean` ended in an error") [Early("`git.clean` ended in an error")]
    g: Refuted("`boundary.raw` does not apply here") [Early("`boundary.raw` does not apply here")]
    h: Refuted("`profile.release` does not apply here") [Early("`profile.release` does not apply here")]
    i: Shown [Unknown(0, "unknown check `lockfile.trakced`", "write `lockfile.tracked`")]
    j: Shown [Unknown(0, "unknown stage `later`", "write `@pilot`, `@controlled` or `@broad`")]
    k: Shown [Unknown(0, "`status.drift` is judged after the checkboxes, so no checkbox can depend on it", "list the checks behind it")]
    l: Unnamed [NoEvidence]
    m: Unnamed []
    "#);
}

#[test]
fn a_whole_is_done_when_its_parts_are() {
    let text = "- [x] whole\n  - [x] one <!-- gate: lockfile.tracked -->\n  - [ ] two\n- [x] other\n  - [x] three <!-- gate: lockfile.tracked -->\n";
    insta::assert_snapshot!(said(text), @"
    whole: Unnamed [OpenPart(2)]
    one: Shown []
    two: Unnamed []
    other: Unnamed []
    three: Shown []
    ");
    let (after, changed) = corrected(text, &with(|evidence| judge(text, evidence)));
    assert_eq!(after, text.replace("[x] whole", "[ ] whole"));
    assert_eq!(changed, [0]);
}

#[test]
fn boxes_are_set_from_evidence_and_left_alone_without() {
    let text = "- [ ] a <!-- gate: lockfile.tracked -->\r\n- [x] b <!-- gate: toolchain.pinned -->\r\n\
                - [x] c <!-- gate: suite.test.workspace -->\r\n- [x] d <!-- gate: no.such -->\r\n- [x] e\r\n\
                - [x] f <!-- gate: lockfile.tracked -->\r\n  - [x] part <!-- gate: toolchain.pinned -->\r\n";
    let (after, changed) = corrected(text, &with(|evidence| judge(text, evidence)));
    let expected = text
        .replace("[ ] a", "[x] a")
        .replace("[x] b", "[ ] b")
        .replace("[x] f", "[ ] f")
        .replace("[x] part", "[ ] part");
    assert_eq!(after, expected);
    assert_eq!(changed, [0, 1, 5, 6]);
}

proptest! {
    /// What was corrected needs no second correction, and nothing but boxes changes.
    #[test]
    fn correcting_twice_is_correcting_once(
        lines in prop::collection::vec(("(  ){0,3}", "[ x]", prop::sample::select(vec![
            "", "<!-- gate: lockfile.tracked -->", "<!-- gate: toolchain.pinned -->", "<!-- gate: git.clean, x.y -->",
            "<!-- gate: suite.test.workspace -->",
        ])), 0..8),
    ) {
        let text: String = lines.iter().map(|(indent, mark, gate)| format!("{indent}- [{mark}] t {gate}\n")).collect();
        let once = with(|evidence| corrected(&text, &judge(&text, evidence)).0);
        let (twice, _) = with(|evidence| corrected(&once, &judge(&once, evidence)));
        let unboxed = |text: &str| text.replace("[x]", "[ ]");
        prop_assert_eq!(unboxed(&once), unboxed(&text));
        // A whole that names checks which pass is ticked again only together with its parts.
        let open = with(|evidence| judge(&once, evidence))
            .into_iter()
            .any(|one| one.drift.iter().any(|drift| matches!(drift, Drift::OpenPart(_) | Drift::Early(_))));
        prop_assert!(!open);
        prop_assert_eq!(twice, once);
    }
}
