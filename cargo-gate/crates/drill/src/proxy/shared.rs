//! What all connections of a proxy share: the fault, the counters, and the streams to close.

use std::collections::BTreeMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gate_base::stats::SplitMix64;

/// A wait that a client does not notice.
const MOMENT: Duration = Duration::from_millis(1);

/// What the proxy does to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Every chunk of bytes waits this long, and up to `jitter` longer, in both directions.
    Delay {
        /// The least wait.
        latency: Duration,
        /// The most that is added, at random.
        jitter: Duration,
    },
    /// Connections are closed, and new ones are closed as soon as they are there.
    Cut,
    /// Connections stay open, and their bytes go nowhere.
    BlackHole,
    /// The end of a direction is passed on this much later.
    SlowClose(Duration),
    /// Every so many bytes, one bit is flipped.
    Corrupt {
        /// How many bytes; at least 1.
        every: u64,
    },
    /// All connections together pass on at most this many bytes each second, and what comes in meanwhile waits.
    BackPressure {
        /// How many bytes; at least 1.
        bytes_per_second: u64,
    },
}

/// What a proxy did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Connections that were opened.
    pub connections: u64,
    /// Connections that were closed by a fault, or refused.
    pub cut: u64,
    /// Bytes that were passed on.
    pub bytes: u64,
    /// Bytes that were passed on late.
    pub delayed: u64,
    /// Bytes that went nowhere.
    pub swallowed: u64,
    /// Bytes of which a bit was flipped.
    pub corrupted: u64,
    /// Ends of a direction that were passed on late.
    pub slow_closes: u64,
    /// Bytes that waited for a limit, longer than a moment.
    pub held_back: u64,
}

#[derive(Debug)]
struct State {
    fault: Option<Fault>,
    closing: bool,
    counters: Counters,
    random: SplitMix64,
    /// When the next bytes may be passed on, where there is a limit.
    free: Option<Instant>,
    next: u64,
    /// Both ends of each open connection, and whether it lost bytes.
    open: BTreeMap<u64, (TcpStream, TcpStream, bool)>,
}

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

fn shut(ends: &(TcpStream, TcpStream, bool)) {
    // One that is closed already needs nothing.
    drop(ends.0.shutdown(Shutdown::Both));
    drop(ends.1.shutdown(Shutdown::Both));
}

impl Shared {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            state: Mutex::new(State {
                fault: None,
                closing: false,
                counters: Counters::default(),
                random: SplitMix64::new(seed),
                free: None,
                next: 0,
                open: BTreeMap::new(),
            }),
            changed: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change leaves the state whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, fault: Option<Fault>) {
        let state = &mut *self.state();
        (state.fault, state.free) = (fault, None);
        if fault == Some(Fault::Cut) {
            state.counters.cut += state.open.len() as u64;
            state.open.values().for_each(shut);
        } else {
            state.open.values().filter(|ends| ends.2).for_each(shut);
        }
        self.changed.notify_all();
    }

    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closing = true;
        state.open.values().for_each(shut);
        self.changed.notify_all();
    }

    pub(super) fn counters(&self) -> Counters {
        self.state().counters
    }

    pub(super) fn closing(&self) -> bool {
        self.state().closing
    }

    pub(super) fn fault(&self) -> Option<Fault> {
        self.state().fault
    }

    /// Whether a new connection is closed as soon as it is there, which counts.
    pub(super) fn refuses(&self) -> bool {
        let mut state = self.state();
        let refuses = state.fault == Some(Fault::Cut);
        state.counters.cut += u64::from(refuses);
        refuses
    }

    /// Takes a connection in; `None` where it must not begin.
    pub(super) fn opened(&self, client: TcpStream, server: TcpStream) -> Option<u64> {
        let mut state = self.state();
        if state.closing || state.fault == Some(Fault::Cut) {
            return None;
        }
        let id = state.next;
        state.next += 1;
        state.counters.connections += 1;
        state.open.insert(id, (client, server, false));
        Some(id)
    }

    pub(super) fn ended(&self, id: u64) {
        self.state().open.remove(&id);
    }

    /// Says that a connection lost bytes.
    pub(super) fn spoiled(&self, id: u64) {
        if let Some(ends) = self.state().open.get_mut(&id) {
            ends.2 = true;
        }
    }

    pub(super) fn count(&self, count: impl FnOnce(&mut Counters)) {
        count(&mut self.state().counters);
    }

    /// A part of a length of time, at random.
    pub(super) fn part_of(&self, most: Duration) -> Duration {
        most.mul_f64(self.state().random.unit())
    }

    /// Waits until a limit lets so many bytes pass, or until there is no limit any more.
    pub(super) fn queue(&self, bytes: u64, bytes_per_second: u64) {
        let takes = Duration::from_secs_f64(bytes as f64 / bytes_per_second.max(1) as f64);
        let due = {
            let mut state = self.state();
            let now = Instant::now();
            let due = state.free.map_or(now, |free| free.max(now)) + takes;
            state.free = Some(due);
            if due.duration_since(now) > MOMENT {
                state.counters.held_back += bytes;
            }
            due
        };
        self.wait_until(due, |state| state.free.is_none());
    }

    /// Waits, unless the proxy closes.
    pub(super) fn wait(&self, time: Duration) {
        self.wait_until(Instant::now() + time, |_| false);
    }

    fn wait_until(&self, due: Instant, enough: impl Fn(&State) -> bool) {
        let mut state = self.state();
        while !state.closing && !enough(&state) {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let woken = self.changed.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
