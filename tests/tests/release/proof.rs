//! What a suite made is promoted as what a release made is: by the digest that a run recorded, and with the scores that it measured.

use std::env::consts::EXE_SUFFIX;
use std::fs;

use gate_tests::gate;
use gate_tests::harness::{Gate, Run};

/// A workspace with a suite that makes a program, and more of its policy.
fn made(more: &str) -> Gate {
    let gate = gate!().fixture("good").file("native/src/main.rs", "fn main() {}\n");
    gate.append(
        "gate.toml",
        &format!(
            "\n[[suite.test]]\nname = \"program\"\ncommand = [\"cargo\", \"build\", \"--locked\", \"--package\", \"native\"]\n\
             format = \"exit-code\"\nartifacts = [\"{}\"]\n{more}",
            program()
        ),
    );
    gate.git_init()
}

fn program() -> String {
    format!("target/debug/native{EXE_SUFFIX}")
}

fn promote(gate: &Gate, to: &str) -> Run {
    let words = [
        "govern",
        "promote",
        &program(),
        "--to",
        to,
        "--by",
        "ada",
        "--reason",
        "a test",
    ];
    gate.run(words.into_iter().chain(["--registry", "target/registry.jsonl"]))
}

fn refused(gate: &Gate, to: &str, because: &str) {
    let run = promote(gate, to);
    assert_eq!(run.code, Some(1), "{because}: {run}");
    assert!(run.stderr.contains(because), "{because}: {run}");
}

#[test]
fn what_a_suite_made_is_promoted_by_its_run() {
    let gate = made("");
    // A file of that name, made by hand before any run, is no artifact: the suite makes its own.
    gate.write(&program(), "by hand");
    refused(&gate, "pilot", "nor by a suite of a run");
    assert_eq!(gate.run(["pilot"]).code, Some(0));
    assert_ne!(
        fs::read(gate.workspace().join(program())).expect("the program"),
        b"by hand"
    );
    let run = promote(&gate, "pilot");
    assert_eq!(run.code, Some(0), "{run}");
    let line: serde_json::Value =
        serde_json::from_str(gate.read("target/registry.jsonl").lines().next().expect("a line")).expect("JSON");
    assert_eq!(line["suite"], "suite.test.program");
    refused(
        &gate,
        "controlled",
        "was built from content that no run judged for controlled",
    );
    // Another byte is another file.
    let mut bytes = fs::read(gate.workspace().join(program())).expect("the program");
    bytes.push(0);
    gate.write(&program(), &bytes);
    refused(&gate, "pilot", "nor by a suite of a run");
    // What the run says cannot be changed afterwards.
    let runs = gate.workspace().join("target/gate/runs");
    for run in fs::read_dir(&runs)
        .expect("runs")
        .flatten()
        .filter(|run| run.path().is_dir())
    {
        let report = run.path().join("report.json");
        let text = fs::read_to_string(&report).expect("a report");
        let own = text
            .split("\"made\"")
            .nth(1)
            .and_then(|made| made.split("\"sha256\": \"").nth(1));
        let own = own.expect("a digest")[..64].to_owned();
        fs::write(&report, text.replace(&own, &gate_base::digest::sha256_hex(&bytes))).expect("written");
    }
    refused(&gate, "pilot", "nor by a suite of a run");
}

#[test]
fn a_suite_makes_what_it_declares_and_nothing_that_is_judged() {
    let gate = made("").file("unused", "");
    gate.replace("gate.toml", &format!("\"{}\"", program()), "\"target/debug/other\"");
    gate.commit("Another file");
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stdout.contains("the suite did not make `target/debug/other`"),
        "{run}"
    );
    gate.replace("gate.toml", "target/debug/other", "native/src/main.rs");
    gate.commit("A source");
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(3), "{run}");
    assert!(run.stdout.contains("which is part of what is judged"), "{run}");
    assert_eq!(gate.read("native/src/main.rs"), "fn main() {}\n");
}

/// A program that prints the scores, as a suite of benchmarks; the refusals of each promotion.
#[test]
fn a_score_that_nobody_measured_refuses_a_promotion() {
    let scored = |health: Option<u32>, risk: Option<u32>| {
        let line = |name: &str, score: Option<u32>| {
            score.map_or_else(String::new, |score| {
                format!("{{\"name\": \"{name}\", \"unit\": \"score\", \"samples\": [{score}]}}\n")
            })
        };
        let gate = made(
            "\n[promotion]\nmax-risk = 40\n\n[[suite.bench]]\nname = \"scores\"\ncommand = [\"cargo\", \"run\", \"--quiet\", \
             \"--locked\", \"--package\", \"native\"]\nrounds = 1\n\n[[suite.bench.metric]]\nname = \"other\"\nat-most = 10.0\n",
        );
        let printed = format!(
            "{}{{\"name\": \"other\", \"unit\": \"score\", \"samples\": [1]}}",
            line("health", health) + &line("risk", risk)
        );
        gate.write(
            "native/src/main.rs",
            format!("fn main() {{\n    println!(\"{{}}\", r#\"{printed}\"#);\n}}\n"),
        );
        gate.commit("Scores");
        let run = gate.run(["pilot"]);
        assert_eq!(run.code, Some(0), "{run}");
        gate
    };
    refused(&scored(None, Some(10)), "pilot", "measured its health");
    refused(&scored(Some(90), None), "pilot", "measured its risk");
    refused(
        &scored(Some(59), Some(10)),
        "pilot",
        "measured a health of 59, and 60 is needed",
    );
    refused(
        &scored(Some(90), Some(41)),
        "pilot",
        "measured a risk of 41, and at most 40 is allowed",
    );
    let run = promote(&scored(Some(60), Some(40)), "pilot");
    assert_eq!(run.code, Some(0), "{run}");
}

#[test]
fn a_refused_promotion_names_what_blocks() {
    let gate = made(
        "\n[[suite.test]]\nname = \"fails\"\ncommand = [\"cargo\", \"no-such-command\"]\nformat = \"exit-code\"\n",
    );
    assert_eq!(gate.run(["pilot"]).code, Some(1));
    refused(&gate, "pilot", "is not ready for pilot: `suite.test.fails`");
}
