//! Claims that are put together, and what is promoted on them: whatever is left out, exchanged or changed is refused, with the reason.

use std::fs;
use std::path::PathBuf;

use gate_tests::harness::{Gate, Run};
use serde_json::Value;

use super::fixture::{OTHER, PUBLIC, dry_run, key, output, shipped, tag, tagged};

const ONE: &str = "target/one.tar.gz";
const TWO: &str = "target/two.tar.gz";
const MERGED: &str = "target/merged.json";
const REGISTRY: &str = "target/registry.jsonl";

/// Runs a shard and bundles the run.
fn shard(gate: &Gate, partition: &str, bundle: &str) {
    let run = gate.run(["pilot", "--partition", partition]);
    assert_eq!(run.code, Some(5), "{run}");
    let bundled = gate.run(["evidence", "bundle", "--out", bundle]);
    assert_eq!(bundled.code, Some(0), "{bundled}");
}

fn merge(gate: &Gate, words: &[&str]) -> Run {
    gate.run([&["evidence", "merge"], words].concat())
}

fn edited(gate: &Gate, path: &str, change: impl Fn(&mut Value)) {
    let mut document: Value = serde_json::from_str(&gate.read(path)).expect("JSON");
    change(&mut document);
    let mut text = serde_json::to_string_pretty(&document).expect("JSON");
    text.push('\n');
    gate.write(path, text);
}

/// Every row restores what it changed.
fn row(what: &str, run: &Run, because: &str) {
    assert!(matches!(run.code, Some(1 | 2)), "{what}: {run}");
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(said.contains(because), "{what}: `{because}`: {run}");
}

#[test]
fn a_merged_claim_is_held_to_all_its_shards() {
    let gate = tagged(shipped());
    shard(&gate, "1/2", ONE);
    shard(&gate, "2/2", TWO);
    let key = key(&gate);
    let both = merge(&gate, &[ONE, TWO, "--out", MERGED, "--key", &key]);
    assert_eq!(both.code, Some(0), "{both}");
    gate.write("target/release.pub", PUBLIC);
    gate.write("target/other.pub", OTHER);
    let verify = || gate.run(["verify", MERGED, "--authority", "target/release.pub"]);
    assert_eq!(verify().code, Some(0));

    row("shard left out", &merge(&gate, &[ONE]), "no run is shard 2/2");
    row("shard twice", &merge(&gate, &[ONE, ONE, TWO]), "are the same run");
    let genuine = gate.read(MERGED);
    let signature = gate.read("target/merged.json.sig");
    let change = |what: &str, change: &dyn Fn(&mut Value), because: &str| {
        edited(&gate, MERGED, change);
        row(what, &verify(), because);
        // Without its signature it is held to what it says itself.
        gate.remove("target/merged.json.sig");
        assert_eq!(verify().code, Some(1), "{what}");
        gate.write("target/merged.json.sig", &signature);
        gate.write(MERGED, &genuine);
    };
    change(
        "shard under another number",
        &|merged| merged["runs"][1]["partition"]["shard"] = 1.into(),
        "no run is shard 2/2",
    );
    change(
        "shard taken out of the merged decision",
        &|merged| drop(merged["runs"].as_array_mut().expect("runs").pop()),
        "no run is shard 2/2",
    );
    gate.write(
        MERGED,
        genuine.replacen("\"stage\": \"pilot\"", "\"stage\": \"broad\"", 1),
    );
    row("merged decision for another stage", &verify(), "the signature");
    gate.write(MERGED, &genuine);
    let foreign = gate.run(["verify", MERGED, "--authority", "target/other.pub"]);
    row(
        "merged decision of a key that is not asked for",
        &foreign,
        "the signature",
    );
    let mut bytes = fs::read(gate.workspace().join(ONE)).expect("a bundle");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    gate.write("target/flipped.tar.gz", &bytes);
    row(
        "bundle of a shard",
        &merge(&gate, &["target/flipped.tar.gz", TWO]),
        "flipped.tar.gz",
    );

    gate.append("part/src/lib.rs", "\n// More.\n");
    gate.commit("more");
    tag(&gate);
    row(
        "replayed decision of another commit",
        &merge(&gate, &[ONE, TWO]),
        "but the claim is about",
    );
    shard(&gate, "2/2", "target/three.tar.gz");
    row(
        "shards of two trees",
        &merge(&gate, &[ONE, "target/three.tar.gz"]),
        "differ in the files of the workspace",
    );
}

fn promote(gate: &Gate, artifact: &str, to: &str) -> Run {
    let words = [
        "govern", "promote", artifact, "--to", to, "--by", "ada", "--reason", "a test",
    ];
    gate.run(words.into_iter().chain(["--registry", REGISTRY]))
}

#[test]
fn events_of_the_registry_are_held_to_each_other_and_to_the_release() {
    let gate = tagged(shipped());
    let made = dry_run(&gate);
    assert_eq!(made.code, Some(0), "{made}");
    let artifact: PathBuf = output(&gate).join("shipped-part-1.0.0.crate");
    let artifact = artifact.to_str().expect("a path");
    assert_eq!(promote(&gate, artifact, "pilot").code, Some(0));
    assert_eq!(promote(&gate, artifact, "none").code, Some(2), "no state");
    let events = gate.read(REGISTRY);
    let with = |what: &str, text: &str, because: &str| {
        gate.write(REGISTRY, text);
        row(what, &promote(&gate, artifact, "controlled"), because);
        gate.write(REGISTRY, &events);
    };
    with(
        "event that skips a state",
        &events.replace("\"to\":\"pilot\"", "\"to\":\"broad\""),
        "which skips pilot",
    );
    with(
        "event twice",
        &(events.clone() + &events),
        "line 2: does not follow the line before it",
    );
    let line = events.trim_end();
    let next = format!("\"previous\":\"{}\"", gate_base::digest::sha256_hex(line.as_bytes()));
    let forged = line
        .replace("\"from\":\"none\"", "\"from\":\"controlled\"")
        .replace("\"to\":\"pilot\"", "\"to\":\"broad\"")
        .replace("\"previous\":\"\"", &next);
    with(
        "event that was written by hand",
        &format!("{line}\n{forged}\n"),
        "line 2: starts from controlled, but the artifact is in pilot",
    );
    with(
        "event that leaves a field out",
        &events.replace("\"by\":\"ada\",", ""),
        "missing field `by`",
    );

    // The release that is the proof: its receipt and its journal.
    let other = gate.workspace().join("target/other.crate");
    let mut bytes = fs::read(artifact).expect("an artifact");
    bytes.push(0);
    fs::write(&other, &bytes).expect("written");
    row(
        "artifact of no release",
        &promote(&gate, "target/other.crate", "pilot"),
        "was not made by a release of this workspace",
    );
    let receipt = output(&gate).join("receipt.json");
    let text = fs::read_to_string(&receipt).expect("a receipt");
    let own = gate_base::digest::sha256_hex(&fs::read(artifact).expect("an artifact"));
    let forged = gate_base::digest::sha256_hex(&bytes);
    fs::write(&receipt, text.replace(&own, &forged)).expect("written");
    row(
        "receipt that lists it",
        &promote(&gate, "target/other.crate", "pilot"),
        "was not made by a release of this workspace",
    );
}
