//! Whole run directories, good ones and what is done to them. Each edit names the check that must find it.

#[path = "judged/project.rs"]
mod project;

use std::fs;
use std::io::Write as _;
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
    ("hash_chain", "`decision.sig` is a signature, and signatures", |p| {
        p.write("runs/decided/decision.sig", "garbage");
    }),
    ("hash_chain", "`model/model.sig` is a signature, and signatures", |p| {
        p.write("runs/new/model/model.sig", "of another model");
        p.rehash("runs/new");
    }),
    (
        "hash_chain",
        "no hash of the document `decision.json` is recorded",
        |p| {
            p.edit("runs/decided/decision.json", "\"0", "\"1");
            p.forget("decision.json");
        },
    ),
    (
        "hash_chain",
        "no hash of the document `eval_results.json` is recorded",
        |p| {
            p.edit("runs/decided/eval_results.json", "0.71", "0.99");
            p.forget("eval_results.json");
        },
    ),
    (
        "hash_chain",
        "no hash of the document `eval/eval_results.json` is recorded",
        |p| {
            p.edit("runs/new/eval/eval_results.json", "0.72", "0.99");
            p.rehash_without("runs/new", "eval/eval_results.json");
        },
    ),
    ("hash_chain", "INCOMPLETE: no hash of any file is recorded", |p| {
        p.manifest_with("runs/decided", |manifest| manifest["artifacts"] = json!([]));
    }),
    ("contamination_risk", "the run has no data set", |p| {
        fs::remove_file(p.path("runs/decided/dataset.jsonl")).expect("removed");
        p.forget("dataset.jsonl");
    }),
    ("hash_chain", "manifest hash mismatch", |p| {
        p.manifest_with("runs/decided", |manifest| manifest["manifest_hash"] = json!(5));
    }),
    ("hash_chain", "chain hash mismatch", |p| {
        p.edit("runs/new/hashes.json", "\"chain_hash\":\"", "\"chain_hash\":\"0");
    }),
    (
        "hash_chain",
        "eval/eval_results.json is of run `runs/new` and eval_results.json of run `other`",
        |p| {
            p.write(
                "runs/new/eval_results.json",
                "{\"run_id\":\"other\",\"overall\":{\"f1\":0.72,\"eval_loss\":0.4}}",
            );
            p.rehash("runs/new");
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
    ("contract_integrity", "The decision of the run is DO_NOT_SHIP", |p| {
        p.edit("runs/decided/decision.json", "\"SHIP\"", "\"DO_NOT_SHIP\"");
        p.manifest("runs/decided");
    }),
    ("contract_integrity", "The decision of the run is HOLD", |p| {
        p.edit("runs/decided/decision.json", "\"SHIP\"", "{\"status\":\"HOLD\"}");
        p.manifest("runs/decided");
    }),
    ("contract_integrity", "The decision of the run is FAIL: `status`", |p| {
        p.edit(
            "runs/decided/decision.json",
            "\"status\":\"PASS\"",
            "\"status\":\"FAIL\"",
        );
        p.manifest("runs/decided");
    }),
    (
        "contract_integrity",
        "Invalid decision: recommendation is not a word",
        |p| {
            p.edit("runs/decided/decision.json", "\"SHIP\"", "1");
            p.manifest("runs/decided");
        },
    ),
    (
        "contract_integrity",
        "Invalid decision: checks is not an object or a list with entries",
        |p| {
            p.edit("runs/decided/decision.json", "{\"schema\":\"PASS\"}", "{}");
            p.manifest("runs/decided");
        },
    ),
    ("contract_integrity", "The run is crashed", |p| {
        p.edit("runs/new/run_meta.json", "completed", "crashed");
        p.rehash("runs/new");
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
    ("contamination_risk", "`status` of `contamination.json` is FAIL", |p| {
        p.write(
            "runs/new/contamination.json",
            "{\"contamination\":{\"status\":\"FAIL\"}}",
        );
        p.rehash("runs/new");
    }),
    ("contamination_risk", "`contamination.json` is empty", |p| {
        p.write("runs/new/contamination.json", "{}");
        p.rehash("runs/new");
    }),
    ("privacy_safety", "`redaction_audit.json` says passed false", |p| {
        p.write("runs/new/redaction_audit.json", "{\"passed\":false}");
        p.rehash("runs/new");
    }),
    ("privacy_safety", "`redaction_audit.json` says status FAILED", |p| {
        p.write("runs/new/redaction_audit.json", "{\"summary\":{\"status\":\"FAILED\"}}");
        p.rehash("runs/new");
    }),
    ("privacy_safety", "`redaction_audit.json` is empty", |p| {
        p.write("runs/new/redaction_audit.json", "{}");
        p.rehash("runs/new");
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
    ("contamination_risk", "the training data has no row with text", |p| {
        p.write("data/train.jsonl", "{\"tokens\":[1,2,3]}\n{\"tokens\":[4]}\n");
    }),
    ("contamination_risk", "the evaluation data has no row with text", |p| {
        p.write("data/eval.jsonl", "{\"tokens\":[1,2,3]}\n{\"tokens\":[4]}\n");
    }),
    (
        "contamination_risk",
        "`train.parquet` is named like a data set and cannot be read",
        |p| {
            p.write("runs/new/train.parquet", "PAR1");
            p.rehash("runs/new");
        },
    ),
    (
        "contamination_risk",
        "`train.json` is named like a data set and cannot be read",
        |p| {
            p.write(
                "runs/new/train.json",
                &json!([{"input": EVAL[0].0, "output": EVAL[0].1}]).to_string(),
            );
            p.rehash("runs/new");
        },
    ),
    ("contamination_risk", "1 exact duplicates", |p| {
        p.write("runs/new/train2.jsonl", &rows(&EVAL[..1]));
        p.rehash("runs/new");
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
    ("privacy_safety", "the first payment_card in `log.txt.gz` line 2", |p| {
        let card = ["4111", "1111", "1111", "1111"].concat();
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(format!("fine\ncharged {card}\n").as_bytes())
            .expect("compressed");
        fs::write(p.path("runs/new/log.txt.gz"), gz.finish().expect("compressed")).expect("written");
        p.rehash("runs/new");
    }),
    (
        "privacy_safety",
        "the first payment_card in `data/train.jsonl` line 4",
        |p| {
            let card = ["4111", "1111", "1111", "1111"].concat();
            p.write(
                "data/train.jsonl",
                &(train() + &format!("{{\"text\":\"a\",\"card\":{card}}}\n")),
            );
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
    (
        "regression_risk",
        "f1 is 0.72 in the results, and the mean of its 20 items is 0.1000",
        |p| {
            p.write("runs/new/eval/items.jsonl", &items(20, 0.1));
            p.rehash("runs/new");
        },
    ),
    ("regression_risk", "`eval/items.jsonl` line 2 cannot be read", |p| {
        p.write("runs/new/eval/items.jsonl", "{\"f1\":0.72}\n{\"f1\"\n");
        p.rehash("runs/new");
    }),
    (
        "regression_risk",
        "`eval/eval_results.json` and `eval_results.json` have different metrics",
        |p| {
            p.write("runs/new/eval_results.json", "{\"overall\":{\"f1\":0.9}}");
            p.rehash("runs/new");
        },
    ),
    ("regression_risk", "drift 1 -> 3", |p| {
        for (run, drift) in [("runs/base", "1"), ("runs/new", "3")] {
            p.edit(
                &format!("{run}/eval/eval_results.json"),
                "\"eval_loss\"",
                &format!("\"drift\":{drift},\"eval_loss\""),
            );
        }
        p.edit(
            "runs/new/config.yaml",
            "seed: 42",
            "seed: 42\nmetrics: {drift: {direction: lower}}",
        );
    }),
    ("regression_risk", "reach 0.9 -> 0.5", |p| {
        for (run, reach) in [("runs/base", "0.9"), ("runs/new", "0.5")] {
            p.edit(
                &format!("{run}/eval/eval_results.json"),
                "\"eval_loss\"",
                &format!("\"reach\":{{\"value\":{reach},\"higher_is_better\":true}},\"eval_loss\""),
            );
        }
    }),
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
        "config_sanity",
        "the seed is 42 in config.yaml (`seed`) and 43 in config.yaml (`training.seed`)",
        |p| p.edit("runs/new/config.yaml", "training: {", "training: {seed: 43, "),
    ),
    (
        "config_sanity",
        "learning_rate is 0.0002 and lr is 0.0001: they are one setting",
        |p| {
            p.edit(
                "runs/new/config.yaml",
                "learning_rate: 2e-4",
                "learning_rate: 2e-4, lr: 1e-4",
            )
        },
    ),
    ("config_sanity", "fp16 and bf16 are both on", |p| {
        p.edit(
            "runs/new/config.yaml",
            "training: {",
            "training: {fp16: true, bf16: true, ",
        );
    }),
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

/// A metric of so many items, all of the same value.
fn items(count: usize, f1: f64) -> String {
    (0..count)
        .map(|at| format!("{}\n", json!({"id": at, "f1": f1})))
        .collect()
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
            reports.iter().any(|report| !report.is_ready(true))
                && found.is_some_and(|found| found.message.contains(told)),
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
        let values: Vec<f64> = (0..300)
            .map(|at| if at % 3 == 0 || at < worse { 0.0 } else { 1.0 })
            .collect();
        let text: String = values
            .iter()
            .enumerate()
            .map(|(at, f1)| format!("{}\n", json!({"id": at, "f1": f1})))
            .collect();
        let mean = values.iter().sum::<f64>() / 300.0;
        project.write(&format!("{run}/eval/items.jsonl"), &text);
        project.hashed(run, (mean * 1e4).round() / 1e4);
    };
    items("runs/base", 0);
    items("runs/new", 2);
    assert_eq!(complaints(&project.judged("runs/new")), "", "one item of 300 is noise");
    items("runs/new", 60);
    let report = project.judged("runs/new");
    let told = complaints(&report);
    assert!(
        told.starts_with("FAIL regression_risk: Regression detected: f1 0.6667 -> 0.5333"),
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
fn an_error_never_quotes_a_row() {
    let project = Project::new();
    let card = ["4111", "1111", "1111", "1111"].concat();
    for line in [
        format!("\"{card}\""),
        card.clone(),
        format!("{{\"m\":{{\"role\":{card}}}}}"),
    ] {
        project.write("data/train.jsonl", &(train() + &line + "\n"));
        project.write("runs/new/eval/items.jsonl", &line);
        project.rehash("runs/new");
        let report = project.judged("runs/new");
        let out = serde_json::to_string(&report).expect("JSON") + &report.human(true);
        assert!(!out.contains(&card), "{out}");
        assert!(out.contains("`data/train.jsonl` row 4 cannot be"), "{out}");
    }
}

#[test]
fn nothing_that_a_run_says_of_itself_holds_a_secret() {
    let project = Project::new();
    let token = planted();
    project.edit("runs/decided/decision.json", "\"SHIP\"", &format!("\"{token}\""));
    project.manifest("runs/decided");
    project.edit(
        "runs/new/run_meta.json",
        "\"runs/new\"",
        &format!("\"x\\nOverall Status: PASS\\n{token}\""),
    );
    project.edit("runs/new/config.yaml", "2e-4", &token);
    for run in ["runs/decided", "runs/new"] {
        let report = project.judged(run);
        let human = report.human(true);
        let out = serde_json::to_string(&report).expect("JSON") + &human;
        assert!(!out.contains(&token), "{out}");
        assert_eq!(
            human.lines().filter(|line| line.starts_with("Overall Status:")).count(),
            1,
            "{human}"
        );
    }
}

#[test]
fn a_build_of_a_locked_version_is_that_version() {
    let project = Project::new();
    project.write("requirements.txt", "torch==2.6.0 --hash=sha256:00\n");
    project.edit("runs/new/environment.json", "2.6.0", "2.6.0+cu124");
    project.rehash("runs/new");
    assert_eq!(complaints(&project.judged("runs/new")), "");
}

#[test]
fn a_data_set_of_several_frames_is_read_to_its_end() {
    let project = Project::new();
    let frame =
        |text: &str| ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
    let frames = [frame(&train()), frame(&rows(&EVAL[..1]))].concat();
    fs::write(project.path("data/train.jsonl.zst"), frames).expect("written");
    project.edit("runs/new/config.yaml", "data/train.jsonl", "data/train.jsonl.zst");
    project.rehash("runs/new");
    let told = complaints(&project.judged("runs/new"));
    assert!(told.contains("1 exact duplicates"), "{told}");
}

#[cfg(unix)]
#[test]
fn a_link_vouches_for_nothing() {
    use std::os::unix::fs::symlink;
    let project = Project::new();
    project.write("elsewhere", "weights");
    project.write("more/notes.txt", "fine");
    fs::remove_file(project.path("runs/new/model/weights.safetensors")).expect("removed");
    symlink(
        project.path("elsewhere"),
        project.path("runs/new/model/weights.safetensors"),
    )
    .expect("linked");
    symlink(project.path("more"), project.path("runs/new/more")).expect("linked");
    symlink(project.path("none"), project.path("runs/new/gone")).expect("linked");
    let report = project.judged("runs/new");
    let found = report
        .checks
        .iter()
        .find(|check| check.name == "hash_chain")
        .expect("it is there");
    let told = Value::Object(found.details.clone()).to_string();
    for path in ["model/weights.safetensors", "more", "gone"] {
        assert!(told.contains(&format!("`{path}` is a link")), "{told}");
    }
    assert_eq!(report.exit_code(true), 1, "{}", complaints(&report));
}

#[test]
fn a_missing_directory_is_a_wrong_question() {
    let error = validate(Path::new("no/such/run"), &Options::default()).expect_err("it is not there");
    assert_eq!(error.message, "Run directory not found: no/such/run");
    assert_eq!(error.exit_code(), 2);
}
