//! Sections of the policy as checks declare them: who reads a section says so by its type, and gets nothing else.

use std::collections::BTreeMap;

use gate_base::stage::Stage;
use serde::Serialize;

use crate::{
    BoundaryPolicy, CachePolicy, ChecklistItem, CiPolicy, Claim, ConformancePolicy, DecisionPolicy, Deprecation,
    DocsPolicy, EvidenceAge, Exclusion, FailurePolicy, GeneratedFiles, HistoryPolicy, KernelPolicy, KindPolicy,
    KnownPolicy, MigrationPolicy, OwnerPolicy, PathsPolicy, Policy, ProfilePolicy, Register, ReleasePolicy,
    RuntimePolicy, SecretsPolicy, StabilityPolicy, StagePolicy, SuitePolicy, SupplyPolicy, TierPolicy, ToolchainPolicy,
    UsesPolicy, Waiver, WaiverPolicy, WarningPolicy,
};

/// A section of `gate.toml` that a check can declare to read. It is implemented by the type of what the section declares,
/// by a line in the table at the end of this file.
pub trait Section: 'static {
    /// Name in plans and on documentation pages.
    const NAME: &'static str;

    /// What the policy holds of it: an `Option` of one table, a `Vec` of an array of tables.
    type Value: Serialize;

    /// The section in a policy.
    fn of(policy: &Policy) -> &Self::Value;

    /// Canonical bytes for a fingerprint.
    ///
    /// Positions are part of the bytes: findings point at policy lines, so evidence made before a line moved would
    /// point at the wrong one. Moving a section costs one run of the checks that read it.
    fn bytes(policy: &Policy) -> Vec<u8> {
        serde_json::to_vec(Self::of(policy)).expect("a section has string keys and no foreign serializers")
    }
}

/// Makes types a [`Section`]: the name for users, the field of [`Policy`] and the type of that field.
macro_rules! sections {
    ($($section:ty, $name:literal, $($field:ident).+: $value:ty;)*) => {$(
        impl Section for $section {
            const NAME: &'static str = concat!("policy: ", $name);

            type Value = $value;

            fn of(policy: &Policy) -> &$value {
                &policy.$($field).+
            }
        }
    )*};
}

sections! {
    BoundaryPolicy, "boundary", boundary: Option<BoundaryPolicy>;
    CachePolicy, "cache", cache: Option<CachePolicy>;
    ChecklistItem, "checklists", checklist: Vec<ChecklistItem>;
    CiPolicy, "ci", ci: Option<CiPolicy>;
    Claim, "claims", claims: Vec<Claim>;
    Exclusion, "exclusions", exclusions: Vec<Exclusion>;
    KindPolicy, "kinds", kinds: Option<KindPolicy>;
    ConformancePolicy, "conformance", conformance: Option<ConformancePolicy>;
    DecisionPolicy, "decisions", decisions: Option<DecisionPolicy>;
    DocsPolicy, "docs", docs: Option<DocsPolicy>;
    FailurePolicy, "failure", failure: Option<FailurePolicy>;
    GeneratedFiles, "generated files", generated: Vec<GeneratedFiles>;
    Register, "register", register: Option<Register>;
    KernelPolicy, "kernels", kernels: Option<KernelPolicy>;
    KnownPolicy, "known findings", known: Option<KnownPolicy>;
    MigrationPolicy, "migrations", migrations: Vec<MigrationPolicy>;
    OwnerPolicy, "owners", owners: Option<OwnerPolicy>;
    WaiverPolicy, "rules for waivers", waiver_rules: Option<WaiverPolicy>;
    TierPolicy, "tiers", tiers: Option<TierPolicy>;
    ProfilePolicy, "profiles", profiles: BTreeMap<String, ProfilePolicy>;
    EvidenceAge, "evidence", evidence.age: Vec<EvidenceAge>;
    HistoryPolicy, "history", history: Option<HistoryPolicy>;
    WarningPolicy, "warnings", warnings: Option<WarningPolicy>;
    ReleasePolicy, "release", release: Option<ReleasePolicy>;
    Deprecation, "deprecations", deprecations: Vec<Deprecation>;
    RuntimePolicy, "runtime", runtime: Option<RuntimePolicy>;
    SecretsPolicy, "secrets", secrets: Option<SecretsPolicy>;
    PathsPolicy, "paths", paths: Option<PathsPolicy>;
    StabilityPolicy, "stability", stability: Option<StabilityPolicy>;
    StagePolicy, "stages", stages: BTreeMap<Stage, StagePolicy>;
    SuitePolicy, "suites", suites: Vec<SuitePolicy>;
    SupplyPolicy, "supply", supply: Option<SupplyPolicy>;
    ToolchainPolicy, "toolchain", toolchain: Option<ToolchainPolicy>;
    UsesPolicy, "uses", uses: Option<UsesPolicy>;
    Waiver, "waivers", waivers: Vec<Waiver>;
}
