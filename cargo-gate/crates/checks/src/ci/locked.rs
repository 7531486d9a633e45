//! `ci.locked`: what continuous integration builds is what the lockfile says.

use std::collections::{BTreeMap, BTreeSet};

use gate_base::stage::Stage;
use gate_ci::{Answer, Argument, CargoCall, CiCommand, Job, NotFollowed, base_name};
use gate_policy::CiPolicy;
use gate_report::{Change, Dimension, Finding, Location, Remedy};

use gate_world::config::CargoConfig;

use super::pipelines::{ELSEWHERE, Lock, Packages, counted, first_path, jobs, not_followed, runs_gate, unreadable};
use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

reads!(
    input::CiFiles,
    CiPolicy,
    input::Lockfile,
    input::Cargo,
    input::CargoConfig,
    input::FileNames,
);

/// The check.
pub static CHECK: Check = Check {
    id: "ci.locked",
    summary: "Builds in continuous integration use `Cargo.lock`",
    docs: include_str!("locked.md"),
    dimension: Dimension::Reproducibility,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 8,
    fixes: Fixes::Applied("adds `--locked` to the commands"),
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    if context.has_ci() || !gate_ci::of_other_services(context.files()).is_empty() {
        Applies::Yes
    } else {
        Applies::No("there are no GitHub Actions or GitLab CI files".into())
    }
}

/// The step that vouches for all that follow.
const FETCH: &str = "cargo fetch --locked";

/// What to do about a call that was not followed.
const FOLLOWED: &str = "call `cargo … --locked` in the step itself, or use only plain commands in the recipe";

/// A command that is not locked.
struct Place {
    line: u32,
    shown: String,
    repaired: String,
    /// How the command begins, up to where `--locked` goes; `None` where only the run knows the words.
    begins: Option<String>,
    /// The alias of cargo's configuration that it goes through.
    alias: Option<Alias>,
}

impl Place {
    fn new(line: u32, call: &CargoCall<'_>, alias: Option<&(String, Alias)>) -> Self {
        Self {
            line,
            shown: alias.map_or_else(|| shown(call, None, SHOWN), |(written, _)| format!("cargo {written}")),
            repaired: shown(call, Some("--locked"), REPAIRED),
            begins: begins(call).filter(|_| alias.is_none()),
            alias: alias.map(|(_, alias)| alias.clone()),
        }
    }

    fn change(&self, path: &str) -> Option<Change> {
        let begins = self.begins.as_deref()?;
        let place = Location::line(path, self.line);
        Some(Change::replace(&place, begins, format!("{begins} --locked")))
    }

