//! `cargo gate explain`.

pub mod contract;
mod dispatches;
mod rails;
mod topics;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::arguments::DataFormat;
use gate_base::error::{Error, Result};
use gate_base::exit;
use gate_evidence::history::History;
use gate_evidence::run_dir;
use gate_policy::RailsPolicy;
use gate_report::Report;
use gate_surveys::Surveys;

pub use self::topics::Topic;
use crate::cli::Conversation;
use crate::cli::run_named::quoted;

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Check id, stage, `exit-code`, exit code by number, run id, `latest`, or path of a run directory, decision log or
    /// run stats [default: list the topics]
    #[arg(value_name = "TOPIC")]
    pub(crate) topic: Option<String>,
    /// Output format; JSON lists every check, or only the given one
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

/// Everything that can be explained, in the order of the catalogue.
pub fn topics() -> Vec<Topic<'static>> {
    let checks = gate_checks::ALL.iter().map(|check| Topic::from(*check));
    checks.chain(gate_suites::KINDS.iter().map(Topic::from)).collect()
}

impl From<&'static gate_suites::KindInfo> for Topic<'static> {
    fn from(kind: &'static gate_suites::KindInfo) -> Self {
        Self {
            id: kind.id,
            summary: kind.summary,
            docs: kind.docs,
            dimension: kind.dimension,
            blocks_at: kind.blocks_at,
            other_stages: &[],
            since: kind.since,
        }
    }
}

pub(super) fn run(arguments: &ExplainArgs, conversation: &Conversation<'_>) -> Result<i32> {
    if arguments.message_format == DataFormat::Json {
        let text = contract::text(&topics(), arguments.topic.as_deref())?;
        conversation.printer.data(&text)?;
        return Ok(exit::READY);
    }
    // Documentation needs no workspace; runs are looked for only where there is one.
    let workspace = conversation.workspace().ok();
    let runs = Runs {
        gate_dir: workspace.as_ref().map(|workspace| workspace.gate_dir()),
        workspace,
        conversation,
    };
    let text = topics::explain(arguments.topic.as_deref(), &topics(), &runs)?;
    conversation.printer.data(&text)?;
    Ok(exit::READY)
}

struct Runs<'a> {
    gate_dir: Option<PathBuf>,
    workspace: Option<Surveys>,
    conversation: &'a Conversation<'a>,
}

impl Runs<'_> {
    /// The directory of a run: by its id, `latest`, or the path of the directory itself, wherever it lies.
    fn directory(&self, run: &str) -> Option<PathBuf> {
        let ids = topics::Runs::ids(self);
        let known = if run == "latest" {
            ids.last()
        } else {
            ids.iter().find(|known| *known == run)
        };
        if let (Some(gate_dir), Some(known)) = (&self.gate_dir, known) {
            return Some(run_dir::Runs::new(gate_dir).directory().join(known));
        }
        let path = Path::new(run);
        path.join("report.json").is_file().then(|| path.to_owned())
    }
}

impl topics::Runs for Runs<'_> {
    fn rails(&self) -> Result<Option<RailsPolicy>> {
        let Some(workspace) = &self.workspace else {
            return Ok(None);
        };
        let policy = self.conversation.policy(workspace)?;
        Ok(policy.runtime.and_then(|runtime| runtime.rails))
    }

    fn ids(&self) -> Vec<String> {
        let history = self.gate_dir.as_deref().map(History::load).unwrap_or_default();
        history.entries.into_iter().map(|entry| entry.run_id).collect()
    }

    fn artifact(&self, run: &str, path: &str) -> Result<Vec<u8>> {
        let directory = self.directory(run).unwrap_or_default();
        let path = directory.join(path);
        std::fs::read(&path).map_err(|error| {
            Error::io("read", &path, &error)
                .with_help(format!("`cargo gate verify {}` shows what is missing", quoted(run)))
        })
    }

    fn file(&self, path: &str) -> Result<Option<Vec<u8>>> {
        if !Path::new(path).is_file() {
            return Ok(None);
        }
        std::fs::read(path)
            .map(Some)
            .map_err(|error| Error::io("read", path, &error))
    }

    fn report(&self, id: &str) -> Result<Option<Report>> {
        let Some(directory) = self.directory(id) else {
            return Ok(None);
        };
        let found = id;
        let path = directory.join("report.json");
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(
                    Error::tool(format!("run {found} ended before a decision and has no report")).with_help(format!(
                        "decision.json in {} says why",
                        path.with_file_name("").display()
                    )),
                );
            }
            Err(error) => return Err(Error::io("read", path, &error)),
        };
        let mut report: Report = serde_json::from_slice(&bytes).map_err(|error| {
            Error::tool(format!("cannot parse `{}`: {error}", path.display())).with_help(format!(
                "`cargo gate verify {}` shows whether it was altered",
                quoted(id)
            ))
        })?;
        // A run that was handed on lies where it is named, and no more where it was made.
        if directory == Path::new(id) {
            report.run_dir = Some(id.trim_end_matches(['/', '\\']).to_owned());
        }
        Ok(Some(report))
    }
}
