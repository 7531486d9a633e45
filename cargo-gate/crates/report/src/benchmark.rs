//! What a suite measured.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

/// A measured number. Two are equal when their bits are, so that evidence can be compared.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Real(pub f64);

impl PartialEq for Real {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Real {}

fn zero(count: &u64) -> bool {
    *count == 0
}

/// What a benchmark of a suite showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BenchmarkResult {
    /// Name of the benchmark.
    pub name: String,
    /// Unit of its median: `ns` for times, `bytes` for sizes, else as the benchmark says.
    pub unit: String,
    /// Samples, of all its processes together.
    pub samples: u64,
    /// Their median.
    pub median: Real,
    /// Their median absolute deviation from it.
    pub mad: Real,
    /// Median of the reference that was measured in the same run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Real>,
    /// How large it is compared with the reference: over pairs of processes the estimate of Hodges and Lehmann, in one process the
    /// ratio of the medians.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<Real>,
    /// Lower 95 % bound of what is judged: of the ratio where there is a reference, else of the median.
    pub low: Real,
    /// Upper 95 % bound of the same.
    pub high: Real,
    /// Pairs of processes, one of each side; 0 where nothing was measured in pairs.
    #[serde(default, skip_serializing_if = "zero")]
    pub pairs: u64,
    /// The ratio from which on it fails, where it is judged by one. Below 1 where larger is better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Real>,
    /// The smallest ratio that these pairs would have failed 95 times of 100, where there are enough of them to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caught: Option<Real>,
    /// What is missing where it is undecided, or why it shows nothing where it is vacuous.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Whether it keeps its limits.
    pub standing: Standing,
}

/// How a measurement stands to its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It keeps them.
    Within,
    /// It breaks one.
    Beyond,
    /// It cannot be told yet: more pairs or samples are missing.
    Undecided,
    /// However often it is repeated, it shows nothing: nothing was measured, or not the same on both sides.
    Vacuous,
    /// It has none.
    Unlimited,
}
