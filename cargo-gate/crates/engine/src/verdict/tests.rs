use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use gate_base::exit;
use gate_contract::testing::World;
use gate_contract::{Applies, Judgement, Rule, input, reads};

reads!(input::Outcomes, input::WaiverUses);
use gate_policy::{CheckPolicy, Waiver};
use gate_report::Location;
use gate_report::group::Group;

fn rules(stage: Stage, strict: bool) -> Rules<'static> {
    Rules {
        stage,
        strict,
        today: date(2026, 6, 1),
        packages: &[],
        since: None,
        partition: None,
    }
}

fn judged(id: &str, result: EvidenceResult) -> Judged {
    Judged {
        id: id.into(),
        summary: String::new(),
        dimension: Dimension::Integrity,
        group: Group::Integrity,
        result,
        evidence: None,
    }
}

fn waiver(check: &str, expires: Date) -> Waiver {
    Waiver {
        check: check.into(),
        path: Some("src/**".into()),
        package: None,
        contains: None,
        owner: "ada".into(),
        reason: "the vendor fixes it in the next release".into(),
        expires,
        signature: None,
        authority: gate_policy::Authority::NotAsked,
        can_cover: true,
        location: Location::line("gate.toml", 3),
    }
}

/// Objects to whatever failed.
const AFTER: Check = Check {
    id: "z.after",
    summary: "Nothing failed",
    docs: "",
    dimension: Dimension::Governance,
    blocks_at: Stage::Pilot,
    since: "0.1.0",
    phase: Phase::Outcomes,
    rule: &Rule::<Declaration> {
        applies: |_| Applies::Yes,
        run: |context| {
            let failed = context.outcomes().iter().filter(|check| check.outcome == Outcome::Fail);
            let finding = |check: &CheckReport| Finding::blocking(Stage::Pilot, format!("`{}` fails", check.id));
            Judgement::Findings(failed.map(finding).collect())
        },
    },
    ..Check::USUAL
};

/// As the built-in checks do at the end: one objects to waivers that nothing needed, one sums up.
static OUTCOMES: Check = AFTER;
static WAIVERS: Check = Check {
    id: "waiver.valid",
    phase: Phase::Waivers,
    rule: &Rule::<Declaration> {
        applies: |_| Applies::Yes,
        run: |context| {
            let unneeded = |waiver: &&WaiverUse| waiver.judged && !waiver.used;
            let finding = |_: &WaiverUse| Finding::blocking(Stage::Pilot, "the waiver permits nothing");
            Judgement::Findings(context.waiver_use().iter().filter(unneeded).map(finding).collect())
        },
    },
    ..AFTER
};
static CHECKLIST: Check = Check {
    id: "checklist.stage",
    phase: Phase::Checklist,
    ..AFTER
};

/// Decides with the checks of the later phases, in an order that is not theirs.
fn decide_all(checks: Vec<Judged>, policy: &Policy) -> Verdict {
    let world = World::new();
    let afterwards = Afterwards {
        checks: &[&CHECKLIST, &WAIVERS, &OUTCOMES],
        inputs: world.inputs(),
    };
    decide(checks, Some(afterwards), policy, rules(Stage::Pilot, false), vec![])
}

fn finding(stage: Stage) -> Finding {
    Finding::blocking(stage, "raw authority")
        .at(Location::line("src/lib.rs", 1))
        .help("remove it")
}

#[test]
fn a_finding_blocks_from_its_stage_on_and_warns_before() {
    for (stage, outcome, code) in [
        (Stage::Pilot, Outcome::Warn, exit::READY),
        (Stage::Controlled, Outcome::Fail, exit::NOT_READY),
        (Stage::Broad, Outcome::Fail, exit::NOT_READY),
    ] {
        let checks = vec![judged(
            "a.b",
            EvidenceResult::Findings(vec![finding(Stage::Controlled)]),
        )];
        let verdict = decide(checks, None, &Policy::default(), rules(stage, false), vec![]);
        assert_eq!(
            (verdict.checks[0].outcome, verdict.exit_code),
            (outcome, code),
            "{stage}"
        );
    }
}

