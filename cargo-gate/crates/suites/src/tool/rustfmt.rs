//! rustfmt, by the list of files it would change.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gate_policy::SuitePolicy;
use gate_report::Location;

use super::{Adapter, Reads, Reported, finding, report_path};

pub(super) const ADAPTER: Adapter = Adapter {
    // `-l` prints one path per line, and nothing else, on stdout.
    command: &["fmt", "--all", "--", "--check", "-l"],
    locks: false,
    version: &["cargo", "fmt", "--version"],
    program: "cargo-fmt",
    on_stderr: false,
};

/// Reads paths as they come; a file of several targets is listed more than once.
pub(super) struct Reader {
    suite: SuitePolicy,
    root: PathBuf,
    files: BTreeSet<String>,
}

impl Reader {
    pub(super) fn new(suite: &SuitePolicy, root: &Path) -> Self {
        Self {
            suite: suite.clone(),
            root: root.to_owned(),
            files: BTreeSet::new(),
        }
    }
}

impl Reads for Reader {
    fn line(&mut self, line: &str) {
        if !line.is_empty() {
            self.files.insert(report_path(line, &self.root));
        }
    }

    fn finish(self: Box<Self>) -> Reported {
        let findings = self
            .files
            .into_iter()
            .map(|path| {
                finding(&self.suite, format!("`{path}` is not formatted"))
                    .help("cargo fmt --all")
                    .at(Location::file(path))
            })
            .collect();
        Reported {
            findings,
            ..Reported::default()
        }
    }
}
