//! `claims.evidence`: no claim is stronger than the evidence that it names.

use serde::Serialize;

use gate_base::stage::Stage;
use gate_policy::{Claim, EvidenceClass, SuitePolicy, pattern};
use gate_report::{CheckReport, Dimension, Finding, Outcome};

use crate::conformance::conforming::{passed, reason};
use gate_contract::{Applies, Check, Fixes, Judgement, Phase, Rule, input, reads};

reads!(Claim, SuitePolicy, input::EvaluatedStage, input::Outcomes);

/// The check.
pub static CHECK: Check = Check {
    id: "claims.evidence",
    summary: "No claim is stronger than its evidence",
    docs: include_str!("evidence.md"),
    dimension: Dimension::Governance,
    blocks_at: Stage::Broad,
    since: "0.1.0",
    phase: Phase::Outcomes,
    fixes: Fixes::Work,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    if context.section::<Claim>().is_empty() {
        return Applies::No("no `[[claim]]` is declared".into());
    }
    Applies::Yes
}

/// A claim with what its evidence shows.
#[derive(Debug, Serialize)]
struct Label<'a> {
    surface: &'a str,
    claimed: EvidenceClass,
    /// `None` where nothing passed.
    derived: Option<EvidenceClass>,
    evidence: Vec<&'a str>,
    /// Patterns that no passed test meets.
    unmet: Vec<&'a str>,
}

fn run(context: &Context<'_>) -> Judgement {
    let mut labels = Vec::new();
    let mut findings = Vec::new();
    for claim in context.section::<Claim>() {
        let later = |id: &&String| {
            let suites = context.section::<SuitePolicy>().iter();
            suites
                .filter(|suite| suite.stage > context.stage())
                .any(|suite| gate_suites::check_id(suite) == **id)
        };
        let due: Vec<&String> = claim.evidence.iter().filter(|id| !later(id)).collect();
        if due.is_empty() {
            continue;
        }
        let mut reports = Vec::new();
        for report in context.outcomes().iter().filter(|report| due.contains(&&report.id)) {
            if matches!(report.outcome, Outcome::NotRun | Outcome::Error | Outcome::Inconclusive) {
                return Judgement::NotRun(reason(report));
            }
            reports.push(report);
        }
        let label = derive(claim, &reports);
        findings.extend(judge(claim, &label));
        labels.push(label);
    }
    if let Ok(bytes) = serde_json::to_vec_pretty(&labels) {
        context.attach("claims/labels.json", &bytes);
    }
    Judgement::Findings(findings)
}

/// What the evidence of a claim shows, from those of its checks that were judged.
fn derive<'a>(claim: &'a Claim, reports: &[&'a CheckReport]) -> Label<'a> {
    let good: Vec<&CheckReport> = reports
        .iter()
        .copied()
        .filter(|report| report.outcome.passes())
        .collect();
    let suites = good
        .iter()
        .filter_map(|report| report.evidence.as_ref()?.suite.as_ref());
    let tests: Vec<&str> = suites
        .flat_map(|suite| &suite.tests)
        .filter(|test| passed(test))
        .map(|test| test.name.as_str())
        .collect();
    let met = |case: &str| tests.iter().any(|test| pattern::matches(case, test));
    let unmet: Vec<&str> = claim
        .cases
        .iter()
        .map(String::as_str)
        .filter(|case| !met(case))
        .collect();
    let derived = if good.is_empty() {
        None
    } else if tests.is_empty() {
        Some(EvidenceClass::Compiled)
    } else if claim.cases.is_empty() || !unmet.is_empty() {
        Some(EvidenceClass::Exercised)
    } else {
        Some(EvidenceClass::Targeted)
    };
    Label {
        surface: &claim.surface,
        claimed: claim.class,
        derived,
        evidence: good.iter().map(|report| report.id.as_str()).collect(),
        unmet,
    }
}

fn judge(claim: &Claim, label: &Label<'_>) -> Option<Finding> {
    if label.derived >= Some(claim.class) {
        return None;
    }
    let shown = match label.derived {
        None => "none of its evidence passed".to_owned(),
        Some(derived) => format!("its evidence only shows that it is {}", derived.name()),
    };
    let lacks = match claim.class {
        EvidenceClass::Targeted if !label.unmet.is_empty() => {
            format!(": no passed test matches `{}`", label.unmet.join("`, `"))
        }
        EvidenceClass::Targeted if claim.cases.is_empty() => ": `cases` lists no tests that compare it".to_owned(),
        _ => String::new(),
    };
    let help = match label.derived {
        Some(derived) => format!(
            "list passed tests in `cases`, or claim `class = \"{}\"`",
            derived.name()
        ),
        None => "list evidence that passes, or remove the claim".to_owned(),
    };
    Some(
        Finding::blocking(
            CHECK.blocks_at,
            format!(
                "overclaim: {} is claimed to be {}, but {shown}{lacks}",
                claim.surface,
                claim.class.name()
            ),
        )
        .help(help)
        .at(claim.location.clone())
        .because(Some(claim.location.clone())),
    )
}
