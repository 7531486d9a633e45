//! The line of the history that follows from the files of a run.

use super::super::history::HistoryEntry;
use super::run;

/// The history line that a run directory gives, if the directory is whole: for callers that hold it already.
pub(super) fn derived(facts: &run::Facts) -> HistoryEntry {
    HistoryEntry::of(&facts.manifest, &facts.decision, &facts.hashes)
}
