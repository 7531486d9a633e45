//! `gate.toml` as it is written: the one source of its keys, types, ranges and hover texts.
//!
//! The JSON Schema that editors read and that [`super::walk`] validates against is generated from these types, so a key
//! exists in all three places or in none. Doc comments of fields are shown by editors.
//!
//! Schema keywords of our own: `x-format` names a value syntax of [`super::format`], `x-sane-min` and `x-sane-max`
//! bound what is usual (a number, or a duration for `x-format = "duration"`), `x-min` and `x-max` bound what is possible
//! for durations, `x-help` is the help line of a violation.

mod governance;
mod profile;
mod secrets;
mod suite;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

pub(super) use governance::{RawDate, RawExclusion, RawWaiver};
pub(super) use profile::{RawAllowed, RawProfile};
pub(super) use secrets::{RawPaths, RawSecrets};
pub(super) use suite::{RawCommand, RawSuites, RawTestSuite, RawTool, RawToolSuite};

use super::model::Tier;
use crate::stage::Stage;

/// What a Cargo workspace must prove before it enters a rollout stage. Read by `cargo gate`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "gate.toml")]
pub(super) struct RawPolicy {
    /// Version of this file format. Always 1.
    #[expect(dead_code, reason = "the schema admits one value")]
    #[schemars(
        range(min = 1, max = 1),
        extend("examples" = [1], "x-help" = "write `version = 1`; a later format needs a later cargo-gate")
    )]
    pub(super) version: u32,
    /// What each rollout stage declares.
    #[schemars(extend("x-missing" = "add `stage.pilot.scope = \"one internal service\"`"))]
    pub(super) stage: RawStages,
    /// Authority level of the crates.
    #[schemars(with = "Option<RawTiers>")]
    pub(super) tiers: Option<Spanned<RawTiers>>,
    /// Rules for raw authority: `unsafe`, FFI, `asm!`, kernel launches.
    #[schemars(with = "Option<RawBoundary>")]
    pub(super) boundary: Option<Spanned<RawBoundary>>,
    /// Paths of machines: home directories and build directories, in tracked text and in logs.
    #[schemars(with = "Option<RawPaths>")]
    pub(super) paths: Option<Spanned<RawPaths>>,
    /// Secrets in tracked files.
    #[schemars(with = "Option<RawSecrets>")]
    pub(super) secrets: Option<Spanned<RawSecrets>>,
    /// Requirements on Cargo profiles, by profile name (`[profile.release]`).
    #[serde(default)]
    pub(super) profile: BTreeMap<String, RawProfile>,
    /// Bodies of evidence that a check runs. Without any, the default suite runs the tests of the workspace.
    #[serde(default)]
    pub(super) suite: RawSuites,
    /// Permissions for named findings. A waiver that is expired or that no finding uses is itself a failure.
    #[serde(default)]
    #[schemars(with = "Vec<RawWaiver>")]
    pub(super) waiver: Vec<Spanned<RawWaiver>>,
    /// Surfaces left out of the claim. An exclusion shrinks the claim, not the list of checks.
    #[serde(default)]
    #[schemars(with = "Vec<RawExclusion>")]
    pub(super) exclusion: Vec<Spanned<RawExclusion>>,
    /// Overrides by check id (`[checks."lockfile.tracked"]`).
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, RawCheck>", extend("propertyNames" = { "x-format": "check" }))]
    pub(super) checks: BTreeMap<String, Spanned<RawCheck>>,
}

/// The rollout stages, earliest first.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawStages {
    /// First use in one service or internal tool.
    #[schemars(with = "RawPilot", extend("x-missing" = "add `[stage.pilot]` with `scope = \"one internal service\"`"))]
    pub(super) pilot: Spanned<RawPilot>,
    /// Limited production use under guardrails.
    #[schemars(with = "Option<RawStage>")]
    pub(super) controlled: Option<Spanned<RawStage>>,
    /// Unlimited production use.
    #[schemars(with = "Option<RawStage>")]
    pub(super) broad: Option<Spanned<RawStage>>,
}

