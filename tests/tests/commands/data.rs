//! Subcommands that show or change what is known: status, explain, verify, waivers, history, cache, doctor.

use insta::assert_snapshot;

use gate_base::stage::Stage;
use gate_tests::gate;
use gate_tests::harness::day;

use super::applying::applying;
use super::{bad, good};

#[test]
fn status_shows_what_is_known() {
    let gate = bad();
    assert_snapshot!("status-nothing", applying(&gate.run(["status"]).to_string()));
    let run = gate.run(["pilot", "--keep-going"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert_snapshot!("status-blocked", applying(&gate.run(["status"]).to_string()));
    gate.append("src/lib.rs", "// One line more.\n");
    assert_snapshot!("status-stale", applying(&gate.run(["status"]).to_string()));
    assert_snapshot!(
        "status-json",
        applying(&gate.run(["status", "--message-format", "json"]).to_string())
    );
}

#[test]
fn topics_are_explained() {
    let gate = gate!();
    for (name, topic) in [
        ("check", "lockfile.tracked"),
        ("suite", "suite.test"),
        ("exit-codes", "exit-code"),
        ("exit-code", "3"),
        ("unknown", "lockfile.trakced"),
        ("run-nowhere", "latest"),
    ] {
        assert_snapshot!(format!("explain-{name}"), gate.run(["explain", topic]));
    }
    assert_snapshot!("explain-topics", gate.run(["explain"]));
    // What blocks from a stage on is what the checks declare, in their order: the list of them all is above.
    let stage = gate.run(["explain", "controlled"]).to_string();
    let (before, list) = stage.split_once("checks that start blocking here:\n").expect("a list");
    let (list, after) = list.split_once("-----").expect("an end");
    let listed: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let declared = gate_checks::ALL
        .iter()
        .filter(|check| check.blocks_at == Stage::Controlled);
    assert_eq!(listed, declared.map(|check| check.id).collect::<Vec<_>>());
    assert_snapshot!(
        "explain-stage",
        format!("{before}checks that start blocking here: [list]\n-----{after}")
    );
}

#[test]
fn a_run_is_explained_and_verified() {
    let gate = good();
    assert_snapshot!("verify-nothing", gate.run(["verify"]));
    assert_snapshot!("verify-no-latest", gate.run(["verify", "latest"]));
    assert_snapshot!("history-nothing", gate.run(["evidence", "history"]));
    for _ in 0..2 {
        let run = gate.run(["pilot"]);
        assert_eq!(run.code, Some(0), "{run}");
    }
    assert_snapshot!("explain-run", gate.run(["explain", "latest"]));
    assert_snapshot!("verify", gate.run(["verify"]));
    assert_snapshot!("verify-latest", gate.run(["verify", "latest"]));
    assert_snapshot!("verify-json", gate.run(["verify", "--message-format", "json"]));
    assert_snapshot!("verify-anchor", gate.run(["verify", "--head", &"0".repeat(64)]));
    assert_snapshot!("history", gate.run(["evidence", "history"]));
    assert_snapshot!(
        "history-limit",
        gate.run(["evidence", "history", "-n", "1", "--stage", "pilot"])
    );
    let entries = gate.run(["evidence", "history", "--message-format", "json"]).json();
    assert_eq!(entries["runs"].as_array().map(Vec::len), Some(2), "{entries}");

    let history = gate.read("target/gate/history.jsonl");
    gate.write(
        "target/gate/history.jsonl",
        history.replacen("\"pilot\"", "\"broad\"", 1),
    );
    assert_snapshot!("verify-tampered", gate.run(["verify"]));
    let first = history.lines().next().expect("a line").len() + 1;
    gate.write("target/gate/history.jsonl", &history[first..]);
    let truncated = gate.run(["verify"]);
    assert_eq!(truncated.code, Some(1), "{truncated}");
    for problem in [
        "the run is not in the history",
        "does not follow the run before it in the history",
    ] {
        assert!(truncated.stdout.contains(problem), "{truncated}");
    }
    gate.write("target/gate/history.jsonl", format!("{history}{{"));
    assert_snapshot!("history-damaged", gate.run(["evidence", "history"]));
}

#[test]
fn waivers_are_added_and_listed() {
    let gate = bad();
    let add = |expires: &str, more: &[&str]| {
        let mut arguments = vec!["govern", "waiver", "add", "--check", "boundary.raw", "--owner", "core"];
        arguments.extend(["--reason", "measured: twice as fast", "--expires", expires]);
        arguments.extend(more);
        gate.run(arguments)
    };
    let (soon, past) = (day(30), day(-30));
    let timeless = |text: String| text.replace(&soon, "[soon]").replace(&past, "[past]");
    assert_snapshot!("waiver-none", gate.run(["govern", "waiver", "list"]));
    let before = gate.read("gate.toml");
    assert_snapshot!(
        "waiver-added",
        timeless(add(&soon, &["--path", "src/lib.rs"]).to_string())
    );
    let after = gate.read("gate.toml");
    assert!(
        after.starts_with(&before),
        "nothing that was there is touched:\n{after}"
    );
    assert_snapshot!("waiver-text", timeless(after[before.len()..].to_owned()));
    assert_snapshot!(
        "waiver-list",
        timeless(gate.run(["govern", "waiver", "list"]).to_string())
    );
    assert_snapshot!(
        "waiver-list-json",
        timeless(
            gate.run(["govern", "waiver", "list", "--message-format", "json"])
                .to_string()
        )
    );
    assert_snapshot!("waiver-past", timeless(add(&past, &[]).to_string()));
    assert_snapshot!("waiver-bad-day", add("2027-02-30", &[]));
    let unknown = [
        "govern",
        "waiver",
        "add",
        "--check",
        "boundary.rwa",
        "--owner",
        "a",
        "--reason",
        "b",
        "--expires",
        &soon,
    ];
    assert_snapshot!("waiver-unknown-check", timeless(gate.run(unknown).to_string()));
}

#[test]
fn the_cache_is_shown_and_shrunk() {
    let gate = good();
    let none = gate.run(["evidence", "cache", "stats"]);
    assert_snapshot!("cache-empty", none);
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(0), "{run}");
    let stats = gate.run(["evidence", "cache", "stats", "--message-format", "json"]);
    assert_eq!(stats.code, Some(0), "{stats}");
    assert!(
        stats.json().as_object().is_some_and(|stats| !stats.is_empty()),
        "{stats}"
    );
    let verified = gate.run(["evidence", "cache", "verify"]);
    assert!(
        verified.stdout.starts_with("evidence: ") && verified.stdout.ends_with(" 0 damaged\n"),
        "{verified}"
    );
    let kept = gate.run(["evidence", "cache", "gc"]);
    assert!(
        kept.stdout.starts_with("evidence: removed 0 entries and 0 files (0 B)"),
        "{kept}"
    );
    let shrunk = gate.run(["evidence", "cache", "gc", "--max-size", "0"]);
    assert_eq!(shrunk.code, Some(0), "{shrunk}");
    assert_snapshot!("cache-gone", gate.run(["evidence", "cache", "stats"]));
    // What is gone is made again, and what was decided stays decided.
    let again = gate.run(["pilot"]);
    assert_eq!(again.code, Some(0), "{again}");
    let verified = gate.run(["verify"]);
    assert_eq!(verified.code, Some(0), "{verified}");
}

#[test]
fn what_would_go_is_listed_and_stays() {
    let gate = good();
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(0), "{run}");
    // Kernels as builds leave them, of which the test knows the digests.
    let store = gate.workspace().parent().expect("a parent").join("kernel-store");
    let text = |number: u32| format!(".version 8.0\n.target sm_80\n// {number}\n");
    let digests: Vec<String> = (0..3)
        .map(|number| gate_build::lock::text_digest(text(number).as_bytes()).to_string())
        .collect();
    let file = |digest: &str| store.join("kernels-v1/blobs").join(&digest[..2]).join(&digest[2..]);
    for (number, digest) in (0..).zip(&digests) {
        std::fs::create_dir_all(file(digest).parent().expect("a folder")).expect("a folder can be made");
        std::fs::write(file(digest), text(number)).expect("a file can be written");
    }
    let gate = gate.env("GATE_CACHE_DIR", &store);
    gate.write("release.json", format!("{{\"ptx\": \"{}\"}}", digests[1]));
    let pinned = gate.run(["kernels", "pin", "release.json"]);
    assert_eq!(pinned.stdout, "release.json: 1 kernel images pinned\n", "{pinned}");

    let all = ["evidence", "cache", "gc", "--max-size", "0", "--keep-days", "0"];
    let foreseen = gate.run(all.iter().chain(&["--dry-run"]));
    assert_eq!(foreseen.code, Some(0), "{foreseen}");
    for digest in [&digests[0], &digests[2]] {
        let place = format!("kernels  blobs/{}/{}  ", &digest[..2], &digest[2..]);
        assert!(foreseen.stdout.contains(&place), "{foreseen}");
    }
    assert!(
        foreseen.stdout.contains("\nkernels: would remove 2 entries"),
        "{foreseen}"
    );
    assert!(foreseen.stdout.contains("evidence  evidence/"), "{foreseen}");
    assert!(digests.iter().all(|digest| file(digest).exists()));

    let json = gate.run(all.iter().chain(&["--message-format", "json"])).json();
    assert_eq!(json["kernels"]["removed"].as_array().map(Vec::len), Some(2), "{json}");
    assert_eq!(json["kernels"]["pinned_entries"], 1, "{json}");
    assert_eq!(
        (json["dry_run"].as_bool(), json["evidence"]["kept_entries"].as_u64()),
        (Some(false), Some(0))
    );
    let there: Vec<bool> = digests.iter().map(|digest| file(digest).exists()).collect();
    assert_eq!(there, [false, true, false]);

    let unpinned = gate.run(["kernels", "unpin", "release.json"]);
    assert_eq!(unpinned.code, Some(0), "{unpinned}");
    assert_eq!(gate.run(["kernels", "unpin", "release.json"]).code, Some(2));
    assert_eq!(gate.run(["evidence", "cache", "gc", "--max-size", "0"]).code, Some(0));
    assert!(!file(&digests[1]).exists());
    let nothing = gate.run(["kernels", "pin", "release.json"]);
    assert!(
        nothing.stderr.contains("refers to no PTX in the kernel store"),
        "{nothing}"
    );
}

