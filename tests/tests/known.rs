//! Known findings: adopting the gate blocks nothing that was there, everything that is new, and the list only shrinks.

use gate_tests::gate;
use gate_tests::harness::{Gate, Run, day};

const TWO_BLOCKS: &str = "//! Raw.\n\n/// One.\npub fn one(at: &u8) -> u8 {\n    unsafe { *std::ptr::from_ref(at) }\n}\n\n\
                          /// Two.\npub fn two(at: &u8) -> u8 {\n    // SAFETY: a reference.\n    unsafe { \
                          *std::ptr::from_ref(at) }\n}\n\n#[test]\nfn works() {\n    assert_eq!(one(&2), two(&2));\n}\n";

const THIRD_BLOCK: &str = "\n/// Three.\npub fn three(at: &u8) -> u8 {\n    // SAFETY: a reference.\n    unsafe { \
                           *std::ptr::from_ref(at) }\n}\n";

/// A package with two unsafe blocks, one of them without a comment, that has never heard of the gate.
fn stranger() -> Gate {
    gate!()
        .file(
            "Cargo.toml",
            "[package]\nname = \"raw\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        )
        .file(
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"raw\"\nversion = \"0.1.0\"\n",
        )
        .file(".gitignore", "/target\n")
        .file("src/lib.rs", TWO_BLOCKS)
        .git_init()
}

/// The same under a gate that `init` wrote, committed.
fn adopted() -> Gate {
    let gate = stranger();
    let run = gate.run(["init", "--ci", "none", "--owner", "platform-team"]);
    assert_eq!(run.code, Some(0), "{run}");
    gate.commit("Adopt the gate");
    gate
}

/// What blocks pilot, without running the tests: the id of a check and the message, sorted.
fn blocking(gate: &Gate) -> Vec<(String, String)> {
    let report = judged(gate, "pilot").json();
    let mut found = Vec::new();
    for check in report["checks"].as_array().expect("checks") {
        for finding in check["findings"].as_array().into_iter().flatten() {
            let open = ["waived", "known", "excluded"].iter().all(|key| finding[key].is_null());
            if open && finding["blocks_at"] == "pilot" {
                let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
                found.push((text(&check["id"]), text(&finding["message"])));
            }
        }
    }
    found.sort();
    found
}

fn judged(gate: &Gate, stage: &str) -> Run {
    gate.run([stage, "--no-suites", "--message-format", "json"])
}

/// What a run printed, with one space between words.
fn words(run: &Run) -> String {
    let all = format!("{} {}", run.stdout, run.stderr);
    all.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn ready(gate: &Gate) {
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(0), "{run}");
}

#[test]
fn adopting_the_gate_blocks_nothing_that_was_there() {
    let gate = stranger();
    ready(&gate);
    let run = gate.run(["init", "--ci", "none", "--owner", "platform-team"]);
    assert_eq!(run.code, Some(0), "{run}");
    let said = run.to_string().replace(&day(90), "<in 90 days>");
    insta::assert_snapshot!("known-init", said);
    insta::assert_snapshot!(
        "known-file",
        gate.read("known_findings.toml")
            .replace(&day(0), "<today>")
            .replace(&day(90), "<in 90 days>")
    );
    ready(&gate);
    gate.commit("Adopt the gate");
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(0), "{run}");
    let report = run.stdout.replace(&day(90), "<in 90 days>");
    assert!(
        report.contains("note: 3 known findings of 2 checks remain until <in 90 days> (known_findings.toml)"),
        "{report}"
    );
    // Moved lines are the same findings.
    gate.write(
        "src/lib.rs",
        TWO_BLOCKS.replace("//! Raw.\n", "//! Raw.\n//!\n//! Really.\n\n"),
    );
    assert_eq!(blocking(&gate), []);
    // The written formats say why they do not block.
    let sarif = gate.run(["pilot", "--no-suites", "--message-format", "sarif"]);
    let known = format!(
        "\"justification\": \"known until {}, owned by platform-team (known_findings.toml)\"",
        day(90)
    );
    assert_eq!(sarif.stdout.matches(&known).count(), 3, "{sarif}");
}

