//! Production suite: the CUDA backend keeps its contracts, with a simulated device and without any.

use std::sync::Arc;
use std::time::Duration;

use gate_runtime::argument::OwnedArg;
use gate_runtime::backend::cuda::{Device as DeviceInfo, DriverError, OpenError, SimulatedDriver, Step};
use gate_runtime::dispatch::Outputs;
use gate_runtime::module::{ModuleSource, Recheck, SourceImage};
use gate_runtime::observe::{Shadow, ShadowJob, ShadowVerdict};
use gate_runtime::{
    Arg, Backend, Control, ControlState, Faults, Kernel, KernelSpec, Mode, ModuleImage, Outcome, Provenance, Reason,
    Runtime, Status,
};
use support::{AXPY, DONE, UNTOUCHED, axpy, axpy_spec, call, device, device_with, image, module, variant, variants};

fn fault(set: impl FnOnce(&mut Faults)) -> Faults {
    let mut faults = Faults::NONE;
    set(&mut faults);
    faults
}

fn chain(dispatch: &gate_runtime::Dispatch) -> String {
    dispatch.outcome.causes().to_string()
}

fn without_device(faults: Faults) -> Kernel {
    let runtime = Runtime::builder()
        .faults(faults)
        .driver(|| Err(OpenError::NoDevice(None)))
        .build()
        .expect("the configuration is valid");
    runtime.register(axpy_spec()).expect("the kernel is valid")
}

#[test]
fn a_call_runs_natively_where_there_is_a_device() {
    let device = device().expect("the device opens");
    let (dispatch, y) = call(&device.axpy);
    assert_eq!(dispatch.outcome, Outcome::Native);
    assert_eq!(
        (dispatch.backend, dispatch.outputs, y),
        (Backend::Cuda, Outputs::Complete, DONE)
    );
    assert!(dispatch.trace.requested && dispatch.trace.available && !dispatch.trace.fallback_to_cpu);
    assert!(!dispatch.trace.cache_hit, "the first call loads the module");
    assert!(call(&device.axpy).0.trace.cache_hit, "the second finds it");
    assert_eq!((device.driver.launches(), device.driver.live_buffers()), (2, 0));
}

#[test]
fn a_disabled_device_falls_back() {
    for kernel in [
        without_device(fault(|faults| faults.disable = true)),
        device_with(|builder| builder.faults(fault(|faults| faults.disable = true)))
            .expect("the device opens")
            .axpy,
    ] {
        let (dispatch, y) = call(&kernel);
        assert_eq!(
            (dispatch.status(), chain(&dispatch).as_str(), y),
            (Status::Ok, "disabled_by_env", DONE)
        );
    }
}

#[test]
fn a_forced_error_is_an_error_and_the_process_stays_usable() {
    let device =
        device_with(|builder| builder.faults(fault(|faults| faults.force_error = true))).expect("the device opens");
    let (dispatch, y) = call(&device.axpy);
    assert_eq!(
        (dispatch.status(), chain(&dispatch).as_str()),
        (Status::RuntimeFailed, "forced_error")
    );
    assert_eq!((dispatch.outputs, y), (Outputs::Untouched, UNTOUCHED));
    device.runtime.inject(&Faults::NONE);
    let (dispatch, y) = call(&device.axpy);
    assert_eq!((dispatch.outcome, y), (Outcome::Native, DONE));

    let (dispatch, y) = call(&without_device(fault(|faults| faults.force_error = true)));
    assert_eq!(
        (dispatch.status(), chain(&dispatch).as_str(), y),
        (Status::RuntimeFailed, "forced_error", UNTOUCHED)
    );
}

#[test]
fn a_forced_fallback_never_reaches_the_driver() {
    let device =
        device_with(|builder| builder.faults(fault(|faults| faults.force_fallback = true))).expect("the device opens");
    let (dispatch, y) = call(&device.axpy);
    assert_eq!(
        (chain(&dispatch).as_str(), y, device.driver.launches()),
        ("forced_fallback", DONE, 0)
    );
}

#[test]
fn a_simulated_device_stands_in_for_a_driver() {
    let runtime = Runtime::builder()
        .faults(fault(|faults| faults.simulate_available = true))
        .build()
        .expect("the configuration is valid");
    let (dispatch, y) = call(&runtime.register(axpy_spec()).expect("the kernel is valid"));
    assert_eq!((dispatch.outcome, y), (Outcome::Native, DONE));
}

