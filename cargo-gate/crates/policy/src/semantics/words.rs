//! The words of `[[kernels.semantics]]`: how backends compute.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How results are compared with the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Comparison {
    /// The same bits; any NaN is as good as another.
    Bitwise,
    /// At most a stated number of units in the last place apart.
    Ulp,
    /// At most a stated absolute or relative error.
    Tolerance,
}

/// How operations are rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    /// To the nearest number, ties to even: the default of IEEE 754.
    NearestEven,
    /// Some in one direction.
    Directed,
    /// Some are approximate.
    Approximate,
    /// Nothing is promised.
    Unspecified,
}

/// When a product and a sum are rounded once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fma {
    /// Never.
    Never,
    /// In the kernels of `fma-kernels`, where the source says so.
    Explicit,
    /// Wherever the compiler likes.
    Contracted,
}

/// What becomes of subnormal numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Denormals {
    /// They are numbers like others.
    Kept,
    /// They are taken for zero.
    Flushed,
    /// Nothing is promised.
    Unspecified,
}

/// In which order a reduction adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReductionOrder {
    /// The same for every run, number of threads and machine.
    Fixed,
    /// Another one from run to run.
    Unspecified,
}

/// What a sort does with equal keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SortStability {
    /// They stay in their order.
    Stable,
    /// They come in any order.
    Unstable,
    /// Nothing is sorted there.
    None,
}

/// What becomes of NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NanRule {
    /// A NaN among the operands gives a NaN, of any payload.
    Propagated,
    /// A NaN is passed over where there is a number.
    Ignored,
    /// Each kernel says what becomes of it.
    PerKernel,
    /// Nothing is promised.
    Unspecified,
}

/// In what backends may differ.
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
