//! `gate.toml` as it is written: the one source of its keys, types, ranges and hover texts.
//!
//! The JSON Schema that editors read and that [`super::walk`] validates against is generated from these types, so a key
//! exists in all three places or in none. Doc comments of fields are shown by editors.
//!
//! Schema keywords of our own: `x-format` names a value syntax of [`super::format`], `x-sane-min` and `x-sane-max`
//! bound what is usual (a number, or a duration for `x-format = "duration"`), `x-min` and `x-max` bound what is possible
//! for durations, `x-help` is the help line of a violation.

mod cache;
mod checklist;
mod ci;
mod claim;
mod conformance;
mod decisions;
mod docs;
mod failure;
mod generated;
mod governance;
mod kernels;
mod measured;
mod notify;
mod people;
mod profile;
mod record;
mod register;
mod release;
mod run;
mod runtime;
mod secrets;
mod semantics;
mod stability;
mod suite;
mod supply;
mod toolchain;
mod uses;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

pub(super) use cache::{RawCache, RawCacheMode};
pub(super) use checklist::{RawArtifact, RawChecklistItem, RawChecklists};
pub(super) use ci::RawCi;
pub use claim::EvidenceClass;
pub(super) use claim::RawClaim;
pub(super) use conformance::RawConformance;
pub(super) use decisions::RawDecisions;
pub(super) use docs::RawDocs;
pub(super) use failure::RawFailure;
pub(super) use generated::RawGenerated;
pub(super) use governance::{RawDate, RawExclusion, RawWaiver};
pub(super) use kernels::{RawKernelPath, RawKernels};
pub use measured::{BenchMode, Noise};
pub(super) use measured::{RawBenchSuite, RawMetric, RawSloSuite};
pub(super) use notify::{RawDecision, RawNotify};
pub(super) use people::{RawOwners, RawWaivers};
pub use profile::{ProfileValue, Tier};
pub(super) use profile::{RawAllowed, RawProfile};
pub(super) use record::{RawEvidence, RawHistory, RawWarnings};
pub use register::{ItemKind, ItemStatus, Level, Severity};
pub(super) use register::{RawItem, RawRegister, RawRegisterSection};
pub(super) use release::{RawDeprecation, RawRelease};
pub(super) use run::RawCommand;
pub(super) use runtime::{RawRails, RawRuntime};
pub(super) use secrets::{RawPaths, RawSecrets};
pub use semantics::{Comparison, Denormals, Fma, NanRule, ReductionOrder, Rounding, SemanticProperty, SortStability};
pub(super) use semantics::{
    RawKnownDelta, RawNoPosition, RawRepresentation, RawRepresentationDecision, RawSemantics, RawSourceMap,
};
pub(super) use stability::RawStability;
pub use stability::StabilityClass;
pub use suite::SuiteFormat;
pub(super) use suite::{RawSuites, RawTestSuite, RawTool, RawToolSuite};
pub(super) use supply::RawSupply;
pub use toolchain::FloorRelease;
pub(super) use toolchain::RawToolchain;
pub(super) use uses::{RawUse, RawUses};

use crate::base::stage::Stage;

