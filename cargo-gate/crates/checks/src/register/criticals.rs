//! `register.criticals`: nothing critical is open, and what is deferred has an owner and an end.

use std::collections::BTreeMap;

use jiff::civil::Date;

use gate_base::stage::Stage;
use gate_policy::{ItemKind, ItemStatus, Register, RegisterItem, Severity};
use gate_report::{Dimension, Finding, Reason};
use gate_world::git::CommitState;

use gate_contract::{Applies, Check, Fixes, Judgement, OtherStage, Rule, input, reads};

reads!(Register, input::RegisterCommits, input::Today);

const CAREFUL: OtherStage = OtherStage {
    from: Stage::Broad,
    what: "open items of high severity, items without acceptance criteria, and risks without a fallback, a tracking item or a current review",
};

/// The check.
pub static CHECK: Check = Check {
    id: "register.criticals",
    summary: "No critical item is open, and deferrals have an owner and an end date",
    docs: include_str!("criticals.md"),
    dimension: Dimension::Governance,
    group_evidence: |_| true,
    blocks_at: Stage::Controlled,
    other_stages: &[CAREFUL],
    since: "0.1.0",
    version: 2,
    fixes: Fixes::Command,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match context.section::<Register>() {
        Some(_) => Applies::Yes,
        None => Applies::No("no register is declared".into()),
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(register) = context.section::<Register>() else {
        return Judgement::Findings(Vec::new());
    };
    let today = context.today();
    let because = |finding: Finding| finding.because(Some(register.location.clone()));
    let mut findings: Vec<Finding> = register
        .items
        .iter()
        .flat_map(|item| one(item, register, today))
        .collect();
    let unknown = match context.register_commits() {
        Ok(states) => {
            findings.extend(register.items.iter().filter_map(|item| evidence(item, &states)));
            let cut_off = states.iter().find(|(_, state)| **state == CommitState::CutOff);
            cut_off.map(|(commit, _)| {
                let message = format!(
                    "the clone is shallow and does not contain commit {commit}, which closed an \
                     item"
                );
                Reason::new("unavailable", message).help("`git fetch --unshallow`")
            })
        }
        Err(problem) => {
            let message = format!("cannot look up the commits of closed items: {problem}");
            let help = "run in a clone of the repository, with git on PATH";
            Some(Reason::new("unavailable", message).help(help))
        }
    };
    match unknown {
        // What was found blocks already; the next run asks git again.
        Some(reason) if findings.is_empty() => Judgement::NotRun(reason),
        _ => Judgement::Findings(findings.into_iter().map(because).collect()),
    }
}

/// What is wrong with the evidence of a closed item.
fn evidence(item: &RegisterItem, states: &BTreeMap<String, CommitState>) -> Option<Finding> {
    if item.status != ItemStatus::Closed {
        return None;
    }
    let id = &item.id;
    let message = match &item.commit {
        None if item.kind == ItemKind::Issue => format!("`{id}` is closed without a commit"),
        None => return None,
        Some(commit) => match states.get(commit) {
            Some(CommitState::Missing) => {
                format!("`{id}` is closed by commit {commit}, which is not in the repository")
            }
            Some(CommitState::NotOne) => format!(
                "`{id}` is closed by `{commit}`, which is ambiguous or not a \
                 commit"
            ),
            _ => return None,
        },
    };
    let help = "write `commit = \"…\"`, the full hash of the commit that closed it";
    Some(
        Finding::blocking(CHECK.blocks_at, message)
            .help(help)
            .at(item.location.clone()),
    )
}

fn one(item: &RegisterItem, register: &Register, today: Date) -> Vec<Finding> {
    let id = &item.id;
    let mut findings = Vec::new();
    let mut say = |stage, message: String, help: String| {
        findings.push(Finding::blocking(stage, message).help(help).at(item.location.clone()));
    };
    let days = [("opened", Some(item.opened)), ("closed", item.closed)];
    for (key, day) in days {
        if let Some(day) = day.filter(|day| *day > today) {
            let message = format!("`{id}` was {key} on {day}, which is in the future");
            say(CHECK.blocks_at, message, format!("correct `{key}`"));
        }
    }
    let open = item.status != ItemStatus::Closed && item.kind == ItemKind::Issue;
    if open && register.require_acceptance && item.acceptance.iter().all(|text| text.trim().is_empty()) {
        let message = format!("`{id}` has no acceptance criteria: {}", item.title);
        say(CAREFUL.from, message, "add `acceptance = [\"…\"]`".into());
    }
    match item.status {
        ItemStatus::Closed => return findings,
        ItemStatus::Deferred => deferral(item, today, &mut say),
        ItemStatus::Open if item.kind == ItemKind::Risk => risk(item, today, &mut say),
        ItemStatus::Open => {
            if let Some(stage) = blocks_at(item.severity) {
                let message = format!("`{id}` is open and {}: {}", item.severity.name(), item.title);
                let help = format!(
                    "`cargo gate govern register close {id}`, or `cargo gate govern register defer {id}` with a \
                     date"
                );
                say(stage, message, help);
            }
        }
    }
    let tracker = item.tracked_by.as_ref();
    let tracker = tracker.and_then(|tracker| register.items.iter().find(|other| other.id == *tracker));
    if let Some(tracker) = tracker.filter(|tracker| tracker.status == ItemStatus::Closed) {
        let message = format!(
            "`{id}` is {}, but is tracked by `{}`, which is closed",
            item.status.name(),
            tracker.id
        );
        say(
            CHECK.blocks_at,
            message,
            format!("`cargo gate govern register close {id}`, or set `tracked-by` to an open item"),
        );
    }
    findings
}

/// First stage at which an open issue of this severity blocks.
fn blocks_at(severity: Severity) -> Option<Stage> {
    match severity {
        Severity::Critical => Some(CHECK.blocks_at),
        Severity::High => Some(CAREFUL.from),
        Severity::Medium | Severity::Low => None,
    }
}

fn deferral(item: &RegisterItem, today: Date, say: &mut impl FnMut(Stage, String, String)) {
    let id = &item.id;
    let filled = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    let parts = [
        ("owner", filled(&item.owner)),
        ("until", item.until.is_some()),
        ("reason", filled(&item.reason)),
        ("closure", filled(&item.closure)),
    ];
    let missing: Vec<String> = parts
        .iter()
        .filter(|(_, there)| !there)
        .map(|(key, _)| format!("`{key}`"))
        .collect();
    if !missing.is_empty() {
        let message = format!("the deferral of `{id}` has no {}", missing.join(", "));
        say(CHECK.blocks_at, message, format!("add {}", missing.join(", ")));
    }
    if let Some(until) = item.until.filter(|until| *until < today) {
        let message = format!("the deferral of `{id}` expired on {until}: {}", item.title);
        let help = format!(
            "`cargo gate govern register close {id}`, or defer it again with `cargo gate govern register defer \
             {id}`"
        );
        say(CHECK.blocks_at, message, help);
    }
}

fn risk(item: &RegisterItem, today: Date, say: &mut impl FnMut(Stage, String, String)) {
    let id = &item.id;
    let high = item.severity >= Severity::High;
    if high && item.fallback.is_none() {
        let message = format!("risk `{id}` has a high impact but no fallback: {}", item.title);
        say(
            CAREFUL.from,
            message,
            "write what to do if it occurs in `fallback`".into(),
        );
    }
    if high && item.tracked_by.is_none() {
        let message = format!("no item tracks risk `{id}`, which has a high impact: {}", item.title);
        say(
            CAREFUL.from,
            message,
            "set `tracked-by` to the item that tracks it".into(),
        );
    }
    if let Some(review) = item.review.filter(|review| *review < today) {
        let message = format!("the review of risk `{id}` was due on {review}");
        say(
            CAREFUL.from,
            message,
            "review it, and set `review` to the next review date".into(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::World;
    use gate_policy::register::parse;
    use gate_report::Location;

    fn said(items: &str) -> String {
        let mut world = World::new();
        world.policy.register = Some(Register {
            path: "register.toml".into(),
            items: parse("register.toml", &format!("version = 1\n{items}")).expect("a register"),
            require_acceptance: items.contains("Acceptance"),
            location: Location::line("gate.toml", 9),
        });
        world.text(&CHECK)
    }

    fn issue(id: &str, severity: &str, more: &str) -> String {
        format!(
            "[[item]]\nid = \"{id}\"\ntitle = \"loses writes\"\nseverity = \"{severity}\"\nopened = 2026-01-02\n{more}\n"
        )
    }

    const RISK: &str = "[[item]]\nid = \"R-1\"\ntitle = \"the driver changes\"\nkind = \"risk\"\nimpact = \"high\"\n\
                        probability = \"low\"\nmitigation = \"pin it\"\nowner = \"gpu\"\nopened = 2026-01-02\n";

    #[test]
    fn criticals_and_highs_block_and_the_rest_is_known() {
        let open = "status = \"open\"";
        assert_eq!(said(&issue("A", "medium", open)), "");
        insta::assert_snapshot!(said(&issue("A", "critical", "status = \"closed\"\nclosed = 2026-02-01")), @r#"
        register.toml:2: `A` is closed without a commit [controlled]
          help: write `commit = "…"`, the full hash of the commit that closed it
          because: gate.toml:9
        "#);
        insta::assert_snapshot!(said(&(issue("A", "critical", open) + &issue("B", "high", open))), @"
        register.toml:2: `A` is open and critical: loses writes [controlled]
          help: `cargo gate govern register close A`, or `cargo gate govern register defer A` with a date
          because: gate.toml:9
        register.toml:8: `B` is open and high: loses writes [broad]
          help: `cargo gate govern register close B`, or `cargo gate govern register defer B` with a date
          because: gate.toml:9
        ");
    }

    #[test]
    fn where_it_is_declared_issues_say_when_they_are_done() {
        let without = issue("A", "low", "status = \"open\"\nreason = \"Acceptance\"");
        insta::assert_snapshot!(said(&without), @r#"
        register.toml:2: `A` has no acceptance criteria: loses writes [broad]
          help: add `acceptance = ["…"]`
          because: gate.toml:9
        "#);
        let with = format!("{without}acceptance = [\"it holds\"]\n");
        assert_eq!(said(&with), "");
        let closed = without.replace("status = \"open\"", "status = \"closed\"\nclosed = 2026-02-01");
        assert!(!said(&closed).contains("acceptance criteria"));
        assert_eq!(said(&without.replace("Acceptance", "as agreed")), "");
    }

    #[test]
    fn deferrals_have_an_owner_and_an_end() {
        let whole = "status = \"deferred\"\nowner = \"a\"\nreason = \"b\"\nclosure = \"c\"\nuntil = 2026-06-15";
        assert_eq!(said(&issue("A", "critical", whole)), "");
        insta::assert_snapshot!(said(&issue("A", "critical", &whole.replace("15", "14"))), @"
        register.toml:2: the deferral of `A` expired on 2026-06-14: loses writes [controlled]
          help: `cargo gate govern register close A`, or defer it again with `cargo gate govern register defer A`
          because: gate.toml:9
        ");
        insta::assert_snapshot!(said(&issue("A", "low", "status = \"deferred\"\nowner = \"a\"")), @"
        register.toml:2: the deferral of `A` has no `until`, `reason`, `closure` [controlled]
          help: add `until`, `reason`, `closure`
          because: gate.toml:9
        ");
    }

    #[test]
    fn risks_are_covered_and_reviewed() {
        let covered = "status = \"open\"\nfallback = \"run on the CPU\"\nreview = 2026-12-01\ntracked-by = \"A\"\n";
        let open = issue("A", "low", "status = \"open\"");
        assert_eq!(said(&format!("{open}{RISK}{covered}")), "");
        let closed = issue("A", "low", "status = \"closed\"\nclosed = 2026-02-01");
        insta::assert_snapshot!(said(&format!("{closed}{RISK}{covered}")), @r#"
        register.toml:9: `R-1` is open, but is tracked by `A`, which is closed [controlled]
          help: `cargo gate govern register close R-1`, or set `tracked-by` to an open item
          because: gate.toml:9
        register.toml:2: `A` is closed without a commit [controlled]
          help: write `commit = "…"`, the full hash of the commit that closed it
          because: gate.toml:9
        "#);
        insta::assert_snapshot!(said(&format!("{RISK}status = \"open\"\nreview = 2026-06-01\n")), @"
        register.toml:2: risk `R-1` has a high impact but no fallback: the driver changes [broad]
          help: write what to do if it occurs in `fallback`
          because: gate.toml:9
        register.toml:2: no item tracks risk `R-1`, which has a high impact: the driver changes [broad]
          help: set `tracked-by` to the item that tracks it
          because: gate.toml:9
        register.toml:2: the review of risk `R-1` was due on 2026-06-01 [broad]
          help: review it, and set `review` to the next review date
          because: gate.toml:9
        ");
    }

    #[test]
    fn what_git_says_of_the_commit_decides() {
        let closed = issue(
            "A",
            "low",
            "status = \"closed\"\nclosed = 2026-02-01\ncommit = \"0123456789ab\"",
        );
        let items = parse("register.toml", &format!("version = 1\n{closed}")).expect("a register");
        let said = |state| {
            let states = BTreeMap::from([("0123456789ab".to_owned(), state)]);
            evidence(&items[0], &states).map(|finding| finding.message)
        };
        assert_eq!(said(CommitState::There), None);
        // Nobody knows: the judgement says so, not a finding.
        assert_eq!(said(CommitState::CutOff), None);
        insta::assert_snapshot!(
            said(CommitState::Missing).unwrap(),
            @"`A` is closed by commit 0123456789ab, which is not in the repository"
        );
        insta::assert_snapshot!(
            said(CommitState::NotOne).unwrap(),
            @"`A` is closed by `0123456789ab`, which is ambiguous or not a commit"
        );
    }

    #[test]
    fn without_a_repository_nothing_is_said_of_commits() {
        let mut world = World::new();
        world.workspace.git = None;
        let closed = "status = \"closed\"\nclosed = 2026-02-01\ncommit = \"0123456789ab\"";
        world.policy.register = Some(Register {
            path: "register.toml".into(),
            items: parse("register.toml", &format!("version = 1\n{}", issue("A", "low", closed))).expect("a register"),
            require_acceptance: false,
            location: Location::line("gate.toml", 9),
        });
        insta::assert_snapshot!(world.text(&CHECK), @"
        not run (unavailable): cannot look up the commits of closed items: the workspace is not in a git repository
          help: run in a clone of the repository, with git on PATH
        ");
    }

    #[test]
    fn no_register_and_days_to_come() {
        assert_eq!(World::new().text(&CHECK), "not applicable: no register is declared");
        let future = issue("A", "low", "status = \"open\"").replace("2026-01-02", "2026-07-02");
        insta::assert_snapshot!(said(&future), @"
        register.toml:2: `A` was opened on 2026-07-02, which is in the future [controlled]
          help: correct `opened`
          because: gate.toml:9
        ");
    }
}
