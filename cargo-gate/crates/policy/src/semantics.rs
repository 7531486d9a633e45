//! `[[kernels.semantics]]`, `[[kernels.known-delta]]`, `[kernels.representation]` and `[kernels.source-map]`.

mod words;

use crate::JsonSchema;
use gate_build::ptx::representation::Representation;
use gate_build::ptx::source_map::NoPosition;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use gate_report::Location;

use super::value::{SuiteName, Text};
pub use words::{Comparison, Denormals, Fma, NanRule, ReductionOrder, Rounding, SemanticProperty, SortStability};

/// How a backend computes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BackendSemantics {
    /// The backend.
    #[schemars(with = "SuiteName", extend("examples" = ["cuda"]))]
    pub backend: String,
    /// Whether it executes the PTX of the kernel locks, which is then compared with this declaration.
    #[serde(default)]
    pub locked_ptx: bool,
    /// How its results are compared with the reference.
    #[schemars(extend("examples" = ["bitwise"]))]
    pub comparison: Comparison,
    /// How sums, products, quotients and square roots are rounded.
    #[schemars(extend("examples" = ["nearest-even"]))]
    pub rounding: Rounding,
    /// When products and sums are fused, with a single rounding.
    #[schemars(extend("examples" = ["never"]))]
    pub fma: Fma,
    /// Kernels with a fused multiply-add, if `fma = "explicit"`; `*` matches any characters.
    #[serde(default)]
    #[schemars(with = "Vec<Text>", extend("examples" = [["matmul_f32"]]))]
    pub fma_kernels: Vec<String>,
    /// How subnormal numbers are treated.
    #[schemars(extend("examples" = ["kept"]))]
    pub denormals: Denormals,
    /// The order in which a reduction adds.
    #[schemars(extend("examples" = ["fixed"]))]
    pub reduction_order: ReductionOrder,
    /// How a sort orders equal keys.
    #[schemars(extend("examples" = ["stable"]))]
    pub sort: SortStability,
    /// How NaN is treated.
    #[schemars(extend("examples" = ["propagated"]))]
    pub nan: NanRule,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

impl BackendSemantics {
    /// What is declared for a property, as the policy spells it.
    pub fn value(&self, property: SemanticProperty) -> &'static str {
        match property {
            SemanticProperty::Rounding => match self.rounding {
                Rounding::NearestEven => "nearest-even",
                Rounding::Directed => "directed",
                Rounding::Approximate => "approximate",
                Rounding::Unspecified => "unspecified",
            },
            SemanticProperty::Fma => match self.fma {
                Fma::Never => "never",
                Fma::Explicit => "explicit",
                Fma::Contracted => "contracted",
            },
            SemanticProperty::Denormals => match self.denormals {
                Denormals::Kept => "kept",
                Denormals::Flushed => "flushed",
                Denormals::Unspecified => "unspecified",
            },
            SemanticProperty::ReductionOrder => match self.reduction_order {
                ReductionOrder::Fixed => "fixed",
                ReductionOrder::Unspecified => "unspecified",
            },
            SemanticProperty::Sort => match self.sort {
                SortStability::Stable => "stable",
                SortStability::Unstable => "unstable",
                SortStability::None => "none",
            },
            SemanticProperty::Nan => match self.nan {
                NanRule::Propagated => "propagated",
                NanRule::Ignored => "ignored",
                NanRule::PerKernel => "per-kernel",
                NanRule::Unspecified => "unspecified",
            },
        }
    }
}

