//! `stage.predecessor`: a stage is entered after the one before it.

use std::time::Duration;

use jiff::Timestamp;

use gate_base::stage::Stage;
use gate_evidence::history::HistoryEntry;
use gate_policy::{DecisionPolicy, StagePolicy};
use gate_report::{Dimension, Finding};
use gate_world::git::Ancestry;

use gate_contract::{Applies, Check, Judgement, OtherStage, Rule, input, reads};

reads!(
    input::History,
    input::GitHead,
    input::AllFiles,
    input::EvaluatedStage,
    StagePolicy,
    DecisionPolicy,
);

/// The check.
pub static CHECK: Check = Check {
    id: "stage.predecessor",
    summary: "The previous stage was passed recently for this content",
    docs: include_str!("predecessor.md"),
    dimension: Dimension::Governance,
    blocks_at: Stage::Controlled,
    other_stages: &[OtherStage {
        from: Stage::Broad,
        what: "the decision for `controlled`, where `broad` is evaluated",
    }],
    since: "0.1.0",
    version: 2,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

/// How old the run may be where the policy does not say.
const DEFAULT_MAX_AGE: Duration = Duration::from_secs(30 * DAY);
const DAY: u64 = 24 * 60 * 60;

fn applies(context: &Context<'_>) -> Applies {
    match context.stage().predecessor() {
        Some(_) => Applies::Yes,
        None => Applies::No(format!("{} is the first stage", context.stage())),
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let stage = context.stage();
    let Some(wanted) = stage.predecessor() else {
        return Judgement::Findings(Vec::new());
    };
    let history = context.history();
    let policy = context.section::<StagePolicy>().get(&stage);
    let content = context.content();
    let question = Question {
        stage,
        wanted,
        content: &content,
        now: context.now(),
        max_age: policy.and_then(|policy| policy.max_age).unwrap_or(DEFAULT_MAX_AGE),
        verified: &|entry| history.verified_entry(entry),
        signed: &|entry| match context.section::<DecisionPolicy>() {
            Some(decisions) if decisions.asks_for_signature(entry.stage) => {
                history.signed_entry(entry, &decisions.authorities)
            }
            _ => Ok(()),
        },
        ancestry: &|commit| match context.git() {
            Some(git) => git.is_ancestor(commit),
            None => Ancestry::No,
        },
    };
    let finding = question.answer(&history.entries, history.damage.as_deref());
    let because = policy.map(|policy| policy.location.clone());
    Judgement::Findings(finding.map(|finding| finding.because(because)).into_iter().collect())
}

struct Question<'a> {
    stage: Stage,
    wanted: Stage,
    content: &'a str,
    now: Timestamp,
    max_age: Duration,
    verified: &'a dyn Fn(&HistoryEntry) -> Result<(), String>,
    signed: &'a dyn Fn(&HistoryEntry) -> Result<(), String>,
    ancestry: &'a dyn Fn(&str) -> Ancestry,
}

/// Why a run that passed the stage does not count; what is nearest to counting is told.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Shortfall {
    OtherContent,
    UnknownAncestry(String),
    TooOld(u64),
    Unsigned(String, String),
    Unverified(String, String),
}

impl Question<'_> {
    /// The finding, if the stage may not be entered from here.
    fn answer(&self, entries: &[HistoryEntry], damage: Option<&str>) -> Option<Finding> {
        let finding = |message: String| Finding::blocking(self.stage, message);
        if let Some(damage) = damage {
            return Some(finding(format!("the run history is damaged: {damage}")).help("`cargo gate verify`"));
        }
        if let Some(last) = entries.last()
            && age(last, self.now).is_none()
        {
            let message = format!(
                "the system clock is behind the last run, which started {}",
                last.started
            );
            return Some(finding(message).help("set the clock of this machine"));
        }
        let mut nearest = None;
        for entry in entries.iter().rev() {
            if entry.stage < self.wanted || !entry.decision.is_ready() {
                continue;
            }
            match self.counts(entry) {
                Ok(()) => return None,
                Err(shortfall) => nearest = nearest.max(Some(shortfall)),
            }
        }
        let wanted = self.wanted;
        let (message, help) = match nearest {
            None => (
                format!(
                    "{} requires a READY run of {wanted}, which no run has reached",
                    self.stage
                ),
                format!("`cargo gate {wanted}`"),
            ),
            Some(Shortfall::OtherContent) => (
                format!("no READY {wanted} run covers this content or an ancestor of this commit"),
                format!("`cargo gate {wanted}`"),
            ),
            Some(Shortfall::UnknownAncestry(reason)) => (
                format!("cannot tell whether a READY {wanted} run covers an ancestor of this commit: {reason}"),
                "`git fetch --unshallow`".to_owned(),
            ),
            Some(Shortfall::TooOld(days)) => (
                format!(
                    "the last READY {wanted} run for this content is {days} days old, more than the allowed {}",
                    self.max_age.as_secs() / DAY
                ),
                format!("`cargo gate {wanted}`"),
            ),
            Some(Shortfall::Unsigned(run, reason)) => (
                format!("the READY {wanted} run {run} does not count: {reason}"),
                format!("have an authority sign it: `cargo gate evidence sign {run} --key <file>`"),
            ),
            Some(Shortfall::Unverified(run, reason)) => (
                format!("the READY {wanted} run {run} does not verify: {reason}"),
                format!("`cargo gate {wanted}`"),
            ),
        };
        Some(finding(message).help(help))
    }

    fn counts(&self, entry: &HistoryEntry) -> Result<(), Shortfall> {
        if entry.content != self.content {
            let commit = entry.commit.as_deref().filter(|_| !entry.dirty);
            match commit.map(|commit| (self.ancestry)(commit)) {
                Some(Ancestry::Yes) => {}
                Some(Ancestry::Unknown(reason)) => return Err(Shortfall::UnknownAncestry(reason)),
                Some(Ancestry::No) | None => return Err(Shortfall::OtherContent),
            }
        }
        match age(entry, self.now) {
            Some(age) if age <= self.max_age => {}
            Some(age) => return Err(Shortfall::TooOld(age.as_secs() / DAY)),
            // Only the last run can be ahead of the clock without the clock being wrong about all of them.
            None => {
                return Err(Shortfall::Unverified(
                    entry.run_id.clone(),
                    "it is dated in the future".into(),
                ));
            }
        }
        (self.verified)(entry).map_err(|reason| Shortfall::Unverified(entry.run_id.clone(), reason))?;
        (self.signed)(entry).map_err(|reason| Shortfall::Unsigned(entry.run_id.clone(), reason))
    }
}

