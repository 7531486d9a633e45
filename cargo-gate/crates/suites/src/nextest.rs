//! Output of `cargo nextest run`, in its human form.
//!
//! Format: `nextest-runner/src/reporter/displayer` in nextest-rs/nextest. A status is right-aligned to column 12, then
//! come the time in brackets, the binary id and the name of the test. The output of a failed test is indented by four
//! columns, so it cannot be taken for a status line unless capturing is off. The summary line has the counts.

use std::collections::{BTreeMap, BTreeSet};

use gate_report::{TestResult, TestStatus};

use super::outcome::Tests;

/// Statuses of tests that ran into their time limit and passed; in a list of slow tests, with `SLOW+` in front.
const CUT_SHORT: [&str; 3] = ["TIMEOUT-PASS", "TMPASS", "SLOW+TMPASS"];

/// Reads lines as they come.
#[derive(Debug, Default)]
pub struct Nextest {
    done: Tests,
    current: Option<Run>,
    /// What a filter in the configuration of nextest leaves out, as it says it.
    filtered: Option<String>,
    /// What it leaves out because it passed before.
    passed_before: Option<String>,
}

/// One run, from its start line to the next one.
#[derive(Debug, Default)]
struct Run {
    tests: BTreeMap<(String, String), TestStatus>,
    /// Tests that ran into their time limit and passed.
    cut_short: BTreeSet<(String, String)>,
    summary: Option<Summary>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Summary {
    planned: u64,
    pub(super) ran: u64,
    passed: u64,
    pub(super) failed: u64,
    skipped: u64,
}

impl Nextest {
    /// Takes one line without its end and without escape sequences. Says whether it is inside a run: then it is not
    /// output of another runner.
    pub fn line(&mut self, line: &str) -> bool {
        if line.starts_with(" Nextest run ID ") {
            self.end_run();
            self.current = Some(Run::default());
            return true;
        }
        for reason in skipped(line) {
            match reason {
                Skipped::Filtered(what) => self.filtered.get_or_insert(what),
                Skipped::PassedBefore(what) => self.passed_before.get_or_insert(what),
            };
        }
        let Some(run) = &mut self.current else {
            return false;
        };
        if let Some(summary) = Summary::parse(line) {
            // With capturing off a test may print one; nextest's own comes last.
            run.summary = Some(summary);
        } else if let Some((status, binary, name)) = status_line(line) {
            if cut_short(line) {
                run.cut_short.insert((binary.to_owned(), name.to_owned()));
            }
            // A retry overrides what was said before; the lines after the summary repeat it.
            let slot = run.tests.entry((binary.to_owned(), name.to_owned()));
            slot.and_modify(|known| *known = followed_by(*known, status))
                .or_insert(status);
        }
        true
    }

    /// The output goes on with something else: what follows is not part of the run.
    pub fn leave(&mut self) {
        if self.current.as_ref().is_some_and(|run| run.summary.is_some()) {
            self.end_run();
        }
    }

    /// What the whole output says.
    pub fn finish(mut self) -> Tests {
        self.end_run();
        self.done.filtered = self.filtered;
        self.done.passed_before = self.passed_before;
        self.done
    }

