//! `[[kernels.semantics]]`, `[[kernels.known-delta]]`, `[kernels.representation]` and `[kernels.source-map]`.

use std::ops::Range;

use gate_build::ptx::representation::Representation;
use gate_build::ptx::source_map::NoPosition;
use serde::{Serialize, Serializer};
use toml::Spanned;

use crate::report::Location;

pub use super::raw::{Comparison, Denormals, Fma, NanRule, ReductionOrder, Rounding, SemanticProperty, SortStability};
use super::raw::{
    RawKnownDelta, RawNoPosition, RawRepresentation, RawRepresentationDecision, RawSemantics, RawSourceMap,
};

/// How a backend computes.
#[derive(Debug, Clone, Serialize)]
pub struct BackendSemantics {
    /// The backend.
    pub backend: String,
    /// Whether it executes the PTX of the kernel locks.
    pub locked_ptx: bool,
    /// How its results are compared with the reference.
    pub comparison: Comparison,
    /// How operations are rounded.
    pub rounding: Rounding,
    /// When a product and a sum are rounded once.
    pub fma: Fma,
    /// Patterns of kernels with a fused multiply-add.
    pub fma_kernels: Vec<String>,
    /// What becomes of subnormal numbers.
    pub denormals: Denormals,
    /// In which order a reduction adds.
    pub reduction_order: ReductionOrder,
    /// What a sort does with equal keys.
    pub sort: SortStability,
    /// What becomes of NaN.
    pub nan: NanRule,
    /// Where it is declared.
    pub location: Location,
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

/// A difference between two backends that is known.
#[derive(Debug, Clone, Serialize)]
pub struct KnownDelta {
    /// The two backends.
    pub backends: [String; 2],
    /// In what they differ.
    pub property: SemanticProperty,
    /// What that means for a user.
    pub reason: String,
    /// Where it is declared.
    pub location: Location,
}

/// How parameters of kernels may cross.
#[derive(Debug, Clone, Serialize)]
pub struct RepresentationPolicy {
    /// The decisions that need no further word.
    #[serde(serialize_with = "decisions")]
    pub allow: Vec<Representation>,
    /// Parameters for which another decision is right.
    pub exceptions: Vec<RepresentationException>,
    /// Where it is declared.
    pub location: Location,
}

/// A parameter for which another decision is right.
#[derive(Debug, Clone, Serialize)]
pub struct RepresentationException {
    /// The entry.
    pub kernel: String,
    /// The parameter, counted from 0.
    pub parameter: usize,
    /// The decision.
    #[serde(serialize_with = "decision")]
    pub decision: Representation,
    /// Why it is right.
    pub reason: String,
    /// Where it is declared.
    pub location: Location,
}

/// What line information must show.
#[derive(Debug, Clone, Serialize)]
pub struct SourceMapPolicy {
    /// Reasons for which an instruction may have no line.
    #[serde(serialize_with = "reasons")]
    pub allow: Vec<NoPosition>,
    /// Where it is declared.
    pub location: Location,
}

fn decision<S: Serializer>(decision: &Representation, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(decision.id())
}

fn decisions<S: Serializer>(decisions: &[Representation], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(decisions.iter().map(|decision| decision.id()))
}

fn reasons<S: Serializer>(reasons: &[NoPosition], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(reasons.iter().map(|reason| reason.id()))
}

pub(super) fn semantics(raw: Spanned<RawSemantics>, at: &impl Fn(Range<usize>) -> Location) -> BackendSemantics {
    let location = at(raw.span());
    let raw = raw.into_inner();
    BackendSemantics {
        backend: raw.backend,
        locked_ptx: raw.locked_ptx,
        comparison: raw.comparison,
        rounding: raw.rounding,
        fma: raw.fma,
        fma_kernels: raw.fma_kernels,
        denormals: raw.denormals,
        reduction_order: raw.reduction_order,
        sort: raw.sort,
        nan: raw.nan,
        location,
    }
}

pub(super) fn known_delta(raw: Spanned<RawKnownDelta>, at: &impl Fn(Range<usize>) -> Location) -> KnownDelta {
    let location = at(raw.span());
    let raw = raw.into_inner();
    KnownDelta {
        backends: [raw.backend, raw.against],
        property: raw.property,
        reason: raw.reason,
        location,
    }
}

pub(super) fn representation(
    raw: Spanned<RawRepresentation>,
    at: &impl Fn(Range<usize>) -> Location,
) -> RepresentationPolicy {
    let location = at(raw.span());
    let raw = raw.into_inner();
    let exceptions = raw.exception.into_iter().map(|exception| {
        let location = at(exception.span());
        let exception = exception.into_inner();
        RepresentationException {
            kernel: exception.kernel,
            parameter: exception.parameter as usize,
            decision: decided(exception.decision),
            reason: exception.reason,
            location,
        }
    });
    RepresentationPolicy {
        allow: raw.allow.into_iter().map(decided).collect(),
        exceptions: exceptions.collect(),
        location,
    }
}

fn decided(raw: RawRepresentationDecision) -> Representation {
    match raw {
        RawRepresentationDecision::ScalarCopied => Representation::ScalarCopied,
        RawRepresentationDecision::AggregateCopied => Representation::AggregateCopied,
        RawRepresentationDecision::AggregateUnfollowed => Representation::AggregateUnfollowed,
        RawRepresentationDecision::BufferRead => Representation::BufferRead,
        RawRepresentationDecision::BufferWritten => Representation::BufferWritten,
        RawRepresentationDecision::BufferUntouched => Representation::BufferUntouched,
        RawRepresentationDecision::PointerEscapes => Representation::PointerEscapes,
        RawRepresentationDecision::OpaqueHandle => Representation::OpaqueHandle,
    }
}

pub(super) fn source_map(raw: Spanned<RawSourceMap>, at: &impl Fn(Range<usize>) -> Location) -> SourceMapPolicy {
    let location = at(raw.span());
    let allow = raw.into_inner().allow.into_iter().map(|reason| match reason {
        RawNoPosition::NoLineInfo => NoPosition::NoLineInfo,
        RawNoPosition::CompilerGenerated => NoPosition::CompilerGenerated,
        RawNoPosition::ForeignFile => NoPosition::ForeignFile,
    });
    SourceMapPolicy {
        allow: allow.collect(),
        location,
    }
}
