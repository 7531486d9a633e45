//! `suite.test`: a command that runs tests.

mod doctests;

use std::fmt::Write as _;
use std::path::Path;

use gate_base::error::Result;
use gate_base::stage::Stage;
use gate_evidence::EvidenceResult;
use gate_evidence::event::Event;
use gate_policy::{SuiteFormat, SuitePolicy};
use gate_report::{Finding, Location, SuitePart, SuiteResult, TestResult, TestStatus};

use super::build::BuildReads;
use super::built::unknown_directory;
use super::early::{self, Early};
use super::outcome::Tests;
use super::output::{Output, Reader};
use super::panics::{Panic, Place};
use super::{
    Launch, Launched, SuiteContext, SuiteRun, check_id, default, finding, is_failure, launch_logged, left_out,
    suite_result, tool_missing,
};

/// Markdown documentation of the kind.
pub const DOCS: &str = include_str!("test.md");

/// Failing tests that get a finding of their own; the others share one.
const NAMED: usize = 5;

/// Exit code of nextest where there is nothing to run. Source: `NextestExitCode` of the crate nextest-metadata.
const NO_TESTS: i32 = 4;
/// Exit code of nextest where a test binary does not list its tests, which one without libtest's harness need not.
const NOT_LISTED: i32 = 104;

/// Says that another runner ran the tests than the one that is there.
fn not_listed() -> Finding {
    Finding::advice("cargo-nextest cannot list the tests of this workspace, so `cargo test` ran them").help(
        "a test target with `harness = false` must answer `--list --format terse`; to keep `cargo test`, declare it as \
         `[[suite.test]]` in gate.toml",
    )
}

/// Runs the suite.
pub(super) fn run(suite: &SuitePolicy, cx: &SuiteContext<'_>) -> Result<SuiteRun> {
    let run = run_once(suite, cx)?;
    // nextest runs no doctests, and a workspace may have nothing else. Only the default suite may change the runner, and run
    // another after it: a declared command is never altered.
    let default = suite.location.is_none() && suite.format == SuiteFormat::Nextest;
    let ended = run.suite.as_ref().filter(|suite| suite.passed + suite.failed == 0);
    match ended.and_then(|suite| suite.exit_code).filter(|_| default) {
        // Which part is empty says nothing of the whole.
        Some(NO_TESTS) if suite.partition.is_none() => return run_once(&default::with_cargo_test(cx.workspace), cx),
        Some(NOT_LISTED) => {
            let mut instead = run_once(&default::with_cargo_test(cx.workspace), cx)?;
            if let EvidenceResult::Findings(findings) = &mut instead.result {
                findings.push(not_listed());
            }
            return Ok(instead);
        }
        _ => {}
    }
    let judged = matches!(run.result, EvidenceResult::Findings(_));
    // Doctests are not divided: the first part has them.
    let first = suite.partition.is_none_or(|part| part.shard == 1);
    let Some(doctests) = default::doctests(cx.workspace).filter(|_| default && judged && first) else {
        return Ok(run);
    };
    let after = SuiteContext {
        log: cx.log.with_extension("doctests.log"),
        ..cx.clone()
    };
    let second = run_once(&doctests, &after)?;
    doctests::join(run, second, cx)
}

