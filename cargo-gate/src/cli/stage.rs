//! `cargo gate pilot|controlled|broad`.

use std::path::{MAIN_SEPARATOR, Path};
use std::time::Instant;

use jiff::Timestamp;

use crate::engine::evaluate::{Evaluation, Request};
use crate::engine::event::Tee;
use crate::error::{Error, ErrorKind, Result};
use crate::evidence::history::History;
use crate::evidence::lock::{self, Lock};
use crate::evidence::run_dir::{
    AuditRecorder, EarlyFailure, EnvironmentRecord, Failure, RunRecord, RunResult, Runs, catalogue_sha256,
};
use crate::report::Report;
use crate::report::render;
use crate::report::render::human::Detail;
use crate::report::render::sarif::RuleInfo;
use crate::secrets::mask_text;
use crate::stage::Stage;
use crate::workspace::Workspace;

use super::Conversation;
use super::args::{Format, StageArgs};
use super::explain::Topic;
use super::open::Opened;
use super::plan;
use super::progress::Progress;
use super::reference::topics;

pub(super) fn run(stage: Stage, arguments: &StageArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let now = Timestamp::now();
    let workspace = conversation.workspace()?;
    if arguments.plan {
        let opened = conversation.opened(workspace)?;
        opened.check_packages(&arguments.packages)?;
        return plan::run(
            &opened,
            &request(stage, arguments, &opened, (now, conversation.began), String::new()),
            arguments,
            conversation,
        );
    }

    let gate_dir = lock::prepare(workspace.target_dir())?;
    let _lock = Lock::acquire(&gate_dir, conversation.cancel, || {
        conversation
            .printer
            .status("Blocking", "waiting for file lock on the gate directory");
    })?;
    let runs = Runs::new(&gate_dir);
    let recovery = runs.recover()?;
    if let Some(run) = &recovery.recorded {
        conversation.printer.warning(
            &format!("recorded run {run}, which an earlier gate left behind when it was ended"),
            None,
        );
    }
    let policy = match conversation.policy(&workspace) {
        Ok(policy) => policy,
        Err(error) => {
            record_failure(stage, arguments, &workspace, &runs, &error, now, conversation)?;
            return Err(error);
        }
    };
    let opened = Opened::new(workspace, policy, History::load(&gate_dir));
    opened.check_packages(&arguments.packages)?;
    let run_id = runs.new_id(now, &opened.workspace.files().content_digest().to_hex());
    let request = request(stage, arguments, &opened, (now, conversation.began), run_id);

    let progress = Progress::new(conversation.printer);
    let audit = AuditRecorder::default();
    let mut evaluation = opened
        .surroundings()
        .evaluate(&request, &Tee(&[&progress, &audit]), conversation.cancel)?;
    record(&mut evaluation, &audit, &opened, &runs, conversation)?;
    print_report(
        &evaluation.report,
        &opened.workspace,
        arguments.message_format,
        conversation,
    )?;
    Ok(evaluation.report.exit_code)
}

fn request(
    stage: Stage,
    arguments: &StageArgs,
    opened: &Opened,
    (now, began): (Timestamp, Instant),
    run_id: String,
) -> Request {
    Request {
        stage,
        strict: arguments.strict || opened.policy.stages.get(&stage).is_some_and(|declared| declared.strict),
        keep_going: arguments.keep_going,
        jobs: usize::from(arguments.jobs),
        packages: arguments.packages.clone(),
        fresh: arguments.fresh,
        now,
        began,
        run_id,
    }
}

/// Writes the run directory and completes the report with what is known only then.
fn record(
    evaluation: &mut Evaluation,
    audit: &AuditRecorder,
    opened: &Opened,
    runs: &Runs,
    conversation: &Conversation<'_>,
) -> Result<()> {
    let report = &mut evaluation.report;
    report.run_dir = Some(display_below(&runs.directory().join(&report.run_id), &opened.workspace));
    let environment = EnvironmentRecord::collect(
        Some(opened.workspace.toolchain()),
        opened.workspace.environment(),
        opened.workspace.root(),
    );
    let json = render::json::render(report);
    let markdown = render::markdown::render(report, Some("../../../../"));
    let written = runs.write(&RunRecord {
        run_id: &report.run_id,
        result: RunResult::Evaluated {
            report,
            json: json.as_bytes(),
            markdown: markdown.as_bytes(),
        },
        command: &conversation.command_line(),
        catalogue_sha256: &catalogue_sha256(),
        environment: &environment,
        audit: &audit.steps(report),
        files: &evaluation.files,
    })?;
    report.chain = Some(written.chain);
    Ok(())
}

