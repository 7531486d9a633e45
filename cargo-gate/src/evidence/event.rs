//! What happens while evidence is made: the engine and the suites say it; progress, notifications and the audit log listen.

use crate::report::Outcome;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event<'a> {
    /// Evaluation starts; so many checks will run and so many are reused.
    Started {
        /// Checks that will run.
        to_run: usize,
        /// Checks whose evidence is reused.
        reused: usize,
    },
    /// A check starts.
    CheckStarted {
        /// Its id.
        id: &'a str,
        /// Whether it starts processes and may take long.
        long: bool,
    },
    /// A line of output of a running suite.
    Output {
        /// Id of the check.
        id: &'a str,
        /// The line without its end.
        line: &'a str,
    },
    /// A check ended.
    CheckFinished {
        /// Its id.
        id: &'a str,
        /// Its outcome at the stage under evaluation.
        outcome: Outcome,
        /// Wall time in milliseconds.
        duration_ms: u64,
        /// Whether the evidence was reused.
        reused: bool,
    },
    /// Evaluation ended.
    Finished,
}

/// A consumer of events. Called from several threads.
pub trait Observer: Sync {
    /// Takes one event.
    fn event(&self, event: &Event<'_>);
}

/// An observer that ignores everything.
#[derive(Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&self, _: &Event<'_>) {}
}

/// Hands every event to several observers, in their order.
pub struct Tee<'a>(pub &'a [&'a dyn Observer]);

impl Observer for Tee<'_> {
    fn event(&self, event: &Event<'_>) {
        for observer in self.0 {
            observer.event(event);
        }
    }
}
