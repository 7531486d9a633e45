//! The rows of a run in a database, as `mlflow.store.tracking.dbmodels` of MLflow 2 and 3 lays them out. Everything is computed from what
//! MLflow adds and never changes; what it derives from that (`latest_metrics`) is compared and not believed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::metric::Latest;
use super::model::{Used, Version};
use crate::sqlite::{Cell, Database};

type Read<T> = std::result::Result<T, String>;

/// The rows of a run.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) run: Option<Map<String, Value>>,
    pub(super) artifacts: String,
    pub(super) metrics: BTreeMap<String, Latest>,
    /// What `latest_metrics` says.
    derived: BTreeMap<String, Latest>,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) datasets: Vec<Used>,
    /// Ids of the models that the run made.
    pub(super) models: BTreeSet<String>,
    /// What is recorded of a model, with where it is kept.
    pub(super) logged: BTreeMap<String, (Map<String, Value>, String)>,
    pub(super) versions: Vec<Version>,
}

impl Rows {
    pub(super) fn of(database: &Database, run: &str) -> Read<Self> {
        let mut rows = Self::default();
        rows.run(database, run)?;
        rows.values(database, run)?;
        rows.links(database, run)?;
        rows.registered(database, run)?;
        Ok(rows)
    }

    fn run(&mut self, database: &Database, run: &str) -> Read<()> {
        let columns = [
            "run_uuid",
            "status",
            "lifecycle_stage",
            "start_time",
            "end_time",
            "artifact_uri",
        ];
        required(database, "runs", columns, &mut |[
            id,
            status,
            stage,
            begun,
            ended,
            artifacts,
        ]| {
            if id.text() != Some(run) {
                return;
            }
            let mut meta = Map::new();
            meta.insert("run_id".into(), run.into());
            for (key, cell) in [("status", status), ("lifecycle_stage", stage)] {
                meta.extend(cell.text().map(|text| (key.to_owned(), text.into())));
            }
            for (key, cell) in [("start_time", begun), ("end_time", ended)] {
                meta.extend(cell.integer().map(|time| (key.to_owned(), time.into())));
            }
            self.artifacts = owned(artifacts);
            self.run = Some(meta);
        })
    }

    /// Metrics, parameters and tags.
    fn values(&mut self, database: &Database, run: &str) -> Read<()> {
        let columns = ["run_uuid", "key", "value", "timestamp", "step", "is_nan"];
        let collect = |into: &mut BTreeMap<String, Latest>, [id, key, value, time, step, nan]: [Cell<'_>; 6]| {
            if id.text() != Some(run) {
                return;
            }
            let latest = Latest {
                step: step.integer().unwrap_or_default(),
                time: time.integer().unwrap_or_default(),
                value: finite(value, nan),
            };
            let before = into.get(key.text().unwrap_or_default()).copied();
            into.insert(owned(key), latest.or(before));
        };
        required(database, "metrics", columns, &mut |row| collect(&mut self.metrics, row))?;
        required(database, "latest_metrics", columns, &mut |row| {
            collect(&mut self.derived, row);
        })?;
        for (table, into) in [("params", &mut self.parameters), ("tags", &mut self.tags)] {
            required(database, table, ["run_uuid", "key", "value"], &mut |[
                id,
                key,
                value,
            ]| {
                if id.text() == Some(run) {
                    into.insert(owned(key), owned(value));
                }
            })?;
        }
        Ok(())
    }

