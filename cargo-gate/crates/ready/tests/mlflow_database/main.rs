//! Runs of MLflow's database: one as MLflow 3.17 left it when it trained a model of scikit-learn, and what is done to one with the
//! same tables. Each edit names the check that must find it.

mod writer;

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::PathBuf;

use flate2::read::GzDecoder;
use gate_ready::{Options, Report, Status, validate};
use tempfile::TempDir;
use writer::{Table, Value};

/// Made by `mlflow.sklearn.autolog()` with `sqlite:///mlflow.db`; the paths were replaced with those of another machine.
const REAL: &[u8] = include_bytes!("../data/mlflow.db.gz");

const RUN: &str = "f5b4d8a9dfc5493cae8e374872204f02";
const OTHER: &str = "ed0ef6a29123440388c314c3fbf13217";
const MODEL: &str = "m-6edfb14ef19b42398c05ddb68b9134da";

/// A directory with a database and the files of a run and its model.
struct Store {
    directory: TempDir,
    tables: BTreeMap<&'static str, Table>,
}

impl Store {
    fn files() -> Self {
        let store = Self {
            directory: tempfile::tempdir().expect("a directory"),
            tables: BTreeMap::new(),
        };
        store.write("mlruns/1/{run}/artifacts/estimator.html", "<b>LogisticRegression</b>");
        store.write(
            "mlruns/1/models/{model}/artifacts/MLmodel",
            "flavors:\n  sklearn:\n    code: null\n    pickled_model: model.pkl\n    sklearn_version: 1.9.1\nmlflow_version: 3.17.2\n\
             model_id: {model}\nrun_id: {run}\nsignature:\n  inputs: '[{\"type\": \"double\", \"name\": \"petal length (cm)\"}]'\n  params: null\n",
        );
        store.write("mlruns/1/models/{model}/artifacts/model.pkl", "\u{1}weights");
        store.write(
            "mlruns/1/models/{model}/artifacts/requirements.txt",
            "mlflow==3.17.2\nscikit-learn==1.9.1",
        );
        store
    }

    /// The database that MLflow wrote.
    fn real() -> Self {
        let store = Self::files();
        let mut bytes = Vec::new();
        GzDecoder::new(REAL).read_to_end(&mut bytes).expect("gzip");
        fs::write(store.path("mlflow.db"), bytes).expect("written");
        store
    }

    /// The tables that are read, with a run, its model, and another run to compare with.
    fn new() -> Self {
        let mut store = Self::files();
        store.table(
            "runs",
            &[
                "run_uuid",
                "name",
                "status",
                "start_time",
                "end_time",
                "lifecycle_stage",
                "artifact_uri",
            ],
        );
        store.table("metrics", &["key", "value", "timestamp", "run_uuid", "step", "is_nan"]);
        store.table(
            "latest_metrics",
            &["key", "value", "timestamp", "run_uuid", "step", "is_nan"],
        );
        store.table("params", &["key", "value", "run_uuid"]);
        store.table("tags", &["key", "value", "run_uuid"]);
        store.table(
            "inputs",
            &[
                "input_uuid",
                "source_type",
                "source_id",
                "destination_type",
                "destination_id",
            ],
        );
        store.table("input_tags", &["input_uuid", "name", "value"]);
        store.table("datasets", &["dataset_uuid", "name", "digest"]);
        store.table(
            "logged_models",
            &[
                "model_id",
                "status",
                "source_run_id",
                "lifecycle_stage",
                "artifact_location",
            ],
        );
        store.table(
            "model_versions",
            &["workspace", "name", "version", "status", "run_id", "source"],
        );
        store.table("registered_model_aliases", &["workspace", "name", "version", "alias"]);
        for (id, begun) in [(RUN, 2000_i64), (OTHER, 1000)] {
            let artifacts = format!("/srv/store/mlruns/1/{id}/artifacts");
            store.row(
                "runs",
                [
                    id.into(),
                    "sheep".into(),
                    "FINISHED".into(),
                    begun.into(),
                    3000_i64.into(),
                    "active".into(),
                    artifacts.as_str().into(),
                ],
            );
            store.metric("f1", 0.9, 10, id, 0);
            store.metric("loss", 0.9, 12, id, 1);
            store.metric("loss", 0.5, 11, id, 2);
            store.row("params", ["random_state".into(), "7".into(), id.into()]);
            store.row(
                "tags",
                ["mlflow.source.git.commit".into(), "0c5b7cf1a8b3".into(), id.into()],
            );
        }
        store.dataset("9fd6bb27", "train");
        store.dataset("2fc9a6d6", "eval");
        store.row(
            "inputs",
            [
                "o".into(),
                "RUN_OUTPUT".into(),
                RUN.into(),
                "MODEL_OUTPUT".into(),
                MODEL.into(),
            ],
        );
        let place = format!("/srv/store/mlruns/1/models/{MODEL}/artifacts");
        store.row(
            "logged_models",
            [
                MODEL.into(),
                2_i64.into(),
                RUN.into(),
                "active".into(),
                place.as_str().into(),
            ],
        );
        let source = format!("models:/{MODEL}");
        store.row(
            "model_versions",
            [
                "default".into(),
                "iris".into(),
                3_i64.into(),
                "READY".into(),
                RUN.into(),
                source.as_str().into(),
            ],
        );
        store.row(
            "registered_model_aliases",
            ["default".into(), "iris".into(), 3_i64.into(), "champion".into()],
        );
        store
    }

