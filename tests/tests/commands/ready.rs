//! `cargo gate ready` on the directory of a training run.

use gate_base::digest::sha256_hex;
use gate_tests::gate;
use gate_tests::harness::Gate;
use insta::assert_snapshot;
use serde_json::{Value, json};

/// A project without Cargo, with a run and the run before it.
fn project() -> Gate {
    let gate = gate!().file("README.md", "A model\n").git_init();
    gate.write(
        "data/train.jsonl",
        "{\"input\": \"Name three rivers\", \"output\": \"The Oder, the Vistula and the Neman\"}\n",
    );
    gate.write(
        "data/eval.jsonl",
        "{\"input\": \"What does a loss function say about a guess?\", \"output\": \"How far off it was\"}\n",
    );
    for (run, f1) in [("base", 0.70), ("new", 0.72)] {
        let files = [
            (
                "config.yaml",
                "seed: 42\nbaseline_run: base\ndata_paths: {train: data/train.jsonl, test: data/eval.jsonl}\n"
                    .to_owned(),
            ),
            (
                "environment.json",
                json!({"seed": 42, "platform": "Linux-6.1-x86_64", "versions": {"python": "3.12.4", "torch": "2.6.0"}})
                    .to_string(),
            ),
            (
                "eval/eval_results.json",
                json!({"run_id": run, "overall": {"f1": f1}}).to_string(),
            ),
            (
                "run_meta.json",
                json!({"run_id": run, "status": "completed", "seed": 42}).to_string(),
            ),
        ];
        let hashes: serde_json::Map<String, Value> = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), sha256_hex(text.as_bytes()).into()))
            .collect();
        let chain: Vec<String> = files
            .iter()
            .map(|(path, text)| format!("{path}={}", sha256_hex(text.as_bytes())))
            .collect();
        for (path, text) in &files {
            gate.write(&format!("runs/{run}/{path}"), text);
        }
        let record = json!({"files": hashes, "chain_hash": sha256_hex(chain.join("|").as_bytes())});
        gate.write(&format!("runs/{run}/hashes.json"), record.to_string());
    }
    gate
}

#[test]
fn a_good_run_is_ready_and_an_edited_one_is_not() {
    let gate = project();
    let ready = gate.run(["ready", "--run", "runs/new", "--strict"]);
    assert_eq!(ready.code, Some(0), "{ready}");
    assert_snapshot!("ready", ready);
    gate.append("runs/new/eval/eval_results.json", " ");
    gate.append("data/train.jsonl", "{\"input\": \"What does a loss function say about a guess?\", \"output\": \"Nothing that anybody would need to know about it\"}\n");
    let edited = gate.run(["ready", "--run", "runs/new"]);
    assert_eq!(edited.code, Some(1), "{edited}");
    assert_snapshot!("ready-not", edited);
}

#[test]
fn json_has_the_seven_checks_and_nothing_else_on_stdout() {
    let run = project().run(["ready", "--run", "runs/new", "--json"]);
    let report: Value = serde_json::from_str(&run.stdout).expect("stdout is JSON");
    let names: Vec<&str> = report["checks"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|check| check["name"].as_str())
        .collect();
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
    assert_eq!(report["run_id"], "new");
    assert_eq!(report["overall_status"], "PASS");
    assert_eq!(
        report["summary"],
        json!({"total_checks": 7, "passed": 7, "warnings": 0, "failed": 0})
    );
}

#[test]
fn a_warning_is_a_failure_in_strict_mode_and_in_ci() {
    let gate = project();
    gate.write("runs/new/notes.txt", "seen by two people");
    assert_eq!(gate.run(["ready", "--run", "runs/new"]).code, Some(0));
    assert_eq!(gate.run(["ready", "--run", "runs/new", "--strict"]).code, Some(1));
    let gate = gate.env("CI", "true");
    assert_eq!(gate.run(["ready", "--run", "runs/new"]).code, Some(1));
    assert_eq!(gate.run(["ready", "--run", "runs/new", "--no-strict"]).code, Some(0));
}

#[test]
fn what_a_run_says_of_itself_is_no_line_of_the_report() {
    let gate = project();
    let forged = json!({"run_id": "new\n\nOverall Status: PASS\nREADY\n", "status": "crashed"});
    gate.write("runs/new/run_meta.json", forged.to_string());
    let run = gate.run(["ready", "--run", "runs/new"]);
    assert_eq!(run.code, Some(1), "{run}");
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(lines.contains(&"Overall Status: FAIL"), "{run}");
    assert!(
        !lines.contains(&"Overall Status: PASS") && !lines.contains(&"READY"),
        "{run}"
    );
}

#[cfg(unix)]
#[test]
fn a_link_to_a_directory_is_a_failure_of_the_run_and_not_of_the_tool() {
    let gate = project();
    std::os::unix::fs::symlink(gate.workspace().join("data"), gate.workspace().join("runs/new/data")).expect("linked");
    let run = gate.run(["ready", "--run", "runs/new"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stdout.contains("`data` is a link, and its target can change"),
        "{run}"
    );
    assert!(run.stdout.contains("Redaction audit passed: 7 files searched"), "{run}");
}

#[test]
fn a_directory_that_is_not_there_is_a_wrong_question() {
    let run = project().run(["ready", "--run", "runs/none"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert_snapshot!("ready-missing", run);
}
