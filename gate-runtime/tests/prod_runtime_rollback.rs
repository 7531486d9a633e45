//! Production suite: sustained faults roll a kernel back to the safe mode, visibly, and it finds its way back. Runs on a
//! simulated device, through the same dispatch that a real one has.

use std::sync::Arc;

use gate_runtime::backend::cuda::{DriverError, SimulatedDriver, Step};
use gate_runtime::executor::{Context, Executor, Load, TenantConfig};
use gate_runtime::rails::{Governor, KernelRails, Phase, Rails, Settings};
use gate_runtime::runtime::Builder;
use gate_runtime::shadow::{Fraction, Verifier};
use gate_runtime::{
    Backend, Contract, EntryImage, Faults, Kernel, KernelSpec, Mode, Outcome, PtxImage, RailReason, Reason, Runtime,
    Status,
};
use support::{AXPY, DONE, Memory, axpy, axpy_spec, call, image, leak, logged, module, variant, variants};

/// Windows of 20 calls, the shortest that have a p95.
fn settings() -> Settings {
    Settings {
        window_calls: 20,
        min_samples: 20,
        dwell: 1,
        cooldown: 0,
        probe_calls: 20,
        backoff: 0,
        ..Settings::default()
    }
}

/// Latencies of a simulated device say nothing.
fn strict() -> Settings {
    Settings {
        strict: true,
        ..settings()
    }
}

/// `CUDA_ERROR_INVALID_VALUE`, which loses no device.
const REFUSED: DriverError = DriverError(1);

struct Setup {
    runtime: Runtime,
    axpy: Kernel,
    rails: Arc<Governor>,
    verifier: Arc<Verifier>,
    driver: SimulatedDriver,
    log: Memory,
}

fn setup(settings: Settings, fraction: Fraction) -> Setup {
    let rails = Rails::new(settings).expect("settings in range");
    let kernels = KernelRails::new(rails);
    let governor = kernels.governor("axpy_f32");
    let verifier = Arc::new(Verifier::start(fraction, 1).expect("a thread"));
    let driver = SimulatedDriver::new();
    let opened = driver.clone();
    let (builder, log) = logged();
    let builder = builder.driver(move || opened.open()).shadow(verifier.clone());
    let runtime = builder.build().expect("the configuration is valid");
    let axpy = kernels.guard(&runtime.register(axpy_spec()).expect("the kernel is valid"));
    Setup {
        runtime,
        axpy,
        rails: governor,
        verifier,
        driver,
        log,
    }
}

/// A window of calls that all succeed.
fn window(kernel: &Kernel) -> Reason {
    let mut last = None;
    for _ in 0..20 {
        let (dispatch, y) = call(kernel);
        assert_eq!((dispatch.status(), y), (Status::Ok, DONE));
        last = Some(dispatch.outcome.reason());
    }
    last.expect("a window has calls")
}

fn broken(setup: &Setup, windows: u32) {
    setup.driver.fail(Step::Launch, REFUSED, 0, 20 * windows);
    (0..windows).for_each(|_| assert_eq!(window(&setup.axpy), Reason::NativeFailedFallback));
}

#[test]
fn sustained_errors_roll_back_and_say_so() {
    for settings in [
        strict(),
        Settings {
            auto_switch: false,
            hard_rollback: false,
            ..strict()
        },
        Settings {
            hard_rollback: false,
            strict: false,
            ..settings()
        },
    ] {
        let setup = setup(settings, Fraction::NONE);
        broken(&setup, 1);
        window(&setup.axpy);
        broken(&setup, 1);
        assert_eq!(setup.rails.control().state().rollback_count, 0, "once is no pattern");
        broken(&setup, 1);
        let state = setup.rails.control().state();
        assert_eq!((state.mode, state.rollback_count), (Mode::Safe, 1));
        assert_eq!(state.rollback_reason, RailReason::RuntimeError);
        let launches = setup.driver.launches();
        let (dispatch, y) = call(&setup.axpy);
        assert_eq!(
            (dispatch.outcome.reason(), dispatch.backend, y),
            (Reason::SafeMode, Backend::Cpu, DONE)
        );
        assert_eq!(setup.driver.launches(), launches, "safe mode leaves the device alone");
        setup.runtime.flush().expect("memory can be written");
        let decisions = setup.log.decisions();
        let last = decisions.last().expect("every call is logged");
        assert_eq!(
            (
                last.control.mode,
                last.control.rollback_reason,
                last.control.rollback_count
            ),
            (Mode::Safe, RailReason::RuntimeError, 1)
        );
    }
}