fn run_once(suite: &SuitePolicy, cx: &SuiteContext<'_>) -> Result<SuiteRun> {
    let mut reader = Reader::new(suite.format);
    let log = cx.log.clone();
    let id = check_id(suite);
    if let Some(reason) = early::redirected(suite, cx.workspace) {
        return Ok(SuiteRun {
            result: EvidenceResult::Inconclusive(reason),
            suite: None,
            log,
            reads: BuildReads::default(),
        });
    }
    let not_run = early::prepare(&cx.log)?;
    let command = Launch {
        command: &suite.command,
        split_stdout: false,
        root: None,
        environment: vec![(early::VARIABLE.into(), Some(not_run.clone().into_os_string()))],
        usage: None,
    };
    let launched = launch_logged(suite, cx, &command, &mut |line| {
        if let Some(tests) = reader.line(line) {
            cx.observer.event(&Event::Tests { id: &id, tests });
        }
    })?;
    let end = match launched {
        Launched::NotStarted(reason) => {
            return Ok(SuiteRun {
                result: EvidenceResult::NotRun(reason),
                suite: None,
                log,
                reads: BuildReads::default(),
            });
        }
        Launched::Ended(end) => end,
    };
    let mut output = reader.finish();
    let mut result = suite_result(&suite.command, &end);
    if suite.format == SuiteFormat::ExitCode && output.tests.failed == 0 {
        let passed = end.exit_code == Some(0) && !end.timed_out;
        output.tests = Tests {
            passed: u64::from(passed),
            failed: u64::from(!passed),
            summaries: 1,
            ..Tests::default()
        };
    }
    name_causes(&mut output);
    let early = early::take(&not_run)?;
    early::subtract(&mut output.tests, &early);
    let mut reads = BuildReads::default();
    let mut verdict = match &output.missing {
        Some(tool) if end.exit_code != Some(0) && output.tests.ran() == 0 => EvidenceResult::NotRun(tool_missing(tool)),
        _ => EvidenceResult::Findings(judge(suite, &result, &output, &early)),
    };
    if let EvidenceResult::Findings(findings) = &mut verdict {
        findings.extend(left_out::by_alias(suite, &output.tests, cx.workspace));
    }
    if let EvidenceResult::Findings(findings) = &mut verdict
        && !is_failure(suite, findings)
    {
        let ran = left_out::Ran {
            programs: &output.programs,
            tests: &output.tests,
        };
        findings.extend(left_out::findings(suite, &ran, cx.workspace));
    }
    if let EvidenceResult::Findings(findings) = &verdict
        && !is_failure(suite, findings)
        && let Some(reason) = unknown_directory(&output.programs, cx)
    {
        // Variables that no fingerprint holds may name the directory the next time.
        reads.unknown = Some(reason.message.clone());
        verdict = EvidenceResult::Inconclusive(reason);
    }
    result.passed = output.tests.passed;
    result.failed = output.tests.failed;
    result.skipped = output.tests.skipped;
    result.tests = output.tests.tests;
    result.part = suite.partition.map(|partition| SuitePart {
        partition,
        min_tests: suite.min_tests,
    });
    Ok(SuiteRun {
        result: verdict,
        suite: Some(result),
        log,
        reads,
    })
}

/// What is wrong with a run, most telling first.
fn judge(suite: &SuitePolicy, end: &SuiteResult, output: &Output, early: &[Early]) -> Vec<Finding> {
    let tests = &output.tests;
    let succeeded = end.exit_code == Some(0);
    let mut findings = Vec::new();
    if end.timed_out {
        let limit = suite.timeout.as_secs();
        findings.push(
            finding(suite, format!("the suite timed out after {limit} s (timed_out)")).help(
                "raise `timeout` of the suite in gate.toml, or look for the hanging test at the end of the \
                     log",
            ),
        );
    }
    findings.extend(failed_tests(suite, output));
    for binary in &tests.unfinished {
        let what = if binary.is_empty() {
            "a test binary".to_owned()
        } else {
            format!("the test binary `{binary}`")
        };
        if !end.timed_out {
            findings.push(
                finding(suite, format!("{what} started but never reported a result"))
                    .help("look for a crash or an early exit at the end of its part of the log"),
            );
        }
    }
    // nextest fails where there is nothing to run; that there is nothing says more than its exit code.
    let nothing_to_run = output
        .error
        .as_ref()
        .is_some_and(|error| error.message == "no tests to run");
    if findings.is_empty() && !succeeded && !(nothing_to_run && tests.summaries > 0 && tests.ran() == 0) {
        findings.push(command_failed(suite, end, output));
    }
    if findings.is_empty()
        && let Some(line) = &output.failure
    {
        findings.push(
            finding(
                suite,
                format!(
                    "the command succeeded, but its output names a failure: `{}`",
                    line.replace('`', "'")
                ),
            )
            .help("keep the status of the runner: no `|| true`, and `set -o pipefail` in front of a pipe"),
        );
    }
    // A library without doctests lacks nothing; a suite that somebody declared without a least number is told.
    if findings.is_empty() && (suite.min_tests > 0 || suite.location.is_some()) && !nothing_documented(suite, tests) {
        findings.extend(too_few(suite, tests));
    }
    if findings.is_empty() && tests.not_run > 0 {
        findings.push(
            finding(suite, format!("{} planned tests were not run", tests.not_run))
                .help("add --no-fail-fast to the command"),
        );
    }
    findings.extend(left_out(suite, tests, early));
    for test in tests.with_status(TestStatus::Flaky) {
        findings.push(
            Finding::advice(format!("`{}` passed only on a retry", full_name(test)))
                .help(run_alone(suite, test))
                .because(suite.location.clone()),
        );
    }
    findings
}

