//! A measurement, not a test: the suite `warm` of this repository's `gate.toml` runs it and judges the ratio.

use std::process::Command;
use std::time::Instant;

use gate_tests::gate;

/// Rounds, in which both take turns.
const ROUNDS: usize = 15;

/// A suite that costs nothing, so that the first run of the gate is as quick as the others.
const SUITE: &str = "[[suite.test]]\nname = \"logic\"\nformat = \"exit-code\"\ncommand = [\"cargo\", \"--version\"]\n";

fn milliseconds(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64() * 1e3
}

/// What a warm `cargo gate pilot` takes beside the `cargo metadata` that everybody waits for anyway.
#[test]
#[ignore = "a measurement, which `cargo gate suite warm` runs"]
fn warm_pilot_beside_cargo_metadata() {
    let gate = gate!().fixture("good");
    let text = gate.read("gate.toml");
    let (before, rest) = text.split_once("[[suite.test]]").expect("a suite of tests");
    let (_, after) = rest.split_once("[[suite.tool]]").expect("a suite over a tool");
    gate.write("gate.toml", format!("{before}{SUITE}\n[[suite.tool]]{after}"));
    let gate = gate.git_init();
    let pilot = || {
        let run = gate.run(["pilot"]);
        assert_eq!(run.code, Some(0), "{run}");
    };
    let metadata = || {
        let output = Command::new("cargo")
            .args(["metadata", "--format-version", "1", "--locked", "--offline"])
            .current_dir(gate.workspace())
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    pilot();
    pilot();
    metadata();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(milliseconds(pilot));
        theirs.push(milliseconds(metadata));
    }
    for (name, samples) in [("warm pilot", ours), ("cargo metadata", theirs)] {
        println!(
            "\n{}",
            serde_json::json!({ "name": name, "unit": "ms", "samples": samples })
        );
    }
}