/// A known difference between two backends.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KnownDelta {
    /// One of the two backends.
    #[schemars(with = "SuiteName", extend("examples" = ["cuda"]))]
    pub backend: String,
    /// The other backend.
    #[schemars(with = "SuiteName", extend("examples" = ["cpu"]))]
    pub against: String,
    /// The property in which they differ.
    #[schemars(extend("examples" = ["denormals"]))]
    pub property: SemanticProperty,
    /// What the difference means for users.
    #[schemars(with = "Text<1000>", extend("examples" = ["sums below 2^-126 are zero"]))]
    pub reason: String,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// How parameters of kernels may be passed from the host to the device.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RepresentationPolicy {
    /// Decisions that are allowed for every parameter.
    #[serde(serialize_with = "write_decisions", deserialize_with = "decisions")]
    #[schemars(
        with = "Vec<Decision>",
        length(min = 1),
        extend("examples" = [["scalar_copied", "buffer_read", "buffer_written"]])
    )]
    pub allow: Vec<Representation>,
    /// Parameters for which another decision is allowed.
    #[serde(default, rename = "exception")]
    pub exceptions: Vec<RepresentationException>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// A parameter for which another decision is allowed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RepresentationException {
    /// The entry.
    #[schemars(with = "Text<1000>", extend("examples" = ["softmax_f32"]))]
    pub kernel: String,
    /// Index of the parameter, from 0.
    #[schemars(range(max = 4095), extend("examples" = [2]))]
    pub parameter: usize,
    /// The decision.
    #[serde(serialize_with = "write_decision", deserialize_with = "decision")]
    #[schemars(with = "Decision", extend("examples" = ["aggregate_unfollowed"]))]
    pub decision: Representation,
    /// Why the decision is right for it.
    #[schemars(with = "Text<1000>", extend("examples" = ["strides, no address in it"]))]
    pub reason: String,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// How a parameter is passed: the ids of `gate_build::ptx::representation::Representation`.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Decision {
    /// A number, copied.
    ScalarCopied,
    /// A structure too small to contain an address, copied.
    AggregateCopied,
    /// A structure that may contain addresses, copied; the addresses are not followed.
    AggregateUnfollowed,
    /// Memory that the kernel reads.
    BufferRead,
    /// Memory that the kernel writes.
    BufferWritten,
    /// Memory that the kernel does not access.
    BufferUntouched,
    /// An address that the kernel stores or passes on.
    PointerEscapes,
    /// A texture, sampler or surface.
    OpaqueHandle,
}

fn decided(raw: Decision) -> Representation {
    match raw {
        Decision::ScalarCopied => Representation::ScalarCopied,
        Decision::AggregateCopied => Representation::AggregateCopied,
        Decision::AggregateUnfollowed => Representation::AggregateUnfollowed,
        Decision::BufferRead => Representation::BufferRead,
        Decision::BufferWritten => Representation::BufferWritten,
        Decision::BufferUntouched => Representation::BufferUntouched,
        Decision::PointerEscapes => Representation::PointerEscapes,
        Decision::OpaqueHandle => Representation::OpaqueHandle,
    }
}

fn decision<'de, D: Deserializer<'de>>(from: D) -> Result<Representation, D::Error> {
    Decision::deserialize(from).map(decided)
}

fn decisions<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Representation>, D::Error> {
    Ok(Vec::deserialize(from)?.into_iter().map(decided).collect())
}

fn write_decision<S: Serializer>(decision: &Representation, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(decision.id())
}

fn write_decisions<S: Serializer>(decisions: &[Representation], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(decisions.iter().map(|decision| decision.id()))
}

fn write_reasons<S: Serializer>(reasons: &[NoPosition], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(reasons.iter().map(|reason| reason.id()))
}

/// Requirements on the line information of locked PTX.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SourceMapPolicy {
    /// Reasons for which an instruction may have no source line.
    #[serde(default, serialize_with = "write_reasons", deserialize_with = "reasons")]
    #[schemars(
        with = "Vec<Reason>",
        extend("default" = [], "examples" = [["compiler_generated", "foreign_file"]])
    )]
    pub allow: Vec<NoPosition>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// Why an instruction has no line: ids of `gate_build::ptx::source_map::NoPosition`.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Reason {
    /// No `.loc` precedes it in its function body.
    NoLineInfo,
    /// The compiler generated it without a source line.
    CompilerGenerated,
    /// Its source file is outside the package.
    ForeignFile,
}

fn reasons<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<NoPosition>, D::Error> {
    let reason = |reason| match reason {
        Reason::NoLineInfo => NoPosition::NoLineInfo,
        Reason::CompilerGenerated => NoPosition::CompilerGenerated,
        Reason::ForeignFile => NoPosition::ForeignFile,
    };
    Ok(Vec::deserialize(from)?.into_iter().map(reason).collect())
}
