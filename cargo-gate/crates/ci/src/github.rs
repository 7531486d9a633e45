//! Workflows and actions of GitHub.

use std::collections::BTreeSet;

use super::expand::{Scope, Variables};
use super::matrix::{self, Row};
use super::model::{CiFile, Image, Job, Kind, Trigger, Use};
use super::path::{self, TOP};
use super::rows;
use super::shell::Word;
use super::step::{Steps, TOO_DEEP, Text};
use super::tree::Reader;
use super::yaml::{Node, YamlError};

/// How deep actions of the repository are followed.
const MAX_DEPTH: u32 = 5;

/// Actions that run cargo with what they are given.
const CARGO_ACTIONS: &[&str] = &[
    "actions-rs/cargo",
    "clechasseur/rs-cargo",
    "ClementTsang/cargo-action",
    "houseabsolute/actions-rust-cross",
];

/// Whether GitHub reads this file of the repository as a workflow.
pub(super) fn is_workflow(path: &str) -> bool {
    path.strip_prefix(".github/workflows/")
        .is_some_and(|name| !name.contains('/'))
}

/// Whether it is an action that workflows of the repository can use.
pub(super) fn is_action(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "action.yml" | "action.yaml") && (path == name || path.starts_with(".github/"))
}

/// Reads a workflow.
pub(super) fn workflow(path: &str, reader: &Reader<'_>) -> Option<CiFile> {
    let mut file = CiFile::new(reader.shown(path), Kind::Workflow);
    let root = match reader.yaml(path)? {
        Ok(documents) => documents.into_iter().next(),
        Err(problem) => {
            file.problem = Some(problem);
            return Some(file);
        }
    };
    let Some((root, jobs)) = root
        .as_ref()
        .and_then(|root| Some((root, root.get("jobs").filter(|jobs| jobs.is_mapping())?)))
    else {
        file.problem = Some(YamlError {
            line: root.as_ref().map_or(1, Node::line),
            message: "is not a workflow: it has no `jobs`".into(),
        });
        return Some(file);
    };
    file.start = start(root.get("on"));
    for (name, node) in jobs.entries() {
        let Some(name) = name.text() else { continue };
        let (job, images) = job(name, node, root, path, reader);
        file.jobs.push(job);
        file.images.extend(images);
        uses_of(node, &mut file.uses);
    }
    with_comments(&mut file.uses, &reader.text(path).unwrap_or_default());
    Some(file)
}

/// Reads an action: only what it uses, its steps belong to the jobs that use it.
pub(super) fn action(path: &str, reader: &Reader<'_>) -> Option<CiFile> {
    let mut file = CiFile::new(reader.shown(path), Kind::Action);
    match reader.yaml(path)? {
        Ok(documents) => {
            if let Some(runs) = documents.first().and_then(|root| root.get("runs")) {
                uses_of(runs, &mut file.uses);
                let image = runs
                    .get("image")
                    .filter(|image| image.text().is_some_and(|text| text.starts_with("docker://")));
                file.uses.extend(image.and_then(a_use));
                with_comments(&mut file.uses, &reader.text(path).unwrap_or_default());
            }
        }
        Err(problem) => file.problem = Some(problem),
    }
    Some(file)
}

fn a_use(node: &Node) -> Option<Use> {
    Some(Use {
        name: node.text()?.to_owned(),
        line: node.line(),
        comment: None,
    })
}

/// Adds the comments behind what is used, which no YAML has.
fn with_comments(uses: &mut [Use], text: &str) {
    let lines: Vec<&str> = text.lines().collect();
    for used in uses {
        let line = usize::try_from(used.line)
            .ok()
            .and_then(|line| lines.get(line.checked_sub(1)?));
        let behind = line.and_then(|line| line.split_once(used.name.as_str()));
        used.comment = behind
            .and_then(|(_, behind)| behind.split_once(" #"))
            .map(|(_, comment)| comment.trim().to_owned());
    }
}

fn uses_of(job: &Node, uses: &mut Vec<Use>) {
    uses.extend(job.get("uses").and_then(a_use));
    let steps = job.get("steps").map(Node::items).unwrap_or_default();
    uses.extend(steps.iter().filter_map(|step| a_use(step.get("uses")?)));
}