#[test]
fn forced_errors_roll_back_as_well() {
    let setup = setup(strict(), Fraction::NONE);
    let mut faults = Faults::NONE;
    faults.force_error = true;
    setup.runtime.inject(&faults);
    for _ in 0..40 {
        assert_eq!(call(&setup.axpy).0.status(), Status::RuntimeFailed);
    }
    // Safe mode asks nothing of the native backend, so nothing is forced to fail there.
    assert_eq!(call(&setup.axpy).0.status(), Status::Ok);
    assert_eq!(setup.rails.control().state().rollback_reason, RailReason::RuntimeError);
}

#[test]
fn the_way_back_is_compared_call_by_call() {
    let setup = setup(strict(), Fraction::NONE);
    broken(&setup, 2);
    assert_eq!(setup.rails.state().phase, Phase::Safe);
    assert_eq!(window(&setup.axpy), Reason::SafeMode);
    assert_eq!(setup.rails.state().phase, Phase::Probe);
    // The device computes wrong numbers now. No caller sees one.
    setup.driver.fail(Step::WrongOutput, REFUSED, 0, 20);
    window(&setup.axpy);
    assert_eq!(
        (setup.rails.state().phase, setup.rails.state().rollback_count),
        (Phase::Safe, 2)
    );
    assert_eq!(
        setup.rails.control().state().rollback_reason,
        RailReason::OutputMismatch
    );
    assert_eq!(setup.verifier.counts().silent, 0);
    // And right ones then.
    window(&setup.axpy);
    assert_eq!(window(&setup.axpy), Reason::Native);
    assert_eq!(setup.rails.state().phase, Phase::Native);
    assert_eq!(setup.verifier.counts().matched, 20);
}

#[test]
fn wrong_outputs_are_found_behind_the_caller_and_roll_back() {
    let setup = setup(strict(), Fraction::ALL);
    setup.driver.fail(Step::WrongOutput, REFUSED, 0, 40);
    for _ in 0..2 {
        for _ in 0..20 {
            let (dispatch, y) = call(&setup.axpy);
            assert_eq!((dispatch.outcome, y != DONE), (Outcome::Native, true));
            setup.verifier.settle();
        }
    }
    let state = setup.rails.control().state();
    assert_eq!(
        (state.mode, state.rollback_reason),
        (Mode::Safe, RailReason::OutputMismatch)
    );
    assert_eq!(setup.verifier.counts().silent, 40);
    assert_eq!(setup.runtime.stats().silent_mismatch_count, 40);
    let mismatches = setup.verifier.mismatches();
    assert_eq!(mismatches.len(), 40);
    assert!(
        mismatches
            .iter()
            .all(|mismatch| mismatch.inputs == mismatches[0].inputs),
        "the same inputs every time"
    );
    window(&setup.axpy);
}

#[test]
fn memory_pressure_rolls_back() {
    let setup = setup(strict(), Fraction::NONE);
    setup.driver.limit_memory(8);
    (0..2).for_each(|_| {
        window(&setup.axpy);
    });
    let state = setup.rails.control().state();
    // A refused allocation is a failed call as well, and errors take precedence.
    assert_eq!(
        (state.mode, state.rollback_reason),
        (Mode::Safe, RailReason::RuntimeError)
    );
    assert_eq!(state.pressure_permille, 1000);
}

#[test]
fn the_same_calls_and_faults_give_the_same_decisions() {
    let trace = || {
        let setup = setup(strict(), Fraction::new(0.5).expect("a share"));
        broken(&setup, 2);
        (0..4).for_each(|_| {
            window(&setup.axpy);
        });
        broken(&setup, 2);
        window(&setup.axpy);
        setup.runtime.flush().expect("memory can be written");
        let decisions = setup.log.decisions();
        let seen = decisions.iter().map(|d| (d.outcome, d.control));
        seen.collect::<Vec<_>>()
    };
    let first = trace();
    assert!(
        first.iter().any(|decision| decision.1.rollback_count == 2),
        "the drill rolls back twice"
    );
    for _ in 0..4 {
        assert_eq!(trace(), first);
    }
}

