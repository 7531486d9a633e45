//! What a rule may look at: only what its check declared.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::boundary::survey::Survey;
use crate::evidence::history::History;
use crate::kernels::rebuild::{NoRecord, Rebuild};
use crate::kernels::{self, LockedCrate};
use crate::library::{Coverage, Survey as LibrarySurvey};
use crate::policy::{Policy, UsedPath};
use crate::report::{CheckReport, Reason};
use crate::secrets::file::MachinePath;
use crate::secrets::survey::SecretSurvey;
use crate::stability::Sources;
use crate::stage::Stage;
use crate::suites::interference::{self, Interference};
use crate::supply::{Opened, Places};
use crate::uses::{self, Used};
use crate::workspace::Workspace;
use crate::workspace::above::Above;
use crate::workspace::cargo::{CargoModel, Resolution};
use crate::workspace::ci::CiFiles;
use crate::workspace::config::CargoConfig;
use crate::workspace::document::{Document, Documents};
use crate::workspace::environment::Environment;
use crate::workspace::files::{File, FileList};
use crate::workspace::git::{CommitState, Git};
use crate::workspace::lockfile::Lockfile;
use crate::workspace::manifest::Manifest;
use crate::workspace::toolchain::{Rustc, ToolchainFile};

use super::Input;

/// The world as one check may see it. Reading what was not declared is a defect of the check and panics; the engine
/// turns a panic of a rule into the outcome `Error`, and a test runs every check over a workspace that holds nothing
/// but its declared inputs.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) policy: &'a Policy,
    pub(crate) history: &'a History,
    pub(crate) now: Timestamp,
    pub(crate) stage: Stage,
    pub(crate) declared: &'a [Input],
    pub(crate) outcomes: &'a [CheckReport],
    pub(crate) attachments: Option<&'a Attachments>,
}

/// Files that a check leaves beside its findings: they become part of its evidence and lie in the run directory.
#[derive(Debug, Default)]
pub struct Attachments(Mutex<BTreeMap<String, Vec<u8>>>);

impl Attachments {
    /// What was attached, sorted by path.
    pub fn into_files(self) -> BTreeMap<String, Vec<u8>> {
        self.0.into_inner().unwrap_or_default()
    }
}

/// What git says of the commits that the register names.
pub(crate) fn register_commits(
    workspace: &Workspace,
    policy: &Policy,
) -> Result<BTreeMap<String, CommitState>, String> {
    let items = policy.register.iter().flat_map(|register| &register.items);
    let named: BTreeSet<&str> = items.filter_map(|item| item.commit.as_deref()).collect();
    if named.is_empty() {
        return Ok(BTreeMap::new());
    }
    match workspace.git() {
        Some(git) => git.commit_states(&named),
        None => Err(workspace
            .git_problem()
            .unwrap_or("the workspace is in no git repository")
            .to_owned()),
    }
}

impl<'a> Context<'a> {
    /// The world as a check with these declared inputs may see it.
    pub fn new(
        workspace: &'a Workspace,
        policy: &'a Policy,
        history: &'a History,
        now: Timestamp,
        stage: Stage,
        declared: &'a [Input],
    ) -> Self {
        Self {
            workspace,
            policy,
            history,
            now,
            stage,
            declared,
            outcomes: &[],
            attachments: None,
        }
    }

    /// The same with these checks judged before.
    #[must_use]
    pub fn with_outcomes(self, outcomes: &'a [CheckReport]) -> Self {
        Self { outcomes, ..self }
    }

    fn needs(&self, any_of: &[Input]) {
        assert!(
            any_of.iter().any(|input| self.declared.contains(input)),
            "the check reads {any_of:?} without declaring it"
        );
    }

