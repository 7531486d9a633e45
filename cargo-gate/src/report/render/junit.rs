//! The report as JUnit XML for CI systems: one test suite per area of checks, and one per suite of tests with its
//! single tests. What could not be judged is an error, never a pass.

use std::collections::BTreeMap;
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as JUnit, TestCase, TestCaseStatus, TestSuite};

use super::{Weight, place, text};
use crate::report::{CheckReport, Finding, Outcome, Report, SuiteResult, TestStatus};

/// The report as JUnit XML, with a line end after it.
///
/// # Errors
/// The XML writer refuses a text; nothing that went through it so far is known to.
pub fn render(report: &Report) -> crate::base::error::Result<String> {
    let mut out = JUnit::new(format!("cargo gate {}", report.stage));
    out.timestamp = report.started.parse().ok();
    out.set_time(Duration::from_millis(report.duration_ms));
    let mut areas: BTreeMap<&str, TestSuite> = BTreeMap::new();
    let mut order = Vec::new();
    for check in &report.checks {
        let area = area(&check.id);
        if !order.contains(&area) {
            order.push(area);
        }
        let suite = areas.entry(area).or_insert_with(|| TestSuite::new(area));
        suite.add_test_case(check_case(report, check));
        suite.add_test_cases(check.findings.iter().filter_map(|finding| covered_case(check, finding)));
    }
    for it in &report.not_applicable {
        let area = area(&it.id);
        if !order.contains(&area) {
            order.push(area);
        }
        let mut status = TestCaseStatus::skipped();
        status.set_message(format!("does not apply here: {}", text::line(&it.reason)));
        let suite = areas.entry(area).or_insert_with(|| TestSuite::new(area));
        suite.add_test_case(case(&it.id, &format!("cargo-gate.{area}"), status));
    }
    for area in order {
        out.add_test_suites(areas.remove(area));
    }
    for check in &report.checks {
        if let Some(suite) = check.evidence.as_ref().and_then(|evidence| evidence.suite.as_ref())
            && !suite.tests.is_empty()
        {
            out.add_test_suite(tests_of(check, suite));
        }
    }
    let mut xml = out
        .to_string()
        .map_err(|error| crate::base::error::Error::tool(format!("cannot write the report as JUnit XML: {error}")))?;
    if !xml.ends_with('\n') {
        xml.push('\n');
    }
    Ok(xml)
}

fn area(id: &str) -> &str {
    id.split_once('.').map_or(id, |(area, _)| area)
}

fn case(name: &str, class: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(text::line(name), status);
    case.set_classname(text::line(class));
    case
}

fn check_case(report: &Report, check: &CheckReport) -> TestCase {
    let mut status = if check.outcome.passes(report.strict) {
        TestCaseStatus::success()
    } else {
        TestCaseStatus::non_success(match check.outcome {
            Outcome::Fail | Outcome::Warn => NonSuccessKind::Failure,
            _ => NonSuccessKind::Error,
        })
    };
    let listing = listing(report, check);
    if !check.outcome.passes(report.strict) {
        let blocking = check
            .findings
            .iter()
            .filter(|finding| report.weight(finding) == Weight::Blocks);
        let (kind, message) = match (&check.reason, blocking.clone().next()) {
            (Some(reason), _) => (reason.code.as_str(), reason.message.clone()),
            (None, Some(first)) => ("blocks", {
                let more = blocking.count() - 1;
                let more = if more == 0 {
                    String::new()
                } else {
                    format!(" (and {more} more)")
                };
                format!("{}{more}", first.message)
            }),
            (None, None) => (check.outcome.words(), check.summary.clone()),
        };
        status.set_type(text::line(kind)).set_message(text::line(&message));
        if !listing.is_empty() {
            status.set_description(listing.as_str());
        }
    }
    let passes = check.outcome.passes(report.strict);
    let mut case = case(&check.id, &format!("cargo-gate.{}", area(&check.id)), status);
    if let Some(evidence) = &check.evidence {
        case.set_time(Duration::from_millis(evidence.duration_ms));
    }
    if passes && !listing.is_empty() {
        case.set_system_out(listing);
    }
    case
}

/// A finding that a waiver or an exclusion covers, as a case that was skipped: dashboards count those, and nobody forgets
/// what is only permitted.
fn covered_case(check: &CheckReport, finding: &Finding) -> Option<TestCase> {
    let why = match (&finding.waived, &finding.excluded) {
        (Some(waiver), _) => format!("waived until {} by {}: {}", waiver.expires, waiver.owner, waiver.reason),
        (None, Some(surface)) => format!("outside the claim: {surface}"),
        (None, None) => return None,
    };
    let at = finding
        .locations
        .first()
        .map(|location| format!("{}: ", place(location)))
        .unwrap_or_default();
    let mut status = TestCaseStatus::skipped();
    status.set_message(text::line(&why));
    let name = format!("{}: {at}{}", check.id, finding.message);
    Some(case(&name, &format!("cargo-gate.{}", area(&check.id)), status))
}

/// Everything the check says, one line per finding.
fn listing(report: &Report, check: &CheckReport) -> String {
    let mut lines = Vec::new();
    if let Some(help) = check.reason.as_ref().and_then(|reason| reason.help.as_deref()) {
        lines.push(format!("help: {}", text::line(help)));
    }
    for finding in &check.findings {
        let level = match (report.weight(finding), &finding.waived) {
            (Weight::Blocks, _) => "error".to_owned(),
            (Weight::Warns, _) => "warning".to_owned(),
            (Weight::Covered, Some(waiver)) => {
                format!(
                    "waived until {} by {} ({})",
                    waiver.expires, waiver.owner, waiver.reason
                )
            }
            (Weight::Covered, None) => "outside the claim".to_owned(),
        };
        let at = finding
            .locations
            .first()
            .map(|location| format!("{}: ", place(location)))
            .unwrap_or_default();
        lines.push(format!("{}: {at}{}", text::line(&level), text::line(&finding.message)));
        if let Some(help) = &finding.help {
            lines.push(format!("  help: {}", text::line(help)));
        }
    }
    lines.join("\n")
}

fn tests_of(check: &CheckReport, suite: &SuiteResult) -> TestSuite {
    let mut out = TestSuite::new(text::line(&check.id));
    out.set_time(Duration::from_millis(suite.duration_ms));
    for test in &suite.tests {
        let status = match test.status {
            TestStatus::Passed | TestStatus::Flaky => TestCaseStatus::success(),
            TestStatus::Failed => TestCaseStatus::non_success(NonSuccessKind::Failure),
            TestStatus::Skipped => TestCaseStatus::skipped(),
        };
        let class = if test.binary.is_empty() {
            &check.id
        } else {
            &test.binary
        };
        let mut case = case(&test.name, class, status);
        if test.status == TestStatus::Flaky {
            case.add_property(("flaky", "true"));
        }
        out.add_test_case(case);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn every_sample_reads_well() {
        for (name, report) in samples::all() {
            insta::assert_snapshot!(name, render(&report).expect("the report can be written as XML"));
        }
    }
}