#[test]
fn what_is_new_blocks_alone() {
    let gate = adopted();
    gate.append("src/lib.rs", THIRD_BLOCK);
    let third = (
        "boundary.raw".to_owned(),
        "unsafe block in `three`, but crate `raw` is portable".to_owned(),
    );
    assert_eq!(blocking(&gate), [third]);
    let run = gate.run(["pilot", "--no-suites"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert!(
        run.stdout.contains("src/lib.rs:22:5") && !run.stdout.contains("`one`"),
        "{run}"
    );

    // One more of a kind in the same function: one finding blocks, and says how many are recorded.
    let twice = TWO_BLOCKS.replacen(
        "    unsafe {",
        "    let _ = unsafe { *std::ptr::from_ref(at) };\n    unsafe {",
        1,
    );
    gate.write("src/lib.rs", twice);
    assert_eq!(blocking(&gate).len(), 1);
    let run = gate.run(["pilot", "--no-suites"]);
    assert!(
        words(&run).contains("`known_findings.toml` has only 1 of these"),
        "{run}"
    );

    // Without the section, the file says nothing.
    gate.write("src/lib.rs", TWO_BLOCKS);
    let policy = gate.read("gate.toml");
    let (without, _) = policy.split_once("# Findings that were there").expect("the section");
    gate.write("gate.toml", without);
    assert_eq!(blocking(&gate).len(), 2);
}

#[test]
fn what_is_fixed_leaves_the_list_and_stays_out() {
    let gate = adopted();
    let full = gate.read("known_findings.toml");
    assert!(
        gate.run(["govern", "known", "shrink"])
            .stderr
            .contains("nothing to remove")
    );
    let safe = TWO_BLOCKS.replacen("unsafe { *std::ptr::from_ref(at) }", "*at", 1);
    gate.write("src/lib.rs", &safe);
    gate.commit("Make one safe");
    // Stale entries warn at pilot and block at controlled.
    assert_eq!(blocking(&gate), []);
    let stale = |stage: &str| {
        let report = judged(&gate, stage).json();
        let checks = report["checks"].as_array().expect("checks").clone();
        let check = checks
            .into_iter()
            .find(|check| check["id"] == "known.findings")
            .expect("the check");
        (
            check["outcome"].clone(),
            check["findings"].as_array().expect("findings").len(),
        )
    };
    assert_eq!(stale("pilot"), ("warn".into(), 2));
    assert_eq!(stale("controlled"), ("fail".into(), 2));
    let run = gate.run(["govern", "known", "shrink"]);
    assert_eq!(run.code, Some(0), "{run}");
    assert!(
        run.stderr
            .contains("2 known findings from known_findings.toml; 1 left until"),
        "{run}"
    );
    gate.commit("Shrink the list");
    assert!(!gate.read("known_findings.toml").contains("`one`"));

    // The block comes back: it is new, and the old list cannot be restored, in one step or in two.
    gate.write("src/lib.rs", TWO_BLOCKS);
    assert_eq!(blocking(&gate).len(), 1);
    gate.write("known_findings.toml", &full);
    let grown = blocking(&gate);
    assert_eq!(grown.len(), 2, "{grown:?}");
    assert!(
        grown
            .iter()
            .all(|(check, message)| check == "known.ratchet" && message.starts_with("1 recorded instead of 0"))
    );
    gate.commit("Grow");
    assert_eq!(blocking(&gate), grown);
    gate.write("known_findings.toml", full.replace("# A line is", "# Each line is"));
    gate.commit("Touch");
    assert_eq!(blocking(&gate), grown);
    gate.remove("known_findings.toml");
    gate.commit("Delete");
    gate.write("known_findings.toml", &full);
    gate.commit("Add again");
    assert_eq!(blocking(&gate), grown);
}

/// Edits of the list by hand, and what is said of each.
#[test]
fn the_list_cannot_be_talked_up() {
    let gate = adopted();
    let file = gate.read("known_findings.toml");
    let raw = "\"unsafe block in `one`, but crate `raw` is portable\" = 1\n";
    assert!(file.contains(raw), "{file}");
    let table = "[finding.\"boundary.raw\".\"src/lib.rs\"]\n";
    let new = format!("{table}\"unsafe block in `three`, but crate `raw` is portable\" = 1\n");
    // What, the new text, the exit code, what is said.
    let rows = [
        (
            "a higher count",
            file.replace(raw, &raw.replace("= 1", "= 2")),
            1,
            "2 recorded instead of 1: `boundary.raw` in `src/lib.rs`",
        ),
        (
            "a new entry",
            file.replace(table, &new),
            1,
            "1 recorded instead of 0: `boundary.raw` in `src/lib.rs`: unsafe block in `three`",
        ),
        ("a later end", file.replace(&day(90), &day(91)), 1, "only moves back"),
        (
            "a later beginning and end",
            file.replace(&day(90), &day(200)).replace(&day(0), &day(30)),
            1,
            "which is in the future",
        ),
        (
            "an end too far away",
            file.replace(&day(90), &day(181)),
            2,
            "at most 180 are allowed",
        ),
        (
            "a line less",
            file.replace(raw, ""),
            1,
            "unsafe block in `one`, but crate `raw` is portable",
        ),
        (
            "a line twice",
            file.replace(raw, &raw.repeat(2)),
            2,
            "is declared twice",
        ),
        (
            "no count",
            file.replace(raw, &raw.replace("= 1", "= 0")),
            2,
            "known_findings.toml:",
        ),
        (
            "an unknown field",
            file.replace("version = 1\n", "version = 1\nreason = \"old\"\n"),
            2,
            "unknown key `reason`",
        ),
        (
            "another check",
            format!("{file}\n[finding.\"secrets.tracked\".\"src/lib.rs\"]\n\"a\" = 1\n"),
            2,
            "findings of `secrets.tracked` cannot be known",
        ),
        (
            "half a file",
            file[..file.len() / 2].to_owned(),
            2,
            "known_findings.toml",
        ),
        (
            "an end that has passed",
            file.replace(&day(90), &day(0)).replace(&day(0), &day(-1)),
            1,
            "they block again",
        ),
    ];
    for (what, text, code, said) in rows {
        assert_ne!(text, file, "{what} changes nothing");
        gate.write("known_findings.toml", &text);
        let run = gate.run(["pilot", "--no-suites"]);
        assert_eq!(run.code, Some(code), "{what}: {run}");
        assert!(words(&run).contains(said), "{what}: {run}");
    }
    // Line endings are no change.
    gate.write("known_findings.toml", file.replace('\n', "\r\n"));
    assert_eq!(blocking(&gate), []);
    // An owner is somebody.
    gate.replace("gate.toml", "owner = \"platform-team\"", "owner = \" \"");
    assert_eq!(judged(&gate, "pilot").code, Some(2));
}

#[test]
fn after_the_last_day_everything_blocks_again() {
    let gate = adopted();
    let file = gate.read("known_findings.toml");
    gate.write(
        "known_findings.toml",
        file.replace(&day(90), &day(-1)).replace(&day(0), &day(-1)),
    );
    gate.commit("Let time pass");
    let found = blocking(&gate);
    let checks: Vec<&str> = found.iter().map(|(check, _)| check.as_str()).collect();
    assert_eq!(checks, ["boundary.raw", "boundary.raw", "known.findings"], "{found:?}");
    assert!(found[2].1.ends_with("they block again"), "{found:?}");
    // Nothing is called fixed that is there.
    assert!(
        gate.run(["govern", "known", "shrink"])
            .stderr
            .contains("nothing to remove")
    );
}

#[test]
fn a_policy_that_is_there_already_can_record_once() {
    let gate = stranger();
    gate.write(
        "gate.toml",
        "version = 1\nstage.pilot.scope = \"one\"\n[tiers]\ndefault = \"portable\"\n",
    );
    gate.commit("Declare a policy");
    assert_eq!(blocking(&gate).len(), 2);
    let late = gate.run(["govern", "known", "record", "--owner", "a", "--until", &day(181)]);
    assert_eq!(late.code, Some(2), "{late}");
    let run = gate.run(["govern", "known", "record", "--owner", "a", "--until", &day(180)]);
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(blocking(&gate), []);
    let again = gate.run(["govern", "known", "record", "--owner", "a"]);
    assert_eq!(again.code, Some(2), "{again}");
    assert!(again.stderr.contains("only shrinks"), "{again}");
}

/// A move of the workspace is no new beginning of its list.
#[test]
fn a_list_that_moves_with_its_workspace_only_shrinks() {
    let gate = adopted();
    let below = gate.workspace().join("below");
    std::fs::create_dir(&below).expect("a directory can be made");
    for name in ["Cargo.toml", "Cargo.lock", "src", "gate.toml", "known_findings.toml"] {
        std::fs::rename(gate.workspace().join(name), below.join(name)).expect("it can be moved");
    }
    if gate.workspace().join("rust-toolchain.toml").exists() {
        std::fs::rename(
            gate.workspace().join("rust-toolchain.toml"),
            below.join("rust-toolchain.toml"),
        )
        .expect("it can be moved");
    }
    let list = std::fs::read_to_string(below.join("known_findings.toml")).expect("the list");
    let more = list.replacen("portable\" = 1", "portable\" = 2", 1);
    assert_ne!(more, list);
    std::fs::write(below.join("known_findings.toml"), more).expect("it can be written");
    gate.write(".gitignore", "target\n");
    gate.commit("Move the workspace, and allow more");
    let pilot = || {
        let mut command = gate.gate_command();
        command.args(["pilot", "--no-suites"]);
        gate.finish(command.current_dir(&below))
    };
    let run = pilot();
    assert!(run.stdout.contains("error[known.ratchet]"), "{run}");
    std::fs::write(below.join("known_findings.toml"), list).expect("it can be written");
    gate.commit("Take it back");
    let run = pilot();
    assert!(!run.stdout.contains("known.ratchet"), "{run}");
}

/// Code that nobody formatted was ready before, and lints and formatting are asked for at broad anyway.
#[test]
fn adopting_the_gate_makes_no_stage_worse() {
    let gate = gate!()
        .file(
            "Cargo.toml",
            "[package]\nname = \"plain\"\nversion = \"0.1.0\"\nedition = \"2024\"\n",
        )
        .file(
            "Cargo.lock",
            "version = 4\n\n[[package]]\nname = \"plain\"\nversion = \"0.1.0\"\n",
        )
        .file("rust-toolchain.toml", "[toolchain]\nchannel = \"1.95.0\"\n")
        .file(".gitignore", "/target\n")
        .file(
            "src/lib.rs",
            "pub fn one( )->u8{1}\n#[test]\nfn works(){assert_eq!(one(),1);}\n",
        )
        .git_init();
    let codes = || ["pilot", "controlled"].map(|stage| gate.run([stage]).code);
    let before = codes();
    let run = gate.run(["init", "--ci", "none", "--owner", "platform-team"]);
    assert_eq!(run.code, Some(0), "{run}");
    gate.commit("Adopt the gate");
    assert_eq!(codes(), before);
    assert_eq!(before, [Some(0), Some(0)]);
}
