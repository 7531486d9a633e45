//! Sections about what was shown before: `[evidence]`, `[history]`, `[warnings]`.

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::base::stage::Stage;

use super::RawDate;

/// How long evidence may be reused.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawEvidence {
    /// Limits on the age of evidence. What is older is made anew.
    #[serde(default)]
    #[schemars(with = "Vec<RawEvidenceAge>")]
    pub(in crate::policy) age: Vec<Spanned<RawEvidenceAge>>,
}

/// A limit on the age of evidence.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawEvidenceAge {
    /// Id of the check or suite whose evidence ages, with `*` for any characters.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "check-pattern", "examples" = ["suite.test.*"]))]
    pub(in crate::policy) check: String,
    /// Age up to which the evidence is reused: a number with `s`, `m`, `h` or `d`.
    #[schemars(extend(
        "x-format" = "duration", "x-min" = "1m", "x-max" = "365d", "x-sane-min" = "1h", "x-sane-max" = "90d",
        "examples" = ["7d"]
    ))]
    pub(in crate::policy) max_age: String,
    /// First stage at which the limit holds and such evidence must exist. Absent: every stage, where there is any.
    #[schemars(extend("examples" = ["broad"]))]
    pub(in crate::policy) stage: Option<Stage>,
}

/// How many runs without a failure a stage asks for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawHistory {
    /// How many runs of the stage before, the last ones, must have ended READY.
    #[schemars(range(min = 1, max = 1000), extend("x-sane-min" = 2, "x-sane-max" = 50, "examples" = [5]))]
    pub(in crate::policy) runs: u32,
    /// Age up to which a run counts: a number with `s`, `m`, `h` or `d`.
    #[serde(default = "ninety_days")]
    #[schemars(extend(
        "x-format" = "duration", "x-min" = "1h", "x-max" = "365d", "x-sane-min" = "1d", "x-sane-max" = "180d",
        "examples" = ["90d"]
    ))]
    pub(in crate::policy) within: String,
}

fn ninety_days() -> String {
    "90d".into()
}

/// Which warnings somebody must have looked at.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawWarnings {
    /// First stage at which a warning that nobody reviewed blocks.
    #[serde(default = "broad")]
    #[schemars(extend("examples" = ["broad"]))]
    pub(in crate::policy) review_before: Stage,
    /// Age up to which a review counts: a number with `s`, `m`, `h` or `d`.
    #[serde(default = "ninety_days")]
    #[schemars(extend(
        "x-format" = "duration", "x-min" = "1d", "x-max" = "365d", "x-sane-min" = "7d", "x-sane-max" = "180d",
        "examples" = ["90d"]
    ))]
    pub(in crate::policy) max_age: String,
    /// Warnings that somebody looked at.
    #[serde(default)]
    #[schemars(with = "Vec<RawReviewed>")]
    pub(in crate::policy) reviewed: Vec<Spanned<RawReviewed>>,
}

fn broad() -> Stage {
    Stage::Broad
}

/// A warning that somebody looked at.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::policy) struct RawReviewed {
    /// Id of the check that warns.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "check", "examples" = ["toolchain.msrv"]))]
    pub(in crate::policy) check: String,
    /// Glob over the path of the warning's first location.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "glob", "examples" = ["src/ffi/**"]))]
    pub(in crate::policy) path: Option<String>,
    /// Package the warning is about.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "text"))]
    pub(in crate::policy) package: Option<String>,
    /// Text that the warning's message contains.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "text"))]
    pub(in crate::policy) contains: Option<String>,
    /// Who looked at it.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "text", "examples" = ["alice"]))]
    pub(in crate::policy) by: String,
    /// On which day.
    #[schemars(extend("examples" = ["2026-01-31"]))]
    pub(in crate::policy) on: RawDate,
    /// What came of it.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "text", "examples" = ["harmless: tests only"]))]
    pub(in crate::policy) note: String,
}
