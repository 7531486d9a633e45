//! JUnit XML, as pytest, Gradle, Jest and nextest write it. It has no standard; the schemas of Jenkins and of Windy Road's
//! `JUnit.xsd` agree on what is read here.

use gate_policy::SuitePolicy;
use gate_report::{Finding, TestResult, TestStatus};
use roxmltree::{Document, Node};

use super::said::{Said, Unreadable};
use crate::Tests;
use crate::finding;

/// Failing tests that get a finding of their own; the others share one.
const NAMED: usize = 5;

/// Reads one file.
pub(super) fn read(suite: &SuitePolicy, text: &str) -> Result<Said, Unreadable> {
    let document = Document::parse(text).map_err(|error| format!("is not XML: {error}"))?;
    let root = document.root_element();
    if !matches!(root.tag_name().name(), "testsuites" | "testsuite") {
        return Err(format!("is not JUnit: its root is `{}`", root.tag_name().name()));
    }
    let mut tests = Tests {
        summaries: 1,
        ..Tests::default()
    };
    walk(root, "", &mut tests)?;
    let findings = failed(suite, &tests);
    Ok(Said {
        failed: !findings.is_empty(),
        tests,
        findings,
    })
}

/// Whether enough ran, of all files together.
pub(super) fn judge(suite: &SuitePolicy, tests: &Tests) -> Option<Finding> {
    let ran = tests.ran();
    (ran < suite.min_tests).then(|| {
        let message = match ran {
            0 => "no tests ran (suite_empty)".to_owned(),
            _ => format!("{ran} of at least {} expected tests ran", suite.min_tests),
        };
        finding(suite, message).help("restore the missing tests, or lower `min-tests` of the suite in gate.toml")
    })
}

/// Adds the tests of a suite and of those inside it. What it says of their number must be so.
fn walk(node: Node<'_, '_>, outer: &str, tests: &mut Tests) -> Result<(), Unreadable> {
    let name = node.attribute("name").unwrap_or_default();
    let name = if name.is_empty() { outer } else { name };
    let before = (tests.ran() + tests.skipped, tests.failed);
    for child in node.children().filter(Node::is_element) {
        match child.tag_name().name() {
            "testsuite" => walk(child, name, tests)?,
            "testcase" => case(child, name, tests),
            // An error outside of every test, such as one of the set-up.
            "error" | "failure" => add(tests, name, "outside the tests", TestStatus::Failed, message(child)),
            _ => {}
        }
    }
    let held = (tests.ran() + tests.skipped - before.0, tests.failed - before.1);
    let name = if name.is_empty() { node.tag_name().name() } else { name };
    let number = |key: &str| node.attribute(key).and_then(|number| number.trim().parse::<u64>().ok());
    if let Some(said) = number("tests").filter(|said| *said > held.0) {
        return Err(format!(
            "is cut off: `{name}` has {said} tests, and {} are in the file",
            held.0
        ));
    }
    let said = number("failures").unwrap_or_default() + number("errors").unwrap_or_default();
    if said > held.1 {
        return Err(format!(
            "contradicts itself: `{name}` has {said} failures, and {} are in the file",
            held.1
        ));
    }
    Ok(())
}

fn case(node: Node<'_, '_>, suite: &str, tests: &mut Tests) {
    let has = |names: &[&str]| node.children().find(|child| names.contains(&child.tag_name().name()));
    let (status, message) = if let Some(failure) = has(&["failure", "error"]) {
        (TestStatus::Failed, message(failure))
    } else if has(&["skipped"]).is_some() {
        (TestStatus::Skipped, None)
    } else if has(&["flakyFailure", "flakyError"]).is_some() {
        (TestStatus::Flaky, None)
    } else {
        (TestStatus::Passed, None)
    };
    let binary = node
        .attribute("classname")
        .filter(|class| !class.is_empty())
        .unwrap_or(suite);
    add(
        tests,
        binary,
        node.attribute("name").unwrap_or_default(),
        status,
        message,
    );
}

fn add(tests: &mut Tests, binary: &str, name: &str, status: TestStatus, message: Option<String>) {
    match status {
        TestStatus::Passed | TestStatus::Flaky => tests.passed += 1,
        TestStatus::Failed => tests.failed += 1,
        TestStatus::Skipped => tests.skipped += 1,
    }
    tests.tests.push(TestResult {
        binary: binary.to_owned(),
        name: name.to_owned(),
        status,
        message,
    });
}

/// What a failure says: its message, else the first line of its text.
fn message(node: Node<'_, '_>) -> Option<String> {
    let said = node.attribute("message").map(str::trim).filter(|said| !said.is_empty());
    let text = || node.text().map(str::trim).filter(|text| !text.is_empty());
    said.or_else(text)
        .map(|said| said.lines().next().unwrap_or_default().to_owned())
}

fn failed(suite: &SuitePolicy, tests: &Tests) -> Vec<Finding> {
    let again = || match suite.command.is_empty() {
        true => "fix the test, run the tool again, and attest its results again".to_owned(),
        false => format!("cargo gate suite {}", suite.name),
    };
    let failed: Vec<_> = tests.with_status(TestStatus::Failed).collect();
    let one = |test: &&TestResult| {
        let name = match test.binary.as_str() {
            "" => test.name.clone(),
            binary => format!("{binary} {}", test.name),
        };
        let mut found = finding(suite, format!("`{name}` failed")).help(again());
        found.detail.clone_from(&test.message);
        found
    };
    let mut findings: Vec<_> = failed.iter().take(NAMED).map(one).collect();
    let more = failed.len() - findings.len();
    if more > 0 {
        let noun = if more == 1 { "test" } else { "tests" };
        findings.push(finding(suite, format!("{more} more {noun} failed")).help(again()));
    }
    findings
}
