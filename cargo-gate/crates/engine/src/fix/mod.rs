//! Fixes: what checks say has to change becomes edits of the files as they were judged, and these become new texts.

mod apply;
mod diff;
mod lines;
mod toml;

use std::collections::BTreeMap;
use std::ops::Range;

use gate_base::digest::sha256_hex;
use gate_report::{Change, CheckReport, Edit, Finding, Fix, Remedy};
use gate_surveys::Surveys;

pub use apply::{Applied, Changed, Outcome, applied};
pub use diff::unified;

/// The texts of files, read once each; `None` where there is no file, and no entry where it may not be touched.
type Texts = BTreeMap<String, Option<Text>>;

/// The text of a file, with the SHA-256 by which an edit names it.
struct Text {
    text: String,
    sha256: String,
}

impl Text {
    fn of(text: String) -> Self {
        let sha256 = sha256_hex(text.as_bytes());
        Self { text, sha256 }
    }
}

/// Gives every finding that counts the edits of its remedy.
pub(crate) fn resolve(checks: &mut [CheckReport], workspace: &Surveys) {
    let mut texts = Texts::new();
    for finding in checks.iter_mut().flat_map(|check| &mut check.findings) {
        resolve_one(finding, workspace, &mut texts);
    }
}

/// The same for one finding, outside an evaluation.
pub fn resolve_finding(finding: &mut Finding, workspace: &Surveys) {
    resolve_one(finding, workspace, &mut Texts::new());
}

fn resolve_one(finding: &mut Finding, workspace: &Surveys, texts: &mut Texts) {
    let Some(remedy) = finding.remedy.take() else { return };
    if finding.is_open() {
        finding.fix = fix(&remedy, workspace, texts);
    }
}

/// The edits of a remedy; `None` where a file does not hold what one of its changes expects.
fn fix(remedy: &Remedy, workspace: &Surveys, texts: &mut Texts) -> Option<Fix> {
    let mut edits = Vec::new();
    for change in &remedy.changes {
        let path = change.path();
        if !texts.contains_key(path) {
            let text = text_as_judged(workspace, path)?;
            texts.insert(path.to_owned(), text.map(Text::of));
        }
        let text = texts.get(path)?.as_ref();
        for (span, replacement) in pieces(change, text.map(|text| text.text.as_str()))? {
            edits.push(edit(path, text, span, replacement));
        }
    }
    edits.sort_by(|a, b| (&a.path, a.byte_start, a.byte_end).cmp(&(&b.path, b.byte_start, b.byte_end)));
    let overlaps = edits.windows(2).any(|pair| apply::overlap(&pair[0], &pair[1]));
    (!edits.is_empty() && !overlaps).then(|| Fix {
        title: remedy.title.clone(),
        applicability: remedy.applicability,
        edits,
    })
}

/// The text of a file of the repository; `Some(None)` where there is none, and `None` where it is no text, lies elsewhere or is
/// no longer what was judged.
#[expect(clippy::option_option, reason = "no file is something else than no text")]
fn text_as_judged(workspace: &Surveys, path: &str) -> Option<Option<String>> {
    if let Some(file) = workspace.files().get(path) {
        let bytes = std::fs::read(workspace.root().join(&file.native)).ok()?;
        let judged = file.digest?;
        return (gate_base::digest::Digest::of(&bytes) == judged)
            .then(|| String::from_utf8(bytes).ok())
            .flatten()
            .map(Some);
    }
    let place = gate_base::paths::normalize(&workspace.root().join(path));
    let top = workspace.git().map_or(workspace.root(), |git| git.top.as_path());
    if !place.starts_with(top) {
        return None;
    }
    match std::fs::read(&place) {
        Ok(bytes) => String::from_utf8(bytes).ok().map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(None),
        Err(_) => None,
    }
}

/// What a change does to a text.
fn pieces(change: &Change, text: Option<&str>) -> Option<Vec<(Range<usize>, String)>> {
    let one = |piece: Option<(Range<usize>, String)>| Some(vec![piece?]);
    match change {
        Change::Replace { place, old, new } => {
            let text = text?;
            let line = lines::start(text, place.line?)?;
            let end = text[line..].find('\n').map_or(text.len(), |at| line + at);
            let at = match place.column {
                Some(column) => {
                    let before = text[line..end]
                        .chars()
                        .take(usize::try_from(column).ok()?.checked_sub(1)?);
                    line + before.map(char::len_utf8).sum::<usize>()
                }
                None => {
                    // It begins in the line, and may end in a later one.
                    let within = &text[line..text.ceil_char_boundary(end + old.len())];
                    let mut found = within.match_indices(old.as_str()).map(|(at, _)| line + at);
                    let first = found.next().filter(|at| *at < end)?;
                    // Which of two is meant, nobody knows.
                    if found.next().is_some_and(|at| at < end) {
                        return None;
                    }
                    first
                }
            };
            let found = !old.is_empty() && text[at..].starts_with(old.as_str());
            found.then(|| vec![(at..at + old.len(), new.clone())])
        }
        Change::ReplaceAll { old, new, .. } => {
            let found = text?
                .match_indices(old.as_str())
                .map(|(at, _)| (at..at + old.len(), new.clone()));
            Some(found.collect::<Vec<_>>()).filter(|found| !old.is_empty() && !found.is_empty())
        }
        Change::Set { keys, value, .. } => one(toml::with(text.unwrap_or_default(), keys, value)),
        Change::Remove { place } => one(toml::without(text?, place.line?)),
        Change::RemoveLine { any_of, .. } => {
            let mut at = 0;
            let lines = text?.split_inclusive('\n').map(|line| {
                at += line.len();
                (at - line.len()..at, line.trim())
            });
            let mut found = lines.filter(|(_, line)| any_of.iter().any(|one| one == line));
            let (span, _) = found.next()?;
            found.next().is_none().then(|| vec![(span, String::new())])
        }
        Change::Append { text: added, .. } => {
            let text = text.unwrap_or_default();
            let line_end = lines::end_of(text);
            let gap = if text.is_empty() || text.ends_with('\n') {
                ""
            } else {
                line_end
            };
            one(Some((
                text.len()..text.len(),
                format!("{gap}{}", added.replace('\n', line_end)),
            )))
        }
    }
}

fn edit(path: &str, text: Option<&Text>, span: Range<usize>, replacement: String) -> Edit {
    let within = text.map(|text| text.text.as_str()).unwrap_or_default();
    let (line_start, column_start) = lines::position(within, span.start);
    let (line_end, column_end) = lines::position(within, span.end);
    Edit {
        path: path.to_owned(),
        sha256: text.map(|text| text.sha256.clone()),
        byte_start: span.start as u64,
        byte_end: span.end as u64,
        line_start,
        column_start,
        line_end,
        column_end,
        replacement,
    }
}

#[cfg(test)]
mod tests;