#[test]
fn a_rollback_of_one_tenant_is_not_felt_by_another() {
    let driver = SimulatedDriver::new();
    let opened = driver.clone();
    let runtime = Runtime::builder()
        .driver(move || opened.open())
        .build()
        .expect("the configuration is valid");
    let axpy = runtime.register(axpy_spec()).expect("the kernel is valid");
    let mut builder = Executor::builder(1);
    let rails = || KernelRails::new(Rails::new(strict()).expect("settings in range"));
    let noisy = builder
        .tenant_with_rails(TenantConfig::new("noisy"), rails())
        .expect("a tenant");
    let quiet = builder
        .tenant_with_rails(TenantConfig::new("quiet"), rails())
        .expect("a tenant");
    let executor = builder.build().expect("an executor");
    let run = |tenant, times: usize| {
        let tickets: Vec<_> = (0..times)
            .map(|_| {
                let axpy = axpy.clone();
                let job = executor.submit(tenant, Load::cost(1), move |context| {
                    let mut y = [10.0_f32, 20.0, 30.0];
                    let mut args = [
                        gate_runtime::Arg::scalar(2.0_f32),
                        gate_runtime::Arg::input(&[1.0_f32, 2.0, 3.0]),
                        gate_runtime::Arg::in_out(&mut y),
                    ];
                    (context.launch(&axpy, &mut args).outcome.reason(), y)
                });
                job.expect("a place")
            })
            .collect();
        tickets
            .into_iter()
            .map(|ticket| ticket.wait().expect("a result"))
            .collect::<Vec<_>>()
    };
    run(quiet, 20);
    let state = || executor.rails(quiet).expect("a tenant").governor("axpy_f32").state();
    let before = state();
    driver.fail(Step::Launch, REFUSED, 0, 40);
    let failed = run(noisy, 40);
    assert!(
        failed
            .iter()
            .all(|result| *result == (Reason::NativeFailedFallback, DONE))
    );
    assert_eq!(run(noisy, 1), [(Reason::SafeMode, DONE)]);
    assert_eq!(state(), before);
    assert_eq!(run(quiet, 1), [(Reason::Native, DONE)]);
    assert!(executor.drain().is_complete());
}

/// Two kernels on a device that computes one of them wrong, always.
struct Pair {
    driver: SimulatedDriver,
    wrong: Kernel,
    healthy: Kernel,
    rails: KernelRails,
    _runtime: Runtime,
}

fn pair(configure: impl FnOnce(Builder) -> Builder) -> Pair {
    let driver = SimulatedDriver::new();
    let opened = driver.clone();
    let builder = configure(Runtime::builder().driver(move || opened.open()));
    let runtime = builder.build().expect("the configuration is valid");
    static OTHER: Contract = Contract::new("other_f32", AXPY.params());
    let wrong = runtime.register(axpy_spec()).expect("the kernel is valid");
    let healthy = {
        let text = leak(support::text(80, (8, 0)).replace("axpy_f32", "other_f32"));
        let image = PtxImage {
            ptx: text.as_bytes(),
            sha256: support::sha256(text.as_bytes()),
            entries: leak([
                EntryImage {
                    name: "other_f32",
                    params: support::AXPY_PARAMS,
                },
                EntryImage {
                    name: "scale_f32",
                    params: support::SCALE_PARAMS,
                },
            ])
            .as_slice(),
            ..image(80, (8, 0))
        };
        let spec = KernelSpec {
            contract: &OTHER,
            cpu: axpy,
            variants: variants(vec![variant(module(vec![image]), "other_f32", 1)]),
        };
        runtime.register(spec).expect("the kernel is valid")
    };
    driver.set_wrong("axpy_f32", true);
    let rails = KernelRails::new(Rails::new(strict()).expect("settings in range"));
    Pair {
        driver,
        wrong: rails.guard(&wrong),
        healthy: rails.guard(&healthy),
        rails,
        _runtime: runtime,
    }
}

#[test]
fn of_two_kernels_under_shadow_the_wrong_one_is_rolled_back() {
    let verifier = Arc::new(Verifier::start(Fraction::ALL, 0).expect("a thread"));
    let pair = pair(|builder| builder.shadow(verifier.clone()));
    let mut native = [0, 0];
    for _ in 0..512 {
        for (kernel, native) in [&pair.wrong, &pair.healthy].into_iter().zip(&mut native) {
            *native += usize::from(call(kernel).0.outcome == Outcome::Native);
            verifier.settle();
        }
    }
    assert_eq!(native[0], 40, "two windows of 20 calls, and no probe was served");
    assert_eq!(native[1], 512, "the healthy kernel is not rolled back");
    let state = |kernel| pair.rails.governor(kernel).control().state();
    assert_eq!(state("axpy_f32").rollback_reason, RailReason::OutputMismatch);
    assert!(state("axpy_f32").rollback_count > 1, "its probes fail");
    assert_eq!(
        (state("other_f32").mode, state("other_f32").rollback_count),
        (Mode::Native, 0)
    );
    assert_eq!(verifier.counts_of("other_f32").mismatched, 0);
    assert_eq!(verifier.counts_of("axpy_f32").matched, 0);
}

