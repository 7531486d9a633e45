//! `evidence.age`: evidence is as recent as the policy asks for.

use jiff::Timestamp;

use gate_base::stage::Stage;
use gate_evidence::age::{age, words};
use gate_policy::EvidenceAge;
use gate_report::{CheckReport, Dimension, Finding};

use gate_contract::{Applies, Check, Judgement, OtherStage, Phase, Rule, input, reads};

reads!(input::Outcomes, input::History, EvidenceAge, input::EvaluatedStage);

/// The check.
pub static CHECK: Check = Check {
    id: "evidence.age",
    summary: "Evidence is as recent as the policy requires",
    docs: include_str!("age.md"),
    dimension: Dimension::Governance,
    blocks_at: Stage::Pilot,
    other_stages: &[
        OtherStage {
            from: Stage::Controlled,
            what: "evidence whose limit has `stage = \"controlled\"`",
        },
        OtherStage {
            from: Stage::Broad,
            what: "evidence whose limit has `stage = \"broad\"`",
        },
    ],
    since: "0.1.0",
    phase: Phase::Outcomes,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    if context.section::<EvidenceAge>().is_empty() {
        Applies::No("no limit on the age of evidence is declared".into())
    } else {
        Applies::Yes
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let stage = context.stage();
    let limits = context.section::<EvidenceAge>().iter();
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
        let message = format!("{stage} evaluates no evidence of `{}`", limit.check);
        let help = "move the `stage` of the suite to that stage or earlier, or remove `stage` from the limit";
        return vec![blocking(message, help)];
    }
    covered
        .into_iter()
        .filter_map(|check| {
            let recorded = &check.evidence.as_ref()?.recorded;
            let message = match age(recorded, now) {
                Some(age) if age <= limit.max_age => return None,
                Some(age) => format!(
                    "the evidence of `{}` is {} old, more than the allowed {}",
                    check.id,
                    words(age),
                    words(limit.max_age)
                ),
                None => format!(
                    "the evidence of `{}` is dated {recorded}, which is in the future",
                    check.id
                ),
            };
            Some(blocking(message, &format!("`cargo gate {stage} --fresh`")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use gate_contract::testing::World;
    use gate_report::{EvidenceRecord, Location, Outcome};

    fn outcome(id: &str, recorded: &str) -> CheckReport {
        CheckReport {
            id: id.into(),
            summary: String::new(),
            dimension: Dimension::Correctness,
            group: None,
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
        world.policy.evidence.age = vec![limit("suite.*", None)];
        world.outcomes = vec![
            outcome("suite.test.a", "2026-06-08T12:00:00Z"),
            outcome("suite.test.b", "2026-06-15T12:30:00Z"),
            outcome("git.clean", "2020-01-01T00:00:00Z"),
        ];
        assert_eq!(world.text(&CHECK), "");
        world.outcomes[0] = outcome("suite.test.a", "2026-06-08T11:59:59Z");
        world.outcomes[1] = outcome("suite.test.b", "2026-06-17T12:00:00Z");
        insta::assert_snapshot!(world.text(&CHECK), @"
        gate.toml:5: the evidence of `suite.test.a` is 7 days old, more than the allowed 7 days [pilot]
          help: `cargo gate pilot --fresh`
          because: gate.toml:5
        gate.toml:5: the evidence of `suite.test.b` is dated 2026-06-17T12:00:00Z, which is in the future [pilot]
          help: `cargo gate pilot --fresh`
          because: gate.toml:5
        ");
    }

    #[test]
    fn a_limit_with_a_stage_asks_for_evidence() {
        let mut world = World::new();
        world.policy.evidence.age = vec![limit("suite.test.soak", Some(Stage::Controlled))];
        assert_eq!(world.text(&CHECK), "");
        world.stage = Stage::Controlled;
        insta::assert_snapshot!(world.text(&CHECK), @"
        gate.toml:5: controlled evaluates no evidence of `suite.test.soak` [controlled]
          help: move the `stage` of the suite to that stage or earlier, or remove `stage` from the limit
          because: gate.toml:5
        ");
    }
}
