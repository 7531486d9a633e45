//! Runs of MLflow's file store, laid out as MLflow 3.17 left them when it trained a model of scikit-learn, and what is done to them. Each edit
//! names the check that must find it.

use std::fs;
use std::path::PathBuf;

use gate_ready::{Options, Report, Status, validate};
use tempfile::TempDir;

const RUN: &str = "63824b2561e841779fe8c4f81e319948";
const MODEL: &str = "m-9e208c72f6ed43d1b3a6f8f98030daa0";

/// An experiment with a run, its model and its data set.
struct Store(TempDir);

impl Store {
    fn new() -> Self {
        let store = Self(tempfile::tempdir().expect("a directory"));
        store.run(RUN, "0.8947368421052632");
        store.write(
            "{run}/outputs/{model}/meta.yaml",
            "destination_id: {model}\ndestination_type: MODEL_OUTPUT\nsource_id: {model}\nsource_type: RUN_OUTPUT\nstep: 0\ntags: {}\n",
        );
        store.write(
            "models/{model}/meta.yaml",
            "experiment_id: '371862555994742909'\nmodel_id: {model}\nmodel_type: null\nname: model\nsource_run_id: {run}\nstatus: 2\nstatus_message: null\n",
        );
        store.write(
            "models/{model}/artifacts/MLmodel",
            "flavors:\n  python_function:\n    env:\n      conda: conda.yaml\n      virtualenv: python_env.yaml\n    loader_module: mlflow.sklearn\n    \
             model_path: model.pkl\n    python_version: 3.11.7\n  sklearn:\n    code: null\n    pickled_model: model.pkl\n    sklearn_version: 1.9.1\n\
             mlflow_version: 3.17.2\nmodel_id: {model}\nmodel_size_bytes: 991\nrun_id: {run}\nsignature:\n  inputs: '[{\"type\": \"double\", \"name\": \"sepal length (cm)\", \"required\":\n    true}]'\n  \
             outputs: '[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"int64\", \"shape\": [-1]}}]'\n  params: null\n\
             utc_time_created: '2026-11-25 09:37:07.626136'\n",
        );
        store.write("models/{model}/artifacts/model.pkl", "\u{1}weights");
        store.write(
            "models/{model}/artifacts/requirements.txt",
            "mlflow==3.17.2\nnumpy==2.4.6\nscikit-learn==1.9.1",
        );
        store.dataset("1ac18bb99722aa4f92db8c5498062034", "9fd6bb27", "train");
        store.write(
            "../models/iris/version-2/meta.yaml",
            "name: iris\nrun_id: {run}\nsource: models:/{model}\nstatus: READY\nversion: 2\n",
        );
        store.write("../models/iris/aliases/champion", "2");
        store
    }

    fn run(&self, id: &str, score: &str) {
        let path = |rest: &str| format!("{id}/{rest}");
        self.write(
            &path("meta.yaml"),
            &format!(
                "artifact_uri: file:///store/{id}/artifacts\nend_time: 1795599439930\nentry_point_name: ''\nexperiment_id: '371862555994742909'\n\
                 lifecycle_stage: active\nrun_id: {id}\nrun_name: welcoming-bat-867\nstart_time: 1795599427275\nstatus: 3\ntags: []\nuser_id: root\n"
            ),
        );
        self.write(
            &path("metrics/accuracy_score"),
            &format!("1795599439912 {score} 0 dataset 9fd6bb27\n"),
        );
        self.write(&path("metrics/eval/loss"), "1795599439929 0.5 2\n1795599439930 0.9 1\n");
        for (name, value) in [
            ("random_state", "7"),
            ("max_iter", "300"),
            ("warm_start", "False"),
            ("l1_ratio", "None"),
        ] {
            self.write(&path(&format!("params/{name}")), value);
        }
        self.write(&path("tags/mlflow.source.git.commit"), "0c5b7cf1a8b3");
    }

    fn dataset(&self, id: &str, digest: &str, context: &str) {
        self.write(
            &format!("datasets/{id}/meta.yaml"),
            &format!("digest: {digest}\nname: iris\nsource_type: code\n"),
        );
        self.write(
            &format!("{{run}}/inputs/{context}/meta.yaml"),
            &format!("destination_type: RUN\nsource_id: {id}\nsource_type: DATASET\ntags:\n  mlflow.data.context: {context}\n"),
        );
    }

