//! The words of `[[kernels.semantics]]`: how backends compute.

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

/// How results are compared with the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// The same bits; all NaN values are equal.
    Bitwise,
    /// At most a given number of units in the last place apart.
    Ulp,
    /// At most a given absolute or relative error.
    Tolerance,
}

/// How operations are rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    /// To the nearest number, ties to even: the default of IEEE 754.
    NearestEven,
    /// Some operations round in one direction.
    Directed,
    /// Some operations are approximate.
    Approximate,
    /// No guarantee.
    Unspecified,
}

/// When products and sums are fused, with a single rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fma {
    /// Never.
    Never,
    /// In the kernels of `fma-kernels`, where the source is explicit.
    Explicit,
    /// Wherever the compiler chooses.
    Contracted,
}

/// How subnormal numbers are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Denormals {
    /// They are kept.
    Kept,
    /// They are treated as zero.
    Flushed,
    /// No guarantee.
    Unspecified,
}

/// The order in which a reduction adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReductionOrder {
    /// The same for every run, number of threads and machine.
    Fixed,
    /// It may differ from run to run.
    Unspecified,
}

/// How a sort orders equal keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SortStability {
    /// They keep their order.
    Stable,
    /// Their order is unspecified.
    Unstable,
    /// The backend does not sort.
    None,
}

/// How NaN is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NanRule {
    /// A NaN operand gives a NaN with any payload.
    Propagated,
    /// A NaN is ignored if there is a number.
    Ignored,
    /// Each kernel documents it.
    PerKernel,
    /// No guarantee.
    Unspecified,
}

/// A property in which backends may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SemanticProperty {
    /// `rounding`
    Rounding,
    /// `fma`
    Fma,
    /// `denormals`
    Denormals,
    /// `reduction-order`
    ReductionOrder,
    /// `sort`
    Sort,
    /// `nan`
    Nan,
}

impl SemanticProperty {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Rounding,
        Self::Fma,
        Self::Denormals,
        Self::ReductionOrder,
        Self::Sort,
        Self::Nan,
    ];

    /// The key of the policy.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rounding => "rounding",
            Self::Fma => "fma",
            Self::Denormals => "denormals",
            Self::ReductionOrder => "reduction-order",
            Self::Sort => "sort",
            Self::Nan => "nan",
        }
    }
}
