//! The report as SARIF 2.1.0, the format of code scanning services.
//! Standard: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use std::collections::BTreeMap;

use serde_json::json;
use serde_sarif::sarif::{
    ArtifactLocation, Invocation, Location, Message, MultiformatMessageString, Notification, PhysicalLocation, Region,
    ReportingDescriptor, ReportingDescriptorReference, Result as SarifResult, ResultKind, ResultLevel, Run, Sarif,
    Suppression, Tool, ToolComponent,
};

use super::github::in_repository;
use super::identity::Identities;
use super::markdown::percent_encoded;
use super::ranking::{Ranked, ranked};
use super::{Weight, text};
use crate::report::{self, CheckReport, Finding, Outcome, Report};

/// Results that GitHub takes of one run; of these it shows the first five thousand by severity. A file with more is
/// refused as a whole.
const MOST_RESULTS: usize = 25_000;
/// Places of one result that GitHub shows.
const MOST_PLACES: usize = 100;
/// Bytes of a message, well above what is shown and well below what is refused.
const LONGEST: usize = 8_000;

/// What SARIF says about a check.
#[derive(Debug, Clone)]
pub struct RuleInfo<'a> {
    /// Id of the check.
    pub id: &'a str,
    /// One-line summary.
    pub summary: &'a str,
    /// Documentation in Markdown.
    pub docs: &'a str,
    /// Where the documentation is on the web.
    pub help_uri: Option<&'a str>,
}

