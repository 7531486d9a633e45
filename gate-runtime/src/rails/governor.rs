//! Rails for calls from many threads.

use core::cell::Cell;
use core::fmt;
// The clock is not part of what the models explore.
use std::sync::atomic::{AtomicU64 as Clock, AtomicUsize};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::{Action, Baseline, Controller, Rail, Rails, State, Step};
use crate::contain::contained;
use crate::control::{Control, ControlState, Mode, RailReason};
use crate::sync::atomic::Ordering;
use crate::sync::{Mutex, MutexGuard};
use crate::window::{Outcome, Pressure, Recorder, Sample, Window};

/// Told about each window when it is closed, for example to write it down for a replay.
pub trait WindowObserver: Send {
    /// A window was closed and judged. It is called while the rails are locked, on the thread whose call filled the
    /// window: it should be short, and must not call back into its governor. If it panics, it is told nothing more.
    fn window(&mut self, window: &Window, step: &Step);
}

impl<F: FnMut(&Window, &Step) + Send> WindowObserver for F {
    fn window(&mut self, window: &Window, step: &Step) {
        self(window, step);
    }
}

/// Most calls that a thread collects before it locks the rails.
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
    observer: Option<Box<dyn WindowObserver>>,
    observer_panicked: bool,
    rollback_reason: RailReason,
    /// An operator has re-armed the rails since the latest window.
    rearmed: bool,
}

/// Rails shared by the threads that call what they guard: one kernel, of one tenant where there are several. See
/// [`KernelRails`](super::KernelRails).
///
/// What they decide goes to their [`Control`], which dispatch obeys. Recording a call costs an uncontended lock; a thread
/// collects up to 32 calls, at most a quarter of a window, before it hands them to the rails, and each that failed at
/// once. A window that has been open for `window_ms` is closed by the next call. Called from one thread that does not pause
/// for so long, the same calls give the same steps.
pub struct Governor {
    shards: Box<[Shard]>,
    central: Mutex<Central>,
    control: Arc<Control>,
    epoch: Instant,
    window_ns: u64,
    /// When the open window is due, in nanoseconds since `epoch`.
    due: Clock,
    /// Calls that a thread collects: a quarter of a window at most.
    batch: usize,
}

static NEXT_THREAD: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static THREAD: Cell<usize> = Cell::new(NEXT_THREAD.fetch_add(1, Ordering::Relaxed));
}

impl Governor {
    /// Rails that start native and learn their baseline.
    #[must_use]
    pub fn new(rails: Rails) -> Governor {
        Governor::with_controller(Controller::new(rails))
    }