/// The pilot stage; its scope is required.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawPilot {
    /// Where the software runs at this stage, in words: a single service or an internal tool.
    #[schemars(length(min = 1, max = 500), extend("x-format" = "text", "examples" = ["one internal service"]))]
    pub(super) scope: String,
    /// Without effect at pilot, which has no stage before it; accepted so that the stages read alike.
    #[schemars(extend(
        "x-format" = "duration", "x-min" = "1h", "x-max" = "365d", "x-sane-min" = "1d", "x-sane-max" = "90d",
        "examples" = ["30d"]
    ))]
    pub(super) max_age: Option<String>,
    /// Whether warnings block, as under `--strict`.
    #[serde(default)]
    pub(super) strict: bool,
}

/// A stage after pilot.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawStage {
    /// Where the software runs at this stage, in words.
    #[schemars(
        length(min = 1, max = 500),
        extend("x-format" = "text", "examples" = ["10% of production traffic"])
    )]
    pub(super) scope: Option<String>,
    /// How old the decision of the stage before may be: a number with `s`, `m`, `h` or `d`.
    #[schemars(extend(
        "x-format" = "duration", "x-min" = "1h", "x-max" = "365d", "x-sane-min" = "1d", "x-sane-max" = "90d",
        "examples" = ["30d"]
    ))]
    pub(super) max_age: Option<String>,
    /// Whether warnings block, as under `--strict`.
    #[serde(default)]
    pub(super) strict: bool,
}

/// Authority levels: `portable`, `idiomatic`, `native`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawTiers {
    /// Tier of every crate without an exception.
    #[serde(default = "portable")]
    pub(super) default: Tier,
    /// Crates that leave the default tier. Each needs an owner, a reason and an expiry date.
    #[serde(default)]
    #[schemars(with = "Vec<RawTierException>")]
    pub(super) exception: Vec<Spanned<RawTierException>>,
}

fn portable() -> Tier {
    Tier::Portable
}

/// A crate that leaves the default tier.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawTierException {
    /// Name of the package.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "text", "examples" = ["my-crate"]))]
    pub(super) package: String,
    /// Its tier.
    #[schemars(extend("examples" = ["native"]))]
    pub(super) tier: Tier,
    /// Who answers for it: a team or a person.
    #[schemars(length(max = 200))]
    pub(super) owner: Option<String>,
    /// Why the crate needs this tier.
    #[schemars(length(max = 1000))]
    pub(super) reason: Option<String>,
    /// Last day on which the exception holds, in UTC.
    pub(super) expires: Option<RawDate>,
}

/// Rules for raw authority.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawBoundary {
    /// Whether each unsafe block needs a `SAFETY:` comment.
    #[serde(default = "yes")]
    pub(super) safety_comments: bool,
    /// Path of the tracked inventory of raw boundaries; none is kept when absent.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "path", "examples" = ["boundary_inventory.json"]))]
    pub(super) inventory: Option<String>,
    /// Files of crates that are not `native` in which raw authority is allowed.
    #[serde(default)]
    #[schemars(with = "Vec<RawBoundaryAllow>")]
    pub(super) allow: Vec<Spanned<RawBoundaryAllow>>,
}

fn yes() -> bool {
    true
}

/// Files in which raw authority is allowed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawBoundaryAllow {
    /// Glob over paths relative to the workspace root.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "glob", "examples" = ["src/ffi/**"]))]
    pub(super) path: String,
    /// Why raw authority is needed there.
    #[schemars(length(min = 1, max = 1000), extend("x-format" = "text", "examples" = ["bindings to libfoo"]))]
    pub(super) reason: String,
    /// Who answers for it: a team or a person.
    #[schemars(length(min = 1, max = 200), extend("x-format" = "text", "examples" = ["platform-team"]))]
    pub(super) owner: String,
}

/// Override for one check.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawCheck {
    /// The findings of the check block from this stage on. Only earlier than its default.
    #[schemars(extend("examples" = ["pilot"]))]
    pub(super) blocks_at: Stage,
}