/// Tests that exist and did not run, for a reason that the command does not show.
fn left_out(suite: &SuitePolicy, tests: &Tests, early: &[Early]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(filtered) = &tests.filtered {
        let message = format!("the configuration of nextest leaves out {filtered}");
        let mut found = finding(suite, message).help(
            "add --ignore-default-filter to the command, or run these tests in a suite of their own with a filter on its \
             command line",
        );
        // At pilot the filter may be what makes the rest usable.
        found.blocks_at = found.blocks_at.map(|stage| stage.max(Stage::Controlled));
        findings.push(found);
    }
    if let Some(tests) = &tests.passed_before {
        let message = format!("{tests} did not run, because an earlier run had passed them");
        findings.push(
            finding(suite, message).help("remove `--rerun` from the command: what passed may have changed since"),
        );
    }
    if let Some(first) = tests.cut_short.first() {
        let message = match tests.cut_short.len() - 1 {
            0 => format!("`{first}` ran into its time limit, and counts as passed"),
            1 => format!("`{first}` and 1 more test ran into their time limits, and count as passed"),
            more => format!("`{first}` and {more} more tests ran into their time limits, and count as passed"),
        };
        let mut found = finding(suite, message).help(
            "in the configuration of nextest, remove `on-timeout = \"pass\"`, or raise the limit; a search without an end is a suite of its \
             own, with `required = false`",
        );
        found.blocks_at = found.blocks_at.map(|stage| stage.max(Stage::Controlled));
        findings.push(found);
    }
    let advice = |message: String| Finding::advice(message).because(suite.location.clone());
    findings.extend(early.iter().take(NAMED).map(|test| advice(test.shown())));
    match early.len().saturating_sub(NAMED) {
        0 => {}
        1 => findings.push(advice("1 more test ended early and was not run".to_owned())),
        more => findings.push(advice(format!("{more} more tests ended early and were not run"))),
    }
    findings
}

/// The panic that a test failed by. With one name in two binaries there is no telling whose it was.
fn panic_of<'o>(output: &'o Output, test: &TestResult) -> Option<&'o Panic> {
    let named = output.tests.with_status(TestStatus::Failed);
    let alone = named.filter(|other| other.name == test.name).count() == 1;
    output.panics.get(&test.name)?.as_ref().filter(|_| alone)
}

/// Writes into each failed test what its panic said.
fn name_causes(output: &mut Output) {
    let failed = |test: &TestResult| test.status == TestStatus::Failed;
    let causes: Vec<Option<String>> = output
        .tests
        .tests
        .iter()
        .map(|test| {
            let said = failed(test).then(|| panic_of(output, test)).flatten();
            said.map(|panic| panic.message.clone()).filter(|said| !said.is_empty())
        })
        .collect();
    for (test, cause) in output.tests.tests.iter_mut().zip(causes) {
        test.message = cause;
    }
}

fn failed_tests(suite: &SuitePolicy, output: &Output) -> Vec<Finding> {
    let tests = &output.tests;
    let failed: Vec<_> = tests.with_status(TestStatus::Failed).collect();
    let mut findings: Vec<_> = failed
        .iter()
        .take(NAMED)
        .map(|test| {
            let mut found = finding(suite, format!("`{}` failed", full_name(test))).help(run_alone(suite, test));
            found.detail.clone_from(&test.message);
            at(found, panic_of(output, test).map(|panic| panic.place.clone()))
        })
        .collect();
    let total = tests.failed.max(failed.len() as u64);
    let more = total - findings.len() as u64;
    let by_status = suite.format == SuiteFormat::ExitCode && tests.tests.is_empty() && tests.ran() == 1;
    if more > 0 && !by_status {
        let noun = if more == 1 { "test" } else { "tests" };
        let message = if findings.is_empty() {
            format!("{more} {noun} failed; the output does not name them")
        } else {
            format!("{more} more {noun} failed")
        };
        findings.push(finding(suite, message).help(rerun(suite)));
    }
    findings
}

