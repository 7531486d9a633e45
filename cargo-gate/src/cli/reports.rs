//! The report of a stage on stdout and in files.

use std::path::{MAIN_SEPARATOR, Path};

use gate_base::atomic;
use gate_base::error::Result;
use gate_evidence::history::History;
use gate_report::render::human::{Detail, Options};
use gate_report::render::sarif::RuleInfo;
use gate_report::{MaskedReport, render};
use gate_surveys::Surveys;
use gate_text::secrets::Masked;

use super::Conversation;
use super::arguments::Format;
use super::explain::{Topic, topics};
use super::other_runs;
use super::printer::Printer;
use super::stage::arguments::StageArgs;

/// A path as reports show it: relative to the workspace root where it lies below it, with `/`.
pub(super) fn display_below(path: &Path, workspace: &Surveys) -> String {
    slashes(path.strip_prefix(workspace.root()).unwrap_or(path))
}

/// Path of the workspace inside its repository; empty at the top, and outside version control.
pub(super) fn in_repository(workspace: &Surveys) -> String {
    let below = workspace
        .git()
        .and_then(|git| workspace.root().strip_prefix(&git.top).ok());
    below.map(slashes).unwrap_or_default()
}

fn slashes(path: &Path) -> String {
    path.display().to_string().replace(MAIN_SEPARATOR, "/")
}

/// The report in a format, with nothing that belongs to a terminal unless it is for one.
pub(super) fn text(report: &MaskedReport, workspace: &Surveys, format: Format, options: &Options) -> Masked<'static> {
    // Some formats name what the report does not hold, such as where the workspace is.
    match format {
        Format::Human => report.human(&workspace.workspace, options),
        Format::Json => report.json(),
        Format::Markdown => report.markdown(None),
        Format::Html => {
            let history = History::load(&workspace.gate_dir());
            report.html(&other_runs::context(report, &history, workspace))
        }
        Format::Junit => report.junit(),
        Format::Sarif => {
            let topics = topics();
            let rules: Vec<RuleInfo<'_>> = topics.iter().map(rule).collect();
            render::sarif::render(report, &rules, &in_repository(workspace)).into()
        }
        Format::Github => render::github::render(report, &in_repository(workspace)).into(),
        Format::Gitlab => render::gitlab::render(report, &in_repository(workspace)).into(),
        Format::CargoJson => render::cargo_json::render(
            report,
            &workspace.workspace,
            &workspace.cargo().members,
            workspace.root(),
        )
        .into(),
    }
}

pub(super) fn print_report(
    report: &MaskedReport,
    workspace: &Surveys,
    arguments: &StageArgs,
    conversation: &Conversation<'_>,
) -> Result<()> {
    let printer = conversation.printer;
    let report = &report.redacted(printer.redactor());
    let format = arguments.message_format;
    printer.data(text(report, workspace, format, &printer.options()))?;
    for file in &arguments.reports {
        let options = Options {
            detail: printer.detail(),
            ..Options::default()
        };
        let text = printer.redacted(text(report, workspace, file.format, &options));
        atomic::write_unsynced(&file.path, text.as_bytes())?;
    }
    recorded(report, printer);
    if format != Format::Human {
        // Machines read stdout; the person who watches gets the answer all the same.
        printer.status(
            "Decision",
            &format!("{} (exit {})", report.decision.name(), report.exit_code),
        );
    }
    Ok(())
}

/// Says where the run was recorded, where somebody asked for more.
pub(super) fn recorded(report: &MaskedReport, printer: &Printer) {
    if printer.detail() == Detail::Verbose
        && let (Some(directory), Some(chain)) = (&report.run_dir, &report.chain)
    {
        printer.status("Recorded", &format!("{directory}, chain {chain}"));
    }
}

fn rule<'a>(topic: &Topic<'a>) -> RuleInfo<'a> {
    RuleInfo {
        id: topic.id,
        summary: topic.summary,
        docs: topic.docs,
        help_uri: None,
    }
}