fn start(on: Option<&Node>) -> Trigger {
    let Some(on) = on else { return Trigger::Manual };
    let mut names: Vec<&str> = on.scalars().into_iter().filter_map(Node::text).collect();
    names.extend(on.entries().iter().filter_map(|(name, _)| name.text()));
    let by_hand = |name: &&str| matches!(*name, "workflow_dispatch" | "repository_dispatch");
    match names.iter().find(|name| !by_hand(name) && **name != "workflow_call") {
        Some(_) => Trigger::Automatic,
        None if names.contains(&"workflow_call") => Trigger::Called,
        None => Trigger::Manual,
    }
}

fn is_literally(node: Option<&Node>, value: &str) -> bool {
    let text = node.and_then(Node::text).unwrap_or_default();
    let inner = text.trim().trim_start_matches("${{").trim_end_matches("}}");
    inner.trim() == value
}

fn add_variables(variables: &mut Variables, node: Option<&Node>) {
    let all = node.into_iter().flat_map(Node::texts);
    variables.extend(all.map(|(name, value)| (name.to_owned(), Some(Word::bare(value)))));
}

/// What steps inherit.
#[derive(Clone)]
struct Inherited<'a> {
    path: &'a str,
    variables: Variables,
    shell: Option<&'a str>,
    directory: Option<&'a str>,
    /// Directory of the repository on the machine: its own, or where it is checked out to.
    ignored: Option<&'static str>,
    windows: bool,
    depth: u32,
}

fn job(name: &str, node: &Node, root: &Node, path: &str, reader: &Reader<'_>) -> (Job, Vec<Image>) {
    let matrix = node.at(&["strategy", "matrix"]);
    let rows = matrix::github(matrix);
    let complete = rows.is_some();
    let rows = rows
        .filter(|rows| !rows.is_empty())
        .unwrap_or_else(|| vec![Row::default()]);
    let mut variables = Variables::new();
    for name in ["GITHUB_WORKSPACE", "github.workspace"] {
        variables.insert(name.into(), Some(Word::bare(TOP)));
    }
    for name in ["CI", "GITHUB_ACTIONS"] {
        variables.insert(name.into(), Some(Word::bare("true")));
    }
    add_variables(&mut variables, root.get("env"));
    add_variables(&mut variables, node.get("env"));
    let scope = |row| Scope {
        row,
        complete,
        variables: &variables,
    };
    let scopes: Vec<Scope<'_>> = rows.iter().map(scope).collect();
    let machines: Vec<_> = scopes.iter().map(|scope| machine(node, scope)).collect();
    let images = images(node, &scopes);
    let default = |key: &str| {
        let of = |node: &'_ Node| {
            node.at(&["defaults", "run", key])
                .and_then(Node::text)
                .map(str::to_owned)
        };
        of(node).or_else(|| of(root))
    };
    let (shell, directory) = (default("shell"), default("working-directory"));
    let is_windows = |words: &Option<Vec<String>>| {
        let words = words.as_deref().unwrap_or_default();
        words.iter().any(|word| word.to_ascii_lowercase().contains("windows"))
    };
    let inherited = Inherited {
        path,
        variables: variables.clone(),
        shell: shell.as_deref(),
        directory: directory.as_deref(),
        ignored: None,
        windows: !machines.is_empty() && machines.iter().all(is_windows),
        depth: 0,
    };
    let steps = rows::collect(reader, &rows, complete, &|steps| {
        if !is_of_another_repository(node) {
            for step in node.get("steps").map(Node::items).unwrap_or_default() {
                add_step(step, &inherited, steps);
            }
        }
    });
    let job = Job {
        name: name.to_owned(),
        line: node.line(),
        machines,
        commands: steps.commands,
        not_followed: steps.not_followed,
        calls: node.get("uses").and_then(a_use).into_iter().collect(),
        needs: node
            .get("needs")
            .map(Node::scalars)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|n| n.text().map(str::to_owned))
            .collect(),
        is_off: is_literally(node.get("if"), "false"),
        may_fail: is_literally(node.get("continue-on-error"), "true"),
    };
    (job, images)
}

