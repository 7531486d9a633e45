//! `[[suite.ready]]`: a training run is judged with the workspace that ships its model.

use std::io::Read as _;

use gate_tests::harness::Gate;
use serde_json::Value;

use super::good;
use super::ready::write_runs;

/// A row of the training data that is also evaluated.
const LEAKED: &str =
    "{\"input\": \"What does a loss function say about a guess?\", \"output\": \"How far off it was\"}\n";

/// A workspace whose runs and data no commit holds.
fn with_run(keys: &str) -> Gate {
    let gate = good();
    gate.append(".gitignore", "/runs\n/data\n");
    gate.append("gate.toml", &format!("\n[[suite.ready]]\nname = \"ranker\"\n{keys}"));
    gate.commit("judge the training run");
    write_runs(&gate);
    gate
}

fn judged(gate: &Gate) -> (Option<i32>, Value) {
    let run = gate.run(["pilot", "--message-format", "json"]);
    let report = run.json();
    let checks = report["checks"].as_array().expect("checks");
    let check = checks.iter().find(|check| check["id"] == "suite.ready.ranker");
    (run.code, check.unwrap_or_else(|| panic!("no suite: {run}")).clone())
}

fn messages(check: &Value) -> Vec<&str> {
    let findings = check["findings"].as_array().into_iter().flatten();
    findings.filter_map(|finding| finding["message"].as_str()).collect()
}

#[test]
fn a_training_run_is_judged_and_its_evidence_reused_until_a_byte_changes() {
    let gate = with_run("run = \"runs/new\"\n");
    let (code, check) = judged(&gate);
    assert_eq!((code, &check["outcome"]), (Some(0), &"pass".into()), "{check:#}");
    assert_eq!(check["group"], "resilience");
    assert_eq!(check["evidence"]["suite"]["passed"], 7, "{check:#}");
    let (_, again) = judged(&gate);
    assert_eq!(again["evidence"]["reused"], true, "{again:#}");

    // What the run reads elsewhere: its training data, the run before it, and a lock that was not there.
    let train = gate.read("data/train.jsonl");
    gate.append("data/train.jsonl", LEAKED);
    let (code, check) = judged(&gate);
    assert_eq!(code, Some(1), "{check:#}");
    assert!(
        messages(&check)[0].starts_with("`contamination_risk` of the run: "),
        "{check:#}"
    );
    gate.write("data/train.jsonl", train);
    let base = gate.read("runs/base/eval/eval_results.json");
    gate.write("runs/base/eval/eval_results.json", base.replace("0.7", "0.95"));
    let (code, check) = judged(&gate);
    assert_eq!(code, Some(1), "{check:#}");
    assert!(
        messages(&check)[0].starts_with("`regression_risk` of the run: "),
        "{check:#}"
    );
    gate.write("runs/base/eval/eval_results.json", base);
    assert_eq!(judged(&gate).0, Some(0));
    gate.write("requirements.txt", "torch==2.5.0\n");
    gate.append(".gitignore", "/requirements.txt\n");
    gate.commit("lock the packages");
    let (_, check) = judged(&gate);
    assert!(
        messages(&check)
            .iter()
            .any(|message| message.starts_with("`reproducibility` of the run: ")),
        "{check:#}"
    );

    // No file says that the run is ready.
    gate.write("runs/new/readiness.json", "{\"overall_status\": \"PASS\"}");
    gate.append("runs/new/eval/eval_results.json", " ");
    let (code, check) = judged(&gate);
    assert_eq!((code, &check["outcome"]), (Some(1), &"fail".into()), "{check:#}");
}

#[test]
fn a_run_that_is_missing_or_shows_nothing_does_not_pass() {
    let gate = with_run("run = \"runs/later\"\n");
    let (code, check) = judged(&gate);
    assert_eq!(
        (code, &check["reason"]["code"]),
        (Some(3), &"no_run".into()),
        "{check:#}"
    );

    // A directory without anything in it, and one without data.
    gate.write("runs/later/.keep", "");
    let (code, check) = judged(&gate);
    assert_eq!((code, &check["outcome"]), (Some(1), &"fail".into()), "{check:#}");
    assert!(
        messages(&check).iter().any(|message| message.ends_with(" (skipped)")),
        "{check:#}"
    );
}

#[test]
fn a_suite_that_is_not_required_only_warns() {
    let gate = with_run("run = \"runs/new\"\nrequired = false\n");
    gate.append("data/train.jsonl", LEAKED);
    let (code, check) = judged(&gate);
    assert_eq!((code, &check["outcome"]), (Some(0), &"warn".into()), "{check:#}");
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_to_another_run_is_judged_again() {
    let gate = with_run("run = \"runs/latest\"\n");
    let link = gate.workspace().join("runs/latest");
    std::os::unix::fs::symlink("new", &link).expect("linked");
    assert_eq!(judged(&gate).0, Some(0));
    assert_eq!(judged(&gate).1["evidence"]["reused"], true);
    std::fs::remove_file(&link).expect("removed");
    std::os::unix::fs::symlink("base", &link).expect("linked");
    let (code, check) = judged(&gate);
    assert_eq!(code, Some(1), "{check:#}");
    assert!(check["evidence"]["reused"] != true, "{check:#}");
    // Its baseline is itself.
    assert!(
        messages(&check).iter().any(|message| message.contains("is this run")),
        "{check:#}"
    );
}

/// The model that serves, by its name in a database that MLflow wrote.
#[test]
fn a_registered_model_of_a_store_is_judged() {
    let database = include_bytes!("../../../cargo-gate/crates/ready/tests/data/mlflow.db.gz");
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(&database[..])
        .read_to_end(&mut bytes)
        .expect("gzip");
    let gate = with_run("run = \"runs/mlflow.db\"\nrun-id = \"models:/iris@champion\"\nrequired = false\n");
    let path = gate.workspace().join("runs/mlflow.db");
    std::fs::write(&path, &bytes).expect("written");
    let (code, check) = judged(&gate);
    assert_eq!((code, &check["outcome"]), (Some(0), &"warn".into()), "{check:#}");
    // The files of the model are not next to the database.
    let missing = "`contract_integrity` of the run: the model `m-6edfb14ef19b42398c05ddb68b9134da`, which the run made, is missing";
    assert!(
        messages(&check).iter().any(|message| message.starts_with(missing)),
        "{check:#}"
    );
    let help = "cargo gate ready --run runs/mlflow.db --run-id models:/iris@champion";
    assert_eq!(check["findings"][0]["help"], help);
    assert_eq!(judged(&gate).1["evidence"]["reused"], true);
    // The counter of changes, which SQLite raises with each.
    bytes[27] ^= 1;
    std::fs::write(&path, &bytes).expect("written");
    assert_eq!(judged(&gate).1["evidence"]["reused"], false);

    let gate = with_run("run = \"runs/mlflow.db\"\n");
    std::fs::write(gate.workspace().join("runs/mlflow.db"), &bytes).expect("written");
    let (code, check) = judged(&gate);
    assert_eq!(
        (code, &check["reason"]["code"]),
        (Some(1), &"unreadable_run".into()),
        "{check:#}"
    );
}
