//! The validated policy: what the rest of the tool reads. Positions point into `gate.toml`.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

use gate_base::stage::Stage;
use gate_report::Location;
use gate_report::claim::Relaxation;

use super::authority::Approvers;
pub use super::authority::Authority;
pub use super::boundary::{BoundaryAllow, BoundaryPolicy};
use super::cache::CachePolicy;
pub use super::checklist::{ChecklistArtifact, ChecklistItem};
use super::ci::CiPolicy;
use super::claim::Claim;
use super::conformance::ConformancePolicy;
use super::decisions::DecisionPolicy;
use super::docs::DocsPolicy;
pub use super::exclusion::Exclusion;
use super::failure::FailurePolicy;
use super::generated::GeneratedFiles;
pub use super::item::{ItemKind, ItemStatus, Level, Register, RegisterItem, Severity};
use super::kernels::KernelPolicy;
pub use super::kinds::KindPolicy;
use super::known_findings::KnownPolicy;
use super::migration::MigrationPolicy;
use super::notify::NotifyPolicy;
pub use super::people::{OwnerPolicy, WaiverPolicy};
pub use super::position::PolicyFile;
pub use super::profile::{ProfilePolicy, ProfileRequirement, ProfileValue, Tier, TierException, TierPolicy};
use super::promotion::PromotionPolicy;
pub use super::record::{EvidenceAge, EvidencePolicy, HistoryPolicy, Reviewed, WarningPolicy};
use super::release::{Deprecation, ReleasePolicy};
use super::runtime::RuntimePolicy;
use super::secrets::{PathsPolicy, SecretsPolicy};
use super::stability::StabilityPolicy;
pub use super::stage::{CheckPolicy, StagePolicy};
pub use super::suite::{SEMVER_CHECKS, SuiteFormat, SuiteKind, SuitePolicy};
use super::supply::SupplyPolicy;
use super::toolchain::ToolchainPolicy;
use super::uses::UsesPolicy;
use super::value::BasePath;
pub use super::waiver::Waiver;
use super::{checklist, format, stage, suites};

/// What a Cargo workspace must prove before it enters a rollout stage. Read by `cargo gate`.
///
/// This is the table of the sections: one field each, with its key, the type in its file and the text that editors show.
/// The defaults are those of a workspace without a `gate.toml`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "gate.toml")]
pub struct Policy {
    /// Version of this file format. Always 1.
    #[schemars(
        range(min = 1, max = 1),
        extend("examples" = [1], "x-help" = "write `version = 1`; a later format needs a later cargo-gate")
    )]
    pub version: u32,
    /// File with the policy that this one adds to, relative to this file: tables merge by key, an entry of a list of tables
    /// replaces the one with the same `name` or `id` and is added otherwise, and any other value replaces the one of that file.
    #[schemars(with = "Option<BasePath>", extend("examples" = ["../gate.base.toml"]))]
    pub extends: Option<String>,
    /// What each rollout stage declares.
    #[serde(rename = "stage")]
    #[schemars(schema_with = "stage::stages", extend("x-missing" = "add `stage.pilot.scope = \"one internal service\"`"))]
    pub stages: BTreeMap<Stage, StagePolicy>,
    /// What kind of software each package is; it decides which evidence the stages ask for.
    pub kinds: Option<KindPolicy>,
    /// Authority level of the crates.
    pub tiers: Option<TierPolicy>,
    /// Rules for raw authority: `unsafe`, FFI, `asm!`, kernel launches.
    pub boundary: Option<BoundaryPolicy>,
    /// The kernel store that machines share.
    pub cache: Option<CachePolicy>,
    /// Rules for the files of GitHub Actions and GitLab CI.
    pub ci: Option<CiPolicy>,
    /// The conformance matrix: which test suites show which operators on which backend.
    pub conformance: Option<ConformancePolicy>,
    /// Whose signature makes a decision valid.
    pub decisions: Option<DecisionPolicy>,
    /// Documents whose links, commands, checkboxes and generated blocks are checked.
    pub docs: Option<DocsPolicy>,
    /// How library code may fail: the panic inventory, and errors that tests must produce.
    pub failure: Option<FailurePolicy>,
    /// Generated files and their generators. With any entry, every file marked as generated must be declared.
    #[serde(default)]
    pub generated: Vec<GeneratedFiles>,
    /// GPU kernels: where they run, which are supported, which resources they may use.
    pub kernels: Option<KernelPolicy>,
    /// Least scores of what `cargo gate govern promote` promotes.
    pub promotion: Option<PromotionPolicy>,
    /// Requirements on a release (changelogs, approvals, files that repeat the version), and what `cargo gate release` makes.
    pub release: Option<ReleasePolicy>,
    /// Histories of events that `cargo gate release migrate` moves from one version to the next.
    #[serde(default, rename = "migration")]
    pub migrations: Vec<MigrationPolicy>,
    /// Records of runs of gated kernels: decision logs and run stats.
    pub runtime: Option<RuntimePolicy>,
    /// Deprecated public items and when they are removed. Each item marked `#[deprecated]` has an entry.
    #[serde(default, rename = "deprecation")]
    pub deprecations: Vec<Deprecation>,
    /// Stability of public items and documents between releases.
    pub stability: Option<StabilityPolicy>,
    /// Claims about surfaces, each with the class of its evidence.
    #[serde(default, rename = "claim")]
    pub claims: Vec<Claim>,
    /// Machine-specific paths, such as home and build directories, in tracked files and logs.
    pub paths: Option<PathsPolicy>,
    /// Secrets in tracked files.
    pub secrets: Option<SecretsPolicy>,
    /// Requirements on Cargo profiles, by profile name (`[profile.release]`).
    #[serde(default, rename = "profile")]
    pub profiles: BTreeMap<String, ProfilePolicy>,
    /// Suites that provide evidence. Without any, the default suite runs the tests of the workspace.
    #[serde(default, rename = "suite", deserialize_with = "suites::in_order")]
    #[schemars(with = "suites::Suites", extend("default" = {}))]
    pub suites: Vec<SuitePolicy>,
    /// Requirements on the supply chain: published dependencies and known advisories.
    pub supply: Option<SupplyPolicy>,
    /// The toolchain of the workspace.
    pub toolchain: Option<ToolchainPolicy>,
    /// System interfaces that the code uses, and the test suites that cover them.
    pub uses: Option<UsesPolicy>,
    /// How long evidence may be reused, and the store of it that machines share.
    #[serde(default)]
    #[schemars(with = "Option<EvidencePolicy>")]
    pub evidence: EvidencePolicy,
    /// How many earlier runs must have ended READY.
    pub history: Option<HistoryPolicy>,
    /// Exit checklists of the stages, whose items are met by checks and files.
    #[serde(default, deserialize_with = "checklist::items")]
    #[schemars(with = "checklist::Checklists", extend("default" = {}))]
    pub checklist: Vec<ChecklistItem>,
    /// The register of open, deferred and closed items.
    pub register: Option<Register>,
    /// Owners of packages and suites.
    pub owners: Option<OwnerPolicy>,
    /// Which warnings must be reviewed.
    pub warnings: Option<WarningPolicy>,
    /// Who may sign waivers, and how long they may last.
    #[serde(rename = "waivers")]
    pub waiver_rules: Option<WaiverPolicy>,
    /// Findings that were there when the gate was adopted: `known_findings.toml` lists them.
    pub known: Option<KnownPolicy>,
    /// Waivers for named findings. An expired or unused waiver is itself a finding.
    #[serde(default, rename = "waiver")]
    pub waivers: Vec<Waiver>,
    /// Surfaces and groups excluded from the claim. An exclusion reduces the claim, not the list of checks.
    #[serde(default, rename = "exclusion")]
    pub exclusions: Vec<Exclusion>,
    /// Notifications about runs. They never change a decision.
    #[serde(default)]
    pub notify: Vec<NotifyPolicy>,
    /// Overrides by check id (`[checks."lockfile.tracked"]`).
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "x-format": "check" }))]
    pub checks: BTreeMap<String, CheckPolicy>,
    /// The file it came from; `None` for the defaults.
    #[serde(skip)]
    pub source: Option<PolicySource>,
    /// Values inside the hard range but outside the sane range, found while validating.
    #[serde(skip)]
    pub sanity: Vec<SanityWarning>,
    /// Values that turn a safeguard off, found while validating.
    #[serde(skip)]
    pub dangers: Vec<SanityWarning>,
}

