//! Drift: checkboxes of documents against what the checks that they name have shown.
//!
//! A box is held against computed outcomes, never the other way round: nothing that somebody ticked makes a check pass.

use gate_base::stage::Stage;
use gate_contract::{CheckInfo, Phase};
use gate_policy::{SuitePolicy, similar};
use gate_report::{CheckReport, Outcome, SUITES_LEFT_OUT};
use gate_text::markdown::tasks::{Gate, Task, tasks};

/// What boxes are held against.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// Checks that were judged.
    pub outcomes: &'a [CheckReport],
    /// The stage at which they were.
    pub stage: Stage,
    /// The built-in checks.
    pub checks: &'a [CheckInfo],
    /// The suites that the policy declares.
    pub suites: &'a [SuitePolicy],
}

/// What the evidence says about a box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Everything it names passes, so it is to be ticked.
    Shown,
    /// Something it names does not pass, so it is not to be ticked; what, in words.
    Refuted(String),
    /// There is no evidence at hand; why, in words.
    Unknown(String),
    /// It names no check.
    Unnamed,
}

/// What is wrong with a box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drift {
    /// It is ticked, and what it names does not pass.
    Early(String),
    /// It is not ticked, and everything that it names passes.
    Late(String),
    /// It is ticked, and a part of it (at this position) is not.
    OpenPart(usize),
    /// It is ticked, and neither it nor its parts name a check.
    NoEvidence,
    /// A check that it names is none, at this place among those that it names; the message and what to do.
    Unknown(usize, String, String),
}

/// A box with what is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The box.
    pub task: Task,
    /// What the evidence says.
    pub verdict: Verdict,
    /// What is wrong with it.
    pub drift: Vec<Drift>,
}

impl Judged {
    /// Whether evidence sets the box, and how. A box is not touched where a check that it names is unknown.
    fn wanted(&self) -> Option<bool> {
        if self.drift.iter().any(|drift| matches!(drift, Drift::Unknown(..))) {
            return None;
        }
        match self.verdict {
            Verdict::Shown => Some(true),
            Verdict::Refuted(_) => Some(false),
            Verdict::Unknown(_) | Verdict::Unnamed => None,
        }
    }
}

/// Holds every box of a document against the evidence.
pub fn judge(text: &str, evidence: Evidence<'_>) -> Vec<Judged> {
    let mut all: Vec<Judged> = tasks(text).into_iter().map(|task| evidence.judge_alone(task)).collect();
    for position in 0..all.len() {
        let parts: Vec<usize> = (position + 1..all.len())
            .filter(|part| all[*part].task.parent == Some(position))
            .collect();
        let judged = &all[position];
        if judged.task.ticked {
            let open = parts.iter().find(|part| !all[**part].task.ticked);
            let evident = !judged.task.gates.is_empty() || !parts.is_empty();
            let drift = match open {
                Some(part) => Some(Drift::OpenPart(*part)),
                None if !evident => Some(Drift::NoEvidence),
                None => None,
            };
            all[position].drift.extend(drift);
        } else if parts.iter().any(|part| !all[*part].task.ticked) {
            // What it names may pass; as long as a part is open, it is not done.
            all[position].drift.retain(|drift| !matches!(drift, Drift::Late(_)));
        }
    }
    all
}

/// The document with every box that evidence sets, and the positions of those that changed. A box with an open part is
/// unticked, the innermost first.
pub fn corrected(text: &str, judged: &[Judged]) -> (String, Vec<usize>) {
    let mut ticked: Vec<bool> = judged
        .iter()
        .map(|one| one.wanted().unwrap_or(one.task.ticked))
        .collect();
    // Parts come after what they are a part of.
    for position in (0..judged.len()).rev() {
        if let (false, Some(parent)) = (ticked[position], judged[position].task.parent) {
            ticked[parent] = false;
        }
    }
    let mut text = text.to_owned();
    let mut changed = Vec::new();
    for (position, one) in judged.iter().enumerate() {
        if one.task.ticked != ticked[position] {
            text = gate_text::markdown::tasks::with_box(&text, &one.task, ticked[position]);
            changed.push(position);
        }
    }
    (text, changed)
}

