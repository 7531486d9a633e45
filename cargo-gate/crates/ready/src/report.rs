//! What readiness found: one status for each check, the worst for all of them, and how it is told.

use std::fmt::Write as _;

use gate_base::exit;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How a check ended, from best to worst. What could not be judged is no pass: it counts like a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// It was judged, and holds.
    Pass,
    /// There was nothing to judge; the message says what is missing.
    Skipped,
    /// Somebody should look at it.
    Warn,
    /// It must not be deployed.
    Fail,
    /// The check could not be carried out: that is no verdict, and no pass.
    Error,
}

impl Status {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Status::Pass => "PASS",
            Status::Skipped => "SKIPPED",
            Status::Warn => "WARN",
            Status::Fail => "FAIL",
            Status::Error => "ERROR",
        }
    }
}

/// One of the seven checks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckReport {
    /// Its id: `hash_chain`.
    pub name: String,
    /// How it ended.
    pub status: Status,
    /// What it found, in sentence case without a final full stop.
    pub message: String,
    /// What the message rests on.
    pub details: Map<String, Value>,
}

impl CheckReport {
    /// The name for people: `Hash Chain`.
    pub fn title(&self) -> String {
        let mut title = String::with_capacity(self.name.len());
        for (at, word) in self.name.split('_').enumerate() {
            if at > 0 {
                title.push(' ');
            }
            let mut letters = word.chars();
            title.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            title.push_str(letters.as_str());
        }
        title
    }
}

/// How many checks ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// All of them.
    pub total_checks: usize,
    /// Those that passed.
    pub passed: usize,
    /// Those that warn, and those that had nothing to judge.
    pub warnings: usize,
    /// Those that failed, and those that could not be carried out.
    pub failed: usize,
}

/// The verdict on a run directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The run that was judged.
    pub run_id: String,
    /// The worst status of the checks; `WARN` where something was skipped.
    pub overall_status: Status,
    /// The checks, in their fixed order.
    pub checks: Vec<CheckReport>,
    /// The counts.
    pub summary: Summary,
    /// How the directory was read: `decided-run`, `hashed-run` …
    pub layout: String,
}

/// Width of the rules, in characters.
const RULE: usize = 50;

impl Report {
    /// A report on these checks.
    pub fn new(run_id: String, layout: &str, checks: Vec<CheckReport>) -> Self {
        let worst = checks.iter().map(|check| check.status).max().unwrap_or(Status::Skipped);
        let count = |status| checks.iter().filter(|check| check.status == status).count();
        Self {
            run_id,
            overall_status: if worst == Status::Skipped { Status::Warn } else { worst },
            summary: Summary {
                total_checks: checks.len(),
                passed: count(Status::Pass),
                warnings: count(Status::Warn) + count(Status::Skipped),
                failed: count(Status::Fail) + count(Status::Error),
            },
            checks,
            layout: layout.to_owned(),
        }
    }

    /// Whether the run may be deployed. A strict answer admits no warning.
    pub fn is_ready(&self, strict: bool) -> bool {
        match self.overall_status {
            Status::Pass => true,
            Status::Skipped | Status::Warn => !strict,
            Status::Fail | Status::Error => false,
        }
    }

    /// The exit code of a command that answers with this report: where a check could not be carried out, that of a failed tool.
    pub fn exit_code(&self, strict: bool) -> i32 {
        match self.overall_status {
            Status::Error => exit::TOOL_FAILED,
            _ if self.is_ready(strict) => exit::READY,
            _ => exit::NOT_READY,
        }
    }

