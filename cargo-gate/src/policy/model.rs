//! The validated policy: what the rest of the tool reads. Positions point into `gate.toml`.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;
use serde::Serialize;

use crate::group::Group;
use crate::report::Location;
use crate::stage::Stage;

pub use super::authority::Authority;
use super::bench::BenchPolicy;
use super::cache::CachePolicy;
pub use super::checklist::{ChecklistArtifact, ChecklistItem};
use super::ci::CiPolicy;
use super::claim::Claim;
use super::conformance::ConformancePolicy;
use super::decisions::DecisionPolicy;
use super::docs::DocsPolicy;
use super::failure::FailurePolicy;
use super::generated::GeneratedFiles;
use super::kernels::KernelPolicy;
use super::notify::NotifyPolicy;
pub use super::people::{OwnerPolicy, WaiverPolicy};
pub use super::record::{EvidenceAge, HistoryPolicy, Reviewed, WarningPolicy};
pub use super::register::{ItemKind, ItemStatus, Level, Register, RegisterItem, Severity};
use super::release::{Deprecation, ReleasePolicy};
use super::runtime::RuntimePolicy;
use super::secrets::{PathsPolicy, SecretsPolicy};
use super::slo::SloPolicy;
use super::stability::StabilityPolicy;
use super::supply::SupplyPolicy;
use super::toolchain::ToolchainPolicy;
use super::uses::UsesPolicy;

/// A validated `gate.toml`, or the defaults where there is none.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// The file it came from; `None` for the defaults.
    pub source: Option<PolicySource>,
    /// What each stage declares.
    pub stages: BTreeMap<Stage, StagePolicy>,
    /// Requirements on Cargo profiles, by profile name.
    pub profiles: BTreeMap<String, ProfilePolicy>,
    /// Tiers of crates; `None` when undeclared.
    pub tiers: Option<TierPolicy>,
    /// Rules for raw authority; `None` when undeclared.
    pub boundary: Option<BoundaryPolicy>,
    /// Rules for CI files; `None` when undeclared.
    pub ci: Option<CiPolicy>,
    /// The conformance matrix; `None` when undeclared.
    pub conformance: Option<ConformancePolicy>,
    /// Whose signature makes a decision count; `None` when undeclared.
    pub decisions: Option<DecisionPolicy>,
    /// Documents that must keep what they say; `None` when undeclared.
    pub docs: Option<DocsPolicy>,
    /// How library code may fail; `None` when undeclared.
    pub failure: Option<FailurePolicy>,
    /// Files that a program writes, in the order of the file.
    pub generated: Vec<GeneratedFiles>,
    /// What GPU kernels must show; `None` when undeclared.
    pub kernels: Option<KernelPolicy>,
    /// The store of kernels that machines share; `None` when undeclared.
    pub cache: Option<CachePolicy>,
    /// What a run of gated kernels leaves behind; `None` when undeclared.
    pub runtime: Option<RuntimePolicy>,
    /// What a release needs; `None` when undeclared.
    pub release: Option<ReleasePolicy>,
    /// Public items that go away, in the order of the file.
    pub deprecations: Vec<Deprecation>,
    /// Classes of public items and documents; `None` when undeclared.
    pub stability: Option<StabilityPolicy>,
    /// What is claimed of surfaces, in the order of the file.
    pub claims: Vec<Claim>,
    /// Paths of machines; `None` when undeclared.
    pub paths: Option<PathsPolicy>,
    /// Secrets in tracked files; `None` when undeclared.
    pub secrets: Option<SecretsPolicy>,
    /// Declared suites in the order of the file; empty means the default suite.
    pub suites: Vec<SuitePolicy>,
    /// What the supply chain must show; `None` when undeclared.
    pub supply: Option<SupplyPolicy>,
    /// The compilers of the workspace; `None` when undeclared.
    pub toolchain: Option<ToolchainPolicy>,
    /// What the code asks of the system; `None` when undeclared.
    pub uses: Option<UsesPolicy>,
    /// Limits on the age of evidence.
    pub evidence_ages: Vec<EvidenceAge>,
    /// How many runs without a failure a stage asks for; `None` when undeclared.
    pub history: Option<HistoryPolicy>,
    /// Items of all checklists, by stage and then in the order of the file.
    pub checklist: Vec<ChecklistItem>,
    /// The register; `None` when undeclared.
    pub register: Option<Register>,
    /// Who answers for what; `None` when undeclared.
    pub owners: Option<OwnerPolicy>,
    /// Which warnings somebody must have looked at; `None` when undeclared.
    pub warnings: Option<WarningPolicy>,
    /// Who may permit a finding; `None` when undeclared.
    pub waiver_rules: Option<WaiverPolicy>,
    /// Waivers in the order of the file.
    pub waivers: Vec<Waiver>,
    /// Surfaces left out of the claim.
    pub exclusions: Vec<Exclusion>,
    /// Who is told about a run, in the order of the file.
    pub notify: Vec<NotifyPolicy>,
    /// Stage overrides by check id: the check blocks from this stage on. Only earlier than its default.
    pub checks: BTreeMap<String, CheckPolicy>,
    /// Values inside the hard range but outside the sane range, found while validating.
    pub sanity: Vec<SanityWarning>,
    /// Values that turn a safeguard off, found while validating.
    pub dangers: Vec<SanityWarning>,
}

