//! Output of `cargo test` and of libtest harnesses, in its human form.
//!
//! Format: `library/test/src/formatters/pretty.rs` in rust-lang/rust. A binary prints `running N tests`, one line per
//! test, the output of failed ones under `failures:`, their names under a second `failures:`, and `test result:` with
//! counts. cargo puts `Running … (path)` or `Doc-tests name` before each. Tests may print anything in between, so a
//! summary is believed only where its counts add up to the number announced, and lines of tests only where they do not
//! contradict the summary.

use gate_report::{TestResult, TestStatus};

use super::outcome::Tests;

/// Deepest nesting of groups that is followed; a harness never nests, only noise does.
const MAX_NESTING: usize = 64;

/// Reads lines as they come.
#[derive(Debug, Default)]
pub struct Libtest {
    done: Tests,
    /// Binary that cargo announced last.
    binary: String,
    /// Where the binaries are that cargo announced.
    programs: Vec<String>,
    /// Groups of this binary that have started and not ended. The first is the harness; the others are output of its
    /// tests that looks like a harness, or what follows a harness that crashed without cargo saying so.
    open: Vec<Group>,
    /// Groups of this binary that have ended.
    closed: Vec<(Group, Summary)>,
}

/// What follows one `running N tests`.
#[derive(Debug, Default)]
struct Group {
    announced: u64,
    /// Number of closed groups when it started: later ones are output of its tests.
    closed_before: usize,
    tests: Vec<(String, TestStatus)>,
    /// A test whose line has started; its output and then its status follow.
    pending: Option<String>,
    /// Inside the sections that repeat the output of tests.
    failures: bool,
    /// Names under the latest `failures:`.
    failed: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Summary {
    passed: u64,
    pub(super) failed: u64,
    ignored: u64,
    filtered: u64,
}

impl Libtest {
    /// Takes one line without its end and without escape sequences.
    pub fn line(&mut self, line: &str) {
        if let Some((program, is_path)) = announced_program(line) {
            self.end_binary();
            self.binary = binary_name(program);
            self.programs.extend(is_path.then(|| program.to_owned()));
        } else if let Some(name) = line.strip_prefix("   Doc-tests ") {
            self.end_binary();
            self.binary = format!("{name} (doc-tests)");
        } else if let Some(summary) = Summary::parse(line) {
            self.summary(summary);
        } else if self.open.last().is_some_and(|group| group.failures) {
            self.in_group(line);
        } else if let Some(announced) = announced_tests(line) {
            if self.open.len() < MAX_NESTING {
                self.open.push(Group {
                    announced,
                    closed_before: self.closed.len(),
                    ..Group::default()
                });
            }
        } else {
            self.in_group(line);
        }
    }

    /// Takes the paths of the binaries that cargo said it runs, as it wrote them.
    pub(super) fn take_programs(&mut self) -> Vec<String> {
        std::mem::take(&mut self.programs)
    }

    /// What the whole output says.
    pub fn finish(mut self) -> Tests {
        self.end_binary();
        self.done
    }

    fn in_group(&mut self, line: &str) {
        if let Some(group) = self.open.last_mut() {
            group.line(line);
        }
    }

    fn summary(&mut self, summary: Summary) {
        if let Some(at) = self.open.iter().rposition(|group| summary.counts(group.announced)) {
            // What ended inside this group was output of its tests; what only started there was a line that looked like
            // a header, and the lines after it belong to this group.
            let mut nested = self.open.split_off(at).into_iter();
            let mut group = nested.next().unwrap_or_default();
            for noise in nested {
                group.tests.extend(noise.tests);
                if !noise.failed.is_empty() {
                    group.failed = noise.failed;
                }
            }
            self.closed.truncate(group.closed_before);
            self.closed.push((group, summary));
        } else if let Some(at) = self
            .closed
            .iter()
            .rposition(|(group, _)| summary.counts(group.announced))
        {
            // The earlier summary was output of a failed test: the harness itself speaks last.
            self.closed.truncate(at + 1);
            self.closed[at].1 = summary;
            self.open.retain(|group| group.closed_before <= at);
        }
    }

