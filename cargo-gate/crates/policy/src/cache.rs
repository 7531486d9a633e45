//! `[cache]`: the store of kernels that machines share, and what it has to be good for.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::section::section;
use super::value::{FilePath, Period, Remote, optional_period};

/// The store of kernels that machines share, and what it has to be good for. Builds read the same section by themselves.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CachePolicy {
    /// Address of the store, without a user or password: `file:///…`, `http://…`, `https://…`, `s3://…` or `redis://…`.
    /// `GATE_CACHE_REMOTE` goes before it.
    #[schemars(with = "Option<Remote>", extend("examples" = ["https://cache.example/kernels"]))]
    pub remote: Option<String>,
    /// What builds do with it. `GATE_CACHE_MODE` goes before it.
    #[serde(default)]
    #[schemars(extend("examples" = ["ro"]))]
    pub mode: CacheMode,
    /// How long one answer may take: a number with `s` or `m`; `10s` when absent. `GATE_CACHE_TIMEOUT` goes before it.
    #[serde(default, with = "optional_period")]
    #[schemars(with = "Option<Period>", extend(
        "x-min" = "1s", "x-max" = "10m", "x-sane-min" = "2s", "x-sane-max" = "60s", "examples" = ["10s"]
    ))]
    pub timeout: Option<Duration>,
    /// Paths of reports in JSON that say how many kernels were found: those of builds, of `cargo gate evidence cache stats --message-format json`
    /// or of a benchmark.
    #[serde(default)]
    #[schemars(with = "Vec<FilePath>", extend("examples" = [["target/cache_workflow.json"]]))]
    pub reports: Vec<String>,
    /// Kernels of 100 looked for that must not have to be compiled, in each of the reports.
    #[serde(default = "ninety")]
    #[schemars(range(min = 1, max = 100), extend("x-sane-min" = 50, "examples" = [90]))]
    pub min_hit_percent: u32,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// What builds do with the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CacheMode {
    /// Read and write.
    Rw,
    /// Read.
    #[default]
    Ro,
    /// Nothing.
    Off,
}

fn ninety() -> u32 {
    90
}

section!(CachePolicy, "cache", cache: Option<CachePolicy>);
