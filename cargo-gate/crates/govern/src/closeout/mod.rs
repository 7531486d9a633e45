//! The closeout of a run: what was decided, what it rests on, what remains, and who goes on. Everything is derived from
//! the report of the run and the register; nothing is asserted.

pub mod draft;
mod render;

use jiff::civil::Date;
use serde::Serialize;

use gate_base::stage::Stage;
use gate_policy::{ItemKind, ItemStatus, Register, RegisterItem};
use gate_report::{CheckReport, Decision, Outcome, Report};

pub use render::{human, markdown};

/// A closeout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Closeout {
    /// The workspace.
    pub workspace: String,
    /// Day of the run, in UTC.
    pub date: String,
    /// Id of the run.
    pub run_id: String,
    /// Its stage.
    pub stage: Stage,
    /// Commit that it judged.
    pub commit: Option<String>,
    /// Its decision.
    pub decision: Decision,
    /// Whether the stage may be entered.
    pub ready: bool,
    /// Checks that let the stage pass.
    pub passed: u32,
    /// Checks that were part of the evaluation.
    pub checks: u32,
    /// Checklist items that are met, and all of them.
    pub checklist: Option<(u32, u32)>,
    /// Commands that ran or should have.
    pub commands: Vec<Line>,
    /// Checks about documents.
    pub documents: Vec<Line>,
    /// What remains although the stage may be entered.
    pub residual: Vec<Residual>,
    /// What comes next when it may not.
    pub next: Option<Next>,
    /// What the closeout lacks to be complete.
    pub missing: Vec<String>,
}

/// A check with what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Id of the check.
    pub check: String,
    /// Its command, if it has one.
    pub command: Option<String>,
    /// What came of it.
    pub result: LineResult,
    /// Why it was skipped or failed, where there is a reason.
    pub reason: Option<String>,
}

/// What came of a command or check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LineResult {
    /// It lets the stage pass.
    Pass,
    /// It does not.
    Fail,
    /// It was not run.
    Skipped,
}

impl LineResult {
    /// The word as it is written.
    pub fn name(self) -> &'static str {
        match self {
            LineResult::Pass => "PASS",
            LineResult::Fail => "FAIL",
            LineResult::Skipped => "SKIPPED",
        }
    }
}

/// Something that remains.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Residual {
    /// `exclusion`, `issue`, `risk` or `waiver`.
    pub kind: &'static str,
    /// What it is.
    pub what: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Last day on which it may remain.
    pub until: Option<String>,
}

/// What comes next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Next {
    /// One command or edit.
    pub action: Option<String>,
    /// Who does it.
    pub owner: Option<String>,
    /// By which day.
    pub target: Option<Date>,
}

impl Closeout {
    /// The closeout of a run. `next` is what the person says who closes it out; the action may be left to the report.
    pub fn of(report: &Report, register: Option<&Register>, next: Next) -> Self {
        let ready = report.decision.is_ready();
        let passes = |check: &&CheckReport| check.outcome.passes();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let mut this = Self {
            workspace: report.subject.name.clone(),
            date: report.started.get(..10).unwrap_or(&report.started).to_owned(),
            run_id: report.run_id.clone(),
            stage: report.stage,
            commit: report.subject.commit.clone(),
            decision: report.decision,
            ready,
            passed: count(report.checks.iter().filter(passes).count()),
            checks: count(report.checks.len()),
            checklist: report.checklist.as_ref().map(|list| (list.met, list.total)),
            commands: lines(report, |id| id.starts_with("suite.")),
            documents: lines(report, |id| id.starts_with("docs.") || id.starts_with("status.")),
            residual: residual(report, register),
            next: (!ready).then(|| Next {
                action: next
                    .action
                    .or_else(|| report.unblock.first().map(|step| step.action.clone())),
                ..next
            }),
            missing: Vec::new(),
        };
        this.missing = this.lacks(report);
        this
    }

