//! What is no fault of a run, and no proof either.

use std::fs;

use super::Edit;
use super::project::{EVAL, rows, train};

/// The check that must warn, what it says, and what was done.
pub(super) const WARNINGS: &[(&str, &str, Edit)] = &[
    ("hash_chain", "unlisted_file: no hash of `notes.txt` is recorded", |p| {
        p.write("runs/new/notes.txt", "seen by two people");
    }),
    ("regression_risk", "f1 0.7 -> 0.69", |p| {
        p.edit("runs/new/eval/eval_results.json", "0.72", "0.69");
    }),
    ("config_sanity", "Very low min_row_count (3) in completeness", |p| {
        p.edit(
            "runs/decided/manifest.json",
            "\"min_row_count\":100",
            "\"min_row_count\":3",
        );
    }),
    ("config_sanity", "Very high learning_rate (5)", |p| {
        p.edit("runs/new/config.yaml", "2e-4", "5");
    }),
    (
        "config_sanity",
        "trust_remote_code: code of a model repository runs",
        |p| p.edit("runs/new/config.yaml", "seed: 42", "seed: 42\ntrust_remote_code: true"),
    ),
    ("hash_chain", "no hash of `manifest.json` is recorded", |p| {
        p.manifest_with("runs/decided", |manifest| {
            manifest.as_object_mut().expect("an object").remove("manifest_hash");
        });
    }),
    ("contract_integrity", "The decision of the run is WARN", |p| {
        p.edit(
            "runs/decided/decision.json",
            "\"status\":\"PASS\"",
            "\"status\":\"WARN\"",
        );
        p.manifest("runs/decided");
    }),
    (
        "contract_integrity",
        "The check schema of `decision.json` has no status",
        |p| {
            p.edit("runs/decided/decision.json", "{\"schema\":\"PASS\"}", "{\"schema\":{}}");
            p.manifest("runs/decided");
        },
    ),
    ("contamination_risk", "1 of 4 training rows have no text", |p| {
        p.write("data/train.jsonl", &(train() + "{\"tokens\":[1,2]}\n"));
    }),
    ("contamination_risk", "1 of 4 evaluated rows have no text", |p| {
        p.write("data/eval.jsonl", &(rows(EVAL) + "{\"tokens\":[1,2]}\n"));
    }),
    (
        "privacy_safety",
        "`logs.zip` was not searched: it is a ZIP archive",
        |p| {
            p.write("runs/new/logs.zip", "PK\u{3}\u{4}");
        },
    ),
    ("privacy_safety", "`train.npy` was not searched", |p| {
        p.write("runs/new/train.npy", "numbers");
    }),
    ("reproducibility", "does not record the system, the architecture", |p| {
        p.edit("runs/new/environment.json", "\"os\"", "\"o\"");
        p.edit("runs/new/environment.json", "\"arch\"", "\"a\"");
    }),
    ("reproducibility", "does not record the version of Python", |p| {
        p.edit("runs/new/environment.json", "\"python\"", "\"p\"");
    }),
    ("reproducibility", "no seed is recorded for shuffling", |p| {
        p.edit("runs/new/config.yaml", "seed: 42", "seeds: {train: 42, torch: 42}");
        p.edit("runs/new/run_meta.json", "\"seed\"", "\"s\"");
        p.edit("runs/new/environment.json", "\"seed\"", "\"s\"");
    }),
    (
        "reproducibility",
        "1 packages that ran are not in requirements.txt, the first `torch`",
        |p| {
            p.write("requirements.txt", "numpy==2.1.0 --hash=sha256:00\n");
        },
    ),
    (
        "reproducibility",
        "requirements.txt is no lock: 1 requirements have no hash",
        |p| {
            p.write("requirements.txt", "torch==2.6.0\n");
        },
    ),
    ("reproducibility", "No reproducibility artifacts found", |p| {
        fs::remove_file(p.path("runs/new/environment.json")).expect("removed");
    }),
    ("reproducibility", "Partial reproducibility artifacts", |p| {
        p.write("runs/new/environment.json", "{\"seed\":42}");
    }),
    ("reproducibility", "it ran on NVIDIA H100, and the driver", |p| {
        p.edit("runs/new/environment.json", "\"none\"", "\"NVIDIA H100\"");
    }),
];
