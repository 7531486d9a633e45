//! The files of another commit, below `target/gate`: a clone that shares the objects of the repository, so that nothing is
//! written beside it. It is kept, and so is what was built of it.

use std::path::{Path, PathBuf};

use gate_base::error::{Error, Result};
use gate_report::Reason;
use gate_world::Workspace;

/// Where a commit lies.
#[derive(Debug)]
pub(crate) struct Tree {
    /// Directory of the root manifest.
    pub(crate) root: PathBuf,
    /// Target directory.
    pub(crate) target: PathBuf,
}

/// Where the files of the workspace are built a second time.
pub(crate) fn anew(workspace: &Workspace, suite: &str) -> PathBuf {
    workspace.gate_dir().join("reference").join(suite).join("anew")
}

/// Brings the files of a commit to their place. The inner reason says why that is not possible.
///
/// # Errors
/// A directory cannot be made or emptied.
pub(crate) fn tree(workspace: &Workspace, suite: &str, commit: &str) -> Result<std::result::Result<Tree, Reason>> {
    let Some(git) = workspace.git() else {
        let reason = Reason::new(
            "no_reference",
            "the workspace is not in a git repository, so there is no other commit",
        );
        return Ok(Err(
            reason.help("use a second command as `reference` of the suite in gate.toml")
        ));
    };
    let hash = match git.commit(commit) {
        Ok(hash) => hash,
        Err(why) => {
            let reason = Reason::new("no_reference", format!("there is no commit `{commit}`: {why}"));
            return Ok(Err(
                reason.help("`git fetch --unshallow`; in CI, check out with `fetch-depth: 0`")
            ));
        }
    };
    let home = workspace.gate_dir().join("reference").join(suite);
    let tree = home.join("tree");
    let brought = if tree.join(".git").is_dir() && git.check_out(&tree, &hash).is_ok() {
        Ok(())
    } else {
        if tree.exists() {
            std::fs::remove_dir_all(&tree).map_err(|error| Error::io("remove", &tree, &error))?;
        }
        std::fs::create_dir_all(&home).map_err(|error| Error::io("create", &home, &error))?;
        git.clone_into(&tree).and_then(|()| git.check_out(&tree, &hash))
    };
    if let Err(why) = brought {
        return Ok(Err(Reason::new(
            "no_reference",
            format!("cannot check out `{commit}`: {why}"),
        )));
    }
    let below = workspace.root().strip_prefix(&git.top).unwrap_or(Path::new(""));
    let root = tree.join(below);
    // Where the commit has no lockfile, both sides shall depend on the same versions.
    let (own, lockfile) = (workspace.root().join("Cargo.lock"), root.join("Cargo.lock"));
    if root.is_dir() && own.is_file() && !lockfile.exists() {
        std::fs::copy(&own, &lockfile).map_err(|error| Error::io("write", &lockfile, &error))?;
    }
    Ok(Ok(Tree {
        root,
        target: home.join("target"),
    }))
}
