//! `cargo gate init`: the text of a commented gate.toml and of CI workflows, as functions of facts about the workspace.
//!
//! Planning looks, writing writes; nothing that exists is overwritten without force.

mod ci;
mod facts;
mod kernels;
mod member;
mod policy;
mod repository;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use gate_base::error::{Error, Result};

use gate_policy::{Existing, FILE_NAME, quoted, write_atomically};

pub use ci::{github_workflow, gitlab_pipeline};
pub use facts::{Ci, InitFacts, MemberFacts, ProductionSuite};
pub use kernels::KernelCrate;
pub use member::with_member;
pub use policy::policy_text;
pub use repository::workspaces;

/// What happens to a file of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileAction {
    /// It is not there and will be created.
    Create,
    /// It is there and will be replaced, as asked.
    Replace,
    /// It is there and stays as it is.
    Keep,
}

/// A file of the plan.
#[derive(Debug, Clone)]
pub struct FileToWrite {
    /// Path relative to the top of the repository.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// What happens to it.
    pub action: FileAction,
}

/// Plans the policy file of a workspace, a crate of kernels where one is asked for, and for each of `services` one workflow for
/// this workspace and the `others` of the repository. `existing` says whether a path relative to the top exists.
pub fn plan_init(
    facts: &InitFacts,
    others: &[InitFacts],
    services: &[Ci],
    kernels: Option<&KernelCrate>,
    existing: &dyn Fn(&Path) -> bool,
    force: bool,
) -> Vec<FileToWrite> {
    let facts = &with_kernels(facts, kernels);
    let own = |path: PathBuf| Path::new(&facts.directory).join(path);
    let mut files = vec![(own(FILE_NAME.into()), policy_text(facts))];
    let mut workspaces: Vec<&InitFacts> = std::iter::once(&**facts).chain(others).collect();
    workspaces.sort_by(|a, b| a.directory.cmp(&b.directory));
    if services.contains(&Ci::Github) {
        files.push((".github/workflows/gate.yml".into(), github_workflow(&workspaces)));
    }
    if services.contains(&Ci::Gitlab) {
        files.push((".gitlab/gate.yml".into(), gitlab_pipeline(&workspaces)));
    }
    let crate_files = kernels.map(KernelCrate::files).unwrap_or_default();
    files.extend(crate_files.into_iter().map(|(path, text)| (own(path), text)));
    files
        .into_iter()
        .map(|(path, text)| {
            let action = match (existing(&path), force) {
                (false, _) => FileAction::Create,
                (true, true) => FileAction::Replace,
                (true, false) => FileAction::Keep,
            };
            FileToWrite { path, text, action }
        })
        .collect()
}

/// The workspace as it will be with the crate of kernels.
fn with_kernels<'a>(facts: &'a InitFacts, kernels: Option<&KernelCrate>) -> Cow<'a, InitFacts> {
    let Some(kernels) = kernels else {
        return Cow::Borrowed(facts);
    };
    let mut facts = facts.clone();
    facts.runs_kernels = true;
    // A name is given once: what another package has already keeps it.
    let new = kernels
        .production()
        .filter(|new| facts.production.iter().all(|suite| suite.name != new.name));
    let new: Vec<ProductionSuite> = new.collect();
    facts.production.extend(new);
    facts.production.sort();
    Cow::Owned(facts)
}

/// Writes the files of a plan below `top`, each atomically; those with [`FileAction::Keep`] are left alone.
///
/// # Errors
/// A file that was planned as new is there by now (usage), or cannot be written (tool).
pub fn write_plan(top: &Path, plan: &[FileToWrite]) -> Result<()> {
    for file in plan {
        let path = top.join(&file.path);
        match file.action {
            FileAction::Keep => {}
            FileAction::Replace => write_atomically(&path, &file.text, Existing::Replace)?,
            FileAction::Create if path.symlink_metadata().is_ok() => {
                return Err(Error::usage(format!("`{}` already exists", file.path.display()))
                    .with_help("run `cargo gate init --force` to replace it"));
            }
            FileAction::Create => write_atomically(&path, &file.text, Existing::Keep)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod judged;
#[cfg(test)]
mod tests;
