//! What one thread owns in one runtime: its ring, and for each kernel its counters.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{Thread, ThreadId};

use super::{Record, Ring};
use crate::counters::{Counters, bump};

/// Number of kernels that a thread finds without a lock, where they were registered one after another. Those beyond it take the
/// slots of others; see [`with_shard`].
const SLOTS: usize = 64;

/// The ring of one thread in one runtime.
#[derive(Debug)]
pub(crate) struct Lane {
    /// Order of registration, which is the order of lanes in the log.
    pub(crate) number: u32,
    pub(crate) ring: Ring,
    /// Calls of the thread, logged or not.
    calls: AtomicU64,
    /// Records that found no room.
    dropped: AtomicU64,
    /// Of those, how many fell back, and how many missed a guard: the log's running totals need them.
    dropped_fallbacks: AtomicU64,
    dropped_guard_misses: AtomicU64,
    reader: Arc<Reader>,
}

/// The thread that empties rings, once it runs.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    thread: OnceLock<Thread>,
    woken: AtomicBool,
}

impl Reader {
    /// Names the reading thread.
    pub(crate) fn is(&self, thread: Thread) {
        let _ = self.thread.set(thread);
    }

    pub(crate) fn wake(&self) {
        if let Some(thread) = self.thread.get()
            && !self.woken.swap(true, Ordering::AcqRel)
        {
            thread.unpark();
        }
    }

    /// Called by the reader before it looks.
    pub(crate) fn awake(&self) {
        self.woken.store(false, Ordering::Release);
    }
}

impl Lane {
    fn new(number: u32, records: usize, reader: Arc<Reader>) -> Lane {
        Lane {
            number,
            ring: Ring::new(records),
            calls: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            dropped_fallbacks: AtomicU64::new(0),
            dropped_guard_misses: AtomicU64::new(0),
            reader,
        }
    }

    /// Number of the thread's next call.
    #[inline]
    pub(crate) fn next_call(&self) -> u64 {
        bump(&self.calls, 1)
    }

    /// Hands a record over, or counts that it could not be.
    #[inline]
    pub(crate) fn hand_over(&self, record: &Record) {
        match self.ring.push(record) {
            // A sleeping reader looks now and then anyway; half a ring is where waiting becomes dangerous.
            Some(waiting) if waiting == self.ring.capacity() / 2 => self.reader.wake(),
            Some(_) => {}
            None => self.count_drop(record),
        }
    }

    #[cold]
    fn count_drop(&self, record: &Record) {
        bump(&self.dropped, 1);
        if let Some(entry) = record.entry() {
            use crate::dispatch::Outcome;
            use crate::reason::ReasonKind;
            if matches!(entry.outcome, Outcome::Fallback(_)) {
                bump(&self.dropped_fallbacks, 1);
            }
            if entry.outcome.reason().kind() == ReasonKind::Guard {
                bump(&self.dropped_guard_misses, 1);
            }
        }
        self.reader.wake();
    }

    /// Records that found no room so far.
    fn drops(&self) -> Drops {
        Drops {
            records: self.dropped.load(Ordering::Relaxed),
            fallbacks: self.dropped_fallbacks.load(Ordering::Relaxed),
            guard_misses: self.dropped_guard_misses.load(Ordering::Relaxed),
        }
    }
}

/// Records that found no room, and what the log's running totals have to know of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Drops {
    pub(crate) records: u64,
    pub(crate) fallbacks: u64,
    pub(crate) guard_misses: u64,
}

impl Drops {
    fn plus(self, other: Drops) -> Drops {
        Drops {
            records: self.records + other.records,
            fallbacks: self.fallbacks + other.fallbacks,
            guard_misses: self.guard_misses + other.guard_misses,
        }
    }

    /// What came after `earlier`.
    pub(crate) fn since(&self, earlier: &Drops) -> Drops {
        Drops {
            records: self.records.saturating_sub(earlier.records),
            fallbacks: self.fallbacks.saturating_sub(earlier.fallbacks),
            guard_misses: self.guard_misses.saturating_sub(earlier.guard_misses),
        }
    }
}

/// Whether nobody else has this any more. What others did before they let go of it is seen then: the count alone says nothing of
/// that, and on some processors the last record or count of a thread would be missed.
fn is_alone<T>(shared: &Arc<T>) -> bool {
    let alone = Arc::strong_count(shared) == 1;
    if alone {
        fence(Ordering::Acquire);
    }
    alone
}

