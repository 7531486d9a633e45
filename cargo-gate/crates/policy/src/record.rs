//! `[evidence]`, `[history]` and `[warnings]`: what counts of evidence, runs and warnings of the past.

use std::time::Duration;

use crate::JsonSchema;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use gate_base::stage::Stage;
use gate_report::Location;

use super::cache::CacheMode;
use super::pattern;
use super::problem::Problem;
use super::rule;
use super::rules::Rules;
use super::tables::{is_filled, table};
use super::value::{CheckId, CheckPattern, Day, Glob, Period, Remote, Text, optional_period, period};

/// How long evidence may be reused, and the store of it that machines share.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidencePolicy {
    /// Address of the store of evidence that machines share, without user or password: `file:///…`, `http://…`, `https://…`,
    /// `s3://…` or `redis://…`.
    #[schemars(with = "Option<Remote>", extend("examples" = ["https://cache.example/evidence"]))]
    pub remote: Option<String>,
    /// What runs do with the store. `CARGO_GATE_EVIDENCE_MODE` takes precedence.
    #[serde(default)]
    #[schemars(extend("examples" = ["ro"]))]
    pub mode: CacheMode,
    /// Time limit of one request: a number with `s` or `m`. Default: `10s`.
    #[serde(default, with = "optional_period")]
    #[schemars(with = "Option<Period>", extend(
        "x-min" = "1s", "x-max" = "10m", "x-sane-min" = "2s", "x-sane-max" = "60s", "examples" = ["10s"]
    ))]
    pub timeout: Option<Duration>,
    /// Limits on the age of evidence. Older evidence is produced again.
    #[serde(default)]
    pub age: Vec<EvidenceAge>,
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
    /// Number of latest runs of the previous stage, each of another commit, that must have ended READY. Default: 3. Fewer take
    /// a `reason`.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 1000), extend("x-sane-max" = 50, "x-why" = "a streak of that length takes months", "examples" = [5]))]
    pub runs: u32,
    /// Number of different days (UTC) on which they must have run. Default: 2. Fewer take a `reason`.
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 365), extend("x-sane-max" = 30, "x-why" = "a streak of that length takes months", "examples" = [3]))]
    pub days: u32,
    /// Largest age at which a run counts: a number with `s`, `m`, `h` or `d`.
    #[serde(default = "ninety_days", with = "period")]
    #[schemars(with = "Period", extend(
        "x-min" = "1h", "x-max" = "365d", "x-sane-min" = "1d", "x-sane-max" = "180d",
        "x-why" = "old runs say little about this code", "examples" = ["90d"]
    ))]
    pub within: Duration,
    /// Why fewer runs or days than by default are enough. Every decision for broad shows it.
    #[schemars(with = "Option<Text<1000>>", extend("examples" = ["released once a year"]))]
    pub reason: Option<String>,
    /// Where it is declared.
    #[schemars(skip)]
    pub location: Location,
}

impl HistoryPolicy {
    /// What holds where the policy does not say.
    pub fn usual() -> Self {
        Self {
            runs: three(),
            days: two(),
            within: ninety_days(),
            reason: None,
            location: Location::file(String::new()),
        }
    }

    /// Whether it asks for less than the default.
    pub fn is_weaker(&self) -> bool {
        self.runs < three() || self.days < two()
    }
}

/// Fewer runs or days than by default take a reason.
pub(super) fn problems(rules: &Rules<'_>) -> Vec<Problem> {
    let Some(history) = table(rules.file, &["history"]).filter(|history| !is_filled(history, "reason")) else {
        return Vec::new();
    };
    let fewer =
        [("runs", three()), ("days", two())]
            .into_iter()
            .filter_map(|(key, usual)| {
                let value = history.get(key)?;
                let number: u32 = value.get_ref().as_integer()?.as_str().parse().ok()?;
                (number < usual).then(|| {
                    Problem::new(value.span(), format!("fewer {key} than {usual} have no reason"))
                .rule(&rule::WEAKER_WITHOUT_REASON)
                .help("add `reason = \"…\"` to `[history]`, which every decision for broad shows, or remove the line")
                })
            });
    fewer.collect()
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

fn three() -> u32 {
    3
}

fn two() -> u32 {
    2
}

fn ninety_days() -> Duration {
    Duration::from_secs(90 * 86_400)
}

fn broad() -> Stage {
    Stage::Broad
}