#[test]
fn a_delayed_load_exceeds_its_budget_and_does_not_fail() {
    let delayed = fault(|faults| faults.compile_delay = Duration::from_millis(2));
    let device = device_with(|builder| builder.faults(delayed).compile_budget(Duration::from_millis(1)))
        .expect("the device opens");
    let (dispatch, y) = call(&device.axpy);
    assert_eq!((dispatch.outcome, y), (Outcome::Native, DONE));
    assert!(dispatch.trace.budget_exceeded && dispatch.trace.compile_ns >= 2_000_000);
    let again = call(&device.axpy).0;
    assert!(again.trace.cache_hit && !again.trace.budget_exceeded);
    let compile = device.runtime.stats().compile;
    assert_eq!((compile.count, compile.cache_hit, compile.budget_exceeded), (1, 1, 1));

    let unlimited = device_with(|builder| builder.faults(delayed)).expect("the device opens");
    assert!(
        !call(&unlimited.axpy).0.trace.budget_exceeded,
        "a budget of zero is none"
    );
}

#[test]
fn what_keeps_a_device_away_is_named() {
    for (error, reason) in [
        (OpenError::NotBuilt, "runtime_not_built"),
        (OpenError::NoDriver, "no_driver"),
        (OpenError::NoDevice(None), "no_device"),
        (
            OpenError::NoDevice(Some(DriverError(100))),
            "no_device;runtime_error_100",
        ),
    ] {
        let runtime = Runtime::builder()
            .driver(move || Err(error))
            .build()
            .expect("no device is no error");
        let (dispatch, y) = call(&runtime.register(axpy_spec()).expect("the kernel is valid"));
        assert_eq!((chain(&dispatch).as_str(), y), (reason, DONE));
    }
    let runtime = Runtime::builder()
        .cpu_only()
        .build()
        .expect("the configuration is valid");
    let (dispatch, _) = call(&runtime.register(axpy_spec()).expect("the kernel is valid"));
    assert_eq!(chain(&dispatch), "not_requested");
    assert!(!dispatch.trace.requested);

    let runtime = Runtime::builder()
        .driver(|| panic!("a damaged library"))
        .build()
        .expect("contained");
    assert_eq!(
        runtime.unavailable().map(|causes| causes.to_string()).as_deref(),
        Some("no_driver")
    );
}

#[test]
#[cfg(not(feature = "cuda"))]
fn a_build_without_the_feature_says_so() {
    let runtime = Runtime::builder().build().expect("no device is no error");
    let (dispatch, y) = call(&runtime.register(axpy_spec()).expect("the kernel is valid"));
    assert_eq!((chain(&dispatch).as_str(), y), ("runtime_not_built", DONE));
}

#[test]
#[cfg(feature = "cuda")]
fn the_installed_driver_or_its_absence_is_named() {
    let runtime = Runtime::builder().build().expect("no device is no error");
    let found = runtime.unavailable().map(|causes| causes.first());
    assert!(
        [None, Some(Reason::NoDriver), Some(Reason::NoDevice)].contains(&found),
        "{found:?}"
    );
}

/// Each step of the driver, with what a failure there ends in.
const STEPS: [(Step, &str); 6] = [
    (Step::Load, "native_failed_fallback;module_load_failed;runtime_error_1"),
    (
        Step::Function,
        "native_failed_fallback;module_load_failed;runtime_error_1",
    ),
    (Step::CopyIn, "native_failed_fallback;copy_in_failed;runtime_error_1"),
    (Step::Launch, "native_failed_fallback;launch_failed;runtime_error_1"),
    (Step::Synchronize, "native_failed_fallback;sync_failed;runtime_error_1"),
    (Step::CopyOut, "native_failed_fallback;copy_out_failed;runtime_error_1"),
];

#[test]
fn every_failing_step_falls_back_with_the_right_output() {
    for (step, expected) in STEPS {
        let device = device().expect("the device opens");
        device.driver.fail(step, DriverError(1), 0, 1);
        let (dispatch, y) = call(&device.axpy);
        assert_eq!(
            (chain(&dispatch).as_str(), dispatch.outputs, y),
            (expected, Outputs::Complete, DONE),
            "{step:?}"
        );
        assert_eq!(device.driver.live_buffers(), 0, "{step:?} leaks");
        let (dispatch, y) = call(&device.axpy);
        assert_eq!((dispatch.outcome, y), (Outcome::Native, DONE), "after {step:?}");
        let stats = device.runtime.stats();
        assert_eq!(
            (stats.calls.native, stats.calls.fallback, stats.silent_mismatch_count),
            (1, 1, 0)
        );
    }
}