/// What a Cargo workspace must prove before it enters a rollout stage. Read by `cargo gate`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "gate.toml")]
pub(super) struct RawPolicy {
    /// Version of this file format. Always 1.
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
    /// The store of kernels that machines share.
    #[schemars(with = "Option<RawCache>")]
    pub(super) cache: Option<Spanned<RawCache>>,
    /// Rules for the files of GitHub Actions and GitLab CI.
    #[schemars(with = "Option<RawCi>")]
    pub(super) ci: Option<Spanned<RawCi>>,
    /// The conformance matrix: which test suites show which operators on which backend.
    #[schemars(with = "Option<RawConformance>")]
    pub(super) conformance: Option<Spanned<RawConformance>>,
    /// Whose signature makes a decision count.
    #[schemars(with = "Option<RawDecisions>")]
    pub(super) decisions: Option<Spanned<RawDecisions>>,
    /// Documents that must keep what they say: links, commands, ticked boxes, generated blocks.
    #[schemars(with = "Option<RawDocs>")]
    pub(super) docs: Option<Spanned<RawDocs>>,
    /// How library code may fail: the panic inventory, and errors that tests make.
    #[schemars(with = "Option<RawFailure>")]
    pub(super) failure: Option<Spanned<RawFailure>>,
    /// Files that a program writes, each with the program. With any, every file that says so must be declared.
    #[serde(default)]
    #[schemars(with = "Vec<RawGenerated>")]
    pub(super) generated: Vec<Spanned<RawGenerated>>,
    /// GPU kernels: where they run, which are supported, what they may take of the hardware.
    #[schemars(with = "Option<RawKernels>")]
    pub(super) kernels: Option<Spanned<RawKernels>>,
    /// What a release needs: changelogs, approvals, files that repeat the version.
    #[schemars(with = "Option<RawRelease>")]
    pub(super) release: Option<Spanned<RawRelease>>,
    /// What a run of gated kernels leaves behind: decision logs and run stats.
    #[schemars(with = "Option<RawRuntime>")]
    pub(super) runtime: Option<Spanned<RawRuntime>>,
    /// Public items that go away, and when. Each item marked `#[deprecated]` has an entry.
    #[serde(default)]
    #[schemars(with = "Vec<RawDeprecation>")]
    pub(super) deprecation: Vec<Spanned<RawDeprecation>>,
    /// Which public items and documents stay as they were released.
    #[schemars(with = "Option<RawStability>")]
    pub(super) stability: Option<Spanned<RawStability>>,
    /// What is claimed of surfaces, each with the class of its evidence.
    #[serde(default)]
    #[schemars(with = "Vec<RawClaim>")]
    pub(super) claim: Vec<Spanned<RawClaim>>,
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
    /// What the supply chain must show: published dependencies and what is known about them.
    #[schemars(with = "Option<RawSupply>")]
    pub(super) supply: Option<Spanned<RawSupply>>,
    /// The compilers of the workspace, said once.
    #[schemars(with = "Option<RawToolchain>")]
    pub(super) toolchain: Option<Spanned<RawToolchain>>,
    /// What the code asks of the system, and which suites of tests cover it.
    #[schemars(with = "Option<RawUses>")]
    pub(super) uses: Option<Spanned<RawUses>>,
    /// How long evidence may be reused.
    #[schemars(with = "Option<RawEvidence>")]
    pub(super) evidence: Option<Spanned<RawEvidence>>,
    /// How many runs without a failure a stage asks for.
    #[schemars(with = "Option<RawHistory>")]
    pub(super) history: Option<Spanned<RawHistory>>,
    /// Exit checklists of the stages, whose items are met by checks and files.
    #[serde(default)]
    pub(super) checklist: RawChecklists,
    /// The register of open, deferred and closed items.
    #[schemars(with = "Option<RawRegisterSection>")]
    pub(super) register: Option<Spanned<RawRegisterSection>>,
    /// Who answers for which package and suite.
    #[schemars(with = "Option<RawOwners>")]
    pub(super) owners: Option<Spanned<RawOwners>>,
    /// Which warnings somebody must have looked at.
    #[schemars(with = "Option<RawWarnings>")]
    pub(super) warnings: Option<Spanned<RawWarnings>>,
    /// Who may permit a finding, and for how long.
    #[schemars(with = "Option<RawWaivers>")]
    pub(super) waivers: Option<Spanned<RawWaivers>>,
    /// Permissions for named findings. A waiver that is expired or that no finding uses is itself a failure.
    #[serde(default)]
    #[schemars(with = "Vec<RawWaiver>")]
    pub(super) waiver: Vec<Spanned<RawWaiver>>,
    /// Surfaces left out of the claim. An exclusion shrinks the claim, not the list of checks.
    #[serde(default)]
    #[schemars(with = "Vec<RawExclusion>")]
    pub(super) exclusion: Vec<Spanned<RawExclusion>>,
    /// Who is told about a run. Whether they are reached changes no decision.
    #[serde(default)]
    #[schemars(with = "Vec<RawNotify>")]
    pub(super) notify: Vec<Spanned<RawNotify>>,
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
