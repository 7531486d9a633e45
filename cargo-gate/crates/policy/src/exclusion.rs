//! `[[exclusion]]`: surfaces left out of the claim.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_report::Location;

use super::problem::Problem;
use super::rule;
use super::rules::Rules;
use super::tables::{is_filled, tables};
use super::value::{Glob, Text};

/// A surface excluded from the claim, with at least one package or path.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Exclusion {
    /// What is excluded, in words.
    #[schemars(with = "Text", extend("examples" = ["the admin console"]))]
    pub surface: String,
    /// Packages whose findings are excluded.
    #[serde(default)]
    #[schemars(with = "Vec<Text>")]
    pub packages: Vec<String>,
    /// Globs over paths whose findings are excluded, relative to the workspace root.
    #[serde(default)]
    #[schemars(with = "Vec<Glob>")]
    pub paths: Vec<String>,
    /// Why it is excluded.
    #[schemars(with = "Text<1000>", extend("examples" = ["not deployed yet"]))]
    pub reason: String,
    /// Risk of excluding it: `low`, `medium` or `high`.
    #[schemars(with = "Risk", extend("examples" = ["low"]))]
    pub risk: String,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// Risk label.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(
    dead_code,
    reason = "the words are those of the schema; the policy keeps the label as it is written"
)]
enum Risk {
    /// No user would notice.
    Low,
    /// Some users would notice.
    Medium,
    /// The service depends on it.
    High,
}

/// An exclusion excludes something.
pub(super) fn problems(rules: &Rules<'_>) -> Vec<Problem> {
    let exclusions = tables(rules.file, &["exclusion"]);
    let empty = exclusions.filter(|(exclusion, _)| !is_filled(exclusion, "packages") && !is_filled(exclusion, "paths"));
    empty
        .map(|(_, span)| {
            Problem::new(span, "no package or path given: the exclusion matches nothing")
                .rule(&rule::EXCLUSION_OF_NOTHING)
                .help("add `packages = [\"…\"]` or `paths = [\"…\"]`")
        })
        .collect()
}
