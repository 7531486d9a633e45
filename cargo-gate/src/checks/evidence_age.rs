//! `evidence.age`: evidence is as recent as the policy asks for.

use std::time::Duration;

use jiff::Timestamp;

use crate::base::stage::Stage;
use crate::policy::EvidenceAge;
use crate::report::{CheckReport, Dimension, Finding};

use super::{Applies, Check, Context, Input, Judgement};

/// The check.
pub static CHECK: Check = Check {
    id: "evidence.age",
    summary: "Evidence is as recent as the policy asks for",
    docs: DOCS,
    dimension: Dimension::Governance,
    blocks_at: Stage::Pilot,
    since: "0.1.0",
    version: 1,
    inputs: &[Input::Outcomes, Input::History, Input::PolicyRecord, Input::Stage],
    applies,
    run,
};

const DOCS: &str = "\
## What it does

`[[evidence.age]]` in `gate.toml` limits how old evidence of a check or suite may be. Older evidence is not reused: \
the plan makes it anew, so a limit costs a run and nothing else. This check looks at what the evaluation rests on in \
the end. It blocks when evidence is older than its limit or dated in the future all the same, and when a limit with a \
`stage` covers nothing that was part of the evaluation at that stage. Without `[[evidence.age]]` it does not apply.

## Why it matters

A fingerprint says that nothing changed that the suite declares to read. What it does not declare, a service, a driver, \
the weather in a network, changes all the same: evidence of last year is about last year's world.

## How to fix

`cargo gate <stage> --fresh` makes all evidence anew. Where the limit covers nothing, give the suite a `stage` that is \
not later, or take `stage` from the limit.

## Requirements

S1.23, S2.4
";

fn applies(context: &Context<'_>) -> Applies {
    if context.policy().evidence_ages.is_empty() {
        Applies::No("no limit on the age of evidence is declared".into())
    } else {
        Applies::Yes
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let stage = context.stage();
    let limits = context.policy().evidence_ages.iter();
    let findings = limits
        .filter(|limit| limit.stage.is_none_or(|from| from <= stage))
        .flat_map(|limit| one(limit, context.outcomes(), context.now(), stage));
    Judgement::Findings(findings.collect())
}

fn one(limit: &EvidenceAge, outcomes: &[CheckReport], now: Timestamp, stage: Stage) -> Vec<Finding> {
    let blocking = |message: String, help: &str| {
        Finding::blocking(limit.stage.unwrap_or(Stage::Pilot), message)
            .help(help)
            .at(limit.location.clone())
            .because(Some(limit.location.clone()))
    };
    let covered: Vec<&CheckReport> = outcomes.iter().filter(|check| limit.covers(&check.id, stage)).collect();
    if covered.is_empty() && limit.stage.is_some() {
        let message = format!("no evidence of `{}` is part of a {stage} evaluation", limit.check);
        let help = "give the suite a `stage` that is not later, or take `stage` from the limit";
        return vec![blocking(message, help)];
    }
    covered
        .into_iter()
        .filter_map(|check| {
            let recorded = &check.evidence.as_ref()?.recorded;
            let message = match age(recorded, now) {
                Some(age) if age <= limit.max_age => return None,
                Some(age) => format!(
                    "the evidence of `{}` is {} old, and {} are allowed",
                    check.id,
                    words(age),
                    words(limit.max_age)
                ),
                None => format!("the evidence of `{}` is of {recorded}, which is yet to come", check.id),
            };
            Some(blocking(message, &format!("`cargo gate {stage} --fresh`")))
        })
        .collect()
}

/// How old something recorded at this time is; `None` when it is not a time, or yet to come. Evidence of this run is
/// recorded while it runs, a little after its start.
pub(crate) fn age(recorded: &str, now: Timestamp) -> Option<Duration> {
    const RUNNING: Duration = Duration::from_secs(24 * 60 * 60);
    let recorded: Timestamp = recorded.parse().ok()?;
    match now.duration_since(recorded).try_into() {
        Ok(age) => Some(age),
        Err(_) => {
            let ahead: Duration = recorded.duration_since(now).try_into().ok()?;
            (ahead <= RUNNING).then_some(Duration::ZERO)
        }
    }
}

/// A duration in its largest whole unit.
pub(crate) fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (number, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    crate::report::render::text::count(number, unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::World;
    use crate::report::{EvidenceRecord, Location, Outcome};

    fn outcome(id: &str, recorded: &str) -> CheckReport {
        CheckReport {
            id: id.into(),
            summary: String::new(),
            dimension: Dimension::Correctness,
            outcome: Outcome::Pass,
            reason: None,
            findings: Vec::new(),
            evidence: Some(EvidenceRecord {
                fingerprint: String::new(),
                reused: true,
                recorded: recorded.into(),
                duration_ms: 0,
                commit: None,
                suite: None,
                artifacts: Vec::new(),
            }),
        }
    }

    fn limit(check: &str, stage: Option<Stage>) -> EvidenceAge {
        EvidenceAge {
            check: check.into(),
            max_age: Duration::from_secs(7 * 86_400),
            stage,
            location: Location::line("gate.toml", 5),
        }
    }

    #[test]
    fn old_evidence_and_evidence_to_come_block() {
        let mut world = World::new();
        assert_eq!(
            world.text(&CHECK),
            "not applicable: no limit on the age of evidence is declared"
        );
        world.policy.evidence_ages = vec![limit("suite.*", None)];
        world.outcomes = vec![
            outcome("suite.test.a", "2026-06-08T12:00:00Z"),
            outcome("suite.test.b", "2026-06-15T12:30:00Z"),
            outcome("git.clean", "2020-01-01T00:00:00Z"),
        ];
        assert_eq!(world.text(&CHECK), "");
        world.outcomes[0] = outcome("suite.test.a", "2026-06-08T11:59:59Z");
        world.outcomes[1] = outcome("suite.test.b", "2026-06-17T12:00:00Z");
        insta::assert_snapshot!(world.text(&CHECK), @"
        gate.toml:5: the evidence of `suite.test.a` is 7 days old, and 7 days are allowed [pilot]
          help: `cargo gate pilot --fresh`
          because: gate.toml:5
        gate.toml:5: the evidence of `suite.test.b` is of 2026-06-17T12:00:00Z, which is yet to come [pilot]
          help: `cargo gate pilot --fresh`
          because: gate.toml:5
        ");
    }

    #[test]
    fn a_limit_with_a_stage_asks_for_evidence() {
        let mut world = World::new();
        world.policy.evidence_ages = vec![limit("suite.test.soak", Some(Stage::Controlled))];
        assert_eq!(world.text(&CHECK), "");
        world.stage = Stage::Controlled;
        insta::assert_snapshot!(world.text(&CHECK), @"
        gate.toml:5: no evidence of `suite.test.soak` is part of a controlled evaluation [controlled]
          help: give the suite a `stage` that is not later, or take `stage` from the limit
          because: gate.toml:5
        ");
    }
}
