//! Waiting for a child that may be asked to stop: what to wait for next, and for how long.

use std::io;
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use process_wrap::std::ChildWrapper;

use super::cancel::Cancel;

/// From the polite request to its repetition. nextest forwards the first one to its tests, which live in process
/// groups of their own, and kills them on the second; without it they could outlive the runner.
const POLITE_GRACE: Duration = Duration::from_secs(5);
/// From the repeated request to the end by force.
const REPEATED_GRACE: Duration = Duration::from_secs(2);
/// How long a descendant may keep the output open after the command has ended.
const PIPE_GRACE: Duration = Duration::from_secs(2);
/// How often to ask whether a child whose output is open has ended. Nearly always the end of the output says so first;
/// this matters only when a descendant keeps the pipe.
const TICK: Duration = Duration::from_millis(100);
/// First pause, doubled up to [`TICK`], between questions whether a child whose output has ended is gone: the two
/// happen within microseconds of each other, unless the child closed its output by itself.
const FIRST_PAUSE: Duration = Duration::from_micros(200);

/// What can happen to a running child.
#[derive(Debug)]
pub(super) enum Message {
    /// Bytes of its stdout, and of its stderr where they share a pipe.
    Stdout(Vec<u8>),
    /// Bytes of its stderr where that has a pipe of its own.
    Stderr(Vec<u8>),
    /// A pipe has ended.
    Closed,
    /// Something else changed: look again.
    Wake,
}

/// Why a child was ended.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stopped {
    pub(super) timed_out: bool,
    pub(super) cancelled: bool,
}

/// How far the ending of the group has come.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Force {
    None,
    Asked,
    AskedTwice,
    Killed,
}

pub(super) struct Supervisor<'a> {
    child: &'a mut dyn ChildWrapper,
    cancel: &'a Cancel,
    /// When the time limit is up.
    deadline: Option<Instant>,
    /// Pipes that are still open.
    open: usize,
    status: Option<ExitStatus>,
    stopped: Stopped,
    force: Force,
    /// When the next, harder step is due.
    next_step: Option<Instant>,
    pause: Duration,
}

impl<'a> Supervisor<'a> {
    pub(super) fn new(
        child: &'a mut dyn ChildWrapper,
        cancel: &'a Cancel,
        timeout: Option<Duration>,
        pipes: usize,
    ) -> Self {
        Self {
            child,
            cancel,
            deadline: timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
            open: pipes,
            status: None,
            stopped: Stopped::default(),
            force: Force::None,
            next_step: None,
            pause: FIRST_PAUSE,
        }
    }

    /// Waits for the next message; `None` when the child has ended and its output is complete.
    pub(super) fn next(&mut self, messages: &Receiver<Message>) -> io::Result<Option<Message>> {
        loop {
            let now = Instant::now();
            self.stop_if_due(now);
            if self.status.is_none() && self.open == 0 {
                self.poll(now)?;
            }
            if self.status.is_some() && self.open == 0 {
                return Ok(None);
            }
            if self.next_step.is_some_and(|due| due <= now) && !self.escalate(now) {
                return Ok(None);
            }
            match messages.recv_timeout(self.patience(now)) {
                Ok(message) => {
                    if matches!(message, Message::Closed) {
                        self.open -= 1;
                    }
                    return Ok(Some(message));
                }
                // Readers that are gone without a word have panicked; their pipes are closed.
                Err(RecvTimeoutError::Disconnected) => self.open = 0,
                Err(RecvTimeoutError::Timeout) => {
                    if self.status.is_none() {
                        self.poll(Instant::now())?;
                    }
                }
            }
        }
    }

    /// Ends what is left of a group that had to be stopped or was given up, and returns how the child ended.
    pub(super) fn finish(mut self) -> (Option<ExitStatus>, Stopped) {
        let given_up = self.status.is_none();
        if given_up || self.force != Force::None {
            // Fails when nothing is left of the group, which is what it is for.
            drop(self.child.start_kill());
        }
        if given_up {
            self.status = self.child.wait().ok();
        }
        if cfg!(windows) && self.force == Force::None {
            let status = self.status.map(|status| (status.success(), status.code()));
            self.stopped.cancelled |= interrupted_itself(status, self.cancel.requested());
        }
        (self.status, self.stopped)
    }

    fn stop_if_due(&mut self, now: Instant) {
        if self.force != Force::None || self.status.is_some() {
            return;
        }
        self.stopped.cancelled = self.cancel.requested();
        self.stopped.timed_out = !self.stopped.cancelled && self.deadline.is_some_and(|deadline| deadline <= now);
        if self.stopped.cancelled || self.stopped.timed_out {
            self.escalate(now);
        }
    }

    /// Takes the next step towards the end of the group; `false` when there is none left.
    fn escalate(&mut self, now: Instant) -> bool {
        // Where the command has ended and only a descendant keeps the output open, there is nobody left to be polite to.
        let (force, grace) = match self.force {
            Force::Killed => return false,
            Force::None if self.status.is_none() && self.ask() => (Force::Asked, POLITE_GRACE),
            Force::Asked if self.status.is_none() && self.ask() => (Force::AskedTwice, REPEATED_GRACE),
            _ => {
                drop(self.child.start_kill());
                (Force::Killed, PIPE_GRACE)
            }
        };
        self.force = force;
        self.next_step = Some(now + grace);
        true
    }

    /// Asks the group to end; `false` where that cannot be done politely.
    #[cfg(unix)]
    fn ask(&self) -> bool {
        // SIGTERM has this number on every Unix.
        self.child.signal(15).is_ok()
    }

    #[cfg(not(unix))]
    #[expect(clippy::unused_self, reason = "the Unix twin needs it")]
    fn ask(&self) -> bool {
        false
    }

    fn poll(&mut self, now: Instant) -> io::Result<()> {
        self.status = self.child.try_wait()?;
        if self.status.is_some() && self.open > 0 && self.force == Force::None {
            self.next_step = Some(now + PIPE_GRACE);
        }
        Ok(())
    }

    fn patience(&mut self, now: Instant) -> Duration {
        let mut patience = if self.open == 0 {
            self.pause = (self.pause * 2).min(TICK);
            self.pause
        } else {
            TICK
        };
        let running = self.force == Force::None && self.status.is_none();
        for due in self.next_step.into_iter().chain(self.deadline.filter(|_| running)) {
            patience = patience.min(due.saturating_duration_since(now));
        }
        patience
    }
}

/// Whether a child ended by the Ctrl-C that was meant for the gate. A console of Windows tells all its processes at once, job
/// objects or not, and a child may be gone before this process has heard of it: it did not fail by itself then.
fn interrupted_itself(status: Option<(bool, Option<i32>)>, requested: bool) -> bool {
    /// `STATUS_CONTROL_C_EXIT`.
    const CONTROL_C_EXIT: i32 = 0xC000_013A_u32.cast_signed();
    matches!(status, Some((false, code)) if requested || code == Some(CONTROL_C_EXIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_heard_the_interruption_first_did_not_fail() {
        for (status, requested, expected) in [
            (Some((false, Some(-1_073_741_510))), false, true),
            (Some((false, Some(101))), true, true),
            (Some((false, Some(101))), false, false),
            (Some((true, Some(0))), true, false),
            (None, true, false),
        ] {
            assert_eq!(interrupted_itself(status, requested), expected, "{status:?}");
        }
    }
}
