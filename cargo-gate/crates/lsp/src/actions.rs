//! What an editor offers at a finding: its fix, a waiver to fill in, and the page of its check.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use lsp_types::{CodeAction, CodeActionKind, Command, TextEdit, Uri, WorkspaceEdit};

use super::findings::range;
use super::paths;
use super::text::Text;
use gate_base::digest::sha256_hex;
use gate_policy::{FILE_NAME, waiver_draft};
use gate_report::{Applicability, Finding, Fix, Report};

/// The command that shows the page of a check.
pub const EXPLAIN: &str = "cargo-gate.explain";

/// A text as the editor has it, or as it is on the disk, and its URI.
pub type Find<'a> = dyn Fn(&Path) -> Option<(Uri, Text)> + 'a;

/// The actions at these bytes of a file, those of one finding behind the other.
pub fn at(
    root: &Path,
    report: &Report,
    (path, text): (&Path, &Text),
    bytes: &Range<usize>,
    find: &Find<'_>,
) -> Vec<CodeAction> {
    let mut actions = Vec::new();
    let mut explained: Vec<&str> = Vec::new();
    for check in &report.checks {
        for finding in check.findings.iter().filter(|finding| finding.is_open()) {
            let Some(place) = finding.locations.first() else {
                continue;
            };
            if paths::below(root, &place.path).as_deref() != Some(path) {
                continue;
            }
            let span = text.bytes(&range(text, place));
            if span.start > bytes.end || bytes.start > span.end {
                continue;
            }
            actions.extend(finding.fix.as_ref().and_then(|fix| fixing(root, fix, find)));
            actions.extend(waiving(root, &check.id, finding, find));
            if !explained.contains(&check.id.as_str()) {
                explained.push(&check.id);
            }
        }
    }
    actions.extend(explained.into_iter().map(|check| CodeAction {
        title: format!("Explain `{check}`"),
        command: Some(Command {
            title: format!("Explain `{check}`"),
            command: EXPLAIN.to_owned(),
            arguments: Some(vec![check.into()]),
            ..Command::default()
        }),
        ..CodeAction::default()
    }));
    actions
}

/// The edits of a fix; `None` where a file is no longer the one that was judged.
fn fixing(root: &Path, fix: &Fix, find: &Find<'_>) -> Option<CodeAction> {
    let mut texts: HashMap<&str, (Uri, Text)> = HashMap::new();
    let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
    for edit in &fix.edits {
        let judged = edit.sha256.as_deref()?;
        if !texts.contains_key(edit.path.as_str()) {
            let (uri, text) = find(&paths::below(root, &edit.path)?)?;
            if sha256_hex(text.as_str().as_bytes()) != judged {
                return None;
            }
            texts.insert(&edit.path, (uri, text));
        }
        let (uri, text) = &texts[edit.path.as_str()];
        let byte = |at: u64| usize::try_from(at).ok();
        changes.entry(uri.clone()).or_default().push(TextEdit {
            range: text.range(&(byte(edit.byte_start)?..byte(edit.byte_end)?)),
            new_text: edit.replacement.clone(),
        });
    }
    let mut title = fix.title.clone();
    if let Some(first) = title.get(..1) {
        title.replace_range(..1, &first.to_uppercase());
    }
    Some(CodeAction {
        is_preferred: Some(fix.applicability == Applicability::MachineApplicable),
        ..editing(title, changes)
    })
}

/// A waiver at the end of the policy. Its last day is for somebody to write: until then the policy is refused, so that nothing is
/// waived by accident.
fn waiving(root: &Path, check: &str, finding: &Finding, find: &Find<'_>) -> Option<CodeAction> {
    let declared = gate_checks::ALL.iter().find(|one| one.id == check)?;
    let path = finding.locations.first().map(|place| place.path.as_str());
    let (uri, text) = find(&PathBuf::from(root).join(FILE_NAME)).filter(|_| declared.waivable)?;
    let line_end = if text.as_str().contains("\r\n") { "\r\n" } else { "\n" };
    let gap = if text.as_str().ends_with('\n') { 1 } else { 2 };
    let draft = waiver_draft(check, path, finding.package.as_deref()).replace('\n', line_end);
    let end = text.as_str().len();
    let edit = TextEdit {
        range: text.range(&(end..end)),
        new_text: line_end.repeat(gap) + &draft,
    };
    let title = format!("Add a waiver for `{check}` to {FILE_NAME}");
    Some(editing(title, [(uri, vec![edit])].into()))
}

fn editing(title: String, changes: HashMap<Uri, Vec<TextEdit>>) -> CodeAction {
    CodeAction {
        title,
        kind: Some(CodeActionKind::QuickFix),
        edit: Some(WorkspaceEdit {
            changes: Some(changes),
            ..WorkspaceEdit::default()
        }),
        ..CodeAction::default()
    }
}

/// The page of a check, as Markdown.
pub fn page(check: &str) -> Option<String> {
    let check = gate_checks::ALL.iter().find(|one| one.id == check)?;
    Some(format!(
        "# {}\n\n{}\n\n{}\n",
        check.id,
        check.summary,
        check.docs.trim()
    ))
}
