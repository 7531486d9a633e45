//! What a run of gated kernels leaves behind.

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

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
    /// Rails that take a kernel off its native backend while it misbehaves.
    #[schemars(with = "Option<RawRails>")]
    pub(in crate::policy) rails: Option<Spanned<RawRails>>,
}

/// Rails of `gate-runtime`: when a kernel leaves its native backend, and when it comes back. What is absent has its default, which
/// `cargo gate explain rails` prints.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawRails {
    /// Whether switches follow recommendations; off, a rollback lasts until the process restarts.
    #[schemars(extend("examples" = [false]))]
    pub(in crate::policy) auto_switch: Option<bool>,
    /// Whether sustained pressure, latency and throughput breaches roll back at once; runtime errors always do.
    #[schemars(extend("examples" = [true]))]
    pub(in crate::policy) hard_rollback: Option<bool>,
    /// Whether nothing may act upon measured time; runtime errors and pressure act all the same.
    #[schemars(extend("examples" = [true]))]
    pub(in crate::policy) strict: Option<bool>,
    /// Calls that make a window.
    #[schemars(range(min = 20, max = 65_536), extend("examples" = [64]))]
    pub(in crate::policy) window_calls: Option<u32>,
    /// Native latencies that a window needs before its p95 is judged; not above `window-calls`.
    #[schemars(range(min = 20, max = 65_536), extend("examples" = [32]))]
    pub(in crate::policy) min_samples: Option<u32>,
    /// Breached windows in a row that make a breach sustained.
    #[schemars(range(min = 1, max = 1_000), extend("examples" = [2]))]
    pub(in crate::policy) consecutive: Option<u32>,
    /// Windows that a phase lasts before a switch may leave it.
    #[schemars(range(min = 1, max = 10_000), extend("examples" = [4]))]
    pub(in crate::policy) dwell: Option<u32>,
    /// Windows after a change of phase in which no switch happens.
    #[schemars(range(max = 10_000), extend("examples" = [2]))]
    pub(in crate::policy) cooldown: Option<u32>,
    /// Native failures and mismatches in a window that breach the runtime error rail.
    #[schemars(range(min = 1, max = 1_000_000), extend("examples" = [1]))]
    pub(in crate::policy) error_events: Option<u32>,
    /// Share of a window's calls under memory pressure that breaches the pressure rail; above 0.
    #[schemars(range(min = 0.0, max = 1.0), extend("examples" = [0.2]))]
    pub(in crate::policy) pressure: Option<f64>,
    /// Refused allocations in a window that breach the pressure rail.
    #[schemars(range(min = 1, max = 1_000_000), extend("examples" = [1]))]
    pub(in crate::policy) pressure_events: Option<u32>,
    /// Rise of the p95 over the baseline above which the latency rail is breached; above 0.
    #[schemars(range(min = 0.0, max = 100.0), extend("examples" = [0.08]))]
    pub(in crate::policy) latency_rise: Option<f64>,
    /// Drop of work per busy time beyond which the throughput rail is breached; above 0, below 1.
    #[schemars(range(min = 0.0, max = 1.0), extend("examples" = [0.05]))]
    pub(in crate::policy) throughput_drop: Option<f64>,
    /// Windows without a failure whose median becomes the baseline.
    #[schemars(range(min = 1, max = 1_000), extend("examples" = [4]))]
    pub(in crate::policy) baseline_windows: Option<u32>,
    /// Native calls that must agree with the reference before it is trusted again.
    #[schemars(range(min = 1, max = 1_000_000), extend("examples" = [64]))]
    pub(in crate::policy) probe_calls: Option<u32>,
}

impl RawRails {
    /// What is declared, by the names of `gate_runtime::rails::FIELDS` and in their order.
    pub(in crate::policy) fn declared(&self) -> Vec<(&'static str, String)> {
        let text = |value: &dyn ToString| value.to_string();
        let fields = [
            ("auto_switch", self.auto_switch.as_ref().map(|value| text(value))),
            ("hard_rollback", self.hard_rollback.as_ref().map(|value| text(value))),
            ("strict", self.strict.as_ref().map(|value| text(value))),
            ("window_calls", self.window_calls.as_ref().map(|value| text(value))),
            ("min_samples", self.min_samples.as_ref().map(|value| text(value))),
            ("consecutive", self.consecutive.as_ref().map(|value| text(value))),
            ("dwell", self.dwell.as_ref().map(|value| text(value))),
            ("cooldown", self.cooldown.as_ref().map(|value| text(value))),
            ("error_events", self.error_events.as_ref().map(|value| text(value))),
            ("pressure", self.pressure.as_ref().map(|value| text(value))),
            (
                "pressure_events",
                self.pressure_events.as_ref().map(|value| text(value)),
            ),
            ("latency_rise", self.latency_rise.as_ref().map(|value| text(value))),
            (
                "throughput_drop",
                self.throughput_drop.as_ref().map(|value| text(value)),
            ),
            (
                "baseline_windows",
                self.baseline_windows.as_ref().map(|value| text(value)),
            ),
            ("probe_calls", self.probe_calls.as_ref().map(|value| text(value))),
        ];
        fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}
