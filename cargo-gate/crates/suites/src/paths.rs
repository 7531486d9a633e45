//! Keeps the paths of one machine and secrets out of what a suite says: its findings are published with the run directory.

use std::borrow::Cow;

use gate_evidence::EvidenceResult;
use gate_report::redact::Redactor;
use gate_report::{Location, Reason};
use gate_text::secrets::mask_text;

use super::log::redactor;
use super::suite::{SuiteContext, SuiteRun};

/// Replaces the workspace, its target directory and the home directories of user, cargo and rustup by placeholders, takes
/// secrets out, and adds what was taken out of the log.
pub(super) fn hide(mut run: SuiteRun, cx: &SuiteContext<'_>, policy: Option<&Location>) -> SuiteRun {
    let redactor = redactor(cx.workspace);
    match &mut run.result {
        EvidenceResult::Findings(findings) => {
            for finding in findings {
                hide_text(&mut finding.message, &redactor);
                finding.help.iter_mut().for_each(|help| hide_text(help, &redactor));
                finding
                    .detail
                    .iter_mut()
                    .for_each(|detail| hide_text(detail, &redactor));
            }
        }
        EvidenceResult::NotRun(reason) | EvidenceResult::Inconclusive(reason) | EvidenceResult::Error(reason) => {
            let Reason { message, help, .. } = reason;
            hide_text(message, &redactor);
            help.iter_mut().for_each(|help| hide_text(help, &redactor));
        }
    }
    if let Some(suite) = &mut run.suite {
        let messages = suite.tests.iter_mut().filter_map(|test| test.message.as_mut());
        messages.for_each(|message| hide_text(message, &redactor));
        if let Some(equivalence) = suite.equivalence.as_deref_mut() {
            let cells = equivalence.cells.iter_mut().filter_map(|cell| cell.why.as_mut());
            let absent = equivalence
                .references
                .iter_mut()
                .filter_map(|reference| reference.not_run.as_mut());
            let texts = cells.chain(absent).chain(&mut equivalence.inputs);
            texts.for_each(|text| hide_text(text, &redactor));
        }
        if let Some(drill) = suite.drill.as_deref_mut() {
            let runs = drill.runs.iter_mut();
            let texts = runs.flat_map(|run| run.why.iter_mut().chain(&mut run.witness));
            texts.for_each(|text| hide_text(text, &redactor));
        }
        let tests = suite.tests.iter_mut().map(|test| &mut test.name);
        for text in suite.command.iter_mut().chain(tests) {
            if let Cow::Owned(masked) = mask_text(text) {
                *text = masked;
            }
        }
    }
    cx.shared.taken_from(&run.log).report(&mut run.result, policy);
    run
}

fn hide_text(text: &mut String, redactor: &Redactor) {
    if let Cow::Owned(hidden) = redactor.paths(text) {
        *text = hidden;
    }
    if let Cow::Owned(masked) = mask_text(text) {
        *text = masked;
    }
}
