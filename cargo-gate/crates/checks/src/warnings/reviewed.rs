//! `warnings.reviewed`: somebody looked at each warning.

use std::time::Duration;

use jiff::civil::Date;

use gate_base::stage::Stage;
use gate_policy::pattern::path_matches;
use gate_policy::{Reviewed, WarningPolicy};
use gate_report::{Change, CheckReport, Dimension, Finding, Remedy};

use gate_contract::{Applies, Check, Fixes, Judgement, OtherStage, Phase, Rule, input, reads};

reads!(input::Outcomes, WarningPolicy, input::EvaluatedStage, input::Today);

/// The check.
pub static CHECK: Check = Check {
    id: "warnings.reviewed",
    summary: "Every warning was reviewed",
    docs: include_str!("reviewed.md"),
    dimension: Dimension::Governance,
    blocks_at: Stage::Broad,
    other_stages: &[
        OtherStage {
            from: Stage::Pilot,
            what: "where `review-before` is `pilot`",
        },
        OtherStage {
            from: Stage::Controlled,
            what: "where `review-before` is `controlled`",
        },
    ],
    since: "0.1.0",
    version: 2,
    phase: Phase::Outcomes,
    fixes: Fixes::Applied("removes reviews that match no warning"),
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match context.section::<WarningPolicy>() {
        None => Applies::No("`[warnings]` is not declared".into()),
        Some(warnings) if context.stage() < warnings.review_before => Applies::No(format!(
            "warnings must only be reviewed before {}",
            warnings.review_before
        )),
        Some(_) => Applies::Yes,
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(policy) = context.section::<WarningPolicy>() else {
        return Judgement::Findings(Vec::new());
    };
    let (stage, today) = (context.stage(), context.today());
    let (in_force, lapsed): (Vec<&Reviewed>, Vec<&Reviewed>) = policy
        .reviewed
        .iter()
        .partition(|record| in_force(record, policy.max_age, today));
    let mut findings: Vec<Finding> = lapsed.iter().map(|record| lapse(record, policy, today)).collect();
    let mut used = vec![false; in_force.len()];
    for check in context.outcomes() {
        let warnings = check.findings.iter().filter(|finding| warns(finding, stage));
        let unreviewed: Vec<&Finding> = warnings
            .filter(|finding| {
                let matching = in_force.iter().position(|record| covers(record, check, finding));
                matching.inspect(|at| used[*at] = true).is_none()
            })
            .collect();
        findings.extend(missing(check, &unreviewed, policy, today));
    }
    let evaluated = |id: &str| context.outcomes().iter().any(|check| check.id == id);
    for (record, used) in in_force.iter().zip(used) {
        if !used && evaluated(&record.check) {
            let message = format!("the review of `{}` by {} matches no warning", record.check, record.by);
            findings.push(
                Finding::advice(message)
                    .help("remove the record")
                    .remedy(Remedy::new("remove the record", [Change::remove(&record.location)]))
                    .at(record.location.clone())
                    .because(Some(record.location.clone())),
            );
        }
    }
    Judgement::Findings(findings)
}

fn warns(finding: &Finding, stage: Stage) -> bool {
    finding.is_open() && finding.blocks_at.is_none_or(|blocks| blocks > stage)
}

fn in_force(record: &Reviewed, max_age: Duration, today: Date) -> bool {
    let days = record.on.until(today).map_or(-1, |span| i64::from(span.get_days()));
    u64::try_from(days).is_ok_and(|days| days <= max_age.as_secs() / 86_400)
}

fn lapse(record: &Reviewed, policy: &WarningPolicy, today: Date) -> Finding {
    let message = if record.on > today {
        format!(
            "the review of `{}` by {} is dated {}, which is in the future",
            record.check, record.by, record.on
        )
    } else {
        format!(
            "the review of `{}` by {} is dated {}, more than {} ago",
            record.check,
            record.by,
            record.on,
            gate_evidence::age::words(policy.max_age)
        )
    };
    Finding::blocking(policy.review_before, message)
        .help("review the warning again and update `on`, or remove the record")
        .at(record.location.clone())
        .because(Some(policy.location.clone()))
}

fn covers(record: &Reviewed, check: &CheckReport, finding: &Finding) -> bool {
    let path = record.path.as_ref().is_none_or(|pattern| {
        let location = finding.locations.first();
        location.is_some_and(|location| path_matches(pattern, &location.path))
    });
    let package = record.package.is_none() || record.package == finding.package;
    let contains = record
        .contains
        .as_ref()
        .is_none_or(|text| finding.message.contains(text.as_str()));
    record.check == check.id && path && package && contains
}

/// One finding per check, however much it warns of.
fn missing(check: &CheckReport, unreviewed: &[&Finding], policy: &WarningPolicy, today: Date) -> Option<Finding> {
    let first = unreviewed.first()?;
    let others = match unreviewed.len() - 1 {
        0 => String::new(),
        others => format!(" (and {others} more)"),
    };
    let message = format!("unreviewed warning of `{}`: {}{others}", check.id, first.message);
    let help = format!(
        "add `[[warnings.reviewed]]` with `check = \"{}\"`, `by = \"…\"`, `on = {today}` and `note = \"…\"`",
        check.id
    );
    let finding = Finding::blocking(policy.review_before, message)
        .help(help)
        .because(Some(policy.location.clone()));
    Some(match first.locations.first() {
        Some(location) => finding.at(location.clone()),
        None => finding,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::World;
    use gate_report::{Location, Outcome};

    fn world(warnings: &[&str], reviewed: Vec<Reviewed>) -> World {
        let mut world = World::new();
        world.stage = Stage::Broad;
        world.policy.warnings = Some(WarningPolicy {
            review_before: Stage::Broad,
            max_age: Duration::from_secs(90 * 86_400),
            reviewed,
            location: Location::line("gate.toml", 3),
        });
        world.outcomes = vec![CheckReport {
            id: "toolchain.msrv".into(),
            summary: String::new(),
            dimension: Dimension::Contract,
            group: None,
            outcome: Outcome::Warn,
            reason: None,
            findings: warnings
                .iter()
                .map(|text| Finding::advice(*text).at(Location::line("Cargo.toml", 4)))
                .collect(),
            evidence: None,
        }];
        world
    }

    fn reviewed(on: Date, contains: Option<&str>) -> Reviewed {
        Reviewed {
            check: "toolchain.msrv".into(),
            path: None,
            package: None,
            contains: contains.map(str::to_owned),
            by: "alice".into(),
            on,
            note: "fine".into(),
            location: Location::line("gate.toml", 9),
        }
    }

    const ON: Date = jiff::civil::date(2026, 3, 17);

    #[test]
    fn each_warning_needs_a_review_in_force() {
        assert_eq!(
            World::new().text(&CHECK),
            "not applicable: `[warnings]` is not declared"
        );
        let mut early = world(&["one"], Vec::new());
        early.stage = Stage::Controlled;
        assert_eq!(
            early.text(&CHECK),
            "not applicable: warnings must only be reviewed before broad"
        );
        assert_eq!(world(&["one", "two"], vec![reviewed(ON, None)]).text(&CHECK), "");
        assert_eq!(world(&[], Vec::new()).text(&CHECK), "");
        insta::assert_snapshot!(world(&["one", "two", "three"], vec![reviewed(ON, Some("one"))]).text(&CHECK), @r#"
        Cargo.toml:4: unreviewed warning of `toolchain.msrv`: two (and 1 more) [broad]
          help: add `[[warnings.reviewed]]` with `check = "toolchain.msrv"`, `by = "…"`, `on = 2026-06-15` and `note = "…"`
          because: gate.toml:3
        "#);
    }

    #[test]
    fn records_lapse_and_become_superfluous() {
        let old = reviewed(jiff::civil::date(2026, 3, 16), None);
        let future = reviewed(jiff::civil::date(2026, 6, 16), None);
        insta::assert_snapshot!(world(&[], vec![old, future, reviewed(ON, None)]).text(&CHECK), @"
        gate.toml:9: the review of `toolchain.msrv` by alice is dated 2026-03-16, more than 90 days ago [broad]
          help: review the warning again and update `on`, or remove the record
          because: gate.toml:3
        gate.toml:9: the review of `toolchain.msrv` by alice is dated 2026-06-16, which is in the future [broad]
          help: review the warning again and update `on`, or remove the record
          because: gate.toml:3
        gate.toml:9: the review of `toolchain.msrv` by alice matches no warning [advice]
          help: remove the record
          because: gate.toml:9
        ");
    }
}