    fn lacks(&self, report: &Report) -> Vec<String> {
        let mut missing = Vec::new();
        if self.commit.is_none() {
            missing.push("a commit: the workspace of the run is not under version control".to_owned());
        } else if report.subject.dirty == Some(true) {
            missing.push("a commit: the run judged uncommitted changes".to_owned());
        }
        if self.commands.is_empty() {
            missing.push("a command: no suite was part of the run".to_owned());
        }
        for residual in self.residual.iter().filter(|residual| residual.owner.is_none()) {
            if residual.kind != "exclusion" {
                missing.push(format!("an owner of the {} {}", residual.kind, residual.what));
            }
        }
        if let Some(next) = &self.next {
            if next.action.is_none() {
                missing.push("the next action: `--next-action <text>`".to_owned());
            }
            if next.owner.is_none() {
                missing.push("who does it: `--owner <name>`".to_owned());
            }
            if next.target.is_none() {
                missing.push("by when: `--target-date <day>`".to_owned());
            }
        }
        missing
    }
}

fn lines(report: &Report, wanted: impl Fn(&str) -> bool) -> Vec<Line> {
    let judged = report.checks.iter().filter(|check| wanted(&check.id)).map(|check| {
        let result = match check.outcome {
            outcome if outcome.passes() => LineResult::Pass,
            Outcome::NotRun => LineResult::Skipped,
            _ => LineResult::Fail,
        };
        let first = check.findings.iter().find(|finding| finding.is_open());
        let why = || {
            let reason = check.reason.as_ref().map(|reason| reason.message.clone());
            reason.or_else(|| first.map(|finding| finding.message.clone()))
        };
        let suite = check.evidence.as_ref().and_then(|evidence| evidence.suite.as_ref());
        Line {
            check: check.id.clone(),
            command: suite.map(|suite| suite.command.join(" ")),
            result,
            reason: (result != LineResult::Pass).then(why).flatten(),
        }
    });
    let skipped = report.not_applicable.iter().filter(|it| wanted(&it.id)).map(|it| Line {
        check: it.id.clone(),
        command: None,
        result: LineResult::Skipped,
        reason: Some(it.reason.clone()),
    });
    judged.chain(skipped).collect()
}

fn residual(report: &Report, register: Option<&Register>) -> Vec<Residual> {
    let mut residual: Vec<Residual> = Vec::new();
    for check in &report.checks {
        for (finding, waiver) in check
            .findings
            .iter()
            .filter_map(|finding| Some((finding, finding.waived.as_ref()?)))
        {
            residual.push(Residual {
                kind: "waiver",
                what: format!("`{}`: {}", check.id, finding.message),
                owner: Some(waiver.owner.clone()),
                until: Some(waiver.expires.clone()),
            });
        }
        let known: Vec<_> = check
            .findings
            .iter()
            .filter_map(|finding| finding.known.as_ref())
            .collect();
        if let Some(record) = known.first() {
            residual.push(Residual {
                kind: "known findings",
                what: format!("`{}`: {} in `{}`", check.id, known.len(), record.file),
                owner: Some(record.owner.clone()),
                until: Some(record.until.clone()),
            });
        }
    }
    for bound in &report.bounds {
        residual.push(Residual {
            kind: "exclusion",
            what: format!("{} (risk {}): {}", bound.surface, bound.risk, bound.reason),
            owner: None,
            until: None,
        });
    }
    let items = register.map(|register| register.items.as_slice()).unwrap_or_default();
    residual.extend(
        items
            .iter()
            .filter(|item| item.status != ItemStatus::Closed)
            .map(of_item),
    );
    residual.sort();
    residual.dedup();
    residual
}

fn of_item(item: &RegisterItem) -> Residual {
    let (kind, until) = match item.kind {
        ItemKind::Issue => ("issue", item.until),
        ItemKind::Risk => ("risk", item.review),
    };
    let (severity, status) = (item.severity.name(), item.status.name());
    Residual {
        kind,
        what: format!("`{}` ({severity}, {status}): {}", item.id, item.title),
        owner: item.owner.clone(),
        until: until.map(|day| day.to_string()),
    }
}

#[cfg(test)]
mod tests;
