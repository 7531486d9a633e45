//! The journal of a release: which steps are done and what each left, so that an interrupted release goes on where it was.
//!
//! It is a keyed record: one that was edited, or copied from another machine, is not read. A step counts while all files it left are
//! what they were.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use gate_base::error::{Error, Result};
use gate_base::record;

use crate::files::Recorded;
use crate::step::Step;

const VERSION: u32 = 1;
const FILE: &str = "journal";

/// What a release is about. A journal of another subject does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Name of the release.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The commit it is built from.
    pub commit: String,
    /// Digest over the contents of the workspace.
    pub content: String,
    /// SHA-256 of the policy, empty where there is none.
    pub policy: String,
    /// Whether nothing is published.
    pub dry_run: bool,
    /// Version of the tool.
    pub tool: String,
}

/// What was done so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    subject: Subject,
    steps: Vec<(Step, Entry)>,
    published: BTreeMap<String, String>,
}

/// What a step left.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// What it rests on besides the steps before it: a step that would rest on something else is done again.
    pub(crate) rests_on: String,
    /// Files below the directory of the release.
    pub(crate) files: Vec<Recorded>,
}

/// The journal of a release.
#[derive(Debug)]
pub struct Journal {
    directory: PathBuf,
    state: State,
}

impl Journal {
    /// Starts a journal. What an earlier attempt left is removed.
    ///
    /// # Errors
    /// An earlier attempt has published something (usage); I/O errors.
    pub fn begin(directory: &Path, subject: Subject) -> Result<Self> {
        if let Some(state) = read(directory)
            && let Some(first) = state.published.keys().next()
        {
            let message = format!(
                "an earlier attempt already published {} of this release, `{first}` first",
                gate_report::render::text::count(state.published.len() as u64, "package")
            );
            return Err(Error::usage(message).with_help("pass `--resume` to publish the rest"));
        }
        crate::files::emptied(directory)?;
        let journal = Self {
            directory: directory.to_owned(),
            state: State {
                subject,
                steps: Vec::new(),
                published: BTreeMap::new(),
            },
        };
        journal.store()?;
        Ok(journal)
    }

    /// Goes on with a journal. Steps whose files are no longer what they were are forgotten, with all steps after them.
    ///
    /// # Errors
    /// There is none of this subject (usage); I/O errors.
    pub fn resume(directory: &Path, subject: &Subject) -> Result<Self> {
        let help = "leave out `--resume` to start from the first step";
        let Some(mut state) = read(directory) else {
            return Err(Error::usage("there is no interrupted release of this commit to resume").with_help(help));
        };
        if state.subject != *subject {
            return Err(
                Error::usage("the interrupted release was made with another policy or version of cargo-gate")
                    .with_help(help),
            );
        }
        let holds = |(at, (step, entry)): &(usize, &(Step, Entry))| {
            Step::ALL.get(*at) == Some(step) && entry.files.iter().all(|file| file.holds(directory))
        };
        let kept = state.steps.iter().enumerate().take_while(holds).count();
        state.steps.truncate(kept);
        Ok(Self {
            directory: directory.to_owned(),
            state,
        })
    }

    /// What a finished step left, if it rests on this.
    pub(crate) fn done(&self, step: Step, rests_on: &str) -> Option<&Entry> {
        let (_, entry) = self.state.steps.iter().find(|(known, _)| *known == step)?;
        // What went out stands: it is never attested a second time.
        (entry.rests_on == rests_on || !self.state.published.is_empty()).then_some(entry)
    }

    /// Records a step that is done; what was recorded of it and of later steps is forgotten.
    pub(crate) fn record(&mut self, step: Step, entry: Entry) -> Result<()> {
        let at = Step::ALL.iter().position(|known| *known == step).unwrap_or_default();
        self.state.steps.truncate(at);
        if self.state.steps.len() != at {
            return Err(Error::tool(format!("the step `{}` came before its turn", step.name())));
        }
        self.state.steps.push((step, entry));
        self.store()
    }

