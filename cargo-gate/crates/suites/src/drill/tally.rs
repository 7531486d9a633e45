//! The operations of a load as they come, and what they show about steady state.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use gate_drill::history::{Action, Operation, Outcome, Stored};

/// Longest wait in one go, so that a request to stop is seen.
const TICK: Duration = Duration::from_millis(100);

/// The operations so far.
pub(super) struct Tally {
    lines: Receiver<(String, Instant)>,
    operations: u32,
    within_ms: u64,
    pub(super) history: Vec<Operation>,
    /// The first line that cannot be read.
    pub(super) unreadable: Option<String>,
    /// Since when operations count: those that began before are left out.
    since: Option<Instant>,
    /// Acknowledged operations in a row, and when the first of them ended.
    row: u32,
    first: Option<Instant>,
    /// Acknowledged operations by phase.
    pub(super) served: [u64; 3],
    phase: usize,
    /// Where the acknowledged writes of this phase are in the history.
    writes: Vec<usize>,
    /// Whether the load ended.
    pub(super) ended: bool,
}

impl Tally {
    pub(super) fn new(lines: Receiver<(String, Instant)>, operations: u32, within_ms: u64) -> Self {
        Self {
            lines,
            operations,
            within_ms,
            history: Vec::new(),
            unreadable: None,
            since: None,
            row: 0,
            first: None,
            served: [0; 3],
            phase: 0,
            writes: Vec::new(),
            ended: false,
        }
    }

    /// What begins from now on counts, for the next phase.
    pub(super) fn next_phase(&mut self, phase: usize) -> Instant {
        self.drain();
        let now = Instant::now();
        (self.phase, self.since, self.row, self.first) = (phase, Some(now), 0, None);
        self.writes.clear();
        now
    }

    /// What was written and acknowledged in this phase.
    pub(super) fn written(&self) -> Vec<Stored> {
        let writes = self.writes.iter().filter_map(|at| self.history.get(*at));
        let stored = writes.map(|write| Stored {
            key: write.key.clone(),
            value: write.value.clone().unwrap_or_default(),
        });
        stored.collect()
    }

    /// When steady state was reached, if it is.
    pub(super) fn steady(&self) -> Option<Instant> {
        self.first.filter(|_| self.row >= self.operations)
    }

    /// When the operations in a row began, however many they are.
    pub(super) fn row_since(&self) -> Option<Instant> {
        self.first
    }

    /// Takes what is there.
    pub(super) fn drain(&mut self) {
        while let Ok(line) = self.lines.try_recv() {
            self.take(line);
        }
    }

    /// Waits a little for the next line; not at all where the load has ended.
    pub(super) fn wait(&mut self, due: Instant) {
        let left = due.saturating_duration_since(Instant::now()).min(TICK);
        match self.lines.recv_timeout(left) {
            Ok(line) => self.take(line),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => self.ended = true,
        }
    }

    fn take(&mut self, (line, at): (String, Instant)) {
        if line.trim().is_empty() {
            return;
        }
        let operation = match Operation::parse(&line) {
            Ok(operation) => operation,
            Err(why) => {
                self.unreadable.get_or_insert(why);
                return;
            }
        };
        // The load may have another clock: only how long the operation took is used of it.
        let began = at.checked_sub(Duration::from_millis(operation.took()));
        let counts = self.since.is_none_or(|since| began.is_some_and(|began| began >= since));
        if counts {
            let acknowledged = operation.outcome == Outcome::Ok;
            self.served[self.phase] += u64::from(acknowledged);
            if acknowledged && operation.op == Action::Write {
                self.writes.push(self.history.len());
            }
            if acknowledged && operation.took() <= self.within_ms {
                self.row += 1;
                self.first.get_or_insert(at);
            } else {
                (self.row, self.first) = (0, None);
            }
        }
        self.history.push(operation);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn steady_state_is_so_many_in_a_row_that_began_after_the_repair() {
        let (sender, lines) = channel();
        let mut tally = Tally::new(lines, 2, 100);
        let mut id = 0;
        let mut say = |took: u64, outcome: &str, at: Instant| {
            id += 1;
            let line = format!(
                "{{\"id\": {id}, \"op\": \"write\", \"value\": \"{id}\", \"start\": 0, \"end\": {took}, \"outcome\": \"{outcome}\"}}"
            );
            sender.send((line, at)).unwrap();
        };
        let now = Instant::now();
        say(5, "ok", now);
        say(500, "ok", now);
        say(5, "ok", now);
        tally.drain();
        assert_eq!(tally.steady(), None);
        say(5, "ok", now);
        tally.drain();
        assert_eq!(tally.steady(), Some(now));
        let repaired = tally.next_phase(2);
        let later = repaired + Duration::from_secs(1);
        // Answers of what was asked before do not count.
        say(2000, "ok", later);
        say(5, "ok", later);
        say(5, "fail", later);
        say(5, "ok", later);
        tally.drain();
        assert_eq!((tally.steady(), tally.served), (None, [4, 0, 2]));
        say(5, "ok", later);
        sender.send(("nothing".to_owned(), later)).unwrap();
        tally.drain();
        assert_eq!(tally.steady(), Some(later));
        assert!(tally.unreadable.is_some());
        let values: Vec<String> = tally.written().into_iter().map(|write| write.value).collect();
        assert_eq!(values, ["6", "8", "9"]);
        assert_eq!(tally.history.len(), 9);
    }
}
