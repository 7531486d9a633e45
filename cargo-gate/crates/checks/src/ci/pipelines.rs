//! What the checks of CI files share: which files and calls could not be read, and which commands are about this workspace.

use std::collections::BTreeMap;

use gate_base::paths;
use gate_base::stage::Stage;
use gate_ci::{Argument, CargoCall, CiCommand, CiFile, CiFiles, Job, Kind, NotFollowed, UNKNOWN, base_name, program};
use gate_report::{Finding, Location};
use gate_world::cargo::CargoModel;
use gate_world::files::FileList;

/// A finding for each CI file that cannot be read: nothing in it was checked.
pub(super) fn unreadable(ci: &CiFiles) -> impl Iterator<Item = Finding> + '_ {
    ci.files.iter().filter_map(|file| {
        let problem = file.problem.as_ref()?;
        let finding = Finding::blocking(Stage::Controlled, format!("`{}` {}", file.path, problem.message));
        let help = match file.kind {
            _ if problem.message.contains("there is no such") => {
                "correct the name, or add the file to the repository".to_owned()
            }
            Kind::Workflow | Kind::Action => format!("correct line {}, or remove the file", problem.line),
            Kind::Pipeline | Kind::Script => format!("correct line {}", problem.line),
        };
        Some(finding.help(help).at(Location::line(&file.path, problem.line)))
    })
}

/// A finding for each reason for which commands were not followed: what they run was not checked.
pub(super) fn not_followed<'c>(all: impl Iterator<Item = &'c NotFollowed>, help: &str) -> Vec<Finding> {
    let mut reasons: BTreeMap<&str, BTreeMap<(&str, u32), &NotFollowed>> = BTreeMap::new();
    for one in all {
        let places = reasons.entry(&one.why).or_default();
        places.insert((&one.path, one.line), one);
    }
    let finding = |(why, places): (&str, BTreeMap<(&str, u32), &NotFollowed>)| {
        let first = quoted(places.values().next()?);
        let message = match places.len() {
            1 => format!("{first} was not followed: {why}"),
            count => format!("{count} calls were not followed; the first is {first}: {why}"),
        };
        let finding = Finding::advice(message).help(if why == ELSEWHERE {
            "cargo gate pilot --all-workspaces"
        } else {
            help
        });
        let places = places.into_keys();
        Some(places.fold(finding, |finding, (path, line)| finding.at(Location::line(path, line))))
    };
    reasons.into_iter().filter_map(finding).collect()
}

/// Why a call of cargo that works with another workspace of the repository is not judged.
pub(super) const ELSEWHERE: &str = "it runs outside this workspace";

/// What was not followed, as messages show it.
pub(super) fn quoted(one: &NotFollowed) -> String {
    format!("`{}`", one.what.replace('`', "'").replace(UNKNOWN, "…"))
}

/// Path of the first place of a finding, to sort by.
pub(super) fn first_path(finding: &Finding) -> Option<&str> {
    Some(finding.locations.first()?.path.as_str())
}

/// `1 command`, `2 commands`.
pub(super) fn counted(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// Which lockfile a command works with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lock {
    /// The one of this workspace.
    Own,
    /// One below this directory, of a package that is no member.
    Other(String),
    /// None is committed.
    None,
    /// Only the run knows which.
    Unknown,
}

/// Where packages and lockfiles lie.
pub(super) struct Packages<'a> {
    pub(super) cargo: &'a CargoModel,
    pub(super) files: &'a FileList,
    /// Directory of the workspace in the repository.
    pub(super) root: &'a str,
}

