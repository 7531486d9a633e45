//! Judges a stage in one workspace, or plans it.

use std::time::Instant;

use jiff::Timestamp;

use gate_base::error::Result;
use gate_base::exit;
use gate_base::stage::Stage;
use gate_engine::evaluate::{Evaluation, Request};
use gate_engine::notify::{Told, notify};
use gate_engine::plan::SuiteMode;
use gate_evidence::event::Tee;
use gate_evidence::lock::{self, Lock};
use gate_evidence::run_dir::{AuditRecorder, AuditStep, EnvironmentRecord, RunRecord, Runs};
use gate_gpu::kernels::sets;
use gate_report::MaskedReport;
use gate_surveys::Surveys;

use super::super::arguments::Format;
use super::super::open::Opened;
use super::super::other_runs;
use super::super::progress::Progress;
use super::super::reports::{display_below, in_repository, print_report};
use super::super::timings::Timings;
use super::super::{Conversation, job_summary, plan, shared_evidence};
use super::arguments::StageArgs;
use super::missing_toolchain;
use super::selection::{Selection, selection};

/// What becomes of a report beside its run directory.
pub(super) trait Output {
    /// Takes the report of a workspace.
    fn report(
        &self,
        report: &MaskedReport,
        workspace: &Surveys,
        arguments: &StageArgs,
        conversation: &Conversation<'_>,
    ) -> Result<()>;

    /// Takes the plan of a workspace, as text for people or as JSON.
    fn plan(&self, text: &str, workspace: &Surveys, conversation: &Conversation<'_>) -> Result<()>;
}

/// It is printed, and written to the files that the command line names.
pub(super) struct Printed;

impl Output for Printed {
    fn report(
        &self,
        report: &MaskedReport,
        workspace: &Surveys,
        arguments: &StageArgs,
        conversation: &Conversation<'_>,
    ) -> Result<()> {
        print_report(report, workspace, arguments, conversation)
    }

    fn plan(&self, text: &str, _: &Surveys, conversation: &Conversation<'_>) -> Result<()> {
        conversation.printer.data(text)
    }
}

/// Nothing.
struct Silent;

impl Output for Silent {
    fn report(&self, _: &MaskedReport, _: &Surveys, _: &StageArgs, _: &Conversation<'_>) -> Result<()> {
        Ok(())
    }

