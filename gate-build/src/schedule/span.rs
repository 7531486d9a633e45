//! When tasks ran, and on which worker.

use std::time::Duration;

use crate::sorted::List as _;

/// When a task ran, and on which worker.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    /// The thread that ran it: 0 is the one that called the scheduler.
    pub worker: usize,
    /// Since the scheduler was called.
    pub begin: Duration,
    /// Since the scheduler was called.
    pub end: Duration,
}

/// What a task gave, and when it ran.
pub(crate) struct Ran<R> {
    pub result: R,
    pub span: Span,
}

/// The most tasks that ran at the same moment. One that begins at the moment at which another ends runs after it.
pub(crate) fn most_at_once(spans: &[Span]) -> usize {
    let mut events: Vec<(Duration, bool)> = spans
        .iter()
        .filter(|span| span.begin < span.end)
        .flat_map(|span| [(span.begin, true), (span.end, false)])
        .list();
    crate::sorted::sort(&mut events);
    let (mut now, mut most) = (0_usize, 0);
    for (_, begins) in events {
        now = if begins { now + 1 } else { now.saturating_sub(1) };
        most = most.max(now);
    }
    most
}

/// Tasks that workers ran beyond an equal share of them: what each would not have had if they had been dealt beforehand.
pub(crate) fn taken_over(spans: &[Span]) -> usize {
    let workers = spans.iter().map(|span| span.worker).max().map_or(0, |last| last + 1);
    let mut ran = vec![0_usize; workers];
    for span in spans {
        ran[span.worker] += 1;
    }
    ran.retain(|&count| count > 0);
    let share = spans.len().div_ceil(ran.len().max(1));
    ran.iter().map(|&count| count.saturating_sub(share)).sum()
}
