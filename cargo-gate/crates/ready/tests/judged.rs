//! Whole run directories, good ones and what is done to them. Each edit names the check that must find it.

#[path = "judged/project.rs"]
mod project;

use std::fs;
use std::path::Path;

use gate_base::digest::sha256_hex;
use gate_ready::{Options, Status, validate};
use serde_json::{Value, json};

use project::{EVAL, Project, complaints, planted, rows, train};

#[test]
fn good_runs_are_ready() {
    let project = Project::new();
    for run in ["runs/new", "runs/decided"] {
        let report = project.judged(run);
        assert_eq!(complaints(&report), "", "{run}");
        assert!(report.is_ready(true), "{run}");
        let names: Vec<&str> = report.checks.iter().map(|check| check.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "contract_integrity",
                "hash_chain",
                "privacy_safety",
                "contamination_risk",
                "regression_risk",
                "config_sanity",
                "reproducibility"
            ]
        );
    }
}

/// What is done to a run.
type Edit = fn(&Project);

/// The check that must find it, what it says, and what was done.
const EDITS: &[(&str, &str, Edit)] = &[
    // The record.
    ("hash_chain", "chain hash mismatch", |p| {
        p.edit(
            "runs/new/hashes.json",
            "\"environment.json\":",
            "\"environment2.json\":",
        );
    }),
    ("hash_chain", "model/weights.safetensors hash mismatch", |p| {
        p.write("runs/new/model/weights.safetensors", "others");
    }),
    ("hash_chain", "chain hash mismatch", |p| {
        let old = sha256_hex(b"weights");
        p.write("runs/new/model/weights.safetensors", "others");
        p.edit("runs/new/hashes.json", &old, &sha256_hex(b"others"));
    }),
    (
        "hash_chain",
        "unlisted_file: `extra/train2.jsonl` is data or weights",
        |p| p.write("runs/new/extra/train2.jsonl", "{\"text\":\"another set\"}\n"),
    ),
    ("hash_chain", "is refused: it has empty parts or `.`", |p| {
        p.edit("runs/new/hashes.json", "\"run_meta.json\"", "\"./run_meta.json\"");
    }),
    ("hash_chain", "is refused: it leads up", |p| {
        p.edit("runs/new/hashes.json", "\"run_meta.json\"", "\"../base/run_meta.json\"");
    }),
    (
        "hash_chain",
        "`model/weights.safetensors`, which hashes.json records, is missing",
        |p| fs::remove_file(p.path("runs/new/model/weights.safetensors")).expect("removed"),
    ),
    ("hash_chain", "`environment.json` in hashes.json has no SHA-256", |p| {
        let hash = sha256_hex(p.read("runs/new/environment.json").as_bytes());
        p.edit("runs/new/hashes.json", &hash, "");
    }),
    ("hash_chain", "dataset hash mismatch", |p| {
        p.write("runs/decided/dataset.jsonl", &rows(&[("a", "b")]));
    }),
    (
        "hash_chain",
        "`dataset.jsonl`, which manifest.json records, is missing",
        |p| fs::remove_file(p.path("runs/decided/dataset.jsonl")).expect("removed"),
    ),
    ("hash_chain", "decision.json hash mismatch", |p| {
        p.edit(
            "runs/decided/decision.json",
            "\"schema\":\"PASS\"",
            "\"schema\":\"PASS\",\"more\":\"PASS\"",
        );
    }),
    ("hash_chain", "manifest hash mismatch", |p| {
        p.edit("runs/decided/manifest.json", "1.2.0", "1.2.1");
    }),
    (
        "hash_chain",
        "is of run `decided` and decision.json of run `other`",
        |p| {
            p.edit(
                "runs/decided/decision.json",
                "\"run_id\":\"decided\"",
                "\"run_id\":\"other\"",
            );
            p.manifest("runs/decided");
        },
    ),
    (
        "hash_chain",
        "the decision says SHIP and one of its checks says FAIL",
        |p| {
            p.edit(
                "runs/decided/decision.json",
                "\"schema\":\"PASS\"",
                "\"schema\":\"FAIL\"",
            );
            p.manifest("runs/decided");
        },
    ),
    // The documents.
    ("contract_integrity", "Missing required files: manifest.json", |p| {
        fs::remove_file(p.path("runs/decided/manifest.json")).expect("removed");
    }),
    ("contract_integrity", "Missing required files: decision.json", |p| {
        fs::remove_file(p.path("runs/decided/decision.json")).expect("removed");
    }),
    ("contract_integrity", "Missing required files: hashes.json", |p| {
        fs::remove_file(p.path("runs/new/hashes.json")).expect("removed");
    }),
    ("contract_integrity", "Cannot read manifest: ", |p| {
        let text = p.read("runs/decided/manifest.json");
        p.write("runs/decided/manifest.json", &text[..text.len() / 2]);
    }),
    (
        "contract_integrity",
        "Cannot read decision: the key `status` stands twice",
        |p| {
            p.edit(
                "runs/decided/decision.json",
                "\"status\"",
                "\"status\":\"FAIL\",\"status\"",
            );
        },
    ),
    ("contract_integrity", "Invalid decision: missing checks", |p| {
        p.write(
            "runs/decided/decision.json",
            "{\"run_id\":\"decided\",\"status\":\"PASS\",\"checklist_sha256\":\"0\"}",
        );
    }),
    ("contract_integrity", "Invalid decision: missing run_id", |p| {
        p.write("runs/decided/decision.json", "{}");
    }),
    ("contract_integrity", "Invalid manifest: artifacts is not a list", |p| {
        p.edit(
            "runs/decided/manifest.json",
            "\"artifacts\":[",
            "\"artifacts\":1,\"old\":[",
        );
    }),
    (
        "contract_integrity",
        "Invalid manifest: unknown schema_version 9",
        |p| {
            p.edit(
                "runs/decided/manifest.json",
                "\"schema_version\":1",
                "\"schema_version\":9",
            );
        },
    ),
    ("contract_integrity", "The decision of the run is DONT_SHIP", |p| {
        p.edit("runs/decided/decision.json", "\"SHIP\"", "\"DONT_SHIP\"");
        p.manifest("runs/decided");
    }),
    ("contract_integrity", "The run is failed", |p| {
        p.edit("runs/new/run_meta.json", "completed", "failed");
        p.rehash("runs/new");
    }),
    // What a report of somebody else says.
    ("contamination_risk", "Contamination check failed", |p| {
        p.edit(
            "runs/decided/decision.json",
            "\"schema\":\"PASS\"",
            "\"schema\":\"PASS\",\"contamination\":{\"status\":\"FAIL\"}",
        );
        p.manifest("runs/decided");
    }),
    ("contamination_risk", "Contamination check failed", |p| {
        p.edit(
            "runs/decided/decision.json",
            "\"schema\":\"PASS\"",
            "\"schema\":\"PASS\",\"contamination\":{\"passed\":false}",
        );
        p.manifest("runs/decided");
    }),
    // The data.
    ("contamination_risk", "1 exact duplicates", |p| {
        p.write(
            "data/train.jsonl",
            &(train()
                + &rows(&EVAL[1..2])
                    .to_uppercase()
                    .replace("INPUT", "input")
                    .replace("OUTPUT", "output")),
        );
    }),
    ("contamination_risk", "1 evaluated questions with another answer", |p| {
        p.write("data/train.jsonl", &(train() + &rows(&[(EVAL[2].0, "Because a god paints it so every single evening, and has done it since the world began, or so they say")])));
    }),
    ("contamination_risk", "1 excerpts of evaluated texts", |p| {
        let story: String = (0..200_u32)
            .map(|at| format!("{:x} ", at.wrapping_mul(2_654_435_761)))
            .collect();
        p.write(
            "data/train.jsonl",
            &(train() + &rows(&[("", &format!("{story} {} {} {story}", EVAL[0].0, EVAL[0].1))])),
        );
    }),
    ("contamination_risk", "1 near-duplicates", |p| {
        p.write(
            "data/train.jsonl",
            &(train()
                + &rows(&[(
                    EVAL[1].0,
                    "Two heaps: one holds the lower half, the other the larger half",
                )])),
        );
    }),
    ("contamination_risk", "the evaluation data has no row with text", |p| {
        p.write("data/eval.jsonl", "");
    }),
    ("contamination_risk", "the training data has no rows", |p| {
        p.write("data/train.jsonl", "\n");
    }),
    ("contamination_risk", "`data/eval.jsonl` is declared and missing", |p| {
        fs::remove_file(p.path("data/eval.jsonl")).expect("removed");
    }),
    ("contamination_risk", "`data/train.jsonl` row 2 cannot be read", |p| {
        p.write("data/train.jsonl", "{\"text\":\"a\"}\n{\"text\"\n");
    }),
    (
        "contamination_risk",
        "`../data/train.jsonl` is refused: it leads up",
        |p| p.edit("runs/new/config.yaml", "train: data", "train: ../data"),
    ),
    (
        "config_sanity",
        "`data/eval.jsonl` is both training and evaluation data",
        |p| p.edit("runs/new/config.yaml", "data/train.jsonl", "data/eval.jsonl"),
    ),
    // Privacy.
    (
        "privacy_safety",
        "the first payment_card in `data/train.jsonl` line 4",
        |p| {
            let card = ["4111", "1111", "1111", "1111"].concat();
            p.write("data/train.jsonl", &(train() + &rows(&[("Charge it", &card)])));
        },
    ),
    ("privacy_safety", "in `runs/deep/log.txt` line 2", |p| {
        let token = planted();
        p.write("runs/new/runs/deep/log.txt", &format!("fine\ntoken {token}\n"));
    }),
    // Results.
    ("regression_risk", "`NaN` on line 1 is not JSON", |p| {
        p.edit("runs/new/eval/eval_results.json", "0.72", "NaN");
    }),
    (
        "regression_risk",
        "f1 is 85, outside 0 to 1: is it a percentage?",
        |p| p.edit("runs/new/eval/eval_results.json", "0.72", "85"),
    ),
    ("regression_risk", "eval_missing: `min_f1` requires f1", |p| {
        p.edit("runs/new/eval/eval_results.json", "\"f1\"", "\"f2x\"");
    }),
    ("regression_risk", "eval/eval_results.json has no metrics", |p| {
        p.write("runs/new/eval/eval_results.json", "{\"overall\":{}}");
    }),
    ("regression_risk", "the evaluation has no examples", |p| {
        p.edit(
            "runs/new/eval/eval_results.json",
            "\"num_examples\":3",
            "\"num_examples\":0",
        );
    }),
    ("regression_risk", "f1 is 0.4, min_f1 is 0.5", |p| {
        p.edit("runs/new/eval/eval_results.json", "0.72", "0.4");
    }),
    (
        "regression_risk",
        "f1 0.7 -> 0.6, -14.3 % (no samples: compared as numbers)",
        |p| p.edit("runs/new/eval/eval_results.json", "0.72", "0.6"),
    ),
    ("regression_risk", "eval_loss 0.4 -> 0.9", |p| {
        p.edit(
            "runs/new/eval/eval_results.json",
            "\"eval_loss\":0.4",
            "\"eval_loss\":0.9",
        );
    }),
    (
        "regression_risk",
        "`eval_loss` of the baseline is not in the results",
        |p| p.edit("runs/new/eval/eval_results.json", "\"eval_loss\"", "\"valid_loss\""),
    ),
    ("regression_risk", "no_baseline: the run", |p| {
        fs::remove_dir_all(p.path("runs/base")).expect("removed");
    }),
    // Configuration.
    ("config_sanity", "learning_rate is -1, which is not possible", |p| {
        p.edit("runs/new/config.yaml", "2e-4", "-1");
    }),
    ("config_sanity", "learning_rate is \".nan\", not a number", |p| {
        p.edit("runs/new/config.yaml", "2e-4", ".nan");
    }),
    (
        "config_sanity",
        "the seed is 43 in config.yaml and 42 in run_meta.json",
        |p| p.edit("runs/new/config.yaml", "seed: 42", "seed: 43"),
    ),
    (
        "contract_integrity",
        "Cannot read config.yaml: line 3: the key `seed` stands twice",
        |p| p.edit("runs/new/config.yaml", "seed: 42", "seed: 42\nseed: 42"),
    ),
    // Reproduction.
    (
        "reproducibility",
        "torch 2.6.0 ran, requirements.txt locks 2.5.1",
        |p| p.write("requirements.txt", "torch==2.5.1 --hash=sha256:00\n"),
    ),
];

