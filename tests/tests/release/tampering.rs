//! Whatever is changed in what a release handed out is found, with the reason.

use std::fs;
use std::path::Path;

use data_encoding::BASE64;
use gate_base::digest::sha256_hex;
use gate_policy::authority::PrivateKey;
use gate_tests::harness::Gate;
use serde_json::Value;

use super::fixture::{OTHER, directory, dry_run, output, shipped, tagged};

/// Changes something in a copy of what was handed out.
type Change<'c> = Box<dyn Fn(&Path) + 'c>;

fn edit(directory: &Path, name: &str, from: &str, to: &str) {
    let path = directory.join(name);
    let text = fs::read_to_string(&path).expect("a file");
    assert!(text.contains(from), "`{from}` in {name}");
    fs::write(path, text.replace(from, to)).expect("written");
}

fn flip(directory: &Path, name: &str) {
    let path = directory.join(name);
    let mut bytes = fs::read(&path).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).expect("written");
}

/// Makes the receipt agree with the files, as one would who hides a change.
fn cover_up(directory: &Path) {
    let path = directory.join("receipt.json");
    let mut receipt: Value = serde_json::from_slice(&fs::read(&path).expect("a receipt")).expect("JSON");
    for file in receipt["files"].as_array_mut().expect("files") {
        let bytes = fs::read(directory.join(file["path"].as_str().expect("a path"))).expect("a file");
        file["size"] = bytes.len().into();
        file["sha256"] = sha256_hex(&bytes).into();
    }
    let mut text = serde_json::to_string_pretty(&receipt).expect("JSON");
    text.push('\n');
    fs::write(path, text).expect("written");
}

/// An envelope over another payload, with the signature it had.
fn swap_payload(directory: &Path, name: &str, from: &str, to: &str) {
    let path = directory.join(name);
    let mut envelope: Value = serde_json::from_slice(&fs::read(&path).expect("an envelope")).expect("JSON");
    let payload = BASE64
        .decode(envelope["payload"].as_str().expect("a payload").as_bytes())
        .expect("base64");
    let text = String::from_utf8(payload).expect("text");
    assert!(text.contains(from), "`{from}` in {name}");
    envelope["payload"] = BASE64.encode(text.replace(from, to).as_bytes()).into();
    fs::write(path, serde_json::to_vec_pretty(&envelope).expect("JSON")).expect("written");
}

fn copied(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a directory").flatten() {
        fs::copy(entry.path(), to.join(entry.file_name())).expect("copied");
    }
}

