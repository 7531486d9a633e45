//! `[runtime]`: what a run of gated kernels leaves behind. [`super::rails`] has the rules of its rails.

use crate::JsonSchema;
use gate_runtime::rails::{FIELDS, InvalidRail, Settings};
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::value::FilePath;

/// The package whose users run kernels.
pub const RUNTIME_PACKAGE: &str = "cargo-gate-runtime";

/// The production suites that its users need, by name.
pub const PRODUCTION_SUITES: [&str; 4] = [
    "prod_status_errors",
    "prod_decision_log",
    "prod_cuda_contracts",
    "prod_runtime_rollback",
];

/// Records of runs of gated kernels, written by `gate-runtime`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RuntimePolicy {
    /// Paths of decision logs. Each must be complete.
    #[serde(default)]
    #[schemars(with = "Vec<FilePath>", extend("examples" = [["target/decision_log.jsonl"]]))]
    pub decision_logs: Vec<String>,
    /// Smallest percentage of a workload's operations with a native kernel. A decision log with less is advice.
    #[schemars(range(min = 10, max = 100), extend("x-sane-min" = 50, "x-why" = "nearly every operation may then be without a native kernel", "examples" = [90]))]
    pub min_compilability: Option<u32>,
    /// Largest number of modules compiled per thousand calls, according to the run stats.
    #[schemars(range(min = 1, max = 500), extend("x-sane-max" = 100, "x-why" = "every other call may then compile", "examples" = [10]))]
    pub max_recompiles: Option<u32>,
    /// Paths of JSON run stats.
    #[serde(default)]
    #[schemars(with = "Vec<FilePath>", extend("examples" = [["target/run_stats.json"]]))]
    pub run_stats: Vec<String>,
    /// Rails that take a kernel off its native backend while it misbehaves.
    pub rails: Option<RailsPolicy>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

impl RuntimePolicy {
    /// Every file that is named: decision logs, then stats.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.decision_logs.iter().chain(&self.run_stats).map(String::as_str)
    }
}

/// Rails as they are declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Rails")]
#[schemars(with = "Rails")]
pub struct RailsPolicy {
    /// What is declared: the name in `gate_runtime::rails::FIELDS` and the value as text, in the order of that table.
    pub declared: Vec<(&'static str, String)>,
    /// Where `[runtime.rails]` is declared.
    pub location: Location,
}

impl RailsPolicy {
    /// The settings: what is declared, and defaults for the rest.
    ///
    /// # Errors
    /// A value that is out of its range; the validation of the policy refuses such a file.
    pub fn settings(&self) -> Result<Settings, InvalidRail> {
        let mut settings = Settings::default();
        for (name, value) in &self.declared {
            settings.set(name, value)?;
        }
        Ok(settings)
    }
}

/// Rails of `gate-runtime`: when a kernel leaves its native backend, and when it returns. `cargo gate explain rails`
/// prints the defaults.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Rails {
    /// Whether switches follow recommendations. If not, a rollback lasts until the process restarts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [false]))]
    auto_switch: Option<bool>,
    /// Whether sustained pressure, latency and throughput breaches roll back immediately. Runtime errors always do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [true]))]
    hard_rollback: Option<bool>,
    /// Whether to ignore measured time (latency and throughput). Runtime errors and pressure still count.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = [true]))]
    strict: Option<bool>,
    /// Calls per window.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 20, max = 65_536), extend("examples" = [64]))]
    window_calls: Option<u32>,
    /// Milliseconds after which the next call closes a window that is not full.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 100, max = 86_400_000), extend("examples" = [60_000]))]
    window_ms: Option<u32>,
    /// Native latency samples that a window needs before its p95 is judged; at most `window-calls`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 20, max = 65_536), extend("examples" = [32]))]
    min_samples: Option<u32>,
    /// Consecutive breached windows after which a breach is sustained.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000), extend("x-sane-max" = 20, "x-why" = "a breach may then last very long", "examples" = [2]))]
    consecutive: Option<u32>,
    /// Windows that a phase lasts before a switch may leave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_000), extend("examples" = [4]))]
    dwell: Option<u32>,
    /// Windows after a phase change in which no switch happens.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 10_000), extend("examples" = [2]))]
    cooldown: Option<u32>,
    /// Native failures and mismatches in a window that breach the runtime error rail.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000), extend("x-sane-max" = 100, "x-why" = "a hundred wrong results in a window are many", "examples" = [1]))]
    error_events: Option<u32>,
    /// Share of a window's calls under memory pressure that breaches the pressure rail; above 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0), extend("x-sane-max" = 0.9, "x-why" = "the rail then hardly trips", "examples" = [0.2]))]
    pressure: Option<f64>,
    /// Refused allocations in a window that breach the pressure rail.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000), extend("x-sane-max" = 100, "x-why" = "a hundred refused allocations in a window are many", "examples" = [1]))]
    pressure_events: Option<u32>,
    /// Rise of the p95 over the baseline above which the latency rail is breached; above 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 100.0), extend("x-sane-max" = 1.0, "x-why" = "the latency may then double unnoticed", "examples" = [0.08]))]
    latency_rise: Option<f64>,
    /// Drop of work per busy time beyond which the throughput rail is breached; above 0, below 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0), extend("x-sane-max" = 0.5, "x-why" = "half of the throughput may then be lost", "examples" = [0.05]))]
    throughput_drop: Option<f64>,
    /// Failure-free windows from which centre and spread of the baseline are learned.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 8, max = 1_000), extend("examples" = [64]))]
    baseline_windows: Option<u32>,
    /// Native calls that must agree with the reference before the native backend is trusted again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000), extend("x-sane-min" = 8, "x-why" = "a few calls that agree may be luck", "examples" = [64]))]
    probe_calls: Option<u32>,
    /// How often the rest in safe is doubled, once for each time the kernel leaves native again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 16), extend("examples" = [10]))]
    backoff: Option<u32>,
    /// Where it is declared.
    #[serde(skip_serializing)]
    #[schemars(skip)]
    location: Location,
}

impl From<Rails> for RailsPolicy {
    fn from(rails: Rails) -> Self {
        let written = serde_json::to_value(&rails).unwrap_or_default();
        let declared = FIELDS.iter().filter_map(|field| {
            let value = written.get(field.name.replace('_', "-"))?;
            Some((field.name, value.to_string()))
        });
        Self {
            declared: declared.collect(),
            location: rails.location,
        }
    }
}
