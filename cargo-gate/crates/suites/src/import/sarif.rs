//! SARIF 2.1.0, as the OASIS standard defines it.

use std::collections::HashMap;

use gate_policy::{ImportLevel, SuitePolicy};
use gate_report::{Finding, Location};
use serde::Deserialize;

use super::said::{Said, Unreadable};
use crate::finding;

/// Results that get a finding of their own; the others share one.
const NAMED: usize = 20;

#[derive(Deserialize)]
struct Log {
    version: String,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    /// `null` where the tool did not look.
    results: Option<Vec<SarifResult>>,
    #[serde(default)]
    invocations: Vec<Invocation>,
}

#[derive(Deserialize)]
struct Tool {
    driver: Driver,
}

#[derive(Deserialize)]
struct Driver {
    name: String,
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    #[serde(default)]
    default_configuration: Configuration,
}

#[derive(Deserialize, Default)]
struct Configuration {
    level: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult {
    rule_id: Option<String>,
    rule_index: Option<i64>,
    level: Option<String>,
    kind: Option<String>,
    baseline_state: Option<String>,
    #[serde(default)]
    suppressions: Vec<Suppression>,
    message: Message,
    #[serde(default)]
    locations: Vec<Place>,
}

#[derive(Deserialize)]
struct Suppression {
    status: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    text: Option<String>,
    id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    physical_location: Option<Physical>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Option<ArtifactLocation>,
    region: Option<Region>,
}

#[derive(Deserialize)]
struct ArtifactLocation {
    uri: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: Option<u32>,
    start_column: Option<u32>,
}

/// Reads one file.
pub(super) fn read(suite: &SuitePolicy, fail_at: ImportLevel, text: &str) -> Result<Said, Unreadable> {
    let log: Log = serde_json::from_str(text).map_err(|error| format!("is not SARIF: {error}"))?;
    if log.version != "2.1.0" {
        return Err(format!("is SARIF {}; only 2.1.0 is read", log.version));
    }
    if log.runs.is_empty() {
        return Err("has no run of a tool".to_owned());
    }
    let mut said = Said::default();
    let mut unnamed = 0;
    for run in log.runs {
        let tool = run.tool.driver.name;
        if run
            .invocations
            .iter()
            .any(|invocation| !invocation.execution_successful)
        {
            return Err(format!("says that {tool} did not finish its work"));
        }
        let Some(results) = run.results else {
            return Err(format!("says that {tool} looked for nothing"));
        };
        let rules = run.tool.driver.rules;
        let defaults: HashMap<&str, Option<&str>> = rules
            .iter()
            .map(|rule| (rule.id.as_str(), rule.default_configuration.level.as_deref()))
            .collect();
        for result in results.iter().filter(|result| counts(result)) {
            let id = rule_id(result, &rules);
            let level = match result.level.as_deref().or_else(|| defaults.get(id).copied().flatten()) {
                None => ImportLevel::Warning,
                Some("error") => ImportLevel::Error,
                Some("warning") => ImportLevel::Warning,
                Some("note" | "none") => ImportLevel::Note,
                Some(other) => return Err(format!("has a result of the unknown level `{other}`")),
            };
            let fails = level >= fail_at;
            said.failed |= fails;
            if said.findings.len() < NAMED {
                said.findings.push(found(suite, &tool, id, result, fails));
            } else if fails {
                unnamed += 1;
            }
        }
    }
    if unnamed > 0 {
        let message = format!("{unnamed} more results fail");
        said.findings
            .push(finding(suite, message).help("the file has all of them"));
    }
    Ok(said)
}

/// Whether a result says that something is wrong, and nobody accepted it.
fn counts(result: &SarifResult) -> bool {
    let wrong = matches!(result.kind.as_deref(), None | Some("fail" | "open" | "review"));
    let gone = result.baseline_state.as_deref() == Some("absent");
    let accepted = |suppression: &Suppression| matches!(suppression.status.as_deref(), None | Some("accepted"));
    wrong && !gone && !result.suppressions.iter().any(accepted)
}

fn rule_id<'r>(result: &'r SarifResult, rules: &'r [Rule]) -> &'r str {
    let by_index = || {
        let index = usize::try_from(result.rule_index?).ok()?;
        rules.get(index).map(|rule| rule.id.as_str())
    };
    result.rule_id.as_deref().or_else(by_index).unwrap_or("result")
}

fn found(suite: &SuitePolicy, tool: &str, id: &str, result: &SarifResult, fails: bool) -> Finding {
    let text = result
        .message
        .text
        .as_deref()
        .or(result.message.id.as_deref())
        .unwrap_or_default();
    let message = format!("{tool}: {id}: {}", text.lines().next().unwrap_or_default());
    let found = if fails {
        finding(suite, message)
    } else {
        Finding::advice(message).because(suite.location.clone())
    };
    let found = found.help(format!(
        "fix it, or suppress `{id}` where {tool} reads its suppressions"
    ));
    match result.locations.iter().find_map(location) {
        Some(location) => found.at(location),
        None => found,
    }
}

/// A place in the workspace; absolute addresses are of another machine.
fn location(place: &Place) -> Option<Location> {
    let physical = place.physical_location.as_ref()?;
    let uri = physical.artifact_location.as_ref()?.uri.as_deref()?;
    let path = uri.strip_prefix("./").unwrap_or(uri);
    if path.is_empty() || path.starts_with('/') || path.contains(':') || path.split('/').any(|part| part == "..") {
        return None;
    }
    let region = physical.region.as_ref();
    let line = region.and_then(|region| region.start_line);
    Some(Location {
        line,
        column: region.and_then(|region| region.start_column).filter(|_| line.is_some()),
        ..Location::line(path, line.unwrap_or(1))
    })
}
