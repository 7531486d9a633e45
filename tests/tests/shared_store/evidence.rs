//! Runs of two machines that share evidence of suites, and what comes of a store that lies, is somebody else's or is gone.

use std::fs;

use gate_tests::gate;
use gate_tests::harness::{Gate, Run};
use serde_json::Value;

use super::http_server::Http;
use super::redis_server::Redis;

/// A secret that machines share.
const KEY: (&str, &str) = ("CARGO_GATE_EVIDENCE_KEY", "0123456789abcdef0123456789abcdef");
/// A key that signs nothing but these tests, as `ssh-keygen` wrote it, without the lines around it.
const BODY: &str = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n\
                    QyNTUxOQAAACDEHyS7srW74S/ODILaXfdXU9vk6TEjcIi0p98z4sYO+gAAAJB0pgnrdKYJ\n\
                    6wAAAAtzc2gtZWQyNTUxOQAAACDEHyS7srW74S/ODILaXfdXU9vk6TEjcIi0p98z4sYO+g\n\
                    AAAEDqaK4XU3PVEoBufrDElzfR2UDE3YTnJkoyb6PkNCAOu8QfJLuytbvhL84Mgtpd91dT\n\
                    2+TpMSNwiLSn3zPixg76AAAADHJlbGVhc2UtdGVhbQE=\n";
const PUBLIC: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMQfJLuytbvhL84Mgtpd91dT2+TpMSNwiLSn3zPixg76 release-team";
/// A key whose other half is nowhere.
const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO+cpltgNZ0hNdu5kaVvkl7gbE1+Mm+4huEjsqKpY9Kc nobody";

/// A machine with a checkout of one package, and a home and a key of its own.
fn machine(remote: &str, authority: &str) -> Gate {
    gate!()
        .file(
            "Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\nrust-version = \"1.95\"\n",
        )
        .file("Cargo.lock", "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n")
        .file("rust-toolchain.toml", "[toolchain]\nchannel = \"1.95.0\"\n")
        .file(".gitignore", "/target\n")
        .file(
            "src/lib.rs",
            "//! An app.\n\n#[test]\nfn one_is_one() {\n    assert_eq!(1, 1);\n}\n",
        )
        .file(
            "gate.toml",
            &format!(
                "version = 1\n\n[stage.pilot]\nscope = \"one service\"\n\n[decisions]\nauthorities = [\"{authority}\"]\n\n\
                 [evidence]\nremote = \"{remote}\"\ntimeout = \"5s\"\n\n\
                 [[suite.test]]\nname = \"all\"\ncommand = [\"cargo\", \"test\", \"--locked\", \"--lib\"]\n"
            ),
        )
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        .git_init()
}

/// A machine that adds what it made.
fn ci(remote: &str) -> Gate {
    machine(remote, PUBLIC).env("CARGO_GATE_EVIDENCE_MODE", "rw")
}

/// The run, and whether it reused the suite.
fn pilot(gate: &Gate) -> (Run, bool) {
    let run = gate.run(["pilot", "--message-format", "json"]);
    assert_eq!(run.code, Some(0), "{run}");
    let report = run.json();
    let checks = report["checks"].as_array().expect("checks");
    let suite = checks
        .iter()
        .find(|check| check["id"] == "suite.test.all")
        .expect("the suite");
    let reused = suite["evidence"]["reused"].as_bool().expect("whether it was reused");
    (run, reused)
}

fn ran(gate: &Gate) -> Run {
    let (run, reused) = pilot(gate);
    assert!(!reused, "{run}");
    run
}

fn reused(gate: &Gate) -> Run {
    let (run, reused) = pilot(gate);
    assert!(reused, "{run}");
    run
}

/// Writes the private key where no gate looks.
fn signing(gate: Gate) -> Gate {
    let mark = |word: &str| format!("-----{word} OPENSSH {} KEY-----\n", "PRIVATE");
    gate.write("target/key", format!("{}{BODY}{}", mark("BEGIN"), mark("END")));
    let path = gate.workspace().join("target/key");
    gate.env("CARGO_GATE_EVIDENCE_SIGNING_KEY", path)
}

