//! Groups of checks and suites, in the order in which they are evaluated.

use std::fmt;

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Dimension;

/// What kind of question a check or a suite answers. The order is that of evaluation: an answer of a later group is worth
/// nothing while an earlier one says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// What is judged is what it claims to be: inputs, configuration, authority, secrets.
    Integrity,
    /// Whether dependencies may be used: sources, advisories, licences.
    Supply,
    /// Results are right, and the same wherever they are computed.
    Equivalence,
    /// It is fast enough, and not slower than before.
    Performance,
    /// It keeps working, observably, under load and faults.
    Resilience,
    /// Authors and users can work with it: documents, style, interfaces that stay.
    Ergonomics,
    /// Decisions have a name and a date.
    Governance,
}

impl Group {
    /// All groups in their order.
    pub const ALL: [Group; 7] = [
        Group::Integrity,
        Group::Supply,
        Group::Equivalence,
        Group::Performance,
        Group::Resilience,
        Group::Ergonomics,
        Group::Governance,
    ];

    /// Name as it stands in `gate.toml`, plans and reports.
    pub fn name(self) -> &'static str {
        match self {
            Group::Integrity => "integrity",
            Group::Supply => "supply",
            Group::Equivalence => "equivalence",
            Group::Performance => "performance",
            Group::Resilience => "resilience",
            Group::Ergonomics => "ergonomics",
            Group::Governance => "governance",
        }
    }

    /// The group of a dimension.
    pub fn of_dimension(dimension: Dimension) -> Self {
        match dimension {
            Dimension::Contract
            | Dimension::Control
            | Dimension::Integrity
            | Dimension::Platform
            | Dimension::Privacy
            | Dimension::Reproducibility => Group::Integrity,
            Dimension::Correctness | Dimension::Determinism => Group::Equivalence,
            Dimension::Performance => Group::Performance,
            Dimension::Observability | Dimension::Reliability => Group::Resilience,
            Dimension::Governance => Group::Governance,
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_ordered_as_they_are_evaluated() {
        assert!(Group::ALL.is_sorted());
        for group in Group::ALL {
            let json = serde_json::to_value(group).expect("a name");
            assert_eq!(json, group.name());
        }
    }
}
