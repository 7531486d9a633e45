//! What git says.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Context, Declares, Inputs};
use gate_policy::{Policy, PolicySource, Register};
use gate_surveys::Surveys;
use gate_world::git::{CommitState, Git, Tag};

use crate::declared::{Input, InputState, known};

/// The commit that is checked out.
pub struct GitHead;

impl Input for GitHead {
    const NAME: &'static str = "commit";

    fn state(inputs: &Inputs<'_>) -> InputState {
        let git = inputs.workspace.git();
        known::<Self>(|digest| {
            digest.part(&[u8::from(git.is_some())]);
            digest.part(git.and_then(|git| git.head.as_deref()).unwrap_or_default().as_bytes());
        })
    }
}

impl<'a, R: Declares<GitHead>> Context<'a, R> {
    /// Version control, for the commit and what came before it.
    pub fn git(&self) -> Option<&'a Git> {
        self.inputs.workspace.git()
    }

    /// Why there is no version control although the workspace lies in a repository.
    pub fn git_problem(&self) -> Option<&'a str> {
        self.inputs.workspace.git_problem()
    }
}

/// The tags of the repository.
pub struct GitTags;

impl Input for GitTags {
    const NAME: &'static str = "tags";

    fn state(inputs: &Inputs<'_>) -> InputState {
        let tags = match inputs.workspace.tags() {
            None => Vec::new(),
            Some(Ok(tags)) => tags,
            Some(Err(_)) => return InputState::Volatile,
        };
        known::<Self>(|digest| {
            digest.part(&[u8::from(inputs.workspace.git().is_some())]);
            for tag in tags {
                digest.part(tag.name.as_bytes()).part(tag.commit.as_bytes());
            }
        })
    }
}

impl<'a, R: Declares<GitTags>> Context<'a, R> {
    /// Version control, for releases and what they were made of: what a tag names does not change.
    pub fn releases(&self) -> Option<&'a Git> {
        self.inputs.workspace.git()
    }

    /// Every tag of the repository; `None` without version control.
    pub fn tags(&self) -> Option<Result<Vec<Tag>, String>> {
        self.inputs.workspace.tags()
    }
}

/// Which paths differ from the commit.
pub struct GitStatus;

impl Input for GitStatus {
    const NAME: &'static str = "work tree status";

    fn state(inputs: &Inputs<'_>) -> InputState {
        let git = inputs.workspace.git();
        known::<Self>(|digest| {
            digest.part(&[
                u8::from(git.is_some()),
                u8::from(git.is_some_and(|git| git.head.is_some())),
            ]);
            for dirty in git.map(|git| git.dirty.as_slice()).unwrap_or_default() {
                digest.part(dirty.path.as_bytes()).part(&[u8::from(dirty.untracked)]);
            }
            for paths in git
                .map(|git| [&git.hidden, &git.leaving, &git.without_address])
                .into_iter()
                .flatten()
            {
                digest.part(&(paths.len() as u64).to_le_bytes());
                for path in paths {
                    digest.part(path.as_bytes());
                }
            }
        })
    }
}

/// Which files that the policy extends differ from the commit, wherever in the repository they lie.
pub struct PolicyBases;

impl Input for PolicyBases {
    const NAME: &'static str = "files that the policy extends";

    fn state(inputs: &Inputs<'_>) -> InputState {
        known::<Self>(|digest| {
            for base in uncommitted_bases(inputs.workspace, inputs.policy) {
                digest.part(base.path.as_bytes()).part(base.why.as_bytes());
            }
        })
    }
}

impl<R: Declares<PolicyBases>> Context<'_, R> {
    /// The files that the policy extends and that are not what the commit has.
    pub fn uncommitted_bases(&self) -> Vec<UncommittedBase> {
        uncommitted_bases(self.inputs.workspace, self.inputs.policy)
    }
}

/// A file that the policy extends and that is not what the commit has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UncommittedBase {
    /// Path relative to the workspace root, `/`-separated.
    pub path: String,
    /// Why it is not, continuing its path.
    pub why: String,
}

/// The files that the policy extends and that are not what the commit has; none where nothing is committed or there is no
/// version control. The status of the work tree says nothing of what lies above the workspace, or is ignored.
pub fn uncommitted_bases(workspace: &Surveys, policy: &Policy) -> Vec<UncommittedBase> {
    let Some(git) = workspace.git().filter(|git| git.head.is_some()) else {
        return Vec::new();
    };
    let bases = policy.source.iter().flat_map(|source: &PolicySource| &source.bases);
    let unlisted = bases.filter(|base| !git.dirty.iter().any(|dirty| dirty.path == base.path));
    unlisted
        .filter_map(|base| {
            // Git may have its own line ends in the work tree.
            let same = |committed: &[u8]| String::from_utf8_lossy(committed).lines().eq(base.text.lines());
            let why = match git.show("HEAD", &base.path) {
                Ok(Some(committed)) if same(&committed) => return None,
                Ok(Some(_)) => "differs from the commit".to_owned(),
                Ok(None) => "is not tracked by git".to_owned(),
                Err(problem) => format!("cannot be compared with the commit: {problem}"),
            };
            Some(UncommittedBase {
                path: base.path.clone(),
                why,
            })
        })
        .collect()
}

/// What git says of the commits that closed items of the register name.
pub struct RegisterCommits;

impl Input for RegisterCommits {
    const NAME: &'static str = "commits that the register names";

    fn state(inputs: &Inputs<'_>) -> InputState {
        match register_commits(inputs) {
            Ok(states) => known::<Self>(|digest| {
                for (commit, state) in &states {
                    digest.part(commit.as_bytes()).part(state.name().as_bytes());
                }
            }),
            Err(_) => InputState::Volatile,
        }
    }
}

impl<R: Declares<RegisterCommits> + Declares<Register>> Context<'_, R> {
    /// What git says of the commits that closed items of the register name.
    ///
    /// # Errors
    /// Why nothing can be said about any of them.
    pub fn register_commits(&self) -> Result<BTreeMap<String, CommitState>, String> {
        register_commits(&self.inputs)
    }
}

fn register_commits(inputs: &Inputs<'_>) -> Result<BTreeMap<String, CommitState>, String> {
    let items = inputs.policy.register.iter().flat_map(|register| &register.items);
    let named: BTreeSet<&str> = items.filter_map(|item| item.commit.as_deref()).collect();
    if named.is_empty() {
        return Ok(BTreeMap::new());
    }
    match inputs.workspace.git() {
        Some(git) => git.commit_states(&named),
        None => Err(inputs
            .workspace
            .git_problem()
            .unwrap_or("the workspace is not in a git repository")
            .to_owned()),
    }
}
