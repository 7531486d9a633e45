//! One row: what is changed, and what the gate must say about it.

use std::collections::BTreeSet;
use std::fmt;

use gate_tests::harness::{Gate, Run};

use super::super::machine::blocking;
use super::saved::Saved;
use super::workspace::complete;

/// Stages, short enough for a table.
pub(super) const PILOT: &str = "pilot";
pub(super) const CONTROLLED: &str = "controlled";
pub(super) const BROAD: &str = "broad";

/// What refuses a row.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expected {
    /// The check with this id blocks the stage, exit code 1, 3 or 4.
    Blocks(&'static str),
    /// The gate ends with this code and judges nothing.
    Ends(i32),
    /// `cargo gate verify` finds it, and the stage is refused because of [`Expected::Blocks`] of this check.
    Unverified,
}

/// An attempt to be READY with something that is wrong.
pub(super) struct Row {
    pub(super) what: String,
    pub(super) stage: &'static str,
    expected: Expected,
    committed: bool,
    arguments: Vec<&'static str>,
    variables: Vec<(String, String)>,
    apply: Box<dyn Fn(&Gate) + Send>,
}

/// A change that is committed, and the check that refuses it.
pub(super) fn row(
    what: impl Into<String>,
    stage: &'static str,
    check: &'static str,
    apply: impl Fn(&Gate) + Send + 'static,
) -> Row {
    let first = gate_checks::find(check).map(|check| check.blocks_at.name());
    Row {
        what: what.into(),
        // Many checks only warn at the first stage.
        stage: if stage == PILOT { first.unwrap_or(stage) } else { stage },
        expected: Expected::Blocks(check),
        committed: true,
        arguments: Vec::new(),
        variables: Vec::new(),
        apply: Box::new(apply),
    }
}

/// A variable that is set while the gate runs, and the check that refuses it.
pub(super) fn variable(name: &str, value: &str, stage: &'static str, check: &'static str) -> Row {
    let mut row = row(format!("set `{name}={value}`"), stage, check, |_| {}).uncommitted();
    row.variables.push((name.to_owned(), value.to_owned()));
    row
}

impl Row {
    /// It stays as it is in the work tree, or is below the target directory.
    pub(super) fn uncommitted(mut self) -> Self {
        self.committed = false;
        self
    }

    /// The gate judges nothing and ends with this code.
    pub(super) fn ends(mut self, code: i32) -> Self {
        self.expected = Expected::Ends(code);
        self
    }

    /// `cargo gate verify` is asked instead of a stage.
    pub(super) fn unverified(mut self) -> Self {
        self.expected = Expected::Unverified;
        self.committed = false;
        self
    }

    /// This is done as well.
    pub(super) fn then(mut self, more: impl Fn(&Gate) + Send + 'static) -> Self {
        let apply = self.apply;
        self.apply = Box::new(move |gate| {
            apply(gate);
            more(gate);
        });
        self
    }

    /// With this argument.
    pub(super) fn with(mut self, argument: &'static str) -> Self {
        self.arguments.push(argument);
        self
    }

    /// With this variable.
    pub(super) fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// Whether what is expected is a refusal.
    pub(super) fn refuses(&self) -> bool {
        match self.expected {
            Expected::Blocks(check) => {
                check.starts_with("suite.") || gate_checks::ALL.iter().any(|known| known.id == check)
            }
            Expected::Ends(code) => (2..=4).contains(&code),
            Expected::Unverified => true,
        }
    }

    fn attempt(self, gate: &Gate) -> Attempted {
        (self.apply)(gate);
        if self.committed {
            gate.commit(&self.what);
        }
        let mut command = gate.gate_command();
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        match self.expected {
            Expected::Unverified => command.args(["verify", "--message-format", "json"]),
            Expected::Blocks(_) | Expected::Ends(_) => command.args([self.stage, "--message-format", "json"]),
        };
        let needs_suites = |check: &str| check.starts_with("suite.") || check == "redaction.audit";
        if matches!(self.expected, Expected::Blocks(check) if needs_suites(check))
            && !self.arguments.contains(&"--no-suites")
        {
            // New content alone holds suites back at later stages.
            command.arg("--keep-going");
        }
        let run = gate.finish(command.args(&self.arguments));
        Attempted { row: self, run }
    }
}

