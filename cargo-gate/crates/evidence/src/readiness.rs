//! What a run directory by itself can say about readiness: whether it is whole, what it decided, whether what it
//! publishes was searched for secrets, and who signed it. No check runs again, and the answer says so.

use std::fs;
use std::path::Path;

use serde::Serialize;

use gate_base::error::{Error, Result};
use gate_base::stage::Stage;
use gate_report::{Decision, Outcome};

use super::signature::Signature;
use super::verify::{ProblemKind, Signers, Verification, verify_signed};
use crate::record::{DECISION, DecisionRecord, REDACTION, RedactionAudit};
use gate_base::atomic;

/// What the answer rests on, for people.
pub const JUDGED: &str = "integrity, decision, redaction and signature of the run; no check is repeated";

/// Whether a run directory is ready for what it was judged for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Whether nothing fails.
    pub ready: bool,
    /// Id of the run; absent where the decision cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// The stage that was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// What was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// The four questions, in the order in which they are asked.
    pub questions: Vec<Question>,
    /// What was not asked.
    pub limits: &'static str,
}

/// One question about a run directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Question {
    /// `integrity`, `decision`, `redaction` or `signature`.
    pub id: &'static str,
    /// `pass`, `warn` or `fail`.
    pub outcome: Outcome,
    /// The answer, in sentence case without a final full stop.
    pub message: String,
    /// The command that deals with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Question {
    fn new(id: &'static str, outcome: Outcome, message: impl Into<String>) -> Self {
        Self {
            id,
            outcome,
            message: message.into(),
            next: None,
        }
    }

    fn next(self, next: impl Into<String>) -> Self {
        Self {
            next: Some(next.into()),
            ..self
        }
    }
}

/// A run directory that is asked.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The directory of the run.
    pub directory: &'a Path,
    /// The gate directory, where the run lies in one; else the run directory itself.
    pub gate_dir: &'a Path,
    /// What the run is called on the command line, for commands that are printed.
    pub name: &'a str,
    /// Whose signature counts.
    pub signers: &'a Signers,
}

/// Asks a run directory.
///
/// # Errors
/// I/O errors other than absence, and something that is not a directory (usage).
pub fn ask(asked: &Asked<'_>) -> Result<Readiness> {
    let verification = verify_signed(asked.gate_dir, asked.directory.to_str(), None, asked.signers)?;
    let record = decision(asked.directory);
    let stage = record.as_ref().map(|record| record.stage);
    let questions = vec![
        integrity(&verification, asked),
        decided(record.as_ref()),
        redaction(asked, &verification, stage)?,
        signed(&verification, asked, stage),
    ];
    Ok(Readiness {
        ready: questions.iter().all(|question| question.outcome != Outcome::Fail),
        run_id: record.as_ref().map(|record| record.run_id.clone()),
        stage,
        decision: record.map(|record| record.decision),
        questions,
        limits: JUDGED,
    })
}

fn decision(directory: &Path) -> Option<DecisionRecord> {
    serde_json::from_slice(&fs::read(directory.join(DECISION)).ok()?).ok()
}

/// Problems that other questions are about.
fn is_asked_elsewhere(kind: ProblemKind) -> bool {
    matches!(
        kind,
        ProblemKind::NoAudit | ProblemKind::Unsigned | ProblemKind::WrongSignature
    )
}