#[test]
fn a_rule_that_panics_has_judged_nothing() {
    static PANICS: Check = Check {
        rule: &Rule::<Declaration> {
            applies: |_| Applies::Yes,
            run: |_| panic!("no such thing"),
        },
        ..AFTER
    };
    let world = World::new();
    let check = &PANICS;
    let result = carry_out(check, &world.inputs());
    let EvidenceResult::Error(reason) = &result else {
        panic!("{result:?}");
    };
    assert_eq!(reason.code, "panic");
    let verdict = decide(
        vec![judged(check.id, result)],
        None,
        &Policy::default(),
        rules(Stage::Pilot, false),
        vec![],
    );
    assert_eq!(
        (verdict.checks[0].outcome, verdict.exit_code),
        (Outcome::Error, exit::TOOL_FAILED)
    );
}

#[test]
fn suites_that_somebody_left_out_are_no_failure_of_the_tool() {
    let not_run = |code| {
        let checks = vec![judged("a.b", EvidenceResult::NotRun(Reason::new(code, "why")))];
        decide(checks, None, &Policy::default(), rules(Stage::Pilot, false), vec![]).exit_code
    };
    assert_eq!(not_run(gate_report::SUITES_LEFT_OUT), exit::NOT_READY);
    assert_eq!(not_run("tool_missing"), exit::TOOLCHAIN_MISSING);
    assert_eq!(not_run("timed_out"), exit::TOOL_FAILED);
}

#[test]
fn strict_blocks_on_advice_and_says_how_to_fix_it() {
    let found = |finding: Finding| {
        let checks = vec![judged("a.b", EvidenceResult::Findings(vec![finding]))];
        decide(checks, None, &Policy::default(), rules(Stage::Pilot, true), vec![])
    };
    // What is due later is announced, and blocks when it is due.
    let verdict = found(finding(Stage::Controlled));
    assert_eq!(
        (verdict.decision, verdict.checks[0].outcome),
        (Decision::Ready, Outcome::Warn)
    );
    let verdict = found(Finding::advice("x").help("remove it"));
    assert_eq!(
        (verdict.decision, verdict.checks[0].outcome),
        (Decision::NotReady, Outcome::Fail)
    );
    assert_eq!(
        verdict.unblock,
        [UnblockStep {
            check: "a.b".into(),
            action: "remove it".into()
        }]
    );
}

#[test]
fn a_waiver_covers_until_its_last_day() {
    for (expires, outcome) in [(date(2026, 6, 1), Outcome::Pass), (date(2026, 5, 31), Outcome::Fail)] {
        let policy = Policy {
            waivers: vec![waiver("a.b", expires)],
            ..Policy::default()
        };
        let checks = vec![judged("a.b", EvidenceResult::Findings(vec![finding(Stage::Pilot)]))];
        let verdict = decide(checks, None, &policy, rules(Stage::Pilot, false), vec![]);
        assert_eq!(verdict.checks[0].outcome, outcome);
        assert_eq!(
            verdict.checks[0].findings.len(),
            1,
            "a waived finding stays in the report"
        );
    }
}

#[test]
fn a_waiver_counts_only_where_it_is_signed_as_it_must_be() {
    use gate_policy::Authority;
    for (authority, outcome) in [
        (Authority::NotAsked, Outcome::Pass),
        (Authority::Signed("alice".into()), Outcome::Pass),
        (Authority::Unsigned, Outcome::Fail),
        (Authority::Refused("does not match the text".into()), Outcome::Fail),
    ] {
        let policy = Policy {
            waivers: vec![Waiver {
                authority,
                ..waiver("a.b", date(2026, 12, 1))
            }],
            ..Policy::default()
        };
        let checks = vec![judged("a.b", EvidenceResult::Findings(vec![finding(Stage::Pilot)]))];
        let verdict = decide_all(checks, &policy);
        assert_eq!(verdict.checks[0].outcome, outcome);
        // `waiver.authority` says why; that it permits nothing would be wrong.
        assert_eq!(verdict.checks[2].id, "waiver.valid");
        assert_eq!(verdict.checks[2].outcome, Outcome::Pass);
    }
}

