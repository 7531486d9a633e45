//! A project with a run of each layout, as good pipelines leave them.

use std::fs;
use std::path::PathBuf;

use gate_base::digest::sha256_hex;
use gate_ready::{Options, Report, Status, validate};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A project with a run of each layout and the run before it.
pub(super) struct Project(pub(super) TempDir);

pub(super) const EVAL: &[(&str, &str)] = &[
    (
        "Explain what a loss function is to somebody who knows no mathematics",
        "It says how far off a guess was; learning makes it smaller",
    ),
    (
        "Which data structure finds the median of a stream in logarithmic time",
        "Two heaps: one holds the lower half, the other the upper half",
    ),
    (
        "Why does the sky look red at sunset and blue at noon",
        "The path through the air is longer, and more of the blue is scattered away",
    ),
];

pub(super) fn rows(pairs: &[(&str, &str)]) -> String {
    pairs
        .iter()
        .map(|(input, output)| format!("{}\n", json!({"input": input, "output": output})))
        .collect()
}

pub(super) fn train() -> String {
    rows(&[
        (
            "Write a function that reverses a string in Python",
            "def reverse(text): return text[::-1]",
        ),
        (
            "Turn this query into plain English: SELECT name FROM users",
            "Find the names of all users there are",
        ),
        (
            "Name three rivers that end in the Baltic Sea",
            "The Oder, the Vistula and the Neman",
        ),
    ])
}

impl Project {
    pub(super) fn new() -> Self {
        let project = Self(tempfile::tempdir().expect("a folder"));
        project.write("data/eval.jsonl", &rows(EVAL));
        project.write("data/train.jsonl", &train());
        project.hashed("runs/base", 0.70);
        project.hashed("runs/new", 0.72);
        project.decided("runs/decided");
        project
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("written");
    }

