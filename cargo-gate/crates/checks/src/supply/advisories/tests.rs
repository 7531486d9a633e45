use super::*;
use gate_contract::testing::World;
use gate_contract::{Attachments, Inputs};
use gate_policy::{AdvisoryAge, SupplyPolicy};
use gate_surveys::supply::samples::{Sample, advisory, write};

const LOCK: &str = r#"version = 4

[[package]]
name = "app"
version = "0.1.0"
dependencies = [
 "chrono",
 "old",
]

[[package]]
name = "chrono"
version = "0.4.19"
source = "registry+https://github.com/rust-lang/crates.io-index"
dependencies = [
 "time",
]

[[package]]
name = "old"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "time"
version = "0.1.43"
source = "registry+https://github.com/rust-lang/crates.io-index"
"#;

/// A world with this database, in a directory of its own.
fn world(advisories: &[Sample]) -> (World, tempfile::TempDir) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    write(&directory.path().join("db"), advisories);
    let mut world = World::new();
    world.workspace.lockfile.bytes = Some(LOCK.into());
    world.workspace.root = directory.path().to_owned();
    world.workspace.target_dir = directory.path().join("target");
    world.policy.supply = Some(SupplyPolicy {
        advisory_db: Some("db".into()),
        ..SupplyPolicy::default()
    });
    (world, directory)
}

/// What the check says now, whatever was read before.
fn said(world: &mut World) -> String {
    world.workspace.advisories = std::sync::OnceLock::new();
    world.text(&CHECK)
}

fn harmless(date: &str) -> Sample {
    advisory("RUSTSEC-2026-0001", "other", date)
}

