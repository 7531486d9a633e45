//! `stage.predecessor`: a stage is entered after the one before it.

use std::time::Duration;

use jiff::Timestamp;

use gate_base::stage::Stage;
use gate_evidence::history::HistoryEntry;
use gate_evidence::terms::{Difference, Terms};
use gate_policy::{DecisionPolicy, StagePolicy};
use gate_report::{Dimension, Finding};
use gate_world::git::Ancestry;

use gate_evidence::age::words;

use gate_contract::{Applies, Check, Fixes, Judgement, OtherStage, Rule, input, reads};

reads!(
    input::History,
    input::GitHead,
    input::GitStatus,
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
    version: 4,
    fixes: Fixes::Circumstances,
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
    let decisions = context.section::<DecisionPolicy>().as_ref();
    let approvers = decisions.map(DecisionPolicy::approvers).unwrap_or_default();
    let policy = context.section::<StagePolicy>().get(&stage);
    let content = context.content();
    let git = context.git();
    let question = Question {
        stage,
        wanted,
        content: &content,
        terms: &context.terms(),
        now: context.now(),
        ahead: context.ahead_of_clock(),
        max_age: policy.and_then(|policy| policy.max_age).unwrap_or(DEFAULT_MAX_AGE),
        min_age: policy
            .and_then(|policy| policy.min_age)
            .unwrap_or_else(|| StagePolicy::usual_min_age(stage)),
        // What is not committed is no change that could be listed.
        window: policy
            .filter(|_| git.is_some_and(|git| git.dirty.is_empty()))
            .map_or(0, |policy| policy.predecessor_commits),
        verified: &|entry| history.verified_entry(entry, &approvers),
        signed: &|entry| match decisions {
            Some(decisions) if decisions.asks_for_signature(entry.stage) => history.signed_entry(entry, &approvers),
            _ => Ok(()),
        },
        ancestry: &|commit| git.map_or(Ancestry::No, |git| git.is_ancestor(commit)),
        since: &|commit, most| git.map_or(Ok(Vec::new()), |git| git.commits_since(commit, most)),
    };
    let finding = question.answer(&history.entries, history.damage.as_deref());
    let because = policy.map(|policy| policy.location.clone());
    Judgement::Findings(finding.map(|finding| finding.because(because)).into_iter().collect())
}

/// The subjects of the commits after one of them, at most so many, newest first.
type Since<'a> = &'a dyn Fn(&str, u32) -> Result<Vec<String>, String>;

struct Question<'a> {
    stage: Stage,
    wanted: Stage,
    content: &'a str,
    terms: &'a Terms,
    now: Timestamp,
    /// When the latest run started, where that is in the future.
    ahead: Option<Timestamp>,
    max_age: Duration,
    /// How long the previous stage must have lasted.
    min_age: Duration,
    /// How many commits may follow.
    window: u32,
    verified: &'a dyn Fn(&HistoryEntry) -> Result<(), String>,
    signed: &'a dyn Fn(&HistoryEntry) -> Result<(), String>,
    ancestry: &'a dyn Fn(&str) -> Ancestry,
    since: Since<'a>,
}

/// Why a run that passed the stage does not count; what is nearest to counting is told.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Shortfall {
    Terms(Difference, String),
    OtherContent,
    UnknownAncestry(String),
    TooManyCommits,
    TooOld(u64),
    TooYoung(String, Duration),
    Unsigned(String, String),
    Unverified(String, String),
}

