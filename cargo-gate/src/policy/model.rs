//! The validated policy: what the rest of the tool reads. Positions point into `gate.toml`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::base::stage::Stage;
use crate::report::Location;

pub use super::authority::Authority;
pub use super::boundary::{BoundaryAllow, BoundaryPolicy};
use super::cache::CachePolicy;
pub use super::checklist::{ChecklistArtifact, ChecklistItem};
use super::ci::CiPolicy;
use super::claim::Claim;
use super::conformance::ConformancePolicy;
use super::decisions::DecisionPolicy;
use super::docs::DocsPolicy;
use super::failure::FailurePolicy;
use super::generated::GeneratedFiles;
pub use super::item::{ItemKind, ItemStatus, Level, Register, RegisterItem, Severity};
use super::kernels::KernelPolicy;
use super::notify::NotifyPolicy;
pub use super::people::{OwnerPolicy, WaiverPolicy};
pub use super::profile::{ProfilePolicy, ProfileRequirement, ProfileValue, Tier, TierException, TierPolicy};
pub use super::record::{EvidenceAge, HistoryPolicy, Reviewed, WarningPolicy};
use super::release::{Deprecation, ReleasePolicy};
use super::runtime::RuntimePolicy;
use super::secrets::{PathsPolicy, SecretsPolicy};
use super::section::section;
use super::stability::StabilityPolicy;
pub use super::suite::{SEMVER_CHECKS, SuiteFormat, SuiteKind, SuitePolicy};
use super::supply::SupplyPolicy;
use super::toolchain::ToolchainPolicy;
use super::uses::UsesPolicy;
pub use super::waiver::Waiver;

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

section!(StagePolicy, "stages", stages: BTreeMap<Stage, StagePolicy>);
