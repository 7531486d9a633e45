//! Models of what several threads share, explored by [loom](https://docs.rs/loom): each is run in every order in which its
//! threads can take turns, with at most as many preemptions as `LOOM_MAX_PREEMPTIONS` says. The package in `models` compiles
//! this crate with loom's locks and atomics, and runs them.

use std::sync::Arc;

use loom::thread;

use crate::control::{Control, ControlState, Mode};
use crate::dispatch::{Backend, Dispatch, Outcome, Outputs, Trace};
use crate::executor::{Executor, Load, TenantConfig};
use crate::journal::{Record, Ring};
use crate::rails::{Governor, Rails, Settings};
use crate::reload::Slot;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::window::Sample;

/// Preemptions where the environment names no number: more find little and take long.
const PREEMPTIONS: usize = 3;

/// Orders that each model has at least.
const ORDERS: usize = 20;

/// Runs a model in all orders. loom remembers only the last access to an atomic when it looks for orders to try: threads that read
/// what they then write must not be the ones to be overtaken, or few orders are tried. So their number is held to [`ORDERS`].
///
/// A model that ends in `None` has failed: a thread of it panicked, or what it is about could not be made.
fn explore(model: impl Fn() -> Option<()> + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(PREEMPTIONS));
    let orders = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&orders);
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        assert!(model().is_some(), "a thread panicked, or something could not be made");
    });
    let orders = orders.load(Ordering::Relaxed);
    assert!(orders >= ORDERS, "only {orders} orders were tried");
}

fn record(call: u64) -> Record {
    let dispatch = Dispatch {
        outcome: Outcome::Native,
        backend: Backend::Cpu,
        outputs: Outputs::Complete,
        latency_ns: call,
        trace: Trace::default(),
        violation: None,
    };
    Record::new((1, 0), call, call, call, 0, &dispatch)
}

/// The queue of the decision log: while a thread hands records over and another takes them, each comes out whole, in order
/// and once, or its writer knows that there was no room.
pub fn records_come_out_whole_in_order_and_once() {
    explore(|| {
        let ring = Arc::new(Ring::new(2));
        let reader = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || [take(&ring), take(&ring)])
        };
        let written: Vec<u64> = (1..=3).filter(|call| ring.push(&record(*call)).is_some()).collect();
        let mut taken: Vec<u64> = reader.join().ok()?.into_iter().flatten().collect();
        taken.extend(std::iter::from_fn(|| take(&ring)));
        assert!(written.len() >= 2 && ring.is_empty());
        assert_eq!(taken, written);
        Some(())
    });
}

/// The number of the oldest record, if there is one: all of its words have it.
fn take(ring: &Ring) -> Option<u64> {
    let entry = ring.pop()?.entry();
    assert!(entry.is_some(), "a record that was written");
    let entry = entry?;
    assert_eq!([entry.started, entry.fingerprint, entry.latency_ns], [entry.call; 3]);
    Some(entry.call)
}

/// The switch: two threads change it at once, neither change is lost, and a reader sees no state that nobody set.
pub fn changes_of_the_switch_are_not_lost_and_not_torn() {
    explore(|| {
        let control = Arc::new(Control::default());
        let turn = |state: ControlState| ControlState {
            mode: if state.rollback_count % 2 == 0 {
                Mode::Safe
            } else {
                Mode::Native
            },
            rollback_count: state.rollback_count + 1,
            ..state
        };
        let threads = [(); 2].map(|()| {
            let control = Arc::clone(&control);
            thread::spawn(move || control.update(turn).rollback_count)
        });
        let seen = control.state();
        assert_eq!(seen.mode == Mode::Safe, seen.rollback_count % 2 == 1);
        let mut counts = threads.map(|thread| thread.join().ok());
        counts.sort_unstable();
        assert_eq!(counts, [Some(1), Some(2)]);
        assert_eq!(control.state().rollback_count, 2);
        Some(())
    });
}

/// Rails: calls of two threads, all failed, roll back exactly once, and none is counted twice or lost.
pub fn failures_of_two_threads_roll_back_once() {
    explore(|| {
        let settings = Settings {
            window_calls: 20,
            min_samples: 20,
            consecutive: 1,
            ..Settings::default()
        };
        let rails = Rails::new(settings).ok()?;
        let governor = Arc::new(Governor::new(rails));
        (0..18).for_each(|_| governor.record(Sample::failed()));
        let threads = [(); 2].map(|()| {
            let governor = Arc::clone(&governor);
            thread::spawn(move || governor.record(Sample::failed()))
        });
        let early = governor.control().state();
        assert_eq!(early.mode == Mode::Safe, early.rollback_count == 1);
        for thread in threads {
            thread.join().ok()?;
        }
        let state = governor.control().state();
        assert_eq!((state.mode, state.rollback_count), (Mode::Safe, 1));
        assert_eq!(governor.state().windows, 1);
        Some(())
    });
}

/// Reload: two replacements and one that is refused, at once with a reader, who sees a module with its own number.
pub fn reloads_come_one_after_the_other() {
    explore(|| {
        let slot = Arc::new(Slot::new(1_u64));
        let next = |present: &u64| Ok::<_, &str>(*present + 1);
        let loader = {
            let slot = Arc::clone(&slot);
            thread::spawn(move || {
                assert!(slot.reload(|_| Err::<u64, _>("refused")).is_err());
                slot.reload(next).ok()
            })
        };
        let reader = {
            let slot = Arc::clone(&slot);
            thread::spawn(move || {
                let seen = slot.current();
                assert_eq!(**seen, seen.generation());
            })
        };
        let mut numbers = [slot.reload(next).ok()?, loader.join().ok()??];
        reader.join().ok()?;
        numbers.sort_unstable();
        assert_eq!((numbers, **slot.current(), slot.kept()), ([2, 3], 3, 1));
        Some(())
    });
}

/// Executor: a job is submitted while another thread closes the door and drains. What was accepted runs once and has an
/// answer; what was not comes back.
pub fn a_drain_loses_nothing_and_runs_nothing_twice() {
    explore(|| {
        let ran = Arc::new(AtomicUsize::new(0));
        let mut builder = Executor::builder(1);
        let tenant = builder.tenant(TenantConfig::new("one")).ok()?;
        let executor = Arc::new(builder.build().ok()?);
        let job = |ran: &Arc<AtomicUsize>| {
            let ran = Arc::clone(ran);
            move |_: crate::executor::Context<'_>| ran.fetch_add(1, Ordering::SeqCst)
        };
        let first = executor.submit(tenant, Load::cost(1), job(&ran)).ok()?;
        let other = {
            let (executor, job) = (Arc::clone(&executor), job(&ran));
            thread::spawn(move || executor.submit(tenant, Load::cost(1), job).ok())
        };
        executor.close();
        let second = other.join().ok()?;
        let executor = Arc::into_inner(executor)?;
        let report = executor.drain();
        let accepted = 1 + usize::from(second.is_some());
        assert!(report.is_complete());
        assert_eq!(report.tenants.get(tenant.index())?.counters.accepted, accepted as u64);
        assert_eq!(ran.load(Ordering::SeqCst), accepted);
        assert!(first.wait().is_ok());
        assert!(second.is_none_or(|ticket| ticket.wait().is_ok()));
        Some(())
    });
}
