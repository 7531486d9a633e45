//! Tracked files whose counts only fall. A ratchet compares with the version of `HEAD` while the work tree differs from it, and else with
//! the one before the latest commit that changed the file.

use std::io;

use gate_report::{Finding, Location, Reason};
use gate_rust::inventory::{Change, Counted, Inventory};
use gate_world::git::Git;

use gate_contract::{Check, Judgement};

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Previous {
    /// There is none: the file is new.
    None,
    /// Its bytes.
    Bytes(Vec<u8>),
    /// The repository does not say, and why.
    Unknown(Reason),
}

pub(super) fn previous(versions: &dyn Versions, path: &str, now: &[u8]) -> Previous {
    find_previous(versions, path, now).unwrap_or_else(|message| Previous::Unknown(no_history(path, &message)))
}

/// Why git says nothing about the versions before.
pub(super) fn no_history(path: &str, message: &str) -> Reason {
    Reason::new(
        "no_history",
        format!("git cannot show the previous version of `{path}`: {message}"),
    )
}

/// Why a shallow clone says nothing about the versions before.
pub(super) fn shallow(path: &str) -> Reason {
    Reason::new(
        "shallow_clone",
        format!("the clone is shallow and does not contain the previous version of `{path}`"),
    )
    .help("`git fetch --unshallow`; in CI, check out with `fetch-depth: 0`")
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
        return Ok(Previous::Unknown(shallow(path)));
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

/// A tracked inventory as it is, and the version before.
pub(super) struct Tracked<'a> {
    pub(super) check: &'a Check,
    pub(super) path: &'a str,
    pub(super) declared: Option<&'a Location>,
    /// Whether git tracks it; `None` without version control.
    pub(super) tracked: Option<bool>,
    pub(super) bytes: Option<Vec<u8>>,
    pub(super) previous: Previous,
}

impl<'a> Tracked<'a> {
    /// Takes what was read, and asks git for the version before. `listed` says whether git tracks the file, where there is a git.
    pub(super) fn read<P: Counted>(
        (check, path, declared): (&'a Check, &'a str, Option<&'a Location>),
        found: io::Result<(Option<&Git>, Option<Vec<u8>>)>,
        listed: bool,
    ) -> Result<Self, Reason> {
        let (git, bytes) = found.map_err(|error| {
            Reason::new("unreadable_inventory", format!("cannot read `{path}`: {error}")).help(format!(
                "make the file readable, or write it again with `{}`",
                P::COMMAND
            ))
        })?;
        let bytes = bytes.map(|bytes| unix_lines(&bytes));
        let previous = match (git, &bytes) {
            (Some(git), Some(bytes)) => previous(git, path, bytes),
            _ => Previous::None,
        };
        Ok(Self {
            check,
            path,
            declared,
            tracked: git.map(|_| listed),
            bytes,
            previous,
        })
    }

    /// Judges the file: it is there, tracked, what would be written now, and no count is higher than before. `unchanged` says what is wrong
    /// where it is stale without a count that differs, and `explain` adds to a finding about a count that rose.
    pub(super) fn judge<P: Counted>(
        &self,
        current: &Inventory<P>,
        unchanged: &str,
        explain: impl Fn(&Change<'_, P::Kind>, Finding) -> Finding,
    ) -> Judgement {
        let path = self.path;
        let mut findings = match &self.bytes {
            None => vec![
                self.blocking(format!("there is no {} at `{path}`", P::NAME))
                    .help(format!("`{} && git add {path}`", P::COMMAND)),
            ],
            Some(bytes) => {
                let untracked = (self.tracked == Some(false)).then(|| {
                    self.blocking(format!("the {} `{path}` is not tracked by git", P::NAME))
                        .help(format!("`git add {path}`"))
                        .at(Location::file(path))
                });
                let mut findings: Vec<Finding> = untracked.into_iter().collect();
                if *bytes != current.to_text().as_bytes() {
                    findings.extend(self.stale(current, bytes, unchanged));
                }
                findings
            }
        };
        let before = match &self.previous {
            Previous::None => Ok(None),
            Previous::Unknown(reason) => Err(reason.clone()),
            Previous::Bytes(bytes) => Inventory::<P>::parse(bytes).map(Some).map_err(|message| {
                Reason::new(
                    "unreadable_history",
                    format!("cannot read the previous version of `{path}`: {message}"),
                )
                .help(format!("commit an inventory written by `{}`", P::COMMAND))
            }),
        };
        if let Ok(Some(before)) = &before {
            let changes = before.changes(current);
            let rises = changes.iter().filter(|change| change.after > change.before);
            findings.extend(rises.map(|change| {
                let message = format!(
                    "`{}` has {}, {} more than before",
                    change.package,
                    P::counted(change.kind, change.after),
                    change.after - change.before
                );
                explain(change, self.blocking(message)).package(change.package)
            }));
        }
        let findings = findings
            .into_iter()
            .map(|finding| finding.because(self.declared.cloned()));
        match before {
            Ok(_) => Judgement::Findings(findings.collect()),
            Err(reason) => inconclusive_unless(findings.collect(), reason),
        }
    }

    fn blocking(&self, message: String) -> Finding {
        Finding::blocking(self.check.blocks_at, message)
    }

    /// One finding per package whose counts are wrong, or one for the file when they are right.
    fn stale<P: Counted>(&self, current: &Inventory<P>, bytes: &[u8], unchanged: &str) -> Vec<Finding> {
        let (path, name) = (self.path, P::NAME);
        let about = |message: String| {
            self.blocking(message)
                .help(format!("`{}`, then review and commit the difference", P::COMMAND))
                .at(Location::file(path))
        };
        let tracked = match Inventory::<P>::parse(bytes) {
            Ok(tracked) => tracked,
            Err(message) => return vec![about(format!("cannot read the {name} `{path}`: {message}"))],
        };
        let changes = tracked.changes(current);
        if changes.is_empty() {
            return vec![about(format!("the {name} `{path}` is {unchanged}"))];
        }
        let by_package = changes.chunk_by(|one, other| one.package == other.package);
        by_package
            .map(|changes| {
                let count = |change: &Change<'_, P::Kind>| {
                    format!("{} instead of {}", P::counted(change.kind, change.after), change.before)
                };
                let counts: Vec<String> = changes.iter().map(count).collect();
                let package = changes[0].package;
                about(format!("the {name} is stale: `{package}` has {}", counts.join(", "))).package(package)
            })
            .collect()
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