    fn end_binary(&mut self) {
        let results = |binary: &str, tests: Vec<(String, TestStatus)>| {
            let binary = binary.to_owned();
            tests.into_iter().map(move |(name, status)| TestResult {
                binary: binary.clone(),
                name,
                status,
                message: None,
            })
        };
        let done = &mut self.done;
        for (group, summary) in self.closed.drain(..) {
            done.passed = done.passed.saturating_add(summary.passed);
            done.failed = done.failed.saturating_add(summary.failed);
            done.skipped = done
                .skipped
                .saturating_add(summary.ignored)
                .saturating_add(summary.filtered);
            done.filtered_out = done.filtered_out.saturating_add(summary.filtered);
            done.summaries += 1;
            done.tests.extend(results(&self.binary, group.believable(summary)));
        }
        for group in self.open.drain(..) {
            done.unfinished.push(self.binary.clone());
            done.tests.extend(results(&self.binary, group.tests));
        }
    }
}

impl Group {
    fn line(&mut self, line: &str) {
        if line == "failures:" || line == "successes:" {
            self.failures = true;
            self.failed.clear();
        } else if self.failures {
            match line.strip_prefix("    ") {
                Some(name) => self.failed.push(test_name(name).to_owned()),
                None if line.is_empty() => {}
                None => self.failed.clear(),
            }
        } else if let Some((name, rest)) = line.strip_prefix("test ").and_then(|line| line.split_once(" ... ")) {
            let name = test_name(name).to_owned();
            match status(rest) {
                Some(status) => self.tests.push((name, status)),
                None => self.pending = Some(name),
            }
        } else if let Some(status) = status(line)
            && let Some(name) = self.pending.take()
        {
            self.tests.push((name, status));
        }
    }

    /// The tests that do not contradict the summary.
    fn believable(self, summary: Summary) -> Vec<(String, TestStatus)> {
        let Group { mut tests, failed, .. } = self;
        if !failed.is_empty() && failed.len() as u64 == summary.failed {
            // The list at the end is written after all tests, so that none of them can disturb it.
            tests.retain(|(name, status)| *status != TestStatus::Failed && !failed.contains(name));
            tests.extend(failed.into_iter().map(|name| (name, TestStatus::Failed)));
        }
        for (of, most) in [
            (TestStatus::Passed, summary.passed),
            (TestStatus::Failed, summary.failed),
            (TestStatus::Skipped, summary.ignored),
        ] {
            if tests.iter().filter(|(_, status)| *status == of).count() as u64 > most {
                tests.retain(|(_, status)| *status != of);
            }
        }
        tests
    }
}

impl Summary {
    /// `test result: FAILED. 6 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.08s`
    pub(super) fn parse(line: &str) -> Option<Self> {
        let rest = line.strip_prefix("test result: ")?;
        let rest = rest.strip_prefix("ok. ").or_else(|| rest.strip_prefix("FAILED. "))?;
        let mut this = Self::default();
        let mut seen = 0;
        for part in rest.split("; ") {
            let mut words = part.split(' ');
            let (Some(number), Some(what)) = (words.next(), words.next()) else {
                continue;
            };
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            let slot = match what {
                "passed" | "measured" => &mut this.passed,
                "failed" => &mut this.failed,
                "ignored" => &mut this.ignored,
                "filtered" => &mut this.filtered,
                _ => continue,
            };
            *slot = slot.checked_add(number)?;
            seen += 1;
        }
        (seen >= 3).then_some(this)
    }

    /// Tests that ended or were passed over, all of which the harness announced.
    pub(super) fn ended(self) -> u64 {
        self.passed.saturating_add(self.failed).saturating_add(self.ignored)
    }

    /// Whether these are the counts of a harness that announced so many tests.
    fn counts(self, announced: u64) -> bool {
        let sum = self
            .passed
            .checked_add(self.failed)
            .and_then(|sum| sum.checked_add(self.ignored));
        sum == Some(announced)
    }
}

/// `running 8 tests`
pub(super) fn announced_tests(line: &str) -> Option<u64> {
    let (number, word) = line.strip_prefix("running ")?.split_once(' ')?;
    matches!(word, "test" | "tests").then(|| number.parse().ok()).flatten()
}

/// `     Running unittests src/lib.rs (target/debug/deps/demo-8348ca7a80742723)` or `   Doc-tests demo`: cargo aligns
/// its words to column 12, and what tests print is not taken for it unless it does the same. Other tools say without
/// parentheses what they run, which need not be a path.
fn announced_program(line: &str) -> Option<(&str, bool)> {
    let rest = line
        .strip_prefix("     Running ")
        .filter(|rest| !rest.starts_with('`'))?;
    match rest.split_once(" (") {
        Some((_, path)) => Some((path.strip_suffix(')')?, true)),
        None => Some((rest, false)),
    }
}

/// Its name without the hash that cargo adds.
pub(super) fn binary_name(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let name = name.strip_suffix(".exe").unwrap_or(name);
    let name = match name.rsplit_once('-') {
        Some((stem, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => stem,
        _ => name,
    };
    name.to_owned()
}

/// The name without what libtest and rustdoc add to it.
fn test_name(name: &str) -> &str {
    [" - should panic", " - compile fail", " - compile"]
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(name)
}

pub(super) fn status(text: &str) -> Option<TestStatus> {
    let is = |word: &str| {
        text.strip_prefix(word)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(" <") || rest.starts_with(" ("))
    };
    if is("ok") || text.starts_with("bench: ") {
        Some(TestStatus::Passed)
    } else if is("FAILED") {
        Some(TestStatus::Failed)
    } else if is("ignored") || text.starts_with("ignored, ") {
        Some(TestStatus::Skipped)
    } else {
        None
    }
}
