//! `supply.advisories`: no package of the lockfile has a known vulnerability.

use std::time::Duration;

use jiff::civil::Date;

use gate_base::stage::Stage;
use gate_policy::SupplyPolicy;
use gate_report::group::Group;
use gate_report::{Dimension, Finding, Location, Reason};
use gate_surveys::supply::{Fix, Hit, Opened, PackageGraph, hits};
use gate_world::cargo::lock::LockedPackage;
use gate_world::lockfile::Lockfile;

use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

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
    version: 2,
    fixes: Fixes::Command,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

/// Days that a database may lag behind at each stage. At pilot a database that is older is only warned about.
pub const fn default_limit(stage: Stage) -> i64 {
    match stage {
        Stage::Pilot => 90,
        Stage::Controlled | Stage::Broad => 30,
    }
}

/// What brings the newest database.
pub const UPDATE: &str = "cargo gate advisories update";

fn applies(context: &Context<'_>) -> Applies {
    if context.lockfile().exists {
        Applies::Yes
    } else {
        Applies::No("there is no Cargo.lock with versions".into())
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let graph = match graph(context.lockfile()) {
        Ok(graph) => graph,
        Err(reason) => return Judgement::NotRun(reason),
    };
    if graph.packages().iter().all(|package| package.source.is_none()) {
        // No advisory can be about packages of the workspace alone, however old the database.
        return Judgement::Findings(Vec::new());
    }
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

/// The packages of a lockfile.
pub(super) fn graph(lockfile: &Lockfile) -> Result<PackageGraph, Reason> {
    let bytes = lockfile.bytes.as_ref();
    let bytes = bytes.ok_or_else(|| lockfile_unreadable("its file cannot be read"))?;
    PackageGraph::parse(bytes).map_err(|why| lockfile_unreadable(&why))
}

fn lockfile_unreadable(why: &str) -> Reason {
    Reason::new("lockfile_unreadable", format!("cannot read Cargo.lock: {why}")).help("cargo generate-lockfile")
}

/// Whether a database can be judged by.
enum Health {
    Good,
    /// Too old, at a stage where that is only warned about.
    Aged(Box<Finding>),
    Unusable(Reason),
}

fn health(opened: &Opened, context: &Context<'_>) -> Health {
    let database = &opened.database;
    let named = opened.place.named();
    let unusable = |code, message: String, help: String| Health::Unusable(Reason::new(code, message).help(help));
    if let Some((before, now)) = opened.shrunk() {
        let message = format!("{named} has {now} advisories, but had {before} in the last run");
        let help = "fetch it again: `git clone --depth 1 https://github.com/RustSec/advisory-db`; if it is supposed to be \
                    smaller, remove `gate/advisories` below the target directory";
        return unusable("advisory_db_shrunk", message, help.into());
    }
    let Some(date) = database.date() else {
        return unusable(
            "advisory_db_empty",
            format!("{named} contains no advisories"),
            UPDATE.into(),
        );
    };
    let dated = match &database.commit {
        Some(_) => named,
        None => format!("the newest advisory in {named}"),
    };
    let today = context.today();
    let age = days(date, today);
    // Days are written where the sun rises first as well.
    if age < -1 {
        let message = format!("today is {today}, but {dated} is of {date}");
        return unusable("clock_behind", message, "set the clock of this machine".into());
    }
    let stage = context.stage();
    let policy = context.section::<SupplyPolicy>().as_ref();
    let declared = policy.and_then(|policy| policy.max_age.at(stage));
    let limit = limit(stage, declared);
    if age <= limit {
        return Health::Good;
    }
    let message = format!("{dated} is of {date}, {age} days ago; {stage} allows {limit} days");
    let help = if opened.place.origin.is_declared() {
        format!("fetch a newer one: `git -C <database> pull` or `{UPDATE}`")
    } else {
        UPDATE.to_owned()
    };
    if declared.is_none() && stage == Stage::Pilot {
        return Health::Aged(Box::new(Finding::advice(message).help(help)));
    }
    unusable("advisory_db_too_old", message, help)
}

/// How many days old a database may be at a stage, where `declared` is what the policy says.
pub fn limit(stage: Stage, declared: Option<Duration>) -> i64 {
    let days = |limit: Duration| (limit.as_secs() / 86_400).try_into().unwrap_or(i64::MAX);
    declared.map_or(default_limit(stage), days)
}

/// Days from one day to another.
pub fn days(from: Date, to: Date) -> i64 {
    from.until(to).map_or(0, |span| i64::from(span.get_days()))
}

pub(super) fn at_package(finding: Finding, package: &LockedPackage) -> Finding {
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
pub(super) fn used_by(way: &[&LockedPackage]) -> String {
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
mod tests;