impl Policy {
    /// Path of the advisory database as it is declared: a directory or an archive, relative to the workspace root.
    pub fn advisory_db(&self) -> Option<&str> {
        self.supply.as_ref()?.advisory_db.as_deref()
    }

    /// Path of the boundary inventory: the declared one, or else the usual one.
    pub fn inventory_path(&self) -> &str {
        self.boundary
            .as_ref()
            .and_then(|boundary| boundary.inventory.as_deref())
            .unwrap_or("boundary_inventory.json")
    }

    /// Scripts that another CI system starts.
    pub fn ci_scripts(&self) -> &[String] {
        self.ci.as_ref().map_or(&[], |ci| &ci.scripts)
    }
    /// Path of the panic inventory: the declared one, or else the usual one.
    pub fn panic_inventory_path(&self) -> &str {
        self.failure
            .as_ref()
            .and_then(|failure| failure.panic_inventory.as_deref())
            .unwrap_or("panic_inventory.json")
    }
}

/// Where the policy came from.
#[derive(Debug, Clone)]
pub struct PolicySource {
    /// Path relative to the workspace root (usually `gate.toml`).
    pub path: String,
    /// The text.
    pub text: String,
}

/// What a stage declares.
#[derive(Debug, Clone, Serialize)]
pub struct StagePolicy {
    /// Deployment scope in words; empty when a stage after pilot declares none.
    pub scope: String,
    /// How old the decision of the predecessor may be.
    pub max_age: Option<Duration>,
    /// Whether warnings block.
    pub strict: bool,
    /// Where it is declared.
    pub location: Location,
}

/// Requirements on one Cargo profile: for each key the values that are allowed.
#[derive(Debug, Clone, Serialize)]
pub struct ProfilePolicy {
    /// Allowed values by key (`overflow-checks`, `panic`, `lto`, `debug`, `strip`, `codegen-units`, `incremental`,
    /// `opt-level`, `debug-assertions`), as written in the file.
    pub requirements: BTreeMap<String, ProfileRequirement>,
}

/// Allowed values of one profile key.
#[derive(Debug, Clone, Serialize)]
pub struct ProfileRequirement {
    /// Values of which one must hold.
    pub allowed: Vec<ProfileValue>,
    /// Where it is declared.
    pub location: Location,
}

/// A value of a profile key, as it is written in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum ProfileValue {
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Integer(i64),
    /// A word.
    Text(String),
}

/// Authority level of a crate.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Safe code only; no raw authority outside allowed modules.
    Portable,
    /// Portable semantics, and lints clean.
    Idiomatic,
    /// Raw authority is the crate's purpose.
    Native,
}

/// Tiers of the crates.
#[derive(Debug, Clone, Serialize)]
pub struct TierPolicy {
    /// Tier of every crate without an exception.
    pub default: Tier,
    /// Exceptions.
    pub exceptions: Vec<TierException>,
    /// Where `[tiers]` is declared.
    pub location: Location,
}

/// A crate that leaves the default tier.
#[derive(Debug, Clone, Serialize)]
pub struct TierException {
    /// Package name.
    pub package: String,
    /// Its tier.
    pub tier: Tier,
    /// Who answers for it; may be empty in the file, which `profile.tier` reports.
    pub owner: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Last day on which it holds.
    pub expires: Option<Date>,
    /// Where it is declared.
    pub location: Location,
}

/// Rules for raw authority.
#[derive(Debug, Clone, Serialize)]
pub struct BoundaryPolicy {
    /// Modules of non-native crates in which raw authority is allowed.
    pub allow: Vec<BoundaryAllow>,
    /// Whether each unsafe block needs a SAFETY comment.
    pub safety_comments: bool,
    /// Path of the tracked inventory; `None` when none is kept.
    pub inventory: Option<String>,
    /// Where `[boundary]` is declared.
    pub location: Location,
}

/// Files in which raw authority is allowed.
#[derive(Debug, Clone, Serialize)]
pub struct BoundaryAllow {
    /// Glob over workspace-relative paths.
    pub path: String,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// Where it is declared.
    pub location: Location,
}

