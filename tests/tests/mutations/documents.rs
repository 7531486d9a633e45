//! Mutations of documents: what they say is no longer so.

use super::machine::{COMMITTED, turn_the_gate_red};
use super::{Gate, Mutation};

/// Mutations that the checks of documents must find.
pub(crate) const ALL: &[Mutation] = &[
    Mutation {
        name: "move the page that a document leads to",
        check: "docs.links",
        apply: |gate| {
            declare(gate, "links = [\"README.md\"]");
            gate.write("README.md", "# Good\n\nSee the [guide](docs/guide.md#usage).\n");
            gate.write("docs/user-guide.md", "# Guide\n\n## Usage\n");
        },
        ..COMMITTED
    },
    Mutation {
        name: "show a command with a flag that does not exist",
        check: "docs.commands",
        apply: |gate| {
            declare(gate, "commands = [\"README.md\"]");
            gate.write(
                "README.md",
                "```console\ncargo test --package logic --lib\ncargo gate pilot --verify\n```\n",
            );
        },
        ..COMMITTED
    },
    Mutation {
        name: "show an example that does not exist",
        check: "docs.commands",
        apply: |gate| {
            declare(gate, "commands = [\"README.md\"]");
            gate.write("README.md", "```sh\ncargo run --package logic --example demo\n```\n");
        },
        ..COMMITTED
    },
    Mutation {
        name: "claim more than the policy does",
        check: "docs.sync",
        apply: |gate| {
            declare(gate, "generated = [\"CLAIMS.md\"]");
            gate.write("CLAIMS.md", "<!-- gate:generated claims -->\n<!-- gate:end -->\n");
            gate.git(["add", "CLAIMS.md"]);
            let run = gate.run(["source", "docs"]);
            assert_eq!(run.code, Some(0), "{run}");
            gate.replace("CLAIMS.md", "a tenth of production traffic", "all traffic");
        },
        ..COMMITTED
    },
    Mutation {
        name: "take the mark out of a generated file (S2.78)",
        check: "generated.declared",
        apply: |gate| {
            let files = "\n[[generated]]\nfiles = [\"schema/*.json\"]\ngenerator = \"cargo xtask schema\"\n";
            gate.append("gate.toml", files);
            gate.write("schema/reading.json", "{}\n");
        },
        ..COMMITTED
    },
    Mutation {
        name: "tick a roadmap box early",
        check: "status.drift",
        apply: |gate| {
            declare(gate, "status = [\"ROADMAP.md\"]");
            gate.write(
                "ROADMAP.md",
                "- [x] Commands are checked <!-- gate: docs.commands -->\n",
            );
        },
        ..COMMITTED
    },
    Mutation {
        name: "leave a box open that the evidence closes",
        check: "status.drift",
        apply: |gate| {
            declare(gate, "status = [\"ROADMAP.md\"]");
            gate.write("ROADMAP.md", "- [ ] Logic is tested <!-- gate: suite.test.logic -->\n");
        },
        ..COMMITTED
    },
    Mutation {
        name: "tick a whole whose part is open",
        check: "status.drift",
        apply: |gate| {
            declare(gate, "status = [\"ROADMAP.md\"]");
            gate.write("ROADMAP.md", "- [x] Everything\n  - [ ] Something\n");
        },
        ..COMMITTED
    },
];

fn declare(gate: &Gate, key: &str) {
    gate.append("gate.toml", &format!("\n[docs]\n{key}\n"));
}

#[test]
fn documents_turn_the_gate_red() {
    turn_the_gate_red(ALL);
}
