//! How backends compute: rounding, contraction, subnormal numbers, order, NaN. And how parameters cross, and where PTX comes from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

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

/// How a backend computes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawSemantics {
    /// The backend.
    #[schemars(length(min = 1, max = 64), extend("x-format" = "suite-name", "examples" = ["cuda"]))]
    pub(in crate::policy) backend: String,
    /// Whether it executes the PTX of the kernel locks, which is then held against what is declared here.
    #[serde(default)]
    pub(in crate::policy) locked_ptx: bool,
    /// How its results are compared with the reference.
    #[schemars(extend("examples" = ["bitwise"]))]
    pub(in crate::policy) comparison: Comparison,
    /// How sums, products, quotients and square roots are rounded.
    #[schemars(extend("examples" = ["nearest-even"]))]
    pub(in crate::policy) rounding: Rounding,
    /// When a product and a sum are rounded once.
    #[schemars(extend("examples" = ["never"]))]
    pub(in crate::policy) fma: Fma,
    /// Kernels with a fused multiply-add, where `fma = "explicit"`; `*` stands for any characters.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 200, "x-format": "text" },
        "examples" = [["matmul_f32"]]
    ))]
    pub(in crate::policy) fma_kernels: Vec<String>,
    /// What becomes of subnormal numbers.
    #[schemars(extend("examples" = ["kept"]))]
    pub(in crate::policy) denormals: Denormals,
    /// In which order a reduction adds.
    #[schemars(extend("examples" = ["fixed"]))]
    pub(in crate::policy) reduction_order: ReductionOrder,
    /// What a sort does with equal keys.
    #[schemars(extend("examples" = ["stable"]))]
    pub(in crate::policy) sort: SortStability,
    /// What becomes of NaN.
    #[schemars(extend("examples" = ["propagated"]))]
    pub(in crate::policy) nan: NanRule,
}

/// A difference between two backends that is known.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawKnownDelta {
    /// One of the two backends.
    #[schemars(length(min = 1, max = 64), extend("x-format" = "suite-name", "examples" = ["cuda"]))]
    pub(in crate::policy) backend: String,
    /// The other one.
    #[schemars(length(min = 1, max = 64), extend("x-format" = "suite-name", "examples" = ["cpu"]))]
    pub(in crate::policy) against: String,
    /// In what they differ.
    #[schemars(extend("examples" = ["denormals"]))]
    pub(in crate::policy) property: SemanticProperty,
    /// What that means for a user.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "text", "examples" = ["sums below 2^-126 are zero"]))]
    pub(in crate::policy) reason: String,
}

/// How parameters of kernels may cross from the host to the device.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawRepresentation {
    /// The decisions that need no further word.
    #[schemars(length(min = 1), extend("examples" = [["scalar_copied", "buffer_read", "buffer_written"]]))]
    pub(in crate::policy) allow: Vec<RawRepresentationDecision>,
    /// Parameters for which another decision is right.
    #[serde(default)]
    #[schemars(with = "Vec<RawRepresentationException>")]
    pub(in crate::policy) exception: Vec<Spanned<RawRepresentationException>>,
}

/// A parameter for which another decision is right.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawRepresentationException {
    /// The entry.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "text", "examples" = ["softmax_f32"]))]
    pub(in crate::policy) kernel: String,
    /// The parameter, counted from 0.
    #[schemars(range(max = 4095), extend("examples" = [2]))]
    pub(in crate::policy) parameter: u32,
    /// The decision.
    #[schemars(extend("examples" = ["aggregate_unfollowed"]))]
    pub(in crate::policy) decision: RawRepresentationDecision,
    /// Why it is right.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "text", "examples" = ["strides, no address in it"]))]
    pub(in crate::policy) reason: String,
}

/// How a parameter crosses: the ids of `gate_build::ptx::representation::Representation`.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::policy) enum RawRepresentationDecision {
    /// A number, copied.
    ScalarCopied,
    /// A structure without room for an address, copied.
    AggregateCopied,
    /// A structure that may hold addresses, copied; they are not followed.
    AggregateUnfollowed,
    /// Memory that the kernel reads.
    BufferRead,
    /// Memory that the kernel writes.
    BufferWritten,
    /// Memory that the kernel does not touch.
    BufferUntouched,
    /// An address that the kernel stores or hands on.
    PointerEscapes,
    /// A texture, sampler or surface.
    OpaqueHandle,
}

/// What the line information of locked PTX must show.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawSourceMap {
    /// Reasons for which an instruction may have no line.
    #[serde(default)]
    #[schemars(extend("examples" = [["compiler_generated", "foreign_file"]]))]
    pub(in crate::policy) allow: Vec<RawNoPosition>,
}

/// Why an instruction has no line: ids of `gate_build::ptx::source_map::NoPosition`.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::policy) enum RawNoPosition {
    /// No `.loc` stands before it in its body.
    NoLineInfo,
    /// The compiler made it from no line in particular.
    CompilerGenerated,
    /// It was made from a source outside of the package.
    ForeignFile,
}
