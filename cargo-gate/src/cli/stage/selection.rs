//! Which packages a run is about: those of `-p`, or those that a change can affect.

use gate_base::error::{Error, Result};
use gate_base::paths;
use gate_engine::affected::{Affected, affected};

use super::super::Conversation;
use super::super::open::Opened;
use super::arguments::StageArgs;

/// Packages that a run is about.
pub(super) struct Selection {
    /// Their names; empty for the whole workspace.
    pub(super) packages: Vec<String>,
    /// The revision since which they can be affected, where that is why they were chosen.
    pub(super) since: Option<String>,
}

/// The packages that the command line selects. What cannot be told apart selects everything.
///
/// # Errors
/// Usage errors: a package is no member, or `--since` names nothing to compare with.
pub(super) fn selection(arguments: &StageArgs, opened: &Opened, conversation: &Conversation<'_>) -> Result<Selection> {
    let whole = |packages| Selection { packages, since: None };
    let Some(revision) = &arguments.since else {
        opened.check_packages(&arguments.packages)?;
        return Ok(whole(arguments.packages.clone()));
    };
    let workspace = &opened.workspace;
    let Some(git) = workspace.git() else {
        return Err(
            Error::usage("`--since` requires version control, and the workspace has none")
                .with_help("run it without `--since`"),
        );
    };
    let changed = git.changed_since(revision).map_err(|problem| {
        Error::usage(format!("cannot tell what changed since `{revision}`: {problem}")).with_help(
            "pass a branch, a tag or a commit of this repository; in a shallow clone, fetch its history first",
        )
    })?;
    let from_root = |path: &String| paths::relative(workspace.root(), &paths::normalize(&git.top.join(path)));
    let mut changed: Vec<String> = changed.iter().map(from_root).collect();
    changed.extend(git.hidden.iter().cloned());
    let (selection, said) = match affected(&changed, workspace, &opened.policy) {
        Affected::Nothing => (
            whole(Vec::new()),
            "the whole workspace: nothing in it changed".to_owned(),
        ),
        Affected::Everything(why) => (whole(Vec::new()), format!("the whole workspace: {why}")),
        Affected::Packages(packages) => {
            let said = packages.join(", ");
            let since = Some(revision.clone());
            (Selection { packages, since }, said)
        }
    };
    conversation.printer.status("Affected", &said);
    Ok(selection)
}
