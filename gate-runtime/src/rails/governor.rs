//! Rails for calls from many threads.

use core::cell::Cell;
use core::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Action, Baseline, Controller, Mode, Rail, Rails, ShadowReason, State, Step};
use crate::window::{Outcome, Pressure, Recorder, Sample, Window};

/// Told about each window when it is closed, for example to write it down for a replay.
pub trait Observer: Send {
    /// A window was closed and judged. It is called while the rails are locked, on the thread whose call filled the
    /// window: it should be short, and must not call back into its governor.
    fn window(&mut self, window: &Window, step: &Step);
}

impl<F: FnMut(&Window, &Step) + Send> Observer for F {
    fn window(&mut self, window: &Window, step: &Step) {
        self(window, step);
    }
}

/// Calls that a thread collects before it locks the rails.
const BATCH: usize = 32;

/// Where threads collect their calls. Each has a cache line of its own.
#[repr(align(128))]
struct Shard(Mutex<Batch>);

struct Batch {
    filled: usize,
    samples: [Sample; BATCH],
}

struct Central {
    recorder: Recorder,
    controller: Controller,
    observer: Option<Box<dyn Observer>>,
    observer_panicked: bool,
}

/// Rails of one kernel of one tenant, shared by the threads that call it.
///
/// Reading the mode is one atomic load. Recording a call costs an uncontended lock; every 32nd call of a thread, and
/// every one that failed, goes on to the rails. Called from one thread, the same calls give the same steps.
pub struct Governor {
    shards: Box<[Shard]>,
    central: Mutex<Central>,
    published: AtomicU64,
}

static NEXT_THREAD: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static THREAD: Cell<usize> = Cell::new(NEXT_THREAD.fetch_add(1, Ordering::Relaxed));
}

/// What a governor last decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// The mode in force.
    pub mode: Mode,
    /// The mode that the rails would choose if nothing held them back.
    pub shadow_mode: Mode,
    /// Why.
    pub shadow_reason: ShadowReason,
    /// Whether the latest window caused a rollback.
    pub rollback: bool,
    /// Rollbacks so far, up to 2³² − 1.
    pub rollback_count: u32,
    /// What the latest rollback was for.
    pub rollback_reason: Option<Rail>,
    /// Share of calls of the latest window that met memory pressure, in thousandths.
    pub pressure_permille: u16,
}

impl Governor {
    /// A governor that starts native and learns its baseline.
    #[must_use]
    pub fn new(rails: Rails) -> Governor {
        Governor::with_controller(Controller::new(rails))
    }

    /// A governor that compares with a baseline measured elsewhere.
    #[must_use]
    pub fn with_baseline(rails: Rails, baseline: Baseline) -> Governor {
        Governor::with_controller(Controller::with_baseline(rails, baseline))
    }

    fn with_controller(controller: Controller) -> Governor {
        let threads = std::thread::available_parallelism().map_or(4, usize::from);
        let shards = threads.next_power_of_two().clamp(1, 64);
        let empty = || {
            Shard(Mutex::new(Batch {
                filled: 0,
                samples: [Sample::reference(); BATCH],
            }))
        };
        let recorder = Recorder::new(controller.rails().settings().window_calls);
        Governor {
            shards: (0..shards).map(|_| empty()).collect(),
            published: AtomicU64::new(Snapshot::initial(controller.state().mode).pack()),
            central: Mutex::new(Central {
                recorder,
                controller,
                observer: None,
                observer_panicked: false,
            }),
        }
    }

    /// Tells `observer` about each window from now on, in place of the one before.
    pub fn observe(&self, observer: impl Observer + 'static) {
        self.central().observer = Some(Box::new(observer));
    }

    /// The mode in force: which backend the next call goes to.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.snapshot().mode
    }

    /// What was last decided.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::unpack(self.published.load(Ordering::Relaxed))
    }

    /// Everything the rails remember.
    #[must_use]
    pub fn state(&self) -> State {
        self.central().controller.state().clone()
    }

    /// Counts a call.
    pub fn record(&self, sample: Sample) {
        let urgent = sample.outcome == Outcome::NativeFailed || sample.pressure == Pressure::Refused;
        let thread = THREAD.try_with(Cell::get).unwrap_or(0);
        let Some(shard) = self.shards.get(thread % self.shards.len()) else {
            return;
        };
        let mut batch = shard.0.lock().unwrap_or_else(PoisonError::into_inner);
        let filled = batch.filled;
        if let Some(place) = batch.samples.get_mut(filled) {
            *place = sample;
            batch.filled = filled + 1;
        }
        if batch.filled >= BATCH || urgent {
            self.hand_over(&mut batch);
        }
    }

    /// Counts a comparison of a native output with the reference.
    pub fn compared(&self, matched: bool) {
        self.central().recorder.compared(matched);
    }

    /// Hands over what threads have collected. Windows that are not full stay open.
    pub fn flush(&self) {
        for shard in &self.shards {
            let mut batch = shard.0.lock().unwrap_or_else(PoisonError::into_inner);
            self.hand_over(&mut batch);
        }
    }

    fn hand_over(&self, batch: &mut Batch) {
        let mut central = self.central();
        let Central {
            recorder,
            controller,
            observer,
            observer_panicked,
        } = &mut *central;
        for sample in batch.samples.iter().take(batch.filled) {
            let Some(window) = recorder.record(sample) else {
                continue;
            };
            let step = controller.step(&window);
            self.published.store(
                Snapshot::after(&step, controller.state(), &window).pack(),
                Ordering::Relaxed,
            );
            let told = observer
                .as_mut()
                .map(|observer| catch_unwind(AssertUnwindSafe(|| observer.window(&window, &step))));
            if let Some(Err(_)) = told {
                *observer = None;
                *observer_panicked = true;
            }
        }
        batch.filled = 0;
    }

    /// Whether an observer panicked. It is told nothing any more; calls and rails go on.
    #[must_use]
    pub fn observer_panicked(&self) -> bool {
        self.central().observer_panicked
    }

    fn central(&self) -> MutexGuard<'_, Central> {
        self.central.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Governor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Governor")
            .field("snapshot", &self.snapshot())
            .finish_non_exhaustive()
    }
}