    /// Rails that compare with a baseline measured elsewhere.
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
        let settings = controller.rails().settings();
        let (window_calls, window_ns) = (settings.window_calls, u64::from(settings.window_ms) * 1_000_000);
        let recorder = Recorder::new(window_calls);
        Governor {
            shards: (0..shards).map(|_| empty()).collect(),
            central: Mutex::new(Central {
                recorder,
                controller,
                observer: None,
                observer_panicked: false,
                rollback_reason: RailReason::None,
                rearmed: false,
            }),
            control: Arc::default(),
            epoch: Instant::now(),
            window_ns,
            due: Clock::new(window_ns),
            batch: (window_calls as usize / 4).clamp(1, BATCH),
        }
    }

    /// Tells `observer` about each window from now on, in place of the one before.
    pub fn observe(&self, observer: impl WindowObserver + 'static) {
        self.central().observer = Some(Box::new(observer));
    }

    /// Whether an observer panicked. It is told nothing any more; calls and rails go on.
    #[must_use]
    pub fn observer_panicked(&self) -> bool {
        self.central().observer_panicked
    }

    /// What the rails turn.
    #[must_use]
    pub fn control(&self) -> &Arc<Control> {
        &self.control
    }

    /// Whether each native output has to be compared with the reference before its caller gets it. Dispatch does so on its own.
    #[must_use]
    pub fn is_probing(&self) -> bool {
        self.control.state().mode == Mode::Probe
    }

    /// An operator tries the native backend again: from safe to probe, whatever dwell, cooldown, back-off and `auto_switch`
    /// say. It also ends the hold of an operator on the [`Control`]. Outputs are compared as in every probe, and enough that
    /// agree lead back to native. Returns whether anything changed.
    pub fn rearm(&self) -> bool {
        let mut central = self.central();
        let changed = central.controller.rearm();
        let held = self.control.state().is_held();
        if changed || held {
            central.rearmed = true;
            let phase = central.controller.state().phase;
            self.control.update(|now| ControlState {
                mode: phase.mode(),
                shadow_mode: phase.mode(),
                shadow_reason: RailReason::Operator,
                ..now
            });
        }
        changed || held
    }

    /// Everything the rails remember.
    #[must_use]
    pub fn state(&self) -> State {
        self.central().controller.state().clone()
    }

    /// Counts a call that ended now.
    pub fn record(&self, sample: Sample) {
        self.record_at(sample, Instant::now());
    }

    pub(super) fn record_at(&self, sample: Sample, ended: Instant) {
        let now = ended.saturating_duration_since(self.epoch).as_nanos() as u64;
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
        if batch.filled >= self.batch || urgent {
            self.hand_over(&mut batch, now);
        }
        drop(batch);
        if now >= self.due.load(Ordering::Relaxed) {
            self.close_due(now);
        }
    }

    /// Counts a comparison of a native output with the reference.
    pub fn compared(&self, matched: bool) {
        self.control.compared(matched);
    }

    /// Hands over what threads have collected. Windows that are not full stay open.
    pub fn flush(&self) {
        let now = self.epoch.elapsed().as_nanos() as u64;
        self.collect(now);
    }

    fn collect(&self, now: u64) {
        for shard in &self.shards {
            let mut batch = shard.0.lock().unwrap_or_else(PoisonError::into_inner);
            self.hand_over(&mut batch, now);
        }
    }

    /// Closes the open window because of its age.
    #[cold]
    fn close_due(&self, now: u64) {
        self.collect(now);
        let mut central = self.central();
        // Another thread may have been faster, or the collected calls have filled the window.
        if now < self.due.load(Ordering::Relaxed) {
            return;
        }
        self.due.store(now.saturating_add(self.window_ns), Ordering::Relaxed);
        if central.recorder.pending() > 0 {
            let window = central.recorder.close();
            central.judge(&window, &self.control);
        }
    }

    fn hand_over(&self, batch: &mut Batch, now: u64) {
        let mut central = self.central();
        let central = &mut *central;
        let (agreed, differed) = self.control.fetch_compared();
        central.recorder.compared(agreed, differed);
        for sample in batch.samples.iter().take(batch.filled) {
            if let Some(window) = central.recorder.record(sample) {
                self.due.store(now.saturating_add(self.window_ns), Ordering::Relaxed);
                central.judge(&window, &self.control);
            }
        }
        batch.filled = 0;
    }

    fn central(&self) -> MutexGuard<'_, Central> {
        self.central.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Central {
    fn judge(&mut self, window: &Window, control: &Control) {
        let mut step = self.controller.step(window);
        step.rearmed = std::mem::take(&mut self.rearmed);
        self.publish(window, &step, control);
        let told = self
            .observer
            .as_mut()
            .map(|observer| contained(|| observer.window(window, &step)));
        if told == Some(None) {
            let observer = self.observer.take();
            let _ = contained(|| drop(observer));
            self.observer_panicked = true;
        }
    }

    fn publish(&mut self, window: &Window, step: &Step, control: &Control) {
        // One rail watches failures and wrong outputs; records tell them apart.
        let settings = self.controller.rails().settings();
        let only_wrong = window.errors < u64::from(settings.error_events);
        let named = |reason| match reason {
            RailReason::RuntimeError if only_wrong => RailReason::OutputMismatch,
            reason => reason,
        };
        if let Action::RolledBack(rail) = step.action {
            self.rollback_reason = named(Rail::into(rail));
        }
        let decided = ControlState {
            mode: step.phase.mode(),
            shadow_mode: step.shadow.phase.mode(),
            shadow_reason: named(step.shadow.reason),
            rollback_reason: self.rollback_reason,
            rollback_count: u32::try_from(step.rollback_count).unwrap_or(u32::MAX),
            pressure_permille: (window.pressure() * 1000.0).round() as u16,
        };
        control.update(|now| {
            if now.is_held() {
                ControlState {
                    mode: now.mode,
                    rollback_reason: now.rollback_reason,
                    ..decided
                }
            } else {
                decided
            }
        });
    }
}

