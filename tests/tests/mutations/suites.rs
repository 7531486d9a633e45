//! Mutations of suites: tests and tools that fail, are empty, are skipped, or only claim to run.

use gate_tests::planted;

use super::Mutation;
use super::checks::print_in_a_test;
use super::machine::{COMMITTED, blocking, ready, turn_the_gate_red};

const COMMAND: &str = "command = [\"cargo\", \"test\", \"--package\", \"logic\", \"--lib\", \"--locked\"]";

/// A suite of benchmarks that keeps its budget when it is given 110 and not when it is given more.
const BENCH: &str = "
[[suite.bench]]
name = \"steps\"
command = [\"cargo\", \"run\", \"--package\", \"logic\", \"--example\", \"measure\", \"--quiet\", \"--locked\"]
inputs = [\"logic/**\"]
rounds = 1

[[suite.bench.metric]]
name = \"new\"
reference = \"old\"
max-ratio = 1.1
";

fn measure(gate: &gate_tests::harness::Gate, steps: &str) {
    let line = |name: &str, steps: &str| {
        format!("    println!(\"{{{{\\\"name\\\": \\\"{name}\\\", \\\"samples\\\": [{steps}]}}}}\");\n")
    };
    let text = format!("fn main() {{\n{}{}}}\n", line("old", "100"), line("new", steps));
    gate.write("logic/examples/measure.rs", text);
    gate.append("gate.toml", BENCH);
}

/// Mutations that suites must find.
pub(crate) const ALL: &[Mutation] = &[
    Mutation {
        name: "make a benchmark slower than its budget",
        check: "suite.bench.steps",
        apply: |gate| measure(gate, "111"),
        ..COMMITTED
    },
    Mutation {
        name: "lose what was acknowledged when the system is killed",
        check: "suite.drill.store",
        apply: |gate| {
            let store = env!("CARGO_BIN_EXE_drill-store-under-test").replace('\\', "/");
            gate.append(
                "gate.toml",
                &format!(
                    "\n[[suite.drill]]\nname = \"store\"\nstart = [\"{store}\", \"serve\", \"{{port}}\", \"{{directory}}\", \"memory\"]\n\
                     load = [\"{store}\", \"load\", \"{{port}}\", \"{{until}}\"]\nread = [\"{store}\", \"dump\", \"{{port}}\"]\n\
                     ready = [\"{store}\", \"ready\", \"{{port}}\"]\nrepeats = 1\ninputs = [\"logic/**\"]\n\
                     [[suite.drill.fault]]\nname = \"killed\"\nkind = \"kill\"\nrecovery = \"2s\"\n"
                ),
            );
        },
        ..COMMITTED
    },
    Mutation {
        name: "let one of two implementations differ in one cell",
        check: "suite.equivalence.parity",
        apply: |gate| {
            let program = |last: &str| {
                format!(
                    "fn main() {{\n    let size = std::env::args().nth(1);\n    let last = size.as_deref() == Some(\"7\");\n    \
                     println!(\"{{{{\\\"size\\\": {{}}}}}}\", if last {{ {last} }} else {{ 0 }});\n}}\n"
                )
            };
            gate.write("logic/examples/one.rs", program("7"));
            gate.write("logic/examples/other.rs", program("8"));
            let run = |name: &str| {
                format!(
                    "[\"cargo\", \"run\", \"--quiet\", \"--locked\", \"--package\", \"logic\", \"--example\", \"{name}\", \"--\", \"{{size}}\"]"
                )
            };
            gate.append(
                "gate.toml",
                &format!(
                    "\n[[suite.equivalence]]\nname = \"parity\"\nversion = 1\ncommand = {}\ninputs = [\"logic/**\"]\n\
                     [[suite.equivalence.axis]]\nname = \"size\"\nvalues = [1, 7]\n\
                     [[suite.equivalence.reference]]\nname = \"other\"\ncommand = {}\n",
                    run("one"),
                    run("other")
                ),
            );
        },
        ..COMMITTED
    },
    Mutation {
        name: "fail a test of another tool",
        check: "suite.import.web",
        apply: |gate| {
            gate.write(
                "logic/examples/web.rs",
                "fn main() {\n    let results = \"<testsuite><testcase name='a'><failure/></testcase></testsuite>\";\n    \
                 std::fs::write(\"target/web.xml\", results).expect(\"results\");\n}\n",
            );
            gate.append(
                "gate.toml",
                "\n[[suite.import]]\nname = \"web\"\nformat = \"junit\"\nfiles = [\"target/web.xml\"]\n\
                 command = \"cargo run --quiet --locked --package logic --example web\"\n",
            );
        },
        ..COMMITTED
    },
    Mutation {
        name: "declare a training run without a record",
        check: "suite.ready.ranker",
        apply: |gate| {
            gate.write("model/config.yaml", "seed: 1\n");
            gate.append("gate.toml", "\n[[suite.ready]]\nname = \"ranker\"\nrun = \"model\"\n");
        },
        ..COMMITTED
    },
    Mutation {
        name: "spend an error budget",
        check: "suite.slo.service",
        // A moment shows no period.
        also: &["config.sanity"],
        apply: |gate| {
            gate.write(
                "load.jsonl",
                "{\"name\": \"availability\", \"good\": 980, \"total\": 1000}\n",
            );
            gate.append(
                "gate.toml",
                "\n[[suite.slo]]\nname = \"service\"\nfile = \"load.jsonl\"\nmin-history = \"0s\"\n\
                 [[suite.slo.objective]]\nname = \"availability\"\ntarget-percent = 99.0\n",
            );
        },
        ..COMMITTED
    },
    Mutation {
        name: "break the code under test",
        check: "suite.test.logic",
        apply: |gate| gate.replace("logic/src/lib.rs", "saturating_add(1)", "saturating_add(2)"),
        ..COMMITTED
    },
    Mutation {
        name: "break the build",
        check: "suite.test.logic",
        apply: |gate| {
            gate.replace(
                "logic/src/lib.rs",
                "count.saturating_add(1)",
                "count.saturating_add(one)",
            );
        },
        ..COMMITTED
    },
    Mutation {
        name: "empty a required suite",
        check: "suite.test.logic",
        apply: |gate| {
            let text = gate.read("logic/src/lib.rs");
            let at = text.find("\n#[cfg(test)]").expect("tests");
            gate.write("logic/src/lib.rs", &text[..at]);
        },
        ..COMMITTED
    },
    Mutation {
        name: "make a required suite skip",
        check: "suite.test.logic",
        apply: |gate| {
            let text = gate.read("logic/src/lib.rs");
            gate.write("logic/src/lib.rs", text.replace("#[test]", "#[test]\n    #[ignore]"));
        },
        ..COMMITTED
    },
    Mutation {
        name: "drop one test of a suite",
        check: "suite.test.logic",
        apply: |gate| {
            let text = gate.read("logic/src/lib.rs");
            gate.write(
                "logic/src/lib.rs",
                text.replacen("    #[test]\n", "    #[expect(dead_code)]\n", 1),
            );
        },
        ..COMMITTED
    },
    Mutation {
        name: "filter a suite to nothing",
        check: "suite.test.logic",
        apply: |gate| gate.replace("gate.toml", "\"--locked\"]", "\"--locked\", \"no-such-test\"]"),
        ..COMMITTED
    },
    Mutation {
        name: "put a command that succeeds in place of the tests",
        check: "suite.test.logic",
        apply: |gate| gate.replace("gate.toml", COMMAND, "command = [\"cargo\", \"--version\"]"),
        ..COMMITTED
    },
    Mutation {
        name: "leave a file unformatted",
        check: "suite.tool.format",
        apply: |gate| gate.append("native/src/lib.rs", "\n/// Two.\npub fn two()->u8{2}\n"),
        ..COMMITTED
    },
    Mutation {
        name: "plant a secret in a log (12)",
        check: "suite.test.logic",
        apply: |gate| {
            let token = planted::value("github_token");
            let (first, second) = token.split_at(20);
            print_in_a_test(gate, &format!("println!(\"{{}}{{}}\", \"{first}\", \"{second}\");"));
        },
        ..COMMITTED
    },
];

/// Mutations that need a shell.
pub(crate) const UNIX: &[Mutation] = &[Mutation {
    name: "wrap a failing command so that only a log line follows",
    check: "suite.test.logic",
    also: &[],
    apply: |gate| {
        gate.replace("logic/src/lib.rs", "saturating_add(1)", "saturating_add(2)");
        let wrapped =
            "command = [\"sh\", \"-c\", \"cargo test --package logic --lib --locked || echo some tests failed\"]";
        gate.replace("gate.toml", COMMAND, wrapped);
    },
    ..COMMITTED
}];

#[test]
pub(crate) fn suites_turn_the_gate_red() {
    turn_the_gate_red(ALL);
}

#[cfg(unix)]
#[test]
fn a_wrapped_failure_turns_the_gate_red() {
    turn_the_gate_red(UNIX);
}

#[test]
pub(crate) fn a_planted_secret_is_in_no_output() {
    let gate = ready();
    let token = planted::value("github_token");
    let (first, second) = token.split_at(20);
    print_in_a_test(&gate, &format!("println!(\"{{}}{{}}\", \"{first}\", \"{second}\");"));
    // In the tree as well, and in a variable whose value is recorded.
    gate.write("native/src/key.txt", format!("{token}\n"));
    gate.commit("Leak a token");
    for format in ["human", "json", "markdown", "junit", "sarif", "github"] {
        let mut command = gate.gate_command();
        command
            .env("CI", &token)
            .args(["pilot", "--keep-going", "--verbose", "--message-format", format]);
        let run = gate.finish(&mut command);
        assert_eq!(run.code, Some(1), "{run}");
        assert!(!run.stdout.contains(&token) && !run.stderr.contains(&token), "{run}");
    }
    let run = gate.run(["pilot", "--keep-going", "--message-format", "json"]);
    assert_eq!(
        blocking(&run.json()).into_iter().collect::<Vec<_>>(),
        ["secrets.tracked", "suite.test.logic"],
        "{run}"
    );
    let history = gate.read("target/gate/history.jsonl");
    let last: serde_json::Value = serde_json::from_str(history.lines().last().expect("a run")).expect("JSON");
    let run_id = last["run_id"].as_str().expect("the id of the run");
    let run = gate.workspace().join("target/gate/runs").join(run_id);
    let audit = std::fs::read_to_string(run.join("redaction_audit.json")).expect("an audit");
    assert!(
        audit.contains("\"status\": \"fail\"") && audit.contains("\"github_token\": 1"),
        "{audit}"
    );
    let mut kept = 0;
    holds(&gate.workspace().join("target/gate"), token.as_bytes(), &mut kept);
    assert!(kept > 20, "{kept} files were searched");
    assert_eq!(gate.run(["verify"]).code, Some(0));
}

/// Fails when a file below the directory holds the secret.
fn holds(directory: &std::path::Path, secret: &[u8], searched: &mut usize) {
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            holds(&path, secret, searched);
        } else if let Ok(bytes) = std::fs::read(&path) {
            *searched += 1;
            let found = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!found, "{} holds the secret", path.display());
        }
    }
}