impl Snapshot {
    fn initial(mode: Mode) -> Snapshot {
        Snapshot {
            mode,
            shadow_mode: mode,
            shadow_reason: ShadowReason::WithinLimits,
            rollback: false,
            rollback_count: 0,
            rollback_reason: None,
            pressure_permille: 0,
        }
    }

    fn after(step: &Step, state: &State, window: &Window) -> Snapshot {
        Snapshot {
            mode: step.mode,
            shadow_mode: step.shadow.mode,
            shadow_reason: step.shadow.reason,
            rollback: matches!(step.action, Action::RolledBack(_)),
            rollback_count: u32::try_from(state.rollback_count).unwrap_or(u32::MAX),
            rollback_reason: state.rollback_reason,
            pressure_permille: (window.pressure() * 1000.0).round() as u16,
        }
    }

    /// Bits 0–1 mode, 2–3 shadow mode, 4–7 reason, 8 rollback, 9–11 rail (0 none), 16–31 pressure, 32–63 count.
    fn pack(self) -> u64 {
        let place = |reason| ShadowReason::ALL.iter().position(|known| *known == reason).unwrap_or(0) as u64;
        let rail = |rail| 1 + Rail::ALL.iter().position(|known| *known == rail).unwrap_or(0) as u64;
        self.mode as u64
            | (self.shadow_mode as u64) << 2
            | place(self.shadow_reason) << 4
            | u64::from(self.rollback) << 8
            | self.rollback_reason.map_or(0, rail) << 9
            | u64::from(self.pressure_permille) << 16
            | u64::from(self.rollback_count) << 32
    }

    fn unpack(bits: u64) -> Snapshot {
        let field = |shift: u32, width: u32| (bits >> shift) & ((1 << width) - 1);
        let mode = |shift| Mode::from_number(field(shift, 2) as u8).unwrap_or(Mode::Safe);
        Snapshot {
            mode: mode(0),
            shadow_mode: mode(2),
            shadow_reason: ShadowReason::ALL
                .get(field(4, 4) as usize)
                .copied()
                .unwrap_or(ShadowReason::WithinLimits),
            rollback: field(8, 1) == 1,
            rollback_reason: (field(9, 3) as usize)
                .checked_sub(1)
                .and_then(|place| Rail::ALL.get(place).copied()),
            pressure_permille: field(16, 16) as u16,
            rollback_count: (bits >> 32) as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn every_snapshot_survives_packing() {
        for mode in Mode::ALL {
            for reason in ShadowReason::ALL {
                for rail in [
                    None,
                    Some(Rail::RuntimeError),
                    Some(Rail::Pressure),
                    Some(Rail::Latency),
                    Some(Rail::Throughput),
                ] {
                    let snapshot = Snapshot {
                        mode,
                        shadow_mode: Mode::Probe,
                        shadow_reason: reason,
                        rollback: rail.is_some(),
                        rollback_count: u32::MAX - 3,
                        rollback_reason: rail,
                        pressure_permille: 1000,
                    };
                    assert_eq!(Snapshot::unpack(snapshot.pack()), snapshot);
                }
            }
        }
    }

    #[test]
    fn failures_reach_the_rails_without_a_full_batch() {
        let governor = Governor::new(Rails::default());
        for _ in 0..2 * 64 {
            governor.record(Sample::failed());
        }
        let snapshot = governor.snapshot();
        assert_eq!(
            (snapshot.mode, snapshot.rollback, snapshot.rollback_count),
            (Mode::Safe, true, 1)
        );
        assert_eq!(snapshot.rollback_reason, Some(Rail::RuntimeError));
    }

    #[test]
    fn no_call_of_any_thread_is_lost_or_counted_twice() {
        let governor = Arc::new(Governor::new(Rails::default()));
        let seen = Arc::new(Mutex::new((0, 0)));
        let sums = Arc::clone(&seen);
        governor.observe(move |window: &Window, _: &Step| {
            let mut sums = sums.lock().unwrap();
            sums.0 += window.calls;
            sums.1 += window.work;
        });
        std::thread::scope(|scope| {
            for _ in 0..7 {
                let governor = Arc::clone(&governor);
                scope.spawn(move || (0..1_000).for_each(|work| governor.record(Sample::native(5, work))));
            }
        });
        governor.flush();
        let open = governor.central().recorder.close();
        let (calls, work) = *seen.lock().unwrap();
        assert_eq!(calls + open.calls, 7_000);
        assert_eq!(work + open.work, 7 * (0..1_000).sum::<u64>());
    }

    #[test]
    fn an_observer_that_panics_is_left_and_calls_go_on() {
        let governor = Governor::new(Rails::default());
        governor.observe(|_: &Window, _: &Step| panic!("an observer"));
        assert!(!governor.observer_panicked());
        (0..128).for_each(|_| governor.record(Sample::failed()));
        assert!(governor.observer_panicked());
        assert_eq!(governor.mode(), Mode::Safe);
        assert_eq!(governor.state().windows, 2);
    }
}
