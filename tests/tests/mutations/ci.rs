//! Mutations that the checks of continuous integration must find.

use super::Mutation;
use super::machine::{COMMITTED, turn_the_gate_red};

/// Mutations that they must find.
pub(crate) const ALL: &[Mutation] = &[
    Mutation {
        name: "build without the lockfile in CI",
        check: "ci.locked",
        apply: |gate| gate.replace(WORKFLOW, "cargo build --workspace --locked", "cargo build --workspace"),
        ..COMMITTED
    },
    Mutation {
        name: "hide a build without the lockfile behind make",
        check: "ci.locked",
        apply: |gate| {
            gate.replace(WORKFLOW, "cargo build --workspace --locked", "make build");
            gate.write("Makefile", "build:\n\tcargo build --workspace\n");
        },
        ..COMMITTED
    },
    Mutation {
        name: "remove the gate from CI (20)",
        check: "ci.gate-wired",
        apply: |gate| gate.replace(WORKFLOW, "cargo gate broad --locked", "cargo test --workspace --locked"),
        ..COMMITTED
    },
    Mutation {
        name: "let CI pass when the gate refuses (16, 20)",
        check: "ci.gate-wired",
        apply: |gate| {
            gate.replace(
                WORKFLOW,
                "cargo gate broad --locked",
                "cargo gate broad --locked | tee gate.log",
            );
        },
        also: &["ci.matrix"],
        ..COMMITTED
    },
    Mutation {
        name: "delete the workflow (20)",
        check: "ci.gate-wired",
        also: &["ci.matrix"],
        apply: |gate| gate.remove(WORKFLOW),
        ..COMMITTED
    },
    Mutation {
        name: "name an action by its tag",
        check: "ci.actions-pinned",
        apply: |gate| gate.replace(WORKFLOW, "@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2", "@v4"),
        ..COMMITTED
    },
    Mutation {
        name: "take a claimed platform out of the matrix",
        check: "ci.matrix",
        apply: |gate| gate.replace(WORKFLOW, "[ubuntu-latest, macos-latest]", "[ubuntu-latest]"),
        ..COMMITTED
    },
];

/// The workflow of the good workspace.
const WORKFLOW: &str = ".github/workflows/gate.yml";

#[test]
fn continuous_integration_turns_the_gate_red() {
    turn_the_gate_red(ALL);
}
