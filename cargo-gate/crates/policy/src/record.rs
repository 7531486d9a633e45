//! `[evidence]`, `[history]` and `[warnings]`: what counts of evidence, runs and warnings of the past.

use std::time::Duration;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use gate_base::stage::Stage;
use gate_report::Location;

use super::pattern;
use super::value::{CheckId, CheckPattern, Day, Glob, Period, Text, period};

/// How long evidence may be reused.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Evidence {
    /// Limits on the age of evidence. Older evidence is produced again.
    #[serde(default)]
    age: Vec<EvidenceAge>,
}

/// The limits of `[evidence]`.
pub(super) fn ages<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<EvidenceAge>, D::Error> {
    Ok(Evidence::deserialize(from)?.age)
}

/// A limit on the age of evidence.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EvidenceAge {
    /// Id of the check or suite; `*` matches any characters.
    #[schemars(with = "CheckPattern", extend("examples" = ["suite.test.*"]))]
    pub check: String,
    /// Largest age at which evidence is reused: a number with `s`, `m`, `h` or `d`.
    #[serde(with = "period")]
    #[schemars(with = "Period", extend(
        "x-min" = "1m", "x-max" = "365d", "x-sane-min" = "1h", "x-sane-max" = "90d",
        "x-why" = "dependencies and toolchains move on meanwhile", "examples" = ["7d"]
    ))]
    pub max_age: Duration,
    /// First stage at which the limit applies and such evidence must exist. Default: every stage that has such
    /// evidence.
    #[schemars(extend("examples" = ["broad"]))]
    pub stage: Option<Stage>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

impl EvidenceAge {
    /// Whether the limit holds for this check at this stage.
    pub fn covers(&self, id: &str, stage: Stage) -> bool {
        self.stage.is_none_or(|from| from <= stage) && pattern::matches(&self.check, id)
    }
}

/// How many earlier runs must have ended READY.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HistoryPolicy {
    /// Number of latest runs of the previous stage that must have ended READY.
    #[schemars(range(min = 1, max = 1000), extend("x-sane-min" = 2, "x-sane-max" = 50, "x-why" = "one run may be luck", "examples" = [5]))]
    pub runs: u32,
    /// Largest age at which a run counts: a number with `s`, `m`, `h` or `d`.
    #[serde(default = "ninety_days", with = "period")]
    #[schemars(with = "Period", extend(
        "x-min" = "1h", "x-max" = "365d", "x-sane-min" = "1d", "x-sane-max" = "180d",
        "x-why" = "old runs say little about this code", "examples" = ["90d"]
    ))]
    pub within: Duration,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// Which warnings must be reviewed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WarningPolicy {
    /// First stage at which an unreviewed warning blocks.
    #[serde(default = "broad")]
    #[schemars(extend("examples" = ["broad"]))]
    pub review_before: Stage,
    /// Largest age at which a review counts: a number with `s`, `m`, `h` or `d`.
    #[serde(default = "ninety_days", with = "period")]
    #[schemars(with = "Period", extend(
        "x-min" = "1d", "x-max" = "365d", "x-sane-min" = "7d", "x-sane-max" = "180d",
        "x-why" = "a warning that is never reviewed again is forgotten", "examples" = ["90d"]
    ))]
    pub max_age: Duration,
    /// Reviewed warnings.
    #[serde(default)]
    pub reviewed: Vec<Reviewed>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

/// A reviewed warning.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Reviewed {
    /// Id of the check that warns.
    #[schemars(with = "CheckId", extend("examples" = ["toolchain.msrv"]))]
    pub check: String,
    /// Glob over the path of the warning's first location.
    #[schemars(with = "Option<Glob>", extend("examples" = ["src/ffi/**"]))]
    pub path: Option<String>,
    /// Package the warning is about.
    #[schemars(with = "Option<Text>")]
    pub package: Option<String>,
    /// Text that the warning's message contains.
    #[schemars(with = "Option<Text<1000>>")]
    pub contains: Option<String>,
    /// Who reviewed it.
    #[schemars(with = "Text", extend("examples" = ["alice"]))]
    pub by: String,
    /// Date of the review.
    #[schemars(with = "Day", extend("examples" = ["2026-01-31"]))]
    pub on: Date,
    /// Result of the review.
    #[schemars(with = "Text<1000>", extend("examples" = ["harmless: tests only"]))]
    pub note: String,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

fn ninety_days() -> Duration {
    Duration::from_secs(90 * 86_400)
}

fn broad() -> Stage {
    Stage::Broad
}