    pub(super) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).expect(path)
    }

    pub(super) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no `{from}`: {text}");
        self.write(path, &text.replace(from, to));
    }

    /// A run with `config.yaml`, `hashes.json`, `run_meta.json` and results.
    pub(super) fn hashed(&self, run: &str, f1: f64) {
        let at = |path: &str| format!("{run}/{path}");
        self.write(
            &at("config.yaml"),
            "task: sft\nseed: 42\nbaseline_run: base\ndata_paths: {train: data/train.jsonl, test: data/eval.jsonl}\ntraining: {num_epochs: 3, batch_size: 8, learning_rate: 2e-4}\nship_if: {min_f1: 0.5, max_f1_regression: 0.05}\n",
        );
        self.write(
            &at("environment.json"),
            &json!({"seed": 42, "os": "linux", "arch": "x86_64", "python": "3.12.4", "versions": {"torch": "2.6.0"}, "gpu": "none"}).to_string(),
        );
        self.write(
            &at("run_meta.json"),
            &json!({"run_id": run, "status": "completed", "seed": 42}).to_string(),
        );
        self.write(
            &at("eval/eval_results.json"),
            &json!({"run_id": run, "num_examples": 3, "overall": {"f1": f1, "eval_loss": 0.4}}).to_string(),
        );
        self.write(&at("model/weights.safetensors"), "weights");
        self.rehash(run);
    }

    /// Records every file of a run again, with a chain hash that fits.
    pub(super) fn rehash(&self, run: &str) {
        self.rehash_without(run, "");
    }

    /// As [`Self::rehash`], with one file left out of the record.
    pub(super) fn rehash_without(&self, run: &str, dropped: &str) {
        let mut files = Vec::new();
        let mut open = vec![self.path(run)];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    open.push(path);
                } else if !path.ends_with("hashes.json") {
                    let name = path
                        .strip_prefix(self.path(run))
                        .expect("below")
                        .to_str()
                        .expect("UTF-8")
                        .replace('\\', "/");
                    files.push((name, sha256_hex(&fs::read(path).expect("read"))));
                }
            }
        }
        files.retain(|(name, _)| name != dropped);
        files.sort();
        let chain = files
            .iter()
            .map(|(name, hash)| format!("{name}={hash}"))
            .collect::<Vec<_>>()
            .join("|");
        let files: serde_json::Map<String, Value> = files.into_iter().map(|(name, hash)| (name, hash.into())).collect();
        self.write(
            &format!("{run}/hashes.json"),
            &json!({"files": files, "chain_hash": sha256_hex(chain.as_bytes())}).to_string(),
        );
    }

    /// A run with `manifest.json`, `decision.json` and a data set.
    pub(super) fn decided(&self, run: &str) {
        let at = |path: &str| format!("{run}/{path}");
        self.write(&at("dataset.jsonl"), &train());
        self.write(&at("eval.jsonl"), &rows(EVAL));
        self.write(
            &at("eval_results.json"),
            &json!({"run_id": "decided", "overall": {"f1": 0.71, "eval_loss": 0.4}}).to_string(),
        );
        self.write(
            &at("environment.json"),
            &json!({"seed": 7, "platform": "Linux-6.1-x86_64", "versions": {"python": "3.12.4", "torch": "2.6.0"}})
                .to_string(),
        );
        self.write(
            &at("decision.json"),
            &json!({"run_id": "decided", "status": "PASS", "recommendation": "SHIP", "checks": {"schema": "PASS"}, "checklist_sha256": "0".repeat(64)}).to_string(),
        );
        self.manifest(run);
    }

    pub(super) fn manifest(&self, run: &str) {
        self.manifest_with(run, |_| ());
    }

    /// The manifest of the decided run, without the hash of one file.
    pub(super) fn forget(&self, dropped: &str) {
        let was = self.path("runs/decided").join(dropped);
        if !was.exists() {
            fs::write(&was, "").expect("written");
        }
        self.manifest_with("runs/decided", |manifest| {
            let artifacts = manifest["artifacts"].as_array_mut().expect("a list");
            artifacts.retain(|artifact| artifact["path"] != dropped);
        });
        if fs::read(&was).expect("read").is_empty() {
            fs::remove_file(was).expect("removed");
        }
    }

    /// The manifest of a decided run, with a change that its hash fits; where the change is to the hash, as it is.
    pub(super) fn manifest_with(&self, run: &str, change: impl Fn(&mut Value)) {
        let artifacts: Vec<Value> = ["dataset.jsonl", "eval.jsonl", "eval_results.json", "environment.json", "decision.json"]
            .into_iter()
            .map(|path| json!({"path": path, "sha256": format!("sha256:{}", sha256_hex(self.read(&format!("{run}/{path}")).as_bytes()))}))
            .collect();
        let mut manifest = json!({
            "artifacts": artifacts, "contracts": [{"max_null_ratio": 0.1, "min_row_count": 100, "name": "completeness"}], "git_head": null,
            "run_id": "decided", "schema_version": 1, "stage": "pilot", "timestamp": "2026-01-01T00:00:00Z", "tool_version": "1.2.0",
        });
        change(&mut manifest);
        if let Some(object) = manifest.as_object_mut() {
            object.remove("manifest_hash");
        }
        // Keys are in order here, so that this text is the canonical one.
        let hash = sha256_hex(manifest.to_string().as_bytes());
        manifest["manifest_hash"] = hash.into();
        change(&mut manifest);
        self.write(&format!("{run}/manifest.json"), &manifest.to_string());
    }

    pub(super) fn judged(&self, run: &str) -> Report {
        self.judged_with(run, |_| ())
    }

    pub(super) fn judged_with(&self, run: &str, change: impl FnOnce(&mut Options)) -> Report {
        let mut options = Options {
            project: Some(self.0.path().to_owned()),
            baseline: Some(self.path("runs/base")),
            ..Options::default()
        };
        change(&mut options);
        validate(&self.path(run), &options).expect("it can be judged")
    }
}

/// A token of GitHub that opens nothing.
pub(super) fn planted() -> String {
    let corpus = gate_text::secrets::planted::corpus();
    corpus
        .into_iter()
        .find(|one| one.kind == "github_token")
        .expect("there is one")
        .value
}

/// Everything that is not a pass, in one line each.
pub(super) fn complaints(report: &Report) -> String {
    let lines = report.checks.iter().filter(|check| check.status != Status::Pass);
    lines
        .map(|check| format!("{} {}: {}\n", check.status.name(), check.name, check.message))
        .collect()
}
