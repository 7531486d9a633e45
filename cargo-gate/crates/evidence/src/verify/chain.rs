//! The history and the chain over its runs.

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

use crate::history::{self, HistoryEntry};
use crate::record::{HASHES, LATEST, Link, is_plain_path};
use gate_base::atomic::TEMPORARY_PREFIX;
use gate_base::error::{Error, Result};

use super::{Problem, ProblemKind, derived, run};

const HISTORY: &str = "history.jsonl";

/// What came of checking runs within their history.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) problems: Vec<Problem>,
    pub(super) runs: usize,
    /// Chain hashes of the history, oldest first.
    pub(super) chains: Vec<String>,
    /// Run directories that were looked at, oldest first.
    pub(super) run_ids: Vec<String>,
}

/// Checks the history and every run.
pub(super) fn all(gate_dir: &Path) -> Result<Checked> {
    let mut checked = Checked::default();
    let entries = checked.read_history(gate_dir)?;
    for (position, entry) in entries.iter().enumerate() {
        checked.check_entry(gate_dir, &entries[..position], entry)?;
    }
    checked.check_directory(gate_dir, &entries)?;
    if entries.is_empty() && checked.problems.is_empty() {
        checked.problems.push(Problem::new(
            ProblemKind::Missing,
            HISTORY,
            "there are no runs to verify",
        ));
    }
    Ok(checked)
}

/// Checks one run and its place in the history.
pub(super) fn one(gate_dir: &Path, run_id: &str) -> Result<Checked> {
    let mut checked = Checked::default();
    let entries = checked.read_history(gate_dir)?;
    match entries.iter().position(|entry| entry.run_id == run_id) {
        Some(position) => {
            checked.check_entry(gate_dir, &entries[..position], &entries[position])?;
            // The head of a single run is its own chain hash.
            checked.chains.truncate(position + 1);
        }
        None => {
            let label = format!("runs/{run_id}");
            let run = run::check(&gate_dir.join(&label), &label)?;
            checked.problems.extend(run.problems);
            checked.runs += 1;
            checked.check_directory(gate_dir, &entries)?;
        }
    }
    Ok(checked)
}

/// The run id that an abbreviation or a name in the history stands for.
pub(super) fn known(gate_dir: &Path, name: &str) -> Option<String> {
    let lines = history::parse(&history::read(gate_dir).ok()?);
    lines
        .entries
        .into_iter()
        .map(|entry| entry.run_id)
        .find(|run_id| run_id == name)
}

impl Checked {
    fn read_history(&mut self, gate_dir: &Path) -> Result<Vec<HistoryEntry>> {
        let lines = history::parse(&history::read(gate_dir)?);
        for (number, what) in &lines.problems {
            let message = format!("line {number} {what}");
            self.problems.push(Problem::new(ProblemKind::Damaged, HISTORY, message));
        }
        self.chains = lines.entries.iter().map(|entry| entry.chain.clone()).collect();
        Ok(lines.entries)
    }

    fn check_entry(&mut self, gate_dir: &Path, before: &[HistoryEntry], entry: &HistoryEntry) -> Result<()> {
        if !is_plain_path(&entry.run_id) || entry.run_id.contains('/') {
            self.problems.push(Problem::new(
                ProblemKind::Damaged,
                HISTORY,
                "a line has an invalid run id",
            ));
            return Ok(());
        }
        let label = format!("runs/{}", entry.run_id);
        let run = run::check(&gate_dir.join(&label), &label)?;
        self.run_ids.push(entry.run_id.clone());
        self.runs += 1;
        self.problems.extend(run.problems);
        let Some(facts) = run.facts else {
            return Ok(());
        };
        if derived(&facts) != *entry {
            let message = format!("the line of run {} contradicts the run directory", entry.run_id);
            self.problems
                .push(Problem::new(ProblemKind::Contradiction, HISTORY, message));
        }
        if facts.hashes.previous != before.last().map(link) {
            let message = "does not follow the run before it in the history";
            self.problems.push(Problem::new(
                ProblemKind::BrokenChain,
                format!("{label}/{HASHES}"),
                message,
            ));
        }
        Ok(())
    }

