//! `cargo gate govern promote`.

mod candidates;
pub(in crate::cli) mod run;

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::cli::Conversation;
use crate::cli::arguments::DataFormat;
use gate_base::digest::hex;
use gate_base::error::{Error, Result};
use gate_base::exit;
use gate_base::stage::Stage;
use gate_govern::promotion::registry::{self, Entry, SCHEMA_VERSION, Status};
use gate_govern::promotion::{Promotion, is_covered, judge};
use gate_surveys::Surveys;

use self::run::{REGISTRY, decided, sound_history};

#[derive(Debug, Args)]
pub(crate) struct PromoteArgs {
    /// Files that are shipped
    #[arg(
        value_name = "ARTIFACT",
        required_unless_present = "all_candidates",
        conflicts_with = "all_candidates"
    )]
    pub(crate) artifacts: Vec<PathBuf>,
    /// Promote every shipped artifact that is built, and every earlier promotion that still exists
    #[arg(long)]
    pub(crate) all_candidates: bool,
    /// Profile that the candidates were built with
    #[arg(long, value_name = "NAME", default_value = "release", requires = "all_candidates")]
    pub(crate) profile: String,
    /// Stage to promote to
    #[arg(long, value_name = "STAGE")]
    pub(crate) to: Stage,
    /// Who promotes: a team or a person
    #[arg(long, value_name = "NAME")]
    pub(crate) by: String,
    /// Reason for the promotion
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Let the run decide: warnings promote to the stage below, and a run that is not ready is recorded as a rejection
    #[arg(long)]
    pub(crate) auto: bool,
    /// File that records the promotions [default: gate/registry.jsonl next to the root manifest]
    #[arg(long, value_name = "PATH")]
    pub(crate) registry: Option<PathBuf>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

pub(super) fn run(arguments: &PromoteArgs, conversation: &Conversation<'_>) -> Result<i32> {
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
    let run = decided(&history, &workspace, &policy, &path, asked)?;

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
            let help = format!("`cargo gate explain {}` shows why", run.entry.run_id);
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
            "`{}` was built after run {} started, so the run does not cover it",
            first.path, run.entry.run_id
        );
        let help = format!("run `cargo gate {asked}`, then promote again; nothing was promoted");
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
        DataFormat::Json => {
            let text = crate::cli::json(&crate::cli::named("promotions", &entries))?;
            conversation.printer.data(&text)?;
        }
        DataFormat::Human => say(&entries, is_known, because, conversation),
    }
    Ok(if status == Status::Promoted {
        exit::READY
    } else {
        exit::NOT_READY
    })
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
                .with_help("pass the files that are shipped"));
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
