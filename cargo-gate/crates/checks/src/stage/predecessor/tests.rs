use super::*;
use gate_contract::testing::{World, findings_text};
use gate_report::Decision;

fn entry(stage: Stage, started: &str, content: &str) -> HistoryEntry {
    HistoryEntry {
        run_id: format!("run-{started}"),
        started: format!("{started}T00:00:00Z"),
        stage,
        decision: Decision::Ready,
        content: content.into(),
        commit: Some("c".repeat(40)),
        dirty: false,
        terms: Some(terms()),
        chain: String::new(),
    }
}

fn terms() -> Terms {
    Terms {
        policy: Some("p".into()),
        workspace: "demo".into(),
        packages: Vec::new(),
    }
}

fn said(entries: &[HistoryEntry], ancestry: &Ancestry, damage: Option<&str>) -> String {
    said_within(0, entries, ancestry, damage)
}

/// With a window, and two commits since any other.
fn said_within(window: u32, entries: &[HistoryEntry], ancestry: &Ancestry, damage: Option<&str>) -> String {
    let question = Question {
        stage: Stage::Controlled,
        wanted: Stage::Pilot,
        content: "now",
        terms: &terms(),
        now: "2026-06-15T12:00:00Z".parse().expect("a time"),
        ahead: None,
        max_age: DEFAULT_MAX_AGE,
        min_age: Duration::from_secs(12 * 3_600),
        window,
        verified: &|entry| match entry.chain.as_str() {
            "" => Ok(()),
            broken => Err(broken.to_owned()),
        },
        signed: &|entry| match entry.run_id.strip_suffix("-unsigned") {
            None => Ok(()),
            Some(_) => Err("its decision is not signed".to_owned()),
        },
        ancestry: &|_| ancestry.clone(),
        since: &|_, _| Ok(vec!["2222 Second".into(), "1111 First".into()]),
    };
    findings_text(&question.answer(entries, damage).into_iter().collect::<Vec<_>>())
}

