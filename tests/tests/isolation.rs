//! A check reads only what it declares: in a world in which everything else is gone or different, it says the same and
//! has the same fingerprint. This is what makes it sound to reuse evidence.

#[path = "outcomes/mod.rs"]
mod outcomes;

use std::fs;
use std::path::Path;

use gate_base::digest::Digest;
use gate_base::stage::Stage;
use gate_contract::{Applies, Check, Input, Inputs, Judgement, Phase, input};
use gate_engine::fingerprint;
use gate_engine::inputs::InputDigests;
use gate_evidence::history::History;
use gate_policy::{self, Policy};
use gate_report::CheckReport;
use gate_surveys::Surveys;
use gate_tests::fixture::Fixture;
use gate_world::environment::Environment;
use gate_world::{Options, Workspace};
use jiff::Timestamp;

/// The day on which fixtures are judged.
const NOW: &str = "2026-06-15T12:00:00Z";

/// What a check makes of a world: what it says, and the fingerprint under which that would be kept.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    said: String,
    parts: Vec<(String, Option<Digest>)>,
}

/// Everything but the files.
struct Rest {
    policy: Policy,
    now: Timestamp,
    stage: Stage,
    variables: Vec<(String, String)>,
}

impl Rest {
    fn of(fixture: &Fixture) -> Self {
        let policy = gate_policy::load(&fixture.root(), None, &gate_checks::catalogue());
        Self {
            policy: policy.unwrap_or_else(|error| panic!("{}", error.rendered.unwrap_or(error.message))),
            now: NOW.parse().expect("a time"),
            stage: fixture.stage().parse().expect("a stage"),
            variables: fixture.environment().into_iter().collect(),
        }
    }
}

/// What the other checks say about a fixture, for one that reads their outcomes.
fn outcomes(check: &'static Check, fixture: &Fixture, rest: &Rest) -> Vec<CheckReport> {
    if check.phase == Phase::Evidence {
        return Vec::new();
    }
    let workspace = open(check, fixture, rest);
    let history = History::load(&workspace.gate_dir());
    outcomes::of_the_others(
        &workspace,
        &rest.policy,
        &history,
        (rest.now, rest.stage),
        fixture.suites(),
    )
}

fn open(check: &'static Check, fixture: &Fixture, rest: &Rest) -> Surveys {
    let options = Options {
        cwd: fixture.root(),
        manifest_path: None,
        target_dir: None,
        offline: true,
        environment: Environment::from_pairs(rest.variables.clone()),
    };
    Workspace::open(options)
        .map(Surveys::from)
        .unwrap_or_else(|error| panic!("{}: {error}", check.id))
}

fn ask(check: &'static Check, fixture: &Fixture, rest: &Rest, outcomes: &[CheckReport]) -> Answer {
    let workspace = open(check, fixture, rest);
    let history = History::load(&workspace.gate_dir());
    let catalogue: Vec<_> = gate_checks::ALL.iter().map(|check| check.info(&rest.policy)).collect();
    let inputs = Inputs {
        catalogue: &catalogue,
        outcomes,
        ..Inputs::new(&workspace, &rest.policy, &history, rest.now, rest.stage)
    };
    let said = match check.rule.applies(&inputs) {
        Applies::No(reason) => format!("does not apply: {reason}"),
        Applies::Yes => match check.rule.run(&inputs) {
            Judgement::Findings(findings) => format!("{findings:#?}"),
            Judgement::NotRun(reason) => format!("not run: {reason:?}"),
            Judgement::Inconclusive(reason) => format!("inconclusive: {reason:?}"),
        },
    };
    let mut parts = fingerprint::of_check(check, &InputDigests::new(inputs)).parts;
    // The commit holds the other files too, and so has another hash.
    parts.retain(|(name, _)| ![input::GitHead::NAME, input::Release::NAME].contains(&name.as_str()));
    Answer {
        said: said.replace(&fixture.root().display().to_string(), "<root>"),
        parts,
    }
}

/// Files whose text decides whether cargo, git and the policy can be read at all.
const SPARED: [&str; 4] = ["gate.toml", "register.toml", "known_findings.toml", ".gitignore"];