fn integrity(verification: &Verification, asked: &Asked<'_>) -> Question {
    let mut problems = verification
        .problems
        .iter()
        .filter(|problem| !is_asked_elsewhere(problem.kind));
    match problems.next() {
        None => {
            let history = if verification.history_checked {
                "and the run is in the history"
            } else {
                "and there was no history to check against"
            };
            Question::new(
                "integrity",
                Outcome::Pass,
                format!("every file matches its record, {history}"),
            )
        }
        Some(first) => {
            let more = match problems.count() {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            let message = format!("`{}`: {}{more}", first.file, first.message);
            Question::new("integrity", Outcome::Fail, message).next(format!("cargo gate verify {}", asked.name))
        }
    }
}

fn decided(record: Option<&DecisionRecord>) -> Question {
    let Some(record) = record else {
        return Question::new("decision", Outcome::Fail, "cannot read the decision");
    };
    let (name, stage) = (record.decision.name(), record.stage);
    if record.decision.is_ready() {
        Question::new("decision", Outcome::Pass, format!("{name} for {stage}"))
    } else {
        Question::new("decision", Outcome::Fail, format!("{name} for {stage}")).next(format!("cargo gate {stage}"))
    }
}

/// What is missing is a warning at pilot, and fails from controlled on.
fn redaction(asked: &Asked<'_>, verification: &Verification, stage: Option<Stage>) -> Result<Question> {
    let path = asked.directory.join(REDACTION);
    let missing = verification
        .problems
        .iter()
        .any(|problem| problem.kind == ProblemKind::NoAudit)
        || !path.exists();
    if missing {
        let outcome = match stage {
            Some(Stage::Pilot) => Outcome::Warn,
            _ => Outcome::Fail,
        };
        return Ok(Question::new("redaction", outcome, "no redaction audit performed")
            .next(format!("cargo gate evidence ready --run {} --audit", asked.name)));
    }
    let bytes = fs::read(&path).map_err(|error| Error::io("read", &path, &error))?;
    let Ok(audit) = serde_json::from_slice::<RedactionAudit>(&bytes) else {
        return Ok(Question::new(
            "redaction",
            Outcome::Fail,
            "cannot parse the redaction audit",
        ));
    };
    let left = audit.findings.iter().filter(|finding| !finding.redacted);
    let of = |severity| left.clone().filter(|finding| finding.severity == severity).count();
    let (high, medium) = (
        of(gate_text::secrets::Severity::High),
        of(gate_text::secrets::Severity::Medium),
    );
    let noun = if audit.files_scanned == 1 { "file" } else { "files" };
    let searched = format!("{} {noun} searched", audit.files_scanned);
    let place = |finding: Option<&crate::record::RedactionFinding>| {
        finding.map_or(String::new(), |finding| {
            format!(", the first in `{}` line {}", finding.file, finding.line)
        })
    };
    let first = |severity| place(left.clone().find(|finding| finding.severity == severity));
    Ok(match (high, medium) {
        (0, 0) => Question::new("redaction", Outcome::Pass, format!("{searched}, no secrets left")),
        (0, medium) => {
            let first = first(gate_text::secrets::Severity::Medium);
            Question::new(
                "redaction",
                Outcome::Warn,
                format!("{searched}, secrets of medium severity left: {medium}{first}"),
            )
        }
        (high, _) => {
            let first = first(gate_text::secrets::Severity::High);
            let message = format!("{searched}, secrets of high severity left: {high}{first}; do not share this run");
            Question::new("redaction", Outcome::Fail, message)
        }
    })
}

fn signed(verification: &Verification, asked: &Asked<'_>, stage: Option<Stage>) -> Question {
    let signature = verification.signature.clone().unwrap_or(Signature::Absent);
    let required = stage
        .zip(asked.signers.required_from)
        .is_some_and(|(stage, first)| stage >= first);
    let outcome = match &signature {
        Signature::Invalid { .. } => Outcome::Fail,
        signature if required && !signature.counts() => Outcome::Fail,
        _ => Outcome::Pass,
    };
    let words = match (&signature, required) {
        (Signature::Absent, true) => "missing, but the policy requires one".to_owned(),
        (Signature::Absent, false) => "missing, but not required".to_owned(),
        (signature @ Signature::Partial { .. }, false) => format!("{}; none is required", signature.words()),
        (signature, _) => signature.words(),
    };
    let question = Question::new("signature", outcome, words);
    if outcome == Outcome::Fail {
        question.next(format!("cargo gate evidence sign {} --key <file>", asked.name))
    } else {
        question
    }
}

/// Searches a run that has no audit, and writes the audit beside what it searched. The hashes of the run stay as they are:
/// verification makes the audit again and compares.
///
/// # Errors
/// The run has an audit (usage), it does not verify otherwise (usage), or the audit cannot be written.
pub fn audit(asked: &Asked<'_>) -> Result<RedactionAudit> {
    let verification = verify_signed(asked.gate_dir, asked.directory.to_str(), None, asked.signers)?;
    if let Some(problem) = verification
        .problems
        .iter()
        .find(|problem| !is_asked_elsewhere(problem.kind))
    {
        return Err(Error::usage(format!(
            "the run does not verify, so nothing is added to it: `{}`: {}",
            problem.file, problem.message
        ))
        .with_help(format!("cargo gate verify {}", asked.name)));
    }
    let path = asked.directory.join(REDACTION);
    if path.exists() {
        return Err(Error::usage("the run already has a redaction audit")
            .with_help(format!("cargo gate evidence ready --run {}", asked.name)));
    }
    let audit = RedactionAudit::of_directory(asked.directory)?;
    atomic::write(&path, &audit.bytes()?)?;
    Ok(audit)
}
