//! GPU kernels: where they run, which are supported, what they may take of the hardware.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::{RawKnownDelta, RawRepresentation, RawSemantics, RawSourceMap};

/// What kernels must show.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawKernels {
    /// Whether compilers have to make the locked PTX again: `cargo gate kernels verify --rebuild` has to have been run since the last
    /// change.
    #[serde(default)]
    pub(in crate::policy) reproducible: bool,
    /// The path that every run under `[runtime]` has to prove.
    #[schemars(extend("examples" = ["native-valid"]))]
    pub(in crate::policy) path: Option<RawKernelPath>,
    /// Entries of kernel locks whose arguments the contract of another kernel covers, by the entry.
    #[serde(default)]
    #[schemars(extend(
        "additionalProperties" = { "type": "string", "minLength": 1, "maxLength": 1000, "x-format": "text" },
        "examples" = [{ "softmax_f32_vec4": "softmax_f32" }]
    ))]
    pub(in crate::policy) variants: BTreeMap<String, String>,
    /// Target workloads, by the entry: what `cargo gate kernels promote` asks a measurement of.
    #[serde(default)]
    #[schemars(extend(
        "additionalProperties" = { "type": "string", "minLength": 1, "maxLength": 200, "x-format": "text" },
        "examples" = [{ "softmax_f32": "64x1024" }]
    ))]
    pub(in crate::policy) workloads: BTreeMap<String, String>,
    /// Kernels that are supported, and for which types.
    #[serde(default)]
    #[schemars(with = "Vec<RawScope>")]
    pub(in crate::policy) scope: Vec<Spanned<RawScope>>,
    /// Most that a kernel may take of the hardware, in the report of ptxas in the kernel lock.
    #[serde(default)]
    #[schemars(with = "Vec<RawBudget>")]
    pub(in crate::policy) budget: Vec<Spanned<RawBudget>>,
    /// How each backend computes.
    #[serde(default)]
    #[schemars(with = "Vec<RawSemantics>")]
    pub(in crate::policy) semantics: Vec<Spanned<RawSemantics>>,
    /// Differences between backends that are known.
    #[serde(default)]
    #[schemars(with = "Vec<RawKnownDelta>")]
    pub(in crate::policy) known_delta: Vec<Spanned<RawKnownDelta>>,
    /// How parameters may cross from the host to the device.
    #[schemars(with = "Option<RawRepresentation>")]
    pub(in crate::policy) representation: Option<Spanned<RawRepresentation>>,
    /// What the line information of locked PTX must show.
    #[schemars(with = "Option<RawSourceMap>")]
    pub(in crate::policy) source_map: Option<Spanned<RawSourceMap>>,
}

/// Where kernels ran.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::policy) enum RawKernelPath {
    /// On the device, all of them.
    NativeValid,
    /// At least one on the CPU, and all of them well.
    FallbackValid,
}

/// A kernel that is supported.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawScope {
    /// Name of the kernel without its type.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "text", "examples" = ["softmax"]))]
    pub(in crate::policy) kernel: String,
    /// The types that it is supported for.
    #[schemars(length(min = 1), extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 100, "x-format": "text" },
        "examples" = [["f32", "bf16"]]
    ))]
    pub(in crate::policy) dtypes: Vec<String>,
    /// Symbol of the entry, with `{dtype}` in the place of the type; the kernel, `_` and the type when absent.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "text", "examples" = ["{dtype}_softmax"]))]
    pub(in crate::policy) entry: Option<String>,
}

/// Most that a kernel may take.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawBudget {
    /// Symbol of the kernel's entry.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "text", "examples" = ["softmax_f32"]))]
    pub(in crate::policy) kernel: String,
    /// Registers of a thread.
    #[schemars(range(max = 255), extend("examples" = [64]))]
    pub(in crate::policy) registers: Option<u32>,
    /// Bytes that a thread spills to local memory, stores and loads together.
    #[schemars(range(max = 1_000_000_000), extend("examples" = [0]))]
    pub(in crate::policy) spills: Option<u32>,
    /// Bytes of static shared memory of a block.
    #[schemars(range(max = 1_000_000_000), extend("examples" = [49152]))]
    pub(in crate::policy) shared: Option<u32>,
    /// Bytes of constant memory, parameters included.
    #[schemars(range(max = 1_000_000_000), extend("examples" = [1024]))]
    pub(in crate::policy) constant: Option<u32>,
    /// Bytes of the stack frame of a thread.
    #[schemars(range(max = 1_000_000_000), extend("examples" = [0]))]
    pub(in crate::policy) stack: Option<u32>,
    /// Barriers of a block.
    #[schemars(range(max = 16), extend("examples" = [1]))]
    pub(in crate::policy) barriers: Option<u32>,
}