/// Kind of a suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SuiteKind {
    /// A command that runs tests.
    Test,
    /// A command that measures, judged beside a reference.
    Bench,
    /// Promises held over a rolling window.
    Slo,
    /// An adapter over a tool whose output is parsed into findings.
    Tool,
}

/// A declared suite.
#[derive(Debug, Clone, Serialize)]
pub struct SuitePolicy {
    /// Kind; the check id is `suite.<kind>.<name>`.
    pub kind: SuiteKind,
    /// Unique name: lowercase letters, digits, `-` and `_`.
    pub name: String,
    /// For tests the command as argument vector; for tools empty unless overridden.
    pub command: Vec<String>,
    /// For tools: its name, `clippy`, `cargo-deny` and so on.
    pub tool: Option<String>,
    /// For tools: which of the answers of one call it judges, where each is a suite of its own.
    pub part: Option<String>,
    /// For benchmarks: how they are judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bench: Option<Box<BenchPolicy>>,
    /// For service levels: how they are judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slo: Option<Box<SloPolicy>>,
    /// Whether it must pass.
    pub required: bool,
    /// First stage that needs it.
    pub stage: Stage,
    /// Globs over workspace-relative paths that the suite reads; empty means every file.
    pub inputs: Vec<String>,
    /// Names of environment variables that the suite reads.
    pub env: Vec<String>,
    /// What the suite needs of the machine: `program:<name>`, `env:<name>`, `os:<name>`.
    pub requires: Vec<String>,
    /// Time limit.
    pub timeout: Duration,
    /// Least number of tests that must run.
    pub min_tests: u64,
    /// How to read the output.
    pub format: SuiteFormat,
    /// Working directory relative to the workspace root.
    pub directory: Option<String>,
    /// Group in whose turn it runs, where that is declared. It says when, not what: no part of the fingerprint.
    #[serde(skip)]
    pub group: Option<Group>,
    /// Where it is declared.
    pub location: Option<Location>,
}

impl SuitePolicy {
    /// A required suite over a tool, with the tool's usual arguments.
    pub fn tool(tool: &str) -> Self {
        Self {
            kind: SuiteKind::Tool,
            name: tool.to_owned(),
            command: Vec::new(),
            tool: Some(tool.to_owned()),
            part: None,
            bench: None,
            slo: None,
            required: true,
            stage: Stage::Pilot,
            inputs: Vec::new(),
            env: Vec::new(),
            requires: Vec::new(),
            timeout: Duration::from_secs(1800),
            min_tests: 0,
            format: SuiteFormat::Auto,
            directory: None,
            group: None,
            location: None,
        }
    }
}

/// How the output of a test suite is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SuiteFormat {
    /// libtest or nextest, told apart by the output.
    #[default]
    Auto,
    /// `cargo test` and other libtest harnesses.
    Libtest,
    /// `cargo nextest run`.
    Nextest,
    /// Nothing but the exit code: the suite counts as one test.
    ExitCode,
}

/// Permission for a named finding.
#[derive(Debug, Clone, Serialize)]
pub struct Waiver {
    /// Id of the check whose finding is permitted.
    pub check: String,
    /// Glob over the path of the finding's first location.
    pub path: Option<String>,
    /// Package the finding is about.
    pub package: Option<String>,
    /// Text that the finding's message contains.
    pub contains: Option<String>,
    /// Who answers for it.
    pub owner: String,
    /// Why it is acceptable.
    pub reason: String,
    /// Last day on which it holds.
    pub expires: Date,
    /// Whether it may be relied on.
    pub authority: Authority,
    /// Where it is declared.
    pub location: Location,
}

/// A surface left out of the claim.
#[derive(Debug, Clone, Serialize)]
pub struct Exclusion {
    /// What is left out, in words.
    pub surface: String,
    /// Packages whose findings fall under it.
    pub packages: Vec<String>,
    /// Globs over paths whose findings fall under it.
    pub paths: Vec<String>,
    /// Why.
    pub reason: String,
    /// Risk label: `low`, `medium` or `high`.
    pub risk: String,
    /// Where it is declared.
    pub location: Location,
}

/// Override for one check.
#[derive(Debug, Clone, Serialize)]
pub struct CheckPolicy {
    /// The check's findings block from this stage on (earlier than its default).
    pub blocks_at: Stage,
    /// Where it is declared.
    pub location: Location,
}

/// A value that is possible but rarely meant.
#[derive(Debug, Clone, Serialize)]
pub struct SanityWarning {
    /// What is odd about it.
    pub message: String,
    /// What would be usual.
    pub help: String,
    /// Where it is.
    pub location: Location,
}
