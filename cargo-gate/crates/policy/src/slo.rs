//! `[[suite.slo]]`: suites of service levels, what is declared, and rules between the values.

use std::ops::Range;
use std::time::Duration;

use crate::JsonSchema;
use serde::Deserialize;
use toml::Spanned;
use toml::de::DeTable;

use gate_base::stage::Stage;
use gate_report::Location;
use gate_report::group::Group;

use super::format;
use super::objective::{Fairness, Objective, SloFormat, SloPolicy};
use super::problem::{Problem, shown};
use super::rule;
use super::rules::Rules;
use super::selector::Selector;
use super::suite::{SuiteKind, SuitePolicy};
use super::tables::{elements, is_filled, tables_of, text, texts};
use super::value::{
    Command, FilePath, LookBack, Period, SuiteName, Text, TimeLimit, half_an_hour, optional_command, period, periods,
    pilot, yes,
};

/// Service-level objectives over times before now.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("x-refused" = {
    "within": "write `look-back = [\"6h\", \"1d\", \"3d\", \"28d\"]`: every objective is judged over each of these times, the last one is the period of the promise",
    "min-windows": "write `min-history = \"1d\"`: a window is a time, not a run"
}))]
pub(super) struct SloSuite {
    /// Unique name: lowercase letters, digits, `-` and `_`, starting with a letter or digit.
    #[schemars(with = "SuiteName", extend("examples" = ["service"]))]
    name: String,
    /// A command that prints measurements. Either this or `file`.
    #[serde(default, deserialize_with = "optional_command")]
    #[schemars(with = "Option<Command>", extend("examples" = [["cargo", "run", "--locked", "--example", "load"]]))]
    command: Option<Vec<String>>,
    /// A file with measurements, relative to the workspace root. Either this or `command`.
    #[schemars(with = "Option<FilePath>", extend("examples" = ["target/load.jsonl"]))]
    file: Option<String>,
    /// How the measurements are written.
    #[serde(default)]
    format: SloFormat,
    /// Times before now over which every objective is judged, in ascending order. The last one is the period of the promise; the shorter
    /// ones find a burn early.
    #[serde(default = "look_backs", with = "periods")]
    #[schemars(with = "Vec<LookBack>", length(min = 1, max = 8), extend("examples" = [["1d", "7d"]]))]
    look_back: Vec<Duration>,
    /// Longest time without a measurement, up to now. A longer gap is no evidence.
    #[serde(default = "day_and_half", with = "period")]
    #[schemars(with = "Period", extend(
        "x-min" = "1m", "x-max" = "100d", "x-sane-max" = "7d", "x-why" = "what was not measured for a week may have been down", "examples" = ["2h"]
    ))]
    max_gap: Duration,
    /// Longest time in which measurements may hold no event. A service that is down has none either.
    #[serde(default = "six_hours", with = "period")]
    #[schemars(with = "Period", extend(
        "x-min" = "1m", "x-max" = "100d", "x-sane-max" = "3d", "x-why" = "a service without events may be down", "examples" = ["12h"]
    ))]
    max_idle: Duration,
    /// Shortest time that the measurements span.
    #[serde(default = "day", with = "period")]
    #[schemars(with = "Period", extend(
        "x-min" = "0s", "x-max" = "400d", "x-sane-min" = "1h", "x-why" = "a moment shows no period", "examples" = ["1d"]
    ))]
    min_history: Duration,
    /// Probability that the suite fails although every objective is met, over all objectives, tenants and times together.
    #[serde(default = "hundredth")]
    #[schemars(range(min = 1e-6, max = 0.2), extend("x-sane-min" = 1e-4, "x-sane-max" = 0.05, "x-why" = "a small probability finds no breach, a large one finds many where there are none", "examples" = [0.01]))]
    alpha: f64,
    /// Confidence with which a pass excludes that an objective is missed.
    #[serde(default = "nineteen_of_twenty")]
    #[schemars(range(min = 0.5, max = 0.999_999), extend("x-sane-min" = 0.8, "x-sane-max" = 0.999, "x-why" = "a pass at low confidence excludes little", "examples" = [0.95]))]
    confidence: f64,
    /// Tenants that must be measured. Others are judged as well.
    #[serde(default)]
    #[schemars(with = "Vec<Text>", extend("examples" = [["acme", "globex"]]))]
    tenants: Vec<String>,
    /// Tenants that left: what they did counts, and that they are no longer measured is no gap.
    #[serde(default)]
    #[schemars(with = "Vec<Text>", extend("examples" = [["initech"]]))]
    former_tenants: Vec<String>,
    /// For `format = "openmetrics"`: label that names the tenant.
    #[schemars(with = "Option<Text>", extend("examples" = ["tenant"]))]
    tenant_label: Option<String>,
    /// For `format = "openmetrics"`: label that names the workload.
    #[schemars(with = "Option<Text>", extend("examples" = ["job"]))]
    workload_label: Option<String>,
    /// OpenSLO files with further objectives, for `format = "openmetrics"`.
    #[serde(default)]
    #[schemars(with = "Vec<FilePath>", extend("examples" = [["slo/checkout.yaml"]]))]
    openslo: Vec<String>,
    /// The objectives.
    #[serde(default)]
    objective: Vec<Objective>,
    /// How tenants share a queue.
    #[serde(default)]
    fairness: Vec<Fairness>,
    /// Whether the suite must pass. A suite that is not required only warns.
    #[serde(default = "yes")]
    required: bool,
    /// First stage that needs the suite.
    #[serde(default = "pilot")]
    stage: Stage,
    /// Time limit of the command: a number with `s`, `m`, `h` or `d`.
    #[serde(default = "half_an_hour", with = "period")]
    #[schemars(with = "TimeLimit")]
    timeout: Duration,
    /// Group in which the suite runs. Default: `resilience`.
    #[schemars(extend("examples" = ["ergonomics"]))]
    group: Option<Group>,
    /// Where it is declared.
    #[schemars(skip)]
    location: Location,
}