#[test]
fn machines_with_a_key_share_what_suites_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string().replace('\\', "/");
    let server = Http::start();
    let redis = Redis::start(None);
    for remote in [
        format!("file:///{}", path.trim_start_matches('/')),
        format!("http://{}/team", server.address),
        format!(
            "s3://evidence/team?region=eu-central-1&endpoint=http://{}",
            server.address
        ),
        format!("redis://{}/2", redis.address),
    ] {
        let first = ran(&ci(&remote).env(KEY.0, KEY.1));
        assert!(!first.stderr.contains("shared evidence"), "{first}");
        let written = server.count("PUT");
        let second = reused(&machine(&remote, PUBLIC).env(KEY.0, KEY.1));
        assert!(!second.stderr.contains("shared evidence"), "{second}");
        assert_eq!(server.count("PUT"), written, "who may only read never writes");
        // Another key: what is there is a miss, and is named.
        let other = ran(&machine(&remote, PUBLIC));
        let why = "shared evidence of `suite.test.all` does not count: neither the key of this machine nor enough declared authorities vouch for it";
        assert!(other.stderr.contains(why), "{other}");
    }
    let asked = |words: &str| redis.commands().iter().any(|command| command.starts_with(words));
    assert!(asked("SET evidence-v1/blobs/") && asked("GETRANGE evidence-v1/evidence/"));
}

#[test]
fn what_an_authority_signed_counts_everywhere() {
    let server = Http::start();
    let remote = format!("http://{}", server.address);
    ran(&signing(ci(&remote)));
    reused(&machine(&remote, PUBLIC));
    // A signature of the same key proves nothing to those who do not name it.
    let entry = only_entry(&server);
    assert!(entry.1["signature"].is_string(), "{entry:?}");
    let other = ran(&machine(&remote, OTHER));
    assert!(
        !other.stderr.contains("shared evidence") || other.stderr.contains("vouch for it"),
        "{other}"
    );
}

#[test]
fn one_signature_is_not_enough_where_two_must_approve() {
    for (approvals, counts) in [(1, true), (2, false)] {
        let server = Http::start();
        let remote = format!("http://{}", server.address);
        let keys = format!("{PUBLIC}\", \"{OTHER}\"]\napprovals = {approvals} # [\"");
        ran(&signing(machine(&remote, &keys).env("CARGO_GATE_EVIDENCE_MODE", "rw")));
        let other = machine(&remote, &keys);
        if counts {
            reused(&other);
        } else {
            let few = ran(&other);
            let why = "nor enough declared authorities vouch for it";
            assert!(few.stderr.contains(why), "{few}");
        }
    }
}

/// The only entry of evidence that a server has: its path and what it says.
fn only_entry(server: &Http) -> (String, Value) {
    let state = server.state();
    let mut entries = state.entries.iter().filter(|(path, _)| path.contains("/evidence/"));
    let (path, bytes) = entries.next().expect("an entry");
    assert!(entries.next().is_none(), "one entry");
    (path.clone(), serde_json::from_slice(bytes).expect("JSON"))
}

