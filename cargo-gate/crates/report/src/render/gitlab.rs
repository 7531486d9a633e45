//! The report as a GitLab Code Quality report: findings beside the lines of a merge request.
//! Format: <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.

use serde_json::json;

use super::identity::Identities;
use super::ranking::ranked;
use super::{Weight, anchor, text};
use crate::Report;
use gate_base::paths;
use gate_base::stage::Stage;

/// Bytes of one description: the widget shows one line.
const LONGEST: usize = 2_000;

/// The report as JSON, most severe finding first, with a line end after it. `prefix` is the path of the workspace inside
/// the repository, empty at its root. What a waiver or an exclusion covers is left out: the widget has no state for it,
/// and it needs nobody's attention.
pub fn render(report: &Report, prefix: &str) -> String {
    let mut identities = Identities::default();
    let mut issues = Vec::new();
    for said in ranked(report) {
        if said.weight == Weight::Covered {
            continue;
        }
        let (description, fingerprint) = match said.finding {
            Some(finding) => (finding.message.clone(), identities.of_finding(said.check, finding)),
            None => {
                let why = said.check.reason.as_ref().map_or(&said.check.summary, |it| &it.message);
                let description = format!("{}: {why}", said.check.outcome.words());
                (description, identities.of_unjudged(said.check))
            }
        };
        let blocks_at = said.finding.and_then(|finding| finding.blocks_at);
        let place = anchor(said.finding);
        issues.push(json!({
            "description": text::clipped(&text::line(&description), LONGEST),
            "check_name": said.check.id,
            "fingerprint": fingerprint,
            "severity": severity(said.weight, blocks_at),
            "location": {
                "path": paths::join(prefix, &place.path),
                "lines": { "begin": place.line.unwrap_or(1).max(1) },
            },
        }));
    }
    let mut out = serde_json::to_string_pretty(&issues).expect("issues are plain JSON");
    out.push('\n');
    out
}

/// What blocks this stage is a blocker; what blocks the next is major, what blocks a later one minor, and advice is for
/// information.
fn severity(weight: Weight, blocks_at: Option<Stage>) -> &'static str {
    match (weight, blocks_at) {
        (Weight::Blocks, _) => "blocker",
        (_, Some(Stage::Pilot | Stage::Controlled)) => "major",
        (_, Some(Stage::Broad)) => "minor",
        (_, None) => "info",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::samples;
    use super::*;
    use crate::Finding;

    /// What GitLab's documentation asks of a report.
    fn documented() -> jsonschema::Validator {
        let schema = json!({
            "type": "array",
            "items": {
                "type": "object",
                "required": ["description", "check_name", "fingerprint", "location", "severity"],
                "additionalProperties": false,
                "properties": {
                    "description": { "type": "string", "minLength": 1 },
                    "check_name": { "type": "string", "minLength": 1 },
                    "fingerprint": { "type": "string", "minLength": 1 },
                    "severity": { "enum": ["info", "minor", "major", "critical", "blocker"] },
                    "location": {
                        "type": "object",
                        "required": ["path", "lines"],
                        "properties": {
                            // Relative to the repository, without `./` in front.
                            "path": { "type": "string", "pattern": "^[^/.]|^\\.[^/.]|^\\.\\./" },
                            "lines": {
                                "type": "object",
                                "required": ["begin"],
                                "properties": { "begin": { "type": "integer", "minimum": 1 } }
                            }
                        }
                    }
                }
            }
        });
        jsonschema::validator_for(&schema).expect("a schema")
    }

    fn issues(report: &Report, prefix: &str) -> Vec<Value> {
        let value: Value = serde_json::from_str(&render(report, prefix)).expect("JSON");
        let errors: Vec<String> = documented()
            .iter_errors(&value)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
        value.as_array().expect("a list").clone()
    }

    #[test]
    fn every_sample_is_as_documented() {
        for (name, report) in samples::all() {
            issues(&report, "rust/app");
            insta::assert_snapshot!(name, render(&report, ""));
        }
    }

    #[test]
    fn fingerprints_are_unique_and_ignore_lines() {
        let of = |report: &Report| -> Vec<String> {
            let issues = issues(report, "");
            issues.iter().map(|issue| issue["fingerprint"].to_string()).collect()
        };
        let mut report = samples::many(30_000);
        let before = of(&report);
        assert_eq!(before.iter().collect::<BTreeSet<_>>().len(), before.len());
        let places = report.checks.iter_mut().flat_map(|check| &mut check.findings);
        for location in places.flat_map(|finding: &mut Finding| &mut finding.locations) {
            location.line = location.line.map(|line| line + 7);
        }
        assert_eq!(of(&report), before);
    }

    #[test]
    fn what_is_covered_is_left_out_and_what_is_nowhere_stands_at_the_manifest() {
        assert_eq!(issues(&samples::bounded(), ""), Vec::<Value>::new());
        let unjudged = issues(&samples::unjudged(), "rust/app");
        assert_eq!(unjudged.len(), 4);
        assert_eq!(unjudged[0]["location"]["path"], "rust/app/Cargo.toml");
        assert_eq!(unjudged[0]["severity"], "blocker");
    }

    proptest! {
        #[test]
        fn foreign_text_stays_text(message in any::<String>(), path in "[ -~\u{1b}\n]{1,30}") {
            let mut report = samples::hostile();
            let finding = &mut report.checks[0].findings[0];
            finding.message = message;
            finding.locations[0].path = path;
            let value: Value = serde_json::from_str(&render(&report, "")).expect("JSON");
            let issues = value.as_array().expect("a list");
            prop_assert_eq!(issues.len(), 2);
            for issue in issues {
                let description = issue["description"].as_str().expect("text");
                prop_assert!(!description.chars().any(char::is_control));
            }
        }
    }
}
