//! What a run was judged by, besides the content: one run counts for another only where these agree.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use gate_base::digest::sha256_hex;
use gate_policy::{Policy, PolicySource};
use gate_report::Subject;
use gate_world::Workspace;

/// Policy, workspace and packages of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// SHA-256 of `gate.toml`, with what it extends; absent when there was none.
    pub policy: Option<String>,
    /// The workspace, as [`workspace`] names it: two of one repository may share a target directory.
    pub workspace: String,
    /// Packages that the claim was limited to, sorted; empty for the whole workspace.
    pub packages: Vec<String>,
}

/// In what two runs differ. What a caller tells first comes last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// The line was written before terms were recorded.
    Unknown,
    /// Another workspace.
    Workspace(String),
    /// Another policy.
    Policy,
    /// Fewer packages, these.
    Packages(Vec<String>),
}

impl Terms {
    /// The terms of an evaluation of these packages.
    pub fn of(workspace: &Workspace, policy: &Policy, packages: &[String]) -> Self {
        Self {
            policy: self::policy(policy),
            workspace: self::workspace(workspace),
            packages: selected(packages),
        }
    }

    /// The terms of a run that was recorded.
    pub(super) fn recorded(subject: &Subject) -> Self {
        Self {
            policy: subject.policy_sha256.clone(),
            workspace: place(&subject.directory, &subject.name),
            packages: subject.selected.clone(),
        }
    }

    /// Why a run on these terms does not count for one on those of `present`. A claim about more packages covers one about
    /// fewer.
    pub fn difference(&self, present: &Terms) -> Option<Difference> {
        let covered = self.packages.is_empty()
            || !present.packages.is_empty() && present.packages.iter().all(|name| self.packages.contains(name));
        if self.workspace != present.workspace {
            Some(Difference::Workspace(self.workspace.clone()))
        } else if self.policy != present.policy {
            Some(Difference::Policy)
        } else if !covered {
            Some(Difference::Packages(self.packages.clone()))
        } else {
            None
        }
    }
}

/// Digest of a policy; `None` where there is no file. That of a policy that extends others is over one line for each file, its
/// own first, as `sha256sum gate.toml ../gate.base.toml` prints them in the workspace root.
pub fn policy(policy: &Policy) -> Option<String> {
    let texts = policy.source.iter().flat_map(PolicySource::files);
    digest(texts.map(|(path, text)| (path, text.as_bytes())))
}

/// Digest of a policy as it was somewhere else, of which `read` gives the files by their paths; `None` where one of them is not there.
pub fn policy_as(policy: &Policy, read: impl Fn(&str) -> Option<Vec<u8>>) -> Option<String> {
    let paths = policy.source.iter().flat_map(PolicySource::files).map(|(path, _)| path);
    let texts: Option<Vec<_>> = paths.map(|path| Some((path, read(path)?))).collect();
    digest(texts?.iter().map(|(path, text)| (*path, text.as_slice())))
}

fn digest<'t>(files: impl Iterator<Item = (&'t str, &'t [u8])>) -> Option<String> {
    let digests: Vec<_> = files.map(|(path, text)| (path, sha256_hex(text))).collect();
    match digests.as_slice() {
        [] => None,
        [(_, digest)] => Some(digest.clone()),
        several => {
            let lines: String = several
                .iter()
                .map(|(path, digest)| format!("{digest}  {path}\n"))
                .collect();
            Some(sha256_hex(lines.as_bytes()))
        }
    }
}

/// Name of a workspace within its repository: its name, and the directory of its root unless that is the repository's.
pub fn workspace(workspace: &Workspace) -> String {
    place(&workspace.directory(), &workspace.name())
}

/// Packages as they are recorded: sorted, each once.
pub fn selected(packages: &[String]) -> Vec<String> {
    packages.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

fn place(directory: &str, name: &str) -> String {
    if directory.is_empty() {
        name.to_owned()
    } else {
        format!("{name} in {directory}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_covers_one_about_fewer_packages_and_no_other() {
        let terms = |packages: &[&str]| Terms {
            packages: packages.iter().map(|name| (*name).to_owned()).collect(),
            ..Terms::default()
        };
        assert_eq!(terms(&[]).difference(&terms(&["a"])), None);
        assert_eq!(terms(&["a", "b"]).difference(&terms(&["b"])), None);
        let fewer = Some(Difference::Packages(vec!["a".into()]));
        assert_eq!(terms(&["a"]).difference(&terms(&[])), fewer);
        assert_eq!(terms(&["a"]).difference(&terms(&["a", "b"])), fewer);
    }
}
