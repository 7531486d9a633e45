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
    /// Paths of run stats in JSON.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 1000, "x-format": "path" },
        "examples" = [["target/run_stats.json"]]
    ))]
    pub(in crate::policy) run_stats: Vec<String>,
}
