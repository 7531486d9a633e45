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
use gate_evidence::history::History;
use gate_govern::promotion::registry::{self, Entry, Registry, SCHEMA_VERSION, Status};
use gate_govern::promotion::state::State;
use gate_govern::promotion::{Promotion, judge, scores};
use gate_policy::Policy;
use gate_release::decided::Decided;
use gate_release::{Maker, Produced, made_by_suite};
use gate_surveys::Surveys;

use self::run::{REGISTRY, anchor, sound_history};

#[derive(Debug, Args)]
pub(crate) struct PromoteArgs {
    /// Files that a release made, or a suite that declares them as its `artifacts`
    #[arg(
        value_name = "ARTIFACT",
        required_unless_present = "all_candidates",
        conflicts_with = "all_candidates"
    )]
    pub(crate) artifacts: Vec<PathBuf>,
    /// Promote every package and archive of the releases of the current content
    #[arg(long)]
    pub(crate) all_candidates: bool,
    /// State to bring them to: pilot, controlled, broad or archived. Each follows the one before; an earlier one rolls back
    #[arg(long, value_name = "STATE")]
    pub(crate) to: State,
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
    let workspace = conversation.workspace()?;
    let path = match &arguments.registry {
        Some(path) => path.clone(),
        None => workspace.root().join(REGISTRY),
    };
    let (_lock, history) = sound_history(&workspace, conversation)?;
    let anchor = anchor(&workspace, &path)?;
    let registry = registry::read(&path, &anchor)?;
    let policy = conversation.policy(&workspace)?;
    let produced = gate_release::produced(&workspace.gate_dir());
    let named = if arguments.all_candidates {
        candidates::all(&workspace, &produced)?
    } else {
        arguments.artifacts.clone()
    };
    let promoter = Promoter {
        arguments,
        workspace: &workspace,
        history: &history,
        policy: &policy,
        registry: &registry,
        produced: &produced,
        at: Timestamp::now().to_string(),
    };
    let mut entries: Vec<Entry> = Vec::new();
    let mut unchanged = Vec::new();
    for path in &named {
        let artifact = Artifact::read(path, &workspace)?;
        let is_known = entries.iter().any(|entry| entry.artifact_digest == artifact.digest);
        match promoter.event(&artifact)? {
            _ if is_known => {}
            Step::Unchanged => unchanged.push(artifact),
            Step::Event(entry) => entries.push(*entry),
            Step::Refused { because, help } => {
                let message = format!("`{}` {because}, so nothing was promoted", artifact.path);
                conversation.printer.warning(&message, Some(&help));
                if arguments.message_format == DataFormat::Json {
                    let refused = serde_json::json!({ "artifact": artifact.path, "because": because, "help": help });
                    let text = crate::cli::json(&crate::cli::named("refused", &refused))?;
                    conversation.printer.data(&text)?;
                }
                return Ok(exit::NOT_READY);
            }
        }
    }
    let rejected = entries.iter().any(|entry| entry.status == Status::Rejected);
    let text = crate::cli::json(&crate::cli::named("promotions", &entries))?;
    for artifact in &unchanged {
        let message = format!("{} ({}) is in {}", artifact.path, &artifact.digest[..12], arguments.to);
        conversation.printer.status("Unchanged", &message);
    }
    for entry in &entries {
        let verb = match entry.status {
            Status::Promoted => "Promoted",
            Status::Rejected => "Rejected",
            Status::RolledBack => "Rolled back",
            Status::Archived => "Archived",
        };
        let message = format!(
            "{} ({}) from {} to {} by run {}: {}",
            entry.artifact,
            &entry.artifact_digest[..12],
            entry.from,
            entry.to,
            entry.run_id,
            entry.reason
        );
        conversation.printer.status(verb, &message);
    }
    registry::append(&path, &anchor, entries)?;
    if arguments.message_format == DataFormat::Json {
        conversation.printer.data(&text)?;
    }
    Ok(if rejected { exit::NOT_READY } else { exit::READY })
}

/// What happens to an artifact.
enum Step {
    Unchanged,
    Event(Box<Entry>),
    Refused { because: String, help: String },
}

/// What events are derived from.
struct Promoter<'a> {
    arguments: &'a PromoteArgs,
    workspace: &'a Surveys,
    history: &'a History,
    policy: &'a Policy,
    registry: &'a Registry,
    produced: &'a [Produced],
    at: String,
}

