//! `conformance.matrix`: rows of the conformance matrix have tests, and required ones pass.

use gate_base::stage::Stage;
use gate_policy::{ConformancePolicy, ConformanceRow, SuitePolicy};
use gate_report::{Dimension, Finding, Outcome};

use super::conforming::{Shown, passed, reason, shown, suite, tests};
use gate_contract::{Applies, Check, Fixes, Judgement, Phase, Rule, input, reads};

reads!(
    input::FileNames,
    ConformancePolicy,
    SuitePolicy,
    input::EvaluatedStage,
    input::Outcomes,
);

/// The check.
pub static CHECK: Check = Check {
    id: "conformance.matrix",
    summary: "Rows of the conformance matrix have tests, and required ones pass",
    docs: include_str!("matrix.md"),
    dimension: Dimension::Correctness,
    blocks_at: Stage::Pilot,
    since: "0.1.0",
    phase: Phase::Outcomes,
    fixes: Fixes::Work,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match context.section::<ConformancePolicy>() {
        None => Applies::No("`[conformance]` is not declared".into()),
        Some(_) => Applies::Yes,
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(policy) = context.section::<ConformancePolicy>() else {
        return Judgement::Findings(Vec::new());
    };
    let mut findings = without_required_row(context, policy);
    let mut unjudged = None;
    for row in &policy.rows {
        findings.extend(files(context, row));
        match shown(context, &row.suite) {
            Shown::Later | Shown::OutsideClaim => {}
            Shown::Unjudged(report) => drop(unjudged.get_or_insert_with(|| reason(report))),
            Shown::Judged(report) => {
                let required = suite(context, &row.suite).is_none_or(|suite| suite.required);
                if report.outcome == Outcome::Fail && required {
                    findings.push(
                        finding(row, format!("row `{}` is required, but `{}` fails", row.id, report.id))
                            .help(format!("`cargo gate explain {}`", report.id)),
                    );
                } else if !tests(report, row).any(passed) {
                    findings.push(
                        finding(row, format!("`{}` passed no test of row `{}`", report.id, row.id)).help(format!(
                            "add the target of `{}` to the command of the suite",
                            row.test_files.join("`, `")
                        )),
                    );
                }
            }
        }
    }
    match unjudged {
        Some(reason) if findings.is_empty() => Judgement::NotRun(reason),
        _ => Judgement::Findings(findings),
    }
}

fn finding(row: &ConformanceRow, message: String) -> Finding {
    Finding::blocking(CHECK.blocks_at, message)
        .at(row.location.clone())
        .because(Some(row.location.clone()))
}

/// Profiles in which nothing has to pass.
fn without_required_row(context: &Context<'_>, policy: &ConformancePolicy) -> Vec<Finding> {
    let required = |row: &ConformanceRow| suite(context, &row.suite).is_some_and(|suite| suite.required);
    let rows = |profile: &String| policy.rows.iter().any(|row| row.profile == *profile && required(row));
    let empty = policy.profiles.iter().filter(|profile| !rows(profile));
    let finding = |profile: &String| {
        Finding::blocking(
            CHECK.blocks_at,
            format!("profile `{profile}` has no row with a required suite"),
        )
        .help("add a row whose suite is required, or remove the profile from `profiles`")
        .at(policy.location.clone())
        .because(Some(policy.location.clone()))
    };
    empty.map(finding).collect()
}

/// Test files that are not there.
fn files(context: &Context<'_>, row: &ConformanceRow) -> Vec<Finding> {
    let lacking = row.test_files.iter().filter_map(|path| {
        let file = context.files().iter().find(|file| file.path == *path);
        match file {
            None => Some(format!("row `{}` lists `{path}`, which does not exist", row.id)),
            Some(file) if file.size == 0 => Some(format!("row `{}` lists `{path}`, which is empty", row.id)),
            Some(_) => None,
        }
    });
    lacking
        .map(|message| finding(row, message).help("correct `test-files`, or write the tests"))
        .collect()
}