    /// Looks for run directories that the history does not name, and at `latest`.
    fn check_directory(&mut self, gate_dir: &Path, entries: &[HistoryEntry]) -> Result<()> {
        let runs = gate_dir.join("runs");
        let failed = |error: &io::Error| Error::io("read", &runs, error);
        let listing = match fs::read_dir(&runs) {
            Ok(listing) => listing,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Each entry has said already that its directory is not there.
                return Ok(());
            }
            Err(error) => return Err(failed(&error)),
        };
        let recorded: BTreeSet<&str> = entries.iter().map(|entry| entry.run_id.as_str()).collect();
        let mut extra = Vec::new();
        for entry in listing {
            let name = entry
                .map_err(|error| failed(&error))?
                .file_name()
                .to_string_lossy()
                .into_owned();
            // What a killed run left unfinished was never visible; the next run removes it.
            if name != LATEST && !name.starts_with(TEMPORARY_PREFIX) && !recorded.contains(name.as_str()) {
                extra.push(name);
            }
        }
        extra.sort();
        let latest = read_latest(&runs);
        let interrupted = match extra.as_slice() {
            [run_id] if latest.as_ref() != Some(run_id) => unrecorded(gate_dir, entries, run_id).is_ok(),
            _ => false,
        };
        for name in &extra {
            let (kind, message) = if interrupted {
                (
                    ProblemKind::Interrupted,
                    "finished but not yet in the history; the next run adds it",
                )
            } else {
                (ProblemKind::UnrecordedRun, "the run is not in the history")
            };
            self.problems.push(Problem::new(kind, format!("runs/{name}"), message));
        }
        self.check_latest(latest.as_deref(), entries, &runs);
        Ok(())
    }

    fn check_latest(&mut self, latest: Option<&str>, entries: &[HistoryEntry], runs: &Path) {
        let mut newest = entries.iter().rev().map(|entry| entry.run_id.as_str());
        let (newest, before) = (newest.next(), newest.next());
        let file = format!("runs/{LATEST}");
        if latest == newest {
            return;
        }
        let (kind, message) = match latest {
            Some(latest) if Some(latest) == before => (
                ProblemKind::Interrupted,
                "is one run behind; the next run updates it".to_owned(),
            ),
            Some(latest) => (
                ProblemKind::WrongLatest,
                format!("refers to {latest}, which is not the newest run"),
            ),
            None if fs::symlink_metadata(runs.join(LATEST)).is_ok() => {
                (ProblemKind::WrongLatest, "does not refer to a run".to_owned())
            }
            None => (ProblemKind::Missing, "missing; the next run writes it".to_owned()),
        };
        self.problems.push(Problem::new(kind, file, message));
    }
}

/// Whether an entry can be relied on, given the entries before it: for checks that build on earlier runs.
pub(crate) fn entry(gate_dir: &Path, before: &[HistoryEntry], entry: &HistoryEntry) -> std::result::Result<(), String> {
    let mut checked = Checked::default();
    checked
        .check_entry(gate_dir, before, entry)
        .map_err(|error| error.message)?;
    match checked.problems.into_iter().next() {
        None => Ok(()),
        Some(problem) => Err(format!("{}: {}", problem.file, problem.message)),
    }
}

/// The history line of a run directory that has none, if the directory is whole and follows the newest entry.
pub(crate) fn unrecorded(gate_dir: &Path, entries: &[HistoryEntry], run_id: &str) -> Result<HistoryEntry> {
    let refused = || Error::tool(format!("run {run_id} cannot be added to the history"));
    if !is_plain_path(run_id) {
        return Err(refused());
    }
    let label = format!("runs/{run_id}");
    let run = run::check(&gate_dir.join(&label), &label)?;
    let facts = run.facts.ok_or_else(refused)?;
    let follows = facts.hashes.previous == entries.last().map(link) && facts.manifest.run_id == run_id;
    if !run.problems.is_empty() || !follows {
        return Err(refused());
    }
    Ok(derived(&facts))
}

/// The run that `latest` names: the target of a symbolic link, or the contents of a short text file.
pub(crate) fn read_latest(runs: &Path) -> Option<String> {
    let path = runs.join(LATEST);
    let metadata = fs::symlink_metadata(&path).ok()?;
    let name = if metadata.is_symlink() {
        fs::read_link(&path).ok()?.into_os_string().into_string().ok()?
    } else if metadata.is_file() && metadata.len() <= 256 {
        fs::read_to_string(&path).ok()?.strip_suffix('\n')?.to_owned()
    } else {
        return None;
    };
    (is_plain_path(&name) && !name.contains('/')).then_some(name)
}

fn link(entry: &HistoryEntry) -> Link {
    Link {
        run_id: entry.run_id.clone(),
        chain: entry.chain.clone(),
    }
}