#[test]
fn boundaries_are_a_table() {
    let gate = good();
    assert_snapshot!("boundaries", gate.run(["source", "boundaries"]));
    assert_snapshot!("boundaries-package", gate.run(["source", "boundaries", "-p", "native"]));
    assert_snapshot!(
        "boundaries-json",
        gate.run(["source", "boundaries", "--message-format", "json"])
    );
    let inventory = gate.read("boundary_inventory.json");
    assert_snapshot!("boundaries-write", gate.run(["source", "boundaries", "--write"]));
    assert_eq!(gate.read("boundary_inventory.json"), inventory);
}

#[test]
fn places_that_panic_are_a_table() {
    let gate = good();
    assert_snapshot!("panics-none", gate.run(["source", "panics"]));
    let panics = "\n/// The last one.\npub fn last(bytes: &[u8]) -> u8 {\n    assert!(!bytes.is_empty());\n    \
                  bytes[bytes.len() - 1]\n}\n";
    gate.append("native/src/lib.rs", panics);
    assert_snapshot!("panics-list", gate.run(["source", "panics", "--list", "-p", "native"]));
    assert_snapshot!("panics-package", gate.run(["source", "panics", "-p", "natvie"]));
    assert_snapshot!("panics-write", gate.run(["source", "panics", "--write"]));
    assert!(gate.read("panic_inventory.json").contains("\"indexing\": 1"));
}

