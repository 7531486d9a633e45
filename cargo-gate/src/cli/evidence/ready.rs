//! `cargo gate evidence ready`.

use clap::Args;

use crate::cli::Conversation;
use crate::cli::arguments::{AuthorityArgs, DataFormat};
use crate::cli::run_named::RunNamed;
use gate_base::error::Result;
use gate_base::exit;
use gate_evidence::readiness::{Asked, Readiness, ask, audit};
use gate_evidence::run_dir::RedactionAudit;
use gate_report::Outcome;
use gate_report::render::text;

#[derive(Debug, Args)]
pub(crate) struct ReadyArgs {
    /// Run id, `latest`, or the path of a run directory
    #[arg(long, value_name = "RUN", default_value = "latest")]
    pub(crate) run: String,
    /// First write `redaction_audit.json` if the run has none
    #[arg(long)]
    pub(crate) audit: bool,
    #[command(flatten)]
    pub(crate) authority: AuthorityArgs,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = DataFormat::Human)]
    pub(crate) message_format: DataFormat,
}

pub(in crate::cli) fn run(arguments: &ReadyArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let run = RunNamed::find(&arguments.run, conversation)?;
    let signers = arguments.authority.signers(conversation)?;
    let asked = Asked {
        directory: &run.directory,
        gate_dir: &run.gate_dir,
        name: &run.name,
        signers: &signers,
    };
    if arguments.audit {
        let RedactionAudit {
            files_scanned,
            findings_count,
            ..
        } = audit(&asked)?;
        let found = text::count(findings_count, "finding");
        let message = format!("{} searched, {found}", text::count(files_scanned, "file"));
        conversation.printer.status("Audited", &message);
    }
    let readiness = ask(&asked)?;
    let text = match arguments.message_format {
        DataFormat::Human => human(&readiness),
        DataFormat::Json => crate::cli::json(&readiness)?,
    };
    conversation.printer.data(&text)?;
    Ok(if readiness.ready { exit::READY } else { exit::NOT_READY })
}

fn human(readiness: &Readiness) -> String {
    let mut out = String::new();
    for question in &readiness.questions {
        let outcome = word(question.outcome);
        out += &format!("{outcome:>4}  {}: {}\n", question.id, text::line(&question.message));
        if let Some(next) = &question.next {
            out += &format!("      next: {next}\n");
        }
    }
    let verdict = if readiness.ready { "READY" } else { "NOT_READY" };
    let stage = readiness.stage.map(|stage| format!(" for {stage}")).unwrap_or_default();
    out += &format!("{verdict}{stage}, by {}\n", readiness.limits);
    out
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "pass",
        Outcome::Warn => "warn",
        _ => "fail",
    }
}
