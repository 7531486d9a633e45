//! Why runs are not one claim.

use std::fmt;

use serde::{Deserialize, Serialize};

use gate_base::stage::Stage;
use gate_report::{Outcome, Subject};

use super::part::Part;
use super::platform;

/// The check that compares the work tree with the commit.
const CLEAN: &str = "git.clean";

/// What two runs differ in, or a run and what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// A run does not verify.
    Unverified,
    /// A run was given twice.
    Twice,
    /// Different stages.
    Stage,
    /// Different versions of the tool.
    Tool,
    /// Different catalogues of checks.
    Catalogue,
    /// A run failed before it knew its workspace.
    Subject,
    /// Different workspaces of a repository, or different packages.
    Scope,
    /// Different files.
    Tree,
    /// Different policies.
    Policy,
    /// Another commit than the one that the claim is about.
    Commit,
    /// A platform that must have a run has none.
    Platform,
    /// Shards of a run are not each there once.
    Shard,
}

/// Something that keeps the runs from being one claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contradiction {
    /// What kind of thing.
    pub why: Why,
    /// One sentence without its full stop.
    pub message: String,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What the runs have to agree with, besides each other.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// The commit that the claim is about; without one, any will do.
    pub commit: Option<String>,
    /// SHA-256 of the policy here; `None` where no workspace is at hand, so that the runs only have to agree.
    pub policy: Option<Option<String>>,
    /// Platforms that must have a run: `linux`, `macos`, `windows`, or target triples.
    pub platforms: Vec<String>,
    /// Platforms that must have one at [`Stage::Broad`].
    pub platforms_at_broad: Vec<String>,
}

pub(super) fn contradiction(why: Why, message: String) -> Contradiction {
    Contradiction { why, message }
}

/// Runs that do not verify.
pub(super) fn unverified(parts: &[Part]) -> Vec<Contradiction> {
    let broken = parts.iter().filter_map(|part| {
        let problem = part.problems.first()?;
        let more = match part.problems.len() {
            1 => String::new(),
            count => format!(", and {} more", count - 1),
        };
        let message = format!(
            "`{}` does not verify: `{}`: {}{more}",
            part.name, problem.file, problem.message
        );
        Some(contradiction(Why::Unverified, message))
    });
    broken.collect()
}

/// Where runs contradict the first one.
pub(super) fn between(runs: &[(&str, &Part)]) -> Vec<Contradiction> {
    let mut found = Vec::new();
    for (number, (machine, part)) in runs.iter().enumerate() {
        if let Some((_, twice)) = runs[..number].iter().find(|(_, other)| other.chain == part.chain) {
            let message = format!("`{}` and `{}` are the same run", twice.name, part.name);
            found.push(contradiction(Why::Twice, message));
        }
        if part.manifest.subject.is_none() {
            let message = format!("{machine}: the run failed before it could read its workspace");
            found.push(contradiction(Why::Subject, message));
        }
    }
    let Some(((first, base), others)) = runs.split_first() else {
        return found;
    };
    for (machine, part) in others {
        let mut differ = |why, what: &str, here: &str, there: &str| {
            if here != there {
                let message = format!("{machine} and {first} differ in the {what}: {here}, {there}");
                found.push(contradiction(why, message));
            }
        };
        let (here, there) = (part.decision.stage, base.decision.stage);
        differ(Why::Stage, "stage", here.name(), there.name());
        let (here, there) = (&part.manifest.tool.version, &base.manifest.tool.version);
        differ(Why::Tool, "version of cargo-gate", here, there);
        let (here, there) = (&part.decision.catalogue_sha256, &base.decision.catalogue_sha256);
        differ(Why::Catalogue, "catalogue of checks", short(here), short(there));
        let (Some(here), Some(there)) = (&part.manifest.subject, &base.manifest.subject) else {
            continue;
        };
        differ(Why::Scope, "directory of the workspace", place(here), place(there));
        differ(Why::Scope, "packages", &packages(here), &packages(there));
        let one_tree = same_tree(part, base);
        if !one_tree {
            differ(Why::Tree, "files of the workspace", &tree(here), &tree(there));
        }
        if !(one_tree && reads_the_policy_of_the_tree(part) && reads_the_policy_of_the_tree(base)) {
            let (here, there) = (digest(&here.policy_sha256), digest(&there.policy_sha256));
            differ(Why::Policy, "policy", here, there);
        }
    }
    found
}

/// Where runs contradict what the claim is about.
pub(super) fn with_expected(runs: &[(&str, &Part)], expected: &Expected) -> Vec<Contradiction> {
    let mut found = Vec::new();
    let subjects = || {
        runs.iter()
            .filter_map(|(machine, part)| Some((*machine, part.manifest.subject.as_ref()?)))
    };
    if let Some(commit) = &expected.commit {
        for (machine, subject) in subjects().filter(|(_, subject)| subject.commit.as_ref() != Some(commit)) {
            let judged = subject.commit.as_deref().map_or("no commit", short);
            let message = format!("{machine} judged {judged}, but the claim is about {}", short(commit));
            found.push(contradiction(Why::Commit, message));
        }
    }
    if let Some(policy) = &expected.policy
        && !runs.is_empty()
        && !subjects().any(|(_, subject)| subject.policy_sha256 == *policy)
    {
        let message = "no run was judged by the policy of this workspace".to_owned();
        found.push(contradiction(Why::Policy, message));
    }
    let broad = runs.iter().any(|(_, part)| part.decision.stage >= Stage::Broad);
    let declared = expected.platforms_at_broad.iter().filter(|_| broad);
    for wanted in expected.platforms.iter().chain(declared) {
        if !runs.iter().any(|(_, part)| platform::is_of(&part.environment, wanted)) {
            let message = format!("no run is of the platform {wanted}, which must have one");
            found.push(contradiction(Why::Platform, message));
        }
    }
    found
}

/// Whether two runs judged the same files: byte for byte, or as one commit where line ends differ by platform. The second
/// takes a work tree that `git.clean` compared with the commit, file by file.
fn same_tree(one: &Part, other: &Part) -> bool {
    let of = |part: &Part| part.manifest.subject.clone();
    let (Some(here), Some(there)) = (of(one), of(other)) else {
        return false;
    };
    let clean = |part: &Part, subject: &Subject| {
        let mut checks = part.decision.checks.iter();
        subject.dirty == Some(false) && checks.any(|check| check.id == CLEAN && check.outcome == Outcome::Pass)
    };
    here.content == there.content
        || here.commit.is_some() && here.commit == there.commit && clean(one, &here) && clean(other, &there)
}

/// Whether a run was judged by the gate.toml of its tree: no other was given.
fn reads_the_policy_of_the_tree(part: &Part) -> bool {
    let mut words = part.manifest.command.iter();
    !words.any(|word| word == "--policy" || word.starts_with("--policy="))
}

fn place(subject: &Subject) -> &str {
    if subject.directory.is_empty() {
        "."
    } else {
        &subject.directory
    }
}

fn packages(subject: &Subject) -> String {
    if subject.selected.is_empty() {
        "all".to_owned()
    } else {
        subject.selected.join(", ")
    }
}

fn tree(subject: &Subject) -> String {
    let commit = subject.commit.as_deref().map_or("no commit", short);
    let state = if subject.dirty == Some(false) {
        ""
    } else {
        " with changes"
    };
    format!("{commit}{state} (content {})", short(&subject.content))
}

fn digest(policy: &Option<String>) -> &str {
    policy.as_deref().map_or("none", short)
}

/// The start of a hash, enough to recognise it.
fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