#[test]
fn tampering_is_refused_with_the_reason() {
    let gate = tagged(shipped());
    let made = dry_run(&gate);
    assert_eq!(made.code, Some(0), "{made}");
    let genuine = gate.workspace().join("target/genuine");
    copied(&output(&gate), &genuine);
    // The release of another commit, by the same key.
    fs::remove_dir_all(directory(&gate)).expect("removed");
    gate.commit("another commit");
    let made = dry_run(&gate);
    assert_eq!(made.code, Some(0), "{made}");
    // Between two releases a dry run goes on, and says what would keep it from being one.
    for place in [
        "the tag `v1.0.0` names commit",
        "in `origin` the tag `v1.0.0` names commit",
    ] {
        assert!(made.stderr.contains(&format!("Noting that {place}")), "{made}");
    }
    let other = output(&gate);
    let replay = |directory: &Path, name: &str| {
        fs::copy(other.join(name), directory.join(name)).expect("copied");
    };

    let part = "shipped-part-1.0.0.crate";
    let bill = "shipped-app-1.0.0.cdx.json";
    let table: Vec<(&str, Change<'_>, &str)> = vec![
        (
            "artifact",
            Box::new(|at| flip(at, part)),
            "shipped-part-1.0.0.crate: it has SHA-256",
        ),
        (
            "artifact, with its checksum and the receipt",
            Box::new(|at| {
                let old = sha256_hex(&fs::read(at.join(part)).expect("a file"));
                flip(at, part);
                let new = sha256_hex(&fs::read(at.join(part)).expect("a file"));
                edit(at, "SHA256SUMS", &old, &new);
                cover_up(at);
            }),
            "receipt.json: it is not the receipt that was signed",
        ),
        (
            "artifact, covered up: the statements are about another",
            Box::new(|at| {
                flip(at, part);
                cover_up(at);
            }),
            "provenance.dsse.json: it is about other files than those of the release",
        ),
        (
            "artifact removed",
            Box::new(|at| fs::remove_file(at.join(part)).expect("removed")),
            "shipped-part-1.0.0.crate: the file is missing",
        ),
        (
            "artifact added",
            Box::new(|at| fs::write(at.join("extra.tar.gz"), "more").expect("written")),
            "extra.tar.gz: the receipt does not list it",
        ),
        (
            "bill of materials",
            Box::new(|at| edit(at, bill, "\"name\": \"shipped-part\"", "\"name\": \"shipped-para\"")),
            "shipped-app-1.0.0.cdx.json: it has SHA-256",
        ),
        (
            "bill of materials without a dependency, covered up",
            Box::new(|at| {
                let path = at.join(bill);
                let mut document: Value = serde_json::from_slice(&fs::read(&path).expect("a bill")).expect("JSON");
                document["components"] = Value::Array(Vec::new());
                fs::write(&path, serde_json::to_vec_pretty(&document).expect("JSON")).expect("written");
                cover_up(at);
            }),
            "`path#shipped-part@1.0.0` is in Cargo.lock and not in the bill of materials",
        ),
        (
            "lockfile",
            Box::new(|at| {
                edit(
                    at,
                    "Cargo.lock",
                    "[[package]]\nname = \"shipped-part\"",
                    "[[package]]\nname = \"shipped-para\"",
                );
            }),
            "Cargo.lock: it has SHA-256",
        ),
        (
            "checksums",
            Box::new(|at| {
                edit(at, "SHA256SUMS", part, "shipped-para-1.0.0.crate");
                cover_up(at);
            }),
            "SHA256SUMS: its lines are not those of the receipt",
        ),
        (
            "provenance",
            Box::new(|at| {
                swap_payload(
                    at,
                    "provenance.dsse.json",
                    "\"profile\": \"dev\"",
                    "\"profile\": \"release\"",
                );
            }),
            "provenance.dsse.json: its signature by SHA256:",
        ),
        (
            "signature",
            Box::new(|at| {
                let path = at.join("provenance.dsse.json");
                let mut envelope: Value = serde_json::from_slice(&fs::read(&path).expect("an envelope")).expect("JSON");
                let signature = BASE64.encode(&[7; 64]);
                envelope["signatures"][0]["sig"] = signature.into();
                fs::write(path, envelope.to_string()).expect("written");
            }),
            "does not match what it holds",
        ),
        (
            "no signature",
            Box::new(|at| {
                let path = at.join("decision.dsse.json");
                let mut envelope: Value = serde_json::from_slice(&fs::read(&path).expect("an envelope")).expect("JSON");
                envelope["signatures"] = Value::Array(Vec::new());
                fs::write(path, envelope.to_string()).expect("written");
            }),
            "decision.dsse.json: it has no signature",
        ),
        (
            "another key",
            Box::new(|at| {
                for entry in fs::read_dir(at).expect("a directory").flatten() {
                    if entry.file_name().to_string_lossy().ends_with(".dsse.json") {
                        resign(&entry.path());
                    }
                }
                cover_up(at);
            }),
            "which is not a declared authority",
        ),
        (
            "receipt",
            Box::new(|at| edit(at, "receipt.json", "\"tag\": \"v1.0.0\"", "\"tag\": \"v1.0.1\"")),
            "receipt.json: it is not the receipt that was signed",
        ),
        (
            "receipt without its signature",
            Box::new(|at| fs::remove_file(at.join("receipt.dsse.json")).expect("removed")),
            "receipt.dsse.json: the receipt is not signed",
        ),
        (
            "receipt of another release",
            Box::new(|at| {
                replay(at, "receipt.json");
                replay(at, "receipt.dsse.json");
            }),
            "decision.json: it is about commit",
        ),
        (
            "decision",
            Box::new(|at| edit(at, "decision.json", "\"stage\": \"pilot\"", "\"stage\": \"broad\"")),
            "decision.json: it is not the decision that the receipt names",
        ),
        (
            "decision of another commit",
            Box::new(|at| {
                replay(at, "decision.json");
                cover_up(at);
            }),
            "decision.json: it is about commit",
        ),
        (
            "statement about the decision for another commit",
            Box::new(|at| {
                replay(at, "decision.dsse.json");
                cover_up(at);
            }),
            "decision.dsse.json: it is about commit",
        ),
        (
            "provenance of another commit",
            Box::new(|at| {
                replay(at, "provenance.dsse.json");
                cover_up(at);
            }),
            "provenance.dsse.json: it is about commit",
        ),
        (
            "summary that rests on other statements",
            Box::new(|at| {
                replay(at, "verification-summary.dsse.json");
                cover_up(at);
            }),
            "verification-summary.dsse.json: it rests on another statement",
        ),
        (
            "statement in place of another",
            Box::new(|at| {
                fs::copy(at.join("provenance.dsse.json"), at.join("decision.dsse.json")).expect("copied");
                cover_up(at);
            }),
            "decision.dsse.json: its predicate is",
        ),
        (
            "statement removed, covered up",
            Box::new(|at| {
                fs::remove_file(at.join("verification-result.dsse.json")).expect("removed");
                edit(at, "receipt.json", "verification-result.dsse.json", "SHA256SUMS");
                cover_up(at);
            }),
            "verification-result.dsse.json: the statement is missing",
        ),
    ];
    let copy = gate.workspace().join("target/copy");
    let verify = |gate: &Gate, more: &[&str]| gate.run([&["verify", "target/copy"], more].concat());
    copied(&genuine, &copy);
    assert_eq!(verify(&gate, &[]).code, Some(0), "the genuine release");
    gate.write("target/other.pub", OTHER);
    let foreign = verify(&gate, &["--authority", "target/other.pub"]);
    assert_eq!(foreign.code, Some(1), "{foreign}");
    for (what, change, because) in table {
        copied(&genuine, &copy);
        change(&copy);
        let run = verify(&gate, &[]);
        assert_eq!(run.code, Some(1), "{what}: {run}");
        assert!(run.stdout.contains(because), "{what}: `{because}`: {run}");
    }
}

