//! This project's own workflows and its action: what they install is pinned, and nothing is published but behind the one decision of all
//! systems. actionlint reads them too, by hand: see the page about continuous integration.

use std::collections::BTreeSet;
use std::fs;

use gate_ci::yaml::{self, Node};

fn document(path: &str) -> Node {
    let text = fs::read_to_string(xtask::project_root().join(path)).expect("a file");
    yaml::parse(&text, 0)
        .unwrap_or_else(|error| panic!("{path}: {}", error.message))
        .remove(0)
}

fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key)?.text()
}

fn jobs(workflow: &Node) -> Vec<(&str, &Node)> {
    let jobs = workflow.get("jobs").expect("jobs").entries();
    jobs.iter()
        .map(|(name, job)| (name.text().expect("a name"), job))
        .collect()
}

fn steps(job: &Node) -> impl Iterator<Item = &Node> {
    job.get("steps").expect("steps").items().iter()
}

/// Every job that a job waits for, directly or not.
fn waits_for<'n>(workflow: &'n Node, name: &'n str) -> BTreeSet<&'n str> {
    let all = jobs(workflow);
    let mut found = BTreeSet::new();
    let mut open = vec![name];
    while let Some(name) = open.pop() {
        let job = all.iter().find(|(known, _)| *known == name).map(|(_, job)| *job);
        let needs = job
            .and_then(|job| job.get("needs"))
            .map(Node::scalars)
            .unwrap_or_default();
        for need in needs.iter().filter_map(|need| need.text()) {
            if found.insert(need) {
                open.push(need);
            }
        }
    }
    found
}

#[test]
fn whatever_is_used_is_pinned_by_commit() {
    let mut used = 0;
    for path in [".github/workflows/ci.yml", ".github/workflows/release.yml"] {
        let workflow = document(path);
        for (name, job) in jobs(&workflow) {
            assert!(job.get("timeout-minutes").is_some(), "{path}: {name} has no time limit");
            for uses in steps(job).filter_map(|step| text(step, "uses")) {
                used += 1;
                pinned(path, uses);
            }
        }
        let rights = workflow.get("permissions").expect("permissions").entries();
        assert_eq!(rights.len(), 1, "{path}");
        assert_eq!(
            text(workflow.get("permissions").expect("permissions"), "contents"),
            Some("read")
        );
    }
    assert!(used > 10);
    let action = document("action.yml");
    let runs = action.get("runs").expect("runs");
    assert_eq!(text(runs, "using"), Some("composite"));
    for step in steps(runs) {
        match text(step, "uses") {
            Some(uses) => pinned("action.yml", uses),
            None => {
                assert_eq!(text(step, "shell"), Some("bash"), "steps of an action name their shell");
                // What somebody writes reaches a shell as a variable, never as its text.
                assert!(!text(step, "run").expect("a command").contains("${{"));
            }
        }
    }
}

fn pinned(path: &str, uses: &str) {
    let (_, commit) = uses.split_once('@').expect("a version");
    let is_hash = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(is_hash, "{path}: {uses}");
}

#[test]
fn nothing_is_published_but_behind_one_decision_of_all_systems() {
    let workflow = document(".github/workflows/release.yml");
    let runs =
        |job: &Node, words: &str| steps(job).any(|step| text(step, "run").is_some_and(|run| run.contains(words)));
    let mut published = 0;
    for (name, job) in jobs(&workflow) {
        let waits = waits_for(&workflow, name);
        if runs(job, "xtask release") || runs(job, "gh release") || runs(job, "cargo publish") {
            published += 1;
            assert!(waits.contains("verdict"), "{name}");
            assert_eq!(text(job, "environment"), Some("release"), "{name}");
        }
        if name == "verdict" {
            assert!(waits.contains("broad"), "{waits:?}");
            for system in ["linux", "macos", "windows"] {
                assert!(runs(job, &format!("--platform {system}")), "{system}");
            }
            assert!(runs(job, "--key "), "it is signed");
        }
        if name == "broad" {
            assert!(runs(job, "gate broad"));
            assert_eq!(systems(job), 3);
        }
        // A job with a condition of its own runs although what it needs failed.
        assert!(name == "broad" || job.get("if").is_none(), "{name}");
    }
    assert_eq!(published, 1);
}

/// Number of systems in a matrix.
fn systems(job: &Node) -> usize {
    let matrix = job.get("strategy").and_then(|strategy| strategy.get("matrix"));
    matrix
        .and_then(|matrix| matrix.get("os"))
        .map_or(0, |os| os.items().len())
}

#[test]
fn every_shard_of_every_system_is_merged() {
    let workflow = document(".github/workflows/ci.yml");
    let all = jobs(&workflow);
    let job = |wanted: &str| all.iter().find(|(name, _)| *name == wanted).expect("the job").1;
    let test = job("test");
    assert_eq!(systems(test), 3);
    let shards = test
        .get("strategy")
        .and_then(|strategy| strategy.get("matrix"))
        .and_then(|matrix| matrix.get("shard"));
    let count = shards.expect("shards").items().len();
    let command = steps(test)
        .filter_map(|step| text(step, "run"))
        .find(|run| run.contains(".ci/run"));
    assert!(
        command
            .expect("a command")
            .ends_with(&format!("--partition ${{{{ matrix.shard }}}}/{count}"))
    );
    let merge = steps(job("verdict"))
        .filter_map(|step| text(step, "run"))
        .find(|run| run.contains("evidence merge"));
    let merge = merge.expect("a command");
    for system in ["linux", "macos", "windows"] {
        assert!(merge.contains(&format!("--platform {system}")), "{system}");
    }
    assert!(waits_for(&workflow, "release").contains("verdict"));
}

