//! The store of kernels that machines share.

use schemars::JsonSchema;
use serde::Deserialize;

/// The store of kernels that machines share, and what it has to be good for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawCache {
    /// Address of the store, without a user or password: `file:///…`, `http://…`, `https://…`, `s3://…` or `redis://…`.
    /// `GATE_CACHE_REMOTE` goes before it.
    #[schemars(
        length(min = 1, max = 2000),
        extend("x-format" = "remote", "examples" = ["https://cache.example/kernels"])
    )]
    pub(in crate::policy) remote: Option<String>,
    /// What builds do with it; `ro` when absent. `GATE_CACHE_MODE` goes before it.
    #[schemars(extend("examples" = ["ro"]))]
    pub(in crate::policy) mode: Option<RawCacheMode>,
    /// How long one answer may take: a number with `s` or `m`; `10s` when absent. `GATE_CACHE_TIMEOUT` goes before it.
    #[schemars(extend(
        "x-format" = "duration", "x-min" = "1s", "x-max" = "10m", "x-sane-min" = "2s", "x-sane-max" = "60s",
        "examples" = ["10s"]
    ))]
    pub(in crate::policy) timeout: Option<String>,
    /// Paths of reports in JSON that say how many kernels were found: those of builds, of `cargo gate evidence cache stats --message-format json`
    /// or of a benchmark.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "minLength": 1, "maxLength": 1000, "x-format": "path" },
        "examples" = [["target/cache_workflow.json"]]
    ))]
    pub(in crate::policy) reports: Vec<String>,
    /// Kernels of 100 looked for that must not have to be compiled, in each of the reports; 90 when absent.
    #[schemars(range(min = 1, max = 100), extend("x-sane-min" = 50, "examples" = [90]))]
    pub(in crate::policy) min_hit_percent: Option<u32>,
}

/// What builds do with the store.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::policy) enum RawCacheMode {
    /// Read and write.
    Rw,
    /// Read.
    Ro,
    /// Nothing.
    Off,
}