/// No test failed, and still the command did.
fn command_failed(suite: &SuitePolicy, end: &SuiteResult, output: &Output) -> Finding {
    let mut message = match (end.exit_code, end.signal) {
        (Some(code), _) => format!("`{}` exited with code {code}", end.command.join(" ")),
        (None, Some(signal)) => format!("`{}` was killed by signal {signal}", end.command.join(" ")),
        (None, None) => format!("`{}` did not exit", end.command.join(" ")),
    };
    let mut place = None;
    match &output.error {
        Some(error) => {
            // Writing to a string cannot fail.
            let _ = write!(message, ": {}", error.message);
            place = error.place.clone();
        }
        None if output.tests.ran() > 0 => message.push_str(" although every test passed"),
        None => {}
    }
    at(finding(suite, message).help(rerun(suite)), place)
}

/// A finding with its place. An absolute path is outside the workspace, in a dependency.
fn at(found: Finding, place: Option<Place>) -> Finding {
    match place.filter(|(path, ..)| !Path::new(path).is_absolute()) {
        Some((path, line, column)) => found.at(Location {
            column: Some(column),
            ..Location::line(path, line)
        }),
        None => found,
    }
}

/// Whether a suite of doctests ran none because there are none. A filter may hide some.
fn nothing_documented(suite: &SuitePolicy, tests: &Tests) -> bool {
    let has = |wanted: &str| suite.command.iter().any(|word| word == wanted);
    suite.min_tests == 0 && has("--doc") && !has("--") && tests.summaries > 0 && tests.ran() + tests.skipped == 0
}

/// The command succeeded, but is it evidence?
fn too_few(suite: &SuitePolicy, tests: &Tests) -> Option<Finding> {
    let ran = tests.ran();
    let is_part = suite.partition.is_some();
    if tests.summaries == 0 {
        return Some(
            finding(suite, "the output contains no summary of a test run")
                .help("declare `format = \"exit-code\"` if the command runs neither libtest nor nextest"),
        );
    }
    // How many tests all parts ran is known when they are merged.
    if is_part {
        return None;
    }
    if ran == 0 {
        let why = match tests.skipped {
            0 => "none were found".to_owned(),
            1 => "the only one is ignored or filtered out".to_owned(),
            skipped => format!("all {skipped} are ignored or filtered out"),
        };
        return Some(
            finding(suite, format!("no tests ran: {why} (suite_empty)"))
                .help("add a `#[test]`, or correct the filter in `command` of the suite in gate.toml"),
        );
    }
    (ran < suite.min_tests).then(|| {
        finding(
            suite,
            format!("{ran} of at least {} expected tests ran", suite.min_tests),
        )
        .help("restore the missing tests, or lower `min-tests` of the suite in gate.toml")
    })
}

fn full_name(test: &TestResult) -> String {
    if test.binary.is_empty() {
        test.name.clone()
    } else {
        format!("{} {}", test.binary, test.name)
    }
}

/// A command that runs one test alone.
fn run_alone(suite: &SuitePolicy, test: &TestResult) -> String {
    if suite.command.iter().any(|word| word == "nextest") {
        // A binary id tells equal names apart; `package::target` and `package` are its spellings.
        return format!(
            "cargo nextest run -E \"binary_id(={}) & test(={})\"",
            test.binary, test.name
        );
    }
    if suite.command.first().is_some_and(|program| program == "cargo") {
        if test.binary.ends_with(" (doc-tests)") {
            return format!("cargo test --doc -- {}", word(&test.name));
        }
        return format!("cargo test -- --exact {}", word(&test.name));
    }
    rerun(suite)
}

/// A name as one word of a command line: in double quotation marks where it needs some, since `cmd` knows no others.
fn word(name: &str) -> String {
    if name.chars().all(|c| c.is_alphanumeric() || "_:-.".contains(c)) {
        name.to_owned()
    } else {
        format!("\"{name}\"")
    }
}

fn rerun(suite: &SuitePolicy) -> String {
    format!("cargo gate suite {}", suite.name)
}

#[cfg(test)]
mod tests;
