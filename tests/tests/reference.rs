//! The reference lists what there is, and nothing else: rooms, policy keys, variables; and the checks of documents find
//! nothing in this repository.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use gate_base::stage::Stage;
use gate_contract::{Inputs, Judgement};
use gate_evidence::history::History;
use gate_evidence::run_dir::Blocker;
use gate_surveys::Surveys;
use gate_world::environment::Environment;
use gate_world::{Options, Workspace};
use serde_json::Value;

fn read(path: &str) -> String {
    fs::read_to_string(xtask::project_root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What stands in backticks in the first column of the tables of a page.
fn first_column(page: &str) -> BTreeSet<String> {
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    let words = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    words.map(str::to_owned).collect()
}

fn workspace(target: &Path) -> Surveys {
    Workspace::open(Options {
        cwd: xtask::project_root(),
        manifest_path: None,
        target_dir: Some(target.to_owned()),
        offline: true,
        environment: Environment::of_process(),
    })
    .map(Surveys::from)
    .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_architecture_shows_every_room() {
    let root = xtask::project_root();
    let target = tempfile::tempdir().expect("a temporary directory");
    let shown = first_column(&read("docs/src/architecture.md"));
    let mut rooms: BTreeSet<String> = workspace(target.path())
        .cargo()
        .members
        .iter()
        .map(|member| member.directory.clone())
        .collect();
    // The rooms of the largest crate are shown one by one.
    rooms.remove("cargo-gate");
    for entry in fs::read_dir(root.join("cargo-gate/src")).expect("sources").flatten() {
        if entry.path().is_dir() && entry.file_name() != "snapshots" {
            rooms.insert(format!("cargo-gate/src/{}", entry.file_name().to_string_lossy()));
        }
    }
    let missing: Vec<&String> = rooms.difference(&shown).collect();
    assert!(missing.is_empty(), "docs/src/architecture.md does not show {missing:?}");
    let gone: Vec<&String> = shown.iter().filter(|path| !root.join(path).exists()).collect();
    assert!(gone.is_empty(), "docs/src/architecture.md shows {gone:?}");
}

#[test]
fn the_documents_of_this_repository_hold() {
    let target = tempfile::tempdir().expect("a temporary directory");
    let workspace = workspace(target.path());
    let catalogue = gate_checks::catalogue().with(gate_suites::DEFAULT_ID, Stage::Pilot);
    let policy = gate_policy::load(workspace.root(), None, &catalogue).unwrap_or_else(|error| panic!("{error}"));
    let history = History::default();
    let now = "2026-06-15T12:00:00Z".parse().expect("a time");
    let mut complaints = Vec::new();
    let mut seen = 0;
    for check in gate_checks::ALL.iter().filter(|check| check.id.starts_with("docs.")) {
        let inputs = Inputs::new(&workspace, &policy, &history, now, Stage::Broad);
        seen += 1;
        match check.rule.run(&inputs) {
            Judgement::Findings(findings) => complaints.extend(findings.into_iter().map(|finding| {
                let places: Vec<String> = finding
                    .locations
                    .iter()
                    .map(|place| format!("{}:{}", place.path, place.line.unwrap_or(0)))
                    .collect();
                format!("{}: {} ({})", check.id, finding.message, places.join(", "))
            })),
            other => complaints.push(format!("{}: {other:?}", check.id)),
        }
    }
    assert!(seen >= 3, "only {seen} checks of documents");
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Every key that a schema admits somewhere.
fn keys(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Object(properties)) = object.get("properties") {
                found.extend(properties.keys().cloned());
            }
            object.values().for_each(|value| keys(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| keys(value, found)),
        _ => {}
    }
}

#[test]
fn every_key_of_the_policy_is_documented_and_exists() {
    let schema: Value = serde_json::from_str(&gate_policy::schema_text()).expect("a schema");
    let mut known = BTreeSet::new();
    keys(&schema, &mut known);
    assert!(known.len() > 40, "{known:?}");
    let mut guide = String::new();
    for entry in fs::read_dir(xtask::project_root().join("docs/src/guide"))
        .expect("a guide")
        .flatten()
    {
        guide += &fs::read_to_string(entry.path()).expect("a page");
    }
    let documented = |key: &&String| {
        let line = |line: &str| {
            let line = line.trim_start_matches(['[', ' ', '#']);
            line.starts_with(&format!("{key} ="))
                || line.starts_with(&format!("{key}."))
                || line.starts_with(&format!("{key}]"))
        };
        guide.contains(&format!("`{key}`")) || guide.contains(&format!(".{key}")) || guide.lines().any(line)
    };
    let missing: Vec<&String> = known.iter().filter(|key| !documented(key)).collect();
    assert!(missing.is_empty(), "the guide does not say what {missing:?} mean");
    let shown = first_column(&read("docs/src/guide/policy.md"));
    let gone: Vec<&String> = shown.difference(&known).collect();
    assert!(
        gone.is_empty(),
        "docs/src/guide/policy.md explains {gone:?}, which are no keys"
    );
}

/// Every source of the tool without its unit tests.
fn sources(directory: &Path, text: &mut String) {
    for entry in fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            let source = fs::read_to_string(&path).expect("a source");
            *text += source.split("#[cfg(test)]").next().unwrap_or_default();
        }
    }
}

#[test]
fn every_variable_that_is_read_is_documented() {
    let mut text = String::new();
    for directory in ["cargo-gate/src", "cargo-gate/crates"] {
        sources(&xtask::project_root().join(directory), &mut text);
    }
    let page = read("docs/src/reference/environment.md");
    let mut seen = BTreeSet::new();
    for call in [
        "environment.get(\"",
        "environment.text(\"",
        "environment.path(\"",
        "environment().get(\"",
        "var_os(\"",
    ] {
        for (at, _) in text.match_indices(call) {
            let name = text[at + call.len()..].split('"').next().unwrap_or_default();
            seen.insert(name.to_owned());
        }
    }
    assert!(seen.len() >= 5, "{seen:?}");
    // Where programs are is no setting of this tool.
    seen.remove("PATH");
    let missing: Vec<&String> = seen.iter().filter(|name| !page.contains(&format!("`{name}"))).collect();
    assert!(
        missing.is_empty(),
        "docs/src/reference/environment.md does not list {missing:?}"
    );

    let own = page.split("## What belongs").next().unwrap_or_default();
    for name in first_column(own) {
        let bare = name.split('=').next().unwrap_or_default().trim_end_matches('*');
        let foreign = ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"].contains(&bare);
        assert!(foreign || text.contains(&format!("\"{bare}")), "nothing reads `{name}`");
    }
}

#[test]
fn the_classes_of_blockers_are_documented_in_their_order() {
    let page = read("docs/src/reference/decision.md");
    let (_, page) = page.split_once("## Blockers").expect("a section about blockers");
    let rows = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let shown: Vec<String> = rows.map(str::to_owned).collect();
    let known = Blocker::PRECEDENCE.map(|class| serde_json::to_value(class).expect("a word"));
    let known: Vec<&str> = known.iter().filter_map(Value::as_str).collect();
    assert_eq!(shown, known, "docs/src/reference/decision.md");
}
