//! `history.consistent`: the last runs on this branch were ready, and there were enough of them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use gate_base::stage::Stage;
use gate_evidence::history::HistoryEntry;
use gate_evidence::terms::Difference;
use gate_policy::{DecisionPolicy, HistoryPolicy};
use gate_report::{Dimension, Finding, Location, Reason};
use gate_world::git::Ancestry;

use gate_contract::{Applies, Check, Fixes, Judgement, OtherStage, Rule, input, reads};
use gate_evidence::age::words;

reads!(
    input::History,
    input::GitHead,
    input::AllFiles,
    input::EvaluatedStage,
    HistoryPolicy,
    DecisionPolicy,
);

/// The check.
pub static CHECK: Check = Check {
    id: "history.consistent",
    summary: "The last runs of the previous stage on this branch ended READY",
    docs: include_str!("consistent.md"),
    dimension: Dimension::Reliability,
    blocks_at: Stage::Broad,
    other_stages: &[OtherStage {
        from: Stage::Controlled,
        what: "runs of `pilot` that failed or do not verify, where `[history]` is declared",
    }],
    since: "0.1.0",
    version: 3,
    fixes: Fixes::Circumstances,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match context.stage().predecessor() {
        Some(_) => Applies::Yes,
        None => Applies::No(format!("{} is the first stage", context.stage())),
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(wanted) = context.stage().predecessor() else {
        return Judgement::Findings(Vec::new());
    };
    let declared = context.section::<HistoryPolicy>().as_ref();
    let policy = declared.map_or_else(|| Cow::Owned(HistoryPolicy::usual()), Cow::Borrowed);
    let history = context.history();
    let decisions = context.section::<DecisionPolicy>().as_ref();
    let approvers = decisions.map(DecisionPolicy::approvers).unwrap_or_default();
    if let Some(damage) = &history.damage {
        let reason = Reason::new("history_damaged", format!("the run history is damaged: {damage}"));
        return Judgement::NotRun(reason.help("`cargo gate verify`"));
    }
    let content = context.content();
    let terms = context.terms();
    let belongs = |entry: &HistoryEntry| {
        let commit = entry.commit.as_deref().filter(|_| !entry.dirty);
        let own = match entry.difference(&terms) {
            None => true,
            // A policy may change on the way, but not stand outside of the commits.
            Some(Difference::Policy) => {
                let judged_by = entry.terms.as_ref().and_then(|terms| terms.policy.as_ref());
                judged_by.is_some() && commit.and_then(|commit| context.policy_in(commit)).as_ref() == judged_by
            }
            Some(_) => false,
        };
        let is_ancestor = |commit| {
            context
                .git()
                .is_some_and(|git| git.is_ancestor(commit) == Ancestry::Yes)
        };
        own && (entry.content == content || commit.is_some_and(is_ancestor))
    };
    let question = Question {
        policy: &policy,
        because: declared.map(|policy| policy.location.clone()),
        // Who declares nothing learns at controlled what broad will ask.
        stage: declared.map_or(Stage::Broad, |_| context.stage()),
        wanted,
        now: context.now(),
        belongs: &belongs,
        verified: &|entry| history.verified_entry(entry, &approvers),
    };
    question.answer(&history.entries)
}

struct Question<'a> {
    policy: &'a HistoryPolicy,
    because: Option<Location>,
    /// Where a run among them blocks that was not READY or does not verify.
    stage: Stage,
    wanted: Stage,
    now: Timestamp,
    belongs: &'a dyn Fn(&HistoryEntry) -> bool,
    verified: &'a dyn Fn(&HistoryEntry) -> Result<(), String>,
}

