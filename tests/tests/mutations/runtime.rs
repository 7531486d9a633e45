//! Mutations of what a workspace with gated kernels owes: its production suites, and records of runs that hold.

use super::machine::{COMMITTED, turn_the_gate_red};
use super::{Gate, Mutation};

/// Mutations that the checks of runtimes must find.
pub(crate) const ALL: &[Mutation] = &[
    Mutation {
        name: "run kernels without the production suites",
        check: "runtime.prod",
        apply: |gate| declare(gate, ""),
        ..COMMITTED
    },
    Mutation {
        name: "cut the decision log off",
        check: "decision-log.valid",
        // Nothing else is declared, so the production suites are missing as well.
        also: &["runtime.prod"],
        apply: |gate| {
            declare(gate, "decision-logs = [\"log.jsonl\"]\n");
            gate.write("log.jsonl", "{\"schema_version\":1,\"event\":\"open\",\"run_id\":");
        },
        ..COMMITTED
    },
    Mutation {
        name: "lose what the store of kernels held",
        check: "kernels.cache",
        apply: |gate| {
            gate.append("gate.toml", "\n[cache]\nreports = [\"cache.json\"]\n");
            gate.write("cache.json", "{\"lookups\": 11, \"hits\": 0}\n");
        },
        ..COMMITTED
    },
    Mutation {
        name: "empty the run stats",
        check: "run-stats.valid",
        also: &["runtime.prod"],
        apply: |gate| {
            declare(gate, "run-stats = [\"stats.json\"]\n");
            gate.write("stats.json", "{\"schema_version\":1}\n");
        },
        ..COMMITTED
    },
];

fn declare(gate: &Gate, keys: &str) {
    gate.append("gate.toml", &format!("\n[runtime]\n{keys}"));
}

#[test]
fn broken_records_of_runs_turn_the_gate_red() {
    turn_the_gate_red(ALL);
}