/// Signs an envelope with a key that nobody declared.
fn resign(path: &Path) {
    let key = undeclared();
    let mut envelope: Value = serde_json::from_slice(&fs::read(path).expect("an envelope")).expect("JSON");
    let payload = BASE64
        .decode(envelope["payload"].as_str().expect("a payload").as_bytes())
        .expect("base64");
    let kind = envelope["payloadType"].as_str().expect("a type").to_owned();
    let mut message = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    message.extend(&payload);
    envelope["signatures"][0]["keyid"] = gate_policy::authority::fingerprint(&key.public()).into();
    envelope["signatures"][0]["sig"] = BASE64.encode(&key.sign_bytes(&message)).into();
    fs::write(path, envelope.to_string()).expect("written");
}

/// A key of these tests alone, in the form of OpenSSH: what `ssh-keygen -t ed25519` writes for the seed of 32 sevens.
fn undeclared() -> PrivateKey {
    let mut blob = b"openssh-key-v1\0".to_vec();
    let push = |bytes: &mut Vec<u8>, part: &[u8]| {
        bytes.extend(u32::try_from(part.len()).expect("short").to_be_bytes());
        bytes.extend(part);
    };
    let seed = [7; 32];
    let public = *ed25519_compact::KeyPair::from_seed(ed25519_compact::Seed::new(seed)).pk;
    let mut wire = Vec::new();
    push(&mut wire, b"ssh-ed25519");
    push(&mut wire, &public);
    let mut secret = vec![0, 0, 0, 7, 0, 0, 0, 7];
    for part in [b"ssh-ed25519".as_slice(), &public, &[seed, public].concat(), b"nobody"] {
        push(&mut secret, part);
    }
    for part in [b"none".as_slice(), b"none", b""] {
        push(&mut blob, part);
    }
    blob.extend(1_u32.to_be_bytes());
    push(&mut blob, &wire);
    push(&mut blob, &secret);
    let mark = |word: &str| format!("-----{word} OPENSSH {} KEY-----\n", "PRIVATE");
    let text = format!("{}{}\n{}", mark("BEGIN"), BASE64.encode(&blob), mark("END"));
    PrivateKey::parse(&text).expect("a key")
}