#[test]
fn what_is_done_to_a_run_is_found() {
    for (check, told, edit) in EDITS {
        let project = Project::new();
        edit(&project);
        let reports = ["runs/new", "runs/decided"].map(|run| project.judged(run));
        let found = reports
            .iter()
            .flat_map(|report| &report.checks)
            .find(|one| one.name == *check && one.status != Status::Pass);
        let all = || reports.iter().map(complaints).collect::<String>();
        let Some(found) = found else {
            panic!("{check} does not tell `{told}`:\n{}", all())
        };
        let text = format!("{} {}", found.message, Value::Object(found.details.clone()));
        assert!(
            text.replace("\\\"", "\"").contains(told),
            "`{told}` is not told:\n{}",
            all()
        );
        let failed = matches!(told, t if t.contains("near-duplicates")) || found.status == Status::Fail;
        assert!(failed, "{check} only warns: {}", found.message);
    }
}

/// What is no fault and no proof.
const WARNINGS: &[(&str, &str, Edit)] = &[
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

#[test]
fn what_is_no_proof_warns() {
    for (check, told, edit) in WARNINGS {
        let project = Project::new();
        edit(&project);
        let reports = ["runs/new", "runs/decided"].map(|run| project.judged(run));
        let found = reports
            .iter()
            .flat_map(|report| &report.checks)
            .find(|one| one.name == *check && one.status == Status::Warn);
        let all = || reports.iter().map(complaints).collect::<String>();
        assert!(
            found.is_some_and(|found| found.message.contains(told)),
            "`{told}` is not told:\n{}",
            all()
        );
    }
}

#[test]
fn nothing_declared_is_no_pass() {
    let project = Project::new();
    let report = project.judged_with("runs/new", |options| options.baseline = None);
    assert_eq!(complaints(&report), "", "the configuration names it");
    let report = project.judged_with("runs/decided", |options| options.baseline = None);
    assert_eq!(
        complaints(&report),
        "WARN regression_risk: no_baseline: nothing to compare with; name a run with `--baseline`\n"
    );
    project.edit(
        "runs/new/config.yaml",
        "data_paths: {train: data/train.jsonl, test: data/eval.jsonl}\n",
        "",
    );
    project.rehash("runs/new");
    let report = project.judged("runs/new");
    assert_eq!(
        complaints(&report),
        "SKIPPED contamination_risk: no training and no evaluation data: name it in the configuration, or with `--train` and `--eval`\n"
    );
    assert!(!report.is_ready(true) && report.is_ready(false));
    let report = project.judged_with("runs/new", |options| {
        options.train = vec![project.path("data/train.jsonl")];
        options.eval = vec![project.path("data/eval.jsonl")];
    });
    assert_eq!(complaints(&report), "");
}

#[test]
fn results_of_single_items_say_how_sure_it_is() {
    let project = Project::new();
    let items = |run: &str, worse: usize| {
        let text: String = (0..300)
            .map(|at| {
                format!(
                    "{}\n",
                    json!({"id": at, "f1": if at % 3 == 0 || at < worse { 0.0 } else { 1.0 }})
                )
            })
            .collect();
        project.write(&format!("{run}/eval/items.jsonl"), &text);
        project.rehash(run);
    };
    items("runs/base", 0);
    items("runs/new", 1);
    project.edit("runs/new/eval/eval_results.json", "0.72", "0.69");
    project.rehash("runs/new");
    assert_eq!(complaints(&project.judged("runs/new")), "", "one item of 300 is noise");
    items("runs/new", 60);
    project.edit("runs/new/eval/eval_results.json", "0.69", "0.57");
    project.rehash("runs/new");
    let report = project.judged("runs/new");
    let told = complaints(&report);
    assert!(
        told.starts_with("FAIL regression_risk: Regression detected: f1 0.7 -> 0.57"),
        "{told}"
    );
    assert!(told.contains("paired resamples"), "{told}");
}

#[test]
fn the_report_never_holds_what_was_found() {
    let project = Project::new();
    let secret = planted();
    let person = ["grace.hopper", "navy-yard.org"].join("@");
    project.write("runs/new/log.txt", &format!("{secret}\n{person}\n"));
    let report = project.judged("runs/new");
    let out = serde_json::to_string(&report).expect("JSON") + &report.human(true);
    assert!(!out.contains(&secret) && !out.contains(&person), "{out}");
    assert!(out.contains("github_token") && out.contains("email"), "{out}");
}

#[test]
fn a_link_vouches_for_nothing() {
    #[cfg(unix)]
    {
        let project = Project::new();
        project.write("elsewhere", "weights");
        fs::remove_file(project.path("runs/new/model/weights.safetensors")).expect("removed");
        std::os::unix::fs::symlink(
            project.path("elsewhere"),
            project.path("runs/new/model/weights.safetensors"),
        )
        .expect("linked");
        let told = complaints(&project.judged("runs/new"));
        assert!(told.contains("`model/weights.safetensors` is a link"), "{told}");
    }
}

#[test]
fn a_missing_directory_is_a_wrong_question() {
    let error = validate(Path::new("no/such/run"), &Options::default()).expect_err("it is not there");
    assert_eq!(error.message, "Run directory not found: no/such/run");
    assert_eq!(error.exit_code(), 2);
}
