//! Recorded windows, judged again.

use core::fmt;
use std::error::Error;
use std::io::{self, Write};

use super::Controller;
use crate::window::{RecordedError, read_jsonl};

/// Why a replay did not get to its end.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReplayError {
    /// A line is no recorded window.
    Recorded(RecordedError),
    /// A window ran in another phase than these rails would have had it run in: it was recorded with other settings,
    /// another baseline, or windows before it are missing.
    Diverged {
        /// The line of the window, from 1.
        line: usize,
        /// The phase it ran in.
        recorded: super::Phase,
        /// The phase that the replay is in.
        replayed: super::Phase,
    },
    /// A window is not the one that follows: the lines of windows before it are missing.
    Missing {
        /// The line of the window, from 1.
        line: usize,
        /// The number of the window.
        recorded: u64,
        /// The number of the window that follows.
        expected: u64,
    },
    /// The trace could not be written.
    Write(io::Error),
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplayError::Recorded(error) => error.fmt(f),
            ReplayError::Diverged {
                line,
                recorded,
                replayed,
            } => write!(
                f,
                "line {line}: the window was recorded in phase {recorded}, but these rails are in phase {replayed}; \
                 replay all windows from the start with the settings they were recorded with"
            ),
            ReplayError::Missing {
                line,
                recorded,
                expected,
            } => write!(
                f,
                "line {line}: `window` is {recorded}, but window {expected} is next; replay all windows from the start"
            ),
            ReplayError::Write(error) => write!(f, "cannot write the trace: {error}"),
        }
    }
}

impl Error for ReplayError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            ReplayError::Recorded(error) => Some(error),
            ReplayError::Diverged { .. } | ReplayError::Missing { .. } => None,
            ReplayError::Write(error) => Some(error),
        }
    }
}

/// Feeds recorded windows, one JSON object per line, to a controller and writes a line for each step.
///
/// # Errors
///
/// A line that is no window, a window that ran in another phase, or a trace that cannot be written. What was traced
/// before stays written.
pub fn replay(controller: &mut Controller, recorded: &str, trace: &mut impl Write) -> Result<(), ReplayError> {
    for recorded in read_jsonl(recorded).map_err(ReplayError::Recorded)? {
        let expected = controller.state().windows.saturating_add(1);
        if recorded.number != expected {
            return Err(ReplayError::Missing {
                line: recorded.line,
                recorded: recorded.number,
                expected,
            });
        }
        if recorded.rearmed {
            controller.rearm();
        }
        let replayed = controller.state().phase;
        if let Some(phase) = recorded.phase
            && phase != replayed
        {
            return Err(ReplayError::Diverged {
                line: recorded.line,
                recorded: phase,
                replayed,
            });
        }
        let mut step = controller.step(&recorded.window);
        step.rearmed = recorded.rearmed;
        writeln!(trace, "{step}").map_err(ReplayError::Write)?;
    }
    Ok(())
}
