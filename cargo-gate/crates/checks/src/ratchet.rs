//! The earlier version of a tracked file that a ratchet compares with: that of `HEAD` while the work tree differs from it,
//! and else the one before the latest commit that changed it.

use gate_report::{Finding, Reason};
use gate_world::git::Git;

use gate_contract::Judgement;

/// Versions of a file in git.
pub(super) trait Versions {
    fn show(&self, revision: &str, path: &str) -> Result<Option<Vec<u8>>, String>;
    fn parents_of_last_change(&self, path: &str) -> Result<Option<Vec<String>>, String>;
    fn is_shallow(&self) -> Result<bool, String>;
}

impl Versions for Git {
    fn show(&self, revision: &str, path: &str) -> Result<Option<Vec<u8>>, String> {
        if self.head.is_none() {
            return Ok(None);
        }
        self.show(revision, path)
    }

    fn parents_of_last_change(&self, path: &str) -> Result<Option<Vec<String>>, String> {
        self.parents_of_last_change(path)
    }

    fn is_shallow(&self) -> Result<bool, String> {
        self.is_shallow()
    }
}

/// The version that the ratchet compares with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Previous {
    /// There is none: the file is new.
    None,
    /// Its bytes.
    Bytes(Vec<u8>),
    /// The repository does not say, and why.
    Unknown(Reason),
}

pub(super) fn previous(versions: &dyn Versions, path: &str, now: &[u8]) -> Previous {
    find_previous(versions, path, now).unwrap_or_else(|message| {
        Previous::Unknown(Reason::new(
            "no_history",
            format!("git does not tell the previous version of `{path}`: {message}"),
        ))
    })
}

fn find_previous(versions: &dyn Versions, path: &str, now: &[u8]) -> Result<Previous, String> {
    let Some(committed) = versions.show("HEAD", path)? else {
        return Ok(Previous::None);
    };
    let committed = unix_lines(&committed);
    if committed != now {
        return Ok(Previous::Bytes(committed));
    }
    // What it was before the latest change is what a parent of that commit holds. An earlier change is not looked for: of a
    // file with one version, git would go through all of history.
    let parents = versions.parents_of_last_change(path)?.unwrap_or_default();
    for parent in &parents {
        if let Some(bytes) = versions.show(parent, path)? {
            return Ok(Previous::Bytes(unix_lines(&bytes)));
        }
    }
    // At the border of a shallow clone every file looks new.
    if parents.is_empty() && versions.is_shallow()? {
        return Ok(Previous::Unknown(
            Reason::new(
                "shallow_clone",
                format!("the clone is shallow and does not hold the previous version of `{path}`"),
            )
            .help("`git fetch --unshallow`; in CI check out with `fetch-depth: 0`"),
        ));
    }
    Ok(Previous::None)
}

/// Line endings as git stores them.
pub(super) fn unix_lines(bytes: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(bytes.len());
    for (index, byte) in bytes.iter().enumerate() {
        if !(*byte == b'\r' && bytes.get(index + 1) == Some(&b'\n')) {
            lines.push(*byte);
        }
    }
    lines
}

/// What was found counts more than what could not be found out.
pub(super) fn inconclusive_unless(findings: Vec<Finding>, reason: Reason) -> Judgement {
    if findings.is_empty() {
        Judgement::Inconclusive(reason)
    } else {
        Judgement::Findings(findings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fake {
        versions: Vec<&'static str>,
        shallow: bool,
    }

    impl Versions for Fake {
        fn show(&self, revision: &str, _: &str) -> Result<Option<Vec<u8>>, String> {
            let index = if revision == "HEAD" {
                0
            } else {
                revision.parse().expect("an index")
            };
            Ok(self.versions.get(index).map(|text| text.as_bytes().to_vec()))
        }

        fn parents_of_last_change(&self, _: &str) -> Result<Option<Vec<String>>, String> {
            let has_parent = !self.shallow && self.versions.len() > 1;
            Ok(Some(has_parent.then(|| "1".to_owned()).into_iter().collect()))
        }

        fn is_shallow(&self) -> Result<bool, String> {
            Ok(self.shallow)
        }
    }

    #[test]
    fn the_previous_version_is_the_one_before_the_last_change() {
        let of = |versions: &[&'static str], shallow, now: &str| {
            let fake = Fake {
                versions: versions.to_vec(),
                shallow,
            };
            previous(&fake, "p", now.as_bytes())
        };
        assert_eq!(of(&[], false, "a"), Previous::None);
        assert_eq!(of(&["a"], false, "a"), Previous::None);
        assert_eq!(of(&["b\r\n"], false, "a\n"), Previous::Bytes(b"b\n".to_vec()));
        assert_eq!(of(&["b", "c"], false, "b"), Previous::Bytes(b"c".to_vec()));
        assert!(matches!(of(&["b", "c"], true, "b"), Previous::Unknown(reason) if reason.code == "shallow_clone"));
        assert_eq!(of(&["b", "c"], true, "a"), Previous::Bytes(b"b".to_vec()));
    }
}
