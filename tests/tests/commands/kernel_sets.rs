//! Promotion of kernels, kernel sets that come back, and what `explain rails` says.

use std::fs;

use gate_tests::harness::Gate;
use serde_json::json;

use super::good;

/// A workspace that is ready, with a locked kernel that a passed test is named after.
fn with_kernel() -> Gate {
    let gate = good();
    gate.write(
        "kernels/axpy.cu",
        include_str!("../../fixtures/kernels.locked/clean/kernels/axpy.cu"),
    );
    gate.write(
        "kernels.lock",
        include_str!("../../fixtures/kernels.locked/clean/kernels.lock"),
    );
    gate.write(
        "ptx/kernels/axpy.cu.sm_80.ptx",
        include_str!("../../fixtures/kernels.locked/clean/ptx/kernels/axpy.cu.sm_80.ptx"),
    );
    gate.append(
        "logic/src/lib.rs",
        "\n#[cfg(test)]\nmod kernels {\n    #[test]\n    fn axpy() {}\n}\n",
    );
    gate.append(
        "gate.toml",
        "\n[kernels]\nworkloads = { axpy = \"1M\" }\n\n[conformance]\nprofiles = [\"commit\"]\n\n[[conformance.backend]]\nname = \"cpu\"\n\
         supported = [\"axpy\"]\n\n[[conformance.row]]\nid = \"unit\"\nbackend = \"cpu\"\nprofile = \"commit\"\nsuite = \"logic\"\n\
         test-files = [\"logic/src/lib.rs\"]\ncases = \"kernels::{operator}\"\n",
    );
    gate.commit("Add a kernel");
    gate
}

fn ready(gate: &Gate) {
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(0), "{run}");
}

/// Locks the kernel as another compiler made it.
fn lock_anew(gate: &Gate) {
    gate.write(
        "kernels.lock",
        include_str!("../../fixtures/kernels.source-map/clean/kernels.lock"),
    );
    gate.write(
        "ptx/kernels/axpy.cu.sm_80.ptx",
        include_str!("../../fixtures/kernels.source-map/clean/ptx/kernels/axpy.cu.sm_80.ptx"),
    );
    gate.commit("Lock the kernel anew");
}

/// A program that measures the kernel next to its reference: made up, and the same on every machine.
fn measured(gate: &Gate, candidate: u32) {
    let line = |name: &str, from: u32| {
        let samples: Vec<u32> = (0..12).map(|more| from + more).collect();
        format!("{{{{\\\"name\\\": \\\"{name}\\\", \\\"unit\\\": \\\"ns\\\", \\\"samples\\\": {samples:?}}}}}")
    };
    let (kernel, reference) = (line("axpy/1M", candidate), line("axpy/cpu", 1000));
    let program = format!("fn main() {{\n    println!(\"{kernel}\");\n    println!(\"{reference}\");\n}}\n");
    gate.write("logic/examples/measure.rs", program);
    gate.commit("Measure the kernel");
}

fn promote(gate: &Gate, more: &[&str]) -> (Option<i32>, serde_json::Value) {
    let mut arguments = vec![
        "kernels",
        "promote",
        "axpy",
        "--to",
        "pilot",
        "--by",
        "ada",
        "--reason",
        "first use",
    ];
    arguments.extend(more);
    arguments.extend(["--message-format", "json"]);
    let run = gate.run(arguments);
    (run.code, run.json())
}

#[test]
fn a_kernel_is_promoted_when_it_is_correct_and_faster() {
    let gate = with_kernel();
    ready(&gate);
    let (code, answer) = promote(&gate, &[]);
    assert_eq!((code, &answer["code"]), (Some(1), &json!("not_faster")), "{answer}");
    assert!(
        answer["because"]
            .as_str()
            .is_some_and(|because| because.contains("measured `axpy/1M`")),
        "{answer}"
    );
    gate.append(
        "gate.toml",
        "\n[[suite.bench]]\nname = \"kernels\"\ncommand = [\"cargo\", \"run\", \"--package\", \"logic\", \"--example\", \"measure\", \
         \"--quiet\", \"--locked\"]\ninputs = [\"logic/**\"]\nrounds = 1\n\n[[suite.bench.metric]]\nname = \"axpy/1M\"\nreference = \"axpy/cpu\"\n",
    );
    measured(&gate, 1050);
    ready(&gate);
    let (code, answer) = promote(&gate, &[]);
    assert_eq!((code, &answer["code"]), (Some(1), &json!("not_faster")), "{answer}");
    assert!(!gate.workspace().join("gate/registry.jsonl").exists());
    measured(&gate, 500);
    ready(&gate);
    let (code, answer) = promote(&gate, &[]);
    assert_eq!((code, &answer["status"]), (Some(0), &json!("promoted")), "{answer}");
    assert_eq!(answer["tests"], json!(["logic: kernels::axpy"]));
    let registry = gate.read("gate/registry.jsonl");
    assert!(
        registry.contains("\"kernel\":\"axpy\"") && registry.contains("axpy.cu.sm_80.ptx"),
        "{registry}"
    );

    // Without a test of its name nothing shows that it is correct, however fast it is.
    gate.remove("gate/registry.jsonl");
    gate.replace(
        "gate.toml",
        "cases = \"kernels::{operator}\"",
        "cases = \"other::{operator}\"",
    );
    gate.replace(
        "gate.toml",
        "supported = [\"axpy\"]",
        "supported = [\"axpy\"]\nallowed-gaps = [\"axpy\"]\nminimum-coverage = 1",
    );
    gate.commit("Rename the case");
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(0), "{run}");
    let (code, answer) = promote(&gate, &[]);
    assert_eq!((code, &answer["code"]), (Some(1), &json!("not_correct")), "{answer}");
}

