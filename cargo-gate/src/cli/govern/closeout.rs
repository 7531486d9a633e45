//! `cargo gate govern closeout`.

use std::path::Path;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::Conversation;
use crate::cli::evidence::history::report_of;
use gate_base::error::{Error, Result};
use gate_base::exit;
use gate_evidence::history::{History, HistoryEntry};
use gate_evidence::verify::{Status, verify};
use gate_govern::closeout::{Closeout, Next, human, markdown};
use gate_report::Report;
use gate_surveys::Surveys;

use super::promote::run::REGISTRY;
use gate_release::decided::only_differs_in;

#[derive(Debug, Args)]
pub(crate) struct CloseoutArgs {
    /// Run id [default: the latest run]
    #[arg(value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// Next action if the decision is NO [default: the first step that would unblock the stage]
    #[arg(long, value_name = "TEXT")]
    pub(crate) next_action: Option<String>,
    /// Owner of the next action
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: Option<String>,
    /// Target date of the next action, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    pub(crate) target_date: Option<jiff::civil::Date>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = CloseoutFormat::Human)]
    pub(crate) message_format: CloseoutFormat,
}

/// Formats of a closeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CloseoutFormat {
    /// Plain text
    Human,
    /// Markdown, for a ticket or release notes
    Markdown,
    /// JSON
    Json,
}

pub(super) fn run(arguments: &CloseoutArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    if let Some(target) = arguments.target_date.filter(|target| *target < today) {
        return Err(
            Error::usage(format!("the target date {target} is in the past")).with_help(
                "pass a future date to \
                 `--target-date`",
            ),
        );
    }
    let opened = conversation.open()?;
    let gate_dir = opened.workspace.gate_dir();
    let wanted = arguments.run.as_deref().unwrap_or("latest");
    let verification = verify(&gate_dir, Some(wanted), None)?;
    if verification.status != Status::Verified {
        for problem in &verification.problems {
            let message = format!("{}: {}", problem.file, problem.message);
            conversation.printer.warning(&message, None);
        }
        let message = format!("the run `{wanted}` does not verify, so there is nothing to sign off");
        conversation.printer.warning(&message, Some("run the stage again"));
        return Ok(exit::NOT_READY);
    }
    let (entry, report) = judged(&opened.history, &gate_dir, wanted, verification.head.as_deref())?;
    let next = Next {
        action: arguments.next_action.clone(),
        owner: arguments.owner.clone(),
        target: arguments.target_date,
    };
    let mut closeout = Closeout::of(&report, opened.policy.register.as_ref(), next);
    if !is_present(&report, &opened.workspace) {
        let stage = report.stage;
        closeout.missing.push(format!(
            "a run on the current content: run {} judged different content; run `cargo gate {stage}`",
            report.run_id
        ));
    }
    if let Some(decisions) = &opened.policy.decisions
        && closeout.ready
        && decisions.asks_for_signature(report.stage)
        && let Err(problem) = opened.history.signed_entry(entry, &decisions.approvers())
    {
        let run = &report.run_id;
        let missing = format!("a valid signature: {problem}; run `cargo gate evidence sign {run} --key <file>`");
        closeout.missing.push(missing);
    }
    let text = match arguments.message_format {
        CloseoutFormat::Human => human(&closeout),
        CloseoutFormat::Markdown => markdown(&closeout),
        CloseoutFormat::Json => crate::cli::json(&closeout)?,
    };
    conversation.printer.data(&text)?;
    for missing in &closeout.missing {
        conversation
            .printer
            .warning(&format!("the closeout lacks {missing}"), None);
    }
    Ok(if closeout.missing.is_empty() {
        exit::READY
    } else {
        exit::NOT_READY
    })
}

/// Whether a run judged what is there now. What was promoted since takes nothing back.
fn is_present(report: &Report, workspace: &Surveys) -> bool {
    let subject = &report.subject;
    let head = workspace.git().and_then(|git| git.head.as_ref());
    subject.content == workspace.files().content_digest().to_hex()
        || subject.dirty == Some(false)
            && subject.directory == workspace.directory()
            && head.is_some()
            && subject.commit.as_ref() == head
            && only_differs_in(workspace, &workspace.root().join(REGISTRY))
}

/// The run whose chain hash was verified, with its report.
fn judged<'h>(
    history: &'h History,
    gate_dir: &Path,
    wanted: &str,
    chain: Option<&str>,
) -> Result<(&'h HistoryEntry, Report)> {
    let entry = history.entries.iter().find(|entry| Some(entry.chain.as_str()) == chain);
    let entry = entry.ok_or_else(|| {
        Error::usage(format!("`{wanted}` is not a run of this workspace"))
            .with_help("`cargo gate evidence history` lists them")
    })?;
    Ok((entry, report_of(gate_dir, entry)?))
}