    fn table(&mut self, name: &'static str, columns: &[&'static str]) {
        let columns = columns.to_vec();
        self.tables.insert(
            name,
            Table {
                columns,
                rows: Vec::new(),
            },
        );
    }

    fn row<const N: usize>(&mut self, table: &str, values: [Value; N]) {
        self.tables.get_mut(table).expect(table).rows.push(Vec::from(values));
    }

    /// Logs a metric as MLflow does, which keeps the latest as well.
    fn metric(&mut self, key: &str, value: f64, time: i64, run: &str, step: i64) {
        let row = [
            key.into(),
            value.into(),
            time.into(),
            run.into(),
            step.into(),
            0_i64.into(),
        ];
        self.row("metrics", row.clone());
        let latest = &mut self.tables.get_mut("latest_metrics").expect("a table").rows;
        latest.retain(|old| old[0] != row[0] || old[3] != row[3]);
        latest.push(row.to_vec());
    }

    fn dataset(&mut self, digest: &str, context: &str) {
        self.row("datasets", [context.into(), "iris".into(), digest.into()]);
        self.row(
            "inputs",
            [
                context.into(),
                "DATASET".into(),
                context.into(),
                "RUN".into(),
                RUN.into(),
            ],
        );
        self.row(
            "input_tags",
            [context.into(), "mlflow.data.context".into(), context.into()],
        );
    }

    /// Sets a column in every row of a table that holds `of`.
    fn set(&mut self, table: &str, of: &str, column: &str, value: impl Into<Value>) {
        let table = self.tables.get_mut(table).expect(table);
        let at = table.columns.iter().position(|name| *name == column).expect(column);
        let value = value.into();
        let mut rows = table.rows.iter_mut().filter(|row| row.contains(&of.into())).peekable();
        assert!(rows.peek().is_some(), "no row has `{of}`");
        rows.for_each(|row| row[at] = value.clone());
    }

    fn remove(&mut self, table: &str, of: &str) {
        let rows = &mut self.tables.get_mut(table).expect(table).rows;
        let before = rows.len();
        rows.retain(|row| !row.contains(&of.into()));
        assert_ne!(rows.len(), before, "no row has `{of}`");
    }

    fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(named(path))
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, named(text)).expect("written");
    }

    /// Writes the database, and judges its run.
    fn judged(&self) -> Report {
        if !self.tables.is_empty() {
            fs::write(self.path("mlflow.db"), writer::database(&self.tables)).expect("written");
        }
        validate(&self.path("mlruns/1/{run}"), &Options::default()).expect("judged")
    }

    fn asked(&self, run: &str) -> Result<Report, String> {
        let options = Options {
            run_id: Some(run.to_owned()),
            ..Options::default()
        };
        validate(&self.path("mlflow.db"), &options).map_err(|error| error.message)
    }
}

fn named(text: &str) -> String {
    text.replace("{run}", RUN).replace("{model}", MODEL)
}

fn check(report: &Report, name: &str) -> (Status, String) {
    let check = report.checks.iter().find(|check| check.name == name).expect(name);
    (check.status, check.message.clone())
}

#[test]
fn what_mlflow_wrote_is_read() {
    let report = Store::real().judged();
    insta::assert_snapshot!(report.human(true));
    assert_eq!(report.run_id, RUN);
    let contract = &report.checks[0];
    assert_eq!(
        contract.details["registered"],
        serde_json::json!(["iris version 1 (champion)"])
    );
}

#[test]
fn a_run_that_logged_words_for_numbers_fails() {
    let store = Store::real();
    let report = store.asked(OTHER).expect("judged");
    let (status, message) = check(&report, "regression_risk");
    assert_eq!(status, Status::Fail);
    assert!(message.contains("bad is NaN"), "{message}");
}

