//! What a suite measured.

use schemars::JsonSchema;
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

/// What a benchmark of a suite showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BenchmarkResult {
    /// Name of the benchmark.
    pub name: String,
    /// Unit of its median: `ns` for times, `bytes` for sizes, else as the benchmark says.
    pub unit: String,
    /// Samples, all rounds together.
    pub samples: u64,
    /// Their median.
    pub median: Real,
    /// Their median absolute deviation from it.
    pub mad: Real,
    /// Median of the reference that was measured in the same run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Real>,
    /// Median over that of the reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<Real>,
    /// Lower end of the 95 % interval of what is judged: of the ratio where there is a reference, else of the median.
    pub low: Real,
    /// Upper end of the same interval.
    pub high: Real,
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
    /// It cannot be told: too few samples, too much noise, or a limit inside of the interval.
    Undecided,
    /// It has none.
    Unlimited,
}
