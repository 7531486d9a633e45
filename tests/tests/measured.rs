//! Suites of benchmarks and of service levels, as their users see them.

use gate_tests::gate;
use gate_tests::harness::Gate;

/// A program that measures sizes: the same on every machine.
const MEASURE: &str = "fn main() {\n    println!(\"{{\\\"name\\\": \\\"index\\\", \\\"unit\\\": \\\"KiB\\\", \\\"samples\\\": [100]}}\");\n}\n";

const BENCH: &str = "
[[suite.bench]]
name = \"sizes\"
command = [\"cargo\", \"run\", \"--package\", \"logic\", \"--example\", \"measure\", \"--quiet\", \"--locked\"]
reference-commit = \"released\"
inputs = [\"logic/**\"]
";

const SLO: &str = "
[[suite.slo]]
name = \"service\"
file = \"load.jsonl\"
min-history = \"0s\"

[[suite.slo.objective]]
name = \"availability\"
target-percent = 99.0
";

/// A workspace whose release is a tag.
fn released() -> Gate {
    let gate = gate!().fixture("good").file("logic/examples/measure.rs", MEASURE);
    gate.append("gate.toml", BENCH);
    let gate = gate.git_init();
    gate.git(["tag", "released"]);
    gate
}

fn grown(gate: &Gate, size: u32) {
    gate.write(
        "logic/examples/measure.rs",
        MEASURE.replace("[100]", &format!("[{size}]")),
    );
    gate.commit("another size");
}

#[test]
fn another_commit_is_measured_in_the_same_run() {
    let gate = released();
    let status = || gate.git(["status", "--porcelain", "--ignored=no"]);
    let run = gate.run(["suite", "sizes"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(
        run.stdout
            .contains("index: 100 KiB (2 samples), 1.00 times the 100 KiB of its reference (1.00 to 1.00 in 2 pairs)"),
        "{run}"
    );
    grown(&gate, 119);
    assert_eq!(gate.run(["suite", "sizes"]).code, Some(0));
    grown(&gate, 121);
    let run = gate.run(["suite", "sizes"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stdout
            .contains("`index` is 1.21 times its reference; at most 1.20 is allowed"),
        "{run}"
    );
    // Nothing but the target directory was written.
    assert_eq!(status(), "");
    assert_eq!(
        gate.git(["worktree", "list", "--porcelain"])
            .matches("worktree ")
            .count(),
        1
    );

    gate.replace(
        "gate.toml",
        "inputs = [\"logic/**\"]\n",
        "inputs = [\"logic/**\"]\nmode = \"soft\"\n",
    );
    let run = gate.run(["suite", "sizes"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stdout.contains("WARN suite.bench.sizes"), "{run}");
    gate.replace("gate.toml", "mode = \"soft\"", "mode = \"nightly\"");
    grown(&gate, 110);
    let run = gate.run(["suite", "sizes"]);
    assert!(
        run.stdout.contains("1.10 times its reference; at most 1.08 is allowed"),
        "{run}"
    );

    gate.write("logic/examples/measure.rs", "fn main() {}\n");
    let run = gate.run(["suite", "sizes"]);
    assert_eq!(run.code, Some(3), "{run}");
    assert!(run.stdout.contains("no benchmark was measured"), "{run}");

    gate.replace("gate.toml", "\"released\"", "\"no-such-tag\"");
    let run = gate.run(["suite", "sizes"]);
    assert_eq!(run.code, Some(3), "{run}");
    assert!(run.stdout.contains("there is no commit `no-such-tag`"), "{run}");
}

/// A branch moves on, and evidence about where it was is none about where it is.
#[test]
fn what_the_reference_is_belongs_to_the_evidence() {
    let gate = released();
    let plan = || gate.run(["pilot", "--plan"]).stdout;
    assert!(plan().contains("suite.bench.sizes"), "{}", plan());
    assert_eq!(gate.run(["pilot"]).code, Some(0));
    let line = |plan: &str| {
        plan.lines()
            .find(|line| line.contains("suite.bench.sizes"))
            .map(str::to_owned)
    };
    assert!(line(&plan()).is_some_and(|line| line.contains("reuse")), "{}", plan());
    gate.write("README.md", "more\n");
    gate.commit("nothing that is measured");
    gate.git(["tag", "--force", "released"]);
    let moved = line(&plan()).unwrap_or_default();
    assert!(moved.contains("reference"), "{moved}");
}

#[test]
fn a_promise_is_held_over_runs() {
    let gate = gate!().fixture("good").file(
        "load.jsonl",
        "{\"name\": \"availability\", \"good\": 1000, \"total\": 1000}\n",
    );
    gate.append("gate.toml", SLO);
    let gate = gate.git_init();
    let pilot = || gate.run(["pilot"]);
    assert_eq!(pilot().code, Some(0), "{}", pilot());
    let measured = |good: u32, total: u32| {
        gate.write(
            "load.jsonl",
            format!("{{\"name\": \"availability\", \"good\": {good}, \"total\": {total}}}\n"),
        );
        gate.commit("a window");
    };
    // A run that shows too little does not pass, and what it showed counts.
    measured(95, 100);
    let run = gate.run(["suite", "service"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(
        run.stdout.contains("availability: 5 of 1100 events bad, 1 % allowed"),
        "{run}"
    );
    measured(950, 1000);
    let run = pilot();
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stdout.contains("events of `availability` were bad in the last"),
        "{run}"
    );
    // This run is good, and the promise is still broken.
    measured(999, 1000);
    assert_eq!(pilot().code, Some(1), "{run}");
    assert_eq!(gate.git(["status", "--porcelain"]), "");
}

/// `cargo gate suite` with as many jobs as suites: a benchmark starts when everything else has ended.
#[test]
fn a_benchmark_runs_alone() {
    let gate = released();
    let run = gate.run(["pilot", "--jobs", "4", "--message-format", "json", "--fresh"]);
    assert_eq!(run.code, Some(0), "{run}");
    let history = gate.read("target/gate/history.jsonl");
    let last: serde_json::Value = serde_json::from_str(history.lines().last().expect("a run")).expect("JSON");
    let audit = gate.read(&format!(
        "target/gate/runs/{}/audit.jsonl",
        last["run_id"].as_str().expect("a run")
    ));
    let steps: Vec<serde_json::Value> = audit
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    // The steps are in the order in which they ended.
    let last = steps
        .iter()
        .filter_map(|step| step["step"].as_str())
        .rfind(|step| step.starts_with("suite."));
    assert_eq!(last, Some("suite.bench.sizes"), "{audit}");
}

/// A program that needs this much memory.
#[cfg(unix)]
fn needs(mebibytes: u32) -> String {
    format!("fn main() {{\n    std::hint::black_box(vec![1_u8; {mebibytes} << 20]);\n}}\n")
}

/// The program of each side is built in the target directory of that side, and only then measured.
#[test]
#[cfg(unix)]
fn the_memory_of_a_program_is_compared_with_another_commit() {
    let gate = gate!().fixture("good").file("logic/examples/measure.rs", &needs(40));
    gate.append(
        "gate.toml",
        "\n[[suite.bench]]\nname = \"program\"\nreference-commit = \"released\"\ninputs = [\"logic/**\"]\nprocess = [\"memory\"]\n\
         build = [\"cargo\", \"build\", \"--package\", \"logic\", \"--example\", \"measure\", \"--locked\"]\n\
         command = [\"{target}/debug/examples/measure\"]\n",
    );
    let gate = gate.git_init();
    gate.git(["tag", "released"]);
    let run = gate.run(["suite", "program"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stdout.contains("memory: 4"), "{run}");
    assert!(run.stdout.contains(" times the 4"), "{run}");

    gate.write("logic/examples/measure.rs", needs(48));
    gate.commit("more memory");
    let run = gate.run(["suite", "program"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(run.stdout.contains("`memory` is 1.1"), "{run}");
    assert!(run.stdout.contains("at most 1.05 is allowed"), "{run}");
}

/// The command decides when it ends, and its end is reported.
#[test]
#[cfg(unix)]
fn what_asks_a_measured_command_to_end_is_for_the_command() {
    use std::io::{BufRead as _, BufReader};
    use std::os::unix::process::CommandExt as _;
    use std::process::{Command, Stdio};

    let directory = tempfile::tempdir().expect("a directory");
    let report = directory.path().join("usage.json");
    let mut helper = Command::new(env!("CARGO_BIN_EXE_cargo-gate-under-test"))
        .arg(gate_base::process::usage::ARGUMENT)
        .arg(&report)
        .args(["sh", "-c", "trap 'exit 3' TERM; echo up; read line; exit 4"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .expect("the helper");
    let mut line = String::new();
    let stdout = helper.stdout.take().expect("its output");
    BufReader::new(stdout).read_line(&mut line).expect("a line");
    assert_eq!(line, "up\n");
    let group = format!("-{}", helper.id());
    let asked = Command::new("kill").args(["-s", "TERM", "--", &group]).status();
    assert!(asked.expect("kill").success());
    assert_eq!(helper.wait().expect("its end").code(), Some(3));
    let report = std::fs::read_to_string(report).expect("a report");
    assert!(report.contains("\"exit_code\":3"), "{report}");
}