impl Question<'_> {
    /// The finding, if the stage may not be entered from here, or only with commits that the previous one did not judge.
    fn answer(&self, entries: &[HistoryEntry], damage: Option<&str>) -> Option<Finding> {
        let finding = |message: String| Finding::blocking(self.stage, message);
        if let Some(damage) = damage {
            return Some(finding(format!("the run history is damaged: {damage}")).help("`cargo gate verify`"));
        }
        if let Some(latest) = self.ahead {
            let message = format!("the system clock is behind the latest run, which started {latest}");
            return Some(finding(message).help("set the clock of this machine"));
        }
        let mut nearest = None;
        let mut changed: Option<Finding> = None;
        for entry in entries.iter().rev() {
            if entry.stage < self.wanted || !entry.decision.is_ready() {
                continue;
            }
            match self.counts(entry) {
                Ok(commits) if commits.is_empty() => return None,
                Ok(commits) => _ = changed.get_or_insert_with(|| self.changed(entry, &commits)),
                Err(shortfall) => nearest = nearest.max(Some(shortfall)),
            }
        }
        if changed.is_some() {
            return changed;
        }
        let (message, help) = self.missing(nearest);
        Some(finding(message).help(help))
    }

    /// What the previous stage did not judge, within what the policy admits.
    fn changed(&self, entry: &HistoryEntry, commits: &[String]) -> Finding {
        let noun = if commits.len() == 1 { "commit" } else { "commits" };
        let surface = format!("{} {noun} that {} did not judge", commits.len(), self.wanted);
        let message = format!("after its run {}: {}", entry.run_id, commits.join("; "));
        Finding::bounding(surface, message)
    }

    /// What to say and to do where no run counts.
    fn missing(&self, nearest: Option<Shortfall>) -> (String, String) {
        let wanted = self.wanted;
        let again = format!("`cargo gate {wanted}`");
        match nearest {
            None => (
                format!(
                    "{} requires a READY {wanted} run, and no {wanted} run was READY",
                    self.stage
                ),
                again,
            ),
            Some(Shortfall::Terms(difference, run)) => {
                let why = match difference {
                    Difference::Unknown => "it was recorded by an earlier version of cargo gate".to_owned(),
                    Difference::Workspace(other) => format!("it judged the workspace {other}"),
                    Difference::Packages(packages) => format!("it judged only {}", packages.join(", ")),
                    Difference::Policy => "it judged by another policy".to_owned(),
                };
                (format!("the READY {wanted} run {run} does not count: {why}"), again)
            }
            Some(Shortfall::OtherContent) => (format!("no READY {wanted} run judged this content"), again),
            Some(Shortfall::UnknownAncestry(reason)) => (
                format!("cannot list the commits since the last READY {wanted} run: {reason}"),
                "`git fetch --unshallow`".to_owned(),
            ),
            Some(Shortfall::TooManyCommits) => (
                format!(
                    "more than the allowed {} commits followed the last READY {wanted} run",
                    self.window
                ),
                again,
            ),
            Some(Shortfall::TooOld(days)) => (
                format!(
                    "the last READY {wanted} run for this content is {days} days old, more than the allowed {}",
                    self.max_age.as_secs() / DAY
                ),
                again,
            ),
            Some(Shortfall::TooYoung(run, age)) => (
                format!(
                    "the READY {wanted} run {run} is {} old, less than the required {}",
                    words(age),
                    words(self.min_age)
                ),
                format!(
                    "run `cargo gate {}` later, or declare `min-age` and its `reason` under `[stage.{}]`",
                    self.stage, self.stage
                ),
            ),
            Some(Shortfall::Unsigned(run, reason)) => (
                format!("the READY {wanted} run {run} does not count: {reason}"),
                format!("have an authority sign it: `cargo gate evidence sign {run} --key <file>`"),
            ),
            Some(Shortfall::Unverified(run, reason)) => {
                (format!("the READY {wanted} run {run} does not verify: {reason}"), again)
            }
        }
    }

    /// The commits that followed the content that a run judged, if it counts.
    fn counts(&self, entry: &HistoryEntry) -> Result<Vec<String>, Shortfall> {
        if let Some(difference) = entry.difference(self.terms) {
            return Err(Shortfall::Terms(difference, entry.run_id.clone()));
        }
        let commits = self.commits_since(entry)?;
        match age(entry, self.now) {
            // A later stage asked for this when it was entered.
            Some(age) if age < self.min_age && entry.stage == self.wanted => {
                return Err(Shortfall::TooYoung(entry.run_id.clone(), age));
            }
            Some(age) if age <= self.max_age => {}
            Some(age) => return Err(Shortfall::TooOld(age.as_secs() / DAY)),
            None => {
                return Err(Shortfall::Unverified(
                    entry.run_id.clone(),
                    "its start is not a time of the past".into(),
                ));
            }
        }
        (self.verified)(entry).map_err(|reason| Shortfall::Unverified(entry.run_id.clone(), reason))?;
        (self.signed)(entry).map_err(|reason| Shortfall::Unsigned(entry.run_id.clone(), reason))?;
        Ok(commits)
    }

    /// None where the run judged this content.
    fn commits_since(&self, entry: &HistoryEntry) -> Result<Vec<String>, Shortfall> {
        if entry.content == self.content {
            return Ok(Vec::new());
        }
        // A later stage may itself have been entered with commits that the wanted one did not judge: they would add up.
        let bounded = self.window > 0 && entry.stage == self.wanted;
        let commit = entry.commit.as_deref().filter(|_| bounded && !entry.dirty);
        let commit = commit.ok_or(Shortfall::OtherContent)?;
        match (self.ancestry)(commit) {
            Ancestry::Yes => {}
            Ancestry::No => return Err(Shortfall::OtherContent),
            Ancestry::Unknown(reason) => return Err(Shortfall::UnknownAncestry(reason)),
        }
        let commits = (self.since)(commit, self.window + 1).map_err(Shortfall::UnknownAncestry)?;
        match u32::try_from(commits.len()) {
            // Another content of the same commit cannot be explained by commits.
            Ok(0) => Err(Shortfall::OtherContent),
            Ok(some) if some <= self.window => Ok(commits),
            _ => Err(Shortfall::TooManyCommits),
        }
    }
}

/// How long ago a run started; `None` when that is in the future, or not a time.
fn age(entry: &HistoryEntry, now: Timestamp) -> Option<Duration> {
    let started: Timestamp = entry.started.parse().ok()?;
    now.duration_since(started).try_into().ok()
}

#[cfg(test)]
mod tests;