impl Packages<'_> {
    /// The lockfile of a call.
    pub(super) fn lock(&self, command: &CiCommand, call: &CargoCall<'_>) -> Lock {
        self.directory(command, call)
            .map_or(Lock::None, |directory| match directory.contains(UNKNOWN) {
                true => Lock::Unknown,
                false => self.lock_of(&directory),
            })
    }

    /// Whether cargo looks for the manifest in the repository, but outside this workspace.
    pub(super) fn is_beside(&self, command: &CiCommand, call: &CargoCall<'_>) -> bool {
        let top = Packages { root: "", ..*self };
        let known = top
            .directory(command, call)
            .is_some_and(|directory| !directory.contains(UNKNOWN));
        known && self.directory(command, call).is_none()
    }

    /// Directory in which cargo looks for the manifest, relative to the workspace; `None` outside of it, and [`UNKNOWN`] when only
    /// the run knows it.
    fn directory(&self, command: &CiCommand, call: &CargoCall<'_>) -> Option<String> {
        let mut directory = command.directory.clone()?;
        let manifest = call
            .value("--manifest-path")
            .or_else(|| call.value("--path").filter(|_| call.subcommand == "install"));
        let inside = |text: &str| !text.is_empty() && !text.starts_with(['/', '~']);
        let unknown = |text: Option<&str>| text.is_none_or(|text| text.contains([UNKNOWN, '$']));
        let given = call.value("-C");
        let named = given.iter().chain(&manifest).map(|argument| argument.text());
        if directory.contains(UNKNOWN) || named.into_iter().any(unknown) {
            return Some(UNKNOWN.into());
        }
        if let Some(given) = given {
            directory = descend(&directory, given.text().filter(|text| inside(text))?)?;
        }
        if let Some(manifest) = manifest {
            let path = descend(&directory, manifest.text().filter(|text| inside(text))?)?;
            directory = match path.strip_suffix("Cargo.toml") {
                Some(parent) => parent.trim_end_matches('/').to_owned(),
                None => path,
            };
        }
        if self.root.is_empty() {
            return Some(directory);
        }
        let inside = directory.strip_prefix(self.root)?;
        match inside.strip_prefix('/') {
            Some(inside) => Some(inside.to_owned()),
            None => inside.is_empty().then(String::new),
        }
    }

    fn lock_of(&self, directory: &str) -> Lock {
        let mut directory = directory;
        loop {
            let is_root = directory.is_empty();
            if is_root || self.cargo.members.iter().any(|member| member.directory == directory) {
                return Lock::Own;
            }
            if self.files.get(&format!("{directory}/Cargo.toml")).is_some() {
                break;
            }
            // A directory that is not in the repository is another one.
            let prefix = format!("{directory}/");
            if !self.files.iter().any(|file| file.path.starts_with(&prefix)) {
                return Lock::None;
            }
            directory = paths::parent(directory);
        }
        // A package that is no member: its lockfile is its own, or that of a workspace between here and the root.
        while !directory.is_empty() {
            if self
                .files
                .get(&format!("{directory}/Cargo.lock"))
                .is_some_and(|file| file.tracked)
            {
                return Lock::Other(directory.to_owned());
            }
            directory = paths::parent(directory);
        }
        Lock::None
    }
}

fn descend(directory: &str, path: &str) -> Option<String> {
    paths::join_below(directory, &path.replace('\\', "/"))
}

/// Every job of every file that can be read, with its file.
pub(super) fn jobs(ci: &CiFiles) -> impl Iterator<Item = (&CiFile, &Job)> {
    ci.files
        .iter()
        .flat_map(|file| file.jobs.iter().map(move |job| (file, job)))
}

/// Stages as words of a command line.
fn names_stage(argument: &Argument) -> bool {
    let known = |text: &str| Stage::ALL.iter().any(|stage| stage.name() == text);
    argument.text().is_none_or(known)
}

/// Whether a command line runs the gate: `cargo gate pilot`, `cargo-gate gate pilot`, or the binary under another name.
fn is_merge(first: &Argument, words: &[&Argument]) -> bool {
    let mut plain = words
        .iter()
        .filter_map(|word| word.text())
        .filter(|word| !word.starts_with('-'));
    first.text() == Some("evidence") && plain.nth(1) == Some("merge")
}

pub(super) fn runs_gate(arguments: &[Argument]) -> bool {
    let arguments = program(arguments);
    let Some((first, rest)) = arguments.split_first() else {
        return false;
    };
    let name = first.text().map(base_name);
    // A binary that was built before: `$TARGET/debug/cargo-gate`.
    let by_cargo = name.is_none_or(|name| name == "cargo" || name.starts_with("cargo-gate"));
    let mut words = rest
        .iter()
        .skip_while(|word| word.text().is_some_and(|text| text.starts_with(['+', '-'])));
    if !by_cargo || words.next().and_then(Argument::text) != Some("gate") {
        return false;
    }
    let words: Vec<&Argument> = words.collect();
    let only_looks = |word: &&Argument| matches!(word.text(), Some("--plan" | "--help" | "-h"));
    let stage = words
        .iter()
        .find(|word| word.text().is_none_or(|text| !text.starts_with('-')));
    stage.is_some_and(|word| names_stage(word) || is_merge(word, &words))
        && !words.iter().copied().any(|word| only_looks(&word))
}
