//! Findings of the last run, at their places.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lsp_types::{Diagnostic, DiagnosticSeverity, Range};

use super::diagnostics::diagnostic;
use super::gate_toml::problems::with_help;
use super::paths;
use super::text::Text;
use gate_base::stage::Stage;
use gate_evidence::history::History;
use gate_evidence::run_dir::Runs;
use gate_policy::authority::Approvers;
use gate_report::{Finding, Location, Report};

/// The last run of a gate directory; `None` where there is none, or where its run directory is not what was written.
///
/// What is shown in an editor decides nothing, but it shall not show what nobody found.
pub fn last_report(gate_dir: &Path) -> Option<Report> {
    let history = History::load(gate_dir);
    let last = history.last()?;
    history.verified_entry(last, &Approvers::default()).ok()?;
    let path = Runs::new(gate_dir).directory().join(&last.run_id).join("report.json");
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// The findings of a report by file. `text` gives the text of a file as it is now, from which columns are counted.
pub fn diagnostics(
    root: &Path,
    report: &Report,
    text: &mut dyn FnMut(&Path) -> Option<Text>,
) -> BTreeMap<PathBuf, Vec<Diagnostic>> {
    let mut found: BTreeMap<PathBuf, Vec<Diagnostic>> = BTreeMap::new();
    let mut texts: BTreeMap<PathBuf, Option<Text>> = BTreeMap::new();
    for check in &report.checks {
        for finding in &check.findings {
            // What somebody answers for is not shown again.
            if !finding.is_open() {
                continue;
            }
            let Some(place) = finding.locations.first() else {
                continue;
            };
            let Some(path) = paths::below(root, &place.path) else {
                continue;
            };
            let known = texts.entry(path.clone()).or_insert_with(|| text(&path));
            // A file that is gone has nothing to show it at.
            let Some(text) = known else { continue };
            let range = range(text, place);
            let message = with_help(&finding.message, finding.help.as_deref());
            let one = diagnostic(range, severity(finding, report.stage), &check.id, message);
            found.entry(path).or_default().push(one);
        }
    }
    for all in found.values_mut() {
        all.sort_by_key(|one| (one.range.start, one.range.end));
    }
    found
}

/// The range of a place in a text.
pub fn range(text: &Text, place: &Location) -> Range {
    match (place.line, place.column) {
        (Some(line), Some(column)) => text.span(line, column, place.length.unwrap_or(1)),
        (line, _) => text.whole_line(line.unwrap_or(1)),
    }
}

fn severity(finding: &Finding, stage: Stage) -> DiagnosticSeverity {
    match finding.blocks_at {
        Some(blocks_at) if blocks_at <= stage => DiagnosticSeverity::Error,
        Some(_) => DiagnosticSeverity::Warning,
        None => DiagnosticSeverity::Information,
    }
}
