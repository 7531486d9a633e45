//! What is done with runs that were: asked, signed, handed on, promoted by.

use std::fs;
use std::path::PathBuf;

use gate_tests::harness::Gate;
use gate_tests::keys::{RELEASE, SECURITY};
use insta::assert_snapshot;

use super::good;

/// A key that signs nothing but these tests, as `ssh-keygen` wrote it. No file of the project holds one whole, so that the
/// project passes its own check.
const BODY: &str = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n\
                    QyNTUxOQAAACDEHyS7srW74S/ODILaXfdXU9vk6TEjcIi0p98z4sYO+gAAAJB0pgnrdKYJ\n\
                    6wAAAAtzc2gtZWQyNTUxOQAAACDEHyS7srW74S/ODILaXfdXU9vk6TEjcIi0p98z4sYO+g\n\
                    AAAEDqaK4XU3PVEoBufrDElzfR2UDE3YTnJkoyb6PkNCAOu8QfJLuytbvhL84Mgtpd91dT\n\
                    2+TpMSNwiLSn3zPixg76AAAADHJlbGVhc2UtdGVhbQE=\n";
pub(super) const PUBLIC: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMQfJLuytbvhL84Mgtpd91dT2+TpMSNwiLSn3zPixg76 release-team";
/// A key whose other half is nowhere.
pub(super) const OTHER: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO+cpltgNZ0hNdu5kaVvkl7gbE1+Mm+4huEjsqKpY9Kc nobody";

/// Writes the key beside the workspace's artifacts, where no gate looks, and returns its path.
pub(super) fn key(gate: &Gate) -> String {
    let mark = |word: &str| format!("-----{word} OPENSSH {} KEY-----\n", "PRIVATE");
    gate.write("target/key", format!("{}{BODY}{}", mark("BEGIN"), mark("END")));
    "target/key".to_owned()
}

fn runs(gate: &Gate) -> PathBuf {
    gate.workspace().join("target/gate/runs")
}

