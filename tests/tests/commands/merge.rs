//! Runs of several machines, put together into one decision. The other machines are copies of runs of this one with another
//! `environment.json`, hashed as a gate there would have.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gate_base::digest::sha256_hex;
use gate_evidence::run_dir::Hashes;
use gate_tests::harness::{Gate, Run};
use insta::assert_snapshot;

use super::good;
use super::runs::{OTHER, PUBLIC, key};

const LINUX: &str = "target/machines/linux";
const MACOS: &str = "target/machines/macos";
const WINDOWS: &str = "target/machines/windows";

/// A system that a run is made to be of, whatever system the tests run on.
pub(super) struct System {
    os: &'static str,
    arch: &'static str,
    target: &'static str,
}

pub(super) const ON_LINUX: System = System {
    os: "linux",
    arch: "x86_64",
    target: "x86_64-unknown-linux-gnu",
};
const ON_MACOS: System = System {
    os: "macos",
    arch: "aarch64",
    target: "aarch64-apple-darwin",
};
#[cfg(unix)]
pub(super) const ON_OLD_MACOS: System = System {
    os: "macos",
    arch: "x86_64",
    target: "x86_64-apple-darwin",
};
const ON_WINDOWS: System = System {
    os: "windows",
    arch: "x86_64",
    target: "x86_64-pc-windows-msvc",
};

impl System {
    /// What a run of the machine of these tests says of its system, and what one of this system says.
    fn replaced(&self) -> [(String, String); 3] {
        let field = |name: &str, value: &str| format!("\"{name}\": \"{value}\"");
        [
            (field("os", std::env::consts::OS), field("os", self.os)),
            (field("arch", std::env::consts::ARCH), field("arch", self.arch)),
            (host(), self.target.to_owned()),
        ]
    }
}

fn host() -> String {
    let output = std::process::Command::new("rustc").arg("-vV").output().expect("rustc");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("host: "));
    line.expect("a host").to_owned()
}

fn latest(gate: &Gate) -> PathBuf {
    let runs = gate.workspace().join("target/gate/runs");
    // A link, or a file with the name where links take a privilege.
    fs::read_link(runs.join("latest"))
        .or_else(|_| fs::read_to_string(runs.join("latest")).map(|name| PathBuf::from(name.trim())))
        .map(|name| runs.join(name))
        .expect("a run")
}

fn files(directory: &Path, below: &str, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let entry = entry.expect("an entry");
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.file_type().expect("a type").is_dir() {
            files(&entry.path(), &format!("{name}/"), found);
        } else {
            found.insert(name, fs::read(entry.path()).expect("a file"));
        }
    }
}

/// Copies the newest run to `to` as one of a system, with the first text of each pair replaced by the second in every document.
pub(super) fn copied(gate: &Gate, to: &str, system: &System, replaced: &[(&str, &str)]) {
    let of_system = system.replaced();
    let of_system = of_system.iter().map(|(from, into)| (from.as_str(), into.as_str()));
    let replaced: Vec<(&str, &str)> = of_system.chain(replaced.iter().copied()).collect();
    drop(fs::remove_dir_all(gate.workspace().join(to)));
    let mut found = BTreeMap::new();
    files(&latest(gate), "", &mut found);
    let hashes: Hashes = serde_json::from_slice(&found.remove("hashes.json").expect("hashes")).expect("hashes");
    for (name, bytes) in &mut found {
        let Ok(mut text) = String::from_utf8(bytes.clone()) else {
            continue;
        };
        // The manifest has the hashes of what suites left.
        for (from, into) in replaced.iter().filter(|_| !name.contains('/')) {
            text = text.replace(from, into);
        }
        *bytes = text.into_bytes();
        gate.write(&format!("{to}/{name}"), &*bytes);
    }
    let again = found.iter().map(|(name, bytes)| (name.clone(), sha256_hex(bytes)));
    let hashes = Hashes::new(again.collect(), hashes.previous);
    let mut text = serde_json::to_string_pretty(&hashes).expect("JSON");
    text.push('\n');
    gate.write(&format!("{to}/hashes.json"), text);
}

fn on_linux(gate: &Gate) {
    copied(gate, LINUX, &ON_LINUX, &[]);
}

fn on_macos(gate: &Gate) {
    copied(gate, MACOS, &ON_MACOS, &[]);
}

