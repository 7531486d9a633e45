//! Every check over every fixture, in one snapshot: a rule that speaks where it should not shows at once.

#[path = "outcomes/mod.rs"]
mod outcomes;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use gate_base::stage::Stage;
use gate_contract::{Applies, Inputs, Judgement};
use gate_evidence::history::History;
use gate_report::{Finding, Location, Reason};
use gate_surveys::Surveys;
use gate_tests::fixture::Fixture;
use gate_world::environment::Environment;
use gate_world::{Options, Workspace};

/// The day on which fixtures are judged: their dates are written for it.
const NOW: &str = "2026-06-15T12:00:00Z";

/// Checks, and why they do not apply to one fixture or another.
type NotApplicable = BTreeMap<&'static str, BTreeSet<String>>;

/// What every check says about a fixture; those that find nothing stay silent, and those that do not apply go to
/// `not_applicable`, so that a new check adds its own lines and changes no others.
fn judge(fixture: &Fixture, not_applicable: &mut NotApplicable) -> String {
    let workspace = Workspace::open(Options {
        cwd: fixture.root(),
        manifest_path: None,
        target_dir: None,
        offline: true,
        environment: Environment::from_pairs(fixture.environment()),
    })
    .map(Surveys::from)
    .unwrap_or_else(|error| panic!("{error}"));
    let policy = gate_policy::load(&fixture.root(), None, &gate_checks::catalogue())
        .unwrap_or_else(|error| panic!("{}", error.rendered.unwrap_or(error.message)));
    let history = History::load(&workspace.gate_dir());
    let stage: Stage = fixture.stage().parse().expect("a stage");
    let now = NOW.parse().expect("a time");
    let mut text = String::new();
    let outcomes = outcomes::of_the_others(&workspace, &policy, &history, (now, stage), fixture.suites());
    let catalogue: Vec<_> = gate_checks::ALL.iter().map(|check| check.info(&policy)).collect();
    let inputs = Inputs {
        catalogue: &catalogue,
        outcomes: &outcomes,
        ..Inputs::new(&workspace, &policy, &history, now, stage)
    };
    for check in gate_checks::ALL {
        let said = match check.rule.applies(&inputs) {
            Applies::No(reason) => {
                not_applicable.entry(check.id).or_default().insert(reason);
                continue;
            }
            Applies::Yes => match check.rule.run(&inputs) {
                Judgement::Findings(findings) => {
                    for stage in findings.iter().filter_map(|finding| finding.blocks_at) {
                        let declared =
                            stage == check.blocks_at || check.other_stages.iter().any(|later| later.from == stage);
                        assert!(declared, "{} blocks {stage}, which `explain` does not say", check.id);
                    }
                    findings.iter().map(finding).collect()
                }
                Judgement::NotRun(why) => reason("not run", &why),
                Judgement::Inconclusive(why) => reason("inconclusive", &why),
            },
        };
        if !said.is_empty() {
            let _ = write!(text, "{}\n{said}", check.id);
        }
    }
    text.replace(&fixture.root().display().to_string(), "<root>")
}

fn finding(finding: &Finding) -> String {
    let stage = finding.blocks_at.map_or("never", Stage::name);
    let mut text = format!("  {} [blocks: {stage}]\n", finding.message);
    for location in &finding.locations {
        let _ = writeln!(text, "    at {}", place(location));
    }
    if let Some(policy) = &finding.policy {
        let _ = writeln!(text, "    because of {}", place(policy));
    }
    if let Some(help) = &finding.help {
        let _ = writeln!(text, "    help: {help}");
    }
    text
}

fn place(location: &Location) -> String {
    match (location.line, location.column) {
        (Some(line), Some(column)) => format!("{}:{line}:{column}", location.path),
        (Some(line), None) => format!("{}:{line}", location.path),
        _ => location.path.clone(),
    }
}

fn reason(what: &str, reason: &Reason) -> String {
    let help = reason.help.as_ref().map(|help| format!("    help: {help}\n"));
    format!(
        "  {what} ({}): {}\n{}",
        reason.code,
        reason.message,
        help.unwrap_or_default()
    )
}

/// Ids of the checks that object.
fn objecting(said: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut current = "";
    for line in said.lines() {
        match line.strip_prefix("  ") {
            None => current = line,
            Some(said) if said.starts_with(' ') => {}
            Some(_) if found.last() != Some(&current) => found.push(current),
            Some(_) => {}
        }
    }
    found
}

#[test]
fn every_check_over_every_fixture() {
    let fixtures = Fixture::all();
    assert!(!fixtures.is_empty(), "there are no fixtures");
    let mut not_applicable = NotApplicable::new();
    let mut all = String::new();
    for (check, twin) in fixtures {
        let fixture = Fixture::open(&check, &twin);
        let said = judge(&fixture, &mut not_applicable);
        let _ = write!(all, "# {check}/{twin}\n{said}\n");
        let also = fixture.also().iter().map(String::as_str);
        let expected: BTreeSet<&str> = also.chain(twin.starts_with("fail").then_some(check.as_str())).collect();
        let objecting: BTreeSet<&str> = objecting(&said).into_iter().collect();
        assert_eq!(objecting, expected, "{check}/{twin}:\n{said}");
    }
    for (check, reasons) in &not_applicable {
        let _ = writeln!(all, "# {check} does not apply");
        for reason in reasons {
            let _ = writeln!(all, "  {reason}");
        }
    }
    insta::assert_snapshot!("fixtures", all);
}

/// Whether a remedy can be applied as it stands: it holds a command, or code to write.
fn is_applicable(help: &str) -> bool {
    help.starts_with("cargo ") || help.matches('`').count() >= 2
}

/// Each objection of a check comes with what to do about it, and so does the page of the check.
#[test]
fn every_objection_says_what_to_do() {
    let mut seen = BTreeSet::new();
    for (check, twin) in Fixture::all() {
        let fixture = Fixture::open(&check, &twin);
        let said = judge(&fixture, &mut NotApplicable::new());
        let lines: Vec<&str> = said.lines().collect();
        let (mut current, mut at) = ("", 0);
        while at < lines.len() {
            let Some(objection) = lines[at].strip_prefix("  ") else {
                current = lines[at];
                at += 1;
                continue;
            };
            let details: Vec<&str> = lines[at + 1..]
                .iter()
                .take_while(|line| line.starts_with("    "))
                .copied()
                .collect();
            let help = details.iter().find_map(|line| line.trim_start().strip_prefix("help: "));
            assert!(
                help.is_some(),
                "{check}/{twin}: `{current}` says no remedy for: {objection}"
            );
            if help.is_some_and(is_applicable) {
                seen.insert(current.to_owned());
            }
            at += 1 + details.len();
        }
    }
    // Every check says something that can be applied, there or on its page.
    let silent: Vec<&str> = gate_checks::ALL
        .iter()
        .filter(|check| {
            let (_, page) = check.docs.split_once("## How to fix").expect("a section");
            let page = page.split("## ").next().unwrap_or_default();
            !seen.contains(check.id) && !is_applicable(page)
        })
        .map(|check| check.id)
        .collect();
    assert!(
        silent.is_empty(),
        "neither a finding nor the page holds a command or an edit: {silent:?}"
    );
}
