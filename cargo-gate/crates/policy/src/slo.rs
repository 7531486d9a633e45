//! `[[suite.slo]]`: suites of service levels, what is declared, and rules between the values.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use gate_base::stage::Stage;
use gate_report::Location;
use gate_report::group::Group;

use super::problem::{Problem, shown};
use super::rule;
use super::rules::Rules;
use super::suite::{Objective, SloPolicy, SuiteKind, SuitePolicy};
use super::tables::{elements, is_filled, tables_of, text};
use super::value::{
    Command, FilePath, Period, SuiteName, TimeLimit, half_an_hour, optional_command, period, pilot, yes,
};

/// Service-level objectives over a rolling window of measurements.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct SloSuite {
    /// Unique name: lowercase letters, digits, `-` and `_`, starting with a letter or digit.
    #[schemars(with = "SuiteName", extend("examples" = ["service"]))]
    name: String,
    /// A command that prints one window of measurements as JSON lines. Either this or `file`.
    #[serde(default, deserialize_with = "optional_command")]
    #[schemars(with = "Option<Command>", extend("examples" = [["cargo", "run", "--locked", "--example", "load"]]))]
    command: Option<Vec<String>>,
    /// A file with one window of measurements as JSON lines, relative to the workspace root. Either this or `command`.
    #[schemars(with = "Option<FilePath>", extend("examples" = ["target/load.jsonl"]))]
    file: Option<String>,
    /// Length of the rolling window.
    #[serde(default = "four_weeks", with = "period")]
    #[schemars(with = "Period", extend(
        "x-min" = "1m", "x-max" = "400d", "x-sane-min" = "1d", "x-sane-max" = "100d", "x-why" = "a long window hides a bad month", "examples" = ["28d"]
    ))]
    within: Duration,
    /// Smallest number of recorded windows for a result, including that of this run.
    #[serde(default = "five")]
    #[schemars(range(min = 1, max = 100_000), extend("x-sane-min" = 2, "x-why" = "one window shows no period"))]
    min_windows: u32,
    /// The objectives.
    #[serde(default)]
    objective: Vec<Objective>,
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

fn four_weeks() -> Duration {
    Duration::from_secs(28 * 86_400)
}

fn five() -> u32 {
    5
}

impl From<SloSuite> for SuitePolicy {
    fn from(suite: SloSuite) -> Self {
        let slo = SloPolicy {
            file: suite.file,
            within: suite.within,
            min_windows: suite.min_windows,
            objectives: suite.objective,
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

/// Rules between the values: there is one source of measurements and something that is promised of them.
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
        let objectives: Vec<_> = tables_of(suite, "objective").map(|(objective, _)| objective).collect();
        if !is_filled(suite, "objective") {
            let message = format!("suite `{}` has no objectives", shown(name));
            let help = "add `[[suite.slo.objective]]` with `name` and `target-percent`";
            problems.push(Problem::new(span, message).rule(&rule::SUITE_WITHOUT_LIMIT).help(help));
        }
        let names = objectives.iter().filter_map(|objective| text(objective, "name"));
        rules.duplicates(
            names,
            "the objective",
            "keep one objective per measurement",
            &mut problems,
        );
    }
    problems
}
