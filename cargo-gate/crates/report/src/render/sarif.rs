//! The report as SARIF 2.1.0, the format of code scanning services.
//! Standard: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>; what GitHub asks beyond it:
//! <https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>.

use serde_json::{Value, json};

use super::identity::Identities;
use super::markdown::percent_encoded;
use super::ranking::{Ranked, ranked};
use super::{Weight, anchor, explained, text};
use crate::{CheckReport, Finding, Fix, Outcome, Report};
use gate_base::paths;

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
    let descriptors: Vec<Value> = report.checks.iter().map(|check| descriptor(check, rules)).collect();
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": report.tool.name,
                    "version": report.tool.version,
                    "semanticVersion": report.tool.version,
                    "informationUri": env!("CARGO_PKG_REPOSITORY"),
                    "rules": descriptors,
                },
            },
            "invocations": [invocation(report, left_out)],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

/// The most severe results, and how many more there were.
fn results(report: &Report, prefix: &str) -> (Vec<Value>, usize) {
    let mut identities = Identities::default();
    let mut results: Vec<(u8, Value)> = ranked(report)
        .iter()
        .map(|said| {
            let Some(finding) = said.finding else {
                return (0, unjudged(said, prefix, &identities.of_unjudged(said.check)));
            };
            let level = level(report, said.weight, finding);
            let severity = match level {
                _ if said.weight == Weight::Covered => 3,
                "error" => 0,
                "warning" => 1,
                _ => 2,
            };
            let identity = identities.of_finding(said.check, finding);
            (severity, result(said, finding, level, prefix, &identity))
        })
        .collect();
    results.sort_by_key(|(severity, _)| *severity);
    let left_out = results.len().saturating_sub(MOST_RESULTS);
    results.truncate(MOST_RESULTS);
    (results.into_iter().map(|(_, result)| result).collect(), left_out)
}

fn descriptor(check: &CheckReport, rules: &[RuleInfo<'_>]) -> Value {
    let info = rules.iter().find(|rule| rule.id == check.id);
    let summary = info.map_or(check.summary.as_str(), |rule| rule.summary);
    // GitHub requires both descriptions, and takes 1024 characters of each.
    let description = message(summary, 1024);
    let mut descriptor = json!({ "id": check.id, "shortDescription": description, "fullDescription": description });
    // GitHub requires a help text too: a suite of the policy has no page.
    let docs = text::lines(info.map_or(summary, |rule| rule.docs));
    descriptor["help"] = json!({ "text": docs, "markdown": docs });
    if let Some(uri) = info.and_then(|rule| rule.help_uri) {
        descriptor["helpUri"] = uri.into();
    }
    descriptor
}

fn message(message: &str, longest: usize) -> Value {
    json!({ "text": text::lines(&text::clipped(message, longest)) })
}

fn invocation(report: &Report, left_out: usize) -> Value {
    let mut notifications: Vec<Value> = report
        .checks
        .iter()
        .filter(|check| check.outcome == Outcome::Error)
        .map(|check| {
            let reason = check.reason.as_ref();
            let why = reason.map_or(check.summary.as_str(), |reason| &reason.message);
            json!({ "level": "error", "message": message(why, LONGEST), "associatedRule": { "id": check.id } })
        })
        .collect();
    let mut invocation = json!({ "executionSuccessful": notifications.is_empty(), "exitCode": report.exit_code });
    if left_out > 0 {
        let words = format!(
            "{left_out} results of lower severity are omitted: a SARIF run has at most {MOST_RESULTS}; see the JSON \
             report for all"
        );
        notifications.push(json!({ "level": "warning", "message": message(&words, LONGEST) }));
    }
    if report.started.parse::<jiff::Timestamp>().is_ok() {
        invocation["startTimeUtc"] = report.started.as_str().into();
    }
    if !notifications.is_empty() {
        invocation["toolExecutionNotifications"] = notifications.into();
    }
    invocation
}

/// A check without a judgement is a result as well: a reader that looks only at results must not take it for a pass.
fn unjudged(said: &Ranked<'_>, prefix: &str, identity: &str) -> Value {
    let check = said.check;
    let words = check.outcome.words();
    let text = match &check.reason {
        Some(reason) => explained(&format!("{words}: {}", reason.message), None, reason.help.as_deref()),
        None => words.to_owned(),
    };
    failure(said, "error", &text, &anchor(None), prefix, identity)
}

/// A result. It always has a place: GitHub refuses the whole file for one result without.
fn failure(said: &Ranked<'_>, level: &str, text: &str, place: &crate::Location, prefix: &str, identity: &str) -> Value {
    json!({
        "ruleId": said.check.id,
        "ruleIndex": said.index,
        "kind": "fail",
        "level": level,
        "message": message(text, LONGEST),
        "locations": [location(place, prefix)],
        "partialFingerprints": { "cargoGateFinding/v1": identity },
    })
}

fn level(report: &Report, weight: Weight, finding: &Finding) -> &'static str {
    match (weight, finding.blocks_at) {
        (Weight::Blocks, _) => "error",
        (Weight::Covered, Some(stage)) if stage <= report.stage => "error",
        (_, Some(_)) => "warning",
        (_, None) => "note",
    }
}