fn on_windows(gate: &Gate, replaced: &[(&str, &str)]) {
    copied(gate, WINDOWS, &ON_WINDOWS, replaced);
}

fn merged(gate: &Gate, more: &[&str]) -> Run {
    let words = ["evidence", "merge", LINUX, MACOS, WINDOWS];
    gate.run(words.iter().chain(more))
}

/// Three machines, ready for pilot.
fn three() -> Gate {
    let gate = good();
    assert_eq!(gate.run(["pilot"]).code, Some(0));
    on_linux(&gate);
    on_macos(&gate);
    on_windows(&gate, &[]);
    gate
}

#[cfg(unix)]
pub(super) fn executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a script can be made executable");
}

/// What keeps the runs apart, by kind.
pub(super) fn kinds(run: &Run) -> Vec<String> {
    assert_eq!(run.code, Some(1), "{run}");
    let document = run.json();
    assert_eq!(document["decision"], "NOT_READY");
    let found = document["contradictions"].as_array().into_iter().flatten();
    found
        .map(|found| found["why"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// That a kind is among them.
pub(super) fn has(run: &Run, kind: &str) {
    let found = kinds(run);
    assert!(found.iter().any(|found| found == kind), "{kind}: {found:?}\n{run}");
}

pub(super) const JSON: [&str; 2] = ["--message-format", "json"];

#[test]
fn three_systems_make_one_decision() {
    let gate = three();
    let run = merged(&gate, &[]);
    assert_eq!(run.code, Some(0), "{run}");
    assert_snapshot!("merged", run);
    // A bundle says the same as the directory that it was made of.
    let bundled = gate.run(["evidence", "bundle", MACOS, "--out", "target/macos.tar.gz"]);
    assert_eq!(bundled.code, Some(0), "{bundled}");
    let both = gate.run(["evidence", "merge", LINUX, "target/macos.tar.gz", WINDOWS]);
    assert_eq!(both.stdout, run.stdout, "{both}");
}

/// git writes other line ends on Windows, so that the content differs; the commit is the same, and `git.clean` compared it.
#[test]
fn line_ends_of_a_platform_do_not_make_another_tree() {
    let gate = three();
    let manifest: serde_json::Value =
        serde_json::from_str(&gate.read(&format!("{LINUX}/manifest.json"))).expect("a manifest");
    let digest = |name: &str| manifest["subject"][name].as_str().expect("a digest").to_owned();
    let (content, policy) = (digest("content"), digest("policy_sha256"));
    let (other, another) = ("c".repeat(64), "d".repeat(64));
    on_windows(&gate, &[(&content, &other), (&policy, &another)]);
    assert_eq!(merged(&gate, &[]).code, Some(0));
    // A work tree with changes proves nothing of the commit.
    on_windows(&gate, &[(&content, &other), ("\"dirty\": false", "\"dirty\": true")]);
    assert_eq!(kinds(&merged(&gate, &JSON)), ["tree"]);
}

/// A tool that one machine has not, and a test that fails where it is.
#[cfg(unix)]
#[test]
fn the_worst_outcome_of_a_check_counts_and_stays_visible() {
    let gate = good();
    gate.append(
        "gate.toml",
        "\n[[suite.test]]\nname = \"device\"\ncommand = [\"target/probe\"]\nformat = \"exit-code\"\n",
    );
    gate.commit("A suite takes a probe");
    assert_eq!(gate.run(["pilot"]).code, Some(4));
    on_linux(&gate);
    gate.write("target/probe", "#!/bin/sh\nexit $(cat target/answer)\n");
    executable(&gate.workspace().join("target/probe"));
    for (answer, code) in [("0", 0), ("1", 1)] {
        gate.write("target/answer", answer);
        assert_eq!(gate.run(["pilot", "--fresh"]).code, Some(code));
        if code == 0 {
            on_macos(&gate);
        } else {
            on_windows(&gate, &[]);
        }
    }
    let run = merged(&gate, &[]);
    assert_eq!(run.code, Some(1), "{run}");
    assert_snapshot!("merged-blocked", run);
    let document = merged(&gate, &JSON).json();
    let checks = document["checks"].as_array().expect("checks");
    let suite = checks.iter().find(|check| check["id"] == "suite.test.device");
    let suite = suite.expect("the suite");
    assert_eq!(suite["outcome"], "not_run");
    assert_eq!(suite["cells"]["windows-x86_64"]["outcome"], "fail");
    assert_eq!(suite["cells"]["linux-x86_64"]["reason"]["code"], "tool_missing");
}

#[test]
fn runs_that_are_not_one_claim_are_refused() {
    let gate = three();
    let before = gate.read("logic/src/lib.rs");
    // A byte of a run.
    let report = format!("{WINDOWS}/report.md");
    gate.append(&report, " ");
    assert_eq!(kinds(&merged(&gate, &JSON)), ["unverified"]);
    assert_snapshot!("merged-tampered", merged(&gate, &[]));
    // One run for two machines.
    let twice = gate.run(["evidence", "merge", LINUX, LINUX, "--message-format", "json"]);
    assert_eq!(kinds(&twice), ["twice"]);
    // Another stage.
    gate.run(["controlled"]);
    on_windows(&gate, &[]);
    has(&merged(&gate, &JSON), "stage");
    // Another version of the tool.
    gate.run(["pilot"]);
    on_windows(
        &gate,
        &[
            ("\"version\": \"0.1.0\"", "\"version\": \"0.9.0\""),
            ("\"tool_version\": \"0.1.0\"", "\"tool_version\": \"0.9.0\""),
        ],
    );
    has(&merged(&gate, &JSON), "tool");
    // Another catalogue of checks.
    gate.run(["pilot"]);
    let decision: serde_json::Value =
        serde_json::from_slice(&fs::read(latest(&gate).join("decision.json")).expect("a decision")).expect("JSON");
    let catalogue = decision["catalogue_sha256"].as_str().expect("a digest").to_owned();
    on_windows(&gate, &[(&catalogue, &"e".repeat(64))]);
    has(&merged(&gate, &JSON), "catalogue");
    // Fewer packages.
    gate.run(["pilot", "--package", "logic"]);
    on_windows(&gate, &[]);
    has(&merged(&gate, &JSON), "scope");
    // Another policy.
    gate.write("target/other.toml", gate.read("gate.toml") + "\n# another\n");
    gate.run(["pilot", "--policy", "target/other.toml"]);
    on_windows(&gate, &[]);
    assert_eq!(kinds(&merged(&gate, &JSON)), ["policy"]);
    // Another commit on one machine, then on all of them.
    gate.append("logic/src/lib.rs", "\n// More.\n");
    gate.commit("More");
    gate.run(["pilot"]);
    on_windows(&gate, &[]);
    has(&merged(&gate, &JSON), "tree");
    on_linux(&gate);
    on_macos(&gate);
    gate.write("logic/src/lib.rs", before);
    gate.commit("Less");
    assert_eq!(kinds(&merged(&gate, &JSON)), ["commit", "commit", "commit"]);
    assert_snapshot!("merged-commit", merged(&gate, &[]));
}

#[test]
fn a_platform_that_must_be_there_has_a_run() {
    let gate = three();
    let named = [
        "evidence",
        "merge",
        LINUX,
        MACOS,
        "--platform",
        "linux",
        "--platform",
        "x86_64-pc-windows-msvc",
    ];
    assert_eq!(kinds(&gate.run(named.iter().chain(&JSON))), ["platform"]);
    assert_eq!(gate.run(named.iter().chain(&[WINDOWS])).code, Some(0));
    // The policy lists linux and macos: for `broad`.
    assert_eq!(gate.run(["evidence", "merge", LINUX]).code, Some(0));
    gate.run(["broad"]);
    on_linux(&gate);
    has(&gate.run(["evidence", "merge", LINUX].iter().chain(&JSON)), "platform");
    on_macos(&gate);
    let both = gate.run(["evidence", "merge", LINUX, MACOS].iter().chain(&JSON));
    assert!(!kinds(&both).contains(&"platform".to_owned()), "{both}");
}

/// A decision counts only with the signature that the policy requires; a broken signature does not count.
#[test]
fn a_bundle_without_a_good_signature_is_refused() {
    let gate = good();
    let policy = format!("\n[decisions]\nauthorities = [\"{PUBLIC}\"]\nrequire-signature = \"pilot\"\n");
    gate.append("gate.toml", &policy);
    gate.commit("decisions are signed");
    let key = key(&gate);
    assert_eq!(gate.run(["pilot"]).code, Some(0));
    let bundled = |to: &str| {
        let run = gate.run(["evidence", "bundle", "--out", to]);
        assert_eq!(run.code, Some(0), "{run}");
    };
    let merge = |bundle: &str| gate.run(["evidence", "merge", bundle, "--message-format", "json"]);
    bundled("target/unsigned.tar.gz");
    let unsigned = merge("target/unsigned.tar.gz");
    assert_eq!(kinds(&unsigned), ["unverified"]);
    assert!(
        unsigned.stdout.contains("decisions for pilot must be signed"),
        "{unsigned}"
    );

    assert_eq!(gate.run(["evidence", "sign", "latest", "--key", &key]).code, Some(0));
    bundled("target/signed.tar.gz");
    let signed = merge("target/signed.tar.gz");
    assert_eq!(signed.code, Some(0), "{signed}");

    // Other bytes in the signature, packed again: the gate itself bundles no run that does not verify.
    let unpacked = gate.workspace().join("target/unpacked");
    fs::create_dir(&unpacked).expect("a directory");
    let tar = |words: &[&str]| {
        let mut tar = std::process::Command::new("tar");
        let ended = tar.args(words).current_dir(&unpacked).output().expect("tar");
        assert!(ended.status.success(), "{words:?}");
        String::from_utf8(ended.stdout).expect("names")
    };
    let listed = tar(&["-tzf", "../signed.tar.gz"]);
    tar(&["-xzf", "../signed.tar.gz"]);
    let packed: Vec<&str> = listed.lines().collect();
    let signature = packed.iter().find(|path| path.ends_with("/decision.sig"));
    let signature = unpacked.join(signature.expect("a signature"));
    let text = fs::read_to_string(&signature).expect("a signature");
    // The last words of the signature are its bytes.
    let at = text.trim_end().rfind("\n-----END").expect("an end") - 8;
    let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
    let mut broken = text.clone();
    broken.replace_range(at..=at, other);
    fs::write(&signature, broken).expect("written");
    tar(&[&["-czf", "../broken.tar.gz"], &packed[..]].concat());
    let broken = merge("target/broken.tar.gz");
    assert_eq!(kinds(&broken), ["unverified"]);
    assert!(broken.stdout.contains("decision.sig"), "{broken}");
}

#[test]
fn a_merged_decision_is_signed_and_verified_by_itself() {
    let gate = three();
    let key = key(&gate);
    let out = "target/merged.json";
    let run = merged(&gate, &["--out", out, "--key", &key]);
    assert_eq!(run.code, Some(0), "{run}");
    gate.write("target/release.pub", PUBLIC);
    gate.write("target/other.pub", OTHER);
    let verify = |authority: &str| gate.run(["verify", out, "--authority", authority]);
    assert_snapshot!("merged-verified", verify("target/release.pub"));
    assert_eq!(verify("target/release.pub").code, Some(0));
    assert_eq!(verify("target/other.pub").code, Some(1));
    // Every edit is seen: by what the file itself says, or by the signature.
    let good = gate.read(out);
    for (from, into) in [
        ("\"stage\": \"pilot\"", "\"stage\": \"broad\""),
        ("\"machine\": \"macos-aarch64\"", "\"machine\": \"linux-x86_64\""),
        ("\"commit\": \"", "\"commit\": \"0"),
        ("\"outcome\": \"pass\"", "\"outcome\": \"fail\""),
    ] {
        gate.write(out, good.replacen(from, into, 1));
        let run = verify("target/release.pub");
        assert_eq!(run.code, Some(1), "{from}: {run}");
        assert!(run.stdout.contains("tampered"), "{run}");
    }
    gate.write(
        out,
        good.replace("\"decision\": \"READY\"", "\"decision\": \"NOT_READY\""),
    );
    gate.remove("target/merged.json.sig");
    assert_eq!(gate.run(["verify", out]).code, Some(0), "unsigned, and whole");
    gate.write(
        out,
        good.replacen("\"decision\": \"READY\"", "\"decision\": \"NOT_READY\"", 1),
    );
    assert_eq!(gate.run(["verify", out]).code, Some(1), "the runs add up to READY");
    gate.write(out, good.replacen("\"schema_version\": 1", "\"schema_version\": 9", 1));
    assert_eq!(gate.run(["verify", out]).code, Some(2));
}