/// A row and what became of it.
pub(super) struct Attempted {
    row: Row,
    run: Run,
}

impl Attempted {
    fn report(&self) -> Option<serde_json::Value> {
        serde_json::from_str(&self.run.stdout).ok()
    }

    /// Ids of the checks that block, apart from those that only wait for others.
    fn blocking(&self) -> BTreeSet<String> {
        let Some(report) = self.report().filter(|report| report["checks"].is_array()) else {
            return BTreeSet::new();
        };
        let checks = report["checks"].as_array().into_iter().flatten();
        let unjudged = checks.filter(|check| {
            let waits = check["reason"]["code"] == "blocked_by";
            (check["outcome"] == "not_run" || check["outcome"] == "error") && !waits
        });
        let unjudged = unjudged.filter_map(|check| check["id"].as_str());
        blocking(&report)
            .into_iter()
            .chain(unjudged)
            .map(str::to_owned)
            .collect()
    }

    /// What is wrong about the refusal, if anything.
    pub(super) fn complaint(&self) -> Option<String> {
        let decided = self.report().map(|report| report["decision"].to_string());
        let ready = decided.is_some_and(|decision| decision.contains("READY") && decision != "\"NOT_READY\"");
        let refused = match self.row.expected {
            Expected::Blocks(check) => matches!(self.run.code, Some(1 | 3 | 4)) && self.blocking().contains(check),
            Expected::Ends(code) => self.run.code == Some(code),
            Expected::Unverified => self.run.code == Some(1),
        };
        (ready || !refused).then(|| format!("{self}\n{}", shortened(&self.run)))
    }
}

/// The reasons of a report; the whole output where there is no report.
fn shortened(run: &Run) -> String {
    match serde_json::from_str::<serde_json::Value>(&run.stdout) {
        Ok(report) if report["checks"].is_array() => {
            let checks = report["checks"].as_array().into_iter().flatten();
            let said = checks.filter(|check| check["outcome"] != "pass").map(|check| {
                let findings = check["findings"].as_array().into_iter().flatten();
                let messages: Vec<&str> = findings.filter_map(|finding| finding["message"].as_str()).collect();
                let reason = check["reason"]["message"].as_str().unwrap_or_default();
                format!("    {} {}: {reason}{messages:?}", check["id"], check["outcome"])
            });
            said.collect::<Vec<_>>().join("\n") + "\n" + &run.stderr
        }
        _ => run.to_string(),
    }
}

impl fmt::Display for Attempted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Row { what, stage, .. } = &self.row;
        let code = self
            .run
            .code
            .map_or_else(|| "a signal".to_owned(), |code| code.to_string());
        match self.row.expected {
            Expected::Blocks(check) => {
                let blocking: Vec<String> = self.blocking().into_iter().collect();
                write!(f, "{what} | {stage} | {check} | exit {code}: {}", blocking.join(", "))
            }
            Expected::Ends(expected) => write!(f, "{what} | {stage} | exit {expected} | exit {code}"),
            Expected::Unverified => write!(f, "{what} | verify | exit 1 | exit {code}"),
        }
    }
}

/// Attempts one row after the other in one workspace, which is put back after each and READY for every stage at the end.
pub(super) fn attempt_all(rows: Vec<Row>) -> Vec<Attempted> {
    let gate = complete();
    let base = gate.workspace().parent().expect("a directory above").to_owned();
    let mut saved = Saved::of(&base);
    let mut attempted = Vec::new();
    for row in rows {
        attempted.push(row.attempt(&gate));
        saved.restore();
    }
    for stage in [PILOT, CONTROLLED, BROAD] {
        let run = gate.run([stage]);
        assert_eq!(run.code, Some(0), "everything was put back: {run}");
    }
    attempted
}
