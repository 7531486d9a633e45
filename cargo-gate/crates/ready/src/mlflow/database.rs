//! A run in a database.

use std::path::{Path, PathBuf};

use gate_base::error::Result;
use serde_json::Value;

use super::model::{Model, Recorded, keyed, parameter};
use super::place::local;
use super::rows::Rows;
use crate::directory::Directory;
use crate::documents::Document;
use crate::sqlite::{Database, journals};

/// Whether a database holds a run.
///
/// # Errors
/// Why it cannot be read, as the end of a sentence.
pub(super) fn holds(path: &Path, run: &str) -> std::result::Result<bool, String> {
    let mut found = false;
    Database::open(path)?.rows("runs", ["run_uuid"], &mut |[id]| found |= id.text() == Some(run))?;
    Ok(found)
}

/// What a database records of a run. Where it cannot be read, the documents say why.
///
/// # Errors
/// The directory of a model cannot be listed.
pub(super) fn read(path: &Path, run: &str, directory: &Directory) -> Result<Recorded> {
    let mut outside: Vec<PathBuf> = journals(path).into();
    outside.push(path.to_owned());
    let rows = Database::open(path).and_then(|database| {
        let rows = Rows::of(&database, run)?;
        database.unchanged()?;
        Ok(rows)
    });
    let rows = match rows {
        Ok(rows) => rows,
        Err(why) => {
            let why = format!("`{}`: {why}", path.file_name().unwrap_or_default().display());
            return Ok(Recorded {
                meta: Document::Broken(why.clone()),
                metrics: Document::Broken(why.clone()),
                parameters: Document::Broken(why),
                database: Some(path.to_owned()),
                outside,
                ..Recorded::default()
            });
        }
    };
    let models = rows
        .models
        .iter()
        .map(|id| model(id, &rows, path))
        .collect::<Result<Vec<_>>>()?;
    // Also of one that is missing: that nothing is there is part of the verdict.
    outside.extend(rows.logged.values().filter_map(|(_, place)| local(place, path)));
    outside.extend(
        models
            .iter()
            .filter_map(|model| Some(model.directory.as_ref()?.root.clone())),
    );
    let mut contradictions = rows.derived_otherwise();
    contradictions.extend(elsewhere(&rows, directory));
    let texts = rows
        .parameters
        .iter()
        .map(|(key, value)| (format!("params/{key}"), value.clone()));
    let tags = rows
        .tags
        .iter()
        .map(|(key, value)| (format!("tags/{key}"), value.clone()));
    Ok(Recorded {
        meta: rows
            .run
            .map_or(Document::Missing, |run| Document::Read(Value::Object(run))),
        metrics: keyed(Ok(rows
            .metrics
            .iter()
            .map(|(key, latest)| (key.clone(), latest.json()))
            .collect())),
        parameters: keyed(Ok(rows
            .parameters
            .iter()
            .map(|(key, value)| (key.clone(), parameter(value)))
            .collect())),
        has_commit: rows
            .tags
            .get("mlflow.source.git.commit")
            .is_some_and(|commit| !commit.is_empty()),
        texts: texts.chain(tags).collect(),
        datasets: rows.datasets,
        models,
        versions: rows.versions,
        contradictions,
        database: Some(path.to_owned()),
        outside,
    })
}

/// A model as the store records it.
fn model(id: &str, rows: &Rows, database: &Path) -> Result<Model> {
    let logged = rows.logged.get(id);
    let place = logged.map(|(_, place)| place.clone()).unwrap_or_default();
    let kept = local(&place, database).filter(|path| !place.is_empty() && path.is_dir());
    // As the file store has it: the artifacts are a directory of the model.
    let root = kept.map(|path| match path.parent() {
        Some(parent) if path.ends_with("artifacts") => parent.to_owned(),
        _ => path,
    });
    Ok(Model {
        id: id.to_owned(),
        meta: logged.map_or(Document::Missing, |(meta, _)| {
            Document::Read(Value::Object(meta.clone()))
        }),
        place,
        directory: root.map(|root| Directory::open(&root)).transpose()?,
    })
}

/// Where the artifacts are kept at another place than the directory that is judged.
fn elsewhere(rows: &Rows, directory: &Directory) -> Option<String> {
    let tail = |path: &str| {
        let mut parts = path.trim_end_matches('/').rsplit(['/', '\\']).map(str::to_owned);
        [parts.next(), parts.next(), parts.next()]
    };
    let root = directory.root.canonicalize().unwrap_or_else(|_| directory.root.clone());
    let judged = root.join("artifacts");
    let agree = rows.artifacts.is_empty() || tail(&rows.artifacts) == tail(&judged.to_string_lossy());
    (!agree).then(|| {
        format!(
            "the artifacts of the run are at `{}`, which is not the directory that is judged",
            rows.artifacts
        )
    })
}