/// Takes away or changes every file that a check may not read. Returns what was done.
fn change_files(check: &Check, policy: &Policy, root: &Path) -> Vec<String> {
    let covered = |path: &str| check.inputs().iter().any(|input| input.covers(path, policy));
    let names = check.reads::<input::FileNames>() || check.reads::<input::AllFiles>();
    let mut done = Vec::new();
    let mut all = Vec::new();
    for_each(root, &mut |path| all.push(path.to_owned()));
    for file in all {
        let path = file
            .strip_prefix(root)
            .expect("below the root")
            .to_string_lossy()
            .replace('\\', "/");
        if covered(&path) || SPARED.contains(&path.as_str()) {
            continue;
        }
        match file.file_name().and_then(|name| name.to_str()) {
            Some("Cargo.toml") => write(&file, &format!("# Moved down.\n\n{}", read(&file))),
            Some(name) if name.ends_with(".rs") => write(&file, "// Nothing.\n"),
            // Cargo reads it, whoever asks.
            Some("Cargo.lock") if names => continue,
            _ if names => write(&file, "Nothing. [Really](nothing.md)\n"),
            _ => fs::remove_file(&file).expect("a file can be removed"),
        }
        done.push(path);
    }
    if !names {
        let others = [
            ("notes/more.txt", "More.\n"),
            ("CODEOWNERS", "* @everybody\n"),
            (".github/workflows/ci.yml", "jobs: {}\n"),
            (".cargo/config.toml", "[profile.release]\noverflow-checks = false\n"),
        ];
        for (path, text) in others.into_iter().filter(|(path, _)| !covered(path)) {
            let file = root.join(path);
            fs::create_dir_all(file.parent().expect("below the root")).expect("a directory");
            write(&file, text);
            done.push(path.to_owned());
        }
        if !check.reads::<input::Cargo>() && !covered("Cargo.toml") {
            let other = "[package]\nname = \"other\"\nversion = \"9.9.9\"\n\n[lib]\npath = \"other.rs\"\n";
            write(&root.join("Cargo.toml"), other);
            write(&root.join("other.rs"), "");
        }
    }
    done
}

/// Changes everything else that a check may not read. Sections of the policy need no test: a rule that reads one which its
/// check does not declare does not compile.
fn change_rest(check: &Check, rest: &mut Rest) {
    if !check.reads::<input::Today>() && !check.reads::<input::History>() {
        rest.now = "2031-01-01T00:00:00Z".parse().expect("a time");
    }
    if !check.reads::<input::EvaluatedStage>() {
        rest.stage = Stage::Broad;
    }
    let mut set = |name: &str, value: &str| rest.variables.push((name.into(), value.into()));
    if !check.reads::<input::SuiteVariables>() {
        set("INSTA_UPDATE", "always");
    }
    if !check.reads::<input::AdvisoryDb>() {
        set("CARGO_GATE_ADVISORY_DB", "nowhere");
    }
    if !check.reads::<input::CargoEnvironment>() {
        set("CARGO_PROFILE_RELEASE_LTO", "fat");
    }
}

/// Calls `act` with every file below a directory.
fn for_each(directory: &Path, act: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            for_each(&path, act);
        } else {
            act(&path);
        }
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a file")
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("a file can be written");
}

/// Both worlds of a check over one of its fixtures.
fn isolate(check: &'static Check, twin: &str) {
    let whole = Fixture::open(check.id, twin);
    let rest = Rest::of(&whole);
    let outcomes = outcomes(check, &whole, &rest);
    let expected = ask(check, &whole, &rest, &outcomes);
    let fails = expected.said.starts_with("[\n") || expected.said.starts_with("inconclusive");
    assert_eq!(fails, twin == "fail", "{}/{twin}: {}", check.id, expected.said);

    let mut done = Vec::new();
    let bare = Fixture::open_changed(check.id, twin, |root| done = change_files(check, &rest.policy, root));
    let mut rest = Rest::of(&bare);
    change_rest(check, &mut rest);
    let answer = ask(check, &bare, &rest, &outcomes);
    assert_eq!(
        answer.said, expected.said,
        "{}/{twin} reads more than it declares; {done:?}",
        check.id
    );
    assert_eq!(answer.parts, expected.parts, "{}/{twin}: {done:?}", check.id);
    assert!(
        !done.is_empty() || check.reads::<input::AllFiles>(),
        "{} is not isolated",
        check.id
    );
}

#[test]
fn a_failing_check_reads_only_what_it_declares() {
    for check in gate_checks::ALL {
        isolate(check, "fail");
    }
}

#[test]
fn a_passing_check_reads_only_what_it_declares() {
    for check in gate_checks::ALL {
        isolate(check, "clean");
    }
}