/// Images of the container of a job and of its services, in all jobs of the matrix.
fn images(job: &Node, scopes: &[Scope<'_>]) -> Vec<Image> {
    let container = job.get("container").map(|node| node.get("image").unwrap_or(node));
    let services = job.get("services").map(Node::entries).unwrap_or_default();
    let services = services.iter().filter_map(|(_, service)| service.get("image"));
    let image = |node: &Node| {
        let written = node.text()?;
        let names: BTreeSet<String> = scopes
            .iter()
            .map(|scope| scope.text(written, 0).trim().to_owned())
            .collect();
        Some(Image {
            name: written.to_owned(),
            line: node.line(),
            names: names.into_iter().collect(),
        })
    };
    container.into_iter().chain(services).filter_map(image).collect()
}

/// Whether the job works in the place of another repository.
fn is_of_another_repository(job: &Node) -> bool {
    let steps = job.get("steps").map(Node::items).unwrap_or_default();
    steps.iter().any(|step| {
        let checkout = step
            .get("uses")
            .and_then(Node::text)
            .is_some_and(|name| name.starts_with("actions/checkout@"));
        let repository = step.at(&["with", "repository"]).and_then(Node::text);
        checkout && repository.is_some_and(|name| !name.contains("${{")) && step.at(&["with", "path"]).is_none()
    })
}

/// The words of `runs-on` in one job of the matrix.
fn machine(job: &Node, scope: &Scope<'_>) -> Option<Vec<String>> {
    let node = job.get("runs-on")?;
    let labels = node.get("labels").unwrap_or(node).scalars();
    let words: Vec<String> = labels
        .into_iter()
        .filter_map(Node::text)
        .map(|text| scope.text(text, 0))
        .collect();
    let known = !words.is_empty() && !words.iter().any(|word| word.contains(super::expand::UNKNOWN));
    known.then(|| {
        words
            .iter()
            .flat_map(|word| word.split_whitespace())
            .map(str::to_owned)
            .collect()
    })
}

fn add_step(step: &Node, inherited: &Inherited<'_>, steps: &mut Steps<'_>) {
    let condition = step.get("if");
    if is_literally(condition, "false") {
        return;
    }
    let always = condition.is_none()
        || ["true", "always()", "success()"]
            .iter()
            .any(|one| is_literally(condition, one));
    let around = steps.conditional;
    steps.conditional |= !always;
    add_unconditional(step, inherited, steps);
    steps.conditional = around;
}

/// A step, whatever its condition.
fn add_unconditional(step: &Node, inherited: &Inherited<'_>, steps: &mut Steps<'_>) {
    let mut variables = inherited.variables.clone();
    add_variables(&mut variables, step.get("env"));
    let may_fail = is_literally(step.get("continue-on-error"), "true");
    let ignored = inherited
        .ignored
        .or_else(|| may_fail.then_some("its step has `continue-on-error`"));
    let directory = step
        .get("working-directory")
        .and_then(Node::text)
        .or(inherited.directory);
    let directory = match directory {
        Some(text) => steps.directory(text, &variables),
        None => Some(String::new()),
    };
    if let Some(run) = step.get("run") {
        let shell = step.get("shell").and_then(Node::text).or(inherited.shell);
        add_run(run, shell, inherited, &variables, directory, ignored, steps);
        return;
    }
    let Some(uses) = step.get("uses") else { return };
    let Some(name) = uses.text() else { return };
    if let Some(local) = name.strip_prefix("./") {
        if inherited.depth < MAX_DEPTH && steps.may_follow() {
            add_action(local, step, inherited, &variables, ignored, steps);
        } else {
            steps.note(&steps.reader.origin(uses), uses.line(), name, TOO_DEEP);
        }
        return;
    }
    let name = name.split('@').next().unwrap_or(name);
    let with = |key: &str| step.at(&["with", key]).and_then(Node::text);
    let text = if CARGO_ACTIONS.contains(&name) {
        format!(
            "cargo {} {}",
            with("command").unwrap_or("build"),
            with("args").unwrap_or_default()
        )
    } else if name == "actions-rs/clippy-check" {
        format!("cargo clippy {}", with("args").unwrap_or_default())
    } else if matches!(name, "nick-fields/retry" | "nick-invision/retry") {
        match step.at(&["with", "command"]) {
            Some(command) => return add_run(command, None, inherited, &variables, directory, ignored, steps),
            None => return,
        }
    } else {
        return;
    };
    let line = uses.line();
    let directory = match with("working-directory") {
        Some(text) => steps.directory(text, &variables),
        None => directory,
    };
    steps.run(
        &Text {
            path: inherited.path,
            // The arguments of an action are one line, whatever the file makes of it.
            text: &text.replace(['\n', '\r'], " "),
            line_at: &|_| line,
            is_posix: true,
            directory,
            stops: true,
            pipefail: true,
            ignored,
            depth: 0,
        },
        &variables,
    );
}

fn add_run(
    run: &Node,
    shell: Option<&str>,
    inherited: &Inherited<'_>,
    variables: &Variables,
    directory: Option<String>,
    ignored: Option<&'static str>,
    steps: &mut Steps<'_>,
) {
    let Some(scalar) = run.scalar() else { return };
    // `bash` alone means more options than the default shell has; a template (`bash -l {0}`) has those that it names.
    let (is_posix, stops, pipefail) = match shell {
        None if inherited.windows => (false, false, false),
        None => (true, true, false),
        Some("bash") => (true, true, true),
        Some("sh") => (true, true, false),
        Some("pwsh" | "powershell" | "cmd") => (false, false, false),
        Some(template) => match template.split_whitespace().next() {
            Some("bash" | "sh" | "zsh" | "nix" | "wsl-bash" | "devenv" | "msys2") => {
                let options: Vec<&str> = template
                    .split_whitespace()
                    .filter(|word| word.starts_with('-'))
                    .collect();
                let stops = options.iter().any(|word| !word.starts_with("--") && word.contains('e'));
                (true, stops, template.contains("pipefail"))
            }
            // Python and the like.
            Some(text) if !text.contains("${{") => {
                let why = "it is not written for `sh`";
                return steps.not_followed(inherited.path, scalar.line_at(0), &scalar.text, why);
            }
            _ => (true, true, true),
        },
    };
    steps.run(
        &Text {
            path: inherited.path,
            text: &scalar.text,
            line_at: &|offset| scalar.line_at(offset),
            is_posix,
            directory,
            stops,
            pipefail,
            ignored,
            depth: 0,
        },
        variables,
    );
}

/// The steps of an action of the repository.
fn add_action(
    path: &str,
    step: &Node,
    inherited: &Inherited<'_>,
    variables: &Variables,
    ignored: Option<&'static str>,
    steps: &mut Steps<'_>,
) {
    let Some(directory) = path::join(Some(""), path) else {
        return;
    };
    let paths = ["action.yml", "action.yaml"].map(|name| match directory.as_str() {
        "" => name.to_owned(),
        directory => format!("{directory}/{name}"),
    });
    let Some((path, Ok(documents))) = paths
        .into_iter()
        .find_map(|path| Some((path.clone(), steps.reader.yaml(&path)?)))
    else {
        return;
    };
    let Some(root) = documents.first() else { return };
    let mut variables = variables.clone();
    for (name, input) in root.get("inputs").map(Node::entries).unwrap_or_default() {
        let Some(name) = name.text() else { continue };
        let given = step.at(&["with", name]).or_else(|| input.get("default"));
        let value = given.and_then(Node::scalar).map(|value| Word::bare(value.text.clone()));
        variables.insert(format!("inputs.{name}"), value);
    }
    let inner = Inherited {
        path: &path,
        variables,
        shell: None,
        directory: None,
        ignored,
        windows: inherited.windows,
        depth: inherited.depth + 1,
    };
    for step in root.at(&["runs", "steps"]).map(Node::items).unwrap_or_default() {
        add_step(step, &inner, steps);
    }
}