#[test]
fn a_checklist_sees_what_became_of_the_waivers_and_cannot_be_waived() {
    let unneeded = waiver("a.b", date(2026, 12, 1));
    let mut own = waiver("checklist.stage", date(2026, 12, 1));
    own.can_cover = false;
    own.path = None;
    let policy = Policy {
        waivers: vec![unneeded, own],
        ..Policy::default()
    };
    let verdict = decide_all(vec![judged("a.b", EvidenceResult::Findings(vec![]))], &policy);
    let outcomes: Vec<(&str, Outcome)> = verdict
        .checks
        .iter()
        .map(|check| (check.id.as_str(), check.outcome))
        .collect();
    assert_eq!(
        outcomes,
        [
            ("a.b", Outcome::Pass),
            ("z.after", Outcome::Pass),
            ("waiver.valid", Outcome::Fail),
            ("checklist.stage", Outcome::Fail),
        ]
    );
    assert_eq!(verdict.checks[2].findings.len(), 2);
    assert_eq!(verdict.checks[3].findings[0].message, "`waiver.valid` fails");
    assert_eq!(verdict.decision, Decision::NotReady);
}

#[test]
fn an_item_is_met_when_the_check_judged_it_and_found_nothing() {
    use gate_policy::ChecklistItem;
    let item = |id: &str, stage, line| ChecklistItem {
        stage,
        id: id.into(),
        description: String::new(),
        checks: Vec::new(),
        artifacts: Vec::new(),
        location: Location::line("gate.toml", line),
    };
    let policy = Policy {
        checklist: vec![
            item("open", Stage::Pilot, 7),
            item("met", Stage::Pilot, 9),
            item("later", Stage::Broad, 11),
        ],
        ..Policy::default()
    };
    let open = Finding::blocking(Stage::Pilot, "not met").at(Location::line("gate.toml", 7));
    let entries = |result| {
        let checks = vec![judged("checklist.stage", result)];
        let verdict = decide(checks, None, &policy, rules(Stage::Pilot, false), vec![]);
        checklist::entries("checklist.stage", &policy, Stage::Pilot, &verdict.checks)
    };
    let list = entries(EvidenceResult::Findings(vec![open])).expect("it was judged");
    assert_eq!((list.met, list.total), (1, 2));
    assert_eq!((list.items[0].met, list.items[1].met), (false, true));
    assert!(entries(EvidenceResult::Error(Reason::new("panic", "x"))).is_none());
}

#[test]
fn a_waiver_for_a_check_that_was_not_carried_out_is_not_unneeded() {
    let policy = Policy {
        waivers: vec![waiver("a.b", date(2026, 12, 1))],
        ..Policy::default()
    };
    let outcome = |result| decide_all(vec![judged("a.b", result)], &policy).checks[2].outcome;
    assert_eq!(outcome(EvidenceResult::Findings(vec![])), Outcome::Fail);
    assert_eq!(outcome(EvidenceResult::Error(Reason::new("panic", "x"))), Outcome::Pass);
}

#[test]
fn nothing_evaluated_is_not_ready() {
    assert_eq!(
        decide(vec![], None, &Policy::default(), rules(Stage::Pilot, false), vec![]).decision,
        Decision::NotReady
    );
}

#[test]
fn selecting_packages_bounds_the_claim() {
    let packages = ["core".to_owned()];
    let rules = Rules {
        packages: &packages,
        ..rules(Stage::Pilot, false)
    };
    let checks = vec![judged(
        "a.b",
        EvidenceResult::Findings(vec![finding(Stage::Pilot).package("gpu")]),
    )];
    let verdict = decide(checks, None, &Policy::default(), rules, vec![]);
    assert_eq!(verdict.decision, Decision::ReadyWithBoundedScope);
    assert_eq!(verdict.bounds.len(), 1);
}

