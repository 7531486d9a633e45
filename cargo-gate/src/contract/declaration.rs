//! What a check declares about itself.

use crate::base::stage::Stage;
use crate::report::{Dimension, Finding, Reason};

use super::Context;

/// A check: its declaration and its rule.
#[derive(Debug)]
pub struct Check {
    /// Stable id, `area.name`; the file of the check is `area_name.rs`.
    pub id: &'static str,
    /// What it asks, one line in sentence case without a final full stop.
    pub summary: &'static str,
    /// Markdown with the sections *What it does*, *Why it matters*, *How to fix* and *Requirements*.
    pub docs: &'static str,
    /// What kind of property it is about.
    pub dimension: Dimension,
    /// First stage at which its findings block (each finding may name a later one, or none).
    pub blocks_at: Stage,
    /// Version of the tool that introduced it.
    pub since: &'static str,
    /// Raised whenever the rule changes its mind about the same inputs.
    pub version: u32,
    /// When it is judged.
    pub phase: Phase,
    /// Everything the rule reads. [`Context`] refuses what is not listed.
    pub inputs: &'static [Input],
    /// Whether it applies to this workspace and policy; reads only what is declared.
    pub applies: fn(&Context<'_>) -> Applies,
    /// The rule.
    pub run: fn(&Context<'_>) -> Judgement,
}

/// When a check is judged: all checks of a phase before those of the next, in the order of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// From its inputs alone. Its evidence is kept and reused.
    Evidence,
    /// From the outcomes of the checks before it, by the verdict, in each run.
    Outcomes,
    /// When every finding so far has met every waiver: it judges the waivers, so none covers it.
    Waivers,
    /// When all others are judged, so that a checklist can name them. No waiver covers it.
    Checklist,
}

/// Whether a check applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applies {
    /// It is part of the evaluation.
    Yes,
    /// It is not, and why.
    No(String),
}

/// What a rule says; the engine and the verdict make an outcome of it.
#[derive(Debug, Clone)]
pub enum Judgement {
    /// The rule was carried out; no findings is a pass.
    Findings(Vec<Finding>),
    /// The evidence could not be had.
    NotRun(Reason),
    /// The evidence allows no judgement.
    Inconclusive(Reason),
}

