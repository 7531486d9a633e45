//! Rows of the conformance matrix with what their suites showed in this evaluation.

use gate_policy::{ConformancePolicy, ConformanceRow, SuitePolicy};
use gate_report::{CheckReport, Outcome, Reason, TestResult, TestStatus};

use gate_contract::{Context, Declares, input};

/// What a suite showed.
pub(crate) enum Shown<'a> {
    /// It is asked for at a later stage.
    Later,
    /// Nobody requires it and this machine lacks what it needs: it left the claim.
    OutsideClaim,
    /// It was not judged, and why.
    Unjudged(&'a CheckReport),
    /// It was judged.
    Judged(&'a CheckReport),
}

/// The declared suite of a row. The policy refuses one that is not declared.
pub(crate) fn suite<'a, R: Declares<SuitePolicy>>(context: &Context<'a, R>, name: &str) -> Option<&'a SuitePolicy> {
    let suites = context.section::<SuitePolicy>().iter();
    suites
        .filter(|suite| suite.kind == gate_policy::SuiteKind::Test)
        .find(|suite| suite.name == name)
}

/// What the suite of this name showed.
pub(crate) fn shown<'a, R>(context: &Context<'a, R>, name: &str) -> Shown<'a>
where
    R: Declares<SuitePolicy> + Declares<input::Outcomes> + Declares<input::EvaluatedStage>,
{
    let report = context
        .outcomes()
        .iter()
        .find(|report| report.id.strip_prefix("suite.test.") == Some(name));
    let declared = suite(context, name);
    match report {
        Some(report) if matches!(report.outcome, Outcome::NotRun | Outcome::Error | Outcome::Inconclusive) => {
            Shown::Unjudged(report)
        }
        Some(report) => Shown::Judged(report),
        None if declared.is_some_and(|suite| suite.stage > context.stage()) => Shown::Later,
        None => Shown::OutsideClaim,
    }
}

/// Whether a row has something to show at the stage under evaluation.
pub(crate) fn is_due<R>(context: &Context<'_, R>, row: &ConformanceRow) -> bool
where
    R: Declares<SuitePolicy> + Declares<input::EvaluatedStage>,
{
    suite(context, &row.suite).is_none_or(|suite| suite.stage <= context.stage())
}

/// Whether a row is due.
pub(crate) fn any_due<R>(context: &Context<'_, R>, policy: &ConformancePolicy) -> bool
where
    R: Declares<SuitePolicy> + Declares<input::EvaluatedStage>,
{
    policy.rows.iter().any(|row| is_due(context, row))
}

/// The tests that ran in the test targets of a row.
pub(crate) fn tests<'a>(report: &'a CheckReport, row: &'a ConformanceRow) -> impl Iterator<Item = &'a TestResult> {
    let suite = report.evidence.as_ref().and_then(|evidence| evidence.suite.as_ref());
    let tests = suite.into_iter().flat_map(|suite| &suite.tests);
    tests.filter(|test| row.holds(&test.binary))
}

/// Whether a test shows that something holds.
pub(crate) fn passed(test: &TestResult) -> bool {
    matches!(test.status, TestStatus::Passed | TestStatus::Flaky)
}

/// Why what rests on a suite was not judged: the reason is that of the suite, so that what counts as somebody's choice there
/// counts as that here.
pub(crate) fn reason(report: &CheckReport) -> Reason {
    let own = report.reason.as_ref();
    let code = own.map_or("suite_not_judged", |reason| reason.code.as_str());
    let message = match own {
        Some(reason) => format!("`{}` has no judgement: {}", report.id, reason.message),
        None => format!("`{}` has no judgement", report.id),
    };
    let help = own.and_then(|reason| reason.help.clone());
    Reason::new(code, message).help(help.unwrap_or_else(|| format!("`cargo gate explain {}`", report.id)))
}