/// A policy that cannot be read ends the run before anything is judged; even that leaves a decision behind.
fn record_failure(
    stage: Stage,
    arguments: &StageArgs,
    workspace: &Workspace,
    runs: &Runs,
    error: &Error,
    started: Timestamp,
    conversation: &Conversation<'_>,
) -> Result<()> {
    if error.kind != ErrorKind::Usage {
        return Ok(());
    }
    let elapsed = Timestamp::now().duration_since(started);
    let failure = EarlyFailure {
        stage,
        strict: arguments.strict,
        started: started.to_string(),
        duration_ms: u64::try_from(elapsed.as_millis()).unwrap_or_default(),
        exit_code: error.exit_code(),
        failure: Failure {
            message: mask_text(&error.message).into_owned(),
            help: error.help.as_deref().map(|help| mask_text(help).into_owned()),
            missing_files: ["report.json", "report.md"].map(str::to_owned).to_vec(),
        },
        subject: None,
    };
    let environment =
        EnvironmentRecord::collect(Some(workspace.toolchain()), workspace.environment(), workspace.root());
    let run_id = runs.new_id(started, &workspace.files().content_digest().to_hex());
    runs.write(&RunRecord {
        run_id: &run_id,
        result: RunResult::Failed(&failure),
        command: &conversation.command_line(),
        catalogue_sha256: &catalogue_sha256(),
        environment: &environment,
        audit: &[],
        files: &[],
    })?;
    Ok(())
}

/// A path as reports show it: relative to the workspace root where it lies below it, with `/`.
fn display_below(path: &Path, workspace: &Workspace) -> String {
    slashes(path.strip_prefix(workspace.root()).unwrap_or(path))
}

/// Path of the workspace inside its repository; empty at the top, and outside version control.
fn in_repository(workspace: &Workspace) -> String {
    let below = workspace
        .git()
        .and_then(|git| workspace.root().strip_prefix(&git.top).ok());
    below.map(slashes).unwrap_or_default()
}

fn slashes(path: &Path) -> String {
    path.display().to_string().replace(MAIN_SEPARATOR, "/")
}

fn print_report(report: &Report, workspace: &Workspace, format: Format, conversation: &Conversation<'_>) -> Result<()> {
    let printer = conversation.printer;
    let report = &printer.redactor().report(report);
    let text = match format {
        Format::Human => render::human::render(report, workspace, &printer.options()),
        Format::Json => render::json::render(report),
        Format::Markdown => render::markdown::render(report, None),
        Format::Junit => render::junit::render(report)?,
        Format::Sarif => {
            let topics = topics();
            let rules: Vec<RuleInfo<'_>> = topics.iter().map(rule).collect();
            render::sarif::render(report, &rules, &in_repository(workspace))
        }
        Format::Github => render::github::render(report, &in_repository(workspace)),
    };
    printer.data(&text)?;
    if printer.detail() == Detail::Verbose
        && let (Some(directory), Some(chain)) = (&report.run_dir, &report.chain)
    {
        printer.status("Recorded", &format!("{directory}, chain {chain}"));
    }
    if format != Format::Human {
        // Machines read stdout; the person who watches gets the answer all the same.
        printer.status(
            "Decision",
            &format!("{} (exit {})", report.decision.name(), report.exit_code),
        );
    }
    Ok(())
}

fn rule<'a>(topic: &Topic<'a>) -> RuleInfo<'a> {
    RuleInfo {
        id: topic.id,
        summary: topic.summary,
        docs: topic.docs,
        help_uri: None,
    }
}