/// A part of the world that a check reads. Each has a digest, and the fingerprint of a check is made of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Input {
    /// Members, targets and dependencies as cargo sees them, and whether they resolve under `--locked`.
    Cargo,
    /// Text of all manifests of the workspace.
    Manifests,
    /// `Cargo.lock`: its bytes, whether it is tracked, whether it is ignored.
    Lockfile,
    /// Cargo's configuration files.
    CargoConfig,
    /// `CARGO_PROFILE_*`, `CARGO_INCREMENTAL` and the like.
    CargoEnvironment,
    /// Environment variables that change what suites find.
    SuiteVariables,
    /// The toolchain file.
    ToolchainFile,
    /// The compiler that cargo would use.
    Toolchain,
    /// The commit that is checked out.
    GitHead,
    /// The tags of the repository.
    GitTags,
    /// Which paths differ from the commit.
    GitStatus,
    /// CI files, and the scripts that they call.
    CiFiles,
    /// Every `.rs` file: path and contents.
    RustSources,
    /// Names of all files.
    FileNames,
    /// Contents of all files.
    AllFiles,
    /// The coverage report that `[failure]` names: its bytes, and which sources are newer.
    Coverage,
    /// Every `kernels.lock`, the PTX files that they name, and the sources these were compiled from.
    KernelLocks,
    /// The record of compiling the locked kernels anew.
    KernelRebuild,
    /// The tracked panic inventory and its earlier versions in git.
    PanicInventory,
    /// The files that `[release]` names.
    ReleaseFiles,
    /// Where tracked files name directories that exist on this machine only: the workspace and the home directory.
    MachinePaths,
    /// The decision logs and run stats that `[runtime]` names.
    RuntimeRecords,
    /// The reports that `[cache]` names.
    CacheReports,
    /// The tracked boundary inventory and its earlier versions in git.
    BoundaryInventory,
    /// The advisory databases: where they lie, what they hold, and what the one of the last run held.
    AdvisoryDb,
    /// The release that `[stability]` names: the commit it stands for.
    Release,
    /// Every tracked Markdown file, and every `.gitignore`: path and contents.
    Documents,
    /// What documents name above the workspace, in the repository that holds it.
    DocumentsAbove,
    /// `[tiers]`.
    PolicyTiers,
    /// `[profile]`.
    PolicyProfiles,
    /// `[boundary]`.
    PolicyBoundary,
    /// `[conformance]`.
    PolicyConformance,
    /// `[docs]`.
    PolicyDocs,
    /// `[[deprecation]]`.
    PolicyDeprecations,
    /// `[failure]`.
    PolicyFailure,
    /// `[[generated]]`.
    PolicyGenerated,
    /// `[kernels]`.
    PolicyKernels,
    /// `[cache]`.
    PolicyCache,
    /// `[release]`.
    PolicyRelease,
    /// `[runtime]`.
    PolicyRuntime,
    /// `[stability]`.
    PolicyStability,
    /// `[[claim]]`.
    PolicyClaims,
    /// `[paths]`.
    PolicyPaths,
    /// `[secrets]`.
    PolicySecrets,
    /// `[stage]` and `[decisions]`.
    PolicyStages,
    /// `[[suite.…]]`.
    PolicySuites,
    /// `[ci]`.
    PolicyCi,
    /// `[supply]`.
    PolicySupply,
    /// `[toolchain]`.
    PolicyToolchain,
    /// `[uses]`.
    PolicyUses,
    /// `[owners]`.
    PolicyOwners,
    /// `[evidence]`, `[history]` and `[warnings]`.
    PolicyRecord,
    /// `[register]`, and the register itself.
    PolicyRegister,
    /// What git says of the commits that closed items of the register name.
    RegisterCommits,
    /// `[[checklist.…]]`.
    PolicyChecklist,
    /// `[waivers]` and `[[waiver]]`.
    PolicyWaivers,
    /// The whole policy file, its sanity warnings included.
    PolicyFile,
    /// The `CODEOWNERS` file of the repository.
    CodeOwners,
    /// Files that checklists name, wherever below the workspace root they lie.
    Artifacts,
    /// The current day.
    Today,
    /// Earlier runs in this workspace, and the time.
    History,
    /// The stage under evaluation.
    Stage,
    /// Outcomes of the checks that were judged before. No check of [`Phase::Evidence`] reads them.
    Outcomes,
    /// Which findings met which waivers. Only a check of [`Phase::Waivers`] reads them.
    WaiverUse,
}

