//! Child processes: own process group (job object on Windows), time limit, cancellation, captured output.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::Result;

use super::cancel::Cancel;

/// A command to run.
#[derive(Debug, Clone)]
pub struct ProcessSpec {
    /// Program and arguments; never handed to a shell.
    pub command: Vec<OsString>,
    /// Working directory.
    pub directory: PathBuf,
    /// Variables to set (`Some`) or remove (`None`).
    pub environment: Vec<(OsString, Option<OsString>)>,
    /// Time limit; `None` waits for ever.
    pub timeout: Option<Duration>,
    /// File that receives stdout and stderr as they come, in order.
    pub log: PathBuf,
    /// Whether stdout is kept apart from stderr: then `log` receives stderr only and `on_line` sees stdout only.
    pub split_stdout: bool,
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessEnd {
    /// Exit code; `None` when a signal ended it.
    pub exit_code: Option<i32>,
    /// Signal that ended it (Unix).
    pub signal: Option<i32>,
    /// Whether the time limit ended it.
    pub timed_out: bool,
    /// Whether the user interrupted it.
    pub cancelled: bool,
    /// Wall time.
    pub duration: Duration,
}

/// Runs a command to its end, handing each line of output (without its end, invalid UTF-8 replaced) to `on_line`.
/// On time-out or cancellation the whole process group is ended: first politely, then by force.
///
/// # Errors
/// The program cannot be started (the error names it), or the log cannot be written.
pub fn run(spec: &ProcessSpec, cancel: &Cancel, on_line: &mut dyn FnMut(&str)) -> Result<ProcessEnd> {
    let _ = (spec, cancel, on_line);
    todo!()
}