fn result(said: &Ranked<'_>, finding: &Finding, level: &str, prefix: &str, identity: &str) -> Value {
    let text = explained(&finding.message, finding.detail.as_deref(), finding.help.as_deref());
    let mut result = failure(said, level, &text, &anchor(Some(finding)), prefix, identity);
    // `locations` means that every place must change; the first is the one to look at.
    let related: Vec<Value> = finding
        .locations
        .iter()
        .skip(1)
        .chain(&finding.policy)
        .take(MOST_PLACES)
        .zip(1..)
        .map(|(place, id)| {
            let mut location = location(place, prefix);
            location["id"] = id.into();
            location
        })
        .collect();
    if !related.is_empty() {
        result["relatedLocations"] = related.into();
    }
    if let Some(fix) = &finding.fix {
        result["fixes"] = json!([fixed(fix, prefix)]);
    }
    if let Some(why) = finding.covered() {
        result["suppressions"] =
            json!([{ "kind": "external", "status": "accepted", "justification": text::line(&why) }]);
    }
    result
}

/// A fix: the changes of each file. Its regions are of the file as it was judged.
fn fixed(fix: &Fix, prefix: &str) -> Value {
    let mut changes: Vec<(&str, Vec<Value>)> = Vec::new();
    for edit in &fix.edits {
        let replacement = json!({
            "deletedRegion": {
                "startLine": edit.line_start,
                "startColumn": edit.column_start,
                "endLine": edit.line_end,
                "endColumn": edit.column_end,
            },
            "insertedContent": { "text": edit.replacement },
        });
        match changes.last_mut() {
            Some((path, replacements)) if *path == edit.path => replacements.push(replacement),
            _ => changes.push((&edit.path, vec![replacement])),
        }
    }
    let changes: Vec<Value> = changes
        .into_iter()
        .map(|(path, replacements)| {
            let uri = percent_encoded(&paths::join(prefix, path));
            json!({ "artifactLocation": { "uri": uri, "uriBaseId": "%SRCROOT%" }, "replacements": replacements })
        })
        .collect();
    json!({ "description": { "text": text::line(&fix.title) }, "artifactChanges": changes })
}