/// How long ago a run started; `None` when that is in the future, or not a time.
fn age(entry: &HistoryEntry, now: Timestamp) -> Option<Duration> {
    let started: Timestamp = entry.started.parse().ok()?;
    now.duration_since(started).try_into().ok()
}

#[cfg(test)]
mod tests {
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
            chain: String::new(),
        }
    }

    fn said(entries: &[HistoryEntry], ancestry: &Ancestry, damage: Option<&str>) -> String {
        let question = Question {
            stage: Stage::Controlled,
            wanted: Stage::Pilot,
            content: "now",
            now: "2026-06-15T12:00:00Z".parse().expect("a time"),
            max_age: DEFAULT_MAX_AGE,
            verified: &|entry| match entry.chain.as_str() {
                "" => Ok(()),
                broken => Err(broken.to_owned()),
            },
            signed: &|entry| match entry.run_id.strip_suffix("-unsigned") {
                None => Ok(()),
                Some(_) => Err("its decision is not signed".to_owned()),
            },
            ancestry: &|_| ancestry.clone(),
        };
        findings_text(&question.answer(entries, damage).into_iter().collect::<Vec<_>>())
    }

    #[test]
    fn the_same_content_or_an_ancestor_counts() {
        assert_eq!(
            said(&[entry(Stage::Pilot, "2026-06-14", "now")], &Ancestry::No, None),
            ""
        );
        assert_eq!(
            said(&[entry(Stage::Pilot, "2026-06-14", "old")], &Ancestry::Yes, None),
            ""
        );
        assert_eq!(
            said(&[entry(Stage::Broad, "2026-06-14", "now")], &Ancestry::No, None),
            ""
        );
    }

    #[test]
    fn says_what_is_missing() {
        let mut refused = entry(Stage::Pilot, "2026-06-14", "now");
        refused.decision = Decision::NotReady;
        insta::assert_snapshot!(said(&[refused], &Ancestry::Yes, None), @"
        controlled requires a READY run of pilot, which no run has reached [controlled]
          help: `cargo gate pilot`
        ");
        let mut dirty = entry(Stage::Pilot, "2026-06-14", "old");
        dirty.dirty = true;
        insta::assert_snapshot!(said(&[dirty], &Ancestry::Yes, None), @"
        no READY pilot run covers this content or an ancestor of this commit [controlled]
          help: `cargo gate pilot`
        ");
        let shallow = Ancestry::Unknown("the clone is shallow".into());
        insta::assert_snapshot!(said(&[entry(Stage::Pilot, "2026-06-14", "old")], &shallow, None), @"
        cannot tell whether a READY pilot run covers an ancestor of this commit: the clone is shallow [controlled]
          help: `git fetch --unshallow`
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
    fn a_history_that_cannot_be_relied_on_blocks() {
        insta::assert_snapshot!(said(&[], &Ancestry::Yes, Some("line 3 of the history is not complete")), @"
        the run history is damaged: line 3 of the history is not complete [controlled]
          help: `cargo gate verify`
        ");
        insta::assert_snapshot!(said(&[entry(Stage::Pilot, "2026-07-01", "now")], &Ancestry::Yes, None), @"
        the system clock is behind the last run, which started 2026-07-01T00:00:00Z [controlled]
          help: set the clock of this machine
        ");
    }

    #[test]
    fn pilot_has_no_predecessor() {
        let mut world = World::new();
        assert_eq!(world.text(&CHECK), "not applicable: pilot is the first stage");
        world.stage = Stage::Broad;
        insta::assert_snapshot!(world.text(&CHECK), @"
        broad requires a READY run of controlled, which no run has reached [broad]
          help: `cargo gate controlled`
        ");
    }
}