    /// What to write, as far as it can be pasted: what only the run knows, or what is too long, is not repeated.
    fn wanted(&self) -> String {
        match &self.begins {
            Some(begins) if self.repaired.contains('…') => {
                format!("write `{begins} --locked` instead of `{begins}`")
            }
            None if self.repaired.contains('…') => format!("add `--locked` to `{}`", self.shown),
            _ => format!("write `{}`", self.repaired),
        }
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let ci = context.ci();
    let rule = Asked {
        packages: Packages {
            cargo: context.cargo(),
            files: context.files(),
            root: &ci.directory,
        },
        config: context.config(),
    };
    let lockfile = context.lockfile();
    let is_committed = lockfile.exists && lockfile.tracked != Some(false);
    let mut places: BTreeMap<&str, Vec<Place>> = BTreeMap::new();
    let mut others = Vec::new();
    for (_, job) in jobs(ci).filter(|(_, job)| !job.is_off) {
        if rule.job(job, &mut places, &mut others) {
            others.extend(job.not_followed.iter().cloned());
        }
    }
    let mut findings: Vec<Finding> = unreadable(ci).collect();
    findings.extend(not_followed(others.iter(), FOLLOWED));
    findings.extend(not_read(&gate_ci::of_other_services(context.files())));
    for places in places.values_mut() {
        // Jobs of a matrix share their lines.
        places.sort_by_key(|place| place.line);
        places.dedup_by(|next, one| (next.line, &next.begins, &next.alias) == (one.line, &one.begins, &one.alias));
    }
    if !is_committed {
        // `lockfile.tracked` asks for the file; here is only what follows for these commands. A file that runs the gate
        // reports that anyway, and the one that `init` wrote must not add a finding to those that were there.
        for (file, _) in jobs(ci).filter(|(_, job)| has_gate(job)) {
            places.remove(file.path.as_str());
        }
        findings.extend(unlocked(&places));
        return Judgement::Findings(findings);
    }
    for (path, mut places) in places {
        places.dedup_by_key(|place| place.line);
        findings.extend(finding(path, &places));
    }
    findings.sort_by(|a, b| first_path(a).cmp(&first_path(b)));
    Judgement::Findings(findings)
}

/// One advice for all files of services that nothing here reads.
fn not_read(files: &[(&str, &str)]) -> Option<Finding> {
    let (path, service) = files.first()?;
    let more = match files.len() {
        1 => String::new(),
        count => format!(" and {}", counted(count - 1, "other file")),
    };
    let were = if files.len() == 1 { "was" } else { "were" };
    let message = format!("`{path}` of {service}{more} {were} not read: only GitHub Actions and GitLab CI are");
    let finding = Finding::advice(message).help(
        "write `--locked` behind each cargo command there, or name its scripts in `scripts` under `[ci]` in gate.toml",
    );
    let places = files.iter().map(|(path, _)| Location::file(*path));
    Some(places.fold(finding, Finding::at))
}

fn has_gate(job: &Job) -> bool {
    let mut lines = job.commands.iter().flat_map(|command| &command.arguments);
    lines.any(|arguments| runs_gate(arguments))
}

/// One advice for all commands that find no lockfile in what they check out.
fn unlocked(places: &BTreeMap<&str, Vec<Place>>) -> Option<Finding> {
    let all = || {
        places
            .iter()
            .flat_map(|(path, places)| places.iter().map(move |place| (*path, place)))
    };
    let (_, first) = all().next()?;
    let message = match all().count() {
        1 => format!("`{}` resolves dependencies again in every run of CI", first.shown),
        count => format!(
            "{count} cargo commands resolve dependencies again in every run of CI; the first is `{}`",
            first.shown
        ),
    };
    let finding = Finding::advice(message).help("commit `Cargo.lock`, then add `--locked`");
    Some(all().fold(finding, |finding, (path, place)| {
        finding.at(Location::line(path, place.line))
    }))
}

fn finding(path: &str, places: &[Place]) -> Option<Finding> {
    let first = places.first()?;
    let message = match places.len() {
        1 => format!("`{}` resolves dependencies without `--locked`", first.shown),
        count => format!(
            "{} resolve dependencies without `--locked`; the first is `{}`",
            counted(count, "cargo command"),
            first.shown
        ),
    };
    let help = match places.len() {
        count if let Some(alias) = &first.alias => {
            let same = |place: &Place| place.alias.as_ref().is_some_and(|other| other.name == alias.name);
            let others = if count == 1 || places.iter().all(same) {
                ""
            } else {
                ", and add `--locked` to the others"
            };
            format!(
                "set `{} = {}` under `[alias]` in cargo's configuration{others}",
                alias.name, alias.repaired
            )
        }
        1 => first.wanted(),
        _ if first.repaired == FETCH => format!("write `{FETCH}`, which also covers later commands of the same job"),
        _ => format!(
            "{}, and the same for the others; or make `{FETCH}` the first step of each job",
            first.wanted()
        ),
    };
    let changes: Option<Vec<Change>> = places.iter().map(|place| place.change(path)).collect();
    let remedy = changes.map(|changes| Remedy::new("add `--locked`", changes));
    let mut finding = Finding::blocking(CHECK.blocks_at, message).help(help).remedy(remedy);
    for place in places {
        finding = finding.at(Location::line(path, place.line));
    }
    Some(finding)
}

/// A command line whose aliases were replaced, with what was written and the alias that calls cargo.
struct Expanded {
    words: Vec<Argument>,
    alias: Option<(String, Alias)>,
}

/// An alias of cargo's configuration.
#[derive(Clone, PartialEq)]
struct Alias {
    name: String,
    /// Its value with `--locked`, as TOML.
    repaired: String,
}

impl Alias {
    fn new(name: &str, value: &toml::Value) -> Option<(Self, Vec<String>)> {
        let words: Vec<String> = match value {
            toml::Value::String(text) => text.split_whitespace().map(str::to_owned).collect(),
            toml::Value::Array(words) => words
                .iter()
                .filter_map(|word| Some(word.as_str()?.to_owned()))
                .collect(),
            _ => return None,
        };
        let mut locked = words.clone();
        let options = locked.iter().take_while(|word| word.starts_with(['-', '+'])).count();
        let subcommand = locked.get(options).map(String::as_str).unwrap_or_default();
        let inner = has_inner(subcommand) && locked.get(options + 1).is_some_and(|word| !word.starts_with('-'));
        locked.insert(
            locked.len().min(options + 1 + usize::from(inner)),
            "--locked".to_owned(),
        );
        let repaired = match value {
            toml::Value::String(_) => toml::Value::String(locked.join(" ")),
            _ => toml::Value::Array(locked.into_iter().map(toml::Value::String).collect()),
        };
        let name = name.to_owned();
        let repaired = repaired.to_string();
        Some((Self { name, repaired }, words))
    }
}

/// One of the command lines that the matrix makes of a command.
struct Variant<'e> {
    call: Option<CargoCall<'e>>,
    lock: Lock,
    alias: Option<&'e (String, Alias)>,
}