fn hours(count: u64) -> Duration {
    Duration::from_secs(count * 3600)
}

fn look_backs() -> Vec<Duration> {
    [6, 24, 3 * 24, 28 * 24].map(hours).to_vec()
}

fn day_and_half() -> Duration {
    hours(36)
}

fn day() -> Duration {
    hours(24)
}

fn six_hours() -> Duration {
    hours(6)
}

fn hundredth() -> f64 {
    0.01
}

fn nineteen_of_twenty() -> f64 {
    0.95
}

impl From<SloSuite> for SuitePolicy {
    fn from(suite: SloSuite) -> Self {
        let slo = SloPolicy {
            file: suite.file,
            format: suite.format,
            look_back: suite.look_back,
            max_gap: suite.max_gap,
            max_idle: suite.max_idle,
            min_history: suite.min_history,
            alpha: suite.alpha,
            confidence: suite.confidence,
            tenants: suite.tenants,
            former_tenants: suite.former_tenants,
            tenant_label: suite.tenant_label,
            workload_label: suite.workload_label,
            openslo: suite.openslo,
            objectives: suite.objective,
            fairness: suite.fairness,
        };
        Self {
            slo: Some(Box::new(slo)),
            required: suite.required,
            stage: suite.stage,
            timeout: suite.timeout,
            group: suite.group,
            location: Some(suite.location),
            ..Self::new(SuiteKind::Slo, suite.name, suite.command.unwrap_or_default())
        }
    }
}

/// Rules between the values: there is one source of measurements, something that is promised of them, and a way to miss it.
pub(super) fn problems(rules: &Rules<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for suite in elements(rules.file, &["suite", "slo"]) {
        let Some((name, span)) = text(suite, "name") else {
            continue;
        };
        match (suite.get("command"), suite.get("file")) {
            (None, None) => {
                let message = format!("suite `{}` has no source of measurements", shown(name));
                let help = "add `command = [\"…\"]` or `file = \"…\"`";
                problems.push(Problem::new(span.clone(), message).rule(&rule::MISSING_KEY).help(help));
            }
            (Some(_), Some(file)) => {
                let message = "a service-level suite cannot have both a command and a file";
                let problem = Problem::new(file.span(), message).rule(&rule::EXCLUDING_KEYS);
                problems.push(problem.help("keep one of the two"));
            }
            _ => {}
        }
        if !["objective", "fairness", "openslo"]
            .iter()
            .any(|key| is_filled(suite, key))
        {
            let message = format!("suite `{}` has no objectives", shown(name));
            let help = "add `[[suite.slo.objective]]` with `name` and `target-percent`";
            problems.push(Problem::new(span, message).rule(&rule::SUITE_WITHOUT_LIMIT).help(help));
        }
        for key in ["objective", "fairness"] {
            let tables: Vec<_> = tables_of(suite, key).map(|(table, _)| table).collect();
            let names = tables.iter().filter_map(|table| text(table, "name"));
            let help = "give each a name of its own; `measurement` may be the same";
            rules.duplicates(names, "the objective", help, &mut problems);
        }
        times(suite, &mut problems);
        let metrics = text(suite, "format").is_some_and(|(format, _)| format == "openmetrics");
        if !metrics {
            for key in ["tenant-label", "workload-label", "openslo"] {
                if let Some(value) = suite.get(key) {
                    problems.push(only_for_metrics(key, value.span()));
                }
            }
        }
        for (objective, span) in tables_of(suite, "objective") {
            selectors(objective, span, metrics, &mut problems);
        }
        for (fairness, span) in tables_of(suite, "fairness") {
            let limits = ["least-share-percent", "max-starved", "max-wait-ratio"];
            if !limits.iter().any(|limit| fairness.contains_key(*limit)) {
                let problem = Problem::new(span, "nothing can be unfair: the table has no limit");
                let help = "add `least-share-percent`, `max-starved` or `max-wait-ratio`";
                problems.push(problem.rule(&rule::SUITE_WITHOUT_LIMIT).help(help));
            }
        }
    }
    problems
}