#[test]
fn a_run_of_a_store_is_named_by_its_id_or_by_its_model() {
    let store = Store::new();
    store.judged();
    for run in [RUN, "models:/iris@champion", "models:/iris/3"] {
        let report = store.asked(run).expect("judged");
        assert_eq!(
            (report.run_id.as_str(), report.layout.as_str()),
            (RUN, "mlflow-run"),
            "{run}"
        );
        assert_eq!(check(&report, "contract_integrity").0, Status::Pass);
    }
    for run in [
        "0123",
        "models:/iris@best",
        "models:/iris/4",
        "models:/iris",
        "models:/iris/x",
    ] {
        let error = store.asked(run).expect_err("no such run");
        assert!(error.contains("has no"), "{error}");
    }
    let error = validate(store.directory.path(), &Options::default())
        .expect_err("two runs")
        .message;
    assert!(error.contains("has 2 runs; the latest: f5b4"), "{error}");
}

#[test]
fn a_run_without_files_is_judged_too() {
    let store = Store::new();
    store.judged();
    let report = store.asked(OTHER).expect("judged");
    assert_eq!(
        check(&report, "contract_integrity"),
        (Status::Warn, "the run recorded no model".to_owned())
    );
}

#[test]
fn a_run_is_compared_with_the_model_that_serves() {
    let mut store = Store::new();
    let place = format!("models:/{MODEL}");
    store.row(
        "model_versions",
        [
            "default".into(),
            "iris".into(),
            2_i64.into(),
            "READY".into(),
            OTHER.into(),
            "elsewhere".into(),
        ],
    );
    store.set("model_versions", &place, "source", place.as_str());
    let mut step = 0;
    let mut against = |baseline: &str, f1: f64| {
        step += 1;
        store.metric("f1", f1, 20, RUN, step);
        fs::write(store.path("mlflow.db"), writer::database(&store.tables)).expect("written");
        let options = Options {
            baseline: Some(baseline.into()),
            ..Options::default()
        };
        check(
            &validate(&store.path("mlruns/1/{run}"), &options).expect("judged"),
            "regression_risk",
        )
    };
    for baseline in ["models:/iris/2", OTHER] {
        assert_eq!(
            against(baseline, 0.91),
            (Status::Pass, format!("No regression detected against {baseline}"))
        );
        let (status, message) = against(baseline, 0.5);
        assert!(status == Status::Fail && message.contains("f1"), "{message}");
    }
    for (baseline, wanted) in [("models:/iris@champion", "is this run"), ("models:/iris/9", "missing")] {
        let (status, message) = against(baseline, 0.91);
        assert!(status == Status::Fail && message.contains(wanted), "{message}");
    }
}

/// The files of an older store next to a database that knows the run: what was migrated counts.
#[test]
fn a_database_counts_before_files() {
    let mut store = Store::new();
    store.write(
        "mlruns/1/{run}/meta.yaml",
        "run_id: {run}\nstatus: 3\nlifecycle_stage: active\nstart_time: 1\nend_time: 2\n",
    );
    store.set("runs", RUN, "status", "FAILED");
    assert_eq!(
        check(&store.judged(), "contract_integrity"),
        (Status::Fail, "The run is FAILED".to_owned())
    );
    store.remove("runs", RUN);
    let (status, message) = check(&store.judged(), "contract_integrity");
    assert_eq!((status, message.as_str()), (Status::Warn, "the run recorded no model"));
}

/// What is done to a store.
type Edit = fn(&mut Store);

