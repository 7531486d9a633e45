//! What a whole command used: a helper process starts it, waits for it, and reports what the system counted.
//!
//! A process learns what its children used only as the sum of all that it has waited for, so each command needs a parent of its own.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::{ProcessEnd, ProcessSpec, path_of};

#[cfg(unix)]
mod unix;

#[cfg(unix)]
pub use unix::measure;

/// The first argument of the helper: then the file for its report, the program and its arguments.
pub const ARGUMENT: &str = "measure-child";

static HELPER: OnceLock<Vec<OsString>> = OnceLock::new();

/// What a command used, with those of its descendants that were waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Exit code; `None` when a signal ended it.
    exit_code: Option<i32>,
    /// Signal that ended it.
    signal: Option<i32>,
    /// Nanoseconds from its start to its end.
    pub wall: u64,
    /// Nanoseconds of processor time in user mode.
    pub user: u64,
    /// Largest resident set of one of the processes, in bytes.
    pub memory: u64,
    /// Bytes that `memory` has at least, whatever the command does.
    pub least: u64,
}

/// Names the helper: a program that calls [`measure`] with the arguments that follow these.
pub fn use_helper(command: Vec<OsString>) {
    // Only the first call counts.
    let _ = HELPER.set(command);
}

/// Whether commands can be measured: never on Windows, elsewhere once a helper was named.
pub fn possible() -> bool {
    cfg!(unix) && HELPER.get().is_some()
}

/// Has the helper start the command. `report` receives the usage; it must not exist, and its directory must.
pub fn measured(mut spec: ProcessSpec, report: &Path) -> ProcessSpec {
    let program = path_of(&spec).map(PathBuf::into_os_string);
    // What cannot be found fails as it does without the helper.
    if let (true, Some(helper), Some(program)) = (possible(), HELPER.get(), program) {
        spec.command[0] = program;
        let before = helper.iter().cloned().chain([report.as_os_str().to_owned()]);
        spec.command.splice(0..0, before);
    }
    spec
}

/// What the helper reported, and the end of the command in place of the helper's. `None` where it wrote no report: it was ended.
pub fn reported(report: &Path, end: &mut ProcessEnd) -> Option<Usage> {
    let usage: Usage = serde_json::from_slice(&fs::read(report).ok()?).ok()?;
    (end.exit_code, end.signal) = (usage.exit_code, usage.signal);
    Some(usage)
}
