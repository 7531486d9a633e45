//! What a suite of equivalence showed.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use super::benchmark::Real;

/// Implementations compared over the cells of a scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Equivalence {
    /// Version of the scope, as the policy declares it.
    pub version: u64,
    /// SHA-256 of the scope.
    pub scope: String,
    /// Name of the implementation under test.
    pub implementation: String,
    /// `pass`, `fail`, `inconclusive` or `vacuous`.
    pub overall: String,
    /// What outputs were made from: commands, commits, and recorded files with their digests.
    pub inputs: Vec<String>,
    /// What it was compared with.
    pub references: Vec<EquivalenceReference>,
    /// Every cell of the plan.
    pub cells: Vec<EquivalenceCell>,
    /// Each two implementations, and in how many cells they are the same.
    pub pairs: Vec<EquivalencePair>,
    /// Combinations of values that some cell has.
    pub combinations: u64,
    /// Combinations of values that no cell can have, because exclusions leave them out.
    pub combinations_excluded: u64,
    /// Part of the cells that ran in which nothing differs from any reference.
    pub pass_rate: Real,
    /// The largest distance of two floating-point numbers, in units in the last place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_ulp: Option<u64>,
    /// Faults that were put into outputs, to see whether the comparison finds them.
    pub mutants: u64,
    /// Those that it found.
    pub mutants_found: u64,
    /// What is left out of the claim.
    pub exclusions: Vec<EquivalenceExclusion>,
    /// The risks of that.
    pub risk_labels: Vec<EquivalenceRisk>,
    /// What these cells show, and nothing beyond them.
    pub claims: Vec<String>,
}

/// What an implementation was compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EquivalenceReference {
    /// Its name.
    pub name: String,
    /// Whether it is right where references differ.
    pub oracle: bool,
    /// Why it did not run; absent where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_run: Option<String>,
}

/// A cell of the scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EquivalenceCell {
    /// Its values: `size=0,dtype=f32`.
    pub name: String,
    /// How it ended.
    pub standing: CellStanding,
    /// Number of differences that were counted.
    pub differences: u64,
    /// The largest distance in units in the last place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_ulp: Option<u64>,
    /// Faults that were put into the output of the reference.
    pub mutants: u64,
    /// Those that the comparison found.
    pub mutants_found: u64,
    /// What differs, what is missing, or which fault was not found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// How a cell ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CellStanding {
    /// Nothing differs from any reference.
    Same,
    /// Something differs.
    Different,
    /// Something differs that is known to.
    Known,
    /// The comparison misses faults, so that nothing is shown.
    Vacuous,
    /// It cannot be told: a reference failed, or gave something else each time.
    Undecided,
}

/// Two implementations that are compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EquivalencePair {
    /// One of them.
    pub first: String,
    /// The other one.
    pub second: String,
    /// Cells in which nothing differs.
    pub same: u64,
    /// Cells in which something does.
    pub different: u64,
}

/// Cells that are left out of the claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EquivalenceExclusion {
    /// Its id.
    pub id: String,
    /// The values that it leaves out.
    pub scope: String,
    /// The implementation.
    pub surface: String,
    /// How bad a difference there would be: `low`, `medium`, `high` or `critical`.
    pub risk: String,
    /// Why.
    pub note: String,
    /// Owner: a team or a person.
    pub owner: String,
    /// Last day, `YYYY-MM-DD` in UTC.
    pub until: String,
}

/// The risk of what is left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EquivalenceRisk {
    /// Id of the exclusion or the divergence.
    pub id: String,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: String,
    /// `open`, `closed` or `deferred`.
    pub status: String,
    /// Why.
    pub note: String,
    /// Item of the register that tracks it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracked_by: Option<String>,
}