/// The report as SARIF, indented, with a line end after it; results stand in the order of their severity. `rules` documents the checks of the report (others are
/// left out); `prefix` is the path of the workspace inside the repository, empty at its root.
pub fn render(report: &Report, rules: &[RuleInfo<'_>], prefix: &str) -> String {
    let (results, left_out) = results(report, prefix);
    let descriptors: Vec<ReportingDescriptor> = report.checks.iter().map(|check| descriptor(check, rules)).collect();
    let driver = ToolComponent::builder()
        .name(report.tool.name.as_str())
        .version(report.tool.version.as_str())
        .semantic_version(report.tool.version.as_str())
        .information_uri(env!("CARGO_PKG_REPOSITORY"))
        .rules(descriptors)
        .build();
    let run = Run::builder()
        .tool(Tool::builder().driver(driver).build())
        .invocations(vec![invocation(report, left_out)])
        .column_kind(json!("unicodeCodePoints"))
        .results(results)
        .build();
    let log = Sarif::builder()
        .schema("https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json")
        .version(json!("2.1.0"))
        .runs(vec![run])
        .build();
    let mut out = serde_json::to_string_pretty(&log).expect("the SARIF model is plain JSON");
    out.push('\n');
    out
}

/// The most severe results, and how many more there were.
fn results(report: &Report, prefix: &str) -> (Vec<SarifResult>, usize) {
    let mut identities = Identities::default();
    let mut results: Vec<(u8, SarifResult)> = ranked(report)
        .iter()
        .map(|said| {
            let Some(finding) = said.finding else {
                return (0, unjudged(said, identities.of_unjudged(said.check)));
            };
            let level = level(report, said.weight, finding);
            let severity = match level {
                _ if said.weight == Weight::Covered => 3,
                ResultLevel::Error => 0,
                ResultLevel::Warning => 1,
                ResultLevel::Note | ResultLevel::None => 2,
            };
            let identity = identities.of_finding(said.check, finding);
            (severity, result(said, finding, level, prefix, identity))
        })
        .collect();
    results.sort_by_key(|(severity, _)| *severity);
    let left_out = results.len().saturating_sub(MOST_RESULTS);
    results.truncate(MOST_RESULTS);
    (results.into_iter().map(|(_, result)| result).collect(), left_out)
}

fn descriptor(check: &CheckReport, rules: &[RuleInfo<'_>]) -> ReportingDescriptor {
    let info = rules.iter().find(|rule| rule.id == check.id);
    let summary = info.map_or(check.summary.as_str(), |rule| rule.summary);
    let mut descriptor = ReportingDescriptor::builder()
        .id(check.id.as_str())
        .short_description(plain(summary))
        .build();
    if let Some(rule) = info {
        descriptor.help = Some(
            MultiformatMessageString::builder()
                .text(text::lines(rule.docs))
                .markdown(text::lines(rule.docs))
                .build(),
        );
        descriptor.help_uri = rule.help_uri.map(str::to_owned);
    }
    descriptor
}

fn plain(message: &str) -> MultiformatMessageString {
    // GitHub takes 1024 characters of a description.
    let message = text::clipped(message, 1024);
    MultiformatMessageString::builder().text(text::lines(&message)).build()
}

fn message(message: &str) -> Message {
    let message = text::clipped(message, LONGEST);
    Message::builder().text(text::lines(&message)).build()
}

fn invocation(report: &Report, left_out: usize) -> Invocation {
    let mut notifications: Vec<Notification> = report
        .checks
        .iter()
        .filter(|check| check.outcome == Outcome::Error)
        .map(|check| {
            Notification::builder()
                .level(json!("error"))
                .message(message(
                    check
                        .reason
                        .as_ref()
                        .map_or(check.summary.as_str(), |reason| &reason.message),
                ))
                .associated_rule(ReportingDescriptorReference::builder().id(check.id.as_str()).build())
                .build()
        })
        .collect();
    let successful = notifications.is_empty();
    if left_out > 0 {
        let words = format!(
            "{left_out} results of lower severity are left out: a run holds {MOST_RESULTS} at most; the JSON report has all"
        );
        let notification = Notification::builder().level(json!("warning")).message(message(&words));
        notifications.push(notification.build());
    }
    let mut invocation = Invocation::builder()
        .execution_successful(successful)
        .exit_code(i64::from(report.exit_code))
        .build();
    if report.started.parse::<jiff::Timestamp>().is_ok() {
        invocation.start_time_utc = Some(report.started.clone());
    }
    if !notifications.is_empty() {
        invocation.tool_execution_notifications = Some(notifications);
    }
    invocation
}

/// A check without a judgement is a result as well: a reader that looks only at results must not take it for a pass.
fn unjudged(said: &Ranked<'_>, identity: String) -> SarifResult {
    let check = said.check;
    let words = check.outcome.words();
    let text = match &check.reason {
        Some(reason) => with_help(&format!("{words}: {}", reason.message), reason.help.as_deref()),
        None => words.to_owned(),
    };
    SarifResult::builder()
        .rule_id(check.id.as_str())
        .rule_index(said.index as i64)
        .kind(ResultKind::Fail)
        .level(ResultLevel::Error)
        .message(message(&text))
        .partial_fingerprints(fingerprints(identity))
        .build()
}

fn with_help(message: &str, help: Option<&str>) -> String {
    match help {
        Some(help) => format!("{message}\nhelp: {help}"),
        None => message.to_owned(),
    }
}

fn fingerprints(identity: String) -> BTreeMap<String, String> {
    BTreeMap::from([("cargoGateFinding/v1".to_owned(), identity)])
}

fn level(report: &Report, weight: Weight, finding: &Finding) -> ResultLevel {
    match (weight, finding.blocks_at) {
        (Weight::Blocks, _) => ResultLevel::Error,
        (Weight::Covered, Some(stage)) if stage <= report.stage => ResultLevel::Error,
        (_, Some(_)) => ResultLevel::Warning,
        (_, None) => ResultLevel::Note,
    }
}

fn result(said: &Ranked<'_>, finding: &Finding, level: ResultLevel, prefix: &str, identity: String) -> SarifResult {
    let mut result = SarifResult::builder()
        .rule_id(said.check.id.as_str())
        .rule_index(said.index as i64)
        .kind(ResultKind::Fail)
        .level(level)
        .message(message(&with_help(&finding.message, finding.help.as_deref())))
        .partial_fingerprints(fingerprints(identity))
        .build();
    // `locations` means that every place must change; the first is the one to look at.
    let mut places = finding.locations.iter().map(|place| location(place, prefix));
    if let Some(first) = places.next() {
        result.locations = Some(vec![first]);
    }
    let related: Vec<Location> = places
        .chain(finding.policy.iter().map(|place| location(place, prefix)))
        .take(MOST_PLACES)
        .zip(1..)
        .map(numbered)
        .collect();
    if !related.is_empty() {
        result.related_locations = Some(related);
    }
    let why = match (&finding.waived, &finding.excluded) {
        (Some(waiver), _) => format!("waived until {} by {}: {}", waiver.expires, waiver.owner, waiver.reason),
        (None, Some(surface)) => format!("outside the claim: {surface}"),
        (None, None) => return result,
    };
    result.suppressions = Some(vec![
        Suppression::builder()
            .kind(json!("external"))
            .status(json!("accepted"))
            .justification(text::line(&why))
            .build(),
    ]);
    result
}

fn numbered((mut location, id): (Location, i64)) -> Location {
    location.id = Some(id);
    location
}

fn location(place: &report::Location, prefix: &str) -> Location {
    let artifact = ArtifactLocation::builder()
        .uri(percent_encoded(&in_repository(prefix, &place.path)))
        .uri_base_id("%SRCROOT%")
        .build();
    let mut physical = PhysicalLocation::builder().artifact_location(artifact).build();
    if let Some(line) = place.line.filter(|line| *line > 0) {
        let mut region = Region::builder().start_line(i64::from(line)).build();
        if let Some(column) = place.column.filter(|column| *column > 0) {
            region.start_column = Some(i64::from(column));
            region.end_column = place.length.map(|length| i64::from(column) + i64::from(length));
        }
        physical.region = Some(region);
    }
    Location::builder().physical_location(physical).build()
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    const RULES: &[RuleInfo<'_>] = &[RuleInfo {
        id: "boundary.raw",
        summary: "Raw authority stays in native crates",
        docs: "# What it does\n\nFinds `unsafe`.",
        help_uri: Some("https://example.com/boundary.raw"),
    }];

    /// The official schema as the `serde-sarif` package carries it.
    fn official_schema() -> serde_json::Value {
        let packages = crate::base::built_from::packages();
        let package = packages.iter().find(|package| package.name.as_str() == "serde-sarif");
        let manifest = &package.expect("serde-sarif is a dependency").manifest_path;
        let path = manifest.with_file_name("src").join("schema.json");
        let text = std::fs::read_to_string(path).expect("serde-sarif carries the SARIF schema");
        let mut schema: serde_json::Value = serde_json::from_str(&text).expect("the SARIF schema is JSON");
        // The pattern of the standard has a bracket too many and is no ECMA regular expression.
        let pattern = &mut schema["definitions"]["run"]["properties"]["language"]["pattern"];
        assert_eq!(pattern, "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$");
        *pattern = "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$".into();
        let pattern = &mut schema["definitions"]["toolComponent"]["properties"]["language"]["pattern"];
        assert_eq!(pattern, "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$");
        *pattern = "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$".into();
        schema
    }

    #[test]
    fn every_sample_meets_the_official_schema() {
        let validator = jsonschema::validator_for(&official_schema()).expect("the SARIF schema is a schema");
        for (name, report) in samples::all().into_iter().chain([("many", samples::many(500))]) {
            for prefix in ["", "rust/app"] {
                let mut value = serde_json::from_str(&render(&report, RULES, prefix)).expect("SARIF is JSON");
                let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
                assert!(errors.is_empty(), "{name}: {errors:#?}");
                value["runs"][0]["tool"] = json!({});
                assert!(!validator.is_valid(&value), "the schema lets everything through");
            }
        }
    }

    #[test]
    fn sarif_of_the_samples() {
        insta::assert_snapshot!("bounded", render(&samples::bounded(), RULES, ""));
        insta::assert_snapshot!("unjudged", render(&samples::unjudged(), RULES, "rust/app"));
        insta::assert_snapshot!("hostile", render(&samples::hostile(), &[], ""));
    }

    #[test]
    fn fingerprints_are_unique_and_ignore_lines() {
        let of = |report: &Report| -> Vec<String> {
            let value: serde_json::Value = serde_json::from_str(&render(report, &[], "")).expect("SARIF is JSON");
            let results = value["runs"][0]["results"].as_array().expect("results").clone();
            results
                .iter()
                .map(|it| it["partialFingerprints"]["cargoGateFinding/v1"].to_string())
                .collect()
        };
        let report = samples::failures();
        let before = of(&report);
        let unique: std::collections::BTreeSet<&String> = before.iter().collect();
        assert_eq!(unique.len(), before.len());
        let mut moved = report;
        for location in moved
            .checks
            .iter_mut()
            .flat_map(|check| &mut check.findings)
            .flat_map(|it| &mut it.locations)
        {
            location.line = location.line.map(|line| line + 7);
        }
        assert_eq!(of(&moved), before);
    }

    #[test]
    fn a_run_holds_what_github_takes_most_severe_first() {
        let report = samples::many(30_000);
        let text = render(&report, RULES, "");
        let value: serde_json::Value = serde_json::from_str(&text).expect("SARIF is JSON");
        let results = value["runs"][0]["results"].as_array().expect("results");
        assert_eq!(results.len(), MOST_RESULTS);
        let severity = |it: &serde_json::Value| match (it["suppressions"].is_array(), it["level"].as_str()) {
            (true, _) => 3,
            (false, Some("error")) => 0,
            (false, Some("warning")) => 1,
            (false, _) => 2,
        };
        assert!(results.is_sorted_by_key(severity));
        assert_eq!(results.iter().filter(|it| severity(it) == 0).count(), {
            let blocking = ranked(&report);
            blocking.iter().filter(|said| said.weight == Weight::Blocks).count()
        });
        let left_out = ranked(&report).len() - MOST_RESULTS;
        let invocation = &value["runs"][0]["invocations"][0];
        let note = invocation["toolExecutionNotifications"]
            .as_array()
            .expect("notes")
            .last()
            .expect("a note");
        assert!(
            note["message"]["text"]
                .as_str()
                .expect("text")
                .starts_with(&format!("{left_out} results"))
        );
    }
}
