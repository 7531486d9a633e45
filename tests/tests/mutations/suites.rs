//! Mutations of suites: tests and tools that fail, are empty, are skipped, or only claim to run.

use super::Mutation;
use super::machine::{COMMITTED, turn_the_gate_red};

const COMMAND: &str = "command = [\"cargo\", \"test\", \"--package\", \"logic\", \"--lib\", \"--locked\"]";

/// Mutations that suites must find.
pub(crate) const ALL: &[Mutation] = &[
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
fn suites_turn_the_gate_red() {
    turn_the_gate_red(ALL);
}

#[cfg(unix)]
#[test]
fn a_wrapped_failure_turns_the_gate_red() {
    turn_the_gate_red(UNIX);
}