#[test]
fn the_same_content_counts_and_an_ancestor_only_within_a_declared_window() {
    let now = [entry(Stage::Pilot, "2026-06-14", "now")];
    assert_eq!(said(&now, &Ancestry::No, None), "");
    assert_eq!(
        said(&[entry(Stage::Broad, "2026-06-14", "now")], &Ancestry::No, None),
        ""
    );
    let old = [entry(Stage::Pilot, "2026-06-14", "old")];
    insta::assert_snapshot!(said(&old, &Ancestry::Yes, None), @"
    no READY pilot run judged this content [controlled]
      help: `cargo gate pilot`
    ");
    insta::assert_snapshot!(said_within(1, &old, &Ancestry::Yes, None), @"
    more than the allowed 1 commits followed the last READY pilot run [controlled]
      help: `cargo gate pilot`
    ");
    insta::assert_snapshot!(said_within(2, &old, &Ancestry::Yes, None), @"after its run run-2026-06-14: 2222 Second; 1111 First [advice]");
    let both = [now, old].concat();
    assert_eq!(said_within(2, &both, &Ancestry::Yes, None), "");
    let shallow = Ancestry::Unknown("the clone is shallow".into());
    insta::assert_snapshot!(said_within(2, &both[1..], &shallow, None), @"
    cannot list the commits since the last READY pilot run: the clone is shallow [controlled]
      help: `git fetch --unshallow`
    ");
}

#[test]
fn another_policy_workspace_or_scope_does_not_count() {
    let with = |change: fn(&mut Terms)| {
        let mut terms = terms();
        change(&mut terms);
        let other = HistoryEntry {
            terms: Some(terms),
            ..entry(Stage::Pilot, "2026-06-14", "now")
        };
        said_within(2, &[other], &Ancestry::Yes, None)
    };
    insta::assert_snapshot!(with(|terms| terms.policy = None), @"
    the READY pilot run run-2026-06-14 does not count: it judged by another policy [controlled]
      help: `cargo gate pilot`
    ");
    insta::assert_snapshot!(with(|terms| terms.workspace = "demo in other".into()), @"
    the READY pilot run run-2026-06-14 does not count: it judged the workspace demo in other [controlled]
      help: `cargo gate pilot`
    ");
    insta::assert_snapshot!(with(|terms| terms.packages = vec!["one".into()]), @"
    the READY pilot run run-2026-06-14 does not count: it judged only one [controlled]
      help: `cargo gate pilot`
    ");
    let unknown = HistoryEntry {
        terms: None,
        ..entry(Stage::Pilot, "2026-06-14", "now")
    };
    insta::assert_snapshot!(said(&[unknown], &Ancestry::Yes, None), @"
    the READY pilot run run-2026-06-14 does not count: it was recorded by an earlier version of cargo gate [controlled]
      help: `cargo gate pilot`
    ");
}

#[test]
fn says_what_is_missing() {
    let mut refused = entry(Stage::Pilot, "2026-06-14", "now");
    refused.decision = Decision::NotReady;
    insta::assert_snapshot!(said(&[refused], &Ancestry::Yes, None), @"
    controlled requires a READY pilot run, and no pilot run was READY [controlled]
      help: `cargo gate pilot`
    ");
    let mut dirty = entry(Stage::Pilot, "2026-06-14", "old");
    dirty.dirty = true;
    insta::assert_snapshot!(said_within(2, &[dirty], &Ancestry::Yes, None), @"
    no READY pilot run judged this content [controlled]
      help: `cargo gate pilot`
    ");
    insta::assert_snapshot!(said(&[entry(Stage::Pilot, "2026-05-01", "now")], &Ancestry::Yes, None), @"
    the last READY pilot run for this content is 45 days old, more than the allowed 30 [controlled]
      help: `cargo gate pilot`
    ");
    let mut broken = entry(Stage::Pilot, "2026-06-14", "now");
    broken.chain = "`decision.json` was changed".into();
    insta::assert_snapshot!(said(&[broken.clone()], &Ancestry::Yes, None), @"
    the READY pilot run run-2026-06-14 does not verify: `decision.json` was changed [controlled]
      help: `cargo gate pilot`
    ");
    let mut unsigned = entry(Stage::Pilot, "2026-06-14", "now");
    unsigned.run_id += "-unsigned";
    insta::assert_snapshot!(said(&[unsigned], &Ancestry::Yes, None), @"
    the READY pilot run run-2026-06-14-unsigned does not count: its decision is not signed [controlled]
      help: have an authority sign it: `cargo gate evidence sign run-2026-06-14-unsigned --key <file>`
    ");
    // An older run that verifies is enough.
    let good = entry(Stage::Pilot, "2026-06-13", "now");
    assert_eq!(said(&[good, broken], &Ancestry::Yes, None), "");
}

#[test]
fn a_damaged_history_blocks() {
    insta::assert_snapshot!(said(&[], &Ancestry::Yes, Some("line 3 of the history is not complete")), @"
    the run history is damaged: line 3 of the history is not complete [controlled]
      help: `cargo gate verify`
    ");
}

/// The last line may be younger than the clock again: an earlier one still shows that the clock was set back.
#[test]
fn a_clock_behind_any_run_blocks() {
    let mut world = World::new();
    world.stage = Stage::Controlled;
    world.history.entries = vec![
        entry(Stage::Pilot, "2026-07-01", "now"),
        entry(Stage::Pilot, "2026-06-14", "now"),
    ];
    insta::assert_snapshot!(world.text(&CHECK), @"
    the system clock is behind the latest run, which started 2026-07-01T00:00:00Z [controlled]
      help: set the clock of this machine
    ");
}

#[test]
fn pilot_has_no_predecessor() {
    let mut world = World::new();
    assert_eq!(world.text(&CHECK), "not applicable: pilot is the first stage");
    world.stage = Stage::Broad;
    insta::assert_snapshot!(world.text(&CHECK), @"
    broad requires a READY controlled run, and no controlled run was READY [broad]
      help: `cargo gate controlled`
    ");
}