    /// The file at a path, in which `{run}` and `{model}` are the ids.
    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join("371862555994742909").join(named(path))
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, named(text)).expect("written");
    }

    fn edit(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(path)).expect(path);
        let from = named(from);
        assert!(text.contains(&from), "{path} has no `{from}`: {text}");
        self.write(path, &text.replace(&from, to));
    }

    fn remove(&self, path: &str) {
        let path = self.path(path);
        let removed = if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.expect("removed");
    }

    fn judged(&self) -> Report {
        validate(&self.path("{run}"), &Options::default()).expect("judged")
    }

    /// Records the hash of every file of the run.
    fn record(&self) {
        let root = self.path("{run}");
        let mut open = vec![root.clone()];
        let mut files = serde_json::Map::new();
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(directory).expect("listed") {
                let path = entry.expect("listed").path();
                if path.is_dir() {
                    open.push(path);
                    continue;
                }
                let hash = gate_base::digest::sha256_hex(&fs::read(&path).expect("read"));
                files.insert(gate_base::paths::relative(&root, &path), hash.into());
            }
        }
        self.write("{run}/hashes.json", &serde_json::json!({ "files": files }).to_string());
    }
}

fn named(text: &str) -> String {
    text.replace("{run}", RUN).replace("{model}", MODEL)
}

#[test]
fn a_good_run_says_what_mlflow_does_not_record() {
    insta::assert_snapshot!(Store::new().judged().human(true));
}

#[test]
fn a_run_is_compared_with_another_by_its_greatest_step() {
    let store = Store::new();
    let base = "00000000000000000000000000000abc";
    let against = |score: &str| {
        store.run(base, score);
        let options = Options {
            baseline: Some(store.path(base)),
            ..Options::default()
        };
        let report = validate(&store.path("{run}"), &options).expect("judged");
        let check = report.checks.into_iter().find(|check| check.name == "regression_risk");
        let check = check.expect("it is one of seven");
        (check.status, check.message)
    };
    assert_eq!(
        against("0.89"),
        (
            Status::Pass,
            format!("No regression detected against {}", store.path(base).display())
        )
    );
    let (status, message) = against("0.99");
    assert_eq!(status, Status::Fail, "{message}");
    store.write("{run}/metrics/eval/loss", "1 0.9 2\n2 0.5 1\n");
    let (status, message) = against("0.89");
    assert!(status == Status::Fail && message.contains("eval/loss"), "{message}");
}

/// What is done to a store.
type Edit = fn(&Store);

