//! `cargo gate promote`.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::base::digest::{hex, sha256_hex};
use crate::base::error::{Error, Result};
use crate::base::exit;
use crate::base::stage::Stage;
use crate::evidence::history::{History, HistoryEntry};
use crate::evidence::lock::{self, Lock};
use crate::policy::Policy;
use crate::promotion::registry::{self, Entry, SCHEMA_VERSION, Status};
use crate::promotion::{Promotion, is_covered, judge};
use crate::report::Report;
use crate::surveys::Surveys;

use super::Conversation;
use crate::command_line::{DataFormat, PromoteArgs, PromoteArtifactsArgs, PromoteWhat};

mod candidates;
mod kernel;

/// Where promotions are kept, relative to the workspace.
pub(super) const REGISTRY: &str = "gate/registry.jsonl";

pub(super) fn run(arguments: &PromoteArgs, conversation: &Conversation<'_>) -> Result<i32> {
    match (&arguments.what, &arguments.artifacts) {
        (Some(PromoteWhat::Kernel(kernel)), _) => kernel::run(kernel, conversation),
        (None, Some(artifacts)) => promote(artifacts, conversation),
        // clap asks for one of them.
        (None, None) => {
            Err(Error::usage("nothing is named that could be promoted").with_help("`cargo gate promote --help`"))
        }
    }
}

fn promote(arguments: &PromoteArtifactsArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let now = Timestamp::now();
    let workspace = conversation.workspace()?;
    let path = match &arguments.registry {
        Some(path) => path.clone(),
        None => workspace.root().join(REGISTRY),
    };
    let (_lock, history) = sound_history(&workspace, conversation)?;
    let named = if arguments.all_candidates {
        candidates::all(&workspace, &path, &arguments.profile, conversation)?
    } else {
        arguments.artifacts.clone()
    };
    let artifacts: Vec<Artifact> = named
        .iter()
        .map(|artifact| Artifact::read(artifact, &workspace))
        .collect::<Result<_>>()?;

    let asked = arguments.to;
    let policy = conversation.policy(&workspace)?;
    let run = Run::of(&history, &workspace, &policy, &path, asked)?;

    let promotion = judge(asked, &run.report);
    let (status, stage, because) = match (&promotion, arguments.auto) {
        (Promotion::Promoted(stage), _) => (Status::Promoted, *stage, None),
        (Promotion::Held { stage, because }, true) => (Status::Promoted, *stage, Some(because.as_str())),
        (Promotion::Rejected { because }, true) => (Status::Rejected, asked, Some(because.as_str())),
        // Without --auto a run that only warns is what it is for the stage itself: ready.
        (Promotion::Held { .. }, false) => (Status::Promoted, asked, None),
        (Promotion::Rejected { .. }, false) if run.report.decision.is_ready() => (Status::Promoted, asked, None),
        (Promotion::Rejected { because }, false) => {
            let message = format!("{because}, so nothing was promoted");
            let help = format!("`cargo gate explain {}` says why", run.entry.run_id);
            conversation.printer.warning(&message, Some(&help));
            return Ok(exit::NOT_READY);
        }
    };
    let younger: Vec<&Artifact> = artifacts
        .iter()
        .filter(|artifact| !is_covered(artifact.built, &run.report))
        .collect();
    if let [first, ..] = younger.as_slice() {
        let message = format!(
            "`{}` was built after run {} began, so the run does not speak for it",
            first.path, run.entry.run_id
        );
        let help = format!("`cargo gate {asked}`, and promote then; nothing was promoted");
        conversation.printer.warning(&message, Some(&help));
        return Ok(exit::NOT_READY);
    }

    let reason = match because {
        Some(because) => format!("{} ({because})", arguments.reason),
        None => arguments.reason.clone(),
    };
    let entries: Vec<Entry> = artifacts
        .into_iter()
        .map(|artifact| Entry {
            schema_version: SCHEMA_VERSION,
            artifact: artifact.path,
            artifact_digest: artifact.digest,
            size: artifact.size,
            kernel: None,
            status,
            stage,
            run_id: run.entry.run_id.clone(),
            chain: run.entry.chain.clone(),
            readiness_sha256: run.readiness_sha256.clone(),
            decision_sha256: run.decision_sha256.clone(),
            commit: run.entry.commit.clone(),
            by: arguments.by.clone(),
            at: now.to_string(),
            reason: reason.clone(),
        })
        .collect();
    let known = registry::read(&path)?;
    let is_known = |entry: &Entry| known.iter().any(|other| other.repeats(entry));
    registry::append(&path, &entries)?;
    match arguments.message_format {
        DataFormat::Json => conversation.printer.data(&super::json(&entries)?)?,
        DataFormat::Human => say(&entries, is_known, because, conversation),
    }
    Ok(if status == Status::Promoted {
        exit::READY
    } else {
        exit::NOT_READY
    })
}

/// Takes the lock, so that no run ends meanwhile, and reads the history, which must be sound.
fn sound_history(workspace: &Surveys, conversation: &Conversation<'_>) -> Result<(Lock, History)> {
    let gate_dir = lock::prepare(workspace.target_dir())?;
    let lock = Lock::acquire(&gate_dir, conversation.cancel, || {
        conversation
            .printer
            .status("Blocking", "waiting for file lock on the gate directory");
    })?;
    let history = History::load(&gate_dir);
    match &history.damage {
        None => Ok((lock, history)),
        Some(damage) => Err(Error::usage(format!("the history is damaged: {damage}"))
            .with_help("`cargo gate verify` says what is wrong")),
    }
}

