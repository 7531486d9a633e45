//! `cargo gate pilot|controlled|broad`.

use std::path::{MAIN_SEPARATOR, Path};
use std::time::Instant;

use jiff::Timestamp;
use serde::Serialize;

use crate::base::atomic;
use crate::base::error::{Error, ErrorKind, Located, Result};
use crate::base::stage::Stage;
use crate::engine::evaluate::{Evaluation, Request};
use crate::engine::notify::{Told, notify};
use crate::engine::plan::SuiteMode;
use crate::evidence::event::Tee;
use crate::evidence::lock::{self, Lock};
use crate::evidence::run_dir::{
    AuditRecorder, AuditStep, EarlyFailure, EnvironmentRecord, Failure, RunRecord, RunResult, Runs,
};
use crate::kernels::sets;
use crate::policy;
use crate::report::render::human::{Detail, Options};
use crate::report::render::sarif::RuleInfo;
use crate::report::{Report, render};
use crate::secrets::{self, mask_text};
use crate::surveys::Surveys;

use super::explain::Topic;
use super::open::Opened;
use super::progress::Progress;
use super::reference::topics;
use super::timings::Timings;
use super::{Conversation, job_summary, plan};
use crate::command_line::{Format, StageArgs};

pub(super) fn run(stage: Stage, arguments: &StageArgs, conversation: &Conversation<'_>) -> Result<i32> {
    judge(stage, arguments, conversation).inspect_err(|error| {
        if arguments.message_format == Format::Json {
            print_problems(error, conversation);
        }
    })
}

fn judge(stage: Stage, arguments: &StageArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let now = Timestamp::now();
    // Every run reads its policy and searches what it publishes; until then there is time, while files are looked at.
    std::thread::spawn(|| {
        policy::prepare();
        secrets::prepare();
    });
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

    if arguments.no_suites {
        return look(stage, arguments, workspace, now, conversation);
    }

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
    let opened = Opened::new(workspace, policy, history);
    opened.check_packages(&arguments.packages)?;
    let run_id = runs.new_id(now, &opened.workspace.files().content_digest().to_hex());
    let request = request(stage, arguments, &opened, (now, conversation.began), run_id);

    let progress = Progress::new(conversation.printer);
    let audit = AuditRecorder::default();
    let timings = Timings::new(conversation.began);
    let mut evaluation =
        opened
            .surroundings()
            .evaluate(&request, &Tee(&[&progress, &audit, &timings]), conversation.cancel)?;
    timings.judged();
    let told = notify(
        &opened.policy.notify,
        &evaluation.report,
        opened.workspace.root(),
        &gate_dir,
        conversation.cancel,
    );
    timings.told(!told.is_empty());
    warn_of_failures(&told, conversation);
    record(&mut evaluation, &audit, &told, &opened, &runs, conversation)?;
    if let Err(error) = sets::keep(&opened.workspace, &evaluation.report) {
        let help = "the decision stands; `cargo gate rollback` cannot go back to these kernels";
        conversation
            .printer
            .warning(&format!("the kernel set was not kept: {error}"), Some(help));
    }
    timings.recorded();
    let report = &evaluation.report;
    if arguments.message_format != Format::Markdown {
        job_summary::write(report, &in_repository(&opened.workspace), conversation);
    }
    print_report(report, &opened.workspace, arguments, conversation)?;
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
fn look(
    stage: Stage,
    arguments: &StageArgs,
    workspace: Surveys,
    now: Timestamp,
    conversation: &Conversation<'_>,
) -> Result<i32> {
    lock::prepare(workspace.target_dir())?;
    let opened = conversation.opened(workspace)?;
    opened.check_packages(&arguments.packages)?;
    let request = request(stage, arguments, &opened, (now, conversation.began), String::new());
    let timings = Timings::new(conversation.began);
    let evaluation = opened
        .surroundings()
        .evaluate(&request, &timings, conversation.cancel)?;
    timings.judged();
    let report = &evaluation.report;
    print_report(report, &opened.workspace, arguments, conversation)?;
    if arguments.timings {
        timings.print(report, conversation.printer);
    }
    let exit_code = report.exit_code;
    // As after a whole run.
    std::mem::forget((opened, evaluation));
    Ok(exit_code)
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
        suites: if arguments.no_suites {
            SuiteMode::None
        } else {
            SuiteMode::WithoutEvidence
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
        let said = failed.last_line.as_deref().map(|line| format!("; it said: {line}"));
        conversation.printer.warning(
            &format!(
                "`{}` was not told of the decision: {problem}{}",
                failed.sink,
                said.unwrap_or_default()
            ),
            Some("`[[notify]]` in gate.toml names whom to tell; the decision stands as it is"),
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
        catalogue_sha256: &crate::checks::catalogue_sha256(),
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
    report.chain = Some(written.chain);
    Ok(())
}

/// The errors of a policy or a register for programs, in the place of the report that there is none of.
fn print_problems(error: &Error, conversation: &Conversation<'_>) {
    let problems = masked_problems(error);
    if problems.is_empty() {
        return;
    }
    let document = PolicyProblems {
        schema_version: 1,
        exit_code: error.exit_code(),
        message: &error.message,
        problems,
    };
    // Whoever closed the pipe reads nothing; the error itself follows on stderr.
    let _ = super::json(&document).and_then(|text| conversation.printer.data(&text));
}

#[derive(Serialize)]
struct PolicyProblems<'a> {
    schema_version: u32,
    exit_code: i32,
    message: &'a str,
    problems: Vec<Located>,
}

fn masked_problems(error: &Error) -> Vec<Located> {
    let mask = |text: &str| mask_text(text).into_owned();
    let problems = error.details.iter().flat_map(|details| &details.problems);
    problems
        .map(|problem| Located {
            message: mask(&problem.message),
            help: problem.help.as_deref().map(mask),
            ..problem.clone()
        })
        .collect()
}

/// A policy that cannot be read ends the run before anything is judged; even that leaves a decision behind.
fn record_failure(
    stage: Stage,
    arguments: &StageArgs,
    workspace: &Surveys,
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
            problems: masked_problems(error),
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
        catalogue_sha256: &crate::checks::catalogue_sha256(),
        environment: &environment,
        audit: &[],
        files: &[],
    })?;
    Ok(())
}

