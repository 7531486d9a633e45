//! The report as JUnit XML for CI systems: one test suite per area of checks, and one per suite of tests with its
//! single tests. What could not be judged is an error, never a pass.
//! Format: <https://github.com/testmoapp/junitxml>, within the schema of Jenkins,
//! <https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd>.

use super::xml::Element;
use super::{Weight, place, text};
use crate::{CheckReport, Finding, Outcome, Report, SuiteResult, TestResult, TestStatus};

/// The report as JUnit XML, with a line end after it.
pub fn render(report: &Report) -> String {
    let mut areas: Vec<Suite> = Vec::new();
    for check in &report.checks {
        let suite = area_of(&mut areas, &check.id);
        // The tests say it themselves, and a test that fails is one failure, not two.
        if failed_tests(check).is_none() {
            suite.cases.push(check_case(report, check));
        }
        let covered = check.findings.iter().filter_map(|finding| covered_case(check, finding));
        suite.cases.extend(covered);
    }
    for it in &report.not_applicable {
        let why = format!("does not apply here: {}", it.reason);
        let case = Case::new(&it.id, &class(&it.id), Status::Skipped).because(&why);
        area_of(&mut areas, &it.id).cases.push(case);
    }
    for check in &report.checks {
        if let Some(suite) = suite_of(check)
            && !suite.tests.is_empty()
        {
            areas.push(tests_of(report, check, suite));
        }
    }
    areas.retain(|suite| !suite.cases.is_empty());
    let all = || areas.iter().flat_map(|suite| &suite.cases);
    let mut top = Element::new("testsuites").with("name", format!("cargo gate {}", report.stage));
    // The schema that Jenkins reads has no number of skipped tests here, and the time only with each suite.
    for (name, count) in counts(&all()).into_iter().filter(|(name, _)| *name != "skipped") {
        top = top.with(name, count.to_string());
    }
    let started = report.started.parse::<jiff::Timestamp>().is_ok();
    let started = started.then_some(report.started.as_str());
    top.with("time", seconds(report.duration_ms))
        .holding(areas.iter().map(|suite| suite.element(started)))
        .document()
}

/// One `testsuite`.
struct Suite {
    name: String,
    ms: Option<u64>,
    cases: Vec<Case>,
    output: String,
}

/// One `testcase`.
struct Case {
    name: String,
    class: String,
    ms: Option<u64>,
    status: Status,
    kind: Option<String>,
    message: Option<String>,
    /// What is said about it: inside the failure, else as its output.
    text: String,
    flaky: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Passed,
    Skipped,
    Failed,
    Error,
}

impl Suite {
    fn element(&self, started: Option<&str>) -> Element {
        let mut element = Element::new("testsuite").with("name", text::line(&self.name));
        for (name, count) in counts(&self.cases.iter()) {
            element = element.with(name, count.to_string());
        }
        if let Some(started) = started {
            element = element.with("timestamp", started);
        }
        if let Some(ms) = self.ms {
            element = element.with("time", seconds(ms));
        }
        let output = (!self.output.is_empty()).then(|| Element::new("system-out").saying(&self.output));
        element.holding(self.cases.iter().map(Case::element)).holding(output)
    }
}

impl Case {
    fn new(name: &str, class: &str, status: Status) -> Self {
        Self {
            name: name.to_owned(),
            class: class.to_owned(),
            ms: None,
            status,
            kind: None,
            message: None,
            text: String::new(),
            flaky: false,
        }
    }

    fn because(mut self, message: &str) -> Self {
        self.message = Some(message.to_owned());
        self
    }

    fn element(&self) -> Element {
        let mut case = Element::new("testcase")
            .with("name", text::line(&self.name))
            .with("classname", text::line(&self.class));
        if let Some(ms) = self.ms {
            case = case.with("time", seconds(ms));
        }
        if self.flaky {
            let failure = Element::new("flakyFailure").with("type", "flaky");
            case = case.holding([failure.with("message", "failed before it passed")]);
        }
        let name = match self.status {
            Status::Passed if self.text.is_empty() => return case,
            Status::Passed => return case.holding([Element::new("system-out").saying(&self.text)]),
            Status::Skipped => "skipped",
            Status::Failed => "failure",
            Status::Error => "error",
        };
        let mut status = Element::new(name).saying(&self.text);
        if let Some(message) = &self.message {
            status = status.with("message", text::line(message));
        }
        if let Some(kind) = &self.kind {
            status = status.with("type", text::line(kind));
        }
        case.holding([status])
    }
}