const EDITS: &[(&str, &str, Edit)] = &[
    ("contract_integrity", "The run is RUNNING", |s| {
        s.set("runs", RUN, "status", "RUNNING");
    }),
    ("contract_integrity", "missing status", |s| {
        s.set("runs", RUN, "status", Value::Null);
    }),
    ("contract_integrity", "The run is deleted", |s| {
        s.set("runs", RUN, "lifecycle_stage", "deleted");
    }),
    ("contract_integrity", "end_time is missing", |s| {
        s.set("runs", RUN, "end_time", Value::Null);
    }),
    ("contract_integrity", "`mlflow.db` does not have this run", |s| {
        s.remove("runs", RUN);
    }),
    ("contract_integrity", "no table `metrics`", |s| {
        s.tables.remove("metrics");
    }),
    ("contract_integrity", "still in `mlflow.db-wal`", |s| {
        s.write("mlflow.db-wal", "frames");
    }),
    ("contract_integrity", "which is not the directory", |s| {
        s.set("runs", RUN, "artifact_uri", "/srv/store/mlruns/7/{run}/artifacts");
    }),
    (
        "contract_integrity",
        "which the run made, is missing: it is recorded at s3://",
        |s| {
            s.set("logged_models", MODEL, "artifact_location", "s3://bucket/1/models");
        },
    ),
    ("contract_integrity", "which the run made, is missing", |s| {
        s.remove("logged_models", MODEL);
    }),
    ("contract_integrity", "is not READY", |s| {
        s.set("logged_models", MODEL, "status", 1_i64);
    }),
    ("contract_integrity", "is deleted", |s| {
        s.set("logged_models", MODEL, "lifecycle_stage", "deleted");
    }),
    ("contract_integrity", "is of another run", |s| {
        s.set("logged_models", MODEL, "source_run_id", OTHER);
    }),
    ("contract_integrity", "which the run made, is missing", |s| {
        s.row(
            "inputs",
            [
                "p".into(),
                "RUN_OUTPUT".into(),
                RUN.into(),
                "MODEL_OUTPUT".into(),
                "m-gone".into(),
            ],
        );
    }),
    ("contract_integrity", "m-second`, which the run made, is missing", |s| {
        // The run does not name it, and it names the run.
        s.row(
            "logged_models",
            [
                "m-second".into(),
                2_i64.into(),
                RUN.into(),
                "active".into(),
                "/gone".into(),
            ],
        );
    }),
    ("contract_integrity", "`model.pkl`, which", |s| {
        fs::remove_file(s.path("mlruns/1/models/{model}/artifacts/model.pkl")).expect("removed");
    }),
    ("contract_integrity", "iris version 3 is PENDING_REGISTRATION", |s| {
        s.set("model_versions", "iris", "status", "PENDING_REGISTRATION");
    }),
    ("contract_integrity", "registered as one of the run", |s| {
        s.set("model_versions", "iris", "run_id", OTHER);
    }),
    ("contract_integrity", "did not make its model `m-other`", |s| {
        s.set("model_versions", "iris", "source", "models:/m-other");
    }),
    (
        "contract_integrity",
        "`f1` is 0.99 in `latest_metrics`, and 0.9 in `metrics`",
        |s| {
            s.set("latest_metrics", "f1", "value", 0.99);
        },
    ),
    ("contract_integrity", "`f1` is nothing in `latest_metrics`", |s| {
        s.remove("latest_metrics", "f1");
    }),
    (
        "contract_integrity",
        "`f1` is 0.9 in `latest_metrics`, and nothing in `metrics`",
        |s| s.remove("metrics", "f1"),
    ),
    ("regression_risk", "f1 is NaN", |s| {
        s.set("metrics", "f1", "is_nan", 1_i64);
        s.set("latest_metrics", "f1", "is_nan", 1_i64);
    }),
    ("regression_risk", "loss is inf", |s| {
        s.metric("loss", f64::MAX, 99, RUN, 9);
    }),
    ("regression_risk", "f1", |s| s.metric("f1", 85.0, 99, RUN, 9)),
    ("config_sanity", "dropout", |s| {
        s.row("params", ["dropout".into(), "1.5".into(), RUN.into()]);
    }),
    ("config_sanity", "digest 9fd6bb27 is both", |s| {
        s.set("datasets", "eval", "digest", "9fd6bb27");
    }),
    ("privacy_safety", "payment", |s| {
        let card = ["4111", "1111", "1111", "1111"].concat();
        s.row("params", ["note".into(), card.as_str().into(), RUN.into()]);
    }),
    ("privacy_safety", "payment", |s| {
        let card = ["4111", "1111", "1111", "1111"].concat();
        s.row("tags", ["note".into(), card.as_str().into(), RUN.into()]);
    }),
    ("reproducibility", "commit of the source", |s| {
        s.remove("tags", "mlflow.source.git.commit");
    }),
    ("reproducibility", "no seed is recorded", |s| {
        s.remove("params", "random_state");
    }),
];

#[test]
fn every_edit_is_found() {
    let good = Store::new().judged();
    for (name, wanted, edit) in EDITS {
        let mut store = Store::new();
        edit(&mut store);
        let report = store.judged();
        let (status, message) = check(&report, name);
        let before = check(&good, name);
        assert!(
            status >= Status::Warn && (status, message.clone()) != before,
            "{wanted}: {message}"
        );
        let whole = report
            .checks
            .iter()
            .map(|check| format!("{} {:?}\n", check.message, check.details))
            .collect::<String>();
        assert!(whole.contains(wanted), "{wanted}: {whole}");
    }
}

/// Another run of the store is not this run's business.
#[test]
fn what_is_done_to_another_run_changes_nothing() {
    let wanted = Store::new().judged();
    let mut store = Store::new();
    store.set("runs", OTHER, "status", "FAILED");
    store.metric("f1", 0.1, 99, OTHER, 9);
    store.remove("params", OTHER);
    store.row(
        "inputs",
        ["q".into(), "DATASET".into(), "train".into(), "RUN".into(), OTHER.into()],
    );
    assert_eq!(store.judged(), wanted);
}