    /// Data sets that the run used, and models that it made. Stores before MLflow 2.4 and 3 have no tables of them.
    fn links(&mut self, database: &Database, run: &str) -> Read<()> {
        let mut used = BTreeMap::new();
        let columns = [
            "input_uuid",
            "source_type",
            "source_id",
            "destination_type",
            "destination_id",
        ];
        database.rows("inputs", columns, &mut |row| match row.map(Cell::text) {
            [Some(link), Some("DATASET"), Some(set), Some("RUN"), Some(id)] if id == run => {
                used.insert(link.to_owned(), (set.to_owned(), String::new()));
            }
            [_, Some("RUN_OUTPUT"), Some(id), Some("MODEL_OUTPUT"), Some(model)] if id == run => {
                self.models.insert(model.to_owned());
            }
            _ => {}
        })?;
        database.rows("input_tags", ["input_uuid", "name", "value"], &mut |[
            link,
            name,
            value,
        ]| {
            if name.text() == Some("mlflow.data.context")
                && let Some((_, context)) = link.text().and_then(|link| used.get_mut(link))
            {
                *context = owned(value);
            }
        })?;
        database.rows("datasets", ["dataset_uuid", "name", "digest"], &mut |[
            id,
            name,
            digest,
        ]| {
            let of_run = used.values().filter(|(set, _)| Some(set.as_str()) == id.text());
            self.datasets.extend(of_run.map(|(_, context)| Used {
                context: context.clone(),
                name: owned(name),
                digest: owned(digest),
            }));
        })?;
        let columns = [
            "model_id",
            "status",
            "source_run_id",
            "lifecycle_stage",
            "artifact_location",
        ];
        database.rows("logged_models", columns, &mut |[id, status, source, stage, place]| {
            // A model that names the run, and that the run does not name, is of the run as well.
            if source.text() == Some(run) && stage.text() != Some("deleted") {
                self.models.insert(owned(id));
            }
            let mut meta = Map::new();
            meta.extend(status.integer().map(|status| ("status".to_owned(), status.into())));
            meta.extend(source.text().map(|source| ("source_run_id".to_owned(), source.into())));
            meta.extend(stage.text().map(|stage| ("lifecycle_stage".to_owned(), stage.into())));
            self.logged.insert(owned(id), (meta, owned(place)));
        })?;
        self.logged.retain(|id, _| self.models.contains(id));
        Ok(())
    }

    /// Versions of registered models, with what they are served as.
    fn registered(&mut self, database: &Database, run: &str) -> Read<()> {
        let mut aliases: BTreeMap<_, Vec<String>> = BTreeMap::new();
        let columns = ["workspace", "name", "version", "alias"];
        database.rows("registered_model_aliases", columns, &mut |[
            space,
            name,
            version,
            alias,
        ]| {
            let key = (owned(space), owned(name), version.integer());
            aliases.entry(key).or_default().push(owned(alias));
        })?;
        let columns = ["workspace", "name", "version", "status", "run_id", "source"];
        database.rows("model_versions", columns, &mut |[
            space,
            name,
            version,
            status,
            source_run,
            source,
        ]| {
            let model = source.text().and_then(|source| source.strip_prefix("models:/"));
            let is_ours = source_run.text() == Some(run) || model.is_some_and(|model| self.models.contains(model));
            if is_ours {
                let key = (owned(space), owned(name), version.integer());
                let number = version.integer().unwrap_or_default();
                self.versions.push(Version {
                    name: format!("{} version {number}", key.1),
                    status: owned(status),
                    run: owned(source_run),
                    model: model.map(str::to_owned),
                    aliases: aliases.remove(&key).unwrap_or_default(),
                });
            }
        })?;
        Ok(())
    }

    /// Where `latest_metrics`, which MLflow shows and searches, is not what the metrics say.
    pub(super) fn derived_otherwise(&self) -> Vec<String> {
        let same = |left: f64, right: f64| left == right || left.is_nan() && right.is_nan();
        let keys: BTreeSet<&String> = self.metrics.keys().chain(self.derived.keys()).collect();
        let value = |of: Option<&Latest>| of.map_or_else(|| "nothing".to_owned(), |of| of.value.to_string());
        keys.into_iter()
            .filter_map(|key| {
                let (logged, derived) = (self.metrics.get(key), self.derived.get(key));
                let agree = matches!((logged, derived), (Some(one), Some(other)) if same(one.value, other.value));
                (!agree).then(|| {
                    format!(
                        "`{key}` is {} in `latest_metrics`, and {} in `metrics`",
                        value(derived),
                        value(logged)
                    )
                })
            })
            .collect()
    }
}

/// Gives `each` the rows of a table that every store has.
fn required<const N: usize>(
    database: &Database,
    table: &str,
    columns: [&str; N],
    each: &mut dyn FnMut([Cell<'_>; N]),
) -> Read<()> {
    if database.rows(table, columns, each)? {
        Ok(())
    } else {
        Err(format!("it has no table `{table}`"))
    }
}

/// The value of a metric: SQLite has no value that is not a number, and MLflow writes the greatest ones for those without end.
fn finite(value: Cell<'_>, is_nan: Cell<'_>) -> f64 {
    match value.number() {
        Some(value) if is_nan.integer() == Some(0) => {
            if value.abs() >= f64::MAX {
                f64::INFINITY.copysign(value)
            } else {
                value
            }
        }
        _ => f64::NAN,
    }
}

/// The text of a cell; empty for any other value.
pub(super) fn owned(cell: Cell<'_>) -> String {
    cell.text().unwrap_or_default().to_owned()
}
