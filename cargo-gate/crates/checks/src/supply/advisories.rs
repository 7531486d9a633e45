//! `supply.advisories`: no package of the lockfile has a known vulnerability.

use jiff::civil::Date;

use gate_base::stage::Stage;
use gate_policy::SupplyPolicy;
use gate_report::group::Group;
use gate_report::{Dimension, Finding, Location, Reason};
use gate_surveys::supply::{Fix, Hit, Opened, PackageGraph, VARIABLE, hits};
use gate_world::cargo::lock::LockedPackage;

use gate_contract::{Applies, Check, Judgement, Rule, input, reads};

reads!(
    input::Lockfile,
    input::AdvisoryDb,
    SupplyPolicy,
    input::Today,
    input::EvaluatedStage,
);

/// The check.
pub static CHECK: Check = Check {
    id: "supply.advisories",
    summary: "No dependency has a known vulnerability",
    docs: include_str!("advisories.md"),
    dimension: Dimension::Integrity,
    group: Some(Group::Supply),
    group_evidence: |_| true,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

/// Days that a database may lag behind at each stage.
fn default_limit(stage: Stage) -> i64 {
    match stage {
        Stage::Pilot => 90,
        Stage::Controlled => 30,
        Stage::Broad => 14,
    }
}

fn applies(context: &Context<'_>) -> Applies {
    if context.advisory_places().all().is_empty() {
        return Applies::No(format!(
            "no advisory database found: fetch one with `cargo audit fetch` or `cargo deny fetch db`, or set \
             `advisory-db` under `[supply]` in gate.toml, or {VARIABLE}"
        ));
    }
    if !context.lockfile().exists {
        return Applies::No("there is no Cargo.lock with versions".into());
    }
    Applies::Yes
}

fn run(context: &Context<'_>) -> Judgement {
    let bytes = match &context.lockfile().bytes {
        Some(bytes) => bytes,
        None => return Judgement::NotRun(lockfile_unreadable("its file cannot be read")),
    };
    let graph = match PackageGraph::parse(bytes) {
        Ok(graph) => graph,
        Err(why) => return Judgement::NotRun(lockfile_unreadable(&why)),
    };
    let opened = match context.advisories() {
        Ok(opened) => opened,
        Err(reason) => return Judgement::NotRun(reason.clone()),
    };
    let hits = hits(&opened.database, &graph);
    context.attach("supply/advisories.json", &opened.record(&hits));
    let mut findings = match health(opened, context) {
        Health::Good => Vec::new(),
        Health::Aged(finding) => vec![*finding],
        Health::Unusable(reason) => return Judgement::NotRun(reason),
    };
    for package in graph.packages().iter().filter(|package| package.is_published()) {
        findings.extend(opened.database.skipped_about(&package.name).map(|skipped| {
            at_package(
                Finding::blocking(
                    CHECK.blocks_at,
                    format!(
                        "cannot read `{}` of the advisory database, which is about `{}`: {}",
                        skipped.path, package.name, skipped.why
                    ),
                ),
                package,
            )
            .help("fetch the database again; if the file does not change, review it and waive this finding")
        }));
    }
    let declared = context
        .section::<SupplyPolicy>()
        .as_ref()
        .filter(|supply| supply.advisory_db.is_some());
    let because = declared.and_then(|supply| supply.location.clone());
    findings.extend(
        hits.iter()
            .map(|hit| finding(hit, opened, &graph).because(because.clone())),
    );
    Judgement::Findings(findings)
}

fn lockfile_unreadable(why: &str) -> Reason {
    Reason::new("lockfile_unreadable", format!("cannot read Cargo.lock: {why}")).help("cargo generate-lockfile")
}

/// Whether a database can be judged by.
enum Health {
    Good,
    /// Too old, but nobody promised that it would not be.
    Aged(Box<Finding>),
    Unusable(Reason),
}

fn health(opened: &Opened, context: &Context<'_>) -> Health {
    let database = &opened.database;
    let shown = &opened.place.shown;
    let fetch = "fetch it again: `git clone --depth 1 https://github.com/RustSec/advisory-db`";
    let unusable = |code, message: String, help: String| Health::Unusable(Reason::new(code, message).help(help));
    let (read, skipped) = (database.advisories.len(), database.skipped.len());
    let Some(newest) = database.newest else {
        let message = match database.skipped.first() {
            None => format!("the advisory database at `{shown}` contains no advisories"),
            Some(first) => format!(
                "cannot parse any of {skipped} files of the advisory database at `{shown}`; `{}`: {}",
                first.path, first.why
            ),
        };
        return unusable("advisory_db_empty", message, fetch.to_owned());
    };
    if skipped * 10 > read + skipped {
        let message = format!(
            "cannot parse {skipped} of {} files of the advisory database at `{shown}`",
            read + skipped
        );
        return unusable("advisory_db_damaged", message, fetch.to_owned());
    }
    if let Some((before, now)) = opened.shrunk() {
        let message =
            format!("the advisory database at `{shown}` has {now} advisories, but had {before} in the last run");
        let help =
            format!("{fetch}; if it is supposed to be smaller, remove `gate/advisories` below the target directory");
        return unusable("advisory_db_shrunk", message, help);
    }
    let today = context.today();
    let age = days(newest, today);
    // Days are written where the sun rises first as well.
    if age < -1 {
        let message = format!(
            "today is {today}, but the newest advisory in the database at `{shown}` is of \
             {newest}"
        );
        return unusable("clock_behind", message, "set the clock of this machine".into());
    }
    let stage = context.stage();
    let policy = context.section::<SupplyPolicy>().as_ref();
    let declared = policy.and_then(|policy| policy.max_age.at(stage));
    let limit = declared.map_or(default_limit(stage), |limit| {
        (limit.as_secs() / 86_400).try_into().unwrap_or(i64::MAX)
    });
    if age <= limit {
        return Health::Good;
    }
    let message = format!(
        "the newest advisory in the database at `{shown}` is of {newest}, {age} days ago; {stage} allows \
             {limit} days"
    );
    let help = "fetch a newer one: `git -C <database> pull`, `cargo audit fetch` or `cargo deny fetch db`";
    if declared.is_none() && stage == Stage::Pilot && !context.advisory_places().declared() {
        return Health::Aged(Box::new(Finding::advice(message).help(help)));
    }
    unusable("advisory_db_too_old", message, help.to_owned())
}

fn days(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}

fn at_package(finding: Finding, package: &LockedPackage) -> Finding {
    finding.at(Location::line("Cargo.lock", package.line))
}

fn finding(hit: &Hit<'_>, opened: &Opened, graph: &PackageGraph) -> Finding {
    let Hit { advisory, package, .. } = hit;
    let what = match (&advisory.informational, &advisory.score) {
        (Some(kind), _) => kind.clone(),
        (None, Some(score)) => format!("{}, CVSS {}.{}", score.severity, score.tenths / 10, score.tenths % 10),
        (None, None) => "vulnerability".to_owned(),
    };
    let new = if opened.is_new(&advisory.id) {
        ", new since the last run"
    } else {
        ""
    };
    let message = format!(
        "{} in `{} {}`: {} ({what}{new}); {}",
        advisory.id,
        package.name,
        package.version,
        advisory.title,
        used_by(&hit.way)
    );
    let finding = match advisory.informational {
        None => Finding::blocking(CHECK.blocks_at, message),
        Some(_) => Finding::advice(message),
    };
    at_package(finding.help(help(hit, graph)), package)
}

/// The way from a member, in words.
fn used_by(way: &[&LockedPackage]) -> String {
    let named = |package: &&LockedPackage| format!("`{} {}`", package.name, package.version);
    match way {
        [] | [_] => "no workspace member uses it".to_owned(),
        [member, _] => format!("used by `{}`", member.name),
        [member, between @ .., _] => {
            let between: Vec<String> = between.iter().map(named).collect();
            format!("used by `{}` through {}", member.name, between.join(", "))
        }
    }
}

fn help(hit: &Hit<'_>, graph: &PackageGraph) -> String {
    let Hit { advisory, package, .. } = hit;
    let spec = |package: &LockedPackage| {
        if graph.versions_of(&package.name) > 1 {
            format!("{}@{}", package.name, package.version)
        } else {
            package.name.clone()
        }
    };
    let user = hit.way.iter().rev().nth(1);
    let newer = |versions: &str| match user {
        Some(user) if user.source.is_none() => format!(
            "{versions} is not affected: raise the requirement of `{}` on `{}`, then run `cargo update -p {}`",
            user.name,
            package.name,
            spec(package)
        ),
        Some(user) => format!(
            "{versions} is not affected, but `{} {}` may not accept it: try `cargo update -p {}`",
            user.name,
            user.version,
            spec(user)
        ),
        None => format!("{versions} is not affected: `cargo update -p {}`", spec(package)),
    };
    match &hit.fix {
        Fix::Update(version) => format!("cargo update -p {} --precise {version}", spec(package)),
        Fix::Raise(version) => newer(&format!("version {version}")),
        Fix::Requirement(requirement) => newer(&format!("version {requirement}")),
        Fix::None => format!(
            "every version is affected: replace `{}`, or waive it: `cargo gate govern waiver add --check \
             supply.advisories --contains \"{} in\" --owner <owner> --reason <reason> --expires <date>`",
            package.name, advisory.id
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use gate_contract::testing::World;
    use gate_contract::{Attachments, Inputs};
    use gate_policy::SupplyPolicy;
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
          help: `git clone --depth 1 https://github.com/RustSec/advisory-db`, and set `advisory-db` under `[supply]` in gate.toml
        empty: not run (advisory_db_empty): the advisory database at `db` contains no advisories
          help: fetch it again: `git clone --depth 1 https://github.com/RustSec/advisory-db`
        no archive: not run (advisory_db_unreadable): cannot read the advisory database at `db`: it is neither a .tar.gz nor a .zip
          help: fetch it again: `git clone --depth 1 https://github.com/RustSec/advisory-db`
        too old: not run (advisory_db_too_old): the newest advisory in the database at `db` is of 2026-03-16, 91 days ago; pilot allows 90 days
          help: fetch a newer one: `git -C <database> pull`, `cargo audit fetch` or `cargo deny fetch db`
        clock: not run (clock_behind): today is 2026-06-15, but the newest advisory in the database at `db` is of 2026-06-17
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

        not run (advisory_db_too_old): the newest advisory in the database at `db` is of 2026-05-10, 36 days ago; controlled allows 30 days
          help: fetch a newer one: `git -C <database> pull`, `cargo audit fetch` or `cargo deny fetch db`
        not run (advisory_db_too_old): the newest advisory in the database at `db` is of 2026-05-10, 36 days ago; broad allows 14 days
          help: fetch a newer one: `git -C <database> pull`, `cargo audit fetch` or `cargo deny fetch db`
        ");
    }

    #[test]
    fn a_database_that_nobody_declared_may_be_old_at_pilot() {
        let (mut world, directory) = world(&[]);
        write(&directory.path().join("advisory-db"), &[harmless("2025-05-10")]);
        world.policy.supply = None;
        assert!(said(&mut world).starts_with("not applicable: no advisory database found: "));
        let home = directory.path().to_str().expect("a plain path").to_owned();
        world.workspace.options.environment = gate_world::environment::Environment::from_pairs([("CARGO_HOME", home)]);
        insta::assert_snapshot!(said(&mut world), @r"
        the newest advisory in the database at `$CARGO_HOME/advisory-db` is of 2025-05-10, 401 days ago; pilot allows 90 days [advice]
          help: fetch a newer one: `git -C <database> pull`, `cargo audit fetch` or `cargo deny fetch db`
        ");
        world.stage = Stage::Controlled;
        assert!(said(&mut world).starts_with("not run (advisory_db_too_old)"));
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
            "sha256": "2cf62802a9f35497c328762f0b91abc754a3b4b22631a70cf85e9bd727a3ff11",
            "advisories": 1,
            "newest": "2026-06-01",
            "skipped": []
          },
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
}
