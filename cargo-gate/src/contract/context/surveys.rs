//! What a rule may ask that takes a look at many files: code, kernels, secrets, advisories, commits.

use std::collections::{BTreeMap, BTreeSet};

use crate::kernels::rebuild::{NoRecord, Rebuild};
use crate::kernels::{self, LockedCrate};
use crate::policy::{Policy, StabilityPolicy};
use crate::report::Reason;
use crate::rust::boundary::survey::Survey;
use crate::rust::facts::UsedPath;
use crate::rust::library::Survey as LibrarySurvey;
use crate::rust::uses::{self, Used};
use crate::secrets::file::MachinePath;
use crate::secrets::survey::SecretSurvey;
use crate::stability::{self, Comparison};
use crate::supply::{Opened, Places};
use crate::workspace::Workspace;
use crate::workspace::git::{CommitState, Git};

use super::{Context, Input};

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
    /// Raw boundaries of all members. Needs [`Input::RustSources`], [`Input::Cargo`] (whose a file is) and
    /// [`Input::FileNames`] (where other packages begin).
    pub fn boundaries(&self) -> &'a Survey {
        self.needs_all(&[Input::RustSources, Input::Cargo, Input::FileNames]);
        self.workspace.boundaries()
    }

    /// Library code of all members. Needs [`Input::RustSources`], [`Input::Cargo`] (whose a file is) and
    /// [`Input::FileNames`] (where other packages begin).
    pub fn library(&self) -> &'a LibrarySurvey {
        self.needs_all(&[Input::RustSources, Input::Cargo, Input::FileNames]);
        self.workspace.library()
    }

    /// What libraries and binaries use. Needs what [`library`](Self::library) needs.
    ///
    /// # Errors
    /// The first file that cannot be read, with the reason.
    pub fn uses(&self) -> Result<BTreeMap<UsedPath, Used>, (String, String)> {
        self.needs_all(&[Input::RustSources, Input::Cargo, Input::FileNames]);
        uses::survey(self.workspace.cargo(), self.workspace.code())
    }

    /// The documents of the last release beside those of the workspace. Needs [`Input::FileNames`], [`Input::Documents`] and
    /// [`Input::Release`].
    ///
    /// # Errors
    /// Why there is no release to compare with.
    pub fn released_documents(&self, policy: &StabilityPolicy) -> Result<Comparison, Reason> {
        self.needs_all(&[Input::FileNames, Input::Documents, Input::Release]);
        stability::compare(self.workspace, policy)
    }

    /// Secrets and home directories in the tracked files. Needs [`Input::AllFiles`] and [`Input::FileNames`] (which files
    /// are tracked).
    pub fn secrets(&self) -> &'a SecretSurvey {
        self.needs_all(&[Input::AllFiles, Input::FileNames]);
        self.workspace.secrets()
    }

    /// Paths of this machine in the tracked files, each with its file. Needs [`Input::AllFiles`], [`Input::FileNames`]
    /// and [`Input::MachinePaths`].
    pub fn machine_paths(&self) -> &'a [(String, MachinePath)] {
        self.needs(&[Input::MachinePaths]);
        &self.secrets().machine
    }

    /// Every kernel lock with what is wrong with it, sorted by directory. Needs [`Input::KernelLocks`] and [`Input::Cargo`]
    /// (which directories are those of members).
    pub fn kernel_locks(&self) -> Vec<LockedCrate> {
        self.needs_all(&[Input::Cargo, Input::KernelLocks]);
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
        self.needs_all(&[Input::KernelRebuild, Input::KernelLocks]);
        Rebuild::read(self.workspace)
    }

    /// Version control, for earlier versions of kernel locks. Needs [`Input::KernelLocks`].
    pub fn kernel_lock_history(&self) -> Option<&'a Git> {
        self.needs(&[Input::KernelLocks]);
        self.workspace.git()
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
        self.needs_all(&[Input::AdvisoryDb, Input::PolicySupply]);
        self.policy.advisory_db()
    }

    /// What git says of the commits that closed items of the register name. Needs [`Input::PolicyRegister`] and
    /// [`Input::RegisterCommits`].
    ///
    /// # Errors
    /// Why nothing can be said about any of them.
    pub fn register_commits(&self) -> Result<BTreeMap<String, CommitState>, String> {
        self.needs_all(&[Input::PolicyRegister, Input::RegisterCommits]);
        register_commits(self.workspace, self.policy)
    }
}
