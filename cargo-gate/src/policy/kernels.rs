//! `[kernels]`: what GPU kernels must show.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;
use toml::Spanned;

use gate_build::resources::{Budget, Limit};

use crate::report::Location;

use super::raw::{RawKernelPath, RawKernels};
use super::section::section;
use super::semantics::{self, BackendSemantics, KnownDelta, RepresentationPolicy, SourceMapPolicy};

/// What GPU kernels must show.
#[derive(Debug, Clone, Serialize)]
pub struct KernelPolicy {
    /// Whether compilers have to make the locked PTX again.
    pub reproducible: bool,
    /// The path that every run has to prove; `None` when undeclared.
    pub path: Option<KernelPath>,
    /// Entries whose arguments the contract of another kernel covers: entry, then kernel.
    pub variants: BTreeMap<String, String>,
    /// Target workloads, by the entry.
    pub workloads: BTreeMap<String, String>,
    /// Supported kernels in the order of the file.
    pub scopes: Vec<KernelScope>,
    /// Limits in the order of the file.
    pub budgets: Vec<KernelBudget>,
    /// How each backend computes, in the order of the file.
    pub semantics: Vec<BackendSemantics>,
    /// Differences between backends that are known.
    pub known_deltas: Vec<KnownDelta>,
    /// How parameters may cross; `None` when undeclared.
    pub representation: Option<RepresentationPolicy>,
    /// What line information must show; `None` when undeclared.
    pub source_map: Option<SourceMapPolicy>,
    /// Where `[kernels]` is declared.
    pub location: Location,
}

/// Where kernels ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum KernelPath {
    /// On the device, all of them.
    Native,
    /// At least one on the CPU, and all of them well.
    Fallback,
}

impl KernelPath {
    /// Name as the policy spells it.
    pub fn name(self) -> &'static str {
        match self {
            KernelPath::Native => "native-valid",
            KernelPath::Fallback => "fallback-valid",
        }
    }
}

/// A supported kernel.
#[derive(Debug, Clone, Serialize)]
pub struct KernelScope {
    /// Its name without its type.
    pub kernel: String,
    /// The types that it is supported for.
    pub dtypes: Vec<String>,
    /// Symbol of the entry, with `{dtype}` in the place of the type.
    pub entry: Option<String>,
    /// Where it is declared.
    pub location: Location,
}

impl KernelScope {
    /// Symbol of the entry for a type.
    pub fn entry(&self, dtype: &str) -> String {
        match &self.entry {
            Some(pattern) => pattern.replace("{dtype}", dtype),
            None => format!("{}_{dtype}", self.kernel),
        }
    }
}

/// Most that one kernel may take.
#[derive(Debug, Clone, Serialize)]
pub struct KernelBudget {
    /// Symbol of its entry.
    pub kernel: String,
    /// Limits by name, in the order of reports.
    pub limits: Vec<(&'static str, u32)>,
    /// Where it is declared.
    pub location: Location,
}

impl KernelBudget {
    /// The limits.
    pub fn budget(&self) -> Budget {
        let limit = |name: &str| Limit::ALL.into_iter().find(|limit| limit.name() == name);
        self.limits.iter().fold(Budget::new(), |budget, (name, most)| {
            limit(name).map_or(budget, |limit| budget.at_most(limit, *most))
        })
    }
}

pub(super) fn convert(raw: Spanned<RawKernels>, at: &impl Fn(Range<usize>) -> Location) -> KernelPolicy {
    let location = at(raw.span());
    let raw = raw.into_inner();
    let reproducible = raw.reproducible;
    let path = raw.path.map(|path| match path {
        RawKernelPath::NativeValid => KernelPath::Native,
        RawKernelPath::FallbackValid => KernelPath::Fallback,
    });
    let scopes = raw.scope.into_iter().map(|scope| {
        let location = at(scope.span());
        let scope = scope.into_inner();
        KernelScope {
            kernel: scope.kernel,
            dtypes: scope.dtypes,
            entry: scope.entry,
            location,
        }
    });
    let budgets = raw.budget.into_iter().map(|budget| {
        let location = at(budget.span());
        let budget = budget.into_inner();
        let limits = [
            (Limit::Registers, budget.registers),
            (Limit::Spills, budget.spills),
            (Limit::Shared, budget.shared),
            (Limit::Constant, budget.constant),
            (Limit::Stack, budget.stack),
            (Limit::Barriers, budget.barriers),
        ];
        KernelBudget {
            kernel: budget.kernel,
            limits: limits
                .into_iter()
                .filter_map(|(limit, most)| Some((limit.name(), most?)))
                .collect(),
            location,
        }
    });
    KernelPolicy {
        reproducible,
        path,
        variants: raw.variants,
        workloads: raw.workloads,
        scopes: scopes.collect(),
        budgets: budgets.collect(),
        semantics: raw
            .semantics
            .into_iter()
            .map(|raw| semantics::semantics(raw, at))
            .collect(),
        known_deltas: raw
            .known_delta
            .into_iter()
            .map(|raw| semantics::known_delta(raw, at))
            .collect(),
        representation: raw.representation.map(|raw| semantics::representation(raw, at)),
        source_map: raw.source_map.map(|raw| semantics::source_map(raw, at)),
        location,
    }
}

section!(KernelPolicy, "kernels", kernels: Option<KernelPolicy>);
