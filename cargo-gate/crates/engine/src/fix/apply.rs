//! Applies fixes to texts: those of one finding together, and none that touches what another one changes.

use std::collections::BTreeMap;

use gate_base::digest::sha256_hex;
use gate_report::{Applicability, Edit, Fix, Report};

/// What became of the fixes of a report.
#[derive(Debug, Default)]
pub struct Applied {
    /// The files that change, by path.
    pub files: BTreeMap<String, Changed>,
    /// Each fix that a machine may apply, in the order of the report.
    pub fixes: Vec<Outcome>,
}

/// A file that changes.
#[derive(Debug, PartialEq, Eq)]
pub struct Changed {
    /// Its text as it was judged; `None` where there was no file.
    pub before: Option<String>,
    /// The edits, in the order of their bytes.
    pub edits: Vec<Edit>,
    /// Its text with the edits.
    pub after: String,
}

/// What became of one fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The check whose finding it is for.
    pub check: String,
    /// The message of that finding.
    pub message: String,
    /// What the fix does.
    pub title: String,
    /// The files that it changes.
    pub paths: Vec<String>,
    /// Why it was not applied.
    pub left: Option<&'static str>,
}

impl Outcome {
    /// Whether it is for this finding.
    pub fn is_about(&self, check: &str, message: &str) -> bool {
        self.check == check && self.message == message
    }
}

/// Applies what a machine may apply, except what was applied `before` for the same finding. `read` gives the bytes of a file as they
/// are now; a file that is not what was judged is not touched.
pub fn applied(report: &Report, before: &[Outcome], read: &dyn Fn(&str) -> Option<Vec<u8>>) -> Applied {
    let mut texts: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut taken: BTreeMap<String, Vec<Edit>> = BTreeMap::new();
    let mut fixes = Vec::new();
    for check in &report.checks {
        for finding in check.findings.iter().filter(|finding| finding.is_open()) {
            let Some(fix) = &finding.fix else { continue };
            let again = before
                .iter()
                .any(|one| one.left.is_none() && one.is_about(&check.id, &finding.message));
            if fix.applicability != Applicability::MachineApplicable || again {
                continue;
            }
            let left = take(fix, &mut texts, &mut taken, read).err();
            let mut paths: Vec<String> = fix.edits.iter().map(|edit| edit.path.clone()).collect();
            paths.dedup();
            fixes.push(Outcome {
                check: check.id.clone(),
                message: finding.message.clone(),
                title: fix.title.clone(),
                paths,
                left,
            });
        }
    }
    let files = taken.into_iter().map(|(path, mut edits)| {
        edits.sort_by_key(|edit| (edit.byte_start, edit.byte_end));
        let before = texts.remove(&path).flatten();
        let after = edited(before.as_deref().unwrap_or_default(), &edits);
        (path, Changed { before, edits, after })
    });
    Applied {
        files: files.collect(),
        fixes,
    }
}

/// Whether two edits are about the same place. Two additions at one place are: each may add the table that both need.
pub(super) fn overlap(a: &Edit, b: &Edit) -> bool {
    let inside = a.byte_start < b.byte_end && b.byte_start < a.byte_end;
    a.path == b.path && (inside || a.byte_start == b.byte_start)
}

/// Takes all edits of a fix, or none.
fn take(
    fix: &Fix,
    texts: &mut BTreeMap<String, Option<String>>,
    taken: &mut BTreeMap<String, Vec<Edit>>,
    read: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Result<(), &'static str> {
    let mut wanted = Vec::new();
    for edit in &fix.edits {
        if !texts.contains_key(&edit.path) {
            let bytes = read(&edit.path);
            if bytes.as_deref().map(sha256_hex) != edit.sha256 {
                return Err("the file changed since it was judged");
            }
            let text = bytes.map(|bytes| String::from_utf8(bytes).map_err(|_| "the file is not UTF-8"));
            texts.insert(edit.path.clone(), text.transpose()?);
        }
        let others = taken.get(&edit.path).map_or(&[][..], Vec::as_slice);
        // What another fix does already is done; an addition would be there twice.
        if others.contains(edit) && edit.byte_start != edit.byte_end {
            continue;
        }
        if others.iter().any(|other| overlap(other, edit)) {
            return Err("another fix changes the same place");
        }
        wanted.push(edit.clone());
    }
    for edit in wanted {
        taken.entry(edit.path.clone()).or_default().push(edit);
    }
    Ok(())
}

/// A text with edits that do not overlap, in the order of their bytes.
fn edited(before: &str, edits: &[Edit]) -> String {
    let mut out = String::with_capacity(before.len());
    let mut from = 0;
    for edit in edits {
        let at = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX).min(before.len());
        out.push_str(before.get(from..at(edit.byte_start)).unwrap_or_default());
        out.push_str(&edit.replacement);
        from = at(edit.byte_end);
    }
    out.push_str(before.get(from..).unwrap_or_default());
    out
}
