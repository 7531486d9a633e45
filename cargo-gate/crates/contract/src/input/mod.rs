//! What a check may declare to read. Each input is one type: its name, its digest, which files it covers, and beside it the
//! accessors that only a check gets which declares it.

mod cargo;
mod configuration;
mod evaluation;
mod files;
mod git;
mod kernels;
mod named;
mod survey;

pub use cargo::{Cargo, CargoConfig, CargoEnvironment, Lockfile, Manifests, SuiteVariables, Toolchain, ToolchainFile};
pub use configuration::{Configuration, UncommittedConfiguration};
pub use evaluation::{
    Catalogue, EvaluatedStage, HasPolicy, History, KnownUses, Outcomes, Today, WaiverUses, WholePolicy,
};
pub use files::{AllFiles, CiFiles, CodeOwners, Documents, DocumentsOutsideRoot, FileNames, RustSources};
pub use git::{GitHead, GitStatus, GitTags, PolicyBases, RegisterCommits, UncommittedBase, uncommitted_bases};
pub use kernels::{KernelLocks, KernelRebuild};
pub use named::{Artifacts, BoundaryInventory, CacheReports, Coverage, PanicInventory, ReleaseFiles, RuntimeRecords};
pub use survey::{AdvisoryDb, MachinePaths, OpenMigrations, RegistryIndex, Release};
