//! What a page of a report shows of other runs: those of the history, and the one before it.

use gate_evidence::history::{History, HistoryEntry};
use gate_evidence::terms;
use gate_report::Report;
use gate_report::render::html::{HtmlContext, PastRun, PreviousRun};
use gate_surveys::Surveys;

/// Earlier runs that a page shows.
const SHOWN: usize = 200;

/// For a page that is anywhere: nothing that it links to would be where it is.
pub(super) fn context(report: &Report, history: &History, workspace: &Surveys) -> HtmlContext {
    let name = terms::workspace(workspace);
    let mut earlier: Vec<&HistoryEntry> = own(history, &name)
        .filter(|entry| entry.stage == report.stage)
        .collect();
    // A run that is recorded is in the history itself, under an id that redaction may have changed.
    match earlier.iter().position(|entry| entry.run_id == report.run_id) {
        Some(own) => earlier.truncate(own),
        None if report.chain.is_some() => {
            earlier.pop();
        }
        None => {}
    }
    HtmlContext {
        previous: earlier
            .last()
            .and_then(|entry| history.report(entry))
            .map(|report| PreviousRun::of(&report)),
        history: earlier[earlier.len().saturating_sub(SHOWN)..]
            .iter()
            .map(|entry| past(entry, None))
            .collect(),
        ..HtmlContext::default()
    }
}

/// For the page of a run directory, which has its log, the workspace and other runs in known places.
pub(super) fn in_run_directory(report: &Report, history: &History, workspace: &Surveys) -> HtmlContext {
    let mut context = context(report, history, workspace);
    for run in &mut context.history {
        run.page = page(history, &run.run_id).map(|page| format!("../{page}"));
    }
    context.workspace = Some("../../../../".to_owned());
    context.in_run_directory = true;
    context
}

/// The runs of this workspace: those that share a target directory share its history.
pub(super) fn own<'h>(history: &'h History, name: &'h str) -> impl Iterator<Item = &'h HistoryEntry> {
    let own = move |entry: &&HistoryEntry| entry.terms.as_ref().is_some_and(|terms| terms.workspace == name);
    history.entries.iter().filter(own)
}

/// A run of the history, with its page.
pub(super) fn past(entry: &HistoryEntry, page: Option<String>) -> PastRun {
    PastRun {
        run_id: entry.run_id.clone(),
        started: entry.started.clone(),
        stage: entry.stage,
        decision: entry.decision,
        commit: entry.commit.clone(),
        dirty: entry.dirty,
        page,
    }
}

/// The page of a run below the directory of all runs, if it has one. A history that someone edited names nothing else.
pub(super) fn page(history: &History, run_id: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let page = format!("{run_id}/report.html");
    let exists = || Some(history.gate_dir.as_ref()?.join("runs").join(&page).is_file());
    (run_id.bytes().all(plain) && exists()?).then_some(page)
}