/// The lanes of one runtime.
#[derive(Debug)]
pub(crate) struct Lanes {
    lanes: Mutex<Table>,
    records: usize,
    pub(crate) reader: Arc<Reader>,
}

#[derive(Debug, Default)]
struct Table {
    by_thread: HashMap<ThreadId, Arc<Lane>>,
    next: u32,
    /// Drops of threads that have ended.
    dropped: Drops,
}

impl Table {
    /// Forgets lanes that are empty and that nobody but this table knows.
    fn forget(&mut self) {
        let dropped = &mut self.dropped;
        self.by_thread.retain(|_, lane| {
            let keep = !is_alone(lane) || !lane.ring.is_empty();
            if !keep {
                *dropped = dropped.plus(lane.drops());
            }
            keep
        });
    }
}

impl Lanes {
    pub(crate) fn new(records: usize) -> Lanes {
        Lanes {
            lanes: Mutex::default(),
            records,
            reader: Arc::default(),
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of_this_thread(&self) -> Arc<Lane> {
        let mut table = self.table();
        let Table { by_thread, next, .. } = &mut *table;
        let lane = by_thread.entry(std::thread::current().id()).or_insert_with(|| {
            let number = *next;
            *next += 1;
            Arc::new(Lane::new(number, self.records, Arc::clone(&self.reader)))
        });
        Arc::clone(lane)
    }

    /// Every lane, in the order of its number. Lanes of threads that have ended are forgotten once they were seen empty.
    pub(crate) fn all(&self) -> Vec<Arc<Lane>> {
        let mut table = self.table();
        table.forget();
        let mut lanes: Vec<_> = table.by_thread.values().cloned().collect();
        lanes.sort_by_key(|lane| lane.number);
        lanes
    }

    /// Records that found no room, of all threads.
    pub(crate) fn drops(&self) -> Drops {
        let table = self.table();
        let lanes = table.by_thread.values().map(|lane| lane.drops());
        lanes.fold(table.dropped, Drops::plus)
    }
}

/// The counters of one thread for one kernel.
#[derive(Debug)]
pub(crate) struct Shard {
    pub(crate) lane: Arc<Lane>,
    pub(crate) counters: Counters,
}

/// Number of threads from which on shards of ended ones are looked for when a new one comes.
const FOLD_AT: usize = 16;

/// The shards of one kernel.
#[derive(Debug)]
pub(crate) struct Shards {
    /// Unique in the process, so that threads can find their shard.
    id: u64,
    held: Mutex<Held>,
    /// Counters of threads that have ended or have not called for long.
    folded: Counters,
}

#[derive(Debug)]
struct Held {
    by_thread: HashMap<ThreadId, Arc<Shard>>,
    fold_at: usize,
}

impl Held {
    /// Moves the counters of shards that no thread knows any more. Such a thread has ended, or comes back through the lock.
    fn fold(&mut self, into: &Counters) {
        self.by_thread.retain(|_, shard| {
            let known = !is_alone(shard);
            if !known {
                into.add(&shard.counters);
            }
            known
        });
        self.fold_at = FOLD_AT.max(2 * self.by_thread.len());
    }
}

impl Shards {
    pub(crate) fn new() -> Shards {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Shards {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            held: Mutex::new(Held {
                by_thread: HashMap::new(),
                fold_at: FOLD_AT,
            }),
            folded: Counters::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of_this_thread(&self, lanes: &Lanes) -> Arc<Shard> {
        let mut held = self.lock();
        if held.by_thread.len() >= held.fold_at {
            held.fold(&self.folded);
        }
        let shard = held.by_thread.entry(std::thread::current().id()).or_insert_with(|| {
            Arc::new(Shard {
                lane: lanes.of_this_thread(),
                counters: Counters::default(),
            })
        });
        Arc::clone(shard)
    }

    /// Adds everything that was counted to `total`.
    pub(crate) fn sum(&self, total: &Counters) {
        let mut held = self.lock();
        held.fold(&self.folded);
        for shard in held.by_thread.values() {
            total.add(&shard.counters);
        }
        total.add(&self.folded);
    }

    /// Forgets the shards of threads that have ended.
    pub(crate) fn sweep(&self) {
        self.lock().fold(&self.folded);
    }
}

/// A shard, with the number of the kernel that it belongs to.
type Slot = Option<(u64, Arc<Shard>)>;

thread_local! {
    static LOCAL: RefCell<[Slot; SLOTS]> = const { RefCell::new([const { None }; SLOTS]) };
}

/// Calls `f` with the shard of this thread. Allocates on the first call of a thread for a kernel, and never again as long as the
/// shard keeps its slot. Slots go by the kernel's number in the process, modulo 64: of two kernels that are a multiple of 64
/// apart, each takes the slot from the other, and a thread that calls both looks for its shard behind the lock of the kernel, and
/// makes a new one where its counts were folded meanwhile. No count is lost by that.
#[inline]
pub(crate) fn with_shard(shards: &Shards, lanes: &Lanes, f: impl Fn(&Shard)) {
    let found = LOCAL.try_with(|local| {
        let mut local = local.try_borrow_mut().ok()?;
        let slot = &mut local[shards.id as usize % SLOTS];
        if slot.as_ref().is_none_or(|(id, _)| *id != shards.id) {
            *slot = Some((shards.id, shards.of_this_thread(lanes)));
        }
        slot.as_ref().map(|(_, shard)| f(shard))
    });
    if !matches!(found, Ok(Some(()))) {
        without_slot(shards, lanes, &f);
    }
}

/// The thread is ending, and its slots are gone: a destructor of another thread-local value launches a kernel.
#[cold]
fn without_slot(shards: &Shards, lanes: &Lanes, f: &dyn Fn(&Shard)) {
    f(&shards.of_this_thread(lanes));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_have_ended_leave_their_counts_and_not_their_memory() {
        let lanes = Lanes::new(2);
        let shards = Shards::new();
        for _ in 0..100 {
            std::thread::scope(|scope| {
                let thread = scope.spawn(|| with_shard(&shards, &lanes, |shard| shard.counters.test_call()));
                // A scope alone waits for the closure, not for the thread's own values.
                thread.join().expect("counting does not panic");
            });
        }
        let held = shards.lock().by_thread.len();
        assert!(
            held <= 2 * FOLD_AT,
            "{held} shards are held for threads that have ended"
        );
        let total = Counters::default();
        shards.sum(&total);
        assert_eq!(total.calls(), 100);
        assert!(lanes.all().len() <= 2 * FOLD_AT);
        shards.sum(&Counters::default());
        lanes.all();
        assert!(lanes.all().is_empty());
    }

    #[test]
    fn threads_that_called_before_share_nothing_and_wait_for_no_lock() {
        use std::sync::mpsc::channel;
        use std::time::Duration;

        const THREADS: u64 = 4;
        const CALLS: u64 = 1000;
        let (lanes, shards) = (Lanes::new(2), Shards::new());
        let call = || {
            with_shard(&shards, &lanes, |shard| {
                shard.counters.test_call();
                shard.lane.next_call();
            });
        };
        let place = || {
            let found = std::cell::Cell::new(0);
            with_shard(&shards, &lanes, |shard| found.set(std::ptr::from_ref(shard).addr()));
            found.get()
        };
        let (report, reports) = channel();
        std::thread::scope(|scope| {
            let go: Vec<_> = (0..THREADS)
                .map(|_| {
                    let (go, going) = channel();
                    let report = report.clone();
                    scope.spawn(move || {
                        call();
                        report.send(place()).expect("the test waits");
                        going.recv().expect("the test says so");
                        (1..CALLS).for_each(|_| call());
                        report.send(place()).expect("the test waits");
                    });
                    go
                })
                .collect();
            let said_by_all = || -> std::collections::BTreeSet<usize> {
                (0..THREADS)
                    .map(|_| {
                        // Only a failure takes that long: the locks are then let go of, and the threads end.
                        let said = reports.recv_timeout(Duration::from_secs(60));
                        said.expect("a thread waits for a lock")
                    })
                    .collect()
            };
            let places = said_by_all();
            assert_eq!(places.len() as u64, THREADS, "each has counters of its own");
            let held = (shards.lock(), lanes.table());
            for go in &go {
                go.send(()).expect("a thread waits");
            }
            assert_eq!(said_by_all(), places);
            drop(held);
        });
        let total = Counters::default();
        shards.sum(&total);
        assert_eq!(total.calls(), THREADS * CALLS);
    }

    #[test]
    fn more_kernels_than_slots_are_all_counted() {
        let lanes = Lanes::new(2);
        let kernels: Vec<Shards> = (0..3 * SLOTS).map(|_| Shards::new()).collect();
        for round in 1..=3 {
            for shards in &kernels {
                with_shard(shards, &lanes, |shard| shard.counters.test_call());
            }
            for shards in &kernels {
                let total = Counters::default();
                shards.sum(&total);
                assert_eq!(total.calls(), round);
            }
        }
    }
}
