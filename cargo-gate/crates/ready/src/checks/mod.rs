//! The seven checks, in their fixed order.

mod config;
mod contamination;
mod contract;
mod hash_chain;
mod metrics;
mod privacy;
mod regression;
mod reproducibility;

use gate_base::error::Result;
use serde_json::{Map, Value};

use crate::report::{CheckReport, Status};
use crate::run::Run;

/// What a check found.
pub(crate) struct Verdict {
    status: Status,
    message: String,
    details: Map<String, Value>,
}

impl Verdict {
    fn new(status: Status, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            details: Map::new(),
        }
    }

    fn pass(message: impl Into<String>) -> Self {
        Self::new(Status::Pass, message)
    }

    fn warn(message: impl Into<String>) -> Self {
        Self::new(Status::Warn, message)
    }

    fn fail(message: impl Into<String>) -> Self {
        Self::new(Status::Fail, message)
    }

    fn skipped(message: impl Into<String>) -> Self {
        Self::new(Status::Skipped, message)
    }

    fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// The verdict on several problems: the worst of them, the first of those in the message and all in the details.
    fn of(problems: Vec<(Status, String)>, prefix: &str, fine: impl Into<String>) -> Self {
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

/// A check of a run; an error is one of the tool, and no verdict.
type Check = fn(&Run<'_>) -> Result<Verdict>;

const CHECKS: [(&str, Check); 7] = [
    ("contract_integrity", contract::check),
    ("hash_chain", hash_chain::check),
    ("privacy_safety", privacy::check),
    ("contamination_risk", contamination::check),
    ("regression_risk", regression::check),
    ("config_sanity", config::check),
    ("reproducibility", reproducibility::check),
];

/// Runs all checks.
///
/// # Errors
/// A file that is there cannot be read.
pub(crate) fn all(run: &Run<'_>) -> Result<Vec<CheckReport>> {
    CHECKS
        .iter()
        .map(|(name, check)| {
            let Verdict {
                status,
                message,
                details,
            } = check(run)?;
            Ok(CheckReport {
                name: (*name).to_owned(),
                status,
                message,
                details,
            })
        })
        .collect()
}