fn only_for_metrics(key: &str, span: Range<usize>) -> Problem {
    let message = format!("`{key}` selects time series, but `format` is not `openmetrics`");
    let problem = Problem::new(span, message).rule(&rule::EXCLUDING_KEYS);
    problem.help("add `format = \"openmetrics\"` to the suite, or remove the key")
}

/// Times ascend, and a gap that is longer than all of them would never be seen.
fn times(suite: &DeTable<'_>, problems: &mut Vec<Problem>) {
    let declared: Vec<_> = texts(suite, "look-back")
        .filter_map(|(text, span)| Some((format::duration(text)?, span)))
        .collect();
    for pair in declared.windows(2) {
        if pair[0].0 >= pair[1].0 {
            let problem = Problem::new(pair[1].1.clone(), "`look-back` does not ascend").rule(&rule::RULE_BROKEN);
            problems.push(problem.help("write the shortest time first"));
        }
    }
    let longest = declared
        .iter()
        .map(|(length, _)| *length)
        .max()
        .or_else(|| look_backs().last().copied())
        .unwrap_or_default();
    let of = |key| text(suite, key).and_then(|(text, span)| Some((format::duration(text)?, span)));
    if let Some((history, span)) = of("min-history").filter(|(history, _)| *history > longest) {
        let message = format!(
            "`min-history` could never be reached: {} is longer than the longest `look-back`, {}",
            format::duration_text(history),
            format::duration_text(longest)
        );
        let problem = Problem::new(span, message).rule(&rule::RULE_BROKEN);
        problems.push(problem.help(format!("write at most {}", format::duration_text(longest))));
    }
    for key in ["max-gap", "max-idle"] {
        let found = of(key);
        if let Some((limit, span)) = found.filter(|(limit, _)| *limit >= longest) {
            let message = format!(
                "`{key}` could never be exceeded: {} is not shorter than the longest `look-back`, {}",
                format::duration_text(limit),
                format::duration_text(longest)
            );
            let problem = Problem::new(span, message).rule(&rule::RULE_BROKEN);
            problems.push(problem.help(format!("write a time below {}", format::duration_text(longest))));
        }
    }
}

/// Objectives over time series select them, others do not, and something can be bad.
fn selectors(objective: &DeTable<'_>, span: Range<usize>, metrics: bool, problems: &mut Vec<Problem>) {
    let mut read = Vec::new();
    for key in ["good", "bad", "total"] {
        let Some((selector, span)) = text(objective, key) else {
            continue;
        };
        if !metrics {
            problems.push(only_for_metrics(key, span));
            continue;
        }
        match Selector::parse(selector) {
            Ok(selector) => read.push((key, selector)),
            Err(why) => {
                let problem = Problem::new(span, format!("`{key}` {}", shown(&why))).rule(&rule::MALFORMED_VALUE);
                problems.push(problem.help("write a selector, such as `http_requests_total{code!~\"5..\"}`"));
            }
        }
    }
    if !metrics {
        return;
    }
    let has = |key: &str| objective.get(key).map(Spanned::span);
    match (has("good"), has("bad"), has("total")) {
        (Some(_), Some(bad), _) => {
            let problem =
                Problem::new(bad, "an objective cannot have both `good` and `bad`").rule(&rule::EXCLUDING_KEYS);
            problems.push(problem.help("keep one of the two"));
        }
        (None, None, _) | (_, _, None) => {
            let message = "an objective over time series has no selectors";
            let problem = Problem::new(span, message).rule(&rule::MISSING_KEY);
            problems.push(problem.help("add `total = \"…\"`, and `good = \"…\"` or `bad = \"…\"`"));
        }
        _ => {}
    }
    if let Some(at_most) = objective.get("at-most") {
        let problem = Problem::new(at_most.span(), "`at-most` bounds samples, and time series have none");
        let help = "select the bucket of the histogram: `good = \"…_bucket{le=\\\"0.25\\\"}\"`, `total = \"…_count\"`";
        problems.push(problem.rule(&rule::EXCLUDING_KEYS).help(help));
    }
    if let [("good", good), ("total", total)] = read.as_slice()
        && good == total
    {
        let at = has("good").unwrap_or_default();
        let problem = Problem::new(
            at,
            "the objective could never be missed: `good` and `total` select the same series",
        );
        problems.push(
            problem
                .rule(&rule::RULE_BROKEN)
                .help("select only the good events with `good`"),
        );
    }
}

#[cfg(test)]
mod tests;
