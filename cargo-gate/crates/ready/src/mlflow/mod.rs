//! What MLflow records of a run, from either of its stores: a database of SQLite, or the files that came before it.

mod choose;
mod database;
mod files;
mod metric;
mod model;
mod place;
mod rows;
mod store;

use gate_base::error::Result;

use crate::directory::Directory;
pub(crate) use choose::chosen;
pub(crate) use model::{META, Model, Recorded, Version};
use store::Store;

/// What the store of a run records; `None` where the directory is no run of MLflow.
///
/// # Errors
/// The directory of a model cannot be listed.
pub(crate) fn recorded(directory: &Directory) -> Result<Option<Recorded>> {
    match Store::of(directory) {
        None => Ok(None),
        Some(Store::Files) => files::read(directory).map(Some),
        Some(Store::Database { path, run }) => database::read(&path, &run, directory).map(Some),
    }
}

/// Whether a directory is a run of MLflow.
pub(crate) fn is_run(directory: &Directory) -> bool {
    Store::of(directory).is_some()
}