impl Evidence<'_> {
    fn judge_alone(&self, task: Task) -> Judged {
        let mut drift = Vec::new();
        let mut verdict = if task.gates.is_empty() {
            Verdict::Unnamed
        } else {
            Verdict::Shown
        };
        let mut shown = Vec::new();
        for (at, gate) in task.gates.iter().enumerate() {
            match self.gate(gate) {
                Err((message, help)) => drift.push(Drift::Unknown(at, message, help)),
                Ok((stage, one)) => {
                    shown.push(format!("`{}` passes at {stage}", gate.id));
                    // What is refuted stays so, whatever else is unknown.
                    match (&verdict, one) {
                        (Verdict::Shown, worse) => verdict = worse,
                        (Verdict::Unknown(_), refuted @ Verdict::Refuted(_)) => verdict = refuted,
                        _ => {}
                    }
                }
            }
        }
        if drift.is_empty() {
            match &verdict {
                Verdict::Refuted(why) if task.ticked => drift.push(Drift::Early(why.clone())),
                Verdict::Shown if !task.ticked => drift.push(Drift::Late(shown.join(" and "))),
                _ => {}
            }
        }
        Judged { task, verdict, drift }
    }

    /// The stage that a box means, and what is known there; or why the check that it names is none.
    fn gate(&self, gate: &Gate) -> Result<(Stage, Verdict), (String, String)> {
        let id = gate.id.as_str();
        let Some(default) = self.blocks_at(id) else {
            let help = match similar(id, self.ids().iter().map(String::as_str)) {
                Some(meant) => format!("write `{meant}`"),
                None => "`cargo gate status` lists the checks".to_owned(),
            };
            return Err((format!("unknown check `{id}`"), help));
        };
        let stage = match &gate.stage {
            None => default,
            Some(written) => written.parse().map_err(|_| {
                (
                    format!("unknown stage `{written}`"),
                    "write `@pilot`, `@controlled` or `@broad`".to_owned(),
                )
            })?,
        };
        let Some(report) = self.outcomes.iter().find(|report| report.id == id) else {
            let derived = self.find(id).is_some_and(|check| check.phase != Phase::Evidence);
            let verdict = if derived {
                return Err((
                    format!("`{id}` is judged after the checkboxes, so no checkbox can depend on it"),
                    "list the checks behind it".to_owned(),
                ));
            } else if stage > self.stage {
                Verdict::Unknown(format!("`{id}` is judged at {stage}"))
            } else {
                Verdict::Refuted(format!("`{id}` does not apply here"))
            };
            return Ok((stage, verdict));
        };
        let outcome = report.outcome_at(stage);
        Ok((stage, self.of_outcome(id, stage, outcome, report)))
    }

    fn of_outcome(&self, id: &str, stage: Stage, outcome: Outcome, report: &CheckReport) -> Verdict {
        if outcome.passes() {
            return Verdict::Shown;
        }
        let code = report.reason.as_ref().map_or("", |reason| reason.code.as_str());
        match code {
            SUITES_LEFT_OUT => Verdict::Unknown(format!("`{id}` has no fresh evidence")),
            "blocked_by" => Verdict::Unknown(format!("`{id}` was held back by another check")),
            _ => Verdict::Refuted(match outcome {
                Outcome::Fail => format!("`{id}` fails at {stage}"),
                Outcome::NotRun => format!("`{id}` did not run"),
                Outcome::Inconclusive => format!("`{id}` is inconclusive"),
                _ => format!("`{id}` ended in an error"),
            }),
        }
    }

    /// The stage at which a check blocks unless a policy says otherwise; `None` when there is no such check.
    fn blocks_at(&self, id: &str) -> Option<Stage> {
        if let Some(check) = self.find(id) {
            return Some(check.blocks_at);
        }
        if self.suites.is_empty() {
            return (id == gate_suites::DEFAULT_ID).then_some(Stage::Pilot);
        }
        let suite = self.suites.iter().find(|suite| gate_suites::check_id(suite) == id)?;
        Some(suite.stage)
    }

    fn find(&self, id: &str) -> Option<&CheckInfo> {
        self.checks.iter().find(|check| check.id == id)
    }

    fn ids(&self) -> Vec<String> {
        let builtin = self.checks.iter().map(|check| check.id.to_owned());
        let declared = self.suites.iter().map(gate_suites::check_id);
        let default = self.suites.is_empty().then(|| gate_suites::DEFAULT_ID.to_owned());
        builtin.chain(declared).chain(default).collect()
    }
}

#[cfg(test)]
mod tests;