impl Policy {
    /// Whose signatures make a decision count, and how many; nobody's where `[decisions]` is not declared.
    pub fn approvers(&self) -> Approvers {
        let declared = self.decisions.as_ref().map(DecisionPolicy::approvers);
        declared.unwrap_or_default()
    }

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

    /// Whether warnings block a stage, except those about a later stage. `controlled` and `broad` are strict by default.
    pub fn is_strict(&self, stage: Stage) -> bool {
        let declared = self.stages.get(&stage).and_then(|declared| declared.strict);
        declared.unwrap_or(stage > Stage::Pilot)
    }

    /// Least age of the decision of the previous stage.
    pub fn min_age(&self, stage: Stage) -> Duration {
        let declared = self.stages.get(&stage).and_then(|declared| declared.min_age);
        declared.unwrap_or_else(|| StagePolicy::usual_min_age(stage))
    }

    /// Defaults of a stage that this policy replaces by weaker rules, each with its reason.
    pub fn relaxed(&self, stage: Stage) -> Vec<Relaxation> {
        let declared = self.stages.get(&stage);
        let reason = |reason: Option<&String>| reason.cloned().unwrap_or_default();
        let of_stage = |rule: String| Relaxation {
            rule,
            reason: reason(declared.and_then(|declared| declared.reason.as_ref())),
        };
        let mut relaxed = Vec::new();
        if stage > Stage::Pilot && !self.is_strict(stage) {
            relaxed.push(of_stage("warnings do not block".to_owned()));
        }
        if self.min_age(stage) < StagePolicy::usual_min_age(stage) {
            let shown = format::duration_text(self.min_age(stage));
            relaxed.push(of_stage(format!("the previous decision is at least {shown} old")));
        }
        if let Some(history) = self
            .history
            .as_ref()
            .filter(|history| stage == Stage::Broad && history.is_weaker())
        {
            relaxed.push(Relaxation {
                rule: format!("{} ready runs on {} days are enough", history.runs, history.days),
                reason: reason(history.reason.as_ref()),
            });
        }
        relaxed
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
    /// The files that it extends, the nearest first.
    pub bases: Vec<PolicyFile>,
}

impl PolicySource {
    /// Path and text of every file, the policy's own first.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        let bases = self.bases.iter().map(|base| (base.path.as_str(), base.text.as_str()));
        std::iter::once((self.path.as_str(), self.text.as_str())).chain(bases)
    }
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
