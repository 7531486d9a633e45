//! The run that is meant where a whole store is named.

use std::path::Path;

use gate_base::error::{Error, Result};

use super::place::{DATABASE, local};
use super::rows::owned;
use crate::directory::Directory;
use crate::documents::PATHS;
use crate::sqlite::{Database, is_database};

/// The run that is meant where a whole store is named, by its id or by a registered model as MLflow writes it
/// (`models:/iris@champion`, `models:/iris/3`); `None` where `root` is no store.
///
/// # Errors
/// The store cannot be read, has no such run, or has several and none of them is named (usage).
pub(crate) fn chosen(root: &Path, run: Option<&str>) -> Result<Option<Directory>> {
    let path = if root.is_dir() {
        root.join(DATABASE)
    } else {
        root.to_owned()
    };
    let has_documents = || PATHS.iter().any(|document| root.join(document).exists());
    if !is_database(&path) || root.is_dir() && has_documents() {
        return Ok(None);
    }
    let shown = path.display();
    let failed = |why: String| Error::usage(format!("cannot read `{shown}`: {why}"));
    let mut runs = Vec::new();
    let database = Database::open(&path).map_err(failed)?;
    let registered = match run.and_then(|run| run.strip_prefix("models:/")) {
        None => None,
        Some(model) => Some(run_of_model(&database, model).map_err(failed)?.ok_or_else(|| {
            Error::usage(format!("`{shown}` has no registered model `models:/{model}` of a run"))
                .with_help("name it as `models:/NAME@ALIAS` or `models:/NAME/VERSION`")
        })?),
    };
    let run = registered.as_deref().or(run);
    let columns = [
        "start_time",
        "run_uuid",
        "name",
        "status",
        "lifecycle_stage",
        "artifact_uri",
    ];
    let is_store = database
        .rows("runs", columns, &mut |[begun, id, name, status, stage, artifacts]| {
            if run.map_or(stage.text() == Some("active"), |run| id.text() == Some(run)) {
                runs.push(Row {
                    begun: begun.integer(),
                    id: owned(id),
                    name: owned(name),
                    status: owned(status),
                    artifacts: owned(artifacts),
                });
            }
        })
        .map_err(failed)?;
    if !is_store {
        return Err(Error::usage(format!("`{shown}` holds no runs of MLflow"))
            .with_help("name the directory of a run with `--run DIR`"));
    }
    runs.sort_by_key(|row| std::cmp::Reverse(row.begun));
    let [row] = runs.as_slice() else {
        return Err(none_or_several(&path, run, &runs));
    };
    let root = local(&row.artifacts, &path).and_then(|artifacts| Some(artifacts.parent()?.to_owned()));
    let mut directory = match root {
        Some(root) if root.is_dir() => Directory::open(&root)?,
        // A run that logged no file has no directory.
        root => Directory::empty(root.unwrap_or_else(|| path.with_file_name(&row.id))),
    };
    directory.record = Some((path, row.id.clone()));
    Ok(Some(directory))
}

/// The run of a version of a registered model, `NAME@ALIAS` or `NAME/VERSION`.
fn run_of_model(database: &Database, model: &str) -> std::result::Result<Option<String>, String> {
    let mut wanted = None;
    if let Some((name, alias)) = model.rsplit_once('@') {
        database.rows(
            "registered_model_aliases",
            ["name", "alias", "version"],
            &mut |[of, called, version]| {
                if of.text() == Some(name) && called.text() == Some(alias) {
                    wanted = version.integer().map(|version| (name, version));
                }
            },
        )?;
    } else if let Some((name, version)) = model.rsplit_once('/') {
        wanted = version.parse().ok().map(|version| (name, version));
    }
    let mut run = None;
    if let Some((name, version)) = wanted {
        database.rows("model_versions", ["name", "version", "run_id"], &mut |[
            of,
            number,
            id,
        ]| {
            if of.text() == Some(name) && number.integer() == Some(version) {
                run = id.text().map(str::to_owned);
            }
        })?;
    }
    Ok(run)
}

/// A run as a list of runs shows it.
struct Row {
    begun: Option<i64>,
    id: String,
    name: String,
    status: String,
    artifacts: String,
}

fn none_or_several(path: &Path, run: Option<&str>, runs: &[Row]) -> Error {
    /// Most runs that are listed.
    const LISTED: usize = 5;
    let shown = path.display();
    if runs.is_empty() {
        return Error::usage(match run {
            Some(run) => format!("`{shown}` has no run `{run}`"),
            None => format!("`{shown}` has no run"),
        });
    }
    let latest = runs
        .iter()
        .take(LISTED)
        .map(|row| format!("{} ({}, {})", row.id, row.name, row.status));
    let latest: Vec<String> = latest.collect();
    Error::usage(format!(
        "`{shown}` has {} runs; the latest: {}",
        runs.len(),
        latest.join(", ")
    ))
    .with_help(format!("`cargo gate ready --run {shown} --run-id {}`", runs[0].id))
}
