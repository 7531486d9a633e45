//! clippy, by the JSON messages of cargo.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cargo_metadata::Message;
use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel};

use gate_policy::SuitePolicy;
use gate_report::{Finding, Location};

use super::{Adapter, Reads, Reported, finding, report_path};

pub(super) const ADAPTER: Adapter = Adapter {
    // `--keep-going`, so that an error in one member does not hide what is wrong in the others.
    command: &[
        "clippy",
        "--workspace",
        "--all-targets",
        "--keep-going",
        "--message-format=json",
    ],
    locks: true,
    version: &["cargo", "clippy", "--version"],
    program: "cargo-clippy",
    on_stderr: false,
};

/// Reads messages as they come. A library is compiled more than once (with and without its tests): equal diagnostics
/// are one finding.
pub(super) struct Reader {
    suite: SuitePolicy,
    root: PathBuf,
    /// Place, message and suggested edit.
    seen: BTreeSet<(Option<Location>, String, Option<String>)>,
    finished: bool,
    unreadable: Option<String>,
}

impl Reader {
    pub(super) fn new(suite: &SuitePolicy, root: &Path) -> Self {
        Self {
            suite: suite.clone(),
            root: root.to_owned(),
            seen: BTreeSet::new(),
            finished: false,
            unreadable: None,
        }
    }
}

impl Reads for Reader {
    fn line(&mut self, line: &str) {
        // Build scripts and wrappers may print to stdout as well; cargo's messages are objects.
        if !line.starts_with('{') {
            return;
        }
        match serde_json::from_str::<Message>(line) {
            Ok(Message::BuildFinished(_)) => self.finished = true,
            Ok(Message::CompilerMessage(message)) => {
                let diagnostic = message.message;
                if !matches!(
                    diagnostic.level,
                    DiagnosticLevel::Error | DiagnosticLevel::Ice | DiagnosticLevel::Warning
                ) {
                    return;
                }
                let edit = suggestion(&diagnostic);
                let span = diagnostic.spans.iter().find(|span| span.is_primary);
                if span.is_none() && diagnostic.code.is_none() {
                    // `aborting due to 2 previous errors`, `3 warnings emitted`: sums of what was said.
                    return;
                }
                let place = span.map(|span| Location {
                    path: report_path(&span.file_name, &self.root),
                    line: u32::try_from(span.line_start).ok(),
                    column: u32::try_from(span.column_start).ok(),
                    length: (span.line_start == span.line_end)
                        .then(|| u32::try_from(span.column_end.saturating_sub(span.column_start)).ok())
                        .flatten(),
                });
                let code = diagnostic
                    .code
                    .map(|code| format!(" ({})", code.code))
                    .unwrap_or_default();
                self.seen.insert((place, format!("{}{code}", diagnostic.message), edit));
            }
            Ok(_) => {}
            Err(error) => {
                self.unreadable.get_or_insert_with(|| error.to_string());
            }
        }
    }

    fn finish(self: Box<Self>) -> Reported {
        let broken = match self.unreadable {
            Some(error) => Some(format!("a message of cargo clippy cannot be read: {error}")),
            None if !self.finished => Some("cargo clippy did not say that it finished".to_owned()),
            None => None,
        };
        let help = "cargo clippy --workspace --all-targets";
        let findings: Vec<Finding> = self
            .seen
            .into_iter()
            .map(|(place, message, edit)| {
                let found = finding(&self.suite, message).help(edit.unwrap_or_else(|| help.to_owned()));
                match place {
                    Some(place) => found.at(place),
                    None => found,
                }
            })
            .collect();
        Reported {
            findings,
            broken,
            ..Reported::default()
        }
    }
}

/// The first edit on one line that the diagnostic suggests.
fn suggestion(diagnostic: &Diagnostic) -> Option<String> {
    diagnostic.children.iter().find_map(|child| {
        let replacements = child
            .spans
            .iter()
            .filter_map(|span| span.suggested_replacement.as_deref());
        let replacement = replacements
            .into_iter()
            .find(|text| !text.trim().is_empty() && !text.contains('\n'))?;
        Some(format!("{}: `{}`", child.message, replacement.trim()))
    })
}