#[test]
fn without_a_verifier_no_probe_is_served_uncompared() {
    let pair = pair(|builder| builder);
    // Only failures are found without a shadow; then the device computes wrong numbers.
    pair.driver.set_wrong("axpy_f32", false);
    pair.driver.fail(Step::Launch, REFUSED, 0, 40);
    for _ in 0..40 {
        assert_eq!(call(&pair.wrong).1, DONE);
    }
    assert_eq!(pair.rails.governor("axpy_f32").state().phase, Phase::Safe);
    pair.driver.set_wrong("axpy_f32", true);
    let mut probes = 0;
    for _ in 0..2_000 {
        let (dispatch, y) = call(&pair.wrong);
        assert_eq!(y, DONE, "{}", dispatch.outcome);
        probes += usize::from(dispatch.trace.compared);
    }
    assert!(probes > 100, "the way back was tried: {probes}");
    pair.driver.set_wrong("axpy_f32", false);
    for _ in 0..60 {
        assert_eq!(call(&pair.wrong).1, DONE);
    }
    assert_eq!(pair.rails.governor("axpy_f32").state().phase, Phase::Native);
}

#[test]
fn of_two_kernels_of_a_tenant_the_failing_one_is_rolled_back() {
    let pair = pair(|builder| builder);
    pair.driver.set_wrong("axpy_f32", false);
    let mut builder = Executor::builder(1);
    let rails = KernelRails::new(Rails::new(strict()).expect("settings in range"));
    let tenant = builder
        .tenant_with_rails(TenantConfig::new("tenant"), rails)
        .expect("a tenant");
    let executor = builder.build().expect("an executor");
    let run = |kernel: &Kernel| {
        let kernel = kernel.clone();
        let job = move |context: Context<'_>| {
            let mut y = [10.0_f32, 20.0, 30.0];
            let mut args = [
                gate_runtime::Arg::scalar(2.0_f32),
                gate_runtime::Arg::input(&[1.0_f32, 2.0, 3.0]),
                gate_runtime::Arg::in_out(&mut y),
            ];
            (context.launch(&kernel, &mut args), y)
        };
        let ticket = executor.submit(tenant, Load::cost(1), job).expect("a place");
        ticket.wait().expect("a result")
    };
    for _ in 0..40 {
        pair.driver.fail(Step::Launch, REFUSED, 0, 1);
        assert_eq!(run(&pair.wrong).0.outcome.reason(), Reason::NativeFailedFallback);
        assert_eq!(run(&pair.healthy).0.outcome, Outcome::Native);
    }
    assert_eq!(run(&pair.wrong).0.outcome.reason(), Reason::SafeMode);
    assert_eq!(run(&pair.healthy).0.outcome, Outcome::Native);
    // Wrong from now on: what the tenant gets is compared on its way back.
    pair.driver.set_wrong("axpy_f32", true);
    for _ in 0..400 {
        assert_eq!(run(&pair.wrong).1, DONE);
    }
    assert!(executor.drain().is_complete());
}

#[test]
fn an_operator_ends_a_rollback() {
    let settings = Settings {
        auto_switch: false,
        ..strict()
    };
    let setup = setup(settings, Fraction::NONE);
    assert!(!setup.rails.rearm(), "nothing is rolled back");
    broken(&setup, 2);
    for _ in 0..10 {
        assert_eq!(window(&setup.axpy), Reason::SafeMode);
    }
    assert!(setup.rails.rearm());
    let (dispatch, _) = call(&setup.axpy);
    assert!(dispatch.trace.compared, "the way back is a probe");
    setup.driver.fail(Step::WrongOutput, REFUSED, 0, 19);
    window(&setup.axpy);
    assert_eq!(setup.rails.state().phase, Phase::Safe, "which fails");
    assert!(setup.rails.rearm());
    (0..2).for_each(|_| {
        window(&setup.axpy);
    });
    assert_eq!(setup.rails.state().phase, Phase::Native);
}