    fn plan(&self, _: &str, _: &Surveys, _: &Conversation<'_>) -> Result<()> {
        Ok(())
    }
}

/// Plans or judges the stage in the workspace of the conversation.
pub(super) fn in_one(
    stage: Stage,
    arguments: &StageArgs,
    output: &dyn Output,
    now: Timestamp,
    conversation: &Conversation<'_>,
) -> Result<i32> {
    let workspace = match conversation.workspace() {
        Ok(workspace) => workspace,
        Err(error) if arguments.plan => return Err(error),
        Err(error) => {
            let (instead, workspace) = missing_toolchain::open(error, conversation)?;
            let arguments = StageArgs {
                no_suites: true,
                ..arguments.clone()
            };
            let code = judge_without_suites(stage, &arguments, workspace, now, output, &instead)?;
            return Ok(if code == exit::READY {
                exit::TOOLCHAIN_MISSING
            } else {
                code
            });
        }
    };
    if arguments.plan {
        let opened = conversation.opened(workspace)?;
        let selection = selection(arguments, &opened, conversation)?;
        let request = request(
            stage,
            arguments,
            selection,
            &opened,
            (now, conversation.began),
            String::new(),
        );
        let text = plan::text(&opened, &request, arguments, conversation)?;
        output.plan(&text, &opened.workspace, conversation)?;
        return Ok(exit::READY);
    }

    if arguments.no_suites {
        return judge_without_suites(stage, arguments, workspace, now, output, conversation);
    }

    judge(stage, arguments, workspace, now, output, conversation)
}

/// Judges a stage as its command does without any arguments, and leaves the report in the run directory alone.
pub(in crate::cli) fn judge_quietly(stage: Stage, workspace: Surveys, conversation: &Conversation<'_>) -> Result<i32> {
    judge(
        stage,
        &StageArgs::usual(),
        workspace,
        Timestamp::now(),
        &Silent,
        conversation,
    )
}

fn judge(
    stage: Stage,
    arguments: &StageArgs,
    workspace: Surveys,
    now: Timestamp,
    output: &dyn Output,
    conversation: &Conversation<'_>,
) -> Result<i32> {
    let policy = conversation.policy(&workspace)?;
    let gate_dir = lock::prepare(workspace.target_dir())?;
    let _lock = Lock::acquire(&gate_dir, conversation.cancel, || {
        conversation
            .printer
            .status("Blocking", "waiting for file lock on the gate directory");
    })?;
    let runs = Runs::new(&gate_dir);
    let (recovery, history) = runs.recover()?;
    if let Some(run) = &recovery.recorded {
        conversation.printer.warning(
            &format!("recorded run {run}, which an interrupted `cargo gate` left behind"),
            None,
        );
    }
    let mut opened = Opened::new(workspace, policy, history);
    let selection = selection(arguments, &opened, conversation)?;
    if let Some(shared) = shared_evidence::shared(&opened.policy, conversation)? {
        opened.store = opened.store.sharing(shared);
    }
    let run_id = runs.new_id(now, &opened.workspace.files().content_digest().to_hex());
    let request = request(stage, arguments, selection, &opened, (now, conversation.began), run_id);

    let progress = Progress::new(conversation.printer);
    let audit = AuditRecorder::default();
    let timings = Timings::new(conversation.began);
    let mut evaluation =
        opened
            .surroundings()
            .evaluate(&request, &Tee(&[&progress, &audit, &timings]), conversation.cancel)?;
    timings.judged();
    for note in opened.store.notes() {
        conversation.printer.warning(&note, None);
    }
    // A shard decides nothing that anybody should hear of.
    let listeners = if evaluation.report.exit_code == exit::SHARD {
        &[][..]
    } else {
        &opened.policy.notify
    };
    let told = notify(
        listeners,
        &evaluation.report,
        opened.workspace.root(),
        &gate_dir,
        conversation.cancel,
    );
    timings.told(!told.is_empty());
    warn_of_failures(&told, conversation);
    record(&mut evaluation, &audit, &told, &opened, &runs, conversation)?;
    if let Err(error) = sets::keep(&opened.workspace, &evaluation.report) {
        let help = "the decision stands, but `cargo gate kernels rollback` cannot restore these kernels";
        conversation
            .printer
            .warning(&format!("cannot keep the kernel set: {error}"), Some(help));
    }
    timings.recorded();
    let report = &evaluation.report;
    if arguments.message_format != Format::Markdown {
        job_summary::write(report, &in_repository(&opened.workspace), conversation);
    }
    output.report(report, &opened.workspace, arguments, conversation)?;
    if arguments.timings {
        timings.print(report, conversation.printer);
    }
    let exit_code = report.exit_code;
    // The process ends: giving back what it holds piece by piece would take longer than many a check.
    std::mem::forget((opened, evaluation));
    Ok(exit_code)
}

/// Judges without running suites, for editors and hooks: fast, beside a gate that runs, and without a trace in the
/// history.
fn judge_without_suites(
    stage: Stage,
    arguments: &StageArgs,
    workspace: Surveys,
    now: Timestamp,
    output: &dyn Output,
    conversation: &Conversation<'_>,
) -> Result<i32> {
    lock::prepare(workspace.target_dir())?;
    let opened = conversation.opened(workspace)?;
    let selection = selection(arguments, &opened, conversation)?;
    let request = request(
        stage,
        arguments,
        selection,
        &opened,
        (now, conversation.began),
        String::new(),
    );
    let timings = Timings::new(conversation.began);
    let evaluation = opened
        .surroundings()
        .evaluate(&request, &timings, conversation.cancel)?;
    timings.judged();
    let report = &evaluation.report;
    output.report(report, &opened.workspace, arguments, conversation)?;
    if arguments.timings {
        timings.print(report, conversation.printer);
    }
    let exit_code = report.exit_code;
    // As after a whole run.
    std::mem::forget((opened, evaluation));
    Ok(exit_code)
}

pub(super) fn request(
    stage: Stage,
    arguments: &StageArgs,
    selection: Selection,
    opened: &Opened,
    (now, began): (Timestamp, Instant),
    run_id: String,
) -> Request {
    Request {
        stage,
        strict: arguments.strict || opened.policy.is_strict(stage),
        keep_going: arguments.keep_going,
        jobs: usize::from(arguments.jobs),
        packages: selection.packages,
        since: selection.since,
        fresh: arguments.fresh,
        suites: match arguments.partition {
            _ if arguments.no_suites => SuiteMode::None,
            Some(partition) => SuiteMode::Share(partition),
            None => SuiteMode::WithoutEvidence,
        },
        now,
        began,
        run_id,
    }
}

/// Whoever is not reached changes no verdict, and is not forgotten either.
fn warn_of_failures(told: &[Told], conversation: &Conversation<'_>) {
    for failed in told {
        let Some(problem) = &failed.problem else { continue };
        let said = failed
            .last_line
            .as_deref()
            .map(|line| format!("; its last line of output: {line}"));
        conversation.printer.warning(
            &format!(
                "cannot notify `{}` of the decision: {problem}{}",
                failed.sink,
                said.unwrap_or_default()
            ),
            Some("check `[[notify]]` in gate.toml; the decision stands"),
        );
    }
}

/// Writes the run directory and completes the report with what is known only then.
fn record(
    evaluation: &mut Evaluation,
    audit: &AuditRecorder,
    told: &[Told],
    opened: &Opened,
    runs: &Runs,
    conversation: &Conversation<'_>,
) -> Result<()> {
    let report = &mut evaluation.report;
    let directory = runs.directory().join(&report.run_id);
    report.set_run_dir(&display_below(&directory, &opened.workspace));
    let environment = EnvironmentRecord::collect(
        Some(opened.workspace.toolchain()),
        opened.workspace.environment(),
        opened.workspace.root(),
    );
    let written = runs.write(&RunRecord {
        run_id: &report.run_id,
        report,
        json: &report.json(),
        markdown: &report.markdown(Some("../../../../")),
        html: &report.html(&other_runs::in_run_directory(
            report,
            &opened.history,
            &opened.workspace,
        )),
        command: &conversation.command_line(),
        catalogue_sha256: &gate_checks::catalogue_sha256(),
        environment: &environment,
        audit: &audit.steps(
            report,
            told.iter().map(|told| AuditStep {
                // Programs and what went wrong with them may name directories of the user.
                summary: environment.redact(&told.step.summary),
                ..told.step.clone()
            }),
        ),
        files: &evaluation.files,
    })?;
    report.set_chain(written.chain);
    Ok(())
}
