//! What happens while evidence is made: the engine and the suites say it; progress, notifications and the audit log listen.

use std::time::Duration;

use gate_report::Outcome;

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
        /// What earlier runs lead one to expect; nothing for a check that takes no time, or has not run yet.
        expected: Option<Expected>,
    },
    /// Tests of a running suite ended.
    Tests {
        /// Id of the check.
        id: &'a str,
        /// How far it is.
        tests: TestCount,
    },
    /// Time passes while suites run: a chance to say how long they have been running. Comes a few times a second.
    Tick,
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

/// What earlier runs of a check lead one to expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Wall time.
    pub duration: Duration,
    /// Number of tests; 0 for a check that runs none.
    pub tests: u64,
}

/// How far a suite of tests is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TestCount {
    /// Tests that ended.
    pub done: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// Tests that the runner has announced so far.
    pub announced: u64,
}

impl TestCount {
    /// Both together. The numbers are foreign, so they may be any.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            done: self.done.saturating_add(other.done),
            failed: self.failed.saturating_add(other.failed),
            announced: self.announced.saturating_add(other.announced),
        }
    }
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