#[test]
fn a_poisoned_entry_is_a_miss_that_is_named() {
    let server = Http::start();
    let remote = format!("http://{}", server.address);
    ran(&signing(ci(&remote).env(KEY.0, KEY.1)));
    let (path, entry) = only_entry(&server);
    let before = server.state().entries.clone();
    let blob = before
        .keys()
        .find(|path| path.contains("/blobs/"))
        .expect("a file")
        .clone();
    let edited = |change: &dyn Fn(&mut Value)| {
        let mut entry = entry.clone();
        change(&mut entry);
        serde_json::to_vec(&entry).expect("JSON")
    };
    let vouches = "neither the key of this machine nor enough declared authorities vouch for it";
    let evidence = entry["evidence"].as_str().expect("a text").to_owned();
    let cases: [(&str, Vec<u8>, &str); 6] = [
        (&path, b"{}".to_vec(), "the entry cannot be read"),
        (
            &path,
            edited(&|entry| entry["version"] = 2.into()),
            "another version of cargo-gate",
        ),
        // Another duration, under the old mark and the old signature.
        (
            &path,
            edited(&|entry| entry["evidence"] = evidence.replace("\"duration_ms\":", "\"duration_ms\":1").into()),
            vouches,
        ),
        // Without mark and signature.
        (
            &path,
            edited(&|entry| {
                entry["mark"] = "0".repeat(64).into();
                entry["signature"] = Value::Null;
            }),
            vouches,
        ),
        (
            &blob,
            b"another file".to_vec(),
            "is not the file that the evidence names",
        ),
        (&path, vec![b' '; (64 << 20) + 1], "there are too many bytes"),
    ];
    for (place, bytes, why) in cases {
        server.state().entries.clone_from(&before);
        server.state().entries.insert(place.to_owned(), bytes);
        let run = ran(&machine(&remote, PUBLIC).env(KEY.0, KEY.1));
        assert!(
            run.stderr
                .contains("shared evidence of `suite.test.all` does not count: "),
            "{why}: {run}"
        );
        assert!(run.stderr.contains(why), "{why}: {run}");
    }
    // Evidence of these sources does not count for others, no matter who vouches for it.
    server.state().entries.clone_from(&before);
    let changed = machine(&remote, PUBLIC)
        .env(KEY.0, KEY.1)
        .env("CARGO_GATE_EVIDENCE_MODE", "rw");
    changed.append("src/lib.rs", "\n/// Two.\npub fn two() {}\n");
    changed.commit("other sources");
    ran(&changed);
    let paths: Vec<String> = server
        .state()
        .entries
        .keys()
        .filter(|path| path.contains("/evidence/"))
        .cloned()
        .collect();
    let other = paths
        .iter()
        .find(|other| **other != path)
        .expect("another entry")
        .clone();
    let bytes = before[&path].clone();
    server.state().entries.insert(other, bytes);
    fs::remove_dir_all(changed.workspace().join("target/gate/store")).expect("removed");
    let moved = ran(&changed);
    assert!(
        moved.stderr.contains(vouches) || moved.stderr.contains("it is about something else"),
        "{moved}"
    );
}

#[test]
fn a_store_that_is_not_there_costs_a_warning() {
    let server = Http::start();
    server.state().status = Some(503);
    let address = format!("http://{}", server.address);
    for (remote, why) in [
        (
            address.as_str(),
            "the server responded with status 503 (Service Unavailable)",
        ),
        ("redis://127.0.0.1:1", ""),
        ("file:///nowhere/at/all", "the directory does not exist"),
    ] {
        let run = ran(&ci(remote));
        let note = format!("the shared evidence store is left alone: {why}");
        assert_eq!(run.stderr.matches(&note).count(), 1, "{note}: {run}");
    }
    let asked = server.count("GET");
    let offline = ci(&address);
    let run = offline.run(["pilot", "--offline"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(run.stderr.contains("left alone: `--offline` was passed"), "{run}");
    assert_eq!(server.count("GET"), asked);
    // A token is said nowhere.
    let token = "correct-horse-battery";
    server.state().status = None;
    server.expect("authorization: Bearer something-else");
    let run = ran(&ci(&address).env("CARGO_GATE_EVIDENCE_TOKEN", token));
    assert!(run.stderr.contains("status 401 (Unauthorized)"), "{run}");
    assert!(!format!("{run}").contains(token), "{run}");
}

/// What shards made, each in a run that decides nothing, is what a run needs that decides and enters the history.
#[test]
fn a_run_that_decides_rests_on_what_shards_made() {
    let server = Http::start();
    let remote = format!("http://{}", server.address);
    let with_two = |gate: Gate| {
        gate.append(
            "gate.toml",
            "\n[[suite.test]]\nname = \"more\"\ncommand = [\"cargo\", \"test\", \"--locked\", \"--lib\", \"one\"]\n",
        );
        gate.commit("two suites");
        gate
    };
    for partition in ["1/2", "2/2"] {
        let shard = with_two(signing(ci(&remote)));
        let run = shard.run(["pilot", "--partition", partition]);
        assert_eq!(run.code, Some(5), "{run}");
    }
    let whole = with_two(machine(&remote, PUBLIC));
    let run = reused(&whole);
    let report = run.json();
    let checks = report["checks"].as_array().expect("checks");
    let more = checks
        .iter()
        .find(|check| check["id"] == "suite.test.more")
        .expect("the suite");
    assert_eq!(more["evidence"]["reused"], true, "{run}");
    let history = whole.run(["evidence", "history"]);
    assert!(history.stdout.contains("READY"), "{history}");
}
