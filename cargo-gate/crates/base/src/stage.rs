//! Rollout stages, ordered and cumulative.

use std::fmt;
use std::str::FromStr;

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rollout level of a workspace. A later stage includes every requirement of the earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// First use in one service or internal tool.
    Pilot,
    /// Limited production use under guardrails.
    Controlled,
    /// Unlimited production use.
    Broad,
}

impl Stage {
    /// All stages, earliest first.
    pub const ALL: [Stage; 3] = [Stage::Pilot, Stage::Controlled, Stage::Broad];

    /// Name as written on the command line and in every report.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Pilot => "pilot",
            Stage::Controlled => "controlled",
            Stage::Broad => "broad",
        }
    }

    /// The stage that must have been entered before this one.
    pub fn predecessor(self) -> Option<Stage> {
        match self {
            Stage::Pilot => None,
            Stage::Controlled => Some(Stage::Pilot),
            Stage::Broad => Some(Stage::Controlled),
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Stage {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        Stage::ALL
            .into_iter()
            .find(|stage| stage.name() == s)
            .ok_or_else(|| format!("unknown stage `{s}`; the stages are pilot, controlled and broad"))
    }
}