    fn end_run(&mut self) {
        let Some(run) = self.current.take() else {
            return;
        };
        let cut_short = run.cut_short.into_iter();
        self.done
            .cut_short
            .extend(cut_short.map(|(binary, name)| format!("{binary} {name}")));
        let tests = run.tests.into_iter().map(|((binary, name), status)| TestResult {
            binary,
            name,
            status,
            message: None,
        });
        let mut tests: Vec<_> = tests.collect();
        let done = &mut self.done;
        match run.summary {
            None => done.unfinished.push(String::new()),
            Some(summary) => {
                done.passed = done.passed.saturating_add(summary.passed);
                done.failed = done.failed.saturating_add(summary.failed);
                done.skipped = done.skipped.saturating_add(summary.skipped);
                done.not_run = done.not_run.saturating_add(summary.planned.saturating_sub(summary.ran));
                done.summaries += 1;
                summary.drop_contradictions(&mut tests);
            }
        }
        done.tests.extend(tests);
    }
}

/// Why tests did not run.
enum Skipped {
    /// A filter in the configuration leaves them out.
    Filtered(String),
    /// They passed in an earlier run (`--rerun`).
    PassedBefore(String),
}

/// `    Starting 2 tests across 1 binary (3 tests skipped, including 2 tests that already passed, and 1 test via
/// profile.default.default-filter)`; a filter of an override is `default-filter in profile.default.overrides`.
fn skipped(line: &str) -> Vec<Skipped> {
    let said = line
        .strip_prefix("    Starting ")
        .and_then(|rest| rest.split_once(" ("));
    let Some(said) = said.and_then(|(_, said)| said.strip_suffix(')')) else {
        return Vec::new();
    };
    let said = said.rsplit_once(", including ").map_or(said, |(_, said)| said);
    let reasons = said.split(", and ").filter_map(|part| {
        if let Some(tests) = part.strip_suffix(" that already passed") {
            return Some(Skipped::PassedBefore(tests.to_owned()));
        }
        let (tests, filter) = part.split_once(" via ")?;
        let tests = tests.strip_suffix(" skipped").unwrap_or(tests);
        filter
            .contains("default-filter")
            .then(|| Skipped::Filtered(format!("{tests} by `{filter}`")))
    });
    reasons.collect()
}

/// Whether a status line is of a test that ran into its time limit and passed: `on-timeout = "pass"`.
fn cut_short(line: &str) -> bool {
    let status = line.get(..12).unwrap_or_default();
    status.split_ascii_whitespace().any(|word| CUT_SHORT.contains(&word))
}

/// What is known of a test after a later line about it.
fn followed_by(known: TestStatus, later: TestStatus) -> TestStatus {
    match (known, later) {
        (TestStatus::Failed | TestStatus::Flaky, TestStatus::Passed) => TestStatus::Flaky,
        _ => later,
    }
}

impl Summary {
    /// `     Summary [   6.328s] 3/9 tests run: 6 passed (1 flaky, 1 leaky), 2 failed, 1 timed out, 1 skipped`
    pub(super) fn parse(line: &str) -> Option<Self> {
        let (_, rest) = line.strip_prefix("     Summary [")?.split_once("] ")?;
        let (run, counts) = rest.split_once(" run: ")?;
        let numbers = run.strip_suffix(" tests").or_else(|| run.strip_suffix(" test"))?;
        let (ran, planned) = numbers.split_once('/').unwrap_or((numbers, numbers));
        let mut this = Self {
            ran: ran.parse().ok()?,
            planned: planned.parse().ok()?,
            ..Self::default()
        };
        for part in outside_parentheses(counts).split(',') {
            let (number, what) = part.trim().split_once(' ')?;
            let slot = match what.trim() {
                "passed" => &mut this.passed,
                "skipped" => &mut this.skipped,
                // `failed`, `exec failed`, `timed out`, and whatever else a later nextest tells apart.
                _ => &mut this.failed,
            };
            *slot = slot.checked_add(number.parse().ok()?)?;
        }
        (this.passed.checked_add(this.failed) == Some(this.ran)).then_some(this)
    }

    fn drop_contradictions(self, tests: &mut Vec<TestResult>) {
        let groups: [(&[TestStatus], u64); 3] = [
            (&[TestStatus::Passed, TestStatus::Flaky], self.passed),
            (&[TestStatus::Failed], self.failed),
            (&[TestStatus::Skipped], self.skipped),
        ];
        for (of, most) in groups {
            if tests.iter().filter(|test| of.contains(&test.status)).count() as u64 > most {
                tests.retain(|test| !of.contains(&test.status));
            }
        }
    }
}

/// `6 passed (1 flaky, 1 leaky), 2 failed` without what is in parentheses.
fn outside_parentheses(text: &str) -> String {
    let mut depth = 0_usize;
    text.chars()
        .filter(|c| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => return depth == 0,
            }
            false
        })
        .collect()
}

/// `  TRY 2 PASS [   0.005s] (3/9) demo::bin/demo tests::in_main`: status, binary id and name of a test that ended.
pub(super) fn status_line(line: &str) -> Option<(TestStatus, &str, &str)> {
    let (status, rest) = line.split_at_checked(12)?;
    let (time, rest) = rest.strip_prefix(" [")?.split_once("] ")?;
    let mut words = status.split_ascii_whitespace();
    let mut word = words.next()?;
    if word == "TRY" {
        words.next()?.parse::<u32>().ok()?;
        word = words.next()?;
    }
    let status = match word {
        "SKIP" => TestStatus::Skipped,
        // A test that is still running, about to be tried again, or a script that is not a test.
        "SLOW" | "TRMNTG" | "START" | "RETRY" | "DELAY" | "SETUP" | "KILLING" => return None,
        "PASS" | "LEAK" => TestStatus::Passed,
        _ if CUT_SHORT.contains(&word) => TestStatus::Passed,
        "FLAKY" => TestStatus::Flaky,
        // FAIL, TIMEOUT, TMT, ABORT, SIGSEGV, SEGV, XFAIL, FLKY-FL and whatever else a later nextest tells apart.
        _ if word
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"-+#".contains(&byte)) =>
        {
            TestStatus::Failed
        }
        _ => return None,
    };
    let blank = time.trim().is_empty();
    let seconds = time
        .trim_start()
        .strip_suffix('s')
        .is_some_and(|time| time.parse::<f64>().is_ok());
    // What did not run has no time.
    if !(seconds || blank && status == TestStatus::Skipped) {
        return None;
    }
    let rest = match rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((counter, rest)) if counter.contains('/') => rest.trim_start(),
        _ => rest,
    };
    let (binary, name) = rest.split_once(' ')?;
    (!binary.is_empty() && !name.is_empty()).then_some((status, binary, name))
}
