//! Why a release does not go on.

use gate_base::error::Error;

/// What ends a release early.
#[derive(Debug)]
pub enum Stop {
    /// What was found does not permit the release.
    Refused(Vec<Reason>),
    /// A step could not be carried out.
    Failed(Error),
}

/// Something that does not permit a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// What it is, in sentence case without a final full stop.
    pub message: String,
    /// One command or edit that removes it.
    pub help: String,
}

/// The result of a step.
pub type Result<T> = std::result::Result<T, Stop>;

impl Reason {
    /// A reason with what removes it.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
        }
    }
}

impl Stop {
    /// A refusal for one reason.
    pub fn refused(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Refused(vec![Reason::new(message, help)])
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}
