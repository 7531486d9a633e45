//! What one check found.

use serde_json::{Map, Value};

use crate::report::Status;

/// One thing that is wrong.
pub(crate) type Problem = (Status, String);

/// A problem that fails.
pub(crate) fn fail(message: impl Into<String>) -> Problem {
    (Status::Fail, message.into())
}

/// A problem that warns.
pub(crate) fn warn(message: impl Into<String>) -> Problem {
    (Status::Warn, message.into())
}

/// What a check found.
#[derive(Debug, Clone)]
pub(crate) struct Verdict {
    pub(crate) status: Status,
    pub(crate) message: String,
    pub(crate) details: Map<String, Value>,
}

impl Verdict {
    pub(crate) fn new(status: Status, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            details: Map::new(),
        }
    }

    pub(crate) fn pass(message: impl Into<String>) -> Self {
        Self::new(Status::Pass, message)
    }

    pub(crate) fn warn(message: impl Into<String>) -> Self {
        Self::new(Status::Warn, message)
    }

    pub(crate) fn fail(message: impl Into<String>) -> Self {
        Self::new(Status::Fail, message)
    }

    pub(crate) fn skipped(message: impl Into<String>) -> Self {
        Self::new(Status::Skipped, message)
    }

    pub(crate) fn error(message: impl Into<String>) -> Self {
        Self::new(Status::Error, message)
    }

    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// The verdict on several problems: the worst of them, the first of those in the message and all in the details.
    pub(crate) fn of(problems: &[Problem], prefix: &str, fine: impl Into<String>) -> Self {
        let Some(worst) = problems.iter().map(|(status, _)| *status).max() else {
            return Verdict::pass(fine);
        };
        let first = problems
            .iter()
            .find(|(status, _)| *status == worst)
            .map_or("", |(_, message)| message);
        let more = match problems.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let message = format!("{prefix}{first}{more}");
        let all: Vec<Value> = problems.iter().map(|(_, message)| message.as_str().into()).collect();
        Verdict::new(worst, message).with("problems", all)
    }
}