fn counts<'a>(cases: &(impl Iterator<Item = &'a Case> + Clone)) -> [(&'static str, usize); 4] {
    let of = |status| cases.clone().filter(|case| case.status == status).count();
    [
        ("tests", cases.clone().count()),
        ("skipped", of(Status::Skipped)),
        ("errors", of(Status::Error)),
        ("failures", of(Status::Failed)),
    ]
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}

fn area(id: &str) -> &str {
    id.split_once('.').map_or(id, |(area, _)| area)
}

fn class(id: &str) -> String {
    format!("cargo-gate.{}", area(id))
}

fn area_of<'a>(areas: &'a mut Vec<Suite>, id: &str) -> &'a mut Suite {
    let name = area(id);
    let at = areas.iter().position(|suite| suite.name == name).unwrap_or(areas.len());
    if at == areas.len() {
        areas.push(Suite {
            name: name.to_owned(),
            ms: None,
            cases: Vec::new(),
            output: String::new(),
        });
    }
    &mut areas[at]
}

fn suite_of(check: &CheckReport) -> Option<&SuiteResult> {
    check.evidence.as_ref()?.suite.as_ref()
}

/// The suite of a check that fails, where it names the tests that failed.
fn failed_tests(check: &CheckReport) -> Option<&SuiteResult> {
    let failed = |suite: &&SuiteResult| suite.tests.iter().any(|test| test.status == TestStatus::Failed);
    let fails = check.outcome == Outcome::Fail;
    suite_of(check).filter(|suite| fails && failed(suite))
}

fn check_case(report: &Report, check: &CheckReport) -> Case {
    let passes = check.outcome.passes();
    let status = match check.outcome {
        _ if passes => Status::Passed,
        Outcome::Fail | Outcome::Warn => Status::Failed,
        _ => Status::Error,
    };
    let mut case = Case::new(&check.id, &class(&check.id), status);
    case.ms = check.evidence.as_ref().map(|evidence| evidence.duration_ms);
    case.text = listing(report, check);
    if passes {
        return case;
    }
    let mut blocking = check
        .findings
        .iter()
        .filter(|finding| report.weight(finding) == Weight::Blocks);
    let (kind, message) = match (&check.reason, blocking.next()) {
        (Some(reason), _) => (reason.code.as_str(), reason.message.clone()),
        (None, Some(first)) => match blocking.count() {
            0 => ("blocks", first.message.clone()),
            more => ("blocks", format!("{} (and {more} more)", first.message)),
        },
        (None, None) => (check.outcome.words(), check.summary.clone()),
    };
    case.kind = Some(kind.to_owned());
    case.because(&message)
}

/// A finding that a waiver or an exclusion covers, as a case that was skipped: dashboards count those, and nobody forgets
/// what is only permitted.
fn covered_case(check: &CheckReport, finding: &Finding) -> Option<Case> {
    let why = finding.covered()?;
    let at = finding
        .locations
        .first()
        .map(|location| format!("{}: ", place(location)))
        .unwrap_or_default();
    let name = format!("{}: {at}{}", check.id, finding.message);
    Some(Case::new(&name, &class(&check.id), Status::Skipped).because(&why))
}

/// Everything the check says, one line per finding.
fn listing(report: &Report, check: &CheckReport) -> String {
    let mut lines = Vec::new();
    if let Some(help) = check.reason.as_ref().and_then(|reason| reason.help.as_deref()) {
        lines.push(format!("help: {}", text::line(help)));
    }
    for finding in &check.findings {
        let level = match report.weight(finding) {
            Weight::Blocks => "error".to_owned(),
            Weight::Warns => "warning".to_owned(),
            Weight::Covered => finding.covered().unwrap_or_default(),
        };
        let at = finding
            .locations
            .first()
            .map(|location| format!("{}: ", place(location)))
            .unwrap_or_default();
        lines.push(format!("{}: {at}{}", text::line(&level), text::line(&finding.message)));
        if let Some(detail) = &finding.detail {
            lines.extend(text::lines(detail).lines().map(|line| format!("  {line}")));
        }
        if let Some(help) = &finding.help {
            lines.push(format!("  help: {}", text::line(help)));
        }
    }
    lines.join("\n")
}

