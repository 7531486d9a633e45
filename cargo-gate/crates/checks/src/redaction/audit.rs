//! `redaction.audit`: nothing that this run publishes holds a secret.

use std::collections::HashSet;

use gate_base::stage::Stage;
use gate_evidence::run_dir::EnvironmentRecord;
use gate_policy::PathsPolicy;
use gate_report::{CheckReport, Dimension, Finding, Location};
use gate_suites::redaction::HOMES_IN_LOG;
use gate_text::secrets::{self, Hit, Severity};

use gate_contract::{Check, Fixes, Judgement, OtherStage, Phase, Rule, input, reads};

reads!(input::Outcomes, input::CargoEnvironment, PathsPolicy);

const HOMES: OtherStage = OtherStage {
    from: Stage::Controlled,
    what: "home directories in the log of a suite",
};

/// The check.
pub static CHECK: Check = Check {
    id: "redaction.audit",
    summary: "The run publishes no secrets",
    docs: include_str!("audit.md"),
    dimension: Dimension::Privacy,
    blocks_at: Stage::Pilot,
    other_stages: &[HOMES],
    since: "0.1.0",
    version: 2,
    phase: Phase::Outcomes,
    fixes: Fixes::Circumstances,
    rule: &Rule::<Declaration>::always(run),
    ..Check::USUAL
};

fn run(context: &Context<'_>) -> Judgement {
    let mut findings = Vec::new();
    for check in context.outcomes() {
        let texts = words(check);
        let found = texts.iter().flat_map(|text| secrets::scan(text.as_bytes()));
        for hit in found.filter(|hit| hit.kind.severity() == Severity::High && !hit.guessed) {
            findings.push(finding(&format!("the output of `{}`", check.id), &hit));
        }
    }
    for (name, value) in EnvironmentRecord::recorded(context.environment()) {
        for hit in secrets::scan(value.as_bytes()) {
            findings.push(finding(&format!("the value of the variable `{name}`"), &hit));
        }
    }
    if let Some(policy) = context.section::<PathsPolicy>() {
        findings.extend(homes(context.outcomes(), &policy.location));
    }
    Judgement::Findings(findings)
}

/// Everything that a check says in words, each text once.
fn words(check: &CheckReport) -> Vec<&str> {
    let mut texts: Vec<&str> = Vec::new();
    for finding in &check.findings {
        texts.push(finding.message.as_str());
        texts.extend(finding.help.as_deref());
        texts.extend(finding.locations.iter().map(|location| location.path.as_str()));
    }
    if let Some(reason) = &check.reason {
        texts.push(&reason.message);
        texts.extend(reason.help.as_deref());
    }
    let suite = check.evidence.as_ref().and_then(|evidence| evidence.suite.as_ref());
    texts.extend(suite.iter().flat_map(|suite| &suite.command).map(String::as_str));
    let mut seen = HashSet::new();
    texts.retain(|text| seen.insert(*text));
    texts
}

fn finding(whose: &str, hit: &Hit) -> Finding {
    Finding::blocking(
        CHECK.blocks_at,
        format!("{whose} would publish {}: `{}`", hit.what, hit.masked),
    )
    .help("remove it from there and revoke it; the run's own files show a mark instead")
}

/// Suites whose logs named home directories, where the policy forbids these.
fn homes<'o>(outcomes: &'o [CheckReport], policy: &'o Location) -> impl Iterator<Item = Finding> + 'o {
    outcomes.iter().flat_map(move |check| {
        let named = check
            .findings
            .iter()
            .filter(|finding| finding.message.starts_with(HOMES_IN_LOG));
        named.map(|_| {
            Finding::blocking(
                HOMES.from,
                format!("the log of `{}` contained home directories", check.id),
            )
            .help("print paths relative to the workspace; the log shows marks instead")
            .because(Some(policy.clone()))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::World;
    use gate_report::{Outcome, Reason};
    use gate_text::secrets::planted;
    use gate_world::environment::Environment;

    fn said(id: &str, findings: Vec<Finding>, reason: Option<Reason>) -> CheckReport {
        CheckReport {
            id: id.into(),
            summary: String::new(),
            dimension: Dimension::Integrity,
            group: None,
            outcome: Outcome::Fail,
            reason,
            findings,
            evidence: None,
        }
    }

    #[test]
    fn words_and_variables_are_searched() {
        let token = planted::value("github_token");
        let mut world = World::new();
        assert_eq!(world.text(&CHECK), "");
        world.outcomes = vec![
            said(
                "lockfile.sources",
                vec![Finding::advice(format!("https://{token}@github.com/a/b"))],
                None,
            ),
            said(
                "git.clean",
                Vec::new(),
                Some(Reason::new("x", "y").help(format!("use {token}"))),
            ),
        ];
        world.workspace.options.environment = Environment::from_pairs([("CI", token.as_str()), ("OTHER", &token)]);
        let text = world.text(&CHECK);
        assert!(!text.contains(&token), "{text}");
        insta::assert_snapshot!(text, @"
        the output of `lockfile.sources` would publish a GitHub personal access token: `ghp_****` [pilot]
          help: remove it from there and revoke it; the run's own files show a mark instead
        the output of `git.clean` would publish a GitHub personal access token: `ghp_****` [pilot]
          help: remove it from there and revoke it; the run's own files show a mark instead
        the value of the variable `CI` would publish a GitHub personal access token: `ghp_****` [pilot]
          help: remove it from there and revoke it; the run's own files show a mark instead
        ");
    }

    #[test]
    fn homes_count_where_the_policy_says_so() {
        let mut world = World::new();
        let finding = Finding::advice(format!("{HOMES_IN_LOG} (2)"));
        world.outcomes = vec![said("suite.test.a", vec![finding], None)];
        assert_eq!(world.text(&CHECK), "");
        world.policy.paths = Some(gate_policy::PathsPolicy {
            forbid: Vec::new(),
            placeholders: Vec::new(),
            location: Location::line("gate.toml", 3),
        });
        insta::assert_snapshot!(world.text(&CHECK), @"
        the log of `suite.test.a` contained home directories [controlled]
          help: print paths relative to the workspace; the log shows marks instead
          because: gate.toml:3
        ");
    }
}