/// The directory of the only run.
fn only_run(gate: &Gate) -> PathBuf {
    let entries = fs::read_dir(runs(gate)).expect("runs").flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(|name| name != "latest"))
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn a_decision_is_signed_and_must_be() {
    let gate = good();
    let policy = format!("\n[decisions]\nauthorities = [\"{PUBLIC}\"]\nrequire-signature = \"pilot\"\n");
    gate.append("gate.toml", &policy);
    gate.commit("decisions are signed");
    let key = key(&gate);
    assert_eq!(gate.run(["pilot"]).code, Some(0));

    let directory = only_run(&gate);
    let pilot = directory.file_name().expect("an id").to_string_lossy().into_owned();
    assert_snapshot!("unsigned", gate.run(["verify", "latest"]));
    let refused = gate.run(["controlled"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(refused.stdout.contains("its decision is not signed"), "{refused}");
    let closeout = || gate.run(["govern", "closeout", &pilot]);
    let open = closeout();
    assert_eq!(open.code, Some(1), "{open}");
    assert!(
        open.stderr.contains("a valid signature: its decision is not signed"),
        "{open}"
    );
    let signed = gate.run(["evidence", "sign", &pilot, "--key", &key]);
    assert_eq!(signed.code, Some(0), "{signed}");
    let closed = closeout();
    assert_eq!(closed.code, Some(0), "{closed}");
    let verified = gate.run(["verify", &pilot]);
    assert_eq!(verified.code, Some(0), "{verified}");
    assert!(
        verified.stdout.contains("signature: valid, by release-team (SHA256:"),
        "{verified}"
    );
    // The other run is unsigned and says NOT_READY, which nobody has to sign.
    assert_eq!(gate.run(["verify"]).code, Some(0));
    assert_eq!(
        gate.run(["evidence", "sign", &pilot, "--key", &key]).code,
        Some(2),
        "there is one"
    );
    let entered = gate.run(["controlled"]);
    assert_eq!(entered.code, Some(0), "{entered}");

    // A signature by somebody else.
    gate.replace("gate.toml", PUBLIC, OTHER);
    let other = gate.run(["verify", &pilot]);
    assert_eq!(other.code, Some(1), "{other}");
    assert!(
        other
            .stdout
            .contains("signature: invalid: it was made with the key SHA256:"),
        "{other}"
    );
    gate.replace("gate.toml", OTHER, PUBLIC);

    // One that was made for another decision.
    let signature = directory.join("decision.sig");
    let mut others: Vec<PathBuf> = fs::read_dir(runs(&gate))
        .expect("runs")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(|name| name != "latest") && *path != directory)
        .collect();
    others.sort();
    let newest = others.pop().expect("a later run");
    let newest_id = newest.file_name().expect("an id").to_string_lossy().into_owned();
    fs::copy(&signature, newest.join("decision.sig")).expect("a copy");
    let wrong = gate.run(["verify", &newest_id]);
    assert_eq!(wrong.code, Some(1), "{wrong}");
    assert!(wrong.stdout.contains("does not match the text"), "{wrong}");
    assert_eq!(gate.run(["verify"]).code, Some(1));
}

#[test]
fn two_keys_approve_a_decision() {
    let gate = good();
    let policy = format!(
        "\n[decisions]\nauthorities = [\"{PUBLIC}\", \"{}\"]\napprovals = 2\nrequire-signature = \"pilot\"\n",
        SECURITY.public
    );
    gate.append("gate.toml", &policy);
    gate.commit("two approve");
    assert_eq!(gate.run(["pilot"]).code, Some(0));
    let run = only_run(&gate);
    let file = run.join("decision.sig");
    let sign = |key: &str, more: &[&str]| gate.run([&["evidence", "sign", "latest", "--key", key], more].concat());
    let (first, second) = (RELEASE.file(&gate), SECURITY.file(&gate));

    let one = sign(&first, &[]);
    assert_eq!(one.code, Some(0), "{one}");
    assert!(
        one.stderr.contains("partial, 1 of 2 approvals: release-team (SHA256:"),
        "{one}"
    );
    let lacks = gate.run(["verify", "latest", "--message-format", "json"]);
    assert_eq!(lacks.code, Some(1), "{lacks}");
    let signature = &lacks.json()["signature"];
    assert_eq!(signature["state"], "partial", "{lacks}");
    assert_eq!(signature["required"], 2, "{lacks}");
    assert_eq!(signature["approvals"][0]["authority"], "release-team", "{lacks}");

    // The same key again is no second approval.
    let bytes = fs::read(&file).expect("a signature");
    let twice = sign(&first, &[]);
    assert_eq!(twice.code, Some(2), "{twice}");
    assert!(twice.stderr.contains("which counts once"), "{twice}");
    assert_eq!(fs::read(&file).expect("a signature"), bytes);

    let text = gate_evidence::signature::text(&run).expect("the text of the run");
    gate.write("target/second.sig", SECURITY.private().sign(&text));
    let both = gate.run(["evidence", "sign", "latest", "--attach", "target/second.sig"]);
    assert_eq!(both.code, Some(0), "{both}");
    let verified = gate.run(["verify", "latest"]);
    assert_eq!(verified.code, Some(0), "{verified}");
    assert!(
        verified
            .stdout
            .contains("signature: valid, 2 of 2 approvals: release-team"),
        "{verified}"
    );
    assert_eq!(gate.run(["controlled"]).code, Some(0));

    // The file is replaced on demand only.
    let run = run.file_name().expect("an id").to_string_lossy().into_owned();
    let forced = gate.run(["evidence", "sign", &run, "--key", &second, "--force"]);
    assert_eq!(forced.code, Some(0), "{forced}");
    let left = gate.run(["verify", &run]);
    assert!(
        left.stdout.contains("partial, 1 of 2 approvals: security-team"),
        "{left}"
    );
}

#[test]
fn a_run_directory_is_asked_and_audited() {
    let gate = good();
    assert_eq!(gate.run(["pilot"]).code, Some(0));
    assert_snapshot!("ready", gate.run(["evidence", "ready"]));

    // As a version wrote it that made no audit.
    let run = only_run(&gate);
    fs::remove_file(run.join("redaction_audit.json")).expect("an audit");
    let old = gate.workspace().join("target/old run");
    fs::rename(&run, &old).expect("the run moves");
    let path = old.join("hashes.json");
    let mut hashes: gate_evidence::run_dir::Hashes =
        serde_json::from_slice(&fs::read(&path).expect("hashes")).expect("JSON");
    hashes.files.remove("redaction_audit.json");
    hashes.chain = hashes.expected_chain();
    fs::write(&path, serde_json::to_string_pretty(&hashes).expect("JSON") + "\n").expect("hashes");

    let lacks = gate.run(["evidence", "ready", "--run", "target/old run"]);
    assert_snapshot!("ready-without-audit", lacks);
    assert_snapshot!("verify-without-audit", gate.run(["verify", "target/old run"]));
    // The command as it is printed.
    let next = lacks
        .stdout
        .lines()
        .find_map(|line| line.trim().strip_prefix("next: cargo gate "));
    let next = next
        .expect("what to do")
        .replace("\"target/old run\"", "target/old~run");
    let words: Vec<String> = next.split(' ').map(|word| word.replace('~', " ")).collect();
    assert_snapshot!("ready-audited", gate.run(&words));
    assert_eq!(gate.run(["verify", "target/old run"]).code, Some(0));
    assert_eq!(gate.run(["evidence", "ready", "--run", "target/old run"]).code, Some(0));
    assert_eq!(gate.run(&words).code, Some(2), "there is one");

    // An audit that somebody wrote.
    let audit = fs::read_to_string(old.join("redaction_audit.json")).expect("an audit");
    let files = audit
        .split("\"files_scanned\": ")
        .nth(1)
        .and_then(|rest| rest.split(',').next());
    let from = format!("\"files_scanned\": {}", files.expect("a number"));
    fs::write(
        old.join("redaction_audit.json"),
        audit.replace(&from, "\"files_scanned\": 99"),
    )
    .expect("an audit");
    assert_eq!(gate.run(["evidence", "ready", "--run", "target/old run"]).code, Some(1));
}

#[test]
fn a_bundle_leaves_data_behind() {
    let gate = good();
    assert_eq!(gate.run(["pilot"]).code, Some(0));
    let run = only_run(&gate);
    fs::write(run.join("weights.bin"), b"\0weights").expect("a file");
    fs::write(run.join("answers.csv"), "1,2\n").expect("a file");
    let bundled = gate.run([
        "evidence",
        "bundle",
        "--out",
        "target/run.tar.gz",
        "--message-format",
        "json",
    ]);
    assert_eq!(bundled.code, Some(0), "{bundled}");
    let manifest = bundled.json();
    let excluded: Vec<&str> = manifest["excluded"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|excluded| excluded["path"].as_str())
        .collect();
    assert_eq!(excluded, ["answers.csv", "weights.bin"]);
    let bytes = fs::read(gate.workspace().join("target/run.tar.gz")).expect("a bundle");
    let (own, files) = gate_evidence::bundle::parse(&bytes).expect("a bundle");
    assert!(
        files.contains_key("report.md") && !files.contains_key("weights.bin"),
        "{:?}",
        files.keys()
    );
    let said = gate.run(["evidence", "bundle", "--out", "target/again.tar.gz"]);
    assert_eq!(said.code, Some(0), "{said}");
    assert_eq!(
        fs::read(gate.workspace().join("target/again.tar.gz")).expect("a bundle"),
        bytes
    );

    let verified = gate.run(["verify", "target/run.tar.gz", "--head", &own.chain]);
    assert_eq!(verified.code, Some(0), "{verified}");

    // Unpacked it is asked and packed again as any run directory.
    for (name, contents) in &files {
        gate.write(&format!("target/unpacked/{}/{name}", own.run_id), contents);
    }
    let unpacked = format!("target/unpacked/{}", own.run_id);
    let manifest = serde_json::to_string_pretty(&own).expect("JSON") + "\n";
    gate.write(&format!("{unpacked}/bundle.json"), &manifest);
    for words in [
        vec!["evidence", "ready", "--run", &unpacked],
        vec!["verify", &unpacked, "--head", &own.chain],
        vec!["evidence", "bundle", &unpacked, "--out", "target/repacked.tar.gz"],
    ] {
        let asked = gate.run(&words);
        assert_eq!(asked.code, Some(0), "{asked}");
    }
    let explained = gate.run(["explain", &unpacked]);
    assert!(
        // The id of the run is redacted.
        explained.stdout.contains("the full report is target/unpacked/"),
        "{explained}"
    );

    // Neither the archive nor the directory above is a run, and the answer says where one is.
    let packed = gate.run(["evidence", "ready", "--run", "target/run.tar.gz"]);
    assert_eq!(packed.code, Some(2), "{packed}");
    assert!(
        packed.stderr.contains("cargo gate verify target/run.tar.gz"),
        "{packed}"
    );
    for command in [
        ["evidence", "ready", "--run", "target/unpacked"].as_slice(),
        &["verify", "target/unpacked"],
    ] {
        let above = gate.run(command);
        assert_eq!(above.code, Some(2), "{above}");
        assert!(above.stderr.contains("target/unpacked/"), "{above}");
    }
    let mut edited = bytes;
    let middle = edited.len() / 2;
    edited[middle] ^= 1;
    gate.write("target/edited.tar.gz", &edited);
    let damaged = gate.run(["verify", "target/edited.tar.gz"]);
    assert_ne!(damaged.code, Some(0), "{damaged}");
}

#[test]
fn an_item_is_closed_by_a_commit() {
    let gate = good();
    gate.append("gate.toml", "\n[register]\n");
    let add = [
        "govern",
        "register",
        "add",
        "--title",
        "loses writes",
        "--severity",
        "critical",
    ];
    assert_eq!(gate.run(add).code, Some(0));
    gate.commit("an item");
    let head = gate.git(["rev-parse", "HEAD"]);
    assert_eq!(
        gate.run(["govern", "register", "close", "ITEM-1", "--commit", "no-such-branch"])
            .code,
        Some(2)
    );
    let closed = gate.run(["govern", "register", "close", "ITEM-1", "--resolution", "fixed in 1.4"]);
    assert_eq!(closed.code, Some(0), "{closed}");
    let text = gate.read("register.toml");
    assert!(text.contains(&format!("commit = \"{}\"", head.trim())), "{text}");
}

#[test]
fn errors_of_the_policy_are_data_too() {
    let gate = good();
    gate.append("gate.toml", "\n[checks.\"lockfile.trakced\"]\nblocks-at = \"pilot\"\n");
    assert_snapshot!("policy-errors", gate.run(["pilot", "--message-format", "json"]));
}