impl Input {
    /// Every input.
    pub const ALL: &'static [Input] = &[
        Input::Cargo,
        Input::Manifests,
        Input::Lockfile,
        Input::CargoConfig,
        Input::CargoEnvironment,
        Input::SuiteVariables,
        Input::ToolchainFile,
        Input::Toolchain,
        Input::GitHead,
        Input::GitTags,
        Input::GitStatus,
        Input::CiFiles,
        Input::RustSources,
        Input::FileNames,
        Input::AllFiles,
        Input::Coverage,
        Input::KernelLocks,
        Input::KernelRebuild,
        Input::PanicInventory,
        Input::ReleaseFiles,
        Input::MachinePaths,
        Input::RuntimeRecords,
        Input::CacheReports,
        Input::BoundaryInventory,
        Input::AdvisoryDb,
        Input::Release,
        Input::Documents,
        Input::DocumentsAbove,
        Input::PolicyTiers,
        Input::PolicyProfiles,
        Input::PolicyBoundary,
        Input::PolicyConformance,
        Input::PolicyDocs,
        Input::PolicyDeprecations,
        Input::PolicyFailure,
        Input::PolicyGenerated,
        Input::PolicyKernels,
        Input::PolicyCache,
        Input::PolicyRelease,
        Input::PolicyRuntime,
        Input::PolicyStability,
        Input::PolicyClaims,
        Input::PolicyPaths,
        Input::PolicySecrets,
        Input::PolicyStages,
        Input::PolicySuites,
        Input::PolicyCi,
        Input::PolicySupply,
        Input::PolicyToolchain,
        Input::PolicyUses,
        Input::PolicyOwners,
        Input::PolicyRecord,
        Input::PolicyRegister,
        Input::RegisterCommits,
        Input::PolicyChecklist,
        Input::PolicyWaivers,
        Input::PolicyFile,
        Input::CodeOwners,
        Input::Artifacts,
        Input::Today,
        Input::History,
        Input::Stage,
        Input::Outcomes,
        Input::WaiverUse,
    ];

    /// Name in plans and on documentation pages.
    pub fn name(self) -> &'static str {
        match self {
            Input::Cargo => "cargo metadata",
            Input::Manifests => "manifests",
            Input::Lockfile => "lockfile",
            Input::CargoConfig => "cargo configuration",
            Input::CargoEnvironment => "cargo environment variables",
            Input::SuiteVariables => "variables of test tools",
            Input::ToolchainFile => "toolchain file",
            Input::Toolchain => "toolchain",
            Input::GitHead => "commit",
            Input::GitTags => "tags",
            Input::GitStatus => "work tree status",
            Input::CiFiles => "CI files",
            Input::RustSources => "Rust sources",
            Input::FileNames => "file names",
            Input::AllFiles => "files",
            Input::Coverage => "coverage report",
            Input::KernelLocks => "kernel locks",
            Input::KernelRebuild => "rebuild of the locked kernels",
            Input::PanicInventory => "panic inventory",
            Input::ReleaseFiles => "release files",
            Input::MachinePaths => "paths of this machine",
            Input::RuntimeRecords => "records of runs",
            Input::CacheReports => "reports of caches",
            Input::BoundaryInventory => "boundary inventory",
            Input::AdvisoryDb => "advisory database",
            Input::Release => "last release",
            Input::Documents => "documents",
            Input::DocumentsAbove => "what documents name above the workspace",
            Input::PolicyTiers => "policy: tiers",
            Input::PolicyProfiles => "policy: profiles",
            Input::PolicyBoundary => "policy: boundary",
            Input::PolicyConformance => "policy: conformance",
            Input::PolicyDocs => "policy: docs",
            Input::PolicyDeprecations => "policy: deprecations",
            Input::PolicyFailure => "policy: failure",
            Input::PolicyGenerated => "policy: generated files",
            Input::PolicyKernels => "policy: kernels",
            Input::PolicyCache => "policy: cache",
            Input::PolicyRelease => "policy: release",
            Input::PolicyRuntime => "policy: runtime",
            Input::PolicyStability => "policy: stability",
            Input::PolicyClaims => "policy: claims",
            Input::PolicyPaths => "policy: paths",
            Input::PolicySecrets => "policy: secrets",
            Input::PolicyStages => "policy: stages",
            Input::PolicySuites => "policy: suites",
            Input::PolicyCi => "policy: ci",
            Input::PolicySupply => "policy: supply",
            Input::PolicyToolchain => "policy: toolchain",
            Input::PolicyUses => "policy: uses",
            Input::PolicyOwners => "policy: owners",
            Input::PolicyRecord => "policy: evidence, history and warnings",
            Input::PolicyRegister => "policy: register",
            Input::RegisterCommits => "commits that the register names",
            Input::PolicyChecklist => "policy: checklists",
            Input::PolicyWaivers => "policy: waivers",
            Input::PolicyFile => "policy file",
            Input::CodeOwners => "`CODEOWNERS`",
            Input::Artifacts => "artifacts of checklists",
            Input::Today => "today's date",
            Input::History => "the run history and the clock",
            Input::Stage => "stage",
            Input::Outcomes => "outcomes of the other checks",
            Input::WaiverUse => "which findings the waivers met",
        }
    }
}