impl fmt::Debug for Governor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.control.state();
        f.debug_struct("Governor")
            .field("state", &state)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn governor() -> Governor {
        Governor::new(Rails::default())
    }

    #[test]
    fn failures_reach_the_rails_without_a_full_batch() {
        let governor = governor();
        for _ in 0..2 * 64 {
            governor.record(Sample::failed());
        }
        let state = governor.control().state();
        assert_eq!((state.mode, state.rollback_count), (Mode::Safe, 1));
        assert_eq!(state.rollback_reason, RailReason::RuntimeError);
        assert_eq!(
            (state.shadow_mode, state.shadow_reason),
            (Mode::Safe, RailReason::RuntimeError)
        );
    }

    #[test]
    fn wrong_outputs_are_named_as_such() {
        let governor = governor();
        for _ in 0..2 {
            governor.compared(false);
            (0..64).for_each(|_| governor.record(Sample::native(5, 1)));
        }
        let state = governor.control().state();
        assert_eq!(
            (state.mode, state.rollback_reason),
            (Mode::Safe, RailReason::OutputMismatch)
        );
    }

    #[test]
    fn no_call_of_any_thread_is_lost_or_counted_twice() {
        let governor = Arc::new(governor());
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
        let governor = governor();
        governor.observe(|_: &Window, _: &Step| panic!("an observer"));
        assert!(!governor.observer_panicked());
        (0..128).for_each(|_| governor.record(Sample::failed()));
        assert!(governor.observer_panicked());
        assert_eq!(governor.control().state().mode, Mode::Safe);
        assert_eq!(governor.state().windows, 2);
    }

    #[test]
    fn an_observer_cannot_panic_its_way_out() {
        struct Observer(crate::contain::Bomb);
        impl WindowObserver for Observer {
            fn window(&mut self, _: &Window, _: &Step) {
                std::panic::panic_any(crate::contain::Bomb);
            }
        }
        let governor = governor();
        governor.observe(Observer(crate::contain::Bomb));
        (0..128).for_each(|_| governor.record(Sample::failed()));
        assert_eq!(governor.state().windows, 2);
    }

    #[test]
    fn what_an_operator_asked_for_holds_until_the_operator_takes_it_back() {
        let governor = governor();
        let operator = ControlState {
            mode: Mode::Safe,
            rollback_reason: RailReason::Operator,
            ..ControlState::INITIAL
        };
        governor.control().set(operator);
        let window = || (0..64).for_each(|_| governor.record(Sample::reference()));
        window();
        let state = governor.control().state();
        assert_eq!((state.mode, state.rollback_reason), (Mode::Safe, RailReason::Operator));
        // What rails find meanwhile is recorded.
        assert_eq!(state.shadow_mode, Mode::Native);
        governor.control().set(ControlState::INITIAL);
        window();
        assert_eq!(governor.control().state().mode, Mode::Native);
        governor.control().set(operator);
        assert!(governor.rearm());
        assert_eq!(
            governor.control().state().mode,
            Mode::Native,
            "the rails had no objection"
        );
        assert!(!governor.rearm(), "there is nothing to end");
    }

    #[test]
    fn a_rare_call_closes_the_window_that_is_due() {
        let governor = governor();
        let (start, minute) = (governor.epoch, Duration::from_secs(60));
        for call in 0..3_u32 {
            governor.record_at(Sample::failed(), start + call * minute);
        }
        assert_eq!(governor.state().windows, 2, "three calls in three minutes");
        assert_eq!(governor.control().state().rollback_reason, RailReason::RuntimeError);
        let busy = Governor::new(Rails::default());
        (0..63).for_each(|_| busy.record_at(Sample::native(5, 1), busy.epoch));
        busy.flush();
        assert_eq!(busy.state().windows, 0, "neither full nor due");
        // The call that fills a window begins the time of the next one.
        busy.record_at(Sample::failed(), busy.epoch + minute / 2);
        assert_eq!(busy.state().windows, 1, "full");
        busy.record_at(Sample::failed(), busy.epoch + minute);
        assert_eq!(busy.state().windows, 1, "open for half a minute");
        busy.record_at(Sample::failed(), busy.epoch + minute * 3 / 2);
        assert_eq!(busy.state().windows, 2, "open for a minute");
    }
}
