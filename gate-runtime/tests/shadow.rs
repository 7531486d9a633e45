//! Shadow verification with its thread: what is sampled is compared, dropped or pending, and mismatches reach the rails.

use std::sync::{Arc, Condvar, Mutex, OnceLock};

use gate_runtime::argument::{Buffer, OwnedArg, Role};
use gate_runtime::control::{Control, Mode};
use gate_runtime::observe::{Shadow, ShadowJob, ShadowVerdict};
use gate_runtime::rails::{Governor, Rails};
use gate_runtime::shadow::{Disagreement, Fraction, Verifier, input_digest};
use gate_runtime::window::Sample;
use gate_runtime::{Arg, Contract, CpuFn, DType, Dim, Param, RailReason, Shape, Status, ViewMut};
use support::Door;

static INCREMENT: Contract = Contract::new("increment", &[Param::in_out(DType::U32, &[Dim::Same(0)])]);

fn increment(args: &mut [Arg<'_>]) -> Status {
    let [Arg::InOut(ViewMut::U32(values), _)] = args else {
        return Status::InvalidArgument;
    };
    values.iter_mut().for_each(|value| *value += 1);
    Status::Ok
}

fn args(values: &[u32]) -> Vec<OwnedArg> {
    vec![OwnedArg::Buffer(
        Role::InOut,
        Buffer::U32(values.to_vec()),
        Shape::line(values.len()),
    )]
}

/// What all these calls obey, but where a test names another.
static SWITCH: OnceLock<Arc<Control>> = OnceLock::new();

fn job(cpu: CpuFn, before: &[u32], after: &[u32]) -> ShadowJob {
    ShadowJob {
        contract: &INCREMENT,
        cpu,
        control: Arc::clone(SWITCH.get_or_init(Arc::default)),
        before: args(before),
        after: args(after).into_iter().map(Some).collect(),
    }
}

#[test]
fn the_declared_fraction_is_sampled() {
    let verifier = Verifier::start(Fraction::ALL, 0).expect("a thread");
    assert!(verifier.samples(&INCREMENT, &[]));
    let verifier = Verifier::start(Fraction::NONE, 0).expect("a thread");
    assert!(!verifier.samples(&INCREMENT, &[]));
}

#[test]
fn a_mismatch_is_kept_with_the_digest_of_what_was_there_before() {
    let verifier = Verifier::start(Fraction::ALL, 0).expect("a thread");
    assert_eq!(
        verifier.compare(job(increment, &[1, 2], &[2, 3])),
        ShadowVerdict::Accepted
    );
    assert_eq!(
        verifier.compare(job(increment, &[1, 2], &[2, 4])),
        ShadowVerdict::Accepted,
        "it is compared later"
    );
    verifier.settle();
    let counts = verifier.counts();
    assert_eq!((counts.sampled, counts.matched, counts.mismatched), (2, 1, 1));
    assert_eq!(verifier.silent_mismatches(), 1, "its caller had the output already");
    let [mismatch] = &verifier.mismatches()[..] else {
        panic!("one mismatch")
    };
    assert_eq!((mismatch.kernel, mismatch.comparison), ("increment", 1));
    assert_eq!(mismatch.inputs, input_digest(&args(&[1, 2])));
    assert!(matches!(mismatch.why, Disagreement::Output(difference) if difference.first == 1));
    let shown = mismatch.to_string();
    assert!(
        shown.starts_with("increment: 1 of 2 elements of argument 0 differ, the first at 1: 4.0 where"),
        "{shown}"
    );
}

#[test]
fn a_reference_that_panics_is_contained_and_a_mismatch() {
    fn broken(_: &mut [Arg<'_>]) -> Status {
        panic!("a reference")
    }
    let verifier = Verifier::start(Fraction::ALL, 0).expect("a thread");
    let _ = verifier.compare(job(broken, &[1], &[2]));
    let _ = verifier.compare(job(increment, &[1], &[2]));
    verifier.settle();
    let counts = verifier.counts();
    assert_eq!((counts.matched, counts.mismatched), (1, 1));
    assert_eq!(verifier.mismatches()[0].why, Disagreement::ReferenceFailed);
}

/// Holds every call of the slow reference until it is opened.
static DOOR: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

#[test]
fn a_full_queue_drops_and_counts_and_never_waits() {
    fn slow(args: &mut [Arg<'_>]) -> Status {
        let mut open = DOOR.0.lock().expect("no panic under the lock");
        while !*open {
            open = DOOR.1.wait(open).expect("no panic under the lock");
        }
        drop(open);
        increment(args)
    }
    let verifier = Verifier::start(Fraction::ALL, 0).expect("a thread");
    for _ in 0..100 {
        assert_eq!(verifier.compare(job(slow, &[1], &[2])), ShadowVerdict::Accepted);
    }
    let held = verifier.counts();
    assert_eq!(held.sampled, 100);
    assert_eq!(held.matched, 0);
    assert!(held.pending <= 9, "eight wait and one is compared: {held:?}");
    assert_eq!(held.dropped + held.pending, 100);
    *DOOR.0.lock().expect("no panic under the lock") = true;
    DOOR.1.notify_all();
    verifier.settle();
    let settled = verifier.counts();
    assert_eq!((settled.matched, settled.pending), (held.pending, 0));
    assert_eq!(settled.sampled, settled.matched + settled.dropped);
}

#[test]
fn a_kernel_has_its_own_fraction_and_its_own_places() {
    static OTHER: Contract = Contract::new("other", INCREMENT.params());
    let verifier = Verifier::start(Fraction::NONE, 0).expect("a thread");
    let verifier = verifier.fraction("other", Fraction::ALL);
    assert!(verifier.samples(&OTHER, &[]));
    assert!(!verifier.samples(&INCREMENT, &[]));
    for _ in 0..50 {
        let _ = verifier.compare(job(increment, &[1], &[2]));
        let other = ShadowJob {
            contract: &OTHER,
            ..job(increment, &[1], &[3])
        };
        let _ = verifier.compare(other);
        verifier.settle();
    }
    let (one, other) = (verifier.counts_of("increment"), verifier.counts_of("other"));
    assert_eq!((one.sampled, one.matched, one.mismatched), (50, 50, 0));
    assert_eq!((other.sampled, other.matched, other.mismatched), (50, 0, 50));
    assert_eq!(verifier.counts().sampled, 100);
}

#[test]
fn mismatches_are_a_breach_of_the_rails_of_their_call() {
    let [wrong, healthy] = [(); 2].map(|()| Governor::new(Rails::default()));
    let verifier = Verifier::start(Fraction::ALL, 0).expect("a thread");
    for _ in 0..2 {
        for (governor, native) in [(&wrong, [1]), (&healthy, [2])] {
            let job = ShadowJob {
                control: Arc::clone(governor.control()),
                ..job(increment, &[1], &native)
            };
            let _ = verifier.compare(job);
            verifier.settle();
            (0..64).for_each(|_| governor.record(Sample::native(10, 1)));
        }
    }
    let state = wrong.control().state();
    assert_eq!(
        (state.mode, state.rollback_reason),
        (Mode::Safe, RailReason::OutputMismatch)
    );
    assert_eq!(healthy.control().state().mode, Mode::Native);
}

#[test]
fn the_calls_of_one_kernel_and_tenant_take_no_place_from_others() {
    static DOOR: Door = Door::new();
    static OTHER: Contract = Contract::new("other", INCREMENT.params());
    fn waits(args: &mut [Arg<'_>]) -> Status {
        DOOR.pass();
        increment(args)
    }
    let verifier = Verifier::start(Fraction::ALL, 0).expect("a thread");
    for _ in 0..20 {
        let _ = verifier.compare(job(waits, &[1], &[2]));
    }
    let dropped = verifier.counts().dropped;
    let _ = verifier.compare(ShadowJob {
        contract: &OTHER,
        ..job(increment, &[1], &[2])
    });
    let _ = verifier.compare(ShadowJob {
        control: Arc::default(),
        ..job(increment, &[1], &[2])
    });
    DOOR.open();
    verifier.settle();
    let counts = verifier.counts();
    assert_eq!(counts.dropped, dropped, "another kernel, and another tenant");
    assert!(dropped >= 11, "its places were taken: {dropped}");
    assert_eq!((counts.matched, counts.pending), (22 - dropped, 0));
}
