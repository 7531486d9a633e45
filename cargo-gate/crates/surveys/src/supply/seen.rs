//! What the database of earlier runs held, so that a run can tell what is new and whether something went missing.

use std::path::Path;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use gate_base::digest::Digest;
use gate_world::cache;

use super::database::Database;

const NAME: &str = "seen";
const VERSION: u32 = 2;

/// A database of an earlier run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The database that somebody chose, as reports write it; `None` for the public one, wherever it came from. Others are
    /// not compared with it.
    pub chosen: Option<String>,
    /// State of the files it came from.
    pub state: Digest,
    /// Day of its newest advisory.
    pub newest: Option<Date>,
    /// Ids of its advisories, sorted.
    pub ids: Vec<String>,
}

impl Seen {
    pub(super) fn new(chosen: Option<String>, state: Digest, database: &Database) -> Self {
        let mut ids: Vec<String> = database.advisories.iter().map(|one| one.id.clone()).collect();
        ids.sort();
        ids.dedup();
        Self {
            chosen,
            state,
            newest: database.newest,
            ids,
        }
    }
}

/// The last two databases that differ. Comparing with the one before keeps the answer over a database the same however
/// often it is asked.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Record {
    current: Option<Seen>,
    previous: Option<Seen>,
}

impl Record {
    /// What a database in this state is compared with.
    pub(super) fn before(&self, chosen: Option<&str>, state: &Digest) -> Option<&Seen> {
        let seen = match &self.current {
            Some(current) if current.state == *state => self.previous.as_ref(),
            current => current.as_ref(),
        };
        seen.filter(|seen| seen.chosen.as_deref() == chosen)
    }
}

pub(super) fn load(directory: &Path) -> Record {
    gate_base::record::read(&directory.join(NAME), VERSION).unwrap_or_default()
}

/// Best effort: without the record the next run knows nothing of this one, as the first does.
pub(super) fn remember(directory: &Path, seen: Seen) {
    let mut record = load(directory);
    if record.current.as_ref() == Some(&seen) {
        return;
    }
    if record
        .current
        .as_ref()
        .is_none_or(|current| current.state != seen.state)
    {
        record.previous = record.current.take();
    }
    record.current = Some(seen);
    let _ = cache::write(directory, NAME, VERSION, &record);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_over_one_database_stays_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let seen = |text: &str| Seen {
            chosen: None,
            state: Digest::of(text.as_bytes()),
            newest: None,
            ids: vec![text.to_owned()],
        };
        let before = |text: &str| {
            let record = load(directory.path());
            record
                .before(None, &Digest::of(text.as_bytes()))
                .map(|seen| seen.ids[0].clone())
        };
        assert_eq!(before("a"), None);
        remember(directory.path(), seen("a"));
        remember(directory.path(), seen("a"));
        assert_eq!(before("a"), None);
        assert_eq!(before("b"), Some("a".into()));
        remember(directory.path(), seen("b"));
        assert_eq!(before("b"), Some("a".into()));
        assert_eq!(before("c"), Some("b".into()));
        // A private database is not the public one with most of its advisories gone.
        assert_eq!(load(directory.path()).before(Some("db"), &Digest::of(b"c")), None);
    }
}
