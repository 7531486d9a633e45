//! The last release: which commit it is.

use std::path::Path;

use semver::Version;

use gate_base::digest::{Digest, DigestBuilder};
use gate_base::record;
use gate_policy::pattern;
use gate_report::Reason;
use gate_world::Workspace;
use gate_world::git::Git;

/// A commit that was released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The tag, branch or commit as it was named.
    pub name: String,
    /// Its full hash.
    pub commit: String,
}

impl Release {
    /// The release of a workspace that a reference means, and the repository that knows it. Which tags come before the checked
    /// out commit can take a walk through all of history, so the answer is kept in the gate directory.
    ///
    /// # Errors
    /// Why there is none.
    pub fn of<'w>(workspace: &'w Workspace, reference: &str) -> Result<(&'w Git, Self), Reason> {
        let git = workspace.git().ok_or_else(|| {
            Reason::new(
                "no_git",
                "the workspace is not in a git repository, so its last release is unknown",
            )
            .help("run the gate in a clone of the repository")
        })?;
        if pattern::is_pattern(reference) {
            return Ok((git, tagged(git, reference, &workspace.gate_dir())?));
        }
        let commit = git.resolve(reference).map_err(|error| unknown(git, error))?;
        let name = reference.to_owned();
        Ok((git, Self { name, commit }))
    }
}

/// Name of the record in the gate directory.
const RECORD: &str = "last-release";

/// Raised when the stored form or the choice of a tag changes.
const VERSION: u32 = 2;

/// The highest version among the tags of commits before the one that is checked out.
fn tagged(git: &Git, reference: &str, gate_dir: &Path) -> Result<Release, Reason> {
    let cannot = |error| unknown(git, error);
    let tags = git.tags().map_err(cannot)?;
    // Commits never change: the answer holds while the commit and all tags are the same.
    let mut key = DigestBuilder::new("last release");
    key.part(reference.as_bytes())
        .part(git.head.as_deref().unwrap_or_default().as_bytes());
    for tag in &tags {
        key.part(tag.name.as_bytes()).part(tag.commit.as_bytes());
    }
    let key = key.finish();
    let known = record::read::<(Digest, String, String)>(&gate_dir.join(RECORD), VERSION);
    if let Some((_, name, commit)) = known.filter(|(known, ..)| *known == key) {
        return Ok(Release { name, commit });
    }
    let candidates = highest(tags.iter().map(|tag| tag.name.as_str()), reference);
    let name = last_before_head(git, &candidates)
        .map_err(cannot)?
        .ok_or_else(|| cannot(format!("no tag before this commit matches `{reference}`")))?;
    let commit = git.resolve(name).map_err(cannot)?;
    // Where history was cut off, what is fetched later may reach further.
    if git.is_shallow() == Ok(false) {
        // Best effort: without the record git is asked again.
        let _ = record::write(&gate_dir.join(RECORD), VERSION, &(key, name, &commit));
    }
    Ok(Release {
        name: name.to_owned(),
        commit,
    })
}

/// The first of these tags that comes before the commit that is checked out. It is nearly always among the highest versions.
fn last_before_head<'t>(git: &Git, tags: &[&'t str]) -> Result<Option<&'t str>, String> {
    /// Tags in the first question.
    const HIGHEST: usize = 4;
    /// Tags in each later one: their names have to fit on a command line of Windows.
    const MOST: usize = 100;
    let (highest, others) = tags.split_at(tags.len().min(HIGHEST));
    for tags in highest.chunks(HIGHEST).chain(others.chunks(MOST)) {
        let before = git.tags_before_head(tags)?;
        if let Some(found) = tags.iter().find(|tag| before.iter().any(|before| before == *tag)) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The tags that a pattern covers, the highest version first; pre-releases behind everything else that was released.
fn highest<'t>(tags: impl Iterator<Item = &'t str>, reference: &str) -> Vec<&'t str> {
    let version = |tag: &str| {
        let digits = tag.char_indices().filter(|(at, char)| {
            char.is_ascii_digit()
                && !tag[..*at].ends_with(|before: char| before.is_ascii_alphanumeric() && before != 'v')
        });

        digits.map(|(at, _)| &tag[at..]).find_map(|text| {
            let written = text.parse::<Version>().ok();
            written.or_else(|| format!("{text}.0").parse().ok())
        })
    };
    let mut known: Vec<(bool, Version, &str)> = tags
        .filter(|tag| pattern::matches(reference, tag))
        .filter_map(|tag| version(tag).map(|version| (version.pre.is_empty(), version, tag)))
        .collect();
    known.sort();
    known.into_iter().rev().map(|(_, _, tag)| tag).collect()
}

pub(super) fn unknown(git: &Git, message: String) -> Reason {
    if git.is_shallow() == Ok(true) {
        return Reason::new("shallow_clone", format!("{message}, and the clone is shallow"))
            .help("fetch the full history and tags (`fetch-depth: 0`)");
    }
    Reason::new("no_release", message).help(
        "`git fetch --tags`, or set `reference` under `[stability]` to the \
         release",
    )
}

#[cfg(test)]
mod tests {
    use super::highest;

    #[test]
    fn the_last_release_is_the_highest_version() {
        let of = |tags: &[&str], pattern: &str| highest(tags.iter().copied(), pattern).first().map(ToString::to_string);
        assert_eq!(of(&["v1.9.0", "v1.10.0", "v1.2"], "v*").as_deref(), Some("v1.10.0"));
        assert_eq!(of(&["v1.0.0", "v2.0.0-rc.1"], "v*").as_deref(), Some("v1.0.0"));
        assert_eq!(
            of(&["v2.0.0-rc.1", "v2.0.0-beta.1"], "v*").as_deref(),
            Some("v2.0.0-rc.1")
        );
        assert_eq!(
            of(&["tokio-1.40.0", "tokio-util-0.7.12", "tokio-1.9.0"], "tokio-1.*").as_deref(),
            Some("tokio-1.40.0")
        );
        assert_eq!(of(&["1.2.3", "20240101"], "*").as_deref(), Some("1.2.3"));
        assert_eq!(of(&["release", "v1.0.0"], "r*"), None);
    }
}
