//! Mutations that the checks of the supply chain must find.

use std::fs;

use gate_tests::harness::day;

use super::machine::{COMMITTED, turn_the_gate_red};
use super::{Gate, Mutation};

/// Mutations that they must find.
pub(crate) const ALL: &[Mutation] = &[
    Mutation {
        name: "depend on a package with a known vulnerability",
        check: "supply.advisories",
        apply: |gate| depend_on_greet(gate, "1.0.0"),
        ..COMMITTED
    },
    Mutation {
        name: "depend on a version that was yanked",
        check: "supply.yanked",
        apply: |gate| {
            depend_on_greet(gate, "1.0.1");
            let line = format!(
                "{{\"name\":\"greet\",\"vers\":\"1.0.1\",\"cksum\":\"{}\",\"yanked\":true}}",
                "0".repeat(64)
            );
            gate.write(
                "cargo-home/registry/index/index.crates.io-1949cf8c6b5b557f/.cache/gr/ee/greet",
                format!("\u{3}\u{2}\0\0\0etag\x001.0.1\0{line}\0"),
            );
        },
        variables: &[("CARGO_HOME", "cargo-home")],
        ..COMMITTED
    },
    Mutation {
        name: "let the waiver for an advisory expire (10)",
        check: "waiver.valid",
        also: &["supply.advisories"],
        apply: |gate| {
            depend_on_greet(gate, "1.0.0");
            accept_the_advisory(gate, &day(-1));
        },
        ..COMMITTED
    },
    Mutation {
        name: "accept an advisory that no longer matters (10)",
        check: "waiver.valid",
        apply: |gate| {
            depend_on_greet(gate, "1.0.1");
            accept_the_advisory(gate, &day(30));
        },
        ..COMMITTED
    },
];

/// Makes the workspace depend on a package with a known vulnerability, or on the version that repairs it.
fn depend_on_greet(gate: &Gate, version: &str) {
    let files = [
        (
            ".cargo/config.toml",
            "[source.crates-io]\nreplace-with = \"vendored\"\n\n[source.vendored]\ndirectory = \"vendor\"\n".to_owned(),
        ),
        (
            "vendor/greet/Cargo.toml",
            format!("[package]\nname = \"greet\"\nversion = \"{version}\"\nedition = \"2024\"\n"),
        ),
        ("vendor/greet/src/lib.rs", "//! Greets.\n".to_owned()),
        (
            "vendor/greet/.cargo-checksum.json",
            format!("{{\"files\":{{}},\"package\":\"{}\"}}\n", "0".repeat(64)),
        ),
        (
            "advisory-db/crates/greet/RUSTSEC-2026-0001.md",
            format!(
                "```toml\n[advisory]\nid = \"RUSTSEC-2026-0001\"\npackage = \"greet\"\ndate = \"{}\"\n\n[versions]\npatched = \
                 [\">= 1.0.1\"]\n```\n\n# Greeting runs what the guest says\n\nFixed in 1.0.1.\n",
                day(-3)
            ),
        ),
    ];
    for (path, text) in files {
        let parent = gate.workspace().join(path);
        fs::create_dir_all(parent.parent().expect("a file lies somewhere")).expect("a directory");
        gate.write(path, text);
    }
    gate.replace(
        "Cargo.toml",
        "members = [\"logic\", \"native\"]",
        "members = [\"logic\", \"native\"]\nexclude = [\"vendor\"]",
    );
    gate.append("logic/Cargo.toml", "\n[dependencies]\ngreet = \"1\"\n");
    let greet = format!(
        "[[package]]\nname = \"greet\"\nversion = \"{version}\"\nsource = \
         \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{}\"\n\n[[package]]\nname = \
         \"logic\"\nversion = \"0.1.0\"\ndependencies = [\n \"greet\",\n]\n",
        "0".repeat(64)
    );
    gate.replace(
        "Cargo.lock",
        "[[package]]\nname = \"logic\"\nversion = \"0.1.0\"\n",
        &greet,
    );
    gate.append("gate.toml", "\n[supply]\nadvisory-db = \"advisory-db\"\n");
}

fn accept_the_advisory(gate: &Gate, expires: &str) {
    let waiver = format!(
        "\n[[waiver]]\ncheck = \"supply.advisories\"\ncontains = \"RUSTSEC-2026-0001 in `greet 1.0.0`\"\nowner = \"platform \
         team\"\nreason = \"guests are not let in before the successor lands\"\nexpires = {expires}\n"
    );
    gate.append("gate.toml", &waiver);
}

#[test]
fn the_supply_chain_turns_the_gate_red() {
    turn_the_gate_red(ALL);
}
