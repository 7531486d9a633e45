//! `[cache]`: the store of kernels that machines share, and what it has to be good for.

use std::time::Duration;

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::value::{FilePath, Period, Remote, optional_period};

/// The kernel store that machines share, and the hit rate it must reach. Builds read this section too.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CachePolicy {
    /// Address of the store, without user or password: `file:///…`, `http://…`, `https://…`, `s3://…` or `redis://…`.
    /// `GATE_CACHE_REMOTE` takes precedence.
    #[schemars(with = "Option<Remote>", extend("examples" = ["https://cache.example/kernels"]))]
    pub remote: Option<String>,
    /// What builds do with it. `GATE_CACHE_MODE` goes before it.
    #[serde(default)]
    #[schemars(extend("examples" = ["ro"]))]
    pub mode: CacheMode,
    /// Time limit of one request: a number with `s` or `m`. Default: `10s`. `GATE_CACHE_TIMEOUT` takes precedence.
    #[serde(default, with = "optional_period")]
    #[schemars(with = "Option<Period>", extend(
        "x-min" = "1s", "x-max" = "10m", "x-sane-min" = "2s", "x-sane-max" = "60s", "examples" = ["10s"]
    ))]
    pub timeout: Option<Duration>,
    /// Paths of JSON reports with kernel lookups and hits: those of builds, of `cargo gate evidence cache stats
    /// --message-format json` or of a benchmark.
    #[serde(default)]
    #[schemars(with = "Vec<FilePath>", extend("examples" = [["target/cache_workflow.json"]]))]
    pub reports: Vec<String>,
    /// Smallest percentage of kernel lookups that must be hits, in each report.
    #[serde(default = "ninety")]
    #[schemars(range(min = 10, max = 100), extend("x-sane-min" = 50, "x-why" = "a cache that nearly always misses meets it", "examples" = [90]))]
    pub min_hit_percent: u32,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// How builds use the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CacheMode {
    /// Read and write.
    Rw,
    /// Read.
    #[default]
    Ro,
    /// Do not use the store.
    Off,
}

fn ninety() -> u32 {
    90
}