    /// Records a step that is taken again each time, once.
    pub(crate) fn record_if_new(&mut self, step: Step, entry: Entry) -> Result<()> {
        match self.state.steps.iter().any(|(known, _)| *known == step) {
            true if entry.files.is_empty() => Ok(()),
            _ => self.record(step, entry),
        }
    }

    /// Packages that are in the registry, with the SHA-256 of their archives.
    pub(crate) fn published(&self) -> &BTreeMap<String, String> {
        &self.state.published
    }

    /// Records that a package is in the registry.
    pub(crate) fn publish(&mut self, package: &str, sha256: &str) -> Result<()> {
        self.state.published.insert(package.to_owned(), sha256.to_owned());
        self.store()
    }

    fn store(&self) -> Result<()> {
        record::write(&self.directory.join(FILE), VERSION, &self.state)
    }
}

fn read(directory: &Path) -> Option<State> {
    record::read(&directory.join(FILE), VERSION)
}

/// Every release of a gate directory that was made on this machine and has its receipt: its directory, its subject and the record of
/// the receipt.
pub(crate) fn finished(gate_dir: &Path) -> Vec<(PathBuf, Subject, Recorded)> {
    let entries = fs::read_dir(gate_dir.join(crate::layout::DIRECTORY))
        .into_iter()
        .flatten()
        .flatten();
    let mut found: Vec<_> = entries
        .filter_map(|entry| {
            let directory = entry.path();
            let state = read(&directory)?;
            let (_, receipt) = state.steps.into_iter().find(|(step, _)| *step == Step::Receipt)?;
            let file = receipt
                .files
                .into_iter()
                .find(|file| file.path.ends_with(crate::receipt::FILE))?;
            Some((directory, state.subject, file))
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject() -> Subject {
        Subject {
            name: "app".into(),
            version: "1.0.0".into(),
            commit: "c".into(),
            content: "d".into(),
            policy: String::new(),
            dry_run: true,
            tool: "0".into(),
        }
    }

    fn entry(directory: &Path, name: &str) -> Entry {
        fs::write(directory.join(name), name).expect("a file");
        Entry {
            rests_on: String::new(),
            files: vec![Recorded::of(directory, name).expect("a record")],
        }
    }

    #[test]
    fn steps_are_kept_while_their_files_are() {
        let scratch = tempfile::tempdir().expect("a directory");
        let directory = scratch.path().join("app");
        let mut journal = Journal::begin(&directory, subject()).expect("a journal");
        for (step, name) in Step::ALL.into_iter().zip(["a", "b", "c"]) {
            journal.record(step, entry(&directory, name)).expect("recorded");
        }
        let resumed = |subject: &Subject| Journal::resume(&directory, subject);
        let kept = |journal: &Journal| journal.state.steps.len();
        assert_eq!(kept(&resumed(&subject()).expect("a journal")), 3);
        assert!(
            resumed(&subject())
                .expect("a journal")
                .done(Step::FirstBuild, "other")
                .is_none()
        );
        fs::write(directory.join("b"), "B").expect("a file");
        assert_eq!(kept(&resumed(&subject()).expect("a journal")), 1);
        let other = Subject {
            policy: "p".into(),
            ..subject()
        };
        assert!(resumed(&other).is_err());
    }

    #[test]
    fn no_step_is_skipped() {
        let scratch = tempfile::tempdir().expect("a directory");
        let mut journal = Journal::begin(&scratch.path().join("app"), subject()).expect("a journal");
        assert!(journal.record(Step::Receipt, Entry::default()).is_err());
    }

    #[test]
    fn what_was_published_is_not_started_again() {
        let scratch = tempfile::tempdir().expect("a directory");
        let directory = scratch.path().join("app");
        let mut journal = Journal::begin(&directory, subject()).expect("a journal");
        journal.publish("app", "00").expect("recorded");
        let error = Journal::begin(&directory, subject()).expect_err("refused");
        assert!(error.message.contains("already published 1 package"), "{error}");
        // A journal that another machine wrote, or that was edited, does not count.
        let path = directory.join(FILE);
        let mut bytes = fs::read(&path).expect("the journal");
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&path, bytes).expect("written");
        assert!(Journal::resume(&directory, &subject()).is_err());
    }
}