struct Asked<'a> {
    packages: Packages<'a>,
    config: &'a CargoConfig,
}

impl Asked<'_> {
    /// Adds the places of a job. Returns whether it is held to the lockfile at all.
    fn job<'c>(
        &self,
        job: &'c Job,
        places: &mut BTreeMap<&'c str, Vec<Place>>,
        unknown: &mut Vec<NotFollowed>,
    ) -> bool {
        let distinct: Vec<Vec<&[Argument]>> = job.commands.iter().map(CiCommand::distinct).collect();
        let expanded: Vec<Vec<Expanded>> = distinct
            .iter()
            .map(|lines| lines.iter().map(|words| self.without_alias(words)).collect())
            .collect();
        let variants: Vec<Vec<Variant<'_>>> = job
            .commands
            .iter()
            .zip(&expanded)
            .map(|(command, lines)| lines.iter().map(|line| self.variant(command, line)).collect())
            .collect();
        // Which line of each command runs; none where the command belongs to other jobs of the matrix.
        let line_in = |row: usize, (command, lines): (&CiCommand, &Vec<&[Argument]>)| {
            let words = command.in_row(row);
            lines.binary_search(&words).ok().filter(|_| !words.is_empty())
        };
        // Jobs of the matrix that run the same commands get the same answer.
        let rows: BTreeSet<Vec<Option<usize>>> = (0..job.rows())
            .map(|row| {
                job.commands
                    .iter()
                    .zip(&distinct)
                    .map(|one| line_in(row, one))
                    .collect()
            })
            .collect();
        let mut is_held = false;
        for row in rows {
            let runs: Vec<(&CiCommand, &Variant<'_>)> = job
                .commands
                .iter()
                .zip(row.iter().zip(&variants))
                .filter_map(|(command, (line, variants))| Some((command, variants.get((*line)?)?)))
                .collect();
            is_held |= self.row(&runs, places, unknown);
        }
        is_held
    }

    fn variant<'e>(&self, command: &CiCommand, expanded: &'e Expanded) -> Variant<'e> {
        let call = CargoCall::read(&expanded.words);
        let lock = call
            .as_ref()
            .map_or(Lock::None, |call| self.packages.lock(command, call));
        let alias = expanded.alias.as_ref();
        Variant { call, lock, alias }
    }

    /// Adds the places of one job of a matrix. Returns whether it is held to the lockfile at all.
    fn row<'c>(
        &self,
        runs: &[(&'c CiCommand, &Variant<'_>)],
        places: &mut BTreeMap<&'c str, Vec<Place>>,
        unknown: &mut Vec<NotFollowed>,
    ) -> bool {
        let moves = |(command, variant): &(&CiCommand, &Variant<'_>)| {
            let by_cargo = |call: &CargoCall<'_>| call.moves_dependencies() && call.is_locked() != Answer::Yes;
            edits_dependencies(command) || variant.call.as_ref().is_some_and(by_cargo)
        };
        if runs.iter().any(moves) {
            return false;
        }
        let mut vouched: Vec<&Lock> = Vec::new();
        for (command, variant) in runs {
            let Some(call) = &variant.call else { continue };
            if call.builds() && call.is_locked() == Answer::No {
                let not_followed = |why: &str| NotFollowed {
                    path: command.path.clone(),
                    line: command.line,
                    what: shown(call, None, SHOWN),
                    why: why.to_owned(),
                };
                if self.packages.is_beside(command, call) {
                    unknown.push(not_followed(ELSEWHERE));
                }
                match variant.lock {
                    Lock::None => {}
                    // What was locked before may be just this.
                    Lock::Unknown if vouched.is_empty() => {
                        unknown.push(not_followed("the directory it runs in is only known at run time"));
                    }
                    Lock::Unknown => {}
                    _ if vouched.contains(&&variant.lock) => {}
                    _ => places.entry(command.path.as_str()).or_default().push(Place::new(
                        command.line,
                        call,
                        variant.alias,
                    )),
                }
            }
            if call.holds_to_lockfile() && command.ignored.is_none() && !command.conditional {
                vouched.push(&variant.lock);
            }
        }
        true
    }

    /// The command line with an alias of cargo's configuration replaced.
    fn without_alias(&self, words: &[Argument]) -> Expanded {
        let mut words = words.to_vec();
        let mut written = None;
        let mut last = None;
        // Aliases may name aliases.
        for _ in 0..3 {
            let Some(name) = CargoCall::read(&words).map(|call| call.subcommand.to_owned()) else {
                break;
            };
            let key = format!("alias.{name}");
            let Some(alias) = (!name.is_empty()).then(|| self.config.get(&key)).flatten() else {
                break;
            };
            let Some((alias, with)) = Alias::new(&name, alias.value) else {
                break;
            };
            let Some(at) = words.iter().position(|word| word.text() == Some(name.as_str())) else {
                break;
            };
            words.splice(at..=at, with.into_iter().map(Argument::Text));
            written.get_or_insert(name);
            last = Some(alias);
        }
        Expanded {
            words,
            alias: written.zip(last),
        }
    }
}

