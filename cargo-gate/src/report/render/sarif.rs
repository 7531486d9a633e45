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
use super::markdown::percent_encoded;
use super::{Weight, text};
use crate::digest::sha256_hex;
use crate::report::{self, CheckReport, Finding, Outcome, Report};

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

/// The report as SARIF, indented, with a line end after it. `rules` documents the checks of the report (others are
/// left out); `prefix` is the path of the workspace inside the repository, empty at its root.
pub fn render(report: &Report, rules: &[RuleInfo<'_>], prefix: &str) -> String {
    let mut results = Vec::new();
    let mut fingerprints = Fingerprints::default();
    for (index, check) in report.checks.iter().enumerate() {
        if let Some(result) = unjudged(check, index, &mut fingerprints) {
            results.push(result);
        }
        for finding in &check.findings {
            results.push(result(report, check, index, finding, prefix, &mut fingerprints));
        }
    }
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
        .invocations(vec![invocation(report)])
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
    MultiformatMessageString::builder().text(text::lines(message)).build()
}

fn message(message: &str) -> Message {
    Message::builder().text(text::lines(message)).build()
}

fn invocation(report: &Report) -> Invocation {
    let notifications: Vec<Notification> = report
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
    let mut invocation = Invocation::builder()
        .execution_successful(notifications.is_empty())
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
fn unjudged(check: &CheckReport, rule: usize, fingerprints: &mut Fingerprints) -> Option<SarifResult> {
    if matches!(check.outcome, Outcome::Pass | Outcome::Warn | Outcome::Fail) {
        return None;
    }
    let words = check.outcome.words();
    let said = match &check.reason {
        Some(reason) => {
            let help = reason
                .help
                .as_deref()
                .map(|help| format!("\nhelp: {help}"))
                .unwrap_or_default();
            format!("{words}: {}{help}", reason.message)
        }
        None => words.to_owned(),
    };
    let code = check.reason.as_ref().map_or(words, |reason| reason.code.as_str());
    Some(
        SarifResult::builder()
            .rule_id(check.id.as_str())
            .rule_index(rule as i64)
            .kind(ResultKind::Fail)
            .level(ResultLevel::Error)
            .message(message(&said))
            .partial_fingerprints(fingerprints.of(&[&check.id, code]))
            .build(),
    )
}

fn result(
    report: &Report,
    check: &CheckReport,
    rule: usize,
    finding: &Finding,
    prefix: &str,
    fingerprints: &mut Fingerprints,
) -> SarifResult {
    let level = match (report.weight(finding), finding.blocks_at) {
        (Weight::Blocks, _) => ResultLevel::Error,
        (Weight::Covered, Some(stage)) if stage <= report.stage => ResultLevel::Error,
        (_, Some(_)) => ResultLevel::Warning,
        (_, None) => ResultLevel::Note,
    };
    let help = finding
        .help
        .as_deref()
        .map(|help| format!("\nhelp: {help}"))
        .unwrap_or_default();
    let path = finding.locations.first().map_or("", |location| location.path.as_str());
    let package = finding.package.as_deref().unwrap_or_default();
    let mut result = SarifResult::builder()
        .rule_id(check.id.as_str())
        .rule_index(rule as i64)
        .kind(ResultKind::Fail)
        .level(level)
        .message(message(&format!("{}{help}", finding.message)))
        .partial_fingerprints(fingerprints.of(&[&check.id, path, package, &finding.message]))
        .build();
    // `locations` means that every place must change; the first is the one to look at.
    let mut places = finding.locations.iter().map(|place| location(place, prefix));
    if let Some(first) = places.next() {
        result.locations = Some(vec![first]);
    }
    let related: Vec<Location> = places
        .chain(finding.policy.iter().map(|place| location(place, prefix)))
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

/// Identities of results that survive moved lines: equal ones are numbered in the order of the report.
#[derive(Default)]
struct Fingerprints(BTreeMap<String, u32>);

impl Fingerprints {
    fn of(&mut self, parts: &[&str]) -> BTreeMap<String, String> {
        let digest = sha256_hex(parts.join("\0").as_bytes());
        let seen = self.0.entry(digest.clone()).or_default();
        *seen += 1;
        BTreeMap::from([("cargoGateFinding/v1".to_owned(), format!("{}:{seen}", &digest[..32]))])
    }
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
        let packages = crate::built_from::packages();
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
        for (name, report) in samples::all() {
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
}
