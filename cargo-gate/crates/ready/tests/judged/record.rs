//! What is done to the record and the documents of a run.

use std::fs;

use gate_base::digest::sha256_hex;
use serde_json::json;

use super::Edit;
use super::project::rows;

/// The check that must find it, what it says, and what was done.
pub(super) const EDITS: &[(&str, &str, Edit)] = &[
    (
        "contract_integrity",
        "`model/weights.safetensors` is a pointer of Git LFS and not the file: run `git lfs pull`",
        |p| {
            p.write(
                "runs/new/model/weights.safetensors",
                "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 7\n",
            );
        },
    ),
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
    (
        "hash_chain",
        "`decision.sig` is a signature that proves nothing: it is not a bundle",
        |p| {
            p.write("runs/decided/decision.sig", "garbage");
        },
    ),
    (
        "hash_chain",
        "`model/model.sig` is a signature that proves nothing: it is not a bundle",
        |p| {
            p.write("runs/new/model/model.sig", "of another model");
            p.rehash("runs/new");
        },
    ),
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
];