/// The directory that was attested is uploaded as it is, with what was built elsewhere in it, and with notes that say what was tested.
#[test]
fn what_is_handed_out_is_what_is_attested() {
    let workflow = document(".github/workflows/release.yml");
    let all = jobs(&workflow);
    let (_, publish) = all.iter().find(|(name, _)| *name == "publish").expect("a job");
    let commands: Vec<&str> = steps(publish).filter_map(|step| text(step, "run")).collect();
    let at = |words: &str| {
        let found = commands.iter().position(|run| run.contains(words));
        found.unwrap_or_else(|| panic!("`{words}`: {commands:#?}"))
    };
    let packed = steps(publish).filter_map(|step| step.get("with"));
    let packed: Vec<_> = packed
        .filter(|with| text(with, "path") == Some("target/packed"))
        .collect();
    assert_eq!(packed.len(), 2, "programs and the verdict are attached");
    let (released, uploaded) = (at("xtask release"), at("gh release create"));
    assert!(released < uploaded);
    assert!(commands[released].contains("--attach target/packed"), "{commands:#?}");
    let upload = commands[uploaded];
    assert!(
        upload.contains("/dist\n") && upload.contains(" \"$dist\"/*"),
        "{upload}"
    );
    assert!(upload.contains("gate verify \"$dist\""), "{upload}");
    assert!(
        !upload.contains("SHA256SUMS") && !upload.contains("target/packed"),
        "{upload}"
    );
    assert!(
        upload.contains("cargo xtask notes \"$version\" > target/notes.md"),
        "{upload}"
    );
    assert!(upload.contains("--notes-file target/notes.md"), "{upload}");
    // What the release builds itself is not built elsewhere too.
    let text = fs::read_to_string(xtask::project_root().join(".github/workflows/release.yml")).expect("a workflow");
    assert!(!text.contains("target: x86_64-unknown-linux-gnu }"));
}

/// What the release packs is what `cargo binstall` and the action ask for.
#[test]
fn the_names_of_programs_agree() {
    let manifest = fs::read_to_string(xtask::project_root().join("cargo-gate/Cargo.toml")).expect("a manifest");
    let manifest: toml::Table = manifest.parse().expect("TOML");
    let binstall = &manifest["package"]["metadata"]["binstall"];
    let address = binstall["pkg-url"].as_str().expect("an address");
    let name = address.rsplit('/').next().expect("a name");
    assert_eq!(name, "{ name }-{ version }-{ target }{ archive-suffix }");
    assert_eq!(
        binstall["bin-dir"].as_str(),
        Some("{ name }-{ version }-{ target }/{ bin }{ binary-ext }")
    );
    let workflow = fs::read_to_string(xtask::project_root().join(".github/workflows/release.yml")).expect("a workflow");
    assert!(workflow.contains("stem=cargo-gate-${GITHUB_REF_NAME#v}-$TARGET"));
    let install = fs::read_to_string(xtask::project_root().join(".ci/install")).expect("a script");
    assert!(install.contains("stem=cargo-gate-$VERSION-$target"));
    for line in install.lines().filter_map(|line| line.split_once(") target=")) {
        let target = line.1.trim_end_matches(" ;;");
        assert!(
            target.is_empty() || workflow.contains(&format!("target: {target} }}")),
            "{target}"
        );
    }
}

/// The script takes a released program only with the checksum of its release.
#[cfg(target_os = "linux")]
#[test]
fn a_program_with_another_checksum_is_not_installed() {
    use std::process::Command;
    let scratch = tempfile::tempdir().expect("a directory");
    let release = scratch.path().join("v9.9.9");
    let stem = format!("cargo-gate-9.9.9-{}-unknown-linux-musl", std::env::consts::ARCH);
    fs::create_dir_all(release.join(&stem)).expect("a directory");
    fs::write(release.join(&stem).join("cargo-gate"), "#!/bin/sh\n").expect("a program");
    let archive = format!("{stem}.tar.gz");
    let tar = Command::new("tar")
        .args(["-czf", &archive, &stem])
        .current_dir(&release)
        .status();
    assert!(tar.expect("tar").success());
    let sum = gate_base::digest::sha256_hex(&fs::read(release.join(&archive)).expect("an archive"));
    let installed = |sum: &str| {
        let home = scratch.path().join(format!("home-{}", &sum[..6]));
        fs::write(release.join("SHA256SUMS"), format!("{sum}  {archive}\n")).expect("checksums");
        let ended = Command::new("bash")
            .arg(xtask::project_root().join(".ci/install"))
            .env("VERSION", "9.9.9")
            .env("CARGO_HOME", &home)
            .env("CARGO_GATE_RELEASES", format!("file://{}", scratch.path().display()))
            .output()
            .expect("bash");
        (ended.status.success(), home.join("bin/cargo-gate").is_file())
    };
    assert_eq!(installed(&sum), (true, true));
    assert_eq!(installed(&"0".repeat(64)), (false, false));
}
