//! What a run of gated kernels leaves behind.

use schemars::JsonSchema;
use serde::Deserialize;

/// What a run of gated kernels leaves behind, written by `gate-runtime`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawRuntime {
    /// Paths of decision logs. Each is read line by line, and has to be whole.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 1000, "x-format": "path" },
        "examples" = [["target/decision_log.jsonl"]]
    ))]
    pub(in crate::policy) decision_logs: Vec<String>,
    /// Least part of a workload's operations that has a native kernel, in percent. A decision log with less is advice.
    #[schemars(range(min = 1, max = 100), extend("examples" = [90]))]
    pub(in crate::policy) min_compilability: Option<u32>,
    /// Most modules that may be compiled per thousand calls, by the run stats.
    #[schemars(range(min = 1, max = 1000), extend("x-sane-max" = 100, "examples" = [10]))]
    pub(in crate::policy) max_recompiles: Option<u32>,
    /// Paths of run stats in JSON.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 1000, "x-format": "path" },
        "examples" = [["target/run_stats.json"]]
    ))]
    pub(in crate::policy) run_stats: Vec<String>,
}
