//! `conformance.coverage`: tests show every supported operator, but for the gaps that are known.

use std::collections::BTreeSet;

use gate_base::stage::Stage;
use gate_policy::{ConformanceBackend, ConformancePolicy, SuitePolicy};
use gate_report::{Dimension, Finding};

use super::conforming::{Shown, any_due, is_due, passed, reason, shown, tests};
use gate_contract::{Applies, Check, Fixes, Judgement, Phase, Rule, input, reads};

reads!(ConformancePolicy, SuitePolicy, input::EvaluatedStage, input::Outcomes);

/// The check.
pub static CHECK: Check = Check {
    id: "conformance.coverage",
    summary: "Tests cover every supported operator except known gaps",
    docs: include_str!("coverage.md"),
    dimension: Dimension::Correctness,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    phase: Phase::Outcomes,
    fixes: Fixes::Work,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match context.section::<ConformancePolicy>() {
        None => Applies::No("`[conformance]` is not declared".into()),
        Some(policy) if !any_due(context, policy) => Applies::No(format!(
            "no suite of the conformance matrix runs at {}",
            context.stage()
        )),
        Some(_) => Applies::Yes,
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(policy) = context.section::<ConformancePolicy>() else {
        return Judgement::Findings(Vec::new());
    };
    let mut findings = Vec::new();
    for backend in &policy.backends {
        let mut covered: BTreeSet<&str> = BTreeSet::new();
        // An operator may be beyond what this machine can show.
        let mut outside = false;
        let mut any = false;
        for row in rows(context, policy, backend) {
            any = true;
            match shown(context, &row.suite) {
                Shown::Later => {}
                Shown::OutsideClaim => outside = true,
                Shown::Unjudged(report) => return Judgement::NotRun(reason(report)),
                Shown::Judged(report) => {
                    let ran: Vec<&str> = tests(report, row)
                        .filter(|test| passed(test))
                        .map(|test| test.name.as_str())
                        .collect();
                    let operators = backend.supported.iter().map(String::as_str);
                    covered.extend(operators.filter(|operator| ran.iter().any(|test| row.shows(operator, test))));
                }
            }
        }
        let later = policy.rows.iter().any(|row| row.backend == backend.name);
        if any || !later {
            findings.extend(judge(backend, &covered, outside));
        }
    }
    Judgement::Findings(findings)
}

/// The rows of a backend that are due.
fn rows<'a>(
    context: &'a Context<'_>,
    policy: &'a ConformancePolicy,
    backend: &'a ConformanceBackend,
) -> impl Iterator<Item = &'a gate_policy::ConformanceRow> {
    let rows = policy.rows.iter().filter(|row| row.backend == backend.name);
    rows.filter(|row| is_due(context, row))
}

fn judge(backend: &ConformanceBackend, covered: &BTreeSet<&str>, outside: bool) -> Vec<Finding> {
    let blocking = |message: String| {
        Finding::blocking(CHECK.blocks_at, message)
            .at(backend.location.clone())
            .because(Some(backend.location.clone()))
    };
    let mut findings = Vec::new();
    let allowed = |operator: &str| backend.allowed_gaps.iter().any(|gap| gap == operator);
    let operators = || backend.supported.iter().map(String::as_str);
    if !outside {
        let missing: Vec<&str> = operators()
            .filter(|operator| !covered.contains(operator) && !allowed(operator))
            .collect();
        if !missing.is_empty() {
            findings.push(
                blocking(format!(
                    "no test covers these supported operators of `{}`: {}",
                    backend.name,
                    missing.join(", ")
                ))
                .help("add a passing test of that name to a file of a row, or add the operator to `allowed-gaps`"),
            );
        }
        let (shown, all) = (covered.len(), backend.supported.len());
        let least = backend.minimum_coverage as usize;
        if shown * 100 < least * all {
            findings.push(
                blocking(format!(
                    "tests cover {shown} of {all} operators of `{}`, less than {least} %",
                    backend.name
                ))
                .help("write the missing tests, or remove operators from `supported`"),
            );
        }
    }
    for gap in backend.allowed_gaps.iter().filter(|gap| covered.contains(gap.as_str())) {
        findings.push(
            Finding::advice(format!(
                "`{gap}` of `{}` is covered by a test and is no longer a gap",
                backend.name
            ))
            .help(format!("remove `{gap}` from `allowed-gaps`"))
            .at(backend.location.clone())
            .because(Some(backend.location.clone())),
        );
    }
    findings
}

#[cfg(test)]
mod judgements {
    use super::*;
    use gate_contract::testing::findings_text;
    use gate_report::Location;

    fn backend(allowed: &[&str], minimum_coverage: u32) -> ConformanceBackend {
        ConformanceBackend {
            name: "cuda".into(),
            supported: ["a", "b", "c", "d"].map(str::to_owned).to_vec(),
            deferred: Vec::new(),
            minimum_coverage,
            allowed_gaps: allowed.iter().map(|gap| (*gap).to_owned()).collect(),
            location: Location::line("gate.toml", 9),
        }
    }

    #[test]
    fn a_gap_that_is_not_listed_fails_above_the_least_coverage() {
        let covered = BTreeSet::from(["a", "b", "c"]);
        insta::assert_snapshot!(findings_text(&judge(&backend(&[], 50), &covered, false)));
        assert!(judge(&backend(&["d"], 75), &covered, false).is_empty());
        insta::assert_snapshot!(findings_text(&judge(&backend(&["d", "a"], 76), &covered, false)));
    }

    #[test]
    fn what_this_machine_cannot_show_is_no_gap() {
        assert!(judge(&backend(&[], 100), &BTreeSet::from(["a"]), true).is_empty());
    }
}
