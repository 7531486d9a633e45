//! Service levels as the rest of the tool sees them: what is promised, of which measurements, over which times.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::selector::Selector;
use super::value::{Period, Text, optional_period, period, periods};

/// How a suite of service levels is judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SloPolicy {
    /// File with measurements; `None` where a command prints them.
    pub file: Option<String>,
    /// How they are written.
    pub format: SloFormat,
    /// Times before now over which every objective is judged, in ascending order; the last one is the period of the promise.
    #[serde(with = "periods")]
    pub look_back: Vec<Duration>,
    /// Longest time without a measurement.
    #[serde(with = "period")]
    pub max_gap: Duration,
    /// Longest time with measurements but without an event.
    #[serde(with = "period")]
    pub max_idle: Duration,
    /// Shortest time that the measurements span.
    #[serde(with = "period")]
    pub min_history: Duration,
    /// Probability that the suite fails although every objective is met.
    pub alpha: f64,
    /// Confidence of the bound that a pass needs.
    pub confidence: f64,
    /// Tenants that must be measured.
    pub tenants: Vec<String>,
    /// Tenants that are no longer measured.
    pub former_tenants: Vec<String>,
    /// Label of a time series that names the tenant.
    pub tenant_label: Option<String>,
    /// Label of a time series that names the workload.
    pub workload_label: Option<String>,
    /// OpenSLO files with further objectives.
    pub openslo: Vec<String>,
    /// The promises, in the order of the file.
    pub objectives: Vec<Objective>,
    /// How tenants share a queue.
    pub fairness: Vec<Fairness>,
}

/// How measurements are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SloFormat {
    /// JSON lines of this tool.
    #[default]
    Lines,
    /// Prometheus text format or OpenMetrics, one scrape or several.
    Openmetrics,
    /// Decision log of `gate-runtime`.
    DecisionLog,
    /// Run stats of `gate-runtime` as JSON.
    RunStats,
}

/// What a pass needs where several series match an objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Prove {
    /// Each matching workload and tenant is shown to be within its budget.
    #[default]
    Each,
    /// The sum of them is shown to be within the budget; a single one must only not be found to exceed it.
    Sum,
}

/// A service-level objective.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Objective {
    /// Unique name, and the name of the measurement unless `measurement` has it. The decision log and run stats of
    /// `gate-runtime` have the measurements `error`, `fallback`, `guard-miss` and `recompile`; the decision log also has `latency`,
    /// in ms.
    #[schemars(with = "Text", extend("examples" = ["availability"]))]
    pub name: String,
    /// Name of the measurement, where several objectives are about the same one.
    #[schemars(with = "Option<Text>", extend("examples" = ["requests"]))]
    pub measurement: Option<String>,
    /// Workloads it is about; `*` matches any characters. Default: all. Each is judged on its own.
    #[schemars(with = "Option<Text>", extend("examples" = ["api-*"]))]
    pub workload: Option<String>,
    /// Tenants it is about; `*` matches any characters. Default: all. Each is judged on its own.
    #[schemars(with = "Option<Text>", extend("examples" = ["acme"]))]
    pub tenant: Option<String>,
    /// Percentage of the events that must be good; the rest is the error budget.
    #[schemars(range(min = 50.0, max = 99.999_999), extend(
        "x-sane-min" = 90.0, "x-why" = "an objective that half of the events may miss promises nothing, and no number of events shows 100 %", "examples" = [99.9]
    ))]
    pub target_percent: f64,
    /// For samples: the largest good value, in the unit of the measurement.
    #[schemars(range(min = 0.0, max = 1e15), extend("x-why" = "no measurement is larger", "examples" = [250.0]))]
    pub at_most: Option<f64>,
    /// For `format = "openmetrics"`: selector of the counters of good events. Either this or `bad`.
    #[schemars(with = "Option<Text<1000>>", extend("examples" = ["http_requests_total{code!~\"5..\"}"]))]
    pub good: Option<Selector>,
    /// For `format = "openmetrics"`: selector of the counters of bad events. Either this or `good`.
    #[schemars(with = "Option<Text<1000>>", extend("examples" = ["http_requests_total{code=~\"5..\"}"]))]
    pub bad: Option<Selector>,
    /// For `format = "openmetrics"`: selector of the counters of all events.
    #[schemars(with = "Option<Text<1000>>", extend("examples" = ["http_requests_total"]))]
    pub total: Option<Selector>,
    /// How many bad events come together. Default: estimated from the measurements.
    #[schemars(range(min = 1.0, max = 1000.0), extend("x-sane-max" = 100.0, "x-why" = "events that all come together count as one, which never exceeds a budget", "examples" = [5.0]))]
    pub burst: Option<f64>,
    /// What a pass needs where several workloads or tenants match.
    #[serde(default)]
    pub prove: Prove,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

impl Objective {
    /// Name of the measurement it is about.
    pub fn measurement(&self) -> &str {
        self.measurement.as_deref().unwrap_or(&self.name)
    }

    /// The part of the events that may be bad.
    pub fn budget(&self) -> f64 {
        // Percentages are decimal: 99.9 leaves .001, whatever the difference of the two doubles says.
        ((100.0 - self.target_percent) * 1e7).round() / 1e9
    }
}

/// How tenants share a queue: each against what it is entitled to. Measurements are lines with `demand`, `served` and `waits`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Fairness {
    /// Name of the measurement.
    #[schemars(with = "Text", extend("examples" = ["queue"]))]
    pub name: String,
    /// Tenants it is about; `*` matches any characters. Default: all.
    #[schemars(with = "Option<Text>", extend("examples" = ["acme"]))]
    pub tenant: Option<String>,
    /// Smallest percentage of what a tenant is entitled to that it must be served. Entitled is the smaller of its demand and its
    /// share by weight of what was served to all.
    #[schemars(range(min = 50.0, max = 99.999_999), extend("x-why" = "a tenant that gets half of its share is not served fairly", "examples" = [80.0]))]
    pub least_share_percent: Option<f64>,
    /// Longest time in which a tenant with demand may be served nothing.
    #[serde(default, with = "optional_period")]
    #[schemars(with = "Option<Period>", extend("x-min" = "1s", "x-max" = "28d", "x-sane-max" = "1d", "x-why" = "a tenant that waits for a day is starved", "examples" = ["10m"]))]
    pub max_starved: Option<Duration>,
    /// Largest ratio of the 95th percentile of a tenant's waits to that of the median tenant.
    #[schemars(range(min = 1.0, max = 100.0), extend("x-sane-max" = 10.0, "x-why" = "a tenant that waits a hundred times as long as others is starved", "examples" = [3.0]))]
    pub max_wait_ratio: Option<f64>,
    /// Weights of tenants, by name. Default: 1.
    #[serde(default)]
    #[schemars(extend("additionalProperties" = { "type": "number", "minimum": 0.001, "maximum": 1e6 }))]
    pub weights: BTreeMap<String, f64>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}
