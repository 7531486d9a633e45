//! What a decision leaves out, and what would unblock it.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

/// A surface outside the claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bound {
    /// What is excluded, in words.
    pub surface: String,
    /// Why.
    pub reason: String,
    /// Risk label: `low`, `medium` or `high`.
    pub risk: String,
}

/// One thing that would unblock the stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnblockStep {
    /// The check it would satisfy.
    pub check: String,
    /// One command or edit.
    pub action: String,
}
