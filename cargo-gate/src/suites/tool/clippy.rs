//! clippy, by the JSON messages of cargo.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cargo_metadata::Message;
use cargo_metadata::diagnostic::DiagnosticLevel;

use crate::policy::SuitePolicy;
use crate::report::{Finding, Location};

use super::{Adapter, Reads, Reported, finding, report_path};

pub(super) const ADAPTER: Adapter = Adapter {
    // `--keep-going`, so that an error in one member does not hide what is wrong in the others.
    command: &["clippy", "--workspace", "--all-targets", "--keep-going", "--message-format=json"],
    locks: true,
    version: &["cargo", "clippy", "--version"],
    program: "cargo-clippy",
};

/// Reads messages as they come. A library is compiled more than once (with and without its tests): equal diagnostics
/// are one finding.
pub(super) struct Reader {
    suite: SuitePolicy,
    root: PathBuf,
    seen: BTreeSet<(Option<Location>, String)>,
    finished: Option<bool>,
    unreadable: Option<String>,
    failed: bool,
}

impl Reader {
    pub(super) fn new(suite: &SuitePolicy, root: &Path) -> Self {
        Self {
            suite: suite.clone(),
            root: root.to_owned(),
            seen: BTreeSet::new(),
            finished: None,
            unreadable: None,
            failed: false,
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
            Ok(Message::BuildFinished(end)) => self.finished = Some(end.success),
            Ok(Message::CompilerMessage(message)) => {
                let diagnostic = message.message;
                let error = match diagnostic.level {
                    DiagnosticLevel::Error | DiagnosticLevel::Ice => true,
                    DiagnosticLevel::Warning => false,
                    _ => return,
                };
                let span = diagnostic.spans.iter().find(|span| span.is_primary);
                if span.is_none() && diagnostic.code.is_none() {
                    // `aborting due to 2 previous errors`, `3 warnings emitted`: sums of what was said.
                    self.failed |= error;
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
                let code = diagnostic.code.map(|code| format!(" ({})", code.code)).unwrap_or_default();
                self.seen.insert((place, format!("{}{code}", diagnostic.message)));
            }
            Ok(_) => {}
            Err(error) => {
                self.unreadable.get_or_insert_with(|| error.to_string());
            }
        }
    }

    fn finish(self: Box<Self>) -> Reported {
        let broken = match (self.unreadable, self.finished) {
            (Some(error), _) => Some(format!("a message of cargo clippy cannot be read: {error}")),
            (None, None) => Some("cargo clippy did not say that it finished".to_owned()),
            (None, Some(_)) => None,
        };
        let help = "cargo clippy --workspace --all-targets";
        let findings: Vec<Finding> = self
            .seen
            .into_iter()
            .map(|(place, message)| {
                let found = finding(&self.suite, message).help(help);
                match place {
                    Some(place) => found.at(place),
                    None => found,
                }
            })
            .collect();
        Reported { findings, broken }
    }
}
