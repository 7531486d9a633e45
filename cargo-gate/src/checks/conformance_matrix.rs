//! `conformance.matrix`: rows of the conformance matrix have tests, and required ones pass.

use crate::base::stage::Stage;
use crate::policy::{ConformancePolicy, ConformanceRow};
use crate::report::{Dimension, Finding, Outcome};

use super::conforming::{Shown, passed, reason, shown, suite, tests};
use super::{Applies, Check, Context, Input, Judgement};

/// The check.
pub static CHECK: Check = Check {
    id: "conformance.matrix",
    summary: "Rows of the conformance matrix have tests, and required ones pass",
    docs: DOCS,
    dimension: Dimension::Correctness,
    blocks_at: Stage::Pilot,
    since: "0.1.0",
    version: 1,
    inputs: &[
        Input::FileNames,
        Input::PolicyConformance,
        Input::PolicySuites,
        Input::Stage,
        Input::Outcomes,
    ],
    applies,
    run,
};

const DOCS: &str = "\
## What it does

`[conformance]` in `gate.toml` is a matrix: each row says which tests, run by which suite in which profile of continuous \
integration, show what a backend computes.

```toml
[conformance]
profiles = [\"commit\"]

[[conformance.backend]]
name = \"cpu\"
supported = [\"softmax_f32\"]

[[conformance.row]]
id = \"reference\"
backend = \"cpu\"
profile = \"commit\"
suite = \"workspace\"
test-files = [\"tests/reference.rs\"]
```

A test file has to be there and not be empty, and every profile needs at least one row whose suite is required. A row \
whose suite was judged needs a test of its files that ran. Where the suite is required it has to pass; where it is not, \
and this machine lacks what `requires` of the suite names, the row leaves the claim with that reason.

It applies where `[conformance]` is declared. While a suite has no judgement, neither has the matrix.

## Why it matters

Tests get lost: a file is renamed, a target is left out of the command, a machine without a device runs none of them and \
is green. The matrix is what was promised, held against what ran.

## How to fix

Correct the row, or run its tests: `cargo gate suite test <name>` runs one suite. Make one suite of each profile required.

## Requirements

S2.64, S2.65
";

fn applies(context: &Context<'_>) -> Applies {
    match context.policy().conformance {
        None => Applies::No("`[conformance]` is not declared".into()),
        Some(_) => Applies::Yes,
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(policy) = &context.policy().conformance else {
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
                        finding(row, format!("Row `{}` is required, and `{}` fails", row.id, report.id))
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
            format!("Profile `{profile}` has no row with a required suite, so nothing has to pass in it"),
        )
        .help("add a row whose suite is required, or take the profile out of `profiles`")
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
            None => Some(format!("Row `{}` names `{path}`, which is not there", row.id)),
            Some(file) if file.size == 0 => Some(format!("Row `{}` names `{path}`, which is empty", row.id)),
            Some(_) => None,
        }
    });
    lacking
        .map(|message| finding(row, message).help("correct `test-files`, or write the tests"))
        .collect()
}