const EDITS: &[(&str, &str, Edit)] = &[
    ("contract_integrity", "The run is RUNNING", |s| {
        s.edit("{run}/meta.yaml", "status: 3", "status: 1");
    }),
    ("contract_integrity", "The run is FAILED", |s| {
        s.edit("{run}/meta.yaml", "status: 3", "status: 4");
    }),
    ("contract_integrity", "The run is KILLED", |s| {
        s.edit("{run}/meta.yaml", "status: 3", "status: KILLED");
    }),
    ("contract_integrity", "unknown status 33", |s| {
        s.edit("{run}/meta.yaml", "status: 3", "status: 33");
    }),
    ("contract_integrity", "missing status", |s| {
        s.edit("{run}/meta.yaml", "status: 3\n", "");
    }),
    ("contract_integrity", "missing run_id", |s| {
        s.edit("{run}/meta.yaml", "run_id: {run}\n", "");
    }),
    ("contract_integrity", "The run is deleted", |s| {
        s.edit("{run}/meta.yaml", "active", "deleted");
    }),
    ("contract_integrity", "end_time is missing", |s| {
        s.edit("{run}/meta.yaml", "end_time: 1795599439930\n", "");
    }),
    ("contract_integrity", "before start_time", |s| {
        s.edit("{run}/meta.yaml", "end_time: 1795599439930", "end_time: 1");
    }),
    ("contract_integrity", "stands twice", |s| {
        s.edit("{run}/meta.yaml", "status: 3", "status: 4\nstatus: 3");
    }),
    ("contract_integrity", "which the run made, is missing", |s| {
        s.remove("models/{model}");
    }),
    ("contract_integrity", "has no MLmodel", |s| {
        s.remove("models/{model}/artifacts/MLmodel");
    }),
    ("contract_integrity", "is not READY", |s| {
        s.edit("models/{model}/meta.yaml", "status: 2", "status: 1");
    }),
    ("contract_integrity", "is of another run", |s| {
        s.edit("models/{model}/meta.yaml", "{run}", "abc");
    }),
    ("contract_integrity", "MLmodel` is of another run", |s| {
        s.edit("models/{model}/artifacts/MLmodel", "{run}", "abc");
    }),
    ("contract_integrity", "`model.pkl`, which", |s| {
        s.remove("models/{model}/artifacts/model.pkl");
    }),
    ("contract_integrity", "run `git lfs pull`", |s| {
        s.write(
            "models/{model}/artifacts/model.pkl",
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 991\n",
        );
    }),
    ("contract_integrity", "it leads up", |s| {
        s.edit("models/{model}/artifacts/MLmodel", "model_path: ", "model_path: ../../");
    }),
    ("contract_integrity", "has no flavor", |s| {
        s.write("models/{model}/artifacts/MLmodel", "run_id: {run}\n");
    }),
    ("contract_integrity", "iris version 2 is FAILED_REGISTRATION", |s| {
        s.edit("../models/iris/version-2/meta.yaml", "READY", "FAILED_REGISTRATION");
    }),
    ("contract_integrity", "registered as one of the run `abc`", |s| {
        s.edit("../models/iris/version-2/meta.yaml", "run_id: {run}", "run_id: abc");
    }),
    ("contract_integrity", "did not make its model `m-other`", |s| {
        s.edit(
            "../models/iris/version-2/meta.yaml",
            "models:/{model}",
            "models:/m-other",
        );
    }),
    ("regression_risk", "accuracy_score is NaN", |s| {
        s.write("{run}/metrics/accuracy_score", "1 nan 0\n");
    }),
    ("regression_risk", "accuracy_score", |s| {
        s.write("{run}/metrics/accuracy_score", "1 85.0 0\n");
    }),
    ("regression_risk", "line 1 is not `timestamp value step`", |s| {
        s.write("{run}/metrics/accuracy_score", "fine\n");
    }),
    ("config_sanity", "dropout", |s| s.write("{run}/params/dropout", "1.5")),
    ("config_sanity", "they are one setting", |s| {
        s.write("{run}/params/lr", "0.1");
        s.write("{run}/params/learning_rate", "0.2");
    }),
    ("config_sanity", "digest 9fd6bb27 is both", |s| {
        s.dataset("2ac18bb99722aa4f92db8c5498062034", "9fd6bb27", "eval");
    }),
    ("privacy_safety", "payment", |s| {
        s.write("{run}/params/note", &["4111", "1111", "1111", "1111"].concat());
    }),
    ("privacy_safety", "payment", |s| {
        s.write(
            "models/{model}/artifacts/note.txt",
            &["4111", "1111", "1111", "1111"].concat(),
        );
    }),
    ("reproducibility", "was made with scikit-learn 1.9.1", |s| {
        s.edit(
            "models/{model}/artifacts/requirements.txt",
            "scikit-learn==1.9.1",
            "scikit-learn==1.8.0",
        );
    }),
    ("hash_chain", "Tampering detected", |s| {
        s.write(
            "{run}/hashes.json",
            &format!(r#"{{"files": {{"meta.yaml": "{}"}}}}"#, "0".repeat(64)),
        );
    }),
];

/// After each edit, its check has this status and tells what the table says.
fn found(edits: &[(&str, &str, Edit)], status: Status) {
    for (check, told, edit) in edits {
        let store = Store::new();
        edit(&store);
        let report = store.judged();
        let found = report
            .checks
            .iter()
            .find(|one| one.name == *check)
            .expect("it is one of seven");
        let text = format!("{} {:?}", found.message, found.details.get("problems"));
        assert!(
            found.status == status && text.contains(told),
            "{check} does not tell `{told}`: {} {text}",
            found.status.name()
        );
    }
}

#[test]
fn what_is_done_to_a_run_is_found() {
    found(EDITS, Status::Fail);
}

const WARNINGS: &[(&str, &str, Edit)] = &[
    ("contract_integrity", "the run recorded no model", |s| {
        s.remove("{run}/outputs");
        s.remove("../models/iris");
    }),
    ("contract_integrity", "has no signature", |s| {
        s.edit("models/{model}/artifacts/MLmodel", "signature:", "other:");
    }),
    ("reproducibility", "no seed is recorded for training, shuffling", |s| {
        s.write("{run}/params/random_state", "None");
    }),
    ("reproducibility", "the commit of the source", |s| {
        s.remove("{run}/tags/mlflow.source.git.commit");
    }),
    ("reproducibility", "has no requirements.txt", |s| {
        s.remove("models/{model}/artifacts/requirements.txt");
    }),
    ("reproducibility", "pin no version", |s| {
        s.write("models/{model}/artifacts/requirements.txt", "scikit-learn");
    }),
];

#[test]
fn what_is_no_proof_warns() {
    found(WARNINGS, Status::Warn);
}

#[cfg(unix)]
#[test]
fn a_link_in_a_model_is_not_followed() {
    let store = Store::new();
    store.remove("models/{model}/artifacts/model.pkl");
    std::os::unix::fs::symlink("/etc/hostname", store.path("models/{model}/artifacts/model.pkl")).expect("linked");
    let report = store.judged();
    let check = report
        .checks
        .iter()
        .find(|check| check.name == "hash_chain")
        .expect("it is one of seven");
    assert_eq!(check.status, Status::Fail);
    assert!(check.message.contains("model.pkl` is not a file"), "{}", check.message);
}

#[test]
fn what_another_pipeline_wrote_is_no_run_of_mlflow() {
    let store = Store::new();
    store.write("{run}/config.yaml", "seed: 1\n");
    assert_eq!(store.judged().layout, "hashed-run");
}

#[test]
fn hashes_that_were_added_are_verified_and_cover_the_run_only() {
    let store = Store::new();
    store.record();
    let judged = || {
        let report = store.judged();
        assert_eq!(report.layout, "mlflow-run");
        let check = report.checks.into_iter().find(|check| check.name == "hash_chain");
        let check = check.expect("it is one of seven");
        (check.status, check.message)
    };
    let outside = format!("no hash of the files of the model `{MODEL}` is recorded: MLflow keeps it outside the run");
    assert_eq!(judged(), (Status::Warn, outside));
    store.write("{run}/metrics/accuracy_score", "1795599439912 0.99 0\n");
    let (status, message) = judged();
    assert!(
        status == Status::Fail && message.contains("metrics/accuracy_score hash mismatch"),
        "{message}"
    );
    store.remove("{run}/outputs");
    store.remove("../models/iris");
    store.write("{run}/hashes.json", r#"{"files": {}}"#);
    assert_eq!(judged().0, Status::Warn, "nothing is recorded");
}

#[test]
fn a_model_among_the_artifacts_is_judged_as_in_mlflow_2() {
    let store = Store::new();
    for file in ["MLmodel", "model.pkl", "requirements.txt"] {
        let text = fs::read_to_string(store.path(&format!("models/{{model}}/artifacts/{file}"))).expect(file);
        store.write(&format!("{{run}}/artifacts/model/{file}"), &text);
    }
    store.remove("models");
    store.remove("{run}/outputs");
    store.remove("../models/iris");
    store.record();
    let of = |name: &str| {
        let check = store.judged().checks.into_iter().find(|check| check.name == name);
        let check = check.expect("it is one of seven");
        (check.status, check.message)
    };
    let whole = "All required files present and valid".to_owned();
    assert_eq!(of("contract_integrity"), (Status::Pass, whole));
    assert_eq!(
        of("hash_chain").0,
        Status::Pass,
        "everything is in the run and recorded"
    );
    store.write("{run}/artifacts/model/model.pkl", "other weights");
    assert_eq!(of("hash_chain").0, Status::Fail);
    store.remove("{run}/artifacts/model/model.pkl");
    let missing = "`model.pkl`, which `artifacts/model/MLmodel` names, is missing".to_owned();
    assert_eq!(of("contract_integrity"), (Status::Fail, missing));
}

#[test]
fn the_verdict_rests_on_the_model_and_the_data_set_too() {
    let store = Store::new();
    let judged = gate_ready::judge(&store.path("{run}"), &Options::default()).expect("judged");
    for path in ["models/{model}", "datasets/1ac18bb99722aa4f92db8c5498062034"] {
        let path = store.path(path).canonicalize().expect("it is there");
        assert!(judged.seen.contains(&path), "{}: {:?}", path.display(), judged.seen);
    }
}