#[test]
fn without_memory_the_call_falls_back() {
    let device = device().expect("the device opens");
    device.driver.limit_memory(20);
    let (dispatch, y) = call(&device.axpy);
    let expected = "native_failed_fallback;out_of_memory;copy_in_failed;runtime_error_2";
    assert_eq!(
        (chain(&dispatch).as_str(), y, device.driver.live_buffers()),
        (expected, DONE, 0)
    );
    assert!(!device.runtime.is_device_lost(), "memory comes back");
}

#[test]
fn a_lost_device_is_left_alone_until_it_is_opened_again() {
    let device = device().expect("the device opens");
    device
        .driver
        .fail(Step::Synchronize, DriverError::ILLEGAL_ADDRESS, 0, 1);
    let (dispatch, y) = call(&device.axpy);
    let expected = "native_failed_fallback;sync_failed;runtime_error_700";
    assert_eq!((chain(&dispatch).as_str(), y), (expected, DONE));
    assert!(device.runtime.is_device_lost());
    for _ in 0..3 {
        let (dispatch, y) = call(&device.axpy);
        assert_eq!(
            (chain(&dispatch).as_str(), y),
            ("native_failed_fallback;device_lost", DONE)
        );
    }
    assert_eq!(device.driver.launches(), 1, "the driver was not asked again");
    device.runtime.reopen_device().expect("the simulated device opens");
    let (dispatch, y) = call(&device.axpy);
    assert_eq!((dispatch.outcome, y), (Outcome::Native, DONE));
    assert!(
        !dispatch.trace.cache_hit,
        "nothing is loaded on a device that was just opened"
    );
    device.runtime.flush().expect("memory can be written");
    assert_eq!(device.log.text().matches("\"device_reopened\"").count(), 1);
}

#[test]
fn a_device_that_does_not_come_back_stays_lost() {
    let driver = SimulatedDriver::new();
    let opened = driver.clone();
    let first = std::sync::atomic::AtomicBool::new(true);
    let runtime = Runtime::builder()
        .driver(move || match first.swap(false, std::sync::atomic::Ordering::Relaxed) {
            true => opened.open(),
            false => Err(OpenError::NoDevice(None)),
        })
        .build()
        .expect("the configuration is valid");
    let kernel = runtime.register(axpy_spec()).expect("the kernel is valid");
    driver.fail(Step::Launch, DriverError::LAUNCH_FAILED, 0, 1);
    assert_eq!(
        chain(&call(&kernel).0),
        "native_failed_fallback;launch_failed;runtime_error_719"
    );
    let error = runtime.reopen_device().expect_err("there is no device");
    assert_eq!(error.causes.to_string(), "device_lost;no_device");
    let (dispatch, y) = call(&kernel);
    assert_eq!(
        (chain(&dispatch).as_str(), y),
        ("native_failed_fallback;device_lost", DONE)
    );
}

#[test]
fn a_panic_around_the_driver_is_contained_and_loses_the_device() {
    let device = device().expect("the device opens");
    device.driver.fail(Step::Panic, DriverError(1), 0, 1);
    let (dispatch, y) = call(&device.axpy);
    assert_eq!(
        (chain(&dispatch).as_str(), y),
        ("native_failed_fallback;native_panicked", DONE)
    );
    assert!(device.runtime.is_device_lost());
    device.runtime.reopen_device().expect("the simulated device opens");
    assert_eq!(call(&device.axpy).0.outcome, Outcome::Native);
}