    /// Members, targets, dependencies. Needs [`Input::Cargo`].
    pub fn cargo(&self) -> &'a CargoModel {
        self.needs(&[Input::Cargo]);
        self.workspace.cargo()
    }

    /// What resolving under `--locked` said. Needs [`Input::Cargo`].
    pub fn resolution(&self) -> &'a Resolution {
        self.needs(&[Input::Cargo]);
        self.workspace.resolution()
    }

    /// Manifests with positions, the root first. Needs [`Input::Manifests`].
    pub fn manifests(&self) -> &'a [Manifest] {
        self.needs(&[Input::Manifests]);
        self.workspace.manifests()
    }

    /// State of `Cargo.lock`. Needs [`Input::Lockfile`].
    pub fn lockfile(&self) -> &'a Lockfile {
        self.needs(&[Input::Lockfile]);
        self.workspace.lockfile()
    }

    /// Cargo's configuration. Needs [`Input::CargoConfig`].
    pub fn config(&self) -> &'a CargoConfig {
        self.needs(&[Input::CargoConfig]);
        self.workspace.config()
    }

    /// Environment variables that configure cargo. Needs [`Input::CargoEnvironment`].
    pub fn environment(&self) -> &'a Environment {
        self.needs(&[Input::CargoEnvironment]);
        self.workspace.environment()
    }

    /// Environment variables that change what suites find. Needs [`Input::SuiteVariables`].
    pub fn interference(&self) -> impl Iterator<Item = (&'static str, Interference)> + use<'a> {
        self.needs(&[Input::SuiteVariables]);
        interference::found(self.workspace.environment())
    }

    /// The toolchain file. Needs [`Input::ToolchainFile`].
    pub fn toolchain_file(&self) -> Option<&'a ToolchainFile> {
        self.needs(&[Input::ToolchainFile]);
        self.workspace.toolchain().file.as_ref()
    }

    /// The compiler that cargo would use. Needs [`Input::Toolchain`].
    pub fn rustc(&self) -> Result<&'a Rustc, &'a str> {
        self.needs(&[Input::Toolchain]);
        self.workspace.toolchain().rustc.as_ref().map_err(String::as_str)
    }

    /// Version control. Needs [`Input::GitHead`] or [`Input::GitStatus`].
    pub fn git(&self) -> Option<&'a Git> {
        self.needs(&[Input::GitHead, Input::GitStatus]);
        self.workspace.git()
    }

    /// Version control, for releases and what they were made of: what a tag names does not change. Needs
    /// [`Input::GitTags`].
    pub fn releases(&self) -> Option<&'a Git> {
        self.needs(&[Input::GitTags]);
        self.workspace.git()
    }

    /// Why there is no version control although the workspace lies in a repository. Needs [`Input::GitHead`] or
    /// [`Input::GitStatus`].
    pub fn git_problem(&self) -> Option<&'a str> {
        self.needs(&[Input::GitHead, Input::GitStatus]);
        self.workspace.git_problem()
    }

    /// Names of all files. Needs [`Input::FileNames`] or [`Input::AllFiles`].
    pub fn files(&self) -> &'a FileList {
        self.needs(&[Input::FileNames, Input::AllFiles]);
        self.workspace.files()
    }

    /// Every `.rs` file. Needs [`Input::RustSources`].
    pub fn rust_sources(&self) -> impl Iterator<Item = &'a File> + use<'a> {
        self.needs(&[Input::RustSources]);
        self.workspace.files().iter().filter(|file| file.path.ends_with(".rs"))
    }

    /// Continuous integration. Needs [`Input::CiFiles`] and [`Input::PolicyCi`] (which scripts belong to it).
    pub fn ci(&self) -> &'a CiFiles {
        self.needs(&[Input::CiFiles]);
        self.needs(&[Input::PolicyCi]);
        self.workspace.ci(self.policy.ci_scripts())
    }

    /// Whether there is any continuous integration to read; looks at names only. Needs what [`ci`](Self::ci) needs.
    pub fn has_ci(&self) -> bool {
        self.needs(&[Input::CiFiles]);
        self.needs(&[Input::PolicyCi]);
        self.workspace.has_ci() || !self.policy.ci_scripts().is_empty()
    }

    /// Raw boundaries of all members. Needs [`Input::RustSources`], [`Input::Cargo`] (whose a file is) and
    /// [`Input::FileNames`] (where other packages begin).
    pub fn boundaries(&self) -> &'a Survey {
        for input in [Input::RustSources, Input::Cargo, Input::FileNames] {
            self.needs(&[input]);
        }
        self.workspace.boundaries()
    }

    /// Version control, for the history of the inventory, and the bytes of the inventory as it is now; `None` when
    /// there is no file at this path. Needs [`Input::BoundaryInventory`].
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn boundary_inventory(&self, path: &str) -> std::io::Result<(Option<&'a Git>, Option<Vec<u8>>)> {
        self.needs(&[Input::BoundaryInventory]);
        Ok((self.workspace.git(), self.read_if_there(path)?))
    }

    /// Library code of all members. Needs [`Input::RustSources`], [`Input::Cargo`] (whose a file is) and
    /// [`Input::FileNames`] (where other packages begin).
    pub fn library(&self) -> &'a LibrarySurvey {
        for input in [Input::RustSources, Input::Cargo, Input::FileNames] {
            self.needs(&[input]);
        }
        self.workspace.library()
    }

    /// What libraries and binaries use. Needs what [`library`](Self::library) needs.
    ///
    /// # Errors
    /// The first file that cannot be read, with the reason.
    pub fn uses(&self) -> Result<BTreeMap<UsedPath, Used>, (String, std::io::Error)> {
        for input in [Input::RustSources, Input::Cargo, Input::FileNames] {
            self.needs(&[input]);
        }
        let workspace = self.workspace;
        uses::survey(workspace.cargo(), workspace.files(), &|file| workspace.read(&file.path))
    }

    /// As [`boundary_inventory`](Self::boundary_inventory), for the panic inventory. Needs [`Input::PanicInventory`].
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn panic_inventory(&self, path: &str) -> std::io::Result<(Option<&'a Git>, Option<Vec<u8>>)> {
        self.needs(&[Input::PanicInventory]);
        Ok((self.workspace.git(), self.read_if_there(path)?))
    }

    /// Every kernel lock with what is wrong with it, sorted by directory. Needs [`Input::KernelLocks`] and [`Input::Cargo`]
    /// (which directories are those of members).
    pub fn kernel_locks(&self) -> Vec<LockedCrate> {
        self.needs(&[Input::Cargo]);
        self.needs(&[Input::KernelLocks]);
        kernels::locked_crates(self.workspace)
    }

    /// The bytes of a file that a kernel lock names. Needs [`Input::KernelLocks`].
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn kernel_file(&self, path: &str) -> std::io::Result<Vec<u8>> {
        self.needs(&[Input::KernelLocks]);
        self.workspace.read(path)
    }

    /// The record of compiling the locked kernels anew. Needs [`Input::KernelLocks`] and [`Input::KernelRebuild`].
    ///
    /// # Errors
    /// Why there is none to judge by.
    pub fn kernel_rebuild(&self) -> Result<Rebuild, NoRecord> {
        self.needs(&[Input::KernelRebuild]);
        self.needs(&[Input::KernelLocks]);
        Rebuild::read(self.workspace)
    }

    /// Version control, for earlier versions of kernel locks. Needs [`Input::KernelLocks`].
    pub fn kernel_lock_history(&self) -> Option<&'a Git> {
        self.needs(&[Input::KernelLocks]);
        self.workspace.git()
    }

    /// The bytes of a file that `[release]` names; `None` when there is no such file. Needs [`Input::ReleaseFiles`].
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn release_file(&self, path: &str) -> std::io::Result<Option<Vec<u8>>> {
        self.needs(&[Input::ReleaseFiles]);
        self.read_if_there(path)
    }

    /// The bytes of a file that `[runtime]` names; `None` when there is no such file. Needs [`Input::RuntimeRecords`].
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn runtime_record(&self, path: &str) -> std::io::Result<Option<Vec<u8>>> {
        self.needs(&[Input::RuntimeRecords]);
        self.read_if_there(path)
    }

    /// The bytes of a report that `[cache]` names; `None` when there is no such file. Needs [`Input::CacheReports`].
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn cache_report(&self, path: &str) -> std::io::Result<Option<Vec<u8>>> {
        self.needs(&[Input::CacheReports]);
        self.read_if_there(path)
    }

    /// The coverage report at this path. Needs [`Input::Coverage`].
    ///
    /// # Errors
    /// Whatever the operating system says, among it that there is none.
    pub fn coverage(&self, path: &str) -> std::io::Result<Coverage> {
        self.needs(&[Input::Coverage]);
        Coverage::read(self.workspace, path)
    }

    /// A file of the workspace; `None` when there is none.
    fn read_if_there(&self, path: &str) -> std::io::Result<Option<Vec<u8>>> {
        match self.workspace.read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Where advisory databases lie. Needs [`Input::AdvisoryDb`] and [`Input::PolicySupply`].
    pub fn advisory_places(&self) -> Places {
        self.workspace.advisory_places(self.advisory_declaration())
    }

    /// The advisory database. Needs [`Input::AdvisoryDb`] and [`Input::PolicySupply`].
    ///
    /// # Errors
    /// Why there is none to judge by.
    pub fn advisories(&self) -> Result<&'a Opened, &'a Reason> {
        let advisories = self.workspace.advisories(self.advisory_declaration());
        advisories.open(&self.workspace.gate_dir())
    }

    fn advisory_declaration(&self) -> Option<&'a str> {
        self.needs(&[Input::AdvisoryDb]);
        self.needs(&[Input::PolicySupply]);
        self.policy.advisory_db()
    }

    /// The workspace and the last release of it: what their interfaces are made of. Needs [`Input::RustSources`],
    /// [`Input::Cargo`], [`Input::FileNames`], [`Input::Documents`] and [`Input::Release`].
    pub fn interfaces(&self) -> Sources<'a> {
        for input in [
            Input::RustSources,
            Input::Cargo,
            Input::FileNames,
            Input::Documents,
            Input::Release,
        ] {
            self.needs(&[input]);
        }
        Sources::of(self.workspace)
    }

    /// Leaves a file beside the findings, at `path` of the run directory, which has a directory of its own in front. Outside an evaluation it goes nowhere.
    pub fn attach(&self, path: &str, bytes: &[u8]) {
        if let Some(attachments) = self.attachments
            && let Ok(mut files) = attachments.0.lock()
        {
            files.insert(path.to_owned(), bytes.to_owned());
        }
    }
    /// Every tracked Markdown file. Needs [`Input::Documents`].
    pub fn documents(&self) -> &'a Documents {
        self.needs(&[Input::Documents]);
        self.workspace.documents()
    }

    /// What documents name above the workspace. Needs [`Input::Documents`] and [`Input::DocumentsAbove`].
    pub fn above(&self) -> &'a Above {
        for input in [Input::Documents, Input::DocumentsAbove] {
            self.needs(&[input]);
        }
        self.workspace.above()
    }

    /// The tracked Markdown files that one of these globs matches; no other file is read. Needs [`Input::Documents`].
    ///
    /// # Errors
    /// The path of the first one that cannot be read.
    pub fn documents_matching(&self, globs: &[String]) -> Result<Vec<Document>, String> {
        self.needs(&[Input::Documents]);
        self.workspace.documents_matching(globs)
    }

    /// Secrets and home directories in the tracked files. Needs [`Input::AllFiles`] and [`Input::FileNames`] (which files
    /// are tracked).
    pub fn secrets(&self) -> &'a SecretSurvey {
        for input in [Input::AllFiles, Input::FileNames] {
            self.needs(&[input]);
        }
        self.workspace.secrets()
    }

    /// Paths of this machine in the tracked files, each with its file. Needs [`Input::AllFiles`], [`Input::FileNames`]
    /// and [`Input::MachinePaths`].
    pub fn machine_paths(&self) -> &'a [(String, MachinePath)] {
        self.needs(&[Input::MachinePaths]);
        &self.secrets().machine
    }

    /// What git says of the commits that closed items of the register name. Needs [`Input::PolicyRegister`] and
    /// [`Input::RegisterCommits`].
    ///
    /// # Errors
    /// Why nothing can be said about any of them.
    pub fn register_commits(&self) -> Result<BTreeMap<String, CommitState>, String> {
        self.needs(&[Input::PolicyRegister]);
        self.needs(&[Input::RegisterCommits]);
        register_commits(self.workspace, self.policy)
    }

    /// Bytes of a file. Needs [`Input::AllFiles`].
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn read(&self, path: &str) -> std::io::Result<Vec<u8>> {
        self.needs(&[Input::AllFiles]);
        self.workspace.read(path)
    }

    /// The policy slice of a declared `Policy…` input.
    pub fn policy(&self) -> &'a Policy {
        self.needs(&[
            Input::PolicyTiers,
            Input::PolicyProfiles,
            Input::PolicyBoundary,
            Input::PolicyConformance,
            Input::PolicyDocs,
            Input::PolicyDeprecations,
            Input::PolicyFailure,
            Input::PolicyGenerated,
            Input::PolicyUses,
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
            Input::PolicyOwners,
            Input::PolicyRecord,
            Input::PolicyRegister,
            Input::PolicyChecklist,
            Input::PolicyWaivers,
            Input::PolicyFile,
        ]);
        self.policy
    }

    /// Path and text of the `CODEOWNERS` file, the path relative to the top of the repository, and where in the
    /// repository the workspace lies (empty at the top). Needs [`Input::CodeOwners`].
    pub fn code_owners(&self) -> Option<(&'static str, Vec<u8>, String)> {
        self.needs(&[Input::CodeOwners]);
        self.workspace.code_owners()
    }

    /// A file below the workspace root that a checklist names; `None` when there is none. Needs [`Input::Artifacts`].
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub fn artifact(&self, path: &str) -> std::io::Result<Option<std::fs::File>> {
        self.needs(&[Input::Artifacts]);
        match std::fs::File::open(self.workspace.root().join(path)) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The current day in UTC. Needs [`Input::Today`].
    pub fn today(&self) -> Date {
        self.needs(&[Input::Today]);
        self.now.to_zoned(jiff::tz::TimeZone::UTC).date()
    }

    /// The current time. Needs [`Input::History`].
    pub fn now(&self) -> Timestamp {
        self.needs(&[Input::History]);
        self.now
    }

    /// Earlier runs. Needs [`Input::History`].
    pub fn history(&self) -> &'a History {
        self.needs(&[Input::History]);
        self.history
    }

    /// The stage under evaluation. Needs [`Input::Stage`].
    pub fn stage(&self) -> Stage {
        self.needs(&[Input::Stage]);
        self.stage
    }

    /// The checks that were judged before this one, with waivers applied, in the order of the catalogue and suites
    /// after them; empty while it is decided whether the check applies. Needs [`Input::Outcomes`].
    pub fn outcomes(&self) -> &'a [CheckReport] {
        self.needs(&[Input::Outcomes]);
        self.outcomes
    }
}