fn say(entries: &[Entry], is_known: impl Fn(&Entry) -> bool, because: Option<&str>, conversation: &Conversation<'_>) {
    for entry in entries {
        let verb = match entry.status {
            _ if is_known(entry) => "Unchanged",
            Status::Promoted => "Promoted",
            Status::Rejected => "Rejected",
        };
        let why = because.map(|because| format!(": {because}")).unwrap_or_default();
        let message = format!(
            "{} ({}) for {} by run {}{why}",
            entry.artifact,
            &entry.artifact_digest[..12],
            entry.stage,
            entry.run_id
        );
        conversation.printer.status(verb, &message);
    }
}

/// A file that is promoted.
struct Artifact {
    path: String,
    digest: String,
    size: u64,
    built: Timestamp,
}

impl Artifact {
    fn read(path: &Path, workspace: &Surveys) -> Result<Self> {
        let failed = |error: &io::Error| Error::io("read", path, error);
        let meta = std::fs::metadata(path).map_err(|error| failed(&error))?;
        if !meta.is_file() {
            return Err(Error::usage(format!("`{}` is not a file", path.display()))
                .with_help("promote the files that are shipped"));
        }
        let built = meta
            .modified()
            .and_then(|time| Timestamp::try_from(time).map_err(io::Error::other));
        let mut file = File::open(path).map_err(|error| failed(&error))?;
        let mut sha256 = Sha256::new();
        let mut size = 0;
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = file.read(&mut buffer).map_err(|error| failed(&error))?;
            if read == 0 {
                break;
            }
            size += read as u64;
            sha256.update(&buffer[..read]);
        }
        let absolute = std::fs::canonicalize(path).map_err(|error| failed(&error))?;
        let root = std::fs::canonicalize(workspace.root()).unwrap_or_else(|_| workspace.root().to_path_buf());
        let shown = absolute.strip_prefix(&root).map_or_else(
            |_| absolute.file_name().map(PathBuf::from).unwrap_or_default(),
            Path::to_path_buf,
        );
        Ok(Self {
            path: shown.to_string_lossy().replace('\\', "/"),
            digest: hex(&sha256.finalize()),
            size,
            built: built.map_err(|error| failed(&error))?,
        })
    }
}

/// The run that a promotion rests on.
struct Run {
    entry: HistoryEntry,
    report: Report,
    readiness_sha256: String,
    decision_sha256: String,
}

impl Run {
    /// The newest run over the present content that has a say about `asked`, verified now: one that was ready for it or
    /// for a later stage, or one that was not even ready for an earlier one. A decision that has to be signed counts when it is.
    fn of(history: &History, workspace: &Surveys, policy: &Policy, registry: &Path, asked: Stage) -> Result<Self> {
        let content = workspace.files().content_digest().to_hex();
        let only_registry = only_differs_in(workspace, registry);
        let git = workspace.git();
        let speaks = |entry: &&HistoryEntry| {
            let has_a_say = if entry.decision.is_ready() {
                entry.stage >= asked
            } else {
                entry.stage <= asked
            };
            has_a_say
                && (entry.content == content
                    || only_registry
                        && !entry.dirty
                        && entry.commit.is_some()
                        && entry.commit == git.and_then(|git| git.head.clone()))
        };
        let Some(entry) = history.entries.iter().rev().find(speaks) else {
            return Err(Error::usage(format!("no run judged the present content for {asked}"))
                .with_help(format!("`cargo gate {asked}`, and promote then")));
        };
        history.verified_entry(entry).map_err(|problem| {
            Error::usage(format!("run {} does not verify: {problem}", entry.run_id))
                .with_help("`cargo gate verify` names what is wrong")
        })?;
        if let Some(decisions) = &policy.decisions
            && entry.decision.is_ready()
            && decisions.asks_for_signature(entry.stage)
        {
            history.signed_entry(entry, &decisions.authorities).map_err(|problem| {
                let run = &entry.run_id;
                Error::usage(format!("run {run} does not count: {problem}")).with_help(format!(
                    "have an authority sign it: `cargo gate sign {run} --key <file>`"
                ))
            })?;
        }
        let directory = workspace.gate_dir().join("runs").join(&entry.run_id);
        let read = |name: &str| {
            let path = directory.join(name);
            std::fs::read(&path).map_err(|error| Error::io("read", &path, &error))
        };
        let json = read("report.json")?;
        let report = serde_json::from_slice(&json)
            .map_err(|error| Error::tool(format!("the report of run {} cannot be read: {error}", entry.run_id)))?;
        Ok(Self {
            entry: entry.clone(),
            report,
            readiness_sha256: sha256_hex(&json),
            decision_sha256: sha256_hex(&read("decision.json")?),
        })
    }
}

/// Whether nothing but the registry differs from the commit: a line that was promoted before does not take back what the
/// run said.
pub(super) fn only_differs_in(workspace: &Surveys, registry: &Path) -> bool {
    let Some(git) = workspace.git() else { return false };
    let below = registry.strip_prefix(workspace.root()).ok();
    let registry = below.map(|below| below.to_string_lossy().replace('\\', "/"));
    // git names a directory that holds nothing tracked by itself.
    let is_registry = |path: &str| {
        registry
            .as_deref()
            .is_some_and(|registry| registry == path || path.ends_with('/') && registry.starts_with(path))
    };
    git.dirty.iter().all(|dirty| is_registry(&dirty.path))
}
