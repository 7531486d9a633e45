//! What is shown of each file, by who says it, and what of it the client does not have yet.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lsp_types::{Code, Diagnostic, DiagnosticSeverity, Range};

/// Who says something about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The validation of a policy.
    Policy,
    /// The last run of the gate.
    Findings,
    /// The state of a kernel lock.
    Lock,
    /// A compiler.
    Compiler,
    /// The examination of PTX.
    Hints,
}

/// A diagnostic of this server.
pub fn diagnostic(range: Range, severity: DiagnosticSeverity, code: &str, message: String) -> Diagnostic {
    Diagnostic {
        range,
        severity: Some(severity),
        code: Some(Code::String(code.to_owned())),
        source: Some("cargo-gate".to_owned()),
        message: message.into(),
        ..Diagnostic::default()
    }
}

/// What is known of every file.
#[derive(Debug, Default)]
pub struct Board {
    parts: BTreeMap<PathBuf, BTreeMap<Part, Vec<Diagnostic>>>,
    published: BTreeMap<PathBuf, Vec<Diagnostic>>,
}

impl Board {
    /// What `part` says about a file from now on.
    pub fn set(&mut self, path: &Path, part: Part, found: Vec<Diagnostic>) {
        let parts = self.parts.entry(path.to_owned()).or_default();
        if found.is_empty() {
            parts.remove(&part);
        } else {
            parts.insert(part, found);
        }
    }

    /// What `part` says about all files from now on.
    pub fn set_all(&mut self, part: Part, found: BTreeMap<PathBuf, Vec<Diagnostic>>) {
        for parts in self.parts.values_mut() {
            parts.remove(&part);
        }
        for (path, found) in found {
            self.set(&path, part, found);
        }
    }

    /// What a part says about a file.
    pub fn of(&self, path: &Path, part: Part) -> &[Diagnostic] {
        self.parts
            .get(path)
            .and_then(|parts| parts.get(&part))
            .map_or(&[], Vec::as_slice)
    }

    /// The files whose diagnostics changed since the last call, with all of them.
    pub fn changed(&mut self) -> Vec<(PathBuf, Vec<Diagnostic>)> {
        let mut changed = Vec::new();
        for (path, parts) in &self.parts {
            let now: Vec<Diagnostic> = parts.values().flatten().cloned().collect();
            let before = self.published.get(path);
            if before.map_or(!now.is_empty(), |before| *before != now) {
                changed.push((path.clone(), now));
            }
        }
        self.parts.retain(|_, parts| !parts.is_empty());
        for (path, now) in &changed {
            if now.is_empty() {
                self.published.remove(path);
            } else {
                self.published.insert(path.clone(), now.clone());
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(message: &str) -> Vec<Diagnostic> {
        vec![diagnostic(
            Range::default(),
            DiagnosticSeverity::Error,
            "x",
            message.into(),
        )]
    }

    #[test]
    fn only_what_changed_is_told_and_what_is_gone_is_told_once() {
        let mut board = Board::default();
        let path = Path::new("a");
        board.set(path, Part::Policy, one("p"));
        board.set(path, Part::Lock, one("l"));
        assert_eq!(board.changed().len(), 1);
        assert_eq!(board.changed(), []);
        board.set(path, Part::Policy, one("p"));
        assert_eq!(board.changed(), []);
        board.set(path, Part::Policy, Vec::new());
        assert_eq!(board.changed(), [(path.to_owned(), one("l"))]);
        board.set_all(Part::Lock, BTreeMap::new());
        assert_eq!(board.changed(), [(path.to_owned(), Vec::new())]);
        assert_eq!(board.changed(), []);
        board.set(path, Part::Policy, Vec::new());
        assert_eq!(board.changed(), []);
    }
}