impl Question<'_> {
    fn answer(&self, entries: &[HistoryEntry]) -> Judgement {
        let Self { policy, wanted, .. } = self;
        let needed = usize::try_from(policy.runs).unwrap_or(usize::MAX);
        let least_days = usize::try_from(policy.days).unwrap_or(usize::MAX);
        let (mut commits, mut days) = (BTreeSet::new(), BTreeSet::new());
        for entry in entries.iter().rev() {
            if commits.len() >= needed && days.len() >= least_days {
                break;
            }
            if age(entry, self.now).is_none_or(|age| age > policy.within) {
                continue;
            }
            let of_stage = entry.stage == *wanted || entry.stage > *wanted && entry.decision.is_ready();
            if !of_stage || !(self.belongs)(entry) {
                continue;
            }
            let day = entry.started.get(..10).unwrap_or(&entry.started);
            if !entry.decision.is_ready() {
                // What is red further back than the streak reaches says nothing; more days may reach further than more runs.
                if commits.len() >= needed {
                    break;
                }
                let message = format!(
                    "not all of the last {needed} {wanted} runs were READY: {} of {day} was not, {} since then were",
                    entry.run_id,
                    commits.len()
                );
                return self.finding(message, "`cargo gate govern register draft` shows what failed");
            }
            if let Err(reason) = (self.verified)(entry) {
                let message = format!("the {wanted} run {} of {day} does not verify: {reason}", entry.run_id);
                return self.finding(message, "`cargo gate verify`");
            }
            // Runs of the same content count once: an empty commit shows nothing new.
            commits.insert(entry.content.as_str());
            days.insert(day);
        }
        if commits.len() >= needed && days.len() >= least_days {
            return Judgement::Findings(Vec::new());
        }
        let message = format!(
            "{} of the required {needed} commits have a READY {wanted} run on this branch within {}, on {} of the \
             required {least_days} days",
            commits.len(),
            words(policy.within),
            days.len()
        );
        let help = format!(
            "`cargo gate {wanted}` for each commit, for example in CI; `[history]` declares other numbers with a reason"
        );
        let finding = Finding::blocking(Stage::Broad, message).help(help);
        Judgement::Findings(vec![finding.because(self.because.clone())])
    }

    fn finding(&self, message: String, help: &str) -> Judgement {
        let finding = Finding::blocking(self.stage, message).help(help);
        Judgement::Findings(vec![finding.because(self.because.clone())])
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

    fn entry(day: &str, stage: Stage, decision: Decision) -> HistoryEntry {
        HistoryEntry {
            run_id: format!("run-{day}"),
            started: format!("{day}T00:00:00Z"),
            stage,
            decision,
            content: day.to_owned(),
            commit: Some(day.to_owned()),
            dirty: false,
            terms: None,
            chain: String::new(),
        }
    }

    fn said(entries: &[HistoryEntry]) -> String {
        let policy = HistoryPolicy {
            within: Duration::from_secs(30 * 86_400),
            ..HistoryPolicy::usual()
        };
        let question = Question {
            policy: &policy,
            because: Some(Location::line("gate.toml", 4)),
            stage: Stage::Broad,
            wanted: Stage::Controlled,
            now: "2026-06-15T12:00:00Z".parse().expect("a time"),
            belongs: &|_| true,
            verified: &|entry| {
                if entry.chain.is_empty() {
                    Ok(())
                } else {
                    Err(entry.chain.clone())
                }
            },
        };
        match question.answer(entries) {
            Judgement::Findings(findings) => findings_text(&findings),
            Judgement::Inconclusive(reason) => format!("inconclusive ({}): {}", reason.code, reason.message),
            Judgement::NotRun(reason) => format!("not run: {}", reason.message),
        }
    }

    #[test]
    fn enough_ready_runs_pass_and_too_few_block() {
        use Decision::{NotReady, Ready};
        let ready = |day| entry(day, Stage::Controlled, Ready);
        assert_eq!(
            said(&[
                entry("2026-06-01", Stage::Controlled, NotReady),
                ready("2026-06-02"),
                entry("2026-06-03", Stage::Pilot, NotReady),
                ready("2026-06-04"),
                entry("2026-06-05", Stage::Broad, NotReady),
                entry("2026-06-06", Stage::Broad, Ready),
            ]),
            ""
        );
        insta::assert_snapshot!(said(&[ready("2026-05-01"), ready("2026-06-04")]), @"
        1 of the required 3 commits have a READY controlled run on this branch within 30 days, on 1 of the required 2 days [broad]
          help: `cargo gate controlled` for each commit, for example in CI; `[history]` declares other numbers with a reason
          because: gate.toml:4
        ");
        // Three runs of one commit are one, and three of one day are of one day.
        let again = entry("2026-06-04", Stage::Controlled, Ready);
        insta::assert_snapshot!(said(&[again.clone(), again.clone(), again]), @"
        1 of the required 3 commits have a READY controlled run on this branch within 30 days, on 1 of the required 2 days [broad]
          help: `cargo gate controlled` for each commit, for example in CI; `[history]` declares other numbers with a reason
          because: gate.toml:4
        ");
        let same_day = ["1", "2", "3"].map(|content| HistoryEntry {
            content: content.to_owned(),
            ..ready("2026-06-04")
        });
        // Neither do empty commits count.
        let empty = ["1", "2", "3"].map(|commit| HistoryEntry {
            commit: Some(commit.to_owned()),
            ..ready("2026-06-04")
        });
        assert!(said(&empty).starts_with("1 of the required 3"), "{}", said(&empty));
        insta::assert_snapshot!(said(&same_day), @"
        3 of the required 3 commits have a READY controlled run on this branch within 30 days, on 1 of the required 2 days [broad]
          help: `cargo gate controlled` for each commit, for example in CI; `[history]` declares other numbers with a reason
          because: gate.toml:4
        ");
        // A red run before enough green ones does not matter, however many days are asked for.
        let red = entry("2026-06-03", Stage::Controlled, NotReady);
        insta::assert_snapshot!(said(&[vec![red], same_day.to_vec()].concat()), @"
        3 of the required 3 commits have a READY controlled run on this branch within 30 days, on 1 of the required 2 days [broad]
          help: `cargo gate controlled` for each commit, for example in CI; `[history]` declares other numbers with a reason
          because: gate.toml:4
        ");
    }

    #[test]
    fn a_failure_or_a_broken_run_among_them_blocks() {
        let ready = |day| entry(day, Stage::Controlled, Decision::Ready);
        insta::assert_snapshot!(said(&[entry("2026-06-03", Stage::Controlled, Decision::NotReady), ready("2026-06-04")]), @"
        not all of the last 3 controlled runs were READY: run-2026-06-03 of 2026-06-03 was not, 1 since then were [broad]
          help: `cargo gate govern register draft` shows what failed
          because: gate.toml:4
        ");
        let mut broken = ready("2026-06-04");
        broken.chain = "`report.md` was changed".into();
        insta::assert_snapshot!(said(&[broken]), @"
        the controlled run run-2026-06-04 of 2026-06-04 does not verify: `report.md` was changed [broad]
          help: `cargo gate verify`
          because: gate.toml:4
        ");
    }

    #[test]
    fn it_holds_undeclared_too_and_not_at_pilot() {
        let mut world = World::new();
        assert_eq!(world.text(&CHECK), "not applicable: pilot is the first stage");
        world.stage = Stage::Controlled;
        insta::assert_snapshot!(world.text(&CHECK), @"
        0 of the required 3 commits have a READY pilot run on this branch within 90 days, on 0 of the required 2 days [broad]
          help: `cargo gate pilot` for each commit, for example in CI; `[history]` declares other numbers with a reason
        ");
        world.policy.history = Some(HistoryPolicy {
            runs: 1,
            days: 1,
            location: Location::line("gate.toml", 4),
            ..HistoryPolicy::usual()
        });
        insta::assert_snapshot!(world.text(&CHECK), @"
        0 of the required 1 commits have a READY pilot run on this branch within 90 days, on 0 of the required 1 days [broad]
          help: `cargo gate pilot` for each commit, for example in CI; `[history]` declares other numbers with a reason
          because: gate.toml:4
        ");
        world.history.damage = Some("line 2 is not complete".into());
        assert_eq!(
            world.text(&CHECK),
            "not run (history_damaged): the run history is damaged: line 2 is not complete\n  help: `cargo gate verify`"
        );
    }
}
