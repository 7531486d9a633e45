//! What the output of a test command says, whichever runner wrote it.

use gate_report::{TestResult, TestStatus};

/// Counts and tests read from the output of one command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tests {
    /// Tests in the order of the output, as far as their lines could be told from noise.
    pub tests: Vec<TestResult>,
    /// Tests that passed, flaky ones included; from the summaries.
    pub passed: u64,
    /// Tests that failed, crashed or timed out; from the summaries.
    pub failed: u64,
    /// Tests that were ignored, skipped or filtered out; from the summaries.
    pub skipped: u64,
    /// Tests that were planned and not run, because an earlier one failed.
    pub not_run: u64,
    /// Test binaries that started and never reported; `""` where the output does not name them.
    pub unfinished: Vec<String>,
    /// What a filter in the configuration of the runner leaves out, in words: `2 tests by \`profile.default.default-filter\``.
    pub filtered: Option<String>,
    /// Tests that an argument of libtest left out.
    pub filtered_out: u64,
    /// What did not run because it passed in an earlier run, in words: `2 tests`.
    pub passed_before: Option<String>,
    /// Full names of tests that ran into their time limit and count as passed, because the runner is configured so.
    pub cut_short: Vec<String>,
    /// Summaries that were read. Without one, nothing was understood.
    pub summaries: u64,
}

impl Tests {
    /// Tests that ran.
    pub fn ran(&self) -> u64 {
        self.passed.saturating_add(self.failed)
    }

    /// Tests with this status, in order.
    pub fn with_status(&self, status: TestStatus) -> impl Iterator<Item = &TestResult> {
        self.tests.iter().filter(move |test| test.status == status)
    }

    /// Adds what another part of the same output says.
    #[must_use]
    pub fn merged(mut self, other: Tests) -> Tests {
        self.tests.extend(other.tests);
        self.passed = self.passed.saturating_add(other.passed);
        self.failed = self.failed.saturating_add(other.failed);
        self.skipped = self.skipped.saturating_add(other.skipped);
        self.not_run = self.not_run.saturating_add(other.not_run);
        self.unfinished.extend(other.unfinished);
        self.filtered = self.filtered.or(other.filtered);
        self.filtered_out = self.filtered_out.saturating_add(other.filtered_out);
        self.passed_before = self.passed_before.or(other.passed_before);
        self.cut_short.extend(other.cut_short);
        self.summaries = self.summaries.saturating_add(other.summaries);
        self
    }
}
