//! Suites of service levels: what is declared, and rules between its values.

use std::ops::Range;
use std::time::Duration;

use serde::Serialize;
use toml::Spanned;

use crate::report::Location;

use super::known::elements;
use super::problem::{Problem, shown};
use super::raw::RawSloSuite;
use super::rule;
use super::rules::{Rules, range, text};
use super::value::{Converted, duration};

/// How a suite of service levels is judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SloPolicy {
    /// File with the measurements of one window; `None` where a command prints them.
    pub file: Option<String>,
    /// How far the rolling window reaches back.
    pub within: Duration,
    /// Fewest recorded windows that say something.
    pub min_windows: u32,
    /// The promises, in the order of the file.
    pub objectives: Vec<Objective>,
}

/// A promise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Objective {
    /// Name of the measurement that it is about.
    pub name: String,
    /// Part of the events that must be good, in percent.
    pub target_percent: f64,
    /// The largest sample that is good.
    pub at_most: Option<f64>,
    /// Where it is declared.
    pub location: Location,
}

/// How the suite is judged; what all suites have is left to [`super::suite`].
pub(super) fn convert(
    raw: &RawSloSuite,
    span: &Range<usize>,
    at: &impl Fn(Range<usize>) -> Location,
) -> Converted<SloPolicy> {
    let objectives = raw.objective.iter().map(|objective| {
        let location = at(objective.span());
        let raw = objective.get_ref();
        Objective {
            name: raw.name.clone(),
            target_percent: raw.target_percent,
            at_most: raw.at_most,
            location,
        }
    });
    Ok(SloPolicy {
        within: duration(&raw.within, span)?,
        min_windows: raw.min_windows,
        objectives: objectives.collect(),
        file: raw.file.clone(),
    })
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
                let message = format!("the suite `{}` says nowhere what was measured", shown(name));
                let help = "add `command = [\"…\"]` or `file = \"…\"`";
                problems.push(Problem::new(span.clone(), message).rule(&rule::MISSING_KEY).help(help));
            }
            (Some(_), Some(file)) => {
                let message = "a suite of service levels has a command or a file";
                let problem = Problem::new(file.span(), message).rule(&rule::EXCLUDING_KEYS);
                problems.push(problem.help("keep one of the two"));
            }
            _ => {}
        }
        let list = suite.get("objective").and_then(|list| list.get_ref().as_array());
        let objectives: Vec<_> = list
            .into_iter()
            .flat_map(|list| list.iter())
            .filter_map(|objective: &Spanned<_>| objective.get_ref().as_table())
            .collect();
        if list.is_none_or(|list| list.is_empty()) {
            let message = format!("the suite `{}` promises nothing", shown(name));
            let help = "add `[[suite.slo.objective]]` with `name` and `target-percent`";
            problems.push(Problem::new(span, message).rule(&rule::SUITE_WITHOUT_LIMIT).help(help));
        }
        for objective in &objectives {
            range(objective, &["target-percent"], 100.0, &mut problems);
            range(objective, &["at-most"], f64::MAX, &mut problems);
        }
        let names = objectives.iter().filter_map(|objective| text(objective, "name"));
        rules.duplicates(
            names,
            "the objective",
            "keep one promise for each measurement",
            &mut problems,
        );
    }
    problems
}