/// A place. What names a file and no line is about its first: GitHub asks for a region.
fn location(place: &crate::Location, prefix: &str) -> Value {
    let line = place.line.unwrap_or(1).max(1);
    let mut region = json!({ "startLine": line });
    if let (Some(_), Some(column)) = (place.line, place.column.filter(|column| *column > 0)) {
        region["startColumn"] = column.into();
        if let Some(length) = place.length {
            region["endColumn"] = column.saturating_add(length).into();
        }
    }
    let uri = percent_encoded(&paths::join(prefix, &place.path));
    json!({
        "physicalLocation": { "artifactLocation": { "uri": uri, "uriBaseId": "%SRCROOT%" }, "region": region },
    })
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

    /// The schema of the standard.
    fn official_schema() -> Value {
        serde_json::from_str(include_str!("sarif.schema.json")).expect("the SARIF schema is JSON")
    }

    /// What GitHub refuses a file without, although the standard does not ask for it.
    fn schema_of_github() -> Value {
        let text = json!({ "type": "string", "minLength": 1 });
        let object = |properties: Value| {
            let required: Vec<&String> = properties.as_object().expect("properties").keys().collect();
            json!({ "type": "object", "required": required, "properties": properties })
        };
        let physical = object(json!({
            "artifactLocation": object(json!({ "uri": text })),
            "region": object(json!({ "startLine": { "type": "integer", "minimum": 1 } })),
        }));
        let locations =
            json!({ "type": "array", "minItems": 1, "items": object(json!({ "physicalLocation": physical })) });
        let message = object(json!({ "text": text }));
        let result = object(json!({ "ruleId": text, "message": message, "locations": locations }));
        let rule = object(json!({
            "id": text, "shortDescription": message, "fullDescription": message, "help": message,
        }));
        let driver = object(json!({ "name": text, "rules": { "type": "array", "items": rule } }));
        let run = object(json!({
            "tool": object(json!({ "driver": driver })),
            "results": { "type": "array", "items": result, "maxItems": MOST_RESULTS },
        }));
        object(json!({ "version": { "const": "2.1.0" }, "$schema": text, "runs": { "type": "array", "items": run } }))
    }

    #[test]
    fn every_result_has_what_github_refuses_a_file_without() {
        let validator = jsonschema::validator_for(&schema_of_github()).expect("it is a schema");
        let mut results = 0;
        for (name, report) in samples::all() {
            let mut value: Value = serde_json::from_str(&render(&report, RULES, "rust/app")).expect("SARIF is JSON");
            let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{name}: {errors:#?}");
            for at in 0..value["runs"][0]["results"].as_array().map_or(0, Vec::len) {
                let locations = value["runs"][0]["results"][at]["locations"].take();
                assert!(
                    !validator.is_valid(&value),
                    "{name}: the schema lets everything through"
                );
                value["runs"][0]["results"][at]["locations"] = locations;
                results += 1;
            }
        }
        assert!(results > 50, "{results}");
    }

    #[test]
    fn what_has_no_place_stands_at_the_root_manifest_and_a_failing_test_says_why() {
        let result = |report: &Report, id: &str| -> Value {
            let value: Value = serde_json::from_str(&render(report, RULES, "rust/app")).expect("SARIF is JSON");
            let results = value["runs"][0]["results"].as_array().expect("results").clone();
            results.into_iter().find(|it| it["ruleId"] == id).expect("a result")
        };
        let manifest = json!([{ "physicalLocation": {
            "artifactLocation": { "uri": "rust/app/Cargo.toml", "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": 1 },
        } }]);
        assert_eq!(result(&samples::unjudged(), "toolchain.pinned")["locations"], manifest);
        assert_eq!(result(&samples::unjudged(), "lockfile.fresh")["locations"], manifest);
        let failed = result(&samples::failures(), "suite.test.default");
        insta::assert_snapshot!(failed["message"]["text"].as_str().expect("text"), @"
        1 of 3 tests failed: `demo parses_long`
        assertion `left == right` failed: 12 digits
          left: 11
         right: 12
        help: run `cargo test --locked parses_long`
        ");
    }

    #[test]
    fn every_sample_meets_the_official_schema() {
        let validator = jsonschema::validator_for(&official_schema()).expect("the SARIF schema is a schema");
        for (name, report) in samples::all().into_iter().chain([("many", samples::many(500))]) {
            for prefix in ["", "rust/app"] {
                let mut value: Value = serde_json::from_str(&render(&report, RULES, prefix)).expect("SARIF is JSON");
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
            let value: Value = serde_json::from_str(&render(report, &[], "")).expect("SARIF is JSON");
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
        let value: Value = serde_json::from_str(&text).expect("SARIF is JSON");
        let results = value["runs"][0]["results"].as_array().expect("results");
        assert_eq!(results.len(), MOST_RESULTS);
        let severity = |it: &Value| match (it["suppressions"].is_array(), it["level"].as_str()) {
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
