//! Counts tests while they run, for people who wait. The verdict is [`libtest`]'s and [`nextest`]'s, which believe less.

use std::collections::HashSet;

use gate_evidence::event::TestCount;
use gate_report::TestStatus;

use super::{libtest, nextest};

/// Counts line by line. What a test prints may look like the line of a test; the next summary corrects that.
#[derive(Debug, Default)]
pub(super) struct Counter {
    /// As the summaries have it, of everything that ended.
    settled: TestCount,
    /// As the lines since then have it.
    running: TestCount,
    /// Tests of nextest that failed so far: a retry may still pass.
    failed: HashSet<String>,
    /// Behind its summary, nextest repeats the lines of failed tests.
    repeats: bool,
}

impl Counter {
    /// Takes a line; returns the count if it changed.
    pub(super) fn line(&mut self, line: &str) -> Option<TestCount> {
        let before = self.count();
        if line.starts_with(" Nextest run ID ") {
            self.repeats = false;
        } else if let Some(summary) = libtest::Summary::parse(line) {
            self.settle(summary.ended(), summary.failed);
        } else if let Some(summary) = nextest::Summary::parse(line) {
            self.settle(summary.ran, summary.failed);
            self.repeats = true;
        } else if let Some(announced) = libtest::announced_tests(line).or_else(|| started(line)) {
            self.running.announced = self.running.announced.saturating_add(announced);
        } else if !self.repeats {
            self.test(line);
        }
        let now = self.count();
        (now != before).then_some(now)
    }

    fn count(&self) -> TestCount {
        self.settled.plus(self.running)
    }

    fn settle(&mut self, done: u64, failed: u64) {
        let announced = done;
        self.settled = self.settled.plus(TestCount {
            done,
            failed,
            announced,
        });
        self.running = TestCount::default();
        self.failed.clear();
    }

    fn test(&mut self, line: &str) {
        let running = &mut self.running;
        if let Some((status, binary, name)) = nextest::status_line(line) {
            let name = format!("{binary} {name}");
            match status {
                TestStatus::Failed if self.failed.insert(name.clone()) => {
                    running.done += 1;
                    running.failed += 1;
                }
                TestStatus::Failed | TestStatus::Skipped => {}
                TestStatus::Passed | TestStatus::Flaky if self.failed.remove(&name) => {
                    running.failed = running.failed.saturating_sub(1);
                }
                TestStatus::Passed | TestStatus::Flaky => running.done += 1,
            }
        } else if let Some((_, end)) = line.strip_prefix("test ").and_then(|line| line.split_once(" ... "))
            && let Some(status) = libtest::status(end)
        {
            running.done += 1;
            running.failed += u64::from(status == TestStatus::Failed);
        }
    }
}

/// `    Starting 42 tests across 3 binaries (2 tests skipped)`, as nextest says it.
fn started(line: &str) -> Option<u64> {
    let (number, rest) = line.strip_prefix("    Starting ")?.split_once(' ')?;
    rest.starts_with("test").then(|| number.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is counted after each line that changes it: done, failed and announced.
    fn counts(text: &str) -> Vec<(u64, u64, u64)> {
        let mut counter = Counter::default();
        let counts = text.lines().filter_map(|line| counter.line(line));
        counts
            .map(|count| (count.done, count.failed, count.announced))
            .collect()
    }

    #[test]
    fn libtest_is_counted_as_it_runs_and_settled_by_its_summaries() {
        let text = "running 3 tests\ntest a ... ok\ntest noise ... ok\ntest b ... FAILED\n\
                    test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
                    running 1 test\ntest c ... ignored\n";
        assert_eq!(
            counts(text),
            [(0, 0, 3), (1, 0, 3), (2, 0, 3), (3, 1, 3), (3, 1, 4), (4, 1, 4)]
        );
    }

    #[test]
    fn nextest_is_counted_once_for_each_test() {
        let text = " Nextest run ID x with nextest profile: default\n    Starting 2 tests across 1 binary (1 test skipped)\n\
        \u{20}       SKIP [         ] demo::it skipped\n        PASS [   0.005s] demo::it a\n  TRY 1 FAIL [   0.005s] demo::it b\n\
        \u{20} TRY 2 PASS [   0.005s] demo::it b\n        SLOW [> 60.000s] demo::it c\n\
        \u{20}    Summary [   6.328s] 2 tests run: 2 passed (1 flaky), 1 skipped\n   FLAKY 2/2 [   0.005s] demo::it b\n";
        assert_eq!(counts(text), [(0, 0, 2), (1, 0, 2), (2, 1, 2), (2, 0, 2)]);
    }
}
