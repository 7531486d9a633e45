//! What an adapter of a tool provides.

use gate_report::{Finding, Reason};
use std::path::Path;

/// What an adapter knows about its tool.
pub(super) struct Adapter {
    /// Arguments after `cargo`, without `--locked`.
    pub(super) command: &'static [&'static str],
    /// Whether `--locked` is among what the tool understands.
    pub(super) locks: bool,
    /// Command that prints its version.
    pub(super) version: &'static [&'static str],
    /// Name of the program behind the subcommand.
    pub(super) program: &'static str,
    /// Whether its report is on stderr, or on both streams.
    pub(super) on_stderr: bool,
}

/// What a tool reported.
#[derive(Default)]
pub(super) struct Reported {
    pub(super) findings: Vec<Finding>,
    /// Why its report cannot be believed.
    pub(super) broken: Option<String>,
    /// Why it judged nothing, where it says so.
    pub(super) refused: Option<Reason>,
    /// Whether what is left out explains that it did not end well: other suites judge it, or it is internal.
    pub(super) explained: bool,
}

impl Reported {
    pub(super) fn broken(why: impl Into<String>) -> Self {
        Self {
            broken: Some(why.into()),
            ..Self::default()
        }
    }

    pub(super) fn refused(reason: Reason) -> Self {
        Self {
            refused: Some(reason),
            ..Self::default()
        }
    }
}

pub(super) trait Reads {
    fn line(&mut self, line: &str);
    fn finish(self: Box<Self>) -> Reported;
}

/// A path of a tool as reports write it: relative to the root where it lies below it, `/` between components.
pub(super) fn report_path(path: &str, root: &Path) -> String {
    let path = Path::new(path);
    let relative = path.strip_prefix(root).unwrap_or(path);
    relative.to_string_lossy().replace('\\', "/")
}
