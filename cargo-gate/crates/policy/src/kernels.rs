//! `[kernels]`: GPU kernels, where they run, which are supported, what they may take of the hardware.

use std::collections::BTreeMap;

use crate::JsonSchema;
use gate_build::resources::{Budget, Limit};
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::semantics::{BackendSemantics, KnownDelta, RepresentationPolicy, SourceMapPolicy};
use super::value::Text;

/// Requirements on kernels.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KernelPolicy {
    /// Whether the locked PTX must be reproducible: `cargo gate kernels verify --rebuild` must have been run since the
    /// last change.
    #[serde(default)]
    pub reproducible: bool,
    /// The path that every run under `[runtime]` must show.
    #[schemars(extend("examples" = ["native-valid"]))]
    pub path: Option<KernelPath>,
    /// Entries of kernel locks that the contract of another kernel covers: entry = kernel.
    #[serde(default)]
    #[schemars(
        with = "BTreeMap<String, Text<1000>>",
        extend("examples" = [{ "softmax_f32_vec4": "softmax_f32" }])
    )]
    pub variants: BTreeMap<String, String>,
    /// Target workloads that `cargo gate kernels promote` requires a measurement of: entry = workload.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Text>", extend("examples" = [{ "softmax_f32": "64x1024" }]))]
    pub workloads: BTreeMap<String, String>,
    /// Supported kernels and their types.
    #[serde(default, rename = "scope")]
    pub scopes: Vec<KernelScope>,
    /// Resource limits of kernels, compared with the ptxas report in the kernel lock.
    #[serde(default, rename = "budget")]
    pub budgets: Vec<KernelBudget>,
    /// How each backend computes.
    #[serde(default)]
    pub semantics: Vec<BackendSemantics>,
    /// Known differences between backends.
    #[serde(default, rename = "known-delta")]
    pub known_deltas: Vec<KnownDelta>,
    /// How parameters may be passed from the host to the device.
    pub representation: Option<RepresentationPolicy>,
    /// Requirements on the line information of locked PTX.
    pub source_map: Option<SourceMapPolicy>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// Where kernels ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum KernelPath {
    /// All on the device.
    #[serde(rename = "native-valid")]
    Native,
    /// At least one on the CPU, and all of them without errors.
    #[serde(rename = "fallback-valid")]
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
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KernelScope {
    /// Name of the kernel without its type.
    #[schemars(with = "Text<1000>", extend("examples" = ["softmax"]))]
    pub kernel: String,
    /// The types that it supports.
    #[schemars(with = "Vec<Text<100>>", length(min = 1), extend("examples" = [["f32", "bf16"]]))]
    pub dtypes: Vec<String>,
    /// Symbol of the entry, with `{dtype}` for the type. Default: the kernel, `_` and the type.
    #[schemars(with = "Option<Text<1000>>", extend("examples" = ["{dtype}_softmax"]))]
    pub entry: Option<String>,
    /// Where it is declared.
    #[schemars(skip)]
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

/// Resource limits of a kernel.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Limits")]
#[schemars(with = "Limits")]
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

/// Resource limits of a kernel.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Limits {
    /// Symbol of the kernel's entry.
    #[schemars(with = "Text<1000>", extend("examples" = ["softmax_f32"]))]
    kernel: String,
    /// Registers per thread.
    #[schemars(range(max = 254), extend("x-why" = "no kernel has more than 255, so the budget could never fail", "examples" = [64]))]
    registers: Option<u32>,
    /// Bytes spilled to local memory per thread, stores and loads together.
    #[schemars(range(max = 524_287), extend("x-why" = "no kernel has more, so the budget could never fail", "examples" = [0]))]
    spills: Option<u32>,
    /// Bytes of static shared memory per block.
    #[schemars(range(max = 233_471), extend("x-why" = "no kernel has more, so the budget could never fail", "examples" = [49152]))]
    shared: Option<u32>,
    /// Bytes of constant memory, parameters included.
    #[schemars(range(max = 65_535), extend("x-why" = "no kernel has more, so the budget could never fail", "examples" = [1024]))]
    constant: Option<u32>,
    /// Bytes of stack frame per thread.
    #[schemars(range(max = 524_287), extend("x-why" = "no kernel has more, so the budget could never fail", "examples" = [0]))]
    stack: Option<u32>,
    /// Barriers per block.
    #[schemars(range(max = 15), extend("x-why" = "no kernel has more than 16, so the budget could never fail", "examples" = [1]))]
    barriers: Option<u32>,
    /// Where it is declared.
    #[schemars(skip)]
    location: Location,
}

impl From<Limits> for KernelBudget {
    fn from(declared: Limits) -> Self {
        let limits = [
            (Limit::Registers, declared.registers),
            (Limit::Spills, declared.spills),
            (Limit::Shared, declared.shared),
            (Limit::Constant, declared.constant),
            (Limit::Stack, declared.stack),
            (Limit::Barriers, declared.barriers),
        ];
        let limits = limits
            .into_iter()
            .filter_map(|(limit, most)| Some((limit.name(), most?)));
        Self {
            kernel: declared.kernel,
            limits: limits.collect(),
            location: declared.location,
        }
    }
}