fn refusing(_: &mut [Arg<'_>]) -> Status {
    Status::RuntimeFailed
}

fn panicking(args: &mut [Arg<'_>]) -> Status {
    let _ = axpy(args);
    panic!("after the work was done")
}

#[test]
fn when_the_fallback_fails_both_causes_are_kept() {
    for (cpu, last) in [
        (refusing as gate_runtime::CpuFn, "kernel_failed"),
        (panicking, "kernel_panicked"),
    ] {
        let driver = SimulatedDriver::new();
        driver.fail(Step::CopyIn, DriverError(1), 0, 1);
        let runtime = Runtime::builder().driver(move || driver.open()).build().expect("valid");
        let kernel = runtime
            .register(KernelSpec { cpu, ..axpy_spec() })
            .expect("the kernel is valid");
        let (dispatch, _) = call(&kernel);
        let expected = format!("cpu_fallback_failed;copy_in_failed;runtime_error_1;{last}");
        assert_eq!((dispatch.status(), chain(&dispatch)), (Status::RuntimeFailed, expected));
        assert_eq!(
            dispatch.outputs,
            Outputs::Undefined,
            "nobody may take them for a result"
        );
    }
}

#[test]
fn the_image_fits_device_and_driver() {
    let spec = |images| KernelSpec {
        variants: variants(vec![variant(module(images), "axpy_f32", 1)]),
        ..axpy_spec()
    };
    let run = |arch, driver_version, spec| {
        let device = SimulatedDriver::of(DeviceInfo {
            name: "simulated".to_owned(),
            arch,
            driver_version,
        });
        let runtime = Runtime::builder().driver(move || device.open()).build().expect("valid");
        let kernel = runtime.register(spec).expect("the kernel is valid");
        let (dispatch, y) = call(&kernel);
        assert_eq!(y, DONE);
        chain(&dispatch)
    };
    let both = || vec![image(80, (8, 0)), image(90, (8, 6))];
    assert_eq!(
        run(75, 13000, spec(both())),
        "native_unsupported_fallback;arch_unsupported"
    );
    assert_eq!(run(80, 13000, spec(both())), "native");
    assert_eq!(run(120, 13000, spec(both())), "native");
    assert_eq!(
        run(90, 12000, spec(both())),
        "native",
        "the older image is for older drivers too"
    );
    assert_eq!(
        run(90, 11080, spec(both())),
        "native_unsupported_fallback;isa_unsupported"
    );
}

#[test]
fn a_build_without_kernels_says_so() {
    for (code, expected) in [
        ("kernels_off", "native_unavailable;kernels_off"),
        ("no_compiler", "native_unavailable;no_compiler"),
        ("native_unavailable", "native_unavailable"),
        ("something newer", "native_unavailable"),
    ] {
        let empty = support::leak(ModuleImage {
            name: "kernels/test.cu",
            images: &[],
            provenance: Provenance::Unavailable(code),
        });
        let device = device().expect("the device opens");
        static OTHER: gate_runtime::Contract = gate_runtime::Contract::new("other", AXPY.params());
        let kernel = device.runtime.register(KernelSpec {
            contract: &OTHER,
            cpu: axpy,
            variants: variants(vec![variant(empty, "axpy_f32", 1)]),
        });
        let (dispatch, y) = call(&kernel.expect("a build without kernels is no error"));
        assert_eq!((chain(&dispatch).as_str(), y), (expected, DONE));
        let cpu_only = device.runtime.register(KernelSpec {
            contract: support::leak(gate_runtime::Contract::new("cpu_only", AXPY.params())),
            cpu: axpy,
            variants: &[],
        });
        let (dispatch, _) = call(&cpu_only.expect("a kernel without variants is valid"));
        assert_eq!(chain(&dispatch), "no_native_variant");
    }
}

#[test]
fn of_several_variants_the_best_that_fits_runs() {
    let old = module(vec![image(80, (8, 0))]);
    let new = module(vec![image(120, (8, 0))]);
    let list = vec![variant(new, "axpy_f32", 9), variant(old, "axpy_f32", 5)];
    let driver = SimulatedDriver::new();
    let runtime = Runtime::builder().driver(move || driver.open()).build().expect("valid");
    let kernel = runtime
        .register(KernelSpec {
            variants: variants(list),
            ..axpy_spec()
        })
        .expect("valid");
    let usable: Vec<(u32, bool)> = kernel
        .candidates()
        .iter()
        .map(|candidate| (candidate.score, candidate.unusable.is_none()))
        .collect();
    assert_eq!(usable, [(9, false), (5, true)]);
    assert_eq!(call(&kernel).0.outcome, Outcome::Native);
}

#[test]
fn safe_mode_keeps_calls_from_the_device() {
    let device = device().expect("the device opens");
    let control = Arc::new(Control::new(ControlState {
        mode: Mode::Safe,
        ..ControlState::INITIAL
    }));
    let tenant = device.axpy.with_control(Arc::clone(&control));
    assert_eq!(chain(&call(&tenant).0), "safe_mode");
    assert_eq!(
        call(&device.axpy).0.outcome,
        Outcome::Native,
        "the other handle obeys its own switch"
    );
    control.set(ControlState::INITIAL);
    assert_eq!(call(&tenant).0.outcome, Outcome::Native);
}

#[test]
fn a_changed_module_is_caught_before_the_next_launch() {
    let device = device().expect("the device opens");
    assert_eq!(call(&device.axpy).0.outcome, Outcome::Native);
    let before = device.axpy.fingerprint();
    device.axpy.modules()[0].corrupt(5);
    for _ in 0..2 {
        let (dispatch, y) = call(&device.axpy);
        assert_eq!(
            (dispatch.status(), chain(&dispatch).as_str()),
            (Status::RuntimeFailed, "fingerprint_mismatch")
        );
        assert_eq!((dispatch.outputs, y), (Outputs::Untouched, UNTOUCHED));
    }
    assert_eq!(device.driver.launches(), 1, "nothing was launched");
    assert_eq!(device.runtime.stats().calls.guard_miss, 2);

    let text = support::text(90, (8, 0)).into_bytes();
    let source = |text: Vec<u8>, sha256| ModuleSource {
        name: "kernels/test.cu".to_owned(),
        images: vec![SourceImage {
            arch: 90,
            isa: (8, 0),
            ptx: text,
            sha256,
        }],
    };
    let digest = support::sha256(&text);
    device
        .runtime
        .reload(source(text, digest))
        .expect("the new module is valid");
    let (dispatch, y) = call(&device.axpy);
    assert_eq!((dispatch.outcome, y), (Outcome::Native, DONE));
    assert_ne!(
        device.axpy.fingerprint(),
        before,
        "another module has another fingerprint"
    );
    device.runtime.flush().expect("memory can be written");
    assert_eq!(device.log.text().matches("\"module_reloaded\"").count(), 1);
}

#[test]
fn a_stray_write_is_caught_by_each_launch_or_by_the_audit() {
    let device = device_with(|builder| builder.recheck(Recheck::EachLaunch)).expect("the device opens");
    assert_eq!(call(&device.axpy).0.outcome, Outcome::Native);
    device.axpy.modules()[0].corrupt_silently(5);
    assert_eq!(chain(&call(&device.axpy).0), "fingerprint_mismatch");

    let device = support::device().expect("the device opens");
    assert_eq!(call(&device.axpy).0.outcome, Outcome::Native);
    device.axpy.modules()[0].corrupt_silently(5);
    let found = device.runtime.audit().expect_err("the module was changed");
    assert_eq!(found.reason, Reason::DigestMismatch);
    assert_eq!(chain(&call(&device.axpy).0), "fingerprint_mismatch");
}

#[test]
fn a_bad_reload_keeps_the_module_that_works() {
    let device = device().expect("the device opens");
    let before = device.axpy.fingerprint();
    let text = support::text(90, (8, 0)).replace("axpy_f32(", "other(").into_bytes();
    let cases = [
        (b"no PTX".to_vec(), support::sha256(b"no PTX")),
        (text.clone(), [0; 32]),
        (text.clone(), support::sha256(&text)),
    ];
    for (ptx, sha256) in cases {
        let diagnostic = device.runtime.reload(ModuleSource {
            name: "kernels/test.cu".to_owned(),
            images: vec![SourceImage {
                arch: 90,
                isa: (8, 0),
                ptx,
                sha256,
            }],
        });
        let diagnostic = diagnostic.expect_err("the new module is no good");
        assert_eq!(
            (diagnostic.status(), diagnostic.reason),
            (Status::CompileFailed, Reason::KeptLastKnownGood)
        );
        let (dispatch, y) = call(&device.axpy);
        assert_eq!(
            (dispatch.outcome, y, device.axpy.fingerprint()),
            (Outcome::Native, DONE, before)
        );
    }
    device.runtime.flush().expect("memory can be written");
    assert_eq!(device.log.text().matches("\"kept_last_known_good\"").count(), 3);
}

/// Compares every call at once.
struct Always;

impl Shadow for Always {
    fn samples(&self, _: &gate_runtime::Contract, _: &[Arg<'_>]) -> bool {
        true
    }

    fn compare(&self, mut job: ShadowJob) -> ShadowVerdict {
        let mut args: Vec<Arg<'_>> = job.before.iter_mut().map(OwnedArg::as_arg).collect();
        assert_eq!((job.cpu)(&mut args), Status::Ok);
        drop(args);
        let agrees =
            |(reference, native): (&OwnedArg, &Option<OwnedArg>)| native.as_ref().is_none_or(|n| n == reference);
        if job.before.iter().zip(&job.after).all(agrees) {
            ShadowVerdict::Accepted
        } else {
            ShadowVerdict::Mismatch
        }
    }
}

#[test]
fn a_wrong_native_output_is_replaced_by_the_reference() {
    let device = device_with(|builder| builder.shadow(Arc::new(Always))).expect("the device opens");
    assert_eq!(call(&device.axpy).0.outcome, Outcome::Native);
    device.driver.fail(Step::WrongOutput, DriverError(1), 0, 1);
    let (dispatch, y) = call(&device.axpy);
    assert_eq!(
        (chain(&dispatch).as_str(), y),
        ("native_failed_fallback;output_mismatch", DONE)
    );
}