#[test]
fn the_kernels_of_the_last_ready_run_come_back() {
    let gate = with_kernel();
    let files = ["kernels.lock", "ptx/kernels/axpy.cu.sm_80.ptx", "kernels/axpy.cu"];
    let bytes = |gate: &Gate| files.map(|path| gate.read(path));
    ready(&gate);
    let old = bytes(&gate);
    lock_anew(&gate);
    ready(&gate);
    let new = bytes(&gate);
    assert_ne!(old, new);
    let run = gate.run(["kernels", "rollback"]);
    assert_eq!((run.code, run.stdout.lines().count()), (Some(0), 2), "{run}");

    // A rehearsal runs the suites on the kernels that come back, and changes nothing.
    let run = gate.run([
        "kernels",
        "rollback",
        "--to",
        "last",
        "--drill",
        "--message-format",
        "json",
    ]);
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(
        (&run.json()["ok"], &run.json()["drill"]),
        (&json!(true), &json!(true)),
        "{run}"
    );
    assert_eq!(bytes(&gate), new);

    gate.append("kernels/axpy.cu", "// not committed\n");
    let run = gate.run(["kernels", "rollback", "--to", "last"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(run.stderr.contains("uncommitted changes"), "{run}");
    gate.git(["checkout", "--quiet", "--", "kernels/axpy.cu"]);

    let run = gate.run(["kernels", "rollback", "--to", "last", "--message-format", "json"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(
        run.json()["written"],
        json!(["kernels.lock", "ptx/kernels/axpy.cu.sm_80.ptx"]),
        "{run}"
    );
    assert_eq!(bytes(&gate), old);
    gate.commit("Roll back");
    ready(&gate);
}

#[test]
fn a_kernel_set_that_was_altered_does_not_come_back() {
    let gate = with_kernel();
    ready(&gate);
    lock_anew(&gate);
    let sets = gate.workspace().join("target/gate/kernels/sets");
    let set = fs::read_dir(&sets)
        .expect("sets")
        .next()
        .expect("a set")
        .expect("an entry")
        .path();
    let blob = fs::read_dir(set.join("blobs"))
        .expect("blobs")
        .next()
        .expect("a file")
        .expect("an entry")
        .path();
    fs::write(&blob, "altered").expect("a file can be written");
    let run = gate.run(["kernels", "rollback", "--to", "last"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(run.stderr.contains("was altered"), "{run}");
    let run = gate.run(["kernels", "rollback", "--to", "0123456789"]);
    assert_eq!(run.code, Some(2), "{run}");
}

#[test]
fn rails_are_explained_with_what_the_workspace_declares() {
    let gate = good();
    let run = gate.run(["explain", "rails"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stdout.contains("no policy declares"), "{run}");
    gate.append("gate.toml", "\n[runtime.rails]\ndwell = 9\n");
    let run = gate.run(["explain", "rails"]);
    let line = run
        .stdout
        .lines()
        .find(|line| line.trim_start().starts_with("dwell"))
        .expect("a row");
    assert_eq!(
        line.split_whitespace().take(3).collect::<Vec<_>>(),
        ["dwell", "9", "4"],
        "{run}"
    );
    gate.replace("gate.toml", "dwell = 9", "dwell = 0");
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(2), "{run}");
    assert!(
        run.stderr.contains("`dwell` is out of range: 0") && run.stderr.contains("from 1 to 10000"),
        "{run}"
    );
}
