//! Rails for calls from many threads.

use core::cell::Cell;
use core::fmt;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, PoisonError};

use super::{Action, Baseline, Controller, Phase, Rail, Rails, State, Step};
use crate::contain::contained;
use crate::control::{Control, ControlState, RailReason};
use crate::sync::atomic::{AtomicBool, Ordering};
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
}

/// Rails shared by the threads that call what they guard: a kernel, or the kernels of a tenant.
///
/// What they decide goes to a [`Control`], which dispatch obeys. Recording a call costs an uncontended lock; a thread
/// collects up to 32 calls, at most a quarter of a window, before it hands them to the rails, and each that failed at
/// once. Called from one thread, the same calls give the same steps.
pub struct Governor {
    shards: Box<[Shard]>,
    central: Mutex<Central>,
    control: Arc<Control>,
    probing: AtomicBool,
    /// Calls that a thread collects: a quarter of a window at most.
    batch: usize,
}

static NEXT_THREAD: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static THREAD: Cell<usize> = Cell::new(NEXT_THREAD.fetch_add(1, Ordering::Relaxed));
}

impl Governor {
    /// Rails that start native, turn `control`, and learn their baseline.
    #[must_use]
    pub fn new(rails: Rails, control: Arc<Control>) -> Governor {
        Governor::with_controller(Controller::new(rails), control)
    }

    /// Rails that compare with a baseline measured elsewhere.
    #[must_use]
    pub fn with_baseline(rails: Rails, baseline: Baseline, control: Arc<Control>) -> Governor {
        Governor::with_controller(Controller::with_baseline(rails, baseline), control)
    }

    fn with_controller(controller: Controller, control: Arc<Control>) -> Governor {
        let threads = std::thread::available_parallelism().map_or(4, usize::from);
        let shards = threads.next_power_of_two().clamp(1, 64);
        let empty = || {
            Shard(Mutex::new(Batch {
                filled: 0,
                samples: [Sample::reference(); BATCH],
            }))
        };
        let window_calls = controller.rails().settings().window_calls;
        let recorder = Recorder::new(window_calls);
        control.update(|now| if now.is_held() { now } else { ControlState::INITIAL });
        Governor {
            shards: (0..shards).map(|_| empty()).collect(),
            central: Mutex::new(Central {
                recorder,
                controller,
                observer: None,
                observer_panicked: false,
                rollback_reason: RailReason::None,
            }),
            control,
            probing: AtomicBool::new(false),
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

    /// Whether each native call has to be compared with the reference before its caller gets it.
    #[must_use]
    pub fn is_probing(&self) -> bool {
        self.probing.load(Ordering::Relaxed)
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
        if batch.filled >= self.batch || urgent {
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
        let central = &mut *central;
        for sample in batch.samples.iter().take(batch.filled) {
            let Some(window) = central.recorder.record(sample) else {
                continue;
            };
            let step = central.controller.step(&window);
            central.publish(&window, &step, &self.control);
            self.probing.store(step.phase == Phase::Probe, Ordering::Relaxed);
            let told = central
                .observer
                .as_mut()
                .map(|observer| contained(|| observer.window(&window, &step)));
            if told == Some(None) {
                let observer = central.observer.take();
                let _ = contained(|| drop(observer));
                central.observer_panicked = true;
            }
        }
        batch.filled = 0;
    }

    fn central(&self) -> MutexGuard<'_, Central> {
        self.central.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Central {
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
    use super::*;
    use crate::control::Mode;

    fn governor() -> Governor {
        Governor::new(Rails::default(), Arc::default())
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
    }
}