impl Promoter<'_> {
    fn event(&self, artifact: &Artifact) -> Result<Step> {
        let (to, from) = (self.arguments.to, self.registry.states.of(&artifact.digest, None));
        if to == from {
            return Ok(Step::Unchanged);
        }
        let status = match from.event(to) {
            Ok(status) => status,
            Err(because) => {
                let help = match from.next() {
                    Some(next) => format!("promote it to {next} first: `--to {next}`"),
                    None => "build a new release".to_owned(),
                };
                return Ok(Step::Refused { because, help });
            }
        };
        if status == Status::Promoted {
            return self.promotion(artifact, from);
        }
        // What once brought it here, or to where it goes back, is what it rests on.
        let earlier = self.registry.entries.iter().rev().find(|entry| {
            let brought = if status == Status::RolledBack { to } else { from };
            entry.artifact_digest == artifact.digest && entry.kernel.is_none() && entry.to == brought
        });
        Ok(match earlier {
            Some(earlier) => Step::Event(Box::new(Entry {
                artifact: artifact.path.clone(),
                status,
                from,
                to,
                by: self.arguments.by.clone(),
                at: self.at.clone(),
                reason: self.arguments.reason.clone(),
                ..earlier.clone()
            })),
            None => Step::Refused {
                because: format!("was never in {to}"),
                help: "`gate/registry.jsonl` has its events".to_owned(),
            },
        })
    }

    /// Where an artifact comes from.
    fn proof(&self, digest: &str) -> Option<Produced> {
        let released = self.produced.iter().find(|made| made.file.sha256 == digest).cloned();
        released.or_else(|| {
            let gate_dir = self.workspace.gate_dir();
            made_by_suite(self.history, &gate_dir, &self.policy.approvers(), digest)
        })
    }

    /// One state on, by the run that judged what the artifact was built from.
    fn promotion(&self, artifact: &Artifact, from: State) -> Result<Step> {
        let to = self.arguments.to;
        let Some(stage) = to.stage() else {
            return Ok(Step::Unchanged);
        };
        let Some(proof) = self.proof(&artifact.digest) else {
            return Ok(Step::Refused {
                because: "was not made by a release of this workspace, nor by a suite of a run".to_owned(),
                help: "`cargo gate release --dry-run` makes artifacts that can be promoted; so does a suite that declares `artifacts`"
                    .to_owned(),
            });
        };
        let found = Decided::of_content(self.history, self.workspace, self.policy, stage, &proof.content)?;
        let Some(run) = found else {
            return Ok(Step::Refused {
                because: format!("was built from content that no run judged for {stage}"),
                help: match &proof.maker {
                    Maker::Release(release) => {
                        format!("check out the commit of release {release}, and run `cargo gate {stage}`")
                    }
                    Maker::Suite(_) => format!("check out that content, and run `cargo gate {stage}`"),
                },
            });
        };
        if let Some(promotion) = &self.policy.promotion
            && let Err(because) = scores::enough(promotion, &run.report)
        {
            return Ok(Step::Refused {
                because: format!("is not promoted: {because}"),
                help: "`[promotion]` in gate.toml declares the least scores, which a `[[suite.bench]]` measures"
                    .to_owned(),
            });
        }
        let (status, to, because) = match (judge(stage, &run.report), self.arguments.auto) {
            (Promotion::Promoted(_), _) => (Status::Promoted, to, None),
            // Without --auto a run that only warns is what it is for the stage itself: ready.
            (Promotion::Held { .. }, false) => (Status::Promoted, to, None),
            (Promotion::Rejected { .. }, false) if run.report.decision.is_ready() => (Status::Promoted, to, None),
            (Promotion::Held { stage, because }, true) if from.next() == Some(stage.into()) => {
                (Status::Promoted, stage.into(), Some(because))
            }
            (Promotion::Held { because, .. } | Promotion::Rejected { because }, true) => {
                (Status::Rejected, to, Some(because))
            }
            (Promotion::Rejected { because }, false) => {
                return Ok(Step::Refused {
                    because: format!("is not promoted: {because}"),
                    help: format!("`cargo gate explain {}` shows why", run.entry.run_id),
                });
            }
        };
        Ok(Step::Event(Box::new(Entry {
            schema_version: SCHEMA_VERSION,
            artifact: artifact.path.clone(),
            artifact_digest: artifact.digest.clone(),
            size: artifact.size,
            kernel: None,
            status,
            from,
            to,
            release: match &proof.maker {
                Maker::Release(release) => Some(release.clone()),
                Maker::Suite(_) => None,
            },
            suite: match &proof.maker {
                Maker::Suite(id) => Some(id.clone()),
                Maker::Release(_) => None,
            },
            run_id: run.entry.run_id,
            chain: run.entry.chain,
            readiness_sha256: run.readiness_sha256,
            decision_sha256: run.decision_sha256,
            commit: run.entry.commit,
            by: self.arguments.by.clone(),
            at: self.at.clone(),
            reason: match because {
                Some(because) => format!("{} ({because})", self.arguments.reason),
                None => self.arguments.reason.clone(),
            },
            previous: String::new(),
        })))
    }
}

/// A file that is promoted.
struct Artifact {
    path: String,
    digest: String,
    size: u64,
}

impl Artifact {
    fn read(path: &Path, workspace: &Surveys) -> Result<Self> {
        let failed = |error: &io::Error| Error::io("read", path, error);
        let meta = std::fs::metadata(path).map_err(|error| failed(&error))?;
        if !meta.is_file() {
            return Err(Error::usage(format!("`{}` is not a file", path.display()))
                .with_help("pass the files that are shipped"));
        }
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
        })
    }
}