    /// The report for people: plain text, statuses in words. What the run says of itself cannot begin a line.
    pub fn human(&self, strict: bool) -> String {
        let mut out = format!("Readiness Report for {}\n{}\n", line(&self.run_id), "=".repeat(RULE));
        let _ = writeln!(out, "Overall Status: {}", self.overall_status.name());
        let _ = writeln!(out, "Layout: {}\n", line(&self.layout));
        for check in &self.checks {
            let _ = writeln!(
                out,
                "{}\n   Status: {}\n   {}\n",
                line(&check.title()),
                check.status.name(),
                line(&check.message)
            );
        }
        let Summary {
            passed,
            warnings,
            failed,
            ..
        } = self.summary;
        let _ = writeln!(out, "{}", "-".repeat(RULE));
        let _ = writeln!(out, "Summary: {passed} passed, {warnings} warnings, {failed} failed");
        let last = match (self.overall_status, self.is_ready(strict)) {
            (Status::Pass, _) => "READY",
            (_, true) => "READY with warnings",
            (Status::Fail, false) => "NOT READY",
            (Status::Error, false) => "NOT READY: a check could not be carried out",
            (_, false) => "NOT READY: warnings count in strict mode",
        };
        let _ = writeln!(out, "{last}");
        out
    }
}

/// A text on one line: characters that end a line, move the cursor or turn the direction of reading are escaped.
fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        let is_odd = letter.is_control()
            || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if is_odd {
            out.extend(letter.escape_default());
        } else {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, status: Status) -> CheckReport {
        CheckReport {
            name: name.into(),
            status,
            message: "Seen".into(),
            details: Map::new(),
        }
    }

    #[test]
    fn the_worst_counts_and_the_summary_adds_up() {
        use Status::{Error, Fail, Pass, Skipped, Warn};
        let all = [Pass, Skipped, Warn, Fail, Error];
        for first in all {
            for second in all {
                let report = Report::new("r".into(), "hashed-run", vec![check("a", first), check("b", second)]);
                let summary = report.summary;
                assert_eq!(summary.total_checks, 2);
                assert_eq!(summary.passed + summary.warnings + summary.failed, summary.total_checks);
                let worst = first.max(second);
                let told = if worst == Skipped { Warn } else { worst };
                assert_eq!(report.overall_status, told);
                assert_eq!(report.is_ready(true), first == Pass && second == Pass);
                assert_eq!(report.is_ready(false), worst < Fail);
                let code = if worst == Error { 3 } else { i32::from(worst != Pass) };
                assert_eq!(report.exit_code(true), code);
                let json = serde_json::to_string(&report).expect("it is JSON");
                assert_eq!(serde_json::from_str::<Report>(&json).expect("it reads back"), report);
            }
        }
    }

    #[test]
    fn nothing_that_a_run_says_begins_a_line() {
        let mut failed = check("hash_chain", Status::Fail);
        failed.message = "Gone: `a\r\nREADY\u{202e}`".into();
        let report = Report::new("x\nOverall Status: PASS\u{2028}".into(), "hashed-run", vec![failed]);
        let text = report.human(true);
        assert!(
            !text.contains("\nOverall Status: PASS") && !text.contains("\nREADY"),
            "{text}"
        );
        assert!(
            text.starts_with("Readiness Report for x\\nOverall Status: PASS\\u{2028}\n"),
            "{text}"
        );
        assert!(text.contains("   Gone: `a\\r\\nREADY\\u{202e}`\n"), "{text}");
    }

    #[test]
    fn titles_are_words() {
        assert_eq!(check("hash_chain", Status::Pass).title(), "Hash Chain");
    }

    #[test]
    fn what_people_read() {
        let report = Report::new(
            "run-7".into(),
            "hashed-run",
            vec![
                check("contract_integrity", Status::Pass),
                check("hash_chain", Status::Warn),
            ],
        );
        insta::assert_snapshot!(report.human(true), @r"
        Readiness Report for run-7
        ==================================================
        Overall Status: WARN
        Layout: hashed-run

        Contract Integrity
           Status: PASS
           Seen

        Hash Chain
           Status: WARN
           Seen

        --------------------------------------------------
        Summary: 1 passed, 1 warnings, 0 failed
        NOT READY: warnings count in strict mode
        ");
    }
}