/// The tests of a suite. Where some failed, they are the failure of the check, and what else the check says is the output
/// of the suite.
fn tests_of(report: &Report, check: &CheckReport, suite: &SuiteResult) -> Suite {
    let case = |test: &TestResult| {
        let status = match test.status {
            TestStatus::Passed | TestStatus::Flaky => Status::Passed,
            TestStatus::Failed => Status::Failed,
            TestStatus::Skipped => Status::Skipped,
        };
        let class = if test.binary.is_empty() {
            &check.id
        } else {
            &test.binary
        };
        let mut case = Case::new(&test.name, class, status);
        case.flaky = test.status == TestStatus::Flaky;
        if status == Status::Failed {
            let why = test.message.as_deref().unwrap_or("the output gives no reason");
            case.kind = Some("test".to_owned());
            case.text = text::lines(why).into_owned();
            case.message = why.lines().next().map(str::to_owned);
        }
        case
    };
    Suite {
        name: check.id.clone(),
        ms: Some(suite.duration_ms),
        cases: suite.tests.iter().map(case).collect(),
        output: failed_tests(check).map_or_else(String::new, |_| listing(report, check)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn every_sample_reads_well() {
        for (name, report) in samples::all() {
            insta::assert_snapshot!(name, render(&report));
        }
    }

    /// What the schema of Jenkins, `junit-10.xsd`, knows of each element: attributes that must be there, others, and children.
    const KNOWN: [(&str, &str, &str, &str); 8] = [
        ("testsuites", "", "name time tests failures errors", "testsuite"),
        (
            "testsuite",
            "name tests failures errors",
            "group time skipped timestamp hostname id package file log url",
            "testsuite properties testcase system-out system-err",
        ),
        (
            "testcase",
            "name",
            "time classname group",
            "skipped error failure rerunFailure rerunError flakyFailure flakyError system-out system-err",
        ),
        ("failure", "", "type message", ""),
        ("error", "", "type message", ""),
        ("skipped", "", "type message", ""),
        ("flakyFailure", "type", "message", "stackTrace system-out system-err"),
        ("system-out", "", "", ""),
    ];

    #[test]
    fn no_sample_has_what_the_schema_of_jenkins_refuses() {
        let mut seen = 0;
        for (name, report) in samples::all() {
            let xml = render(&report);
            let document = roxmltree::Document::parse(&xml).unwrap_or_else(|error| panic!("{name}: {error}"));
            for node in document.descendants().filter(roxmltree::Node::is_element) {
                let element = node.tag_name().name();
                let known = KNOWN.iter().find(|(known, ..)| *known == element);
                let (_, required, others, children) = known.unwrap_or_else(|| panic!("{name}: <{element}>"));
                let is_one = |of: &str, wanted: &str| of.split(' ').any(|known| known == wanted);
                for attribute in node.attributes() {
                    seen += 1;
                    let (attribute, value) = (attribute.name(), attribute.value());
                    assert!(
                        is_one(required, attribute) || is_one(others, attribute),
                        "{name}: {element} {attribute}"
                    );
                    let is_time = value.bytes().all(|byte| byte.is_ascii_digit() || b".,".contains(&byte));
                    assert!(attribute != "time" || is_time, "{name}: {value}");
                }
                for required in required.split_whitespace() {
                    assert!(node.has_attribute(required), "{name}: {element} without {required}");
                }
                for child in node.children().filter(roxmltree::Node::is_element) {
                    let child = child.tag_name().name();
                    assert!(is_one(children, child), "{name}: {child} in {element}");
                }
            }
        }
        assert!(seen > 100);
    }

    #[test]
    fn a_failing_test_counts_once_and_says_why() {
        let xml = render(&samples::failures());
        assert_eq!(xml.matches("<failure").count(), 6, "{xml}");
        assert!(xml.contains("tests=\"10\" errors=\"0\" failures=\"6\""), "{xml}");
        assert!(!xml.contains("<failure/>"), "{xml}");
        let failure = "<failure message=\"assertion `left == right` failed: 12 digits\" type=\"test\">\
                       assertion `left == right` failed: 12 digits\n  left: 11\n right: 12</failure>";
        assert!(xml.contains(failure), "{xml}");
    }
}
