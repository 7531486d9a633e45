//! `cargo gate ready` on the directory of a training run.

use gate_base::digest::sha256_hex;
use gate_tests::gate;
use gate_tests::harness::Gate;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::runs::{OTHER, PUBLIC, key};

/// A project without Cargo, with a run and the run before it.
fn project() -> Gate {
    let gate = gate!().file("README.md", "A model\n").git_init();
    write_runs(&gate);
    gate
}

/// A run, the run before it, and the data of both.
pub(super) fn write_runs(gate: &Gate) {
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

/// Compares every part of the data of `runs/new`, and writes the parts.
fn write_parts(gate: &Gate, of: u32, key: &str) -> Vec<String> {
    let write = |part: u32| {
        let (shard, output) = (format!("{part}/{of}"), format!("part-{part}-of-{of}.json"));
        let arguments = [
            "ready", "--run", "runs/new", "--shard", &shard, "--key", key, "--output", &output,
        ];
        let run = gate.run(arguments);
        assert_eq!((run.code, run.stdout.as_str()), (Some(5), ""), "{run}");
        output
    };
    (1..=of).map(write).collect()
}

fn with_parts(gate: &Gate, parts: &[String], signer: &str) -> gate_tests::harness::Run {
    let mut arguments = vec!["ready", "--run", "runs/new", "--json", "--signer", signer];
    arguments.extend(parts.iter().flat_map(|part| ["--part", part.as_str()]));
    gate.run(arguments)
}

#[test]
fn parts_of_several_machines_are_the_whole_verdict() {
    let gate = project();
    let key = key(&gate);
    for leak in ["", "{\"input\": \"What does a loss function say about a guess?\"}\n"] {
        gate.append("data/train.jsonl", leak);
        let whole = gate.run(["ready", "--run", "runs/new", "--json"]);
        assert_eq!(whole.code, Some(i32::from(!leak.is_empty())), "{whole}");
        for of in [1, 3] {
            let parts = write_parts(&gate, of, &key);
            let merged = with_parts(&gate, &parts, PUBLIC);
            assert_eq!((merged.code, &merged.stdout), (whole.code, &whole.stdout), "{merged}");
        }
    }
}

#[test]
fn a_part_that_was_edited_or_is_of_other_data_is_refused() {
    let gate = project();
    let key = key(&gate);
    let parts = write_parts(&gate, 2, &key);
    let other = with_parts(&gate, &parts, OTHER);
    assert_eq!(other.code, Some(2), "{other}");
    assert!(
        other.stderr.contains("the part `part-1-of-2.json` is refused: "),
        "{other}"
    );
    let missing = with_parts(&gate, &parts[..1], PUBLIC);
    assert_eq!(missing.code, Some(1), "{missing}");
    assert!(missing.stdout.contains("part 2 of 2 is missing"), "{missing}");
    let unsigned = gate.run(["ready", "--run", "runs/new", "--part", "part-1-of-2.json"]);
    assert_eq!(unsigned.code, Some(2), "{unsigned}");

    // A leak that the parts were written before.
    let train = gate.read("data/train.jsonl");
    gate.append(
        "data/train.jsonl",
        "{\"input\": \"What does a loss function say about a guess?\"}\n",
    );
    let stale = with_parts(&gate, &parts, PUBLIC);
    assert_eq!(stale.code, Some(1), "{stale}");
    assert!(
        stale
            .stdout
            .contains("`part-1-of-2.json` is about other training data: `data/train.jsonl` has changed"),
        "{stale}"
    );
    gate.write("data/train.jsonl", train);

    let text = gate.read("part-2-of-2.json");
    let payload = text.find("payload\":\"").expect("a payload") + 40;
    let mut edited = text.into_bytes();
    edited[payload] = if edited[payload] == b'A' { b'B' } else { b'A' };
    gate.write("part-2-of-2.json", String::from_utf8(edited).expect("text"));
    let edited = with_parts(&gate, &parts, PUBLIC);
    assert_eq!(edited.code, Some(2), "{edited}");
    assert!(
        edited.stderr.contains("the part `part-2-of-2.json` is refused: "),
        "{edited}"
    );
}