#[test]
fn the_ids_of_checks_are_a_contract() {
    let gate = gate!();
    let run = gate.run(["explain", "--message-format", "json"]);
    let contract = run.json();
    let checks = contract["checks"].as_array().expect("a list of checks");
    assert_eq!(checks.len(), gate_checks::ALL.len() + gate_suites::KINDS.len());
    assert_snapshot!(
        "explain-json",
        gate.run(["explain", "lockfile.fresh", "--message-format", "json"])
    );
    assert_snapshot!(
        "explain-json-unknown",
        gate.run(["explain", "lockfile.fersh", "--message-format", "json"])
    );
}

#[test]
fn the_doctor_names_what_every_gate_needs() {
    let gate = good();
    let run = gate.run(["doctor"]);
    assert_eq!(run.code, Some(0), "{run}");
    for tool in ["cargo", "rustc", "git"] {
        let found = run.stdout.lines().any(|line| {
            let words: Vec<&str> = line.split_whitespace().take(2).collect();
            words == [tool, "ok"]
        });
        assert!(found, "{tool}: {run}");
    }
    let run = gate.run(["doctor", "--message-format", "json"]);
    assert!(run.json().is_object() || run.json().is_array(), "{run}");
}

#[test]
fn completions_and_manual_are_data() {
    let gate = gate!();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let run = gate.run(["completions", shell]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run}");
        assert!(run.stdout.contains("controlled"), "{shell}: {run}");
    }
    let manual = gate.run(["man", "target/man"]);
    assert_eq!(manual.code, Some(0), "{manual}");
}
