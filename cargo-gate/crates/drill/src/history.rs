//! The history of operations that a load wrote, and what the system must have kept of it.

mod judge;

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

pub use judge::{Judgement, Violation, ViolationKind, judge};

/// What was kept is compared with what was acknowledged by these rules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// Every acknowledged pair of key and value is there, once.
    #[default]
    Set,
    /// Every key has one value: that of a write which no acknowledged write followed.
    Register,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It stores a value under a key.
    Write,
    /// It reads the value of a key.
    Read,
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was acknowledged.
    Ok,
    /// It was refused: it has no effect, now or later.
    Fail,
    /// It was not answered, or the answer was lost: it may have an effect, now or later.
    Unknown,
}

/// One operation: a line of a history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Unique in the history.
    pub id: u64,
    /// What it does.
    pub op: Action,
    /// The key; empty where the system has none.
    #[serde(default)]
    pub key: String,
    /// What was written, or what was read; absent for a read that found nothing.
    #[serde(default)]
    pub value: Option<String>,
    /// When it began, in milliseconds since any moment that is the same for the history.
    pub start: u64,
    /// When it ended or was given up.
    pub end: u64,
    /// How it ended.
    pub outcome: Outcome,
}

/// What the final read found under a key: a line of its output.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Stored {
    /// The key.
    #[serde(default)]
    pub key: String,
    /// The value.
    pub value: String,
}

impl Operation {
    /// Reads a line of a history.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &str) -> Result<Self, String> {
        let operation: Self = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if operation.end < operation.start {
            return Err(format!("operation {} ends before it begins", operation.id));
        }
        if operation.op == Action::Write && operation.value.is_none() {
            return Err(format!("operation {} writes no value", operation.id));
        }
        Ok(operation)
    }

    /// How long it took, in milliseconds.
    pub fn took(&self) -> u64 {
        self.end - self.start
    }
}

/// Reads the output of a final read.
///
/// # Errors
/// The first line that cannot be read, and why.
pub fn stored(text: &str) -> Result<Vec<Stored>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| serde_json::from_str(line).map_err(|error| format!("line {}: {error}", at + 1)))
        .collect()
}

#[cfg(test)]
mod tests;
