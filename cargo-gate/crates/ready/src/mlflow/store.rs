//! Which store records a run.

use std::path::PathBuf;

use super::model::META;
use super::place::DATABASE;
use crate::directory::Directory;
use crate::sqlite::is_database;

/// From the database to the directory of a run: `mlruns/<experiment>/<run>`.
const LEVELS: usize = 4;

/// The store that records a run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Store {
    /// `meta.yaml` and the files next to it.
    Files,
    /// A run in a database.
    Database { path: PathBuf, run: String },
}

impl Store {
    /// The store of a run, by the directory of its files. Both may be there after a migration, and then the database counts.
    pub(super) fn of(directory: &Directory) -> Option<Self> {
        let has_files = directory.entry(META).is_some();
        if let Some((path, run)) = &directory.record {
            return Some(Store::Database {
                path: path.clone(),
                run: run.clone(),
            });
        }
        let root = directory.root.canonicalize().unwrap_or_else(|_| directory.root.clone());
        let run = root.file_name()?.to_string_lossy().into_owned();
        let is_id = run.len() == 32 && run.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let databases = root.ancestors().skip(1).take(LEVELS).map(|above| above.join(DATABASE));
        let found = databases.filter(|_| is_id).find(|path| is_database(path));
        match found {
            // One that cannot be read might hold it.
            Some(path) if !has_files || super::database::holds(&path, &run) != Ok(false) => {
                Some(Store::Database { path, run })
            }
            _ => has_files.then_some(Store::Files),
        }
    }
}
