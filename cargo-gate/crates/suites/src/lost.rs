//! Failures that an output names although the command succeeded: `cargo test | tee log` and `cargo test || true` lose the
//! status, and a summary that follows may be of another run.

use super::{libtest, nextest};

/// Errors of cargo after which its own status is never 0.
const FATAL: [&str; 4] = [
    "could not compile ",
    "test failed, to rerun pass ",
    "doctest failed, to rerun pass ",
    "test run failed",
];

/// Looks for lines that only a failure writes.
#[derive(Debug, Default)]
pub(super) struct Lost {
    first: Option<String>,
}

impl Lost {
    /// Takes one line without its end and without escape sequences.
    pub(super) fn line(&mut self, line: &str) {
        if self.first.is_none() && names_failure(line) {
            self.first = Some(line.trim().to_owned());
        }
    }

    /// The first such line.
    pub(super) fn finish(self) -> Option<String> {
        self.first
    }
}

/// The lines of tests count from the left margin: nextest indents what tests print.
fn names_failure(line: &str) -> bool {
    if let Some((name, end)) = line.strip_prefix("test ").and_then(|line| line.split_once(" ... ")) {
        return !name.is_empty() && libtest::status(end) == Some(gate_report::TestStatus::Failed);
    }
    line.starts_with("test result: FAILED. ")
        || nextest::Summary::parse(line).is_some_and(|summary| summary.failed > 0)
        || line
            .strip_prefix("error: ")
            .is_some_and(|error| FATAL.iter().any(|fatal| error.starts_with(fatal)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_only_a_failure_writes_are_found() {
        for line in [
            "test tests::a ... FAILED",
            "test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "     Summary [   0.083s] 3/9 tests run: 1 passed, 2 failed, 1 skipped",
            "error: could not compile `demo` (lib test) due to 1 previous error",
            "error: test failed, to rerun pass `--lib`",
        ] {
            assert!(names_failure(line), "{line}");
        }
        for line in [
            "test tests::a ... ok",
            "    test tests::a ... FAILED",
            "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "  TRY 1 FAIL [   0.076s] demo tests::flaky",
            "error: something that a test expects",
        ] {
            assert!(!names_failure(line), "{line}");
        }
    }
}