fn any_result() -> impl Strategy<Value = EvidenceResult> {
    let stage = prop_oneof![
        Just(None),
        Just(Some(Stage::Pilot)),
        Just(Some(Stage::Controlled)),
        Just(Some(Stage::Broad))
    ];
    let findings = prop::collection::vec(stage, 0..4).prop_map(|stages| {
        let make = |blocks_at| Finding {
            blocks_at,
            ..Finding::advice("x")
        };
        EvidenceResult::Findings(stages.into_iter().map(make).collect())
    });
    let reason = || Reason::new("tool_missing", "x");
    prop_oneof![
        4 => findings,
        1 => Just(EvidenceResult::NotRun(reason())),
        1 => Just(EvidenceResult::Inconclusive(reason())),
        1 => Just(EvidenceResult::Error(reason())),
    ]
}

proptest! {
    /// READY means that no check blocks, whatever the combination; nothing softens a blocker.
    #[test]
    fn ready_means_no_blocker(results in prop::collection::vec(any_result(), 0..8), stage in 0..3usize, strict: bool) {
        let stage = Stage::ALL[stage];
        let checks: Vec<Judged> =
            results.iter().enumerate().map(|(at, result)| judged(&format!("a.c{at}"), result.clone())).collect();
        let verdict = decide(checks, None, &Policy::default(), rules(stage, strict), vec![]);
        let blocked = results.is_empty() || results.iter().any(|result| match result {
            EvidenceResult::Findings(findings) => findings
                .iter()
                .any(|finding| finding.blocks_at.map_or(strict, |blocks_at| blocks_at <= stage)),
            _ => true,
        });
        prop_assert_eq!(verdict.decision.is_ready(), !blocked);
        prop_assert_eq!(verdict.exit_code == exit::READY, !blocked);
        prop_assert_eq!(verdict.unblock.is_empty(), !blocked || results.is_empty());
    }

    /// Stages are cumulative: what blocks a stage blocks every later one.
    #[test]
    fn stages_are_cumulative(results in prop::collection::vec(any_result(), 1..8), strict: bool) {
        let ready = |stage| {
            let checks = results.iter().map(|result| judged("a.b", result.clone())).collect();
            decide(checks, None, &Policy::default(), rules(stage, strict), vec![]).decision.is_ready()
        };
        prop_assert!(ready(Stage::Pilot) || !ready(Stage::Controlled));
        prop_assert!(ready(Stage::Controlled) || !ready(Stage::Broad));
    }
}

#[test]
fn a_policy_lets_a_check_block_earlier_and_never_later() {
    use Stage::{Broad, Controlled, Pilot};
    let outcome = |by_itself, declared, stage| {
        let location = Location::line("gate.toml", 7);
        let over = CheckPolicy {
            blocks_at: declared,
            location,
        };
        let policy = Policy {
            checks: [("a.b".to_owned(), over)].into(),
            ..Policy::default()
        };
        let checks = vec![judged("a.b", EvidenceResult::Findings(vec![finding(by_itself)]))];
        let verdict = decide(checks, None, &policy, rules(stage, false), vec![]);
        verdict.checks.first().map(|check| check.outcome)
    };
    assert_eq!(outcome(Broad, Pilot, Pilot), Some(Outcome::Fail));
    assert_eq!(outcome(Broad, Controlled, Pilot), Some(Outcome::Warn));
    assert_eq!(outcome(Pilot, Broad, Pilot), Some(Outcome::Fail));
}

#[test]
fn a_check_of_outcomes_is_judged_after_the_others_and_can_be_waived() {
    let outcomes = |policy: &Policy| {
        let checks = vec![judged("a.b", EvidenceResult::Findings(vec![finding(Stage::Pilot)]))];
        decide_all(checks, policy)
            .checks
            .iter()
            .map(|check| (check.id.clone(), check.outcome))
            .take(2)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        outcomes(&Policy::default()),
        [("a.b".into(), Outcome::Fail), ("z.after".into(), Outcome::Fail)]
    );
    let mut waiver = waiver("z.after", date(2026, 6, 1));
    waiver.path = None;
    let policy = Policy {
        waivers: vec![waiver],
        ..Policy::default()
    };
    assert_eq!(
        outcomes(&policy),
        [("a.b".into(), Outcome::Fail), ("z.after".into(), Outcome::Pass)]
    );
}