/// Whether a command changes manifests or the lockfile by other means than cargo.
fn edits_dependencies(command: &CiCommand) -> bool {
    let is_one = |text: &str| text.ends_with("Cargo.toml") || text.ends_with("Cargo.lock");
    if command.redirects.iter().any(|target| is_one(target)) {
        return true;
    }
    let mut words = command.arguments.iter().flatten().filter_map(Argument::text);
    let edits = matches!(
        words.next().map(base_name),
        Some("sed" | "gsed" | "perl" | "rm" | "mv" | "cp" | "tee" | "patch" | "Remove-Item" | "del")
    );
    edits && words.any(is_one)
}

/// Longest command in a message, and in a help line, in characters.
const SHOWN: usize = 70;
const REPAIRED: usize = 120;

/// The command as a message shows it, with a flag added if wanted.
fn shown(call: &CargoCall<'_>, flag: Option<&str>, longest: usize) -> String {
    let mut words: Vec<String> = std::iter::once(call.program).chain(call.global).map(word).collect();
    words.push(call.subcommand.to_owned());
    let start = words.len();
    words.extend(call.arguments.iter().map(word));
    if let Some(flag) = flag {
        let inner = has_inner(call.subcommand) && words.get(start).is_some_and(|word| !word.starts_with('-'));
        words.insert(start + usize::from(inner), flag.to_owned());
    }
    let mut text = String::new();
    for (at, word) in words.iter().enumerate() {
        if text.len() + word.len() > longest && at > start {
            return text + " …";
        }
        text += if at == 0 { "" } else { " " };
        text += word;
    }
    text
}

/// The words of a command up to its subcommand, as a script has them if they are written plainly.
fn begins(call: &CargoCall<'_>) -> Option<String> {
    let inner = has_inner(call.subcommand)
        && call
            .arguments
            .first()
            .is_some_and(|word| !word.written().starts_with('-'));
    let behind = call.arguments.first().filter(|_| inner);
    let before = std::iter::once(call.program).chain(call.global).map(Argument::text);
    let words: Option<Vec<&str>> = before
        .chain([Some(call.subcommand)])
        .chain(behind.map(Argument::text))
        .collect();
    let words = words?;
    let plain = |word: &&str| !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || "\"'$\\".contains(c));
    words.iter().all(plain).then(|| words.join(" "))
}

/// Whether options follow the subcommand of a subcommand: `cargo nextest run --locked`.
fn has_inner(subcommand: &str) -> bool {
    matches!(
        subcommand,
        "nextest" | "miri" | "careful" | "hack" | "llvm-cov" | "ndk" | "xwin" | "auditable"
    )
}

/// An argument as one word of a command line; what is not known stands as it is written.
fn word(argument: &Argument) -> String {
    let text = argument.written().replace('`', "'").replace(gate_ci::UNKNOWN, "…");
    let known = argument.text().is_some();
    if known && (text.is_empty() || text.contains(|c: char| c.is_whitespace() || "*?;&|<>()'$".contains(c))) {
        return format!("\"{}\"", text.replace('"', "\\\""));
    }
    text
}

#[cfg(test)]
mod tests;