/// A path as reports show it: relative to the workspace root where it lies below it, with `/`.
fn display_below(path: &Path, workspace: &Surveys) -> String {
    slashes(path.strip_prefix(workspace.root()).unwrap_or(path))
}

/// Path of the workspace inside its repository; empty at the top, and outside version control.
fn in_repository(workspace: &Surveys) -> String {
    let below = workspace
        .git()
        .and_then(|git| workspace.root().strip_prefix(&git.top).ok());
    below.map(slashes).unwrap_or_default()
}

fn slashes(path: &Path) -> String {
    path.display().to_string().replace(MAIN_SEPARATOR, "/")
}

/// The report in a format, with nothing that belongs to a terminal unless it is for one.
fn text(report: &Report, workspace: &Surveys, format: Format, options: &Options) -> Result<String> {
    Ok(match format {
        Format::Human => render::human::render(report, &workspace.workspace, options),
        Format::Json => render::json::render(report),
        Format::Markdown => render::markdown::render(report, None),
        Format::Junit => render::junit::render(report),
        Format::Sarif => {
            let topics = topics();
            let rules: Vec<RuleInfo<'_>> = topics.iter().map(rule).collect();
            render::sarif::render(report, &rules, &in_repository(workspace))
        }
        Format::Github => render::github::render(report, &in_repository(workspace)),
        Format::Gitlab => render::gitlab::render(report, &in_repository(workspace)),
        Format::CargoJson => render::cargo_json::render(
            report,
            &workspace.workspace,
            &workspace.cargo().members,
            workspace.root(),
        ),
    })
}

fn print_report(
    report: &Report,
    workspace: &Surveys,
    arguments: &StageArgs,
    conversation: &Conversation<'_>,
) -> Result<()> {
    let printer = conversation.printer;
    let report = &printer.redactor().report(report);
    let format = arguments.message_format;
    printer.data(&text(report, workspace, format, &printer.options())?)?;
    for file in &arguments.reports {
        let options = Options {
            detail: printer.detail(),
            ..Options::default()
        };
        let text = text(report, workspace, file.format, &options)?;
        atomic::write_unsynced(&file.path, printer.redactor().text(&text).as_bytes())?;
    }
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