#[test]
fn vulnerabilities_block_and_information_is_advice() {
    let (mut world, _directory) = world(&[
        advisory("RUSTSEC-2026-0009", "time", "2026-06-01")
            .with("cvss = \"CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H\"")
            .patched(&[">= 0.1.45"]),
        advisory("RUSTSEC-2026-0008", "chrono", "2026-06-01").patched(&[">= 0.5.2"]),
        advisory("RUSTSEC-2026-0007", "old", "2026-06-02").with("informational = \"unmaintained\""),
        advisory("RUSTSEC-2026-0006", "old", "2026-06-02").with("withdrawn = \"2026-06-03\""),
        advisory("RUSTSEC-2026-0005", "app", "2026-06-02"),
    ]);
    insta::assert_snapshot!(said(&mut world), @r#"
    Cargo.lock:25: RUSTSEC-2026-0009 in `time 0.1.43`: Trouble in time (medium, CVSS 5.5); used by `app` through `chrono 0.4.19` [controlled]
      help: cargo update -p time --precise 0.1.45
    Cargo.lock:12: RUSTSEC-2026-0008 in `chrono 0.4.19`: Trouble in chrono (vulnerability); used by `app` [controlled]
      help: version 0.5.2 is not affected: raise the requirement of `app` on `chrono`, then run `cargo update -p chrono`
    Cargo.lock:20: RUSTSEC-2026-0007 in `old 1.0.0`: Trouble in old (unmaintained); used by `app` [advice]
      help: every version is affected: replace `old`, or waive it: `cargo gate govern waiver add --check supply.advisories --contains "RUSTSEC-2026-0007 in" --owner <owner> --reason <reason> --expires <date>`
    "#);
}

#[test]
fn a_package_from_elsewhere_is_another_one() {
    let (mut world, _directory) = world(&[advisory("RUSTSEC-2026-0009", "time", "2026-06-01")]);
    let lock = LOCK.replace(
        "version = \"0.1.43\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"",
        "version = \"0.1.43\"\nsource = \"git+https://example.com/time#0123456789\"",
    );
    world.workspace.lockfile.bytes = Some(lock.into());
    assert_eq!(said(&mut world), "");
}

#[test]
fn what_came_since_the_last_run_is_new() {
    let (mut world, directory) = world(&[harmless("2026-06-01")]);
    assert_eq!(said(&mut world), "");
    write(
        &directory.path().join("db"),
        &[advisory("RUSTSEC-2026-0009", "time", "2026-06-01").patched(&["^0.1.45"])],
    );
    insta::assert_snapshot!(said(&mut world), @r"
    Cargo.lock:25: RUSTSEC-2026-0009 in `time 0.1.43`: Trouble in time (vulnerability, new since the last run); used by `app` through `chrono 0.4.19` [controlled]
      help: cargo update -p time --precise 0.1.45
    ");
    // However often it is asked.
    assert!(said(&mut world).contains("new since the last run"));
    write(
        &directory.path().join("db"),
        &[advisory("RUSTSEC-2026-0010", "other", "2026-06-02")],
    );
    assert!(!said(&mut world).contains("new since the last run"));
}

/// Does something to a world and its database.
type Change<'a> = &'a dyn Fn(&mut World, &std::path::Path);

#[test]
fn a_database_that_cannot_be_believed_judges_nothing() {
    let cases: [(&str, Change<'_>); 6] = [
        ("missing", &|world, _| {
            world.policy.supply.as_mut().expect("a section").advisory_db = Some("../nowhere".into());
        }),
        ("empty", &|_, db| {
            std::fs::remove_dir_all(db.join("crates")).expect("a removal");
        }),
        ("no archive", &|_, db| {
            std::fs::remove_dir_all(db).expect("a removal");
            std::fs::write(db, "hello").expect("a file");
        }),
        ("too old", &|_, db| write(db, &[harmless("2026-03-16")])),
        ("clock", &|_, db| write(db, &[harmless("2026-06-17")])),
        ("malformed", &|_, db| {
            std::fs::write(db.join("crates/other/b.md"), "x").expect("a file");
        }),
    ];
    let mut text = String::new();
    for (what, change) in cases {
        let (mut world, directory) = world(&[harmless("2026-06-01")]);
        change(&mut world, &directory.path().join("db"));
        text += &format!("{what}: {}\n", said(&mut world));
    }
    insta::assert_snapshot!(text, @"
    missing: not run (advisory_db_missing): no advisory database at `../nowhere`
      help: remove the setting to use the newest database of this machine or the built-in one, or fetch one there: `git clone --depth 1 https://github.com/RustSec/advisory-db`
    empty: not run (advisory_db_empty): the advisory database at `db` contains no advisories
      help: fetch it again: `git clone --depth 1 https://github.com/RustSec/advisory-db`
    no archive: not run (advisory_db_unreadable): cannot read the advisory database at `db`: it is neither a .tar.gz nor a .zip
      help: fetch it again: `git clone --depth 1 https://github.com/RustSec/advisory-db`
    too old: the newest advisory in the advisory database at `db` is of 2026-03-16, 91 days ago; pilot allows 90 days [advice]
      help: fetch a newer one: `git -C <database> pull` or `cargo gate advisories update`
    clock: not run (clock_behind): today is 2026-06-15, but the newest advisory in the advisory database at `db` is of 2026-06-17
      help: set the clock of this machine
    malformed: not run (advisory_db_damaged): cannot parse 1 of 2 files of the advisory database at `db`
      help: fetch it again: `git clone --depth 1 https://github.com/RustSec/advisory-db`
    ");
}

#[test]
fn the_limit_depends_on_the_stage() {
    let (mut world, _directory) = world(&[harmless("2026-05-10")]);
    let mut text = Vec::new();
    for stage in [Stage::Pilot, Stage::Controlled, Stage::Broad] {
        world.stage = stage;
        text.push(said(&mut world));
    }
    world.policy.supply.as_mut().expect("a section").max_age.broad = Some(Duration::from_secs(36 * 86_400));
    text.push(said(&mut world));
    insta::assert_snapshot!(text.join("\n"), @"

    not run (advisory_db_too_old): the newest advisory in the advisory database at `db` is of 2026-05-10, 36 days ago; controlled allows 30 days
      help: fetch a newer one: `git -C <database> pull` or `cargo gate advisories update`
    not run (advisory_db_too_old): the newest advisory in the advisory database at `db` is of 2026-05-10, 36 days ago; broad allows 30 days
      help: fetch a newer one: `git -C <database> pull` or `cargo gate advisories update`
    ");
}

#[test]
fn an_old_database_is_warned_about_at_pilot() {
    let (mut world, directory) = world(&[]);
    write(&directory.path().join("advisory-db"), &[harmless("2025-05-10")]);
    world.policy.supply = None;
    assert_eq!(
        said(&mut world),
        "not run (advisory_db_missing): no advisory database found"
    );
    let home = directory.path().to_str().expect("a plain path").to_owned();
    world.workspace.options.environment = gate_world::environment::Environment::from_pairs([("CARGO_HOME", home)]);
    insta::assert_snapshot!(said(&mut world), @r"
    the newest advisory in the advisory database at `$CARGO_HOME/advisory-db` is of 2025-05-10, 401 days ago; pilot allows 90 days [advice]
      help: cargo gate advisories update
    ");
    world.policy.supply = Some(SupplyPolicy {
        max_age: AdvisoryAge {
            pilot: Some(Duration::from_secs(400 * 86_400)),
            ..AdvisoryAge::default()
        },
        ..SupplyPolicy::default()
    });
    assert!(said(&mut world).starts_with("not run (advisory_db_too_old)"));
    world.policy.supply = None;
    world.stage = Stage::Controlled;
    assert!(said(&mut world).starts_with("not run (advisory_db_too_old)"));
}

#[test]
fn a_workspace_without_registry_packages_needs_no_database() {
    let (mut world, _directory) = world(&[]);
    world.stage = Stage::Broad;
    world.policy.supply = None;
    world.workspace.lockfile.bytes =
        Some(b"version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n".to_vec());
    assert_eq!(said(&mut world), "");
}

/// A snapshot that is compiled in.
fn built_in(world: &mut World, commit: &str, advisories: &[Sample]) {
    let bytes = gate_surveys::supply::samples::snapshot(commit, advisories);
    world.workspace.built_in_advisories = Some(bytes.leak());
}

#[test]
fn the_built_in_database_answers_where_there_is_no_newer_one() {
    let (mut world, directory) = world(&[]);
    world.policy.supply = None;
    let vulnerable = || advisory("RUSTSEC-2026-0009", "time", "2026-05-30").patched(&[">= 0.1.45"]);
    built_in(&mut world, "2026-06-01", &[vulnerable()]);
    insta::assert_snapshot!(said(&mut world), @"
    Cargo.lock:25: RUSTSEC-2026-0009 in `time 0.1.43`: Trouble in time (vulnerability); used by `app` through `chrono 0.4.19` [controlled]
      help: cargo update -p time --precise 0.1.45
    ");
    // Its age is that of its commit.
    world.stage = Stage::Broad;
    assert!(!said(&mut world).starts_with("not run"));
    built_in(
        &mut world,
        "2026-05-15",
        &[advisory("RUSTSEC-2026-0001", "other", "2026-05-14")],
    );
    insta::assert_snapshot!(said(&mut world), @"
    not run (advisory_db_too_old): the built-in advisory database is of 2026-05-15, 31 days ago; broad allows 30 days
      help: cargo gate advisories update
    ");
    // A newer one of another tool is used instead.
    write(&directory.path().join("advisory-db"), &[vulnerable()]);
    let home = directory.path().to_str().expect("a plain path").to_owned();
    world.workspace.options.environment = gate_world::environment::Environment::from_pairs([("CARGO_HOME", home)]);
    assert!(said(&mut world).starts_with("Cargo.lock:25: RUSTSEC-2026-0009"));
}

#[test]
fn a_declared_database_is_replaced_only_with_one_that_has_all_of_it() {
    let old = || advisory("RUSTSEC-2026-0001", "other", "2026-03-01");
    let (mut world, directory) = world(&[old()]);
    world.stage = Stage::Controlled;
    let vulnerable = || advisory("RUSTSEC-2026-0009", "time", "2026-05-30");
    built_in(&mut world, "2026-06-01", &[vulnerable()]);
    assert!(
        said(&mut world)
            .starts_with("not run (advisory_db_too_old): the newest advisory in the advisory database at `db`")
    );
    built_in(&mut world, "2026-06-01", &[old(), vulnerable()]);
    assert!(said(&mut world).starts_with("Cargo.lock:25: RUSTSEC-2026-0009"));
    // What cannot be read is not replaced.
    std::fs::remove_dir_all(directory.path().join("db")).expect("a removal");
    assert!(said(&mut world).starts_with("not run (advisory_db_missing)"));
}

#[test]
fn advisories_do_not_vanish() {
    let ids: Vec<String> = (0..20).map(|number| format!("RUSTSEC-2026-{number:04}")).collect();
    let samples: Vec<Sample> = ids.iter().map(|id| advisory(id, "other", "2026-06-01")).collect();
    let (mut world, directory) = world(&samples);
    assert_eq!(said(&mut world), "");
    for sample in &samples[..2] {
        std::fs::remove_file(directory.path().join("db").join(sample.path())).expect("a removal");
    }
    assert_eq!(said(&mut world), "");
    for sample in &samples[2..5] {
        std::fs::remove_file(directory.path().join("db").join(sample.path())).expect("a removal");
    }
    insta::assert_snapshot!(said(&mut world), @"
    not run (advisory_db_shrunk): the advisory database at `db` has 15 advisories, but had 18 in the last run
      help: fetch it again: `git clone --depth 1 https://github.com/RustSec/advisory-db`; if it is supposed to be smaller, remove `gate/advisories` below the target directory
    ");
    // It is not forgotten by asking again.
    assert!(said(&mut world).starts_with("not run (advisory_db_shrunk)"));
    world.workspace.lockfile.bytes = Some(b"<<<<<<<".to_vec());
    insta::assert_snapshot!(said(&mut world), @"
    not run (lockfile_unreadable): cannot read Cargo.lock: line 1: key with no value, expected `=`
      help: cargo generate-lockfile
    ");
}

#[test]
fn one_bad_file_is_listed_and_matters_where_it_is_about_a_dependency() {
    let ids: Vec<String> = (1..30).map(|number| format!("RUSTSEC-2026-{number:04}")).collect();
    let samples: Vec<Sample> = ids.iter().map(|id| advisory(id, "other", "2026-06-01")).collect();
    let (mut world, directory) = world(&samples);
    std::fs::write(directory.path().join("db/crates/other/RUSTSEC-2020-0001.md"), b"\xff").expect("a file");
    assert_eq!(said(&mut world), "");
    std::fs::create_dir(directory.path().join("db/crates/time")).expect("a directory");
    std::fs::write(directory.path().join("db/crates/time/RUSTSEC-2020-0002.md"), b"\xff").expect("a file");
    insta::assert_snapshot!(said(&mut world), @"
    Cargo.lock:25: cannot read `crates/time/RUSTSEC-2020-0002.md` of the advisory database, which is about `time`: it is not UTF-8 [controlled]
      help: fetch the database again; if the file does not change, review it and waive this finding
    ");
}

#[test]
fn what_was_read_is_recorded() {
    let (world, _directory) = world(&[advisory("RUSTSEC-2026-0009", "time", "2026-06-01").patched(&["^0.1.45"])]);
    let attachments = Attachments::default();
    CHECK.rule.run(&Inputs {
        attachments: Some(&attachments),
        ..world.inputs()
    });
    let files = attachments.into_files();
    insta::assert_snapshot!(String::from_utf8_lossy(&files["supply/advisories.json"]), @r#"
    {
      "schema_version": 1,
      "database": {
        "place": "db",
        "origin": "policy",
        "why": "`advisory-db` under `[supply]` names it",
        "commit": null,
        "date": "2026-06-01",
        "sha256": "2cf62802a9f35497c328762f0b91abc754a3b4b22631a70cf85e9bd727a3ff11",
        "advisories": 1,
        "newest": "2026-06-01",
        "skipped": []
      },
      "considered": [
        {
          "place": "db",
          "origin": "policy",
          "advisories": 1,
          "newest": "2026-06-01"
        }
      ],
      "last_run": null,
      "advisories": [
        {
          "id": "RUSTSEC-2026-0009",
          "aliases": [],
          "package": "time",
          "version": "0.1.43",
          "kind": "vulnerability",
          "severity": null,
          "cvss": null,
          "date": "2026-06-01",
          "new": false,
          "patched": [
            "^0.1.45"
          ],
          "url": null,
          "license": null,
          "way": [
            "app 0.1.0",
            "chrono 0.4.19",
            "time 0.1.43"
          ]
        }
      ]
    }
    "#);
}
