//! What can be wrong, and what that means.

use serde::Serialize;

/// The answer of a verification. Ordered by severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Everything fits.
    Verified,
    /// Nothing contradicts, but something is missing, so that not everything could be checked.
    Incomplete,
    /// Something was altered.
    Tampered,
}

impl Status {
    /// The word as written in reports.
    pub fn name(self) -> &'static str {
        match self {
            Status::Verified => "VERIFIED",
            Status::Incomplete => "INCOMPLETE",
            Status::Tampered => "TAMPERED",
        }
    }
}

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The file it is about, relative to the gate directory (or to the run directory that was given), `/`-separated.
    pub file: String,
    /// Its kind.
    pub kind: ProblemKind,
    /// What does not fit, in sentence case without a final full stop.
    pub message: String,
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            kind,
            message: message.into(),
        }
    }
}

/// Kind of a [`Problem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// A file no longer has the hash that was recorded for it.
    Edited,
    /// A recorded file, a run directory or the history is not there.
    Missing,
    /// A file that no hash was recorded for.
    UnlistedFile,
    /// A file cannot be understood.
    Damaged,
    /// A file does not have the form in which it is written.
    NotCanonical,
    /// Two files contradict each other.
    Contradiction,
    /// The decision is not what its checks add up to.
    WrongDecision,
    /// A chain hash does not follow from what it covers, or a run does not follow the one before it.
    BrokenChain,
    /// A run is finished, but its history line or `latest` lags behind: a run was killed; the next one completes it.
    Interrupted,
    /// A run directory that no history line names.
    UnrecordedRun,
    /// `latest` names another run than the newest.
    WrongLatest,
    /// The run that an anchor stands for is not part of the history.
    AnchorMissing,
    /// The run has no audit of what it publishes, and one can be added.
    NoAudit,
    /// The decision must be signed and is not.
    Unsigned,
    /// The signature of the decision proves nothing.
    WrongSignature,
    /// The file was written by a newer version of the tool.
    NewerVersion,
}

impl ProblemKind {
    /// What a problem of this kind makes of the answer.
    pub fn status(self) -> Status {
        match self {
            ProblemKind::Missing
            | ProblemKind::Interrupted
            | ProblemKind::NoAudit
            | ProblemKind::Unsigned
            | ProblemKind::NewerVersion => Status::Incomplete,
            _ => Status::Tampered,
        }
    }
}
