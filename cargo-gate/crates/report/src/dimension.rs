//! Dimensions of readiness.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

/// What kind of property a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Dimension {
    /// Inputs and configuration are what they claim to be.
    Contract,
    /// Same inputs, same result.
    Determinism,
    /// Who may do what: tiers, boundaries, rails.
    Control,
    /// Artifacts show what happened.
    Observability,
    /// Targets and hosts.
    Platform,
    /// Results are right.
    Correctness,
    /// It keeps working.
    Reliability,
    /// It is fast enough.
    Performance,
    /// It can be built again.
    Reproducibility,
    /// Nothing was altered.
    Integrity,
    /// Nothing leaks.
    Privacy,
    /// Decisions have a name and a date.
    Governance,
}
